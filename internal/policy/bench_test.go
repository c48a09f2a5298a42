package policy_test

import (
	"fmt"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// manyRoutes makes n routes of a REST API: four methods on a path with a name.
func manyRoutes(n int) []sallyport.Route {
	methods := []string{"GET", "POST", "PUT", "DELETE"}
	routes := make([]sallyport.Route, 0, n)
	for i := range n {
		routes = append(routes, sallyport.Route{
			Methods: methods[i%4 : i%4+1],
			Path:    fmt.Sprintf("/v1/resource-%d/{id}/parts", i/4),
			AnyOf:   []string{fmt.Sprintf("p%d", i%500)},
			Scopes:  []string{fmt.Sprintf("s%d", i%20)},
		})
	}
	return routes
}

// large makes a policy with so many routes, over ten APIs, and roles of 50 of
// 500 permissions each.
func large(routes, roles int) policy.Source {
	var source policy.Source
	for a := range 10 {
		api := sallyport.API{Name: sallyport.APIName(fmt.Sprintf("api-%d", a)), BasePath: fmt.Sprintf("/base-%d/v1", a)}
		for i := range 500 {
			api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprintf("p%d", i)})
		}
		for i := range 20 {
			api.Scopes = append(api.Scopes, sallyport.ScopeSpec{Name: fmt.Sprintf("s%d", i)})
		}
		api.Routes = manyRoutes(routes / 10)
		source.APIs = append(source.APIs, api)
	}
	for r := range roles {
		role := sallyport.Role{ID: sallyport.RoleID(fmt.Sprintf("role-%d", r)), Name: fmt.Sprintf("role %d", r)}
		for i := range 50 {
			role.Permissions = append(role.Permissions, sallyport.Permission(fmt.Sprintf("api-%d/p%d", r%10, (r+i*7)%500)))
		}
		source.Roles = append(source.Roles, role)
	}
	return source
}

// BenchmarkMatch is the whole way from host and path to the route. A warm
// decision must not cost more with ten thousand routes than with ten: the same
// ten paths are asked for.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			c := newCompiler(b)
			api := sallyport.API{Name: "api", BasePath: "/base/v1", Routes: manyRoutes(n)}
			for i := range 500 {
				api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprintf("p%d", i)})
			}
			for i := range 20 {
				api.Scopes = append(api.Scopes, sallyport.ScopeSpec{Name: fmt.Sprintf("s%d", i)})
			}
			s := compile(b, c, policy.Source{APIs: []sallyport.API{api}})
			var paths []string
			for i := range 2 {
				paths = append(paths, fmt.Sprintf("/base/v1/v1/resource-%d/7f3a/parts", (n/4-1)*i))
			}
			m := &policy.Match{}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				found, rest := s.Find("api.example.com", paths[i&1])
				found.Match("GET", "api.example.com", rest, nil, m)
				if m.Route == nil {
					b.Fatal(paths[i&1])
				}
				i++
			}
		})
	}
}

// BenchmarkCompile compiles everything from nothing: 5,000 routes, 1,000 roles
// and 10,000 users with two bindings each.
func BenchmarkCompile(b *testing.B) {
	source := large(5000, 1000)
	var records []policy.Record
	for i := range 10_000 {
		id := fmt.Sprintf("user-%d", i)
		rec := policy.Record{Principal: sallyport.Principal{ID: sallyport.PrincipalID(id), Kind: sallyport.PrincipalPerson}}
		for j := range 2 {
			rec.Bindings = append(rec.Bindings, sallyport.Binding{
				ID: "b", Tenant: sallyport.TenantID(fmt.Sprintf("tenant-%d", (i+j)%10)), SubjectKind: sallyport.SubjectUser, Subject: id,
				Role: sallyport.RoleID(fmt.Sprintf("role-%d", (i+j)%1000)), State: sallyport.Active,
			})
		}
		records = append(records, rec)
	}
	b.ReportAllocs()
	for b.Loop() {
		c := newCompiler(b)
		compile(b, c, source)
		for _, rec := range records {
			if _, err := c.Principal(rec); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRecompile compiles the same policy after one API changed.
func BenchmarkRecompile(b *testing.B) {
	c := newCompiler(b)
	source := large(5000, 1000)
	compile(b, c, source)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		next := large(5000, 0)
		next.APIs[0].Title = fmt.Sprint(i)
		next.Roles = source.Roles
		compile(b, c, next)
	}
}

// BenchmarkGrants is the look-up of a principal's grants in a tenant.
func BenchmarkGrants(b *testing.B) {
	var bindings []sallyport.Binding
	for i := range 100 {
		bindings = append(bindings, binding("b", fmt.Sprintf("tenant-%d", i), "r"))
	}
	p := principal(b, newCompiler(b), bindings...)
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Grants("tenant-50")) != 1 {
			b.Fatal("no grant")
		}
	}
}

// BenchmarkCondition is one evaluation of a usual condition.
func BenchmarkCondition(b *testing.B) {
	held := condition(b, newCompiler(b), `in_network(client, "10.0.0.0/8") && time.getHours() >= 8`)
	f := facts()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := held.Holds(f); !ok {
			b.Fatal(err)
		}
	}
}

// Many routes, also on one path, are no clash; and if looking for clashes grew
// with the square of the routes, this would be felt.
func TestCompileLarge(t *testing.T) {
	t.Parallel()
	for name, routes := range map[string][]sallyport.Route{"paths": manyRoutes(20_000), "one path": onePath(20_000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := sallyport.API{Name: "api", BasePath: "/", Routes: routes}
			for i := range 500 {
				api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprintf("p%d", i)})
			}
			for i := range 20 {
				api.Scopes = append(api.Scopes, sallyport.ScopeSpec{Name: fmt.Sprintf("s%d", i)})
			}
			s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{api}})
			if got := len(s.API("api").Routes); got != len(routes) {
				t.Errorf("%d of %d routes are there", got, len(routes))
			}
		})
	}
}

// onePath makes n operations of one path, told apart by a parameter.
func onePath(n int) []sallyport.Route {
	routes := make([]sallyport.Route, 0, n)
	for i := range n {
		routes = append(routes, sallyport.Route{
			Methods: []string{"POST"}, Path: "/rest.php", AllOf: []string{"p1"},
			Parameter: &sallyport.Parameter{In: "form", Name: "json_data", Field: "operation", Value: fmt.Sprintf("op/%d", i)},
		})
	}
	return routes
}
