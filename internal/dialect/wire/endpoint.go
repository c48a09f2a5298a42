package wire

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// Run has an endpoint of a dialect answer a call; what goes wrong is answered by
// fail.
func Run[C any](endpoints map[string]func(C) error, x *surface.Exchange, c C, fail func(error)) {
	f, known := endpoints[x.Endpoint()]
	if !known { // unreachable: the policy takes no other names
		fail(sallyport.ErrNotFound("this endpoint is not served here"))
		return
	}
	if err := f(c); err != nil {
		fail(err)
	}
}

// Failure returns the problem that an error of an endpoint is. What is wrong with
// the input is status 400 here, as none of the systems knows 422. A failure of our
// own is logged.
func (c *Config) Failure(r *http.Request, x *surface.Exchange, err error) respond.Problem {
	p := x.Docs.ProblemOf(err, x.Decision.RequestID)
	switch {
	case p.Status == http.StatusUnprocessableEntity:
		p.Status = http.StatusBadRequest
	case p.Status >= http.StatusInternalServerError:
		c.Log.ErrorContext(r.Context(), "an endpoint failed", "request_id", x.Decision.RequestID, "endpoint", x.Endpoint(), "error", err)
	}
	return p
}

// Hold tells when to come again, if a status asks for that.
func Hold(h http.Header, x *surface.Exchange, status int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(max(x.Decision.RetryAfter, 1)))
	}
}

// Challenge adds to a 401 of an endpoint the challenges that it must have, for a
// protection space.
func Challenge(h http.Header, x *surface.Exchange, space string) {
	for _, c := range Challenges(x, space) {
		h.Add("WWW-Authenticate", c)
	}
}

// Challenges are those that a 401 of an endpoint must have (RFC 9110 section
// 15.5.2): each way that the API takes credentials in, for a protection space.
func Challenges(x *surface.Exchange, space string) []string {
	return respond.Challenges(x.Request.API.Accept, space, respond.Try{})
}

// Refused is the error for a credential that does not let its bearer in.
func Refused(reason sallyport.Reason) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: reason}
}

// Local returns the name of a permission inside its API.
func Local(p sallyport.Permission) string {
	_, name, _ := strings.Cut(string(p), "/")
	return name
}

// Locals returns the names of permissions inside their API.
func Locals(list []sallyport.Permission) []string {
	var out []string
	for _, p := range list {
		out = append(out, Local(p))
	}
	return out
}

// RightsElsewhere returns what a role gives on other APIs than that of a request,
// whose clients do not see it and so must not take it away.
func RightsElsewhere(x *surface.Exchange, role *sallyport.Role) []sallyport.Permission {
	return slices.DeleteFunc(slices.Clone(role.Permissions), func(p sallyport.Permission) bool { return p.API() == x.Request.API.Name })
}

// RightsOf returns what a role gives on the API of a request: the permissions by
// their names inside it. It is not nil.
func (c *Config) RightsOf(x *surface.Exchange, role sallyport.RoleID) []string {
	list := []string{}
	for _, p := range c.Doors.Policy().RolePermissions(role) {
		if p.API() == x.Request.API.Name {
			list = append(list, Local(p))
		}
	}
	return list
}

// Field returns the field that a problem is about; empty if there is none.
func Field(p *respond.Problem) string {
	if len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Field
}

// crossOrigin finds requests that another site's page made.
var crossOrigin = http.NewCrossOriginProtection()

// SameOrigin refuses a sign-in by another site's page: somebody could be signed in
// to an account that is not his.
func SameOrigin(r *http.Request) error {
	if crossOrigin.Check(r) != nil {
		return Refused(sallyport.OriginForbidden)
	}
	return nil
}

// Authenticate makes sure of a name and password that came in a body, and notes
// whose they are. A password that somebody else has set begins nothing.
func (c *Config) Authenticate(r *http.Request, x *surface.Exchange, name, secret string) (*policy.Principal, error) {
	if len(name) > carrier.MaxLogin || len(secret) > carrier.MaxPassword {
		return nil, Refused(sallyport.CredentialMalformed)
	}
	p, reason, retry := c.Doors.Authenticate(r.Context(), name, secret, x.Request.Client)
	if reason != "" {
		x.Decision.RetryAfter = retry
		return nil, Refused(reason)
	}
	x.Decision.Principal, x.Decision.CredentialKind = &p.Principal, sallyport.Password
	if p.MustChange {
		return nil, Refused(sallyport.PasswordChangeRequired)
	}
	return p, nil
}
