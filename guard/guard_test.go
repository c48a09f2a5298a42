package guard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/guard"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

func TestMain(m *testing.M) {
	// Doors that could not be opened, as with another key, leave their cache behind.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]"),
		goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"),
	)
}

func orders() sallyport.API {
	return sallyport.API{
		Name: "orders", BasePath: "/orders", Explain: sallyport.ExplainFull,
		Accept:      []sallyport.Accept{{In: sallyport.CarrierBearer}, {In: sallyport.CarrierBasic}, {In: sallyport.CarrierForm, Name: "token"}},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Routes: []sallyport.Route{
			{ID: "read", Methods: []string{"GET"}, Path: "/items/{id}", AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"POST"}, Path: "/items/{id}", AnyOf: []string{"write"}},
			{ID: "public", Methods: []string{"*"}, Path: "/pub/{rest...}", Public: true},
			{ID: "open", Methods: []string{"*"}, Path: "/open", Public: true, IgnoreCredentials: true},
		},
	}
}

// opened is a guard over a store of the test's own, with a reader and his token.
type opened struct {
	*guard.Guard
	config guard.Config
	tenant sallyport.TenantID
	reader sallyport.User
	token  string
	id     sallyport.CredentialID
}

func open(t *testing.T) *opened {
	t.Helper()
	key, err := guard.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{config: guard.Config{
		Storage: sallyport.Secret("sqlite:" + storetest.File(t)), MasterKey: key,
		APIs: []sallyport.API{orders()}, Poll: 20 * time.Millisecond,
	}}
	o.Guard = start(t, o.config)
	a, ctx := o.Admin(), t.Context()
	if o.tenant, err = a.Tenant(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	role, err := a.Role(ctx, "reader", "orders/read")
	if err != nil {
		t.Fatal(err)
	}
	if o.reader, err = a.User(ctx, guard.NewUser{Tenant: o.tenant, Login: "jo", Password: "a long password of jo", Roles: []sallyport.RoleID{role}}); err != nil {
		t.Fatal(err)
	}
	credential, secret, err := a.Token(ctx, o.reader, guard.NewToken{Name: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	o.token, o.id = secret.Reveal(), credential.ID
	return o
}

func start(t *testing.T, c guard.Config) *guard.Guard {
	t.Helper()
	g, err := guard.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return g
}

// ask sends a request to a handler behind the guard and returns the answer and
// what the handler got, nil if it got nothing.
func ask(t *testing.T, g *guard.Guard, r *http.Request) (*httptest.ResponseRecorder, *http.Request) {
	t.Helper()
	var got *http.Request
	w := httptest.NewRecorder()
	g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = io.WriteString(w, "ok")
	})).ServeHTTP(w, r)
	return w, got
}

func request(method, target, token string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, tt := range []struct {
		name, method, target, token string
		status                      int
		path                        string // that the handler sees; empty: nothing
		principal                   bool
	}{
		{"let in", "GET", "/orders/items/7", o.token, 200, "/orders/items/7", true},
		{"in another spelling", "GET", "/orders/%69tems/%c3%a9?x", o.token, 200, "/orders/items/é", true},
		{"as an absolute target", "GET", "http://example.com/orders/items/7", o.token, 200, "/orders/items/7", true},
		{"public", "PUT", "/orders/pub/x", "", 200, "/orders/pub/x", false},
		{"public, and known", "PUT", "/orders/pub/x", o.token, 200, "/orders/pub/x", true},
		{"open", "PUT", "/orders/open", "whatever", 200, "/orders/open", false},
		{"without a credential", "GET", "/orders/items/7", "", 401, "", false},
		{"with a bad one", "GET", "/orders/pub/x", "spp_bad", 401, "", false},
		{"without the right", "POST", "/orders/items/7", o.token, 403, "", false},
		{"ambiguous", "GET", "/orders/items/..%2f7", o.token, 400, "", false},
		{"no route", "GET", "/orders/none", o.token, 404, "", false},
		{"no API", "GET", "/none", o.token, 404, "", false},
		{"the wrong method", "DELETE", "/orders/items/7", o.token, 405, "", false},
	} {
		w, got := ask(t, o.Guard, request(tt.method, tt.target, tt.token))
		if w.Code != tt.status || (got == nil) != (tt.path == "") {
			t.Errorf("%s: %d %s, handler got %v; want %d", tt.name, w.Code, w.Body, got, tt.status)
			continue
		}
		if w.Header().Get("X-Request-Id") == "" || w.Header().Get("Vary") == "" != (tt.name == "open") {
			t.Errorf("%s: the answer's headers are %v", tt.name, w.Header())
		}
		if got == nil {
			continue
		}
		decision, ok := guard.DecisionFrom(got.Context())
		if !ok || !decision.Allowed || (decision.Principal != nil) != tt.principal || got.URL.Path != tt.path {
			t.Errorf("%s: the handler got %s with %+v", tt.name, got.URL.Path, decision)
		}
		if (w.Header().Get("Cache-Control") == "private") != tt.principal {
			t.Errorf("%s: Cache-Control %q", tt.name, w.Header().Get("Cache-Control"))
		}
	}
	if _, ok := guard.DecisionFrom(t.Context()); ok {
		t.Error("there is a decision where nobody decided")
	}
}

// A handler behind the guard can trust what stands in headers that name a user:
// nothing does.
func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := request("GET", "/orders/items/7", o.token)
	for _, name := range []string{"X-Sallyport-User", "X_sallyport_user", "Remote-User", "X-Forwarded-User", "X_tenant_id", "X-Http-Method-Override"} {
		r.Header[name] = []string{"root"}
	}
	r.Header.Set("X-Tenant-Id", string(o.tenant))
	r.Header.Set("X-Other", "1")
	_, got := ask(t, o.Guard, r)
	if got == nil {
		t.Fatal("the request was not let in")
	}
	want := http.Header{"Authorization": {"Bearer " + o.token}, "X-Tenant-Id": {string(o.tenant)}, "X-Other": {"1"}}
	if len(got.Header) != len(want) {
		t.Errorf("the handler got %v, want %v", got.Header, want)
	}
	if len(r.Header) != len(want)+6 {
		t.Error("the caller's own request was changed")
	}
}

// A form in which a credential was looked for is still there for the handler.
func TestFormIsReadAgain(t *testing.T) {
	t.Parallel()
	o := open(t)
	r := httptest.NewRequest(http.MethodPost, "/orders/pub/x", strings.NewReader("a=1&token="+o.token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w, got := ask(t, o.Guard, r)
	if got == nil {
		t.Fatalf("the request was not let in: %d %s", w.Code, w.Body)
	}
	if got.PostFormValue("a") != "1" {
		t.Errorf("the handler read %v", got.PostForm)
	}
	decision, _ := guard.DecisionFrom(got.Context())
	if decision.Principal == nil || decision.Principal.Login != "jo" {
		t.Errorf("the decision is %+v", decision)
	}
}

func TestBasic(t *testing.T) {
	t.Parallel()
	o := open(t)
	for secret, want := range map[string]int{"a long password of jo": 200, "another": 401} {
		r := request("GET", "/orders/items/7", "")
		r.SetBasicAuth("jo", secret)
		if w, _ := ask(t, o.Guard, r); w.Code != want {
			t.Errorf("%q: %d, want %d", secret, w.Code, want)
		}
	}
}

// What is taken away is gone with the next request; and two programs over one
// store need no more than a moment for it.
func TestRevoke(t *testing.T) {
	t.Parallel()
	o := open(t)
	other := start(t, o.config)
	for _, g := range []*guard.Guard{o.Guard, other} {
		if d := g.Decide(request("GET", "/orders/items/7", o.token)); !d.Allowed {
			t.Fatalf("denied: %s", d.Reason)
		}
	}
	if err := o.Admin().Revoke(t.Context(), o.id); err != nil {
		t.Fatal(err)
	}
	if d := o.Decide(request("GET", "/orders/items/7", o.token)); d.Reason != sallyport.CredentialRevoked {
		t.Errorf("here: %q, want %q", d.Reason, sallyport.CredentialRevoked)
	}
	deadline := time.Now().Add(time.Minute)
	for other.Decide(request("GET", "/orders/items/7", o.token)).Allowed && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if d := other.Decide(request("GET", "/orders/items/7", o.token)); d.Reason != sallyport.CredentialRevoked {
		t.Errorf("there: %q, want %q", d.Reason, sallyport.CredentialRevoked)
	}
}

func TestDeactivate(t *testing.T) {
	t.Parallel()
	o := open(t)
	jo, err := o.Admin().Find(t.Context(), "JO")
	if err != nil || jo.ID != o.reader.ID {
		t.Fatalf("Find = %v, %v", jo, err)
	}
	if err := o.Admin().Deactivate(t.Context(), jo); err != nil {
		t.Fatal(err)
	}
	if d := o.Decide(request("GET", "/orders/items/7", o.token)); d.Reason != sallyport.OwnerInactive && d.Reason != sallyport.CredentialRevoked {
		t.Errorf("denied for %q", d.Reason)
	}
}

// A program sets up what it needs each time that it starts.
func TestSetUpTwice(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx := t.Context()
	tenant, err := o.Admin().Tenant(ctx, "acme")
	if err != nil || tenant != o.tenant {
		t.Errorf("Tenant = %s, %v; want %s", tenant, err, o.tenant)
	}
	if _, err := o.Admin().Role(ctx, "reader", "orders/write", "orders/read"); err != nil {
		t.Error(err)
	}
	if d := o.Decide(request("POST", "/orders/items/7", o.token)); !d.Allowed {
		t.Errorf("with more in the role: %q", d.Reason)
	}
	if _, err := o.Admin().User(ctx, guard.NewUser{Tenant: tenant, Login: "jo"}); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("the same login: %v, want a conflict", err)
	}
	if _, err := o.Admin().Role(ctx, "wrong", "orders/nothing"); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("an unknown permission: %v, want it to be invalid", err)
	}
}

func TestManagementAPI(t *testing.T) {
	t.Parallel()
	o := open(t)
	for token, want := range map[string]int{"": 401, o.token: 200} {
		w := httptest.NewRecorder()
		o.Handler().ServeHTTP(w, request("GET", "/sallyport/api/v1/me", token))
		if w.Code != want {
			t.Errorf("%q: %d %s, want %d", token, w.Code, w.Body, want)
		}
	}
}

func TestAPIFiles(t *testing.T) {
	t.Parallel()
	o := open(t)
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	for path, text := range map[string]string{
		good: "name: extra\nbase_path: /extra\nupstream: {url: http://127.0.0.1:1}\nroutes:\n- {methods: [GET], path: /x, public: true}\n",
		bad:  "name: extra\nbasepath: /extra\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := o.config
	c.APIFiles = []string{good}
	if d := start(t, c).Decide(request("GET", "/extra/x", "")); !d.Allowed {
		t.Errorf("denied: %q", d.Reason)
	}
	for name, c := range map[string]guard.Config{
		"a bad file":        {Storage: c.Storage, MasterKey: c.MasterKey, APIFiles: []string{bad}},
		"no file":           {Storage: c.Storage, MasterKey: c.MasterKey, APIFiles: []string{filepath.Join(dir, "none")}},
		"a bad document":    {Storage: c.Storage, MasterKey: c.MasterKey, APIs: []sallyport.API{{Name: "x"}}},
		"no master key":     {Storage: c.Storage},
		"another key":       {Storage: c.Storage, MasterKey: mustKey(t)},
		"an unknown engine": {Storage: "mysql://x", MasterKey: c.MasterKey},
	} {
		if g, err := guard.New(context.WithoutCancel(t.Context()), c); err == nil {
			t.Errorf("%s: a guard was made", name)
			_ = g.Close()
		} else if text := err.Error(); strings.Contains(text, c.MasterKey.Reveal()) && c.MasterKey != "" {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
}

func mustKey(t *testing.T) sallyport.Secret {
	t.Helper()
	key, err := guard.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}
