package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// How long what is over is kept, so that people can see that it was there, and
// that a late use finds it dead rather than unknown.
const (
	keepSessions    = 7 * 24 * time.Hour
	keepTokens      = 90 * 24 * time.Hour
	keepSignIns     = 7 * 24 * time.Hour
	keepSecrets     = 30 * 24 * time.Hour // replaced ones
	keepIdempotency = 24 * time.Hour
	keepThrottles   = 48 * time.Hour
	keepChanges     = time.Hour
	keepDecisions   = 24 * time.Hour
	leastChanges    = 10_000 // revisions
)

// Sweep removes what has been over for a while. It only removes what is dead
// already, so it is neither noted nor written down. It is called now and then,
// on any node.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.c.Now()
	_, err := s.c.Store.Write(ctx, func(tx *store.Tx) error {
		for kind, keep := range map[sallyport.CredentialKind]time.Duration{
			sallyport.Session:          keepSessions,
			sallyport.AccessToken:      keepSessions,
			sallyport.PersonalToken:    keepTokens,
			sallyport.ApplicationToken: keepTokens,
		} {
			if _, err := tx.PruneCredentials(ctx, kind, now.Add(-keep)); err != nil {
				return err
			}
		}
		if _, err := tx.PruneSecrets(ctx, now.Add(-keepSecrets)); err != nil {
			return err
		}
		if _, err := tx.PruneFamilies(ctx, now.Add(-keepSignIns)); err != nil {
			return err
		}
		if _, err := tx.ForgetSuccessors(ctx, now.Add(-s.c.RetryWindow)); err != nil {
			return err
		}
		if _, err := tx.PruneIdempotency(ctx, now.Add(-keepIdempotency)); err != nil {
			return err
		}
		if _, err := tx.PruneThrottles(ctx, now.Add(-keepThrottles)); err != nil {
			return err
		}
		if _, err := tx.PruneDecisions(ctx, now.Add(-keepDecisions)); err != nil {
			return err
		}
		if err := tx.PruneShadows(ctx, now.Add(-keepShadows)); err != nil {
			return err
		}
		if _, err := tx.PruneUses(ctx, store.DayOf(now.Add(-keepUses))); err != nil {
			return err
		}
		if _, err := tx.PruneLessons(ctx, now.Add(-keepLessons)); err != nil {
			return err
		}
		if err := s.pruneTombstones(ctx, tx, now); err != nil {
			return err
		}
		return tx.PruneChanges(ctx, now.Add(-keepChanges), leastChanges)
	})
	if err != nil {
		return err
	}
	return s.TendSigningKeys(ctx, System("sweep"))
}
