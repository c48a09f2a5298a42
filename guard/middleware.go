package guard

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/respond"
)

type decisionKey struct{}

// DecisionFrom returns the decision that let a request in, from the context that
// a handler behind [Guard.Middleware] got. Whoever asks is its Principal, nil on a
// public route without a credential.
func DecisionFrom(ctx context.Context) (sallyport.Decision, bool) {
	dec, ok := ctx.Value(decisionKey{}).(*sallyport.Decision)
	if !ok {
		return sallyport.Decision{}, false
	}
	return *dec, true
}

// A visit is one request with the decision on it.
type visit struct {
	request  doors.Request
	body     surface.Body
	decision sallyport.Decision
}

func (g *Guard) visit(r *http.Request) *visit {
	v := new(visit)
	g.desk.Read(r, &v.body, &v.request)
	v.decision = g.doors.Decide(r.Context(), &v.request)
	return v
}

// Decide decides on a request without answering it. Like the middleware it goes by
// the target that the client sent. A form that had to be read can be read again.
func (g *Guard) Decide(r *http.Request) sallyport.Decision { return g.visit(r).decision }

// Middleware returns a handler that passes to next what is let in, and answers
// everything else: 401 with a challenge, 403 with a reason and so on, as problem
// documents (RFC 9457).
//
// It is to stand outside of routers and of http.StripPrefix, since it goes by the
// request target as the client sent it. What next sees of the URL is the very path
// that was decided on, in its canonical spelling. Headers by which a client would
// say who it is, such as X-Sallyport-User or Remote-User, are gone; who it is, is
// in [DecisionFrom]. Answers to a known principal are marked private and Vary on
// what they depend on; next may say otherwise.
func (g *Guard) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := g.visit(r)
		if !v.decision.Allowed {
			g.desk.Deny(w, r, &v.request, &v.decision)
			return
		}
		next.ServeHTTP(w, v.inner(w.Header(), r))
	})
}

// inner returns the request that the handler behind the guard gets, and prepares
// the headers of its answer.
func (v *visit) inner(answer http.Header, r *http.Request) *http.Request {
	inner := r.WithContext(context.WithValue(r.Context(), decisionKey{}, &v.decision))
	inner.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}
	v.request.Canonical.SetURL(inner.URL)
	inner.Header = r.Header.Clone()
	route := v.request.Match.Route
	target.StripManaged(inner.Header, target.StripOptions{Guarded: guarded(&v.request)})

	answer.Set(respond.HeaderRequestID, v.decision.RequestID)
	answer.Set(respond.HeaderRevision, strconv.FormatUint(uint64(v.decision.Revision), 10))
	if !route.IgnoreCredentials {
		answer.Set("Vary", strings.Join(surface.Vary(v.request.API, route), ", "))
	}
	if v.decision.Principal != nil {
		answer.Set("Cache-Control", "private")
	}
	return inner
}

// guarded returns the names of the headers that the decision was taken on; they
// stay, whatever they are called.
func guarded(r *doors.Request) []string {
	var names []string
	for _, a := range r.API.Accept {
		if a.In == sallyport.CarrierHeader {
			names = append(names, a.Name)
		}
	}
	for _, s := range []*sallyport.Selector{r.Match.Route.Tenant, r.Match.Route.Realm} {
		if s != nil && s.From == "header" {
			names = append(names, s.Name)
		}
	}
	for _, p := range r.API.Parameters {
		if p.In == "header" {
			names = append(names, p.Name)
		}
	}
	return names
}
