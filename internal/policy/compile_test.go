package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

func at(name, host, base string, aliases ...string) sallyport.API {
	return sallyport.API{
		Name: sallyport.APIName(name), Host: host, BasePath: base, Aliases: aliases,
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Routes:      []sallyport.Route{{ID: name, Methods: []string{"GET"}, Path: "/{rest...}", AllOf: []string{"read"}}},
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{
		at("root", "", "/"), at("pki", "", "/pki/ca/prod", "/pki2"), at("ca", "", "/pki/ca"),
		at("hosted", "a.test", "/x"), at("ported", "a.test:81", "/x"),
	}})
	for _, tt := range []struct{ host, path, api, rest string }{
		{"", "/", "root", "/"},
		{"", "/other", "root", "/other"},
		{"", "/pki/ca/prod", "pki", ""},
		{"", "/pki/ca/prod/", "pki", "/"},
		{"", "/pki/ca/prod/x/y", "pki", "/x/y"},
		{"", "/pki2/x", "pki", "/x"},
		{"", "/pki/ca/prod-backup", "ca", "/prod-backup"}, // a longer segment is another one
		{"", "/pki/ca/pro", "ca", "/pro"},
		{"", "/pki/ca", "ca", ""},
		{"", "/pki/cab", "root", "/pki/cab"},
		{"", "/pki", "root", "/pki"},
		{"a.test", "/x/y", "hosted", "/y"},
		{"a.test:8080", "/x/y", "hosted", "/y"},
		{"a.test:81", "/x/y", "ported", "/y"},
		{"a.test", "/y", "root", "/y"},
		{"b.test", "/x/y", "root", "/x/y"},
		{"a.test", "", "", ""},
		{"a.test", "x", "", ""},
	} {
		api, rest := s.Find(tt.host, tt.path)
		name := ""
		if api != nil {
			name = string(api.Name)
		}
		if name != tt.api || rest != tt.rest {
			t.Errorf("Find(%q, %q) = %q, %q; want %q, %q", tt.host, tt.path, name, rest, tt.api, tt.rest)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{at("x", "", "/x"), at("y", "a.test", "/y")}})
	for _, path := range []string{"/", "/y", "/xy"} {
		if api, _ := s.Find("b.test", path); api != nil {
			t.Errorf("Find(%q) = %q, want none", path, api.Name)
		}
	}
}

// A part with a fault denies where it stands; the rest goes on.
func TestCompileFaultyPartsDeny(t *testing.T) {
	t.Parallel()
	open := at("open", "", "/")
	open.Routes[0].AllOf, open.Routes[0].Public = nil, true
	broken := at("broken", "", "/broken")
	broken.Routes[0].AllOf = []string{"raed"}
	s, err := newCompiler(t).Compile(policy.Source{
		APIs:  []sallyport.API{open, broken, at("one", "", "/both"), at("two", "", "/both")},
		Roles: []sallyport.Role{{ID: "r", Name: "ops", Permissions: []sallyport.Permission{"open/read", "open/raed", "opn/read", "read"}}},
	})
	if err == nil {
		t.Fatal("Compile found no fault")
	}
	for _, words := range []string{
		`API "broken": routes[0].any_of`, // of no route; see below
		`API "broken": routes[0].all_of[0]`, `did you mean "read"?`,
		`API "two": base_path`, `"one"`,
		`role "ops"`, `no permission "open/raed"; did you mean "open/read"?`, `no API "opn"; did you mean "open"?`, `"read" is not a permission`,
	} {
		if got := strings.Contains(err.Error(), words); got == strings.HasSuffix(words, "any_of") {
			t.Errorf("error says %q: %v\n%v", words, got, err)
		}
	}
	for path, want := range map[string]string{"/x": "open", "/broken/x": "route_unknown", "/both/x": "route_unknown"} {
		if got, _ := ask(s, "GET", "", path, nil); got != want {
			t.Errorf("%s went to %q, want %q", path, got, want)
		}
	}
	if got := s.RolePermissions("r"); !slices.Equal(got, []sallyport.Permission{"open/read"}) {
		t.Errorf("the role has %v, want what is sound of it", got)
	}
}

// A fault is told again by the next compilation, and gone when it is mended.
func TestCompileTellsFaultsAgain(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	broken := at("broken", "", "/broken")
	broken.Routes[0].Path = "no"
	source := policy.Source{APIs: []sallyport.API{broken}, Roles: []sallyport.Role{{ID: "r", Name: "r", Permissions: []sallyport.Permission{"x/y"}}}}
	_, first := c.Compile(source)
	_, second := c.Compile(source)
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Errorf("first %v, then %v", first, second)
	}
	compile(t, c, policy.Source{APIs: []sallyport.API{at("broken", "", "/broken")}})
}

func TestCompileTwoOfOneName(t *testing.T) {
	t.Parallel()
	s, err := newCompiler(t).Compile(policy.Source{APIs: []sallyport.API{at("a", "", "/a"), at("a", "", "/b")}})
	if err == nil || !strings.Contains(err.Error(), "two documents") {
		t.Errorf("Compile = %v", err)
	}
	if got, _ := ask(s, "GET", "", "/b/x", nil); got != "route_unknown" {
		t.Errorf("the second of the name went to %q", got)
	}
}

func TestCompileDisabled(t *testing.T) {
	t.Parallel()
	a := at("a", "", "/a")
	a.Disabled = true
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{a, at("root", "", "/")}})
	if got, _ := ask(s, "GET", "", "/a/x", nil); got != "route_unknown" {
		t.Errorf("a disabled API answered %q", got)
	}
	if !s.API("a").Disabled || len(s.API("a").Routes) != 1 {
		t.Error("a disabled API is not shown with its routes")
	}
}

func TestCompileReusesWhatDidNotChange(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	roles := []sallyport.Role{{ID: "r", Permissions: []sallyport.Permission{"a/read"}}}
	one := compile(t, c, policy.Source{Revision: 1, APIs: []sallyport.API{at("a", "", "/a"), at("b", "", "/b")}, Roles: roles})
	changed := at("b", "", "/b")
	changed.Routes[0].Title = "new"
	two := compile(t, c, policy.Source{Revision: 2, APIs: []sallyport.API{at("a", "", "/a"), changed}, Roles: roles})
	if one.API("a") != two.API("a") {
		t.Error("an API that did not change was compiled again")
	}
	if one.API("b") == two.API("b") || two.API("b").Routes[0].Title != "new" {
		t.Error("an API that changed was not compiled again")
	}
	if one.Revision() != 1 || two.Revision() != 2 {
		t.Errorf("revisions %d and %d", one.Revision(), two.Revision())
	}
}

// A role's set must follow the API even if the role itself did not change.
func TestCompileRolesFollowAPIs(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	roles := []sallyport.Role{{ID: "all", Name: "all", Permissions: []sallyport.Permission{"*"}}, {ID: "a", Name: "a", Permissions: []sallyport.Permission{"a/*"}}}
	compile(t, c, policy.Source{APIs: []sallyport.API{at("a", "", "/a")}, Roles: roles})
	wider := at("a", "", "/a")
	wider.Permissions = append(wider.Permissions, sallyport.PermissionSpec{Name: "remove"})
	s := compile(t, c, policy.Source{APIs: []sallyport.API{wider, at("b", "", "/b")}, Roles: roles})
	if got, want := s.RolePermissions("a"), []sallyport.Permission{"a/read", "a/remove", "a/write"}; !slices.Equal(got, want) {
		t.Errorf("a/* = %v, want %v", got, want)
	}
	if got, want := s.RolePermissions("all"), []sallyport.Permission{"a/read", "a/remove", "a/write", "b/read", "b/write"}; !slices.Equal(got, want) {
		t.Errorf("* = %v, want %v", got, want)
	}
}

func TestCompileRolesFollowTheirPermissions(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	apis := []sallyport.API{at("a", "", "/a")}
	for _, want := range []sallyport.Permission{"a/read", "a/write", "a/read"} {
		s := compile(t, c, policy.Source{APIs: apis, Roles: []sallyport.Role{{ID: "r", Permissions: []sallyport.Permission{want}}}})
		if got := s.RolePermissions("r"); !slices.Equal(got, []sallyport.Permission{want}) {
			t.Errorf("the role has %v, want %v", got, want)
		}
	}
}

// What an API no longer declares is nobody's right, though it has a number.
func TestCompilePermissionTakenBack(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	roles := []sallyport.Role{{ID: "r", Name: "r", Permissions: []sallyport.Permission{"a/read", "a/write"}}}
	compile(t, c, policy.Source{APIs: []sallyport.API{at("a", "", "/a")}, Roles: roles})
	narrower := at("a", "", "/a")
	narrower.Permissions = narrower.Permissions[:1]
	s, err := c.Compile(policy.Source{APIs: []sallyport.API{narrower}, Roles: roles})
	if err == nil || !strings.Contains(err.Error(), `"a/write"`) {
		t.Errorf("Compile = %v", err)
	}
	if got := s.RolePermissions("r"); !slices.Equal(got, []sallyport.Permission{"a/read"}) {
		t.Errorf("the role has %v", got)
	}
	if _, known := s.Permission("a/write"); known {
		t.Error("the permission is still declared")
	}
}

// A permission that was taken back and declared anew has its old number, and
// none of the others moves: compiled principals stay right.
func TestNumbersNeverChange(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	one := compile(t, c, policy.Source{APIs: []sallyport.API{at("a", "", "/a"), at("b", "", "/b")}})
	two := compile(t, c, policy.Source{APIs: []sallyport.API{at("b", "", "/b")}})
	three := compile(t, c, policy.Source{APIs: []sallyport.API{at("c", "", "/c"), at("b", "", "/b"), at("a", "", "/a")}})
	first, _ := one.Permission("a/write")
	if _, known := two.Permission("a/write"); known {
		t.Error("a permission of an API that is gone is still declared")
	}
	last, known := three.Permission("a/write")
	if !known || first != last || three.PermissionName(last) != "a/write" {
		t.Errorf("a/write was %d and is %d (%q)", first, last, three.PermissionName(last))
	}
	if one.PermissionName(9999) != "" || one.PermissionName(-1) != "" {
		t.Error("a number that was never given out has a name")
	}
	if t1, u, t2 := c.TenantNumber("t"), c.TenantNumber("u"), c.TenantNumber("t"); t1 == 0 || t1 != t2 || t1 == u {
		t.Error("tenant numbers are not stable, or 0 is one")
	}
}

func TestSnapshotTenants(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{
		Tenants: []sallyport.Tenant{{ID: "t", State: sallyport.Active}, {ID: "u", State: sallyport.Deactivated}, {ID: "v", State: "damaged"}},
	})
	if !s.Tenant("t").Active() || s.Tenant("u").Active() || s.Tenant("v").Active() || s.Tenant("w").Active() {
		t.Error("not exactly the active tenant is active")
	}
}

func TestRouteFields(t *testing.T) {
	t.Parallel()
	api := sound()
	api.Routes[3].Realm = &sallyport.Selector{From: "fixed", Default: "north"}
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{api}})
	a := s.API("edge-intelligence")
	list, rest, me := a.Route("list"), a.Route("* /agents/{id}/{rest...}"), a.Route("GET /me")
	if list == nil || rest == nil || me == nil || a.Route("other") != nil {
		t.Fatalf("routes %v %v %v", list, rest, me)
	}
	if got := list.AnyOf; !slices.Equal(got, []sallyport.Permission{"edge-intelligence/asset-management", "edge-intelligence/data:read"}) || len(list.Need.AnyOf) != 2 {
		t.Errorf("AnyOf = %v, Need %v", got, list.Need)
	}
	if s.PermissionName(rest.Need.AllOf[0]) != "edge-intelligence/asset-management" {
		t.Errorf("Need = %v", rest.Need)
	}
	if !slices.Equal(list.Scopes, []string{"edge-intelligence/Export"}) || !slices.Equal(rest.Names, []string{"id", "rest"}) {
		t.Errorf("Scopes = %v, Names = %v", list.Scopes, rest.Names)
	}
	if list.Tenant.Name != "X-Tenant-Id" || !list.Tenant.Required || list.Realm != api.Realm || me.Realm.Default != "north" {
		t.Errorf("selectors %v %v %v are not the route's or else the API's", list.Tenant, list.Realm, me.Realm)
	}
	if api.Tenant.Name != "x-tenant-id" {
		t.Error("the document was changed")
	}
	if list.Timeout.String() != "1m0s" || me.Timeout.String() != "1h0m0s" || !me.WebSocket || list.API != a {
		t.Errorf("timeouts %v and %v", list.Timeout, me.Timeout)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{at("a", "", "/a")}})
	a := s.API("a")
	d := a.Document
	if d.Dialect != "standard" || d.Explain != sallyport.ExplainCode || d.Stale != "deny" || d.Upstream.BodyLimit != 10<<20 ||
		d.Token.Algorithm != "EdDSA" || len(a.Accept) != 1 || a.Accept[0].In != sallyport.CarrierBearer ||
		a.Routes[0].Timeout != policy.DefaultTimeout || d.Token.Lifetime != sallyport.Duration(policy.DefaultLifetime) {
		t.Errorf("defaults: %+v", d)
	}
}

func TestCompilerConcurrently(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	s := compile(t, c, policy.Source{APIs: []sallyport.API{at("a", "", "/a")}})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				name := fmt.Sprintf("a%d", (i+j)%5)
				if _, err := c.Compile(policy.Source{APIs: []sallyport.API{at(name, "", "/a")}}); err != nil {
					t.Error(err)
				}
				p, err := c.Principal(policy.Record{Principal: sallyport.Principal{ID: "p", Kind: sallyport.PrincipalPerson}, Bindings: []sallyport.Binding{
					{ID: "b", Tenant: "t", SubjectKind: sallyport.SubjectUser, Subject: "p", Role: sallyport.RoleID(name), State: sallyport.Active, Condition: "method == 'GET'"},
				}})
				if err != nil || len(p.Grants("t")) != 1 {
					t.Error(err)
				}
				index, _ := c.LimitIndex([]string{name, "a/x"})
				s.LimitAt(index)
			}
		})
	}
	group.Wait()
}
