// Package platformtest helps the tests of the stand-in platform: a fresh
// database, a clock that is moved by hand, and requests as the gateway would
// forward them.
package platformtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

// Start is the time at which every [Clock] begins.
var Start = time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)

// DB opens an empty database in memory that is closed when the test ends.
func DB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A Clock is a time that moves only when it is told to. The zero Clock stands
// at [Start]. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex // guards by
	by time.Duration
}

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Start.Add(c.by)
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by += d
}

// Sleep advances the clock by d instead of waiting.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	return ctx.Err()
}

// Do plays one request and returns the answer. The headers are pairs of name
// and value; unless they say otherwise the caller is the user jane.
func Do(t testing.TB, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("X-Sallyport-User", "jane")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Meet runs n calls of f at once, on a database of one connection as [DB]
// opens it. It holds the connection until all of them wait for it, so that
// each reads what it reads first before one of them goes on.
func Meet(t testing.TB, db *sql.DB, n int, f func(i int)) {
	t.Helper()
	held, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := db.Stats().WaitCount
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	for db.Stats().WaitCount < before+int64(n) && t.Context().Err() == nil {
		runtime.Gosched()
	}
	held.Close()
	wg.Wait()
}

// Decode reads the JSON of an answer.
func Decode[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("answer %d %q: %v", w.Code, w.Body, err)
	}
	return v
}

// A Refusal is a request with the status and a part of the body it must get.
type Refusal struct {
	Method, Path, Body string
	Status             int
	Want               string
}

// Refuse plays every refusal.
func Refuse(t *testing.T, h http.Handler, contentType string, refusals []Refusal, headers ...string) {
	t.Helper()
	for _, tt := range refusals {
		w := Do(t, h, tt.Method, tt.Path, tt.Body, headers...)
		if w.Code != tt.Status || w.Header().Get("Content-Type") != contentType || !strings.Contains(w.Body.String(), tt.Want) {
			t.Errorf("%s %s %.60s: %d %s %s; want %d with %q", tt.Method, tt.Path, tt.Body, w.Code, w.Header().Get("Content-Type"), w.Body, tt.Status, tt.Want)
		}
	}
}
