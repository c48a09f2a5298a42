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
	To     string
	Fields map[string][]string
	Code   bool // the visitor has a second factor
	Faults faults
}

// askSelf asks for the password, and takes up where the visitor was interrupted:
// the form that he sent goes along and is sent on when the password is right.
func (v *visit) askSelf(status int, to string, f faults) error {
	page := &confirmSelfPage{frame: v.frame(v.text("self.title"), ""), To: to, Fields: maps.Clone(v.form), Faults: f}
	for _, own := range []string{confirmTo, confirmPassword, confirmCode, stampField} {
		delete(page.Fields, own)
	}
	there, err := v.Admin.Factors(v.r.Context(), v.actor)
	if err != nil {
		return err
	}
	page.Code = there.On()
	return v.show(status, "confirm_self", page)
}

// confirmSelf takes the password, and sends the visitor on with the form that he
// had filled in: 307 has the browser send it again as it is.
func (v *visit) confirmSelf() error {
	to := ownPath(v.form.Get(confirmTo))
	if to == "" {
		return v.redirect(home)
	}
	var f faults
	f.need(v.form.Get(confirmPassword), confirmPassword, v.text("self.missing"))
	if f.Any() {
		return v.askSelf(http.StatusUnprocessableEntity, to, f)
	}
	ctx := v.r.Context()
	p, reason, retry := v.Doors.Authenticate(ctx, v.self.Principal.Login, v.form.Get(confirmPassword), v.request.Client)
	if code := v.form.Get(confirmCode); reason == sallyport.SecondFactorRequired && code != "" {
		reason, retry = v.Doors.SecondFactor(ctx, p, code, v.request.Client)
	}
	switch {
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
