package console

import (
	"maps"
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport"
)

// Fields of the form on which somebody shows that it is still he who sits there.
// No other form has fields of these names.
const (
	confirmTo       = "confirm_to"
	confirmPassword = "confirm_password"
	confirmCode     = "confirm_code"
)

// A confirmSelfPage asks for the password again. It carries what was typed into
// the form that made it necessary.
type confirmSelfPage struct {
	frame
	To      string
	Fields  map[string][]string
	Code    bool // the visitor has a second factor
	Passkey passkeyAsk
	Faults  faults
}

// askSelf asks for the password, and takes up where the visitor was interrupted:
// the form that he sent goes along and is sent on when the password is right.
func (v *visit) askSelf(status int, to string, f faults) error {
	page := &confirmSelfPage{frame: v.frame(v.text("self.title"), ""), To: to, Fields: maps.Clone(v.form), Faults: f}
	for _, own := range []string{confirmTo, confirmPassword, confirmCode, passkeyTicket, passkeyAnswer, stampField} {
		delete(page.Fields, own)
	}
	there, err := v.Admin.Factors(v.r.Context(), v.actor)
	if err != nil {
		return err
	}
	page.Code = there.On()
	if page.Passkey, err = v.askPasskey(v.self.Principal.ID, v.selfPlace(), "/confirm"); err != nil {
		return err
	}
	page.Passkey.Hidden = maps.Clone(page.Fields)
	if page.Passkey.Hidden == nil {
		page.Passkey.Hidden = map[string][]string{}
	}
	page.Passkey.Hidden[confirmTo] = []string{to}
	return v.show(status, "confirm_self", page)
}

// selfPlace is where a passkey is asked that shows that it is still he who sits there.
func (v *visit) selfPlace() string { return selfPlace + v.actor.Credential.String() }

// confirmSelf takes the password or a passkey, and sends the visitor on with the form that he
// had filled in: 307 has the browser send it again as it is.
func (v *visit) confirmSelf() error {
	to := ownPath(v.form.Get(confirmTo))
	if to == "" {
		return v.redirect(home)
	}
	var f faults
	f.need(v.form.Get(confirmPassword)+v.form.Get(passkeyAnswer), confirmPassword, v.text("self.missing"))
	if f.Any() {
		return v.askSelf(http.StatusUnprocessableEntity, to, f)
	}
	ctx := v.r.Context()
	reason, retry := v.provesSelf()
	switch {
	case reason == sallyport.SecondFactorWrong && v.form.Get(passkeyAnswer) != "":
		f.say(v.text("passkey.wrong"))
	case reason == sallyport.SecondFactorRequired:
		f.at(confirmCode, v.text("code.missing"))
	case reason == sallyport.SecondFactorWrong:
		f.at(confirmCode, v.text("code.wrong"))
	case reason.Coarse() == sallyport.CredentialInvalid:
		f.at(confirmPassword, v.text("self.wrong"))
	case reason == sallyport.Overdone:
		v.w.Header().Set("Retry-After", strconv.Itoa(max(retry, 1)))
		f.say(v.text("self.wait", v.seconds(retry)))
		return v.askSelf(http.StatusTooManyRequests, to, f)
	case reason != "":
		return v.denied(reason)
	}
	if f.Any() {
		return v.askSelf(http.StatusUnprocessableEntity, to, f)
	}
	if err := v.Admin.ConfirmSession(ctx, v.actor); err != nil {
		return err
	}
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// provesSelf checks the password and the code, or the passkey, that a form brought.
func (v *visit) provesSelf() (sallyport.Reason, int) {
	ctx := v.r.Context()
	if v.form.Get(passkeyAnswer) != "" {
		p, reason := v.Doors.Alive(ctx, v.self.Principal.ID)
		if reason != "" {
			return reason, 0
		}
		return v.Doors.Passkey(ctx, p, v.answered(), v.selfPlace(), v.request.Client)
	}
	p, reason, retry := v.Doors.Authenticate(ctx, v.self.Principal.Login, v.form.Get(confirmPassword), v.request.Client)
	if code := v.form.Get(confirmCode); reason == sallyport.SecondFactorRequired && code != "" {
		reason, retry = v.Doors.SecondFactor(ctx, p, code, v.request.Client)
	}
	return reason, retry
}
