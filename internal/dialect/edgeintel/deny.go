package edgeintel

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// A refusal is the body of every error. Clients know the first two members.
type refusal struct {
	Status  int    `json:"status"`
	Message string `json:"message"`

	Reason      sallyport.Reason `json:"reason,omitempty"`
	RequestID   string           `json:"requestId,omitempty"`
	Permissions []string         `json:"requiredPermissions,omitempty"`
	Scopes      []string         `json:"requiredScopes,omitempty"`
	Suggestions []respond.Grant  `json:"suggestions,omitempty"`
	Field       string           `json:"field,omitempty"`
	Tenants     []tenantName     `json:"tenants,omitempty"`
}

// A tenantName tells somebody what to send as x-tenant-id.
type tenantName struct {
	ID   sallyport.TenantID `json:"tenant_id"`
	Name string             `json:"tenant_name"`
}

// maxNamed is how many tenants a refusal names.
const maxNamed = 50

// Deny answers a denied request.
func (d *dialect) Deny(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	p := x.Docs.Problem(x.Answer)
	body := d.refusalOf(x, p)
	switch x.Decision.Reason { //nolint:exhaustive // of the others there is no more to be said
	case sallyport.TenantRequired, sallyport.TenantMalformed, sallyport.TenantForbidden:
		if x.Answer.Explain != sallyport.ExplainNone {
			d.tellTenants(r, x, &body)
		}
	}
	if p.Status == http.StatusForbidden && wire.SettingOf(x, forbiddenStatus) == "401" {
		body.Status = http.StatusUnauthorized
	}
	wire.SendJSON(w, r, x, body.Status, body)
}

// Fault answers a request that was let in and came to nothing.
func (d *dialect) Fault(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem) {
	wire.SendJSON(w, r, x, p.Status, d.refusalOf(x, p))
}

// refusalOf says in the product's words what a problem says.
func (d *dialect) refusalOf(x *surface.Exchange, p respond.Problem) refusal {
	body := refusal{
		Status: p.Status, Message: p.Title, Reason: p.Reason, RequestID: p.RequestID,
		Scopes: p.RequiredScopes, Suggestions: p.Suggestions,
	}
	if p.Detail != "" {
		body.Message = p.Detail
	}
	switch {
	case x.Decision.Reason == sallyport.PermissionMissing && x.Answer.Explain != sallyport.ExplainNone:
		body.Message = "Unauthorized error: " + body.Message
		if len(p.MissingPermissions) > 0 {
			body.Message += " It needs " + d.titles(x, p.MissingPermissions) + "."
		}
	case p.Status == http.StatusUnauthorized && x.Answer.Explain != sallyport.ExplainNone:
		body.Message = "Unauthorized: the access token is missing, expired or not valid; get a new one from " + iam + "/auth/token"
	}
	body.Permissions = wire.Locals(p.MissingPermissions)
	return body
}

// titles lists permissions by the titles that the product gives them; any one of
// them will do.
func (d *dialect) titles(x *surface.Exchange, list []sallyport.Permission) string {
	var all []string
	for _, p := range list {
		title := wire.Local(p)
		for _, known := range x.Request.API.Document.Permissions {
			if known.Name == title && known.Title != "" {
				title = known.Title
			}
		}
		all = append(all, title)
	}
	return strings.Join(all, " or ")
}

// tellTenants adds the tenants that the caller could have named. He was
// recognised by the first door; only the tenant was wrong.
func (d *dialect) tellTenants(r *http.Request, x *surface.Exchange, body *refusal) {
	const header = "x-tenant-id"
	switch x.Decision.Reason { //nolint:exhaustive // called with one of these
	case sallyport.TenantRequired:
		body.Message = header + " is missing. Send the id of one of your tenants in it."
	case sallyport.TenantMalformed:
		body.Message = header + " is not a UUID, or is there twice. Send the id of one of your tenants in it."
	case sallyport.TenantForbidden:
		body.Message = header + " names a tenant that you have no role in, or that does not exist."
	}
	known := *x.Decision
	known.Allowed = known.Principal != nil
	held, err := d.tenantsOf(r, admin.ActorOf(&known, wire.Address(x)))
	if err != nil {
		d.Log.WarnContext(r.Context(), "the tenants of a caller could not be listed", "request_id", x.Decision.RequestID, "error", err)
		return
	}
	if len(held) == 0 {
		return
	}
	body.Tenants = held
	text := make([]string, len(held))
	for i, t := range held {
		text[i] = t.Name + " (" + string(t.ID) + ")"
	}
	body.Message += " You are in: " + strings.Join(text, ", ")
}

func (d *dialect) tenantsOf(r *http.Request, actor admin.Actor) ([]tenantName, error) {
	held, err := d.Admin.MyTenants(r.Context(), actor, maxNamed)
	if err != nil {
		return nil, err
	}
	list := make([]tenantName, 0, len(held))
	for _, t := range held {
		list = append(list, tenantName{t.ID, t.Name})
	}
	return list, nil
}

// fail answers with an error of an endpoint.
func (c *call) fail(err error) {
	p := c.Failure(c.r, c.Exchange, err)
	body := refusal{Status: p.Status, Message: p.Detail, Reason: p.Reason, RequestID: p.RequestID}
	if p.Status == http.StatusUnauthorized {
		body.Message = "Invalid credentials"
		wire.Challenge(c.w.Header(), c.Exchange, string(c.Request.API.Name))
	}
	body.Field = wire.Field(&p)
	for _, m := range p.MissingPermissions {
		body.Permissions = append(body.Permissions, string(m))
	}
	wire.Hold(c.w.Header(), c.Exchange, p.Status)
	wire.SendJSON(c.w, c.r, c.Exchange, body.Status, body)
}
