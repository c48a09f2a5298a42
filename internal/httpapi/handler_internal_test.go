package httpapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// newHandler returns a handler with an extra operation "test.odd" behind GET
// /odd, and what it logs.
func newHandler(t *testing.T, serve func(*Handler, *call) (any, error)) (*Handler, *node.Node, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	master, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC) }
	doc := Document(CookiePlain)
	odd := row("test.odd", http.MethodGet, "/odd", "", "Odd", []option{public})
	odd.scopes, odd.tag, odd.serve, odd.answer = nil, "document", serve, reflect.TypeFor[map[string]string]()
	doc.Routes = append(doc.Routes, odd.routes()...)
	n, err := node.Open(t.Context(), node.Config{
		StorageURL: sallyport.Secret("sqlite:" + storetest.File(t)), MasterKey: master, NewHasher: password.NewCheapHasher,
		Issuer: "http://sallyport.test", Log: logger, Now: now, ManagementAPI: doc,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) }) // some tests close it themselves
	h, err := New(Config{
		Doors: n.Doors, Admin: n.Admin, Master: master, Cookie: CookiePlain, Now: now, Log: logger,
		Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Depth: 1,
		Metrics: telemetry.NewMetrics(telemetry.Build{}), Access: telemetry.NewAccessLog(&log, func(string) string { return "0123456789ab" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.prepare()
	h.register(odd)
	return h, n, &log
}

func get200(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// An operation that panics is a failure of that one request.
func TestPanic(t *testing.T) {
	t.Parallel()
	h, _, log := newHandler(t, func(*Handler, *call) (any, error) {
		var none []string
		return none[len(none)], nil
	})
	rec := get200(t, h, basePath()+"/odd")
	if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "internal_fault") || strings.Contains(rec.Body.String(), "index") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(log.String(), "index out of range") || !strings.Contains(log.String(), rec.Header().Get("X-Request-Id")) {
		t.Errorf("log: %s", log)
	}
}

// What cannot be explained to the caller is in the log under the request's id.
func TestInternalFailure(t *testing.T) {
	t.Parallel()
	h, _, log := newHandler(t, func(*Handler, *call) (any, error) { return func() {}, nil }) // which JSON cannot have
	rec := get200(t, h, basePath()+"/odd")
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "func") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(log.String(), "operation=test.odd") {
		t.Errorf("log: %s", log)
	}
}

// The operation that is served is the one that was decided on, or none.
func TestRouteAndOperationAgree(t *testing.T) {
	t.Parallel()
	h, _, _ := newHandler(t, func(*Handler, *call) (any, error) { return struct{}{}, nil })
	v := &visit{decision: sallyport.Decision{Allowed: true, API: "sallyport", Route: "openapi"}}
	r := httptest.NewRequest(http.MethodGet, basePath()+"/odd", nil)
	rec := httptest.NewRecorder()
	h.mux.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("another route: %d", rec.Code)
	}
	rec = httptest.NewRecorder()
	h.mux.ServeHTTP(rec, r)
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("past the doors: %d", rec.Code)
	}
	if rec := get200(t, h, basePath()+"/odd"); rec.Code != http.StatusOK {
		t.Errorf("through the doors: %d %s", rec.Code, rec.Body)
	}
}

// Without the store nobody is told that his credential is wrong.
func TestStoreUnavailable(t *testing.T) {
	t.Parallel()
	h, n, _ := newHandler(t, nil)
	if err := n.Store.Close(); err != nil {
		t.Fatal(err)
	}
	secret, err := token.Mint(sallyport.PersonalToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, basePath()+"/me", nil),
		httptest.NewRequest(http.MethodPost, basePath()+"/session", strings.NewReader(`{"login":"root","password":"x"}`)),
	} {
		if r.Method == http.MethodGet {
			r.Header.Set("Authorization", "Bearer "+secret.Reveal())
		}
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || !strings.Contains(rec.Body.String(), "store_unavailable") {
			t.Errorf("%s: %d %s", r.URL.Path, rec.Code, rec.Body)
		}
	}
}

// The access log has who, what and how it ended, and nothing of the query or of
// a body.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	h, _, log := newHandler(t, nil)
	get200(t, h, basePath()+"/users?search=canary")
	r := httptest.NewRequest(http.MethodPost, basePath()+"/session", strings.NewReader(`{"login":"canary","password":"canary"}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
	text := log.String()
	for _, part := range []string{
		`"route":"users.list_every"`, `"decision":"deny","reason":"credential_missing","status":401`, `"client":"203.0.113.9"`,
		`"route":"session.start"`, `"reason":"user_unknown","status":401`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	if strings.Contains(text, "canary") {
		t.Errorf("the log has what was sent: %s", text)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	h, _, _ := newHandler(t, nil)
	for name, spoil := range map[string]func(*Config){
		"no doors":   func(c *Config) { c.Doors = nil },
		"no admin":   func(c *Config) { c.Admin = nil },
		"no clock":   func(c *Config) { c.Now = nil },
		"no log":     func(c *Config) { c.Log = nil },
		"no cookie":  func(c *Config) { c.Cookie = "" },
		"odd cookie": func(c *Config) { c.Cookie = "session" },
		"no master":  func(c *Config) { c.Master = token.MasterKey{} },
	} {
		c := h.Config
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
