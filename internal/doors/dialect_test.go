package doors_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
)

// paired is an API whose credentials stand beside a login in the URL.
func paired() sallyport.API {
	return sallyport.API{
		Name: "paired", BasePath: "/p",
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBasic, Lenient: true},
			{In: sallyport.CarrierQuery, Name: "api_key", Login: "login", Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}},
			{In: sallyport.CarrierQuery, Name: "password", Login: "login", Kinds: []sallyport.CredentialKind{sallyport.Password, sallyport.PersonalToken}},
		},
		Routes: []sallyport.Route{{ID: "all", Methods: []string{"GET"}, Path: "/x", Authenticated: true}},
	}
}

// TestLoginBesideCredential: a key or password in a URL is only good beside the
// login of its owner.
func TestLoginBesideCredential(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, paired())
	jane := k.User("jane", "correct horse battery")
	k.User("joe", "another horse battery")
	_, key := k.Token(jane)
	const scrambled = "_P__agx825xg1h10p0h7jzn04b03748jhkoi773850547abcd"
	c := sallyport.Credential{ID: sallyport.CredentialID(doorstest.NewID()), Tenant: sallyport.EveryTenant, Kind: sallyport.PersonalToken, Owner: jane, Name: "scrambled", State: sallyport.Active}
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertCredential(ctx, &c, &sallyport.CredentialSecret{Digest: k.Secrets.Digest(scrambled), Pepper: k.Secrets.Version()})
	})
	for _, tt := range []struct {
		name, login, parameter, value string
		want                          sallyport.Reason
	}{
		{"key", "jane", "api_key", key, ""},
		{"login in capitals", "JANE", "api_key", key, ""},
		{"key of another", "joe", "api_key", key, sallyport.CredentialUnknown},
		{"key of nobody", "nobody", "api_key", key, sallyport.CredentialUnknown},
		{"key without login", "", "api_key", key, sallyport.CredentialMalformed},
		{"password", "jane", "password", "correct horse battery", ""},
		{"password of another", "joe", "password", "correct horse battery", sallyport.CredentialUnknown},
		{"scrambled", "jane", "password", scrambled, ""},
		{"scrambled of another", "joe", "password", scrambled, sallyport.CredentialUnknown},
		{"scrambled as key", "jane", "api_key", scrambled, ""},
		{"password as key", "jane", "api_key", "correct-horse-battery", sallyport.CredentialUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := url.Values{tt.parameter: {tt.value}}
			if tt.login != "" {
				q.Set("login", tt.login)
			}
			r := doors.Request{Method: "GET", Target: "/p/x?" + q.Encode(), Host: "h", Header: http.Header{}}
			d := k.Doors.Decide(t.Context(), &r)
			if d.Reason != tt.want && d.Reason.Coarse() != tt.want.Coarse() {
				t.Errorf("reason %q, want %q", d.Reason, tt.want)
			}
			if (d.Principal != nil) != (tt.want == "") {
				t.Errorf("principal %v with reason %q", d.Principal, d.Reason)
			}
		})
	}
}

// TestScopesOfAPlace: where an API asks for scopes, a limited credential must carry
// one of them by name; anywhere else it is good without.
func TestScopesOfAPlace(t *testing.T) {
	t.Parallel()
	api := shop()
	api.Scopes = append(api.Scopes, sallyport.ScopeSpec{Name: "browser"}, sallyport.ScopeSpec{Name: "kiosk"})
	api.Accept[3].Scopes = []string{"browser", "kiosk"}
	k := doorstest.New(t, api)
	alice := k.User("alice", "", k.Role("reader", "shop/read"))
	for _, tt := range []struct {
		scopes []string
		want   sallyport.Reason
	}{
		{nil, ""},
		{[]string{"shop"}, sallyport.CredentialNotAccepted},
		{[]string{"shop/reading"}, sallyport.CredentialNotAccepted},
		{[]string{"shop", "shop/browser"}, ""},
		{[]string{"shop/kiosk", "shop/reading"}, ""},
	} {
		_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice, Scopes: tt.scopes})
		for range 2 { // learnt, and known
			dec := ask(t, k.Doors, "GET", "/shop/orders", "Cookie", "sp_session="+session)
			if dec.Reason != tt.want || (dec.Principal == nil) != (tt.want != "") {
				t.Errorf("%v in the cookie: %q, principal %v", tt.scopes, dec.Reason, dec.Principal)
			}
		}
		if dec := ask(t, k.Doors, "GET", "/shop/orders", "Authorization", "Bearer "+session); !dec.Allowed {
			t.Errorf("%v in the header: %q", tt.scopes, dec.Reason)
		}
	}
}
