package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Tenants are the tenants that the caller may see.
type Tenants struct {
	Collection[sallyport.TenantID, api.Tenant, api.TenantFilter, api.NewTenant, api.TenantChange]
}

// Tenants returns the tenants.
func (c *Client) Tenants() Tenants {
	return Tenants{collection[sallyport.TenantID, api.Tenant, api.TenantFilter, api.NewTenant, api.TenantChange](c, "tenants")}
}

// Deactivate takes a tenant out of use.
func (t Tenants) Deactivate(ctx context.Context, id sallyport.TenantID, version int64) (api.Tenant, error) {
	return fetch[api.Tenant](ctx, t.c, t.action(id, "deactivate", version, nil))
}

// Reactivate takes a tenant into use again.
func (t Tenants) Reactivate(ctx context.Context, id sallyport.TenantID, version int64) (api.Tenant, error) {
	return fetch[api.Tenant](ctx, t.c, t.action(id, "reactivate", version, nil))
}

// Realms are the realms of a tenant, named by their names.
type Realms struct {
	Collection[string, api.Realm, struct{}, api.NewRealm, api.RealmChange]
}

// Realms returns the realms of a tenant.
func (c *Client) Realms(tenant sallyport.TenantID) Realms {
	return Realms{collection[string, api.Realm, struct{}, api.NewRealm, api.RealmChange](c, "tenants", string(tenant), "realms")}
}

// Users are the users who are administered in a tenant.
type Users struct {
	Collection[sallyport.PrincipalID, api.User, api.UserFilter, api.NewUser, api.UserChange]
}

// Users returns the users who are administered in a tenant.
func (c *Client) Users(tenant sallyport.TenantID) Users {
	return Users{collection[sallyport.PrincipalID, api.User, api.UserFilter, api.NewUser, api.UserChange](c, "tenants", string(tenant), "users")}
}

// EveryUser returns the users of all tenants and of the installation.
func (c *Client) EveryUser() Listing[api.User, api.UserFilter] {
	return Listing[api.User, api.UserFilter]{c, at("users")}
}

// UserByLogin returns the user with a login, in whichever tenant he is.
func (c *Client) UserByLogin(ctx context.Context, login string) (api.User, error) {
	query := queryOf(api.LoginQuery{Login: login})
	return fetch[api.User](ctx, c, call{method: http.MethodGet, path: at("users", "lookup"), query: query})
}

// Deactivate takes a user out of use; his credentials end for good.
func (u Users) Deactivate(ctx context.Context, id sallyport.PrincipalID, version int64) (api.User, error) {
	return fetch[api.User](ctx, u.c, u.action(id, "deactivate", version, nil))
}

// Activate takes a deactivated user into use again.
func (u Users) Activate(ctx context.Context, id sallyport.PrincipalID, version int64) (api.User, error) {
	return fetch[api.User](ctx, u.c, u.action(id, "activate", version, nil))
}

// Unlock lets a locked user in again. For one who is not locked it is a conflict.
func (u Users) Unlock(ctx context.Context, id sallyport.PrincipalID, version int64) (api.User, error) {
	return fetch[api.User](ctx, u.c, u.action(id, "unlock", version, nil))
}

// End ends all sessions, sign-ins and tokens of a user.
func (u Users) End(ctx context.Context, id sallyport.PrincipalID) error {
	return u.c.do(ctx, u.action(id, "end", 0, nil))
}

// SetPassword gives a user another password. All sessions, sign-ins and tokens of
// the user end.
func (u Users) SetPassword(ctx context.Context, id sallyport.PrincipalID, in api.NewPassword) error {
	return u.c.do(ctx, u.action(id, "password", 0, in))
}

// Groups returns the groups that a user is in, all of them at once.
func (u Users) Groups(ctx context.Context, id sallyport.PrincipalID) ([]api.Group, error) {
	list, err := fetch[api.List[api.Group]](ctx, u.c, call{method: http.MethodGet, path: u.one(id) + "/groups"})
	return list.Items, err
}

// Groups are the groups of a tenant.
type Groups struct {
	Collection[sallyport.GroupID, api.Group, api.Search, api.NewGroup, api.GroupChange]
}

// Groups returns the groups of a tenant.
func (c *Client) Groups(tenant sallyport.TenantID) Groups {
	return Groups{collection[sallyport.GroupID, api.Group, api.Search, api.NewGroup, api.GroupChange](c, "tenants", string(tenant), "groups")}
}

// Members returns the users in a group.
func (g Groups) Members(id sallyport.GroupID) Listing[api.User, struct{}] {
	return Listing[api.User, struct{}]{g.c, g.one(id) + "/members"}
}

// Add puts a user into a group. To be in it already is no error.
func (g Groups) Add(ctx context.Context, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return g.c.do(ctx, call{method: http.MethodPut, path: g.member(id, user)})
}

// Remove takes a user out of a group. Not to be in it is no error.
func (g Groups) Remove(ctx context.Context, id sallyport.GroupID, user sallyport.PrincipalID) error {
	return g.c.do(ctx, call{method: http.MethodDelete, path: g.member(id, user)})
}

func (g Groups) member(id sallyport.GroupID, user sallyport.PrincipalID) string {
	return g.one(id) + "/members/" + url.PathEscape(string(user))
}

// Roles are the roles that can be used in a tenant.
type Roles struct {
	Collection[sallyport.RoleID, api.Role, api.Search, api.NewRole, api.RoleChange]
}

// Roles returns the roles that can be used in a tenant.
func (c *Client) Roles(tenant sallyport.TenantID) Roles {
	return Roles{collection[sallyport.RoleID, api.Role, api.Search, api.NewRole, api.RoleChange](c, "tenants", string(tenant), "roles")}
}

// Bindings are the bindings of a tenant.
type Bindings struct {
	Collection[sallyport.BindingID, api.Binding, api.BindingFilter, api.NewBinding, api.BindingChange]
}

// Bindings returns the bindings of a tenant.
func (c *Client) Bindings(tenant sallyport.TenantID) Bindings {
	return Bindings{collection[sallyport.BindingID, api.Binding, api.BindingFilter, api.NewBinding, api.BindingChange](c, "tenants", string(tenant), "bindings")}
}

// EveryBinding returns the bindings of the whole installation.
func (c *Client) EveryBinding() Listing[api.Binding, api.BindingFilter] {
	return Listing[api.Binding, api.BindingFilter]{c, at("bindings")}
}

// APIs are the protected APIs.
type APIs struct {
	Listing[api.API, struct{}]
}

// APIs returns the protected APIs.
func (c *Client) APIs() APIs { return APIs{Listing[api.API, struct{}]{c, at("apis")}} }

// Get returns a protected API.
func (a APIs) Get(ctx context.Context, name sallyport.APIName) (api.API, error) {
	return fetch[api.API](ctx, a.c, call{method: http.MethodGet, path: at("apis", string(name))})
}

// Create mounts a protected API.
func (a APIs) Create(ctx context.Context, document sallyport.API) (api.API, error) {
	return fetch[api.API](ctx, a.c, call{method: http.MethodPost, path: a.path, body: document, once: true})
}

// Replace puts another document in place of the one of which version was read.
func (a APIs) Replace(ctx context.Context, name sallyport.APIName, version int64, document sallyport.API) (api.API, error) {
	return fetch[api.API](ctx, a.c, call{method: http.MethodPut, path: at("apis", string(name)), body: document, match: version})
}

// Delete unmounts a protected API of which version was read.
func (a APIs) Delete(ctx context.Context, name sallyport.APIName, version int64) error {
	return a.c.do(ctx, call{method: http.MethodDelete, path: at("apis", string(name)), match: version})
}

// Check tries a document without changing anything.
func (a APIs) Check(ctx context.Context, document sallyport.API) (api.Check, error) {
	return fetch[api.Check](ctx, a.c, call{method: http.MethodPost, path: at("apis", "check"), body: document})
}

// OpenAPI returns the OpenAPI document that is kept of an API.
func (a APIs) OpenAPI(ctx context.Context, name sallyport.APIName) (json.RawMessage, error) {
	return fetch[json.RawMessage](ctx, a.c, call{method: http.MethodGet, path: at("apis", string(name), "openapi")})
}

// Describe keeps an OpenAPI document, in YAML or JSON, that describes an API to
// people.
func (a APIs) Describe(ctx context.Context, name sallyport.APIName, text string) error {
	return a.c.do(ctx, call{method: http.MethodPut, path: at("apis", string(name), "openapi"), body: api.OpenAPI{Text: text}})
}

// Undescribe forgets the OpenAPI document of an API.
func (a APIs) Undescribe(ctx context.Context, name sallyport.APIName) error {
	return a.c.do(ctx, call{method: http.MethodDelete, path: at("apis", string(name), "openapi")})
}

// Apply mounts or replaces APIs, all or none, and returns the names of those
// that are different now.
func (a APIs) Apply(ctx context.Context, documents []sallyport.API) ([]sallyport.APIName, error) {
	var out api.Applied
	err := a.c.do(ctx, call{method: http.MethodPost, path: at("apis", "apply"), body: api.Apply{APIs: documents}, into: &out})
	return out.Changed, err
}
