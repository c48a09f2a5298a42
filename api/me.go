package api

import "github.com/sallyport/sallyport"

// A Me is what a caller may know about himself.
type Me struct {
	ID             sallyport.PrincipalID    `json:"id" format:"uuid" doc:"Of the user or API key."`
	Kind           sallyport.PrincipalKind  `json:"kind" enum:"person,service,api_key" doc:"What the caller is."`
	Login          string                   `json:"login" doc:"A user's login, an API key's name." example:"jo"`
	Name           string                   `json:"name,omitempty" doc:"For people." example:"Jo Doe"`
	Email          string                   `json:"email,omitempty" doc:"Address for people." example:"jo@example.com"`
	Tenant         sallyport.TenantID       `json:"tenant" doc:"Where the caller is administered; \"*\": in the installation."`
	Tenants        []sallyport.TenantID     `json:"tenants" doc:"Where the caller can act."`
	EveryTenant    bool                     `json:"every_tenant,omitempty" doc:"The caller can act in every tenant."`
	Groups         []Group                  `json:"groups" doc:"The caller's groups."`
	CredentialKind sallyport.CredentialKind `json:"credential_kind" doc:"What this request was made with."`
	Scopes         []string                 `json:"scopes,omitempty" doc:"What that is limited to; left out: not limited."`
	MustChange     bool                     `json:"must_change_password,omitempty" doc:"The password was set by somebody else."`
	Version        int64                    `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A MeChange changes what a user may change of himself.
type MeChange struct {
	Name  *string `json:"name,omitempty" doc:"For people." maxLength:"100" example:"Jo Doe"`
	Email *string `json:"email,omitempty" doc:"Address for people." maxLength:"254" example:"jo@example.com"`
}

// A Permissions is what the caller may in a tenant.
type Permissions struct {
	Tenant      sallyport.TenantID     `json:"tenant" doc:"Where."`
	Permissions []sallyport.Permission `json:"permissions" doc:"In some realm or under some condition; sorted."`
}

// A TenantQuery says in which tenant.
type TenantQuery struct {
	Tenant sallyport.TenantID `query:"tenant" doc:"Left out: where the caller is administered, or the tenant that the credential is limited to." maxLength:"36"`
}

// A PasswordChange replaces one's own password.
type PasswordChange struct {
	Present  Secret `json:"present" writeOnly:"true" doc:"The password that you have now."`
	Password Secret `json:"password" writeOnly:"true" doc:"The new one."`
}

// Credentials are a login and a password.
type Credentials struct {
	Login    string `json:"login" doc:"In any spelling." maxLength:"256" example:"jo"`
	Password Secret `json:"password" writeOnly:"true" doc:"The password."`
	Code     Secret `json:"code,omitempty" writeOnly:"true" doc:"Of the second factor, for who has one: from the app, or a recovery code."`
}

// A Confirmation shows that it is still the owner of a session who uses it.
type Confirmation struct {
	Password Secret `json:"password" writeOnly:"true" doc:"The password."`
	Code     Secret `json:"code,omitempty" writeOnly:"true" doc:"Of the second factor, for who has one."`
}

// A Session is a session that was just started. Its secret is in the cookie,
// where no script can read it.
type Session struct {
	Credential
	Login      string `json:"login" doc:"Whose it is." example:"jo"`
	MustChange bool   `json:"must_change_password,omitempty" doc:"The password was set by somebody else and is to be changed."`
}

// An Ended says how many sessions and sign-ins were ended.
type Ended struct {
	Ended int `json:"ended" doc:"How many."`
}
