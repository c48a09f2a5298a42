package oauth

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

const formType = "application/x-www-form-urlencoded"

func TestParseForm(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("a", 40)
	for _, tt := range []struct {
		name, contentType, body string
		want                    string // the error code; empty: none
	}{
		{"plain", formType, "grant_type=client_credentials&scope=a+b", ""},
		{"charset", formType + "; charset=UTF-8", "a=b", ""},
		{"capitals", "Application/X-WWW-Form-URLEncoded", "a=b", ""},
		{"empty", formType, "", ""},
		{"another charset", formType + "; charset=latin1", "a=b", "invalid_request"},
		{"JSON", "application/json", `{"grant_type":"client_credentials"}`, "invalid_request"},
		{"no type", "", "a=b", "invalid_request"},
		{"broken type", "a/b; ;", "a=b", "invalid_request"},
		{"twice", formType, "client_id=a&client_id=a", "invalid_request"},
		{"twice, once empty", formType, "client_id=a&client_id=", "invalid_request"},
		{"twice, once encoded", formType, "client_id=a&client%5Fid=b", "invalid_request"},
		{"unknown twice", formType, "x=1&x=2", "invalid_request"},
		{"two resources", formType, "resource=a&resource=b", "invalid_target"},
		{"semicolon", formType, "a=1;b=2", "invalid_request"},
		{"bad percent", formType, "a=%zz", "invalid_request"},
		{"not UTF-8", formType, "a=%ff", "invalid_request"},
		{"NUL", formType, "a=%00", "invalid_request"},
		{"line break", formType, "a=%0d%0aSet-Cookie", "invalid_request"},
		{"control in the name", formType, "a%07=b", "invalid_request"},
		{"too many", formType, strings.Join(strings.Split(many, ""), "1=&") + "1=" + distinct(40), "invalid_request"},
	} {
		f, fault := parseForm(tt.contentType, tt.body)
		code := ""
		if fault != nil {
			code = fault.code
		}
		if code != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, code, tt.want)
		}
		if fault != nil && f != nil {
			t.Errorf("%s: a refused form has parameters", tt.name)
		}
	}
	f, _ := parseForm(formType, "scope=&a=b+c%2B")
	if _, there := f["scope"]; there || f["a"] != "b c+" {
		t.Errorf("%q", f)
	}
}

// distinct returns many parameters of different names.
func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&p" + strings.Repeat("x", i) + "=1")
	}
	return b.String()
}

// FuzzForm looks for a body that is read in another way than it was written, or
// whose parameters could do harm further in.
func FuzzForm(f *testing.F) {
	f.Add(formType, "grant_type=client_credentials&scope=a+b")
	f.Add(formType+";charset=utf-8", "client_id=%F0%9F%98%80&client_id=")
	f.Add("text/plain", "a=b;c=d&%00=%zz")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		got, fault := parseForm(contentType, body)
		if fault != nil {
			if got != nil || fault.status < 400 || strings.ContainsAny(fault.text, "\"\\\r\n") {
				t.Fatalf("%q refused with %v and %+v", body, got, fault)
			}
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("%q was read, but is no form: %v", body, err)
		}
		for name, list := range want {
			if len(list) != 1 || got[name] != list[0] {
				t.Fatalf("%q: %q is %q, want %q", body, name, got[name], list)
			}
			delete(got, name)
			if !utf8.ValidString(list[0]) || strings.ContainsAny(list[0], "\x00\r\n\x7f\u0085") {
				t.Fatalf("%q: %q let through", body, list[0])
			}
		}
		if len(got) > 0 {
			t.Fatalf("%q: %q out of nowhere", body, got)
		}
	})
}

// FuzzBasic looks for credentials of a client that could be read in two ways.
func FuzzBasic(f *testing.F) {
	f.Add("cm9ib3Q6c3BrXzE=")
	f.Add("JTp4")
	f.Add("YWE6Yh==")
	f.Fuzz(func(t *testing.T, text string) {
		id, secret, ok := decodeBasic(text)
		if !ok {
			return
		}
		if id == "" || !printable(id) || !printable(secret) {
			t.Fatalf("%q was read as %q, %q", text, id, secret)
		}
	})
}

// FuzzAudience looks for a token whose payload disturbs what looks at it before
// it was verified.
func FuzzAudience(f *testing.F) {
	f.Add("e30.eyJhdWQiOiJzaG9wIn0.x")
	f.Add("e30.eyJhdWQiOlsic2hvcCJdfQ.x")
	f.Fuzz(func(t *testing.T, text string) {
		if audienceOf(text) != "" && strings.Count(text, ".") != 2 {
			t.Fatalf("%q has an audience", text)
		}
	})
}
