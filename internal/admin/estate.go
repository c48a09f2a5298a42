package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
)

// Kinds of what a policy can own.
const (
	kindTenant  = "tenant"
	kindRealm   = "realm"
	kindUser    = "user"
	kindGroup   = "group"
	kindRole    = "role"
	kindBinding = "binding"
	kindAPI     = "api"
)

// An itemKey names a thing that a policy can own; see [store.PolicyItem].
type itemKey struct {
	kind   string
	tenant sallyport.TenantID
	id     string
}

// A scopedName names a thing in a tenant.
type scopedName struct {
	tenant sallyport.TenantID
	name   string
}

// A bindingKey is what tells one binding from another.
type bindingKey struct {
	tenant           sallyport.TenantID
	kind             sallyport.SubjectKind
	subject          string
	role             sallyport.RoleID
	realm, condition string
}

func keyOfBinding(b *sallyport.Binding) bindingKey {
	return bindingKey{b.Tenant, b.SubjectKind, b.Subject, b.Role, b.Realm, b.Condition}
}

// An estate is what there is in some tenants, and becomes what is to be there.
type estate struct {
	tenants map[sallyport.TenantID]sallyport.Tenant // all of them
	named   map[string]sallyport.TenantID

	concerned map[sallyport.TenantID]bool // those of which the rest is known
	realms    map[scopedName]sallyport.Realm
	users     map[sallyport.PrincipalID]sallyport.User
	logins    map[string]sallyport.PrincipalID
	groups    map[sallyport.GroupID]sallyport.Group
	groupIDs  map[scopedName]sallyport.GroupID
	members   map[sallyport.GroupID]map[sallyport.PrincipalID]bool // of groups whose members were asked for
	roles     map[sallyport.RoleID]sallyport.Role                  // of every tenant there is
	roleIDs   map[scopedName]sallyport.RoleID
	bindings  map[sallyport.BindingID]sallyport.Binding
	twins     map[bindingKey]sallyport.BindingID
	apis      map[sallyport.APIName]sallyport.API
	owners    map[itemKey]string
}

func newEstate() *estate {
	return &estate{
		tenants: map[sallyport.TenantID]sallyport.Tenant{}, named: map[string]sallyport.TenantID{string(sallyport.EveryTenant): sallyport.EveryTenant},
		concerned: map[sallyport.TenantID]bool{}, realms: map[scopedName]sallyport.Realm{},
		users: map[sallyport.PrincipalID]sallyport.User{}, logins: map[string]sallyport.PrincipalID{},
		groups: map[sallyport.GroupID]sallyport.Group{}, groupIDs: map[scopedName]sallyport.GroupID{},
		members: map[sallyport.GroupID]map[sallyport.PrincipalID]bool{},
		roles:   map[sallyport.RoleID]sallyport.Role{}, roleIDs: map[scopedName]sallyport.RoleID{},
		bindings: map[sallyport.BindingID]sallyport.Binding{}, twins: map[bindingKey]sallyport.BindingID{},
		apis: map[sallyport.APIName]sallyport.API{}, owners: map[itemKey]string{},
	}
}

func (e *estate) addTenant(t sallyport.Tenant) { e.tenants[t.ID], e.named[t.Name] = t, t.ID }
func (e *estate) addRealm(r sallyport.Realm)   { e.realms[scopedName{r.Tenant, r.Name}] = r }
func (e *estate) addUser(u sallyport.User)     { e.users[u.ID], e.logins[u.Login] = u, u.ID }

func (e *estate) addGroup(g sallyport.Group) {
	e.groups[g.ID], e.groupIDs[scopedName{g.Tenant, g.Name}] = g, g.ID
}

func (e *estate) addRole(r sallyport.Role) {
	e.roles[r.ID], e.roleIDs[scopedName{r.Tenant, r.Name}] = r, r.ID
}

func (e *estate) addBinding(b sallyport.Binding) {
	e.bindings[b.ID], e.twins[keyOfBinding(&b)] = b, b.ID
}

// tenantName returns the name of a tenant, as policy files write it.
func (e *estate) tenantName(id sallyport.TenantID) string {
	if id == sallyport.EveryTenant {
		return string(id)
	}
	return e.tenants[id].Name
}

// loadCommon reads what every plan looks at: tenants, APIs and roles.
func (e *estate) loadCommon(ctx context.Context, tx *store.Tx) error {
	tenants, err := all(func(p store.Page) ([]sallyport.Tenant, string, error) {
		return tx.Tenants(ctx, store.TenantFilter{}, p)
	})
	if err != nil {
		return err
	}
	for _, t := range tenants {
		e.addTenant(t)
	}
	documents, err := all(func(p store.Page) ([]store.APIDocument, string, error) { return tx.APIs(ctx, p) })
	if err != nil {
		return err
	}
	for _, d := range documents {
		e.apis[d.API.Name] = d.API
	}
	roles, err := all(func(p store.Page) ([]sallyport.Role, string, error) { return tx.EveryRole(ctx, p) })
	for _, r := range roles {
		e.addRole(r)
	}
	return err
}

// load reads the rest of what there is in a tenant.
func (e *estate) load(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID) error {
	e.concerned[tenant] = true
	realms, err := all(func(p store.Page) ([]sallyport.Realm, string, error) { return tx.Realms(ctx, tenant, p) })
	if err != nil {
		return err
	}
	for _, r := range realms {
		e.addRealm(r)
	}
	users, err := all(func(p store.Page) ([]sallyport.User, string, error) {
		return tx.Users(ctx, tenant, store.UserFilter{}, p)
	})
	if err != nil {
		return err
	}
	for _, u := range users {
		e.addUser(u)
	}
	if err := e.loadGroups(ctx, tx, tenant); err != nil {
		return err
	}
	bindings, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return tx.Bindings(ctx, tenant, store.BindingFilter{}, p)
	})
	if err != nil {
		return err
	}
	for _, b := range bindings {
		e.addBinding(b)
	}
	items, err := tx.PolicyItems(ctx, tenant)
	for _, i := range items {
		e.owners[itemKey{i.Kind, i.Tenant, i.ID}] = i.Policy
	}
	return err
}

// loadGroups reads the groups of a tenant; those of every tenant can be bound in
// each.
func (e *estate) loadGroups(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID) error {
	groups, err := all(func(p store.Page) ([]sallyport.Group, string, error) { return tx.Groups(ctx, tenant, "", p) })
	for _, g := range groups {
		e.addGroup(g)
	}
	return err
}

// membersOf reads who is in a group.
func (e *estate) membersOf(ctx context.Context, tx *store.Tx, g sallyport.Group) (map[sallyport.PrincipalID]bool, error) {
	if set, known := e.members[g.ID]; known {
		return set, nil
	}
	ids, err := tx.MemberIDs(ctx, g.Tenant, g.ID)
	if err != nil {
		return nil, err
	}
	set := make(map[sallyport.PrincipalID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	e.members[g.ID] = set
	return set, nil
}

// userOf returns a user by any spelling of his login, also one who is
// administered where the estate does not reach, if he may be seen in the tenant.
func (w *work) userOf(ctx context.Context, e *estate, tenant sallyport.TenantID, written string) (sallyport.PrincipalID, error) {
	canonical, err := login.Canonical(written)
	if err != nil {
		return "", err
	}
	if id, ok := e.logins[canonical]; ok {
		return id, nil
	}
	unknown := sallyport.ErrInvalid("", "there is no user "+quoted(written)+", or you cannot see him")
	user, err := w.tx.UserByLogin(ctx, canonical)
	if sallyport.KindOf(err) == sallyport.NotFound && err != nil {
		return "", unknown
	}
	if err != nil {
		return "", err
	}
	if err := w.visibleUser(ctx, tenant, user.ID); sallyport.KindOf(err) == sallyport.Invalid && err != nil {
		return "", unknown
	} else if err != nil {
		return "", err
	}
	e.addUser(user)
	return user.ID, nil
}

// roleOf returns the role of a name that can be bound in a tenant: its own, or
// one of every tenant.
func (e *estate) roleOf(tenant sallyport.TenantID, name string) (sallyport.RoleID, bool) {
	id, ok := e.roleIDs[scopedName{tenant, name}]
	if !ok {
		id, ok = e.roleIDs[scopedName{sallyport.EveryTenant, name}]
	}
	return id, ok
}

func (e *estate) groupOf(tenant sallyport.TenantID, name string) (sallyport.GroupID, bool) {
	id, ok := e.groupIDs[scopedName{tenant, name}]
	if !ok {
		id, ok = e.groupIDs[scopedName{sallyport.EveryTenant, name}]
	}
	return id, ok
}
