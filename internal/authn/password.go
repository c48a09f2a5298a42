package authn

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/known"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
)

// busySeconds is when to come again after an overload.
const busySeconds = 1

// An outcome is what one evaluation of a password came to. It carries whom it
// is about, so that who shares it can make sure that it is his.
type outcome struct {
	login      string
	user       sallyport.User
	reason     sallyport.Reason
	retryAfter int
}

// learnPassword evaluates a password and remembers it for a while if it is
// right. Equal pairs that arrive together are evaluated once.
//
// What is remembered is good for one epoch of the user, which is compared with
// the present one at every use, so it cannot outlive a change.
func (v *Verifier) learnPassword(ctx context.Context, p *Presented, digest known.Digest) (Known, sallyport.Reason, int) {
	o := v.evaluateOnce(ctx, p, digest)
	if o.reason != "" {
		return Known{}, o.reason, o.retryAfter
	}
	id, ok := sallyport.ParseUUID(string(o.user.ID))
	if !ok {
		return Known{}, sallyport.InternalFault, 0
	}
	k := v.publish(known.Record{
		Digest:    digest,
		ID:        known.ID(id),
		Expires:   p.Now.Add(v.RememberFor).UnixMicro(),
		Stamp:     o.user.Epoch,
		Principal: v.Number(o.user.ID),
		Kind:      numberOf(sallyport.Password),
	}, Limits{}, p.Now.Unix())
	return k, "", 0
}

func (v *Verifier) evaluateOnce(ctx context.Context, p *Presented, digest known.Digest) outcome {
	shared, _, _ := v.flights.Do(string(digest[:])+SourceOf(p.Client).String(), func() (any, error) {
		// Others may wait for this one, so it does not end when this caller
		// goes away; the gate bounds how long it can take.
		return v.evaluate(context.WithoutCancel(ctx), p), nil
	})
	o, ok := shared.(outcome)
	if !ok || o.login != p.Login {
		return outcome{reason: sallyport.InternalFault}
	}
	return o
}

// evaluate does the same work whether the user exists, is active, has a
// password, or does not: the caller must not learn which from the time it took.
func (v *Verifier) evaluate(ctx context.Context, p *Presented) (o outcome) {
	o = outcome{login: p.Login}
	canonical, err := login.Canonical(p.Login)
	if err != nil {
		canonical = "" // nobody's, but it costs what a wrong password costs
	}
	defer func() {
		if o.reason != "" && o.reason.Status() < 500 {
			v.failed.note(canonical, p.Client, &o, v.Now())
		}
	}()
	attempt, wait, err := v.Throttle.Begin(ctx, canonical, p.Client)
	switch {
	case err != nil:
		o.reason, o.retryAfter = sallyport.Overloaded, busySeconds
		return o
	case wait > 0:
		o.reason, o.retryAfter = sallyport.Overdone, wait
		return o
	}
	o.user, o.reason = v.check(ctx, canonical, p.Secret)
	switch {
	case o.reason == "":
		attempt.Succeeded()
	case o.reason.Status() >= 500:
		o.retryAfter = busySeconds
		attempt.Abandoned()
	default:
		attempt.Failed()
	}
	return o
}

// check compares the password with the stored hash.
func (v *Verifier) check(ctx context.Context, canonical, secret string) (sallyport.User, sallyport.Reason) {
	user, err := v.Store.UserByLogin(ctx, canonical)
	missing := canonical == "" || sallyport.KindOf(err) == sallyport.NotFound
	if err != nil && !missing {
		return user, reasonOf(err, sallyport.UserUnknown)
	}
	var hash sallyport.Secret
	if !missing {
		stored, err := v.Store.PasswordOf(ctx, user.ID)
		if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
			return user, reasonOf(err, sallyport.PasswordWrong)
		}
		hash = stored.Hash
	}
	good, err := v.Hasher.Verify(ctx, hash.Reveal(), secret)
	switch {
	case errors.Is(err, password.ErrUnknownHash):
		v.Log.ErrorContext(ctx, "a stored password hash cannot be used", "user", user.ID, "error", err)
		return user, sallyport.PasswordWrong
	case err != nil:
		return user, sallyport.Overloaded
	case missing:
		return user, sallyport.UserUnknown
	case !good:
		return user, sallyport.PasswordWrong
	case user.State != sallyport.Active:
		return user, sallyport.OwnerInactive
	}
	if v.Hasher.NeedsUpgrade(hash.Reveal()) {
		if err := v.upgrade(ctx, user.ID, hash, secret); err != nil {
			v.Log.WarnContext(ctx, "a password hash could not be upgraded", "user", user.ID, "error", err)
		}
	}
	return user, ""
}

// upgrade replaces a hash of another scheme, or a cheaper one, now that the
// password is at hand. If the password was changed meanwhile, that one stays.
func (v *Verifier) upgrade(ctx context.Context, id sallyport.PrincipalID, old sallyport.Secret, secret string) error {
	hash, err := v.Hasher.Hash(ctx, secret)
	if err != nil {
		return fmt.Errorf("hash anew: %w", err)
	}
	_, err = v.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.RehashPassword(ctx, id, old, sallyport.Secret(hash))
	})
	return err
}
