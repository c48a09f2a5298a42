package policy

import (
	"net/http"
	"net/netip"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// A Trial is a request that nobody made, to see what would be decided on it.
type Trial struct {
	Method string
	Target string // path and query, or an absolute URI
	Header http.Header
	Client netip.Addr
	Time   time.Time

	// Tenant and Realm are what the request is for. They are put where the API
	// looks for them, unless something is there. Empty: it names none.
	Tenant sallyport.TenantID
	Realm  string

	Limited bool                     // whether Scopes applies
	Scopes  []string                 // of the credential, as it would be
	Kind    sallyport.CredentialKind // of the credential; empty: none in particular
}

// A Judge says what would be decided on a trial for a principal, nil for nobody,
// under a policy that need not be in force. The credential is taken as good.
type Judge func(*Snapshot, *Principal, *Trial) sallyport.Decision
