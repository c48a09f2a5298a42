package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A Tenant is an isolation boundary.
type Tenant struct {
	ID              sallyport.TenantID `json:"id" format:"uuid" doc:"Never changes and is never given out again." example:"4213b2bc-e1ab-4225-acc6-2f64c98d621b"`
	Name            string             `json:"name" doc:"Unique in the installation." example:"Plant North"`
	Parent          sallyport.TenantID `json:"parent,omitempty" doc:"The tenant above, for display; rights are not inherited."`
	State           sallyport.State    `json:"state" enum:"active,deactivated" doc:"In a deactivated tenant no credential works."`
	TokenMaxAge     sallyport.Duration `json:"token_max_age,omitempty" doc:"Longest life of a token or key made here." example:"8760h"`
	TokenDefaultAge sallyport.Duration `json:"token_default_age,omitempty" doc:"Life of a token or key made without an expiry." example:"2160h"`
	CreatedAt       time.Time          `json:"created_at" doc:"When it was made."`
	UpdatedAt       time.Time          `json:"updated_at" doc:"When it was last changed."`
	Version         int64              `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewTenant is a tenant to be made.
type NewTenant struct {
	Name            string             `json:"name" doc:"Unique in the installation." maxLength:"100" example:"Plant North"`
	Parent          sallyport.TenantID `json:"parent,omitempty" doc:"The tenant above."`
	TokenMaxAge     sallyport.Duration `json:"token_max_age,omitempty" doc:"Longest life of a token or key made here; left out: no limit." example:"8760h"`
	TokenDefaultAge sallyport.Duration `json:"token_default_age,omitempty" doc:"Life of a token or key made without an expiry." example:"2160h"`
}

// A TenantChange changes what is there.
type TenantChange struct {
	Name            *string                      `json:"name,omitempty" doc:"Unique in the installation." maxLength:"100" example:"Plant South"`
	Parent          Nullable[sallyport.TenantID] `json:"parent,omitzero" doc:"The tenant above; null: none."`
	TokenMaxAge     Nullable[sallyport.Duration] `json:"token_max_age,omitzero" doc:"Longest life of a token or key made here; null: no limit." example:"4380h"`
	TokenDefaultAge Nullable[sallyport.Duration] `json:"token_default_age,omitzero" doc:"Life of a token or key made without an expiry; null: none." example:"720h"`
}

// A TenantFilter chooses among tenants.
type TenantFilter struct {
	Parent sallyport.TenantID `query:"parent" doc:"Only those directly below this tenant."`
	State  sallyport.State    `query:"state" enum:"active,deactivated" doc:"Only those in this state."`
	Search string             `query:"search" doc:"What the name begins with." maxLength:"100"`
}

// A Realm is a named partition of the resources of a tenant.
type Realm struct {
	Tenant    sallyport.TenantID `json:"tenant" doc:"The tenant that it is part of."`
	Name      string             `json:"name" doc:"Unique in the tenant; never changes." example:"hall-2"`
	Title     string             `json:"title,omitempty" doc:"For people." example:"Hall 2"`
	CreatedAt time.Time          `json:"created_at" doc:"When it was made."`
	Version   int64              `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A NewRealm is a realm to be made.
type NewRealm struct {
	Name  string `json:"name" doc:"Unique in the tenant; never changes." maxLength:"64" example:"hall-2"`
	Title string `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Hall 2"`
}

// A RealmChange changes what is there.
type RealmChange struct {
	Title *string `json:"title,omitempty" doc:"For people." maxLength:"200" example:"Hall two"`
}
