package guard

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// An Admin changes what is in the store, in the name of the program itself. Each
// change is one transaction, is written to the audit trail as made by the system,
// and is in force in this program when the method returns. For everything else
// there is [Guard.Handler].
//
// Errors are of type [*sallyport.Error] where the cause is what was asked for.
type Admin struct{ guard *Guard }

// Admin returns the administration.
func (g *Guard) Admin() Admin { return Admin{guard: g} }

func system() admin.Actor { return admin.System("guard") }

func (a Admin) service() *admin.Service { return a.guard.node.Admin }

// Tenant returns the tenant of a name, and makes it if there is none.
func (a Admin) Tenant(ctx context.Context, name string) (sallyport.TenantID, error) {
	made, err := a.service().CreateTenant(ctx, system(), admin.NewTenant{Name: name})
	if sallyport.KindOf(err) != sallyport.Conflict || err == nil {
		return made.ID, err
	}
	f := store.TenantFilter{Search: name}
	for p := (admin.Page{}); ; {
		list, err := a.service().Tenants(ctx, system(), f, p)
		if err != nil {
			return "", err
		}
		for _, t := range list.Items {
			if t.Name == name {
				return t.ID, nil
			}
		}
		if p.Cursor = list.Next; p.Cursor == "" {
			return "", sallyport.ErrNotFound("the tenant has just been removed")
		}
	}
}

// Role makes a role with these permissions, such as "orders/read", that can be
// given in every tenant. A role of that name which is there already gets them in
// place of its own.
func (a Admin) Role(ctx context.Context, name string, permissions ...sallyport.Permission) (sallyport.RoleID, error) {
	made, err := a.service().CreateRole(ctx, system(), sallyport.EveryTenant, admin.NewRole{Name: name, Permissions: permissions})
	if sallyport.KindOf(err) != sallyport.Conflict || err == nil {
		return made.ID, err
	}
	there, err := a.role(ctx, name)
	if err != nil || sameSet(there.Permissions, permissions) {
		return there.ID, err
	}
	_, err = a.service().UpdateRole(ctx, system(), sallyport.EveryTenant, there.ID, there.Version, admin.RoleChange{Permissions: &permissions})
	return there.ID, err
}

func (a Admin) role(ctx context.Context, name string) (sallyport.Role, error) {
	for p := (admin.Page{}); ; {
		list, err := a.service().Roles(ctx, system(), sallyport.EveryTenant, name, p)
		if err != nil {
			return sallyport.Role{}, err
		}
		for _, r := range list.Items {
			if r.Name == name && r.Tenant == sallyport.EveryTenant {
				return r, nil
			}
		}
		if p.Cursor = list.Next; p.Cursor == "" {
			return sallyport.Role{}, sallyport.ErrNotFound("the role has just been removed")
		}
	}
}

func sameSet(a, b []sallyport.Permission) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// A NewUser is a user to be made.
type NewUser struct {
	Tenant   sallyport.TenantID // where the user is at home, and gets the roles
	Login    string
	Name     string
	Service  bool             // a program rather than a person
	Password sallyport.Secret // empty: none
	Roles    []sallyport.RoleID
}

// User makes a user with roles. A login that is taken is a Conflict.
func (a Admin) User(ctx context.Context, in NewUser) (sallyport.User, error) {
	kind := sallyport.Person
	if in.Service {
		kind = sallyport.Service
	}
	user, err := a.service().CreateUser(ctx, system(), in.Tenant, admin.NewUser{
		Kind: kind, Login: in.Login, Name: in.Name, Password: in.Password, KeepPassword: true,
	})
	if err != nil {
		return user, err
	}
	for _, role := range in.Roles {
		if err := a.Bind(ctx, in.Tenant, user.ID, role); err != nil {
			return user, err
		}
	}
	return user, nil
}

// Find returns the user of a login.
func (a Admin) Find(ctx context.Context, login string) (sallyport.User, error) {
	return a.service().UserByLogin(ctx, system(), login)
}

// Bind gives a user a role in a tenant.
func (a Admin) Bind(ctx context.Context, tenant sallyport.TenantID, user sallyport.PrincipalID, role sallyport.RoleID) error {
	_, err := a.service().CreateBinding(ctx, system(), tenant, admin.NewBinding{
		Subject: string(user), SubjectKind: sallyport.SubjectUser, Role: role,
	})
	return err
}

// A NewToken is a token to be made.
type NewToken struct {
	Name     string
	Scopes   []string           // such as "orders/read"; nil: not limited
	Tenant   sallyport.TenantID // the one tenant that it acts in; empty: wherever its owner may
	Networks []netip.Prefix     // where it may be used from; empty: anywhere
	Expires  time.Time          // zero: as the tenant's policy says
}

// Token makes a token of a user. The secret is not to be had again.
func (a Admin) Token(ctx context.Context, owner sallyport.User, in NewToken) (sallyport.Credential, sallyport.Secret, error) {
	kind := sallyport.PrincipalPerson
	if owner.Kind == sallyport.Service {
		kind = sallyport.PrincipalService
	}
	himself := admin.Actor{Principal: sallyport.Principal{ID: owner.ID, Kind: kind, Login: owner.Login, Home: owner.Tenant}}
	issued, err := a.service().CreateToken(ctx, himself, admin.NewToken{
		Name: in.Name, Scopes: in.Scopes, Tenant: in.Tenant, Networks: in.Networks, Expires: in.Expires,
	})
	return issued.Credential, issued.Secret, err
}

// Revoke ends a token for good.
func (a Admin) Revoke(ctx context.Context, id sallyport.CredentialID) error {
	return a.service().RevokeToken(ctx, system(), id, admin.AnyVersion)
}

// Deactivate keeps a user, and everything that is his, out until he is activated
// again through the management API.
func (a Admin) Deactivate(ctx context.Context, user sallyport.User) error {
	_, err := a.service().DeactivateUser(ctx, system(), user.Tenant, user.ID, admin.AnyVersion)
	return err
}
