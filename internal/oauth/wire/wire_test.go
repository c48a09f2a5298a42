package wire

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

const formType = "application/x-www-form-urlencoded"

func TestParseForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType, body string
		want                    Fault
	}{
		{"plain", formType, "grant_type=client_credentials&scope=a+b", OK},
		{"charset", formType + "; charset=UTF-8", "a=b", OK},
		{"capitals", "Application/X-WWW-Form-URLEncoded", "a=b", OK},
		{"empty", formType, "", OK},
		{"another charset", formType + "; charset=latin1", "a=b", WrongType},
		{"JSON", "application/json", `{"grant_type":"client_credentials"}`, WrongType},
		{"no type", "", "a=b", WrongType},
		{"broken type", "a/b; ;", "a=b", WrongType},
		{"twice", formType, "client_id=a&client_id=a", Twice},
		{"twice, once empty", formType, "client_id=a&client_id=", Twice},
		{"twice, once encoded", formType, "client_id=a&client%5Fid=b", Twice},
		{"unknown twice", formType, "x=1&x=2", Twice},
		{"two resources", formType, "resource=a&resource=b", TwoResources},
		{"semicolon", formType, "a=1;b=2", Malformed},
		{"bad percent", formType, "a=%zz", Malformed},
		{"not UTF-8", formType, "a=%ff", Malformed},
		{"NUL", formType, "a=%00", Malformed},
		{"line break", formType, "a=%0d%0aSet-Cookie", Malformed},
		{"control in the name", formType, "a%07=b", Malformed},
		{"too many", formType, "a=1" + distinct(MaxParameters), TooMany},
	} {
		f, fault := ParseForm(tt.contentType, tt.body)
		if fault != tt.want || (f == nil) != (fault != OK) {
			t.Errorf("%s: %q, %d; want %d", tt.name, f, fault, tt.want)
		}
	}
	f, _ := ParseForm(formType, "scope=&a=b+c%2B")
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
		got, fault := ParseForm(contentType, body)
		if fault != OK {
			if got != nil {
				t.Fatalf("%q was refused and is %q", body, got)
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
		id, secret, ok := DecodeBasic(text)
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
		if AudienceOf(text) != "" && strings.Count(text, ".") != 2 {
			t.Fatalf("%q has an audience", text)
		}
	})
}

func TestDecodeBasic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		plain, id, secret string
		ok                bool
	}{
		{"robot:spk_1", "robot", "spk_1", true},
		{"robot:", "robot", "", true},
		{"a%3Ab:c%25d+e", "a:b", "c%d e", true},
		{"robot:a:b", "robot", "a:b", true},
		{":secret", "", "", false},
		{"robot", "", "", false},
		{"robot:%zz", "", "", false},
		{"%zz:x", "", "", false},
		{"robot:%00", "", "", false},
		{"r\xff:x", "", "", false},
	} {
		id, secret, ok := DecodeBasic(base64.StdEncoding.EncodeToString([]byte(tt.plain)))
		if id != tt.id || secret != tt.secret || ok != tt.ok {
			t.Errorf("%q: %q, %q, %v", tt.plain, id, secret, ok)
		}
	}
	for _, text := range []string{"", "!!", "YWE6Yh==", "YWE6Yg", "YWE6\r\nYg==", strings.Repeat("YWE6", 2000)} {
		if _, _, ok := DecodeBasic(text); ok {
			t.Errorf("%.20q was read", text)
		}
	}
}
