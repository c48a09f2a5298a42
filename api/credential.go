package api

import (
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
)

// A Credential is all there is to know of a token, key or session but its
// secret.
type Credential struct {
	ID         sallyport.CredentialID   `json:"id" format:"uuid" doc:"Names the record; it is not the secret."`
	Kind       sallyport.CredentialKind `json:"kind" enum:"personal_token,application_token,api_key,session" doc:"What it is."`
	Tenant     sallyport.TenantID       `json:"tenant" doc:"The one tenant that it acts in; \"*\": wherever its owner may."`
	Owner      sallyport.PrincipalID    `json:"owner" format:"uuid" doc:"The user; of an API key the key itself."`
	Creator    sallyport.PrincipalID    `json:"creator,omitempty" doc:"Who made it."`
	Name       string                   `json:"name" doc:"What it is for." example:"backup script"`
	Hint       string                   `json:"hint" doc:"Beginning and end of the secret, for recognising it." example:"spp_…x7Qd"`
	Scopes     []string                 `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited." example:"inventory/read"`
	Networks   []netip.Prefix           `json:"networks,omitempty" doc:"Where it may be used from; left out: anywhere." example:"10.0.0.0/8"`
	State      sallyport.State          `json:"state" enum:"active,revoked" doc:"A revoked credential never works again."`
	ExpiresAt  time.Time                `json:"expires_at,omitzero" doc:"When it ends; left out: never."`
	IdleLimit  sallyport.Duration       `json:"idle_limit,omitempty" doc:"It ends when unused for so long." example:"15m0s"`
	Uses       int64                    `json:"uses" doc:"How often it was used successfully."`
	LastUsedAt time.Time                `json:"last_used_at,omitzero" doc:"When it was last used; left out: never."`
	LastUsedBy string                   `json:"last_used_by,omitempty" doc:"The user agent of the last use."`
	LastAddr   string                   `json:"last_address,omitempty" doc:"The client address of the last use." example:"192.0.2.7"`
	Expiring   bool                     `json:"expires_soon,omitempty" doc:"It ends soon, and should be renewed."`
	Brownout   *Brownout                `json:"brownout,omitempty" doc:"Part of its uses is refused for a while."`
	CreatedAt  time.Time                `json:"created_at" doc:"When it was made."`
	RenewedAt  time.Time                `json:"renewed_at,omitzero" doc:"When its secret was last replaced."`
	UpdatedAt  time.Time                `json:"updated_at" doc:"When it was last changed."`
	Current    bool                     `json:"current,omitempty" doc:"It is the one that this request was made with."`
	Version    int64                    `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// Issued is a credential and, this once, its secret.
type Issued struct {
	Credential
	Secret Secret `json:"secret,omitempty" readOnly:"true" doc:"Shown this once. Not there when an Idempotency-Key was used again: the first answer had it."`
}

// A NewToken is a token to be made for oneself.
type NewToken struct {
	Name      string             `json:"name" doc:"What it is for." maxLength:"100" example:"backup script"`
	Scopes    []string           `json:"scopes,omitempty" doc:"What it is limited to; left out: all that you may, at every use." example:"inventory/read"`
	Tenant    sallyport.TenantID `json:"tenant,omitempty" doc:"The one tenant that it acts in; left out: wherever you may."`
	Networks  []netip.Prefix     `json:"networks,omitempty" doc:"Where it may be used from; left out: anywhere." example:"10.0.0.0/8"`
	ExpiresAt time.Time          `json:"expires_at,omitzero" doc:"When it ends; left out: as the tenant's policy says."`
}

// A NewApplicationToken is a token to be made for a service account.
type NewApplicationToken struct {
	Owner sallyport.PrincipalID `json:"owner" format:"uuid" doc:"The service account."`
	NewToken
}

// A TokenChange changes what is there.
type TokenChange struct {
	Name      *string                  `json:"name,omitempty" doc:"What it is for." maxLength:"100" example:"backup script"`
	Scopes    Nullable[[]string]       `json:"scopes,omitzero" doc:"What it is limited to; null: not limited." example:"inventory/read"`
	Networks  Nullable[[]netip.Prefix] `json:"networks,omitzero" doc:"Where it may be used from; null: anywhere." example:"10.0.0.0/8"`
	ExpiresAt Nullable[time.Time]      `json:"expires_at,omitzero" doc:"When it ends; null: as the tenant's policy says."`
}

// A Renewal asks for a new secret.
type Renewal struct {
	Overlap sallyport.Duration `json:"overlap,omitempty" doc:"For how long the present secret works beside the new one, at most 720h; left out: not at all." example:"24h"`
}

// A SecretInfo is what may be known of one of a credential's secrets.
type SecretInfo struct {
	Hint       string    `json:"hint" doc:"Beginning and end, for recognising it." example:"spp_…x7Qd"`
	ExpiresAt  time.Time `json:"expires_at,omitzero" doc:"End of its overlap; left out: as the credential."`
	Uses       int64     `json:"uses" doc:"How often it was used successfully."`
	LastUsedAt time.Time `json:"last_used_at,omitzero" doc:"When it was last used; left out: never."`
	LastUsedBy string    `json:"last_used_by,omitempty" doc:"The user agent of the last use: who still has it."`
	LastAddr   string    `json:"last_address,omitempty" doc:"The client address of the last use." example:"192.0.2.7"`
	CreatedAt  time.Time `json:"created_at" doc:"When it was made."`
}

// A Brownout refuses a share of the uses of a credential for a while, as if it had
// been revoked.
type Brownout struct {
	Share int       `json:"share" minimum:"1" maximum:"100" doc:"How many of 100 uses are refused." example:"25"`
	Until time.Time `json:"until" doc:"When it is over."`
}

// A NewBrownout is a brown-out to begin.
type NewBrownout struct {
	Share int                `json:"share" minimum:"1" maximum:"100" doc:"How many of 100 uses are refused." example:"25"`
	For   sallyport.Duration `json:"for" doc:"For how long, at most 720h." example:"2h"`
}

// A Leak is secrets that got into wrong hands.
type Leak struct {
	Secrets []Secret `json:"secrets" writeOnly:"true" maxItems:"100" doc:"The secrets. What they stand for ends for good."`
}

// A Secrets is the secrets of a credential: two during an overlap, else one.
type Secrets struct {
	Items []SecretInfo `json:"items" doc:"Newest first."`
}

// A TokenFilter chooses among the tokens of others.
type TokenFilter struct {
	Owner sallyport.PrincipalID `query:"owner" doc:"Those of this user who is administered in the tenant; left out: those that act in this tenant only." maxLength:"36"`
	State sallyport.State       `query:"state" enum:"active,revoked" doc:"Only those in this state."`
}

// A StateFilter chooses by state.
type StateFilter struct {
	State sallyport.State `query:"state" enum:"active,revoked" doc:"Only those in this state."`
}

// An OwnerFilter says whose.
type OwnerFilter struct {
	Owner sallyport.PrincipalID `query:"owner" required:"true" doc:"The user or API key." maxLength:"36"`
}

// A KeyRole is a role that an API key is made with.
type KeyRole struct {
	Role      sallyport.RoleID `json:"role" format:"uuid" doc:"You must hold it yourself."`
	Realm     string           `json:"realm,omitempty" doc:"The one realm that it holds in; left out: all." maxLength:"64" example:"hall-2"`
	Condition string           `json:"condition,omitempty" doc:"CEL; it holds only while this is true." maxLength:"4096"`
	ExpiresAt time.Time        `json:"expires_at,omitzero" doc:"When it ends; left out: with the key."`
}

// A NewKey is an API key to be made.
type NewKey struct {
	Name      string         `json:"name" doc:"Unique among the keys of the tenant." maxLength:"100" example:"conveyor 7"`
	Roles     []KeyRole      `json:"roles,omitempty" doc:"What it may. More can be bound to it later."`
	Scopes    []string       `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited." example:"inventory/read"`
	Networks  []netip.Prefix `json:"networks,omitempty" doc:"Where it may be used from; left out: anywhere." example:"10.0.0.0/8"`
	ExpiresAt time.Time      `json:"expires_at,omitzero" doc:"When it ends; left out: as the tenant's policy says."`
	Secret    Secret         `json:"secret,omitempty" writeOnly:"true" doc:"One that clients have already: 16 to 256 visible ASCII characters without spaces. The answer does not repeat it. Left out: drawn."`
}

// A SignIn is a family of access and refresh tokens that stem from one
// authentication.
type SignIn struct {
	ID         sallyport.FamilyID     `json:"id" format:"uuid" doc:"The sid of its access tokens."`
	Tenant     sallyport.TenantID     `json:"tenant" doc:"The one tenant that its tokens act in; \"*\": wherever their owner may."`
	Owner      sallyport.PrincipalID  `json:"owner" format:"uuid" doc:"The user or API key."`
	Credential sallyport.CredentialID `json:"credential,omitempty" doc:"What it was begun with; left out: a password."`
	Client     string                 `json:"client,omitempty" doc:"The client that it belongs to."`
	API        sallyport.APIName      `json:"api,omitempty" doc:"The one API that its tokens are for; left out: all."`
	Scopes     []string               `json:"scopes,omitempty" doc:"What it is limited to; left out: not limited."`
	State      sallyport.State        `json:"state" enum:"active,revoked" doc:"A revoked sign-in never comes back."`
	CreatedAt  time.Time              `json:"created_at" doc:"When it was begun."`
	ExpiresAt  time.Time              `json:"expires_at" doc:"When it ends in any case."`
	Current    bool                   `json:"current,omitempty" doc:"It is the one that this request was made with."`
}

// An Adoption is a secret that was made elsewhere.
type Adoption struct {
	Secret Secret `json:"secret" writeOnly:"true" doc:"16 to 256 visible ASCII characters without spaces."`
}
