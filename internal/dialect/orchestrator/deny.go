package orchestrator

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// authenticationFailed is all that a stranger is told, word for word.
const authenticationFailed = "Authentication failed"

// A refusal is the body of every error in JSON. Clients know the first two
// members. A stranger gets the first alone.
type refusal struct {
	Error       string           `json:"error"`
	Message     string           `json:"message,omitempty"`
	Reason      sallyport.Reason `json:"reason,omitempty"`
	RequestID   string           `json:"request_id,omitempty"`
	Permissions []string         `json:"required_permissions,omitempty"`
	Scopes      []string         `json:"required_scopes,omitempty"`
	Suggestions []respond.Grant  `json:"suggestions,omitempty"`
	Field       string           `json:"field,omitempty"`
}

// Deny answers a denied request.
func (d *dialect) Deny(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	d.Dress(w.Header(), r, x)
	p := x.Docs.Problem(x.Answer)
	x.Answer.Challenges = commendable(x.Answer.Challenges)
	if x.Endpoint() == loginEndpoint {
		d.refuse(w, r, x, p, formatJSON, p.Status)
		return
	}
	d.refuse(w, r, x, p, formatOf(x), statusOf(x, p.Status))
}

// Fault answers a request that was let in and came to nothing.
func (d *dialect) Fault(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem) {
	d.Dress(w.Header(), r, x)
	d.refuse(w, r, x, p, formatOf(x), p.Status)
}

// commendable returns the challenges that do not talk clients into putting secrets
// into URLs; all if there are no others.
func commendable(challenges []string) []string {
	kept := slices.DeleteFunc(slices.Clone(challenges), func(c string) bool {
		return !strings.HasPrefix(c, "Basic ") && !strings.HasPrefix(c, "Bearer ")
	})
	if len(kept) == 0 {
		return challenges
	}
	return kept
}

// statusOf returns the status in the place of one for a refusal, as the settings
// have it. What is not a refusal keeps its own: an outage looks like one.
func statusOf(x *surface.Exchange, status int) int {
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		return status
	}
	if instead, err := strconv.Atoi(wire.SettingOf(x, deniedStatus)); err == nil {
		return instead
	}
	return status
}

// refuse writes a refusal.
func (d *dialect) refuse(w http.ResponseWriter, r *http.Request, x *surface.Exchange, p respond.Problem, format string, status int) {
	body := refusalOf(p)
	if format == formatJSON {
		wire.SendJSON(w, r, x, status, body)
		return
	}
	e := element{name: "error", attrs: []string{
		"time", stamp(d.Now()), "action", "status", "id", "0", "reason", string(body.Reason), "request_id", body.RequestID,
	}}
	e.text, e.raw = exception(body.text(), wire.SettingOf(x, errorBodies) == exact)
	wire.Send(w, r, x, status, asXML, e.document())
}

// exception puts a message into the form of the product's errors. The product
// prints its angle brackets as they are, which no parser of XML takes; with exact
// the result is such markup.
func exception(message string, exact bool) (text string, raw bool) { //nolint:revive // it is the setting itself
	const before, behind = "#<RuntimeError: ", ">"
	if !exact {
		return before + message + behind, false
	}
	var b bytes.Buffer
	escape(&b, message)
	return before + b.String() + behind, true
}

// refusalOf says in the product's words what a problem says. Whoever could not be
// recognised is told the same whatever was wrong.
func refusalOf(p respond.Problem) refusal {
	if p.Status == http.StatusUnauthorized {
		return refusal{Error: authenticationFailed}
	}
	out := refusal{
		Error: p.Title, Message: p.Detail, Reason: p.Reason, RequestID: p.RequestID,
		Scopes: p.RequiredScopes, Suggestions: p.Suggestions,
	}
	out.Permissions = wire.Locals(p.MissingPermissions)
	out.Field = wire.Field(&p)
	return out
}

// text says the same in one line.
func (b *refusal) text() string {
	text := b.Error
	if b.Message != "" {
		text += " - " + b.Message
	}
	if len(b.Permissions) > 0 {
		text += " It needs " + strings.Join(b.Permissions, " or ") + "."
	}
	return text
}

// fail answers with an error of an endpoint.
func (c *call) fail(err error) {
	p := c.Failure(c.r, c.Exchange, err)
	format, status := formatOf(c.Exchange), statusOf(c.Exchange, p.Status)
	switch c.Endpoint() {
	case loginEndpoint:
		format, status = formatJSON, p.Status
	case authenticateEndpoint:
		if format == formatXML && p.Status == http.StatusUnauthorized && wire.SettingOf(c.Exchange, authenticateStatus) == "200" {
			status = http.StatusOK
		}
	}
	if status == http.StatusUnauthorized {
		for _, challenge := range commendable(wire.Challenges(c.Exchange, string(c.Request.API.Name))) {
			c.w.Header().Add("WWW-Authenticate", challenge)
		}
	}
	wire.Hold(c.w.Header(), c.Exchange, p.Status)
	c.refuse(c.w, c.r, c.Exchange, p, format, status)
}
