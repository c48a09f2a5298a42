// Package web holds what the systems of the stand-in platform share on the
// wire: who the gateway says is calling, a mux whose every answer has the
// system's own error shape, and strict reading of bodies and parameters.
//
// The platform stands behind a gateway that proves identities and decides; it
// knows neither passwords nor tokens and believes the identity headers.
package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// MaxBody is the longest request body that is read, in bytes.
const MaxBody = 1 << 20

// A Caller is who the gateway says is asking. A field is empty when the
// gateway says nothing ("-") or the header is absent.
type Caller struct {
	Login  string
	UserID string
	Tenant string
	Realm  string
	// Realms are those to keep to; nil: all.
	Realms []string
}

// CallerOf reads the identity headers of the gateway.
func CallerOf(r *http.Request) Caller {
	return Caller{
		Login:  identity(r, "X-Sallyport-User"),
		UserID: identity(r, "X-Sallyport-User-Id"),
		Tenant: identity(r, "X-Sallyport-Tenant"),
		Realm:  identity(r, "X-Sallyport-Realm"),
		Realms: realms(r.Header.Get("X-Sallyport-Realm")),
	}
}

// realms reads a list of realms. What cannot be read is the name of no realm.
func realms(text string) []string {
	if text == "" || text == "-" {
		return nil
	}
	list := strings.Split(text, ",")
	for i, name := range list {
		if plain, err := url.PathUnescape(name); err == nil {
			list[i] = plain
		}
	}
	return list
}

// Name is the caller's login, or "anonymous" on a public route.
func (c Caller) Name() string {
	if c.Login == "" {
		return "anonymous"
	}
	return c.Login
}

func identity(r *http.Request, header string) string {
	v := r.Header.Get(header)
	if v == "-" || len(v) > 256 {
		return ""
	}
	return v
}

// An Error is a refusal that the caller may read. Any other error that a
// handler returns is logged and answered as an internal error without detail.
type Error struct {
	Status  int
	Message string
	Field   string // what in the request is wrong; may be empty
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Bad is a 400 whose message names what to change.
func Bad(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

// BadField is a 400 about one named field.
func BadField(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Field: field, Message: field + ": " + fmt.Sprintf(format, args...)}
}

// NotFound is a 404.
func NotFound(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Message: fmt.Sprintf(format, args...)}
}

// Conflict is a 409.
func Conflict(format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Message: fmt.Sprintf(format, args...)}
}

// A Mux is an [http.ServeMux] whose handlers return errors and whose every
// refusal, also for an unknown path or method, is written by one function.
type Mux struct {
	mux  *http.ServeMux
	log  *slog.Logger
	fail func(http.ResponseWriter, *http.Request, *Error)
}

// NewMux makes a Mux whose refusals are written by fail.
func NewMux(log *slog.Logger, fail func(http.ResponseWriter, *http.Request, *Error)) *Mux {
	return &Mux{mux: http.NewServeMux(), log: log, fail: fail}
}

// Handle registers h for pattern, as [http.ServeMux] has patterns.
func (m *Mux) Handle(pattern string, h func(http.ResponseWriter, *http.Request) error) {
	m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			m.refuse(w, r, err)
		}
	})
}

// ServeHTTP answers r.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.mux.Handler(r)
	if pattern != "" {
		m.mux.ServeHTTP(w, r)
		return
	}
	// No pattern: the mux answers 404, or 405 with Allow. Its plain text is
	// replaced by the system's own shape.
	var s sink
	h.ServeHTTP(&s, r)
	if allow := s.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		m.fail(w, r, &Error{Status: http.StatusMethodNotAllowed, Message: "method " + r.Method + " is not supported here; use " + allow})
		return
	}
	m.fail(w, r, NotFound("no such resource: %s", r.URL.Path))
}

func (m *Mux) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if errors.As(err, &e) {
		m.fail(w, r, e)
		return
	}
	if r.Context().Err() != nil {
		return // the caller went away: nobody reads an answer
	}
	m.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	m.fail(w, r, &Error{Status: http.StatusInternalServerError, Message: "internal error"})
}

// A sink keeps the headers of an answer and drops its body.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header {
	if s.header == nil {
		s.header = http.Header{}
	}
	return s.header
}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// JSON answers status with v as JSON.
func JSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The status is sent: a caller who went away cannot be told any more.
	_, _ = w.Write(b.Bytes())
	return nil
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
