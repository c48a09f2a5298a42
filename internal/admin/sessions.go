package admin

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Limits of sessions, unless the caller says otherwise.
const (
	DefaultIdle    = 15 * time.Minute
	DefaultSession = 12 * time.Hour
)

// A NewSession is a session to be started, for a user whose password, or token,
// was just verified.
type NewSession struct {
	User sallyport.PrincipalID
	// Credential is the token that the user was verified by; empty: a password.
	// The session may what the token may, and ends with it, or when it changes.
	Credential sallyport.CredentialID
	Epoch      int64         // of the user when his password was verified, so that one that was changed since starts nothing; 0: not compared
	Idle       time.Duration // ends when unused for so long; as configured when 0, negative: no limit
	Lifetime   time.Duration // ends in any case; as configured when 0
	Scopes     []string      // nil: not limited
	Shape      Shape
	Address    string
	Via        string // user agent
	RequestID  string
}

const maxVia = 200

// StartSession starts a session. The caller has verified the user; whether he is
// still active is looked at here, in the transaction. Refused with
// [sallyport.OwnerInactive] or [sallyport.TenantInactive] if not.
func (s *Service) StartSession(ctx context.Context, in NewSession) (issued Issued, err error) {
	a := Actor{
		Principal: sallyport.Principal{ID: in.User}, CredentialKind: sallyport.Password,
		RequestID: in.RequestID, Address: in.Address,
	}
	err = s.change(ctx, a, func(w *work) (err error) {
		if w.actor.Principal.Kind == sallyport.PrincipalAPIKey {
			return sallyport.ErrInvalid("user", "an API key has no sessions")
		}
		if err := w.sameEpoch(in.Epoch); err != nil {
			return err
		}
		c := sallyport.Credential{
			Tenant: sallyport.EveryTenant, Kind: sallyport.Session, Owner: in.User, Name: "session",
			Scopes: in.Scopes, Idle: in.Idle, Expires: w.now.Add(in.Lifetime), LastUsed: w.now,
			LastAddr: in.Address, LastVia: shorten(in.Via, maxVia),
		}
		if in.Idle == 0 {
			c.Idle = w.c.SessionIdle
		}
		if in.Idle < 0 {
			c.Idle = 0
		}
		if in.Lifetime <= 0 {
			c.Expires = w.now.Add(w.c.SessionLife)
		}
		if err := w.beginWith(ctx, &c, in.Credential); err != nil {
			return err
		}
		if err := w.checkScopes(c.Scopes); err != nil {
			return err
		}
		if issued, err = w.issue(ctx, c, in.Shape); err != nil {
			return err
		}
		if err := w.tx.TouchLogin(ctx, in.User, w.now); err != nil {
			return err
		}
		return w.write(ctx, w.actor.Principal.Home, "session.start", credentialThing(issued.Credential), nil, nil)
	})
	return issued, err
}

// beginWith gives a session the limits of the token that it is begun with.
func (w *work) beginWith(ctx context.Context, c *sallyport.Credential, id sallyport.CredentialID) error {
	if id == "" {
		return nil
	}
	if err := w.comesWith(ctx, id); err != nil {
		return err
	}
	from, err := w.tx.CredentialByID(ctx, id)
	if err != nil {
		return err
	}
	if !isToken(from) {
		return refused(sallyport.CredentialNotAccepted)
	}
	c.BegunWith, c.Tenant, c.Networks = from.ID, from.Tenant, from.Networks
	if c.Scopes == nil {
		c.Scopes = from.Scopes
	}
	if !from.Expires.IsZero() && from.Expires.Before(c.Expires) {
		c.Expires = from.Expires
	}
	return w.within(c.Scopes, c.Tenant)
}

// sameEpoch refuses what was verified under an earlier password.
func (w *work) sameEpoch(epoch int64) error {
	if epoch != 0 && epoch != w.principal.Epoch {
		return refused(sallyport.CredentialRevoked)
	}
	return nil
}

// shorten cuts text that only people read, and leaves out what cannot be stored as
// text.
func shorten(s string, most int) string {
	s = strings.ToValidUTF8(s, "")
	for i := range s { // at the beginning of a character
		if i > most {
			return s[:i]
		}
	}
	return s
}

// Sessions returns the sessions of a user that were not ended, oldest first;
// some of them may be over by their limits. Those of others need [SessionsRead]
// where they are administered.
func (s *Service) Sessions(ctx context.Context, a Actor, tenant sallyport.TenantID, owner sallyport.PrincipalID, p Page) (list List[sallyport.Credential], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.ownedIn(ctx, tenant, owner, SessionsRead); err != nil {
			return err
		}
		filter := store.CredentialFilter{Kind: sallyport.Session, State: sallyport.Active}
		list, err = pages(w, p, []string{"sessions", string(tenant), string(owner)}, func(p store.Page) ([]sallyport.Credential, string, error) {
			return w.tx.CredentialsOf(ctx, owner, filter, p)
		})
		return err
	})
	return list, err
}

// ownedIn checks the right to look at what a principal of a tenant owns.
func (w *work) ownedIn(ctx context.Context, tenant sallyport.TenantID, owner sallyport.PrincipalID, permission sallyport.Permission) error {
	if owner == "" {
		return sallyport.ErrInvalid("owner", "say whose")
	}
	if err := w.itselfOr(owner, tenant, permission); err != nil || w.actor.is(owner) {
		return err
	}
	if _, err := w.tx.User(ctx, tenant, owner); sallyport.KindOf(err) != sallyport.NotFound {
		return err
	}
	_, err := w.tx.Credential(ctx, tenant, sallyport.CredentialID(owner)) // an API key
	if sallyport.KindOf(err) == sallyport.NotFound {
		return sallyport.ErrNotFound("no such user or API key")
	}
	return err
}

// EndSession ends a session. One of another user needs [SessionsRevoke] where he
// is administered. To be ended already is no error.
func (s *Service) EndSession(ctx context.Context, a Actor, id sallyport.CredentialID) error {
	none := sallyport.ErrNotFound("no such session")
	return s.takeAway(ctx, a, func(w *work) error {
		c, err := w.tx.CredentialByID(ctx, id)
		if sallyport.KindOf(err) == sallyport.NotFound || err == nil && c.Kind != sallyport.Session {
			return none
		}
		if err != nil {
			return err
		}
		home, err := w.homeOf(ctx, c)
		if err != nil {
			return err
		}
		err = w.itselfOr(c.Owner, home, SessionsRevoke)
		// With the session itself one can always sign out, whatever its scopes.
		if w.actor.is(c.Owner) && w.actor.Credential.String() == string(id) {
			err = nil
		}
		if sallyport.KindOf(err) == sallyport.NotFound {
			return none
		}
		if err != nil {
			return err
		}
		return w.revoke(ctx, c, home, "session.end")
	})
}

// EndOtherSessions ends all sessions and sign-ins of the actor but the one that
// he uses. It returns how many.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor) (ended int, err error) {
	err = s.takeAway(ctx, a, func(w *work) error {
		ended = 0
		if err := w.itself(); err != nil {
			return err
		}
		mine := w.actor.Principal.ID
		list, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
			return w.tx.CredentialsOf(ctx, mine, store.CredentialFilter{Kind: sallyport.Session, State: sallyport.Active}, p)
		})
		if err != nil {
			return err
		}
		var over store.Ended
		for _, c := range list {
			if string(c.ID) == w.actor.Credential.String() {
				continue
			}
			if _, err := w.tx.RevokeCredential(ctx, c.Tenant, c.ID); err != nil {
				return err
			}
			over.Credentials = append(over.Credentials, c.ID)
		}
		if over.Families, err = w.endOtherFamilies(ctx, mine); err != nil {
			return err
		}
		if ended = len(over.Credentials) + len(over.Families); ended == 0 {
			return nil
		}
		w.noteEnded(over)
		target := thing{"user", string(mine), w.actor.Principal.Login}
		return w.write(ctx, w.actor.Principal.Home, "session.end_others", target, nil, map[string]any{"ended": ended})
	})
	return ended, err
}

func (w *work) endOtherFamilies(ctx context.Context, mine sallyport.PrincipalID) ([]sallyport.FamilyID, error) {
	list, err := all(func(p store.Page) ([]store.Family, string, error) {
		return w.tx.FamiliesOf(ctx, mine, sallyport.Active, p)
	})
	if err != nil {
		return nil, err
	}
	var over []sallyport.FamilyID
	for _, f := range list {
		if string(f.ID) == w.actor.Credential.String() {
			continue
		}
		if _, err := w.tx.EndFamily(ctx, f.Tenant, f.ID, "ended"); err != nil {
			return nil, err
		}
		over = append(over, f.ID)
	}
	return over, nil
}
