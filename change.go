package sallyport

// A ChangeKind says what a committed change touched, so that a node knows what
// to forget.
type ChangeKind string

// Kinds of change.
const (
	ChangePolicy     ChangeKind = "policy"     // an API, a role, a tenant or a realm: compile anew
	ChangePrincipal  ChangeKind = "principal"  // a user, an API key, or what is bound to one
	ChangeCredential ChangeKind = "credential" // a credential or a sign-in: look it up anew
	ChangeKeys       ChangeKind = "keys"       // the signing keys
	ChangeEverything ChangeKind = "everything" // a restore: forget all
)

// A Change is one entry of the change log. Entries of one transaction share a
// revision.
type Change struct {
	Revision Revision
	Kind     ChangeKind
	ID       string // principal, credential or family id; of a policy the part that changed, empty: all of it
}
