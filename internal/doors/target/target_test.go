package target_test

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/doors/target"
)

func TestParseKeepsTheQuery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw, query, uri string
		force           bool
	}{
		{"/a", "", "/a", false},
		{"/a?", "", "/a?", true},
		{"/a??", "?", "/a??", false},
		{"/a?b=%zz&c;d&&%61", "b=%zz&c;d&&%61", "/a?b=%zz&c;d&&%61", false},
		{"/%61?%61", "%61", "/a?%61", false},
		{"http://h?x", "x", "/?x", false},
	} {
		got, fault := target.Parse("GET", tt.raw, "h", target.Options{})
		if fault != target.OK || got.RawQuery != tt.query || got.ForceQuery != tt.force {
			t.Errorf("Parse(%q): query %q, force %v, fault %v; want %q, %v", tt.raw, got.RawQuery, got.ForceQuery, fault, tt.query, tt.force)
		}
		if uri := got.RequestURI(); uri != tt.uri {
			t.Errorf("Parse(%q).RequestURI() = %q, want %q", tt.raw, uri, tt.uri)
		}
		var u url.URL
		got.SetURL(&u)
		if u.RequestURI() != tt.uri {
			t.Errorf("Parse(%q): the URL sends %q, want %q", tt.raw, u.RequestURI(), tt.uri)
		}
	}
}

func TestParseAbsoluteForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw, host, scheme, want string
		absolute                bool
	}{
		{"/x", "API.test:80", "http", "api.test", false},
		{"http://Evil.test/x", "api.test", "http", "evil.test", true},
		{"https://evil.test:443/x", "api.test", "http", "evil.test", true},
		{"http://evil.test:443/x", "api.test", "https", "evil.test:443", true},
		{"http://[::1]:8080?x", "", "http", "[::1]:8080", true},
	} {
		got, fault := target.Parse("GET", tt.raw, tt.host, target.Options{Scheme: tt.scheme})
		if fault != target.OK || got.Host != tt.want || got.Absolute != tt.absolute {
			t.Errorf("Parse(%q, host %q) = %+v, %v; want host %q, absolute %v", tt.raw, tt.host, got, fault, tt.want, tt.absolute)
		}
	}
}

func TestParseTellsARewrite(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{"/a%20b": false, "/%61": true, "/%c3%a9": true, "http://h": false, "/a?%61": false} {
		got, fault := target.Parse("GET", raw, "h", target.Options{})
		if fault != target.OK || got.Rewritten != want {
			t.Errorf("Parse(%q).Rewritten = %v, fault %v; want %v", raw, got.Rewritten, fault, want)
		}
	}
}

// What ReadRequest makes of the bytes is what a surface has in its hands.
func TestParseBehindNetHTTP(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]target.Fault{
		"GET /pub/../admin HTTP/1.1":      target.DotSegment,
		"GET //admin HTTP/1.1":            target.EmptySegment,
		"GET /admin#/pub HTTP/1.1":        target.Fragment,
		"OPTIONS * HTTP/1.1":              target.AsteriskForm,
		"CONNECT a:80 HTTP/1.1":           target.MethodForbidden,
		"CONNECT /admin HTTP/1.1":         target.MethodForbidden,
		"GET http://u:p@h/x HTTP/1.1":     target.Userinfo,
		"get /admin HTTP/1.1":             target.OK,
		"GET /caf%c3%a9/%61?%zz HTTP/1.1": target.OK,
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw + "\r\nHost: h\r\n\r\n")))
		if err != nil {
			t.Errorf("ReadRequest(%q): %v", raw, err)
			continue
		}
		if _, fault := target.Parse(r.Method, r.RequestURI, r.Host, target.Options{}); fault != want {
			t.Errorf("Parse of %q = %v, want %v", raw, fault, want)
		}
	}
}

func TestCheckMethod(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]target.Fault{
		"GET": target.OK, "PROPFIND": target.OK, "get": target.OK, "M-SEARCH": target.OK, "X_Y": target.OK,
		"": target.MethodMalformed, "GE T": target.MethodMalformed, "GET\x00": target.MethodMalformed,
		"GET/": target.MethodMalformed, "GÉT": target.MethodMalformed, "(": target.MethodMalformed,
		strings.Repeat("A", 33): target.MethodMalformed, strings.Repeat("A", 32): target.OK,
		"CONNECT": target.MethodForbidden, "TRACE": target.MethodForbidden, "trace": target.MethodForbidden,
		"TRACK": target.MethodForbidden, "PRI": target.MethodForbidden, "Pri": target.MethodForbidden,
		"CONNECTS": target.OK, "PRIO": target.OK,
	} {
		if got := target.CheckMethod(method); got != want {
			t.Errorf("CheckMethod(%q) = %v, want %v", method, got, want)
		}
	}
}

func TestCanonicalHost(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("a", 63)+".", 4)
	for _, tt := range []struct {
		host, scheme, want string
		fault              target.Fault
	}{
		{"api.test", "http", "api.test", target.OK},
		{"API.TEST.", "https", "api.test", target.OK},
		{"api.test:443", "https", "api.test", target.OK},
		{"api.test:443", "http", "api.test:443", target.OK},
		{"api.test:80", "http", "api.test", target.OK},
		{"api.test:80", "", "api.test:80", target.OK},
		{"api.test.:8080", "http", "api.test:8080", target.OK},
		{"Api.Test.:443", "https", "api.test", target.OK},
		{"api.test:", "http", "api.test", target.OK},
		{"localhost:8080", "http", "localhost:8080", target.OK},
		{"a_b.test", "http", "a_b.test", target.OK},
		{"xn--caf-dma.test", "http", "xn--caf-dma.test", target.OK},
		{"127.0.0.1:9090", "http", "127.0.0.1:9090", target.OK},
		{"[::1]", "http", "[::1]", target.OK},
		{"[::1]:80", "http", "[::1]", target.OK},
		{"[::1]:8080", "http", "[::1]:8080", target.OK},
		{"[2001:DB8:0:0::1]:8080", "http", "[2001:db8::1]:8080", target.OK},
		{"", "http", "", target.HostMissing},
		{".", "http", "", target.HostMalformed},
		{"..", "http", "", target.HostMalformed},
		{".test", "http", "", target.HostMalformed},
		{"api..test", "http", "", target.HostMalformed},
		{"api.test..", "http", "", target.HostMalformed},
		{"api.test evil", "http", "", target.HostMalformed},
		{"api.test/x", "http", "", target.HostMalformed},
		{"api.test?x", "http", "", target.HostMalformed},
		{"a@b", "http", "", target.HostMalformed},
		{"a,b", "http", "", target.HostMalformed},
		{"a%2eb", "http", "", target.HostMalformed},
		{"café.test", "http", "", target.HostMalformed},
		{"a\x00b", "http", "", target.HostMalformed},
		{"[::1]x", "http", "", target.HostMalformed},
		{"[::1", "http", "", target.HostMalformed},
		{"[", "http", "", target.HostMalformed},
		{"[]", "http", "", target.HostMalformed},
		{"[127.0.0.1]", "http", "", target.HostMalformed},
		{"[fe80::1%eth0]", "http", "", target.HostMalformed},
		{"::1", "http", "", target.HostMalformed},
		{":80", "http", "", target.HostMalformed},
		{"a:80:80", "http", "", target.HostMalformed},
		{"a:080", "http", "", target.HostMalformed},
		{"a:0", "http", "", target.HostMalformed},
		{"a:65536", "http", "", target.HostMalformed},
		{"a:+80", "http", "", target.HostMalformed},
		{"a:8x", "http", "", target.HostMalformed},
		{strings.Repeat("a", 300), "http", "", target.HostMalformed},
		{strings.Repeat("a", 64) + ".test", "http", "", target.HostMalformed},
		{long, "http", "", target.HostMalformed},
	} {
		got, fault := target.CanonicalHost(tt.host, tt.scheme)
		if got != tt.want || fault != tt.fault {
			t.Errorf("CanonicalHost(%q, %q) = %q, %v; want %q, %v", tt.host, tt.scheme, got, fault, tt.want, tt.fault)
		}
		if fault != target.OK {
			continue
		}
		if again, fault := target.CanonicalHost(got, tt.scheme); again != got || fault != target.OK {
			t.Errorf("CanonicalHost(%q) again = %q, %v", got, again, fault)
		}
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "a": "a", "a%20b": "a b", "%C3%A9": "é", "%zz%2": "%zz%2", "+": "+"} {
		if got := target.Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every fault has its own name, a sentence and a status, and an unknown one is
// refused too.
func TestFaultWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := target.OK; f <= target.HostMalformed; f++ {
		if f.String() == "" || seen[f.String()] {
			t.Errorf("fault %d is named %q", f, f)
		}
		seen[f.String()] = true
		if f != target.OK && (!strings.HasSuffix(f.Text(), ".") || f.Status() < 400) {
			t.Errorf("fault %v: text %q, status %d", f, f.Text(), f.Status())
		}
	}
	unknown := target.HostMalformed + 1
	if unknown.Status() != http.StatusBadRequest || unknown.Text() == "" || unknown.String() != "unknown" {
		t.Errorf("an unknown fault answers %d %q %q", unknown.Status(), unknown.Text(), unknown)
	}
}

func TestParseAllocates(t *testing.T) {
	for _, raw := range []string{"/", "/orders/4711/items?limit=10&x=%zz", "/a%20b/caf%C3%A9/", "http://api.test/x"} {
		n := testing.AllocsPerRun(100, func() {
			got, fault := target.Parse("GET", raw, "api.test", target.Options{Scheme: "http"})
			if fault != target.OK {
				t.Fatalf("Parse(%q): %v", raw, fault)
			}
			if got.Path == "" {
				t.Fatal("no path")
			}
		})
		if n != 0 {
			t.Errorf("Parse(%q) allocates %v times", raw, n)
		}
	}
	for _, raw := range []string{"/pub/../admin", "//", "/%00", "/a;b", "/%c0%af"} {
		if n := testing.AllocsPerRun(100, func() {
			if _, fault := target.Parse("GET", raw, "api.test", target.Options{}); fault == target.OK {
				t.Fatal("passed")
			}
		}); n != 0 {
			t.Errorf("refusing %q allocates %v times", raw, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = target.Parse("GET", "/inventory/v1/assets/4711/history?limit=10", "api.test", target.Options{Scheme: "http"})
	}
}
