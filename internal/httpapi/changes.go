package httpapi

import (
	"cmp"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/policy"
)

func changeOperations() []operation {
	return []operation{
		paged("changes.list", "/changes", admin.AuditRead, "Ask what changed rights, newest first", (*Handler).listChanges, lateCheck,
			more("From the audit trail: roles that lost or gained permissions, bindings, memberships, accounts, APIs. With a request it tells what would have been "+
				"decided on it then and now, its credential taken as good, and only what made the difference. About others it needs `sallyport/decisions.explain` too.")),
	}
}

func (h *Handler) listChanges(c *call, q api.RightsFilter, p admin.Page) (api.RightsChanges, error) {
	f := admin.ChangeFilter{
		Tenant: q.Tenant, Principal: q.Principal, Permission: q.Permission, Since: q.Since, Until: q.Until,
	}
	if f.Tenant == "" {
		f.Tenant = c.actor.Principal.Home
	}
	switch {
	case (q.Method == "") != (q.URL == ""):
		return api.RightsChanges{}, badParameter("url", "and method go together; give both or neither")
	case q.Method != "":
		f.Principal = cmp.Or(f.Principal, c.actor.Principal.ID)
		f.Trial = &policy.Trial{Method: q.Method, Target: q.URL, Client: c.client, Realm: q.Realm}
		if f.Tenant != sallyport.EveryTenant {
			f.Trial.Tenant = f.Tenant
		}
	}
	changes, err := h.Admin.Changes(c.ctx, c.actor, f, p)
	list, err := wireList(changeOnWire)(changes.List, err)
	return api.RightsChanges{List: list, Since: changes.Since, Then: outcomeOnWire(changes.Then), Now: outcomeOnWire(changes.Now)}, err
}

func outcomeOnWire(d *sallyport.Decision) *api.Outcome {
	if d == nil {
		return nil
	}
	return &api.Outcome{Allowed: d.Allowed, Reason: d.Reason, MissingPermissions: d.Missing}
}

func changeOnWire(c admin.RightsChange) api.RightsChange {
	out := api.RightsChange{
		At: c.At, Action: "binding.end", Lost: c.Lost, Gained: c.Gained, Text: c.Text,
		Before: outcomeOnWire(c.Before), After: outcomeOnWire(c.After),
	}
	if row := c.Entry; row != nil {
		actor := audit.ActorOf(row)
		out.Seq, out.Tenant, out.Action, out.RequestID, out.Address = row.Seq, row.Tenant, row.Action, row.RequestID, row.Address
		out.ActorID, out.ActorKind, out.ActorName = actor.ID, actor.Kind, actor.Name
	}
	if c.Role != nil {
		out.Role, out.RoleName = c.Role.ID, c.Role.Name
	}
	if b := c.Binding; b != nil {
		out.Binding, out.SubjectKind, out.Subject, out.Tenant = b.ID, b.SubjectKind, b.Subject, b.Tenant
	}
	return out
}
