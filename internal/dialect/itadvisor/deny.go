package itadvisor

import (
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// Numbers of errors. The product's own is that of "Invalid access"; the others
// are this plus the status.
const (
	invalidAccess = 100001
	otherErrors   = 100000
)

// protectionSpace is what a browser shows when it asks for a password.
const protectionSpace = "IT Advisor"

// A refusal is the body of every error. Clients know the number and the message.
type refusal struct {
	Code        int              `json:"errorCode"`
	Message     string           `json:"message"`
	RequestID   string           `json:"requestId,omitempty"`
	Permissions []string         `json:"requiredPermissions,omitempty"`
	Scopes      []string         `json:"requiredScopes,omitempty"`
	Reason      sallyport.Reason `json:"reason,omitempty"`
	Suggestions []respond.Grant  `json:"suggestions,omitempty"`
	Field       string           `json:"field,omitempty"`
}

// Deny answers a denied request.
func (d *dialect) Deny(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	switch x.Endpoint() {
	case pageEndpoint, tryEndpoint, outEndpoint:
		c := &call{dialect: d, Exchange: x, w: w, r: r}
		c.turnAway()
		return
	}
	p := x.Docs.Problem(x.Answer)
	body := d.refusalOf(x, p)
	if body.Code == invalidAccess {
		d.log(r, x, body.Message, p.Status)
	}
	x.Answer.Challenges = challenges(x, x.Request.API.Accept)
	wire.SendJSON(w, r, x, p.Status, body)
}

// Fault answers a request that was let in and came to nothing.
func (d *dialect) Fault(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem) {
	wire.SendJSON(w, r, x, p.Status, d.refusalOf(x, p))
}

// challenges are those of a refused request.
func challenges(x *surface.Exchange, accept []sallyport.Accept) []string {
	return respond.Challenges(accept, protectionSpace, respond.Try{
		Sent: x.Request.Found.In.Carrier(), Reason: x.Decision.Reason, Scopes: x.Decision.MissingScopes,
	})
}

// refusalOf says in the product's words what a problem says.
func (d *dialect) refusalOf(x *surface.Exchange, p respond.Problem) refusal {
	body := refusal{
		Code: otherErrors + p.Status, Message: p.Title, RequestID: p.RequestID,
		Scopes: p.RequiredScopes, Reason: p.Reason, Suggestions: p.Suggestions,
	}
	if p.Detail != "" {
		body.Message += " - " + p.Detail
	}
	if user := x.Decision.Principal; p.Status == http.StatusForbidden && user != nil && x.Decision.Reason != sallyport.PasswordChangeRequired {
		body.Code, body.Message = invalidAccess, sentence(d.Pseudonym(string(user.ID)), actionOf(x))
	}
	body.Permissions = wire.Locals(p.MissingPermissions)
	return body
}

// sentence is what the product says, word for word.
func sentence(pseudonym, action string) string {
	return "Invalid access - User with anonymized name " + pseudonym + " does not have access to " + action
}

// actionOf names what was tried.
func actionOf(x *surface.Exchange) string {
	switch route := x.Request.Match.Route; {
	case route == nil:
		return x.Request.Method + " " + x.Request.Canonical.Path
	case route.Title != "":
		return route.Title
	default:
		return route.ID
	}
}

// mapper is where the product's log says that a denial comes from. Those who
// search their logs for it find ours.
const mapper = "com.apc.webservice.api.server.exception.mapper.APIExceptionMapper"

// log writes the line that the product writes. In the place of its thread there
// is a running number.
func (d *dialect) log(r *http.Request, x *surface.Exchange, message string, status int) {
	id, who := x.Decision.RequestID, d.Pseudonym(string(x.Decision.Principal.ID))
	line := fmt.Sprintf("[%s] [%s] [%s] (default task-%d %s) API client error: [%d] %s (Status Code: %d)",
		id, who, mapper, d.denied.Add(1), id, invalidAccess, message, status)
	//nolint:sloglint // who reads it searches for the whole line
	d.Log.WarnContext(r.Context(), line, "request_id", id, "api", x.Decision.API, "reason", x.Decision.Reason)
}

// fail answers with an error of an endpoint.
func (c *call) fail(err error) {
	p := c.Failure(c.r, c.Exchange, err)
	body := refusal{Code: otherErrors + p.Status, Message: p.Title, RequestID: p.RequestID, Reason: p.Reason}
	if p.Detail != "" {
		body.Message += " - " + p.Detail
	}
	body.Field = wire.Field(&p)
	if p.Status == http.StatusUnauthorized {
		wire.Challenge(c.w.Header(), c.Exchange, protectionSpace)
	}
	wire.Hold(c.w.Header(), c.Exchange, p.Status)
	wire.SendJSON(c.w, c.r, c.Exchange, p.Status, body)
}
