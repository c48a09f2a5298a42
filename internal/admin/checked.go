package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
)

// NotePasswordCheck writes down that the actor asked whether a password is right,
// in the trail of where the user is administered whose it may be. A login that
// nobody has is not written down: it may be a password in the wrong field. Whether
// the actor may ask is decided where he asks.
func (s *Service) NotePasswordCheck(ctx context.Context, a Actor, name string, right bool) error {
	return s.change(ctx, a, func(w *work) error {
		home, target := w.actor.Principal.Home, thing{kind: "login", name: "of nobody"}
		if canonical, err := login.Canonical(name); err == nil {
			user, err := w.tx.UserByLogin(ctx, canonical)
			switch {
			case err == nil:
				home, target = user.Tenant, userThing(user)
			case sallyport.KindOf(err) != sallyport.NotFound:
				return err
			}
		}
		return w.write(ctx, home, "password.check", target, nil, map[string]any{"right": right})
	})
}
