package doors_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

const password = "correct horse battery staple"

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
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}, {Name: "admin"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "reading", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET"}, Path: "/orders", AnyOf: []string{"read", "write"}},
			{ID: "get", Methods: []string{"GET"}, Path: "/orders/{id}", AnyOf: []string{"read"}},
			{ID: "put", Methods: []string{"PUT"}, Path: "/orders/{id}", AllOf: []string{"read", "write"}},
			{ID: "me", Methods: []string{"GET"}, Path: "/me", Authenticated: true},
			{ID: "health", Methods: []string{"GET"}, Path: "/health", Public: true},
			{ID: "banner", Methods: []string{"GET"}, Path: "/banner", Public: true, IgnoreCredentials: true},
		},
	}
}

// ask puts a request to the doors. Headers are given as name, value, name, ….
func ask(t testing.TB, d *doors.Doors, method, target string, headers ...string) sallyport.Decision {
	t.Helper()
	return d.Decide(context.WithoutCancel(t.Context()), request(method, target, headers...))
}

func request(method, target string, headers ...string) *doors.Request {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &doors.Request{
		ID: "test", Method: method, Target: target, Host: "api.test", Scheme: "http", Header: h,
		Client: netip.MustParseAddr("192.0.2.7"),
	}
}

func basic(login, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(login, password)
	return r.Header.Get("Authorization")
}

// TestWhoMayWhat is the rules of the two doors, one line each.
func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	reader := k.Role("reader", "shop/read")
	writer := k.Role("writer", "shop/write")
	alice := k.User("alice", password, reader)
	k.User("bob", password, reader, writer)
	gone := k.User("gone", password, reader)
	_, goneToken := k.Token(gone)
	k.Deactivate(gone)
	_, token := k.Token(alice)
	_, scoped := k.Token(alice, "shop/reading")
	_, foreign := k.Token(alice, "other/thing")
	_, key := k.Key("robot", writer)
	fresh := k.User("fresh", "", reader)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.PasswordOf(ctx, alice)
		if err != nil {
			return err
		}
		return tx.SetPassword(ctx, doorstest.Tenant, fresh, p.Hash, true)
	})
	_, freshToken := k.Token(fresh)
	careful := k.User("careful", password, reader)
	_, carefulToken := k.Token(careful)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, string(careful))
		return tx.InsertFactor(ctx, &store.Factor{ID: "f1", Principal: careful, Kind: store.FactorTOTP, Name: "app", Active: true, Secret: "x"})
	})
	revoked, revokedSecret := k.Token(alice)
	k.Revoke(revoked)
	_, access := k.AccessToken(alice, "shop")
	_, elsewhere := k.AccessToken(alice, "other")

	const unknownTenant = "11111111-1111-1111-1111-111111111111"
	for _, tt := range []struct {
		name, method, target string
		headers              []string
		want                 sallyport.Reason
	}{
		{"public route, nobody", "GET", "/shop/health", nil, ""},
		{"public route, bad credential", "GET", "/shop/health", []string{"Authorization", "Bearer garbage"}, sallyport.CredentialUnknown},
		{"public route that does not look", "GET", "/shop/banner", []string{"Authorization", "Bearer garbage"}, ""},
		{"nobody", "GET", "/shop/orders", nil, sallyport.CredentialMissing},
		{"nobody and no route", "GET", "/shop/nothing", nil, sallyport.CredentialMissing},
		{"no API", "GET", "/other", nil, sallyport.APIUnknown},

		{"Basic", "GET", "/shop/orders", []string{"Authorization", basic("alice", password)}, ""},
		{"Basic, login in capitals", "GET", "/shop/orders", []string{"Authorization", basic("ALICE", password)}, ""},
		{"Basic, password of somebody else's choice", "GET", "/shop/orders", []string{"Authorization", basic("fresh", password)}, sallyport.PasswordChangeRequired},
		{"Basic, the same at a public route", "GET", "/shop/health", []string{"Authorization", basic("fresh", password)}, sallyport.PasswordChangeRequired},
		{"Basic, guess at it", "GET", "/shop/orders", []string{"Authorization", basic("fresh", "wrong")}, sallyport.PasswordWrong},
		{"Basic, of who has a second factor", "GET", "/shop/orders", []string{"Authorization", basic("careful", password)}, sallyport.SecondFactorRequired},
		{"Basic, of who has a second factor, at a public route", "GET", "/shop/health", []string{"Authorization", basic("careful", password)}, sallyport.SecondFactorRequired},
		{"Basic, guess at who has a second factor", "GET", "/shop/orders", []string{"Authorization", basic("careful", "wrong")}, sallyport.PasswordWrong},
		{"a token of who has a second factor", "GET", "/shop/orders", []string{"Authorization", "Bearer " + carefulToken}, ""},
		{"a token of the same user", "GET", "/shop/orders", []string{"Authorization", "Bearer " + freshToken}, ""},
		{"Basic, wrong password", "GET", "/shop/orders", []string{"Authorization", basic("alice", "wrong")}, sallyport.PasswordWrong},
		{"Basic, unknown user", "GET", "/shop/orders", []string{"Authorization", basic("nobody", password)}, sallyport.UserUnknown},
		{"Basic, deactivated user", "GET", "/shop/orders", []string{"Authorization", basic("gone", password)}, sallyport.OwnerInactive},
		{"Basic, malformed", "GET", "/shop/orders", []string{"Authorization", "Basic !!"}, sallyport.CredentialMalformed},

		{"personal token", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token}, ""},
		{"personal token in the key header", "GET", "/shop/orders", []string{"X-Api-Key", token}, ""},
		{"one character more", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token + "0"}, sallyport.CredentialMalformed},
		{"no character of a token", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token[:len(token)-1] + "!"}, sallyport.CredentialMalformed},
		{"not ASCII", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token + "é"}, sallyport.CredentialMalformed},
		{"list of tokens", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token + ",x"}, sallyport.CredentialsAmbiguous},
		{"revoked", "GET", "/shop/orders", []string{"Authorization", "Bearer " + revokedSecret}, sallyport.CredentialRevoked},
		{"owner deactivated", "GET", "/shop/orders", []string{"Authorization", "Bearer " + goneToken}, sallyport.OwnerInactive},
		{"token as session cookie", "GET", "/shop/orders", []string{"Cookie", "sp_session=" + token}, sallyport.CredentialNotAccepted},
		{"two credentials", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Api-Key", key}, sallyport.CredentialsAmbiguous},
		{"key in the URL", "GET", "/shop/orders?api_key=" + key, nil, sallyport.CredentialMisplaced},

		{"access token", "GET", "/shop/orders", []string{"Authorization", "Bearer " + access}, ""},
		{"access token for another API", "GET", "/shop/orders", []string{"Authorization", "Bearer " + elsewhere}, sallyport.ClaimsInvalid},
		{"access token, changed", "GET", "/shop/orders", []string{"Authorization", "Bearer " + access[:len(access)-4] + "AAAA"}, sallyport.SignatureInvalid},

		{"no right", "PUT", "/shop/orders/1", []string{"Authorization", "Bearer " + token}, sallyport.PermissionMissing},
		{"both rights, of two roles", "PUT", "/shop/orders/1", []string{"Authorization", basic("bob", password)}, ""},
		{"API key, any of", "GET", "/shop/orders", []string{"X-Api-Key", key}, ""},
		{"API key, not that one", "GET", "/shop/orders/1", []string{"X-Api-Key", key}, sallyport.PermissionMissing},
		{"anybody known", "GET", "/shop/me", []string{"X-Api-Key", key}, ""},
		{"no route", "GET", "/shop/nothing", []string{"Authorization", "Bearer " + token}, sallyport.RouteUnknown},
		{"no method", "DELETE", "/shop/orders/1", []string{"Authorization", "Bearer " + token}, sallyport.MethodNotAllowed},
		{"HEAD is GET", "HEAD", "/shop/orders", []string{"Authorization", "Bearer " + token}, ""},

		{"scope reaches", "GET", "/shop/orders", []string{"Authorization", "Bearer " + scoped}, ""},
		{"scope of another API", "GET", "/shop/orders", []string{"Authorization", "Bearer " + foreign}, sallyport.ScopeInsufficient},

		{"own tenant named", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Tenant-Id", string(doorstest.Tenant)}, ""},
		{"unknown tenant", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Tenant-Id", unknownTenant}, sallyport.TenantForbidden},
		{"tenant in capitals", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Tenant-Id", "4213B2BC-e1ab-4225-acc6-2f64c98d621b"}, sallyport.TenantMalformed},
		{"two tenants", "GET", "/shop/orders", []string{"Authorization", "Bearer " + token, "X-Tenant-Id", string(doorstest.Tenant), "X-Tenant-Id", unknownTenant}, sallyport.TenantMalformed},

		{"dot segment", "GET", "/shop/../admin", []string{"Authorization", "Bearer " + token}, sallyport.PathAmbiguous},
		{"encoded slash", "GET", "/shop/orders%2f1", []string{"Authorization", "Bearer " + token}, sallyport.PathAmbiguous},
		{"escaped letter is the letter", "GET", "/shop/%6frders", []string{"Authorization", "Bearer " + token}, ""},
		{"CONNECT", "CONNECT", "/shop/orders", nil, sallyport.MethodNotAllowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dec := ask(t, k.Doors, tt.method, tt.target, tt.headers...)
			if dec.Reason != tt.want || dec.Allowed != (tt.want == "") {
				t.Errorf("allowed %v, reason %q; want reason %q", dec.Allowed, dec.Reason, tt.want)
			}
		})
	}
}

// A target that cannot be read is refused; in which API's manner is told by the
// part of the path that can.
func TestInWhoseManner(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	for target, want := range map[string]sallyport.APIName{
		"/shop/orders/a%5Cb": "shop", "/shop/%5c/%2f": "shop", "/shop/a%00": "shop", "/shop/orders?q=a%zz#x": "shop", "/shop/a;b\\c": "shop",
		"/%5Cshop/orders": "", "/elsewhere/%5C": "", "\\shop": "", "/shop/../x%5C": "", "%5C": "",
		"/shop/" + strings.Repeat("a/", 9000): "", "/shop/orders?" + strings.Repeat("a", 20000): "shop",
	} {
		r := doors.Request{Method: "GET", Target: target, Host: "api.test", Scheme: "https"}
		dec := k.Doors.Decide(t.Context(), &r)
		if dec.Allowed || dec.API != want || (r.API != nil) != (want != "") || r.Match.Route != nil {
			t.Errorf("%.40s: allowed %v, %s, API %q, want %q", target, dec.Allowed, dec.Reason, dec.API, want)
		}
	}
}

func TestRefusalNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, key := k.Key("robot", k.Role("reader", "shop/read"))
	dec := ask(t, k.Doors, "PUT", "/shop/orders/1", "X-Api-Key", key)
	if len(dec.Missing) != 1 || dec.Missing[0] != "shop/write" {
		t.Errorf("missing %v, want shop/write alone", dec.Missing)
	}
	_, scoped := k.Token(k.User("alice", "", k.Role("all", "shop/read", "shop/write")), "shop/reading")
	dec = ask(t, k.Doors, "PUT", "/shop/orders/1", "Authorization", "Bearer "+scoped)
	if dec.Reason != sallyport.ScopeInsufficient || len(dec.MissingScopes) != 1 || dec.MissingScopes[0] != "shop" {
		t.Errorf("reason %q, scopes %v; want scope_insufficient naming shop", dec.Reason, dec.MissingScopes)
	}
}

func TestRealmsAndConditions(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	reader := k.Role("reader", "shop/read")
	alice := k.User("alice", "")
	k.Bind(sallyport.Binding{Subject: string(alice), SubjectKind: sallyport.SubjectUser, Role: reader, Realm: "north"})
	bob := k.User("bob", "")
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: reader, Condition: `in_network(client, "10.0.0.0/8")`})
	_, a := k.Token(alice)
	_, b := k.Token(bob)
	for _, tt := range []struct {
		name, target, secret string
		want                 sallyport.Reason
	}{
		{"her realm", "/shop/orders?realm=north", a, ""},
		{"another realm", "/shop/orders?realm=south", a, sallyport.RealmForbidden},
		{"no realm", "/shop/orders", a, sallyport.RealmForbidden},
		{"from elsewhere", "/shop/orders", b, sallyport.ConditionUnmet},
	} {
		if dec := ask(t, k.Doors, "GET", tt.target, "Authorization", "Bearer "+tt.secret); dec.Reason != tt.want {
			t.Errorf("%s: reason %q, want %q", tt.name, dec.Reason, tt.want)
		}
	}
	r := request("GET", "/shop/orders", "Authorization", "Bearer "+b)
	r.Client = netip.MustParseAddr("10.1.2.3")
	if dec := k.Doors.Decide(t.Context(), r); !dec.Allowed {
		t.Errorf("from the right network: reason %q", dec.Reason)
	}
}

// TestChangesAreInForceAtOnce: what was let in a moment ago is refused as soon
// as the change was applied, although it is remembered.
func TestChangesAreInForceAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*doorstest.Kit, sallyport.PrincipalID, sallyport.Credential, sallyport.FamilyID)
		want   map[string]sallyport.Reason
	}{
		{"nothing", func(*doorstest.Kit, sallyport.PrincipalID, sallyport.Credential, sallyport.FamilyID) {}, nil},
		{
			"token revoked",
			func(k *doorstest.Kit, _ sallyport.PrincipalID, c sallyport.Credential, _ sallyport.FamilyID) {
				k.Revoke(c)
			},
			map[string]sallyport.Reason{"token": sallyport.CredentialRevoked},
		},
		{
			"user deactivated",
			func(k *doorstest.Kit, id sallyport.PrincipalID, _ sallyport.Credential, _ sallyport.FamilyID) {
				k.Deactivate(id)
			},
			map[string]sallyport.Reason{
				"token": sallyport.OwnerInactive, "basic": sallyport.OwnerInactive, "access": sallyport.OwnerInactive,
			},
		},
		{
			"sign-in ended",
			func(k *doorstest.Kit, _ sallyport.PrincipalID, _ sallyport.Credential, f sallyport.FamilyID) {
				k.Write(func(ctx context.Context, tx *store.Tx) error {
					tx.Note(sallyport.ChangeCredential, string(f))
					_, err := tx.EndFamily(ctx, sallyport.EveryTenant, f, "test")
					return err
				})
			},
			map[string]sallyport.Reason{"access": sallyport.CredentialRevoked},
		},
		{
			"password changed",
			func(k *doorstest.Kit, id sallyport.PrincipalID, _ sallyport.Credential, _ sallyport.FamilyID) {
				hash, err := k.Hasher.Hash(k.T.Context(), "another long password")
				if err != nil {
					k.T.Fatal(err)
				}
				k.Write(func(ctx context.Context, tx *store.Tx) error {
					tx.Note(sallyport.ChangePrincipal, string(id))
					return tx.SetPassword(ctx, doorstest.Tenant, id, sallyport.Secret(hash), false)
				})
			},
			map[string]sallyport.Reason{"basic": sallyport.PasswordWrong, "access": sallyport.CredentialRevoked},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := doorstest.New(t, shop())
			alice := k.User("alice", password, k.Role("reader", "shop/read"))
			credential, token := k.Token(alice)
			family, access := k.AccessToken(alice, "shop")
			ways := map[string]string{
				"token": "Bearer " + token, "basic": basic("alice", password), "access": "Bearer " + access,
			}
			for way, header := range ways {
				if dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", header); !dec.Allowed {
					t.Fatalf("before: %s is refused with %q", way, dec.Reason)
				}
			}
			k.Clock.Advance(time.Second)
			tt.change(k, alice, credential, family)
			for way, header := range ways {
				dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", header)
				if dec.Reason != tt.want[way] {
					t.Errorf("after: %s has reason %q, want %q", way, dec.Reason, tt.want[way])
				}
			}
		})
	}
}

func TestExpiryIsExact(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	_, token := k.Credential(sallyport.Credential{
		Kind: sallyport.PersonalToken, Owner: alice, Expires: k.Clock.Now().Add(400 * time.Millisecond),
	})
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice, Idle: 15 * time.Minute})
	get := func(headers ...string) sallyport.Reason {
		return ask(t, k.Doors, "GET", "/shop/orders", headers...).Reason
	}
	if r := get("Authorization", "Bearer "+token); r != "" {
		t.Fatalf("before the expiry: %q", r)
	}
	k.Clock.Advance(400 * time.Millisecond)
	if r := get("Authorization", "Bearer "+token); r != sallyport.CredentialExpired {
		t.Errorf("at the expiry: %q, want credential_expired", r)
	}
	for range 3 {
		k.Clock.Advance(14 * time.Minute)
		k.Apply()
		if r := get("Cookie", "sp_session="+session); r != "" {
			t.Fatalf("a session in use: %q", r)
		}
	}
	k.Clock.Advance(15 * time.Minute)
	k.Apply()
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := get("Cookie", "sp_session="+session); r != sallyport.CredentialIdle {
		t.Errorf("an idle session: %q, want credential_idle", r)
	}
}

// TestStaleNodeDecidesNothing: a node that cannot confirm its revision does not
// decide on what it remembers.
func TestStaleNodeDecidesNothing(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, token := k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
	get := func() sallyport.Reason {
		return ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+token).Reason
	}
	if r := get(); r != "" {
		t.Fatalf("fresh: %q", r)
	}
	k.Clock.Advance(5 * time.Second)
	if r := get(); r != "" {
		t.Errorf("within the bound: %q", r)
	}
	k.Clock.Advance(time.Millisecond)
	if r := get(); r != sallyport.PolicyStale {
		t.Errorf("beyond the bound: %q, want policy_stale", r)
	}
	k.Apply()
	if r := get(); r != "" {
		t.Errorf("after a confirmation: %q", r)
	}
}

// TestStoreGone: with the store gone, what is known goes on and what is not is
// 503, never 401.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	_, known := k.Token(alice)
	_, unknown := k.Token(alice)
	get := func(header string) sallyport.Reason {
		return ask(t, k.Doors, "GET", "/shop/orders", "Authorization", header).Reason
	}
	if r := get("Bearer " + known); r != "" {
		t.Fatalf("before: %q", r)
	}
	if err := k.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if r := get("Bearer " + known); r != "" {
		t.Errorf("known: %q", r)
	}
	for name, header := range map[string]string{"unknown token": "Bearer " + unknown, "password": basic("alice", password)} {
		if r := get(header); r != sallyport.StoreUnavailable {
			t.Errorf("%s: %q, want store_unavailable", name, r)
		}
	}
}

func TestCookieNeedsItsOrigin(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("both", "shop/read", "shop/write"))
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice})
	for _, tt := range []struct {
		name    string
		method  string
		headers []string
		want    sallyport.Reason
	}{
		{"read", "GET", nil, ""},
		{"no proof", "PUT", nil, sallyport.OriginForbidden},
		{"same origin", "PUT", []string{"Sec-Fetch-Site", "same-origin"}, ""},
		{"cross site", "PUT", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://api.test"}, sallyport.OriginForbidden},
		{"same site", "PUT", []string{"Sec-Fetch-Site", "same-site"}, sallyport.OriginForbidden},
		{"origin", "PUT", []string{"Origin", "http://api.test"}, ""},
		{"origin with default port", "PUT", []string{"Origin", "http://api.test:80"}, ""},
		{"other origin", "PUT", []string{"Origin", "http://evil.test"}, sallyport.OriginForbidden},
		{"suffix", "PUT", []string{"Origin", "http://notapi.test"}, sallyport.OriginForbidden},
		{"null", "PUT", []string{"Origin", "null"}, sallyport.OriginForbidden},
		{"other port", "PUT", []string{"Origin", "http://api.test:8081"}, sallyport.OriginForbidden},
		{"handshake from elsewhere", "GET", []string{"Upgrade", "websocket", "Origin", "http://evil.test"}, sallyport.OriginForbidden},
	} {
		headers := append([]string{"Cookie", "sp_session=" + session}, tt.headers...)
		if dec := ask(t, k.Doors, tt.method, "/shop/orders/1", headers...); dec.Reason != tt.want {
			t.Errorf("%s: reason %q, want %q", tt.name, dec.Reason, tt.want)
		}
	}
}

// TestUsesAreCounted: successful authentications count, also those that lack a
// right; failed ones and those out of scope do not.
func TestUsesAreCounted(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	c, token := k.Token(alice)
	scoped, scopedToken := k.Token(alice, "other/thing")
	for range 3 {
		// A header may hold any byte, and PostgreSQL takes UTF-8 alone.
		ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+token, "User-Agent", "cu\xff\xc3rl/8")
	}
	ask(t, k.Doors, "PUT", "/shop/orders/1", "Authorization", "Bearer "+token)
	ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+scopedToken)
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[sallyport.CredentialID]int64{c.ID: 4, scoped.ID: 0} {
		got, err := k.Store.CredentialByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got.Uses != want {
			t.Errorf("%s: %d uses, want %d", got.Name, got.Uses, want)
		}
		if want > 0 && (got.LastAddr != "192.0.2.7" || got.LastVia != "curl/8" || !got.LastUsed.Equal(k.Clock.Now())) {
			t.Errorf("last use at %v from %q by %q", got.LastUsed, got.LastAddr, got.LastVia)
		}
	}
}

// TestRetiredKeyEndsWhatItSigned: an access token that was verified a moment ago
// is refused when its key is not accepted any more.
func TestRetiredKeyEndsWhatItSigned(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	_, access := k.AccessToken(k.User("alice", "", k.Role("reader", "shop/read")), "shop")
	get := func() sallyport.Reason {
		return ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+access).Reason
	}
	if r := get(); r != "" {
		t.Fatalf("before: %q", r)
	}
	keys, err := k.Store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		for i := range keys {
			key := keys[i]
			key.State, key.Retired, key.Ends = store.KeyRetired, k.Clock.Now(), k.Clock.Now()
			if err := tx.UpdateSigningKey(ctx, &key, store.AnyVersion); err != nil {
				return err
			}
		}
		tx.Note(sallyport.ChangeKeys, "")
		return nil
	})
	if r := get(); r != sallyport.SignatureInvalid {
		t.Errorf("after: %q, want signature_invalid", r)
	}
}
