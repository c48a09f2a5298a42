package audit

import (
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

// OnWire returns an entry as it leaves the installation: over the management API,
// in an export and in a stream. Nothing that is hashed is lost on the way.
func OnWire(row store.AuditRow) api.AuditEntry {
	actor := ActorOf(&row)
	return api.AuditEntry{
		Seq: row.Seq, At: row.Time, Tenant: row.Tenant,
		ActorID: actor.ID, ActorKind: actor.Kind, ActorName: actor.Name, CredentialKind: actor.CredentialKind, Credential: actor.Credential,
		Action: row.Action, TargetKind: row.TargetKind, TargetID: row.TargetID, TargetName: row.TargetName,
		Before: json.RawMessage(row.Before), After: json.RawMessage(row.After),
		RequestID: row.RequestID, Address: row.Address, Prev: hex.EncodeToString(row.Prev[:]), Hash: hex.EncodeToString(row.Hash[:]),
	}
}

// ReportOnWire returns a report as it is answered.
func ReportOnWire(r Report) api.Verified {
	out := api.Verified{
		OK: r.OK(), From: r.From, To: r.To, Head: r.Head, Hash: hex.EncodeToString(r.Hash[:]), Entries: r.Entries,
		Signed: r.Checkpoints, Last: r.Last.Entries, LastAt: r.Last.Time, Breaks: []api.AuditBreak{},
	}
	for _, b := range r.Breaks {
		out.Breaks = append(out.Breaks, api.AuditBreak{Seq: b.Seq, Kind: string(b.Kind), Text: b.Text})
	}
	return out
}

var errNotEntry = errors.New("this is not an entry of an audit trail")

// rowOf is the inverse of [OnWire].
func rowOf(e *api.AuditEntry) (row store.AuditRow, err error) {
	prev, err := hex.DecodeString(e.Prev)
	if err != nil || len(prev) != len(row.Prev) {
		return row, errNotEntry
	}
	hash, err := hex.DecodeString(e.Hash)
	if err != nil || len(hash) != len(row.Hash) || e.Seq < 1 {
		return row, errNotEntry
	}
	actor := Actor{ID: e.ActorID, Kind: e.ActorKind, Name: e.ActorName, CredentialKind: e.CredentialKind, Credential: e.Credential}
	row = store.AuditRow{
		Seq: e.Seq, Time: e.At.UTC(), Tenant: e.Tenant, ActorID: e.ActorID, ActorKind: actor.kind(), ActorName: e.ActorName,
		Action: e.Action, TargetKind: e.TargetKind, TargetID: e.TargetID, TargetName: e.TargetName,
		Before: string(e.Before), After: string(e.After), RequestID: e.RequestID, Address: e.Address,
	}
	copy(row.Prev[:], prev)
	copy(row.Hash[:], hash)
	return row, nil
}
