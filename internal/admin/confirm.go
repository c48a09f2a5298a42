package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// ConfirmedFor is for how long after somebody gave his password a session may do
// what an intruder at his desk would want.
const ConfirmedFor = 5 * time.Minute

// confirmed refuses an actor in a session in which the password was not given a
// short while ago, with [sallyport.ReauthenticationRequired]. Nobody sits in front
// of other credentials who could be asked.
func (w *work) confirmed() error {
	if w.session == nil {
		return nil
	}
	at := w.session.Created
	if w.session.Renewed.After(at) {
		at = w.session.Renewed
	}
	if w.now.Sub(at) > ConfirmedFor {
		return refused(sallyport.ReauthenticationRequired)
	}
	return nil
}

// ConfirmSession notes that who sits in front of the actor's session has just
// given his password, and the code of his second factor if he has one. The caller
// has verified them.
func (s *Service) ConfirmSession(ctx context.Context, a Actor) error {
	return s.change(ctx, a, func(w *work) error {
		if w.session == nil {
			return sallyport.ErrConflict("", "this request came with something else than a session, so there is nothing to confirm")
		}
		return w.tx.ConfirmCredential(ctx, w.session.Tenant, w.session.ID)
	})
}
