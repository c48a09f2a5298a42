package doors

import (
	"context"
	"net/netip"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// Authenticate checks a login and password for a form or a token endpoint, with
// the same throttle and the same memory as HTTP Basic. It returns the principal,
// or the reason why not. Of a principal who MustChange, the password is good for
// nothing but to be changed, or to start a session in which it can be.
//
// Who has a second factor is refused with [sallyport.SecondFactorRequired]. The
// principal is returned all the same then, for [Doors.SecondFactor] to be asked
// about: until it says yes, nothing may be started for him.
func (d *Doors) Authenticate(ctx context.Context, login, secret string, client netip.Addr) (*policy.Principal, sallyport.Reason, int) {
	p, reason, retryAfter := d.Password(ctx, login, secret, client)
	if reason == "" && p.SecondFactor {
		reason = sallyport.SecondFactorRequired
	}
	return p, reason, retryAfter
}

// Password is Authenticate for somebody who is signed in already, and has to show
// that it is still he who sits there: a password that is right will do.
func (d *Doors) Password(ctx context.Context, login, secret string, client netip.Addr) (*policy.Principal, sallyport.Reason, int) {
	v := visit{doors: d, policy: d.policy.Load(), now: d.now()}
	reason, retryAfter := v.verify(ctx, &authn.Presented{
		In: sallyport.CarrierBasic, Login: login, Secret: secret, Client: client, Now: v.now,
	})
	if reason == "" {
		reason = d.fresh()
	}
	if reason != "" {
		return nil, reason, retryAfter
	}
	return v.principal, "", 0
}

// SecondFactor checks the code of a principal whose password was right a moment
// ago: of an app, or one of his recovery codes. A code is good once. Wrong ones
// count like wrong passwords, and giving the password again forgives none of them.
func (d *Doors) SecondFactor(ctx context.Context, p *policy.Principal, code string, client netip.Addr) (sallyport.Reason, int) {
	reason, retryAfter := d.authn.SecondFactor(ctx, &p.Principal, code, client)
	if reason == "" {
		reason = d.fresh()
	}
	return reason, retryAfter
}

// fresh refuses to say yes on what may be too old.
func (d *Doors) fresh() sallyport.Reason {
	if d.lease.age(d.now()) > d.maxStaleness {
		return sallyport.PolicyStale
	}
	return ""
}

// Recall returns a principal as he is now, by his id, for the second half of a
// sign-in. epoch is the one in which his password was right; if it has changed
// since, that counts for nothing.
func (d *Doors) Recall(ctx context.Context, id sallyport.PrincipalID, epoch int64) (*policy.Principal, sallyport.Reason) {
	p, reason := d.Alive(ctx, id)
	if reason == "" && p.Epoch != epoch {
		return nil, sallyport.CredentialRevoked
	}
	return p, reason
}

// Alive returns a user who may sign in, as he is now. There must be such a user.
func (d *Doors) Alive(ctx context.Context, id sallyport.PrincipalID) (*policy.Principal, sallyport.Reason) {
	p, _, err := d.principals.at(ctx, d.principals.number(id))
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound && err != nil:
		return nil, sallyport.OwnerInactive
	case err != nil:
		return nil, sallyport.StoreUnavailable
	case p.State != sallyport.Active:
		return nil, sallyport.OwnerInactive
	case !p.livesAtHome(d.policy.Load()):
		return nil, sallyport.TenantInactive
	}
	return p.Principal, d.fresh()
}
