package httpapi

import (
	"encoding/hex"
	"net/http"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
)

func auditOperations() []operation {
	const every = "The permission is needed in every tenant."
	return []operation{
		list("audit.list", "/tenants/{tenant}/audit", admin.AuditRead, "Read the audit trail of a tenant, newest first", (*Handler).listAudit, everyTenant),
		list("audit.list_every", "/audit", admin.AuditRead, "Read the audit trail of the whole installation, newest first", (*Handler).listEveryAudit,
			more(every+" That it was read is written down as well.")),
		send("audit.verify", http.MethodPost, "/audit/verify", admin.AuditRead, "Verify that the audit trail is as it was written", (*Handler).verifyAudit,
			more(every)),
		act("audit.checkpoint", http.MethodPost, "/audit/checkpoint", admin.AuditRead, "Sign how the audit trail is", (*Handler).checkpointAudit,
			more("The checkpoint is written at the end of the trail, unless nothing was written since the last one. "+every)),
		get("audit.key", "/audit/key", "", "Get the public key of checkpoints", (*Handler).auditKey, public,
			func(op *operation) { op.scopes = nil }, more("It verifies checkpoints without this installation.")),
		get("audit.who", "/audit/who/{pseudonym}", admin.AuditRead, "Find whom a pseudonym of the access log stands for", (*Handler).auditWho,
			more(every+" That somebody asked is written down.")),
	}
}

func storeAuditFilter(f api.AuditFilter) store.AuditFilter {
	return store.AuditFilter{
		Actor: f.Actor, Action: f.Action, Target: f.Target, RequestID: f.RequestID, From: f.From, Until: f.Until, After: f.After,
	}
}

func (h *Handler) listAudit(c *call, f api.AuditFilter, p admin.Page) (api.List[api.AuditEntry], error) {
	return wireList(audit.OnWire)(h.Admin.Audit(c.ctx, c.actor, c.tenant, storeAuditFilter(f), p))
}

func (h *Handler) listEveryAudit(c *call, f api.AuditFilter, p admin.Page) (api.List[api.AuditEntry], error) {
	return wireList(audit.OnWire)(h.Admin.Audit(c.ctx, c.actor, "", storeAuditFilter(f), p))
}

func (h *Handler) verifyAudit(c *call, in api.Verification) (api.Verified, error) {
	return wire(audit.ReportOnWire)(h.Admin.VerifyAudit(c.ctx, c.actor, in.From, in.To, in.Checkpoints...))
}

func (h *Handler) checkpointAudit(c *call) (api.Checkpoint, error) {
	text, at, err := h.Admin.Checkpoint(c.ctx, c.actor)
	return api.Checkpoint{Entries: at.Entries, Hash: hex.EncodeToString(at.Hash[:]), At: at.Time, Checkpoint: text}, err
}

func (h *Handler) auditKey(*call) (api.AuditKey, error) {
	return api.AuditKey{Key: h.Admin.AuditKey()}, nil
}

func (h *Handler) auditWho(c *call) (api.Those, error) {
	found, err := h.Admin.Who(c.ctx, c.actor, c.path("pseudonym"))
	out := api.Those{Items: []api.Someone{}}
	for _, f := range found {
		p := f.Principal
		out.Items = append(out.Items, api.Someone{ID: p.ID, Kind: p.Kind, Login: p.Login, Tenant: p.Home, State: f.State})
	}
	return out, err
}
