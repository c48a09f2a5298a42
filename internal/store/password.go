package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A Password is the hash of a user's password.
type Password struct {
	Hash       sallyport.Secret // in PHC string format
	Changed    time.Time
	MustChange bool // it was set by somebody else
}

const selectPassword = `
	SELECT hash, changed, must_change FROM password WHERE principal = $1`

func scanPassword(r row) (p Password, err error) {
	var changed int64
	err = r.Scan(&p.Hash, &changed, &p.MustChange)
	p.Changed = moment(changed)
	return p, err
}

// PasswordOf returns the password of a user; NotFound if he has none.
func (r *Reader) PasswordOf(ctx context.Context, id sallyport.PrincipalID) (Password, error) {
	return one(ctx, r, "password", selectPassword, scanPassword, string(id))
}

const upsertPassword = `
	INSERT INTO password (principal, hash, changed, must_change) VALUES ($1, $2, $3, $4)
	ON CONFLICT (principal) DO UPDATE
	SET hash = excluded.hash, changed = excluded.changed, must_change = excluded.must_change`

// SetPassword gives a user a password, and ends what was issued under the old
// one as [Tx.AdvanceEpoch] does.
func (t *Tx) SetPassword(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID, hash sallyport.Secret, mustChange bool) error {
	if err := t.AdvanceEpoch(ctx, tenant, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, "password", upsertPassword, string(id), hash.Reveal(), micros(t.now()), bit(mustChange))
	return err
}

const rehashPassword = `
	UPDATE password SET hash = $1 WHERE principal = $2 AND hash = $3`

// RehashPassword puts a better hash of the same password in place of an old
// one, if that is still there. It ends nothing.
func (t *Tx) RehashPassword(ctx context.Context, id sallyport.PrincipalID, old, hash sallyport.Secret) error {
	_, err := t.exec(ctx, "password", rehashPassword, hash.Reveal(), string(id), old.Reveal())
	return err
}

const deletePassword = `
	DELETE FROM password WHERE principal = $1`

// DeletePassword leaves a user without a password.
func (t *Tx) DeletePassword(ctx context.Context, tenant sallyport.TenantID, id sallyport.PrincipalID) error {
	if err := t.AdvanceEpoch(ctx, tenant, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, "password", deletePassword, string(id))
	return err
}
