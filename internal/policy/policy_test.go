package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

var (
	noon  = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	rules = policy.Rules{Dialects: map[string]policy.Dialect{"itop": {}, "truesight": {}}, Reserved: []string{"/sallyport", "/oauth2"}}
)

func newCompiler(tb testing.TB) *policy.Compiler {
	tb.Helper()
	c, err := policy.NewCompiler(rules)
	if err != nil {
		tb.Fatalf("NewCompiler: %v", err)
	}
	return c
}

// compile compiles a source that must have no faults.
func compile(tb testing.TB, c *policy.Compiler, source policy.Source) *policy.Snapshot {
	tb.Helper()
	s, err := c.Compile(source)
	if err != nil {
		tb.Fatalf("Compile: %v", err)
	}
	return s
}

// route makes a route that any principal may use out of "GET,POST /path", with
// the text as its id. A host comes before the path: "GET api.test/path".
func route(text string) sallyport.Route {
	methods, target, _ := strings.Cut(text, " ")
	slash := strings.IndexByte(target, '/')
	return sallyport.Route{
		ID: text, Methods: strings.Split(methods, ","), Host: target[:slash], Path: target[slash:], Authenticated: true,
	}
}

func apiOf(routes ...sallyport.Route) sallyport.API {
	return sallyport.API{Name: "shop", BasePath: "/", Routes: routes}
}

func routesOf(texts ...string) []sallyport.Route {
	out := make([]sallyport.Route, 0, len(texts))
	for _, t := range texts {
		out = append(out, route(t))
	}
	return out
}

// with gives a route a parameter.
func with(r sallyport.Route, in, name, field, value string) sallyport.Route {
	r.Parameter = &sallyport.Parameter{In: in, Name: name, Field: field, Value: value}
	r.ID += " " + in + " " + name + "=" + value
	return r
}

// among gives a route a parameter that may be there more than once.
func among(r sallyport.Route, name string, values ...string) sallyport.Route {
	r.Parameter = &sallyport.Parameter{In: "query", Name: name, Values: values}
	r.ID += " " + name + "=" + strings.Join(values, "|")
	return r
}

// parameters is a request's parameters: "query op" and the like to a value.
type parameters map[string]string

func (p parameters) Query(name string) (string, bool)  { v, ok := p["query "+name]; return v, ok }
func (p parameters) QueryAll(name string) []string     { return strings.Fields(p["every "+name]) }
func (p parameters) Form(name string) (string, bool)   { v, ok := p["form "+name]; return v, ok }
func (p parameters) Header(name string) (string, bool) { v, ok := p["header "+name]; return v, ok }

// ask matches one request and returns the id of its route, or the reason with
// the methods that are allowed.
func ask(s *policy.Snapshot, method, host, path string, p policy.ParameterSource) (string, *policy.Match) {
	api, rest := s.Find(host, path)
	if api == nil {
		return "no API", nil
	}
	m := &policy.Match{}
	api.Match(method, host, rest, p, m)
	if m.Route != nil {
		return m.Route.ID, m
	}
	text := string(m.Reason)
	if len(m.Allow) > 0 {
		text += " " + strings.Join(m.Allow, ",")
	}
	return text, m
}

// hasFault reports whether a fault of the field has all the words.
func hasFault(faults []error, field string, words ...string) bool {
	return slices.ContainsFunc(faults, func(err error) bool {
		e, ok := err.(*sallyport.Error) //nolint:errorlint // it is never wrapped here
		if !ok || e.Kind != sallyport.Invalid || e.Field != field {
			return false
		}
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e.Message, w) })
	})
}
