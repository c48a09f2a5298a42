package decide_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// TestAllocations: a decision about a known credential costs the request id, the
// context, two header values that are the request's own, and the id of the
// credential and the address in the access log. The rest is net/http's.
func TestAllocations(t *testing.T) {
	s := newService(t, func(c *decide.Config) {
		c.Access = telemetry.NewAccessLog(io.Discard, func(string) string { return "0123456789ab" })
	})
	w := &sink{header: http.Header{}}
	for family := range told {
		r := httptest.NewRequest(http.MethodGet, "/decide/"+family, nil)
		r.RemoteAddr = proxy
		header := with(get("/shop/orders/17").in(family), "Authorization", "Bearer "+s.token, "User-Agent", "test")
		r.Header = http.Header{}
		ask := func() {
			maps.Copy(r.Header, header) // Sallyport's own were taken out
			clear(w.header)
			s.ServeHTTP(w, r)
		}
		ask()
		if w.header.Get("X-Sallyport-User") != "alice" {
			t.Fatalf("%s: refused", family)
		}
		const want = 5 + 1 // the race detector empties pools at random
		if n := testing.AllocsPerRun(100, ask); n > want {
			t.Errorf("%s: %v allocations, want %v", family, n, want)
		}
	}
}

// A sink is a response that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
