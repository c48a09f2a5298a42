package itadvisor

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

const base = "/api/current"

// Settings.
const (
	method        = "method"
	sessionCookie = "session_cookie"
	sessionIdle   = "session_idle"
	override      = "user_rights_override"
)

// Values of the setting "method".
const (
	methodBoth  = "both"
	methodBasic = "basic"
	methodToken = "token"
)

func settings() []wire.Setting {
	return []wire.Setting{
		{Name: method, Default: methodBoth, Values: []string{methodBoth, methodBasic, methodToken}},
		{Name: sessionCookie, Default: "ita_session", Check: wire.CookieName},
		{Name: sessionIdle, Default: "30m", Check: wire.Within(time.Minute, 24*time.Hour)},
		{Name: override, Default: "yes", Values: []string{"yes", "no"}},
	}
}

// The permissions of the product, and the narrow one for customers.
const (
	useAPI       = "API"
	desktop      = "DESKTOP_CLIENT"
	customers    = "CUSTOMERS"
	systemConfig = "SYSTEM_CONFIGURATION_ADMINISTRATOR"
	userRights   = "USER_RIGHTS_AND_AUTHENTICATION_SERVERS_ADMINISTRATOR"
)

func permissions() []sallyport.PermissionSpec {
	return []sallyport.PermissionSpec{
		{Name: useAPI, Title: "API"},
		{Name: desktop, Title: "Desktop Client"},
		{Name: customers, Title: "Customers"},
		{Name: systemConfig, Title: "System Configuration"},
		{Name: userRights, Title: "User Rights and Authentication Servers"},
	}
}

// Spec returns what the policy must know of the dialect.
func Spec() policy.Dialect {
	return wire.Spec(endpoints(), settings(), complete)
}

// complete fills in what a document leaves open. Its settings are all there.
func complete(api *sallyport.API) {
	wire.Complete(api, sallyport.API{
		BasePath: base, Accept: accept(api.Settings), Explain: sallyport.ExplainFull,
		Token:       sallyport.TokenSpec{Lifetime: sallyport.Duration(15 * time.Minute), Refresh: sallyport.Duration(12 * time.Hour)},
		Permissions: permissions(),
		Scopes: []sallyport.ScopeSpec{
			{Name: "equipment", Title: "Equipment", Permissions: []string{useAPI, desktop}},
			{Name: "customers", Title: "Customers", Permissions: []string{useAPI, customers}},
		},
		Routes: slices.Concat(pageRoutes(), signInRoutes(api.Settings), equipmentRoutes(api), trailRoutes(), otherRoutes()),
	})
}

// accept is the choice of method. A session is for the page, whatever the choice.
func accept(settings map[string]string) []sallyport.Accept {
	var list []sallyport.Accept
	if settings[method] != methodToken {
		list = append(list, sallyport.Accept{In: sallyport.CarrierBasic})
	}
	if settings[method] != methodBasic {
		list = append(list, sallyport.Accept{In: sallyport.CarrierBearer})
	}
	return append(list, sallyport.Accept{
		In: sallyport.CarrierCookie, Name: settings[sessionCookie], Kinds: []sallyport.CredentialKind{sallyport.Session},
	})
}

func pageRoutes() []sallyport.Route {
	return []sallyport.Route{
		{ID: "page", Title: "see the page", Methods: []string{"GET"}, Path: "/", Endpoint: pageEndpoint, Public: true},
		{ID: "style of the page", Methods: []string{"GET"}, Path: "/page/style.css", Endpoint: "page.style", Public: true, IgnoreCredentials: true},
		{ID: "sign in at the page", Methods: []string{"POST"}, Path: "/page/sign-in", Endpoint: "page.sign-in", Public: true, IgnoreCredentials: true},
		{ID: "sign out at the page", Methods: []string{"POST"}, Path: "/page/sign-out", Endpoint: outEndpoint, Authenticated: true},
		{ID: "try a call from the page", Methods: []string{"POST"}, Path: "/page/try", Endpoint: tryEndpoint, Authenticated: true},
	}
}

func signInRoutes(settings map[string]string) []sallyport.Route {
	if settings[method] == methodBasic {
		return nil
	}
	return []sallyport.Route{
		{ID: "log in", Methods: []string{"POST"}, Path: "/authentication", Endpoint: "login", Public: true, IgnoreCredentials: true},
		{ID: "refresh", Methods: []string{"POST"}, Path: "/authentication/refresh", Endpoint: "refresh", Public: true, IgnoreCredentials: true},
		{ID: "log out", Methods: []string{"DELETE"}, Path: "/authentication", Endpoint: "logout", Authenticated: true},
		{ID: "log out by POST", Methods: []string{"POST"}, Path: "/authentication/logout", Endpoint: "logout", Authenticated: true},
	}
}
