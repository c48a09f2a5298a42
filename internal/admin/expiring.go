package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Actions of the entries that warn of an end.
const (
	ActionTokenExpires = "token.expires_soon"
	ActionKeyExpires   = "key.expires_soon"
)

// maxWarnings is how many warnings are written in one transaction.
const maxWarnings = 100

// ExpiresSoon reports whether the owner of a credential should be told that it ends.
// A session or an access token ends all the time.
func (s *Service) ExpiresSoon(c sallyport.Credential) bool {
	if s.c.ExpiryWarning == 0 || c.State != sallyport.Active || c.Expires.IsZero() || !isToken(c) && c.Kind != sallyport.APIKey {
		return false
	}
	now := s.c.Now()
	return c.Expires.After(now) && c.Expires.Sub(now) <= s.c.ExpiryWarning
}

// WarnOfExpiry writes an entry into the audit trail for each token and key that ends
// soon, once for each expiry; streams of the trail hand it on. Any node may call it
// at any time.
func (s *Service) WarnOfExpiry(ctx context.Context) error {
	if s.c.ExpiryWarning == 0 {
		return nil
	}
	for {
		now := s.c.Now()
		due, err := s.c.Store.Unwarned(ctx, now, now.Add(s.c.ExpiryWarning), 1)
		if err != nil || len(due) == 0 {
			return err
		}
		err = s.change(ctx, System("expiry"), func(w *work) error {
			list, err := w.tx.Unwarned(ctx, w.now, w.now.Add(s.c.ExpiryWarning), maxWarnings)
			if err != nil {
				return err
			}
			for _, c := range list {
				if err := w.warn(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func (w *work) warn(ctx context.Context, c sallyport.Credential) error {
	home, action := c.Tenant, ActionKeyExpires
	view := map[string]any{"expires": c.Expires, "hint": c.Hint, "uses": c.Uses, "in": c.Expires.Sub(w.now).Round(time.Minute).String()}
	if c.Kind != sallyport.APIKey {
		owner, err := w.tx.UserByID(ctx, c.Owner)
		if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
			return err
		}
		if err == nil {
			home = owner.Tenant
			view["owner"], view["login"], view["email"] = owner.ID, owner.Login, owner.Email
		}
		action = ActionTokenExpires
	}
	if err := w.tx.MarkWarned(ctx, c.ID); err != nil {
		return err
	}
	return w.write(ctx, home, action, credentialThing(c), nil, view)
}

// keepTombstones and mostTombstones bound what is remembered of secrets whose
// records were removed.
const (
	keepTombstones = 400 * 24 * time.Hour
	mostTombstones = 200_000
)

func (s *Service) pruneTombstones(ctx context.Context, tx *store.Tx, now time.Time) error {
	_, err := tx.PruneTombstones(ctx, now.Add(-keepTombstones), mostTombstones)
	return err
}
