package carrier_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

func encode(userpass string) string { return base64.StdEncoding.EncodeToString([]byte(userpass)) }

var basicTable = []struct {
	name, text, login, password string
	fault                       carrier.Fault
}{
	{"plain", "YWxpY2U6cHc=", "alice", "pw", carrier.OK},
	{"the standard's own", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame", carrier.OK},
	{"the standard's UTF-8", "dGVzdDoxMjPCow==", "test", "123£", carrier.OK},
	{"first colon parts", encode("a:b:c:"), "a", "b:c:", carrier.OK},
	{"UTF-8 name", encode("josé:x"), "josé", "x", carrier.OK},
	{"longest", encode(strings.Repeat("u", 256) + ":" + strings.Repeat("p", 1024)), strings.Repeat("u", 256), strings.Repeat("p", 1024), carrier.OK},
	{"Latin-1 name", encode("jos\xe9:x"), "", "", carrier.Malformed},
	{"Latin-1 password", encode("jose:\xe9"), "", "", carrier.Malformed},
	{"overlong", encode("a\xc0\xafb:x"), "", "", carrier.Malformed},
	{"surrogate", encode("a\xed\xa0\x80:x"), "", "", carrier.Malformed},
	{"cut-off rune", encode("a:b\xc3"), "", "", carrier.Malformed},
	{"NUL in the name", encode("al\x00ice:pw"), "", "", carrier.Malformed},
	{"line end in the name", encode("alice\r\n:pw"), "", "", carrier.Malformed},
	{"DEL in the name", encode("alice\x7f:pw"), "", "", carrier.Malformed},
	{"C1 in the name", encode("alice\u0085:pw"), "", "", carrier.Malformed},
	{"tab in the password", encode("alice:p\tw"), "", "", carrier.Malformed},
	{"NUL in the password", encode("alice:p\x00w"), "", "", carrier.Malformed},
	{"nothing", "", "", "", carrier.Malformed},
	{"only a colon", "Og==", "", "", carrier.Malformed},
	{"no colon", "YWxpY2U=", "", "", carrier.Malformed},
	{"no name", encode(":pw"), "", "", carrier.Malformed},
	{"no password", encode("alice:"), "", "", carrier.Malformed},
	{"no padding", "YWE6Yg", "", "", carrier.Malformed},
	{"unused bits", "YWE6Yh==", "", "", carrier.Malformed},
	{"too much padding", "YWE6Yg====", "", "", carrier.Malformed},
	{"padding inside", "YWE6Yg==YWE6", "", "", carrier.Malformed},
	{"padding alone", "====", "", "", carrier.Malformed},
	{"url alphabet", "YTo_Pz4=", "", "", carrier.Malformed},
	{"two texts", "YTpi YTpi", "", "", carrier.Malformed},
	{"blank before", " YTpi", "", "", carrier.Malformed},
	{"blank behind", "YTpi ", "", "", carrier.Malformed},
	{"line end inside", "YT\r\npi", "", "", carrier.Malformed},
	{"line ends that count", "YTpi\r\n\r\n", "", "", carrier.Malformed},
	{"list", "YTpi,YTpi", "", "", carrier.Ambiguous},
	{"long name", encode(strings.Repeat("u", 257) + ":p"), "", "", carrier.TooLong},
	{"long password", encode("u:" + strings.Repeat("p", 1025)), "", "", carrier.TooLong},
	{"long, but good up to the limit", encode(strings.Repeat("u", 256) + ":" + strings.Repeat("p", 1024+300)), "", "", carrier.TooLong},
	{"very long", encode("u:" + strings.Repeat("p", 1<<20)), "", "", carrier.TooLong},
}

func TestDecodeBasic(t *testing.T) {
	t.Parallel()
	for _, tt := range basicTable {
		for _, buf := range [][]byte{nil, make([]byte, 3), make([]byte, 0, carrier.MaxBasic)} {
			login, password, fault := carrier.DecodeBasic(buf, tt.text)
			if fault != tt.fault || fault == carrier.OK && (string(login) != tt.login || string(password) != tt.password) {
				t.Errorf("%s: DecodeBasic = %q, %q, %v; want %q, %q, %v", tt.name, login, password, fault, tt.login, tt.password, tt.fault)
			}
		}
	}
}

func TestBasicScheme(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]carrier.Fault{
		"bAsIc YTpi":   carrier.OK,
		"BASIC YTpi":   carrier.OK,
		"Basic YTpi":   carrier.OK,
		"Basic":        carrier.Malformed,
		"Basic ":       carrier.Malformed,
		"Basic  YTpi":  carrier.Malformed,
		"Basic\tYTpi":  carrier.Malformed,
		"Basic,YTpi":   carrier.Malformed,
		"Basic=YTpi":   carrier.Malformed,
		" Basic YTpi":  carrier.SchemeNotAccepted,
		"BasicYTpi":    carrier.SchemeNotAccepted,
		"Basic- YTpi":  carrier.SchemeNotAccepted,
		"Basi YTpi":    carrier.SchemeNotAccepted,
		"Ba\u017fic x": carrier.SchemeNotAccepted,
	} {
		view := carrier.View{Header: map[string][]string{"Authorization": {value}}}
		if _, fault := carrier.Extract(view, []carrier.Carrier{{In: carrier.Basic}}); fault != want {
			t.Errorf("Extract(%q): %v, want %v", value, fault, want)
		}
	}
}

var bearerTable = map[string]carrier.Fault{
	"Bearer abc":            carrier.OK,
	"bearer abc":            carrier.OK,
	"Bearer abc==":          carrier.OK,
	"Bearer A-z0.9_~+/":     carrier.OK,
	"Bearer":                carrier.Malformed,
	"Bearer ":               carrier.Malformed,
	"Bearer  abc":           carrier.Malformed,
	"Bearer\tabc":           carrier.Malformed,
	"Bearer a=b":            carrier.Malformed,
	"Bearer =":              carrier.Malformed,
	"Bearer a b":            carrier.Malformed,
	"Bearer a;b":            carrier.Malformed,
	"Bearer \"a\"":          carrier.Malformed,
	"Bearer a\x00":          carrier.Malformed,
	"Bearer é":              carrier.NotASCII,
	"Bearer a,b":            carrier.Ambiguous,
	"Bearer a, Basic YTpi":  carrier.Ambiguous,
	"Bearerabc":             carrier.SchemeNotAccepted,
	"Bearers abc":           carrier.SchemeNotAccepted,
	"Bea\u0280er abc":       carrier.SchemeNotAccepted,
	"Token abc":             carrier.SchemeNotAccepted,
	"DPoP abc":              carrier.SchemeNotAccepted,
	"Bearer \xff\xfe":       carrier.NotASCII,
	"Bearer spp_0123456789": carrier.OK,
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for value, want := range bearerTable {
		view := carrier.View{Header: map[string][]string{"Authorization": {value}}}
		if _, fault := read(view, []carrier.Carrier{{In: carrier.Bearer}}); fault != want {
			t.Errorf("read(%q): %v, want %v", value, fault, want)
		}
	}
}

func TestDecodeBasicAllocates(t *testing.T) {
	buf, text := make([]byte, 0, carrier.MaxBasic), encode("alice:a-long-password-of-hers")
	if n := testing.AllocsPerRun(100, func() {
		if _, _, fault := carrier.DecodeBasic(buf, text); fault != carrier.OK {
			t.Fatal(fault)
		}
	}); n != 0 {
		t.Errorf("DecodeBasic allocates %v times", n)
	}
}

// FuzzBasic: what was accepted is the one spelling of what it says.
func FuzzBasic(f *testing.F) {
	for _, tt := range basicTable {
		if len(tt.text) < 4096 {
			f.Add(tt.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		login, password, fault := carrier.DecodeBasic(nil, text)
		if fault != carrier.OK {
			return
		}
		l, p := string(login), string(password)
		if encode(l+":"+p) != text {
			t.Errorf("%q is not the one spelling of %q, %q", text, l, p)
		}
		if l == "" || p == "" || strings.Contains(l, ":") || len(l) > carrier.MaxLogin || len(p) > carrier.MaxPassword ||
			!utf8.ValidString(l+p) || strings.ContainsFunc(l+p, func(r rune) bool { return r < ' ' || r >= 0x7F && r < 0xA0 }) {
			t.Errorf("DecodeBasic(%q) = %q, %q", text, l, p)
		}
	})
}

// FuzzAuthorization: a header value gives at most its own tail.
func FuzzAuthorization(f *testing.F) {
	for value := range bearerTable {
		f.Add(value, false)
	}
	f.Add("BasicYTpi", true)
	f.Fuzz(func(t *testing.T, value string, lenient bool) {
		view := carrier.View{Header: map[string][]string{"Authorization": {value}}}
		found, fault := read(view, []carrier.Carrier{{In: carrier.Basic, LenientBasic: lenient}, {In: carrier.Bearer}})
		switch {
		case fault != carrier.OK:
			if found.Secret != "" || found.Login != "" {
				t.Errorf("%q: a credential beside the fault %v", value, fault)
			}
		case found.In == carrier.Bearer:
			if found.Secret == "" || !strings.EqualFold(value, "bearer "+found.Secret) || strings.ContainsAny(found.Secret, " ,;\"\x00") {
				t.Errorf("%q gives the token %q", value, found.Secret)
			}
		case found.In == carrier.Basic:
			if found.Secret == "" || found.Login == "" || !strings.HasSuffix(value, encode(found.Login+":"+found.Secret)) {
				t.Errorf("%q gives %q, %q", value, found.Login, found.Secret)
			}
		default:
			t.Errorf("%q gives nothing, without a fault", value)
		}
	})
}

// FuzzHeader: a key is the whole value, visible and of one piece.
func FuzzHeader(f *testing.F) {
	for _, value := range []string{"", "spk_1", "a,b", "a b", "é", "\x7f", strings.Repeat("k", 257)} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		view := carrier.View{Header: map[string][]string{"X-Api-Key": {value}}}
		found, fault := carrier.Extract(view, everything)
		if fault != carrier.OK {
			return
		}
		if found.Secret != value || value == "" || len(value) > carrier.MaxKey ||
			strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
			t.Errorf("%q was accepted as %q", value, found.Secret)
		}
	})
}
