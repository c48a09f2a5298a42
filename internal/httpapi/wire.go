package httpapi

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// wire returns a function that turns what admin returns into what is answered.
func wire[T, W any](shape func(T) W) func(T, error) (W, error) {
	return func(v T, err error) (W, error) {
		if err != nil {
			var none W
			return none, err
		}
		return shape(v), nil
	}
}

// wireList is wire for a page of a list.
func wireList[T, W any](shape func(T) W) func(admin.List[T], error) (api.List[W], error) {
	return wire(func(l admin.List[T]) api.List[W] {
		out := api.List[W]{Items: make([]W, 0, len(l.Items)), Next: l.Next}
		for _, v := range l.Items {
			out.Items = append(out.Items, shape(v))
		}
		return out
	})
}

// never returns a list that is not null on the wire.
func never[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func tenantPolicy(longest, usual sallyport.Duration) sallyport.TenantPolicy {
	return sallyport.TenantPolicy{TokenMaxAge: time.Duration(longest), TokenDefaultAge: time.Duration(usual)}
}

func tenantOnWire(t sallyport.Tenant) api.Tenant {
	return api.Tenant{
		ID: t.ID, Name: t.Name, Parent: t.Parent, State: t.State,
		TokenMaxAge: sallyport.Duration(t.Policy.TokenMaxAge), TokenDefaultAge: sallyport.Duration(t.Policy.TokenDefaultAge),
		CreatedAt: t.Created, UpdatedAt: t.Updated, Version: t.Version,
	}
}

func realmOnWire(r sallyport.Realm) api.Realm {
	return api.Realm{Tenant: r.Tenant, Name: r.Name, Title: r.Title, CreatedAt: r.Created, Version: r.Version}
}

func userOnWire(u sallyport.User) api.User {
	return api.User{
		ID: u.ID, Tenant: u.Tenant, Kind: u.Kind, Login: u.Login, Name: u.Name, Email: u.Email, State: u.State,
		LastLoginAt: u.LastLogin, CreatedAt: u.Created, UpdatedAt: u.Updated, Version: u.Version,
	}
}

func groupOnWire(g sallyport.Group) api.Group {
	return api.Group{ID: g.ID, Tenant: g.Tenant, Name: g.Name, Title: g.Title, CreatedAt: g.Created, UpdatedAt: g.Updated, Version: g.Version}
}

func roleOnWire(r sallyport.Role) api.Role {
	return api.Role{
		ID: r.ID, Tenant: r.Tenant, Name: r.Name, Title: r.Title, BuiltIn: r.BuiltIn, Permissions: never(r.Permissions),
		CreatedAt: r.Created, UpdatedAt: r.Updated, Version: r.Version,
	}
}

func bindingOnWire(b sallyport.Binding) api.Binding {
	return api.Binding{
		ID: b.ID, Tenant: b.Tenant, SubjectKind: b.SubjectKind, Subject: b.Subject, Role: b.Role, Realm: b.Realm,
		Condition: b.Condition, ExpiresAt: b.Expires, State: b.State, CreatedAt: b.Created, UpdatedAt: b.Updated, Version: b.Version,
	}
}

func (c *call) credentialOnWire(k sallyport.Credential) api.Credential {
	var brownout *api.Brownout
	if share := k.Brownout.At(c.h.Now()); share > 0 {
		brownout = &api.Brownout{Share: share, Until: k.Brownout.Until}
	}
	return api.Credential{
		Expiring: c.h.Admin.ExpiresSoon(k), Brownout: brownout,
		ID: k.ID, Kind: k.Kind, Tenant: k.Tenant, Owner: k.Owner, Creator: k.Creator, Name: k.Name, Hint: k.Hint,
		Scopes: k.Scopes, Networks: k.Networks, State: k.State, ExpiresAt: k.Expires, IdleLimit: sallyport.Duration(k.Idle),
		Uses: k.Uses, LastUsedAt: k.LastUsed, LastUsedBy: k.LastVia, LastAddr: k.LastAddr,
		CreatedAt: k.Created, RenewedAt: k.Renewed, UpdatedAt: k.Updated,
		Current: c.actor.Credential.String() == string(k.ID), Version: k.Version,
	}
}

func (c *call) issuedOnWire(i admin.Issued) api.Issued {
	return api.Issued{Credential: c.credentialOnWire(i.Credential), Secret: api.Secret(i.Secret.Reveal())}
}

func secretsOnWire(list []admin.SecretInfo) api.Secrets {
	out := api.Secrets{Items: []api.SecretInfo{}}
	for _, s := range list {
		out.Items = append(out.Items, api.SecretInfo{
			Hint: s.Hint, ExpiresAt: s.Expires, Uses: s.Uses, LastUsedAt: s.LastUsed,
			LastUsedBy: s.LastVia, LastAddr: s.LastAddr, CreatedAt: s.Created,
		})
	}
	return out
}

func (c *call) signInOnWire(f store.Family) api.SignIn {
	return api.SignIn{
		ID: f.ID, Tenant: f.Tenant, Owner: f.Principal, Credential: f.Credential, Client: f.Client, API: f.API, Scopes: f.Scopes,
		State: f.State, CreatedAt: f.Created, ExpiresAt: f.Expires, Current: c.actor.Credential.String() == string(f.ID),
	}
}

func apiOnWire(d store.APIDocument) api.API {
	return api.API{Document: d.API, CreatedAt: d.Created, UpdatedAt: d.Updated, Version: d.Version}
}

func meOnWire(s admin.Self, a admin.Actor) api.Me {
	p := s.Principal
	me := api.Me{
		ID: p.ID, Kind: p.Kind, Login: p.Login, Name: p.Name, Email: p.Email, Tenant: p.Home,
		Tenants: never(s.Tenants), EveryTenant: s.AnyTenant, Groups: []api.Group{},
		CredentialKind: a.CredentialKind, Scopes: a.Scopes, MustChange: s.MustChange,
	}
	for _, g := range s.Groups {
		me.Groups = append(me.Groups, groupOnWire(g))
	}
	switch {
	case s.User != nil:
		me.Version = s.User.Version
	case s.Key != nil:
		me.Version = s.Key.Version
	}
	return me
}
