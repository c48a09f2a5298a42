package main

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/config"
)

// maxCandidates is among how many names the nearest one is looked for.
const maxCandidates = 1000

// unknown returns the error that there is no thing of a name, with the nearest
// name as a hint. Who may not list them gets the other hint.
func unknown[T any](kind, name, otherwise string, all iter.Seq2[T, error], nameOf func(T) string) error {
	var names []string
	items, _, err := take(all, maxCandidates)
	if err == nil {
		for _, item := range items {
			names = append(names, nameOf(item))
		}
	}
	err = fmt.Errorf("there is no %s %q", kind, name)
	if near := nearest(name, names); near != "" {
		return withHint(err, "did you mean %q?", near)
	}
	return withHint(err, "%s", otherwise)
}

// nearest returns the name that was probably meant: one that is nearly the same,
// or else the only one that begins so.
func nearest(name string, names []string) string {
	if near := config.Nearest(name, names); near != "" && near != name {
		return near
	}
	var longer []string
	for _, n := range names {
		if len(n) > len(name) && strings.EqualFold(n[:len(name)], name) {
			longer = append(longer, n)
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	return ""
}

// pick returns the one thing of a name in a list. Names are compared whole.
func pick[T any](kind, name string, found iter.Seq2[T, error], nameOf, idOf func(T) string) (one T, there bool, err error) {
	var ids []string
	for item, err := range found {
		switch {
		case err != nil:
			return one, false, err
		case nameOf(item) == name:
			ids = append(ids, idOf(item))
			one = item
		}
	}
	if len(ids) > 1 {
		err = withHint(fmt.Errorf("there is more than one %s %q: %s", kind, name, strings.Join(ids, ", ")), "give its id instead of its name")
	}
	return one, len(ids) == 1, err
}

func tenantName(t api.Tenant) string { return t.Name }

// tenantID returns the id of a tenant that is given by name or id. "*" is the
// whole installation.
func (m *manager) tenantID(ctx context.Context, name string) (sallyport.TenantID, error) {
	if name == string(sallyport.EveryTenant) || sallyport.IsUUID(name) {
		return sallyport.TenantID(name), nil
	}
	t, err := m.tenantNamed(ctx, name)
	return t.ID, err
}

// tenant returns a tenant that is given by name or id.
func (m *manager) tenant(ctx context.Context, name string) (api.Tenant, error) {
	if sallyport.IsUUID(name) {
		return m.Tenants().Get(ctx, sallyport.TenantID(name))
	}
	return m.tenantNamed(ctx, name)
}

func (m *manager) tenantNamed(ctx context.Context, name string) (api.Tenant, error) {
	found := m.Tenants().All(ctx, api.TenantFilter{Search: name})
	t, there, err := pick("tenant", name, found, tenantName, func(t api.Tenant) string { return string(t.ID) })
	if err != nil || there {
		return t, err
	}
	return t, unknown("tenant", name, "sallyport tenant list shows those that you may see", m.Tenants().All(ctx, api.TenantFilter{}), tenantName)
}

func userLogin(u api.User) string { return u.Login }

// user returns a user who is given by login, wherever he is administered, or by
// id in the tenant of the flag.
func (m *manager) user(ctx context.Context, login string, f tenantFlag) (api.User, error) {
	if sallyport.IsUUID(login) {
		tenant, err := m.place(ctx, f)
		if err != nil {
			return api.User{}, err
		}
		u, err := m.Users(tenant).Get(ctx, sallyport.PrincipalID(login))
		if isStatus(err, http.StatusNotFound) && f.name == "" {
			err = withHint(err, "if he is administered in another tenant, say which with --tenant, or give his login")
		}
		return u, err
	}
	u, err := m.UserByLogin(ctx, login)
	switch {
	case isStatus(err, http.StatusNotFound):
		tenant, otherwise := m.place(ctx, f)
		if otherwise != nil {
			return u, err
		}
		return u, unknown("user", login, "sallyport user list shows those that you may see", m.Users(tenant).All(ctx, api.UserFilter{}), userLogin)
	case err != nil:
		return u, err
	case f.name != "":
		tenant, err := m.place(ctx, f)
		if err == nil && tenant != u.Tenant {
			err = withHint(fmt.Errorf("the user %q is not administered in the tenant %q", login, f.name), "without --tenant he is found wherever he is")
		}
		return u, err
	}
	return u, nil
}

func groupName(g api.Group) string { return g.Name }

// group returns a group of a tenant that is given by name or id.
func (m *manager) group(ctx context.Context, tenant sallyport.TenantID, name string) (api.Group, error) {
	if sallyport.IsUUID(name) {
		return m.Groups(tenant).Get(ctx, sallyport.GroupID(name))
	}
	found := m.Groups(tenant).All(ctx, api.Search{Search: name})
	g, there, err := pick("group", name, found, groupName, func(g api.Group) string { return string(g.ID) })
	if err != nil || there {
		return g, err
	}
	return g, unknown("group", name, "sallyport group list shows them", m.Groups(tenant).All(ctx, api.Search{}), groupName)
}

func roleName(r api.Role) string { return r.Name }

// role returns a role that can be used in a tenant and is given by name or id.
func (m *manager) role(ctx context.Context, tenant sallyport.TenantID, name string) (api.Role, error) {
	if sallyport.IsUUID(name) {
		return m.Roles(tenant).Get(ctx, sallyport.RoleID(name))
	}
	found := m.Roles(tenant).All(ctx, api.Search{Search: name})
	r, there, err := pick("role", name, found, roleName, func(r api.Role) string { return string(r.ID) })
	if err != nil || there {
		return r, err
	}
	return r, unknown("role", name, "sallyport role list shows them", m.Roles(tenant).All(ctx, api.Search{}), roleName)
}

func credentialName(c api.Credential) string { return c.Name }
func credentialID(c api.Credential) string   { return string(c.ID) }

// key returns an API key of a tenant that is given by name or id. Among keys of
// one name it is the one that works.
func (m *manager) key(ctx context.Context, tenant sallyport.TenantID, name string) (api.Credential, error) {
	if sallyport.IsUUID(name) {
		return m.Keys(tenant).Get(ctx, sallyport.CredentialID(name))
	}
	k, there, err := pick("API key", name, m.Keys(tenant).All(ctx, api.StateFilter{State: sallyport.Active}), credentialName, credentialID)
	if err != nil || there {
		return k, err
	}
	return k, unknown("API key", name, "sallyport key list shows them", m.Keys(tenant).All(ctx, api.StateFilter{}), credentialName)
}
