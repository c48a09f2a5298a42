package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Secretive is a collection of things with secrets, such as tokens.
type Secretive[F, New any] struct {
	Listing[api.Credential, F]
}

// Get returns the record of one.
func (s Secretive[F, New]) Get(ctx context.Context, id sallyport.CredentialID) (api.Credential, error) {
	return fetch[api.Credential](ctx, s.c, call{method: http.MethodGet, path: s.one(id)})
}

// Create makes one. This is the only answer with its secret.
func (s Secretive[F, New]) Create(ctx context.Context, in New) (api.Issued, error) {
	return fetch[api.Issued](ctx, s.c, call{method: http.MethodPost, path: s.path, body: in, once: true})
}

// Update changes one of which version was read.
func (s Secretive[F, New]) Update(ctx context.Context, id sallyport.CredentialID, version int64, change api.TokenChange) (api.Credential, error) {
	return fetch[api.Credential](ctx, s.c, call{method: http.MethodPatch, path: s.one(id), body: change, match: version})
}

// Renew gives one of which version was read a new secret. This is the only
// answer with it.
func (s Secretive[F, New]) Renew(ctx context.Context, id sallyport.CredentialID, version int64, in api.Renewal) (api.Issued, error) {
	return fetch[api.Issued](ctx, s.c, call{method: http.MethodPost, path: s.one(id) + "/renew", body: in, match: version})
}

// Revoke ends one of which version was read, for good.
func (s Secretive[F, New]) Revoke(ctx context.Context, id sallyport.CredentialID, version int64) error {
	return s.c.do(ctx, call{method: http.MethodDelete, path: s.one(id), match: version})
}

// BrownOut refuses a share of the uses of one of which version was read, for a
// while.
func (s Secretive[F, New]) BrownOut(ctx context.Context, id sallyport.CredentialID, version int64, in api.NewBrownout) (api.Credential, error) {
	return fetch[api.Credential](ctx, s.c, call{method: http.MethodPost, path: s.one(id) + "/brownout", body: in, match: version})
}

// EndBrownout ends the brown-out of one of which version was read.
func (s Secretive[F, New]) EndBrownout(ctx context.Context, id sallyport.CredentialID, version int64) (api.Credential, error) {
	return fetch[api.Credential](ctx, s.c, call{method: http.MethodDelete, path: s.one(id) + "/brownout", match: version})
}

// EndOverlap ends the secrets before the newest of one of which version was read.
func (s Secretive[F, New]) EndOverlap(ctx context.Context, id sallyport.CredentialID, version int64) (api.Credential, error) {
	return fetch[api.Credential](ctx, s.c, call{method: http.MethodPost, path: s.one(id) + "/end-overlap", match: version})
}

// Adopt gives an API key a secret that was made elsewhere.
func (s Secretive[F, New]) Adopt(ctx context.Context, id sallyport.CredentialID, secret api.Secret) error {
	return s.c.do(ctx, call{method: http.MethodPost, path: s.one(id) + "/adopt", body: api.Adoption{Secret: secret}})
}

// Secrets tells which secrets one has, and which of them is still in use.
func (s Secretive[F, New]) Secrets(ctx context.Context, id sallyport.CredentialID) ([]api.SecretInfo, error) {
	var out api.Secrets
	err := s.c.do(ctx, call{method: http.MethodGet, path: s.one(id) + "/secrets", into: &out})
	return out.Items, err
}

// Usage tells what one was used for, as far back as the window says.
func (s Secretive[F, New]) Usage(ctx context.Context, id sallyport.CredentialID, window api.AdviceWindow) (api.CredentialUsage, error) {
	return fetch[api.CredentialUsage](ctx, s.c, call{method: http.MethodGet, path: s.one(id) + "/usage", query: queryOf(window)})
}

// Reach tells what one could do in a tenant; the empty one is where it acts by
// itself.
func (s Secretive[F, New]) Reach(ctx context.Context, id sallyport.CredentialID, tenant sallyport.TenantID) (api.CredentialReach, error) {
	query := queryOf(api.TenantQuery{Tenant: tenant})
	return fetch[api.CredentialReach](ctx, s.c, call{method: http.MethodGet, path: s.one(id) + "/reach", query: query})
}

func (s Secretive[F, New]) one(id sallyport.CredentialID) string { return s.path + at(string(id)) }

// Keys returns the API keys of a tenant.
func (c *Client) Keys(tenant sallyport.TenantID) Secretive[api.StateFilter, api.NewKey] {
	return Secretive[api.StateFilter, api.NewKey]{Listing[api.Credential, api.StateFilter]{c, at("tenants", string(tenant), "keys")}}
}

// Credentials returns the tokens of others in a tenant. What is created is an
// application token of a service account.
func (c *Client) Credentials(tenant sallyport.TenantID) Secretive[api.TokenFilter, api.NewApplicationToken] {
	return Secretive[api.TokenFilter, api.NewApplicationToken]{Listing[api.Credential, api.TokenFilter]{c, at("tenants", string(tenant), "credentials")}}
}

// Applications returns the service accounts of a tenant with their first tokens.
func (c *Client) Applications(tenant sallyport.TenantID) Listing[api.Application, api.ApplicationFilter] {
	return Listing[api.Application, api.ApplicationFilter]{c, at("tenants", string(tenant), "applications")}
}

// Sessions are sessions, or sign-ins, which are listed and ended.
type Sessions[ID ~string, T, F any] struct {
	Listing[T, F]
}

// End ends one. To be ended already is no error.
func (s Sessions[ID, T, F]) End(ctx context.Context, id ID) error {
	return s.c.do(ctx, call{method: http.MethodDelete, path: s.path + at(string(id))})
}

// Sessions returns the sessions of users who are administered in a tenant.
func (c *Client) Sessions(tenant sallyport.TenantID) Sessions[sallyport.CredentialID, api.Credential, api.OwnerFilter] {
	return Sessions[sallyport.CredentialID, api.Credential, api.OwnerFilter]{Listing[api.Credential, api.OwnerFilter]{c, at("tenants", string(tenant), "sessions")}}
}

// SignIns returns the sign-ins of users and API keys that are administered in a
// tenant.
func (c *Client) SignIns(tenant sallyport.TenantID) Sessions[sallyport.FamilyID, api.SignIn, api.OwnerFilter] {
	return Sessions[sallyport.FamilyID, api.SignIn, api.OwnerFilter]{Listing[api.SignIn, api.OwnerFilter]{c, at("tenants", string(tenant), "sign-ins")}}
}
