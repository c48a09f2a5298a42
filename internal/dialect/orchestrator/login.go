package orchestrator

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
)

// login exchanges a name and password, or a key, for a JWT.
func (c *call) login() error {
	f, err := wire.ReadFields(c.Exchange)
	if err != nil {
		return err
	}
	var texts [3]string
	for i, name := range [...]string{"username", "password", "apikey"} {
		if texts[i], err = f.Text(name); err != nil {
			return err
		}
	}
	name, secret, key := texts[0], texts[1], texts[2]
	in := wire.NewFamily(c.Exchange)
	in.Lifetime = time.Duration(c.Request.API.Document.Token.Lifetime)
	switch {
	case key != "" && (name != "" || secret != ""):
		return sallyport.ErrInvalid("apikey", "send username and password, or apikey, not both")
	case key != "":
		err = c.byKey(key, &in)
	case name != "" && secret != "":
		err = c.byPassword(name, secret, &in)
	default:
		return sallyport.ErrInvalid("username", `send {"username": ..., "password": ...} or {"apikey": ...}`)
	}
	if err != nil {
		return err
	}
	return c.issue(in)
}

// byPassword makes sure of a name and password.
func (c *call) byPassword(name, secret string, in *admin.NewFamily) error {
	p, err := c.Authenticate(c.r, c.Exchange, name, secret)
	if err != nil {
		return err
	}
	in.Principal, in.Epoch = p.ID, p.Epoch
	return nil
}

// byKey makes sure of a key. What begins has its limits, and ends with it.
func (c *call) byKey(key string, in *admin.NewFamily) error {
	h, reason := c.Doors.Holder(c.r.Context(), doors.Shown{
		Secret: key, Kinds: []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey},
		Client: c.Request.Client, Agent: c.r.UserAgent(),
	})
	if reason != "" {
		return wire.Refused(reason)
	}
	c.ByHolder(c.Exchange, in, &h)
	return nil
}

// issue answers with the JWT of a sign-in that begins now. When it ends the client
// signs in anew; there is no refresh token.
func (c *call) issue(in admin.NewFamily) error {
	signIn, err := c.Admin.StartFamily(c.r.Context(), in)
	if err != nil {
		return err
	}
	signed, _, err := c.Access(c.Request.API, &signIn)
	if err != nil {
		return err
	}
	c.Decision.Credential, _ = sallyport.ParseUUID(string(signIn.Family.ID))
	wire.SendJSON(c.w, c.r, c.Exchange, http.StatusOK, map[string]string{"token": signed.Reveal()})
	return nil
}
