package doors_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/policy"
)

// office is an API whose routes ask more of some kinds of credentials.
func office() sallyport.API {
	return sallyport.API{
		Name: "office", BasePath: "/office",
		Accept:      []sallyport.Accept{{In: sallyport.CarrierBearer}, {In: sallyport.CarrierBasic}},
		Permissions: []sallyport.PermissionSpec{{Name: "work"}, {Name: "tokens"}, {Name: "robots"}},
		Routes: []sallyport.Route{
			{ID: "work", Methods: []string{"GET"}, Path: "/work", AnyOf: []string{"work"}, Scopes: []string{"desk"}, ByKind: []sallyport.KindNeed{
				{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}, AnyOf: []string{"tokens", "robots"}},
				{Kinds: []sallyport.CredentialKind{sallyport.APIKey}},
			}},
			{ID: "see", Methods: []string{"GET"}, Path: "/see", Authenticated: true, ByKind: []sallyport.KindNeed{
				{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}, AnyOf: []string{"tokens"}},
			}},
		},
		Scopes: []sallyport.ScopeSpec{{Name: "desk"}, {Name: "hall"}},
	}
}

// TestByKind: what a route asks of a kind of credential is asked of its bearer, in
// whatever realm and whatever the scopes leave, and a refusal is no use.
func TestByKind(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, office())
	work, tokens, robots := k.Role("work", "office/work"), k.Role("tokens", "office/tokens"), k.Role("robots", "office/robots")
	plain := k.User("plain", password, work)
	holder := k.User("holder", password, work, tokens)
	narrow := k.User("narrow", password, work)
	k.Bind(sallyport.Binding{Subject: string(narrow), SubjectKind: sallyport.SubjectUser, Role: robots, Realm: "north"})
	idle := k.User("idle", password, tokens)
	bearer := func(owner sallyport.PrincipalID, scopes ...string) string {
		_, secret := k.Token(owner, scopes...)
		return "Bearer " + secret
	}
	_, key := k.Key("key", work, tokens)
	for _, tt := range []struct {
		name, path, header string
		want               sallyport.Reason
		missing            string
	}{
		{"a password is not asked", "/work", basic("plain", password), "", ""},
		{"a token of who holds nothing", "/work", bearer(plain), sallyport.KindForbidden, "office/tokens office/robots"},
		{"of who holds one", "/work", bearer(holder), "", ""},
		{"in another realm", "/work", bearer(narrow), "", ""},
		{"scopes do not matter", "/work", bearer(holder, "office/desk"), "", ""},
		{"but where they do", "/work", bearer(holder, "office/hall"), sallyport.ScopeInsufficient, ""},
		{"scopes come first", "/work", bearer(plain, "office/hall"), sallyport.ScopeInsufficient, ""},
		{"and what the route needs last", "/work", bearer(idle), sallyport.PermissionMissing, "office/work"},
		{"a kind that nobody may use", "/work", "Bearer " + key, sallyport.CredentialNotAccepted, ""},
		{"a route for everybody who is known", "/see", bearer(plain), sallyport.KindForbidden, "office/tokens"},
		{"and who holds it", "/see", bearer(holder), "", ""},
		{"another kind there", "/see", "Bearer " + key, "", ""},
	} {
		dec := ask(t, k.Doors, "GET", "/office"+tt.path, "Authorization", tt.header)
		var missing []string
		for _, p := range dec.Missing {
			missing = append(missing, string(p))
		}
		if dec.Reason != tt.want || strings.Join(missing, " ") != tt.missing {
			t.Errorf("%s: %q missing %v, want %q missing %q", tt.name, dec.Reason, missing, tt.want, tt.missing)
		}
	}

	c, secret := k.Token(plain)
	scoped, hall := k.Token(holder, "office/hall")
	good, used := k.Token(holder)
	none, weak := k.Token(idle)
	for _, s := range []string{secret, hall, used, weak} {
		ask(t, k.Doors, "GET", "/office/work", "Authorization", "Bearer "+s)
	}
	if err := k.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id   sallyport.CredentialID
		what string
		want int64
	}{{c.ID, "forbidden kind", 0}, {scoped.ID, "wrong scope", 0}, {good.ID, "let in", 1}, {none.ID, "no right", 1}} {
		row, err := k.Store.CredentialByID(t.Context(), tt.id)
		if err != nil || row.Uses != tt.want {
			t.Errorf("%s: %d uses, want %d (%v)", tt.what, row.Uses, tt.want, err)
		}
	}
}

// TestTryByKind: what would be decided depends on the kind of the credential, and
// the trace and the suggestions are about what it lacks.
func TestTryByKind(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, office())
	plain := k.User("plain", password, k.Role("work", "office/work"))
	k.Role("tokens", "office/tokens")
	for kind, want := range map[sallyport.CredentialKind]sallyport.Reason{
		"": "", sallyport.Password: "", sallyport.PersonalToken: sallyport.KindForbidden, sallyport.APIKey: sallyport.CredentialNotAccepted,
	} {
		dec, trace, err := k.Doors.Try(t.Context(), &doors.Supposition{
			Principal: plain, Trial: policy.Trial{Method: "GET", Target: "/office/work", Time: k.Clock.Now(), Kind: kind},
		})
		if err != nil || dec.Reason != want {
			t.Errorf("%q: %q, want %q (%v)", kind, dec.Reason, want, err)
		}
		told := ""
		for _, s := range trace.Steps {
			if s.Step == "permission" {
				told = s.Text
			}
		}
		if want == sallyport.KindForbidden && !strings.Contains(told, "office/tokens or office/robots") {
			t.Errorf("the trace does not say what is asked: %s", told)
		}
	}
	list, err := k.Doors.Suggest(context.WithoutCancel(t.Context()), plain, doors.Wanted{
		API: "office", Route: "work", Tenant: doorstest.Tenant, Kind: sallyport.PersonalToken, Facts: sallyport.Circumstances{Time: k.Clock.Now()},
	})
	if err != nil || len(list) == 0 || list[0].Roles[0].Name != "tokens" {
		t.Errorf("suggested %v, %v", list, err)
	}
}
