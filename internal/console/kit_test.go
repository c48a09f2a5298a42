package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/node"
	hashing "github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

const (
	site     = "https://sallyport.test"
	password = "seven-purple-anvils-hum"
	another  = "eleven-quiet-lanterns-drift"
	cookie   = "__Host-sp_session"
)

// A world is an installation with a console.
type world struct {
	t       testing.TB
	node    *node.Node
	console *Console
	clock   *clocktest.Clock
	tenant  sallyport.Tenant
}

var system = admin.System("test")

// newWorld opens an installation. Tests that have one do not run in parallel:
// many stores and password hashes at once, under the race detector on a busy
// machine, wait for each other longer than a store may take to answer.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := emptyWorld(t)
	if _, err := w.node.Admin.FirstAdministrator(t.Context(), system, admin.NewUser{Login: "keeper"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// emptyWorld is newWorld before there is an administrator.
func emptyWorld(t testing.TB) *world {
	t.Helper()
	w := bareWorld(t)
	var err error
	if w.tenant, err = w.node.Admin.CreateTenant(t.Context(), system, admin.NewTenant{Name: "acme"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// bareWorld is emptyWorld before there is a tenant.
func bareWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: clocktest.New()}
	key, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	management := admin.BuiltInAPI()
	management.Routes = []sallyport.Route{{ID: "me.get", Methods: []string{"GET"}, Path: "/me", Authenticated: true}}
	w.node, err = node.Open(t.Context(), node.Config{
		StorageURL: sallyport.Secret("sqlite:" + storetest.File(t)), MasterKey: key, Issuer: site, NewHasher: hashing.NewCheapHasher,
		Log: slog.New(slog.DiscardHandler), Now: w.clock.Now, ManagementAPI: management, Dialects: dialect.Specs(),
	})
	if err != nil {
		t.Fatalf("opening a node: %v", err)
	}
	t.Cleanup(func() { _ = w.node.Close(context.Background()) })
	tickets, err := token.NewSealer(token.SealSignIn, key)
	if err != nil {
		t.Fatal(err)
	}
	w.console, err = New(Config{
		Doors: w.node.Doors, Admin: w.node.Admin, Tickets: tickets, Cookie: cookie, URL: site, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("making the console: %v", err)
	}
	return w
}

// orders mounts an API with scopes, a tenant header and a route without
// parameters.
func (w *world) orders() {
	w.t.Helper()
	_, err := w.node.Admin.CreateAPI(w.t.Context(), system, sallyport.API{
		Name: "orders", Title: "Orders", BasePath: "/orders", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id", Required: true},
		Permissions: []sallyport.PermissionSpec{{Name: "read", Title: "See orders"}, {Name: "write", Title: "Change orders"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "look", Title: "Look at orders", Permissions: []string{"read"}}},
		Routes:      []sallyport.Route{{ID: "list", Methods: []string{"GET"}, Path: "/list", AnyOf: []string{"read"}}},
	})
	if err != nil {
		w.t.Fatalf("mounting an API: %v", err)
	}
}

// english returns the catalogue that the tests read.
func english(t *testing.T) *catalogue {
	t.Helper()
	all, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	return all["en"]
}

// user makes a person with [password] and a role of these permissions.
func (w *world) user(login, name string, permissions ...sallyport.Permission) sallyport.User {
	w.t.Helper()
	user, err := w.node.Admin.CreateUser(w.t.Context(), system, w.tenant.ID, admin.NewUser{
		Kind: sallyport.Person, Login: login, Name: name, Password: password, KeepPassword: true,
	})
	if err != nil {
		w.t.Fatalf("making a user: %v", err)
	}
	if len(permissions) > 0 {
		role, err := w.node.Admin.CreateRole(w.t.Context(), system, w.tenant.ID, admin.NewRole{Name: "role of " + login, Permissions: permissions})
		if err != nil {
			w.t.Fatalf("making a role: %v", err)
		}
		_, err = w.node.Admin.CreateBinding(w.t.Context(), system, w.tenant.ID, admin.NewBinding{
			SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: role.ID,
		})
		if err != nil {
			w.t.Fatalf("binding a role: %v", err)
		}
	}
	return user
}

// holder tells whether a secret is let in.
func (w *world) holder(secret string) sallyport.Reason {
	w.t.Helper()
	_, reason := w.node.Doors.Holder(w.t.Context(), doors.Shown{Secret: secret})
	return reason
}

// A browser keeps a session cookie and says where its requests come from.
type browser struct {
	w       *world
	session string
	header  http.Header // replaces what it says by itself
}

// An answer is what a browser got.
type answer struct {
	*http.Response
	text string
}

func (w *world) browser() *browser { return &browser{w: w} }

// signedIn returns a browser in which a user has signed in.
func (w *world) signedIn(login string) *browser {
	w.t.Helper()
	b := w.browser()
	if got := b.post("/sign-in", "login", login, "password", password); got.StatusCode != http.StatusSeeOther || b.session == "" {
		w.t.Fatalf("signing in as %s: status %d\n%s", login, got.StatusCode, got.text)
	}
	return b
}

func (b *browser) get(path string) answer { b.w.t.Helper(); return b.do("GET", path, nil) }

// post sends a form of names and values in turn.
func (b *browser) post(path string, pairs ...string) answer {
	b.w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, form)
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, site+Base+path, body)
	r.RequestURI = Base + path
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", site)
	}
	for name, values := range b.header {
		r.Header[name] = values
		if len(values) == 0 {
			delete(r.Header, name)
		}
	}
	if b.session != "" {
		r.Header.Set("Cookie", cookie+"="+b.session)
	}
	rec := httptest.NewRecorder()
	b.w.console.ServeHTTP(rec, r)
	got := answer{rec.Result(), rec.Body.String()}
	for _, c := range got.Cookies() {
		if c.Name == cookie {
			b.session = c.Value
		}
	}
	return got
}

// want checks the status of an answer.
func (a answer) want(t testing.TB, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d\n%s\n%s", a.StatusCode, status, a.Header, a.text)
	}
	return a
}

// has checks that a page has texts in it.
func (a answer) has(t testing.TB, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Errorf("the page has no %q:\n%s", text, a.text)
		}
	}
	return a
}

// hasNot checks that a page does not have texts in it.
func (a answer) hasNot(t testing.TB, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.text, text) {
			t.Errorf("the page has %q:\n%s", text, a.text)
		}
	}
	return a
}

// leads checks that an answer sends the browser somewhere.
func (a answer) leads(t testing.TB, to string) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != to {
		t.Errorf("status %d to %q, want 303 to %q\n%s", a.StatusCode, a.Header.Get("Location"), to, a.text)
	}
}

var (
	secretPattern  = regexp.MustCompile(`sp[pn]_[0-9A-Za-z]{20,}`)
	versionPattern = regexp.MustCompile(`name="version" value="(\d+)"`)
	oncePattern    = regexp.MustCompile(`name="once" value="([0-9A-Z]+)"`)
	whyPattern     = regexp.MustCompile(`/sallyport/why/([0-9A-Za-z_-]+)"`)
	tokenPattern   = regexp.MustCompile(`/sallyport/tokens/([0-9a-f-]{36})`)
)

// part returns what a pattern finds on a page.
func (a answer) part(t testing.TB, p *regexp.Regexp) string {
	t.Helper()
	found := p.FindStringSubmatch(a.text)
	if found == nil {
		t.Fatalf("the page has no %s:\n%s", p, a.text)
	}
	return found[len(found)-1]
}

// made has the browser make a token and returns its id and secret.
func (b *browser) made(pairs ...string) (id, secret string) {
	b.w.t.Helper()
	if !slices.Contains(pairs, "expires") {
		pairs = append(pairs, "expires", "30")
	}
	got := b.post("/tokens/new", pairs...).want(b.w.t, http.StatusCreated)
	return got.part(b.w.t, tokenPattern), got.part(b.w.t, secretPattern)
}

func shown(secret string) doors.Shown { return doors.Shown{Secret: secret, Inspected: true} }

// bindingsOf chooses the bindings of a user.
func bindingsOf(id sallyport.PrincipalID) store.BindingFilter {
	return store.BindingFilter{SubjectKind: sallyport.SubjectUser, Subject: string(id)}
}

// later lets time pass, with the node confirming meanwhile that nothing changed.
func (w *world) later(t testing.TB, d time.Duration) {
	t.Helper()
	w.clock.Advance(d)
	if _, err := w.node.Doors.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}
