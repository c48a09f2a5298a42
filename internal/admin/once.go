package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// A Once makes a call that creates something safe to repeat. The same principal
// with the same key and the same request gets what the first call made, but not
// its secret; with another request he gets a Conflict.
type Once struct {
	Key     string   // chosen by the client, 1 to 128 visible ASCII characters
	Request [32]byte // hash of all that was asked for
}

// repeated returns the id of what an earlier call with the same key made, empty
// if this is the first. It is asked after the right is.
func (w *work) repeated(ctx context.Context) (string, error) {
	once := w.actor.Once
	if once == nil || w.principal == nil {
		return "", nil
	}
	if !validKey(once.Key) {
		return "", sallyport.ErrInvalid("Idempotency-Key", "Idempotency-Key must have 1 to 128 visible ASCII characters")
	}
	earlier, first, err := w.tx.ClaimIdempotency(ctx, store.Idempotency{
		Principal: w.actor.Principal.ID, Key: once.Key, RequestHash: once.Request, Created: w.now,
	})
	switch {
	case err != nil || first:
		return "", err
	case earlier.RequestHash != once.Request:
		return "", sallyport.ErrConflict("Idempotency-Key", "this Idempotency-Key was used for another request; choose a new one")
	}
	return earlier.ResultID, nil
}

// remember keeps what a call with a key made.
func (w *work) remember(ctx context.Context, id string) error {
	if w.actor.Once == nil || w.principal == nil {
		return nil
	}
	const created = 201
	return w.tx.FinishIdempotency(ctx, w.actor.Principal.ID, w.actor.Once.Key, created, id)
}

func validKey(key string) bool {
	if key == "" || len(key) > 128 {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
