package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// An Idempotency remembers what came of a request, so that the same request
// sent again does nothing again.
type Idempotency struct {
	Principal   sallyport.PrincipalID
	Key         string   // as the client chose it
	RequestHash [32]byte // of what was asked for
	Status      int      // 0: not finished
	ResultID    string
	Created     time.Time
}

const (
	insertIdempotency = `
	INSERT INTO idempotency (principal, key, request_hash, status, result_id, created)
	VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (principal, key) DO NOTHING`
	selectIdempotency = `
	SELECT principal, key, request_hash, status, result_id, created
	FROM idempotency WHERE principal = $1 AND key = $2`
)

func scanIdempotency(r row) (i Idempotency, err error) {
	var hash []byte
	var created int64
	if err := r.Scan(&i.Principal, &i.Key, &hash, &i.Status, &i.ResultID, &created); err != nil {
		return i, err
	}
	i.Created = moment(created)
	i.RequestHash, err = digest("idempotency key", i.Key, hash)
	return i, err
}

// ClaimIdempotency records a request in the transaction that carries it out. It
// reports whether the request is the first of its key; if not, it returns what
// the first one left, whose RequestHash the caller compares.
func (t *Tx) ClaimIdempotency(ctx context.Context, i Idempotency) (Idempotency, bool, error) {
	if i.Created.IsZero() {
		i.Created = t.now()
	}
	i.Created = trim(i.Created)
	n, err := t.exec(ctx, "idempotency key", insertIdempotency,
		string(i.Principal), i.Key, i.RequestHash[:], i.Status, i.ResultID, micros(i.Created))
	if err != nil || n == 1 {
		return i, n == 1, err
	}
	earlier, err := one(ctx, &t.Reader, "idempotency key", selectIdempotency, scanIdempotency, string(i.Principal), i.Key)
	return earlier, false, err
}

const finishIdempotency = `
	UPDATE idempotency SET status = $1, result_id = $2 WHERE principal = $3 AND key = $4`

// FinishIdempotency records what came of a request.
func (t *Tx) FinishIdempotency(ctx context.Context, principal sallyport.PrincipalID, key string, status int, resultID string) error {
	_, err := t.exec(ctx, "idempotency key", finishIdempotency, status, resultID, string(principal), key)
	return err
}

const pruneIdempotency = `
	DELETE FROM idempotency WHERE created < $1`

// PruneIdempotency forgets requests older than before, and returns how many.
func (t *Tx) PruneIdempotency(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "idempotency key", pruneIdempotency, micros(before))
}
