package policy

import (
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

func checkPermissions(a *sallyport.API, f *faults) {
	if len(a.Permissions) > maxPermissions {
		f.add("permissions", "there are %d permissions; an API has at most %d", len(a.Permissions), maxPermissions)
	}
	seen := map[string]bool{}
	for i, p := range a.Permissions {
		where := field("permissions", i)
		if !isLocalName(p.Name) {
			f.add(where+".name", "%q is not a name of a permission: %s", p.Name, localNameRule)
		}
		if seen[p.Name] {
			f.add(where+".name", "the permission %q is there twice; a name is declared once", p.Name)
		}
		seen[p.Name] = true
		checkTitle(where+".title", p.Title, f)
	}
}

func checkScopes(a *sallyport.API, f *faults) {
	if len(a.Scopes) > maxScopes {
		f.add("scopes", "there are %d scopes; an API has at most %d", len(a.Scopes), maxScopes)
	}
	seen := map[string]bool{}
	declared := declaredPermissions(a)
	for i, s := range a.Scopes {
		where := field("scopes", i)
		if !isLocalName(s.Name) {
			f.add(where+".name", "%q is not a name of a scope: %s", s.Name, localNameRule)
		}
		if seen[s.Name] {
			f.add(where+".name", "the scope %q is there twice; a name is declared once", s.Name)
		}
		seen[s.Name] = true
		checkTitle(where+".title", s.Title, f)
		for j, p := range s.Permissions {
			if p != everything {
				checkKnown(field(where+".permissions", j), "the scope "+quote(s.Name), "permission", p, declared, f)
			}
		}
	}
}

// names is what an API declares, for looking up and for suggesting.
type names struct {
	list []string
	set  map[string]bool
}

func (n *names) add(name string) {
	if n.set == nil {
		n.set = map[string]bool{}
	}
	n.list = append(n.list, name)
	n.set[name] = true
}

func declaredPermissions(a *sallyport.API) *names {
	n := &names{}
	for _, p := range a.Permissions {
		n.add(p.Name)
	}
	return n
}

func declaredScopes(a *sallyport.API) *names {
	n := &names{}
	for _, s := range a.Scopes {
		n.add(s.Name)
	}
	return n
}

// checkKnown checks that a name is declared, and helps with one that is not.
func checkKnown(where, who, what, name string, declared *names, f *faults) {
	if !declared.set[name] {
		f.add(where, "%s names the %s %q, which the API does not declare; %s", who, what, name, suggest(what, name, declared.list))
	}
}

// suggest says what to do about an unknown name.
func suggest(what, name string, declared []string) string {
	if near := nearest(name, declared); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(declared) == 0 {
		return "it declares no " + what + " at all"
	}
	return "declare it or take it out"
}

func checkAccept(doc *sallyport.API, f *faults) {
	scopes := declaredScopes(doc)
	type place struct {
		in   sallyport.Carrier
		name string
	}
	seen := map[place]bool{}
	for i, a := range doc.Accept {
		where := field("accept", i)
		at := place{a.In, a.Name}
		switch a.In {
		case sallyport.CarrierBasic, sallyport.CarrierBearer:
			if a.Name != "" {
				f.add(where+".name", "%s has no name; leave it out, or write header for a header of your own", a.In)
			}
		case sallyport.CarrierHeader:
			at.name = strings.ToLower(a.Name)
			checkCarrierHeader(where+".name", a.Name, f)
		case sallyport.CarrierQuery, sallyport.CarrierForm:
			if a.Name == "" || !isText(a.Name) {
				f.add(where+".name", "say the name of the %s parameter that holds the credential", a.In)
			}
		case sallyport.CarrierCookie:
			if !isToken(a.Name) {
				f.add(where+".name", "say the name of the cookie that holds the credential")
			}
		default:
			f.add(where+".in", "%q is no place for a credential; write basic, bearer, header, query, form or cookie", a.In)
		}
		if seen[at] {
			f.add(where, "the place is there twice; put the kinds together")
		}
		seen[at] = true
		if a.Login != "" && (a.In != sallyport.CarrierQuery && a.In != sallyport.CarrierForm || !isText(a.Login) || a.Login == a.Name) {
			f.add(where+".login", "a login stands beside a query or form parameter, under a name of its own")
		}
		if a.Refused && (a.In == sallyport.CarrierBasic || a.In == sallyport.CarrierBearer || a.In == sallyport.CarrierCookie) {
			f.add(where+".refused", "what can be refused is a header, query parameter or form field; leave %s out of the list", a.In)
		}
		checkKinds(where, a, f)
		for j, s := range a.Scopes {
			checkKnown(field(where+".scopes", j), string(a.In), "scope", s, scopes, f)
		}
	}
}

func checkCarrierHeader(where, name string, f *faults) {
	switch {
	case !isToken(name):
		f.add(where, "say the name of the header that holds the credential, such as X-API-Key")
	case strings.EqualFold(name, "Authorization"):
		f.add(where, "the Authorization header is written basic or bearer")
	case strings.EqualFold(name, "Cookie"):
		f.add(where, "a cookie is written cookie, with its name")
	}
	checkNotOurs(where, name, f)
}

// checkNotOurs refuses a header by which Sallyport itself speaks. What clients
// send under such a name is removed unread, so an API that looked there would
// see nothing behind one surface and the word of anybody behind another.
func checkNotOurs(where, name string, f *faults) {
	if isOwnHeader(name) {
		f.add(where, "the header %q is Sallyport's own, and what a client says there is never read; choose another", name)
	}
}

func checkKinds(where string, a sallyport.Accept, f *faults) {
	for j, k := range a.Kinds {
		at := field(where+".kinds", j)
		switch k {
		case sallyport.Password, sallyport.Session, sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.AccessToken:
		case sallyport.RefreshToken:
			f.add(at, "a refresh token is for the token endpoint only; no API accepts it")
		default:
			f.add(at, "%q is no kind of credential; write password, session, personal_token, application_token, api_key or access_token", k)
		}
		if slices.Contains(a.Kinds[:j], k) {
			f.add(at, "%q is there twice", k)
		}
	}
}

// checkSelector checks where a tenant or realm is named; what is "tenant" or
// "realm".
func checkSelector(where, what string, s *sallyport.Selector, f *faults) {
	if s == nil {
		return
	}
	switch s.From {
	case selectorFixed:
		if s.Default == "" {
			f.add(where+".default", "a fixed %s is written in default", what)
		}
		if s.Name != "" {
			f.add(where+".name", "a fixed %s has no name to look for; leave it out", what)
		}
	case inHeader:
		if !isToken(s.Name) {
			f.add(where+".name", "say the name of the header that names the %s", what)
		}
		checkNotOurs(where+".name", s.Name, f)
	case selectorPath:
		if !isValueName(s.Name) {
			f.add(where+".name", "say which {name} of the path names the %s", what)
		}
	case inQuery, "claim":
		if s.Name == "" || !isText(s.Name) {
			f.add(where+".name", "say the name of the %s that names the %s", map[string]string{inQuery: "query parameter", "claim": "claim"}[s.From], what)
		}
	case selectorDialect:
		if what != "realm" {
			f.add(where+".from", "a dialect finds realms only; write header, path, query, claim or fixed")
		}
		if s.Name != "" {
			f.add(where+".name", "a dialect knows itself where the %s is; leave the name out", what)
		}
	default:
		f.add(where+".from", "%q is no place for a %s; write header, path, query, claim or fixed", s.From, what)
	}
	if s.Required && (s.Default != "" || s.Any) {
		f.add(where+".required", "what is required needs neither a default nor any; leave out one of them")
	}
	if s.Any && s.Default != "" {
		f.add(where+".any", "with a default there is always a %s; leave out any or default", what)
	}
	if what == "tenant" {
		if s.Any {
			f.add(where+".any", "any is for realms; a request is always for one tenant")
		}
		if s.Default != "" && !sallyport.IsUUID(s.Default) {
			f.add(where+".default", "%q is not a tenant's id, which is a UUID in lower case", s.Default)
		}
	}
}
