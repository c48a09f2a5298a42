package policy_test

import (
	"slices"
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		routes  []string
		request string // "GET /path"; host is api.test unless the path begins with one
		want    string
		values  string // name=value, joined by blanks
	}{
		{"literal", []string{"GET /racks"}, "GET /racks", "GET /racks", ""},
		{"no route denies", []string{"GET /racks"}, "GET /rack", "route_unknown", ""},
		{"nothing below a literal", []string{"GET /racks"}, "GET /racks/1", "route_unknown", ""},
		{"nothing above it", []string{"GET /racks/all"}, "GET /racks", "route_unknown", ""},
		{"case counts", []string{"GET /racks"}, "GET /Racks", "route_unknown", ""},
		{"a suffix is another path", []string{"GET /racks"}, "GET /racks.json", "route_unknown", ""},
		{"a blank is another path", []string{"GET /racks"}, "GET /racks%20", "route_unknown", ""},
		{"the base path", []string{"GET /"}, "GET /", "GET /", ""},
		{"an API without routes", nil, "GET /", "route_unknown", ""},

		{"name takes a segment", []string{"GET /racks/{id}"}, "GET /racks/7", "GET /racks/{id}", "id=7"},
		{"name takes no empty segment", []string{"GET /racks/{id}"}, "GET /racks/", "route_unknown", ""},
		{"not even in the middle", []string{"GET /{a}/x"}, "GET //x", "route_unknown", ""},
		{"name takes no two segments", []string{"GET /racks/{id}"}, "GET /racks/7/slots", "route_unknown", ""},
		{"two names", []string{"GET /racks/{rack}/slots/{slot}"}, "GET /racks/7/slots/u1", "GET /racks/{rack}/slots/{slot}", "rack=7 slot=u1"},
		{"values are decoded", []string{"GET /racks/{id}"}, "GET /racks/a%20b%C3%A9", "GET /racks/{id}", "id=a bé"},
		{"rest takes the rest", []string{"GET /files/{path...}"}, "GET /files/a/b%20c", "GET /files/{path...}", "path=a/b c"},
		{"rest may be nothing", []string{"GET /files/{path...}"}, "GET /files", "GET /files/{path...}", "path="},
		{"rest after a slash", []string{"GET /files/{path...}"}, "GET /files/", "GET /files/{path...}", "path="},
		{"rest keeps a slash at the end", []string{"GET /files/{path...}"}, "GET /files/a/", "GET /files/{path...}", "path=a/"},
		{"rest of everything", []string{"* /{path...}"}, "DELETE /", "* /{path...}", "path="},

		{"literal before name", []string{"GET /racks/{id}", "GET /racks/all"}, "GET /racks/all", "GET /racks/all", ""},
		{"name before rest", []string{"GET /{rest...}", "GET /{one}"}, "GET /x", "GET /{one}", "one=x"},
		{"leftmost literal decides", []string{"GET /a/{x}/c", "GET /{y}/b/c"}, "GET /a/b/c", "GET /a/{x}/c", "x=b"},
		{"back to a name", []string{"GET /a/b/c", "GET /{x}/b/d"}, "GET /a/b/d", "GET /{x}/b/d", "x=a"},
		{"back to the rest", []string{"GET /a/{x}/c", "GET /{rest...}"}, "GET /a/b/d", "GET /{rest...}", "rest=a/b/d"},
		{"back twice", []string{"GET /a/b/c/d", "GET /a/{x}/c/e", "GET /{y}/b/c/f"}, "GET /a/b/c/f", "GET /{y}/b/c/f", "y=a"},
		{"names of an abandoned branch are gone", []string{"GET /{a}/{b}/x", "GET /{rest...}"}, "GET /1/2/y", "GET /{rest...}", "rest=1/2/y"},
		{"back for the method", []string{"GET /racks/all", "DELETE /racks/{id}"}, "DELETE /racks/all", "DELETE /racks/{id}", "id=all"},

		{"slash at the end is the same policy", []string{"GET /racks"}, "GET /racks/", "GET /racks", ""},
		{"after a name too", []string{"GET /racks/{id}"}, "GET /racks/7/", "GET /racks/{id}", "id=7"},
		{"unless a route says it", []string{"GET /racks", "GET /racks/"}, "GET /racks/", "GET /racks/", ""},
		{"a slash that a route says must be there", []string{"GET /racks/"}, "GET /racks", "route_unknown", ""},
		{"the same policy before the rest", []string{"GET /racks", "GET /racks/{rest...}"}, "GET /racks/", "GET /racks", ""},
		{"two slashes are another path", []string{"GET /racks"}, "GET /racks//", "route_unknown", ""},

		{"another method", []string{"GET /racks", "POST /racks"}, "DELETE /racks", "method_not_allowed GET,HEAD,POST", ""},
		{"methods of all patterns", []string{"GET /racks/all", "DELETE /racks/{id}"}, "POST /racks/all", "method_not_allowed GET,HEAD,DELETE", ""},
		{"GET includes HEAD", []string{"GET /racks"}, "HEAD /racks", "GET /racks", ""},
		{"HEAD does not include GET", []string{"HEAD /racks"}, "GET /racks", "method_not_allowed HEAD", ""},
		{"HEAD named is more specific", []string{"GET /racks", "HEAD /racks"}, "HEAD /racks", "HEAD /racks", ""},
		{"every method", []string{"* /racks"}, "PROPFIND /racks", "* /racks", ""},
		{"named before every", []string{"* /racks", "POST /racks"}, "POST /racks", "POST /racks", ""},
		{"HEAD through GET before every", []string{"* /racks", "GET /racks"}, "HEAD /racks", "GET /racks", ""},
		{"a method of the API's own", []string{"PROPFIND,GET /dav"}, "PROPFIND /dav", "PROPFIND,GET /dav", ""},
		{"an unknown method", []string{"GET /racks"}, "PROPFIND /racks", "method_not_allowed GET,HEAD", ""},
		{"methods are case-sensitive", []string{"GET /racks"}, "get /racks", "method_not_allowed GET,HEAD", ""},
		{"a longer method", []string{"GET /racks"}, "GETT /racks", "method_not_allowed GET,HEAD", ""},
		{"no method", []string{"* /racks"}, " /racks", "method_not_allowed GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS", ""},
		{"every method but a tunnel", []string{"* /racks"}, "CONNECT /racks", "method_not_allowed GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS", ""},
		{"nor an echo", []string{"* /racks"}, "TRACE /racks", "method_not_allowed GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS", ""},
		{"allow lists what a path really takes", []string{"GET /a", "PROPFIND,MKCOL /a"}, "POST /a", "method_not_allowed GET,HEAD,MKCOL,PROPFIND", ""},

		{"host", []string{"GET a.test/x"}, "GET a.test/x", "GET a.test/x", ""},
		{"another host", []string{"GET a.test/x"}, "GET b.test/x", "route_unknown", ""},
		{"host before none", []string{"GET /x", "GET a.test/x"}, "GET a.test/x", "GET a.test/x", ""},
		{"host before a better path", []string{"GET /x", "GET a.test/{y}"}, "GET a.test/x", "GET a.test/{y}", "y=x"},
		{"no host when the host has no such path", []string{"GET /x", "GET a.test/y"}, "GET a.test/x", "GET /x", ""},
		{"a port does not lead around a host", []string{"GET /x", "GET a.test/x"}, "GET a.test:8080/x", "GET a.test/x", ""},
		{"a port of its own", []string{"GET a.test:8080/x", "GET a.test/x"}, "GET a.test:8080/x", "GET a.test:8080/x", ""},
		{"methods of host and none", []string{"GET /x", "POST a.test/x"}, "PUT a.test/x", "method_not_allowed GET,HEAD,POST", ""},

		{"escapes in a pattern", []string{"GET /a%20b"}, "GET /a%20b", "GET /a%20b", ""},
		{"raw blank in a pattern", []string{"GET /a b"}, "GET /a%20b", "GET /a b", ""},
		{"lower-case escapes in a pattern", []string{"GET /caf%c3%a9"}, "GET /caf%C3%A9", "GET /caf%c3%a9", ""},
		{"letters beyond ASCII in a pattern", []string{"GET /café"}, "GET /caf%C3%A9", "GET /café", ""},
		{"needless escapes in a pattern", []string{"GET /%61%40%3A"}, "GET /a@:", "GET /%61%40%3A", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(routesOf(tt.routes...)...)}})
			method, target, _ := strings.Cut(tt.request, " ")
			host, path := "api.test", target
			if i := strings.IndexByte(target, '/'); i > 0 {
				host, path = target[:i], target[i:]
			}
			got, m := ask(s, method, host, path, nil)
			var values []string
			for i, v := range m.Values() {
				values = append(values, m.Names()[i]+"="+v)
				if named, ok := m.Value(m.Names()[i]); !ok || named != v {
					t.Errorf("Value(%q) = %q, %v; want %q", m.Names()[i], named, ok, v)
				}
			}
			if got != tt.want || strings.Join(values, " ") != tt.values {
				t.Errorf("%s went to %q with %q, want %q with %q", tt.request, got, values, tt.want, tt.values)
			}
		})
	}
}

func TestMatchParameter(t *testing.T) {
	t.Parallel()
	get := with(route("GET,POST /rest"), "form", "json", "operation", "core/get")
	remove := with(route("GET,POST /rest"), "form", "json", "operation", "core/delete")
	plain := route("GET,POST /rest")
	reset := with(route("POST /rest"), "header", "x-action", "", "reset")
	named := with(route("POST /rest"), "header", "x-action", "", "stop")
	every := with(route("* /rest"), "query", "op", "", "stop")
	all := []sallyport.Route{get, remove, plain}
	for _, tt := range []struct {
		name   string
		routes []sallyport.Route
		method string
		params parameters
		want   string
	}{
		{"value inside JSON", all, "POST", parameters{"form json": `{"operation":"core/get"}`}, get.ID},
		{"another value", all, "POST", parameters{"form json": ` { "x": [1,{"operation":"core/get"}], "operation" : "core/delete" } `}, remove.ID},
		{"in the query", all, "GET", parameters{"query json": `{"operation":"core/get"}`}, get.ID},
		{"in both, the same", all, "POST", parameters{"query json": `{"operation":"core/get"}`, "form json": `{"operation":"core/get"}`}, get.ID},
		{"escapes in JSON", all, "POST", parameters{"form json": `{"oper\u0061tion":"core\/get"}`}, get.ID},
		{"a value nobody named", all, "POST", parameters{"form json": `{"operation":"core/create"}`}, plain.ID},
		{"no parameter", all, "POST", parameters{}, plain.ID},
		{"no such field", all, "POST", parameters{"form json": `{"class":"Person"}`}, plain.ID},
		{"no source", all, "POST", nil, plain.ID},
		{"no route for the rest", []sallyport.Route{get}, "POST", parameters{}, "route_unknown"},
		{"method still counts", []sallyport.Route{get}, "PUT", parameters{"form json": `{"operation":"core/get"}`}, "method_not_allowed GET,HEAD,POST"},
		{"a header", []sallyport.Route{reset, plain}, "POST", parameters{"header X-Action": "reset"}, reset.ID},
		{"of two parameters the route that names the method", []sallyport.Route{every, named}, "POST", parameters{"header X-Action": "stop", "query op": "stop"}, named.ID},
		{"whichever comes first", []sallyport.Route{named, every}, "POST", parameters{"header X-Action": "stop", "query op": "stop"}, named.ID},
		{"values compare whole", []sallyport.Route{reset, plain}, "POST", parameters{"header X-Action": "reset "}, plain.ID},

		// What two readers could read differently goes nowhere, not even to the
		// route without a parameter.
		{"query and form disagree", all, "POST", parameters{"query json": `{"operation":"core/get"}`, "form json": `{"operation":"core/delete"}`}, "route_unknown"},
		{"broken JSON", all, "POST", parameters{"form json": `{"operation":"core/delete"`}, "route_unknown"},
		{"empty", all, "POST", parameters{"form json": ``}, "route_unknown"},
		{"a list", all, "POST", parameters{"form json": `["operation"]`}, "route_unknown"},
		{"field twice", all, "POST", parameters{"form json": `{"operation":"core/get","operation":"core/delete"}`}, "route_unknown"},
		{"another key twice", all, "POST", parameters{"form json": `{"operation":"core/get","a":1,"a":2}`}, "route_unknown"},
		{"field twice, once escaped", all, "POST", parameters{"form json": `{"operation":"core/get","\u006fperation":"core/delete"}`}, "route_unknown"},
		{"field in another case", all, "POST", parameters{"form json": `{"operation":"core/get","Operation":"core/delete"}`}, "route_unknown"},
		{"field in another case only", all, "POST", parameters{"form json": `{"OPERATION":"core/delete"}`}, "route_unknown"},
		{"not a text", all, "POST", parameters{"form json": `{"operation":["core/delete"]}`}, "route_unknown"},
		{"null", all, "POST", parameters{"form json": `{"operation":null}`}, "route_unknown"},
		{"two objects", all, "POST", parameters{"form json": `{"operation":"core/get"}{"operation":"core/delete"}`}, "route_unknown"},
		{"text after it", all, "POST", parameters{"form json": `{"operation":"core/get"} x`}, "route_unknown"},
		{"not UTF-8", all, "POST", parameters{"form json": "{\"operation\":\"core/get\",\"a\":\"\xff\"}"}, "route_unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(tt.routes...)}})
			var source policy.ParameterSource
			if tt.params != nil {
				source = tt.params
			}
			if got, _ := ask(s, tt.method, "api.test", "/rest", source); got != tt.want {
				t.Errorf("went to %q, want %q", got, tt.want)
			}
		})
	}
}

// A broken parameter must not lead to a less specific pattern either.
func TestMatchUnreadableParameterEndsTheSearch(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(
		with(route("POST /rest"), "form", "json", "op", "read"), route("POST /{any...}"))}})
	if got, _ := ask(s, "POST", "", "/rest", parameters{"form json": "{"}); got != "route_unknown" {
		t.Errorf("broken parameter went to %q", got)
	}
	if got, _ := ask(s, "POST", "", "/rest", parameters{"form json": `{"op":"other"}`}); got != "POST /{any...}" {
		t.Errorf("other value went to %q", got)
	}
}

// What the dialect answers itself may be asked in a way that nobody can read, as
// there is no upstream to read it in another.
func TestMatchUnreadableParameterGoesToTheDialect(t *testing.T) {
	t.Parallel()
	c, err := policy.NewCompiler(policy.Rules{Dialects: map[string]policy.Dialect{"echo": echo()}})
	if err != nil {
		t.Fatal(err)
	}
	api := apiOf(with(route("POST /rest"), "form", "json", "op", "read"), route("POST /rest"), route("POST /{any...}"))
	api.Dialect, api.Routes[1].Endpoint = "echo", "login"
	s := compile(t, c, policy.Source{APIs: []sallyport.API{api}})
	for data, want := range map[string]string{"{": "POST /rest", `{"op":"other"}`: "POST /rest", `{"op":"read","op":"x"}`: "POST /rest", `{"op":"read"}`: api.Routes[0].ID} {
		if got, _ := ask(s, "POST", "", "/rest", parameters{"form json": data}); got != want {
			t.Errorf("%s went to %q, want %q", data, got, want)
		}
	}
	api.Routes = slices.Clone(api.Routes)
	api.Routes[1].Methods = []string{"PUT"}
	changed := compile(t, c, policy.Source{APIs: []sallyport.API{api}})
	if got, _ := ask(changed, "POST", "", "/rest", parameters{"form json": "{"}); got == api.Routes[1].ID {
		t.Errorf("an endpoint of PUT was given a POST")
	}
	if got, _ := ask(s, "PUT", "", "/rest", parameters{"form json": "{"}); got != "method_not_allowed GET,HEAD,POST" && got != "method_not_allowed POST" {
		t.Errorf("another method went to %q", got)
	}
}

// What a route asks of a body must not be read for a method that no such route
// takes.
func TestMatchAsksOnlyWhereItMust(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(
		with(route("POST /rest"), "form", "op", "", "read"), route("GET /rest"), route("POST /other"))}})
	for _, request := range []string{"GET /rest", "POST /other", "DELETE /rest"} {
		method, path, _ := strings.Cut(request, " ")
		p := &counting{}
		ask(s, method, "", path, p)
		if p.asked != 0 {
			t.Errorf("%s asked for %d parameters, want 0", request, p.asked)
		}
	}
}

type counting struct{ asked int }

func (c *counting) Query(string) (string, bool)  { c.asked++; return "", false }
func (c *counting) Form(string) (string, bool)   { c.asked++; return "", false }
func (c *counting) QueryAll(string) []string     { c.asked++; return nil }
func (c *counting) Header(string) (string, bool) { c.asked++; return "", false }

func TestAPIParameters(t *testing.T) {
	t.Parallel()
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{apiOf(
		with(route("GET /a"), "query", "op", "", "x"), with(route("GET /a"), "query", "op", "", "y"),
		with(route("GET /b"), "header", "x-op", "", "y"), with(route("GET /c"), "form", "json", "op", "y"), among(route("GET /d"), "kind", "x", "y"))}})
	want := []policy.Place{{In: "form", Name: "json"}, {In: "header", Name: "X-Op"}, {In: "query", Name: "kind", Many: true}, {In: "query", Name: "op"}}
	if got := s.API("shop").Parameters; !slices.Equal(got, want) {
		t.Errorf("Parameters = %v, want %v", got, want)
	}
}

func TestMatchAllocations(t *testing.T) {
	routes := routesOf("GET /racks", "GET /racks/{rack}/slots/{slot}", "GET a.test/racks", "GET /files/{rest...}")
	routes = append(routes, with(route("POST /op"), "query", "op", "", "x"))
	s := compile(t, newCompiler(t), policy.Source{APIs: []sallyport.API{
		{Name: "shop", BasePath: "/shop", Aliases: []string{"/store/v1"}, Routes: routes},
	}})
	var params policy.ParameterSource = parameters{"query op": "x"}
	m := &policy.Match{}
	for _, request := range []string{
		"GET /shop/racks", "HEAD /shop/racks/7/slots/u1", "GET /store/v1/files/a/b/c", "POST /shop/op",
		"GET /shop/nothing/here", "POST /shop/racks", "GET /elsewhere",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := testing.AllocsPerRun(100, func() {
			if api, rest := s.Find("a.test:8080", path); api != nil {
				api.Match(method, "b.test:8080", rest, params, m)
			}
		}); got != 0 {
			t.Errorf("%s allocates %v times, want 0", request, got)
		}
	}
}
