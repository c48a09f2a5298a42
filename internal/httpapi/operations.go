package httpapi

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// operations is the table that is this API.
func operations() []operation {
	return slices.Concat(
		tenantOperations(), realmOperations(), userOperations(), groupOperations(), roleOperations(), bindingOperations(),
		keyOperations(), credentialOperations(), lifeOperations(), inspectOperations(), sessionOperations(), meOperations(), factorOperations(), cookieOperations(),
		apiOperations(), signingOperations(), auditOperations(), decisionOperations(), holderOperations(), changeOperations(),
		adviceOperations(), shadowOperations(), policyOperations(), documentOperations(),
	)
}

// everySuffix marks the routes on which "*" stands in the place of a tenant.
const everySuffix = "@installation"

func basePath() string { return admin.BuiltInAPI().BasePath }

// Document returns the document of the protected API "sallyport": where it is,
// what it accepts, and what each of its routes needs. Sessions travel in the
// cookie, [CookieSecure] or [CookiePlain].
func Document(cookie string) sallyport.API {
	doc := admin.BuiltInAPI()
	doc.Accept = []sallyport.Accept{
		{In: sallyport.CarrierBearer, Kinds: []sallyport.CredentialKind{
			sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.AccessToken,
		}},
		{In: sallyport.CarrierBasic, Kinds: []sallyport.CredentialKind{sallyport.Password}},
		{In: sallyport.CarrierCookie, Name: cookie, Kinds: []sallyport.CredentialKind{sallyport.Session}},
	}
	for _, op := range operations() {
		doc.Routes = append(doc.Routes, op.routes()...)
	}
	return doc
}

// routes returns what the doors know of an operation.
func (op *operation) routes() []sallyport.Route {
	route := sallyport.Route{ID: op.id, Title: op.summary, Methods: []string{op.method}, Path: op.path, Scopes: op.scopes}
	switch op.access {
	case anybody:
		// A browser with a cookie that has ended must be able to sign in again.
		route.Public, route.IgnoreCredentials = true, true
		return []sallyport.Route{route}
	case self, checked:
		route.Authenticated = true
		return []sallyport.Route{route}
	case holder:
		_, local, _ := strings.Cut(string(op.want), "/")
		route.AllOf = []string{local}
	}
	if !strings.Contains(op.path, "{tenant}") {
		return []sallyport.Route{route}
	}
	within := route
	within.Tenant = &sallyport.Selector{From: "path", Name: "tenant", Required: true}
	if !op.every {
		return []sallyport.Route{within}
	}
	// Of the installation the doors ask for the right where the caller is at
	// home, as they know no tenant "*"; admin asks for it in every tenant.
	route.ID += everySuffix
	route.Path = strings.Replace(op.path, "{tenant}", string(sallyport.EveryTenant), 1)
	return []sallyport.Route{within, route}
}
