package decide

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// Config is what the decision service is made of. The fields up to Now are
// required.
type Config struct {
	Doors   *doors.Doors
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	Now     func() time.Time

	Access *telemetry.AccessLog // nil: decisions are not logged

	Callers []netip.Prefix   // networks of the proxies that may ask; empty: the unix socket alone
	Secret  sallyport.Secret // what they send in [HeaderCaller]; empty: nothing

	// Trusted and Depth are about the proxies in front of the one that asks,
	// which some proxies list in X-Forwarded-For.
	Trusted []netip.Prefix
	Depth   int

	// FormLimit bounds the body that a proxy shows over gRPC, if a credential or an
	// operation is looked for in it; 0 is [carrier.DefaultMaxBody].
	FormLimit int

	// Docs is where problem documents point; empty is [respond.DefaultDocs].
	Docs respond.Docs
	// Metadata returns the URL of an API's protected resource metadata (RFC 9728)
	// for its challenges. Nil: not said.
	Metadata func(*policy.API) string
}

// A Handler serves /decide/NAME for every family of proxies. It is safe for
// concurrent use. Make it with [New].
type Handler struct {
	doors    *doors.Doors
	metrics  *telemetry.Metrics
	access   *telemetry.AccessLog
	now      func() time.Time
	log      complaints
	callers  callers
	hops     hops
	most     int // bytes of a form
	docs     respond.Docs
	metadata func(*policy.API) string

	ids      telemetry.RequestIDs
	identity surface.Identities
	forms    forms
	trims    trims
	visits   sync.Pool // of *visit
}

// New returns the decision service.
func New(c Config) *Handler {
	h := &Handler{
		doors: c.Doors, metrics: c.Metrics, access: c.Access, now: c.Now,
		log:     complaints{log: c.Log, now: c.Now},
		callers: callers{networks: c.Callers, secret: []byte(c.Secret.Reveal())},
		hops:    hops{trusted: c.Trusted, depth: c.Depth},
		most:    c.FormLimit,
		docs:    c.Docs, metadata: c.Metadata,
	}
	if h.most == 0 {
		h.most = carrier.DefaultMaxBody
	}
	if h.docs == "" {
		h.docs = respond.DefaultDocs
	}
	return h
}

// A visit is one question on its way to an answer. It is used again.
type visit struct {
	family   *family // nil: the question was for none
	check    *Check  // nil: it came over HTTP
	request  doors.Request
	decision sallyport.Decision
	began    time.Time
	access   telemetry.Access

	proto, client string // as the proxy tells them
	scratch       []byte
}

// ServeHTTP answers one question of a proxy.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(r.Context(), w, r, nil) }

// serve answers a question and reports whether the request may pass. With a check it
// is that, and r is the client's request; without one r is the question over HTTP.
func (h *Handler) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, c *Check) (allowed bool) {
	v, _ := h.visits.Get().(*visit)
	if v == nil {
		v = new(visit)
	}
	v.began, v.check = h.now(), c
	v.decision = sallyport.Decision{RequestID: h.ids.New()}
	defer h.recover(ctx, w, r, v)

	v.decision.Reason = h.question(ctx, r, v)
	if v.decision.Reason == "" {
		h.decide(ctx, w, r, v)
	}
	status := http.StatusOK
	if !v.decision.Allowed || !h.allow(ctx, w, v) {
		status = h.deny(ctx, w, r, v)
	}
	h.note(r, v, status)

	*v = visit{scratch: v.scratch}
	h.visits.Put(v)
	return status == http.StatusOK
}

// question reads who asks and about what. It returns why there is nothing to
// decide, or "".
func (h *Handler) question(ctx context.Context, r *http.Request, v *visit) sallyport.Reason {
	var caller Caller
	if v.check != nil {
		caller = v.check.Caller
	} else {
		caller = callerOf(r)
	}
	var wrong string
	if wrong, v.scratch = h.callers.refuses(&caller, v.scratch); wrong != "" {
		from := r.RemoteAddr
		if v.check != nil {
			from = caller.Addr.String()
		}
		h.log.complain(ctx, untrusted, "a decision was refused to an untrusted caller", "caller", from, "cause", wrong)
		return sallyport.CallerUntrusted
	}
	if v.check != nil {
		v.family = &overGRPC
	} else if reason := h.endpoint(ctx, r, v); reason != "" {
		return reason
	}
	if bad, ok := v.family.original(r, h.hops, v); !ok {
		h.log.complain(ctx, unreadable, "a proxy's question cannot be read; compare its configuration with the sample in deploy/",
			"proxy", v.family.name, "header", bad.Header, "cause", bad.What)
		return sallyport.HeaderMalformed
	}
	if v.request.Target[0] != '/' {
		return sallyport.PathAmbiguous // an absolute target brings a host of its own
	}
	return ""
}

// endpoint finds the family whose endpoint was asked over HTTP.
func (h *Handler) endpoint(ctx context.Context, r *http.Request, v *visit) sallyport.Reason {
	v.family = familyOf(r)
	switch {
	case v.family == nil:
		h.log.complain(ctx, unreadable, "there is no decision endpoint with this path; it is /decide/ and the kind of the proxy", "path", r.URL.Path)
		return sallyport.RouteUnknown
	case r.Method != http.MethodGet && r.Method != http.MethodHead && !v.family.mirror:
		h.log.complain(ctx, unreadable, "a proxy asked with another method than GET; have it ask with GET and without a body",
			"proxy", v.family.name, "method", r.Method)
		v.decision.Allow = []string{http.MethodGet, http.MethodHead}
		return sallyport.MethodNotAllowed
	}
	return ""
}

// decide takes the decision.
func (h *Handler) decide(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) {
	clean(r.Header, v.check)
	v.request.ID, v.request.Header, v.request.Now = v.decision.RequestID, r.Header, v.began
	v.request.Blind = true
	if v.check != nil && v.check.Shown {
		v.request.Blind, v.request.Body = false, func() ([]byte, error) { return v.check.form(r.Header, h.most) }
	}
	limited := &deadline{parent: ctx, limit: limit}
	defer limited.end()
	v.decision = h.doors.Decide(limited, &v.request)
	h.doors.Announce(&v.decision, w.Header())
	if !v.decision.Allowed {
		return
	}
	if reason := h.cannotCarry(ctx, r, v); reason != "" {
		v.decision.Allowed, v.decision.Reason = false, reason
		return
	}
	if v.check != nil {
		h.trim(r.Header, v)
	}
}

// recover makes a refusal of a panic: what failed did not decide. The proxy gets
// an answer, and the process goes on.
func (h *Handler) recover(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) {
	p := recover()
	if p == nil {
		return
	}
	// Not the value: it may hold what was in the request.
	h.log.log.ErrorContext(ctx, "a decision failed", "request_id", v.decision.RequestID, "stack", string(debug.Stack()))
	blank(w)
	v.decision = sallyport.Decision{RequestID: v.decision.RequestID, API: v.decision.API, Reason: sallyport.InternalFault}
	v.request.Reset()
	h.write(ctx, w, r, v)
	h.note(r, v, v.decision.Reason.Status())
}

// note counts the decision and writes it to the access log.
func (h *Handler) note(r *http.Request, v *visit, status int) {
	took := h.now().Sub(v.began)
	counters := h.metrics.API(v.decision.API)
	counters.Decided(&v.decision)
	counters.Took(took)
	if h.access == nil {
		return
	}
	v.access = telemetry.Access{
		Decision: &v.decision, Time: v.began, Took: took, Status: status,
		Method: v.request.Method, Path: v.path(), Client: v.request.Client,
	}
	if v.request.Method == "" { // the question was not read; it is what there is to tell
		v.access.Method, v.access.Path = r.Method, asked(r)
	}
	h.access.Write(&v.access)
}
