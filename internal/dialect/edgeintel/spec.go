package edgeintel

import (
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

// Base paths: of the business calls, and of the identity service in its two
// places.
const (
	base     = "/nbapi/ei/v1"
	iam      = "/iam"
	iamNewer = "/nbapi/iam/v1"
)

// Settings.
const (
	forbiddenStatus = "forbidden_status"
	refreshLifetime = "refresh_lifetime"
	keyRefresh      = "key_refresh"
)

func settings() []wire.Setting {
	return []wire.Setting{
		{Name: forbiddenStatus, Default: "403", Values: []string{"403", "401"}},
		{Name: refreshLifetime, Default: "30m", Check: wire.Within(time.Minute, 24*time.Hour)},
		{Name: keyRefresh, Default: "yes", Values: []string{"yes", "no"}},
	}
}

// The permissions of the product.
const (
	assetManagement      = "asset-management"
	dataManagement       = "data-management"
	dataLogics           = "data-logics"
	systemManagement     = "system-management"
	operationsManagement = "operations-management"
)

func permissions() []sallyport.PermissionSpec {
	return []sallyport.PermissionSpec{
		{Name: assetManagement, Title: "Asset Management"},
		{Name: dataManagement, Title: "Data Management"},
		{Name: dataLogics, Title: "Develop and Manage Data Logics"},
		{Name: systemManagement, Title: "EI System Management"},
		{Name: operationsManagement, Title: "Operations Management"},
	}
}

// Spec returns what the policy must know of the dialect.
func Spec() policy.Dialect {
	return wire.Spec(endpoints(), settings(), complete)
}

// complete fills in what a document leaves open. Its settings are all there.
func complete(api *sallyport.API) {
	wire.Complete(api, sallyport.API{
		BasePath: base, Aliases: []string{iam, iamNewer},
		Accept:  []sallyport.Accept{{In: sallyport.CarrierBearer}},
		Tenant:  &sallyport.Selector{From: "header", Name: "x-tenant-id", Required: true},
		Explain: sallyport.ExplainFull,
		Token: sallyport.TokenSpec{
			Algorithm: "RS256", Lifetime: sallyport.Duration(5 * time.Minute), Refresh: sallyport.Duration(10 * time.Hour),
		},
		Permissions: permissions(),
		Scopes: []sallyport.ScopeSpec{
			{Name: "read", Title: "Look", Permissions: []string{dataManagement}},
			{Name: "manage", Title: "Everything that the owner may", Permissions: []string{"*"}},
		},
		Routes: append(businessRoutes(), identityRoutes()...),
	})
}

// businessRoutes are the calls that the product itself answers. Its documents use
// two nouns for a single asset type.
func businessRoutes() []sallyport.Route {
	anyone := []string{assetManagement, dataManagement, dataLogics, systemManagement, operationsManagement}
	assets := []string{assetManagement}
	return []sallyport.Route{
		{ID: "list agents", Methods: []string{"GET"}, Path: "/agents", AnyOf: anyone},
		{ID: "read agent", Methods: []string{"GET"}, Path: "/agents/{id}", AnyOf: anyone},
		{ID: "list asset types", Methods: []string{"GET"}, Path: "/assetTypes", AnyOf: anyone},
		{ID: "read asset type", Methods: []string{"GET"}, Path: "/assetTypes/{id}", AnyOf: anyone},
		{ID: "read asset type by its other name", Methods: []string{"GET"}, Path: "/assetType/{id}", AnyOf: anyone},
		{ID: "add asset type", Methods: []string{"POST"}, Path: "/assetTypes", AnyOf: assets},
		{ID: "change asset type", Methods: []string{"PUT", "PATCH"}, Path: "/assetTypes/{id}", AnyOf: assets},
		{ID: "change asset type by its other name", Methods: []string{"PUT", "PATCH"}, Path: "/assetType/{id}", AnyOf: assets},
		{ID: "delete asset type", Methods: []string{"DELETE"}, Path: "/assetTypes/{id}", AnyOf: assets},
		{ID: "delete asset type by its other name", Methods: []string{"DELETE"}, Path: "/assetType/{id}", AnyOf: assets},
	}
}

// identityRoutes are the calls that the dialect answers. What they change needs
// rights of the management API, which package admin asks for.
func identityRoutes() []sallyport.Route {
	own := &sallyport.Selector{From: "claim", Name: "tenant"} // who one is does not depend on the header
	return []sallyport.Route{
		{ID: "token", Methods: []string{"POST"}, Path: "/auth/token", Endpoint: "token", Public: true, IgnoreCredentials: true},
		{ID: "who am I", Methods: []string{"GET"}, Path: "/users/me", Endpoint: "me", Authenticated: true, Tenant: own},
		{ID: "list tenants", Methods: []string{"GET"}, Path: "/tenants", Endpoint: "tenants", Authenticated: true, Tenant: own},
		{ID: "add tenant", Methods: []string{"POST"}, Path: "/tenants", Endpoint: "tenant.add", Authenticated: true, Tenant: own},
		{ID: "list roles", Methods: []string{"GET"}, Path: "/roles", Endpoint: "roles", Authenticated: true},
		{ID: "add role", Methods: []string{"POST"}, Path: "/roles", Endpoint: "role.add", Authenticated: true},
		{ID: "read role", Methods: []string{"GET"}, Path: "/roles/{id}", Endpoint: "role", Authenticated: true},
		{ID: "change role", Methods: []string{"PUT", "PATCH"}, Path: "/roles/{id}", Endpoint: "role.change", Authenticated: true},
		{ID: "delete role", Methods: []string{"DELETE"}, Path: "/roles/{id}", Endpoint: "role.remove", Authenticated: true},
		{ID: "list API keys", Methods: []string{"GET"}, Path: "/api-keys", Endpoint: "keys", Authenticated: true},
		{ID: "generate API key", Methods: []string{"POST"}, Path: "/api-keys", Endpoint: "key.add", Authenticated: true},
		{ID: "generate API key again", Methods: []string{"POST"}, Path: "/api-keys/{id}/secret", Endpoint: "key.renew", Authenticated: true},
		{ID: "delete API key", Methods: []string{"DELETE"}, Path: "/api-keys/{id}", Endpoint: "key.remove", Authenticated: true},
	}
}
