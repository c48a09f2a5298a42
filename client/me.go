package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Me is what belongs to the caller himself.
type Me struct{ c *Client }

// Me returns what belongs to the caller himself.
func (c *Client) Me() Me { return Me{c} }

// Get returns who the caller is.
func (m Me) Get(ctx context.Context) (api.Me, error) {
	return fetch[api.Me](ctx, m.c, call{method: http.MethodGet, path: at("me")})
}

// Update changes the caller's account, of which version was read.
func (m Me) Update(ctx context.Context, version int64, change api.MeChange) (api.Me, error) {
	return fetch[api.Me](ctx, m.c, call{method: http.MethodPatch, path: at("me"), body: change, match: version})
}

// Permissions returns what the caller may in a tenant. The empty tenant is the
// caller's own.
func (m Me) Permissions(ctx context.Context, tenant sallyport.TenantID) (api.Permissions, error) {
	query := queryOf(api.TenantQuery{Tenant: tenant})
	return fetch[api.Permissions](ctx, m.c, call{method: http.MethodGet, path: at("me", "permissions"), query: query})
}

// ChangePassword replaces the caller's password. All sessions and sign-ins of the
// caller end, that of this client included; tokens stay. A wrong present password
// is an [Error] that names the field "present".
func (m Me) ChangePassword(ctx context.Context, present, password api.Secret) error {
	in := api.PasswordChange{Present: present, Password: password}
	return m.c.do(ctx, call{method: http.MethodPost, path: at("me", "password"), body: in})
}

// Tokens returns the caller's own tokens.
func (m Me) Tokens() Secretive[api.StateFilter, api.NewToken] {
	return Secretive[api.StateFilter, api.NewToken]{Listing[api.Credential, api.StateFilter]{m.c, at("me", "tokens")}}
}

// Sessions returns the caller's own sessions.
func (m Me) Sessions() Sessions[sallyport.CredentialID, api.Credential, struct{}] {
	return Sessions[sallyport.CredentialID, api.Credential, struct{}]{Listing[api.Credential, struct{}]{m.c, at("me", "sessions")}}
}

// SignIns returns the caller's own sign-ins.
func (m Me) SignIns() Sessions[sallyport.FamilyID, api.SignIn, struct{}] {
	return Sessions[sallyport.FamilyID, api.SignIn, struct{}]{Listing[api.SignIn, struct{}]{m.c, at("me", "sign-ins")}}
}

// EndOthers ends all of the caller's sessions and sign-ins but the one that the
// client uses, and returns how many.
func (m Me) EndOthers(ctx context.Context) (int, error) {
	var out api.Ended
	err := m.c.do(ctx, call{method: http.MethodPost, path: at("me", "sessions", "end-others"), into: &out})
	return out.Ended, err
}
