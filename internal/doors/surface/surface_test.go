package surface_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// What a proxy says is believed from trusted peers alone.
func TestReadBelievesTrustedPeers(t *testing.T) {
	t.Parallel()
	desk := surface.Desk{Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Depth: 1, Now: time.Now}
	for _, tt := range []struct{ peer, told, scheme, client string }{
		{"192.0.2.1:1234", "https", "https", "203.0.113.9"},
		{"192.0.2.1:1234", "HTTPS", "https", "203.0.113.9"},
		{"198.51.100.1:1234", "https", "http", "198.51.100.1"},
		{"[::ffff:192.0.2.1]:1234", "https", "https", "203.0.113.9"},
		{"192.0.2.1:1234", "gopher", "http", "203.0.113.9"},
		{"@", "https", "http", "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/x", nil)
		r.RemoteAddr = tt.peer
		r.Header.Set("X-Forwarded-Proto", tt.told)
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("X-Request-Id", "told-by-the-proxy")
		var body surface.Body
		var got doors.Request
		desk.Read(r, &body, &got)
		believed := tt.client == "203.0.113.9"
		if got.Scheme != tt.scheme || got.Client.String() != tt.client || (got.ID == "told-by-the-proxy") != believed || got.ID == "" {
			t.Errorf("%+v: scheme %s, client %s, id %s", tt, got.Scheme, got.Client, got.ID)
		}
	}
}

// The same form is read by everybody, or by nobody.
func TestBody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		coding []string
		length int64
		text   string
		want   func(error) bool
	}{
		"plain":             {nil, 3, "a=1", nil},
		"identity":          {[]string{"identity"}, 3, "a=1", nil},
		"gzip":              {[]string{"gzip"}, 3, "a=1", func(err error) bool { return errors.Is(err, surface.ErrCoded) }},
		"identity and gzip": {[]string{"identity", "gzip"}, 3, "a=1", func(err error) bool { return errors.Is(err, surface.ErrCoded) }},
		"a list":            {[]string{"identity, gzip"}, 3, "a=1", func(err error) bool { return errors.Is(err, surface.ErrCoded) }},
		"at the limit":      {nil, -1, "a=123456", nil},
		"beyond the limit":  {nil, -1, "a=1234567", isLarge},
		"said to be large":  {nil, 9, "a=1", isLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(tt.text))
			r.ContentLength = tt.length
			if tt.coding != nil {
				r.Header["Content-Encoding"] = tt.coding
			}
			desk := surface.Desk{FormLimit: 8, Now: time.Now}
			var body surface.Body
			var got doors.Request
			desk.Read(r, &body, &got)
			for range 2 { // it always answers the same
				text, err := got.Body()
				switch {
				case tt.want != nil && (!tt.want(err) || len(text) != 0):
					t.Fatalf("%q, %v", text, err)
				case tt.want == nil && (err != nil || string(text) != tt.text):
					t.Fatalf("%q, %v", text, err)
				}
			}
			if tt.want != nil {
				return
			}
			if again, err := io.ReadAll(r.Body); err != nil || string(again) != tt.text {
				t.Errorf("the next reader gets %q, %v", again, err)
			}
		})
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	said := surface.Recorder{ResponseWriter: httptest.NewRecorder()}
	said.WriteHeader(http.StatusTeapot)
	said.WriteHeader(http.StatusOK)
	silent := surface.Recorder{ResponseWriter: httptest.NewRecorder()}
	if _, err := silent.Write(nil); err != nil || said.Status != http.StatusTeapot || silent.Status != http.StatusOK {
		t.Errorf("%d and %d, %v", said.Status, silent.Status, err)
	}
}

func isLarge(err error) bool {
	_, large := errors.AsType[*http.MaxBytesError](err)
	return large
}
