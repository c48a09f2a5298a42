package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// advice is [Service.Advice] on a principal, as far as it may be shown.
func (v *adviser) advice(ctx context.Context, record *policy.Record, shown func(sallyport.TenantID) bool) (api.Advice, error) {
	who := record.Principal
	out := api.Advice{
		Principal: who.ID, PrincipalKind: who.Kind, Login: who.Login, Since: v.since, CountedSince: v.counted,
		Uses: []api.PermissionUse{}, Findings: []api.Finding{},
	}
	if u, err := v.tx.UserByID(ctx, who.ID); err == nil {
		v.estate.addUser(u)
	}
	uses, err := all(func(p store.Page) ([]store.UseSum, string, error) {
		return v.tx.UsesOf(ctx, who.ID, store.DayOf(v.since), p)
	})
	if err != nil {
		return out, err
	}
	out.Uses = usesOnWire(uses, shown)
	g := &granted{
		members: map[string][]sallyport.PrincipalID{}, live: map[sallyport.BindingID]bool{},
		uses:  map[sallyport.PrincipalID][]store.UseSum{who.ID: uses},
		every: record.Bindings,
	}
	for _, b := range record.Bindings {
		g.live[b.ID] = v.live(&b)
		if !g.live[b.ID] || !shown(b.Tenant) {
			continue
		}
		if b.SubjectKind == sallyport.SubjectGroup {
			g.members[b.Subject] = []sallyport.PrincipalID{who.ID} // what he needs of it
		}
		g.bindings = append(g.bindings, b)
	}
	if err := v.ownership(ctx, g.bindings); err != nil {
		return out, err
	}
	out.Findings = append(out.Findings, v.grantFindings(g)...)
	tokens, err := v.tokenFindings(ctx, who, uses, shown)
	if err != nil {
		return out, err
	}
	out.Findings = append(out.Findings, tokens...)
	slices.SortFunc(out.Findings, compareFindings)
	for i := range out.Findings {
		f := &out.Findings[i]
		f.Principal, f.Login, f.PrincipalKind = who.ID, who.Login, who.Kind
		if f.Group != "" {
			f.GroupName = v.estate.groups[f.Group].Name
		}
	}
	out.Policy = v.policyFor(g, who, out.Findings)
	return out, nil
}

func usesOnWire(uses []store.UseSum, shown func(sallyport.TenantID) bool) []api.PermissionUse {
	out := []api.PermissionUse{}
	for i := range uses {
		u := &uses[i]
		if !shown(u.Tenant) {
			continue
		}
		one := api.PermissionUse{
			Tenant: u.Tenant, AnyOf: u.Alternatives(), Binding: u.Binding, Credential: u.Credential, Uses: u.Uses, LastDay: store.DayStart(u.LastDay),
		}
		if one.AnyOf == nil {
			one.AnyOf = []sallyport.Permission{}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b api.PermissionUse) int {
		return cmp.Or(cmp.Compare(b.Uses, a.Uses), slices.Compare(a.AnyOf, b.AnyOf), cmp.Compare(a.Credential, b.Credential),
			cmp.Compare(a.Binding, b.Binding), cmp.Compare(a.Tenant, b.Tenant))
	})
	return out
}

// ownership reads which policies own what is granted in the tenants of some
// bindings, and the groups that are there.
func (v *adviser) ownership(ctx context.Context, bindings []sallyport.Binding) error {
	seen := map[sallyport.TenantID]bool{}
	for _, b := range bindings {
		if seen[b.Tenant] {
			continue
		}
		seen[b.Tenant] = true
		items, err := v.tx.PolicyItems(ctx, b.Tenant)
		if err != nil {
			return err
		}
		for _, i := range items {
			v.estate.owners[itemKey{i.Kind, i.Tenant, i.ID}] = i.Policy
		}
		if err := v.estate.loadGroups(ctx, v.tx, b.Tenant); err != nil {
			return err
		}
	}
	return nil
}

func (v *adviser) tokenFindings(ctx context.Context, who sallyport.Principal, uses []store.UseSum, shown func(sallyport.TenantID) bool) ([]api.Finding, error) {
	if !shown(who.Home) {
		return nil, nil
	}
	list, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
		return v.tx.CredentialsOf(ctx, who.ID, store.CredentialFilter{State: sallyport.Active}, p)
	})
	if err != nil {
		return nil, err
	}
	var out []api.Finding
	for i := range list {
		f, found, err := v.credentialFinding(ctx, &list[i], uses)
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, f)
		}
	}
	return out, nil
}

// advicePolicy is the name of the policy that owns what advice on a principal
// made.
func advicePolicy(who sallyport.Principal) string {
	name := "advice-" + who.Login
	if who.Kind == sallyport.PrincipalAPIKey {
		name = "advice-key-" + who.Login
	}
	return upTo(maxName, name)
}

func upTo(most int, s string) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// policyFor writes the proposals on a principal as a policy. In the place of a
// binding that gives too much come others; it itself stays, deactivated, so that
// it can be taken up again. What an earlier advice made stays too, as a policy
// deletes what it owns and does not name. Bindings of other policies have to be
// changed there, and those of groups are not for one of their members to change.
func (v *adviser) policyFor(g *granted, who sallyport.Principal, findings []api.Finding) *api.Policy {
	name := advicePolicy(who)
	doc := &api.Policy{Policy: name}
	names := map[string]bool{}
	narrowed := map[sallyport.BindingID]bool{}
	for i := range findings {
		f := &findings[i]
		if f.Binding == "" || f.Group != "" || f.Policy != "" && f.Policy != name {
			continue
		}
		b := bindingIn(g.bindings, f.Binding)
		if b == nil {
			continue
		}
		narrowed[b.ID] = true
		old := v.policyBinding(who, b, f.RoleName)
		old.State = sallyport.Deactivated
		doc.Bindings = append(doc.Bindings, old)
		roles := f.Proposal.Roles
		if f.Proposal.Role != nil {
			role := *f.Proposal.Role
			role.Name = v.freeRole(b.Tenant, "used-by-"+who.Login, names)
			f.Proposal.Role.Name = role.Name
			doc.Roles = append(doc.Roles, role)
			roles = []string{role.Name}
		}
		for _, role := range roles {
			if !v.has(g, b, role, narrowed) {
				doc.Bindings = append(doc.Bindings, v.policyBinding(who, b, role))
			}
		}
	}
	if len(doc.Bindings) == 0 {
		return nil
	}
	v.keepOwned(doc, g, who, narrowed)
	doc.Bindings = eachOnce(doc.Bindings)
	return doc
}

func bindingIn(list []sallyport.Binding, id sallyport.BindingID) *sallyport.Binding {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// policyBinding writes the binding of a role that reaches as far as another.
func (v *adviser) policyBinding(who sallyport.Principal, like *sallyport.Binding, role string) api.PolicyBinding {
	b := api.PolicyBinding{
		Tenant: v.estate.tenantName(like.Tenant), Role: role, Realm: like.Realm, Condition: like.Condition, ExpiresAt: like.Expires,
	}
	if who.Kind == sallyport.PrincipalAPIKey {
		b.Key = who.Login
	} else {
		b.User = who.Login
	}
	return b
}

// has reports whether the principal has a role already, at least as far as a
// binding reaches, by one that stays and is nobody's.
func (v *adviser) has(g *granted, like *sallyport.Binding, role string, narrowed map[sallyport.BindingID]bool) bool {
	return slices.ContainsFunc(g.bindings, func(b sallyport.Binding) bool {
		r := v.snapshot.Role(b.Role)
		return r != nil && r.Name == role && b.Tenant == like.Tenant && b.SubjectKind == like.SubjectKind && !narrowed[b.ID] &&
			(b.Realm == "" || b.Realm == like.Realm) && (b.Condition == "" || b.Condition == like.Condition) &&
			(b.Expires.IsZero() || !like.Expires.IsZero() && !b.Expires.Before(like.Expires))
	})
}

// freeRole returns a name that no role in reach of a tenant has.
func (v *adviser) freeRole(tenant sallyport.TenantID, wish string, taken map[string]bool) string {
	wish = upTo(maxName-4, wish)
	for i := 1; ; i++ {
		name := wish
		if i > 1 {
			name += "-" + strconv.Itoa(i)
		}
		if _, there := v.estate.roleOf(tenant, name); !there && !taken[name] {
			taken[name] = true
			return name
		}
	}
}

// keepOwned adds what the policy of an earlier advice owns, as it is.
func (v *adviser) keepOwned(doc *api.Policy, g *granted, who sallyport.Principal, narrowed map[sallyport.BindingID]bool) {
	for item, owner := range v.estate.owners {
		switch {
		case owner != doc.Policy:
		case item.kind == kindRole:
			if r, there := v.estate.roles[sallyport.RoleID(item.id)]; there {
				doc.Roles = append(doc.Roles, api.PolicyRole{
					Tenant: v.estate.tenantName(r.Tenant), Name: r.Name, Title: r.Title, Permissions: r.Permissions,
				})
			}
		case item.kind == kindBinding && !narrowed[sallyport.BindingID(item.id)]:
			b := bindingIn(g.every, sallyport.BindingID(item.id))
			if b == nil {
				continue
			}
			if r := v.snapshot.Role(b.Role); r != nil {
				kept := v.policyBinding(who, b, r.Name)
				kept.State = unlessActive(b.State)
				doc.Bindings = append(doc.Bindings, kept)
			}
		}
	}
	slices.SortFunc(doc.Roles, func(a, b api.PolicyRole) int {
		return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Name, b.Name))
	})
}

// eachOnce sorts bindings and leaves out what is there twice: a role that one
// finding would take away and another needs stays.
func eachOnce(list []api.PolicyBinding) []api.PolicyBinding {
	key := func(b *api.PolicyBinding) string {
		return fmt.Sprintf("%s\x00%s\x00%s\x00%s", b.Tenant, b.Role, b.Realm, b.Condition)
	}
	slices.SortStableFunc(list, func(a, b api.PolicyBinding) int {
		return cmp.Or(strings.Compare(key(&a), key(&b)), strings.Compare(string(a.State), string(b.State)))
	})
	return slices.CompactFunc(list, func(a, b api.PolicyBinding) bool { return key(&a) == key(&b) })
}
