package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// A signInPage is the form to sign in with.
type signInPage struct {
	frame
	Login   string
	Next    string // where to go on to; empty: home
	Passkey passkeyAsk
	Faults  faults
}

// showSignInPage answers with the form. One that cannot ask for a passkey at the
// moment still takes a password.
func (v *visit) showSignInPage(status int, page *signInPage) error {
	ask, err := v.askPasskey("", signInPlace, "/sign-in/passkey")
	if err != nil {
		v.Log.WarnContext(v.r.Context(), "nobody can be asked for a passkey", "request_id", v.decision.RequestID, "error", err)
	}
	page.Passkey, page.Passkey.Next = ask, page.Next
	return v.show(status, "sign_in", page)
}

func (v *visit) showSignIn() error {
	next := ownPath(v.r.URL.Query().Get("next"))
	if v.r.URL.Query().Get("done") == "" && v.identify() == "" {
		return v.redirect(orHome(next)) // signed in already
	}
	return v.showSignInPage(http.StatusOK, &signInPage{frame: v.frame(v.text("signin.title"), ""), Next: next})
}

// signIn checks a login and password and starts a session. Whatever session the
// browser had before is over: who may have put it there has no use of it.
func (v *visit) signIn() error {
	f := v.form
	page := &signInPage{frame: v.frame(v.text("signin.title"), ""), Login: f.Get("login"), Next: ownPath(f.Get("next"))}
	page.Faults.need(f.Get("login"), "login", v.text("signin.login.need"))
	page.Faults.need(f.Get("password"), "password", v.text("self.missing"))
	if page.Faults.Any() {
		return v.showSignInPage(http.StatusUnprocessableEntity, page)
	}
	p, reason, retry := v.Doors.Authenticate(v.r.Context(), f.Get("login"), f.Get("password"), v.request.Client)
	switch {
	case reason == sallyport.SecondFactorRequired:
		return v.askCode(p, page.Next)
	case reason != "":
		return v.signInRefused(page, reason, retry)
	}
	return v.enter(p, page)
}

// enter lets somebody in who has proved who he is.
func (v *visit) enter(p *policy.Principal, page *signInPage) error {
	v.decision.Principal = &p.Principal
	issued, err := v.startSession(p.ID, p.Epoch)
	switch {
	case err == nil:
	case sallyport.KindOf(err) == sallyport.Refused: // deactivated this very moment
		return v.signInRefused(page, sallyport.OwnerInactive, 0)
	default:
		return err
	}
	v.endPrevious()
	v.setCookie(issued)
	return v.redirect(orHome(page.Next))
}

func (v *visit) signInRefused(page *signInPage, reason sallyport.Reason, retry int) error {
	err := v.denied(reason)
	v.decision.RetryAfter = retry
	status := reason.Status()
	switch status {
	case http.StatusUnauthorized:
		page.Faults.say(v.text("signin.wrong")) // the one answer, whatever the cause
		accept := []sallyport.Accept{{In: sallyport.CarrierCookie, Name: v.Cookie}}
		v.w.Header()["Www-Authenticate"] = respond.Challenges(accept, string(known), respond.Try{Reason: reason})
	case http.StatusTooManyRequests:
		page.Faults.say(v.text("self.wait", v.seconds(retry)))
	case http.StatusServiceUnavailable:
		page.Faults.say(v.text("signin.unavailable"))
	default:
		return err
	}
	if status != http.StatusUnauthorized {
		v.w.Header().Set("Retry-After", strconv.Itoa(max(retry, 1)))
	}
	return v.showSignInPage(status, page)
}

// seconds is how long to wait, in words.
func (v *visit) seconds(n int) string {
	switch {
	case n <= 1:
		return v.text("time.moment")
	case n < 120:
		return v.texts().count("time.second", n)
	default:
		return v.texts().count("time.minute", (n+59)/60)
	}
}

// startSession starts a session of somebody whose password was just verified, in an
// epoch of his; 0: it was set just now.
func (v *visit) startSession(id sallyport.PrincipalID, epoch int64) (admin.Issued, error) {
	return v.Admin.StartSession(v.r.Context(), admin.NewSession{
		User: id, Epoch: epoch, Idle: v.SessionIdle, Lifetime: v.SessionLife,
		Address: v.address(), Via: v.r.UserAgent(), RequestID: v.decision.RequestID,
	})
}

// setCookie gives the browser the session.
func (v *visit) setCookie(session admin.Issued) {
	v.writeCookie(session.Secret.Reveal(), int(session.Credential.Expires.Sub(v.Now())/time.Second))
}

func (v *visit) writeCookie(value string, maxAge int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.Cookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(v.Cookie, "__Host-"),
	})
}

// endPrevious ends the session that a sign-in came with, if there is one. That it
// cannot be ended is no reason to refuse the sign-in.
func (v *visit) endPrevious() {
	secret, reason := v.shown()
	if reason != "" {
		return
	}
	holder, reason := v.Doors.Holder(v.r.Context(), doors.Shown{
		Secret: secret, Kinds: []sallyport.CredentialKind{sallyport.Session}, Client: v.request.Client, Inspected: true,
	})
	if reason != "" {
		return
	}
	a := admin.ActorOf(&sallyport.Decision{
		Allowed: true, RequestID: v.decision.RequestID,
		Principal: &holder.Principal.Principal, Credential: holder.Credential, CredentialKind: holder.Kind,
	}, v.address())
	if err := v.Admin.EndSession(v.r.Context(), a, sallyport.CredentialID(holder.Credential.String())); err != nil {
		v.Log.WarnContext(v.r.Context(), "the session before a sign-in could not be ended", "request_id", v.decision.RequestID, "error", err)
	}
}

// signOut ends the session and has the browser forget what it keeps of us.
func (v *visit) signOut() error {
	if v.identify() == "" {
		err := v.Admin.EndSession(v.r.Context(), v.actor, sallyport.CredentialID(v.actor.Credential.String()))
		if kind := sallyport.KindOf(err); err != nil && kind != sallyport.NotFound && kind != sallyport.Refused {
			return err
		}
	}
	return v.leave("out")
}

// leave takes the cookie away and goes to the sign-in.
func (v *visit) leave(done string) error {
	v.writeCookie("", -1)
	v.w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
	return v.redirect(Base + "/sign-in?done=" + done)
}

// ownPath returns a path that leads to one of our own pages, with its query, and
// "" for anything else: nobody is sent to another site from here.
func ownPath(s string) string {
	if !strings.HasPrefix(s, home) {
		return ""
	}
	t, fault := target.Parse(http.MethodGet, s, "localhost", target.Options{})
	if fault != target.OK || t.Absolute || t.Rewritten || strings.HasPrefix(t.Path, Base+"/api/") || strings.HasPrefix(t.Path, Base+"/sign-") {
		return ""
	}
	return s
}

func orHome(next string) string {
	if next == "" {
		return home
	}
	return next
}
