package itop_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestOrderOfFaults: what the product says to a request that names no operation,
// by the order in which it looks. Each counts as a use.
func TestOrderOfFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(w.jane, "t", time.Time{}, restScope)
	twice := w.token(w.jane, "twice", time.Time{}, restScope)
	want := int64(0)
	for _, tt := range []struct{ body, want string }{
		{"", faulty(2, "Missing parameter 'version' (e.g. '1.0')")},
		{form("json_data", "{"), faulty(2, "Missing parameter 'version' (e.g. '1.0')")},
		{form("version", "", "json_data", "{}"), faulty(2, "Missing parameter 'version' (e.g. '1.0')")},
		{form("version", "9"), faulty(3, "Missing parameter 'json_data'")},
		{form("version", "9", "json_data", ""), faulty(3, "Missing parameter 'json_data'")},
		{form("version", "9", "json_data", "{"), invalidJSON},
		{form("version", "1.3", "json_data", "null"), invalidJSON},
		{form("version", "1.3", "json_data", "[]"), invalidJSON},
		{form("version", "1.3", "json_data", "false"), invalidJSON},
		{form("version", "1.3", "json_data", "0"), invalidJSON},
		{form("version", "1.3", "json_data", "0.0"), invalidJSON},
		{form("version", "1.3", "json_data", `""`), invalidJSON},
		{form("version", "1.3", "json_data", " "), invalidJSON},
		{form("version", "1.3", "json_data", "{'operation':'core/get'}"), invalidJSON},
		{form("version", "1.3", "json_data", "{\"operation\":\"\xff\"}"), invalidJSON},
		{form("version", "1.3", "json_data", `{"operation":"core/get"} x`), invalidJSON},
		{form("version", "1.3", "json_data", strings.Repeat("[", 1000)+strings.Repeat("]", 1000)), invalidJSON},
		{form("version", "1.3", "json_data", strings.Repeat(`{"a":`, 600)+"1"+strings.Repeat("}", 600)), invalidJSON},
		{form("version", "1.3", "json_data", `{"operation":"core/get","operation":"core/delete"}`), invalidJSON},
		{form("version", "1.3", "json_data", `{"operation":"core/get","Operation":"core/delete"}`), invalidJSON},
		{form("version", "9", "json_data", "{}"), faulty(10, "There is no service available for version '9'")},
		{form("version", "1.5", "json_data", getPersons+" "), faulty(10, "There is no service available for version '1.5'")},
		{form("version", "1.3", "json_data", "{}"), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.0", "json_data", "[1]"), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.1", "json_data", "true"), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.2", "json_data", `"x"`), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.4", "json_data", "7"), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.4", "json_data", `{"operation":null}`), faulty(100, "Missing parameter 'operation'")},
		{form("version", "1.4", "json_data", `{"operation":5}`), faulty(11, "Unknown verb '5' in version '1.4'")},
		{form("version", "1.3", "json_data", `{"operation":"core/fly","class":"x"}`), faulty(11, `Unknown verb 'core\/fly' in version '1.3'`)},
		{form("version", "1.3", "json_data", `{"operation":"Core/get"}`), faulty(11, `Unknown verb 'Core\/get' in version '1.3'`)},
		{form("version", "1.3", "json_data", `{"operation":"é😀"}`), faulty(11, `Unknown verb '\u00e9\ud83d\ude00' in version '1.3'`)},
	} {
		// An unknown version in front of a known operation is the upstream's to tell.
		if strings.Contains(tt.body, "version=1.5") {
			continue
		}
		r := w.Ask("POST", rest, tt.body, "Auth-Token", token.Secret.Reveal(), "Content-Type", urlencoded)
		want++
		if r.Status != 200 || r.Body != tt.want {
			t.Errorf("%.80s: %d %s\nwant %s", tt.body, r.Status, r.Body, tt.want)
		}
	}
	if got := w.uses(token.Credential.ID); got != want {
		t.Errorf("%d uses, want %d", got, want)
	}
	r := w.Ask("POST", rest+"?version=1.3&json_data=%7B%7D", form("json_data", getPersons), "Auth-Token", twice.Secret.Reveal(), "Content-Type", urlencoded)
	if r.Status != 200 || r.Body != invalidJSON {
		t.Errorf("another operation in the query: %d %s", r.Status, r.Body)
	}
	r = w.Ask("POST", rest+"?version=1.3&json_data=%7B%7D&json_data=%7B%7D", "", "Auth-Token", twice.Secret.Reveal())
	if r.Status != 200 || !strings.HasPrefix(r.Body, `{"code":100,"message":"Error: Malformed query.`) {
		t.Errorf("json_data twice: %d %s", r.Status, r.Body)
	}
}

// TestScripts: answers come as a script if the request names a function, and
// nothing but a name gets into it.
func TestScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, want := range map[string]string{
		"cb": `cb({"code":1,"message":"Error: Invalid login"});`, "jQuery1.x_$": `jQuery1.x_$({"code":1,"message":"Error: Invalid login"});`,
		"": invalidLogin, "alert(1)//": invalidLogin, "a b": invalidLogin, "1a": invalidLogin, strings.Repeat("a", 101): invalidLogin, "<script>": invalidLogin,
	} {
		r := w.Ask("GET", rest+"?version=1.3&callback="+url.QueryEscape(name), "")
		kind := "application/json"
		if want != invalidLogin {
			kind = "application/javascript"
		}
		if r.Status != 200 || r.Body != want || r.Header.Get("Content-Type") != kind || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %d %s %s", name, r.Status, r.Body, r.Header.Get("Content-Type"))
		}
	}
}

// TestBadInput: large and broken bodies get an answer in the product's form.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
	endless := "--cut\r\nContent-Disposition: form-data; name=\"json_data\"\r\n\r\n" + getPersons
	many := strings.Repeat("a=1&", 2000)
	for name, tt := range map[string]struct{ contentType, body, want string }{
		"10 MB":        {urlencoded, "version=1.3&json_data=" + strings.Repeat("x", 10<<20), "Error: Body too large."},
		"endless":      {"multipart/form-data; boundary=cut", endless, "Error: Malformed body."},
		"no boundary":  {"multipart/form-data", endless, "Error: Malformed body."},
		"many fields":  {urlencoded, many, "Error: Malformed query."},
		"a semicolon":  {urlencoded, "version=1.3;json_data=1", "Error: Malformed query."},
		"brackets":     {urlencoded, "version=1.3&json_data" + strings.Repeat("[a]", 1000) + "=1", "Error: Malformed query."},
		"a null byte":  {urlencoded, "version=1.3&json_data=%00", "Error: Parameter json_data is not a valid JSON structure"},
		"not a form":   {"text/xml", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "Error: Missing parameter 'version' (e.g. '1.0')"},
		"another type": {"multipart/form-data; boundary=cut, application/x-www-form-urlencoded", getPersons, "Error: Malformed body."},
	} {
		r := w.Ask("POST", rest, tt.body, "Auth-Token", secret, "Content-Type", tt.contentType)
		if r.Status != 200 || !strings.Contains(r.Body, `"message":"`+tt.want) || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %.300s", name, r.Status, r.Body)
		}
	}
	if r := w.Ask("DELETE", rest, "", "Auth-Token", secret); r.Status != 405 {
		t.Errorf("DELETE: %d %s", r.Status, r.Body)
	}
	if r := w.call(secret, getPersons); !forwarded(r) {
		t.Errorf("afterwards: %d %s", r.Status, r.Body)
	}
}

// TestSpellings: what the upstream takes for a parameter that counts, but is
// spelled in another way, would be another request there than here.
func TestSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
	const drop = `{"operation":"core/delete","class":"Person","key":1}`
	good := form("version", "1.3", "json_data", getPersons)
	for _, name := range []string{
		"json.data", "json data", " json_data", "json[data", "json_data[]", "json_data[0]", "json_data\x00", "json_data\x00x", "auth.token", "auth_pwd[x]", "auth user", "login.mode",
	} {
		field := form(name, drop)
		kind, parts := multipart(`name="version"`, "1.3", `name="json_data"`, getPersons, `name="`+name+`"`, drop)
		for where, r := range map[string]dialecttest.Reply{
			"query":     w.Ask("POST", rest+"?"+good+"&"+field, "", "Auth-Token", secret),
			"form":      w.Ask("POST", rest, field+"&"+good, "Auth-Token", secret, "Content-Type", urlencoded),
			"another":   w.Ask("POST", rest+"?"+field, good, "Auth-Token", secret, "Content-Type", urlencoded),
			"multipart": w.Ask("POST", rest, parts, "Auth-Token", secret, "Content-Type", kind),
		} {
			if forwarded(r) || r.Status != 200 || !strings.HasPrefix(r.Body, `{"code":100,"message":"Error: Malformed`) {
				t.Errorf("%q in the %s: %d %s", name, where, r.Status, r.Body)
			}
		}
	}
	r := w.Ask("POST", rest, good+"&other.name=1&x[]=2", "Auth-Token", secret, "Content-Type", urlencoded, "Cookie", "json_data="+url.QueryEscape(drop)+"; PHPSESSID=1")
	if !forwarded(r) {
		t.Errorf("other names: %d %s", r.Status, r.Body)
	}
}
