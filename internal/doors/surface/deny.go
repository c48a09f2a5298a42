package surface

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

const (
	drained   = 64 << 10        // bytes of an unwanted body that are read
	drainTime = 2 * time.Second // for which the rest of one is waited for
)

// Deny answers a denied request.
func (d *Desk) Deny(w http.ResponseWriter, r *http.Request, req *doors.Request, dec *sallyport.Decision) {
	d.TurnAway(w, r)
	a := d.answer(req, dec)
	if d.Repair != nil {
		a.Repair = d.Repair(r.Context(), req, dec)
	}
	if dialect := d.dialect(req); dialect != nil {
		dialect.Deny(w, r, &Exchange{Request: req, Decision: dec, Answer: a, Docs: d.docs()})
		return
	}
	d.docs().Denied(w, r, a)
}

// answer returns what there is to be said about a denial.
func (d *Desk) answer(req *doors.Request, dec *sallyport.Decision) respond.Answer {
	a := respond.Answer{Decision: *dec, Vary: Vary(req.API, req.Match.Route)}
	if api := req.API; api != nil {
		a.Explain = api.Document.Explain
		try := respond.Try{Sent: req.Found.In.Carrier(), Reason: dec.Reason, Scopes: dec.MissingScopes}
		if d.Metadata != nil {
			try.Metadata = d.Metadata(api)
		}
		a.Challenges = respond.Challenges(api.Accept, string(api.Name), try)
	}
	return a
}

// Fail answers a request that was allowed and could not be carried out.
func (d *Desk) Fail(w http.ResponseWriter, r *http.Request, id string, err error) {
	d.TurnAway(w, r)
	w.Header().Set(respond.HeaderRequestID, id)
	d.docs().Failed(w, r, err)
}

func (d *Desk) docs() respond.Docs {
	if d.Docs != "" {
		return d.Docs
	}
	return respond.DefaultDocs
}

// Vary returns the names of the headers on which the answers of a route depend.
// The API and the route may be nil.
func Vary(api *policy.API, route *policy.Route) []string {
	switch {
	case api == nil:
		return respond.Vary(nil)
	case route == nil:
		return respond.Vary(api.Accept, api.Document.Tenant, api.Document.Realm)
	default:
		return respond.Vary(api.Accept, route.Tenant, route.Realm)
	}
}

// TurnAway is called before an answer that does not wait for the body of the
// request. A little of the body is read, for the client that sends before it
// listens; with more to come the connection ends behind the answer, since
// whatever is left of the body must not be read as the next request.
func (d *Desk) TurnAway(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 1 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	if _, replayed := r.Body.(*replay); replayed {
		return
	}
	if r.ContentLength < 0 || r.ContentLength > drained {
		w.Header().Set("Connection", "close")
	}
	// Not every writer has a socket behind it.
	_ = http.NewResponseController(w).SetReadDeadline(d.Now().Add(drainTime))
}
