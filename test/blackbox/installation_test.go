package blackbox_test

import (
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// each runs f on both databases. storage is what `init --storage` gets: empty
// for SQLite in the directory.
func each(t *testing.T, f func(t *testing.T, storage string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		f(t, "")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		f(t, pgtest.DSN(t))
	})
}

// An installation is what `sallyport init` has made, and the addresses of one
// node of it.
type installation struct {
	t                testing.TB
	dir, config      string
	public, internal string   // addresses
	login, password  string   // of the first administrator
	env              []string // what the nodes get besides
}

var (
	printedLogin    = regexp.MustCompile(`(?m)^Administrator: +(\S+)$`)
	printedPassword = regexp.MustCompile(`(?m)^Password: +(\S+)$`)
)

// initialise runs `sallyport init`.
func initialise(t testing.TB, storage string) *installation {
	t.Helper()
	in := &installation{t: t, dir: filepath.Join(t.TempDir(), "etc"), public: freeAddress(t), internal: freeAddress(t)}
	in.config = filepath.Join(in.dir, "sallyport.yaml")
	args := []string{"init", "--dir", in.dir, "--listen", in.public, "--url", "http://" + in.public}
	if storage != "" {
		args = append(args, "--storage", storage)
	}
	res := run(t, nil, args...)
	login, password := printedLogin.FindStringSubmatch(res.out), printedPassword.FindStringSubmatch(res.out)
	if res.status != 0 || login == nil || password == nil {
		t.Fatalf("init: %d\n%s\n%s", res.status, res.out, res.errOut)
	}
	in.login, in.password = login[1], password[1]
	in.env = []string{"SALLYPORT_INTERNAL_LISTEN=" + in.internal, "SALLYPORT_PUBLIC_HOSTS=api.test"}
	return in
}

// another returns the same installation with the addresses of another node.
func (in *installation) another() *installation {
	other := *in
	other.public, other.internal = freeAddress(in.t), freeAddress(in.t)
	other.env = []string{"SALLYPORT_INTERNAL_LISTEN=" + other.internal, "SALLYPORT_PUBLIC_LISTEN=" + other.public, "SALLYPORT_PUBLIC_HOSTS=api.test"}
	return &other
}

// serve runs `sallyport serve` and waits until it is ready. signal is the one
// that ends it.
func (in *installation) serve(signal string, env ...string) *process {
	in.t.Helper()
	p := start(in.t, signal, append(append([]string{}, in.env...), env...), "serve", "--config", in.config)
	p.awaitReady(in.internal)
	return p
}

// url is a URL at the public listener.
func (in *installation) url(path string) string { return "http://" + in.public + path }

// as returns a manager with a token.
func (in *installation) as(token string) *manager {
	return &manager{in.t, in.url("/sallyport/api/v1"), token}
}

// signIn signs the first administrator in as the console does and returns a
// manager with a token that he made in his session.
func (in *installation) signIn() *manager {
	in.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		in.t.Fatal(err)
	}
	browser := &http.Client{Timeout: patience, Jar: jar}
	same := []string{"Content-Type: application/json", "Origin: " + in.url(""), "Sec-Fetch-Site: same-origin"}
	body := `{"login":"` + in.login + `","password":"` + in.password + `"}`
	res := askWith(in.t, browser, http.MethodPost, in.url("/sallyport/api/v1/session"), body, same...)
	if res.status != http.StatusCreated {
		in.t.Fatalf("sign in: %d %s %v", res.status, res.body, res.err)
	}
	res = askWith(in.t, browser, http.MethodPost, in.url("/sallyport/api/v1/me/tokens"), `{"name":"test"}`, same...)
	if res.status != http.StatusCreated {
		in.t.Fatalf("make a token: %d %s", res.status, res.body)
	}
	return in.as(decode(in.t, res.body).text("secret"))
}

// orders is an API with a public route and two permissions in front of an
// upstream.
func orders(upstream string) map[string]any {
	return map[string]any{
		"name": "orders", "base_path": "/", "upstream": map[string]any{"url": upstream}, "explain": "full",
		"accept": []map[string]any{
			{"in": "bearer"},
			{"in": "basic"},
			{"in": "header", "name": "X-API-Key"},
			{"in": "query", "name": "api_key", "kinds": []string{"api_key"}},
		},
		"permissions": []map[string]any{{"name": "read"}, {"name": "write"}},
		"scopes":      []map[string]any{{"name": "read", "permissions": []string{"read"}}},
		"routes": []map[string]any{
			{"id": "pub", "methods": []string{"GET"}, "path": "/pub/{rest...}", "public": true},
			{"id": "read", "methods": []string{"GET"}, "path": "/orders/{rest...}", "any_of": []string{"read"}},
			{"id": "write", "methods": []string{"POST", "PUT"}, "path": "/orders/{rest...}", "any_of": []string{"write"}},
			{"id": "admin", "methods": []string{"GET"}, "path": "/admin/{rest...}", "any_of": []string{"write"}},
		},
	}
}

// A world is what the administrator has made in an installation: somebody who
// may read the API "orders", and with what.
type world struct {
	*installation
	admin    *manager
	up       *upstream
	tenant   string
	role     string
	user     string
	password string // of jo
	token    string // of jo
	key      string // an API key that may read
	keyID    string
}

// furnish makes a world in an installation that is served.
func (in *installation) furnish() *world {
	in.t.Helper()
	w := &world{installation: in, admin: in.signIn(), up: newUpstream(in.t), password: "correct horse battery"}
	m := w.admin
	m.must(http.MethodPost, "/apis", orders(w.up.URL))
	w.tenant = m.make("/tenants", map[string]any{"name": "Plant North"})
	below := "/tenants/" + w.tenant
	w.role = m.make(below+"/roles", map[string]any{"name": "reader", "permissions": []string{"orders/read"}})
	w.user = m.make(below+"/users", map[string]any{"login": "jo", "password": w.password, "keep_password": true})
	m.make(below+"/bindings", map[string]any{"subject_kind": "user", "subject": w.user, "role": w.role})
	w.keyID, w.key = w.newKey("conveyor")
	jo := &manager{in.t, m.base, ""}
	res := jo.must(http.MethodPost, "/me/tokens", map[string]any{"name": "script"}, "Authorization: "+basic("jo", w.password))
	w.token = res.text("secret")
	if w.token == "" || w.key == "" {
		in.t.Fatal("no secrets were given out")
	}
	return w
}

// newKey makes an API key that may read.
func (w *world) newKey(name string) (id, secret string) {
	w.t.Helper()
	made := w.admin.must(http.MethodPost, "/tenants/"+w.tenant+"/keys", w.keyNamed(name))
	return made.text("id"), made.text("secret")
}

func (w *world) keyNamed(name string) map[string]any {
	return map[string]any{"name": name, "roles": []map[string]any{{"role": w.role}}}
}

// keyPath is the path of an API key in the management API.
func (w *world) keyPath(id string) string { return "/tenants/" + w.tenant + "/keys/" + id }

// read asks a node for an order.
func (in *installation) read(headers ...string) reply {
	in.t.Helper()
	return ask(in.t, http.MethodGet, in.url("/orders/1"), "", headers...)
}

func basic(login, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(login, password)
	return r.Header.Get("Authorization")
}

// apiKey is the header line with an API key.
func apiKey(secret string) string { return "X-API-Key: " + secret }
