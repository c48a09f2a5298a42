package policy

import (
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// MaxLearning is the longest time in which an API may learn.
const MaxLearning = 30 * 24 * time.Hour

// LearningRoute is the id of the route that takes all requests while an API
// learns. It is in no document.
const LearningRoute = "(learning)"

// checkLearn checks the time in which an API learns. Whatever asks something of
// requests must be gone before: to learn is to let everything through.
func checkLearn(a *sallyport.API, f *faults) {
	l := a.Learn
	switch {
	case l.From.IsZero() && l.Until.IsZero():
		return
	case l.From.IsZero():
		f.add("learn.from", "say from when the API learns, such as 2030-01-01T00:00:00Z")
	case l.Until.IsZero():
		f.add("learn.until", "say until when the API learns, at most %d days after from", MaxLearning/(24*time.Hour))
	case !l.Until.After(l.From):
		f.add("learn.until", "the API would end to learn before it begins; until must be after from")
	case l.Until.Sub(l.From) > MaxLearning:
		f.add("learn.until", "everybody may do everything while an API learns, so it does so for at most %d days; let it end sooner", MaxLearning/(24*time.Hour))
	}
	switch {
	case a.Name == managementAPI:
		f.add("learn", "the management API does not learn; it knows its routes")
	case a.Dialect != "" && a.Dialect != DefaultDialect:
		f.add("learn", "the dialect %s brings routes with it, which would have to be let go; only APIs of the dialect standard learn", a.Dialect)
	case len(a.Routes) > 0:
		f.add("learn", "the API has routes, and who learns enforces nothing; leave out learn, or all routes")
	}
}

// learningRoute returns the route for the time in which the API learns; nil if it
// never does. It opens no WebSockets: they would go on when the time is over.
func (a *API) learningRoute() *Route {
	if a.Disabled || a.Document.Learn.Until.IsZero() {
		return nil
	}
	return &Route{
		API: a, ID: LearningRoute, Methods: []string{everything}, Path: "/{path...}", Public: true,
		Tenant: asAsked(a.Document.Tenant), Realm: asAsked(a.Document.Realm), Timeout: time.Duration(a.Document.Upstream.Timeout),
	}
}

// Learn lets a request through that no route matched, if the API learns at that
// time, and reports whether it did.
func (a *API) Learn(now time.Time, m *Match) bool {
	if a.learning == nil || m.Route != nil || !a.Learns(now) {
		return false
	}
	m.Route, m.Reason, m.Allow, m.count = a.learning, "", nil, 0
	return true
}

// Learns reports whether the API learns at a time.
func (a *API) Learns(now time.Time) bool {
	l := a.Document.Learn
	return a.learning != nil && !now.Before(l.From) && now.Before(l.Until)
}
