package orchestrator

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// authenticate exchanges any credential of a user for the cookie of a session.
func (c *call) authenticate() error {
	if c.fromElsewhere() {
		return wire.Refused(sallyport.OriginForbidden)
	}
	h, reason, retry := c.Doors.Present(c.r.Context(), c.Request, c.loginInPath())
	if reason != "" {
		c.Decision.RetryAfter = retry
		return wire.Refused(reason)
	}
	document := c.Request.API.Document
	in := admin.NewSession{
		User: h.Principal.ID, Idle: wire.DurationOf(document, sessionIdle), Lifetime: wire.DurationOf(document, sessionLifetime),
		Address: wire.Address(c.Exchange), Via: c.r.UserAgent(), RequestID: c.Decision.RequestID,
	}
	switch h.Kind { //nolint:exhaustive // of the others no session can begin
	case sallyport.Password:
		in.Epoch = h.Principal.Epoch
	case sallyport.PersonalToken, sallyport.ApplicationToken:
		in.Credential = sallyport.CredentialID(h.Credential.String())
	case sallyport.APIKey:
		return sallyport.ErrInvalid("api_key", "a key that is no user's has no session; send it with every request")
	default:
		return wire.Refused(sallyport.CredentialNotAccepted)
	}
	issued, err := c.Admin.StartSession(c.r.Context(), in)
	if err != nil {
		return err
	}
	c.Decision.Principal, c.Decision.CredentialKind = &h.Principal.Principal, h.Kind
	c.setCookie(issued.Secret.Reveal())
	return c.sendUser("authenticate", &h.Principal.Principal)
}

// loginInPath returns the login of a path such as authenticate/login=admin, as
// the product's documents have it; empty if there is none.
func (c *call) loginInPath() string {
	part, _ := c.Request.Match.Value("id")
	login, _ := strings.CutPrefix(part, "login=")
	if login == part {
		return ""
	}
	return login
}

// fromElsewhere reports whether the page of another site made the request, which
// could sign somebody in to an account that is not his. Programs say nothing of
// where they come from.
func (c *call) fromElsewhere() bool {
	h := c.r.Header
	origin := h.Get("Origin")
	if origin != "" && has(wire.SettingOf(c.Exchange, corsOrigins), origin) {
		return false
	}
	switch h.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
	default:
		return true
	}
	u, err := url.Parse(origin)
	return origin != "" && (err != nil || !strings.EqualFold(u.Host, c.Request.Canonical.Host))
}

// setCookie sets the cookie of a session, which ends with the browser or before;
// an empty value removes it. No page of another site can have a browser send it:
// here a GET can start a work order.
func (c *call) setCookie(value string) {
	name, path := wire.SettingOf(c.Exchange, sessionCookie), c.Request.BasePath
	if path == "" || strings.HasPrefix(name, "__Host-") {
		path = "/"
	}
	cookie := http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Secure()}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.w, &cookie)
}

// logoff ends what the request came with: a session, or the sign-in of a JWT, and
// a session that is beside it. With other credentials there is nothing to end.
func (c *call) logoff() error {
	if err := c.End(c.r, c.Exchange, wire.SettingOf(c.Exchange, sessionCookie)); err != nil {
		return err
	}
	c.setCookie("")
	return c.sendUser("logoff", c.Decision.Principal)
}
