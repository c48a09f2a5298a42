package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A KeyState says where a signing key is in its life.
type KeyState string

// States of a signing key.
const (
	KeyNext    KeyState = "next"    // published, not yet used
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // verifies until it ends
)

// A SigningKey is a key that signs tokens. There is at most one active and one
// next for each API, use and algorithm.
type SigningKey struct {
	ID        string            // the "kid"
	API       sallyport.APIName // empty: of the installation
	Algorithm string
	Use       string // what it signs, such as access tokens or assertions
	State     KeyState
	Sealed    []byte // private key, encrypted
	Public    []byte // JWK
	Created   time.Time
	Activated time.Time
	Retired   time.Time
	Ends      time.Time // when a retired key verifies no more
	Version   int64
}

const signingKeyColumns = `
	SELECT id, api, algorithm, use, state, sealed, public, created, activated, retired, ends, version
	FROM signing_key `

func scanSigningKey(r row) (k SigningKey, err error) {
	var public string
	var created, activated, retired, ends int64
	err = r.Scan(&k.ID, &k.API, &k.Algorithm, &k.Use, &k.State, &k.Sealed, &public,
		&created, &activated, &retired, &ends, &k.Version)
	if err != nil {
		return k, err
	}
	k.Public = []byte(public)
	k.Created, k.Activated, k.Retired, k.Ends = moment(created), moment(activated), moment(retired), moment(ends)
	switch k.State {
	case KeyNext, KeyActive:
	case KeyRetired:
		if ends <= 0 {
			return k, damaged("signing key", k.ID, "retired without an end")
		}
	default:
		return k, damaged("signing key", k.ID, "unknown state "+string(k.State))
	}
	return k, nil
}

const selectSigningKeys = signingKeyColumns + `ORDER BY created, id`

// SigningKeys returns all signing keys, oldest first.
func (r *Reader) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return list(ctx, r, "signing key", selectSigningKeys, scanSigningKey)
}

const selectSigningKey = signingKeyColumns + `WHERE id = $1`

// SigningKey returns a signing key by its "kid".
func (r *Reader) SigningKey(ctx context.Context, id string) (SigningKey, error) {
	return one(ctx, r, "signing key", selectSigningKey, scanSigningKey, id)
}

const insertSigningKey = `
	INSERT INTO signing_key (id, api, algorithm, use, state, sealed, public, created, activated, retired, ends, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// InsertSigningKey makes a signing key. A second active or next one for the
// same API, use and algorithm is a Conflict.
func (t *Tx) InsertSigningKey(ctx context.Context, k *SigningKey) error {
	t.stamp(&k.Created, nil, &k.Version)
	k.trim()
	return t.insert(ctx, "signing key", "state", "there is a signing key in this place", insertSigningKey,
		k.ID, string(k.API), k.Algorithm, k.Use, string(k.State), blob(k.Sealed), string(k.Public),
		micros(k.Created), micros(k.Activated), micros(k.Retired), micros(k.Ends), k.Version)
}

func (k *SigningKey) trim() {
	k.Activated, k.Retired, k.Ends = trim(k.Activated), trim(k.Retired), trim(k.Ends)
}

const (
	updateSigningKey = `
	UPDATE signing_key
	SET state = $1, sealed = $2, activated = $3, retired = $4, ends = $5, version = version + 1
	WHERE id = $6 AND (version = $7 OR $7 = -1)
	RETURNING version`
	signingKeyVersion = `
	SELECT version FROM signing_key WHERE id = $1`
)

// UpdateSigningKey writes the state, times and sealed private key of a signing
// key. In a rotation the active one is retired first.
func (t *Tx) UpdateSigningKey(ctx context.Context, k *SigningKey, ifVersion int64) error {
	k.trim()
	err := t.update(ctx, "signing key", &k.Version, updateSigningKey, []any{
		string(k.State), blob(k.Sealed), micros(k.Activated), micros(k.Retired), micros(k.Ends), k.ID, ifVersion,
	}, signingKeyVersion, k.ID)
	return explain(err, "state", "there is a signing key in this place")
}

const deleteSigningKey = `
	DELETE FROM signing_key WHERE id = $1 AND state = 'retired'`

// DeleteSigningKey removes a retired signing key; others it leaves. It reports
// whether it removed one.
func (t *Tx) DeleteSigningKey(ctx context.Context, id string) (bool, error) {
	n, err := t.exec(ctx, "signing key", deleteSigningKey, id)
	return n == 1, err
}
