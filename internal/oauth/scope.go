package oauth

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/oauth/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

// maxScopes is as many as the admin floor takes.
const maxScopes = 50

// A wish is what a client asks for.
type wish struct {
	api    *policy.API // that the token is for; nil: every API
	scopes []string    // nil: as many as there are to be had
}

// wish reads resource, audience and scope. Without a resource the scopes tell
// which API is meant, if they are of one (RFC 9068 section 3).
func (x *exchange) wish() (wish, *fault) {
	var w wish
	var err *fault
	if w.scopes, err = x.scopes(); err != nil {
		return w, err
	}
	resource := x.form[wire.Resource]
	if audience := x.form["audience"]; resource == "" {
		resource = audience
	} else if audience != "" && audience != resource {
		return w, invalidTarget("resource and audience are not the same")
	}
	switch {
	case resource == x.s.c.Issuer:
	case resource != "":
		if w.api = x.s.apiOf(resource); w.api == nil {
			return w, invalidTarget("there is no such resource")
		}
	case len(w.scopes) > 0:
		w.api = x.s.apiOf(apiIn(w.scopes[0]))
		if slices.ContainsFunc(w.scopes, func(s string) bool { return apiIn(s) != apiIn(w.scopes[0]) }) {
			w.api = nil
		}
	}
	if w.api != nil && slices.ContainsFunc(w.scopes, func(s string) bool { return apiIn(s) != string(w.api.Name) }) {
		return w, invalidScope("a scope is not of the resource that the token is for")
	}
	return w, nil
}

// scopes reads the scope parameter (RFC 6749 section 3.3). The result is nil if
// there is none, and sorted.
func (x *exchange) scopes() ([]string, *fault) {
	text, said := x.form["scope"]
	if !said {
		return nil, nil
	}
	list := strings.Split(text, " ")
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) > maxScopes {
		return nil, invalidScope("there are too many scopes")
	}
	snapshot := x.s.c.Doors.Policy()
	for _, scope := range list {
		if scope == "" || len(snapshot.Limit([]string{scope}).Unknown) > 0 {
			return nil, invalidScope("there is no such scope")
		}
	}
	return list, nil
}

// apiIn returns the API that a scope is of.
func apiIn(scope string) string {
	name, _, _ := strings.Cut(scope, "/")
	return name
}

// narrow returns the scopes of a token: what was asked for, if it is within what
// there is, else all there is for the API. Nil is not limited. A scope is never
// quietly left out, as RFC 6749 section 3.3 would allow.
func (w *wish) narrow(have []string) ([]string, *fault) {
	if w.scopes == nil {
		return w.rest(have)
	}
	if have == nil {
		return w.scopes, nil
	}
	for _, scope := range w.scopes {
		if !slices.Contains(have, scope) && !slices.Contains(have, apiIn(scope)) {
			return nil, invalidScope("a scope goes beyond what was granted").of(sallyport.ScopeInsufficient)
		}
	}
	return w.scopes, nil
}

// rest returns what there is for the API.
func (w *wish) rest(have []string) ([]string, *fault) {
	if have == nil || w.api == nil && len(have) > 0 {
		return have, nil
	}
	var own []string
	for _, scope := range have {
		if w.api != nil && apiIn(scope) == string(w.api.Name) {
			own = append(own, scope)
		}
	}
	if own == nil {
		return nil, invalidScope("no scope was granted for this resource").of(sallyport.ScopeInsufficient)
	}
	return own, nil
}

// apiOf returns the API that a resource names: by its name, or by a URL as it
// stands in the metadata of the resource (RFC 8707 section 2). Nil: there is
// none, or it is out of service.
func (s *Surface) apiOf(resource string) *policy.API {
	snapshot := s.c.Doors.Policy()
	if api := snapshot.API(sallyport.APIName(resource)); api != nil {
		return inService(api)
	}
	if !strings.Contains(resource, "://") {
		return nil
	}
	for _, api := range snapshot.APIs() {
		if slices.Contains(s.urls(api), resource) {
			return inService(api)
		}
	}
	return nil
}

func inService(api *policy.API) *policy.API {
	if api.Disabled {
		return nil
	}
	return api
}

// urls returns the URLs of an API: of its base path, then of its aliases. They
// are made of the configuration and the API's document alone.
func (s *Surface) urls(api *policy.API) []string {
	origin := s.c.Issuer
	if host := api.Document.Host; host != "" {
		origin = s.issuer.Scheme + "://" + host
	}
	var all []string
	for _, base := range append([]string{api.Document.BasePath}, api.Document.Aliases...) {
		all = append(all, origin+strings.TrimRight(base, "/"))
	}
	return all
}
