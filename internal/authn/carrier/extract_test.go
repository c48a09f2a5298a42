package carrier_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// everything accepts every sort of carrier.
var everything = []carrier.Carrier{
	{In: carrier.Basic},
	{In: carrier.Bearer},
	{In: carrier.Header, Name: "X-Api-Key"},
	{In: carrier.Query, Name: "api_key"},
	{In: carrier.Query, Name: "password", Login: "login"},
	{In: carrier.Form, Name: "auth_token", FilePart: true},
	{In: carrier.Form, Name: "auth_pwd", Login: "auth_user"},
	{In: carrier.Cookie, Name: "__Host-sp_session"},
	{In: carrier.Cookie, Name: "accessToken"},
}

func basic(userpass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userpass))
}

// lines makes a header of "Name: value" lines.
func lines(fields ...string) http.Header {
	h := http.Header{}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		h.Add(name, value)
	}
	return h
}

// form makes a view of an urlencoded body.
func form(body string, fields ...string) carrier.View {
	return carrier.View{
		Header: lines(append(fields, "Content-Type: application/x-www-form-urlencoded; charset=utf-8")...),
		Body:   func() ([]byte, error) { return []byte(body), nil },
	}
}

type extractRow struct {
	name   string
	view   carrier.View
	in     carrier.In
	login  string
	secret string
	fault  carrier.Fault
}

// read takes the credential from a request and looks at the characters of a
// bearer token, as who does not know the token does.
func read(view carrier.View, accept []carrier.Carrier) (carrier.Found, carrier.Fault) {
	found, fault := carrier.Extract(view, accept)
	if found.In == carrier.Bearer {
		fault = carrier.CheckBearer(found.Secret)
	}
	if fault != carrier.OK {
		return carrier.Found{}, fault
	}
	return found, carrier.OK
}

func checkExtract(t *testing.T, accept []carrier.Carrier, rows []extractRow) {
	t.Helper()
	for _, tt := range rows {
		got, fault := read(tt.view, accept)
		if got.In != tt.in || got.Login != tt.login || got.Secret != tt.secret || fault != tt.fault {
			t.Errorf("%s: in %v, login %q, secret %q, fault %v; want %v, %q, %q, %v",
				tt.name, got.In, got.Login, got.Secret, fault, tt.in, tt.login, tt.secret, tt.fault)
		}
	}
}

func TestExtractOne(t *testing.T) {
	t.Parallel()
	checkExtract(t, everything, []extractRow{
		{name: "nothing", view: carrier.View{}},
		{name: "nothing in a full request", view: form("a=b", "Cookie: a=b", "X-Other: c")},
		{"basic", carrier.View{Header: lines("Authorization: " + basic("alice:pw"))}, carrier.Basic, "alice", "pw", carrier.OK},
		{"bearer", carrier.View{Header: lines("Authorization: Bearer a.b-c_d~e+f/g==")}, carrier.Bearer, "", "a.b-c_d~e+f/g==", carrier.OK},
		{"header", carrier.View{Header: lines("X-API-Key: spk_1")}, carrier.Header, "", "spk_1", carrier.OK},
		{"query", carrier.View{RawQuery: "x=1&api_key=spk_1&y"}, carrier.Query, "", "spk_1", carrier.OK},
		{"query with escapes", carrier.View{RawQuery: "api%5Fkey=spk%5f1"}, carrier.Query, "", "spk_1", carrier.OK},
		{"broken escape stays", carrier.View{RawQuery: "api_key=%zz&x=1"}, carrier.Query, "", "%zz", carrier.OK},
		{"login and password in the query", carrier.View{RawQuery: "login=admin&password=as+p%c3%a9ra"}, carrier.Query, "admin", "as péra", carrier.OK},
		{"password alone", carrier.View{RawQuery: "password=_P__x"}, carrier.Query, "", "_P__x", carrier.OK},
		{name: "login alone", view: carrier.View{RawQuery: "login=admin"}},
		{name: "another case", view: carrier.View{RawQuery: "API_KEY=GOOD&apiKey=GOOD"}},
		{"form", form("x=1&auth_token=abc"), carrier.Form, "", "abc", carrier.OK},
		{"login and password in a form", form("auth_user=admin&auth_pwd=a%26b"), carrier.Form, "admin", "a&b", carrier.OK},
		{"cookie", carrier.View{Header: lines("Cookie: a=b; __Host-sp_session=sps_1; c=d")}, carrier.Cookie, "", "sps_1", carrier.OK},
		{"other cookie", carrier.View{Header: lines("Cookie: accessToken=4747653682905491905")}, carrier.Cookie, "", "4747653682905491905", carrier.OK},
	})
}

func TestExtractTwo(t *testing.T) {
	t.Parallel()
	auth := "Authorization: Bearer abc"
	ambiguous := func(name string, view carrier.View) extractRow {
		return extractRow{name: name, view: view, fault: carrier.Ambiguous}
	}
	checkExtract(t, everything, []extractRow{
		ambiguous("two Authorization", carrier.View{Header: lines("Authorization: "+basic("alice:pw"), auth)}),
		ambiguous("the same twice", carrier.View{Header: lines(auth, auth)}),
		ambiguous("one of them empty", carrier.View{Header: http.Header{"Authorization": {"", "Bearer abc"}}}),
		ambiguous("list of schemes", carrier.View{Header: lines("Authorization: " + basic("a:b") + ", Bearer abc")}),
		ambiguous("list of tokens", carrier.View{Header: lines("Authorization: Bearer abc,def")}),
		ambiguous("unknown scheme and header", carrier.View{Header: lines("Authorization: Digest x", "X-Api-Key: k")}),
		ambiguous("two headers", carrier.View{Header: lines("X-Api-Key: k1", "X-Api-Key: k2")}),
		ambiguous("list in a header", carrier.View{Header: lines("X-Api-Key: k1,k2")}),
		ambiguous("header and query", carrier.View{Header: lines("X-Api-Key: k1"), RawQuery: "api_key=k2"}),
		ambiguous("the same in header and query", carrier.View{Header: lines("X-Api-Key: k1"), RawQuery: "api_key=k1"}),
		ambiguous("bad one and good one", carrier.View{Header: lines("X-Api-Key: é"), RawQuery: "api_key=k1"}),
		ambiguous("Authorization and query", carrier.View{Header: lines(auth), RawQuery: "api_key=k2"}),
		ambiguous("twice in the query", carrier.View{RawQuery: "api_key=k1&x=1&api_key=k1"}),
		ambiguous("twice in two spellings", carrier.View{RawQuery: "api_key=k1&api%5fkey=k2"}),
		ambiguous("twice, once empty", carrier.View{RawQuery: "api_key=&api_key=k2"}),
		ambiguous("two parameters", carrier.View{RawQuery: "api_key=k1&login=admin&password=x"}),
		ambiguous("two logins", carrier.View{RawQuery: "login=a&password=x&login=b"}),
		ambiguous("query and form", withQuery(form("auth_token=a"), "api_key=k")),
		ambiguous("Authorization and form", form("auth_token=a", auth)),
		ambiguous("twice in a form", form("auth_token=a&auth_token=a")),
		ambiguous("two fields", form("auth_token=a&auth_user=u&auth_pwd=p")),
		ambiguous("two cookies of one name", carrier.View{Header: lines("Cookie: __Host-sp_session=a; __Host-sp_session=b")}),
		ambiguous("two cookies in two fields", carrier.View{Header: lines("Cookie: __Host-sp_session=a", "Cookie: __Host-sp_session=a")}),
		ambiguous("two session cookies", carrier.View{Header: lines("Cookie: __Host-sp_session=a; accessToken=b")}),
	})
}

func withQuery(v carrier.View, query string) carrier.View {
	v.RawQuery = query
	return v
}

func TestExtractBad(t *testing.T) {
	t.Parallel()
	head := func(fields ...string) carrier.View { return carrier.View{Header: lines(fields...)} }
	raw := func(name, value string) carrier.View { return carrier.View{Header: http.Header{name: {value}}} }
	many := strings.Repeat("a=x&", 100) + "api_key=GOOD"
	checkExtract(t, everything, []extractRow{
		{name: "scheme not accepted", view: head("Authorization: Digest x"), fault: carrier.SchemeNotAccepted},
		{name: "no scheme", view: head("Authorization: abc"), fault: carrier.SchemeNotAccepted},
		{name: "empty Authorization", view: raw("Authorization", ""), fault: carrier.SchemeNotAccepted},
		{name: "word alone", view: head("Authorization: Bearer"), fault: carrier.Malformed},
		{name: "glued Basic", view: head("Authorization: BasicQTpi"), fault: carrier.SchemeNotAccepted},
		{name: "bad token and good cookie", view: head("Authorization: Bearer gar bage", "Cookie: __Host-sp_session=a"), fault: carrier.Malformed},
		{name: "unknown scheme and good cookie", view: head("Authorization: Foo x", "Cookie: __Host-sp_session=a"), fault: carrier.SchemeNotAccepted},
		{name: "empty header", view: raw("X-Api-Key", ""), fault: carrier.Malformed},
		{name: "blank in a header", view: head("X-Api-Key: a b"), fault: carrier.Malformed},
		{name: "umlaut in a header", view: head("X-Api-Key: clé"), fault: carrier.NotASCII},
		{name: "bytes in a header", view: head("X-Api-Key: \xff\xfe"), fault: carrier.NotASCII},
		{name: "long header", view: head("X-Api-Key: " + strings.Repeat("k", carrier.MaxKey+1)), fault: carrier.TooLong},
		{name: "very long header", view: head("X-Api-Key: " + strings.Repeat("k,", 4500)), fault: carrier.TooLong},
		{name: "long token", view: head("Authorization: Bearer " + strings.Repeat("k", carrier.MaxBearer+1)), fault: carrier.TooLong},
		{name: "empty parameter", view: carrier.View{RawQuery: "api_key="}, fault: carrier.Malformed},
		{name: "parameter without a value", view: carrier.View{RawQuery: "api_key&x"}, fault: carrier.Malformed},
		{name: "empty parameter and good cookie", view: withQuery(head("Cookie: __Host-sp_session=a"), "api_key="), fault: carrier.Malformed},
		{name: "blank in a parameter", view: carrier.View{RawQuery: "api_key=a+b"}, fault: carrier.Malformed},
		{name: "umlaut in a parameter", view: carrier.View{RawQuery: "api_key=%c3%a9"}, fault: carrier.NotASCII},
		{name: "NUL in a parameter", view: carrier.View{RawQuery: "api_key=a%00"}, fault: carrier.Malformed},
		{name: "long parameter", view: carrier.View{RawQuery: "api_key=" + strings.Repeat("%61", carrier.MaxKey+1)}, fault: carrier.TooLong},
		{name: "control character in a login", view: carrier.View{RawQuery: "login=a%0d%0a&password=x"}, fault: carrier.Malformed},
		{name: "Latin-1 in a login", view: carrier.View{RawQuery: "login=jos%e9&password=x"}, fault: carrier.Malformed},
		{name: "empty password", view: carrier.View{RawQuery: "login=a&password="}, fault: carrier.Malformed},
		{name: "long password", view: carrier.View{RawQuery: "password=" + strings.Repeat("x", carrier.MaxPassword+1)}, fault: carrier.TooLong},
		{name: "long login", view: carrier.View{RawQuery: "password=x&login=" + strings.Repeat("x", carrier.MaxLogin+1)}, fault: carrier.TooLong},
		{name: "too many parameters", view: carrier.View{RawQuery: many}, fault: carrier.TooManyParameters},
		{name: "semicolon", view: carrier.View{RawQuery: "x=1;api_key=GOOD"}, fault: carrier.QueryMalformed},
		{name: "semicolon beside a good header", view: withQuery(head("X-Api-Key: k"), "x=1;api_key=GOOD"), fault: carrier.QueryMalformed},
		{name: "semicolon in a form", view: form("x=1;auth_token=GOOD"), fault: carrier.QueryMalformed},
		{name: "empty field", view: form("auth_token="), fault: carrier.Malformed},
		{name: "too many fields", view: form(strings.Repeat("a&", carrier.MaxFields)), fault: carrier.TooManyParameters},
		{name: "two content types", view: form("auth_token=a", "Content-Type: text/plain"), fault: carrier.BodyMalformed},
		{name: "empty cookie", view: head("Cookie: __Host-sp_session="), fault: carrier.Malformed},
		{name: "cookie without a value", view: head("Cookie: __Host-sp_session"), fault: carrier.Malformed},
	})
}

func TestExtractBody(t *testing.T) {
	t.Parallel()
	calls := 0
	view := func(contentType string, body []byte, err error) carrier.View {
		return carrier.View{
			Header: http.Header{"Content-Type": {contentType}},
			Body:   func() ([]byte, error) { calls++; return body, err },
		}
	}
	const urlencoded = "application/x-www-form-urlencoded"
	big := view(urlencoded, []byte("auth_token="+strings.Repeat("a", 100)), nil)
	big.MaxBody = 100
	checkExtract(t, everything, []extractRow{
		{name: "broken off", view: view(urlencoded, nil, errors.New("reset")), fault: carrier.BodyUnreadable},
		{name: "too large for the reader", view: view(urlencoded, nil, fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1})), fault: carrier.BodyTooLarge},
		{name: "too large for us", view: big, fault: carrier.BodyTooLarge},
		{name: "too large by default", view: view(urlencoded, make([]byte, carrier.DefaultMaxBody+1), nil), fault: carrier.BodyTooLarge},
		{name: "broken multipart", view: view("multipart/form-data", []byte("x"), nil), fault: carrier.BodyMalformed},
	})
	if calls != 5 {
		t.Errorf("the bodies were read %d times, want 5", calls)
	}
	calls = 0
	checkExtract(t, everything, []extractRow{
		{name: "JSON", view: view("application/json", []byte("auth_token=a"), nil)},
		{name: "no type", view: carrier.View{Body: view("", nil, nil).Body}},
	})
	checkExtract(t, everything[:5], []extractRow{{name: "no form accepted", view: view(urlencoded, []byte("auth_token=a"), nil)}})
	if calls != 0 {
		t.Errorf("%d bodies were read in vain", calls)
	}
}

func TestExtractRefusedPlace(t *testing.T) {
	t.Parallel()
	accept := []carrier.Carrier{
		{In: carrier.Bearer},
		{In: carrier.Header, Name: "X-Api-Key"},
		{In: carrier.Header, Name: "X-Old-Key", Refused: true},
		{In: carrier.Query, Name: "api_key", Refused: true},
		{In: carrier.Query, Name: "token", Refused: true, EmptyAbsent: true},
		{In: carrier.Form, Name: "auth_token"},
		{In: carrier.Form, Name: "auth_pwd", Refused: true},
		{In: carrier.Cookie, Name: "s"},
	}
	misplaced := func(name string, view carrier.View) extractRow {
		return extractRow{name: name, view: view, fault: carrier.LocationForbidden}
	}
	checkExtract(t, accept, []extractRow{
		misplaced("query", carrier.View{RawQuery: "x=1&api_key=GOOD"}),
		misplaced("query, escaped", carrier.View{RawQuery: "api%5Fkey=GOOD"}),
		misplaced("query, empty", carrier.View{RawQuery: "api_key="}),
		misplaced("query, behind a semicolon", carrier.View{RawQuery: "x=1;api_key=GOOD"}),
		misplaced("query, and a good cookie", carrier.View{RawQuery: "api_key=GOOD", Header: lines("Cookie: s=a")}),
		misplaced("query, behind many others", carrier.View{RawQuery: strings.Repeat("a&", 200) + "api_key=GOOD"}),
		misplaced("header", carrier.View{Header: lines("X-Old-Key: a")}),
		misplaced("form", form("auth_pwd=a")),
		{name: "beside a header", view: carrier.View{RawQuery: "api_key=GOOD", Header: lines("X-Api-Key: a")}, fault: carrier.Ambiguous},
		{name: "empty and absent", view: carrier.View{RawQuery: "token="}},
		{"no query accepted: anything goes", carrier.View{RawQuery: "x;y" + strings.Repeat("&a", 200), Header: lines("X-Api-Key: a")}, carrier.Header, "", "a", carrier.OK},
	})
}

func TestExtractOptions(t *testing.T) {
	t.Parallel()
	accept := []carrier.Carrier{
		{In: carrier.Basic, LenientBasic: true},
		{In: carrier.Bearer, Name: "Token"},
		{In: carrier.Header, Name: "Authorization", Max: 8},
		{In: carrier.Header, Name: "Auth-Token", EmptyAbsent: true},
		{In: carrier.Header, Name: "X-Access-Token", Max: 8 << 10},
		{In: carrier.Query, Name: "auth_token", EmptyAbsent: true, Max: 4},
		{In: carrier.Query, Name: "auth_token"},
	}
	long := strings.Repeat("a", 8<<10)
	checkExtract(t, accept, []extractRow{
		{"glued Basic", carrier.View{Header: lines("Authorization: Basic" + strings.TrimPrefix(basic("a:b"), "Basic "))}, carrier.Basic, "a", "b", carrier.OK},
		{"Basic with its blank", carrier.View{Header: lines("Authorization: " + basic("a:b"))}, carrier.Basic, "a", "b", carrier.OK},
		{name: "Basic with two blanks", view: carrier.View{Header: lines("Authorization: Basic  QTpi")}, fault: carrier.Malformed},
		{name: "Basic with a tab", view: carrier.View{Header: lines("Authorization: Basic\tQTpi")}, fault: carrier.Malformed},
		{"scheme of the API's own", carrier.View{Header: lines("Authorization: TOKEN abc")}, carrier.Bearer, "", "abc", carrier.OK},
		{"no scheme", carrier.View{Header: lines("Authorization: abc")}, carrier.Header, "", "abc", carrier.OK},
		{name: "no scheme, too long", view: carrier.View{Header: lines("Authorization: abcdefghi")}, fault: carrier.TooLong},
		{name: "scheme that is not accepted", view: carrier.View{Header: lines("Authorization: Digest x")}, fault: carrier.Malformed},
		{"long header", carrier.View{Header: lines("X-Access-Token: " + long)}, carrier.Header, "", long, carrier.OK},
		{name: "empty header is absent", view: carrier.View{Header: http.Header{"Auth-Token": {""}}}},
		{"empty header, good parameter", carrier.View{Header: http.Header{"Auth-Token": {""}}, RawQuery: "auth_token=x"}, carrier.Query, "", "x", carrier.OK},
		{name: "empty parameter is absent", view: carrier.View{RawQuery: "auth_token="}},
		{name: "two empty parameters are not", view: carrier.View{RawQuery: "auth_token=&auth_token="}, fault: carrier.Ambiguous},
		{name: "limit of the parameter", view: carrier.View{RawQuery: "auth_token=abcde"}, fault: carrier.TooLong},
		{"the limit counts what is decoded", carrier.View{RawQuery: "auth_token=%61%62%63%64"}, carrier.Query, "", "abcd", carrier.OK},
		{name: "and nothing is decoded in a header", view: carrier.View{Header: lines("Authorization: %61%62%63")}, fault: carrier.TooLong},
	})
}

// The explicit credential counts, and the cookie beside it is only noticed.
func TestExtractSeen(t *testing.T) {
	t.Parallel()
	h := lines("X-Api-Key: k", "Cookie: __Host-sp_session=a; __Host-sp_session=b")
	got, fault := carrier.Extract(carrier.View{Header: h}, everything)
	if fault != carrier.OK || got.In != carrier.Header || !got.Seen.Has(carrier.Cookie) || !got.Seen.Has(carrier.Header) || got.Seen.Has(carrier.Query) {
		t.Errorf("found %v, seen %b, fault %v", got.In, got.Seen, fault)
	}
	got, fault = carrier.Extract(carrier.View{Header: lines("Authorization: Foo x"), RawQuery: "api_key=a"}, everything)
	if fault != carrier.Ambiguous || !got.Seen.Has(carrier.Other) || !got.Seen.Has(carrier.Query) || got.Secret != "" {
		t.Errorf("seen %b, secret %q, fault %v", got.Seen, got.Secret, fault)
	}
}

// However a Found is printed, its secret stays inside.
func TestFoundIsSilent(t *testing.T) {
	t.Parallel()
	found := carrier.Found{In: carrier.Basic, Name: "n", Login: "hush-login", Secret: "hush-secret"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "found", found, "pointer", &found)
	asJSON, err := json.Marshal(map[string]any{"a": found, "b": &found})
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %v", found, found, found, found, &found) + log.String() + string(asJSON)
	if strings.Contains(printed, "hush") {
		t.Errorf("printed: %s", printed)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := carrier.OK; f <= carrier.BodyUnreadable; f++ {
		if f.String() == "" || seen[f.String()] {
			t.Errorf("fault %d is named %q", f, f)
		}
		seen[f.String()] = true
	}
	for in := carrier.None; in <= carrier.Other; in++ {
		if in.String() == "" || seen[in.String()] {
			t.Errorf("place %d is named %q", in, in)
		}
		seen[in.String()] = true
	}
	if (carrier.BodyUnreadable+1).String() != "unknown" || (carrier.Other+1).String() != "unknown" {
		t.Error("unknown values have a name")
	}
}

func TestExtractAllocates(t *testing.T) {
	plan := carrier.NewPlan(everything)
	for _, tt := range []struct {
		name string
		view carrier.View
		want float64
	}{
		{"nothing", carrier.View{}, 0},
		{"bearer", carrier.View{Header: lines("Authorization: Bearer " + strings.Repeat("a", 600))}, 0},
		{"header", carrier.View{Header: lines("X-Api-Key: spk_1")}, 0},
		{"query", carrier.View{RawQuery: "limit=10&api_key=spk_1&x=%20"}, 0},
		{"cookie", carrier.View{Header: lines("Cookie: a=b; __Host-sp_session=sps_1")}, 0},
		{"basic", carrier.View{Header: lines("Authorization: " + basic("alice:a-long-password-of-hers"))}, 1},
	} {
		if got := testing.AllocsPerRun(100, func() {
			if _, fault := plan.Extract(tt.view); fault != carrier.OK {
				t.Fatal(fault)
			}
		}); got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, got, tt.want)
		}
	}
}

// A value that is too long is not even decoded.
func TestExtractRefusesLongValuesUnread(t *testing.T) {
	plan := carrier.NewPlan(everything)
	view := carrier.View{RawQuery: "api_key=" + strings.Repeat("%61", carrier.MaxKey+1)}
	if n := testing.AllocsPerRun(100, func() {
		if _, fault := plan.Extract(view); fault != carrier.TooLong {
			t.Fatal(fault)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a value that is too long", n)
	}
}

func BenchmarkExtract(b *testing.B) {
	plan := carrier.NewPlan(everything)
	for _, bm := range []struct {
		name string
		view carrier.View
	}{
		{"bearer", carrier.View{Header: lines("Authorization: Bearer " + strings.Repeat("a", 40))}},
		{"basic", carrier.View{Header: lines("Authorization: " + basic("alice:a-long-password-of-hers"))}},
		{"header", carrier.View{Header: lines("X-Api-Key: spk_1")}},
		{"query", carrier.View{RawQuery: "limit=10&api_key=spk_1"}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = plan.Extract(bm.view)
			}
		})
	}
}
