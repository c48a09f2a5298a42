package itadvisor

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/policy"
)

// A session is what a login answers.
type session struct {
	Token          string `json:"token"`
	Type           string `json:"tokenType"`
	Expires        int64  `json:"expiresIn"`
	Refresh        string `json:"refreshToken"`
	RefreshExpires int64  `json:"refreshExpiresIn"`
}

// login exchanges a name and password for a JWT, and gives browsers a session.
func (c *call) login() error {
	if err := wire.SameOrigin(c.r); err != nil {
		return err
	}
	f, err := wire.ReadFields(c.Exchange)
	if err != nil {
		return err
	}
	name, err := f.Text("username")
	if err != nil {
		return err
	}
	secret, err := f.Text("password")
	if err != nil {
		return err
	}
	if name == "" || secret == "" {
		return sallyport.ErrInvalid("username", `send {"username": ..., "password": ...}`)
	}
	p, err := c.Authenticate(c.r, c.Exchange, name, secret)
	if err != nil {
		return err
	}
	in := wire.NewFamily(c.Exchange)
	in.Principal, in.Epoch, in.Refresh = p.ID, p.Epoch, true
	in.Lifetime = time.Duration(c.Request.API.Document.Token.Refresh)
	signIn, err := c.Admin.StartFamily(c.r.Context(), in)
	if err != nil {
		return err
	}
	if err := c.startSession(p); err != nil {
		return err
	}
	return c.issue(&signIn)
}

// startSession gives a browser the cookie of a session.
func (c *call) startSession(p *policy.Principal) error {
	issued, err := c.Admin.StartSession(c.r.Context(), admin.NewSession{
		User: p.ID, Epoch: p.Epoch, Idle: wire.DurationOf(c.Request.API.Document, sessionIdle),
		Address: wire.Address(c.Exchange), Via: c.r.UserAgent(), RequestID: c.Decision.RequestID,
	})
	if err != nil {
		return err
	}
	c.setCookie(issued.Secret.Reveal(), int(seconds(issued.Credential.Expires.Sub(c.Now()))))
	return nil
}

// seconds is a duration in seconds, as one would say it.
func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// setCookie sets the session cookie; an empty value removes it.
func (c *call) setCookie(value string, life int) {
	name, path := cookieName(c.Exchange), c.Request.BasePath
	if path == "" || strings.HasPrefix(name, "__Host-") {
		path = "/"
	}
	cookie := http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: life,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Secure(),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.w, &cookie)
}

// refresh exchanges a refresh token for its successor.
func (c *call) refresh() error {
	f, err := wire.ReadFields(c.Exchange)
	if err != nil {
		return err
	}
	text, err := f.Text("refreshToken")
	if err != nil {
		return err
	}
	if text == "" {
		return sallyport.ErrInvalid("refreshToken", "refreshToken is missing; a login answers with it")
	}
	in, err := c.Renew(c.r, c.Exchange, sallyport.Secret(text))
	if err != nil {
		return err
	}
	return c.issue(&in)
}

func (c *call) issue(in *admin.SignIn) error {
	signed, left, err := c.Access(c.Request.API, in)
	if err != nil {
		return err
	}
	c.Decision.Credential, _ = sallyport.ParseUUID(string(in.Family.ID))
	wire.SendJSON(c.w, c.r, c.Exchange, http.StatusOK, session{
		Token: signed.Reveal(), Type: "Bearer", Expires: left,
		Refresh: in.Refresh.Reveal(), RefreshExpires: seconds(in.Family.Expires.Sub(c.Now())),
	})
	return nil
}

// logout ends what the request came with: a session, or the sign-in of a JWT, and
// a session that is beside it. With Basic there is nothing to end.
func (c *call) logout() error {
	if err := c.End(c.r, c.Exchange, cookieName(c.Exchange)); err != nil {
		return err
	}
	c.setCookie("", 0)
	return wire.NoContent(c.w, c.Exchange)
}
