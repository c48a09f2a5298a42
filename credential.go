package sallyport

import (
	"errors"
	"net/netip"
	"time"
)

// A CredentialKind says what a request presented.
type CredentialKind string

// Kinds of credential.
const (
	Password         CredentialKind = "password"
	Session          CredentialKind = "session"
	PersonalToken    CredentialKind = "personal_token"
	ApplicationToken CredentialKind = "application_token"
	APIKey           CredentialKind = "api_key"
	AccessToken      CredentialKind = "access_token"
	RefreshToken     CredentialKind = "refresh_token"
)

// A Credential is a secret's record: all there is to know but the secret.
type Credential struct {
	ID       CredentialID
	Tenant   TenantID // the tenant it acts in; [EveryTenant]: wherever its owner may
	Kind     CredentialKind
	Owner    PrincipalID // the user; for an API key, the key itself
	Creator  PrincipalID
	Name     string // the "application" of a personal token
	Hint     string // prefix and last characters, for recognising it
	Scopes   []string
	Networks []netip.Prefix // where it may be used from; empty: anywhere
	State    State
	Expires  time.Time     // zero: never
	Idle     time.Duration // ends when unused for so long; 0: no limit
	Uses     int64         // successful authentications
	LastUsed time.Time
	LastAddr string
	LastVia  string // user agent, truncated
	Created  time.Time
	Renewed  time.Time // when the secret was last replaced
	Updated  time.Time
	Version  int64

	// BegunWith is the credential that a session was begun with and ends with;
	// empty: a password.
	BegunWith CredentialID

	Brownout Brownout // refuses part of its uses for a while; zero: does not
}

// A Brownout refuses a share of the uses of a credential for a while, as if it had
// been revoked, to find out who would miss it.
type Brownout struct {
	Share int       // of 100 uses
	Until time.Time // then it is over
}

// At returns the share that is refused at a time, 0 for none.
func (b Brownout) At(now time.Time) int {
	if b.Share > 0 && now.Before(b.Until) {
		return b.Share
	}
	return 0
}

// MarshalJSON refuses: a credential's record is never an answer; surfaces have
// shapes of their own. Without it Go would marshal the exported fields.
func (Credential) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a credential must not be marshaled")
}

// A CredentialSecret is one secret of a credential. During the overlap of a
// refresh a credential has two.
type CredentialSecret struct {
	Credential CredentialID
	Digest     [32]byte // keyed hash of the secret; unique in the installation
	Pepper     int      // version of the key that made Digest
	Hint       string
	Expires    time.Time // end of the overlap; zero: as the credential
	Uses       int64
	LastUsed   time.Time
	LastAddr   string
	LastVia    string // user agent, truncated
	Created    time.Time
}

// A Carrier is a place in a request where a credential can travel.
type Carrier string

// Carriers.
const (
	CarrierBasic  Carrier = "basic"  // Authorization: Basic (RFC 7617)
	CarrierBearer Carrier = "bearer" // Authorization: Bearer (RFC 6750)
	CarrierHeader Carrier = "header"
	CarrierQuery  Carrier = "query"
	CarrierForm   Carrier = "form"
	CarrierCookie Carrier = "cookie"
)
