package edgeintel

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/token"
)

// A pair is what the token endpoint answers.
type pair struct {
	Access         string `json:"access_token"`
	Refresh        string `json:"refresh_token,omitempty"`
	Type           string `json:"token_type"`
	Expires        int64  `json:"expires_in"`
	RefreshExpires int64  `json:"refresh_expires_in,omitempty"`
}

// token is the token endpoint. Clients with a password say no grant type.
func (c *call) token() error {
	f, err := wire.ReadFields(c.Exchange)
	if err != nil {
		return err
	}
	grant, err := f.Text("grant_type")
	if err != nil {
		return err
	}
	switch grant {
	case "", "password":
		return c.withPassword(f)
	case "client_credentials":
		return c.withKey(f)
	case "refresh_token":
		return c.withRefresh(f)
	}
	return sallyport.ErrInvalid("grant_type", "grant_type is password, client_credentials or refresh_token")
}

// two reads two members that must be there.
func two(f wire.Fields, first, second string) (a, b string, err error) {
	a, errA := f.Text(first)
	b, errB := f.Text(second)
	if err := errors.Join(errA, errB); err != nil {
		return "", "", err
	}
	for _, m := range []struct{ name, value string }{{first, a}, {second, b}} {
		if m.value == "" {
			return "", "", sallyport.ErrInvalid(m.name, m.name+" is missing; send "+first+" and "+second)
		}
	}
	return a, b, nil
}

func (c *call) withPassword(f wire.Fields) error {
	login, secret, err := two(f, "username", "password")
	if err != nil {
		return err
	}
	p, err := c.Authenticate(c.r, c.Exchange, login, secret)
	if err != nil {
		return err
	}
	in := wire.NewFamily(c.Exchange)
	in.Principal, in.Epoch, in.Refresh = p.ID, p.Epoch, true
	in.Lifetime = time.Duration(c.Request.API.Document.Token.Refresh)
	return c.begin(in)
}

// withKey exchanges an API key. The sign-in that begins ends with the key.
func (c *call) withKey(f wire.Fields) error {
	id, secret, err := two(f, "client_id", "client_secret")
	if err != nil {
		return err
	}
	h, reason := c.Doors.Holder(c.r.Context(), doors.Shown{
		Secret: secret, Kinds: []sallyport.CredentialKind{sallyport.APIKey}, Client: c.Request.Client, Agent: c.r.UserAgent(),
	})
	if reason == "" && !c.names(id, &h) {
		reason = sallyport.CredentialUnknown
	}
	if reason != "" {
		return wire.Refused(reason)
	}
	in := wire.NewFamily(c.Exchange)
	in.Refresh = wire.SettingOf(c.Exchange, keyRefresh) == "yes"
	in.Lifetime = time.Duration(c.Request.API.Document.Token.Refresh)
	c.ByHolder(c.Exchange, &in, &h)
	return c.begin(in)
}

// begin begins a sign-in and answers with its tokens.
func (c *call) begin(in admin.NewFamily) error {
	signIn, err := c.Admin.StartFamily(c.r.Context(), in)
	if err != nil {
		return err
	}
	return c.issue(&signIn)
}

// names reports whether a client id is one of the key: "tenant->name", the name
// alone or the id. Some clients change it to lower case.
func (c *call) names(id string, h *doors.Holder) bool {
	p := h.Principal
	if strings.EqualFold(id, p.Login) || strings.EqualFold(id, string(p.ID)) {
		return true
	}
	tenant := c.Doors.Policy().Tenant(h.Tenant)
	return tenant != nil && strings.EqualFold(id, clientID(tenant.Name, p.Login))
}

// clientID is what a client calls an API key.
func clientID(tenant, key string) string { return tenant + "->" + key }

// withRefresh exchanges a refresh token for its successor.
func (c *call) withRefresh(f wire.Fields) error {
	text, err := f.Text("refresh_token")
	if err != nil {
		return err
	}
	if text == "" {
		return sallyport.ErrInvalid("refresh_token", "refresh_token is missing")
	}
	claims, err := c.refresh.Verify(token.RefreshJWT, text, token.Expect{Audience: string(c.Request.API.Name), Now: c.Now()})
	if err != nil {
		if fault, ok := errors.AsType[token.Fault](err); ok {
			return wire.Refused(fault.Reason())
		}
		return wire.Refused(sallyport.CredentialMalformed)
	}
	in, err := c.Renew(c.r, c.Exchange, sallyport.Secret(claims.ID))
	if err != nil {
		return err
	}
	return c.issue(&in)
}

// issue answers with the tokens of a sign-in. What was issued before stays good.
func (c *call) issue(in *admin.SignIn) error {
	access, left, err := c.Access(c.Request.API, in)
	if err != nil {
		return err
	}
	out := pair{Access: access.Reveal(), Type: "bearer", Expires: left}
	if in.Refresh != "" {
		if out.Refresh, out.RefreshExpires, err = c.envelope(in); err != nil {
			return err
		}
	}
	c.Decision.Credential, _ = sallyport.ParseUUID(string(in.Family.ID))
	return c.send(http.StatusOK, out)
}

// envelope puts a refresh token into the JWT that clients expect. It can be
// opened for a while, and not beyond the end of the sign-in.
func (c *call) envelope(in *admin.SignIn) (text string, left int64, err error) {
	api, issued := c.Request.API, c.Now().Truncate(time.Second)
	expires := issued.Add(wire.DurationOf(api.Document, refreshLifetime))
	if end := in.Family.Expires.Truncate(time.Second); end.Before(expires) {
		expires = end
	}
	signed, err := c.refresh.Sign(token.RefreshJWT, token.HS256, token.Claims{
		Audience: []string{string(api.Name)}, ID: in.Refresh.Reveal(), Issued: issued, Expires: expires,
		Subject: in.Principal.ID, Client: cmp.Or(in.Family.Client, string(api.Name)), Session: in.Family.ID,
	})
	return signed.Reveal(), int64(expires.Sub(issued) / time.Second), err
}
