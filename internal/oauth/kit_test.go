package oauth_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/logtest"
	"github.com/sallyport/sallyport/internal/oauth"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

const secretOfAlice = "correct horse battery staple"

// A kit is a surface over real doors, a real admin floor and a real store.
type kit struct {
	*doorstest.Kit
	admin   *admin.Service
	surface *oauth.Surface
	metrics *telemetry.Metrics
	log     *logtest.Log

	alice      sallyport.PrincipalID
	key, other sallyport.Credential
	secret     string // of key
	otherKey   string
}

func apis() []sallyport.API {
	routes := []sallyport.Route{
		{ID: "list", Methods: []string{"GET"}, Path: "/orders", AnyOf: []string{"read"}},
		{ID: "add", Methods: []string{"POST"}, Path: "/orders", AnyOf: []string{"write"}},
	}
	shop := sallyport.API{
		Name: "shop", Title: "Shop", BasePath: "/shop", Aliases: []string{"/boutique"},
		Upstream:    sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "reading", Permissions: []string{"read"}}, {Name: "writing", Permissions: []string{"write"}}},
		Routes:      routes,
		Token:       sallyport.TokenSpec{Password: true},
	}
	stock := shop
	stock.Name, stock.Title, stock.BasePath, stock.Aliases = "stock", "", "/stock", nil
	stock.Token = sallyport.TokenSpec{Algorithm: "ES256", Lifetime: sallyport.Duration(2 * minute)}
	stock.Explain = sallyport.ExplainNone
	hosted := shop
	hosted.Name, hosted.Host, hosted.BasePath, hosted.Aliases = "hosted", "shop.example", "/", nil
	hosted.Accept = []sallyport.Accept{{In: sallyport.CarrierBasic}}
	off := shop
	off.Name, off.BasePath, off.Aliases, off.Disabled = "off", "/off", nil, true
	return []sallyport.API{shop, stock, hosted, off, admin.BuiltInAPI()}
}

func newKit(t testing.TB) *kit {
	t.Helper()
	k := &kit{Kit: doorstest.New(t, apis()...), log: &logtest.Log{}, metrics: telemetry.NewMetrics(telemetry.Build{})}
	k.admin = newAdmin(t, k.Kit)
	var err error
	k.surface, err = oauth.New(oauth.Config{
		Doors: k.Doors, Admin: k.admin, Issuer: doorstest.Issuer, Now: k.Clock.Now,
		Log:     slog.New(slog.NewTextHandler(k.log, nil)), // without any redaction of its own
		Metrics: k.metrics,
		Access:  telemetry.NewAccessLog(k.log, func(string) string { return "pseudonym" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	reader := k.Role("reader", "shop/read", "stock/read")
	k.alice = k.User("alice", secretOfAlice, reader)
	k.key, k.secret = k.Key("robot", reader)
	k.other, k.otherKey = k.Key("other robot")
	return k
}

func newAdmin(t testing.TB, k *doorstest.Kit) *admin.Service {
	t.Helper()
	seal := func(p token.Purpose) *token.Sealer {
		s, err := token.NewSealer(p, k.Master)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	blocklist, err := password.LoadBlocklist()
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := password.NewPolicy(0, 0, blocklist)
	if err != nil {
		t.Fatal(err)
	}
	auditKey, err := k.Master.AuditKey()
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := audit.NewSigner(auditKey)
	if err != nil {
		t.Fatal(err)
	}
	s, err := admin.New(admin.Config{
		Store: k.Store, Policy: func() *policy.Snapshot { return k.Doors.Policy() }, Compiler: k.Compiler,
		Secrets: k.Secrets, Keys: seal(token.SealSigningKey), Successors: seal(token.SealSuccessor), Cursors: seal(token.SealCursor), Factors: seal(token.SealFactor),
		Hasher: k.Hasher, Passwords: passwords, Now: k.Clock.Now, Checkpoints: checkpoints,
		Committed: func(ctx context.Context, _ sallyport.Revision) error {
			_, err := k.Doors.Apply(ctx)
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send serves a request that comes from a documentation address.
func (k *kit) send(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = "192.0.2.7:4711"
	w := httptest.NewRecorder()
	k.surface.ServeHTTP(w, r)
	return w
}

// post sends a form, given as name, value, name, …, with these headers.
func (k *kit) post(path string, header http.Header, fields ...string) (int, map[string]any) {
	k.T.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		f.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(f.Encode()))
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := k.send(r)
	answer := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			k.T.Errorf("%s: answer is not JSON: %v", path, err)
		}
	}
	return w.Code, answer
}

func basic(id, secret string) http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return r.Header
}

func bearer(secret string) http.Header { return http.Header{"Authorization": {"Bearer " + secret}} }

// asKey is the authentication of the first key.
func (k *kit) asKey() http.Header { return basic(string(k.key.ID), k.secret) }

// signIn exchanges Alice's password.
func (k *kit) signIn(fields ...string) (access, refresh string) {
	k.T.Helper()
	status, a := k.post("/oauth2/token", nil, append([]string{
		"grant_type", "password", "username", "alice", "password", secretOfAlice, "resource", "shop",
	}, fields...)...)
	if status != http.StatusOK {
		k.T.Fatalf("sign-in: %d %v", status, a)
	}
	return text(a, "access_token"), text(a, "refresh_token")
}

func text(answer map[string]any, name string) string {
	s, _ := answer[name].(string)
	return s
}

// refresh exchanges a refresh token of the public client.
func (k *kit) refresh(secret string, fields ...string) (int, map[string]any) {
	k.T.Helper()
	return k.post("/oauth2/token", nil, append([]string{"grant_type", "refresh_token", "refresh_token", secret}, fields...)...)
}

// opens reports what the doors say to a token at the list of orders of an API.
func (k *kit) opens(api, secret string) sallyport.Reason {
	k.T.Helper()
	return k.opensFrom(api, secret, "192.0.2.7")
}

func (k *kit) opensFrom(api, secret, address string) sallyport.Reason {
	dec := k.Doors.Decide(context.WithoutCancel(k.T.Context()), &doors.Request{
		ID: "test", Method: "GET", Target: "/" + api + "/orders", Host: "api.test", Scheme: "http",
		Header: http.Header{"Authorization": {"Bearer " + secret}}, Client: netip.MustParseAddr(address),
	})
	return dec.Reason
}
