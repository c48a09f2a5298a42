package policy_test

import (
	"strings"
	"testing"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// sound is a document with a little of everything and no fault.
func sound() sallyport.API {
	return sallyport.API{
		Name: "edge-intelligence", Title: "Edge Intelligence", Dialect: "itop", Host: "edge.test", BasePath: "/nbapi/ei/v1",
		Aliases:  []string{"/ei"},
		Upstream: sallyport.Upstream{URL: "http://10.0.0.5:8080/base", Timeout: sallyport.Duration(time.Minute), Retries: 1, BodyLimit: -1},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierHeader, Name: "X-API-Key", Kinds: []sallyport.CredentialKind{sallyport.APIKey}},
		},
		Tenant: &sallyport.Selector{From: "header", Name: "x-tenant-id", Required: true},
		Realm:  &sallyport.Selector{From: "query", Name: "filter.realm", Any: true},
		Permissions: []sallyport.PermissionSpec{
			{Name: "asset-management"}, {Name: "data:read"}, {Name: "Aspera:Orchestrator"},
		},
		Scopes: []sallyport.ScopeSpec{{Name: "REST/JSON", Permissions: []string{"*"}}, {Name: "Export"}},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET"}, Path: "/agents", AnyOf: []string{"asset-management", "data:read"}, Scopes: []string{"Export"}},
			{Methods: []string{"*"}, Path: "/agents/{id}/{rest...}", AllOf: []string{"asset-management"}},
			{Methods: []string{"GET"}, Path: "/health", Public: true, IgnoreCredentials: true},
			{Methods: []string{"GET"}, Path: "/me", Authenticated: true, WebSocket: true, Timeout: sallyport.Duration(time.Hour)},
		},
		Explain: sallyport.ExplainFull, Stale: "serve", MaxStaleness: sallyport.Duration(time.Minute),
		Token: sallyport.TokenSpec{Algorithm: "RS256", Lifetime: sallyport.Duration(15 * time.Minute)},
	}
}

func TestCheckSound(t *testing.T) {
	t.Parallel()
	api := sound()
	for _, err := range rules.Check(&api) {
		t.Errorf("fault in a sound document: %v", err)
	}
}

// Each row breaks one thing and says what the fault must tell.
func TestCheckFaults(t *testing.T) {
	t.Parallel()
	minutes := func(n int) sallyport.Duration { return sallyport.Duration(time.Duration(n) * time.Minute) }
	first := func(a *sallyport.API) *sallyport.Route { return &a.Routes[0] }
	for _, tt := range []struct {
		name   string
		change func(*sallyport.API)
		field  string
		words  string // joined by |
	}{
		{"name", func(a *sallyport.API) { a.Name = "Edge" }, "name", "lower-case"},
		{"no name", func(a *sallyport.API) { a.Name = "" }, "name", "letters"},
		{"title", func(a *sallyport.API) { a.Title = "two\nlines" }, "title", "one line"},
		{"dialect", func(a *sallyport.API) { a.Dialect = "itopp" }, "dialect", "itop, standard, truesight"},
		{"host with a scheme", func(a *sallyport.API) { a.Host = "http://edge.test" }, "host", "host alone"},
		{"host in upper case", func(a *sallyport.API) { a.Host = "Edge.test" }, "host", "edge.test"},
		{"host with a default port", func(a *sallyport.API) { a.Host = "edge.test:443" }, "host", "leave it out"},
		{"host with no port", func(a *sallyport.API) { a.Host = "edge.test:" }, "host", "port"},
		{"host with a big port", func(a *sallyport.API) { a.Host = "edge.test:65536" }, "host", "65535"},
		{"host with a blank", func(a *sallyport.API) { a.Host = "edge test" }, "host", "not a host"},
		{"host with a long address", func(a *sallyport.API) { a.Host = "[2001:db8:0::5]" }, "host", "not a host"},
		{"no base path", func(a *sallyport.API) { a.BasePath = "" }, "base_path", `"/"`},
		{"base path without a slash", func(a *sallyport.API) { a.BasePath = "ei" }, "base_path", `"/ei"`},
		{"base path with a slash at the end", func(a *sallyport.API) { a.BasePath = "/ei/v1/" }, "base_path", `"/ei/v1"`},
		{"base path with a name", func(a *sallyport.API) { a.BasePath = "/{x}" }, "base_path", "names stand in"},
		{"base path with dots", func(a *sallyport.API) { a.BasePath = "/a/../b" }, "base_path", "dot segment"},
		{"base path with two slashes", func(a *sallyport.API) { a.BasePath = "/a//b" }, "base_path", "empty segment"},
		{"base path in another form", func(a *sallyport.API) { a.BasePath = "/%61" }, "base_path", `"/a"`},
		{"base path of Sallyport", func(a *sallyport.API) { a.BasePath = "/sallyport/x" }, "base_path", "kept for Sallyport"},
		{"alias with a slash at the end", func(a *sallyport.API) { a.Aliases = []string{"/x/"} }, "aliases[0]", `"/x"`},
		{"alias twice", func(a *sallyport.API) { a.Aliases = []string{"/x", "/x"} }, "aliases[1]", "twice"},
		{"alias like the base path", func(a *sallyport.API) { a.Aliases = []string{a.BasePath} }, "aliases[0]", "twice"},
		{"upstream without a scheme", func(a *sallyport.API) { a.Upstream.URL = "10.0.0.5:8080" }, "upstream.url", "http://10.0.0.5:8080"},
		{"upstream with a password", func(a *sallyport.API) { a.Upstream.URL = "http://u:secret@h" }, "upstream.url", "leave them out"},
		{"upstream with a query", func(a *sallyport.API) { a.Upstream.URL = "http://h/?x=1" }, "upstream.url", "query"},
		{"upstream timeout", func(a *sallyport.API) { a.Upstream.Timeout = minutes(60 * 48) }, "upstream.timeout", "24h"},
		{"negative timeout", func(a *sallyport.API) { a.Upstream.Timeout = minutes(-1) }, "upstream.timeout", "out of bounds"},
		{"body limit", func(a *sallyport.API) { a.Upstream.BodyLimit = -2 }, "upstream.body_limit", "-1"},
		{"retries", func(a *sallyport.API) { a.Upstream.Retries = 11 }, "upstream.retries", "10"},
		{"carrier", func(a *sallyport.API) { a.Accept[0].In = "trailer" }, "accept[0].in", "basic, bearer, header"},
		{"carrier with a name too many", func(a *sallyport.API) { a.Accept[0].Name = "x" }, "accept[0].name", "no name"},
		{"header carrier without a name", func(a *sallyport.API) { a.Accept[1].Name = "" }, "accept[1].name", "X-API-Key"},
		{"header carrier Authorization", func(a *sallyport.API) { a.Accept[1].Name = "authorization" }, "accept[1].name", "basic or bearer"},
		{"query carrier without a name", func(a *sallyport.API) { a.Accept[1] = sallyport.Accept{In: sallyport.CarrierQuery} }, "accept[1].name", "query parameter"},
		{"cookie carrier without a name", func(a *sallyport.API) { a.Accept[1] = sallyport.Accept{In: sallyport.CarrierCookie} }, "accept[1].name", "cookie"},
		{"carrier twice", func(a *sallyport.API) {
			a.Accept = append(a.Accept, sallyport.Accept{In: sallyport.CarrierHeader, Name: "x-api-key"})
		}, "accept[2]", "twice"},
		{"refused cookie", func(a *sallyport.API) {
			a.Accept[1] = sallyport.Accept{In: sallyport.CarrierCookie, Name: "x", Refused: true}
		}, "accept[1].refused", "leave cookie out"},
		{"kind", func(a *sallyport.API) { a.Accept[1].Kinds[0] = "apikey" }, "accept[1].kinds[0]", "api_key"},
		{"refresh token", func(a *sallyport.API) { a.Accept[1].Kinds[0] = sallyport.RefreshToken }, "accept[1].kinds[0]", "token endpoint"},
		{"selector", func(a *sallyport.API) { a.Tenant.From = "body" }, "tenant.from", "header, path, query, claim or fixed"},
		{"selector without a name", func(a *sallyport.API) { a.Tenant.Name = "" }, "tenant.name", "header"},
		{"fixed without a value", func(a *sallyport.API) { a.Tenant = &sallyport.Selector{From: "fixed"} }, "tenant.default", "fixed tenant"},
		{"fixed tenant that is no id", func(a *sallyport.API) { a.Tenant = &sallyport.Selector{From: "fixed", Default: "acme"} }, "tenant.default", "UUID"},
		{"any tenant", func(a *sallyport.API) { a.Tenant = &sallyport.Selector{From: "claim", Name: "t", Any: true} }, "tenant.any", "one tenant"},
		{"required with a default", func(a *sallyport.API) {
			a.Realm = &sallyport.Selector{From: "query", Name: "r", Required: true, Default: "x"}
		}, "realm.required", "leave out"},
		{"permission name", func(a *sallyport.API) { a.Permissions[0].Name = "has blank" }, "permissions[0].name", "letters, digits"},
		{"permission wildcard", func(a *sallyport.API) { a.Permissions[0].Name = "*" }, "permissions[0].name", "letters, digits"},
		{"permission twice", func(a *sallyport.API) { a.Permissions[1].Name = "asset-management" }, "permissions[1].name", "twice"},
		{"scope name", func(a *sallyport.API) { a.Scopes[0].Name = "/x" }, "scopes[0].name", "scope"},
		{"scope twice", func(a *sallyport.API) { a.Scopes[1].Name = "REST/JSON" }, "scopes[1].name", "twice"},
		{"scope of a place", func(a *sallyport.API) { a.Accept = []sallyport.Accept{{In: "bearer", Scopes: []string{"export"}}} }, "accept[0].scopes[0]", `did you mean "Export"?`},
		{"scope of an unknown permission", func(a *sallyport.API) { a.Scopes[0].Permissions[0] = "data:raed" }, "scopes[0].permissions[0]", `"REST/JSON"|did you mean "data:read"?`},
		{"explain", func(a *sallyport.API) { a.Explain = "all" }, "explain", "none, code or full"},
		{"stale", func(a *sallyport.API) { a.Stale = "allow" }, "stale", "deny or serve"},
		{"serve without a bound", func(a *sallyport.API) { a.MaxStaleness = 0 }, "max_staleness", "bound"},
		{"a bound without serve", func(a *sallyport.API) { a.Stale = "" }, "max_staleness", "serve"},
		{"algorithm", func(a *sallyport.API) { a.Token.Algorithm = "HS256" }, "token.algorithm", "EdDSA, ES256 or RS256"},
		{"long token", func(a *sallyport.API) { a.Token.Lifetime = minutes(16) }, "token.lifetime", "15m"},
		{"short sign-in", func(a *sallyport.API) { a.Token.Refresh = minutes(5) }, "token.refresh", "ends before"},

		{"nothing decided", func(a *sallyport.API) { first(a).AnyOf = nil }, "routes[0]", "public, authenticated, any_of or all_of"},
		{"public and needs", func(a *sallyport.API) { first(a).Public = true }, "routes[0].public", "cannot need"},
		{"authenticated and needs", func(a *sallyport.API) { first(a).Authenticated = true }, "routes[0].authenticated", "anyway"},
		{"ignored but not public", func(a *sallyport.API) { first(a).IgnoreCredentials = true }, "routes[0].ignore_credentials", "not public"},
		{"public with scopes", func(a *sallyport.API) { a.Routes[2].Scopes = []string{"Export"} }, "routes[2].scopes", "limits nothing"},
		{"unknown permission", func(a *sallyport.API) { first(a).AnyOf[1] = "data:write" }, "routes[0].any_of[1]", `"list"|"data:write"|data:read`},
		{"unknown permission of all", func(a *sallyport.API) { first(a).AllOf = []string{"zzz"} }, "routes[0].all_of[0]", "declare it"},
		{"permission of another API", func(a *sallyport.API) { first(a).AnyOf[1] = "shop/data:read" }, "routes[0].any_of[1]", "does not declare"},
		{"a wildcard is not a need", func(a *sallyport.API) { first(a).AnyOf[1] = "*" }, "routes[0].any_of[1]", "does not declare"},
		{"permission twice in a need", func(a *sallyport.API) { first(a).AnyOf[1] = "asset-management" }, "routes[0].any_of[1]", "twice"},
		{"unknown scope", func(a *sallyport.API) { first(a).Scopes[0] = "export" }, "routes[0].scopes[0]", `did you mean "Export"?`},
		{"no method", func(a *sallyport.API) { first(a).Methods = nil }, "routes[0].methods", `"*"`},
		{"method in lower case", func(a *sallyport.API) { first(a).Methods[0] = "get" }, "routes[0].methods[0]", "write GET"},
		{"no method at all", func(a *sallyport.API) { first(a).Methods[0] = "GE T" }, "routes[0].methods[0]", "not a method"},
		{"tunnel", func(a *sallyport.API) { first(a).Methods[0] = "CONNECT" }, "routes[0].methods[0]", "never served"},
		{"method twice", func(a *sallyport.API) { first(a).Methods = []string{"GET", "GET"} }, "routes[0].methods[1]", "twice"},
		{"every method and one", func(a *sallyport.API) { first(a).Methods = []string{"GET", "*"} }, "routes[0].methods[1]", "takes them all"},
		{"WebSocket without GET", func(a *sallyport.API) { first(a).Methods, first(a).WebSocket = []string{"POST"}, true }, "routes[0].websocket", "GET"},
		{"no path", func(a *sallyport.API) { first(a).Path = "" }, "routes[0].path", `"/"`},
		{"path without a slash", func(a *sallyport.API) { first(a).Path = "agents" }, "routes[0].path", `"/agents"`},
		{"half a name", func(a *sallyport.API) { first(a).Path = "/agents/{id}.json" }, "routes[0].path", "whole segment"},
		{"open brace", func(a *sallyport.API) { first(a).Path = "/agents/{id" }, "routes[0].path", "whole segment"},
		{"name with a dash", func(a *sallyport.API) { first(a).Path = "/agents/{agent-id}" }, "routes[0].path", "underscores"},
		{"name twice", func(a *sallyport.API) { first(a).Path = "/{id}/{id}" }, "routes[0].path", "twice"},
		{"rest in the middle", func(a *sallyport.API) { first(a).Path = "/{rest...}/x" }, "routes[0].path", "last segment"},
		{"dots", func(a *sallyport.API) { first(a).Path = "/a/%2E%2e" }, "routes[0].path", "dot segment"},
		{"query in a path", func(a *sallyport.API) { first(a).Path = "/a?op=x" }, "routes[0].path", "parameter"},
		{"backslash", func(a *sallyport.API) { first(a).Path = `/a\b` }, "routes[0].path", "backslash"},
		{"encoded percent", func(a *sallyport.API) { first(a).Path = "/a%2541" }, "routes[0].path", "percent"},
		{"broken escape", func(a *sallyport.API) { first(a).Path = "/a%4" }, "routes[0].path", "hexadecimal"},
		{"not UTF-8", func(a *sallyport.API) { first(a).Path = "/a%ff" }, "routes[0].path", "UTF-8"},
		{"semicolon", func(a *sallyport.API) { first(a).Path = "/a;b" }, "routes[0].path", "allow_semicolon"},
		{"encoded slash", func(a *sallyport.API) { first(a).Path = "/a%2fb" }, "routes[0].path", "allow_encoded_slash"},
		{"long path", func(a *sallyport.API) { first(a).Path = "/" + strings.Repeat("a", 2048) }, "routes[0].path", "2048"},
		{"deep path", func(a *sallyport.API) { first(a).Path = strings.Repeat("/a", 65) }, "routes[0].path", "64"},
		{"many names", func(a *sallyport.API) {
			for i := range 17 {
				first(a).Path += "/{n" + strings.Repeat("x", i) + "}"
			}
		}, "routes[0].path", "16"},
		{"host of another", func(a *sallyport.API) { first(a).Host = "other.test" }, "routes[0].host", "edge.test"},
		{"by kind, public", func(a *sallyport.API) {
			a.Routes[2].ByKind = []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.APIKey}}}
		}, "routes[2].by_kind", "public"},
		{"by no kind", func(a *sallyport.API) { first(a).ByKind = []sallyport.KindNeed{{AnyOf: []string{"data:read"}}} }, "routes[0].by_kind[0].kinds", "which kinds"},
		{"by unknown kind", func(a *sallyport.API) {
			first(a).ByKind = []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.RefreshToken}}}
		}, "routes[0].by_kind[0].kinds[0]", "can carry"},
		{"by a kind twice", func(a *sallyport.API) {
			first(a).ByKind = []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.APIKey}}, {Kinds: []sallyport.CredentialKind{sallyport.Session, sallyport.APIKey}}}
		}, "routes[0].by_kind[1].kinds[1]", "twice"},
		{"by kind, unknown permission", func(a *sallyport.API) {
			first(a).ByKind = []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.APIKey}, AnyOf: []string{"data:raed"}}}
		}, "routes[0].by_kind[0].any_of[0]", `did you mean "data:read"?`},
		{"realm of a dialect that knows none", func(a *sallyport.API) { a.Realm = &sallyport.Selector{From: "dialect"} }, "realm.from", "finds no realm"},
		{"tenant of a dialect", func(a *sallyport.API) { a.Tenant = &sallyport.Selector{From: "dialect"} }, "tenant.from", "realms only"},
		{"parameter to drop", func(a *sallyport.API) { a.Upstream.DropParameters = []string{"x", ""} }, "upstream.drop_parameters[1]", "name"},
		{"parameter place", func(a *sallyport.API) { first(a).Parameter = &sallyport.Parameter{In: "body", Name: "x", Value: "y"} }, "routes[0].parameter.in", "query, form or header"},
		{"parameter name", func(a *sallyport.API) { first(a).Parameter = &sallyport.Parameter{In: "query", Value: "y"} }, "routes[0].parameter.name", "name"},
		{"parameter value", func(a *sallyport.API) { first(a).Parameter = &sallyport.Parameter{In: "query", Name: "x"} }, "routes[0].parameter.value", "value"},
		{"values beside a value", func(a *sallyport.API) {
			first(a).Parameter = &sallyport.Parameter{In: "query", Name: "x", Value: "y", Values: []string{"y"}}
		}, "routes[0].parameter.values", "either value or values"},
		{"values in a form", func(a *sallyport.API) {
			first(a).Parameter = &sallyport.Parameter{In: "form", Name: "x", Values: []string{"y"}}
		}, "routes[0].parameter.values", "query parameters"},
		{"a value twice", func(a *sallyport.API) {
			first(a).Parameter = &sallyport.Parameter{In: "query", Name: "x", Values: []string{"y", "z", "y"}}
		}, "routes[0].parameter.values[2]", "once"},
		{"value here, values there", func(a *sallyport.API) {
			first(a).Parameter = &sallyport.Parameter{In: "query", Name: "x", Values: []string{"y"}}
			a.Routes[1].Parameter = &sallyport.Parameter{In: "query", Name: "x", Value: "y"}
		}, "routes", `"x"|write values for all`},
		{"values that overlap", func(a *sallyport.API) {
			a.Routes[1].Path, a.Routes[1].Methods, a.Routes[1].ID = "/agents", first(a).Methods, "second"
			first(a).Parameter = &sallyport.Parameter{In: "query", Name: "x", Values: []string{"a", "b"}}
			a.Routes[1].Parameter = &sallyport.Parameter{In: "query", Name: "x", Values: []string{"b", "c"}}
		}, "routes", `"list"|"second"|equal right`},
		{"parameter in a header of ours", func(a *sallyport.API) {
			first(a).Parameter = &sallyport.Parameter{In: "header", Name: "X-Sallyport-User", Value: "x"}
		}, "routes[0].parameter.name", "Sallyport's own"},
		{"key in a header of ours", func(a *sallyport.API) {
			a.Accept = []sallyport.Accept{{In: sallyport.CarrierHeader, Name: "x_sallyport.Caller"}}
		}, "accept[0].name", "Sallyport's own"},
		{"key in the request id", func(a *sallyport.API) {
			a.Accept = []sallyport.Accept{{In: sallyport.CarrierHeader, Name: "X-Request-ID"}}
		}, "accept[0].name", "Sallyport's own"},
		{"tenant in a header of ours", func(a *sallyport.API) {
			a.Tenant = &sallyport.Selector{From: "header", Name: "X-Sallyport-Tenant"}
		}, "tenant.name", "Sallyport's own"},
		{"realm in a header of ours", func(a *sallyport.API) {
			first(a).Realm = &sallyport.Selector{From: "header", Name: "X-SALLYPORT-Realm"}
		}, "routes[0].realm.name", "Sallyport's own"},
		{"route timeout", func(a *sallyport.API) { first(a).Timeout = minutes(60 * 25) }, "routes[0].timeout", "24h"},
		{"route selector", func(a *sallyport.API) { first(a).Realm = &sallyport.Selector{From: "cookie"} }, "routes[0].realm.from", "no place"},
		{"a realm that the path cannot name", func(a *sallyport.API) {
			first(a).Realm = &sallyport.Selector{From: "path", Name: "realm", Required: true}
		}, "routes[0].realm", "{realm}|/agents"},
		{"id twice", func(a *sallyport.API) { a.Routes[3].ID = "list" }, "routes", `"list"|/agents|/me`},
		{"the same request twice", func(a *sallyport.API) { a.Routes[3].Path, a.Routes[3].ID = "/agents", "second" }, "routes", `"list" (GET /agents)|"second" (GET /agents)|equal right`},
		{"names differ but nothing else", func(a *sallyport.API) {
			first(a).Path, a.Routes[3].Path, a.Routes[3].ID = "/x/{a}", "/x/{b}", "second"
		}, "routes", "/x/{a}|/x/{b}"},
		{"one names the method, the other the parameter", func(a *sallyport.API) {
			a.Routes[1].Path, a.Routes[1].ID = "/agents", "second"
			a.Routes[1].Parameter = &sallyport.Parameter{In: "query", Name: "op", Value: "x"}
		}, "routes", `"list"|"second"|query parameter "op" = "x"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := sound()
			tt.change(&api)
			faults := rules.Check(&api)
			if !hasFault(faults, tt.field, strings.Split(tt.words, "|")...) {
				t.Errorf("no fault of %q with %q among %d:", tt.field, tt.words, len(faults))
				for _, err := range faults {
					t.Logf("  %v", err)
				}
			}
			for _, err := range faults {
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("the fault shows a password: %v", err)
				}
			}
		})
	}
}

func TestCheckTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	api := sound()
	api.Name, api.BasePath, api.Dialect = "Edge", "", "none"
	api.Routes[0].AnyOf = []string{"x"}
	api.Routes[1].Path = "no"
	api.Routes[2].Methods = nil
	faults := rules.Check(&api)
	for _, field := range []string{"name", "base_path", "dialect", "routes[0].any_of[0]", "routes[1].path", "routes[2].methods"} {
		if !hasFault(faults, field) {
			t.Errorf("no fault of %q among %v", field, faults)
		}
	}
}

func TestCheckBesideOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*sallyport.API)
		field  string // empty: no fault
	}{
		{"the same name is the document itself", func(*sallyport.API) {}, ""},
		{"the same base path", func(a *sallyport.API) { a.Name = "other" }, "base_path"},
		{"an alias that is a base path", func(a *sallyport.API) { a.Name, a.BasePath, a.Aliases = "other", "/x", []string{"/nbapi/ei/v1"} }, "aliases[0]"},
		{"an alias that is an alias", func(a *sallyport.API) { a.Name, a.BasePath = "other", "/x" }, "aliases[0]"},
		{"another host", func(a *sallyport.API) { a.Name, a.Host = "other", "b.test" }, ""},
		{"any host beside one", func(a *sallyport.API) { a.Name, a.Host = "other", "" }, ""},
		{"below the base path", func(a *sallyport.API) { a.Name, a.BasePath, a.Aliases = "other", "/nbapi/ei/v1/more", nil }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			other, api := sound(), sound()
			tt.change(&api)
			faults := rules.Check(&api, &other)
			if tt.field == "" && len(faults) > 0 || tt.field != "" && !hasFault(faults, tt.field, "edge-intelligence") {
				t.Errorf("faults %v, want one of %q", faults, tt.field)
			}
		})
	}
}
