package edgeintel_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const (
	types  = "/nbapi/ei/v1/assetTypes"
	agents = "/nbapi/ei/v1/agents"
	newest = "/iam/auth/token"
)

// A world is the product with people in two tenants.
type world struct {
	*dialecttest.Kit
	acme         sallyport.TenantID
	data, assets sallyport.RoleID
	jane         sallyport.User // Data Management at home, Asset Management in acme
}

func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "edgeintel", Dialect: "edgeintel", Settings: settings})}
	w.acme = w.MakeTenant("Acme_3", w.Tenant)
	w.data = w.Role("edge data", "edgeintel/data-management")
	w.assets = w.Role("edge assets", "edgeintel/asset-management")
	w.jane = w.User("jane", w.data)
	w.Bind(w.jane.ID, w.assets, w.acme, "")
	return w
}

type pair struct {
	Access         string `json:"access_token"`
	Refresh        string `json:"refresh_token"`
	Type           string `json:"token_type"`
	Expires        int    `json:"expires_in"`
	RefreshExpires int    `json:"refresh_expires_in"`
}

func decode[T any](t *testing.T, r dialecttest.Reply) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return v
}

// tokens asks for tokens and wants them.
func (w *world) tokens(t *testing.T, body string) pair {
	t.Helper()
	r := w.Ask("POST", newest, body, "Content-Type", "application/json")
	if r.Status != 200 {
		t.Fatalf("tokens for %s: %d %s", body, r.Status, r.Body)
	}
	return decode[pair](t, r)
}

func login(name, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)
}

func clientCredentials(id, secret string) string {
	return fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, id, secret)
}

func (w *world) with(p pair, tenant sallyport.TenantID) []string {
	h := []string{"Authorization", "Bearer " + p.Access}
	if tenant != "" {
		h = append(h, "X-Tenant-Id", string(tenant))
	}
	return h
}

// header returns the JOSE header of a token.
func header(t *testing.T, token string) (h map[string]string) {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestTokenAnswer: five members, in both places, for a user and for a key.
func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := w.Key(w.acme, "KeyName", time.Time{}, w.assets)
	for name, body := range map[string]string{
		"user":                login("jane", dialecttest.Password),
		"user, with grant":    `{"grant_type":"password",` + login("JANE", dialecttest.Password)[1:],
		"key of a tenant":     clientCredentials("Acme_3->KeyName", key.Secret.Reveal()),
		"in lower case":       clientCredentials("acme_3->keyname", key.Secret.Reveal()),
		"key alone":           clientCredentials("KeyName", key.Secret.Reveal()),
		"key alone, in lower": clientCredentials("keyname", key.Secret.Reveal()),
		"key id":              clientCredentials(string(key.Credential.ID), key.Secret.Reveal()),
	} {
		for _, path := range []string{newest, "/nbapi/iam/v1/auth/token"} {
			r := w.Ask("POST", path, body, "Content-Type", "application/json")
			p := decode[pair](t, r)
			if r.Status != 200 || p.Type != "bearer" || p.Expires != 300 || p.RefreshExpires != 1800 || strings.Count(r.Body, ":") != 5 {
				t.Fatalf("%s at %s: %d %s", name, path, r.Status, r.Body)
			}
			if h := header(t, p.Access); h["alg"] != "RS256" || h["kid"] == "" {
				t.Errorf("%s: access token with %v", name, h)
			}
			if h := header(t, p.Refresh); h["alg"] != "HS256" || h["kid"] == "" {
				t.Errorf("%s: refresh token with %v", name, h)
			}
			if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 200 {
				t.Errorf("%s: its token is refused: %d %s", name, r.Status, r.Body)
			}
		}
	}
}

// TestTokenRefusals: whatever was wrong, the answer is the same.
func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := w.Key(w.acme, "robot", w.Now().Add(time.Hour), w.assets)
	gone := w.User("gone")
	w.Deactivate(gone)
	secret := key.Secret.Reveal()
	revoked := w.Key(w.acme, "revoked", time.Time{}, w.assets)
	if err := w.Admin.RevokeKey(t.Context(), dialecttest.System(), w.acme, revoked.Credential.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	short := w.Key(w.acme, "short", w.Now().Add(time.Minute), w.assets)
	w.Advance(2 * time.Minute)
	for name, body := range map[string]string{
		"wrong password":        login("jane", "wrong"),
		"unknown user":          login("nobody", "wrong"),
		"deactivated user":      login("gone", dialecttest.Password),
		"long password":         login("jane", strings.Repeat("x", 5000)),
		"wrong secret":          clientCredentials("Acme_3->robot", secret[:len(secret)-1]+"!"),
		"no secret of ours":     clientCredentials("Acme_3->robot", "hunter2"),
		"key of another tenant": clientCredentials("DemoTenant5->robot", secret),
		"another key":           clientCredentials("Acme_3->other", secret),
		"expired key":           clientCredentials("Acme_3->short", short.Secret.Reveal()),
		"revoked key":           clientCredentials("Acme_3->revoked", revoked.Secret.Reveal()),
		"refresh: not a token":  `{"grant_type":"refresh_token","refresh_token":"x"}`,
		"refresh: an API key":   `{"grant_type":"refresh_token","refresh_token":"` + secret + `"}`,
	} {
		r := w.Ask("POST", newest, body)
		var id struct {
			RequestID string `json:"requestId"`
		}
		_ = json.Unmarshal([]byte(r.Body), &id)
		want := `{"status":401,"message":"Invalid credentials","reason":"credential_invalid","requestId":"` + id.RequestID + `"}`
		if r.Status != 401 || r.Body != want || r.Header.Get("WWW-Authenticate") == "" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %v", name, r.Status, r.Body, r.Header)
		}
	}
	for body, want := range map[string]string{
		``:                    "body",
		`[]`:                  "object",
		`{"username":1}`:      "username",
		`{"username":"jane"}`: "password is missing",
		`{"username":"jane","username":"joe","password":"x"}`: "twice",
		`{"grant_type":"magic"}`:                              "grant_type",
		`{"grant_type":"client_credentials"}`:                 "client_id is missing",
		`{"grant_type":"refresh_token"}`:                      "refresh_token is missing",
		`{"username":"` + strings.Repeat("[", 1000):           "",
		strings.Repeat("[", 5000):                             "",
	} {
		if r := w.Ask("POST", newest, body); r.Status != 400 || !strings.Contains(r.Body, want) || !strings.HasPrefix(r.Body, `{"status":400,"message":"`) {
			t.Errorf("%.60s: %d %s", body, r.Status, r.Body)
		}
	}
	jane := w.tokens(t, login("jane", dialecttest.Password))
	if r := w.Ask("GET", newest, "", w.with(jane, "")...); r.Status != 405 || r.Header.Get("Allow") != "POST" || !strings.HasPrefix(r.Body, `{"status":405`) {
		t.Errorf("GET: %d %s", r.Status, r.Body)
	}
}

// TestLifeOfTokens: an access token lives 300 s whatever is issued meanwhile, a
// refresh token 1800 s, and a used one ends its sign-in.
func TestLifeOfTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	get := func(p pair) int { return w.Ask("GET", types, "", w.with(p, w.acme)...).Status }
	refresh := func(p pair) dialecttest.Reply {
		return w.Ask("POST", newest, `{"grant_type":"refresh_token","refresh_token":"`+p.Refresh+`"}`)
	}
	first := w.tokens(t, login("jane", dialecttest.Password))
	w.Advance(299 * time.Second)
	again := w.tokens(t, login("jane", dialecttest.Password))
	second := decode[pair](t, refresh(first))
	if second.Expires != 300 || second.RefreshExpires != 1800 {
		t.Errorf("refreshed: %+v", second)
	}
	for name, p := range map[string]pair{"first": first, "of a new sign-in": again, "refreshed": second} {
		if got := get(p); got != 200 {
			t.Errorf("%s token: %d", name, got)
		}
	}
	w.Advance(time.Second)
	if got := get(first); got != 401 {
		t.Errorf("after 300 s: %d", got)
	}
	if got := get(second); got != 200 {
		t.Errorf("the second after a second: %d", got)
	}
	if r := refresh(first); r.Status != 200 {
		t.Errorf("the same exchange a second later, as the answer may be lost: %d %s", r.Status, r.Body)
	}
	w.Advance(30 * time.Second)
	if r := refresh(first); r.Status != 401 || get(second) != 401 {
		t.Errorf("a used refresh token: %d; its sign-in goes on: %d", r.Status, get(second))
	}
	if got := get(again); got != 200 {
		t.Errorf("another sign-in: %d", got)
	}
	w.Advance(1800 * time.Second)
	if r := refresh(again); r.Status != 401 {
		t.Errorf("after 1800 s: %d", r.Status)
	}
}

// TestSecondOfPasswordChange: what is issued in the second in which a password
// ended all earlier tokens is not one of these, even though a token knows seconds
// alone.
func TestSecondOfPasswordChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Advance(500 * time.Millisecond)
	if err := w.Admin.SetPassword(t.Context(), dialecttest.System(), w.Tenant, w.jane.ID, dialecttest.Password, true); err != nil {
		t.Fatal(err)
	}
	w.Advance(100 * time.Millisecond)
	first := w.tokens(t, login("jane", dialecttest.Password))
	second := w.tokens(t, `{"grant_type":"refresh_token","refresh_token":"`+first.Refresh+`"}`)
	for name, p := range map[string]pair{"first": first, "refreshed": second} {
		if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 200 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

// TestStoreOutage: who cannot be looked up is not told that he is nobody.
func TestStoreOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := w.Key(w.acme, "robot", time.Time{}, w.assets)
	p := w.tokens(t, login("jane", dialecttest.Password))
	w.Outage()
	for _, body := range []string{
		login("joe", dialecttest.Password), clientCredentials("robot", key.Secret.Reveal()),
		`{"grant_type":"refresh_token","refresh_token":"` + p.Refresh + `"}`,
	} {
		r := w.Ask("POST", newest, body)
		if r.Status != 503 || r.Header.Get("Retry-After") == "" || !strings.HasPrefix(r.Body, `{"status":503,"message":"`) {
			t.Errorf("%.60s: %d %s", body, r.Status, r.Body)
		}
	}
	if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 503 || !strings.HasPrefix(r.Body, `{"status":503,`) {
		t.Errorf("a token that was not seen before: %d %s", r.Status, r.Body)
	}
}

// TestEndOfOwner: with its owner, or its key, every token ends.
func TestEndOfOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := w.Key(w.acme, "robot", w.Now().Add(10*time.Minute), w.assets)
	of := w.tokens(t, clientCredentials("robot", key.Secret.Reveal()))
	if of.RefreshExpires != 600 {
		t.Errorf("the refresh token outlives its key: %+v", of)
	}
	short := w.Key(w.acme, "short", w.Now().Add(time.Minute), w.assets)
	if p := w.tokens(t, clientCredentials("short", short.Secret.Reveal())); p.Expires != 60 || p.RefreshExpires != 60 {
		t.Errorf("tokens of a key that ends in a minute: %+v", p)
	}
	mine := w.tokens(t, login("jane", dialecttest.Password))
	w.Deactivate(w.jane)
	if err := w.Admin.RevokeKey(t.Context(), dialecttest.System(), w.acme, key.Credential.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]pair{"user": mine, "key": of} {
		if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 401 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
		if r := w.Ask("POST", newest, `{"grant_type":"refresh_token","refresh_token":"`+p.Refresh+`"}`); r.Status != 401 {
			t.Errorf("refresh of the %s: %d %s", name, r.Status, r.Body)
		}
	}
}

// TestTenant: it is named on every call, and a refusal tells which ones one is in.
func TestTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	other := w.MakeTenant("Somebody else's", "")
	jane := w.tokens(t, login("jane", dialecttest.Password))
	key := w.Key(w.acme, "robot", time.Time{}, w.assets)
	robot := w.tokens(t, clientCredentials("robot", key.Secret.Reveal()))
	for _, tt := range []struct {
		name    string
		who     pair
		tenant  sallyport.TenantID
		status  int
		reason  string
		tenants int
	}{
		{"missing", jane, "", 400, "tenant_required", 2},
		{"malformed", jane, "acme", 400, "tenant_malformed", 2},
		{"foreign", jane, other, 403, "tenant_forbidden", 2},
		{"unknown", jane, "4213b2bc-e1ab-4225-acc6-2f64c98d621b", 403, "tenant_forbidden", 2},
		{"key, missing", robot, "", 400, "tenant_required", 1},
		{"key, foreign", robot, w.Tenant, 403, "tenant_forbidden", 1},
	} {
		r := w.Ask("GET", agents, "", w.with(tt.who, tt.tenant)...)
		got := decode[struct {
			Status  int              `json:"status"`
			Message string           `json:"message"`
			Reason  sallyport.Reason `json:"reason"`
			Tenants []struct {
				ID   sallyport.TenantID `json:"tenant_id"`
				Name string             `json:"tenant_name"`
			} `json:"tenants"`
		}](t, r)
		if r.Status != tt.status || got.Status != tt.status || string(got.Reason) != tt.reason || len(got.Tenants) != tt.tenants ||
			got.Tenants[0].Name != "Acme_3" || !strings.Contains(got.Message, string(w.acme)) || strings.Contains(r.Body, "Somebody") {
			t.Errorf("%s: %d %s", tt.name, r.Status, r.Body)
		}
	}
	if r := w.Ask("GET", agents, ""); r.Status != 401 || strings.Contains(r.Body, "tenant") {
		t.Errorf("nobody: %d %s", r.Status, r.Body)
	}
}

// TestPermissionTable is the product's table.
func TestPermissionTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	calls := []struct {
		method, path string
		assets       bool // needs Asset Management
	}{
		{"GET", agents, false},
		{"GET", types, false},
		{"GET", types + "/1", false},
		{"GET", "/nbapi/ei/v1/assetType/1", false},
		{"POST", types, true},
		{"DELETE", types + "/1", true},
		{"PUT", types + "/1", true},
		{"PATCH", types + "/1", true},
		{"PUT", "/nbapi/ei/v1/assetType/1", true},
		{"DELETE", "/nbapi/ei/v1/assetType/1", true},
	}
	for _, permission := range []string{"", "asset-management", "data-management", "data-logics", "system-management", "operations-management"} {
		var roles []sallyport.RoleID
		if permission != "" {
			roles = append(roles, w.Role("only "+permission, sallyport.Permission("edgeintel/"+permission)))
		}
		w.User("u"+permission, roles...)
		p := w.tokens(t, login("u"+permission, dialecttest.Password))
		for _, c := range calls {
			want := 200
			if permission == "" || c.assets && permission != "asset-management" {
				want = 403
			}
			r := w.Ask(c.method, c.path, "", w.with(p, w.Tenant)...)
			if r.Status != want {
				t.Errorf("%s %s with %q: %d, want %d: %s", c.method, c.path, permission, r.Status, want, r.Body)
			}
			if want == 403 && (!strings.Contains(r.Body, `"requiredPermissions":["asset-management"`) || !strings.Contains(r.Body, "Unauthorized error") || !strings.Contains(r.Body, "Asset Management")) {
				t.Errorf("%s %s with %q: %s", c.method, c.path, permission, r.Body)
			}
		}
	}
}

func TestForbiddenAs401(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"forbidden_status": "401", "key_refresh": "no", "refresh_lifetime": "1h"})
	p := w.tokens(t, login("jane", dialecttest.Password))
	if p.RefreshExpires != 3600 {
		t.Errorf("refresh token for %d s", p.RefreshExpires)
	}
	r := w.Ask("POST", types, "{}", w.with(p, w.Tenant)...)
	if r.Status != 401 || !strings.HasPrefix(r.Body, `{"status":401,"message":"Unauthorized error`) || r.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r := w.Ask("GET", types, "", w.with(p, "")...); r.Status != 400 || !strings.HasPrefix(r.Body, `{"status":400,`) {
		t.Errorf("without a tenant: %d %s", r.Status, r.Body)
	}
	key := w.Key(w.acme, "robot", time.Time{}, w.assets)
	if p := w.tokens(t, clientCredentials("robot", key.Secret.Reveal())); p.Refresh != "" {
		t.Error("an API key got a refresh token")
	}
}
