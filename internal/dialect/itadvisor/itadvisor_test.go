package itadvisor_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const base = "/api/current"

// A world is the product with the accounts of the integration's story.
type world struct {
	*dialecttest.Kit
	narrow, broad sallyport.RoleID
	account       sallyport.User // "interface": Desktop Client and API
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itadvisor", Dialect: "itadvisor", Settings: settings})}
	w.narrow = w.Role("customers", "itadvisor/CUSTOMERS")
	w.broad = w.Role("user rights", "itadvisor/USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR")
	w.account = w.User("interface", w.Role("equipment", "itadvisor/API", "itadvisor/DESKTOP_CLIENT"))
	return w
}

func basic(login, password string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

var account = basic("interface", dialecttest.Password)

type refusal struct {
	Code        int      `json:"errorCode"`
	Message     string   `json:"message"`
	RequestID   string   `json:"requestId"`
	Permissions []string `json:"requiredPermissions"`
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// TestTheStory: racks may be changed and customers may not; the refusal names the
// action and the permission, and a narrow grant is enough.
func TestTheStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	rack := func() dialecttest.Reply {
		return w.Ask("PATCH", base+"/assets/1", `[{"op":"replace","path":"/name","value":"Rack A01"}]`, account...)
	}
	customer := func() dialecttest.Reply { return w.Ask("POST", base+"/customers", `{"name":"ACME"}`, account...) }
	if r := rack(); r.Status != 200 || !strings.HasPrefix(r.Body, "PATCH /api/current/assets/1\ninterface ") {
		t.Errorf("rack: %d %s", r.Status, r.Body)
	}
	r := customer()
	got := decode[refusal](t, r.Body)
	sentence := regexp.MustCompile(`^Invalid access - User with anonymized name ([0-9a-f]{12}) does not have access to add customers$`)
	name := sentence.FindStringSubmatch(got.Message)
	if r.Status != 403 || got.Code != 100001 || name == nil || len(got.RequestID) != 22 || got.RequestID != r.Header.Get("X-Request-Id") ||
		strings.Join(got.Permissions, " ") != "CUSTOMERS USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR" || strings.Contains(r.Body, "interface") {
		t.Fatalf("customer: %d %s", r.Status, r.Body)
	}
	if !strings.Contains(r.Body, `"suggestions":[{"roles":["customers"],`) {
		t.Errorf("the refusal does not suggest the narrow role: %s", r.Body)
	}
	line := regexp.MustCompile(`\[` + regexp.QuoteMeta(got.RequestID) + `\] \[` + name[1] + `\] \[com\.apc\.webservice\.api\.server\.exception\.mapper\.APIExceptionMapper\] ` +
		`\(default task-\d+ ` + regexp.QuoteMeta(got.RequestID) + `\) API client error: \[100001\] ` + regexp.QuoteMeta(got.Message) + ` \(Status Code: 403\)`)
	if !line.MatchString(w.Log.String()) {
		t.Errorf("the log has no line such as %s:\n%s", line, w.Log)
	}
	for role, what := range map[sallyport.RoleID]string{w.narrow: "the narrow permission", w.broad: "the broad one"} {
		b := w.Bind(w.account.ID, role, w.Tenant, "")
		if r := customer(); r.Status != 200 {
			t.Errorf("with %s: %d %s", what, r.Status, r.Body)
		}
		users := w.Ask("GET", base+"/users", "", account...)
		if want := map[bool]int{true: 403, false: 200}[role == w.narrow]; users.Status != want {
			t.Errorf("users with %s: %d, want %d", what, users.Status, want)
		}
		if err := w.Admin.DeleteBinding(t.Context(), dialecttest.System(), w.Tenant, b.ID, admin.AnyVersion); err != nil {
			t.Fatal(err)
		}
		if r := customer(); r.Status != 403 {
			t.Errorf("the right was lost: %d", r.Status)
		}
	}
}

// TestMissingPermissions: without "API" nothing goes, without "Desktop Client" no
// equipment.
func TestMissingPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("desktop", w.Role("only desktop", "itadvisor/DESKTOP_CLIENT"))
	w.User("api", w.Role("only api", "itadvisor/API"))
	for _, tt := range []struct {
		who, method, path string
		status            int
		want              string
	}{
		{"desktop", "GET", "/assets", 403, `"requiredPermissions":["API"]`},
		{"api", "GET", "/assets", 403, `["DESKTOP_CLIENT","USER_RIGHTS`},
		{"api", "GET", "/customers", 200, ""},
		{"api", "GET", "/licenses", 403, `["SYSTEM_CONFIGURATION_ADMINISTRATOR"]`},
		{"api", "GET", "/nothing", 404, `"errorCode":100404`},
		{"api", "DELETE", "/customers", 405, `"errorCode":100405`},
	} {
		r := w.Ask(tt.method, base+tt.path, "", basic(tt.who, dialecttest.Password)...)
		if r.Status != tt.status || !strings.Contains(r.Body, tt.want) {
			t.Errorf("%s %s %s: %d %s", tt.who, tt.method, tt.path, r.Status, r.Body)
		}
	}
}

// TestLocations: equipment permissions for one location are good for that one,
// and those of an administrator of user rights for all, unless that is switched
// off.
func TestLocations(t *testing.T) {
	t.Parallel()
	for _, override := range []string{"yes", "no"} {
		w := newWorld(t, map[string]string{"user_rights_override": override})
		for _, realm := range []string{"Kolding campus", "Boston"} {
			if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: realm}); err != nil {
				t.Fatal(err)
			}
		}
		api := w.Role("api", "itadvisor/API")
		tech := w.User("tech", api)
		w.Bind(tech.ID, w.Role("desktop", "itadvisor/DESKTOP_CLIENT"), w.Tenant, "Kolding campus")
		w.User("chief", api, w.broad)
		chief := map[string]int{"yes": 200, "no": 403}[override]
		for _, tt := range []struct {
			who, path string
			status    int
		}{
			{"tech", "/assets?location=Kolding%20campus", 200},
			{"tech", "/assets/1?location=Kolding+campus", 200},
			{"tech", "/assets?location=Boston", 403},
			{"tech", "/assets", 403},
			{"tech", "/assets/1", 403},
			{"tech", "/assets?location=Kolding%20campus&location=Boston", 400},
			{"tech", "/customers", 200},
			{"chief", "/assets?location=Boston", chief},
			{"chief", "/assets", chief},
			{"interface", "/assets", 200},
			{"interface", "/assets?location=Boston", 200},
		} {
			r := w.Ask("GET", base+tt.path, "", basic(tt.who, dialecttest.Password)...)
			if r.Status != tt.status || tt.status == 403 && decode[refusal](t, r.Body).Code != 100001 {
				t.Errorf("override %s: %s %s: %d, want %d: %s", override, tt.who, tt.path, r.Status, tt.status, r.Body)
			}
			if strings.Contains(tt.path, "Kolding%20campus") && r.Status == 200 && !strings.Contains(r.Body, "Kolding%20campus\n") {
				t.Errorf("the upstream is not told the location: %s", r.Body)
			}
		}
	}
}

// TestOneLocationOnly: an API can be mounted for one location, for clients that
// cannot name it.
func TestOneLocationOnly(t *testing.T) {
	t.Parallel()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{
		Name: "itadvisor", Dialect: "itadvisor", Realm: &sallyport.Selector{From: "fixed", Default: "Kolding"},
	})}
	if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: "Kolding"}); err != nil {
		t.Fatal(err)
	}
	tech := w.User("tech", w.Role("api", "itadvisor/API"))
	w.Bind(tech.ID, w.Role("desktop", "itadvisor/DESKTOP_CLIENT"), w.Tenant, "Kolding")
	for _, path := range []string{"/assets", "/assets/1", "/customers"} {
		if r := w.Ask("GET", base+path, "", basic("tech", dialecttest.Password)...); r.Status != 200 || !strings.Contains(r.Body, " Kolding\n") {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
}

type session struct {
	Token   string `json:"token"`
	Expires int    `json:"expiresIn"`
	Refresh string `json:"refreshToken"`
}

func cookieOf(t *testing.T, r dialecttest.Reply) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(r.Header.Get("Set-Cookie"))
	if err != nil {
		t.Fatalf("%v in %v", err, r.Header)
	}
	return c
}

// TestSession: a login gives a JWT and a cookie; either is good until it ends, and
// a logout ends both.
func TestSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	login := `{"username":"interface","password":"` + dialecttest.Password + `"}`
	r := w.Ask("POST", base+"/authentication", login, "Content-Type", "application/json")
	got, cookie := decode[session](t, r.Body), cookieOf(t, r)
	if r.Status != 200 || strings.Count(got.Token, ".") != 2 || got.Expires != 900 || got.Refresh == "" ||
		cookie.Name != "ita_session" || cookie.Path != base || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Fatalf("login: %d %s %+v", r.Status, r.Body, cookie)
	}
	bearer := func(s session) []string { return []string{"Authorization", "Bearer " + s.Token} }
	jar := []string{"Cookie", cookie.Name + "=" + cookie.Value}
	status := func(headers ...string) int { return w.Ask("GET", base+"/assets", "", headers...).Status }
	if a, b := status(bearer(got)...), status(jar...); a != 200 || b != 200 {
		t.Fatalf("JWT %d, cookie %d", a, b)
	}
	if r := w.Ask("POST", base+"/customers", "{}", jar...); r.Status != 403 || !strings.Contains(r.Body, "100403") {
		t.Errorf("a cookie in a request from nowhere: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("POST", base+"/customers", "{}", append(jar, "Origin", w.URL)...); r.Status != 403 || !strings.Contains(r.Body, "100001") {
		t.Errorf("a cookie in a request of our own: %d %s", r.Status, r.Body)
	}
	w.Advance(10 * time.Minute)
	r = w.Ask("POST", base+"/authentication/refresh", `{"refreshToken":"`+got.Refresh+`"}`)
	next := decode[session](t, r.Body)
	if r.Status != 200 || next.Expires != 900 || next.Refresh == got.Refresh || status(bearer(next)...) != 200 {
		t.Fatalf("refresh: %d %s", r.Status, r.Body)
	}
	w.Advance(5 * time.Minute)
	if a, b := status(bearer(got)...), status(bearer(next)...); a != 401 || b != 200 {
		t.Errorf("after 15 minutes: %d, the refreshed one %d", a, b)
	}
	if r := w.Ask("DELETE", base+"/authentication", "", append(bearer(next), jar...)...); r.Status != 204 || cookieOf(t, r).MaxAge != -1 {
		t.Errorf("logout: %d %s", r.Status, r.Body)
	}
	if a, b := status(bearer(next)...), status(jar...); a != 401 || b != 401 {
		t.Errorf("after the logout: JWT %d, cookie %d", a, b)
	}
	if r := w.Ask("POST", base+"/authentication/refresh", `{"refreshToken":"`+next.Refresh+`"}`); r.Status != 401 {
		t.Errorf("refresh after the logout: %d %s", r.Status, r.Body)
	}
	r = w.Ask("POST", base+"/authentication", login)
	jar = []string{"Cookie", "ita_session=" + cookieOf(t, r).Value, "Sec-Fetch-Site", "same-origin"}
	if r := w.Ask("POST", base+"/authentication/logout", "", jar...); r.Status != 204 || status(jar...) != 401 {
		t.Errorf("logout with the cookie: %d, then %d", r.Status, status(jar...))
	}
	w.User("other")
	others := cookieOf(t, w.Ask("POST", base+"/authentication", strings.Replace(login, "interface", "other", 1)))
	r = w.Ask("POST", base+"/authentication", login)
	mixed := append(bearer(decode[session](t, r.Body)), "Cookie", "ita_session="+others.Value)
	if r := w.Ask("DELETE", base+"/authentication", "", mixed...); r.Status != 204 {
		t.Errorf("logout beside another's cookie: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", base, "", "Cookie", "ita_session="+others.Value); r.Status != 200 {
		t.Errorf("the session of another ended: %d", r.Status)
	}
	r = w.Ask("POST", base+"/authentication", login)
	jar = []string{"Cookie", "ita_session=" + cookieOf(t, r).Value}
	w.Advance(20 * time.Minute)
	if got := status(jar...); got != 200 {
		t.Errorf("a session after 20 minutes: %d", got)
	}
	w.Advance(31 * time.Minute)
	if got := status(jar...); got != 401 {
		t.Errorf("an idle session: %d", got)
	}
}

// TestSignInRefusals: whatever was wrong, the answer is the same.
func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	gone := w.User("gone")
	w.Deactivate(gone)
	ids := regexp.MustCompile(`"requestId":"[^"]*"`)
	var first string
	for _, body := range []string{
		`{"username":"interface","password":"wrong"}`, `{"username":"nobody","password":"wrong"}`,
		`{"username":"gone","password":"` + dialecttest.Password + `"}`, `{"username":"x","password":"` + strings.Repeat("x", 2000) + `"}`,
	} {
		r := w.Ask("POST", base+"/authentication", body)
		text := ids.ReplaceAllString(r.Body, "")
		if first == "" {
			first = text
		}
		if r.Status != 401 || text != first || !strings.HasPrefix(text, `{"errorCode":100401,`) || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), `Basic realm="IT Advisor"`) || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%.60s: %d %s %v", body, r.Status, r.Body, r.Header)
		}
	}
	for _, headers := range [][]string{nil, basic("interface", "wrong"), basic("nobody", "x"), basic("gone", dialecttest.Password), {"Authorization", "Basic ?"}, {"Authorization", "Basic"}, {"Authorization", "Basic dXNlcg"}, {"Authorization", "Bearer x.y.z"}} {
		r := w.Ask("GET", base+"/assets", "", headers...)
		if r.Status != 401 || decode[refusal](t, r.Body).Code != 100401 || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), `Basic realm="IT Advisor"`) {
			t.Errorf("%v: %d %s", headers, r.Status, r.Body)
		}
	}
	if r := w.Ask("GET", base+"/assets", "", append(basic("interface", dialecttest.Password), "Authorization", "Bearer x")...); r.Status != 400 || !strings.Contains(r.Body, "100400") {
		t.Errorf("two credentials: %d %s", r.Status, r.Body)
	}
	for _, body := range []string{"", "[]", `{"username":"interface"}`, `{"username":1,"password":"x"}`, strings.Repeat("[", 5000)} {
		if r := w.Ask("POST", base+"/authentication", body); r.Status != 400 || decode[refusal](t, r.Body).Code != 100400 {
			t.Errorf("%.60s: %d %s", body, r.Status, r.Body)
		}
	}
	login := `{"username":"interface","password":"` + dialecttest.Password + `"}`
	if r := w.Ask("POST", base+"/authentication", login, "Sec-Fetch-Site", "cross-site"); r.Status != 403 || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a login by another site: %d %s", r.Status, r.Body)
	}
}

// TestStoreOutage: who cannot be looked up is not told that he is nobody.
func TestStoreOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Outage()
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, r := range []dialecttest.Reply{
		w.Ask("GET", base+"/assets", "", account...),
		w.Ask("POST", base+"/authentication", `{"username":"interface","password":"x"}`),
		w.Ask("POST", base+"/page/sign-in", "username=interface&password=x", form...),
	} {
		if r.Status != 503 || r.Header.Get("Retry-After") == "" {
			t.Errorf("%d %v %s", r.Status, r.Header, r.Body)
		}
	}
}

// TestThrottle: guessing is bounded here as everywhere, in the product's form.
func TestThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for i := range 20 {
		r := w.Ask("POST", base+"/authentication", `{"username":"interface","password":"wrong"}`)
		if r.Status == 429 {
			if r.Header.Get("Retry-After") == "" || decode[refusal](t, r.Body).Code != 100429 || i < 5 {
				t.Errorf("after %d: %v %s", i, r.Header, r.Body)
			}
			return
		}
	}
	t.Error("there is no end to guessing")
}

// TestChoiceOfMethod: an installation can have Basic alone, tokens alone or both.
func TestChoiceOfMethod(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]struct{ basic, login, token int }{
		"both": {200, 200, 200}, "basic": {200, 404, 401}, "token": {401, 200, 200},
	} {
		w := newWorld(t, map[string]string{"method": method, "session_cookie": "__Host-x"})
		bearer := "Bearer none"
		if want.login == 200 {
			r := w.Ask("POST", base+"/authentication", `{"username":"interface","password":"`+dialecttest.Password+`"}`)
			if c := cookieOf(t, r); c.Name != "__Host-x" || c.Path != "/" {
				t.Errorf("%s: cookie %+v", method, c)
			}
			bearer = "Bearer " + decode[session](t, r.Body).Token
		} else if r := w.Ask("POST", base+"/authentication", "{}", account...); r.Status != want.login {
			t.Errorf("%s: login %d %s", method, r.Status, r.Body)
		}
		if r := w.Ask("GET", base+"/assets", "", account...); r.Status != want.basic {
			t.Errorf("%s: Basic %d %s", method, r.Status, r.Body)
		}
		if r := w.Ask("GET", base+"/assets", "", "Authorization", bearer); r.Status != want.token {
			t.Errorf("%s: token %d %s", method, r.Status, r.Body)
		}
		challenge := strings.Join(w.Ask("GET", base+"/assets", "").Header.Values("WWW-Authenticate"), ", ")
		if strings.Contains(challenge, "Basic") != (want.basic == 200) || strings.Contains(challenge, "Bearer") != (want.login == 200) {
			t.Errorf("%s: challenges %s", method, challenge)
		}
	}
}

// TestPage: a person signs in, tries the same calls and gets the same answers.
func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	form := func(path string, f url.Values, headers ...string) dialecttest.Reply {
		return w.Ask("POST", base+path, f.Encode(), append(headers, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")...)
	}
	shell := w.Ask("GET", base, "")
	csp := shell.Header.Get("Content-Security-Policy")
	if shell.Status != 200 || !strings.Contains(shell.Body, `name="password"`) || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(shell.Body, "<script") || strings.Contains(shell.Body, "style=") {
		t.Fatalf("the page: %d %s\n%s", shell.Status, csp, shell.Body)
	}
	if r := w.Ask("GET", base+"/page/style.css", ""); r.Status != 200 || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: %d", r.Status)
	}
	for _, password := range []string{"", "wrong"} {
		r := form("/page/sign-in", url.Values{"username": {"<interface>"}, "password": {password}})
		if r.Status != 401 || r.Header.Get("Set-Cookie") != "" || !strings.Contains(r.Body, "is wrong") || !strings.Contains(r.Body, `value="&lt;interface&gt;"`) || strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("password %q: %d %v", password, r.Status, r.Header)
		}
	}
	in := url.Values{"username": {"interface"}, "password": {dialecttest.Password}}
	if r := w.Ask("POST", base+"/page/sign-in", in.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); r.Status != 403 {
		t.Errorf("a sign-in from another site: %d", r.Status)
	}
	r := form("/page/sign-in", in)
	if r.Status != 303 || r.Header.Get("Location") != base {
		t.Fatalf("sign-in: %d %v", r.Status, r.Header)
	}
	jar := []string{"Cookie", "ita_session=" + cookieOf(t, r).Value}
	page := w.Ask("GET", base+"?method=POST&path=/customers", "", jar...)
	if !strings.Contains(page.Body, "Signed in as <strong>interface</strong>") || !strings.Contains(page.Body, `<option selected>POST`) || !strings.Contains(page.Body, "add customers") {
		t.Errorf("signed in: %s", page.Body)
	}
	try := func(method, path, body string) dialecttest.Reply {
		return form("/page/try", url.Values{"method": {method}, "path": {path}, "body": {body}}, jar...)
	}
	if r := try("POST", "/customers", `{"name":"ACME"}`); r.Status != 200 || !strings.Contains(r.Body, "403 Forbidden") ||
		!strings.Contains(r.Body, "does not have access to add customers") || !strings.Contains(r.Body, "100001") {
		t.Errorf("customer: %d %s", r.Status, r.Body)
	}
	if r := try("PATCH", "/assets/1?x=%20", `[]`); !strings.Contains(r.Body, "200 OK") || !strings.Contains(r.Body, "PATCH /api/current/assets/1?x=%20\ninterface ") {
		t.Errorf("rack: %d %s", r.Status, r.Body)
	}
	if r := try("POST", "/page/try", `method=GET`); !strings.Contains(r.Body, "400 Bad Request") {
		t.Errorf("the page in the page: %s", r.Body)
	}
	for _, bad := range [][2]string{{"TRACE", "/assets"}, {"GET", "assets"}, {"GET", "/a b"}, {"GET", "/a#b"}, {"GET", ""}} {
		if r := try(bad[0], bad[1], ""); r.Status != 400 || !strings.Contains(r.Body, `class="fault"`) {
			t.Errorf("%v: %d", bad, r.Status)
		}
	}
	if r := w.Ask("POST", base+"/page/try", "method=GET&path=/assets", append(basic("interface", dialecttest.Password), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")...); r.Status != 403 {
		t.Errorf("a call that another site makes with the browser's password: %d", r.Status)
	}
	if r := form("/page/sign-out", url.Values{}, jar...); r.Status != 303 {
		t.Errorf("sign-out: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", base, "", jar...); r.Status != 401 || !strings.Contains(r.Body, "not signed in any more") || cookieOf(t, r).MaxAge != -1 {
		t.Errorf("afterwards: %d %s", r.Status, r.Body)
	}
}

// TestBrokenAnswer: what breaks off upstream is shown as far as it came, and the
// connection of the page goes on.
func TestBrokenAnswer(t *testing.T) {
	t.Parallel()
	w := &world{Kit: dialecttest.New(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half of it"))
	}), sallyport.API{Name: "itadvisor", Dialect: "itadvisor"})}
	w.User("interface", w.Role("equipment", "itadvisor/API", "itadvisor/DESKTOP_CLIENT"))
	r := w.Ask("POST", base+"/page/try", "method=GET&path=/assets", append(account, "Content-Type", "application/x-www-form-urlencoded")...)
	if r.Status != 200 || !strings.Contains(r.Body, "half of it") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}
