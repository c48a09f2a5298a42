package decide

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// HeaderReason tells a proxy that drops bodies why it was refused. It is set for
// the families that carry few statuses, beside [respond.HeaderStatus].
const HeaderReason = "X-Sallyport-Reason"

// noStore keeps a proxy from answering the next question itself.
var noStore = []string{"no-store"} // never changed

// allow answers an allowed request, or makes a denial of it and reports false.
// net/http sends 200 by itself, and copies the headers if it is told to.
func (h *Handler) allow(ctx context.Context, w http.ResponseWriter, v *visit) bool {
	if err := h.identity.Write(h.doors, &v.decision, v.began, w); err != nil {
		h.log.log.ErrorContext(ctx, "an allowed request has no identity", "request_id", v.decision.RequestID, "error", err)
		blank(w)
		v.decision.Allowed, v.decision.Reason = false, sallyport.InternalFault
		return false
	}
	if v.check != nil {
		return true // no cache reads it
	}
	if l, ok := w.(surface.Liner); ok {
		l.Line("Cache-Control", noStore[0])
	} else {
		w.Header()["Cache-Control"] = noStore
	}
	return true
}

// blank takes back the headers of an answer.
func blank(w http.ResponseWriter) {
	clear(w.Header())
	if l, ok := w.(surface.Liner); ok {
		l.Lines(nil)
	}
}

// write answers a denial.
func (h *Handler) write(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) {
	a := respond.Answer{Decision: v.decision}
	if api := v.request.API; api != nil {
		a.Explain = api.Document.Explain
		named := selectors(api, v.request.Match.Route)
		a.Vary = respond.Vary(api.Accept, named[:]...)
		a.Challenges = h.challenges(api, v)
		a.Repair = short(h.doors.Repair(ctx, &v.request, &v.decision))
	}
	if v.family != nil && v.family.narrow {
		if len(a.Challenges) > 1 {
			// RFC 9110 section 11.6.1: a list may stand in one field. nginx before
			// 1.23 passes one field on and drops the others.
			a.Challenges = []string{strings.Join(a.Challenges, ", ")}
		}
		if told := h.docs.Problem(a).Reason; told != "" {
			w.Header().Set(HeaderReason, string(told))
		}
		w = narrowed{w}
	}
	h.docs.Denied(w, r, a)
}

func (h *Handler) challenges(api *policy.API, v *visit) []string {
	try := respond.Try{Sent: v.request.Found.In.Carrier(), Reason: v.decision.Reason, Scopes: v.decision.MissingScopes}
	if h.metadata != nil {
		try.Metadata = h.metadata(api)
	}
	return respond.Challenges(api.Accept, string(api.Name), try)
}

// selectors returns where the tenant and the realm of a request are named.
func selectors(api *policy.API, route *policy.Route) [2]*sallyport.Selector {
	if route == nil {
		return [2]*sallyport.Selector{api.Document.Tenant, api.Document.Realm}
	}
	return [2]*sallyport.Selector{route.Tenant, route.Realm}
}

// A narrowed writer sends the statuses that the proxy can carry, and beside them
// the one that is meant.
type narrowed struct{ http.ResponseWriter }

// WriteHeader sends the status.
func (n narrowed) WriteHeader(status int) {
	wire, original := respond.ForNginx(status)
	if original != "" {
		n.Header().Set(respond.HeaderStatus, original)
	}
	n.ResponseWriter.WriteHeader(wire)
}

// Bounds of what a refusal repeats, so that it fits into 4 KiB and its headers
// into the buffer of a proxy.
const (
	maxListed = 1 << 10 // bytes of a list
	maxRealm  = 256
)

// fit cuts what a refusal would repeat to its bounds.
func fit(d *sallyport.Decision) {
	d.Missing = upTo(maxListed, d.Missing)
	d.MissingScopes = upTo(maxListed, d.MissingScopes)
	d.Allow = upTo(maxListed, d.Allow)
	if len(d.Realm) > maxRealm {
		d.Realm = ""
	}
}

// short returns the beginning of a list of grants that fits its bound.
func short(grants []respond.Grant) []respond.Grant {
	bytes := maxListed
	for i, g := range grants {
		for _, word := range slices.Concat(g.Roles, g.MayGrant) {
			bytes -= len(word)
		}
		if bytes -= len(g.Realm) + 64; bytes < 0 {
			return grants[:i]
		}
	}
	return grants
}

// upTo returns the beginning of a list that has no more bytes than that.
func upTo[T ~string](bytes int, list []T) []T {
	for i := range list {
		if bytes -= len(list[i]); bytes < 0 {
			return list[:i]
		}
	}
	return list
}
