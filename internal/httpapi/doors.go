package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A visit is a request that was let in.
type visit struct {
	request  doors.Request
	decision sallyport.Decision
}

type visitKey struct{}

// visitOf returns the visit of a request that came through [Handler.ServeHTTP].
func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// ServeHTTP takes a request through the two doors and, if it may, to its
// operation.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.Now()
	v := &visit{request: h.read(r)}
	v.decision = h.Doors.Decide(r.Context(), &v.request)
	out := &recorder{ResponseWriter: w}
	defer func() {
		if fault := recover(); fault != nil {
			h.Log.ErrorContext(r.Context(), "an operation of the management API failed badly",
				"request_id", v.decision.RequestID, "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			if out.status == 0 {
				respond.Failed(out, r, &sallyport.Error{Kind: sallyport.Internal})
			}
		}
		h.tell(v, out.status, began)
	}()
	h.serve(out, r, v)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, v *visit) {
	dec := &v.decision
	header := w.Header()
	header.Set(respond.HeaderRequestID, dec.RequestID)
	switch {
	case !dec.Allowed:
		h.deny(w, r, v)
		return
	case dec.API != admin.ManagementAPI:
		// The path is mounted elsewhere; whoever wired this made a mistake.
		respond.Failed(w, r, sallyport.ErrNotFound("there is nothing here"))
		return
	}
	header.Set(respond.HeaderRevision, strconv.FormatUint(uint64(dec.Revision), 10))
	inner := r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	url := *r.URL
	v.request.Canonical.SetURL(&url) // what was matched is what is served
	// To the doors "/x/" is "/x", where no route says otherwise.
	url.Path, url.RawPath = strings.TrimSuffix(url.Path, "/"), strings.TrimSuffix(url.RawPath, "/")
	inner.URL = &url
	h.mux.ServeHTTP(w, inner)
}

// read makes of r what the doors look at.
func (h *Handler) read(r *http.Request) doors.Request {
	peer := netip.Addr{}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer = at.Addr().Unmap().WithZone("")
	}
	trusted := false
	for _, network := range h.Trusted {
		trusted = trusted || network.Contains(peer)
	}
	scheme := "http"
	if r.TLS != nil || trusted && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	d := doors.Request{
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Scheme: scheme, Header: r.Header,
		Client: target.ClientIP(peer, r.Header["X-Forwarded-For"], h.Trusted, h.Depth),
	}
	if d.Target == "" { // not from a server: a program made it
		d.Target = r.URL.RequestURI()
	}
	if trusted {
		d.ID = h.ids.Keep(r.Header)
	} else {
		d.ID = h.ids.New()
	}
	return d
}

// deny answers a request that was refused.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, v *visit) {
	a := respond.Answer{Decision: v.decision}
	if api := v.request.API; api != nil {
		a.Explain = api.Document.Explain
		a.Vary = respond.Vary(api.Accept)
		sent := sallyport.Carrier("")
		if v.request.Found.In == carrier.Bearer {
			sent = sallyport.CarrierBearer
		}
		a.Challenges = respond.Challenges(api.Accept, string(api.Name), respond.Try{
			Sent: sent, Reason: v.decision.Reason, Scopes: v.decision.MissingScopes,
		})
	}
	respond.Denied(w, r, a)
}

// tell counts and logs a request that was answered.
func (h *Handler) tell(v *visit, status int, began time.Time) {
	if h.Metrics != nil {
		m := h.Metrics.API(v.decision.API)
		m.Decided(&v.decision)
		m.Took(h.Now().Sub(began))
	}
	if h.Access != nil {
		h.Access.Write(&telemetry.Access{
			Decision: &v.decision, Time: began, Took: h.Now().Sub(began), Method: v.request.Method,
			Path: v.request.Canonical.Path, Status: status, Client: v.request.Client,
		})
	}
}

// A recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write remembers that the status was 200 if none was said.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
