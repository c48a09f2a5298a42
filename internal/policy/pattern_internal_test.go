package policy

import (
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
)

// Whatever a document has as a path: it is refused, or some request reaches the
// route and its path values are those of the request.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"/", "/racks", "/racks/{id}", "/{a}/{b...}", "/a%20b/", "/caf\u00e9", "/%61", "/a//b", "/..", "/{", "/}", "/{x}.json", "/{...}", "//", "/a+b", "/%2B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		a, faults := newAPI(&sallyport.API{Name: "shop", BasePath: "/", Routes: []sallyport.Route{{
			ID: "r", Methods: []string{"GET"}, Path: pattern, Authenticated: true,
		}}}, Rules{})
		if len(faults) > 0 {
			return
		}
		names := a.Routes[0].Names
		path := pattern
		for _, n := range names {
			path = strings.Replace(path, "{"+n+"}", n, 1)
			path = strings.Replace(path, "{"+n+"...}", n+"/"+n, 1)
		}
		m := &Match{}
		a.Match("GET", "", canonical(path), nil, m)
		if m.Route == nil {
			t.Fatalf("pattern %q does not match %q: %s", pattern, canonical(path), m.Reason)
		}
		for i, n := range names {
			if v := m.Values()[i]; v != n && v != n+"/"+n {
				t.Errorf("value of %q is %q", n, v)
			}
		}
	})
}

func TestValueNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"id": true, "Id": true, "a1": true, "a_1": true, strings.Repeat("a", 64): true,
		"": false, "1a": false, "_a": false, "a-b": false, "a.b": false, "é": false, strings.Repeat("a", 65): false,
	} {
		if got := isValueName(name); got != want {
			t.Errorf("isValueName(%q) = %v", name, got)
		}
	}
}

// canonical writes a path as a request has it: what may stand raw is raw, all
// else is escaped in upper case.
func canonical(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c, escaped := path[i], false
		if c == '%' {
			c = byte(strings.IndexByte(hex, upper(path[i+1]))<<4 | strings.IndexByte(hex, upper(path[i+2]))) //nolint:gosec // hexadecimal digits
			i, escaped = i+2, true
		}
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if letter || strings.IndexByte("-._~!$&'()*,=:@/", c) >= 0 || !escaped && c == '+' {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + hex[c>>4:c>>4+1] + hex[c&15:c&15+1])
	}
	return b.String()
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
