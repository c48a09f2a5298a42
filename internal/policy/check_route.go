package policy

import (
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// maxRouteID bounds the ids that documents give to routes.
const maxRouteID = 200

// checkRoute checks one route of the API.
func (a *API) checkRoute(r *Route, doc *sallyport.Route, where string, f *faults) {
	if doc.ID != "" && (len(doc.ID) > maxRouteID || !isText(doc.ID) || strings.TrimSpace(doc.ID) != doc.ID) {
		f.add(where+".id", "the id %q is not at most %d bytes of text on one line", doc.ID, maxRouteID)
	}
	checkTitle(where+".title", doc.Title, f)
	if a.Document.Host != "" && doc.Host != "" && doc.Host != a.Document.Host {
		f.add(where+".host", "route %q is for host %q, but the API is at host %q only; leave one of them out", r.ID, doc.Host, a.Document.Host)
	}
	checkHost(where+".host", doc.Host, f)
	checkMethods(r, doc, where, f)
	checkParameter(r, doc.Parameter, where+".parameter", f)
	a.checkNeed(r, doc, where, f)
	a.checkByKind(r, doc, where, f)
	checkSelector(where+".tenant", "tenant", doc.Tenant, f)
	checkSelector(where+".realm", "realm", doc.Realm, f)
	if !doc.Public {
		checkPathSelector(r, where+".tenant", "tenant", r.Tenant, f)
		checkPathSelector(r, where+".realm", "realm", r.Realm, f)
	}
	checkDuration(where+".timeout", doc.Timeout, 0, maxTimeout, f)
	if !a.Document.Path.AllowSemicolon && strings.Contains(doc.Path, ";") {
		f.add(where+".path", "route %q has a semicolon in its path, which requests of this API may not have; set path.allow_semicolon if it must be", r.ID)
	}
	if !a.Document.Path.AllowEncodedSlash && strings.Contains(strings.ToUpper(doc.Path), "%2F") {
		f.add(where+".path", "route %q has an encoded slash in its path, which requests of this API may not have; set path.allow_encoded_slash if it must be", r.ID)
	}
}

func checkMethods(r *Route, doc *sallyport.Route, where string, f *faults) {
	if len(doc.Methods) == 0 {
		f.add(where+".methods", `route %q has no method; name them, or write "*" for every method`, r.ID)
	}
	for i, m := range doc.Methods {
		at := field(where+".methods", i)
		switch upper := strings.ToUpper(m); {
		case m == everything:
			if len(doc.Methods) > 1 {
				f.add(at, `route %q has "*" beside other methods; "*" takes them all`, r.ID)
			}
		case !isToken(m) || len(m) > 32:
			f.add(at, "route %q: %q is not a method", r.ID, m)
		case slices.Contains([]string{"CONNECT", "TRACE", "TRACK", "PRI"}, upper):
			f.add(at, "route %q: the method %s is never served; take it out", r.ID, upper)
		case m != upper:
			f.add(at, "route %q: methods are case-sensitive; write %s", r.ID, upper)
		}
		if slices.Contains(doc.Methods[:i], m) {
			f.add(at, "route %q has the method %s twice", r.ID, m)
		}
	}
	if doc.WebSocket && r.methods.fit(methodGet) == 0 {
		f.add(where+".websocket", "route %q: a WebSocket begins with GET, which the route does not take", r.ID)
	}
}

func checkParameter(r *Route, p *sallyport.Parameter, where string, f *faults) {
	if p == nil {
		return
	}
	switch p.In {
	case inQuery, inForm:
		if p.Name == "" || !isText(p.Name) {
			f.add(where+".name", "route %q: say the name of the %s parameter", r.ID, p.In)
		}
	case inHeader:
		if !isToken(p.Name) {
			f.add(where+".name", "route %q: say the name of the header", r.ID)
		}
		checkNotOurs(where+".name", p.Name, f)
	default:
		f.add(where+".in", "route %q: %q is no place for a parameter; write query, form or header", r.ID, p.In)
	}
	switch {
	case len(p.Values) > 0:
		checkValues(r, p, where, f)
	case p.Value == "":
		f.add(where+".value", "route %q: say the value of the parameter %q that the route is for", r.ID, p.Name)
	}
}

// checkValues checks the values of a parameter that may be there more than once.
func checkValues(r *Route, p *sallyport.Parameter, where string, f *faults) {
	if p.Value != "" {
		f.add(where+".values", "route %q: say either value or values", r.ID)
	}
	if p.In != inQuery || p.Field != "" {
		f.add(where+".values", "route %q: a list of values is for query parameters without a field", r.ID)
	}
	for i, value := range p.Values {
		if value == "" || slices.Contains(p.Values[:i], value) {
			f.add(field(where+".values", i), "route %q: each value is there once and not empty", r.ID)
		}
	}
}

// checkPlaces refuses a parameter that one route looks at once and another one
// each time: a request that has it twice would be refused for the former.
func (a *API) checkPlaces(f *faults) {
	for i, p := range a.Parameters {
		if i > 0 && p.In == a.Parameters[i-1].In && p.Name == a.Parameters[i-1].Name {
			f.add("routes", "routes look at the parameter %q with value and with values; write values for all of them", p.Name)
		}
	}
}

// checkNeed checks that exactly one thing is said about who may pass.
func (a *API) checkNeed(r *Route, doc *sallyport.Route, where string, f *faults) {
	needs := len(doc.AllOf)+len(doc.AnyOf) > 0
	switch {
	case !doc.Public && !doc.Authenticated && !needs:
		f.add(where, "route %q does not say who may pass; say public, authenticated, any_of or all_of", r.ID)
	case doc.Public && (doc.Authenticated || needs):
		f.add(where+".public", "route %q is public, so it cannot need anything; leave out public or the rest", r.ID)
	case doc.Authenticated && needs:
		f.add(where+".authenticated", "route %q needs permissions, so it is for authenticated principals anyway; leave out authenticated", r.ID)
	case doc.IgnoreCredentials && !doc.Public:
		f.add(where+".ignore_credentials", "route %q is not public, so a credential cannot be ignored", r.ID)
	}
	if doc.Public && len(doc.Scopes) > 0 {
		f.add(where+".scopes", "route %q is public, so a scope limits nothing; leave out scopes", r.ID)
	}
	who := "route " + quote(r.ID)
	for _, list := range []struct {
		name, what string
		given      []string
		declared   *names
	}{
		{"all_of", "permission", doc.AllOf, a.permissionNames},
		{"any_of", "permission", doc.AnyOf, a.permissionNames},
		{"scopes", "scope", doc.Scopes, a.scopeNames},
	} {
		for i, name := range list.given {
			at := field(where+"."+list.name, i)
			checkKnown(at, who, list.what, name, list.declared, f)
			if slices.Contains(list.given[:i], name) {
				f.add(at, "%s names the %s %q twice", who, list.what, name)
			}
		}
	}
}

// carriedKinds are the kinds of credentials that a request to an API can carry.
var carriedKinds = []sallyport.CredentialKind{
	sallyport.Password, sallyport.Session, sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.AccessToken,
}

// checkByKind checks what is asked of kinds of credentials.
func (a *API) checkByKind(r *Route, doc *sallyport.Route, where string, f *faults) {
	if doc.Public && len(doc.ByKind) > 0 {
		f.add(where+".by_kind", "route %q is public, so it cannot ask anything of credentials; leave out public or by_kind", r.ID)
	}
	seen := map[sallyport.CredentialKind]bool{}
	for i, k := range doc.ByKind {
		at := field(where+".by_kind", i)
		if len(k.Kinds) == 0 {
			f.add(at+".kinds", "route %q: say which kinds of credentials this is about", r.ID)
		}
		for j, kind := range k.Kinds {
			if !slices.Contains(carriedKinds, kind) {
				f.add(field(at+".kinds", j), "route %q: %q is no kind of credential that a request can carry", r.ID, kind)
			}
			if seen[kind] {
				f.add(field(at+".kinds", j), "route %q names the kind %s twice; write its permissions in one place", r.ID, kind)
			}
			seen[kind] = true
		}
		for j, name := range k.AnyOf {
			checkKnown(field(at+".any_of", j), "route "+quote(r.ID), "permission", name, a.permissionNames, f)
		}
	}
}

// checkPathSelector checks that a route can name what it must name in its path.
func checkPathSelector(r *Route, where, what string, s *sallyport.Selector, f *faults) {
	if s != nil && s.From == selectorPath && s.Required && !slices.Contains(r.Names, s.Name) {
		f.add(where, "route %q must name the %s as {%s} in its path %q, which has no such name; "+
			"give the route a %s selector of its own", r.ID, what, s.Name, r.Path, what)
	}
}
