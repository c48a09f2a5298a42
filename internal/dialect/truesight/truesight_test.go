package truesight_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
	"github.com/sallyport/sallyport/internal/doors"
)

const base = "/bca-networks/api"

const groups = base + "/v1.0/groups"

// A world is the product with one user who may see groups and one who may not log
// in using web services.
type world struct {
	*dialecttest.Kit
	jane  sallyport.User
	login sallyport.RoleID // the right to log in using web services
	view  sallyport.RoleID // and that to see groups
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	return newWorldOf(t, sallyport.API{Name: "truesight", Dialect: "truesight", Settings: settings})
}

func newWorldOf(t *testing.T, apis ...sallyport.API) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, apis...)}
	w.login = w.Role("login", "truesight/web-services")
	w.view = w.Role("see groups", "truesight/view-groups")
	w.jane = w.User("jane", w.login, w.view)
	w.User("nologin", w.view)
	return w
}

// form is the body of a sign-in.
func form(login, password string) string {
	return url.Values{"grant_type": {"password"}, "username": {login}, "password": {password}}.Encode()
}

func (w *world) post(path, body string, headers ...string) dialecttest.Reply {
	w.T.Helper()
	return w.Ask("POST", path, body, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// token signs a user in.
func (w *world) token(login string) string {
	w.T.Helper()
	r := w.post(base+"/token", form(login, dialecttest.Password))
	if r.Status != 200 {
		w.T.Fatalf("%s cannot sign in: %d %s", login, r.Status, r.Body)
	}
	return decode[session](w.T, r.Body).Token
}

// person signs somebody in who has a browser.
func (w *world) person(login string) string {
	w.T.Helper()
	return decode[session](w.T, w.post(base+"/token?interactiveUser=true", form(login, dialecttest.Password)).Body).Token
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func (w *world) realm(name string) {
	w.T.Helper()
	if _, err := w.Admin.CreateRealm(w.T.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: name}); err != nil {
		w.T.Fatal(err)
	}
}

type session struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
}

type refusal struct {
	Status      int      `json:"status"`
	Message     string   `json:"message"`
	Detail      string   `json:"detail"`
	Reason      string   `json:"reason"`
	RequestID   string   `json:"requestId"`
	Permissions []string `json:"requiredPermissions"`
	Field       string   `json:"field"`
}

func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// says checks a refusal: its status, its message and that both are in the body.
func says(t testing.TB, what string, r dialecttest.Reply, status int, message string) refusal {
	t.Helper()
	got := decode[refusal](t, r.Body)
	if r.Status != status || got.Status != status || got.Message != message || got.RequestID != r.Header.Get("X-Request-Id") ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %s\nwant %d %s", what, r.Status, r.Body, status, message)
	}
	return got
}

const (
	failed      = "Unauthorized: User authentication failed"
	suitable    = "Unauthorized: Failed to provide a suitable Authorization header or accessToken cookie, or the specified user is not logged in"
	suitableOld = "Unauthorized: Failed to provide a suitable Authorization header, or the specified user is not logged in"
	noServices  = "Forbidden: Not allowed to access web services"
)

// TestTheStory: a token is got, used, kept alive and ended, under the real path
// and under that of the documentation.
func TestTheStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{base, "/bca-networks/apidocs"} {
		r := w.post(path+"/token", form("jane", dialecttest.Password), "Accept", "application/json")
		got := decode[session](t, r.Body)
		if r.Status != 200 || !regexp.MustCompile(`^[1-9]\d{17,18}$`).MatchString(got.Token) || r.Header.Get("Cache-Control") != "no-store" ||
			r.Body != `{"access_token":"`+got.Token+`","token_type":"Bearer","expires_in":1800000}` || r.Header.Get("Set-Cookie") != "" {
			t.Fatalf("token: %d %s", r.Status, r.Body)
		}
		own := bearer(got.Token)
		list := "/v1.0/groups?filter.realm=Default&orderBy=%2Bname&offset=1&limit=25"
		if r := w.Ask("GET", path+list, "", own...); r.Status != 200 || r.Body != "GET "+base+list+"\njane "+string(w.Tenant)+" Default\n" {
			t.Errorf("groups: %d %s", r.Status, r.Body)
		}
		if r := w.Ask("GET", path+"/token", "", own...); r.Status != 200 || r.Body != "1800000" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("keep alive: %d %s", r.Status, r.Body)
		}
		if r := w.Ask("DELETE", path+"/token", "", own...); r.Status != 204 || r.Body != "" || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("log out: %d %s %q", r.Status, r.Body, r.Header.Get("Set-Cookie"))
		}
		says(t, "after log out", w.Ask("GET", path+list, "", own...), 401, failed)
		says(t, "after log out, keep alive", w.Ask("GET", path+"/token", "", own...), 401, suitable)
	}
}

// TestOpen: what tells about the product needs no token, and does not mind one.
func TestOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{"/about", "/about/login_information", "/v1.0/swagger.json", "/v4.0/swagger.json"} {
		for _, headers := range [][]string{nil, bearer("4747653682905491905")} {
			if r := w.Ask("GET", base+path, "", headers...); r.Status != 200 || !strings.HasPrefix(r.Body, "GET "+base+path+"\n-") {
				t.Errorf("%s %v: %d %s", path, headers, r.Status, r.Body)
			}
		}
	}
	closed := newWorld(t, map[string]string{"about": "token"})
	says(t, "about", closed.Ask("GET", base+"/about", ""), 401, suitable)
	if r := closed.Ask("GET", base+"/about", "", bearer(closed.token("jane"))...); r.Status != 200 {
		t.Errorf("about, with a token: %d %s", r.Status, r.Body)
	}
	if r := closed.Ask("GET", base+"/about/login_information", ""); r.Status != 200 {
		t.Errorf("login information: %d %s", r.Status, r.Body)
	}
}

// TestSignInRefused: the product's own answers; who is not let in is not told why.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	gone := w.User("gone", w.login)
	w.Deactivate(gone)
	w.User("paul@acme")
	if _, err := w.Admin.CreateUser(t.Context(), dialecttest.System(), w.Tenant, admin.NewUser{Login: "fresh", Name: "fresh", Password: dialecttest.Password}); err != nil {
		t.Fatal(err)
	}
	good := form("jane", dialecttest.Password)
	for _, tt := range []struct {
		name, query, body string
		status            int
		message, field    string
	}{
		{"wrong password", "", form("jane", "wrong"), 401, failed, ""},
		{"unknown user", "", form("nobody", dialecttest.Password), 401, failed, ""},
		{"unknown user of a directory", "", form(`acme\nobody`, dialecttest.Password), 401, failed, ""},
		{"a user of a directory, wrong password", "", form(`ACME\Paul`, "wrong"), 401, failed, ""},
		{"a user of a directory, without the right", "", form(`ACME\Paul`, dialecttest.Password), 403, noServices, ""},
		{"the wrong way round", "", form(`paul\acme`, dialecttest.Password), 401, failed, ""},
		{"deactivated user", "", form("gone", dialecttest.Password), 401, failed, ""},
		{"empty password", "", form("jane", ""), 401, failed, ""},
		{"empty name", "", form("", dialecttest.Password), 401, failed, ""},
		{"a name that cannot be one", "", form("ja\x00ne", dialecttest.Password), 401, failed, ""},
		{"a long name", "", form(strings.Repeat("j", 10_000), dialecttest.Password), 401, failed, ""},
		{"a long password", "", form("jane", strings.Repeat("p", 10_000)), 401, failed, ""},
		{"no right to use web services", "", form("nologin", dialecttest.Password), 403, noServices, ""},
		{"no right, and a wrong password", "", form("nologin", "wrong"), 401, failed, ""},
		{"another grant", "", strings.Replace(good, "=password", "=client_credentials", 1), 400, "Bad request: grant_type is password; there is no other", "grant_type"},
		{"no grant", "", "username=jane&password=" + dialecttest.Password, 400, "Bad request: grant_type is missing", "grant_type"},
		{"no name", "", "grant_type=password&password=x", 400, "Bad request: username is missing", "username"},
		{"no password", "", "grant_type=password&username=jane", 400, "Bad request: password is missing", "password"},
		{"two names", "", good + "&username=joe", 400, "Bad request: username is there more than once", "username"},
		{"nothing", "", "", 400, "Bad request: grant_type is missing", "grant_type"},
		{"in the query", "?" + good, "grant_type=password", 400, "Bad request: username is missing", "username"},
		{"neither person nor program", "?interactiveUser=maybe", good, 400, "Bad request: interactiveUser is true or false", "interactiveUser"},
		{"both", "?interactiveUser=true&interactiveUser=false", good, 400, "Bad request: interactiveUser is true or false", "interactiveUser"},
	} {
		got := says(t, tt.name, w.post(base+"/token"+tt.query, tt.body), tt.status, tt.message)
		if got.Field != tt.field {
			t.Errorf("%s: field %q, want %q", tt.name, got.Field, tt.field)
		}
		if tt.status == 401 && got.Reason != "credential_invalid" {
			t.Errorf("%s: a stranger is told %q", tt.name, got.Reason)
		}
	}
	if got := decode[refusal](t, w.post(base+"/token", form("nologin", dialecttest.Password)).Body); strings.Join(got.Permissions, " ") != "web-services" {
		t.Errorf("it does not say which right is missing: %v", got.Permissions)
	}
	if r := w.post(base+"/token", form("fresh", dialecttest.Password)); r.Status != 403 || decode[refusal](t, r.Body).Reason != "password_change_required" {
		t.Errorf("a password that must be changed: %d %s", r.Status, r.Body)
	}
	for name, headers := range map[string][]string{
		"no content type": nil, "JSON": {"Content-Type", "application/json"}, "multipart": {"Content-Type", "multipart/form-data; boundary=x"},
		"not a type": {"Content-Type", "application/x-www-form-urlencoded; ="},
		"two types":  {"Content-Type", "application/x-www-form-urlencoded", "Content-Type", "application/x-www-form-urlencoded"},
	} {
		says(t, name, w.Ask("POST", base+"/token", good, headers...), 400,
			"Bad request: send grant_type, username and password as application/x-www-form-urlencoded")
	}
	if r := w.Ask("POST", base+"/token", good, "Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"); r.Status != 200 {
		t.Errorf("a character set: %d %s", r.Status, r.Body)
	}
	if r := w.post(base+"/token", good+"&x="+strings.Repeat("x", 2<<20)); r.Status != 413 {
		t.Errorf("a large body: %d %s", r.Status, r.Body)
	}
	if r := w.post(base+"/token", good, "Content-Encoding", "gzip"); r.Status != 400 {
		t.Errorf("a coded body: %d %s", r.Status, r.Body)
	}
}

// TestUnauthorized: whatever is wrong with a token, the answer is the same, in the
// words that the call has.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	for setting, common := range map[string]string{"yes": suitable, "no": suitableOld} {
		w := newWorld(t, map[string]string{"cookie": setting, "about": "token"})
		good := w.token("jane")
		for name, headers := range map[string][]string{
			"no header": nil, "Basic": {"Authorization", "Basic amFuZTpzZXZlbg=="}, "another scheme": {"Authorization", "Token " + good},
			"no scheme": {"Authorization", good}, "not a number": bearer("not-a-number"), "one digit off": bearer(good[:len(good)-1] + string('0'+(good[len(good)-1]-'0'+1)%10)),
			"in front a zero": bearer("0" + good), "a sign": bearer("+" + good), "nothing": {"Authorization", "Bearer "},
			"a header of another name": {"token", good}, "truncated base64": {"Authorization", "Basic amFuZTpz"}, "no blank": {"Authorization", "Bearer" + good},
		} {
			r := w.Ask("GET", groups, "", headers...)
			says(t, name, r, 401, failed)
			if !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), `Bearer realm="truesight"`) {
				t.Errorf("%s: challenge %q", name, r.Header.Get("WWW-Authenticate"))
			}
			for _, call := range []string{"GET /token", "DELETE /token", "GET /about"} {
				method, path, _ := strings.Cut(call, " ")
				says(t, name+", "+call, w.Ask(method, base+path, "", headers...), 401, common)
			}
		}
		if r := w.Ask("GET", groups, "", bearer(good)...); r.Status != 200 {
			t.Errorf("the token itself: %d", r.Status)
		}
	}
}

// TestIdle: a token ends when it is not used for as long as the setting says. To
// use it, and to ask for the time, begins the time anew.
func TestIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"idle": "10m", "lifetime": "1h"})
	used, kept, left := bearer(w.token("jane")), bearer(w.token("jane")), bearer(w.token("jane"))
	if r := w.Ask("GET", base+"/token", "", kept...); r.Body != "600000" {
		t.Errorf("the time is %s", r.Body)
	}
	for range 5 {
		w.Advance(9 * time.Minute)
		if r := w.Ask("GET", groups, "", used...); r.Status != 200 {
			t.Fatalf("in use: %d %s", r.Status, r.Body)
		}
		if r := w.Ask("GET", base+"/token", "", kept...); r.Status != 200 {
			t.Fatalf("kept alive: %d %s", r.Status, r.Body)
		}
	}
	says(t, "left alone", w.Ask("GET", groups, "", left...), 401, failed)
	w.Advance(10*time.Minute - time.Second)
	if r := w.Ask("GET", groups, "", used...); r.Status != 200 {
		t.Errorf("just in time: %d %s", r.Status, r.Body)
	}
	w.Advance(10 * time.Minute) // and over an hour since the sign-in
	says(t, "too late", w.Ask("GET", groups, "", kept...), 401, failed)
	fresh := bearer(w.token("jane"))
	for range 7 {
		w.Advance(9 * time.Minute)
		w.Ask("GET", base+"/token", "", fresh...)
	}
	says(t, "over its life, although in use", w.Ask("GET", groups, "", fresh...), 401, failed)
}

// TestIdleOfTheSession: a token keeps the time that it began with, and that is what
// it is told.
func TestIdleOfTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := bearer(w.token("jane"))
	changed := sallyport.API{Name: "truesight", Dialect: "truesight", Settings: map[string]string{"idle": "1m"}}
	changed.Upstream.URL = w.Doors.Policy().API("truesight").Document.Upstream.URL
	if _, err := w.Admin.ApplyAPIs(t.Context(), dialecttest.System(), []sallyport.API{changed}); err != nil {
		t.Fatal(err)
	}
	for want, own := range map[string][]string{"1800000": before, "60000": bearer(w.token("jane"))} {
		if r := w.Ask("GET", base+"/token", "", own...); r.Body != want {
			t.Errorf("the time is %s, want %s", r.Body, want)
		}
	}
}

// TestCookie: a person's token may travel in a cookie, a program's may not.
func TestCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	sign := func(query string, headers ...string) (string, dialecttest.Reply) {
		r := w.post(base+"/token"+query, form("jane", dialecttest.Password), headers...)
		return decode[session](t, r.Body).Token, r
	}
	token, r := sign("?interactiveUser=true", "Sec-Fetch-Site", "same-origin")
	if want := "accessToken=" + token + "; Path=/bca-networks; HttpOnly; SameSite=Lax"; r.Header.Get("Set-Cookie") != want {
		t.Errorf("the cookie is %q, want %q", r.Header.Get("Set-Cookie"), want)
	}
	in := func(token string) []string { return []string{"Cookie", "accessToken=" + token} }
	for name, headers := range map[string][]string{"cookie": in(token), "header": bearer(token), "both, as browsers do": append(in(token), bearer(token)...)} {
		if r := w.Ask("GET", groups, "", headers...); r.Status != 200 {
			t.Errorf("a person's, %s: %d %s", name, r.Status, r.Body)
		}
	}
	for _, query := range []string{"", "?interactiveUser=false", "?interactiveUser=FALSE", "?interactiveUser="} {
		program, r := sign(query)
		if r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: a program got the cookie %q", query, r.Header.Get("Set-Cookie"))
		}
		says(t, query+": a program's in the cookie", w.Ask("GET", groups, "", in(program)...), 401, failed)
		if r := w.Ask("GET", groups, "", bearer(program)...); r.Status != 200 {
			t.Errorf("%q: a program's in the header: %d %s", query, r.Status, r.Body)
		}
	}
	if _, r := sign("?interactiveUser=true", "Sec-Fetch-Site", "cross-site"); r.Status != 403 || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("from another site's page: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("DELETE", base+"/token", "", in(token)...); r.Status != 403 || decode[refusal](t, r.Body).Reason != "origin_forbidden" {
		t.Errorf("log out from nowhere: %d %s", r.Status, r.Body)
	}
	r = w.Ask("DELETE", base+"/token", "", append(in(token), "Sec-Fetch-Site", "same-origin")...)
	if r.Status != 204 || r.Header.Get("Set-Cookie") != "accessToken=; Path=/bca-networks; Max-Age=0; HttpOnly; SameSite=Lax" {
		t.Errorf("log out: %d %q", r.Status, r.Header.Get("Set-Cookie"))
	}
	says(t, "after log out", w.Ask("GET", groups, "", in(token)...), 401, failed)

	person := newWorld(t, map[string]string{"interactive_user": "true"})
	if r := person.post(base+"/token", form("jane", dialecttest.Password)); r.Header.Get("Set-Cookie") == "" {
		t.Errorf("persons by default: %d %s", r.Status, r.Body)
	}
	old := newWorld(t, map[string]string{"cookie": "no"})
	r = old.post(base+"/token?interactiveUser=true", form("jane", dialecttest.Password))
	if r.Status != 200 || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a release without the cookie: %d %q", r.Status, r.Header.Get("Set-Cookie"))
	}
	says(t, "the cookie there", old.Ask("GET", groups, "", in(decode[session](t, r.Body).Token)...), 401, failed)
}

// TestForbidden: the sentence says what one is not allowed to, and beside it stands
// what is missing.
func TestForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	own := bearer(w.token("jane"))
	for _, tt := range []struct{ method, path, what, missing string }{
		{"POST", "/v4.0/groups", "add a new group", "edit-groups"},
		{"PUT", "/v1.0/groups/714294386-4", "modify this group", "edit-groups"},
		{"PATCH", "/v1.0/groups/714294386-4", "modify this group", "edit-groups"},
		{"DELETE", "/v1.0/groups/714294386-4", "delete this group", "edit-groups"},
		{"POST", "/v1.0/groups/714294386-4/devices/1", "modify this group", "edit-groups"},
		{"GET", "/v1.0/devices", "access devices", "view-devices"},
		{"GET", "/v1.0/devices/1", "access devices", "view-devices"},
		{"GET", "/v1.0/devices/1/configurations", "access devices", "view-devices"},
		{"POST", "/v4.0/devices", "add a new device", "edit-devices"},
		{"GET", "/v1.0/jobs", "access jobs", "view-jobs"},
		{"POST", "/v1.0/jobs", "add a new job", "submit-jobs"},
		{"POST", "/v1.0/jobs/1/submission", "modify this job", "submit-jobs"},
		{"GET", "/v1.0/device_agents", "access device agents", "view-device-agents"},
		{"POST", "/v1.0/device_agents", "add a new device agent", "edit-device-agents"},
		{"GET", "/v1.0/templates", "access templates", "view-templates"},
		{"GET", "/v1.0/email_distribution_lists", "access email distribution lists", "view-email-distribution-lists"},
		{"POST", "/v3.0/realms", "add a new realm", "edit-realms"},
		{"DELETE", "/v3.0/realms/Lab", "delete this realm", "edit-realms"},
	} {
		what := tt.method + " " + tt.path
		got := says(t, what, w.Ask(tt.method, base+tt.path, "", own...), 403, "Forbidden: Not allowed to "+tt.what)
		if strings.Join(got.Permissions, " ") != tt.missing || got.Reason != "permission_missing" {
			t.Errorf("%s: it says that %v are missing, for %q", what, got.Permissions, got.Reason)
		}
	}
	for _, path := range []string{"/v1.0/groups/1", "/v1.0/groups/1/devices", "/v1.0/combo_groups", "/v1.0/realms", "/v4.0/realms/Lab"} {
		if r := w.Ask("GET", base+path, "", own...); r.Status != 200 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	says(t, "nothing", w.Ask("GET", base+"/v1.0/nothing", "", own...), 404, "Not found: There is nothing here.")
	if r := w.Ask("DELETE", groups, "", own...); r.Status != 405 || r.Header.Get("Allow") == "" || !strings.HasPrefix(decode[refusal](t, r.Body).Message, "Method not allowed: ") {
		t.Errorf("method: %d %s", r.Status, r.Body)
	}
	u := w.User("viewer", w.view) // with a token that was made elsewhere he need not sign in
	issued, err := w.Admin.CreateToken(t.Context(), admin.Actor{Principal: sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Home: u.Tenant}},
		admin.NewToken{Name: "laptop", Expires: w.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	says(t, "without web services", w.Ask("GET", groups, "", bearer(issued.Secret.Reveal())...), 403, noServices)
}

// TestExplain: how much is told is for the document to say.
func TestExplain(t *testing.T) {
	t.Parallel()
	for explain, want := range map[sallyport.Explain]refusal{
		sallyport.ExplainNone: {}, sallyport.ExplainCode: {Reason: "permission_missing"},
		sallyport.ExplainFull: {Reason: "permission_missing", Permissions: []string{"view-devices"}},
	} {
		w := newWorldOf(t, sallyport.API{Name: "truesight", Dialect: "truesight", Explain: explain})
		got := says(t, string(explain), w.Ask("GET", base+"/v1.0/devices", "", bearer(w.token("jane"))...), 403, "Forbidden: Not allowed to access devices")
		if got.Reason != want.Reason || strings.Join(got.Permissions, " ") != strings.Join(want.Permissions, " ") {
			t.Errorf("%s: %+v", explain, got)
		}
		got = says(t, string(explain), w.post(base+"/token", form("nologin", dialecttest.Password)), 403, noServices)
		if got.Reason != want.Reason || (len(got.Permissions) > 0) != (len(want.Permissions) > 0) {
			t.Errorf("%s, sign-in: %+v", explain, got)
		}
	}
}

// TestStates: a token is as good as its owner and his rights are at the moment.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := bearer(w.token("jane"))
	list, err := w.Admin.Bindings(t.Context(), dialecttest.System(), w.Tenant, bindingsOf(w.jane), admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	lose := func(role sallyport.RoleID) {
		for _, b := range list.Items {
			if b.Role == role {
				if err := w.Admin.DeleteBinding(t.Context(), dialecttest.System(), w.Tenant, b.ID, admin.AnyVersion); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	lose(w.view)
	says(t, "groups, without the right to see them", w.Ask("GET", groups, "", token...), 403, "Forbidden: Not allowed to access groups")
	if r := w.Ask("GET", base+"/token", "", token...); r.Status != 200 {
		t.Errorf("the token is still good: %d", r.Status)
	}
	lose(w.login)
	says(t, "without the right to use web services", w.Ask("GET", base+"/token", "", token...), 403, noServices)
	says(t, "and nobody signs in any more", w.post(base+"/token", form("jane", dialecttest.Password)), 403, noServices)
	if r := w.Ask("DELETE", base+"/token", "", token...); r.Status != 204 {
		t.Errorf("to log out needs no right: %d %s", r.Status, r.Body)
	}
	w.Bind(w.jane.ID, w.login, w.Tenant, "")
	token = bearer(w.token("jane"))
	w.Deactivate(w.jane)
	says(t, "a deactivated owner", w.Ask("GET", base+"/v1.0/realms", "", token...), 401, failed)
}

// TestElsewhere: the token is for this API alone, and tokens that were made
// elsewhere are good here too, but have no session.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, sallyport.API{Name: "truesight", Dialect: "truesight"}, sallyport.API{
		Name: "shop", BasePath: "/shop", Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/me", Authenticated: true}},
	})
	if r := w.Ask("GET", "/shop/me", "", bearer(w.token("jane"))...); r.Status != 403 || !strings.Contains(r.Body, "scope_insufficient") {
		t.Errorf("at another API: %d %s", r.Status, r.Body)
	}
	key := w.Key(w.Tenant, "robot", w.Now().Add(time.Hour), w.login, w.view)
	own := bearer(key.Secret.Reveal())
	if r := w.Ask("GET", groups, "", own...); r.Status != 200 {
		t.Errorf("an API key: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", base+"/token", "", own...); r.Body != "1800000" {
		t.Errorf("keep it alive: %d %s", r.Status, r.Body)
	}
	says(t, "end it", w.Ask("DELETE", base+"/token", "", own...), 400, "Bad request: this token has no session that could be ended; revoke it where it was made")
	if r := w.Ask("GET", groups, "", own...); r.Status != 200 {
		t.Errorf("it is still good: %d", r.Status)
	}
}

// TestLogoutStatus: the status of a log-out is a setting, as the product's is not
// documented.
func TestLogoutStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"logout_status": "200"})
	if r := w.Ask("DELETE", base+"/token", "", bearer(w.token("jane"))...); r.Status != 200 || r.Body != "" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestOddPaths: a name with a slash or a backslash is answered with HTML, as the
// product does.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{"/a%2Fb", "/a%2fb", "/a;b", "//", "/a%5Cb", "/%5c/%2F", "/a%00b"} {
		r := w.Ask("GET", groups+path, "", bearer(w.token("jane"))...)
		if r.Status != 400 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(r.Body, "<h1>400 ") || strings.Contains(r.Body, "%2F") {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	// With a backslash in front nobody knows which API was meant.
	if r := w.Ask("GET", "/%5C"+groups, ""); r.Status != 400 || !strings.Contains(r.Body, "path_ambiguous") {
		t.Errorf("a backslash: %d %s", r.Status, r.Body)
	}
}

// TestOutage: without the store a known token goes on, and nobody else is told that
// his is wrong.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	own := bearer(w.token("jane"))
	if r := w.Ask("GET", groups, "", own...); r.Status != 200 {
		t.Fatal(r.Status)
	}
	w.Outage()
	for name, r := range map[string]dialecttest.Reply{
		"unknown token":  w.Ask("GET", groups, "", bearer("4747653682905491905")...),
		"sign-in":        w.post(base+"/token", form("jane", dialecttest.Password)),
		"wrong password": w.post(base+"/token", form("jane", "wrong")),
		"log out":        w.Ask("DELETE", base+"/token", "", own...),
	} {
		if got := decode[refusal](t, r.Body); r.Status != 503 || r.Header.Get("Retry-After") == "" || !strings.HasPrefix(got.Message, "Service unavailable: ") {
			t.Errorf("%s: %d %q %s", name, r.Status, r.Header.Get("Retry-After"), r.Body)
		}
	}
	if r := w.Ask("GET", groups, "", own...); r.Status != 200 {
		t.Errorf("a known token: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", base+"/token", "", own...); r.Body != "1800000" {
		t.Errorf("kept alive: %d %s", r.Status, r.Body)
	}
}

// TestKnownTokenAllocatesNothing: the way of a known token through both doors
// costs no query and no allocation, like that of any other credential.
func TestKnownTokenAllocatesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.realm("Default")
	for name, header := range map[string]http.Header{
		"header": {"Authorization": {"Bearer " + w.token("jane")}},
		"cookie": {"Cookie": {"accessToken=" + w.person("jane")}},
	} {
		r := &doors.Request{
			ID: "test", Method: "GET", Target: groups + "?filter.realm=Default&orderBy=%2Bname&offset=1&limit=25", Host: "h", Scheme: "http",
			Header: header, Client: netip.MustParseAddr("192.0.2.7"), Endpoints: true,
		}
		ctx := t.Context()
		if dec := w.Doors.Decide(ctx, r); !dec.Allowed {
			t.Fatalf("%s: %q", name, dec.Reason)
		}
		if n := testing.AllocsPerRun(100, func() { w.Doors.Decide(ctx, r) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
