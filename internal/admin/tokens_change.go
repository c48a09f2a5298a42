package admin

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// UpdateToken changes a token of one's own, or with [TokensWrite] one of a
// service account that is not stronger than the actor.
func (s *Service) UpdateToken(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64, ch TokenChange) (c sallyport.Credential, err error) {
	err = s.changeToken(ctx, a, id, ifVersion, func(w *work, there sallyport.Credential, home sallyport.TenantID) error {
		c = there
		ch.apply(&c)
		policyOf := home
		if c.Tenant != sallyport.EveryTenant {
			policyOf = c.Tenant
		}
		if err := w.updateCredential(ctx, &c, policyOf, ch, ifVersion); err != nil {
			return err
		}
		return w.write(ctx, home, "token.update", credentialThing(c), credentialView(there), credentialView(c))
	})
	return c, err
}

func (ch TokenChange) apply(c *sallyport.Credential) {
	if ch.Name != nil {
		c.Name = *ch.Name
	}
	if ch.Scopes != nil {
		c.Scopes = slices.Clone(*ch.Scopes)
	}
	if ch.Networks != nil {
		c.Networks = *ch.Networks
	}
	if ch.Expires != nil {
		c.Expires = *ch.Expires
	}
}

// updateCredential checks and writes a credential that was changed.
func (w *work) updateCredential(ctx context.Context, c *sallyport.Credential, policyOf sallyport.TenantID, ch TokenChange, ifVersion int64) error {
	if err := w.checkLimits(c); err != nil {
		return err
	}
	if ch.Expires != nil {
		if err := w.lifetime(ctx, c, policyOf); err != nil {
			return err
		}
	}
	if err := w.inBounds(*c); err != nil {
		return err
	}
	if err := w.tx.UpdateCredential(ctx, c, ifVersion); err != nil {
		return err
	}
	return w.endBegunWith(ctx, c.ID)
}

// endBegunWith ends the sessions and sign-ins that were begun with a credential:
// they have its limits as they were then, and whoever began them may have had the
// secret that is being replaced.
func (w *work) endBegunWith(ctx context.Context, id sallyport.CredentialID) error {
	sessions, err := w.tx.RevokeBegunWith(ctx, id)
	if err != nil {
		return err
	}
	families, err := w.tx.EndFamiliesByCredential(ctx, id, "credential_changed")
	w.noteEnded(store.Ended{Credentials: sessions, Families: families})
	return err
}

// changeToken finds a token that the actor may change.
func (s *Service) changeToken(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64,
	f func(*work, sallyport.Credential, sallyport.TenantID) error,
) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	return s.change(ctx, a, func(w *work) error {
		c, home, err := w.token(ctx, id, TokensWrite)
		if err != nil {
			return err
		}
		if !w.actor.is(c.Owner) {
			if c.Kind == sallyport.PersonalToken {
				return sallyport.ErrConflict("kind", "a personal token can be changed by its owner alone; you can revoke it")
			}
			if err := w.ceilingOver(ctx, c.Owner); err != nil {
				return err
			}
		}
		if err := matches("token", ifVersion, c.Version); err != nil {
			return err
		}
		// A limited token must not lay hands on one that reaches further.
		if err := w.reaches(c); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangeCredential, string(id))
		return f(w, c, home)
	})
}

// RenewToken gives a token a new secret. The one before works for as long as the
// overlap says, 0 for not at all, at most 30 days; sessions and sign-ins that were
// begun with it end at once. The new secret has the shape of the old one. It needs what
// [Service.UpdateToken] needs.
func (s *Service) RenewToken(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64, overlap time.Duration) (issued Issued, err error) {
	return s.RenewTokenAs(ctx, a, id, ifVersion, overlap, ShapeStandard)
}

// RenewTokenAs is [Service.RenewToken] with a secret of a shape that the old one
// cannot be seen to have.
func (s *Service) RenewTokenAs(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64, overlap time.Duration, shape Shape) (issued Issued, err error) {
	err = s.changeToken(ctx, a, id, ifVersion, func(w *work, c sallyport.Credential, home sallyport.TenantID) error {
		if issued, err = w.renewAs(ctx, c, ifVersion, overlap, shape); err != nil {
			return err
		}
		return w.write(ctx, home, "token.renew", credentialThing(c), nil, renewalView(issued.Credential, overlap))
	})
	return issued, err
}

func renewalView(c sallyport.Credential, overlap time.Duration) any {
	return map[string]any{"hint": c.Hint, "overlap": overlap.String()}
}

// renew replaces the secret of a credential.
func (w *work) renew(ctx context.Context, c sallyport.Credential, ifVersion int64, overlap time.Duration) (issued Issued, err error) {
	return w.renewAs(ctx, c, ifVersion, overlap, ShapeStandard)
}

func (w *work) renewAs(ctx context.Context, c sallyport.Credential, ifVersion int64, overlap time.Duration, shape Shape) (issued Issued, err error) {
	if overlap < 0 || overlap > maxOverlap {
		return issued, sallyport.ErrInvalid("overlap", "overlap is out of bounds; from 0 to 720h")
	}
	if !c.Expires.IsZero() && !c.Expires.After(w.now) {
		return issued, sallyport.ErrConflict("expires", "it has expired; give it another expiry first")
	}
	if shape == ShapeStandard && token.IsScrambled(c.Hint) {
		shape = ShapeScrambled
	}
	secret, record, err := w.mint(c.Kind, shape)
	if err != nil {
		return issued, err
	}
	if err := w.tx.ReplaceSecret(ctx, c.Tenant, c.ID, record, w.now.Add(overlap), ifVersion); err != nil {
		return issued, err
	}
	if err := w.endBegunWith(ctx, c.ID); err != nil {
		return issued, err
	}
	c, err = w.tx.Credential(ctx, c.Tenant, c.ID)
	return Issued{Credential: c, Secret: secret}, err
}

// RevokeToken ends a token for good, with the sign-ins that it began. One of
// another user needs [TokensRevoke] where he is administered.
func (s *Service) RevokeToken(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	return s.takeAway(ctx, a, func(w *work) error {
		c, home, err := w.token(ctx, id, TokensRevoke)
		if err != nil {
			return err
		}
		if err := matches("token", ifVersion, c.Version); err != nil {
			return err
		}
		return w.revoke(ctx, c, home, "token.revoke")
	})
}

// revoke ends a credential and what stems from it. To be ended already is no
// error, and no change.
func (w *work) revoke(ctx context.Context, c sallyport.Credential, tenant sallyport.TenantID, action string) error {
	ended, err := w.tx.RevokeCredential(ctx, c.Tenant, c.ID)
	if err != nil || !ended {
		return err
	}
	families, err := w.tx.EndFamiliesByCredential(ctx, c.ID, "credential_revoked")
	if err != nil {
		return err
	}
	sessions, err := w.tx.RevokeBegunWith(ctx, c.ID)
	if err != nil {
		return err
	}
	w.noteEnded(store.Ended{Credentials: append(sessions, c.ID), Families: families})
	if c.Kind == sallyport.APIKey {
		w.tx.Note(sallyport.ChangePrincipal, string(c.ID))
	}
	return w.write(ctx, tenant, action, credentialThing(c), credentialView(c), nil)
}

// AdoptSecret puts a secret that was made elsewhere in place of the one that a
// token or API key has, for clients that cannot be given a new one. A secret
// that any credential has already is a Conflict. It needs what renewing needs.
func (s *Service) AdoptSecret(ctx context.Context, a Actor, id sallyport.CredentialID, secret sallyport.Secret) error {
	return s.change(ctx, a, func(w *work) error { return w.adoptSecret(ctx, id, secret) })
}

// AdoptKeySecret is [Service.AdoptSecret] for an API key of a tenant. It needs
// [KeysWrite], and that the key is not stronger than the actor.
func (s *Service) AdoptKeySecret(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, secret sallyport.Secret) error {
	return s.change(ctx, a, func(w *work) error {
		if _, err := w.key(ctx, tenant, id, KeysWrite); err != nil {
			return err
		}
		return w.adoptSecret(ctx, id, secret)
	})
}

func (w *work) adoptSecret(ctx context.Context, id sallyport.CredentialID, secret sallyport.Secret) error {
	c, home, err := w.adopting(ctx, id)
	if err != nil {
		return err
	}
	if err := adoptable(c.Kind, secret); err != nil {
		return err
	}
	if err := w.reaches(c); err != nil {
		return err
	}
	if err := w.tx.ReplaceSecret(ctx, c.Tenant, c.ID, w.digested(secret), w.now, c.Version); err != nil {
		return err
	}
	if err := w.endBegunWith(ctx, c.ID); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangeCredential, string(id))
	return w.write(ctx, home, "credential.adopt", credentialThing(c), nil, map[string]any{"owner": c.Owner})
}

// adopting returns a credential whose secret the actor may choose.
func (w *work) adopting(ctx context.Context, id sallyport.CredentialID) (c sallyport.Credential, home sallyport.TenantID, err error) {
	none := sallyport.ErrNotFound("no such token or API key")
	c, err = w.tx.CredentialByID(ctx, id)
	if err != nil {
		if sallyport.KindOf(err) == sallyport.NotFound {
			err = none
		}
		return c, "", err
	}
	if home, err = w.homeOf(ctx, c); err != nil {
		return c, home, err
	}
	switch {
	case c.Kind == sallyport.APIKey:
		err = w.may(home, KeysWrite)
	case isToken(c):
		err = w.may(home, TokensWrite)
	default:
		err = none
	}
	if err == nil {
		err = w.ceilingOver(ctx, c.Owner)
	}
	if sallyport.KindOf(err) == sallyport.NotFound {
		err = none
	}
	return c, home, err
}
