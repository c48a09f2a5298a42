package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// MaxLeaked is how many secrets can be revoked at a time by who holds them.
const MaxLeaked = 100

// RevokeLeaked ends what each of the secrets stands for, for good: the token, key,
// session or sign-in. To hold a secret is right enough: whoever has it could do
// worse with it. What is unknown, or over already, is passed over, and the caller is
// told the same of all of them.
func (s *Service) RevokeLeaked(ctx context.Context, secrets []sallyport.Secret, address, requestID string) error {
	if len(secrets) > MaxLeaked {
		return sallyport.ErrInvalid("secrets", "there are more secrets than can be revoked at a time; send at most 100")
	}
	for _, secret := range secrets {
		revision, err := s.c.Store.WriteReserved(ctx, func(tx *store.Tx) error {
			if err := tx.Exclusive(ctx); err != nil {
				return err
			}
			w := &work{
				Service: s, tx: tx, now: s.c.Now(), snapshot: s.c.Policy(),
				actor: Actor{RequestID: requestID, Address: address, system: "whoever held the secret"},
			}
			return w.revokeLeaked(ctx, secret)
		})
		if err == nil {
			err = s.inForce(ctx, revision)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) revokeLeaked(ctx context.Context, secret sallyport.Secret) error {
	_, family, err := w.refreshToken(ctx, secret)
	switch {
	case err == nil:
		return w.endFamily(ctx, family, "leaked")
	case sallyport.KindOf(err) != sallyport.NotFound:
		return err
	}
	for _, version := range w.c.Secrets.Versions() {
		digest, ok := w.c.Secrets.DigestAt(version, secret.Reveal())
		if !ok {
			continue
		}
		c, _, err := w.tx.CredentialByDigest(ctx, digest)
		switch {
		case sallyport.KindOf(err) == sallyport.NotFound:
			continue
		case err != nil:
			return err
		}
		home, err := w.homeOf(ctx, c)
		if err != nil {
			return err
		}
		return w.revoke(ctx, c, home, leakedAction(c.Kind))
	}
	return nil
}

func leakedAction(kind sallyport.CredentialKind) string {
	switch kind { //nolint:exhaustive // all others are tokens
	case sallyport.APIKey:
		return "key.revoke_leaked"
	case sallyport.Session:
		return "session.revoke_leaked"
	default:
		return "token.revoke_leaked"
	}
}
