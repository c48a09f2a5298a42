package doors_test

import (
	"net/http"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// A page of ours may ask in the name of a session, whatever the API accepts: then
// the session alone counts, and all else is decided as ever.
func TestInTheNameOfASession(t *testing.T) {
	t.Parallel()
	api := shop()
	api.Accept = []sallyport.Accept{{In: sallyport.CarrierBearer, Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}}}
	api.Routes = append(api.Routes, sallyport.Route{
		ID: "tokens", Methods: []string{"GET"}, Path: "/tokens", AnyOf: []string{"read"},
		ByKind: []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.Session}}},
	})
	k := doorstest.New(t, api)
	alice := k.User("alice", password, k.Role("reader", "shop/read"))
	bob := k.User("bob", password)
	_, session := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice})
	_, narrow := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice, Scopes: []string{"none/at-all"}})
	_, others := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: bob})
	ended, over := k.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: alice})
	k.Revoke(ended)
	_, token := k.Token(alice)
	for what, c := range map[string]struct {
		session, method, path string
		want                  sallyport.Reason
	}{
		"what he may":             {session, "GET", "/shop/orders", ""},
		"what he may not":         {session, "PUT", "/shop/orders/1", sallyport.PermissionMissing},
		"what no session may":     {session, "GET", "/shop/tokens", sallyport.CredentialNotAccepted},
		"what is for everybody":   {session, "GET", "/shop/health", ""},
		"what there is not":       {session, "GET", "/shop/none", sallyport.RouteUnknown},
		"somebody without rights": {others, "GET", "/shop/orders", sallyport.PermissionMissing},
		"a session of less scope": {narrow, "GET", "/shop/orders", sallyport.ScopeInsufficient},
		"one that has ended":      {over, "GET", "/shop/orders", sallyport.CredentialRevoked},
		"a token in its place":    {token, "GET", "/shop/orders", sallyport.CredentialNotAccepted},
		"nothing that there is":   {"sps_nothing", "GET", "/shop/orders", sallyport.CredentialMalformed},
	} {
		r := doors.Request{ID: "r", Method: c.method, Target: c.path, Host: "h.test", Scheme: "https", Header: http.Header{}, Session: c.session}
		d := k.Doors.Decide(t.Context(), &r)
		if d.Reason != c.want || d.Allowed != (c.want == "") {
			t.Errorf("%s: %q, want %q", what, d.Reason, c.want)
		}
		if d.Allowed && d.Principal != nil && (d.Principal.Login != "alice" || d.CredentialKind != sallyport.Session) {
			t.Errorf("%s: %v with %s", what, d.Principal, d.CredentialKind)
		}
	}
	// A credential in the request itself is not looked at, and not mixed with it.
	r := doors.Request{
		ID: "r", Method: "GET", Target: "/shop/me", Host: "h.test", Scheme: "https", Session: session,
		Header: http.Header{"Authorization": {"Bearer " + token}, "Cookie": {"sp_session=" + others}},
	}
	if d := k.Doors.Decide(t.Context(), &r); !d.Allowed || d.Principal.Login != "alice" || d.CredentialKind != sallyport.Session {
		t.Errorf("with others beside it: %+v", d)
	}
}
