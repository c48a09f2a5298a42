package carrier_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

const session = "__Host-sp_session"

var sessionCookie = []carrier.Carrier{{In: carrier.Cookie, Name: session}}

func TestCookie(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, want string
		fault      carrier.Fault
	}{
		{session + "=abc", "abc", carrier.OK},
		{"a=b; " + session + "=abc; c=d", "abc", carrier.OK},
		{"a=b;" + session + "=abc;c=d", "abc", carrier.OK},
		{"a=\"x y\"; " + session + "=abc", "abc", carrier.OK},
		{session + "=a=b==", "a=b==", carrier.OK},
		{session + "=a%20b", "a%20b", carrier.OK},
		{"", "", carrier.OK},
		{"a=b", "", carrier.OK},
		{"__host-sp_session=abc", "", carrier.OK},
		{"__Host-sp_sessio=abc", "", carrier.OK},
		{"x__Host-sp_session=abc", "", carrier.OK},
		{session + "2=abc", "", carrier.OK},
		{session + " =abc", "", carrier.OK},
		{"a=b, " + session + "=abc", "", carrier.OK},
		{session + "=\"abc\"", "", carrier.Malformed},
		{session + "= abc", "", carrier.Malformed},
		{session + "=abc ; a=b", "", carrier.Malformed},
		{session + "=a b", "", carrier.Malformed},
		{session + "=a,b", "", carrier.Malformed},
		{session + "=a\\b", "", carrier.Malformed},
		{session + "=a\x01b", "", carrier.Malformed},
		{session + "=é", "", carrier.NotASCII},
		{session + "=", "", carrier.Malformed},
		{session, "", carrier.Malformed},
		{session + "=abc;", "", carrier.Malformed},
		{session + "=abc; ", "", carrier.Malformed},
		{session + "=" + strings.Repeat("a", carrier.MaxCookie), strings.Repeat("a", carrier.MaxCookie), carrier.OK},
		{session + "=" + strings.Repeat("a", carrier.MaxCookie+1), "", carrier.TooLong},
		{session + "=a; " + session + "=b", "", carrier.Ambiguous},
		{session + "=a; " + session + "=a", "", carrier.Ambiguous},
		{session + "; " + session + "=a", "", carrier.Ambiguous},
	} {
		got, fault := carrier.Extract(carrier.View{Header: http.Header{"Cookie": {tt.line}}}, sessionCookie)
		if got.Secret != tt.want || fault != tt.fault {
			t.Errorf("%.60q gives %.60q, %v; want %.60q, %v", tt.line, got.Secret, fault, tt.want, tt.fault)
		}
	}
}

func TestCutCookie(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                  "",
		"a=b":                               "a=b",
		"a=b; c=d;":                         "a=b; c=d;",
		session + "=x":                      "",
		session:                             "",
		session + "=x; a=b":                 "a=b",
		"a=b; " + session + "=x":            "a=b",
		"a=b; " + session + "=x; c=\"d e\"": "a=b; c=\"d e\"",
		session + "=x; a=b; " + session:     "a=b",
		session + " =x;a=b":                 "a=b",
		"accessToken=1;" + session + "=2":   "",
		"AccessToken=1; x" + session + "=":  "AccessToken=1; x" + session + "=",
	} {
		if got := carrier.CutCookie(in, session, "accessToken"); got != want {
			t.Errorf("CutCookie(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzCookie: a value that is let through stands in the line as it is, and is
// gone once cut.
func FuzzCookie(f *testing.F) {
	for _, line := range []string{"", "s=1", "a=b; s=1", "s=\"1\"", "s=1;", "s=1; s=2", "s", "s =1", "\rs=0;s=0"} {
		f.Add(line)
	}
	accept := []carrier.Carrier{{In: carrier.Cookie, Name: "s"}}
	f.Fuzz(func(t *testing.T, line string) {
		found, fault := carrier.Extract(carrier.View{Header: http.Header{"Cookie": {line}}}, accept)
		if fault == carrier.OK && found.In == carrier.Cookie {
			if !strings.Contains(line, "s="+found.Secret) || strings.ContainsAny(found.Secret, " \t\",;\\") || found.Secret == "" {
				t.Fatalf("%q gives %q", line, found.Secret)
			}
			if c, err := http.ParseCookie(line); err == nil {
				n := 0
				for _, cookie := range c {
					if cookie.Name == "s" && cookie.Value == found.Secret {
						n++
					}
				}
				if n != 1 {
					t.Fatalf("%q gives %q, but net/http sees it %d times", line, found.Secret, n)
				}
			}
		}
		cut := carrier.CutCookie(line, "s")
		if left, fault := carrier.Extract(carrier.View{Header: http.Header{"Cookie": {cut}}}, accept); left.In != carrier.None || fault != carrier.OK {
			t.Fatalf("CutCookie(%q) = %q", line, cut)
		}
	})
}
