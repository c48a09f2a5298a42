// Package wire is what dialects share: what they stand on, and how they answer.
package wire

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/token"
)

// Config is what a dialect stands on. All of it is required.
type Config struct {
	Doors     *doors.Doors
	Admin     *admin.Service
	Master    token.MasterKey // keys with a purpose of their own are derived from it
	Issuer    string          // the public URL
	Now       func() time.Time
	Log       *slog.Logger
	Pseudonym func(id string) string // of a principal, as in access logs: 12 hex digits
}

// Secure reports whether cookies are for https alone.
func (c *Config) Secure() bool { return len(c.Issuer) >= 8 && c.Issuer[:8] == "https://" }

// Actor returns who asks for a change, for the calls of package admin.
func Actor(x *surface.Exchange) admin.Actor { return admin.ActorOf(x.Decision, Address(x)) }

// Address returns the client's address as text; empty if there is none.
func Address(x *surface.Exchange) string {
	if !x.Request.Client.IsValid() {
		return ""
	}
	return x.Request.Client.String()
}

// Send answers with a body of a content type. The headers of the denial, if it
// is one, are set first; the status is the dialect's own.
func Send(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, contentType string, body []byte) {
	h := w.Header()
	if x.Decision.Allowed {
		h.Set("X-Request-Id", x.Decision.RequestID)
		h.Set(doors.HeaderRevision, strconv.FormatUint(uint64(x.Decision.Revision), 10))
	} else {
		x.Answer.Headers(h, status)
	}
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away; there is nobody to tell
	}
}

// NoContent answers that it is done. It returns nil.
func NoContent(w http.ResponseWriter, x *surface.Exchange) error {
	w.Header().Set("X-Request-Id", x.Decision.RequestID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// SendJSON answers with a value as JSON.
func SendJSON(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		x.Docs.Failed(w, r, &sallyport.Error{Kind: sallyport.Internal, Err: err})
		return
	}
	Send(w, r, x, status, "application/json", body)
}
