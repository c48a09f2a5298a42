package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// customers is an API in which a narrow and a broad permission open the same
// route.
func customers() policy.Source {
	role := func(id string, permissions ...sallyport.Permission) sallyport.Role {
		return sallyport.Role{ID: sallyport.RoleID(id), Tenant: sallyport.EveryTenant, Name: id, Permissions: permissions}
	}
	elsewhere := role("elsewhere", "ita/CUSTOMERS")
	elsewhere.Tenant = "south"
	return policy.Source{
		APIs: []sallyport.API{{
			Name: "ita", BasePath: "/ita", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
			Permissions: []sallyport.PermissionSpec{{Name: "API"}, {Name: "CUSTOMERS"}, {Name: "RIGHTS"}, {Name: "ONE"}, {Name: "TWO"}},
			Realm:       &sallyport.Selector{From: "query", Name: "realm"},
			Routes: []sallyport.Route{
				{ID: "list", Methods: []string{"GET"}, Path: "/customers", AllOf: []string{"API"}},
				{ID: "add", Methods: []string{"POST"}, Path: "/customers", AllOf: []string{"API"}, AnyOf: []string{"CUSTOMERS", "RIGHTS"}},
				{ID: "change", Methods: []string{"PUT"}, Path: "/customers/{id}", AllOf: []string{"API"}, AnyOf: []string{"CUSTOMERS", "RIGHTS"}},
				{ID: "users", Methods: []string{"GET"}, Path: "/users", AllOf: []string{"API", "RIGHTS"}},
				{ID: "both", Methods: []string{"GET"}, Path: "/both", AllOf: []string{"ONE", "TWO"}},
				{ID: "search", Methods: []string{"GET"}, Path: "/search", AllOf: []string{"API"}, Parameter: &sallyport.Parameter{In: "query", Name: "op", Value: "x"}},
			},
		}},
		Roles: []sallyport.Role{
			role("basic", "ita/API"), role("administrator", "ita/API", "ita/RIGHTS"), role("everything", "*"),
			role("narrow", "ita/CUSTOMERS"), role("one", "ita/ONE"), role("two", "ita/TWO"), elsewhere,
		},
		Tenants: []sallyport.Tenant{{ID: "north", State: sallyport.Active}, {ID: "south", State: sallyport.Active}},
	}
}

func question(s *policy.Snapshot, route string) (*policy.Route, *sallyport.Question) {
	r := s.API("ita").Route(route)
	return r, &sallyport.Question{Need: r.Need, Facts: sallyport.Circumstances{Time: noon, Tenant: "north", Method: r.Methods[0], Path: "/ita" + r.Path}}
}

func suggested(list []policy.Suggestion) string {
	var out []string
	for _, s := range list {
		var names []string
		for _, r := range s.Roles {
			names = append(names, r.Name)
		}
		out = append(out, fmt.Sprint(strings.Join(names, "+"), ":", len(s.Opens)))
	}
	return strings.Join(out, " ")
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	s := compile(t, c, customers())
	basic := binding("b", "north", "basic")
	for _, tt := range []struct {
		name, route string
		bindings    []sallyport.Binding
		realm, want string
	}{
		{"the narrow role before the broad ones", "add", []sallyport.Binding{basic}, "", "narrow:1 administrator:2 everything:3"},
		{"nothing held", "list", nil, "", "basic:1 administrator:4 everything:5"},
		{"nothing is missing", "list", []sallyport.Binding{basic}, "", ""},
		{"two roles, when one will not do", "both", nil, "", "everything:5"},
		{
			"a binding that is over counts for nothing", "list",
			[]sallyport.Binding{changed(basic, func(b *sallyport.Binding) { b.Expires = noon })},
			"", "basic:1 administrator:4 everything:5",
		},
		{
			"the same role in another realm", "list",
			[]sallyport.Binding{changed(basic, func(b *sallyport.Binding) { b.Realm = "lab" })},
			"office", "basic:1 administrator:4 everything:5",
		},
		{
			"a condition that does not hold", "list",
			[]sallyport.Binding{changed(basic, func(b *sallyport.Binding) { b.Condition = `method == "PUT"` })},
			"", "basic:1 administrator:4 everything:5",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := principal(t, c, tt.bindings...)
			route, q := question(s, tt.route)
			q.Realm, q.Facts.Realm = tt.realm, tt.realm
			found := s.Suggest(p, "north", route, q, nil, 3)
			if got := suggested(found); got != tt.want {
				t.Errorf("suggestions = %q, want %q", got, tt.want)
			}
			for _, f := range found { // each does what it says
				with := slices.Clone(tt.bindings)
				for i, role := range f.Roles {
					b := binding(fmt.Sprint("new", i), "north", string(role.ID))
					b.Realm = tt.realm
					with = append(with, b)
				}
				if reason, _ := sallyport.Authorize(s.Roles(), principal(t, c, with...).Grants("north"), q); reason != "" {
					t.Errorf("with %s it is still %q", suggested([]policy.Suggestion{f}), reason)
				}
			}
		})
	}
}

func TestSuggestPairs(t *testing.T) {
	t.Parallel()
	source := customers()
	source.Roles = slices.DeleteFunc(source.Roles, func(r sallyport.Role) bool { return r.Name == "everything" })
	c := newCompiler(t)
	s := compile(t, c, source)
	route, q := question(s, "both")
	if got := suggested(s.Suggest(principal(t, c), "north", route, q, nil, 3)); got != "one+two:0" {
		t.Errorf("suggestions = %q", got)
	}
}

func TestConsider(t *testing.T) {
	t.Parallel()
	c := newCompiler(t)
	s := compile(t, c, customers())
	route, q := question(s, "add")
	_ = route
	q.Limited = true
	q.Limit = s.Limit([]string{"ita"}).Set
	some := binding("b", "north", "narrow")
	p, _ := c.Principal(ann(
		changed(some, func(b *sallyport.Binding) { b.ID = "off"; b.State = sallyport.Deactivated }),
		changed(some, func(b *sallyport.Binding) { b.ID = "over"; b.Expires = noon }),
		changed(some, func(b *sallyport.Binding) { b.ID = "gone"; b.Role = "nothing" }),
		changed(some, func(b *sallyport.Binding) { b.ID = "other"; b.Role = "one" }),
		changed(some, func(b *sallyport.Binding) { b.ID = "lab"; b.Realm = "lab" }),
		changed(some, func(b *sallyport.Binding) { b.ID = "put"; b.Condition = `method == "PUT"` }),
		changed(some, func(b *sallyport.Binding) { b.ID = "broken"; b.Condition = `values["none"] == ""` }),
		changed(some, func(b *sallyport.Binding) { b.ID = "good"; b.Condition = `method == "POST"` }),
		changed(some, func(b *sallyport.Binding) { b.ID = "south"; b.Tenant = "south" }),
	))
	got := map[sallyport.BindingID]string{}
	for _, v := range s.Consider(p, "north", q) {
		got[v.Binding.ID] = string(v.Verdict) + " " + v.Condition
	}
	want := map[sallyport.BindingID]string{
		"off": "deactivated ", "over": "expired ", "gone": "role_gone ", "other": "gives_other ", "lab": "other_realm ",
		"put": "condition_unmet false", "good": "gives true",
	}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%s: %q, want %q", id, got[id], w)
		}
	}
	if !strings.HasPrefix(got["broken"], "condition_unmet ") || strings.HasSuffix(got["broken"], " false") {
		t.Errorf("a condition that cannot be evaluated: %q", got["broken"])
	}
	if _, there := got["south"]; there || len(got) != 8 {
		t.Errorf("considered %d bindings: %v", len(got), got)
	}
	q.Realm = "lab"
	for _, v := range s.Consider(p, "north", q) {
		if v.Binding.ID == "lab" && v.Verdict != policy.VerdictGives {
			t.Errorf("in its own realm: %q", v.Verdict)
		}
	}
	q.Realm, q.Limit = "", nil
	for _, v := range s.Consider(p, "north", q) {
		if v.Binding.ID == "good" && v.Verdict != policy.VerdictOutOfScope {
			t.Errorf("with scopes that leave nothing: %q", v.Verdict)
		}
	}
	if first := s.Consider(p, "north", q)[0].Binding.ID; first != "good" {
		t.Errorf("the first is %q", first)
	}
}

func TestNearMisses(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), customers())
	for _, tt := range []struct{ method, path, want string }{
		{"DELETE", "/customers", "add: it takes POST; list: it takes GET"},
		{"GET", "/customer", "list: its path is /customers"},
		{"GET", "/search", `search: it needs the query parameter op to be "x"`},
		{"GET", "/a/b/c", ""},
	} {
		var got []string
		for _, n := range s.API("ita").NearMisses(tt.method, "", tt.path, 3) {
			got = append(got, n.Route.ID+": "+n.Why)
		}
		if text := strings.Join(got, "; "); text != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, text, tt.want)
		}
	}
}

// BenchmarkSuggest looks for what would do among 1,000 roles and counts over
// 5,000 routes.
func BenchmarkSuggest(b *testing.B) {
	source := large(5000, 1000)
	for i := range source.Roles {
		source.Roles[i].Tenant = sallyport.EveryTenant
	}
	c := newCompiler(b)
	s := compile(b, c, source)
	p := principal(b, c)
	route := s.APIs()[0].Routes[7]
	q := &sallyport.Question{Need: route.Need, Facts: sallyport.Circumstances{Time: noon}}
	b.ReportAllocs()
	for b.Loop() {
		if len(s.Suggest(p, "north", route, q, nil, 3)) != 3 {
			b.Fatal("nothing was suggested")
		}
	}
}
