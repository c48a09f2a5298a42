package doors

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// Shown is a secret that stands in the body of a request to a token endpoint,
// where no route says what to do with it.
type Shown struct {
	Secret string
	Kinds  []sallyport.CredentialKind // that will do; empty: all
	API    sallyport.APIName          // that an access token must be for; empty: it must be for every API
	Client netip.Addr
	Agent  string

	// Inspected says that who shows the secret is not who uses it, but somebody
	// who was shown it and asks about it. That is no use of it, and where it may
	// be used from is not known.
	Inspected bool
}

// A Holder is who a secret belongs to, and how far the secret reaches.
type Holder struct {
	Principal  *policy.Principal
	Kind       sallyport.CredentialKind
	Credential sallyport.UUID     // of an access token that of its sign-in
	Tenant     sallyport.TenantID // the one tenant that it acts in; empty: wherever the principal may
	Limited    bool               // whether Scopes applies
	Scopes     []string
	Made       time.Time     // of a stored secret: when it was made
	Expires    time.Time     // zero: never
	Idle       time.Duration // it ends when unused for so long; 0: no limit
}

// Holder verifies a secret, as door one does, and returns whose it is, or the
// reason why it is nobody's. Passwords are for [Doors.Authenticate].
func (d *Doors) Holder(ctx context.Context, s Shown) (Holder, sallyport.Reason) {
	v := visit{doors: d, policy: d.policy.Load(), now: d.now()}
	known, reason, _ := d.authn.Verify(ctx, &authn.Presented{
		In: sallyport.CarrierBearer, Secret: s.Secret, Kinds: s.Kinds, API: s.API, Client: s.Client, Now: v.now,
	})
	if s.Inspected && reason == sallyport.NetworkForbidden {
		reason = "" // it is the last thing that can be wrong with a stored secret
	}
	if reason == "" {
		reason = v.recognise(ctx, known)
	}
	switch {
	case reason != "":
	case known.Dead():
		reason = sallyport.CredentialRevoked
	case d.lease.age(d.now()) > d.maxStaleness:
		reason = sallyport.PolicyStale
	}
	if reason != "" {
		return Holder{}, reason
	}
	if !s.Inspected {
		if d.authn.Use(known, v.now) {
			d.authn.Remark(known, s.Client, s.Agent)
		}
	}
	return v.holder(), ""
}

// holder tells whom the visit recognised.
func (v *visit) holder() Holder {
	limits := v.known.Limits()
	return Holder{
		Principal: v.principal, Kind: v.known.Kind(), Credential: v.known.ID(), Tenant: limits.Tenant,
		Limited: limits.Limited, Scopes: slices.Clone(limits.Scopes), Made: v.known.Made(), Expires: v.known.Expires(), Idle: limits.Idle,
	}
}

// Present has door one look at the credential of a request whose route ignores
// credentials, for an endpoint that begins something with it. login is the one
// that belongs to it, if it stands where no accept list can say. It returns who
// came, or the reason why nobody did and the seconds to wait.
func (d *Doors) Present(ctx context.Context, r *Request, login string) (Holder, sallyport.Reason, int) {
	v := visit{doors: d, policy: d.policy.Load(), request: r, now: d.now()}
	// The policy may have been replaced since the API was found, and its number is
	// another then.
	reason := v.present(ctx, newIntake(r.API.Name, r.API.Accept), login)
	if reason == "" {
		v.count()
		reason = v.stillCurrent()
	}
	if reason != "" {
		return Holder{}, reason, v.decision.RetryAfter
	}
	return v.holder(), "", 0
}
