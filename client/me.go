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
func (m Me) Get(ctx context.Context) (out api.Me, err error) {
	return out, m.c.do(ctx, call{method: http.MethodGet, path: at("me"), into: &out})
}

// Update changes the caller's account, of which version was read.
func (m Me) Update(ctx context.Context, version int64, change api.MeChange) (out api.Me, err error) {
	return out, m.c.do(ctx, call{method: http.MethodPatch, path: at("me"), body: change, match: version, into: &out})
}

// Permissions returns what the caller may in a tenant. The empty tenant is the
// caller's own.
func (m Me) Permissions(ctx context.Context, tenant sallyport.TenantID) (out api.Permissions, err error) {
	query := queryOf(api.TenantQuery{Tenant: tenant})
	return out, m.c.do(ctx, call{method: http.MethodGet, path: at("me", "permissions"), query: query, into: &out})
}

// ChangePassword replaces the caller's password. All that was issued to the
// caller until now ends.
func (m Me) ChangePassword(ctx context.Context, current, password api.Secret) error {
	in := api.PasswordChange{Current: current, Password: password}
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
