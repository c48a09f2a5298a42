package decide

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
)

// clean makes of the headers of a question what the doors are to see: those of
// the client, without Sallyport's own in any spelling. The doors read no header
// but those that an API names, so this is for an API that names one of ours. A check
// has the proxy remove them, too.
func clean(h http.Header, c *Check) {
	for name := range h {
		if len(name) > len("x-sallyport") && name[0]|0x20 == 'x' && name[2]|0x20 == 's' && target.OwnHeader(name) {
			delete(h, name)
			if c != nil {
				c.remove(name)
			}
		}
	}
	// Some proxies keep the Upgrade header to themselves. A WebSocket cannot be
	// opened without this one (RFC 6455 section 4.1), and whether a cookie is
	// accepted depends on it.
	if h["Upgrade"] == nil && h["Sec-Websocket-Key"] != nil {
		h["Upgrade"] = []string{"websocket"}
	}
}

// cannotCarry returns why the proxy must not forward what was allowed, or "". It
// forwards the client's bytes, and mostly it has not shown the body.
func (h *Handler) cannotCarry(ctx context.Context, r *http.Request, v *visit) sallyport.Reason {
	q := &v.request
	if q.Canonical.Rewritten && !h.sameRoute(q) {
		return sallyport.PathAmbiguous
	}
	if q.Body != nil {
		return h.cannotCut(ctx, v)
	}
	for i := range q.API.Parameters {
		if q.API.Parameters[i].In == "form" && r.Header["Content-Type"] != nil {
			// An operation in the body would outweigh the one in the query that
			// was decided on.
			h.log.complain(ctx, unreadable, "a request with a body was refused: the routes of this API are told apart by a form field, which a proxy does not show; put the gateway in front of it",
				"api", q.API.Name, "field", q.API.Parameters[i].Name)
			return sallyport.BodyMalformed
		}
	}
	return ""
}

// sameRoute reports whether the path leads to the same route in the client's
// spelling as in the canonical one. It does if they differ in path values alone;
// an upstream may then decode them or not. Where an escape stands for a letter
// of the route itself, an upstream that does not decode it sees another path.
func (h *Handler) sameRoute(q *doors.Request) bool {
	path, _, _ := strings.Cut(q.Target, "?")
	api, rest := h.doors.Policy().Find(q.Canonical.Host, path)
	if api == nil || api.Name != q.API.Name || path[:len(path)-len(rest)] != q.BasePath {
		return false
	}
	var m policy.Match
	api.Match(q.Method, q.Canonical.Host, rest, parameters{q}, &m)
	return m.Route != nil && m.Route.ID == q.Match.Route.ID
}

// parameters is the request as [policy.ParameterSource] wants it. That no
// parameter is there twice was made sure of before.
type parameters struct{ *doors.Request }

// Header returns a header of the client.
func (p parameters) Header(name string) (string, bool) {
	values := p.Request.Header[name]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// asked is the path of a question that could not be read.
func asked(r *http.Request) string {
	if r.URL != nil {
		return r.URL.Path
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// path is what the access log says: what was matched, or what was sent if it
// could not be read.
func (v *visit) path() string {
	if v.request.Canonical.Path != "" {
		return v.request.Canonical.Path
	}
	path, _, _ := strings.Cut(v.request.Target, "?")
	return path
}
