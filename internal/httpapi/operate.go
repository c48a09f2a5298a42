package httpapi

import (
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

func auditOperations() []operation {
	return []operation{
		list("audit.list", "/tenants/{tenant}/audit", admin.AuditRead, "Read the audit trail of a tenant, newest first", (*Handler).listAudit, everyTenant),
		list("audit.list_every", "/audit", admin.AuditRead, "Read the audit trail of the whole installation, newest first", (*Handler).listEveryAudit,
			more("The permission is needed in every tenant. That it was read is written down as well.")),
		send("audit.verify", http.MethodPost, "/audit/verify", admin.AuditRead, "Verify that the audit trail is as it was written", (*Handler).verifyAudit,
			more("The permission is needed in every tenant.")),
	}
}

func storeAuditFilter(f api.AuditFilter) store.AuditFilter {
	return store.AuditFilter{Actor: f.Actor, Action: f.Action, Target: f.Target, RequestID: f.RequestID, From: f.From, Until: f.Until}
}

func (h *Handler) listAudit(c *call, f api.AuditFilter, p admin.Page) (api.List[api.AuditEntry], error) {
	return wireList(auditOnWire)(h.Admin.Audit(c.ctx, c.actor, c.tenant, storeAuditFilter(f), p))
}

func (h *Handler) listEveryAudit(c *call, f api.AuditFilter, p admin.Page) (api.List[api.AuditEntry], error) {
	return wireList(auditOnWire)(h.Admin.Audit(c.ctx, c.actor, "", storeAuditFilter(f), p))
}

func auditOnWire(row store.AuditRow) api.AuditEntry {
	actor := audit.ActorOf(&row)
	return api.AuditEntry{
		Seq: row.Seq, At: row.Time, Tenant: row.Tenant,
		ActorID: actor.ID, ActorKind: actor.Kind, ActorName: actor.Name, CredentialKind: actor.CredentialKind, Credential: actor.Credential,
		Action: row.Action, TargetKind: row.TargetKind, TargetID: row.TargetID, TargetName: row.TargetName,
		Before: json.RawMessage(row.Before), After: json.RawMessage(row.After),
		RequestID: row.RequestID, Address: row.Address, Hash: hex.EncodeToString(row.Hash[:]),
	}
}

func (h *Handler) verifyAudit(c *call, in api.Verification) (api.Verified, error) {
	report, err := h.Admin.VerifyAudit(c.ctx, c.actor, in.From, in.To, nil)
	out := api.Verified{
		OK: report.OK(), From: report.From, To: report.To, Head: report.Head,
		Hash: hex.EncodeToString(report.Hash[:]), Entries: report.Entries, Breaks: []api.AuditBreak{},
	}
	for _, b := range report.Breaks {
		out.Breaks = append(out.Breaks, api.AuditBreak{Seq: b.Seq, Kind: string(b.Kind), Text: b.Text})
	}
	return out, err
}

func signingOperations() []operation {
	needs := more("The permission is needed in every tenant.")
	return []operation{
		get("signing-keys.list", "/signing-keys", admin.SigningKeysRead, "List the signing keys", (*Handler).listSigningKeys, needs),
		send("signing-keys.rotate", http.MethodPost, "/signing-keys/rotate", admin.SigningKeysWrite, "Take the next signing key into use",
			(*Handler).rotateSigningKey, needs),
	}
}

func (h *Handler) listSigningKeys(c *call) (api.SigningKeys, error) {
	keys, err := h.Admin.SigningKeys(c.ctx, c.actor)
	out := api.SigningKeys{Items: []api.SigningKey{}}
	for _, k := range keys {
		out.Items = append(out.Items, signingKeyOnWire(k))
	}
	return out, err
}

func (h *Handler) rotateSigningKey(c *call, in api.Rotation) (api.SigningKey, error) {
	use := admin.KeyUse{Kind: token.JWTKind(in.Kind), Algorithm: token.Algorithm(in.Algorithm)}
	return wire(signingKeyOnWire)(h.Admin.RotateSigningKey(c.ctx, c.actor, use))
}

func signingKeyOnWire(k admin.KeyInfo) api.SigningKey {
	return api.SigningKey{
		ID: k.ID, Kind: string(k.Kind), Algorithm: string(k.Algorithm), State: string(k.State),
		CreatedAt: k.Created, ActivatedAt: k.Activated, RetiredAt: k.Retired, AcceptUntil: k.AcceptUntil,
	}
}

func documentOperations() []operation {
	return []operation{
		get("openapi", "/openapi.json", "", "Get this document", (*Handler).getDocument, public,
			func(op *operation) { op.scopes, op.tag = nil, "document" }),
	}
}

func (h *Handler) getDocument(*call) (json.RawMessage, error) { return h.document, nil }
