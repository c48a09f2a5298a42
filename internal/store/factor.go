package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// Kinds of second factors.
const (
	FactorTOTP     = "totp"     // an app that shows codes (RFC 6238)
	FactorRecovery = "recovery" // a code that is good once
	FactorPasskey  = "passkey"  // a key of WebAuthn
)

// A Factor is something that a person proves to be himself with besides the
// password.
type Factor struct {
	ID        sallyport.FactorID
	Principal sallyport.PrincipalID
	Kind      string
	Name      string
	Active    bool             // it was tried once; before, nothing asks for it
	Secret    sallyport.Secret // TOTP, passkey: sealed; recovery: a keyed hash
	Used      int64            // TOTP: the last time step that a code was taken for; passkey: its counter of signatures
	LastUsed  time.Time
	Created   time.Time
}

// States of factors.
const (
	factorPending = "pending"
	factorActive  = "active"
)

const selectFactors = `
	SELECT id, principal, kind, name, state, secret, used, last_used, created FROM factor
	WHERE principal = $1 ORDER BY created, id`

func scanFactor(r row) (f Factor, err error) {
	var state string
	var secret []byte
	var lastUsed, created int64
	if err := r.Scan(&f.ID, &f.Principal, &f.Kind, &f.Name, &state, &secret, &f.Used, &lastUsed, &created); err != nil {
		return f, err
	}
	f.Active, f.Secret = state == factorActive, sallyport.Secret(secret)
	f.LastUsed, f.Created = moment(lastUsed), moment(created)
	return f, nil
}

// FactorsOf returns all factors of a user, oldest first.
func (r *Reader) FactorsOf(ctx context.Context, id sallyport.PrincipalID) ([]Factor, error) {
	return list(ctx, r, "factor", selectFactors, scanFactor, string(id))
}

const confirmCredential = `
	UPDATE credential SET renewed = $1 WHERE tenant = $2 AND id = $3`

// ConfirmCredential notes that a session's owner has proved anew who he is.
func (t *Tx) ConfirmCredential(ctx context.Context, tenant sallyport.TenantID, id sallyport.CredentialID) error {
	_, err := t.exec(ctx, "credential", confirmCredential, micros(t.now()), string(tenant), string(id))
	return err
}

const countSecondFactors = `
	SELECT COUNT(*) FROM factor WHERE principal = $1 AND state = 'active' AND kind <> 'recovery'`

// HasSecondFactor reports whether a user's password alone opens nothing.
func (r *Reader) HasSecondFactor(ctx context.Context, id sallyport.PrincipalID) (bool, error) {
	n, err := one(ctx, r, "factor", countSecondFactors, scanInt, string(id))
	return n > 0, err
}

const insertFactor = `
	INSERT INTO factor (id, principal, kind, name, state, secret, used, last_used, created)
	VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7)`

// InsertFactor adds a factor.
func (t *Tx) InsertFactor(ctx context.Context, f *Factor) error {
	f.Created = trim(t.now())
	state := factorPending
	if f.Active {
		state = factorActive
	}
	_, err := t.exec(ctx, "factor", insertFactor,
		string(f.ID), string(f.Principal), f.Kind, f.Name, state, []byte(f.Secret.Reveal()), micros(f.Created))
	return err
}

const activateFactor = `
	UPDATE factor SET state = 'active', used = $1, last_used = $2
	WHERE principal = $3 AND id = $4 AND state = 'pending'`

// ActivateFactor puts a factor in force, with the step that it was tried with.
// It reports whether there was one that waited for it.
func (t *Tx) ActivateFactor(ctx context.Context, principal sallyport.PrincipalID, id sallyport.FactorID, step int64) (bool, error) {
	n, err := t.exec(ctx, "factor", activateFactor, step, micros(t.now()), string(principal), string(id))
	return n == 1, err
}

const useFactor = `
	UPDATE factor SET used = $1, last_used = $2
	WHERE principal = $3 AND id = $4 AND state = 'active' AND used < $1`

// UseFactor takes a code of a time step. Of several that try at once, and of
// those that come later with the same or an older step, it reports false.
func (t *Tx) UseFactor(ctx context.Context, principal sallyport.PrincipalID, id sallyport.FactorID, step int64) (bool, error) {
	n, err := t.exec(ctx, "factor", useFactor, step, micros(t.now()), string(principal), string(id))
	return n == 1, err
}

const activatePasskey = `
	UPDATE factor SET state = 'active', secret = $1, used = $2, last_used = $3
	WHERE principal = $4 AND id = $5 AND kind = 'passkey' AND state = 'pending'`

// ActivatePasskey puts a passkey in force, with what is to be known of it and its
// counter of signatures. It reports whether there was one that waited for it.
func (t *Tx) ActivatePasskey(ctx context.Context, f *Factor) (bool, error) {
	n, err := t.exec(ctx, "factor", activatePasskey,
		[]byte(f.Secret.Reveal()), f.Used, micros(t.now()), string(f.Principal), string(f.ID))
	return n == 1, err
}

const usePasskey = `
	UPDATE factor SET used = $1, last_used = $2
	WHERE principal = $3 AND id = $4 AND kind = 'passkey' AND state = 'active'
		AND last_used < $5 AND (used < $1 OR used = 0 AND $1 = 0)`

// UsePasskey takes the answer of a passkey to a challenge that was drawn at a
// moment. Of several answers to one challenge it takes one, and none to a challenge
// that is older than the last use. The counter of signatures must have grown, unless
// the passkey has none, which is 0 (Web Authentication section 6.1.1).
func (t *Tx) UsePasskey(ctx context.Context, principal sallyport.PrincipalID, id sallyport.FactorID, counter int64, drawn time.Time) (bool, error) {
	used := t.now()
	if used.Before(drawn) {
		used = drawn // another node's clock is ahead
	}
	n, err := t.exec(ctx, "factor", usePasskey, counter, micros(used), string(principal), string(id), micros(drawn))
	return n == 1, err
}

const renameFactor = `
	UPDATE factor SET name = $1 WHERE principal = $2 AND id = $3 AND kind <> 'recovery'`

// RenameFactor gives a factor another name and reports whether it was there.
func (t *Tx) RenameFactor(ctx context.Context, principal sallyport.PrincipalID, id sallyport.FactorID, name string) (bool, error) {
	n, err := t.exec(ctx, "factor", renameFactor, name, string(principal), string(id))
	return n == 1, err
}

const deleteFactor = `
	DELETE FROM factor WHERE principal = $1 AND id = $2`

// DeleteFactor removes a factor and reports whether it was there: a recovery
// code is taken so, once.
func (t *Tx) DeleteFactor(ctx context.Context, principal sallyport.PrincipalID, id sallyport.FactorID) (bool, error) {
	n, err := t.exec(ctx, "factor", deleteFactor, string(principal), string(id))
	return n == 1, err
}

const deleteFactorsOf = `
	DELETE FROM factor WHERE principal = $1`

const deleteRecoveryCodes = `
	DELETE FROM factor WHERE principal = $1 AND kind = 'recovery'`

// DeleteFactors removes all factors of a user, and returns how many there were.
func (t *Tx) DeleteFactors(ctx context.Context, principal sallyport.PrincipalID) (int64, error) {
	return t.exec(ctx, "factor", deleteFactorsOf, string(principal))
}

// DeleteRecoveryCodes removes a user's recovery codes.
func (t *Tx) DeleteRecoveryCodes(ctx context.Context, principal sallyport.PrincipalID) error {
	_, err := t.exec(ctx, "factor", deleteRecoveryCodes, string(principal))
	return err
}
