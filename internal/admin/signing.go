package admin

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// A KeyUse says which tokens a signing key signs.
type KeyUse struct {
	Kind      token.JWTKind
	Algorithm token.Algorithm // the kind's default when empty
}

// A KeyInfo is what may be known of a signing key.
type KeyInfo struct {
	ID          string
	Kind        token.JWTKind
	Algorithm   token.Algorithm
	State       token.KeyState
	Created     time.Time
	Activated   time.Time
	Retired     time.Time
	AcceptUntil time.Time
}

func keyInfo(k store.SigningKey) KeyInfo {
	return KeyInfo{
		ID: k.ID, Kind: token.JWTKind(k.Use), Algorithm: token.Algorithm(k.Algorithm), State: token.KeyState(k.State),
		Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.Ends,
	}
}

func signingThing(k *token.SigningKey) thing {
	return thing{"signing_key", k.ID, string(k.Kind) + " " + string(k.Algorithm)}
}

// SigningKeys returns all signing keys, oldest first. It needs
// [SigningKeysRead] in every tenant.
func (s *Service) SigningKeys(ctx context.Context, a Actor) (list []KeyInfo, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.may(sallyport.EveryTenant, SigningKeysRead); err != nil {
			return err
		}
		keys, err := w.tx.SigningKeys(ctx)
		list = nil
		for _, k := range keys {
			list = append(list, keyInfo(k))
		}
		return err
	})
	return list, err
}

// pair draws two keys of a use. Drawing an RSA key takes long, so it is done
// before the transaction.
func (s *Service) pair(use KeyUse) (keys [2]*token.SigningKey, err error) {
	for i := range keys {
		if keys[i], err = token.NewSigningKey(use.Kind, use.Algorithm, s.c.Now()); err != nil {
			return keys, sallyport.ErrInvalid("algorithm", err.Error())
		}
	}
	return keys, nil
}

// EnsureSigningKeys makes an active key and its successor for each of the uses
// that have none. It needs [SigningKeysWrite] in every tenant.
func (s *Service) EnsureSigningKeys(ctx context.Context, a Actor, uses ...KeyUse) error {
	there, err := s.c.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	for _, use := range uses {
		keys, err := s.pair(use)
		if err != nil {
			return err
		}
		use.Algorithm = keys[0].Algorithm
		if find(there, use, token.KeyActive) != nil && find(there, use, token.KeyNext) != nil {
			continue
		}
		err = s.change(ctx, a, func(w *work) error {
			if err := w.may(sallyport.EveryTenant, SigningKeysWrite); err != nil {
				return err
			}
			return w.ensureKeys(ctx, use, keys)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// find returns the key of a use in a state, nil if there is none.
func find(keys []store.SigningKey, use KeyUse, state token.KeyState) *store.SigningKey {
	for i := range keys {
		k := &keys[i]
		if k.API == "" && k.Use == string(use.Kind) && k.Algorithm == string(use.Algorithm) && k.State == store.KeyState(state) {
			return k
		}
	}
	return nil
}

func (w *work) ensureKeys(ctx context.Context, use KeyUse, drawn [2]*token.SigningKey) error {
	there, err := w.tx.SigningKeys(ctx)
	if err != nil {
		return err
	}
	if find(there, use, token.KeyActive) == nil {
		if err := w.insertKey(ctx, drawn[0].Activate(w.now)); err != nil {
			return err
		}
	}
	if find(there, use, token.KeyNext) == nil {
		return w.insertKey(ctx, drawn[1])
	}
	return nil
}

// ensureTokenKeys sees to it that there are keys of the algorithm with which an
// API wants its access tokens signed.
func (w *work) ensureTokenKeys(ctx context.Context, api sallyport.API) error {
	algorithm := w.whole(&api).Token.Algorithm
	if algorithm == "" {
		return nil
	}
	use := KeyUse{Kind: token.AccessJWT, Algorithm: token.Algorithm(algorithm)}
	there, err := w.tx.SigningKeys(ctx)
	if err != nil || (find(there, use, token.KeyActive) != nil && find(there, use, token.KeyNext) != nil) {
		return err
	}
	drawn, err := w.pair(use)
	if err != nil {
		return err
	}
	return w.ensureKeys(ctx, use, drawn)
}

func (w *work) insertKey(ctx context.Context, k *token.SigningKey) error {
	stored, err := authn.SealKey(w.c.Keys, k)
	if err != nil {
		return err
	}
	if err := w.tx.InsertSigningKey(ctx, &stored); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangeKeys, "")
	return w.write(ctx, sallyport.EveryTenant, "signing_key.create", signingThing(k), nil, map[string]any{"state": k.State})
}

// RotateSigningKey retires the active key of a use, which is accepted for as
// long as what it signed can live, makes its successor the active one, and draws
// a new successor, which is published from now on. It needs [SigningKeysWrite]
// in every tenant. It returns the key that is active now.
func (s *Service) RotateSigningKey(ctx context.Context, a Actor, use KeyUse) (info KeyInfo, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.may(sallyport.EveryTenant, SigningKeysWrite); err != nil {
			return err
		}
		return w.confirmed()
	})
	if err != nil {
		return info, err
	}
	drawn, err := s.pair(use)
	if err != nil {
		return info, err
	}
	use.Algorithm = drawn[0].Algorithm
	err = s.change(ctx, a, func(w *work) error {
		if err := w.may(sallyport.EveryTenant, SigningKeysWrite); err != nil {
			return err
		}
		active, err := w.rotate(ctx, use, drawn)
		if err != nil {
			return err
		}
		stored, err := w.tx.SigningKey(ctx, active.ID)
		if err != nil {
			return err
		}
		info = keyInfo(stored)
		w.tx.Note(sallyport.ChangeKeys, "")
		return w.write(ctx, sallyport.EveryTenant, "signing_key.rotate", signingThing(active), nil, map[string]any{"state": active.State})
	})
	return info, err
}

func (w *work) rotate(ctx context.Context, use KeyUse, drawn [2]*token.SigningKey) (*token.SigningKey, error) {
	there, err := w.tx.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	retiring := find(there, use, token.KeyActive)
	if retiring == nil {
		return nil, sallyport.ErrNotFound("no such signing key is in use")
	}
	if err := w.move(ctx, *retiring, (*token.SigningKey).Retire); err != nil {
		return nil, err
	}
	active := drawn[0].Activate(w.now)
	if next := find(there, use, token.KeyNext); next != nil {
		if err := w.move(ctx, *next, (*token.SigningKey).Activate); err != nil {
			return nil, err
		}
		if active, err = authn.OpenKey(w.c.Keys, *next); err != nil {
			return nil, err
		}
		active = active.Activate(w.now)
	} else if err := w.storeKey(ctx, active); err != nil {
		return nil, err
	}
	return active, w.storeKey(ctx, drawn[1])
}

func (w *work) storeKey(ctx context.Context, k *token.SigningKey) error {
	stored, err := authn.SealKey(w.c.Keys, k)
	if err != nil {
		return err
	}
	return w.tx.InsertSigningKey(ctx, &stored)
}

// move brings a stored key into its next state. The private part is sealed anew,
// as the seal is bound to what the key may be used for.
func (w *work) move(ctx context.Context, k store.SigningKey, to func(*token.SigningKey, time.Time) *token.SigningKey) error {
	key, err := authn.OpenKey(w.c.Keys, k)
	if err != nil {
		return err
	}
	moved, err := authn.SealKey(w.c.Keys, to(key, w.now))
	if err != nil {
		return err
	}
	moved.Version = k.Version
	return w.tx.UpdateSigningKey(ctx, &moved, k.Version)
}

// TendSigningKeys removes retired keys that nothing can be signed with any more
// that is still accepted. It is for the installation itself.
func (s *Service) TendSigningKeys(ctx context.Context, a Actor) error {
	if !a.IsSystem() {
		return errors.New("admin: only the installation tends its keys")
	}
	keys, err := s.c.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	over := false
	for _, k := range keys {
		over = over || k.State == store.KeyRetired && k.Ends.Before(s.c.Now())
	}
	if !over {
		return nil
	}
	return s.change(ctx, a, func(w *work) error {
		keys, err := w.tx.SigningKeys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.State != store.KeyRetired || !k.Ends.Before(w.now) {
				continue
			}
			if _, err := w.tx.DeleteSigningKey(ctx, k.ID); err != nil {
				return err
			}
			w.tx.Note(sallyport.ChangeKeys, "")
			target := thing{"signing_key", k.ID, k.Use + " " + k.Algorithm}
			if err := w.write(ctx, sallyport.EveryTenant, "signing_key.delete", target, nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
