package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/totp"
	"github.com/sallyport/sallyport/internal/store"
)

const (
	maxFactors    = 10 // of one user
	recoveryCodes = 10 // that are handed out at a time
	recoveryHalf  = 5  // characters in each half of one
)

// A Factor is a second factor as its owner may see it.
type Factor struct {
	ID       sallyport.FactorID
	Kind     string
	Name     string
	Active   bool
	LastUsed time.Time // zero: never
	Created  time.Time
}

// A Factors is what somebody has besides his password.
type Factors struct {
	List     []Factor // oldest first; without recovery codes
	Recovery int      // how many recovery codes are left
}

// On reports whether signing in needs a second factor.
func (f Factors) On() bool {
	return slices.ContainsFunc(f.List, func(f Factor) bool { return f.Active })
}

// A NewFactor is an app that is being set up. Its secret is told this once.
type NewFactor struct {
	ID     sallyport.FactorID
	Secret sallyport.Secret // as it is typed into an app
	URI    sallyport.Secret // the same as a QR code has it
}

// Factors returns the actor's second factors.
func (s *Service) Factors(ctx context.Context, a Actor) (f Factors, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.itself(); err != nil {
			return err
		}
		f, err = w.factors(ctx, w.actor.Principal.ID)
		return err
	})
	return f, err
}

func (w *work) factors(ctx context.Context, id sallyport.PrincipalID) (f Factors, err error) {
	all, err := w.tx.FactorsOf(ctx, id)
	for _, row := range all {
		if row.Kind == store.FactorRecovery {
			f.Recovery++
			continue
		}
		f.List = append(f.List, Factor{row.ID, row.Kind, row.Name, row.Active, row.LastUsed, row.Created})
	}
	return f, err
}

// StartFactor begins to set up an app that shows codes. Nothing asks for it before
// [Service.ActivateFactor]. What was begun before and not finished is forgotten.
// issuer is what apps show it under.
func (s *Service) StartFactor(ctx context.Context, a Actor, name, issuer string) (out NewFactor, err error) {
	return adding(ctx, s, a, name, "Authenticator app", func(w *work, name string) (NewFactor, error) {
		return w.startFactor(ctx, name, issuer)
	})
}

// adding has an actor begin to set up one more second factor, which has its usual
// name if none is given.
func adding[T any](ctx context.Context, s *Service, a Actor, name, usual string, begin func(w *work, name string) (T, error)) (out T, err error) {
	if name, err = text("name", cmp.Or(strings.TrimSpace(name), usual), maxName); err != nil {
		return out, err
	}
	return making(ctx, s, a, func(w *work) (out T, err error) {
		if err := w.ownFactors(); err != nil {
			return out, err
		}
		if err := w.roomForFactor(ctx); err != nil {
			return out, err
		}
		return begin(w, name)
	})
}

// roomForFactor forgets what the actor began to set up and did not finish, and
// checks that he may have one more.
func (w *work) roomForFactor(ctx context.Context) error {
	there, err := w.factors(ctx, w.actor.Principal.ID)
	if err != nil {
		return err
	}
	active := 0
	for _, f := range there.List {
		if f.Active {
			active++
			continue
		}
		if _, err := w.tx.DeleteFactor(ctx, w.actor.Principal.ID, f.ID); err != nil {
			return err
		}
	}
	if active >= maxFactors {
		return sallyport.ErrConflict("", fmt.Sprintf("you have %d second factors; remove one first", maxFactors))
	}
	return nil
}

func (w *work) startFactor(ctx context.Context, name, issuer string) (out NewFactor, err error) {
	id, err := newID()
	if err != nil {
		return out, err
	}
	secret, err := totp.NewSecret()
	if err != nil {
		return out, err
	}
	f := store.Factor{ID: sallyport.FactorID(id), Principal: w.actor.Principal.ID, Kind: store.FactorTOTP, Name: name}
	if err := authn.SealFactor(w.c.Factors, &f, secret); err != nil {
		return out, fmt.Errorf("seal a second factor: %w", err)
	}
	return NewFactor{
		ID: f.ID, Secret: sallyport.Secret(totp.Text(secret)), URI: sallyport.Secret(totp.URI(secret, issuer, w.actor.Principal.Login)),
	}, w.tx.InsertFactor(ctx, &f)
}

// ownFactors checks that the actor may change his own second factors: a person,
// in a session, who has just given his password.
func (w *work) ownFactors() error {
	if err := w.itself(); err != nil {
		return err
	}
	if w.session == nil || w.actor.Principal.Kind != sallyport.PrincipalPerson {
		return sallyport.ErrConflict("", "second factors are for people, and are changed in a session; sign in first")
	}
	return w.confirmed()
}

// ActivateFactor puts an app in force, now that a code of it was right. With the
// first one the actor gets recovery codes, which are told this once. A wrong code
// is Invalid; the caller bounds how often it is tried.
func (s *Service) ActivateFactor(ctx context.Context, a Actor, id sallyport.FactorID, code string) ([]sallyport.Secret, error) {
	return making(ctx, s, a, func(w *work) ([]sallyport.Secret, error) {
		if err := w.ownFactors(); err != nil {
			return nil, err
		}
		all, err := w.tx.FactorsOf(ctx, w.actor.Principal.ID)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(f store.Factor) bool { return f.ID == id && f.Kind == store.FactorTOTP && !f.Active })
		if at < 0 {
			return nil, sallyport.ErrNotFound("no app is being set up; begin again")
		}
		f := &all[at]
		step, err := authn.FactorStep(w.c.Factors, f, code, w.now)
		switch {
		case err != nil:
			return nil, fmt.Errorf("open a second factor: %w", err)
		case step == 0:
			return nil, sallyport.ErrInvalid("code", "the code is wrong; check that the clock of the device is right")
		}
		if _, err := w.tx.ActivateFactor(ctx, f.Principal, f.ID, step); err != nil {
			return nil, err
		}
		return w.addedFactor(ctx, f, all)
	})
}

// addedFactor writes down a factor that is in force from now on, and returns
// recovery codes if the actor has none among all that he has.
func (w *work) addedFactor(ctx context.Context, f *store.Factor, all []store.Factor) ([]sallyport.Secret, error) {
	w.tx.Note(sallyport.ChangePrincipal, string(f.Principal))
	if err := w.writeFactor(ctx, "user.add_factor", f.Kind, f.Name); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, func(f store.Factor) bool { return f.Kind == store.FactorRecovery }) {
		return nil, nil
	}
	return w.recoveryCodes(ctx)
}

func (w *work) writeFactor(ctx context.Context, action, kind, name string) error {
	p := w.actor.Principal
	return w.write(ctx, p.Home, action, thing{"user", string(p.ID), p.Login}, nil, map[string]any{"factor": kind, "name": name})
}

// recoveryCodes replaces the actor's recovery codes.
func (w *work) recoveryCodes(ctx context.Context) ([]sallyport.Secret, error) {
	owner := w.actor.Principal.ID
	if err := w.tx.DeleteRecoveryCodes(ctx, owner); err != nil {
		return nil, err
	}
	codes := make([]sallyport.Secret, 0, recoveryCodes)
	for range recoveryCodes {
		text := strings.ToLower(rand.Text()[:2*recoveryHalf])
		id, err := newID()
		if err != nil {
			return nil, err
		}
		f := store.Factor{
			ID: sallyport.FactorID(id), Principal: owner, Kind: store.FactorRecovery, Active: true,
			Secret: authn.RecoveryDigest(w.c.Secrets, owner, text),
		}
		if err := w.tx.InsertFactor(ctx, &f); err != nil {
			return nil, err
		}
		codes = append(codes, sallyport.Secret(text[:recoveryHalf]+"-"+text[recoveryHalf:]))
	}
	return codes, nil
}

// NewRecoveryCodes gives the actor new recovery codes; the old ones are over.
func (s *Service) NewRecoveryCodes(ctx context.Context, a Actor) ([]sallyport.Secret, error) {
	return making(ctx, s, a, func(w *work) ([]sallyport.Secret, error) {
		if err := w.ownFactors(); err != nil {
			return nil, err
		}
		there, err := w.factors(ctx, w.actor.Principal.ID)
		if err != nil {
			return nil, err
		}
		if !there.On() {
			return nil, sallyport.ErrConflict("", "recovery codes stand in for a second factor, and you have none")
		}
		if err := w.writeFactor(ctx, "user.renew_recovery_codes", store.FactorRecovery, ""); err != nil {
			return nil, err
		}
		return w.recoveryCodes(ctx)
	})
}

// RenameFactor gives one of the actor's second factors another name.
func (s *Service) RenameFactor(ctx context.Context, a Actor, id sallyport.FactorID, name string) error {
	name, err := text("name", strings.TrimSpace(name), maxName)
	if err != nil {
		return err
	}
	if name == "" {
		return sallyport.ErrInvalid("name", "name is empty; give it one that you know it by")
	}
	return s.change(ctx, a, func(w *work) error {
		if err := w.itself(); err != nil {
			return err
		}
		there, err := w.tx.RenameFactor(ctx, w.actor.Principal.ID, id, name)
		if err != nil {
			return err
		}
		if !there {
			return sallyport.ErrNotFound("no such second factor")
		}
		return w.writeFactor(ctx, "user.rename_factor", "", name)
	})
}

// RemoveFactor removes one of the actor's second factors. With the last one the
// recovery codes go as well, and the password alone opens the account again.
func (s *Service) RemoveFactor(ctx context.Context, a Actor, id sallyport.FactorID) error {
	return s.change(ctx, a, func(w *work) error {
		if err := w.ownFactors(); err != nil {
			return err
		}
		owner := w.actor.Principal.ID
		there, err := w.factors(ctx, owner)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(there.List, func(f Factor) bool { return f.ID == id })
		if at < 0 {
			return sallyport.ErrNotFound("no such second factor")
		}
		f := there.List[at]
		if _, err := w.tx.DeleteFactor(ctx, owner, id); err != nil {
			return err
		}
		there.List = slices.Delete(there.List, at, at+1)
		if !there.On() {
			if err := w.tx.DeleteRecoveryCodes(ctx, owner); err != nil {
				return err
			}
		}
		w.tx.Note(sallyport.ChangePrincipal, string(owner))
		return w.writeFactor(ctx, "user.remove_factor", f.Kind, f.Name)
	})
}

// ResetFactors removes all second factors of a user who has lost them, and ends
// his sessions. It needs [UsersWrite], and that he is not stronger than the actor.
func (s *Service) ResetFactors(ctx context.Context, a Actor, tenant sallyport.TenantID, id sallyport.PrincipalID) error {
	return s.change(ctx, a, func(w *work) error {
		user, err := w.userToChange(ctx, tenant, id)
		if err != nil {
			return err
		}
		if w.actor.is(id) {
			return sallyport.ErrConflict("", "your own second factors are removed where you keep them")
		}
		if err := w.confirmed(); err != nil {
			return err
		}
		n, err := w.tx.DeleteFactors(ctx, id)
		if err != nil || n == 0 {
			return err
		}
		if err := w.endSignIns(ctx, id, "factors_reset"); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangePrincipal, string(id))
		return w.write(ctx, user.Tenant, "user.reset_factors", userThing(user), map[string]any{"factors": n}, map[string]any{"factors": 0})
	})
}
