package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

const refreshFields = `
	k.digest, k.family, k.pepper, k.number, k.created, k.expires, k.used, k.successor`

// A refreshRow is a row on its way to a refresh token.
type refreshRow struct {
	k                      RefreshToken
	digest                 []byte
	created, expires, used int64
}

func (w *refreshRow) into() []any {
	k := &w.k
	return []any{&w.digest, &k.Family, &k.Pepper, &k.Number, &w.created, &w.expires, &w.used, &k.Successor}
}

func (w *refreshRow) token() (k RefreshToken, err error) {
	k = w.k
	k.Created, k.Expires, k.Used = moment(w.created), moment(w.expires), moment(w.used)
	if w.expires <= 0 || w.used < 0 {
		return k, damaged("refresh token of sign-in", string(k.Family), "an impossible time")
	}
	k.Digest, err = digest("refresh token of sign-in", string(k.Family), w.digest)
	return k, err
}

// An heirloom is a refresh token with its family.
type heirloom struct {
	token  RefreshToken
	family Family
}

func scanHeirloom(r row) (h heirloom, err error) {
	var k refreshRow
	var f familyRow
	if err := r.Scan(append(k.into(), f.into()...)...); err != nil {
		return h, err
	}
	if h.token, err = k.token(); err != nil {
		return h, err
	}
	h.family, err = f.family()
	return h, err
}

const selectRefreshByDigest = `
	SELECT ` + refreshFields + `, ` + familyFields + `
	FROM refresh_token k JOIN family f ON f.id = k.family
	WHERE k.digest = $1`

// RefreshTokenByDigest returns a refresh token and the sign-in it belongs to,
// used, expired or revoked as they may be.
func (r *Reader) RefreshTokenByDigest(ctx context.Context, digest [32]byte) (RefreshToken, Family, error) {
	h, err := one(ctx, r, "refresh token", selectRefreshByDigest, scanHeirloom, digest[:])
	return h.token, h.family, err
}

const selectNewestNumber = `
	SELECT COALESCE(MAX(number), 0) FROM refresh_token WHERE family = $1`

// NewestRefreshToken returns the highest number that a refresh token of a
// sign-in has: a used one is the immediate predecessor of the newest if its
// own number is one less.
func (r *Reader) NewestRefreshToken(ctx context.Context, id sallyport.FamilyID) (int64, error) {
	return one(ctx, r, "refresh token", selectNewestNumber, scanInt, string(id))
}

const insertRefreshToken = `
	INSERT INTO refresh_token (digest, family, pepper, number, created, expires, used, successor)
	VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`

// InsertRefreshToken makes the first refresh token of a sign-in; the others
// come from [Tx.RotateRefreshToken]. Its Number is 1.
func (t *Tx) InsertRefreshToken(ctx context.Context, k *RefreshToken) error {
	k.Number = 1
	return t.insertRefreshToken(ctx, k)
}

func (t *Tx) insertRefreshToken(ctx context.Context, k *RefreshToken) error {
	if k.Expires.IsZero() {
		return sallyport.ErrInvalid("expires", "a refresh token must end some time")
	}
	if k.Created.IsZero() {
		k.Created = t.now()
	}
	k.Created, k.Expires, k.Used, k.Successor = trim(k.Created), trim(k.Expires), time.Time{}, nil
	return t.insert(ctx, "refresh token", "refresh_token", "this refresh token exists already", insertRefreshToken,
		k.Digest[:], string(k.Family), k.Pepper, k.Number, micros(k.Created), micros(k.Expires), blob(nil))
}

const useRefreshToken = `
	UPDATE refresh_token
	SET used = $1, successor = $2
	WHERE digest = $3 AND used = 0 AND expires > $4
	AND EXISTS (SELECT 1 FROM family f WHERE f.id = refresh_token.family AND f.state = 'active' AND f.expires > $5)
	RETURNING family, number`

func scanPlace(r row) (k RefreshToken, err error) { return k, r.Scan(&k.Family, &k.Number) }

// RotateRefreshToken exchanges a refresh token for its successor, of which it
// sets Family and Number, and keeps sealed, the answer to the exchange, for a
// retry. Of any number of exchanges at once one is made; the others report
// false and have changed nothing. So do those of a token that was used before,
// that is over, or whose sign-in is: [Reader.RefreshTokenByDigest] tells which.
func (t *Tx) RotateRefreshToken(ctx context.Context, used [32]byte, next *RefreshToken, sealed []byte) (bool, error) {
	now := micros(t.now())
	place, err := one(ctx, &t.Reader, "refresh token", useRefreshToken, scanPlace, now, blob(sealed), used[:], now, now)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	next.Family, next.Number = place.Family, place.Number+1
	return true, t.insertRefreshToken(ctx, next)
}

const forgetSuccessors = `
	UPDATE refresh_token SET successor = $1 WHERE used > 0 AND used < $2 AND length(successor) > 0`

// ForgetSuccessors removes the sealed answers to exchanges before a time, when
// no retry can ask for them any more, and returns how many.
func (t *Tx) ForgetSuccessors(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "refresh token", forgetSuccessors, blob(nil), micros(before))
}
