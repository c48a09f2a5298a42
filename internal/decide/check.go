package decide

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// A Check is the question of a proxy that shows the client's request itself, and has
// it changed before it goes on: Envoy over gRPC. [Handler.Check] fills the second
// part. It can be used again after [Check.Reset]. It is not safe for concurrent use.
type Check struct {
	Caller Caller     // who asks
	Peer   netip.Addr // the other end of the connection that the proxy got the request over
	Fault  Fault      // why the question cannot be read; zero: it can

	// Body is the request's, if Shown says that all of it is there.
	Body  []byte
	Shown bool

	// Remove are headers, and RemoveQuery query parameters as the client spelled
	// them, that the proxy must take out of a request that passes. Cookie replaces
	// what it has in its Cookie headers; empty: it does not.
	Remove      []string
	RemoveQuery []string
	Cookie      string
}

// Reset empties the check for another use.
func (c *Check) Reset() { *c = Check{Remove: c.Remove[:0], RemoveQuery: c.RemoveQuery[:0]} }

// Check answers a question about the client's request r and reports whether it may
// pass. Of r it reads the method, RequestURI, Host and Header, and it may change the
// latter. The answer is what [Handler.ServeHTTP] writes for other proxies: of a
// request that may pass, the identity headers that the proxy must set on it, and
// those that the client's answer must have.
func (h *Handler) Check(ctx context.Context, w http.ResponseWriter, r *http.Request, c *Check) bool {
	return h.serve(ctx, w, r, c)
}

// original reads the request into the visit.
func (c *Check) original(r *http.Request, v *visit) Fault {
	switch {
	case c.Fault.What != "":
		return c.Fault
	case r.Method == "":
		return Fault{":method", missing}
	case r.RequestURI == "":
		return Fault{":path", missing}
	case r.Host == "":
		return Fault{":authority", missing}
	}
	v.request.Method, v.request.Target, v.request.Host = r.Method, r.RequestURI, r.Host
	return Fault{}
}

// form returns the body, for the doors.
func (c *Check) form(h http.Header, most int) ([]byte, error) {
	switch {
	case surface.Coded(h["Content-Encoding"]):
		return nil, surface.ErrCoded
	case len(c.Body) > most:
		return nil, &http.MaxBytesError{Limit: int64(most)}
	}
	return c.Body, nil
}

// cannotCut returns why the proxy must not forward a request with the body that it
// has shown, or "". It forwards the body as it is.
func (h *Handler) cannotCut(ctx context.Context, v *visit) sallyport.Reason {
	q := &v.request
	if q.Found.In != carrier.Form || q.API.Document.Upstream.ForwardCredentials {
		return ""
	}
	h.log.complain(ctx, unreadable, "a request with its credential in the body was refused: a proxy cannot take it out; put the gateway in front of this API, or have it take credentials in headers",
		"api", q.API.Name, "field", q.Found.Name)
	return sallyport.BodyMalformed
}
