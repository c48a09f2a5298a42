package policy_test

import (
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// A parameter that may be there more than once leads to a route only if the route
// is for each of its values; otherwise it leads to the one that looks at none.
func TestMatchValues(t *testing.T) {
	t.Parallel()
	few := among(route("GET /trail"), "type", "add", "move")
	more := among(route("GET /trail"), "type", "alarm", "add", "move")
	other := among(route("GET /trail"), "type", "mail")
	post := among(route("POST /trail"), "type", "add", "mail")
	plain := route("GET,POST /trail")
	all := []sallyport.Route{more, plain, few, post, other}
	for _, tt := range []struct {
		name   string
		routes []sallyport.Route
		method string
		values string
		want   string
	}{
		{"one of the few", all, "GET", "move", few.ID},
		{"the few", all, "GET", "move add", few.ID},
		{"twice the same", all, "GET", "add add", few.ID},
		{"of the few and more", all, "GET", "add alarm", more.ID},
		{"more alone", all, "GET", "alarm", more.ID},
		{"of two that have nothing in common", all, "GET", "alarm mail", plain.ID},
		{"one that is unknown", all, "GET", "add horse", plain.ID},
		{"another case", all, "GET", "Add", plain.ID},
		{"none", all, "GET", "", plain.ID},
		{"another method", all, "POST", "add mail", post.ID},
		{"a method with a route for other values", all, "POST", "move", plain.ID},
		{"HEAD is GET", all, "HEAD", "mail", other.ID},
		{"nothing for the rest", []sallyport.Route{few, more}, "GET", "horse", "route_unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(tt.routes...)}})
			if got, _ := ask(s, tt.method, "api.test", "/trail", parameters{"every type": tt.values}); got != tt.want {
				t.Errorf("went to %q, want %q", got, tt.want)
			}
		})
	}
}
