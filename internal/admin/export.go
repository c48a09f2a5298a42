package admin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

// ExportPolicy returns what there is as a policy that would make it: of the
// whole installation, of the tenant of a name, or of what a policy owns. What is
// built in is left out, and so are credentials. It needs [PolicyRead] in the
// tenant, or in every tenant.
func (s *Service) ExportPolicy(ctx context.Context, a Actor, f api.PolicyExport) (doc api.Policy, err error) {
	err = s.look(ctx, a, func(w *work) error {
		x := &exporter{work: w, estate: newEstate(), filter: f}
		err := x.read(ctx)
		if err == nil {
			doc, err = x.document(ctx)
		}
		return err
	})
	return doc, err
}

type exporter struct {
	*work
	estate *estate
	filter api.PolicyExport
	only   sallyport.TenantID // empty: all
	keys   map[string]string  // names of API keys by id
}

func (x *exporter) read(ctx context.Context) error {
	if err := x.estate.loadCommon(ctx, x.tx); err != nil {
		return err
	}
	tenants := append(slices.Sorted(maps.Keys(x.estate.tenants)), sallyport.EveryTenant)
	if x.filter.Tenant != "" {
		id, ok := x.estate.named[x.filter.Tenant]
		if !ok {
			return sallyport.ErrNotFound("there is no such tenant, or you have no rights in it")
		}
		x.only, tenants = id, []sallyport.TenantID{id}
	} else if err := x.may(sallyport.EveryTenant, PolicyRead); err != nil {
		return err
	}
	x.keys = map[string]string{}
	for _, id := range tenants {
		if err := x.may(id, PolicyRead); err != nil {
			return err
		}
		if err := x.estate.load(ctx, x.tx, id); err != nil {
			return err
		}
		if err := x.readKeys(ctx, id); err != nil {
			return err
		}
	}
	if x.only == "" || x.only == sallyport.EveryTenant {
		return nil
	}
	return x.estate.loadGroups(ctx, x.tx, sallyport.EveryTenant)
}

func (x *exporter) readKeys(ctx context.Context, tenant sallyport.TenantID) error {
	if tenant == sallyport.EveryTenant {
		return nil
	}
	keys, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
		return x.tx.Credentials(ctx, tenant, store.CredentialFilter{Kind: sallyport.APIKey, State: sallyport.Active}, p)
	})
	for _, k := range keys {
		x.keys[string(k.ID)] = k.Name
	}
	return err
}

// wanted reports whether a thing is to be in the document.
func (x *exporter) wanted(item itemKey) bool {
	if x.filter.Policy != "" && x.estate.owners[item] != x.filter.Policy {
		return false
	}
	return x.only == "" || x.only == item.tenant
}

// sorted returns the values of a map in the order of a text.
func sorted[K comparable, V any](m map[K]V, by func(V) string) []V {
	return slices.SortedFunc(maps.Values(m), func(a, b V) int { return strings.Compare(by(a), by(b)) })
}

func (x *exporter) document(ctx context.Context) (api.Policy, error) {
	e := x.estate
	doc := api.Policy{Policy: cmp.Or(x.filter.Policy, x.filter.Tenant, "everything")}
	for _, t := range sorted(e.tenants, func(t sallyport.Tenant) string { return t.Name }) {
		if !x.wanted(tenantItem(t.ID)) {
			continue
		}
		out := api.PolicyTenant{
			Name: t.Name, TokenMaxAge: sallyport.Duration(t.Policy.TokenMaxAge), TokenDefaultAge: sallyport.Duration(t.Policy.TokenDefaultAge),
			State: unlessActive(t.State),
		}
		if t.Parent != "" {
			out.Parent = e.tenantName(t.Parent)
		}
		doc.Tenants = append(doc.Tenants, out)
	}
	for _, r := range sorted(e.realms, func(r sallyport.Realm) string { return e.tenantName(r.Tenant) + "\x00" + r.Name }) {
		if x.wanted(realmItem(r.Tenant, r.Name)) {
			doc.Realms = append(doc.Realms, api.PolicyRealm{Tenant: e.tenantName(r.Tenant), Name: r.Name, Title: r.Title})
		}
	}
	x.people(&doc)
	if err := x.groups(ctx, &doc); err != nil {
		return doc, err
	}
	if err := x.rights(ctx, &doc); err != nil {
		return doc, err
	}
	for _, a := range sorted(e.apis, func(a sallyport.API) string { return string(a.Name) }) {
		if a.Name != ManagementAPI && (x.only == "" || x.only == sallyport.EveryTenant) && x.wanted(apiItem(a.Name)) {
			doc.APIs = append(doc.APIs, a)
		}
	}
	return doc, nil
}

// unlessActive is a state that has to be said.
func unlessActive(s sallyport.State) sallyport.State {
	if s == sallyport.Deactivated {
		return s
	}
	return ""
}

func (x *exporter) people(doc *api.Policy) {
	e := x.estate
	for _, u := range sorted(e.users, func(u sallyport.User) string { return e.tenantName(u.Tenant) + "\x00" + u.Login }) {
		if !x.wanted(userItem(&u)) {
			continue
		}
		out := api.PolicyUser{Tenant: e.tenantName(u.Tenant), Login: u.Login, Name: u.Name, Email: u.Email, State: unlessActive(u.State)}
		if u.Kind != sallyport.Person {
			out.Kind = u.Kind
		}
		doc.Users = append(doc.Users, out)
	}
}

func (x *exporter) groups(ctx context.Context, doc *api.Policy) error {
	e := x.estate
	p := &planner{work: x.work, estate: e}
	for _, g := range sorted(e.groups, func(g sallyport.Group) string { return e.tenantName(g.Tenant) + "\x00" + g.Name }) {
		if !x.wanted(groupItem(&g)) {
			continue
		}
		members, err := e.membersOf(ctx, x.tx, g)
		if err != nil {
			return err
		}
		doc.Groups = append(doc.Groups, api.PolicyGroup{
			Tenant: e.tenantName(g.Tenant), Name: g.Name, Title: g.Title, Members: p.loginsOf(ctx, members),
		})
	}
	return nil
}

func (x *exporter) rights(ctx context.Context, doc *api.Policy) error {
	e := x.estate
	for _, r := range sorted(e.roles, func(r sallyport.Role) string { return e.tenantName(r.Tenant) + "\x00" + r.Name }) {
		if !r.BuiltIn && x.wanted(roleItem(&r)) {
			doc.Roles = append(doc.Roles, api.PolicyRole{
				Tenant: e.tenantName(r.Tenant), Name: r.Name, Title: r.Title, Permissions: append([]sallyport.Permission{}, r.Permissions...),
			})
		}
	}
	for _, b := range sorted(e.bindings, func(b sallyport.Binding) string { return e.tenantName(b.Tenant) + "\x00" + string(b.ID) }) {
		if !x.wanted(bindingItem(&b)) {
			continue
		}
		out := api.PolicyBinding{
			Tenant: e.tenantName(b.Tenant), Role: e.roles[b.Role].Name, Realm: b.Realm, Condition: b.Condition,
			ExpiresAt: b.Expires, State: unlessActive(b.State),
		}
		found, err := x.subject(ctx, &b, &out)
		if err != nil {
			return err
		}
		if found {
			doc.Bindings = append(doc.Bindings, out)
		}
	}
	slices.SortStableFunc(doc.Bindings, func(a, b api.PolicyBinding) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Group, b.Group),
			cmp.Compare(a.User, b.User), cmp.Compare(a.Key, b.Key))
	})
	return nil
}

// subject names who has a binding. It reports false for a subject that is not
// there any more.
func (x *exporter) subject(ctx context.Context, b *sallyport.Binding, out *api.PolicyBinding) (bool, error) {
	switch b.SubjectKind {
	case sallyport.SubjectUser:
		u, known := x.estate.users[sallyport.PrincipalID(b.Subject)]
		if !known {
			var err error
			if u, err = x.tx.UserByID(ctx, sallyport.PrincipalID(b.Subject)); err != nil {
				return false, unlessNotFound(err)
			}
		}
		out.User = u.Login
	case sallyport.SubjectGroup:
		out.Group = x.estate.groups[sallyport.GroupID(b.Subject)].Name
	case sallyport.SubjectKey:
		out.Key = x.keys[b.Subject]
	}
	return out.User+out.Group+out.Key != "", nil
}
