package wire

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// End ends what a request came with, for a log-off: a session, or the sign-in of a
// JWT, and a session of the same principal that is in a cookie beside it. With
// other credentials there is nothing to end.
func (c *Config) End(r *http.Request, x *surface.Exchange, cookie string) error {
	id := x.Decision.Credential.String()
	switch x.Decision.CredentialKind { //nolint:exhaustive // the others are not begun by a login
	case sallyport.Session:
		return c.Admin.EndSession(r.Context(), Actor(x), sallyport.CredentialID(id))
	case sallyport.AccessToken:
		if err := c.Admin.RevokeFamily(r.Context(), Actor(x), sallyport.FamilyID(id)); err != nil {
			return err
		}
	}
	return c.endBeside(r, x, cookie)
}

// endBeside ends the session in the cookie of a request that came with something
// else. A cookie that is not good any more is as good as none.
func (c *Config) endBeside(r *http.Request, x *surface.Exchange, cookie string) error {
	cookies := r.CookiesNamed(cookie)
	if len(cookies) != 1 {
		return nil
	}
	h, reason := c.Doors.Holder(r.Context(), doors.Shown{
		Secret: cookies[0].Value, Kinds: []sallyport.CredentialKind{sallyport.Session}, Client: x.Request.Client, Agent: r.UserAgent(),
	})
	own := Actor(x)
	switch {
	case reason != "" && reason.Status() >= http.StatusInternalServerError:
		return &sallyport.Error{Kind: sallyport.Refused, Reason: reason}
	case reason != "" || h.Principal.ID != own.Principal.ID:
		return nil
	}
	// The sign-in of the request may be over by now.
	own.CredentialKind, own.Credential, own.Scopes = h.Kind, h.Credential, nil
	if h.Limited {
		own.Scopes = h.Scopes
	}
	return c.Admin.EndSession(r.Context(), own, sallyport.CredentialID(h.Credential.String()))
}
