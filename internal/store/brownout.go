package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

const setBrownout = `
	UPDATE credential
	SET brownout_share = $1, brownout_until = $2, updated = $3, version = version + 1
	WHERE tenant = $4 AND id = $5 AND state <> 'revoked' AND (version = $6 OR $6 = -1)
	RETURNING version`

// SetBrownout begins or ends the brown-out of a credential. A revoked one is a
// Conflict.
func (t *Tx) SetBrownout(ctx context.Context, c *sallyport.Credential, b sallyport.Brownout, ifVersion int64) error {
	b.Until = trim(b.Until)
	c.Updated = trim(t.now())
	err := t.update(ctx, "credential", &c.Version, setBrownout, []any{
		int64(b.Share), micros(b.Until), micros(c.Updated), string(c.Tenant), string(c.ID), ifVersion,
	}, credentialVersion, string(c.Tenant), string(c.ID))
	if sallyport.KindOf(err) == sallyport.Changed {
		return t.orRevoked(ctx, c.Tenant, c.ID, err)
	}
	if err == nil {
		c.Brownout = b
	}
	return err
}

const (
	selectUnwarned = credentialColumns + `
	WHERE c.expires > $1 AND c.expires <= $2 AND c.warned <> c.expires AND c.state = 'active'
	AND c.kind IN ('personal_token', 'application_token', 'api_key')
	ORDER BY c.expires, c.id LIMIT $3`
	markWarned = `
	UPDATE credential SET warned = expires WHERE id = $1`
)

// Unwarned returns tokens and keys that end until a time and whose owners were not
// warned of that yet, those that end first first.
func (r *Reader) Unwarned(ctx context.Context, now, until time.Time, limit int) ([]sallyport.Credential, error) {
	return list(ctx, r, "credential", selectUnwarned, scanCredential, micros(now), micros(until), int64(limit))
}

// MarkWarned says that the owner of a credential was warned of its expiry. It is no
// change of the credential: its version stays.
func (t *Tx) MarkWarned(ctx context.Context, id sallyport.CredentialID) error {
	_, err := t.exec(ctx, "credential", markWarned, string(id))
	return err
}
