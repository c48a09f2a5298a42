package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/password"
)

// firstPassword returns the hash that a new user begins with, empty for none.
func (s *Service) firstPassword(ctx context.Context, in NewUser) (sallyport.Secret, error) {
	if in.PasswordHash != "" {
		if in.Password != "" {
			return "", sallyport.ErrInvalid("password", "give a password or a hash of one, not both")
		}
		if err := password.CheckHash(in.PasswordHash.Reveal()); err != nil {
			return "", &sallyport.Error{Kind: sallyport.Invalid, Field: "password_hash", Message: err.Error()}
		}
		return in.PasswordHash, nil
	}
	if in.Password == "" {
		return "", nil
	}
	return s.hash(ctx, in.Password, in.Login, in.Name, in.Email)
}

// hash checks a new password and returns its hash. Hashing takes its time, so it
// is done before the transaction.
func (s *Service) hash(ctx context.Context, secret sallyport.Secret, login, name, email string) (sallyport.Secret, error) {
	words := []string{login, name, email}
	if at := strings.IndexByte(email, '@'); at > 0 {
		words = append(words, email[:at])
	}
	if err := s.c.Passwords.Check(secret.Reveal(), password.Context{Words: words}); err != nil {
		return "", err
	}
	hash, err := s.c.Hasher.Hash(ctx, secret.Reveal())
	if err != nil {
		return "", hashFault(err)
	}
	return sallyport.Secret(hash), nil
}

// hashFault sorts the errors of hashing.
func hashFault(err error) error {
	switch {
	case errors.Is(err, password.ErrTooLong):
		return sallyport.ErrInvalid("password", err.Error())
	case errors.Is(err, password.ErrBusy), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &sallyport.Error{
			Kind: sallyport.Unavailable, Reason: sallyport.Overloaded,
			Message: "too many passwords are being checked; try again in a moment", Err: err,
		}
	}
	return fmt.Errorf("hash a password: %w", err)
}

// SetPassword gives a user a password. Until a person has changed it, it opens
// nothing else ([sallyport.PasswordChangeRequired]), unless keep is set. It ends all that was issued to him until now. It needs
// [UsersWrite], and that he is not stronger than the actor. For one's own there
// is [Service.ChangePassword].
func (s *Service) SetPassword(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID, secret sallyport.Secret, keep bool) error {
	var user sallyport.User
	// Asked for twice as in [Service.CreateUser].
	err := s.look(ctx, a, func(w *work) (err error) {
		if user, err = w.userToChange(ctx, tenant, id); err != nil {
			return err
		}
		return w.confirmed()
	})
	if err != nil {
		return err
	}
	if a.is(id) {
		return sallyport.ErrInvalid("password", "to change your own password give the present one as well")
	}
	hash, err := s.hash(ctx, secret, user.Login, user.Name, user.Email)
	if err != nil {
		return err
	}
	return s.change(ctx, a, func(w *work) error {
		user, err := w.userToChange(ctx, tenant, id)
		if err != nil {
			return err
		}
		if err := w.end(ctx, user.ID, "password_set"); err != nil {
			return err
		}
		return w.setPassword(ctx, user, hash, mustChange(user, keep), "user.set_password")
	})
}

// mustChange reports whether a user has to replace a password that somebody else
// has chosen. A program cannot, and whoever runs it knows its password anyway.
func mustChange(user sallyport.User, keep bool) bool {
	return !keep && user.Kind != sallyport.Service
}

// setPassword replaces a password.
func (w *work) setPassword(ctx context.Context, user sallyport.User, hash sallyport.Secret, mustChange bool, action string) error {
	if err := w.tx.SetPassword(ctx, user.Tenant, user.ID, hash, mustChange); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePrincipal, string(user.ID))
	return w.write(ctx, user.Tenant, action, userThing(user), nil, map[string]any{"must_change": mustChange})
}

// ChangePassword replaces the actor's own password. He must know the present
// one; whoever calls this counts failures as for a sign-in. His sessions and
// sign-ins end, that of the call included, so that an intruder is out as well.
// His personal tokens stay: they were never derived from the password, and
// scripts would stop with it.
//
// A wrong present password is Refused with [sallyport.PasswordWrong].
func (s *Service) ChangePassword(ctx context.Context, a Actor, present, replacement sallyport.Secret) error {
	var user sallyport.User
	var old sallyport.Secret
	err := s.look(ctx, a, func(w *work) (err error) {
		user, old, err = w.ownPassword(ctx)
		return err
	})
	if err != nil {
		return err
	}
	good, err := s.c.Hasher.Verify(ctx, old.Reveal(), present.Reveal())
	if err != nil && !errors.Is(err, password.ErrUnknownHash) {
		return hashFault(err)
	}
	if !good {
		return &sallyport.Error{
			Kind: sallyport.Refused, Reason: sallyport.PasswordWrong, Field: "present",
			Message: "the present password is wrong",
		}
	}
	if present == replacement {
		return sallyport.ErrInvalid("password", "the new password is the present one; choose another")
	}
	hash, err := s.hash(ctx, replacement, user.Login, user.Name, user.Email)
	if err != nil {
		return err
	}
	return s.change(ctx, a, func(w *work) error {
		user, now, err := w.ownPassword(ctx)
		if err != nil {
			return err
		}
		if now != old {
			return &sallyport.Error{Kind: sallyport.Changed, Message: "the password was changed by somebody else; sign in again"}
		}
		if err := w.endSignIns(ctx, user.ID, "password_changed"); err != nil {
			return err
		}
		return w.setPassword(ctx, user, hash, false, "user.change_password")
	})
}

// ownPassword returns the actor and the hash of his password.
func (w *work) ownPassword(ctx context.Context) (user sallyport.User, hash sallyport.Secret, err error) {
	if err := w.itself(); err != nil {
		return user, "", err
	}
	if user, err = w.tx.UserByID(ctx, w.actor.Principal.ID); err != nil {
		return user, "", err
	}
	p, err := w.tx.PasswordOf(ctx, user.ID)
	if sallyport.KindOf(err) == sallyport.NotFound {
		err = sallyport.ErrConflict("password", "you have no password that could be changed; ask an administrator for one")
	}
	return user, p.Hash, err
}
