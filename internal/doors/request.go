package doors

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
)

// A Request is what the two doors look at. A surface fills the first part;
// [Doors.Decide] fills the second, for the surface that carries the decision
// out. A Request can be used again after [Request.Reset]. It is not safe for
// concurrent use.
type Request struct {
	ID     string // request id; the surface made it
	Method string
	Target string // request target as it came: path and query, or an absolute URI
	Host   string // Host header or :authority
	Scheme string // "http" or "https": how the client came
	Header http.Header
	Client netip.Addr // the client's address; behind trusted proxies the one they tell
	Now    time.Time  // when the whole head was there; zero: now

	// Body returns the whole body, for an API that looks for a credential or an
	// operation in a form. It may be called more than once. Nil: there is no
	// body to be seen.
	Body func() ([]byte, error)

	// Session is the secret of a session in whose name one of this program's own
	// pages makes the request, because its owner asked for just this one there. It
	// stands in place of whatever the API accepts: the request brings no credential
	// that could be sent on. Empty: the request came by itself.
	Session string

	// Blind says that the request may have a body which the surface does not show,
	// as at a decision endpoint.
	Blind bool

	// Endpoints says that the surface has dialects answer what they answer
	// themselves. Without it the routes of such endpoints are unknown.
	Endpoints bool

	// Canonical is what was matched and what is to be forwarded.
	Canonical target.Target
	// API is nil if none has this host and path.
	API *policy.API
	// BasePath is the base path of the API, or the alias of it, that the path
	// began with.
	BasePath string
	// Match has the route, nil if none matched, and the path values.
	Match policy.Match
	// Found tells where the credential was, so that it can be cut out.
	Found carrier.Found

	fault sallyport.Reason // why a parameter could not be read
}

// Reset empties the request for another use.
func (r *Request) Reset() { *r = Request{} }

// Query returns a query parameter; it is what routes are told apart by.
func (r *Request) Query(name string) (string, bool) {
	value, count, fault := carrier.QueryValue(r.Canonical.RawQuery, name)
	return r.single(value, count, fault)
}

// QueryAll returns each value of a query parameter that may be there more than
// once. Where the name is there in other letters too it is a fault, since the
// upstream could read both as one.
func (r *Request) QueryAll(name string) []string {
	spelled := true
	carrier.QueryNames(r.Canonical.RawQuery, func(other string) bool {
		spelled = other == name || !strings.EqualFold(other, name)
		return spelled
	})
	if !spelled {
		r.fault = sallyport.QueryMalformed
		return nil
	}
	values, fault := carrier.QueryValues(r.Canonical.RawQuery, name)
	if fault != carrier.OK {
		r.fault = fault.Reason()
		return nil
	}
	return values
}

// Form returns a form field, or a query parameter if the body has no such
// field.
func (r *Request) Form(name string) (string, bool) {
	contentType := r.Header["Content-Type"]
	if len(contentType) > 1 {
		r.fault = sallyport.HeaderMalformed // which one would the upstream believe?
		return "", false
	}
	if r.Body != nil && len(contentType) == 1 {
		body, err := r.Body()
		if err != nil {
			r.fault = bodyFault(err)
			return "", false
		}
		if value, count, fault := carrier.FormFileValue(contentType[0], body, name); count > 0 || fault != carrier.OK {
			return r.single(value, count, fault)
		}
	}
	return r.Query(name)
}

// header returns a header that may be there once. The name is in canonical form.
func (r *Request) header(name string) (string, bool) {
	switch values := r.Header[name]; len(values) {
	case 0:
		return "", false
	case 1:
		return values[0], true
	default:
		r.fault = sallyport.HeaderMalformed
		return "", false
	}
}

// single passes a parameter on that is there once and notes a fault if it is
// there twice: two programs could each believe another of them.
func (r *Request) single(value string, count int, fault carrier.Fault) (string, bool) {
	switch {
	case fault != carrier.OK:
		r.fault = fault.Reason()
	case count > 1:
		r.fault = sallyport.QueryMalformed
	case count == 1:
		return value, true
	}
	return "", false
}

func bodyFault(err error) sallyport.Reason {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return sallyport.BodyTooLarge
	}
	return sallyport.BodyMalformed
}

// parameters is the request as [policy.ParameterSource] and [policy.RealmSource]
// want it.
type parameters struct{ *Request }

// Header returns a header that may be there once.
func (p parameters) Header(name string) (string, bool) {
	return p.header(http.CanonicalHeaderKey(name))
}

// PathValue returns a value of the route's pattern.
func (p parameters) PathValue(name string) (string, bool) { return p.Match.Value(name) }

// Names calls f with the names of parameters.
func (p parameters) Names(f func(name string) bool) {
	more := true
	each := func(name string) bool {
		more = f(name)
		return more
	}
	carrier.QueryNames(p.Canonical.RawQuery, each)
	if contentType, body, _ := p.Content(); more && len(body) > 0 {
		if fault := carrier.FormNames(contentType, body, each); fault != carrier.OK {
			p.fault = fault.Reason()
		}
	}
}

// Content returns the body and its type. Where no body is shown, a request is known
// to have none if it is one that has no use for it.
func (p parameters) Content() (contentType string, body []byte, seen bool) {
	types := p.Request.Header["Content-Type"]
	if len(types) > 1 {
		p.fault = sallyport.HeaderMalformed
		return "", nil, false
	}
	if len(types) == 1 {
		contentType = types[0]
	}
	if p.Body == nil {
		return "", nil, !p.Blind || contentType == "" && (p.Method == http.MethodGet || p.Method == http.MethodHead)
	}
	body, err := p.Body()
	if err != nil {
		p.fault = bodyFault(err)
		return "", nil, false
	}
	return contentType, body, true
}
