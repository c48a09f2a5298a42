package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A WhoCanQuery asks who holds a permission, or may make a request.
type WhoCanQuery struct {
	Permission sallyport.Permission `query:"permission" doc:"The permission; or else method and url." maxLength:"128" example:"itadvisor/CUSTOMERS"`
	Method     string               `query:"method" doc:"Of the request." maxLength:"32" example:"POST"`
	URL        string               `query:"url" doc:"Path and query, or a whole URL where an API has a host of its own." maxLength:"4096" example:"/api/current/customers"`
	Tenant     sallyport.TenantID   `query:"tenant" doc:"Where; \"*\": in every tenant. Left out: where you are at home." maxLength:"36"`
	Realm      string               `query:"realm" doc:"In this realm. Left out: in any, unless the URL names one." maxLength:"128"`
}

// Whom a route lets in that needs no permission.
const (
	OpenToEverybody = "everybody"
	OpenToKnown     = "authenticated"
)

// A WhoCan is a page of those who may, and what that takes.
type WhoCan struct {
	List[Holder]
	Open   string                 `json:"open,omitempty" enum:"everybody,authenticated" doc:"The route needs no permission, so nobody is listed: everybody may, or who has any good credential."`
	API    sallyport.APIName      `json:"api,omitempty" doc:"Of the route."`
	Route  string                 `json:"route,omitempty" doc:"Id of the route that the request matches."`
	Tenant sallyport.TenantID     `json:"tenant" doc:"Where."`
	Realm  string                 `json:"realm,omitempty" doc:"In this realm."`
	AllOf  []sallyport.Permission `json:"all_of,omitempty" doc:"The permissions that are all needed."`
	AnyOf  []sallyport.Permission `json:"any_of,omitempty" doc:"The permissions of which one is needed as well."`
}

// A Holder is a user or API key who may.
type Holder struct {
	Principal   sallyport.PrincipalID   `json:"principal" doc:"Id of the user or API key."`
	Kind        sallyport.PrincipalKind `json:"kind" doc:"What it is."`
	Login       string                  `json:"login,omitempty" doc:"The login, or the name of the key; left out: you may not see it." example:"crm"`
	Name        string                  `json:"name,omitempty" doc:"For people."`
	Through     []Held                  `json:"through" doc:"The bindings that give it."`
	Realms      []string                `json:"realms,omitempty" doc:"Only in these realms; left out: in every one, or in the one that was asked about."`
	Conditional bool                    `json:"conditional,omitempty" doc:"Only while the condition of a binding holds."`
	Tokens      []HolderToken           `json:"tokens,omitempty" doc:"His tokens that reach it; left out: there is none, or you may not see them."`
	MoreTokens  int                     `json:"more_tokens,omitempty" doc:"How many are not listed."`
}

// A Held is a binding through which somebody may.
type Held struct {
	Binding   sallyport.BindingID    `json:"binding" doc:"Its id."`
	Role      sallyport.RoleID       `json:"role" doc:"Id of its role."`
	RoleName  string                 `json:"role_name" doc:"Name of its role." example:"customers"`
	Group     sallyport.GroupID      `json:"group,omitempty" doc:"Id of the group through which he has it."`
	GroupName string                 `json:"group_name,omitempty" doc:"Name of the group; left out: you may not see it."`
	Every     bool                   `json:"every_tenant,omitempty" doc:"It holds in every tenant."`
	Realm     string                 `json:"realm,omitempty" doc:"The realm that it is limited to."`
	Condition string                 `json:"condition,omitempty" doc:"Its condition (CEL)."`
	ExpiresAt time.Time              `json:"expires_at,omitzero" doc:"When it ends."`
	Gives     []sallyport.Permission `json:"gives" doc:"What it gives of what is needed."`
}

// A HolderToken is a token of somebody who may.
type HolderToken struct {
	ID        sallyport.CredentialID   `json:"id" doc:"Of the token."`
	Kind      sallyport.CredentialKind `json:"kind" doc:"What it is."`
	Name      string                   `json:"name" doc:"Its name."`
	Scopes    []string                 `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited."`
	ExpiresAt time.Time                `json:"expires_at,omitzero" doc:"When it ends."`
}
