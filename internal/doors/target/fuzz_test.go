package target_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// FuzzTarget holds the promise of the package: there is one reading of a path
// that was let through, whatever else would have been let through too.
func FuzzTarget(f *testing.F) {
	for _, r := range corpus {
		if len(r.raw) < 200 {
			f.Add(r.raw, uint8(0))
			f.Add(r.raw, uint8(7))
		}
	}
	f.Fuzz(func(t *testing.T, raw string, bits uint8) { checkOneReading(t, raw, options(bits)) })
}

// TestOneReading does the same with paths made of the pieces that hurt.
func TestOneReading(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"/", "/", "/", "a", "B", ".", "..", "%2e", "%2E", "%2f", "%2F", "%5c", "\\", ";", "%3b", "%25", "%",
		"%61", "%41", "%20", "%00", "%c3%a9", "%c0%af", "%ef%bc%8f", "é", "?", "#", "%3f", "%23", "+", "%2b", "%2B", ":", "%3a",
		"@", "=", "[", "%5b", "{", "|", "%7C", "//", "http://", "h", "*", " ", "%0a", "%7f", "~", "%7e",
	})
	rapid.Check(t, func(rt *rapid.T) {
		raw := "/" + strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(rt, "pieces"), "")
		checkOneReading(rt, raw, options(rapid.Uint8().Draw(rt, "options")))
	})
}

func options(bits uint8) target.Options {
	return target.Options{AllowEncodedSlash: bits&1 != 0, AllowSemicolon: bits&2 != 0, AllowEmptySegments: bits&4 != 0}
}

// fataler is what testing and rapid have in common.
type fataler interface {
	Fatalf(format string, args ...any)
}

func checkOneReading(t fataler, raw string, opt target.Options) {
	got, fault := target.Parse("GET", raw, "api.test", opt)
	if fault != target.OK {
		if got != (target.Target{}) {
			t.Fatalf("Parse(%q) = %+v beside the fault %v", raw, got, fault)
		}
		return
	}
	if opened, fault := target.Parse("GET", raw, "api.test", options(7)); fault != target.OK || opened != got {
		t.Fatalf("Parse(%q) = %+v, with every rule open %+v, %v", raw, got, opened, fault)
	}
	again, fault := target.Parse("GET", got.RequestURI(), got.Host, opt)
	got.Absolute, got.Rewritten = false, false
	if fault != target.OK || again != got {
		t.Fatalf("Parse(%q) = %+v, again %+v, %v", raw, got, again, fault)
	}
	checkDecoded(t, got.Path, opt)
	checkNetURL(t, got)
	if !opt.AllowEmptySegments && !opt.AllowEncodedSlash {
		checkServeMux(t, got.Path)
	}
}

// checkDecoded looks at the path as an upstream sees it that decodes it whole.
func checkDecoded(t fataler, canonical string, opt target.Options) {
	decoded, err := url.PathUnescape(canonical)
	if err != nil || decoded != target.Unescape(canonical) || !utf8.ValidString(decoded) {
		t.Fatalf("%q decodes to %q, %v", canonical, decoded, err)
	}
	if strings.ContainsAny(decoded, "\\\x00\r\n\t#?%\x7f") || !opt.AllowSemicolon && strings.Contains(decoded, ";") {
		t.Fatalf("%q decodes to %q", canonical, decoded)
	}
	if decoded[0] != '/' || strings.HasPrefix(decoded, "//") {
		t.Fatalf("%q decodes to %q", canonical, decoded)
	}
	segments := strings.Split(decoded[1:], "/")
	for i, segment := range segments {
		bare, _, _ := strings.Cut(segment, ";")
		bare = strings.TrimRight(bare, " ")
		if bare == "." || bare == ".." {
			t.Fatalf("%q has the dot segment %q", canonical, segment)
		}
		if segment == "" && i < len(segments)-1 && !opt.AllowEmptySegments {
			t.Fatalf("%q has an empty segment", canonical)
		}
	}
	if !opt.AllowEmptySegments && path.Clean(decoded) != strings.TrimRight(decoded, "/") && decoded != "/" {
		t.Fatalf("path.Clean(%q) = %q", decoded, path.Clean(decoded))
	}
}

// checkNetURL makes sure that net/url reads and writes the very same bytes.
func checkNetURL(t fataler, got target.Target) {
	u, err := url.ParseRequestURI(got.RequestURI())
	if err != nil {
		t.Fatalf("net/url refuses %q: %v", got.RequestURI(), err)
	}
	if u.EscapedPath() != got.Path || u.RequestURI() != got.RequestURI() || u.RawQuery != got.RawQuery || u.Host != "" {
		t.Fatalf("net/url reads %q as %+v", got.RequestURI(), u)
	}
	var sent url.URL
	got.SetURL(&sent)
	if sent.RequestURI() != got.RequestURI() {
		t.Fatalf("SetURL(%q) sends %q", got.RequestURI(), sent.RequestURI())
	}
}

// checkServeMux makes sure that net/http's router has nothing to clean.
func checkServeMux(t fataler, canonical string) {
	var mux http.ServeMux
	seen := ""
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { seen = r.URL.EscapedPath() })
	r := httptest.NewRequest(http.MethodGet, canonical, nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if w.Code != http.StatusOK || seen != canonical {
		t.Fatalf("ServeMux answers %d for %q and sees %q", w.Code, canonical, seen)
	}
}
