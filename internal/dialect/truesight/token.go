package truesight

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
)

// A session is what a sign-in answers. The token is text, since a number of this
// size is damaged where numbers are floating point. The life is in milliseconds.
type session struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
}

// issue begins a session for who knows a name and its password, and may use web
// services.
func (c *call) issue() error {
	person, err := c.interactive()
	if err != nil {
		return err
	}
	if person {
		if err := wire.SameOrigin(c.r); err != nil {
			return err
		}
	}
	in, err := readForm(c.Exchange)
	if err != nil {
		return err
	}
	p, err := c.Authenticate(c.r, c.Exchange, loginOf(in.username), in.password)
	if err != nil {
		return err
	}
	api := c.Request.API
	scopes := []string{string(api.Name)} // the token is for this API alone
	if may := wire.SettingOf(c.Exchange, people); may != "no" {
		scopes = append(scopes, string(admin.ManagementAPI)+"/"+may) // and for what this API administrates
	}
	if person {
		scopes = append(scopes, string(api.Name)+"/"+browser)
	}
	if err := c.mayUse(p, scopes); err != nil {
		return err
	}
	issued, err := c.Admin.StartSession(c.r.Context(), admin.NewSession{
		User: p.ID, Epoch: p.Epoch, Scopes: scopes, Shape: admin.ShapeNumber,
		Idle: wire.DurationOf(api.Document, idle), Lifetime: wire.DurationOf(api.Document, lifetime),
		Address: wire.Address(c.Exchange), Via: c.r.UserAgent(), RequestID: c.Decision.RequestID,
	})
	if err != nil {
		return err
	}
	c.Decision.Credential, _ = sallyport.ParseUUID(string(issued.Credential.ID))
	token := issued.Secret.Reveal()
	if person {
		c.setCookie(token)
	}
	wire.SendJSON(c.w, c.r, c.Exchange, http.StatusOK, session{token, "Bearer", issued.Credential.Idle.Milliseconds()})
	return nil
}

// interactive reports whether a person signs in with a browser: then the token may
// travel in a cookie. It is a parameter of the query, or what the setting says.
func (c *call) interactive() (bool, error) {
	if wire.SettingOf(c.Exchange, cookie) != yes {
		return false, nil // this release does not know of it
	}
	const name = "interactiveUser"
	value, count, fault := carrier.QueryValue(c.Request.Canonical.RawQuery, name)
	switch value = strings.ToLower(cmp.Or(value, wire.SettingOf(c.Exchange, interactive))); {
	case fault != carrier.OK || count > 1 || value != "true" && value != "false":
		return false, sallyport.ErrInvalid(name, name+" is true or false")
	default:
		return value == "true", nil
	}
}

// mayUse asks the doors whether who signs in could keep his token alive. That
// needs the right to use web services, so a token that opens nothing is not given
// out.
func (c *call) mayUse(p *policy.Principal, scopes []string) error {
	d := doors.Judge(c.Doors.Policy(), p, &policy.Trial{
		Method: http.MethodGet, Target: c.Request.Scheme + "://" + c.Request.Canonical.Host + c.Request.BasePath + "/token",
		Client: c.Request.Client, Time: c.Now(), Limited: true, Scopes: scopes,
	})
	if d.Allowed {
		return nil
	}
	return &sallyport.Error{Kind: sallyport.Refused, Reason: d.Reason, Missing: d.Missing}
}

// keep answers with the time in milliseconds after which the token ends if it is
// not used. That it was used now, door one has noted.
func (c *call) keep() error {
	h, reason := c.Doors.Holder(c.r.Context(), doors.Shown{
		Secret: c.Request.Found.Secret, API: c.Request.API.Name, Client: c.Request.Client, Inspected: true,
	})
	if reason != "" {
		return wire.Refused(reason)
	}
	left := cmp.Or(h.Idle, wire.DurationOf(c.Request.API.Document, idle)) // a token that is not of a sign-in has none of its own
	wire.Send(c.w, c.r, c.Exchange, http.StatusOK, "application/json", strconv.AppendInt(nil, left.Milliseconds(), 10))
	return nil
}

// end ends the session of the token. One that was not begun by a sign-in is
// revoked where it was made.
func (c *call) end() error {
	id := c.Decision.Credential.String()
	var err error
	switch c.Decision.CredentialKind { //nolint:exhaustive // the others have no session
	case sallyport.Session:
		err = c.Admin.EndSession(c.r.Context(), c.actor, sallyport.CredentialID(id))
	case sallyport.AccessToken:
		err = c.Admin.RevokeFamily(c.r.Context(), c.actor, sallyport.FamilyID(id))
	default:
		err = sallyport.ErrInvalid("", "this token has no session that could be ended; revoke it where it was made")
	}
	if err != nil {
		return err
	}
	if len(c.r.CookiesNamed(cookieName)) > 0 && wire.SettingOf(c.Exchange, cookie) == yes {
		c.setCookie("")
	}
	h := c.w.Header()
	h.Set("X-Request-Id", c.Decision.RequestID)
	h.Set("Cache-Control", "no-store")
	status, _ := strconv.Atoi(wire.SettingOf(c.Exchange, logoutStatus)) // one of two numbers
	c.w.WriteHeader(status)
	return nil
}

// setCookie sets the cookie of a person's token; an empty value removes it. How
// long the token is good is known here alone.
func (c *call) setCookie(value string) {
	k := http.Cookie{
		Name: cookieName, Value: value, Path: cookiePath(c.Request.API.Document),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.Secure(),
	}
	if value == "" {
		k.MaxAge = -1
	}
	http.SetCookie(c.w, &k)
}

// cookiePath is what the base path of the API and its aliases begin with, so that
// a cookie goes to all of them.
func cookiePath(api *sallyport.API) string {
	common := strings.Split(api.BasePath, "/")
	for _, alias := range api.Aliases {
		parts := strings.Split(alias, "/")
		n := 0
		for n < min(len(common), len(parts)) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	return cmp.Or(strings.Join(common, "/"), "/")
}
