package surface

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/respond"
)

// A Dialect answers in the manner of one system. It translates; what is allowed
// was decided before. It is safe for concurrent use.
type Dialect interface {
	// Serve answers an allowed request to a route with an endpoint of the
	// dialect. Its methods are those of the route.
	Serve(w http.ResponseWriter, r *http.Request, x *Exchange)
	// Deny answers a denied request to an API of the dialect.
	Deny(w http.ResponseWriter, r *http.Request, x *Exchange)
}

// A Dresser is a dialect that has a word to say in the headers of every answer of
// its APIs, those of the upstream too.
type Dresser interface {
	// Dress changes the headers of an answer. Serve and Deny do so themselves.
	Dress(h http.Header, r *http.Request, x *Exchange)
}

// A Faulter is a dialect that says in its own manner that a request which was let
// in came to nothing.
type Faulter interface {
	// Fault answers with a problem that is no denial, such as that the upstream
	// does not answer. The decision allows the request.
	Fault(w http.ResponseWriter, r *http.Request, x *Exchange, p respond.Problem)
}

// An Exchange is a request with the decision on it. It is good until the dialect
// returns.
type Exchange struct {
	Request  *doors.Request
	Decision *sallyport.Decision

	// Answer is what the standard dialect would say of a denial: see
	// [respond.Docs.Problem] and [respond.Answer.Headers].
	Answer respond.Answer
	// Docs is where explanations of reasons stand.
	Docs respond.Docs

	// Again serves another request in the name of this one, through both doors
	// as if it had come by itself. Nil if the surface cannot.
	Again http.Handler
}

// Endpoint returns the name of the dialect's endpoint that the request is for.
func (x *Exchange) Endpoint() string {
	if route := x.Request.Match.Route; route != nil {
		return route.Endpoint
	}
	return ""
}

// Serve has the dialect of the API answer, and reports whether the request was
// for one of its endpoints.
func (d *Desk) Serve(w http.ResponseWriter, r *http.Request, req *doors.Request, dec *sallyport.Decision) bool {
	if route := req.Match.Route; route == nil || route.Endpoint == "" {
		return false
	}
	x := Exchange{Request: req, Decision: dec, Answer: respond.Answer{Decision: *dec}, Docs: d.docs(), Again: d.Again}
	d.TurnAway(w, r)
	dialect := d.dialect(req)
	if dialect == nil { // it is not wired; the upstream must not see the request
		d.docs().Failed(w, r, sallyport.ErrNotFound("this endpoint is not served here"))
		return true
	}
	dialect.Serve(w, r, &x)
	return true
}

// dialect returns the dialect of the request's API; nil: the standard one.
func (d *Desk) dialect(req *doors.Request) Dialect {
	if req.API == nil {
		return nil
	}
	return d.Dialects[req.API.Document.Dialect]
}

// Fault answers a request that was let in with a problem that is no denial.
func (d *Desk) Fault(w http.ResponseWriter, r *http.Request, req *doors.Request, dec *sallyport.Decision, p respond.Problem) {
	d.TurnAway(w, r)
	if f, ok := d.dialect(req).(Faulter); ok {
		f.Fault(w, r, &Exchange{Request: req, Decision: dec, Docs: d.docs()}, p)
		return
	}
	w.Header().Set(respond.HeaderRequestID, p.RequestID)
	p.Write(w, r)
}

// Dress has the dialect of the API change the headers of an upstream's answer.
func (d *Desk) Dress(h http.Header, r *http.Request, req *doors.Request, dec *sallyport.Decision) {
	if dresser, ok := d.dialect(req).(Dresser); ok {
		dresser.Dress(h, r, &Exchange{Request: req, Decision: dec, Docs: d.docs()})
	}
}
