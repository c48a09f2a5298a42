package truesight

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

func exchangeOf(settings map[string]string) *surface.Exchange {
	return &surface.Exchange{
		Request:  &doors.Request{API: &policy.API{Document: &sallyport.API{Name: "x", Settings: settings}}},
		Decision: &sallyport.Decision{RequestID: "r", Allowed: true},
	}
}

// TestDress: the product's headers are there unless they were switched off; what
// the upstream says stands, and one is for https alone.
func TestDress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, issuer, setting string
		theirs                http.Header
		want                  string
	}{
		{"http", "http://h", "yes", http.Header{}, "Server=TrueSight Network Automation Server X-Frame-Options=SAMEORIGIN X-Xss-Protection=1; mode=block"},
		{
			"https", "https://h", "yes",
			http.Header{},
			"Server=TrueSight Network Automation Server Strict-Transport-Security=max-age=31536000 X-Frame-Options=SAMEORIGIN X-Xss-Protection=1; mode=block",
		},
		{"theirs", "http://h", "yes", http.Header{"Server": {"s"}, "X-Frame-Options": {"DENY"}}, "Server=s X-Frame-Options=DENY X-Xss-Protection=1; mode=block"},
		{"off", "https://h", "no", http.Header{}, ""},
	} {
		d := &dialect{Config: wire.Config{Issuer: tt.issuer}}
		d.Dress(tt.theirs, nil, exchangeOf(map[string]string{headers: tt.setting}))
		var got []string
		for _, name := range slices.Sorted(maps.Keys(tt.theirs)) {
			got = append(got, name+"="+tt.theirs.Get(name))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
}

// TestFault: whatever failed behind it, the product has one status and sentence; a
// fault of the client keeps its own.
func TestFault(t *testing.T) {
	t.Parallel()
	d := &dialect{}
	for status, want := range map[int]string{
		502: `{"status":500,"message":"` + unexpected + `","detail":"told","requestId":"r"}`,
		504: `{"status":500,"message":"` + unexpected + `","detail":"told","requestId":"r"}`,
		408: `{"status":408,"message":"Request timeout: told","requestId":"r"}`,
	} {
		w := httptest.NewRecorder()
		d.Fault(w, httptest.NewRequest("GET", "/", nil), exchangeOf(nil), respond.Problem{Title: http.StatusText(status), Status: status, Detail: "told", RequestID: "r"})
		if w.Body.String() != want || w.Code != min(status, 500) {
			t.Errorf("%d: %d %s", status, w.Code, w.Body)
		}
	}
}
