package sallyport

import (
	"strings"
	"time"
)

// A Permission is one named right of an API, written "api/name", such as
// "edge-intelligence/asset-management". Permissions are compared whole: none
// contains another.
type Permission string

// API returns the name of the API that the permission belongs to.
func (p Permission) API() APIName {
	api, _, _ := strings.Cut(string(p), "/")
	return APIName(api)
}

// A Role is a named set of permissions.
type Role struct {
	ID          RoleID
	Tenant      TenantID // [EveryTenant] for a role that every tenant can use
	Name        string   // unique in the tenant
	Title       string
	BuiltIn     bool // cannot be changed or deleted
	Permissions []Permission
	Created     time.Time
	Updated     time.Time
	Version     int64
}

// A Binding gives a role to one subject in one tenant.
type Binding struct {
	ID          BindingID
	Tenant      TenantID // [EveryTenant]: in each tenant
	SubjectKind SubjectKind
	Subject     string // a PrincipalID or GroupID
	Role        RoleID
	Realm       string    // limits the binding to a realm; empty: every realm
	Condition   string    // CEL; empty: always
	Expires     time.Time // zero: never
	State       State
	Created     time.Time
	Updated     time.Time
	Version     int64
}

// A SubjectKind says what a binding's subject is.
type SubjectKind string

// Kinds of subject.
const (
	SubjectUser  SubjectKind = "user"
	SubjectGroup SubjectKind = "group"
	SubjectKey   SubjectKind = "api_key"
)
