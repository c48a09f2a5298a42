package sallyport

import "time"

// A State says whether a tenant, user or credential is in use.
type State string

// States. Anything else in a row is damage and is treated as not active.
const (
	Active      State = "active"
	Deactivated State = "deactivated" // by an administrator; can be undone
	Locked      State = "locked"      // by too many failures; can be undone
	Revoked     State = "revoked"     // final
)

// A Tenant is an isolation boundary. Tenants form a tree for display; rights
// are never inherited from a parent.
type Tenant struct {
	ID      TenantID
	Name    string // unique in the installation
	Parent  TenantID
	State   State
	Policy  TenantPolicy
	Created time.Time
	Updated time.Time
	Version int64 // grows with every change; the ETag
}

// A TenantPolicy limits the credentials made in a tenant.
type TenantPolicy struct {
	TokenMaxAge     time.Duration // longest life of a personal token or API key; 0: no limit
	TokenDefaultAge time.Duration // life of one created without an expiry; 0: none
}

// A Realm is a named partition of the resources of a tenant. Its name never
// changes.
type Realm struct {
	Tenant  TenantID
	Name    string
	Title   string
	Created time.Time
	Version int64
}
