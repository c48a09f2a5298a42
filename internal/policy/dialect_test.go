package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// echo is a dialect with one endpoint, one route and one switch.
func echo() policy.Dialect {
	return policy.Dialect{
		Endpoints: []string{"login"},
		Complete: func(api *sallyport.API) []error {
			if api.BasePath == "" {
				api.BasePath = "/echo"
			}
			if len(api.Routes) == 0 {
				api.Routes = []sallyport.Route{{ID: "login", Methods: []string{"POST"}, Path: "/login", Public: true, Endpoint: "login"}}
			}
			for name := range api.Settings {
				if name != "loud" {
					return []error{sallyport.ErrInvalid("settings."+name, "there is no such setting")}
				}
			}
			return nil
		},
	}
}

func TestDialectCompletesDocuments(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{Dialects: map[string]policy.Dialect{"echo": echo(), "plain": {}}}
	route := sallyport.Route{Methods: []string{"GET"}, Path: "/x", Public: true}
	for _, tt := range []struct {
		name   string
		api    sallyport.API
		faults string // part of each; empty: none
		routes []string
	}{
		{"all filled in", sallyport.API{Name: "a", Dialect: "echo"}, "", []string{"login"}},
		{"routes said", sallyport.API{Name: "a", Dialect: "echo", Routes: []sallyport.Route{route}}, "", []string{"GET /x"}},
		{"known setting", sallyport.API{Name: "a", Dialect: "echo", Settings: map[string]string{"loud": "yes"}}, "", []string{"login"}},
		{"unknown setting", sallyport.API{Name: "a", Dialect: "echo", Settings: map[string]string{"x": "y"}}, "there is no such setting", nil},
		{"no settings", sallyport.API{Name: "a", BasePath: "/a", Dialect: "plain", Settings: map[string]string{"x": "y"}}, "has no settings", nil},
		{"standard has none", sallyport.API{Name: "a", BasePath: "/a", Settings: map[string]string{"x": "y"}}, "has no settings", nil},
		{"unknown dialect", sallyport.API{Name: "a", BasePath: "/a", Dialect: "klingon"}, "known are echo, plain, standard", nil},
		{"unknown endpoint", sallyport.API{Name: "a", Dialect: "echo", Routes: []sallyport.Route{
			{Methods: []string{"GET"}, Path: "/x", Public: true, Endpoint: "logout"},
		}}, "it has login", nil},
		{"endpoint without dialect", sallyport.API{Name: "a", BasePath: "/a", Routes: []sallyport.Route{
			{Methods: []string{"GET"}, Path: "/x", Public: true, Endpoint: "login"},
		}}, "no endpoint", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faults := rules.Check(&tt.api)
			if (len(faults) > 0) != (tt.faults != "") {
				t.Fatalf("faults %v, want %q", faults, tt.faults)
			}
			for _, f := range faults {
				if !strings.Contains(f.Error(), tt.faults) {
					t.Errorf("fault %q, want %q in it", f, tt.faults)
				}
			}
			if tt.faults != "" {
				return
			}
			c, err := policy.NewCompiler(rules)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Compile(policy.Source{APIs: []sallyport.API{tt.api}})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, r := range s.API("a").Routes {
				ids = append(ids, r.ID)
			}
			if !slices.Equal(ids, tt.routes) {
				t.Errorf("routes %q, want %q", ids, tt.routes)
			}
		})
	}
}

// Two APIs are at one place even if only a dialect says where one of them is.
func TestPlacesThatDialectsFillIn(t *testing.T) {
	t.Parallel()
	rules := policy.Rules{Dialects: map[string]policy.Dialect{"echo": echo()}}
	a, b := sallyport.API{Name: "a", Dialect: "echo"}, sallyport.API{Name: "b", BasePath: "/echo"}
	if faults := rules.Check(&a, &b); len(faults) != 1 || !strings.Contains(faults[0].Error(), `API "b" is already`) {
		t.Errorf("faults %v", faults)
	}
}
