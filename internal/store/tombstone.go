package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A Tombstone is what is left of a secret whose record was removed.
type Tombstone struct {
	Credential sallyport.CredentialID
	Tenant     sallyport.TenantID
	Kind       sallyport.CredentialKind
	Owner      sallyport.PrincipalID // who may be gone, too
	Name       string
	Hint       string
	Cause      Cause
	Created    time.Time // the credential
	Ended      time.Time
}

// A Cause says how a secret ended.
type Cause string

// Causes.
const (
	CauseExpired  Cause = "expired"
	CauseRevoked  Cause = "revoked"
	CauseReplaced Cause = "replaced" // by another secret of the same credential
)

// burial writes tombstones of the secrets that a WHERE chooses. Sessions get none:
// there are many, and nobody asks what one was.
const (
	burial = `
	INSERT INTO tombstone (digest, credential, tenant, kind, owner, name, hint, cause, created, ended, buried)
	SELECT s.digest, c.id, c.tenant, c.kind, c.owner, c.name, s.hint,
		CASE WHEN c.state = 'revoked' THEN 'revoked' WHEN s.expires > 0 THEN 'replaced' ELSE 'expired' END,
		c.created,
		CASE WHEN c.state = 'revoked' THEN c.updated WHEN s.expires > 0 THEN s.expires ELSE c.expires END,
		CAST($1 AS BIGINT)
	FROM credential_secret s JOIN credential c ON c.id = s.credential
	WHERE c.kind IN ('personal_token', 'application_token', 'api_key')`
	onceBuried = `
	ON CONFLICT (digest) DO NOTHING`
	buryDead = burial + `
	AND c.id IN (
		SELECT id FROM credential WHERE kind = $2 AND expires > 0 AND expires < $3
		UNION ALL SELECT id FROM credential WHERE kind = $2 AND state = 'revoked' AND updated < $3)` + onceBuried
	buryReplaced = burial + `
	AND s.expires > 0 AND s.expires < $2` + onceBuried
)

const selectTombstone = `
	SELECT credential, tenant, kind, owner, name, hint, cause, created, ended FROM tombstone WHERE digest = $1`

func scanTombstone(r row) (s Tombstone, err error) {
	var created, ended int64
	err = r.Scan(&s.Credential, &s.Tenant, &s.Kind, &s.Owner, &s.Name, &s.Hint, &s.Cause, &created, &ended)
	s.Created, s.Ended = moment(created), moment(ended)
	return s, err
}

// TombstoneByDigest returns what a secret was that is not there any more.
func (r *Reader) TombstoneByDigest(ctx context.Context, digest [32]byte) (Tombstone, error) {
	return one(ctx, r, "tombstone", selectTombstone, scanTombstone, digest[:])
}

const (
	pruneTombstones = `
	DELETE FROM tombstone WHERE buried < $1`
	trimTombstones = `
	DELETE FROM tombstone WHERE (buried, digest) <= (
		SELECT buried, digest FROM tombstone ORDER BY buried DESC, digest DESC LIMIT 1 OFFSET $1)`
)

// PruneTombstones removes those from before a time, and all but the newest keep,
// and returns how many.
func (t *Tx) PruneTombstones(ctx context.Context, before time.Time, keep int) (int64, error) {
	old, err := t.exec(ctx, "tombstone", pruneTombstones, micros(before))
	if err != nil {
		return old, err
	}
	more, err := t.exec(ctx, "tombstone", trimTombstones, int64(keep))
	return old + more, err
}

const selectLastName = `
	SELECT target_name FROM audit_entry WHERE target_id = $1 AND target_name <> '' ORDER BY seq DESC LIMIT 1`

// LastName returns what a thing was last called in the audit trail, for one that
// is gone.
func (r *Reader) LastName(ctx context.Context, id string) (string, error) {
	return one(ctx, r, "audit entry", selectLastName, scanString, id)
}
