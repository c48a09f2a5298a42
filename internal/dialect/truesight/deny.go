package truesight

import (
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// Sentences that clients and people know.
const (
	notAuthenticated = "Unauthorized: User authentication failed"
	notLoggedIn      = "Unauthorized: Failed to provide a suitable Authorization header, or the specified user is not logged in"
	notInCookie      = "Unauthorized: Failed to provide a suitable Authorization header or accessToken cookie, or the specified user is not logged in"
	notAllowed       = "Forbidden: Not allowed to "
	toUse            = "access web services"
	unexpected       = "Internal server error: Unexpected exception occurred"
)

// A refusal is the body of every error. Clients look at the status alone; people
// know the message.
type refusal struct {
	Status  int    `json:"status"`
	Message string `json:"message"`

	Detail      string           `json:"detail,omitempty"`
	Reason      sallyport.Reason `json:"reason,omitempty"`
	RequestID   string           `json:"requestId,omitempty"`
	Permissions []string         `json:"requiredPermissions,omitempty"`
	Scopes      []string         `json:"requiredScopes,omitempty"`
	Suggestions []respond.Grant  `json:"suggestions,omitempty"`
	Field       string           `json:"field,omitempty"`
}

// Deny answers a denied request.
func (d *dialect) Deny(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	d.Dress(w.Header(), r, x)
	p := x.Docs.Problem(x.Answer)
	switch {
	case x.Decision.Reason == sallyport.PathAmbiguous:
		page(w, r, x, &p)
		return
	case isEmpty(x):
		wire.Send(w, r, x, http.StatusOK, "application/json", []byte("[]"))
		return
	}
	wire.SendJSON(w, r, x, p.Status, refusalOf(x, &p))
}

// Fault answers a request that was let in and came to nothing. Whatever failed
// behind it, the product knows one status and one sentence for that.
func (d *dialect) Fault(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem) {
	d.Dress(w.Header(), r, x)
	if p.Status > http.StatusInternalServerError {
		p.Status = http.StatusInternalServerError
	}
	body := refusalOf(x, &p)
	if p.Status == http.StatusInternalServerError {
		body.Detail = p.Detail
	}
	wire.SendJSON(w, r, x, p.Status, body)
}

// isEmpty reports whether what was asked for is a list of that on which an action
// is allowed, and nothing but the right to that action is missing: then the list
// is empty.
func isEmpty(x *surface.Exchange) bool {
	route := x.Request.Match.Route
	if route == nil || route.Parameter == nil || route.Parameter.Name != filterAction || x.Decision.Reason.Status() != http.StatusForbidden {
		return false
	}
	return len(x.Decision.Missing) == 1 && x.Decision.Missing[0] == route.AllOf[len(route.AllOf)-1]
}

// page answers with HTML, as the container in front of the product does to a path
// with a slash or a backslash in a name.
func page(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p *respond.Problem) {
	title := strconv.Itoa(p.Status) + " " + html.EscapeString(p.Title)
	body := "<!DOCTYPE html>\n<html lang=\"en\"><head><title>" + title + "</title></head>\n<body><h1>" + title + "</h1>\n<p>" +
		html.EscapeString(p.Detail) + "</p>\n<p>Request " + html.EscapeString(p.RequestID) + "</p></body></html>\n"
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	wire.Send(w, r, x, p.Status, "text/html; charset=utf-8", []byte(body))
}

// refusalOf says in the product's words what a problem says.
func refusalOf(x *surface.Exchange, p *respond.Problem) refusal {
	body := refusal{
		Status: p.Status, Message: sentence(p.Status, p.Title, p.Detail), Reason: p.Reason, RequestID: p.RequestID,
		Scopes: p.RequiredScopes, Suggestions: p.Suggestions,
	}
	switch {
	case p.Status == http.StatusUnauthorized:
		body.Message = unauthorized(x)
	case isRight(x.Decision.Reason):
		body.Message = notAllowed + tried(x)
		body.Detail = p.Detail
	}
	body.Permissions = wire.Locals(p.MissingPermissions)
	return body
}

// isRight reports whether a reason says that a right is missing.
func isRight(r sallyport.Reason) bool {
	switch r { //nolint:exhaustive // the others are about something else
	case sallyport.PermissionMissing, sallyport.RealmForbidden, sallyport.ConditionUnmet, sallyport.ScopeInsufficient, sallyport.TenantForbidden:
		return true
	}
	return false
}

// unauthorized is what the product says to who has no token, or none that is good.
// The calls that all versions have in common say it in another way.
func unauthorized(x *surface.Exchange) string {
	route := x.Request.Match.Route
	switch {
	case route == nil || strings.HasPrefix(route.Path, "/{version}/"):
		return notAuthenticated
	case wire.SettingOf(x, cookie) == yes:
		return notInCookie
	default:
		return notLoggedIn
	}
}

// tried is what one is not allowed to: to use web services at all, or what the
// route is for.
func tried(x *surface.Exchange) string {
	route := x.Request.Match.Route
	switch {
	case slices.Contains(x.Decision.Missing, sallyport.Permission(string(x.Request.API.Name)+"/"+webServices)), route == nil:
		return toUse
	case route.Title != "":
		return route.Title
	default:
		return "access " + route.ID
	}
}

// sentence says a problem in one sentence: the name of the status, and what is
// wrong.
func sentence(status int, title, detail string) string {
	if status == http.StatusInternalServerError {
		return unexpected
	}
	name := http.StatusText(status)
	name = name[:min(1, len(name))] + strings.ToLower(name[min(1, len(name)):])
	if detail == "" {
		detail = title
	}
	return name + ": " + detail
}

// fail answers with an error of an endpoint.
func (c *call) fail(err error) {
	p := c.Failure(c.r, c.Exchange, err)
	body := refusal{Status: p.Status, Message: sentence(p.Status, p.Title, p.Detail), RequestID: p.RequestID}
	explain := c.Request.API.Document.Explain
	if explain != sallyport.ExplainNone {
		body.Reason = p.Reason
	}
	body.Field = wire.Field(&p)
	switch {
	case p.Status == http.StatusUnauthorized:
		body.Message = notAuthenticated
		wire.Challenge(c.w.Header(), c.Exchange, string(c.Request.API.Name))
	case p.Status == http.StatusBadRequest && body.Field != "" && c.dto() != "":
		body.Message, body.Detail = fmt.Sprintf("Bad request: Input %s DTO is missing or new %[1]s is invalid", c.dto()), p.Detail
	case c.Endpoint() == issueEndpoint && isRight(p.Reason):
		body.Message = notAllowed + toUse
		if explain == sallyport.ExplainFull {
			body.Permissions = wire.Locals(p.MissingPermissions)
		}
	case isRight(p.Reason):
		body.Message, body.Detail = notAllowed+tried(c.Exchange), p.Detail
		if explain == sallyport.ExplainFull {
			for _, m := range p.MissingPermissions { // of the management API, by their full names
				body.Permissions = append(body.Permissions, string(m))
			}
		}
	}
	wire.Hold(c.w.Header(), c.Exchange, p.Status)
	wire.SendJSON(c.w, c.r, c.Exchange, body.Status, body)
}

// dto is what the product calls the thing that a call makes or changes; empty: none.
func (c *call) dto() string {
	thing, deed, _ := strings.Cut(c.Endpoint(), ".")
	if deed != "add" && deed != "change" || thing == "" {
		return ""
	}
	return strings.ToUpper(thing[:1]) + thing[1:]
}
