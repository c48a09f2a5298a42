package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
)

// longestBrownout bounds how long a brown-out may go on. It is a question to those
// who use a credential, not a state to leave it in.
const longestBrownout = 30 * 24 * time.Hour

// A BrownoutPlan is a brown-out to begin.
type BrownoutPlan struct {
	Share int           // of 100 uses, 1 to 100
	For   time.Duration // at most 30 days
}

func (p BrownoutPlan) brownout(now time.Time) (sallyport.Brownout, error) {
	switch {
	case p.Share < 1 || p.Share > 100:
		return sallyport.Brownout{}, sallyport.ErrInvalid("share", "share is out of bounds; from 1 to 100, of 100 uses")
	case p.For <= 0 || p.For > longestBrownout:
		return sallyport.Brownout{}, sallyport.ErrInvalid("for", "for is out of bounds; up to 720h")
	}
	return sallyport.Brownout{Share: p.Share, Until: now.Add(p.For)}, nil
}

// BrownOutToken refuses a share of the uses of a token for a while, with
// [sallyport.CredentialBrownout], to find out who would miss it. It ends by itself,
// or with [Service.EndTokenBrownout]; another one takes its place. It needs what
// [Service.RevokeToken] needs.
func (s *Service) BrownOutToken(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64, plan BrownoutPlan) (sallyport.Credential, error) {
	return s.tokenBrownout(ctx, a, id, ifVersion, &plan)
}

// EndTokenBrownout ends the brown-out of a token. That there is none is no error. It
// needs what [Service.BrownOutToken] needs.
func (s *Service) EndTokenBrownout(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64) (sallyport.Credential, error) {
	return s.tokenBrownout(ctx, a, id, ifVersion, nil)
}

func (s *Service) tokenBrownout(ctx context.Context, a Actor, id sallyport.CredentialID, ifVersion int64, plan *BrownoutPlan) (c sallyport.Credential, err error) {
	if err := versioned(ifVersion); err != nil {
		return c, err
	}
	err = s.takeAway(ctx, a, func(w *work) (err error) {
		var home sallyport.TenantID
		if c, home, err = w.token(ctx, id, TokensRevoke); err != nil {
			return err
		}
		if err := matches("token", ifVersion, c.Version); err != nil {
			return err
		}
		return w.brownout(ctx, &c, home, "token.brownout", plan)
	})
	return c, err
}

// BrownOutKey is [Service.BrownOutToken] for an API key. It needs [KeysWrite].
func (s *Service) BrownOutKey(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64, plan BrownoutPlan) (sallyport.Credential, error) {
	return s.keyBrownout(ctx, a, tenant, id, ifVersion, &plan)
}

// EndKeyBrownout is [Service.EndTokenBrownout] for an API key. It needs
// [KeysWrite].
func (s *Service) EndKeyBrownout(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64) (sallyport.Credential, error) {
	return s.keyBrownout(ctx, a, tenant, id, ifVersion, nil)
}

func (s *Service) keyBrownout(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.CredentialID, ifVersion int64, plan *BrownoutPlan) (c sallyport.Credential, err error) {
	if err := versioned(ifVersion); err != nil {
		return c, err
	}
	err = s.takeAway(ctx, a, func(w *work) (err error) {
		if c, err = w.key(ctx, tenant, id, KeysWrite); err != nil {
			return err
		}
		if err := matches("API key", ifVersion, c.Version); err != nil {
			return err
		}
		return w.brownout(ctx, &c, tenant, "key.brownout", plan)
	})
	return c, err
}

// brownout begins the brown-out of a plan, or ends the present one if there is none.
func (w *work) brownout(ctx context.Context, c *sallyport.Credential, tenant sallyport.TenantID, action string, plan *BrownoutPlan) (err error) {
	before, after := c.Brownout, sallyport.Brownout{}
	if plan != nil {
		if after, err = plan.brownout(w.now); err != nil {
			return err
		}
	} else {
		action += "_end"
	}
	// A limited credential must not lay hands on one that reaches further.
	if err := w.within(c.Scopes, c.Tenant); err != nil {
		return err
	}
	if before == after {
		return nil
	}
	if err := w.tx.SetBrownout(ctx, c, after, AnyVersion); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangeCredential, string(c.ID))
	return w.write(ctx, tenant, action, credentialThing(*c), brownoutView(before), brownoutView(after))
}

func brownoutView(b sallyport.Brownout) any {
	if b.Share == 0 {
		return nil
	}
	return map[string]any{"share": fmt.Sprintf("%d%%", b.Share), "until": b.Until}
}
