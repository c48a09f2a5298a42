package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"),
		goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]"),
	)
}

// patience is how long anything may take on a busy machine.
const patience = time.Minute

const ordersRead sallyport.Permission = "orders/read"

// orders is an API with a bit of everything, in front of an upstream.
func orders(upstream string) sallyport.API {
	return sallyport.API{
		Name: "orders", BasePath: "/orders", Explain: sallyport.ExplainFull,
		Upstream:    sallyport.Upstream{URL: upstream},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierHeader, Name: "X-Api-Key"},
			{In: sallyport.CarrierQuery, Name: "api_key"},
			{In: sallyport.CarrierForm, Name: "token"},
			{In: sallyport.CarrierCookie, Name: "sid"},
		},
		Tenant: &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET"}, Path: "/items", AnyOf: []string{"read"}},
			{ID: "one", Methods: []string{"GET", "POST", "PUT", "DELETE"}, Path: "/items/{id}", AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"POST"}, Path: "/items", AnyOf: []string{"write"}},
			{ID: "socket", Methods: []string{"GET"}, Path: "/socket", WebSocket: true, AnyOf: []string{"read"}},
			{ID: "public", Methods: []string{"*"}, Path: "/pub/{rest...}", Public: true},
			{ID: "open", Methods: []string{"*"}, Path: "/open/{rest...}", Public: true, IgnoreCredentials: true},
			{ID: "quick", Methods: []string{"*"}, Path: "/quick", Public: true, Timeout: sallyport.Duration(200 * time.Millisecond)},
			{ID: "patient", Methods: []string{"*"}, Path: "/patient", Public: true, Timeout: sallyport.Duration(time.Second)},
		},
	}
}

// everything is an API that takes every path without asking who comes.
func everything(upstream string) sallyport.API {
	return sallyport.API{
		Name: "everything", BasePath: "/", Upstream: sallyport.Upstream{URL: upstream},
		Routes: []sallyport.Route{{ID: "all", Methods: []string{"*"}, Path: "/{rest...}", Public: true, IgnoreCredentials: true}},
	}
}

// start starts a gateway before a raw upstream with an API.
func start(t testing.TB, api func(upstream string) sallyport.API) (*gatewaytest.Kit, *gatewaytest.Upstream) {
	t.Helper()
	u := gatewaytest.NewUpstream(t)
	return gatewaytest.Start(t, gatewaytest.Options{}, api(u.URL)), u
}

// reader makes a user who may read orders and returns his token.
func reader(k *gatewaytest.Kit) (sallyport.PrincipalID, string) {
	role := k.Role("reader", ordersRead)
	user := k.User("alice", "", role)
	_, secret := k.Token(user)
	return user, secret
}

// get sends one request with the header lines and returns the answer.
func get(t testing.TB, k *gatewaytest.Kit, target string, headers ...string) gatewaytest.Reply {
	t.Helper()
	return one(t, k, "GET "+target+" HTTP/1.1\r\nHost: api.test\r\n"+lines(headers)+"\r\n")
}

func lines(headers []string) string {
	var b strings.Builder
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String()
}

// one sends one raw request that must be answered.
func one(t testing.TB, k *gatewaytest.Kit, raw string) gatewaytest.Reply {
	t.Helper()
	return gatewaytest.Ask(t, k.Addr, raw)
}

// sole returns the only request that an upstream got since the last look.
func sole(t testing.TB, u *gatewaytest.Upstream) gatewaytest.Seen {
	t.Helper()
	seen := u.Take()
	if len(seen) != 1 {
		t.Fatalf("the upstream got %d requests, want 1: %v", len(seen), seen)
	}
	return seen[0]
}

// The words of a first visit: who may is let through and the upstream learns who
// he is; who may not is told why and the upstream learns nothing.
func TestForward(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	user, token := reader(k)
	_, nobody := k.Token(k.User("bob", ""))

	for _, tt := range []struct {
		name, target string
		headers      []string
		status       int
		reason       string
	}{
		{"nothing here", "/nowhere", nil, 404, "not_found"},
		{"no credential", "/orders/items", nil, 401, "credential_missing"},
		{"a bad credential", "/orders/items", []string{"Authorization: Bearer spp_wrong"}, 401, "credential_invalid"},
		{"no right", "/orders/items", []string{"Authorization: Bearer " + nobody}, 403, "permission_missing"},
		{"no route", "/orders/other", []string{"Authorization: Bearer " + token}, 404, "route_unknown"},
		{"two readings", "/orders/items/..", []string{"Authorization: Bearer " + token}, 400, "path_ambiguous"},
		{"two credentials", "/orders/items?api_key=x", []string{"Authorization: Bearer " + token}, 400, "credentials_ambiguous"},
	} {
		reply := get(t, k, tt.target, tt.headers...)
		if reply.Status != tt.status || !strings.Contains(reply.Body, `"reason":"`+tt.reason+`"`) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, reply.Status, reply.Body, tt.status, tt.reason)
		}
		if reply.Header.Get("Cache-Control") != "no-store" || reply.Header.Get("X-Request-Id") == "" || reply.Header.Get("Vary") == "" {
			t.Errorf("%s: the headers of the denial are %v", tt.name, reply.Header)
		}
		if tt.status == 401 && len(reply.Header["Www-Authenticate"]) != 6 {
			t.Errorf("%s: challenges %q, want one for each of 6 carriers", tt.name, reply.Header["Www-Authenticate"])
		}
	}
	if seen := u.Take(); len(seen) != 0 {
		t.Fatalf("the upstream heard of denied requests: %v", seen)
	}

	reply := get(t, k, "/orders/items?q=1&x=%zz", "Authorization: Bearer "+token)
	if reply.Status != 200 || reply.Body != "ok" {
		t.Fatalf("the answer is %d %q, want 200 ok", reply.Status, reply.Body)
	}
	if reply.Header.Get("X-Request-Id") == "" || reply.Header.Get("X-Sallyport-Revision") == "" {
		t.Errorf("the answer's headers are %v", reply.Header)
	}
	s := sole(t, u)
	if s.Line != "GET /orders/items?q=1&x=%zz HTTP/1.1" {
		t.Errorf("the upstream was asked %q", s.Line)
	}
	for name, want := range map[string]string{
		doors.HeaderUser: "alice", doors.HeaderUserID: string(user), doors.HeaderKind: "person",
		doors.HeaderTenant: string(doorstest.Tenant), doors.HeaderRoute: "list", doors.HeaderRealm: "-",
		doors.HeaderRequestID: reply.Header.Get("X-Request-Id"), "Host": u.Addr,
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "api.test", "X-Forwarded-Proto": "http",
	} {
		if got := s.Header(name); len(got) != 1 || got[0] != want {
			t.Errorf("the upstream got %s: %q, want %q", name, got, want)
		}
	}
	if s.Get(doors.HeaderAssertion) == "" || s.Get("Authorization") != "" {
		t.Errorf("the upstream got %q", s.Headers)
	}
}

// The order of questions must not tell strangers which routes there are.
func TestUnknownRouteWithoutCredential(t *testing.T) {
	t.Parallel()
	k, _ := start(t, orders)
	known, unknown := get(t, k, "/orders/items"), get(t, k, "/orders/nothing")
	if known.Status != 401 || unknown.Status != 401 {
		t.Errorf("without a credential: %d and %d, want 401 twice", known.Status, unknown.Status)
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		upstream func(base string) sallyport.Upstream
		aliases  []string
		path     sallyport.PathSpec
		target   string
		want     string // empty: refused
	}{
		{"as it is", nil, nil, sallyport.PathSpec{}, "/orders/pub/a", "/orders/pub/a"},
		{"a slash at the end", nil, nil, sallyport.PathSpec{}, "/orders/pub/a/", "/orders/pub/a/"},
		{"below a path", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b + "/v1"} }, nil, sallyport.PathSpec{}, "/orders/pub/a?x", "/v1/orders/pub/a?x"},
		{"below a path with a slash", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b + "/v1/"} }, nil, sallyport.PathSpec{}, "/orders/pub/a", "/v1/orders/pub/a"},
		{"stripped", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b, StripBasePath: true} }, nil, sallyport.PathSpec{}, "/orders/pub/a", "/pub/a"},
		{"stripped and escaped", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b, StripBasePath: true} }, nil, sallyport.PathSpec{}, "/orders/pub/%7eu%20%c3%a9|", "/pub/~u%20%C3%A9%7C"},
		{"stripped below a path", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b + "/in", StripBasePath: true} }, nil, sallyport.PathSpec{}, "/orders/pub/a?", "/in/pub/a?"},
		{"by an alias", nil, []string{"/bestellungen"}, sallyport.PathSpec{}, "/bestellungen/pub/a", "/orders/pub/a"},
		{"by an alias, stripped", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b, StripBasePath: true} }, []string{"/bestellungen"}, sallyport.PathSpec{}, "/bestellungen/pub/a", "/pub/a"},
		{
			"an encoded slash", nil, nil,
			sallyport.PathSpec{AllowEncodedSlash: true},
			"/orders/pub/a%2fb", "/orders/pub/a%2Fb",
		},
		{"an encoded slash that nobody allowed", nil, nil, sallyport.PathSpec{}, "/orders/pub/a%2fb", ""},
		{
			"semicolons and empty segments", nil, nil,
			sallyport.PathSpec{AllowSemicolon: true, AllowEmptySegments: true},
			"/orders/pub//a;b", "/orders/pub//a;b",
		},
		{"out of the base", func(b string) sallyport.Upstream { return sallyport.Upstream{URL: b + "/v1/"} }, nil, sallyport.PathSpec{AllowEncodedSlash: true}, "/orders/pub/..%2f..%2finternal", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, u := start(t, func(base string) sallyport.API {
				api := orders(base)
				if tt.upstream != nil {
					api.Upstream = tt.upstream(base)
				}
				api.Aliases, api.Path = tt.aliases, tt.path
				return api
			})
			reply := get(t, k, tt.target)
			seen := u.Take()
			if tt.want == "" {
				if reply.Status != 400 || len(seen) != 0 {
					t.Errorf("%s was answered %d and reached the upstream as %v", tt.target, reply.Status, seen)
				}
				return
			}
			if len(seen) != 1 || seen[0].Target() != tt.want {
				t.Errorf("%s was answered %d and the upstream saw %v, want %s", tt.target, reply.Status, seen, tt.want)
			}
		})
	}
}

// With the base path taken away, what follows it may read as a host.
func TestStripToTwoSlashes(t *testing.T) {
	t.Parallel()
	k, u := start(t, func(base string) sallyport.API {
		api := everything(base)
		api.BasePath, api.Upstream.StripBasePath = "/orders", true
		api.Path.AllowEmptySegments = true
		return api
	})
	if reply := get(t, k, "/orders//evil.test/x"); reply.Status != 400 || len(u.Take()) != 0 {
		t.Errorf("a path of two slashes was forwarded: %d", reply.Status)
	}
	if reply := get(t, k, "/orders/x//y"); reply.Status != 200 || sole(t, u).Target() != "/x//y" {
		t.Errorf("an empty segment further on: %d", reply.Status)
	}
}

func TestPreserveHost(t *testing.T) {
	t.Parallel()
	k, u := start(t, func(base string) sallyport.API {
		api := everything(base)
		api.Upstream.PreserveHost = true
		return api
	})
	one(t, k, "GET http://API.test:80/x HTTP/1.1\r\nHost: evil.test\r\n\r\n")
	if s := sole(t, u); s.Get("Host") != "api.test" || s.Line != "GET /x HTTP/1.1" {
		t.Errorf("the upstream was asked %q for host %q", s.Line, s.Get("Host"))
	}
}

// An API can be without an upstream; others are not touched by that.
func TestNoUpstream(t *testing.T) {
	t.Parallel()
	broken := everything("")
	caless := everything("https://127.0.0.1:1")
	caless.Name, caless.BasePath, caless.Upstream.CAFile = "caless", "/tls", filepath.Join(t.TempDir(), "none.pem")
	text := everything("https://127.0.0.1:1")
	text.Name, text.BasePath, text.Upstream.CAFile = "text", "/text", filepath.Join(t.TempDir(), "text.pem")
	if err := os.WriteFile(text.Upstream.CAFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	u := gatewaytest.NewUpstream(t)
	k := gatewaytest.Start(t, gatewaytest.Options{}, broken, caless, text, orders(u.URL))
	for _, path := range []string{"/x", "/tls/x", "/text/x"} {
		if reply := get(t, k, path); reply.Status != 502 || strings.Contains(reply.Body, "pem") {
			t.Errorf("%s: %d %s, want 502 without internals", path, reply.Status, reply.Body)
		}
	}
	if reply := get(t, k, "/orders/pub/x"); reply.Status != 200 {
		t.Errorf("the other API: %d, want 200", reply.Status)
	}
}

// A change of the document is obeyed by the next request, and the connections to
// the old upstream are given back.
func TestChangedUpstream(t *testing.T) {
	t.Parallel()
	first, second := gatewaytest.NewUpstream(t), gatewaytest.NewUpstream(t)
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything(first.URL))
	get(t, k, "/x")
	k.ReplaceAPI(everything(second.URL))
	get(t, k, "/y")
	if one, two := sole(t, first), sole(t, second); one.Target() != "/x" || two.Target() != "/y" {
		t.Errorf("the upstreams saw %q and %q", one.Target(), two.Target())
	}
}
