package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A page is compressed on the way from one of our pages or from the address bar. A
// link of another site leads to a page as it is, so that nobody can find out by its
// length what else is on it.
func TestPagesAreCompressedForOurselvesAlone(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	for _, tt := range []struct {
		site, accept string
		packed       bool
	}{
		{"same-origin", "gzip, br", true},
		{"none", "gzip", true},
		{"same-origin", "br", false},
		{"same-origin", "gzip;q=0", false},
		{"same-origin", "", false},
		{"cross-site", "gzip", false},
		{"same-site", "gzip", false},
		{"", "gzip", false},
	} {
		b.header = http.Header{"Accept-Encoding": {tt.accept}, "Sec-Fetch-Site": {tt.site}}
		if tt.site == "" {
			delete(b.header, "Sec-Fetch-Site")
		}
		got := b.get("/account").want(t, 200)
		text := got.text
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != tt.packed {
			t.Errorf("from %q with %q: compressed is %t", tt.site, tt.accept, packed)
		} else if packed {
			text = string(must(io.ReadAll(must(gzip.NewReader(strings.NewReader(text))))))
		}
		if !strings.Contains(text, "My account") || !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Sec-Fetch-Site") {
			t.Errorf("from %q with %q: %v\n%s", tt.site, tt.accept, got.Header, text)
		}
	}
	b.header = http.Header{"Accept-Encoding": {"gzip"}, "Sec-Fetch-Site": {"none"}}
	if got := b.do("HEAD", "/account", nil).want(t, 200); got.text != "" || got.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("HEAD: %v\n%s", got.Header, got.text)
	}
}
