package itop_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
	"github.com/sallyport/sallyport/internal/store"
)

const rest = "/itop/webservices/rest.php"

// Literals of the product.
const (
	invalidLogin = `{"code":1,"message":"Error: Invalid login"}`
	noProfile    = `{"code":1,"message":"Error: This user is not authorized to use the web services. (The profile REST Services User is required to access the REST web services)"}`
	invalidJSON  = `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`
)

func noRight(what, class string) string {
	return `{"objects":null,"code":1,"message":"The current user does not have enough permissions for ` + what + ` data of class ` + class + `"}`
}

func faulty(code int, message string) string {
	return fmt.Sprintf(`{"code":%d,"message":"Error: %s"}`, code, message)
}

// A world is the product with people.
type world struct {
	*dialecttest.Kit
	rest, reader, writer, administrator sallyport.RoleID
	jane                                sallyport.User // an administrator who may use web services and read
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itop", Dialect: "itop", Settings: settings})}
	w.rest = w.Role("REST Services User", "itop/rest-services-user")
	w.reader = w.Role("reader", "itop/read", "itop/bulk-read")
	w.writer = w.Role("writer", "itop/create", "itop/bulk-create", "itop/modify", "itop/bulk-modify", "itop/delete", "itop/bulk-delete")
	w.administrator = w.Role("Administrator", "itop/administrator")
	w.jane = w.User("jane", w.rest, w.reader, w.administrator)
	return w
}

// token makes a token of a user.
func (w *world) token(u sallyport.User, name string, expires time.Time, scopes ...string) admin.Issued {
	w.T.Helper()
	issued, err := w.Admin.CreateToken(w.T.Context(), self(u), admin.NewToken{Name: name, Scopes: scopes, Expires: expires, Shape: admin.ShapeBase64})
	if err != nil {
		w.T.Fatal(err)
	}
	return issued
}

func self(u sallyport.User) admin.Actor {
	return admin.Actor{Principal: sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Login: u.Login, Home: u.Tenant}}
}

// uses returns how often a token was used.
func (w *world) uses(id sallyport.CredentialID) int64 {
	w.T.Helper()
	if err := w.Doors.Flush(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	c, err := w.Admin.Token(w.T.Context(), dialecttest.System(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return c.Uses
}

const (
	restScope   = "itop/REST/JSON"
	getPersons  = `{"operation":"core/get","class":"Person","key":"SELECT Person WHERE email LIKE '%.fr'","output_fields":"friendlyname, email"}`
	updateThing = `{"operation":"core/update","class":"Person","key":1,"fields":{"name":"x"}}`
)

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const urlencoded = "application/x-www-form-urlencoded"

// call sends a form to the REST interface with a token in the header.
func (w *world) call(token, data string) dialecttest.Reply {
	w.T.Helper()
	return w.Ask("POST", rest, form("version", "1.3", "json_data", data), "Auth-Token", token, "Content-Type", urlencoded)
}

// forwarded reports whether the upstream was asked.
func forwarded(r dialecttest.Reply) bool {
	return r.Status == 200 && (strings.HasPrefix(r.Body, "POST "+rest) || strings.HasPrefix(r.Body, "GET "+rest))
}

func multipart(parts ...string) (contentType, body string) {
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		b.WriteString("--cut\r\nContent-Disposition: form-data; " + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return "multipart/form-data; boundary=cut", b.String() + "--cut--\r\n"
}

// TestEveryWayIn: a token in the header, in the query, in a form and in a part of
// one; a password with Basic, in the query and in a form.
func TestEveryWayIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"allowed_login_types": "form|basic|url|token"})
	token := w.token(w.jane, "scripts", time.Time{}, restScope)
	secret := token.Secret.Reveal()
	filePart, files := multipart(`name="version"`, "1.3", `name="auth_token"`, secret, `name="json_data"; filename="x.json"`, getPersons)
	fields, parts := multipart(`name="version"`, "1.3", `name="json_data"`, getPersons)
	data := "version=1.3&json_data=" + url.QueryEscape(getPersons)
	raw := `?version=1.3&json_data={"operation":"core/get","class":"Person","key":"SELECT+Person+WHERE+email+LIKE+'%.fr'"}`
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+dialecttest.Password))
	want := int64(0)
	for _, tt := range []struct {
		name, method, query, body string
		header                    []string
		token                     bool
	}{
		{"header, query", "POST", "?" + data, "", []string{"Auth-Token", secret}, true},
		{"header, GET", "GET", "?" + data, "", []string{"Auth-Token", secret}, true},
		{"header, form", "POST", "", data, []string{"Auth-Token", secret, "Content-Type", urlencoded}, true},
		{"header, parts", "POST", "", parts, []string{"Auth-Token", secret, "Content-Type", fields}, true},
		{"query parameter", "POST", "?auth_token=" + secret + "&" + data, "", nil, true},
		{"form field", "POST", "?version=1.3", form("auth_token", secret, "json_data", getPersons), []string{"Content-Type", urlencoded}, true},
		{"forced mode", "POST", "?login_mode=token&version=1.3", form("auth_token", secret, "json_data", getPersons), []string{"Content-Type", urlencoded}, true},
		{"parts with a file", "POST", "", files, []string{"Content-Type", filePart}, true},
		{"a lone percent sign", "POST", raw, "", []string{"Auth-Token", secret}, true},
		{"an empty parameter beside the header", "POST", "?auth_token=&" + data, "", []string{"Auth-Token", secret}, true},
		{"basic", "POST", "?" + data, "", []string{"Authorization", basic}, false},
		{"url mode", "POST", "?auth_user=jane&auth_pwd=" + dialecttest.Password + "&" + data, "", nil, false},
		{"form mode", "POST", "?login_mode=form&version=1.3", form("auth_user", "jane", "auth_pwd", dialecttest.Password, "json_data", getPersons), []string{"Content-Type", urlencoded}, false},
	} {
		r := w.Ask(tt.method, rest+tt.query, tt.body, tt.header...)
		if !forwarded(r) || !strings.Contains(r.Body, "\njane ") {
			t.Errorf("%s: %d %s", tt.name, r.Status, r.Body)
		}
		for _, private := range []string{secret, dialecttest.Password, "auth_user", "login_mode"} {
			if strings.Contains(r.Body, private) {
				t.Errorf("%s: the upstream sees %s: %s", tt.name, private, r.Body)
			}
		}
		if tt.token {
			want++
		}
	}
	if got := w.uses(token.Credential.ID); got != want {
		t.Errorf("%d uses were counted, want %d", got, want)
	}
}

// TestTheOneMessage: whatever is wrong with a token, the answer is the same and
// nothing is counted.
func TestTheOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	good := w.token(w.jane, "good", time.Time{}, restScope)
	expired := w.token(w.jane, "expired", w.Now().Add(time.Hour), restScope)
	refreshed := w.token(w.jane, "refreshed", time.Time{}, restScope)
	deleted := w.token(w.jane, "deleted", time.Time{}, restScope)
	export := w.token(w.jane, "export", time.Time{}, "itop/Export")
	gone := w.User("gone", w.rest, w.reader, w.administrator)
	goneToken := w.token(gone, "gone", time.Time{}, restScope)
	plain := w.User("plain", w.rest, w.reader)
	plainToken := w.token(plain, "plain", time.Time{}, restScope)
	former := w.User("former", w.rest, w.reader)
	binding := w.Bind(former.ID, w.administrator, w.Tenant, "")
	formerToken := w.token(former, "former", time.Time{}, restScope)

	for _, c := range []admin.Issued{good, expired, refreshed, deleted, goneToken, formerToken} {
		if r := w.call(c.Secret.Reveal(), getPersons); !forwarded(r) {
			t.Fatalf("%s: %d %s", c.Credential.Name, r.Status, r.Body)
		}
	}
	w.Deactivate(gone)
	w.Advance(time.Hour)
	if err := w.Admin.DeleteBinding(t.Context(), dialecttest.System(), w.Tenant, binding.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Admin.RenewToken(t.Context(), self(w.jane), refreshed.Credential.ID, admin.AnyVersion, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Admin.RevokeToken(t.Context(), self(w.jane), deleted.Credential.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := map[string]int64{}
	all := []admin.Issued{expired, refreshed, deleted, export, goneToken, plainToken, formerToken}
	for _, c := range all {
		before[c.Credential.Name] = w.uses(c.Credential.ID)
	}
	session := w.Ask("POST", "/itop/pages/exec.php", form("auth_user", "jane", "auth_pwd", dialecttest.Password), "Content-Type", urlencoded)
	cookie, _, _ := strings.Cut(session.Header.Get("Set-Cookie"), ";")
	secret := good.Secret.Reveal()
	wrong := secret[:len(secret)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(secret, "a")]
	for name, headers := range map[string][]string{
		"none":          nil,
		"wrong":         {"Auth-Token", wrong},
		"not a token":   {"Auth-Token", "x"},
		"empty":         {"Auth-Token", ""},
		"long":          {"Auth-Token", strings.Repeat("a", 5000)},
		"ours, changed": {"Auth-Token", "spp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		"expired":       {"Auth-Token", expired.Secret.Reveal()},
		"refreshed":     {"Auth-Token", refreshed.Secret.Reveal()},
		"deleted":       {"Auth-Token", deleted.Secret.Reveal()},
		"wrong scope":   {"Auth-Token", export.Secret.Reveal()},
		"owner gone":    {"Auth-Token", goneToken.Secret.Reveal()},
		"no profile":    {"Auth-Token", plainToken.Secret.Reveal()},
		"profile lost":  {"Auth-Token", formerToken.Secret.Reveal()},
		"two":           {"Auth-Token", secret, "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+dialecttest.Password))},
		"twice":         {"Auth-Token", secret, "Auth-Token", secret},
		"a session":     {"Cookie", cookie, "Sec-Fetch-Site", "same-origin"},
		"bad base64":    {"Authorization", "Basic %%%"},
		"no blank":      {"Authorization", "Basicamane"},
		"password":      {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:wrong"))},
		"nobody":        {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody:wrong"))},
		"gone":          {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("gone:"+dialecttest.Password))},
	} {
		for what, body := range map[string]string{
			"get": form("version", "1.3", "json_data", getPersons), "nothing asked": form("version", "1.3"), "no JSON": form("version", "1.3", "json_data", "{"),
		} {
			r := w.Ask("POST", rest, body, append([]string{"Content-Type", urlencoded}, headers...)...)
			if r.Status != 200 || r.Body != invalidLogin || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s, %s: %d %s %v", name, what, r.Status, r.Body, r.Header)
			}
		}
	}
	for _, c := range all {
		if got := w.uses(c.Credential.ID); got != before[c.Credential.Name] {
			t.Errorf("%s: %d uses, before %d", c.Credential.Name, got, before[c.Credential.Name])
		}
	}
	if r := w.call(secret, getPersons); !forwarded(r) {
		t.Errorf("the good one: %d %s", r.Status, r.Body)
	}
}

// TestRights: the profile for web services first, then a right for one object and
// one for many, with the words of the product. Each counts as a use.
func TestRights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		rights string // beside that to use web services
		data   string
		want   string // empty: let in
	}{
		{"get", "read bulk-read", getPersons, ""},
		{"get, not bulk", "read", getPersons, noRight("exporting", "Person")},
		{"get, bulk only", "bulk-read", getPersons, noRight("reading", "Person")},
		{"get, nothing", "", getPersons, noRight("reading", "Person")},
		{"create", "create bulk-create", `{"operation":"core/create","class":"Server","fields":{}}`, ""},
		{"create, not bulk", "create", `{"operation":"core/create","class":"Server","fields":{}}`, noRight("massively creating", "Server")},
		{"create, nothing", "modify bulk-modify", `{"operation":"core/create","class":"Server","fields":{}}`, noRight("creating", "Server")},
		{"update", "modify bulk-modify", updateThing, ""},
		{"update, not bulk", "modify", updateThing, noRight("massively modifying", "Person")},
		{"update, nothing", "read bulk-read", updateThing, noRight("modifying", "Person")},
		{"stimulus", "modify bulk-modify", `{"operation":"core/apply_stimulus","class":"Incident","key":1,"fields":{},"stimulus":"ev_x"}`, ""},
		{"stimulus, nothing", "read", `{"operation":"core/apply_stimulus","class":"Incident","key":1,"fields":{},"stimulus":"ev_x"}`, noRight("modifying", "Incident")},
		{"delete", "delete bulk-delete", `{"operation":"core/delete","class":"Person","key":1}`, ""},
		{"delete, not bulk", "delete", `{"operation":"core/delete","class":"Person","key":1}`, noRight("massively deleting", "Person")},
		{"delete, nothing", "create bulk-create", `{"operation":"core/delete","class":"Person","key":1}`, noRight("deleting", "Person")},
		{"related", "read bulk-read", `{"operation":"core/get_related","class":"Server","key":1,"relation":"impacts"}`, ""},
		{"related, nothing", "", `{"operation":"core/get_related","class":"Server","key":1,"relation":"impacts"}`, noRight("reading", "Server")},
		{"the class of the query", "", `{"operation":"core/get","class":"FunctionalCI","key":"SELECT Server"}`, noRight("reading", "Server")},
		{"list", "", `{"operation":"list_operations"}`, ""},

		{"faults before rights: version", "", "version=9.9", faulty(10, "There is no service available for version '9.9'")},
		{"class", "", `{"operation":"core/get","key":1}`, faulty(100, "Missing parameter 'class'")},
		{"key", "", `{"operation":"core/get","class":"Person"}`, faulty(100, "Missing parameter 'key'")},
		{"fields", "", `{"operation":"core/update","class":"Person","key":1}`, faulty(100, "Missing parameter 'fields'")},
		{"stimulus", "", `{"operation":"core/apply_stimulus","class":"Person","key":1,"fields":{}}`, faulty(100, "Missing parameter 'stimulus'")},
		{"relation", "", `{"operation":"core/get_related","class":"Person","key":1}`, faulty(100, "Missing parameter 'relation'")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			var held []sallyport.Permission
			for name := range strings.FieldsSeq(tt.rights + " administrator rest-services-user") {
				held = append(held, sallyport.Permission("itop/"+name))
			}
			token := w.token(w.User("user", w.Role("role", held...)), "t", time.Time{}, restScope)
			version, data := "1.3", tt.data
			if v, ok := strings.CutPrefix(data, "version="); ok {
				version, data = v, getPersons
			}
			r := w.Ask("POST", rest, form("version", version, "json_data", data), "Auth-Token", token.Secret.Reveal(), "Content-Type", urlencoded)
			if tt.want == "" && !forwarded(r) || tt.want != "" && (r.Status != 200 || r.Body != tt.want) {
				t.Errorf("%d %s\nwant %s", r.Status, r.Body, tt.want)
			}
			if got := w.uses(token.Credential.ID); got != 1 {
				t.Errorf("%d uses, want 1", got)
			}
		})
	}
}

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

// TestSignInModes: which ways there are is a setting; what is missing of a login
// is told.
func TestSignInModes(t *testing.T) {
	t.Parallel()
	pwd := dialecttest.Password
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:"+pwd))
	for _, types := range []string{"form|basic|token", "form", "basic", "url", "token", "rest-token", "form|basic|url|token|rest-token"} {
		w := newWorld(t, map[string]string{"allowed_login_types": types})
		secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
		has := func(mode string) bool { return strings.Contains("|"+types+"|", "|"+mode+"|") }
		query := func(pairs ...string) string {
			return rest + "?" + form(append(pairs, "version", "1.3", "json_data", getPersons)...)
		}
		body := func(pairs ...string) string { return form(append(pairs, "version", "1.3", "json_data", getPersons)...) }
		for _, tt := range []struct {
			name, method, target, body string
			header                     []string
			in                         bool
			refusal                    string
		}{
			{"token", "POST", query(), "", []string{"Auth-Token", secret}, has("token") || has("rest-token"), invalidLogin},
			{"token in the query", "GET", query("auth_token", secret), "", nil, has("token") || has("rest-token"), invalidLogin},
			{"basic", "GET", query(), "", []string{"Authorization", basic}, has("basic"), invalidLogin},
			{"url", "GET", query("auth_user", "jane", "auth_pwd", pwd), "", nil, has("url"), faulty(6, "Missing parameter 'auth_pwd'")},
			{"form", "POST", rest, body("auth_user", "jane", "auth_pwd", pwd), []string{"Content-Type", urlencoded}, has("form"), faulty(6, "Missing parameter 'auth_pwd'")},
			{"form without a password", "POST", rest, body("auth_user", "jane"), []string{"Content-Type", urlencoded}, false, faulty(6, "Missing parameter 'auth_pwd'")},
			{
				"form without a user", "POST", rest, body("auth_pwd", pwd),
				[]string{"Content-Type", urlencoded},
				false,
				map[bool]string{true: faulty(5, "Missing parameter 'auth_user'"), false: invalidLogin}[has("form")],
			},
			{
				"form with a wrong password", "POST", rest, body("auth_user", "jane", "auth_pwd", "x"),
				[]string{"Content-Type", urlencoded},
				false,
				map[bool]string{true: invalidLogin, false: faulty(6, "Missing parameter 'auth_pwd'")}[has("form")],
			},
			{
				"forced token", "GET", query("login_mode", "token"), "", nil, false,
				map[bool]string{true: "login_mode 'token' forced without any token passed", false: invalidLogin}[has("token")],
			},
			{
				"forced rest-token", "GET", query("login_mode", "rest-token", "auth_token", ""), "", nil, false,
				map[bool]string{true: "login_mode 'rest-token' forced without any token passed", false: invalidLogin}[has("rest-token")],
			},
			{"forced form", "GET", query("login_mode", "form"), "", nil, false, invalidLogin},
		} {
			r := w.Ask(tt.method, tt.target, tt.body, tt.header...)
			if tt.in != forwarded(r) || !tt.in && (r.Status != 200 || r.Body != tt.refusal) {
				t.Errorf("%s: %s: %d %s", types, tt.name, r.Status, r.Body)
			}
		}
	}
}

// TestProfiles: who may use web services and who may use personal tokens, by the
// settings.
func TestProfiles(t *testing.T) {
	t.Parallel()
	const in = "in"
	for _, tt := range []struct {
		settings         map[string]string
		profiles         string // of the user, beside the right to read
		personal, pwd    string // what comes of a personal token, and of a password
		application, key string
	}{
		{nil, "administrator rest-services-user", in, in, in, in},
		{nil, "rest-services-user", invalidLogin, in, in, in},
		{nil, "administrator", noProfile, noProfile, noProfile, noProfile},
		{nil, "", invalidLogin, noProfile, noProfile, noProfile},
		{map[string]string{"secure_rest_services": "no"}, "administrator", in, in, in, in},
		{map[string]string{"secure_rest_services": "no"}, "", invalidLogin, in, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "administrator", in, noProfile, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "", invalidLogin, noProfile, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "rest-services-user", invalidLogin, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent, REST Services User"}, "rest-services-user", in, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent, REST Services User"}, "support-agent", noProfile, noProfile, noProfile, noProfile},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent"}, "administrator rest-services-user", in, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": ""}, "rest-services-user", invalidLogin, in, in, in},
	} {
		w := newWorld(t, tt.settings)
		var held []sallyport.Permission
		for name := range strings.FieldsSeq(tt.profiles + " read bulk-read") {
			held = append(held, sallyport.Permission("itop/"+name))
		}
		role := w.Role("role", held...)
		user := w.User("user", role)
		robot, err := w.Admin.CreateUser(t.Context(), dialecttest.System(), w.Tenant, admin.NewUser{Kind: sallyport.Service, Login: "robot", Name: "robot"})
		if err != nil {
			t.Fatal(err)
		}
		w.Bind(robot.ID, role, w.Tenant, "")
		application, err := w.Admin.CreateApplicationToken(t.Context(), dialecttest.System(), w.Tenant, robot.ID, admin.NewToken{Name: "a", Scopes: []string{restScope}})
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range map[string]struct {
			header []string
			want   string
		}{
			"personal":    {[]string{"Auth-Token", w.token(user, "p", time.Time{}, restScope).Secret.Reveal()}, tt.personal},
			"password":    {[]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+dialecttest.Password))}, tt.pwd},
			"application": {[]string{"Auth-Token", application.Secret.Reveal()}, tt.application},
			"key":         {[]string{"Auth-Token", w.Key(w.Tenant, "key", time.Time{}, role).Secret.Reveal()}, tt.key},
		} {
			r := w.Ask("POST", rest, form("version", "1.3", "json_data", getPersons), append([]string{"Content-Type", urlencoded}, way.header...)...)
			if (way.want == in) != forwarded(r) || way.want != in && (r.Status != 200 || r.Body != way.want) {
				t.Errorf("%v, profiles %q, %s: %d %s", tt.settings, tt.profiles, name, r.Status, r.Body)
			}
		}
	}
}

// TestPortal: who is a user of the portal and nothing else is told so.
func TestPortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("portal", w.Role("Portal user", "itop/portal-user"))
	w.User("both", w.Role("both", "itop/portal-user", "itop/read"))
	for user, want := range map[string]string{"portal": faulty(1, "Portal user is not allowed"), "both": noProfile} {
		r := w.Ask("GET", rest+"?"+form("version", "1.3", "json_data", getPersons), "",
			"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+dialecttest.Password)))
		if r.Status != 200 || r.Body != want {
			t.Errorf("%s: %d %s", user, r.Status, r.Body)
		}
	}
}

// TestClasses: a right for one class is good for what is about that class alone.
func TestClasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, class := range []string{"Person", "Server"} {
		if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: class}); err != nil {
			t.Fatal(err)
		}
	}
	clerk := w.User("clerk", w.administrator)
	w.Bind(clerk.ID, w.rest, w.Tenant, "Person")
	w.Bind(clerk.ID, w.reader, w.Tenant, "Person")
	w.Bind(clerk.ID, w.rest, w.Tenant, "Server")
	w.Bind(clerk.ID, w.writer, w.Tenant, "Server")
	secret := w.token(clerk, "t", time.Time{}, restScope).Secret.Reveal()
	get := func(class, key string) string {
		return `{"operation":"core/get","class":"` + class + `","key":` + key + `}`
	}
	for _, tt := range []struct{ data, want string }{
		{get("Person", `"SELECT Person"`), ""},
		{get("Person", `" select\tPerson WHERE name LIKE '%union%'"`), noRight("reading", "Person")},
		{get("Person", `" select\tPerson WHERE name LIKE '%x%'"`), ""},
		{get("Person", `"SELECT Person AS p JOIN Organization AS o ON p.org_id=o.id"`), ""},
		{get("Person", `1`), ""},
		{get("Person", `"1"`), ""},
		{get("Person", `{"name":"Curie"}`), ""},
		{get("Server", `"SELECT Server"`), noRight("reading", "Server")},
		{get("Person", `"SELECT Server"`), noRight("reading", "Server")},
		{get("Server", `"SELECT Person"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person UNION SELECT Server"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person FROM Server AS Person"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person, Server FROM Person JOIN Server"`), noRight("reading", "Person")},
		{get("Person", `["x"]`), noRight("reading", "Person")},
		{get("person", `"SELECT person"`), noRight("reading", "person")},
		{get("Contact", `"SELECT Person"`), noRight("reading", "Person")},
		{`{"operation":"core/update","class":"Server","key":1,"fields":{}}`, ""},
		{`{"operation":"core/create","class":"Server","fields":{}}`, ""},
		{`{"operation":"core/delete","class":"Server","key":1}`, ""},
		{updateThing, noRight("modifying", "Person")},
		{`{"operation":"core/get_related","class":"Person","key":1,"relation":"impacts"}`, noRight("reading", "Person")},
		{`{"operation":"list_operations"}`, ""},
		{`{"operation":"x"}`, faulty(11, "Unknown verb 'x' in version '1.3'")},
	} {
		r := w.call(secret, tt.data)
		// A class in which he may not use web services at all says that first.
		if (tt.want == "") != forwarded(r) || tt.want != "" && r.Body != tt.want && r.Body != noProfile {
			t.Errorf("%s: %d %s", tt.data, r.Status, r.Body)
		}
	}
}

// TestCheckCredentials: it needs a right of its own, is written down, and wrong
// passwords use up the budget of the account.
func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Bind(w.jane.ID, w.Role("checker", "itop/check-credentials"), w.Tenant, "")
	w.User("joe", w.rest)
	out := w.User("out")
	w.Deactivate(out)
	secret := w.token(w.jane, "t", time.Time{}, restScope).Secret.Reveal()
	plain := w.User("plain", w.rest, w.reader, w.administrator)
	ask := func(token, user, password string) dialecttest.Reply {
		data, err := json.Marshal(map[string]string{"operation": "core/check_credentials", "user": user, "password": password})
		if err != nil {
			t.Fatal(err)
		}
		return w.call(token, string(data))
	}
	const right, wrong = `{"code":0,"message":null,"authorized":true}`, `{"code":0,"message":null,"authorized":false}`
	for _, tt := range []struct{ user, password, want string }{
		{"joe", dialecttest.Password, right},
		{"JOE", dialecttest.Password, right},
		{"joe", "x", wrong},
		{"nobody", "x", wrong},
		{"out", dialecttest.Password, wrong},
		{"joe", "", wrong},
		{"", "x", wrong},
		{strings.Repeat("j", 300), "x", wrong},
		{"joe", strings.Repeat("x", 2000), wrong},
	} {
		if r := ask(secret, tt.user, tt.password); r.Status != 200 || r.Body != tt.want {
			t.Errorf("%.20s %.20s: %d %s", tt.user, tt.password, r.Status, r.Body)
		}
	}
	for data, want := range map[string]string{
		`{"operation":"core/check_credentials"}`:                        faulty(100, "Missing parameter 'user'"),
		`{"operation":"core/check_credentials","user":"joe"}`:           faulty(100, "Missing parameter 'password'"),
		`{"operation":"core/check_credentials","user":[],"password":1}`: faulty(100, "Missing parameter 'user'"),
	} {
		if r := w.call(secret, data); r.Status != 200 || r.Body != want {
			t.Errorf("%s: %d %s", data, r.Status, r.Body)
		}
	}
	if r := ask(w.token(plain, "t", time.Time{}, restScope).Secret.Reveal(), "joe", dialecttest.Password); strings.Contains(r.Body, "authorized") ||
		!strings.Contains(r.Body, `"code":1,"message":"core\/check_credentials is not allowed"`) {
		t.Errorf("without the right: %d %s", r.Status, r.Body)
	}
	list, err := w.Admin.Audit(t.Context(), dialecttest.System(), w.Tenant, store.AuditFilter{}, admin.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]int{}
	for _, e := range list.Items {
		if e.Action == "password.check" {
			checks[e.ActorName+" "+e.TargetName]++
		}
	}
	if want := map[string]int{"jane joe": 5, "jane of nobody": 3, "jane out": 1}; !maps.Equal(checks, want) {
		t.Errorf("written down: %v, want %v", checks, want)
	}
	throttled := false
	for range 200 {
		r := ask(secret, "joe", "wrong")
		if r.Status == 429 {
			throttled = r.Header.Get("Retry-After") != "" && strings.HasPrefix(r.Body, `{"code":100,"message":"Error: Too many attempts`)
			break
		}
	}
	if !throttled {
		t.Error("passwords can be guessed without end")
	}
}

// TestOutage: without the store, who is not known yet is told so in the product's
// form, with a status that says it is not his fault; who is known goes on.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	known, unknown := w.token(w.jane, "known", time.Time{}, restScope), w.token(w.jane, "unknown", time.Time{}, restScope)
	if r := w.call(known.Secret.Reveal(), getPersons); !forwarded(r) {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	w.Outage()
	if r := w.call(known.Secret.Reveal(), getPersons); !forwarded(r) {
		t.Errorf("known: %d %s", r.Status, r.Body)
	}
	r := w.call(unknown.Secret.Reveal(), getPersons)
	if r.Status != 503 || r.Body != faulty(100, "Temporarily unavailable. Try again in a moment.") || r.Header.Get("Retry-After") == "" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("unknown: %d %s %v", r.Status, r.Body, r.Header)
	}
	if r := w.Ask("POST", "/itop/synchro/synchro_exec.php", "", "Auth-Token", unknown.Secret.Reveal()); r.Status != 503 {
		t.Errorf("synchro: %d %s", r.Status, r.Body)
	}
}

// TestExplain: an API that explains says beside the product's words what is
// missing.
func TestExplain(t *testing.T) {
	t.Parallel()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itop", Dialect: "itop", Explain: sallyport.ExplainFull})}
	w.Role("writer", "itop/modify", "itop/bulk-modify")
	jane := w.User("jane", w.Role("user", "itop/administrator", "itop/rest-services-user"))
	secret := w.token(jane, "t", time.Time{}, restScope).Secret.Reveal()
	r := w.call(secret, updateThing)
	var got struct {
		Code int
		More struct {
			Reason      string
			Permissions []string `json:"missing_permissions"`
			Suggestions []struct{ Roles []string }
		} `json:"sallyport"`
	}
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil || got.Code != 1 || got.More.Reason != "permission_missing" ||
		strings.Join(got.More.Permissions, " ") != "itop/modify itop/bulk-modify" || len(got.More.Suggestions) == 0 || got.More.Suggestions[0].Roles[0] != "writer" {
		t.Errorf("%v in %s", err, r.Body)
	}
	if r := w.call("x", updateThing); r.Body != invalidLogin {
		t.Errorf("a stranger is told %s", r.Body)
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

// TestOtherScopes: each scope is good for its calls, and the refusals of these
// look each in their own way.
func TestOtherScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Bind(w.jane.ID, w.writer, w.Tenant, "")
	weak := w.User("weak", w.rest, w.administrator)
	places := map[string][]string{
		"REST/JSON": {rest}, "Synchro": {"/itop/synchro/synchro_exec.php", "/itop/synchro/synchro_import.php"},
		"Import": {"/itop/webservices/import.php"}, "Export": {"/itop/webservices/export-v2.php", "/itop/webservices/export.php"},
	}
	refusals := map[string]struct {
		status       int
		kind, needle string
	}{
		"Synchro": {200, "text/html", "<p>Invalid login</p>"}, "Import": {200, "text/plain", "Invalid login"}, "Export": {200, "text/html", `id="login-body"`},
	}
	for scope := range places {
		token := w.token(w.jane, scope, time.Time{}, "itop/"+scope)
		secret := token.Secret.Reveal()
		feeble := w.token(weak, scope, time.Time{}, "itop/"+scope).Secret.Reveal()
		want := int64(0)
		for of, paths := range places {
			for _, path := range paths {
				r := w.Ask("POST", path, form("version", "1.3", "json_data", getPersons), "Auth-Token", secret, "Content-Type", urlencoded)
				switch in := strings.HasPrefix(r.Body, "POST "+path); {
				case scope == of:
					want++
					if !in {
						t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
					}
					if r := w.Ask("POST", path, form("version", "1.3", "json_data", getPersons), "Auth-Token", feeble, "Content-Type", urlencoded); of != "REST/JSON" && r.Status != 403 {
						t.Errorf("without the right at %s: %d %s", path, r.Status, r.Body)
					}
				case of == "REST/JSON":
					if r.Body != invalidLogin {
						t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
					}
				case in || r.Status != refusals[of].status || !strings.HasPrefix(r.Header.Get("Content-Type"), refusals[of].kind) || !strings.Contains(r.Body, refusals[of].needle):
					t.Errorf("%s at %s: %d %s", scope, path, r.Status, r.Body)
				}
			}
		}
		if got := w.uses(token.Credential.ID); got != want {
			t.Errorf("%s: %d uses, want %d", scope, got, want)
		}
	}
	if r := w.Ask("GET", "/itop/pages/UI.php", ""); r.Status != 401 || !strings.Contains(r.Body, "iTop access to this page is restricted. Please, contact an iTop administrator") ||
		!strings.HasPrefix(r.Header.Get("Www-Authenticate"), "Basic ") {
		t.Errorf("another page: %d %s %v", r.Status, r.Body, r.Header)
	}
}
