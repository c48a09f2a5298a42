package itop

import (
	"slices"

	"github.com/sallyport/sallyport"
)

// Paths below the base path.
const (
	restPath    = "/webservices/rest.php"
	pagePath    = "/pages/exec.php"
	signOutPath = "/pages/logoff.php"
	stylePath   = "/pages/account.css"
)

// Operations of the REST interface.
const (
	opList     = "list_operations"
	opGet      = "core/get"
	opCreate   = "core/create"
	opUpdate   = "core/update"
	opStimulus = "core/apply_stimulus"
	opDelete   = "core/delete"
	opRelated  = "core/get_related"
	opCheck    = "core/check_credentials"
)

// A deed is an operation on objects: what it needs in the class of the objects,
// one right for a single object and one for many, and which parameters it must
// have.
type deed struct {
	operation string
	one, many right
	must      []string
}

var deeds = []deed{
	{opGet, read, bulkRead, []string{"class", "key"}},
	{opCreate, create, bulkCreate, []string{"class", "fields"}},
	{opUpdate, modify, bulkModify, []string{"class", "key", "fields"}},
	{opStimulus, modify, bulkModify, []string{"class", "key", "fields", "stimulus"}},
	{opDelete, remove, bulkRemove, []string{"class", "key"}},
	{opRelated, read, bulkRead, []string{"class", "key", "relation"}},
}

// deedOf returns what an operation on objects needs; nil: it is none.
func deedOf(operation string) *deed {
	for i := range deeds {
		if deeds[i].operation == operation {
			return &deeds[i]
		}
	}
	return nil
}

// Kinds of credentials.
var (
	tokenKinds = []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey}
	otherKinds = []sallyport.CredentialKind{sallyport.Password, sallyport.AccessToken}
)

// needs says what routes ask for, under the settings of an API.
type needs struct{ settings map[string]string }

// byToken adds to a route what it asks of those who come with a personal token,
// and that a session is not good for it: each call signs in anew.
func (n needs) byToken(r *sallyport.Route) {
	r.ByKind = append(r.ByKind,
		sallyport.KindNeed{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}, AnyOf: names(tokenHolders(n.settings))},
		sallyport.KindNeed{Kinds: []sallyport.CredentialKind{sallyport.Session}})
}

// service makes a route for programs: it takes tokens of a scope, and asks for
// the profile of those who may use web services as the settings say.
func (n needs) service(id, path, scope string, all ...right) sallyport.Route {
	r := sallyport.Route{
		ID: id, Title: id, Methods: []string{"GET", "POST"}, Path: path, Scopes: []string{scope}, AllOf: names(all),
	}
	n.byToken(&r)
	guarded := n.settings[secureREST] == yes && (scope == scopeREST || scope == scopeSynchro)
	switch {
	case guarded && n.settings[viaTokens] == yes:
		r.ByKind = append(r.ByKind, sallyport.KindNeed{Kinds: otherKinds, AnyOf: []string{restUser.name}})
	case guarded:
		r.AllOf = slices.Concat([]string{restUser.name}, r.AllOf)
	}
	r.Authenticated = len(r.AllOf) == 0
	return r
}

// inAnyClass lets a right do that is held for any class.
func inAnyClass(r *sallyport.Route) {
	r.Realm = &sallyport.Selector{From: "dialect", Any: true}
}

// restRoutes are those of the REST interface. The class that an operation is about
// is its realm, but for what leads from one class to others.
func (n needs) restRoutes() []sallyport.Route {
	operation := func(name string, all ...right) sallyport.Route {
		r := n.service(name, restPath, scopeREST, all...)
		r.Parameter = &sallyport.Parameter{In: "form", Name: dataParameter, Field: "operation", Value: name}
		return r
	}
	list, check, fault := operation(opList), operation(opCheck, checking), n.service("a fault in the request", restPath, scopeREST)
	check.Endpoint, fault.Endpoint = checkEndpoint, faultEndpoint
	inAnyClass(&list)
	inAnyClass(&fault)
	routes := []sallyport.Route{list, check, fault}
	for _, d := range deeds {
		r := operation(d.operation, d.one, d.many)
		if d.operation != opRelated {
			r.Realm = &sallyport.Selector{From: "dialect"}
		}
		routes = append(routes, r)
	}
	return routes
}

// otherRoutes are those of the other scopes. What they are about is in files and
// queries, so a right for one class is not enough.
func (n needs) otherRoutes() []sallyport.Route {
	return []sallyport.Route{
		n.service("synchronise", "/synchro/synchro_exec.php", scopeSynchro, bulkModify),
		n.service("load data to synchronise", "/synchro/synchro_import.php", scopeSynchro, bulkModify),
		n.service("import", "/webservices/import.php", scopeImport, bulkCreate, bulkModify),
		n.service("export", "/webservices/export-v2.php", scopeExport, read, bulkRead),
		n.service("export in the older way", "/webservices/export.php", scopeExport, read, bulkRead),
	}
}

// accountRoutes are the page of one's account and what it calls. A token is not
// good for it.
func (n needs) accountRoutes() []sallyport.Route {
	routes := []sallyport.Route{
		{ID: "my account", Methods: []string{"GET", "POST"}, Path: pagePath, Endpoint: accountEndpoint, Public: true},
		{ID: "sign out", Methods: []string{"POST"}, Path: signOutPath, Endpoint: signOutEndpoint, Authenticated: true},
		{ID: "style of the page", Methods: []string{"GET"}, Path: stylePath, Endpoint: styleEndpoint, Public: true, IgnoreCredentials: true},
	}
	for _, op := range []struct{ id, operation, endpoint string }{
		{"refresh a token", "RefreshToken", refreshEndpoint},
		{"delete a token", "DeleteToken", deleteEndpoint},
		{"see a token", "EditToken", editEndpoint},
		{"add a token", "apply_new", addEndpoint},
		{"change a token", "apply_modify", changeEndpoint},
	} {
		r := sallyport.Route{
			ID: op.id, Title: op.id, Methods: []string{"POST"}, Path: pagePath, Endpoint: op.endpoint,
			Parameter: &sallyport.Parameter{In: "form", Name: "operation", Value: op.operation},
			AnyOf:     names(tokenHolders(n.settings)),
			ByKind:    []sallyport.KindNeed{{Kinds: tokenKinds}},
		}
		inAnyClass(&r)
		routes = append(routes, r)
	}
	return routes
}
