package admin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
)

// A token that ends, or that works from some places only, would not be worth much
// if whoever found it could make himself another one that does neither. So what
// somebody makes or changes of his own ends no later than the credential that he
// comes with, and works from no other places. A session in which he gave his
// password has no such bounds; nor has what an administrator makes for others,
// who could give them a password as well.

// bound adds the bounds of a credential that the actor comes with, or that his
// stems from.
func (w *work) bound(c sallyport.Credential) {
	w.ends(c.Expires)
	if len(c.Networks) > 0 {
		w.places = append(w.places, c.Networks)
	}
}

func (w *work) ends(at time.Time) {
	if !at.IsZero() && (w.until.IsZero() || at.Before(w.until)) {
		w.until = at
	}
}

// lasts adds the bounds of the token or API key that a session or sign-in was
// begun with; empty: a password.
func (w *work) lasts(ctx context.Context, id sallyport.CredentialID) error {
	if id == "" {
		return nil
	}
	c, err := w.tx.CredentialByID(ctx, id)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return refused(sallyport.CredentialRevoked)
	}
	if err == nil {
		w.bound(c)
	}
	return err
}

// reaches refuses a credential that is there already and reaches further than the
// one that the actor comes with: a limited token must not lay hands on it.
func (w *work) reaches(c sallyport.Credential) error {
	if err := w.within(c.Scopes, c.Tenant); err != nil {
		return err
	}
	return w.inBounds(c)
}

// lifetime sets when a credential ends that is made or changed now: as asked for,
// or as the tenant's policy says and the actor's own credential allows.
func (w *work) lifetime(ctx context.Context, c *sallyport.Credential, policyOf sallyport.TenantID) (err error) {
	asked := c.Expires
	if c.Expires, err = w.expiry(ctx, policyOf, asked); err != nil {
		return err
	}
	if asked.IsZero() && w.outlasts(*c) {
		c.Expires = w.until
	}
	return nil
}

func (w *work) outlasts(c sallyport.Credential) bool {
	return w.actor.is(c.Owner) && !w.until.IsZero() && (c.Expires.IsZero() || c.Expires.After(w.until))
}

// inBounds refuses a credential of the actor himself that outlasts the one that
// he comes with, or works from elsewhere.
func (w *work) inBounds(c sallyport.Credential) error {
	if w.outlasts(c) {
		return tooWide("expires", fmt.Sprintf("your credential ends at %s, and so must what you make or change with it; in the console, or with your password, you may have it last longer", w.until.UTC().Format(time.RFC3339)))
	}
	if !w.actor.is(c.Owner) {
		return nil
	}
	for _, place := range w.places {
		elsewhere := func(p netip.Prefix) bool {
			return !slices.ContainsFunc(place, func(n netip.Prefix) bool { return n.Bits() <= p.Bits() && n.Contains(p.Addr()) })
		}
		if len(c.Networks) == 0 || slices.ContainsFunc(c.Networks, elsewhere) {
			return tooWide("networks", fmt.Sprintf("your credential works from %v only; name these networks for what you make or change with it, or parts of them", place))
		}
	}
	return nil
}
