package console

import (
	"errors"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

const firstRunPath = "/first-run"

// FirstRunPage is the path of the page on which the first administrator is made.
const FirstRunPage = Base + firstRunPath

// A firstRunPage asks for the first administrator, while there is none.
type firstRunPage struct {
	frame
	Login  string
	Name   string
	Code   string
	Faults faults
}

// begin leads every page to the first run until there is an administrator, and
// the first run away afterwards; it reports whether to go on to the route. An
// installation that has one never has none again, so it is asked for until then
// only.
func (v *visit) begin(rt *route) (bool, error) {
	if rt.id == "asset" {
		return true, nil
	}
	if !v.begun.Load() {
		there, err := v.Admin.HasAdministrator(v.r.Context())
		if err != nil {
			return false, err
		}
		if there {
			v.begun.Store(true)
		}
	}
	own := rt.path == firstRunPath
	switch begun := v.begun.Load(); {
	case begun && own:
		return false, v.redirect(Base + "/sign-in")
	case begun, own:
		return true, nil
	}
	return false, v.redirect(FirstRunPage)
}

func (v *visit) firstRunPage() *firstRunPage {
	return &firstRunPage{
		frame: v.frame(v.text("first.title"), ""), Login: v.form.Get("login"), Name: v.form.Get("name"), Code: v.form.Get("code"),
	}
}

func (v *visit) showFirstRun() error { return v.show(http.StatusOK, "first_run", v.firstRunPage()) }

// firstRun makes the first administrator, signs him in and leads him on.
func (v *visit) firstRun() error {
	page, form := v.firstRunPage(), v.form
	page.Faults.need(page.Code, "code", v.text("first.code.need"))
	page.Faults.need(page.Login, "login", v.text("first.login.need"))
	page.Faults.need(form.Get("password"), "password", v.text("first.password.need"))
	if form.Get("password") != "" && form.Get("again") != form.Get("password") {
		page.Faults.at("again", v.text("first.again.differs"))
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "first_run", page)
	}
	user, err := v.Admin.FirstRun(v.r.Context(), page.Code, admin.NewUser{
		Kind: sallyport.Person, Login: page.Login, Name: page.Name, Password: sallyport.Secret(form.Get("password")), KeepPassword: true,
	}, v.decision.RequestID, v.address())
	if err != nil {
		if e, ok := errors.AsType[*sallyport.Error](err); ok && e.Kind == sallyport.Conflict && e.Field == "" {
			return v.redirect(Base + "/sign-in?done=first-run") // somebody else was faster
		}
		if page.Faults.take(err, "code", "login", "name", "password") {
			return v.show(statusOf(err), "first_run", page)
		}
		return err
	}
	v.begun.Store(true)
	session, err := v.startSession(user.ID, 0)
	if err != nil {
		return err
	}
	v.setCookie(session)
	return v.redirect(Base + startPath)
}
