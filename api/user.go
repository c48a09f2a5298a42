package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A User is an account, of a person or of a service.
type User struct {
	ID          sallyport.PrincipalID `json:"id" format:"uuid" doc:"Never changes and is never given out again." example:"7b1f8a52-95c4-4be0-9d6b-0a1c6f0b7a11"`
	Tenant      sallyport.TenantID    `json:"tenant" doc:"Where the account is administered; \"*\": in the installation."`
	Kind        sallyport.UserKind    `json:"kind" enum:"person,service" doc:"A service is an integration account."`
	Login       string                `json:"login" doc:"Unique in the installation, in lower case." example:"jo"`
	Name        string                `json:"name,omitempty" doc:"For people." example:"Jo Doe"`
	Email       string                `json:"email,omitempty" doc:"Address for people." example:"jo@example.com"`
	State       sallyport.State       `json:"state" enum:"active,deactivated,locked" doc:"Only an active user gets in."`
	LastLoginAt time.Time             `json:"last_login_at,omitzero" doc:"When he last signed in; not there: never."`
	CreatedAt   time.Time             `json:"created_at" doc:"When the account was made."`
	UpdatedAt   time.Time             `json:"updated_at" doc:"When it was last changed."`
	Version     int64                 `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewUser is a user to be made.
type NewUser struct {
	Kind         sallyport.UserKind `json:"kind,omitempty" enum:"person,service" doc:"Left out: a person."`
	Login        string             `json:"login" doc:"Unique in the installation; no spaces, colons or slashes." maxLength:"128" example:"jo"`
	Name         string             `json:"name,omitempty" doc:"For people." maxLength:"100" example:"Jo Doe"`
	Email        string             `json:"email,omitempty" doc:"Address for people." maxLength:"254" example:"jo@example.com"`
	Password     Secret             `json:"password,omitempty" writeOnly:"true" doc:"Left out: cannot sign in with one."`
	PasswordHash Secret             `json:"password_hash,omitempty" writeOnly:"true" doc:"A hash made elsewhere, in place of a password."`
	KeepPassword bool               `json:"keep_password,omitempty" doc:"The user need not change the password at the first sign-in."`

	Groups []sallyport.GroupID `json:"groups,omitempty" doc:"Groups of the tenant that the user is in from the start." maxItems:"50"`
	Roles  []sallyport.RoleID  `json:"roles,omitempty" doc:"What the user may in the tenant from the start; you must hold it yourself. Realms and conditions: see bindings." maxItems:"50"`
	State  sallyport.State     `json:"state,omitempty" enum:"active,deactivated" doc:"Left out: active."`
}

// A UserChange changes what is there.
type UserChange struct {
	Login *string `json:"login,omitempty" doc:"Unique in the installation." maxLength:"128" example:"jo"`
	Name  *string `json:"name,omitempty" doc:"For people." maxLength:"100" example:"Jo Doe"`
	Email *string `json:"email,omitempty" doc:"Address for people." maxLength:"254" example:"jo@example.com"`
}

// A UserFilter chooses among users.
type UserFilter struct {
	Kind   sallyport.UserKind `query:"kind" enum:"person,service" doc:"Only those of this kind."`
	State  sallyport.State    `query:"state" enum:"active,deactivated,locked" doc:"Only those in this state."`
	Search string             `query:"search" doc:"What the login begins with." maxLength:"128"`
}

// A LoginQuery asks for the user with a login.
type LoginQuery struct {
	Login string `query:"login" required:"true" doc:"In any spelling." maxLength:"256" example:"jo"`
}

// A NewPassword is a password that an administrator gives to a user.
type NewPassword struct {
	Password Secret `json:"password" writeOnly:"true" doc:"The new password."`
	Keep     bool   `json:"keep,omitempty" doc:"The user need not change it at the next sign-in."`
}

// A Group is a set of users that can be bound to roles.
type Group struct {
	ID        sallyport.GroupID  `json:"id" format:"uuid" doc:"Never changes and is never given out again."`
	Tenant    sallyport.TenantID `json:"tenant" doc:"Where it is administered; \"*\": in the installation."`
	Name      string             `json:"name" doc:"Unique in the tenant." example:"night-shift"`
	Title     string             `json:"title,omitempty" doc:"For people." example:"Night shift"`
	CreatedAt time.Time          `json:"created_at" doc:"When it was made."`
	UpdatedAt time.Time          `json:"updated_at" doc:"When it was last changed."`
	Version   int64              `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewGroup is a group to be made.
type NewGroup struct {
	Name  string `json:"name" doc:"Unique in the tenant." maxLength:"100" example:"night-shift"`
	Title string `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Night shift"`
}

// A GroupChange changes what is there.
type GroupChange struct {
	Name  *string `json:"name,omitempty" doc:"Unique in the tenant." maxLength:"100" example:"night-shift"`
	Title *string `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Night shift"`
}

// A Search chooses by the beginning of a name.
type Search struct {
	Search string `query:"search" doc:"What the name begins with." maxLength:"100"`
}
