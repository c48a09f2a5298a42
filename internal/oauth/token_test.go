package oauth_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

const minute = time.Minute

func (k *kit) claims(secret, audience string) token.Claims {
	k.T.Helper()
	c, err := k.Doors.Keys().Verify(token.AccessJWT, secret, token.Expect{Audience: audience, Now: k.Clock.Now()})
	if err != nil {
		k.T.Fatalf("the access token does not verify: %v", err)
	}
	return c
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, tt := range []struct {
		name     string
		header   http.Header
		fields   []string
		audience string
		scopes   string // "-": none said
		life     time.Duration
	}{
		{"by Basic", k.asKey(), nil, doorstest.Issuer, "-", 5 * minute},
		{"by name", basic("robot", k.secret), nil, doorstest.Issuer, "-", 5 * minute},
		{"by body", nil, []string{"client_id", string(k.key.ID), "client_secret", k.secret}, doorstest.Issuer, "-", 5 * minute},
		{"id in both", k.asKey(), []string{"client_id", string(k.key.ID)}, doorstest.Issuer, "-", 5 * minute},
		{"resource by name", k.asKey(), []string{"resource", "stock"}, "stock", "-", 2 * minute},
		{"resource by URL", k.asKey(), []string{"resource", doorstest.Issuer + "/stock"}, "stock", "-", 2 * minute},
		{"resource by alias", k.asKey(), []string{"resource", doorstest.Issuer + "/boutique"}, "shop", "-", 5 * minute},
		{"resource of a host", k.asKey(), []string{"resource", "http://shop.example"}, "hosted", "-", 5 * minute},
		{"the whole installation", k.asKey(), []string{"resource", doorstest.Issuer}, doorstest.Issuer, "-", 5 * minute},
		{"audience", k.asKey(), []string{"audience", "stock"}, "stock", "-", 2 * minute},
		{"scope tells the resource", k.asKey(), []string{"scope", "shop/writing shop/reading"}, "shop", "shop/reading shop/writing", 5 * minute},
		{"scopes of two", k.asKey(), []string{"scope", "shop/reading stock"}, doorstest.Issuer, "shop/reading stock", 5 * minute},
		{"empty parameter", k.asKey(), []string{"scope", "", "resource", ""}, doorstest.Issuer, "-", 5 * minute},
	} {
		status, a := k.post("/oauth2/token", tt.header, append(tt.fields, "grant_type", "client_credentials")...)
		if status != http.StatusOK {
			t.Errorf("%s: %d %v", tt.name, status, a)
			continue
		}
		c := k.claims(text(a, "access_token"), tt.audience)
		id := string(k.key.ID)
		if c.Client != id || string(c.Session) != id || string(c.Subject) != id || c.Tenant != doorstest.Tenant {
			t.Errorf("%s: claims %+v", tt.name, c)
		}
		if c.Expires.Sub(c.Issued) != tt.life || a["expires_in"] != tt.life.Seconds() {
			t.Errorf("%s: lives %s, and says %v", tt.name, c.Expires.Sub(c.Issued), a["expires_in"])
		}
		scopes, said := a["scope"]
		if tt.scopes == "-" && (said || c.Scopes != nil) || tt.scopes != "-" && (scopes != tt.scopes || strings.Join(c.Scopes, " ") != tt.scopes) {
			t.Errorf("%s: scope %v, in the token %q", tt.name, scopes, c.Scopes)
		}
		if _, there := a["refresh_token"]; there {
			t.Errorf("%s: there is a refresh token", tt.name)
		}
	}
}

// What is wrong with a client cannot be told from the answer.
func TestClientRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	revoked, revokedSecret := k.Key("revoked")
	k.Revoke(revoked)
	_, personal := k.Token(k.alice)
	far, farSecret := k.Credential(sallyport.Credential{
		Kind: sallyport.APIKey, Name: "far", Tenant: doorstest.Tenant, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	for _, tt := range []struct {
		name   string
		header http.Header
		fields []string
		code   string
	}{
		{"nobody", nil, nil, "invalid_client"},
		{"public client", nil, []string{"client_id", "sallyport"}, "invalid_client"},
		{"wrong secret", basic(string(k.key.ID), k.otherKey), nil, "invalid_client"},
		{"another client's id", basic(string(k.other.ID), k.secret), nil, "invalid_client"},
		{"unknown secret", basic(string(k.key.ID), "spk_000000000000000000000000000000000000"), nil, "invalid_client"},
		{"no secret", basic(string(k.key.ID), ""), nil, "no secret"},
		{"no secret in the body", nil, []string{"client_id", string(k.key.ID)}, "no secret"},
		{"no secret, unknown client", nil, []string{"client_id", "cli"}, "no secret"},
		{"no id", nil, []string{"client_secret", k.secret}, "invalid_client"},
		{"revoked", basic(string(revoked.ID), revokedSecret), nil, "invalid_client"},
		{"from elsewhere", basic(string(far.ID), farSecret), nil, "invalid_client"},
		{"a personal token", basic("alice", personal), nil, "invalid_client"},
		{"a password", basic("alice", secretOfAlice), nil, "invalid_client"},
		{"not base64", http.Header{"Authorization": {"Basic !!"}}, nil, "invalid_client"},
		{"not canonical base64", http.Header{"Authorization": {"Basic YWE6Yh=="}}, nil, "invalid_client"},
		{"bad percent", http.Header{"Authorization": {"Basic JTp4"}}, nil, "invalid_client"},
		{"another scheme", http.Header{"Authorization": {"Digest x"}}, nil, "invalid_client"},
		{"bearer", bearer(k.secret), nil, "invalid_client"},
		{"assertion", nil, []string{"client_assertion", "x", "client_assertion_type", "y"}, "invalid_client"},

		{"two ways", k.asKey(), []string{"client_id", string(k.key.ID), "client_secret", k.secret}, "invalid_request"},
		{"two ids", k.asKey(), []string{"client_id", string(k.other.ID)}, "invalid_request"},
		{"two headers", http.Header{"Authorization": {k.asKey().Get("Authorization"), "Basic eDp5"}}, nil, "invalid_request"},
	} {
		f := strings.NewReader(encode(append(tt.fields, "grant_type", "client_credentials")))
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", f)
		maps.Copy(r.Header, tt.header)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := k.send(r)
		want, status := `{"error":"invalid_client","error_description":"client authentication failed"}`, http.StatusUnauthorized
		switch tt.code {
		case "invalid_client":
		case "no secret": // which tells of no client whether there is one
			want = `{"error":"invalid_client","error_description":"the client's secret is missing; a client without one has the client_id sallyport"}`
		default:
			want, status = `"error":"`+tt.code+`"`, http.StatusBadRequest
		}
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (status == http.StatusUnauthorized) != (challenge == `Basic realm="sallyport", charset="UTF-8"`) {
			t.Errorf("%s: challenge %q", tt.name, challenge)
		}
	}
}

// A token reaches no further than the key that it was exchanged for.
func TestKeysLimitsHold(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	scoped, secret := k.Credential(sallyport.Credential{
		Kind: sallyport.APIKey, Name: "scoped", Tenant: doorstest.Tenant, Scopes: []string{"shop/reading", "stock"},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Expires: k.Clock.Now().Add(90 * time.Second),
	})
	reader := k.Role("shop reader", "shop/read", "shop/write", "stock/read")
	k.Bind(sallyport.Binding{Subject: string(scoped.ID), SubjectKind: sallyport.SubjectKey, Role: reader})
	for _, tt := range []struct {
		fields []string
		want   string // the scope, or the error
	}{
		{nil, "shop/reading stock"},
		{[]string{"resource", "shop"}, "shop/reading"},
		{[]string{"scope", "shop/reading"}, "shop/reading"},
		{[]string{"scope", "stock/writing"}, "stock/writing"},
		{[]string{"scope", "shop/writing"}, "invalid_scope"},
		{[]string{"scope", "shop"}, "invalid_scope"},
		{[]string{"resource", "hosted"}, "invalid_scope"},
		{[]string{"resource", "shop", "scope", "stock"}, "invalid_scope"},
		{[]string{"scope", "shop/none"}, "invalid_scope"},
		{[]string{"scope", "shop/reading  stock"}, "invalid_scope"},
		{[]string{"resource", "off"}, "invalid_target"},
		{[]string{"resource", "none"}, "invalid_target"},
		{[]string{"resource", doorstest.Issuer + "/stock/"}, "invalid_target"},
		{[]string{"resource", "stock", "audience", "shop"}, "invalid_target"},
		{[]string{"resource", "stock", "resource", "stock"}, "invalid_target"},
	} {
		_, a := k.post("/oauth2/token", basic("scoped", secret), append(tt.fields, "grant_type", "client_credentials")...)
		if got := text(a, "scope") + text(a, "error"); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.fields, got, tt.want)
		}
	}
	_, a := k.post("/oauth2/token", basic("scoped", secret), "grant_type", "client_credentials", "resource", "shop")
	access := text(a, "access_token")
	if a["expires_in"] != 90.0 {
		t.Errorf("the token lives %v s, its key 90", a["expires_in"])
	}
	if reason := k.opens("shop", access); reason != "" {
		t.Errorf("refused with %q", reason)
	}
	if reason := k.opens("stock", access); reason != sallyport.ClaimsInvalid {
		t.Errorf("at another API: %q", reason)
	}
	if reason := k.opensFrom("shop", access, "198.51.100.1"); reason != sallyport.NetworkForbidden {
		t.Errorf("from elsewhere: %q", reason)
	}
	k.Revoke(scoped)
	if reason := k.opens("shop", access); reason != sallyport.CredentialRevoked && reason != sallyport.OwnerInactive {
		t.Errorf("after the end of the key: %q", reason)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	gone := k.User("gone", secretOfAlice)
	k.Deactivate(gone)
	access, refresh := k.signIn("scope", "shop/reading")
	c := k.claims(access, "shop")
	if c.Client != "sallyport" || c.Subject != k.alice || c.Session == "" || string(c.Session) == c.Client || c.Tenant != "" {
		t.Errorf("claims %+v", c)
	}
	if reason := k.opens("shop", access); reason != "" {
		t.Errorf("refused with %q", reason)
	}
	if kind, ok := token.Inspect(refresh); !ok || kind != sallyport.RefreshToken {
		t.Error("no refresh token")
	}
	status, a := k.post("/oauth2/token", k.asKey(), "grant_type", "password", "username", "alice", "password", secretOfAlice, "resource", "shop")
	if status != http.StatusOK || k.claims(text(a, "access_token"), "shop").Client != string(k.key.ID) {
		t.Errorf("with a client: %d %v", status, a)
	}
	same := map[string]int{}
	for _, tt := range []struct {
		login, password, resource, code string
	}{
		{"alice", "wrong", "shop", "invalid_grant"},
		{"nobody", secretOfAlice, "shop", "invalid_grant"},
		{"gone", secretOfAlice, "shop", "invalid_grant"},
		{"alice", "", "shop", "invalid_request"},
		{"", secretOfAlice, "shop", "invalid_request"},
		{strings.Repeat("a", 300), secretOfAlice, "shop", "invalid_request"},
		{"alice", secretOfAlice, "", "unsupported_grant_type"},
		{"alice", secretOfAlice, "stock", "unsupported_grant_type"},
		{"alice", secretOfAlice, doorstest.Issuer, "unsupported_grant_type"},
		{"alice", secretOfAlice, "none", "invalid_target"},
	} {
		status, a := k.post("/oauth2/token", nil, "grant_type", "password", "username", tt.login, "password", tt.password, "resource", tt.resource)
		if status != http.StatusBadRequest || text(a, "error") != tt.code {
			t.Errorf("%.10q %q at %q: %d %v", tt.login, tt.password, tt.resource, status, a)
		}
		if tt.code == "invalid_grant" {
			same[text(a, "error_description")]++
		}
	}
	if len(same) != 1 {
		t.Errorf("one can tell why: %v", same)
	}
}

// Guessing here and guessing with HTTP Basic spend one budget.
func TestPasswordsAreThrottled(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for range 20 {
		k.Doors.Authenticate(t.Context(), "alice", "wrong", netip.MustParseAddr("192.0.2.7"))
	}
	f := strings.NewReader(encode([]string{"grant_type", "password", "username", "alice", "password", "wrong again", "resource", "shop"}))
	r := httptest.NewRequest(http.MethodPost, "/oauth2/token", f)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := k.send(r)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// A sign-in in the second in which all earlier ones were ended is good, and one
// before it is not.
func TestNotBefore(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Clock.Advance(300 * time.Millisecond)
	old, _ := k.signIn()
	k.Clock.Advance(300 * time.Millisecond)
	k.endEverything(k.alice)
	k.Clock.Advance(300 * time.Millisecond)
	fresh, _ := k.signIn()
	if reason := k.opens("shop", old); reason != sallyport.CredentialRevoked {
		t.Errorf("the old one: %q", reason)
	}
	if reason := k.opens("shop", fresh); reason != "" {
		t.Errorf("the new one: %q", reason)
	}
}

// TestStoreDown: RF-07. Nobody is told that a good secret is bad, and nothing is
// used up.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, refresh := k.signIn()
	if err := k.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, fields := range [][]string{
		{"grant_type", "client_credentials"},
		{"grant_type", "refresh_token", "refresh_token", refresh},
		{"grant_type", "refresh_token", "refresh_token", refresh, "client_id", "robot", "client_secret", k.secret},
	} {
		var header http.Header
		if len(fields) == 2 {
			header = k.asKey()
		}
		status, a := k.post("/oauth2/token", header, fields...)
		if status != http.StatusServiceUnavailable || text(a, "error") != "temporarily_unavailable" || a["access_token"] != nil {
			t.Errorf("%q: %d %v", fields[:2], status, a)
		}
	}
	for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
		if status, a := k.post(path, k.asKey(), "token", refresh); status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %v", path, status, a)
		}
	}
}

// A node that does not know whether a key was revoked meanwhile gives it no token.
func TestStaleNode(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.exchanged()
	k.Clock.Advance(minute)
	if status, a := k.post("/oauth2/token", k.asKey(), "grant_type", "client_credentials"); status != http.StatusServiceUnavailable {
		t.Errorf("%d %v", status, a)
	}
	k.Apply()
	k.exchanged()
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	access, first := k.signIn()
	status, a := k.refresh(first)
	second, renewed := text(a, "refresh_token"), text(a, "access_token")
	if status != http.StatusOK || second == first || second == "" {
		t.Fatalf("%d %v", status, a)
	}
	old, c := k.claims(access, "shop"), k.claims(renewed, "shop")
	if c.Session != old.Session || c.Client != old.Client || c.ID == old.ID {
		t.Errorf("claims %+v after %+v", c, old)
	}

	// RF-04: the answer was lost; within the window it is given again.
	k.Clock.Advance(5 * time.Second)
	if status, a := k.refresh(first); status != http.StatusOK || text(a, "refresh_token") != second {
		t.Fatalf("the retry got %d %v", status, a)
	}
	// RF-02: after it, a used token is in wrong hands.
	k.Clock.Advance(6 * time.Second)
	k.Apply() // the lease
	if reason := k.opens("shop", renewed); reason != "" {
		t.Fatalf("before the reuse: %q", reason)
	}
	if status, a := k.refresh(first); status != http.StatusBadRequest || text(a, "error") != "invalid_grant" {
		t.Errorf("the reuse got %d %v", status, a)
	}
	for name, secret := range map[string]string{"first": access, "second": renewed} {
		if reason := k.opens("shop", secret); reason != sallyport.CredentialRevoked {
			t.Errorf("%s access token after the reuse: %q", name, reason)
		}
	}
	if status, a := k.refresh(second); status != http.StatusBadRequest {
		t.Errorf("the successor after the reuse: %d %v", status, a)
	}
	if !k.audited("sign_in.reuse") {
		t.Error("the reuse is not in the audit trail")
	}
}

// RF-05: the retry window is for the immediate predecessor only.
func TestGrandparentIsReuse(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, first := k.signIn()
	_, a := k.refresh(first)
	_, b := k.refresh(text(a, "refresh_token"))
	if status, _ := k.refresh(first); status != http.StatusBadRequest {
		t.Errorf("the grandparent got %d", status)
	}
	if status, _ := k.refresh(text(b, "refresh_token")); status != http.StatusBadRequest {
		t.Errorf("the sign-in goes on: %d", status)
	}
}

// RF-01: of many exchanges at once there is one heir.
func TestParallelRefresh(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, first := k.signIn()
	const many = 64
	heirs := make([]string, many)
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() {
			status, a := k.refresh(first)
			if status != http.StatusOK {
				t.Errorf("%d %v", status, a)
			}
			heirs[i] = text(a, "refresh_token")
		})
	}
	wait.Wait()
	for _, heir := range heirs {
		if heir == "" || heir != heirs[0] {
			t.Fatal("there are several heirs")
		}
	}
	if status, _ := k.refresh(heirs[0]); status != http.StatusOK {
		t.Errorf("the heir is not good: %d", status)
	}
}

// RF-08: a stranger with a stolen token gets nothing and ends nothing.
func TestRefreshTokenIsBoundToItsClient(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	grant := []string{"grant_type", "password", "username", "alice", "password", secretOfAlice, "resource", "shop"}
	_, a := k.post("/oauth2/token", k.asKey(), grant...)
	secret := text(a, "refresh_token")
	try := []string{"grant_type", "refresh_token", "refresh_token", secret}
	for _, tt := range []struct {
		name   string
		header http.Header
		fields []string
		status int
		code   string
	}{
		{"no client", nil, nil, http.StatusBadRequest, "invalid_grant"},
		{"the public client", nil, []string{"client_id", "sallyport"}, http.StatusBadRequest, "invalid_grant"},
		{"its id alone", nil, []string{"client_id", string(k.key.ID)}, http.StatusUnauthorized, "invalid_client"},
		{"wrong secret", basic(string(k.key.ID), k.otherKey), nil, http.StatusUnauthorized, "invalid_client"},
		{"another client", basic(string(k.other.ID), k.otherKey), nil, http.StatusBadRequest, "invalid_grant"},
		{"another client, asking for scopes", basic(string(k.other.ID), k.otherKey), []string{"scope", "shop"}, http.StatusBadRequest, "invalid_grant"},
		{"another client, asking what it is for", basic(string(k.other.ID), k.otherKey), []string{"resource", "stock"}, http.StatusBadRequest, "invalid_grant"},
	} {
		status, a := k.post("/oauth2/token", tt.header, append(try, tt.fields...)...)
		if status != tt.status || text(a, "error") != tt.code {
			t.Errorf("%s: %d %v", tt.name, status, a)
		}
	}
	if status, a := k.post("/oauth2/token", k.asKey(), try...); status != http.StatusOK {
		t.Errorf("its own client after that: %d %v", status, a)
	}
	if !k.audited("sign_in.wrong_client") {
		t.Error("the attempts are not in the audit trail")
	}
}

// RF-09: scopes only shrink, and to ask for too many costs nothing.
func TestRefreshNarrows(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, secret := k.signIn("scope", "shop/reading")
	for _, tt := range []struct {
		fields []string
		code   string
	}{
		{[]string{"scope", "shop"}, "invalid_scope"},
		{[]string{"scope", "shop/writing"}, "invalid_scope"},
		{[]string{"scope", "shop/reading shop/writing"}, "invalid_scope"},
		{[]string{"resource", "stock"}, "invalid_target"},
		{[]string{"resource", doorstest.Issuer, "scope", "stock"}, "invalid_scope"},
	} {
		if status, a := k.refresh(secret, tt.fields...); status != http.StatusBadRequest || text(a, "error") != tt.code {
			t.Errorf("%q: %d %v", tt.fields, status, a)
		}
	}
	k.Clock.Advance(minute) // beyond the retry window: the token was not used up
	status, a := k.refresh(secret, "scope", "shop/reading", "resource", "shop")
	if status != http.StatusOK || text(a, "scope") != "shop/reading" {
		t.Fatalf("%d %v", status, a)
	}
	if c := k.claims(text(a, "access_token"), "shop"); len(c.Scopes) != 1 {
		t.Errorf("scopes %q", c.Scopes)
	}
}

// RF-10 and RF-11: the owner is looked at anew, and there is an absolute end.
func TestRefreshEnds(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, secret := k.signIn()
	k.Clock.Advance(29 * 24 * time.Hour)
	k.Apply()
	status, a := k.refresh(secret)
	if status != http.StatusOK {
		t.Fatalf("on day 29: %d %v", status, a)
	}
	k.Clock.Advance(24*time.Hour - minute)
	status, a = k.refresh(text(a, "refresh_token"))
	if status != http.StatusOK || a["expires_in"] != 60.0 {
		t.Fatalf("a minute before the end: %d %v", status, a)
	}
	k.Clock.Advance(minute)
	if status, a = k.refresh(text(a, "refresh_token")); status != http.StatusBadRequest || text(a, "error") != "invalid_grant" {
		t.Errorf("on day 30: %d %v", status, a)
	}
	k.Apply()
	access, secret := k.signIn()
	k.Deactivate(k.alice)
	if status, a = k.refresh(secret); status != http.StatusBadRequest || text(a, "error") != "invalid_grant" {
		t.Errorf("of a deactivated user: %d %v", status, a)
	}
	if reason := k.opens("shop", access); reason != sallyport.OwnerInactive {
		t.Errorf("access token of a deactivated user: %q", reason)
	}
}

// RF-14 and P6: no secret is at rest or in a log.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	access, refresh := k.signIn()
	_, a := k.refresh(refresh)
	k.post("/oauth2/token", k.asKey(), "grant_type", "client_credentials", "resource", "none")
	k.post("/oauth2/token", basic("robot", k.otherKey), "grant_type", "client_credentials")
	k.post("/oauth2/token?client_secret="+k.secret, nil, "grant_type", "client_credentials")
	k.post("/oauth2/token", nil, "grant_type", "password", "username", "alice", "password", "hunter2hunter2", "resource", "shop")
	k.post("/oauth2/introspect", k.asKey(), "token", access)
	k.post("/oauth2/revoke", k.asKey(), "token", access)
	log := k.log.String()
	for name, secret := range map[string]string{
		"access token": access, "refresh token": refresh, "successor": text(a, "refresh_token"), "key": k.secret,
		"other key": k.otherKey, "password": secretOfAlice, "wrong password": "hunter2hunter2",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
	if !strings.Contains(log, "invalid_target") || !strings.Contains(log, string(sallyport.PasswordWrong)) {
		t.Errorf("the log does not tell why:\n%s", log)
	}
}

func (k *kit) audited(action string) bool {
	k.T.Helper()
	rows, _, err := k.Store.EveryAudit(k.T.Context(), store.AuditFilter{}, store.Page{Limit: 100})
	if err != nil {
		k.T.Fatal(err)
	}
	for _, row := range rows {
		if row.Action == action {
			return true
		}
	}
	return false
}

// A body that somebody in front may have looked into is the one that is read.
func TestCodedFormsAreRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for coding, want := range map[string]int{"": http.StatusOK, "identity": http.StatusOK, "gzip": http.StatusBadRequest, "identity, br": http.StatusBadRequest} {
		header := k.asKey()
		if coding != "" {
			header.Set("Content-Encoding", coding)
		}
		status, answer := k.post("/oauth2/token", header, "grant_type", "client_credentials")
		if status != want || want != http.StatusOK && !strings.Contains(text(answer, "error_description"), "content coding") {
			t.Errorf("%q: %d %v", coding, status, answer)
		}
	}
}

// A password that somebody else has set begins no sign-in.
func TestPasswordOfAnotherStartsNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.PasswordOf(ctx, k.alice)
		if err != nil {
			return err
		}
		tx.Note(sallyport.ChangePrincipal, string(k.alice))
		return tx.SetPassword(ctx, doorstest.Tenant, k.alice, p.Hash, true)
	})
	status, a := k.post("/oauth2/token", k.asKey(), "grant_type", "password", "username", "alice", "password", secretOfAlice, "resource", "shop")
	if status != http.StatusBadRequest || text(a, "error") != "invalid_grant" || !strings.Contains(text(a, "error_description"), "/sallyport/") {
		t.Errorf("%d %v", status, a)
	}
	if _, a = k.post("/oauth2/token", k.asKey(), "grant_type", "password", "username", "alice", "password", "wrong", "resource", "shop"); strings.Contains(text(a, "error_description"), "change") {
		t.Errorf("who does not know the password learns about it: %v", a)
	}
}
