package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
)

const secretFields = `
	s.digest, s.credential, s.pepper, s.hint, s.expires, s.uses, s.last_used, s.last_addr, s.last_via, s.created`

// A secretRow is a row on its way to a secret.
type secretRow struct {
	s                          sallyport.CredentialSecret
	digest                     []byte
	expires, lastUsed, created int64
}

func (w *secretRow) into() []any {
	s := &w.s
	return []any{&w.digest, &s.Credential, &s.Pepper, &s.Hint, &w.expires, &s.Uses, &w.lastUsed, &s.LastAddr, &s.LastVia, &w.created}
}

func (w *secretRow) secret() (s sallyport.CredentialSecret, err error) {
	s = w.s
	s.Expires, s.LastUsed, s.Created = moment(w.expires), moment(w.lastUsed), moment(w.created)
	if w.expires < 0 || s.Uses < 0 {
		return s, damaged("secret of credential", string(s.Credential), "a negative number")
	}
	s.Digest, err = digest("secret of credential", string(s.Credential), w.digest)
	return s, err
}

func scanSecret(r row) (sallyport.CredentialSecret, error) {
	var w secretRow
	if err := r.Scan(w.into()...); err != nil {
		return w.s, err
	}
	return w.secret()
}

// A match is a credential with the one of its secrets that was asked for.
type match struct {
	credential sallyport.Credential
	secret     sallyport.CredentialSecret
}

func scanMatch(r row) (m match, err error) {
	var c credentialRow
	var s secretRow
	if err := r.Scan(append(c.into(), s.into()...)...); err != nil {
		return m, err
	}
	if m.credential, err = c.credential(); err != nil {
		return m, err
	}
	m.secret, err = s.secret()
	return m, err
}

const selectByDigest = `
	SELECT ` + credentialFields + `, ` + secretFields + `
	FROM credential_secret s JOIN credential c ON c.id = s.credential
	WHERE s.digest = $1`

// CredentialByDigest returns the credential that a secret belongs to, and the
// secret: of whatever state, and expired ones too.
func (r *Reader) CredentialByDigest(ctx context.Context, digest [32]byte) (sallyport.Credential, sallyport.CredentialSecret, error) {
	m, err := one(ctx, r, "credential", selectByDigest, scanMatch, digest[:])
	return m.credential, m.secret, err
}

const selectSecrets = `
	SELECT ` + secretFields + `
	FROM credential_secret s JOIN credential c ON c.id = s.credential
	WHERE c.tenant = $1 AND c.id = $2
	ORDER BY CASE WHEN s.expires = 0 THEN 0 ELSE 1 END, s.created DESC, s.digest`

// CredentialSecrets returns the secrets of a credential, newest first: that is the
// one without an end of its own, also when it was made in the same microsecond.
func (r *Reader) CredentialSecrets(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID) ([]sallyport.CredentialSecret, error) {
	return list(ctx, r, "secret of credential", selectSecrets, scanSecret, string(tenant), string(id))
}

const countSecretsSince = `
	SELECT COUNT(*) FROM credential_secret
	WHERE credential = $1 AND created <= $2 AND (expires = 0 OR expires > $3)`

// HasSecretSince reports whether a credential has a secret that it had at a time
// already and that is good now. If not, what was exchanged for its secret then stems
// from one that was replaced since.
func (r *Reader) HasSecretSince(ctx context.Context, id sallyport.CredentialID, then, now time.Time) (bool, error) {
	n, err := one(ctx, r, "secret of credential", countSecretsSince, scanInt, string(id), micros(then), micros(now))
	return n > 0, err
}

const insertSecret = `
	INSERT INTO credential_secret (digest, credential, pepper, hint, expires, uses, last_used, last_addr, last_via, created)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (t *Tx) insertSecret(ctx context.Context, s *sallyport.CredentialSecret) error {
	if s.Created.IsZero() {
		s.Created = t.now()
	}
	s.Created, s.Expires, s.LastUsed = trim(s.Created), trim(s.Expires), trim(s.LastUsed)
	return t.insert(ctx, "credential", "secret", "this secret is in use already", insertSecret,
		s.Digest[:], string(s.Credential), s.Pepper, s.Hint, micros(s.Expires), s.Uses, micros(s.LastUsed), s.LastAddr, s.LastVia, micros(s.Created))
}

const (
	renewCredential = `
	UPDATE credential
	SET hint = $1, renewed = $2, updated = $3, version = version + 1
	WHERE tenant = $4 AND id = $5 AND state <> 'revoked' AND (version = $6 OR $6 = -1)
	RETURNING version`
	endOverlap = `
	UPDATE credential_secret SET expires = $1 WHERE credential = $2 AND expires > $3`
	beginOverlap = `
	UPDATE credential_secret SET expires = $1 WHERE credential = $2 AND expires = 0`
)

// ReplaceSecret gives a credential a new secret. The one before works until
// oldUntil, which for an end at once is now; one that was already being
// replaced ends now. A revoked credential is a Conflict.
func (t *Tx) ReplaceSecret(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID, secret *sallyport.CredentialSecret, oldUntil time.Time, ifVersion int64) error {
	now := micros(t.now())
	err := t.update(ctx, "credential", nil, renewCredential,
		[]any{secret.Hint, now, now, string(tenant), string(id), ifVersion},
		credentialVersion, string(tenant), string(id))
	if sallyport.KindOf(err) == sallyport.Changed {
		return t.orRevoked(ctx, tenant, id, err)
	}
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "credential", endOverlap, now, string(id), now); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "credential", beginOverlap, max(micros(oldUntil), now), string(id)); err != nil {
		return err
	}
	secret.Credential = id
	return t.insertSecret(ctx, secret)
}

const touchCredential = `
	UPDATE credential
	SET updated = $1, version = version + 1
	WHERE tenant = $2 AND id = $3 AND state <> 'revoked' AND (version = $4 OR $4 = -1)
	RETURNING version`

// EndOverlap ends every secret of a credential but the newest, now. A revoked
// credential is a Conflict.
func (t *Tx) EndOverlap(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64) error {
	now := micros(t.now())
	err := t.update(ctx, "credential", nil, touchCredential, []any{now, string(tenant), string(id), ifVersion},
		credentialVersion, string(tenant), string(id))
	if sallyport.KindOf(err) == sallyport.Changed {
		return t.orRevoked(ctx, tenant, id, err)
	}
	if err == nil {
		_, err = t.exec(ctx, "credential", endOverlap, now, string(id), now)
	}
	return err
}

// A UseCount is how often a secret was used since the last count, and by whom
// the last time.
type UseCount struct {
	Credential sallyport.CredentialID
	Digest     [32]byte
	Uses       int64 // to be added
	LastUsed   time.Time
	Addr       string
	Via        string
}

// The columns of VALUES are column1, column2, … in both engines. A count is an
// UPDATE, so it can make no row anew, and it passes over revoked ones.
var (
	countCredentials = batchText{
		head: `UPDATE credential
	SET uses = uses + v.column2,
		last_addr = CASE WHEN v.column3 >= last_used THEN v.column4 ELSE last_addr END,
		last_via = CASE WHEN v.column3 >= last_used THEN v.column5 ELSE last_via END,
		last_used = CASE WHEN v.column3 >= last_used THEN v.column3 ELSE last_used END
	FROM (VALUES `,
		row:  []string{asText, asInt, asInt, asText, asText},
		tail: `) AS v WHERE credential.id = v.column1 AND credential.state <> 'revoked'`,
	}
	countSecrets = batchText{
		head: `UPDATE credential_secret
	SET uses = credential_secret.uses + v.column3,
		last_addr = CASE WHEN v.column4 >= credential_secret.last_used THEN v.column5 ELSE credential_secret.last_addr END,
		last_via = CASE WHEN v.column4 >= credential_secret.last_used THEN v.column6 ELSE credential_secret.last_via END,
		last_used = CASE WHEN v.column4 >= credential_secret.last_used THEN v.column4 ELSE credential_secret.last_used END
	FROM (VALUES `,
		row: []string{asBlob, asText, asInt, asInt, asText, asText},
		tail: `) AS v, credential c
	WHERE credential_secret.digest = v.column1 AND credential_secret.credential = v.column2
	AND c.id = credential_secret.credential AND c.state <> 'revoked'`,
	}
)

// CountUses adds to the counts of credentials and of their secrets. Counts of
// revoked, removed or unknown ones are dropped. It is no change of the
// credential: its version stays.
func (t *Tx) CountUses(ctx context.Context, counts []UseCount) error {
	// One row may stand in a batch once: a join takes one of several.
	bySecret, byCredential := sum(counts, func(a, b UseCount) int {
		return cmp.Or(cmp.Compare(a.Credential, b.Credential), bytes.Compare(a.Digest[:], b.Digest[:]))
	}), sum(counts, func(a, b UseCount) int { return cmp.Compare(a.Credential, b.Credential) })

	rows := make([][]any, 0, len(byCredential))
	for _, c := range byCredential {
		rows = append(rows, []any{string(c.Credential), c.Uses, micros(c.LastUsed), c.Addr, c.Via})
	}
	if err := t.batch(ctx, "credential", countCredentials, rows); err != nil {
		return err
	}
	rows = make([][]any, 0, len(bySecret))
	for _, c := range bySecret {
		rows = append(rows, []any{c.Digest[:], string(c.Credential), c.Uses, micros(c.LastUsed), c.Addr, c.Via})
	}
	return t.batch(ctx, "credential", countSecrets, rows)
}

// sum returns counts in order, with those that compare equal added up. The
// order keeps two nodes from locking the same rows crosswise.
func sum(counts []UseCount, compare func(a, b UseCount) int) []UseCount {
	sorted := slices.SortedFunc(slices.Values(counts), compare)
	var out []UseCount
	for _, c := range sorted {
		if n := len(out); n > 0 && compare(out[n-1], c) == 0 {
			total := &out[n-1]
			total.Uses += c.Uses
			if !c.LastUsed.Before(total.LastUsed) {
				total.LastUsed, total.Addr, total.Via = c.LastUsed, c.Addr, c.Via
			}
			continue
		}
		out = append(out, c)
	}
	return out
}
