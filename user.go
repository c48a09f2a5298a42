package sallyport

import "time"

// A UserKind tells persons from services.
type UserKind string

// Kinds of user.
const (
	Person  UserKind = "person"
	Service UserKind = "service" // an integration account
)

// A User is an account. Logins are unique in the installation; the tenant is
// where the account is administered, and its bindings say where it may act.
type User struct {
	ID        PrincipalID
	Tenant    TenantID
	Kind      UserKind
	Login     string // canonical form: NFC, lower case
	Name      string // display name
	Email     string
	State     State
	Epoch     int64     // grows when the password changes or the user is deactivated
	NotBefore time.Time // tokens issued earlier are dead; zero: none
	LastLogin time.Time
	Created   time.Time
	Updated   time.Time
	Version   int64
}

// A Group is a set of users of one tenant that can be bound to roles.
type Group struct {
	ID      GroupID
	Tenant  TenantID
	Name    string // unique in the tenant
	Title   string
	Created time.Time
	Updated time.Time
	Version int64
}
