package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
)

const credentialFields = `
	c.id, c.tenant, c.kind, c.owner, c.creator, c.name, c.hint, c.scopes, c.networks, c.state,
	c.expires, c.idle, c.uses, c.last_used, c.last_addr, c.last_via, c.created, c.renewed, c.updated, c.version,
	c.begun_with, c.brownout_share, c.brownout_until`

const credentialColumns = `
	SELECT ` + credentialFields + `
	FROM credential c `

// A credentialRow is a row on its way to a credential.
type credentialRow struct {
	c                                                  sallyport.Credential
	scopes, networks                                   string
	expires, idle, lastUsed, created, renewed, updated int64
	brownout                                           int64
}

func (w *credentialRow) into() []any {
	c := &w.c
	return []any{
		&c.ID, &c.Tenant, &c.Kind, &c.Owner, &c.Creator, &c.Name, &c.Hint, &w.scopes, &w.networks, &c.State,
		&w.expires, &w.idle, &c.Uses, &w.lastUsed, &c.LastAddr, &c.LastVia, &w.created, &w.renewed, &w.updated, &c.Version,
		&c.BegunWith,
		&c.Brownout.Share, &w.brownout,
	}
}

// credential refuses what cannot be: a damaged row must not become a
// credential that may more, or longer, than it was given.
func (w *credentialRow) credential() (sallyport.Credential, error) {
	c, id := &w.c, string(w.c.ID)
	c.Expires, c.Idle, c.LastUsed = moment(w.expires), span(w.idle), moment(w.lastUsed)
	c.Created, c.Renewed, c.Updated = moment(w.created), moment(w.renewed), moment(w.updated)
	c.Brownout.Until = moment(w.brownout)
	if c.Brownout.Share < 0 || c.Brownout.Share > 100 {
		return *c, damaged("credential", id, "a share that is none")
	}
	switch c.Kind {
	case sallyport.Session, sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey,
		sallyport.AccessToken:
	case sallyport.Password, sallyport.RefreshToken:
		return *c, damaged("credential", id, "a kind that is not kept here: "+string(c.Kind))
	default:
		return *c, damaged("credential", id, "unknown kind "+string(c.Kind))
	}
	if c.Owner == "" || w.expires < 0 || w.idle < 0 || c.Uses < 0 {
		return *c, damaged("credential", id, "no owner, or a negative number")
	}
	if err := checkTenant("credential", id, c.Tenant); err != nil {
		return *c, err
	}
	if err := decode("credential", id, "scopes", w.scopes, &c.Scopes); err != nil {
		return *c, err
	}
	if err := decode("credential", id, "networks", w.networks, &c.Networks); err != nil {
		return *c, err
	}
	for _, n := range c.Networks {
		if !n.IsValid() {
			return *c, damaged("credential", id, "an invalid network")
		}
	}
	return *c, checkState("credential", id, c.State, sallyport.Active, sallyport.Deactivated, sallyport.Locked, sallyport.Revoked)
}

func scanCredential(r row) (sallyport.Credential, error) {
	var w credentialRow
	if err := r.Scan(w.into()...); err != nil {
		return w.c, err
	}
	return w.credential()
}

func credentialKey(c sallyport.Credential) string { return byAge(c.Created, string(c.ID)) }

const selectCredential = credentialColumns + `WHERE c.tenant = $1 AND c.id = $2`

// Credential returns a credential that acts in tenant.
func (r *Reader) Credential(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID) (sallyport.Credential, error) {
	return one(ctx, r, "credential", selectCredential, scanCredential, string(tenant), string(id))
}

const selectCredentialByID = credentialColumns + `WHERE c.id = $1`

// CredentialByID returns a credential of whatever tenant. An API key is found
// by its [sallyport.PrincipalID] too, which is the same.
func (r *Reader) CredentialByID(ctx context.Context, id sallyport.CredentialID) (sallyport.Credential, error) {
	return one(ctx, r, "credential", selectCredentialByID, scanCredential, string(id))
}

// credentialsAtOnce is how many credentials one statement looks up.
const (
	credentialsAtOnce     = 32
	selectCredentialsByID = credentialColumns + `WHERE c.id IN (
	$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
	$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)`
)

// CredentialsByID returns those of some credentials, of whatever tenants, that there
// are, in no order; each id is given once. To read a statement takes SQLite longer
// than to look a credential up, so it is asked about many at once.
func (r *Reader) CredentialsByID(ctx context.Context, ids []sallyport.CredentialID) ([]sallyport.Credential, error) {
	var all []sallyport.Credential
	for some := range slices.Chunk(ids, credentialsAtOnce) {
		args := make([]any, credentialsAtOnce)
		for i := range args {
			args[i] = string(some[min(i, len(some)-1)]) // one that stands there twice is found once
		}
		found, err := list(ctx, r, "credentials", selectCredentialsByID, scanCredential, args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// A CredentialFilter chooses among credentials; what is empty does not matter.
type CredentialFilter struct {
	Kind  sallyport.CredentialKind
	Owner sallyport.PrincipalID
	State sallyport.State
}

// With a kind, a list is read by an index of that kind: an account can have a few
// tokens among the sessions of a busy program.
const (
	credentialPage = `
	AND (c.created, c.id) > ($2, $3)`
	credentialsOfKind = `
	AND c.kind = $4`
	credentialsOfAny = `
	AND (CAST($4 AS TEXT) = '' OR c.kind = $4)`
	credentialOrder = `
	AND (CAST($5 AS TEXT) = '' OR c.owner = $5) AND (CAST($6 AS TEXT) = '' OR c.state = $6)
	ORDER BY c.created, c.id LIMIT $7`

	credentialsIn    = `WHERE c.tenant = $1` + credentialPage
	credentialsOwned = `WHERE c.owner = $1` + credentialPage

	selectCredentials         = credentialColumns + credentialsIn + credentialsOfAny + credentialOrder
	selectCredentialsOfKind   = credentialColumns + credentialsIn + credentialsOfKind + credentialOrder
	selectCredentialsOf       = credentialColumns + credentialsOwned + credentialsOfAny + credentialOrder
	selectCredentialsOfByKind = credentialColumns + credentialsOwned + credentialsOfKind + credentialOrder
)

// among chooses one of two queries by what a filter asks for.
func (f *CredentialFilter) among(all, ofKind string) string {
	if f.Kind != "" {
		return ofKind
	}
	return all
}

// Credentials returns the credentials that act in a tenant, oldest first.
func (r *Reader) Credentials(ctx context.Context, tenant sallyport.TenantID, f CredentialFilter, p Page) ([]sallyport.Credential, string, error) {
	if err := needTenant(tenant); err != nil {
		return nil, "", err
	}
	return r.credentials(ctx, f.among(selectCredentials, selectCredentialsOfKind), string(tenant), f, p)
}

// CredentialsOf returns the credentials of an owner in every tenant, oldest
// first. The filter's Owner is not looked at.
func (r *Reader) CredentialsOf(ctx context.Context, owner sallyport.PrincipalID, f CredentialFilter, p Page) ([]sallyport.Credential, string, error) {
	f.Owner = ""
	return r.credentials(ctx, f.among(selectCredentialsOf, selectCredentialsOfByKind), string(owner), f, p)
}

func (r *Reader) credentials(ctx context.Context, query, whose string, f CredentialFilter, p Page) ([]sallyport.Credential, string, error) {
	created, id, err := p.age()
	if err != nil {
		return nil, "", err
	}
	all, err := list(ctx, r, "credential", query, scanCredential, whose, created, id,
		string(f.Kind), string(f.Owner), string(f.State), p.more())
	return cut(p, all, err, credentialKey)
}

const insertCredential = `
	INSERT INTO credential (id, tenant, kind, owner, creator, name, hint, scopes, networks, state,
		expires, idle, uses, last_used, last_addr, last_via, created, renewed, updated, version, begun_with)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`

// InsertCredential makes a credential with its secret, whose Credential and
// Created it sets. A digest that exists already, whoever's it is, is a
// Conflict.
func (t *Tx) InsertCredential(ctx context.Context, c *sallyport.Credential, secret *sallyport.CredentialSecret) error {
	scopes, networks, err := encodeLimits(c)
	if err != nil {
		return err
	}
	t.stamp(&c.Created, &c.Updated, &c.Version)
	if c.Renewed.IsZero() {
		c.Renewed = c.Created
	}
	c.Renewed, c.Expires, c.LastUsed = trim(c.Renewed), trim(c.Expires), trim(c.LastUsed)
	err = t.insert(ctx, "credential", "id", "there is a credential of this id", insertCredential,
		string(c.ID), string(c.Tenant), string(c.Kind), string(c.Owner), string(c.Creator), c.Name, c.Hint,
		scopes, networks, string(c.State), micros(c.Expires), c.Idle.Microseconds(), c.Uses, micros(c.LastUsed),
		c.LastAddr, c.LastVia, micros(c.Created), micros(c.Renewed), micros(c.Updated), c.Version,
		string(c.BegunWith))
	if err != nil {
		return err
	}
	secret.Credential = c.ID
	return t.insertSecret(ctx, secret)
}

func encodeLimits(c *sallyport.Credential) (scopes, networks string, err error) {
	if scopes, err = encode(c.Scopes); err != nil {
		return "", "", err
	}
	for _, n := range c.Networks {
		if !n.IsValid() {
			return "", "", sallyport.ErrInvalid("networks", "is not a network such as 192.0.2.0/24")
		}
	}
	networks, err = encode(c.Networks)
	return scopes, networks, err
}

const (
	updateCredential = `
	UPDATE credential
	SET name = $1, scopes = $2, networks = $3, state = $4, expires = $5, idle = $6, updated = $7, version = version + 1
	WHERE tenant = $8 AND id = $9 AND state <> 'revoked' AND (version = $10 OR $10 = -1)
	RETURNING version`
	credentialVersion = `
	SELECT version FROM credential WHERE tenant = $1 AND id = $2`
	credentialRevoked = `
	SELECT version FROM credential WHERE tenant = $1 AND id = $2 AND state = 'revoked'`
)

// UpdateCredential writes the name, scopes, networks, state, expiry and idle
// limit of a credential. A revoked one is a Conflict: it stays as it is.
func (t *Tx) UpdateCredential(ctx context.Context, c *sallyport.Credential, ifVersion int64) error {
	scopes, networks, err := encodeLimits(c)
	if err != nil {
		return err
	}
	c.Updated, c.Expires = trim(t.now()), trim(c.Expires)
	err = t.update(ctx, "credential", &c.Version, updateCredential, []any{
		c.Name, scopes, networks, string(c.State), micros(c.Expires), c.Idle.Microseconds(), micros(c.Updated),
		string(c.Tenant), string(c.ID), ifVersion,
	}, credentialVersion, string(c.Tenant), string(c.ID))
	if sallyport.KindOf(err) == sallyport.Changed {
		return t.orRevoked(ctx, c.Tenant, c.ID, err)
	}
	return err
}

// orRevoked returns err, or a better one if the credential is revoked.
func (t *Tx) orRevoked(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID, err error) error {
	_, e := one(ctx, &t.Reader, "credential", credentialRevoked, scanInt, string(tenant), string(id))
	switch {
	case e == nil:
		return sallyport.ErrConflict("state", "the credential is revoked, which is final")
	case sallyport.KindOf(e) == sallyport.NotFound:
		return err
	default:
		return e
	}
}

const revokeCredential = `
	UPDATE credential
	SET state = 'revoked', updated = $1, version = version + 1
	WHERE tenant = $2 AND id = $3 AND state <> 'revoked'`

// RevokeCredential ends a credential for good, and reports whether it was not
// ended before. The row stays, so that nothing can bring it back.
func (t *Tx) RevokeCredential(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID) (bool, error) {
	n, err := t.exec(ctx, "credential", revokeCredential, micros(t.now()), string(tenant), string(id))
	if err != nil || n == 1 {
		return n == 1, err
	}
	_, err = one(ctx, &t.Reader, "credential", credentialVersion, scanInt, string(tenant), string(id))
	return false, err
}

const revokeBegunWith = `
	UPDATE credential
	SET state = 'revoked', updated = $1, version = version + 1
	WHERE begun_with = $2 AND begun_with <> '' AND state <> 'revoked'
	RETURNING id`

// RevokeBegunWith ends the sessions that were begun with a credential, and
// returns the ids of those that it ended.
func (t *Tx) RevokeBegunWith(ctx context.Context, id sallyport.CredentialID) ([]sallyport.CredentialID, error) {
	return list(ctx, &t.Reader, "credential", revokeBegunWith, func(r row) (id sallyport.CredentialID, err error) {
		return id, r.Scan(&id)
	}, micros(t.now()), string(id))
}

const revokeCredentialsOf = `
	UPDATE credential
	SET state = 'revoked', updated = $1, version = version + 1
	WHERE owner = $2 AND state <> 'revoked' AND (CAST($3 AS TEXT) = '' OR kind = $3)
	RETURNING id`

// RevokeCredentialsOf ends the credentials of an owner, in every tenant: those
// of the kinds that are given, or all. It returns the ids of those that it
// ended.
func (t *Tx) RevokeCredentialsOf(ctx context.Context, owner sallyport.PrincipalID, kinds ...sallyport.CredentialKind) ([]sallyport.CredentialID, error) {
	if len(kinds) == 0 {
		kinds = []sallyport.CredentialKind{""}
	}
	var ended []sallyport.CredentialID
	for _, kind := range kinds {
		ids, err := list(ctx, &t.Reader, "credential", revokeCredentialsOf, func(r row) (id sallyport.CredentialID, err error) {
			return id, r.Scan(&id)
		}, micros(t.now()), string(owner), string(kind))
		if err != nil {
			return nil, err
		}
		ended = append(ended, ids...)
	}
	return ended, nil
}

const (
	deleteDeadSecrets = `
	DELETE FROM credential_secret WHERE credential IN (` + deadCredentials + `)`
	deleteDeadCredentials = `
	DELETE FROM credential WHERE id IN (` + deadCredentials + `)`
	deadCredentials = `
	SELECT id FROM credential WHERE kind = $1 AND expires > 0 AND expires < $2
	UNION ALL SELECT id FROM credential WHERE kind = $1 AND state = 'revoked' AND updated < $2`
	deleteOldSecrets = `
	DELETE FROM credential_secret WHERE expires > 0 AND expires < $1`
)

// PruneCredentials removes credentials of a kind that have been expired or
// revoked since before, with a tombstone for each secret that is not a session's,
// and returns how many. API keys are kept, since they
// are principals.
func (t *Tx) PruneCredentials(ctx context.Context, kind sallyport.CredentialKind, before time.Time) (int64, error) {
	if kind == sallyport.APIKey {
		return 0, nil
	}
	if _, err := t.exec(ctx, "tombstone", buryDead, micros(t.now()), string(kind), micros(before)); err != nil {
		return 0, err
	}
	if _, err := t.exec(ctx, "credential", deleteDeadSecrets, string(kind), micros(before)); err != nil {
		return 0, err
	}
	return t.exec(ctx, "credential", deleteDeadCredentials, string(kind), micros(before))
}

// PruneSecrets removes secrets whose overlap ended before a time, with a tombstone
// for each: who still uses one can be told that it was replaced.
func (t *Tx) PruneSecrets(ctx context.Context, before time.Time) (int64, error) {
	if _, err := t.exec(ctx, "tombstone", buryReplaced, micros(t.now()), micros(before)); err != nil {
		return 0, err
	}
	return t.exec(ctx, "credential", deleteOldSecrets, micros(before))
}
