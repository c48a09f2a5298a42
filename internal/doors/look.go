package doors

import (
	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// A Looked is where a request leads.
type Looked struct {
	Route *policy.Route // nil: none matched
	Realm string        // that the request names; empty: none
}

// Look finds the route of a request that nobody made, whoever would make it. A
// reason says that there is none, or that the request cannot be read.
func Look(s *policy.Snapshot, t *policy.Trial) (Looked, sallyport.Reason) {
	v := supposed(&inForce{Snapshot: s}, nil, t)
	if reason := v.find(); reason != "" {
		return Looked{}, reason
	}
	route := v.request.Match.Route
	if route == nil {
		return Looked{}, v.request.Match.Reason
	}
	v.put(route.Realm, t.Realm)
	found := Looked{Route: route}
	if route.Realm != nil {
		found.Realm, _ = v.selected(route.Realm)
	}
	return found, v.request.fault
}
