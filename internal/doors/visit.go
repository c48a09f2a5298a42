package doors

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// A visit is one request's way through the doors.
type visit struct {
	doors    *Doors
	policy   *inForce
	request  *Request
	decision sallyport.Decision
	now      time.Time
	waited   bool // for the store, or for the client: now may be long ago

	known     authn.Known  // zero for an anonymous request
	claim     *authn.Claim // of a credential that was refused; nil: not looked at yet
	principal *policy.Principal

	realmOfTrial string // of a request that nobody made, where a dialect would have to find it
}

// decide returns why not, or "".
func (v *visit) decide(ctx context.Context) sallyport.Reason {
	if reason := v.find(); reason != "" {
		return reason
	}
	// The route is known before the credential is looked at, since a public one
	// needs none; but who has none, or a bad one, is not told what routes there
	// are.
	if reason := v.doorOne(ctx); reason != "" {
		return reason
	}
	reason := v.doorTwo()
	if v.principal != nil && Counts(reason) {
		v.count()
	}
	if reason == "" {
		reason = v.stillCurrent()
	}
	if reason == "" && v.principal != nil {
		v.use()
	}
	return reason
}

// Counts reports whether a request that door two refused for a reason was still a
// use of its credential: it was good for the place, and something else was missing.
func Counts(reason sallyport.Reason) bool {
	switch reason { //nolint:exhaustive // all others
	case sallyport.ScopeInsufficient, sallyport.KindForbidden, sallyport.CredentialNotAccepted:
		return false
	}
	return true
}

// stillCurrent is the last look before a request is let in: what it was decided
// on may have been forgotten meanwhile, or be too old.
func (v *visit) stillCurrent() sallyport.Reason {
	d := v.doors
	if v.principal != nil && v.known.Dead() {
		return sallyport.CredentialRevoked
	}
	bound := d.maxStaleness
	if api := v.request.API; api.Document.Stale == policy.StaleServe {
		bound = max(bound, time.Duration(api.Document.MaxStaleness))
	}
	// A look at the clock costs as much as a look-up, and between the last one and
	// this are a few hundred instructions, unless somebody was waited for.
	now := v.now
	if v.waited {
		now = d.now()
	}
	if d.lease.age(now) > bound {
		return sallyport.PolicyStale
	}
	return ""
}

// count counts the use of the credential.
func (v *visit) count() {
	if a := v.doors.authn; a.Use(v.known, v.now) {
		a.Remark(v.known, v.request.Client, userAgent(v.request))
	}
}

func userAgent(r *Request) string {
	if values := r.Header["User-Agent"]; len(values) > 0 {
		return values[0]
	}
	return ""
}
