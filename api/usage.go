package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A CredentialUsage is what a token or an API key was used for.
type CredentialUsage struct {
	Since       time.Time       `json:"since" doc:"The beginning of the window."`
	Days        []DayUses       `json:"days" doc:"The days on which it was used, the oldest first."`
	Permissions []PermissionUse `json:"permissions" doc:"What was used, the most used first."`
}

// A DayUses is how often something was used on a day.
type DayUses struct {
	Day  time.Time `json:"day" doc:"The beginning of the day, UTC."`
	Uses int64     `json:"uses" doc:"How often it was used."`
}

// A CredentialReach is how far a token or an API key reaches.
type CredentialReach struct {
	Tenants []TenantName           `json:"tenants" doc:"The tenants in which it can act and that you may ask about, by name; at most 200."`
	Tenant  sallyport.TenantID     `json:"tenant,omitempty" doc:"The one that held is about; left out: it acts in none."`
	Held    []sallyport.Permission `json:"held" doc:"What its owner holds there, in some realm or under some condition."`
	Could   []sallyport.Permission `json:"could" doc:"What it could use in some tenant, within its scopes."`
}

// An Application is a service account with its application tokens.
type Application struct {
	User   User         `json:"user" doc:"The service account."`
	Tokens []Credential `json:"tokens" doc:"Its first application tokens, the oldest first; at most 3."`
	More   bool         `json:"more,omitempty" doc:"It has more of them; credentials.list with the owner has all."`
}

// An ApplicationFilter chooses among service accounts and their tokens.
type ApplicationFilter struct {
	State  sallyport.State `query:"state" enum:"active,revoked" doc:"Only tokens in this state."`
	Search string          `query:"search" doc:"What the login of the account begins with." maxLength:"128"`
}

// A TenantName is a tenant as lists of other things name it.
type TenantName struct {
	ID   sallyport.TenantID `json:"id" format:"uuid" doc:"The tenant."`
	Name string             `json:"name" doc:"What it is called." example:"Plant North"`
}
