package doors

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
)

// A Supposition is a request that nobody made, and who would make it.
type Supposition struct {
	policy.Trial
	Principal sallyport.PrincipalID

	// Credential is the one that the request would be made with; nil: one that is
	// taken as good.
	Credential *sallyport.Credential
	// Refused says why the credential would not do; empty: it would.
	Refused sallyport.Reason
}

// Try says what would be decided on a request under the policy in force, for a
// principal as he is now, and tells the way. Nothing is counted and nothing is
// kept. NotFound: there is no such principal.
func (d *Doors) Try(ctx context.Context, s *Supposition) (sallyport.Decision, api.Trace, error) {
	p, err := d.loadPrincipal(ctx, s.Principal)
	if err != nil {
		return sallyport.Decision{}, api.Trace{}, err
	}
	v := supposed(d.policy.Load(), p, &s.Trial)
	v.doors = d
	v.decision.Revision = d.Revision()
	reason := v.judge(&s.Trial)
	if s.Refused != "" && stepOf(reason) != "request" && stepOf(reason) != "api" {
		reason = s.Refused
	}
	v.decision.Reason, v.decision.Allowed = reason, reason == ""
	n := note{}
	v.note(&n)
	n.supposed = true
	return v.decision, n.trace(&authn.Claimed{Credential: s.Credential}), nil
}
