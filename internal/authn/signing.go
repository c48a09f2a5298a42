package authn

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// SealKey returns a signing key as the store keeps it.
func SealKey(sealer *token.Sealer, k *token.SigningKey) (store.SigningKey, error) {
	stored, err := k.Store(sealer)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("seal the signing key %s: %w", k.ID, err)
	}
	return store.SigningKey{
		ID: stored.ID, Algorithm: string(stored.Algorithm), Use: string(stored.Kind), State: store.KeyState(stored.State),
		Sealed: stored.Private, Public: stored.PublicJWK,
		Created: stored.Created, Activated: stored.Activated, Retired: stored.Retired, Ends: stored.AcceptUntil,
	}, nil
}

// OpenKey is the inverse of [SealKey].
func OpenKey(sealer *token.Sealer, k store.SigningKey) (*token.SigningKey, error) {
	key, err := token.OpenKey(sealer, token.StoredKey{
		ID: k.ID, Kind: token.JWTKind(k.Use), Algorithm: token.Algorithm(k.Algorithm), State: token.KeyState(k.State),
		Private: k.Sealed, PublicJWK: k.Public,
		Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.Ends,
	})
	if err != nil {
		return nil, fmt.Errorf("open the signing key %s; is it the right master key?: %w", k.ID, err)
	}
	return key, nil
}

// LoadKeys reads and opens all signing keys.
func LoadKeys(ctx context.Context, r *store.Reader, sealer *token.Sealer) ([]*token.SigningKey, error) {
	stored, err := r.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the signing keys: %w", err)
	}
	keys := make([]*token.SigningKey, len(stored))
	for i, k := range stored {
		if keys[i], err = OpenKey(sealer, k); err != nil {
			return nil, err
		}
	}
	return keys, nil
}
