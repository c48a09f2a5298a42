package decide_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/logtest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
)

const (
	password = "correct horse battery staple"
	proxy    = "127.0.0.1:40000" // where the proxy asks from
	client   = "192.0.2.7"       // who asks the proxy
)

// shop is the API of these tests.
func shop() sallyport.API {
	return sallyport.API{
		Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierHeader, Name: "X-API-Key"},
			{In: sallyport.CarrierCookie, Name: "sp_session", Kinds: []sallyport.CredentialKind{sallyport.Session}},
		},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Realm:       &sallyport.Selector{From: "query", Name: "realm"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "reading", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET"}, Path: "/orders", AnyOf: []string{"read"}},
			{ID: "get", Methods: []string{"GET"}, Path: "/orders/{id}", AnyOf: []string{"read"}},
			{ID: "put", Methods: []string{"PUT"}, Path: "/orders/{id}", AllOf: []string{"write"}},
			{ID: "health", Methods: []string{"GET"}, Path: "/health", Public: true},
		},
	}
}

// hosted is an API that one host has.
func hosted() sallyport.API {
	return sallyport.API{
		Name: "hosted", Host: "orders.test", BasePath: "/", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Explain:     sallyport.ExplainFull,
		Permissions: []sallyport.PermissionSpec{{Name: "read"}},
		Routes: []sallyport.Route{
			{ID: "all", Methods: []string{"*"}, Path: "/{rest...}", AnyOf: []string{"read"}},
		},
	}
}

// forms is an API that hides its verb in a form field.
func forms() sallyport.API {
	verb := func(value string) *sallyport.Parameter {
		return &sallyport.Parameter{In: "form", Name: "verb", Value: value}
	}
	return sallyport.API{
		Name: "forms", BasePath: "/forms", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Routes: []sallyport.Route{
			{ID: "read", Methods: []string{"GET", "POST"}, Path: "/do", Parameter: verb("read"), AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"GET", "POST"}, Path: "/do", Parameter: verb("write"), AnyOf: []string{"write"}},
		},
	}
}

// A service is a decision service with somebody who may read.
type service struct {
	*doorstest.Kit
	*decide.Handler
	log, access *logtest.Log
	metrics     *telemetry.Metrics
	token       string // of alice, who may read in the shop
}

// newService returns a service that is changed by edit before it is made.
func newService(t testing.TB, edit func(*decide.Config)) *service {
	t.Helper()
	k := doorstest.New(t, shop(), hosted(), forms())
	s := &service{Kit: k, log: &logtest.Log{}, access: &logtest.Log{}, metrics: telemetry.NewMetrics(telemetry.Build{})}
	s.metrics.Know("shop", "hosted", "forms")
	alice := k.User("alice", password, k.Role("reader", "shop/read", "hosted/read", "forms/read"))
	_, s.token = k.Token(alice)
	c := decide.Config{
		Doors: k.Doors, Metrics: s.metrics, Now: k.Clock.Now,
		Log:     slog.New(slog.NewTextHandler(s.log, nil)),
		Access:  telemetry.NewAccessLog(s.access, func(string) string { return "0123456789ab" }),
		Callers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	if edit != nil {
		edit(&c)
	}
	s.Handler = decide.New(c)
	return s
}

// An original is the request of a client, as a proxy tells it.
type original struct{ method, uri, host, proto, addr string }

// in returns the headers in which a family tells it.
func (o original) in(family string) http.Header {
	h := http.Header{}
	for i, value := range []string{o.method, o.uri, o.host, o.proto, o.addr} {
		h.Set(told[family][i], value)
	}
	return h
}

// get is a GET of the shop's.
func get(uri string) original { return original{"GET", uri, "api.test", "http", client} }

// told are the headers of each family, written down once more: method, target,
// host, scheme, address.
var told = map[string][5]string{
	"nginx":   {"X-Original-Method", "X-Original-URI", "X-Original-Host", "X-Original-Proto", "X-Original-Addr"},
	"apache":  {"X-Original-Method", "X-Original-URI", "X-Original-Host", "X-Original-Proto", "X-Original-Addr"},
	"haproxy": {"X-Sallyport-Method", "X-Sallyport-Uri", "X-Sallyport-Host", "X-Sallyport-Proto", "X-Sallyport-Addr"},
	"caddy":   {"X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"},
	"traefik": {"X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"},
}

// with adds headers, given as name, value, name, ….
func with(h http.Header, headers ...string) http.Header {
	for i := 0; i+1 < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return h
}

// ask puts a question to the service.
func (s *service) ask(family string, h http.Header, edits ...func(*http.Request)) answer {
	r := httptest.NewRequest(http.MethodGet, "/decide/"+family, nil)
	r.RemoteAddr, r.Header = proxy, h
	for _, edit := range edits {
		edit(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// An answer is what the proxy got.
type answer struct {
	status int
	header http.Header
	body   string
}

// meant returns the status that the client is to see.
func (a answer) meant() string {
	if original := a.header.Get("X-Sallyport-Status"); original != "" {
		return original
	}
	return strconv.Itoa(a.status)
}

// askFor asks about a request with alice's token.
func (s *service) askFor(family string, o original, headers ...string) answer {
	return s.ask(family, with(o.in(family), append(headers, "Authorization", "Bearer "+s.token)...))
}

// each runs f for every family.
func each(t *testing.T, f func(t *testing.T, family string)) {
	t.Helper()
	for family := range told {
		t.Run(family, func(t *testing.T) { f(t, family) })
	}
}

func from(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }

func under(key, value any) func(*http.Request) {
	return func(r *http.Request) { *r = *r.WithContext(context.WithValue(r.Context(), key, value)) }
}

func scrape(t *testing.T, s *service) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// insertAPI returns a write that adds an API.
func insertAPI(api sallyport.API) func(context.Context, *store.Tx) error {
	return func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return tx.InsertAPI(ctx, &store.APIDocument{API: api})
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
