package doors

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// Suggestions are those of [Doors.Suggest] for a trial that came to a decision, and
// the realm that they are for.
func Suggestions(s *policy.Snapshot, p *policy.Principal, d *sallyport.Decision, t *policy.Trial) ([]policy.Suggestion, string) {
	return suggestions(s, p, &Wanted{
		API: d.API, Route: d.Route, Tenant: d.Tenant, Realm: d.Realm, Kind: refusedKind(d.Reason, d.CredentialKind),
		Facts: sallyport.Circumstances{Time: t.Time, Method: t.Method, Path: t.Target},
	}, maxSuggestions)
}

// CountsInMemory returns how many different uses of permissions are counted at the
// moment.
func (d *Doors) CountsInMemory() int {
	return int(d.uses.total.Load())
}

// WaitForAdvice has refusals wait so long for what would repair them: a busy
// machine is no reason for a test to fail.
func (d *Doors) WaitForAdvice(patience time.Duration) { d.advice.patience = patience }
