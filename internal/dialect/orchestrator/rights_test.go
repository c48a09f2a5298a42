package orchestrator_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

func networks(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range list {
		out = append(out, netip.MustParsePrefix(n))
	}
	return out
}

// TestPermissions: a right on a colon path holds for all that is below it, and for
// nothing beside it.
func TestPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const p, wf = "Aspera:Orchestrator", "Aspera:Orchestrator:Workflow"
	paths := []string{
		"workflows_list", "work_order_status/1", "work_order_output/1.json", "initiate/124", "initiate.xml", "work_order_cancel/1", "work_step_cancel/1",
		"export_workflow/124", "publish_workflow/124", "processes_status", "reload_plugin_set", "remote_node_ping",
	}
	for i, tt := range []struct {
		held []string
		want string // of each path: y, n
	}{
		{nil, "nnnnnnnnnnny"},
		{[]string{"Operator"}, "nnnnnnnnnnny"},
		{[]string{wf + ":view"}, "yyynnnnnnnny"},
		{[]string{wf + ":run"}, "nnnnnnnnnnny"},
		{[]string{wf + ":run", "Operator"}, "nnnyyyynnnny"},
		{[]string{wf + ":view", wf + ":run", "Operator"}, "yyyyyyynnnny"},
		{[]string{wf + ":edit"}, "nnnnnnnynnny"},
		{[]string{wf + ":admin"}, "nnnnnnnnynny"},
		{[]string{wf}, "yyynnnnyynny"},
		{[]string{wf, "Operator"}, "yyyyyyyyynny"},
		{[]string{p + ":System:view"}, "nnnnnnnnnyny"},
		{[]string{p + ":System:admin"}, "nnnnnnnnnnyy"},
		{[]string{p + ":System"}, "nnnnnnnnnyyy"},
		{[]string{p}, "yyynnnnyyyyy"},
		{[]string{p, "Operator"}, "yyyyyyyyyyyy"},
		{[]string{"*"}, "yyyyyyyyyyyy"},
	} {
		var held []sallyport.Permission
		for _, h := range tt.held {
			held = append(held, sallyport.Permission("orchestrator/"+h))
		}
		var roles []sallyport.RoleID
		if held != nil {
			roles = append(roles, w.Role(fmt.Sprintf("role %d", i), held...))
		}
		key := w.Key(w.Tenant, fmt.Sprintf("key-%d", i), time.Time{}, roles...).Secret.Reveal()
		for j, path := range paths {
			r := w.Ask("GET", query(root+"/api/"+path, "apikey", key), "")
			if want := map[byte]int{'y': 200, 'n': 403}[tt.want[j]]; r.Status != want {
				t.Errorf("with %v: %s is %d, want %d: %s", tt.held, path, r.Status, want, r.Body)
			}
		}
	}
	// A refusal says what is missing in the product's form.
	r := w.Ask("GET", query(initiate, "apikey", w.Key(w.Tenant, "looker", time.Time{}, w.view).Secret.Reveal()), "")
	want := `^\{"error":"Permission missing","message":"You do not hold the permission that this operation needs.","reason":"permission_missing","request_id":"[^"]+"\}$`
	if !regexp.MustCompile(want).MatchString(r.Body) {
		t.Errorf("a refusal: %s", r.Body)
	}
}

// TestRightLost: the next request knows.
func TestRightLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	joe := w.User("joe")
	b := w.Bind(joe.ID, w.run, w.Tenant, "")
	get := func() int {
		return w.Ask("GET", initiate, "", "Authorization", basic("joe", dialecttest.Password)).Status
	}
	if got := get(); got != 200 {
		t.Errorf("with the right: %d", got)
	}
	if err := w.Admin.DeleteBinding(t.Context(), dialecttest.System(), w.Tenant, b.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if got := get(); got != 403 {
		t.Errorf("without it: %d", got)
	}
}

// TestSwitches: each setting does what it says, and nothing else.
func TestSwitches(t *testing.T) {
	t.Parallel()
	ways := func(w *world) map[string]func() dialecttest.Reply {
		ask := func(path string, h ...string) func() dialecttest.Reply {
			return func() dialecttest.Reply { return w.Ask("GET", path, "", h...) }
		}
		form := func(body string) func() dialecttest.Reply {
			return func() dialecttest.Reply {
				return w.Ask("POST", initiate, body, "Content-Type", "application/x-www-form-urlencoded")
			}
		}
		key, scrambled := w.key.Secret.Reveal(), w.scrambled.Secret.Reveal()
		return map[string]func() dialecttest.Reply{
			"basic":     ask(initiate, "Authorization", basic("jane", dialecttest.Password)),
			"key":       ask(query(initiate, "login", "jane", "api_key", key)),
			"alone":     ask(query(initiate, "apikey", key)),
			"scrambled": ask(query(initiate, "login", "jane", "password", scrambled)),
			"plain":     ask(query(initiate, "login", "jane", "password", dialecttest.Password)),
			"form":      form("login=jane&api_key=" + key),
			"login": func() dialecttest.Reply {
				return w.Ask("POST", loginPath, `{"apikey":"`+key+`"}`)
			},
			"cookie": ask(query(authenticate, "login", "jane", "password", dialecttest.Password)),
		}
	}
	for _, tt := range []struct {
		settings map[string]string
		shut     string // ways that are
	}{
		{nil, ""},
		{map[string]string{"jwt": "no"}, "login"},
		{map[string]string{"url_password": "scrambled"}, "plain cookie"},
		{map[string]string{"url_password": "no"}, "plain scrambled cookie"},
		{map[string]string{"url_key": "no"}, "key alone form"},
		{map[string]string{"form_credentials": "no"}, "form"},
	} {
		w := newWorld(t, tt.settings)
		for name, way := range ways(w) {
			r := way()
			good := r.Status == 200 && !strings.Contains(r.Body, "Authentication failed")
			if good == strings.Contains(" "+tt.shut+" ", " "+name+" ") {
				t.Errorf("%v: %s is %d %s", tt.settings, name, r.Status, r.Body)
			}
		}
		// What is shut is not passed on beside something that is good.
		auth := []string{"Authorization", basic("jane", dialecttest.Password)}
		for _, parameter := range []string{"password", "api_key", "apikey"} {
			r := w.Ask("GET", query(initiate, "login", "jane", parameter, "canary"), "", auth...)
			if r.Status == 200 || strings.Contains(r.Body, "canary") {
				t.Errorf("%v: %s beside Basic: %d %s", tt.settings, parameter, r.Status, r.Body)
			}
			if tt.settings["form_credentials"] == "no" {
				continue // then nobody looks into forms
			}
			r = w.Ask("POST", initiate, parameter+"=canary", append([]string{"Content-Type", "application/x-www-form-urlencoded"}, auth...)...)
			if strings.Contains(r.Body, "canary") {
				t.Errorf("%v: %s in a form beside Basic: %d %s", tt.settings, parameter, r.Status, r.Body)
			}
		}
	}
}

// TestBodiesAndStatuses: byte for byte as the product, and with the status that
// clients of an installation are used to.
func TestBodiesAndStatuses(t *testing.T) {
	t.Parallel()
	const raw = `<?xml version="1.0"?>` + "\n" + `<error time="2030-05-01 12:00:00 UTC" action="status" id="0">#<RuntimeError: Authentication failed></error>`
	for _, tt := range []struct {
		settings                           map[string]string
		authenticate, json, unknown, right int
	}{
		{map[string]string{"error_bodies": "exact"}, 200, 401, 401, 403},
		{map[string]string{"error_bodies": "exact", "authenticate_status": "401"}, 401, 401, 401, 403},
		{map[string]string{"error_bodies": "exact", "denied_status": "200"}, 200, 200, 200, 200},
		{map[string]string{"error_bodies": "exact", "denied_status": "404"}, 200, 404, 404, 404},
		{map[string]string{"error_bodies": "exact", "denied_status": "500", "authenticate_status": "401"}, 500, 500, 500, 500},
	} {
		w := newWorld(t, tt.settings)
		r := w.Ask("GET", authenticate+"?login=jane&password=wrong", "")
		if r.Status != tt.authenticate || r.Body != raw {
			t.Errorf("%v: authenticate: %d %s", tt.settings, r.Status, r.Body)
		}
		if r := w.Ask("GET", authenticate+".json?login=jane&password=wrong", ""); r.Status != tt.json || r.Body != failedJSON {
			t.Errorf("%v: in JSON: %d %s", tt.settings, r.Status, r.Body)
		}
		if r := w.Ask("GET", list, ""); r.Status != tt.unknown || r.Body != raw {
			t.Errorf("%v: nobody: %d %s", tt.settings, r.Status, r.Body)
		}
		if r := w.Ask("GET", root+"/api/reload_plugin_set", "", "Authorization", basic("jane", dialecttest.Password)); r.Status != tt.right || !strings.Contains(r.Body, "#<RuntimeError: Permission missing") {
			t.Errorf("%v: without the right: %d %s", tt.settings, r.Status, r.Body)
		}
		if r := w.Ask("POST", loginPath, `{"apikey":"x"}`); r.Status != 401 {
			t.Errorf("%v: login: %d", tt.settings, r.Status)
		}
	}
}

// TestOperatorGroup: the right to run alone is enough where the switch says so.
func TestOperatorGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"operator_group": "no"})
	key := w.Key(w.Tenant, "runner", time.Time{}, w.Role("runs", "orchestrator/Aspera:Orchestrator:Workflow:run")).Secret.Reveal()
	if r := w.Ask("GET", query(initiate, "apikey", key), ""); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestCORS: a page of a listed site may call and read, one of another may not.
func TestCORS(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	w := newWorld(t, map[string]string{"cors_origins": app + " http://localhost:3000"})
	key := query(list, "apikey", w.key.Secret.Reveal())
	for _, tt := range []struct{ method, path, origin, want string }{
		{"GET", key, app, app},
		{"GET", key, "http://localhost:3000", "http://localhost:3000"},
		{"GET", key, "https://evil.example", ""},
		{"GET", key, "https://app.example.com.evil.example", ""},
		{"GET", key, "null", ""},
		{"GET", key, "", ""},
		{"GET", list, app, app}, // the refusal can be read too
		{"GET", query(authenticate, "login", "jane", "api_key", w.key.Secret.Reveal()), app, app},
		{"OPTIONS", initiate, app, app},
		{"OPTIONS", root + "/users/logoff/xml", "https://evil.example", ""},
	} {
		var headers []string
		if tt.origin != "" {
			headers = []string{"Origin", tt.origin, "Access-Control-Request-Method", "POST"}
		}
		r := w.Ask(tt.method, tt.path, "", headers...)
		h := r.Header
		if got := h.Values("Access-Control-Allow-Origin"); strings.Join(got, " ") != tt.want || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%s %s from %q: %d %v", tt.method, tt.path, tt.origin, r.Status, h)
		}
		if (h.Get("Access-Control-Allow-Credentials") == "true") != (tt.want != "") {
			t.Errorf("%s %s from %q: credentials %q", tt.method, tt.path, tt.origin, h.Get("Access-Control-Allow-Credentials"))
		}
		if tt.method == "OPTIONS" && (r.Status != 204 || (h.Get("Access-Control-Allow-Methods") == "GET, POST, PUT, PATCH, DELETE") != (tt.want != "")) {
			t.Errorf("%s from %q: %d %v", tt.path, tt.origin, r.Status, h)
		}
	}
	silent := newWorld(t, nil)
	if r := silent.Ask("OPTIONS", initiate, "", "Origin", app); r.Status != 401 || r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without origins: %d %v", r.Status, r.Header)
	}
	if r := w.Ask("OPTIONS", root+"/api/nothing", "", "Origin", app); r.Status != 401 {
		t.Errorf("where nothing is: %d", r.Status)
	}
}

// TestSecrets: a user generates his key and scrambled password, sees how they are
// used, and ends them.
func TestSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	auth := []string{"Authorization", basic("jane", dialecttest.Password)}
	secret := regexp.MustCompile(`"secret":"([^"]+)"`)
	generate := func(path string, status int) string {
		t.Helper()
		r := w.Ask("POST", root+"/api/"+path, "", auth...)
		m := secret.FindStringSubmatch(r.Body)
		if r.Status != status || (m != nil) != (status == 201) {
			t.Fatalf("%s: %d %s", path, r.Status, r.Body)
		}
		if m == nil {
			return r.Body
		}
		return m[1]
	}
	use := func(parameter, value string) int {
		return w.Ask("GET", query(initiate, "login", "jane", parameter, value), "").Status
	}
	if r := w.Ask("GET", root+"/api/my_secrets.json", "", auth...); r.Status != 200 || !strings.HasSuffix(r.Body, `"login":"jane"},"secrets":[]}`) {
		t.Errorf("at first: %d %s", r.Status, r.Body)
	}
	key := generate("generate_api_key.json?expires=30d", 201)
	scrambled := generate("generate_scrambled_password.json", 201)
	if !strings.HasPrefix(key, "spp_") || !regexp.MustCompile(`^_P__[0-9a-z]{45}$`).MatchString(scrambled) {
		t.Errorf("key %.4s, scrambled %.4s", key, scrambled)
	}
	if a, b := use("api_key", key), use("password", scrambled); a != 200 || b != 200 {
		t.Errorf("used: %d and %d", a, b)
	}
	if err := w.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := w.Ask("GET", root+"/api/my_secrets.json", "", auth...)
	for _, want := range []string{`"kind":"api_key"`, `"hint":"spp_…`, `"expires_at":"2030-05-31 12:00:00 UTC"`, `"uses":1,"last_used_at":"2030-05-01 12:00:00 UTC","last_used_from":"127.0.0.1"`, `"kind":"scrambled_password"`, `"hint":"_P__…`} {
		if !strings.Contains(r.Body, want) {
			t.Errorf("no %s in %s", want, r.Body)
		}
	}
	if strings.Contains(r.Body, key) || strings.Contains(r.Body, scrambled) {
		t.Error("a secret can be read again")
	}
	if r := w.Ask("GET", root+"/api/my_secrets", "", auth...); !strings.Contains(r.Body, `<user time="2030-05-01 12:00:00 UTC" action="my_secrets" id="`) || !strings.Contains(r.Body, `<secret id="`) {
		t.Errorf("in XML: %s", r.Body)
	}
	// Generated again, the old one is dead at once, or after the overlap.
	newer := generate("generate_api_key.json?overlap=1h", 201)
	if a, b := use("api_key", key), use("api_key", newer); a != 200 || b != 200 {
		t.Errorf("in the overlap: %d and %d", a, b)
	}
	w.Advance(time.Hour)
	newest := generate("generate_api_key.json?expires=2030-12-31", 201)
	for name, tt := range map[string]struct {
		secret string
		want   int
	}{"first": {key, 401}, "second": {newer, 401}, "third": {newest, 200}} {
		if got := use("api_key", tt.secret); got != tt.want {
			t.Errorf("the %s: %d", name, got)
		}
	}
	// One that has expired is generated anew.
	w.Advance(300 * 24 * time.Hour)
	if got := use("api_key", newest); got != 401 {
		t.Errorf("expired: %d", got)
	}
	last := generate("generate_api_key.json", 201)
	if got := use("api_key", last); got != 200 {
		t.Errorf("generated anew: %d", got)
	}
	for path, want := range map[string]string{
		"generate_api_key.json?expires=soon":       "expires is a number of days",
		"generate_api_key.json?expires=0d":         "expires is a number of days",
		"generate_api_key.json?expires=-5m":        "expires is a number of days",
		"generate_api_key.json?expires=2000-01-01": "in the past",
		"generate_api_key.json?overlap=long":       "overlap is a duration",
		"generate_api_key.json?overlap=9999h":      "overlap is out of bounds",
	} {
		if got := generate(path, 400); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	// A token with scopes cannot make one without.
	small := w.token(admin.NewToken{Name: "small", Scopes: []string{"orchestrator/view"}}).Secret.Reveal()
	if r := w.Ask("POST", query(root+"/api/generate_api_key.json", "apikey", small), ""); r.Status != 403 {
		t.Errorf("by a limited token: %d %s", r.Status, r.Body)
	}
	id := regexp.MustCompile(`"id":"([^"]+)","kind":"scrambled_password"`).FindStringSubmatch(w.Ask("GET", root+"/api/my_secrets.json", "", auth...).Body)
	if id == nil {
		t.Fatal("the scrambled password is not listed")
	}
	if r := w.Ask("DELETE", root+"/api/my_secrets/"+id[1]+".json", "", auth...); r.Status != 200 || !strings.Contains(r.Body, `"action":"remove_secret"`) {
		t.Errorf("remove: %d %s", r.Status, r.Body)
	}
	if got := use("password", scrambled); got != 401 {
		t.Errorf("removed: %d", got)
	}
	for _, id := range []string{id[1], string(w.key.Credential.ID), "x"} {
		if r := w.Ask("DELETE", root+"/api/my_secrets/"+id, "", auth...); r.Status != 404 {
			t.Errorf("remove %s: %d %s", id, r.Status, r.Body)
		}
	}
	if r := w.Ask("POST", query(root+"/api/generate_api_key", "apikey", w.robot.Secret.Reveal()), ""); r.Status != 409 && r.Status != 403 {
		t.Errorf("by a robot: %d %s", r.Status, r.Body)
	}
}
