package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A Family is a sign-in: the access and refresh tokens that stem from it.
type Family struct {
	ID         sallyport.FamilyID
	Tenant     sallyport.TenantID // where its tokens act; [sallyport.EveryTenant]: wherever its principal may
	Principal  sallyport.PrincipalID
	Credential sallyport.CredentialID // what it was begun with, such as an API key; empty: a password
	Client     string                 // client id, empty if there is none
	API        sallyport.APIName      // empty: not limited to one
	Scopes     []string               // nil: not limited
	State      sallyport.State        // Active or Revoked
	EndReason  string                 // why it was revoked
	Created    time.Time
	Expires    time.Time // absolute; rotation does not move it
	Ended      time.Time
	Version    int64
}

// A RefreshToken is one of the refresh tokens of a family.
type RefreshToken struct {
	Digest    [32]byte // keyed hash of the token
	Family    sallyport.FamilyID
	Pepper    int   // version of the key that made Digest
	Number    int64 // place in the family, from 1
	Created   time.Time
	Expires   time.Time
	Used      time.Time // when it was exchanged; zero: it was not
	Successor []byte    // the sealed answer to its exchange, kept for the retry window
}

const familyFields = `
	f.id, f.tenant, f.principal, f.credential, f.client, f.api, f.scopes, f.state, f.end_reason,
	f.created, f.expires, f.ended, f.version`

const familyColumns = `
	SELECT ` + familyFields + `
	FROM family f `

// A familyRow is a row on its way to a family.
type familyRow struct {
	f                       Family
	scopes                  string
	created, expires, ended int64
}

func (w *familyRow) into() []any {
	f := &w.f
	return []any{
		&f.ID, &f.Tenant, &f.Principal, &f.Credential, &f.Client, &f.API, &w.scopes, &f.State, &f.EndReason,
		&w.created, &w.expires, &w.ended, &f.Version,
	}
}

func (w *familyRow) family() (Family, error) {
	f, id := &w.f, string(w.f.ID)
	f.Created, f.Expires, f.Ended = moment(w.created), moment(w.expires), moment(w.ended)
	if w.expires <= 0 || f.Principal == "" {
		return *f, damaged("sign-in", id, "no expiry or no principal")
	}
	if err := checkTenant("sign-in", id, f.Tenant); err != nil {
		return *f, err
	}
	if err := decode("sign-in", id, "scopes", w.scopes, &f.Scopes); err != nil {
		return *f, err
	}
	return *f, checkState("sign-in", id, f.State, sallyport.Active, sallyport.Revoked)
}

func scanFamily(r row) (Family, error) {
	var w familyRow
	if err := r.Scan(w.into()...); err != nil {
		return w.f, err
	}
	return w.family()
}

const selectFamilyByID = familyColumns + `WHERE f.id = $1`

// FamilyByID returns a sign-in of whatever tenant.
func (r *Reader) FamilyByID(ctx context.Context, id sallyport.FamilyID) (Family, error) {
	return one(ctx, r, "sign-in", selectFamilyByID, scanFamily, string(id))
}

const (
	familyPage = `
	AND (f.created, f.id) > ($2, $3) AND (CAST($4 AS TEXT) = '' OR f.state = $4)
	ORDER BY f.created, f.id LIMIT $5`
	selectFamilies   = familyColumns + `WHERE f.tenant = $1` + familyPage
	selectFamiliesOf = familyColumns + `WHERE f.principal = $1` + familyPage
)

// Families returns the sign-ins of a tenant, oldest first; those of a state, if
// one is given.
func (r *Reader) Families(ctx context.Context, tenant sallyport.TenantID, state sallyport.State, p Page) ([]Family, string, error) {
	return r.families(ctx, selectFamilies, string(tenant), state, p)
}

// FamiliesOf returns the sign-ins of a principal, as Families does.
func (r *Reader) FamiliesOf(ctx context.Context, id sallyport.PrincipalID, state sallyport.State, p Page) ([]Family, string, error) {
	return r.families(ctx, selectFamiliesOf, string(id), state, p)
}

func (r *Reader) families(ctx context.Context, query, whose string, state sallyport.State, p Page) ([]Family, string, error) {
	created, id, err := p.age()
	if err != nil {
		return nil, "", err
	}
	all, err := list(ctx, r, "sign-in", query, scanFamily, whose, created, id, string(state), p.more())
	return cut(p, all, err, func(f Family) string { return byAge(f.Created, string(f.ID)) })
}

const insertFamily = `
	INSERT INTO family (id, tenant, principal, credential, client, api, scopes, state, end_reason, created, expires, ended, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// InsertFamily makes a sign-in. It must have an expiry.
func (t *Tx) InsertFamily(ctx context.Context, f *Family) error {
	if f.Expires.IsZero() {
		return sallyport.ErrInvalid("expires", "a sign-in must end some time")
	}
	scopes, err := encode(f.Scopes)
	if err != nil {
		return err
	}
	t.stamp(&f.Created, nil, &f.Version)
	f.Expires, f.Ended = trim(f.Expires), trim(f.Ended)
	return t.insert(ctx, "sign-in", "id", "there is a sign-in of this id", insertFamily,
		string(f.ID), string(f.Tenant), string(f.Principal), string(f.Credential), f.Client, string(f.API), scopes,
		string(f.State), f.EndReason, micros(f.Created), micros(f.Expires), micros(f.Ended), f.Version)
}

const endFamily = `
	UPDATE family
	SET state = 'revoked', end_reason = $1, ended = $2, version = version + 1
	WHERE tenant = $3 AND id = $4 AND state <> 'revoked'`

const familyVersion = `
	SELECT version FROM family WHERE tenant = $1 AND id = $2`

// EndFamily ends a sign-in for good, and reports whether it was not ended
// before.
func (t *Tx) EndFamily(ctx context.Context, tenant sallyport.TenantID, id sallyport.FamilyID, reason string) (bool, error) {
	n, err := t.exec(ctx, "sign-in", endFamily, reason, micros(t.now()), string(tenant), string(id))
	if err != nil || n == 1 {
		return n == 1, err
	}
	_, err = one(ctx, &t.Reader, "sign-in", familyVersion, scanInt, string(tenant), string(id))
	return false, err
}

const (
	endFamilies = `
	UPDATE family
	SET state = 'revoked', end_reason = $1, ended = $2, version = version + 1
	WHERE state <> 'revoked' AND `
	endFamiliesOf    = endFamilies + `principal = $3 RETURNING id`
	endFamiliesBegun = endFamilies + `credential = $3 RETURNING id`
)

func scanFamilyID(r row) (id sallyport.FamilyID, err error) { return id, r.Scan(&id) }

// EndFamiliesOf ends all sign-ins of a principal and returns their ids.
func (t *Tx) EndFamiliesOf(ctx context.Context, id sallyport.PrincipalID, reason string) ([]sallyport.FamilyID, error) {
	return list(ctx, &t.Reader, "sign-in", endFamiliesOf, scanFamilyID, reason, micros(t.now()), string(id))
}

// EndFamiliesByCredential ends all sign-ins that were begun with a credential
// and returns their ids.
func (t *Tx) EndFamiliesByCredential(ctx context.Context, id sallyport.CredentialID, reason string) ([]sallyport.FamilyID, error) {
	if id == "" {
		return nil, nil
	}
	return list(ctx, &t.Reader, "sign-in", endFamiliesBegun, scanFamilyID, reason, micros(t.now()), string(id))
}

const (
	deadFamilies = `
	SELECT id FROM family WHERE expires < $1
	UNION ALL SELECT id FROM family WHERE state = 'revoked' AND ended < $1`
	deleteDeadTokens = `
	DELETE FROM refresh_token WHERE family IN (` + deadFamilies + `)`
	deleteDeadFamilies = `
	DELETE FROM family WHERE id IN (` + deadFamilies + `)`
)

// PruneFamilies removes sign-ins that have been over since before, with their
// tokens, and returns how many.
func (t *Tx) PruneFamilies(ctx context.Context, before time.Time) (int64, error) {
	if _, err := t.exec(ctx, "refresh token", deleteDeadTokens, micros(before)); err != nil {
		return 0, err
	}
	return t.exec(ctx, "sign-in", deleteDeadFamilies, micros(before))
}
