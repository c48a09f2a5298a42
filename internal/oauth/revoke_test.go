package oauth_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

func (k *kit) revoke(header http.Header, secret string, fields ...string) int {
	k.T.Helper()
	status, _ := k.post("/oauth2/revoke", header, append([]string{"token", secret}, fields...)...)
	return status
}

// exchanged returns an access token of the first key.
func (k *kit) exchanged() string {
	k.T.Helper()
	status, a := k.post("/oauth2/token", k.asKey(), "grant_type", "client_credentials", "resource", "shop")
	if status != http.StatusOK {
		k.T.Fatalf("%d %v", status, a)
	}
	return text(a, "access_token")
}

// Whatever is given back ends at once, with all that hangs on it.
func TestRevoke(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, tt := range []struct {
		name string
		give func(access, refresh string) string
	}{
		{"refresh token", func(_, refresh string) string { return refresh }},
		{"access token", func(access, _ string) string { return access }},
	} {
		access, refresh := k.signIn()
		if reason := k.opens("shop", access); reason != "" {
			t.Fatalf("%s: %q before", tt.name, reason)
		}
		if status := k.revoke(nil, tt.give(access, refresh), "token_type_hint", "nonsense"); status != http.StatusOK {
			t.Errorf("%s: %d", tt.name, status)
		}
		if reason := k.opens("shop", access); reason != sallyport.CredentialRevoked {
			t.Errorf("%s: access token %q after", tt.name, reason)
		}
		if status, a := k.refresh(refresh); status != http.StatusBadRequest {
			t.Errorf("%s: refresh %d %v after", tt.name, status, a)
		}
		if status := k.revoke(nil, tt.give(access, refresh)); status != http.StatusOK {
			t.Errorf("%s: a second time: %d", tt.name, status)
		}
	}
	_, personal := k.Token(k.alice)
	if reason := k.opens("shop", personal); reason != "" {
		t.Fatalf("personal token: %q before", reason)
	}
	if status := k.revoke(nil, personal); status != http.StatusOK {
		t.Errorf("personal token: %d", status)
	}
	if reason := k.opens("shop", personal); reason != sallyport.CredentialRevoked {
		t.Errorf("personal token: %q after", reason)
	}
}

// A token that a key was exchanged for ends alone.
func TestRevokeExchanged(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	one, two := k.exchanged(), k.exchanged()
	for _, secret := range []string{one, two} {
		if reason := k.opens("shop", secret); reason != "" {
			t.Fatalf("%q before", reason)
		}
	}
	for range 2 {
		if status := k.revoke(k.asKey(), one); status != http.StatusOK {
			t.Errorf("%d", status)
		}
	}
	if reason := k.opens("shop", one); reason != sallyport.CredentialRevoked {
		t.Errorf("the revoked one: %q", reason)
	}
	if reason := k.opens("shop", two); reason != "" {
		t.Errorf("the other one: %q", reason)
	}
	if status, a := k.post("/oauth2/introspect", k.asKey(), "token", one); status != http.StatusOK || a["active"] != false {
		t.Errorf("introspection: %d %v", status, a)
	}
	k.exchanged() // the key goes on
	if !k.audited("sign_in.end") {
		t.Error("it is not in the audit trail")
	}
}

// A token that a key was exchanged for reaches no further than the key does now,
// and ends with the secret that it was exchanged for.
func TestExchangedFollowsItsKey(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Clock.Advance(300 * time.Millisecond)
	before := k.exchanged()
	k.Clock.Advance(300 * time.Millisecond) // in the same second
	issued, err := k.admin.RenewKey(t.Context(), admin.System("test"), doorstest.Tenant, k.key.ID, admin.AnyVersion, 0)
	if err != nil {
		t.Fatal(err)
	}
	k.Apply()
	k.secret = issued.Secret.Reveal()
	if reason := k.opens("shop", before); reason != sallyport.CredentialReplaced {
		t.Errorf("of the old secret: %q", reason)
	}
	k.Clock.Advance(time.Millisecond)
	after := k.exchanged()
	if reason := k.opens("shop", after); reason != "" {
		t.Errorf("of the new secret: %q", reason)
	}
	scopes := []string{"stock"}
	if _, err := k.admin.UpdateKey(t.Context(), admin.System("test"), doorstest.Tenant, k.key.ID, admin.AnyVersion, admin.TokenChange{Scopes: &scopes}); err != nil {
		t.Fatal(err)
	}
	k.Apply()
	if reason := k.opens("shop", after); reason != sallyport.CredentialRevoked {
		t.Errorf("beyond the scopes that are left: %q", reason)
	}
}

// OA-14: what is not the caller's stays alive, and he is not told.
func TestRevokeForeign(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	access, refresh := k.signIn()
	exchanged := k.exchanged()
	_, personal := k.Token(k.alice)
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: k.alice})
	k.User("bob", secretOfAlice)
	_, bob := k.Token(k.User("carol", secretOfAlice))
	asOther := basic(string(k.other.ID), k.otherKey)
	for who, header := range map[string]http.Header{"another client": asOther, "another person": bearer(bob)} {
		for name, secret := range map[string]string{
			"access": access, "refresh": refresh, "exchanged": exchanged, "personal": personal, "session": session,
			"garbage": "garbage", "dots": "a.b.c", "truncated": access[:len(access)-3],
		} {
			if status := k.revoke(header, secret); status != http.StatusOK {
				t.Errorf("%s, %s: %d", who, name, status)
			}
		}
	}
	if status := k.revoke(nil, exchanged); status != http.StatusOK {
		t.Errorf("the public client: %d", status)
	}
	for name, secret := range map[string]string{"access": access, "exchanged": exchanged, "personal": personal} {
		if reason := k.opens("shop", secret); reason != "" {
			t.Errorf("%s was ended: %q", name, reason)
		}
	}
	if status, _ := k.refresh(refresh); status != http.StatusOK {
		t.Errorf("the sign-in was ended: %d", status)
	}
	if status := k.revoke(basic("robot", "wrong"), access); status != http.StatusUnauthorized {
		t.Errorf("a bad client: %d", status)
	}
	if status := k.revoke(bearer("garbage"), access); status != http.StatusUnauthorized {
		t.Errorf("a bad token as caller: %d", status)
	}
	status, a := k.post("/oauth2/revoke", k.asKey(), "token", k.secret)
	if status != http.StatusBadRequest || text(a, "error") != "unsupported_token_type" {
		t.Errorf("a key: %d %v", status, a)
	}
}

// A person ends with a token of his own what is his, whichever client has it.
func TestRevokeOwn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, personal := k.Token(k.alice)
	_, a := k.post("/oauth2/token", k.asKey(), "grant_type", "password", "username", "alice", "password", secretOfAlice, "resource", "shop")
	if status := k.revoke(bearer(personal), text(a, "refresh_token")); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	if reason := k.opens("shop", text(a, "access_token")); reason != sallyport.CredentialRevoked {
		t.Errorf("%q", reason)
	}
	_, second := k.Token(k.alice)
	k.revoke(bearer(personal), second)
	if reason := k.opens("shop", second); reason != sallyport.CredentialRevoked {
		t.Errorf("another token of his: %q", reason)
	}
}

// OA-13.
func TestIntrospect(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	access, refresh := k.signIn("scope", "shop/reading")
	exchanged := k.exchanged()
	_, personal := k.Token(k.alice, "shop/reading")
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: k.alice})
	gone, goneSecret := k.Token(k.alice)
	k.Revoke(gone)
	_, full := k.Token(k.alice)
	_, bob := k.Token(k.User("bob", ""))
	inspector := k.Role("inspector", "sallyport/tokens.read")
	_, inspectorKey := k.Key("inspector", inspector)
	_, weak := k.Credential(sallyport.Credential{Kind: sallyport.APIKey, Name: "weak", Tenant: doorstest.Tenant, Scopes: []string{"shop"}})

	tokens := map[string]string{
		"access": access, "refresh": refresh, "exchanged": exchanged, "personal": personal, "session": session,
		"revoked": goneSecret, "garbage": "garbage", "changed": access[:len(access)-4] + "AAAA", "key": k.secret,
	}
	for _, tt := range []struct {
		who    string
		header http.Header
		active string // names of those that are
	}{
		{"the key itself", k.asKey(), "exchanged key"},
		{"another key", basic("other robot", k.otherKey), ""},
		{"a key without the scope", basic("weak", weak), ""},
		{"the owner", bearer(full), "access personal refresh"},
		{"another person", bearer(bob), ""},
		{"who may", basic("inspector", inspectorKey), "access exchanged key personal refresh"},
		{"who may, as bearer", bearer(inspectorKey), "access exchanged key personal refresh"},
	} {
		var active []string
		for _, name := range []string{"access", "changed", "exchanged", "garbage", "key", "personal", "refresh", "revoked", "session"} {
			status, a := k.post("/oauth2/introspect", tt.header, "token", tokens[name])
			switch {
			case status != http.StatusOK:
				t.Errorf("%s, %s: %d %v", tt.who, name, status, a)
			case a["active"] == true:
				active = append(active, name)
			case len(a) != 1:
				t.Errorf("%s, %s: says more than that it is not active: %v", tt.who, name, a)
			}
		}
		if got := strings.Join(active, " "); got != tt.active {
			t.Errorf("%s is told of %q; want %q", tt.who, got, tt.active)
		}
	}
	for who, header := range map[string]http.Header{
		"nobody": nil, "the public client": basic("sallyport", ""), "a bad client": basic("robot", "x"), "a bad token": bearer("x"),
		"an access token for another API": bearer(access), "a session": bearer(session),
	} {
		if status, a := k.post("/oauth2/introspect", header, "token", personal); status != http.StatusUnauthorized || a["active"] != nil {
			t.Errorf("%s: %d %v", who, status, a)
		}
	}
}

// What a tenant's inspector may see is the tenant's.
func TestIntrospectOtherTenant(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	elsewhere := k.tenant("elsewhere")
	inspector := k.Role("inspector", "sallyport/tokens.read")
	far, farSecret := k.Credential(sallyport.Credential{Kind: sallyport.APIKey, Name: "far", Tenant: elsewhere})
	k.Bind(sallyport.Binding{Tenant: elsewhere, Subject: string(far.ID), SubjectKind: sallyport.SubjectKey, Role: inspector})
	access, _ := k.signIn()
	_, personal := k.Token(k.alice)
	for name, secret := range map[string]string{"access": access, "personal": personal, "exchanged": k.exchanged()} {
		status, a := k.post("/oauth2/introspect", basic("far", farSecret), "token", secret)
		if status != http.StatusOK || a["active"] != false || len(a) != 1 {
			t.Errorf("%s: %d %v", name, status, a)
		}
	}
}

// To be asked about is not to be used.
func TestIntrospectionIsNoUse(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	c, personal := k.Token(k.alice)
	_, own := k.Token(k.alice)
	k.post("/oauth2/introspect", bearer(own), "token", personal)
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := k.Store.CredentialByID(t.Context(), c.ID)
	if err != nil || after.Uses != 0 {
		t.Errorf("%d uses, %v", after.Uses, err)
	}
	k.exchanged()
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if key, err := k.Store.CredentialByID(t.Context(), k.key.ID); err != nil || key.Uses != 1 {
		t.Errorf("the key has %d uses, %v", key.Uses, err)
	}
}

func TestIntrospectEdges(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, own := k.Token(k.alice)
	_, first := k.signIn()
	_, a := k.refresh(first)
	_, far := k.Credential(sallyport.Credential{
		Kind: sallyport.PersonalToken, Owner: k.alice, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	for _, tt := range []struct {
		name, secret string
		want         bool
	}{
		{"a refresh token that was used", first, false},
		{"its successor", text(a, "refresh_token"), true},
		{"a token of another network", far, true}, // who asks is not who uses it
	} {
		if status, a := k.post("/oauth2/introspect", bearer(own), "token", tt.secret); status != http.StatusOK || a["active"] != tt.want {
			t.Errorf("%s: %d %v", tt.name, status, a)
		}
	}
	k.Clock.Advance(time.Minute) // looking at a used one is no use of it
	k.Apply()
	if status, a := k.refresh(text(a, "refresh_token")); status != http.StatusOK {
		t.Errorf("the sign-in was ended: %d %v", status, a)
	}
}
