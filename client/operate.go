package client

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Audit returns the audit trail of a tenant, newest first.
func (c *Client) Audit(tenant sallyport.TenantID) Listing[api.AuditEntry, api.AuditFilter] {
	return Listing[api.AuditEntry, api.AuditFilter]{c, at("tenants", string(tenant), "audit")}
}

// EveryAudit returns the audit trail of the whole installation, newest first.
func (c *Client) EveryAudit() Listing[api.AuditEntry, api.AuditFilter] {
	return Listing[api.AuditEntry, api.AuditFilter]{c, at("audit")}
}

// VerifyAudit has the audit trail verified.
func (c *Client) VerifyAudit(ctx context.Context, in api.Verification) (api.Verified, error) {
	return fetch[api.Verified](ctx, c, call{method: http.MethodPost, path: at("audit", "verify"), body: in})
}

// CheckpointAudit signs how the audit trail is.
func (c *Client) CheckpointAudit(ctx context.Context) (api.Checkpoint, error) {
	return fetch[api.Checkpoint](ctx, c, call{method: http.MethodPost, path: at("audit", "checkpoint")})
}

// AuditKey returns the public key of checkpoints.
func (c *Client) AuditKey(ctx context.Context) (api.AuditKey, error) {
	return fetch[api.AuditKey](ctx, c, call{method: http.MethodGet, path: at("audit", "key")})
}

// Who finds whom a pseudonym of the access log stands for.
func (c *Client) Who(ctx context.Context, pseudonym string) ([]api.Someone, error) {
	out, err := fetch[api.Those](ctx, c, call{method: http.MethodGet, path: at("audit", "who", pseudonym)})
	return out.Items, err
}

// RevokeLeaked ends what secrets stand for, at most 100 at a time. Whoever holds a
// secret may, without a token; nobody is told whether a secret was good.
func (c *Client) RevokeLeaked(ctx context.Context, secrets ...api.Secret) error {
	return c.do(ctx, call{method: http.MethodPost, path: at("leaked"), body: api.Leak{Secrets: secrets}})
}

// SigningKeys returns the signing keys.
func (c *Client) SigningKeys(ctx context.Context) ([]api.SigningKey, error) {
	var out api.SigningKeys
	err := c.do(ctx, call{method: http.MethodGet, path: at("signing-keys"), into: &out})
	return out.Items, err
}

// RotateSigningKey takes the next signing key into use and returns it.
func (c *Client) RotateSigningKey(ctx context.Context, in api.Rotation) (api.SigningKey, error) {
	return fetch[api.SigningKey](ctx, c, call{method: http.MethodPost, path: at("signing-keys", "rotate"), body: in})
}
