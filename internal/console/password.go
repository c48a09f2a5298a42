package console

import (
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport"
)

// A passwordPage is the form to change one's password with.
type passwordPage struct {
	frame
	Faults faults
}

func (v *visit) passwordPage() *passwordPage {
	return &passwordPage{frame: v.frame(v.text("password.title"), "password")}
}

func (v *visit) showPassword() error { return v.show(http.StatusOK, "password", v.passwordPage()) }

// changePassword replaces the password. The visitor's sessions end with it, this
// one included; he gets a new one.
func (v *visit) changePassword() error {
	page, form := v.passwordPage(), v.form
	present, replacement := form.Get("present"), form.Get("password")
	page.Faults.need(present, "present", v.text("password.present.need"))
	page.Faults.need(replacement, "password", v.text("password.password.need"))
	if replacement != "" && form.Get("again") != replacement {
		page.Faults.at("again", v.text("password.again.differs"))
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "password", page)
	}
	// Guessing here is guessing at the sign-in: the same budget, the same work.
	_, reason, retry := v.Doors.Password(v.r.Context(), v.self.Principal.Login, present, v.request.Client)
	switch {
	case reason.Coarse() == sallyport.CredentialInvalid:
		page.Faults.at("present", v.text("password.present.wrong"))
		return v.show(http.StatusUnprocessableEntity, "password", page)
	case reason == sallyport.Overdone:
		v.w.Header().Set("Retry-After", strconv.Itoa(max(retry, 1)))
		page.Faults.say(v.text("self.wait", v.seconds(retry)))
		return v.show(http.StatusTooManyRequests, "password", page)
	case reason != "":
		return v.denied(reason)
	}
	err := v.Admin.ChangePassword(v.r.Context(), v.actor, sallyport.Secret(present), sallyport.Secret(replacement))
	if err != nil {
		if page.Faults.take(err, "present", "password") {
			return v.show(statusOf(err), "password", page)
		}
		return err
	}
	session, err := v.startSession(v.self.Principal.ID, 0)
	if err != nil {
		return err
	}
	v.setCookie(session)
	return v.redirect(Base + accountPath + "?done=password")
}
