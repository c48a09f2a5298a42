package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A Role is a named set of permissions.
type Role struct {
	ID          sallyport.RoleID       `json:"id" format:"uuid" doc:"Never changes and is never given out again."`
	Tenant      sallyport.TenantID     `json:"tenant" doc:"Where it can be used; \"*\": in every tenant."`
	Name        string                 `json:"name" doc:"Unique in the tenant." example:"shift-lead"`
	Title       string                 `json:"title,omitempty" doc:"For people." example:"Shift lead"`
	BuiltIn     bool                   `json:"built_in,omitempty" doc:"Part of the program; cannot be changed."`
	Permissions []sallyport.Permission `json:"permissions" doc:"What it gives: api/name, api/* for all of an API, * for everything." example:"inventory/items.read"`
	CreatedAt   time.Time              `json:"created_at" doc:"When it was made."`
	UpdatedAt   time.Time              `json:"updated_at" doc:"When it was last changed."`
	Version     int64                  `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewRole is a role to be made.
type NewRole struct {
	Name        string                 `json:"name" doc:"Unique in the tenant." maxLength:"100" example:"shift-lead"`
	Title       string                 `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Shift lead"`
	Permissions []sallyport.Permission `json:"permissions" doc:"What it gives. You must hold it yourself." example:"inventory/items.read"`
}

// A RoleChange changes what is there.
type RoleChange struct {
	Name        *string                 `json:"name,omitempty" doc:"Unique in the tenant." maxLength:"100" example:"shift-lead"`
	Title       *string                 `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Shift lead"`
	Permissions *[]sallyport.Permission `json:"permissions,omitempty" doc:"All that it gives from now on." example:"inventory/items.read"`
}

// A Binding gives a role to a subject in a tenant.
type Binding struct {
	ID          sallyport.BindingID   `json:"id" format:"uuid" doc:"Never changes and is never given out again."`
	Tenant      sallyport.TenantID    `json:"tenant" doc:"Where it holds; \"*\": in every tenant."`
	SubjectKind sallyport.SubjectKind `json:"subject_kind" enum:"user,group,api_key" doc:"What the subject is."`
	Subject     string                `json:"subject" format:"uuid" doc:"The user, group or API key."`
	Role        sallyport.RoleID      `json:"role" format:"uuid" doc:"What is given."`
	Realm       string                `json:"realm,omitempty" doc:"The one realm that it holds in; left out: all." example:"hall-2"`
	Condition   string                `json:"condition,omitempty" doc:"CEL; it holds only while this is true." example:"time.getHours(\"UTC\") < 18"`
	ExpiresAt   time.Time             `json:"expires_at,omitzero" doc:"When it ends; left out: never."`
	State       sallyport.State       `json:"state" enum:"active,deactivated" doc:"A deactivated binding gives nothing."`
	CreatedAt   time.Time             `json:"created_at" doc:"When it was made."`
	UpdatedAt   time.Time             `json:"updated_at" doc:"When it was last changed."`
	Version     int64                 `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewBinding is a binding to be made.
type NewBinding struct {
	SubjectKind sallyport.SubjectKind `json:"subject_kind" enum:"user,group,api_key" doc:"What the subject is."`
	Subject     string                `json:"subject" format:"uuid" doc:"The user, group or API key."`
	Role        sallyport.RoleID      `json:"role" format:"uuid" doc:"What is given. You must hold it yourself, to the same extent."`
	Realm       string                `json:"realm,omitempty" doc:"The one realm that it holds in; left out: all." maxLength:"64" example:"hall-2"`
	Condition   string                `json:"condition,omitempty" doc:"CEL; it holds only while this is true." maxLength:"4096"`
	ExpiresAt   time.Time             `json:"expires_at,omitzero" doc:"When it ends; left out: never."`
}

// A BindingChange changes what is there.
type BindingChange struct {
	Realm     *string             `json:"realm,omitempty" doc:"The one realm that it holds in; empty: all." maxLength:"64" example:"hall-2"`
	Condition *string             `json:"condition,omitempty" doc:"CEL; empty: always." maxLength:"4096"`
	ExpiresAt Nullable[time.Time] `json:"expires_at,omitzero" doc:"When it ends; null: never."`
	State     *sallyport.State    `json:"state,omitempty" enum:"active,deactivated" doc:"A deactivated binding gives nothing."`
}

// A BindingFilter chooses among bindings.
type BindingFilter struct {
	SubjectKind sallyport.SubjectKind `query:"subject_kind" enum:"user,group,api_key" doc:"Only those of subjects of this kind."`
	Subject     string                `query:"subject" doc:"Only those of this user, group or API key." maxLength:"36"`
	Role        sallyport.RoleID      `query:"role" doc:"Only those of this role." maxLength:"36"`
	State       sallyport.State       `query:"state" enum:"active,deactivated" doc:"Only those in this state."`
}
