package sallyport

import "time"

// A Decision is the answer of the two doors to one request. The zero Decision
// is a denial.
type Decision struct {
	Allowed bool
	Reason  Reason // why not; empty when Allowed

	RequestID string
	Revision  Revision // of the policy it was taken under

	API   APIName // empty: no API was found for the request
	Route string  // id of the route; empty: none matched

	Learning time.Time // until when the API learns, if that is why nothing was asked of the request; else zero

	Principal      *Principal // nil: nobody was recognised
	Credential     UUID       // of an access token the id of its sign-in, of a password the user's
	CredentialKind CredentialKind
	Expires        time.Time // when the credential ends, if that is soon and its owner should know; else zero
	Scopes         []string  // the scopes of the credential; nil: not limited

	Tenant  TenantID  // empty: none was chosen
	Realm   string    // empty: the request named none
	Realms  []string  // with none named: where the right is held, sorted; nil: in every realm, or the route asks for none
	Binding BindingID // the binding that allowed it

	Missing       []Permission // for PermissionMissing and its kin: what would have been needed
	MissingScopes []string     // for ScopeInsufficient: any of these would do
	Allow         []string     // for MethodNotAllowed: the methods of the path
	RetryAfter    int          // seconds; 0: not said
}
