package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A visit is a request that was let in.
type visit struct {
	request  doors.Request
	body     surface.Body
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
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.ServeAs(w, r, "") }

// ServeAs is ServeHTTP for a request that a page of this program makes in the name
// of a session, "" for one that came by itself; see [doors.Request]. It returns
// what was decided.
func (h *Handler) ServeAs(w http.ResponseWriter, r *http.Request, session string) sallyport.Decision {
	began := h.Now()
	v := new(visit)
	v.request.Session = session
	h.desk.Read(r, &v.body, &v.request)
	v.decision = h.Doors.Decide(r.Context(), &v.request)
	out := &surface.Recorder{ResponseWriter: w}
	defer func() {
		if fault := recover(); fault != nil {
			h.Log.ErrorContext(r.Context(), "an operation of the management API failed badly",
				"request_id", v.decision.RequestID, "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			if out.Status == 0 {
				respond.Failed(out, r, &sallyport.Error{Kind: sallyport.Internal})
			}
		}
		h.tell(v, out.Status, began)
	}()
	h.serve(out, r, v)
	return v.decision
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, v *visit) {
	dec := &v.decision
	header := w.Header()
	header.Set(respond.HeaderRequestID, dec.RequestID)
	h.Doors.Announce(dec, header)
	switch {
	case !dec.Allowed:
		h.desk.Deny(w, r, &v.request, dec)
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
	h.prepare()
	h.mux.ServeHTTP(w, inner)
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
