package orchestrator_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const (
	root         = "/aspera/orchestrator"
	initiate     = root + "/api/initiate/124.json"
	list         = root + "/api/workflows_list"
	authenticate = root + "/api/authenticate"
	logoff       = root + "/users/logoff/xml"
	loginPath    = root + "/api/login"
	cookieName   = "_orchestrator_session"
)

// A world is the product with one who may run workflows and some who may not.
type world struct {
	*dialecttest.Kit
	jane           sallyport.User // an operator
	key, scrambled admin.Issued   // Jane's
	robot          admin.Issued   // an API key that is no user's
	run, view      sallyport.RoleID
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "orchestrator", Dialect: "orchestrator", Settings: settings})}
	w.view = w.Role("look", "orchestrator/Aspera:Orchestrator:Workflow:view")
	w.run = w.Role("run", "orchestrator/Operator", "orchestrator/Aspera:Orchestrator:Workflow:run", "orchestrator/Aspera:Orchestrator:Workflow:view")
	w.jane = w.User("jane", w.run)
	w.key = w.token(admin.NewToken{Name: "key"})
	w.scrambled = w.token(admin.NewToken{Name: "scrambled", Shape: admin.ShapeScrambled})
	w.robot = w.Key(w.Tenant, "robot", time.Time{}, w.run)
	return w
}

// token makes a token of Jane's.
func (w *world) token(in admin.NewToken) admin.Issued {
	w.T.Helper()
	issued, err := w.Admin.CreateToken(w.T.Context(), actor(w.jane), in)
	if err != nil {
		w.T.Fatal(err)
	}
	return issued
}

func actor(u sallyport.User) admin.Actor {
	return admin.Actor{Principal: sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Login: u.Login, Home: u.Tenant}}
}

func basic(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}

// query makes a URL of a path and names and values in turn.
func query(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}

// cookie returns the Cookie header that an answer asks for.
func cookie(t *testing.T, r dialecttest.Reply) string {
	t.Helper()
	set, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	if r.Status != 200 || !strings.HasPrefix(set, cookieName+"=sps_") {
		t.Fatalf("no session: %d %s %v", r.Status, r.Body, r.Header)
	}
	return set
}

// jwt asks for a JWT.
func (w *world) jwt(body string) string {
	w.T.Helper()
	r := w.Ask("POST", loginPath, body, "Content-Type", "application/json")
	var out map[string]string
	if err := json.Unmarshal([]byte(r.Body), &out); err != nil || r.Status != 200 || len(out) != 1 || strings.Count(out["token"], ".") != 2 {
		w.T.Fatalf("log in with %s: %d %s", body, r.Status, r.Body)
	}
	return out["token"]
}

// times hides what differs between two answers that are the same.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)

const (
	failedXML  = `<?xml version="1.0"?>` + "\n" + `<error time="T" action="status" id="0">#&lt;RuntimeError: Authentication failed&gt;</error>`
	failedJSON = `{"error":"Authentication failed"}`
)

// TestEightWays: each way lets Jane start a work order, and nothing of it reaches
// the upstream or the log.
func TestEightWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key, scrambled, robot := w.key.Secret.Reveal(), w.scrambled.Secret.Reveal(), w.robot.Secret.Reveal()
	session := cookie(t, w.Ask("GET", query(authenticate, "login", "jane", "password", dialecttest.Password), ""))
	byKey := cookie(t, w.Ask("GET", query(authenticate, "login", "jane", "api_key", key), ""))
	signedIn := w.jwt(`{"username":"jane","password":"` + dialecttest.Password + `"}`)
	exchanged := w.jwt(`{"apikey":"` + key + `"}`)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	older := root + "/work_orders/initiate/xml"
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
	}{
		{"a Basic", "GET", initiate, "", []string{"Authorization", basic("jane", dialecttest.Password)}},
		{"a Basic without the blank", "GET", initiate, "", []string{"Authorization", strings.Replace(basic("jane", dialecttest.Password), " ", "", 1)}},
		{"b key", "GET", query(initiate, "login", "jane", "api_key", key, "external_parameters[X]", "v"), "", nil},
		{"b key, POST", "POST", query(initiate, "login", "JANE", "api_key", key), "", nil},
		{"b key of no user, by name", "GET", query(initiate, "login", "robot", "api_key", robot), "", nil},
		{"c scrambled", "GET", query(initiate, "login", "jane", "password", scrambled), "", nil},
		{"d plain", "GET", query(initiate, "login", "jane", "password", dialecttest.Password), "", nil},
		{"d plain, in a form", "POST", older, query("", "login", "jane", "password", dialecttest.Password, "work_order[workflow_id]", "124")[1:], form},
		{"b key, in a form", "POST", older, query("", "login", "jane", "api_key", key)[1:], form},
		{"e cookie", "GET", initiate, "", []string{"Cookie", session}},
		{"e cookie, POST of a program", "POST", initiate, "{}", []string{"Cookie", session}},
		{"f cookie by key", "GET", initiate, "", []string{"Cookie", byKey}},
		{"g JWT", "GET", initiate, "", []string{"Authorization", "Bearer " + signedIn}},
		{"g JWT by key", "GET", initiate, "", []string{"Authorization", "Bearer " + exchanged}},
		{"h key alone", "GET", query(initiate, "apikey", key), "", nil},
		{"h key of no user alone", "GET", query(initiate, "apikey", robot), "", nil},
	} {
		r := w.Ask(tt.method, tt.path, tt.body, tt.headers...)
		if r.Status != 200 || !strings.HasPrefix(r.Body, tt.method+" "+root) {
			t.Errorf("%s: %d %s", tt.name, r.Status, r.Body)
		}
		for _, secret := range []string{key, scrambled, robot, dialecttest.Password, "login=", "api_key=", "apikey="} {
			if strings.Contains(r.Body, secret) {
				t.Errorf("%s: the upstream got %s: %s", tt.name, secret, r.Body)
			}
		}
	}
	for _, secret := range []string{key, scrambled, robot, dialecttest.Password, strings.TrimPrefix(session, cookieName+"=")} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log has a secret: %s", w.Log)
		}
	}
}

// TestRefusedAlike: whatever is wrong with a credential, a stranger is told the
// same, but for the time.
func TestRefusedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("joe", w.run)
	gone := w.User("gone", w.run)
	w.Deactivate(gone)
	expired := w.token(admin.NewToken{Name: "short", Expires: w.Now().Add(time.Hour)}).Secret.Reveal()
	deleted := w.token(admin.NewToken{Name: "deleted"})
	renewed := w.token(admin.NewToken{Name: "renewed", Shape: admin.ShapeScrambled})
	if err := w.Admin.RevokeToken(t.Context(), actor(w.jane), deleted.Credential.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	again, err := w.Admin.RenewToken(t.Context(), actor(w.jane), renewed.Credential.ID, admin.AnyVersion, 0)
	if err != nil || !strings.HasPrefix(again.Secret.Reveal(), "_P__") || len(again.Secret.Reveal()) != len(renewed.Secret.Reveal()) {
		t.Fatalf("a scrambled password renewed is %v, %v", again.Credential.Hint, err)
	}
	key, scrambled := w.key.Secret.Reveal(), w.scrambled.Secret.Reveal()
	stale := w.jwt(`{"username":"jane","password":"` + dialecttest.Password + `"}`)
	w.Advance(2 * time.Hour)
	for _, tt := range []struct {
		name, path string
		headers    []string
	}{
		{"nobody", initiate, nil},
		{"a login alone", query(initiate, "login", "jane"), nil},
		{"Basic, wrong password", initiate, []string{"Authorization", basic("jane", "wrong")}},
		{"Basic, unknown user", initiate, []string{"Authorization", basic("nobody", "wrong")}},
		{"Basic, deactivated user", initiate, []string{"Authorization", basic("gone", dialecttest.Password)}},
		{"Basic, truncated", initiate, []string{"Authorization", "Basic amFuZTp4eA"}},
		{"Basic, empty", initiate, []string{"Authorization", "Basic"}},
		{"Digest", initiate, []string{"Authorization", `Digest username="jane"`}},
		{"wrong key", query(initiate, "login", "jane", "api_key", "ghawQesLH2OnnLxpHNAeCwzzm81071841979945"), nil},
		{"key with a wrong checksum", query(initiate, "login", "jane", "api_key", key[:len(key)-1]+"!"), nil},
		{"key of another", query(initiate, "login", "joe", "api_key", key), nil},
		{"key of nobody", query(initiate, "login", "nobody", "api_key", key), nil},
		{"key without login", query(initiate, "api_key", key), nil},
		{"key, empty", query(initiate, "login", "jane", "api_key", ""), nil},
		{"expired key", query(initiate, "login", "jane", "api_key", expired), nil},
		{"deleted key", query(initiate, "login", "jane", "api_key", deleted.Secret.Reveal()), nil},
		{"scrambled of another", query(initiate, "login", "joe", "password", scrambled), nil},
		{"regenerated scrambled", query(initiate, "login", "jane", "password", renewed.Secret.Reveal()), nil},
		{"wrong scrambled", query(initiate, "login", "jane", "password", "_P__"+strings.Repeat("a", 45)), nil},
		{"plain, wrong", query(initiate, "login", "jane", "password", "wrong"), nil},
		{"plain, unknown", query(initiate, "login", "nobody", "password", "wrong"), nil},
		{"plain, no login", query(initiate, "password", dialecttest.Password), nil},
		{"no cookie of ours", initiate, []string{"Cookie", cookieName + "=sps_nothing"}},
		{"no JWT", initiate, []string{"Authorization", "Bearer x"}},
		{"expired JWT", initiate, []string{"Authorization", "Bearer " + stale}},
		{"changed JWT", initiate, []string{"Authorization", "Bearer " + stale + "x"}},
		{"key alone, wrong", query(initiate, "apikey", "x"), nil},
		{"key alone, expired", query(initiate, "apikey", expired), nil},
	} {
		r := w.Ask("GET", tt.path, "", tt.headers...)
		if r.Status != 401 || r.Body != failedJSON || len(r.Header["Www-Authenticate"]) == 0 || r.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %s %v", tt.name, r.Status, r.Body, r.Header)
		}
		r = w.Ask("GET", strings.Replace(tt.path, ".json", ".xml", 1), "", tt.headers...)
		if r.Status != 401 || times.ReplaceAllString(r.Body, "T") != failedXML || r.Header.Get("Content-Type") != "application/xml; charset=utf-8" {
			t.Errorf("%s, XML: %d %s", tt.name, r.Status, r.Body)
		}
	}
	// The good ones of those are good still.
	for _, path := range []string{query(initiate, "login", "jane", "api_key", key), query(initiate, "login", "jane", "password", again.Secret.Reveal())} {
		if r := w.Ask("GET", path, ""); r.Status != 200 {
			t.Errorf("a good one: %d %s", r.Status, r.Body)
		}
	}
}

// TestAuthenticate: the answers of the product, in every shape of the path.
func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	good := regexp.MustCompile(`^<\?xml version="1.0"\?>\n<user time="2030-05-01 12:00:00 UTC" action="authenticate" id="[1-9]\d*" login="jane"/>$`)
	asJSON := regexp.MustCompile(`^\{"user":\{"time":"2030-05-01 12:00:00 UTC","action":"authenticate","id":[1-9]\d*,"login":"jane"\}\}$`)
	secret := url.QueryEscape(dialecttest.Password)
	for _, tt := range []struct {
		method, path, body string
		want               *regexp.Regexp
		headers            []string
	}{
		{"GET", authenticate + "?login=jane&password=" + secret, "", good, nil},
		{"GET", authenticate + "/xml?login=jane&password=" + secret, "", good, nil},
		{"GET", authenticate + ".xml?login=jane&password=" + secret, "", good, []string{"Accept", "application/json"}},
		{"GET", authenticate + ".json?login=jane&password=" + secret, "", asJSON, nil},
		{"GET", authenticate + "/json?login=jane&password=" + secret, "", asJSON, nil},
		{"GET", authenticate + "?format=json&login=jane&password=" + secret, "", asJSON, nil},
		{"GET", authenticate + "?login=jane&password=" + secret, "", asJSON, []string{"Accept", "application/json"}},
		{"GET", authenticate + "/login=jane?password=" + secret, "", good, nil},
		{"GET", authenticate + "/login=JANE/json?password=" + secret, "", asJSON, nil},
		{"GET", authenticate + "/login=jane?api_key=" + w.key.Secret.Reveal(), "", good, nil},
		{"GET", authenticate + "/login=jane?password=" + w.scrambled.Secret.Reveal(), "", good, nil},
		{"POST", authenticate, "login=jane&password=" + secret, good, form},
		{"POST", authenticate + "/login=jane", "password=" + secret, good, form},
		{"POST", authenticate, "", good, []string{"Authorization", basic("jane", dialecttest.Password)}},
		{"GET", authenticate + "?apikey=" + w.key.Secret.Reveal(), "", good, nil},
	} {
		r := w.Ask(tt.method, tt.path, tt.body, tt.headers...)
		if !tt.want.MatchString(r.Body) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, r.Status, r.Body)
			continue
		}
		if c := r.Header.Get("Set-Cookie"); !strings.HasSuffix(c, "; Path=/aspera/orchestrator; HttpOnly; SameSite=Strict") {
			t.Errorf("%s %s: cookie %s", tt.method, tt.path, c)
		}
		cookie(t, r)
	}
	for path, status := range map[string]int{
		authenticate + "?login=jane&password=wrong":        200,
		authenticate + "?login=nobody&password=wrong":      200,
		authenticate + "/login=jane?password=wrong":        200,
		authenticate + "/login=?password=" + secret:        200,
		authenticate + "/login=jane":                       200,
		authenticate:                                       200,
		authenticate + ".json?login=jane&password=wrong":   401,
		authenticate + ".json?login=nobody&password=wrong": 401,
	} {
		r := w.Ask("GET", path, "")
		want := failedXML
		if status == 401 {
			want = failedJSON
		}
		if r.Status != status || times.ReplaceAllString(r.Body, "T") != want || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s %v", path, r.Status, r.Body, r.Header)
		}
	}
	for path, want := range map[string]string{
		authenticate + "/login=jane?login=jane&password=" + secret:                     "More than one credential",
		authenticate + "/login=jane?apikey=" + w.key.Secret.Reveal():                   "More than one credential",
		authenticate + "?login=jane&password=" + secret + "&apikey=x":                  "More than one credential",
		authenticate + "?login=jane&login=joe&password=" + secret:                      "More than one credential",
		authenticate + "?apikey=" + w.robot.Secret.Reveal():                            "has no session",
		authenticate + ".json?login=robot&api_key=" + w.robot.Secret.Reveal():          `"field":"api_key"`,
		authenticate + ".json?" + strings.Repeat("x=1&", 200) + "login=jane&password=": "Malformed query",
	} {
		r := w.Ask("GET", path, "")
		if r.Status != 400 || !strings.Contains(r.Body, want) {
			t.Errorf("%.80s: %d %s", path, r.Status, r.Body)
		}
		if !strings.Contains(path, ".json") && xml.Unmarshal([]byte(r.Body), new(struct{})) != nil {
			t.Errorf("%.80s: not well-formed: %s", path, r.Body)
		}
	}
	// Another site cannot sign somebody in.
	for _, h := range [][]string{
		{"Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://other.example"},
	} {
		if r := w.Ask("GET", authenticate+"?login=jane&password="+secret, "", h...); r.Status != 403 || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%v: %d %s", h, r.Status, r.Body)
		}
	}
	for _, h := range [][]string{{"Origin", w.URL}, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "same-origin", "Origin", w.URL}} {
		cookie(t, w.Ask("GET", authenticate+"?login=jane&password="+secret, "", h...))
	}
	for _, secret := range []string{"login=jane", dialecttest.Password} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log has %s: %s", secret, w.Log)
		}
	}
}

// TestSession: the cookie is good until the log-off, or until what it was begun
// with ends.
func TestSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"session_idle": "10m", "session_lifetime": "25m"})
	begin := func(pairs ...string) string { return cookie(t, w.Ask("GET", query(authenticate, pairs...), "")) }
	get := func(session string) int { return w.Ask("GET", initiate, "", "Cookie", session).Status }
	password := []string{"login", "jane", "password", dialecttest.Password}
	first, second := begin(password...), begin(password...)
	r := w.Ask("GET", logoff, "", "Cookie", first)
	want := `^<\?xml version="1.0"\?>\n<user time="2030-05-01 12:00:00 UTC" action="logoff" id="[1-9]\d*" login="jane"/>$`
	if r.Status != 200 || !regexp.MustCompile(want).MatchString(r.Body) || !strings.Contains(r.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("log off: %d %s %v", r.Status, r.Body, r.Header)
	}
	if got := get(first); got != 401 {
		t.Errorf("after the log-off: %d", got)
	}
	if r := w.Ask("GET", logoff, "", "Cookie", first); r.Status != 401 || times.ReplaceAllString(r.Body, "T") != failedXML {
		t.Errorf("log off twice: %d %s", r.Status, r.Body)
	}
	if got := get(second); got != 200 {
		t.Errorf("another session: %d", got)
	}
	// With another credential beside it, the cookie's session ends too.
	third := begin(password...)
	if r := w.Ask("GET", root+"/users/logoff.json", "", "Cookie", third, "Authorization", basic("jane", dialecttest.Password)); r.Status != 200 || !strings.HasPrefix(r.Body, `{"user":{"time":`) {
		t.Errorf("log off with Basic: %d %s", r.Status, r.Body)
	}
	if got := get(third); got != 401 {
		t.Errorf("after the log-off with Basic: %d", got)
	}
	// A page of another site gets nowhere with a cookie that changes something.
	for _, h := range []string{"https://evil.example", "null"} {
		if r := w.Ask("POST", initiate, "", "Cookie", second, "Origin", h); r.Status != 403 || !strings.Contains(r.Body, "origin_forbidden") {
			t.Errorf("from %s: %d %s", h, r.Status, r.Body)
		}
	}
	// Nor does one of another host of the site, whose requests have the cookie: here a
	// GET changes things as well.
	for _, method := range []string{"POST", "GET"} {
		for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
			if r := w.Ask(method, initiate, "", "Cookie", second, "Sec-Fetch-Site", site); r.Status != want {
				t.Errorf("%s, %s: %d, want %d", method, site, r.Status, want)
			}
		}
	}
	// A session is unused for too long, or simply too old.
	w.Advance(9 * time.Minute)
	if got := get(second); got != 200 {
		t.Errorf("after 9 min: %d", got)
	}
	w.Advance(9 * time.Minute)
	if got := get(second); got != 200 {
		t.Errorf("after 18 min: %d", got)
	}
	fourth := begin(password...)
	w.Advance(8 * time.Minute)
	if got := get(second); got != 401 {
		t.Errorf("older than its life: %d", got)
	}
	w.Advance(3 * time.Minute)
	if got := get(fourth); got != 401 {
		t.Errorf("unused for 11 min: %d", got)
	}
	// A JWT ends with the log-off too.
	signedIn := w.jwt(`{"username":"jane","password":"` + dialecttest.Password + `"}`)
	if r := w.Ask("GET", logoff, "", "Authorization", "Bearer "+signedIn); r.Status != 200 {
		t.Errorf("log off with a JWT: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", initiate, "", "Authorization", "Bearer "+signedIn); r.Status != 401 {
		t.Errorf("the JWT after the log-off: %d", r.Status)
	}
	w.Deactivate(w.jane)
	if got := get(second); got != 401 {
		t.Errorf("of a deactivated user: %d", got)
	}
}

// TestSessionOfKey: a session that was begun with a key reaches as far as the key,
// and ends with it.
func TestSessionOfKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	begin := func(issued admin.Issued) string {
		return cookie(t, w.Ask("GET", query(authenticate, "login", "jane", "api_key", issued.Secret.Reveal()), ""))
	}
	status := func(path, session string) int { return w.Ask("GET", path, "", "Cookie", session).Status }
	look := begin(w.token(admin.NewToken{Name: "look", Scopes: []string{"orchestrator/view"}}))
	if a, b := status(list, look), status(initiate, look); a != 200 || b != 403 {
		t.Errorf("with the scope view: %d and %d", a, b)
	}
	end := map[string]func(admin.Issued) error{
		"revoked": func(i admin.Issued) error {
			return w.Admin.RevokeToken(t.Context(), actor(w.jane), i.Credential.ID, admin.AnyVersion)
		},
		"renewed": func(i admin.Issued) error {
			_, err := w.Admin.RenewToken(t.Context(), actor(w.jane), i.Credential.ID, admin.AnyVersion, time.Hour)
			return err
		},
		"changed": func(i admin.Issued) error {
			_, err := w.Admin.UpdateToken(t.Context(), actor(w.jane), i.Credential.ID, admin.AnyVersion, admin.TokenChange{Scopes: &[]string{"orchestrator/view"}})
			return err
		},
		"expired": func(admin.Issued) error { w.Advance(3 * time.Hour); return nil },
	}
	other := begin(w.key)
	for _, name := range []string{"revoked", "renewed", "changed", "expired"} {
		issued := w.token(admin.NewToken{Name: name, Expires: w.Now().Add(2 * time.Hour)})
		session := begin(issued)
		if got := status(initiate, session); got != 200 {
			t.Errorf("%s, before: %d", name, got)
		}
		if err := end[name](issued); err != nil {
			t.Fatal(err)
		}
		if got := status(initiate, session); got != 401 {
			t.Errorf("its key was %s: %d", name, got)
		}
	}
	if got := status(initiate, other); got != 200 {
		t.Errorf("a session of another key: %d", got)
	}
	near := w.token(admin.NewToken{Name: "elsewhere", Networks: networks("192.0.2.0/24")})
	if r := w.Ask("GET", query(authenticate, "login", "jane", "api_key", near.Secret.Reveal()), ""); r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a key for another network: %d %s", r.Status, r.Body)
	}
}

// TestLogin: the JWT of newer versions.
func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	gone := w.User("gone")
	w.Deactivate(gone)
	for body, want := range map[string]int{
		`{"username":"jane","password":"wrong"}`:                             401,
		`{"username":"nobody","password":"wrong"}`:                           401,
		`{"username":"gone","password":"` + dialecttest.Password + `"}`:      401,
		`{"username":"jane","password":"` + strings.Repeat("x", 2000) + `"}`: 401,
		`{"apikey":"ghawQesLH2OnnLxpHNAeCwzzm81071841979945"}`:               401,
		`{"apikey":"` + w.key.Secret.Reveal() + `x"}`:                        401,
		`{"apikey":"x","username":"jane"}`:                                   400,
		`{"apikey":"x","password":"y"}`:                                      400,
		`{"username":"jane"}`:                                                400,
		`{"password":"x"}`:                                                   400,
		`{"username":1,"password":"x"}`:                                      400,
		`{"username":"jane","username":"joe","password":"x"}`:                400,
		``:   400,
		`[]`: 400,
		`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><login>&e;</login>`: 400,
		strings.Repeat(`{"username":`, 1000):                                       400,
	} {
		r := w.Ask("POST", loginPath, body, "Content-Type", "application/json")
		if r.Status != want || r.Header.Get("Content-Type") != "application/json" || want == 401 && r.Body != failedJSON || !strings.HasPrefix(r.Body, `{"error":"`) {
			t.Errorf("%.60s: %d %s", body, r.Status, r.Body)
		}
	}
	view := w.token(admin.NewToken{Name: "view", Scopes: []string{"orchestrator/view"}, Expires: w.Now().Add(10 * time.Minute)})
	look := w.jwt(`{"apikey":"` + view.Secret.Reveal() + `"}`)
	get := func(path, jwt string) int { return w.Ask("GET", path, "", "Authorization", "Bearer "+jwt).Status }
	if a, b := get(list, look), get(initiate, look); a != 200 || b != 403 {
		t.Errorf("JWT of a key with the scope view: %d and %d", a, b)
	}
	robot := w.jwt(`{"apikey":"` + w.robot.Secret.Reveal() + `"}`)
	if got := get(initiate, robot); got != 200 {
		t.Errorf("JWT of a robot: %d", got)
	}
	near := w.token(admin.NewToken{Name: "here", Networks: networks("127.0.0.0/8", "::1/128")})
	limited := w.jwt(`{"apikey":"` + near.Secret.Reveal() + `"}`)
	none := networks("192.0.2.0/24")
	if _, err := w.Admin.UpdateToken(t.Context(), actor(w.jane), near.Credential.ID, admin.AnyVersion, admin.TokenChange{Networks: &none}); err != nil {
		t.Fatal(err)
	}
	if got := get(initiate, limited); got != 401 {
		t.Errorf("JWT of a key that is for another network: %d", got)
	}
	w.Advance(10 * time.Minute)
	if got := get(list, look); got != 401 {
		t.Errorf("JWT after the end of its key: %d", got)
	}
	if got := get(initiate, robot); got != 200 {
		t.Errorf("JWT of a robot after 10 min: %d", got)
	}
	w.Advance(6 * time.Minute)
	if got := get(initiate, robot); got != 401 {
		t.Errorf("JWT of a robot after 16 min: %d", got)
	}
	if r := w.Ask("GET", loginPath, "", "Authorization", basic("jane", dialecttest.Password)); r.Status != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", r.Status, r.Header)
	}
}

// TestOutage: without the store nobody is let in, and nobody is told that his
// password is wrong.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"denied_status": "200"})
	w.Outage()
	for path, body := range map[string]string{
		query(initiate, "login", "jane", "api_key", w.key.Secret.Reveal()):                    "",
		query(authenticate, "login", "jane", "password", dialecttest.Password):                "",
		query(authenticate, "login", "jane", "api_key", w.key.Secret.Reveal()):                "",
		query(authenticate+".json", "login", "jane", "password", w.scrambled.Secret.Reveal()): "",
		loginPath:           `{"username":"jane","password":"` + dialecttest.Password + `"}`,
		loginPath + ".json": `{"apikey":"` + w.key.Secret.Reveal() + `"}`,
	} {
		r := w.Ask("POST", path, body)
		jsonly := strings.Contains(path, ".json") || strings.HasPrefix(path, loginPath)
		if r.Status != 503 || r.Header.Get("Retry-After") == "" || jsonly && !strings.HasPrefix(r.Body, `{"error":"Temporarily unavailable"`) ||
			!jsonly && !strings.Contains(r.Body, "#&lt;RuntimeError: Temporarily unavailable") {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
}

// TestBadInput: what nobody can make sense of gets a clear answer in the system's
// own form.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	auth := []string{"Authorization", basic("jane", dialecttest.Password)}
	deep := "external_parameters" + strings.Repeat("[a]", 1000) + "=1"
	multipart := []string{"Content-Type", "multipart/form-data; boundary=b"}
	key := w.key.Secret.Reveal()
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"brackets nested 1,000 deep", "GET", initiate + "?" + deep, "", auth, 200, "[a][a]"},
		{"an Accept that nothing satisfies", "GET", root + "/api/nothing", "", append([]string{"Accept", "image/png"}, auth...), 404, `<error time="2030-05-01 12:00:00 UTC" action="status" id="0" reason="not_found"`},
		{"two credentials", "GET", query(initiate, "apikey", key), "", auth, 400, `"reason":"credentials_ambiguous"`},
		{"key and password", "GET", query(initiate, "login", "jane", "api_key", key, "password", "x"), "", nil, 400, "credentials_ambiguous"},
		{"a key twice", "GET", query(initiate, "apikey", key, "apikey", key), "", nil, 400, "credentials_ambiguous"},
		{"a semicolon", "GET", initiate + "?apikey=x;y=z", "", nil, 400, "query_malformed"},
		{"a multipart body without end", "POST", initiate, "--b\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nx", multipart, 400, "body_malformed"},
		{"10 MB of a form", "POST", initiate, "x=" + strings.Repeat("y", 10<<20), []string{"Content-Type", "application/x-www-form-urlencoded"}, 413, "body_too_large"},
		{"10 MB to authenticate", "POST", authenticate, "x=" + strings.Repeat("y", 10<<20), []string{"Content-Type", "application/x-www-form-urlencoded"}, 413, "body_too_large"},
		{"10 MB to login", "POST", loginPath, `{"username":"` + strings.Repeat("y", 10<<20) + `"}`, nil, 413, "body_too_large"},
		{"XML with entities", "POST", authenticate, `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, []string{"Content-Type", "application/xml"}, 200, "Authentication failed"},
		{"a dot segment", "GET", root + "/api/../api/initiate/124.json", "", auth, 400, ""},
		{"a login with markup", "GET", query(authenticate, "login", `"/><x>`, "password", "y"), "", nil, 200, "Authentication failed"},
		{"no such method", "GET", root + "/api/generate_api_key.json", "", auth, 405, `"error":"Method not allowed"`},
	} {
		r := w.Ask(tt.method, tt.path, tt.body, tt.headers...)
		if r.Status != tt.status || !strings.Contains(r.Body, tt.want) || strings.Contains(r.Body, "goroutine") {
			t.Errorf("%s: %d %.300s", tt.name, r.Status, r.Body)
		}
	}
	if r := w.Ask("HEAD", list, ""); r.Status != 401 || r.Body != "" {
		t.Errorf("HEAD: %d %s", r.Status, r.Body)
	}
}
