package api

import (
	"encoding/json"
	"time"

	"github.com/sallyport/sallyport"
)

// An AuditEntry is something that was done.
type AuditEntry struct {
	Seq            int64                    `json:"seq" doc:"Its place in the trail, without gaps." example:"1042"`
	At             time.Time                `json:"at" doc:"When."`
	Tenant         sallyport.TenantID       `json:"tenant" doc:"Whose trail it belongs to; \"*\": the installation's."`
	ActorID        sallyport.PrincipalID    `json:"actor_id,omitempty" doc:"Who; left out: the installation, or a stranger."`
	ActorKind      string                   `json:"actor_kind" enum:"person,service,api_key,anonymous,system,stranger" doc:"What the actor is."`
	ActorName      string                   `json:"actor_name,omitempty" doc:"The actor's login at the time." example:"jo"`
	CredentialKind sallyport.CredentialKind `json:"credential_kind,omitempty" doc:"What the actor came with."`
	Credential     string                   `json:"credential,omitempty" doc:"Its id."`
	Action         string                   `json:"action" doc:"What was done." example:"role.update"`
	TargetKind     string                   `json:"target_kind,omitempty" doc:"What it was done to." example:"role"`
	TargetID       string                   `json:"target_id,omitempty" doc:"Its id."`
	TargetName     string                   `json:"target_name,omitempty" doc:"Its name at the time." example:"shift-lead"`
	Before         json.RawMessage          `json:"before,omitempty" doc:"How it was, without secrets."`
	After          json.RawMessage          `json:"after,omitempty" doc:"How it is, without secrets."`
	RequestID      string                   `json:"request_id,omitempty" doc:"The request that did it."`
	Address        string                   `json:"address,omitempty" doc:"Where that came from." example:"192.0.2.7"`
	Prev           string                   `json:"prev" doc:"Hash of the entry before, in hexadecimal; zeros for the first."`
	Hash           string                   `json:"hash" doc:"Hash of this entry and of all before it, in hexadecimal."`
}

// An AuditFilter chooses among entries of the trail.
type AuditFilter struct {
	Actor     sallyport.PrincipalID `query:"actor" doc:"Only what this principal did." maxLength:"36"`
	Action    string                `query:"action" doc:"What the action begins with." maxLength:"100" example:"role."`
	Target    string                `query:"target" doc:"Only what was done to the thing with this id." maxLength:"200"`
	RequestID string                `query:"request_id" doc:"Only what this request did." maxLength:"128"`
	From      time.Time             `query:"from" doc:"Not before this time."`
	Until     time.Time             `query:"until" doc:"Before this time."`
	After     int64                 `query:"after" minimum:"0" doc:"Only entries with a greater number, for following the trail."`
}

// A Those is whom a pseudonym stands for: nobody, or one.
type Those struct {
	Items []Someone `json:"items" doc:"Empty: nobody who is there. Who is deleted cannot be found."`
}

// A Verification says which part of the trail to verify.
type Verification struct {
	From int64 `json:"from,omitempty" minimum:"0" doc:"The first entry; left out: the first there is."`
	To   int64 `json:"to,omitempty" minimum:"0" doc:"The last entry; left out: the last there is."`

	Checkpoints []string `json:"checkpoints,omitempty" maxItems:"100" doc:"Texts of checkpoints that were kept elsewhere, with which the trail is compared."`
}

// A Checkpoint is a signed statement of how the trail was.
type Checkpoint struct {
	Entries    int64     `json:"entries" doc:"How many entries there were." example:"1042"`
	Hash       string    `json:"hash" doc:"Hash of the last one, and so of all before it, in hexadecimal."`
	At         time.Time `json:"at" doc:"When."`
	Checkpoint string    `json:"checkpoint" doc:"The same, signed: a C2SP signed note, to be kept elsewhere."`
}

// An AuditKey is the public key of checkpoints.
type AuditKey struct {
	Key string `json:"key" doc:"The key as C2SP signed notes have it: name, hash and Ed25519 key." example:"sallyport/audit+9a8b7c6d+AQ…"`
}

// A Someone is who a pseudonym stands for.
type Someone struct {
	ID     sallyport.PrincipalID   `json:"id" doc:"The user or API key."`
	Kind   sallyport.PrincipalKind `json:"kind" enum:"person,service,api_key" doc:"What it is."`
	Login  string                  `json:"login" doc:"Its login; of an API key its name." example:"jo"`
	Tenant sallyport.TenantID      `json:"tenant" doc:"Where it is administered."`
	State  sallyport.State         `json:"state" doc:"Its state."`
}

// A Verified is what a verification found.
type Verified struct {
	OK      bool         `json:"ok" doc:"The trail is as it was written."`
	From    int64        `json:"from" doc:"The first entry that was looked at."`
	To      int64        `json:"to" doc:"The last one."`
	Head    int64        `json:"head" doc:"The number of the last entry that was ever written."`
	Hash    string       `json:"hash" doc:"Its hash, in hexadecimal, to be kept elsewhere."`
	Entries int64        `json:"entries" doc:"How many were looked at."`
	Signed  int64        `json:"checkpoints" doc:"How many checkpoints in the trail were verified."`
	Last    int64        `json:"last_checkpoint,omitempty" doc:"How many entries the last of them was signed over; left out: there is none."`
	LastAt  time.Time    `json:"last_checkpoint_at,omitzero" doc:"When that was."`
	Breaks  []AuditBreak `json:"breaks" doc:"Where the trail is not as it was written."`
}

// An AuditBreak is a place where the trail is not as it was written.
type AuditBreak struct {
	Seq  int64  `json:"seq" doc:"The entry at which it shows."`
	Kind string `json:"kind" enum:"edited,missing,inserted,rewritten" doc:"What is wrong."`
	Text string `json:"text" doc:"The same for people."`
}

// A SigningKey is what may be known of a signing key.
type SigningKey struct {
	ID          string    `json:"id" doc:"The kid."`
	Kind        string    `json:"kind" doc:"Which tokens it signs." example:"access"`
	Algorithm   string    `json:"algorithm" doc:"How." example:"EdDSA"`
	State       string    `json:"state" doc:"next: published, not used yet; active; retired: still accepted." example:"active"`
	CreatedAt   time.Time `json:"created_at" doc:"When it was drawn."`
	ActivatedAt time.Time `json:"activated_at,omitzero" doc:"When it was first signed with."`
	RetiredAt   time.Time `json:"retired_at,omitzero" doc:"When it was last signed with."`
	AcceptUntil time.Time `json:"accept_until,omitzero" doc:"Until when its signatures are accepted."`
}

// A SigningKeys is all signing keys.
type SigningKeys struct {
	Items []SigningKey `json:"items" doc:"Oldest first."`
}

// A Rotation says which signing key to rotate.
type Rotation struct {
	Kind      string `json:"kind" doc:"Which tokens it signs." example:"access"`
	Algorithm string `json:"algorithm,omitempty" doc:"Left out: the default of the kind." example:"EdDSA"`
}

// An AuditEvents is what a webhook is sent: entries in their order. One that comes
// again, which its number tells, was received before.
type AuditEvents struct {
	Entries []AuditEntry `json:"entries"`
}
