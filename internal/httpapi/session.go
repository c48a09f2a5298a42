package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/respond"
)

func cookieOperations() []operation {
	return []operation{
		create("session.start", "/session", "", "Sign in with login and password", (*Handler).signIn, public, setsCookie,
			func(op *operation) { op.once, op.scopes = false, nil },
			more("The session is in the cookie of the answer, where no script can read it. A session that the request came with ends.")),
		send("session.confirm", http.MethodPost, "/session/confirm", "", "Show that it is still you who sits there", (*Handler).confirm, scoped("self", "read", "write"),
			more("What an intruder would want, such as new API keys or other second factors, asks for it when the password was given more than five minutes ago.")),
		remove("session.end", "/session", "", "Sign out", (*Handler).signOut, unversioned, setsCookie,
			scoped("self", "read", "write"), more("It ends the session that the request came with.")),
	}
}

// A denial is a refusal with all that a decision says of it.
type denial struct {
	reason     sallyport.Reason
	retryAfter int
}

// Error returns the reason.
func (d *denial) Error() string { return "refused: " + string(d.reason) }

// newCrossOrigin returns what finds requests that another site's page made. A browser
// adds no cookie to them that would matter here, but somebody could be signed in to an
// account that is not his. A proxy in front may have changed the Host that the browser
// meant, so pages of the public URL are trusted.
func newCrossOrigin(public string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	u, err := url.Parse(public)
	if err == nil && u.Host != "" {
		err = p.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	if err != nil {
		return nil, fmt.Errorf("httpapi: the public URL: %w", err)
	}
	return p, nil
}

func (h *Handler) signIn(c *call, in api.Credentials) (api.Session, error) {
	if h.crossOrigin.Check(c.r) != nil {
		return api.Session{}, &denial{reason: sallyport.OriginForbidden}
	}
	p, reason, retryAfter := h.Doors.Authenticate(c.ctx, in.Login, in.Password.Reveal(), c.client)
	if reason == sallyport.SecondFactorRequired && in.Code != "" {
		reason, retryAfter = h.Doors.SecondFactor(c.ctx, p, in.Code.Reveal(), c.client)
	}
	if reason != "" {
		return api.Session{}, &denial{reason, retryAfter}
	}
	visitOf(c.ctx).decision.Principal = &p.Principal
	session, err := h.startSession(c, p.Principal, p.Epoch)
	if err == nil {
		h.endPrevious(c, session.ID)
	}
	c.made = ""
	return session, err
}

// startSession starts a session of somebody whose password was just verified, in an
// epoch of his (0: it was set just now), and gives the browser its cookie.
func (h *Handler) startSession(c *call, p sallyport.Principal, epoch int64) (api.Session, error) {
	issued, err := h.Admin.StartSession(c.ctx, admin.NewSession{
		User: p.ID, Epoch: epoch, Address: c.actor.Address, Via: c.r.UserAgent(), RequestID: c.actor.RequestID,
	})
	if err != nil {
		return api.Session{}, err
	}
	id, _ := sallyport.ParseUUID(string(issued.Credential.ID))
	self, err := h.Admin.Me(c.ctx, admin.Actor{Principal: p, CredentialKind: sallyport.Session, Credential: id})
	if err != nil {
		return api.Session{}, err
	}
	h.setCookie(c.w, issued.Secret.Reveal(), issued.Credential.Expires.Sub(h.Now()))
	session := api.Session{Credential: c.credentialOnWire(issued.Credential), Login: self.Principal.Login, MustChange: self.MustChange}
	session.Current = true
	return session, nil
}

// setCookie sets the session cookie; an empty value removes it.
func (h *Handler) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	cookie := http.Cookie{
		Name: h.Cookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: h.Cookie == CookieSecure, MaxAge: int(life / time.Second),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, &cookie)
}

// endPrevious ends the session that a sign-in came with: whoever has its secret
// must have no use of it any more. That it cannot be ended is no reason to
// refuse the sign-in.
func (h *Handler) endPrevious(c *call, started sallyport.CredentialID) {
	cookies := c.r.CookiesNamed(h.Cookie)
	if len(cookies) != 1 {
		return
	}
	there := visitOf(c.ctx).request
	asked := doors.Request{
		ID: there.ID, Method: http.MethodGet, Target: basePath() + "/me", Host: there.Host, Scheme: there.Scheme,
		Header: http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}, Client: c.client,
	}
	dec := h.Doors.Decide(c.ctx, &asked)
	if !dec.Allowed || dec.CredentialKind != sallyport.Session || dec.Credential.String() == string(started) {
		return
	}
	err := h.Admin.EndSession(c.ctx, admin.ActorOf(&dec, c.actor.Address), sallyport.CredentialID(dec.Credential.String()))
	if err != nil {
		h.Log.WarnContext(c.ctx, "the session before a sign-in could not be ended", "request_id", there.ID, "error", err)
	}
}

// confirm notes that the session's owner has given his password anew.
func (h *Handler) confirm(c *call, in api.Confirmation) (nothing, error) {
	if c.actor.CredentialKind != sallyport.Session {
		return nothing{}, sallyport.ErrConflict("", "this request came with something else than a session, so there is nothing to confirm")
	}
	p, reason, retryAfter := h.Doors.Authenticate(c.ctx, c.actor.Principal.Login, in.Password.Reveal(), c.client)
	if reason == sallyport.SecondFactorRequired && in.Code != "" {
		reason, retryAfter = h.Doors.SecondFactor(c.ctx, p, in.Code.Reveal(), c.client)
	}
	switch {
	case reason == sallyport.SecondFactorWrong:
		return nothing{}, sallyport.ErrInvalid("code", "the code is wrong, or was used before")
	case reason == sallyport.SecondFactorRequired:
		return nothing{}, sallyport.ErrInvalid("code", "give the code of your second factor as well")
	case reason.Coarse() == sallyport.CredentialInvalid:
		return nothing{}, sallyport.ErrInvalid("password", "this is not your password")
	case reason != "":
		return nothing{}, &denial{reason, retryAfter}
	}
	return nothing{}, h.Admin.ConfirmSession(c.ctx, c.actor)
}

func (h *Handler) signOut(c *call) (nothing, error) {
	if c.actor.CredentialKind != sallyport.Session {
		return nothing{}, sallyport.ErrConflict("", "this request came with something else than a session, so there is nothing to sign out of")
	}
	if err := h.Admin.EndSession(c.ctx, c.actor, sallyport.CredentialID(c.actor.Credential.String())); err != nil {
		return nothing{}, err
	}
	h.setCookie(c.w, "", 0)
	c.w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
	return nothing{}, nil
}

func (h *Handler) changePassword(c *call, in api.PasswordChange) (nothing, error) {
	if c.actor.Principal.Kind == sallyport.PrincipalAPIKey {
		return nothing{}, sallyport.ErrConflict("", "an API key has no password; renew the key")
	}
	// Guessing here is guessing at the sign-in: the same budget, the same work.
	_, reason, retryAfter := h.Doors.Password(c.ctx, c.actor.Principal.Login, in.Present.Reveal(), c.client)
	switch {
	case reason.Coarse() == sallyport.CredentialInvalid:
		return nothing{}, sallyport.ErrInvalid("present", "present is not the password that you have now")
	case reason != "":
		return nothing{}, &denial{reason, retryAfter}
	}
	if err := h.Admin.ChangePassword(c.ctx, c.actor, sallyport.Secret(in.Present), sallyport.Secret(in.Password)); err != nil {
		return nothing{}, err
	}
	if c.actor.CredentialKind != sallyport.Session {
		return nothing{}, nil
	}
	if _, err := h.startSession(c, c.actor.Principal, 0); err != nil {
		// The password is changed, which must not look like a failure. Signing in
		// with it will tell what is wrong.
		h.Log.WarnContext(c.ctx, "no new session after a change of password", "request_id", c.actor.RequestID, "error", err)
	}
	return nothing{}, nil
}

// deniedLate answers a refusal that was found behind the doors. There is no
// challenge for Basic in it, which would have browsers ask for a password again
// in a window of their own.
func (h *Handler) deniedLate(w http.ResponseWriter, r *http.Request, d *denial) {
	v := visitOf(r.Context())
	dec := &v.decision
	dec.Allowed, dec.Reason, dec.RetryAfter = false, d.reason, d.retryAfter
	respond.Denied(w, r, respond.Answer{Decision: *dec, Challenges: respond.Challenges(
		[]sallyport.Accept{{In: sallyport.CarrierCookie, Name: h.Cookie}}, string(admin.ManagementAPI), respond.Try{Reason: d.reason},
	)})
}
