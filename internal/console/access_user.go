package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// A userPage is about one user.
type userPage struct {
	place
	User     userRow
	Kind     string
	Groups   []sallyport.Group
	Bindings []bindingRow
	All      string // URL of all bindings; empty: these are
	Tokens   tokenTable
	Next     string    // URL of the next part of the tokens; empty: these are the last
	Seen     bool      // the visitor may see tokens
	SignedIn *signedIn // where he is signed in; nil: not for the visitor
}

// userIn returns the user that the path names.
func (v *visit) userIn() (sallyport.User, error) {
	return v.Admin.User(v.r.Context(), v.actor, v.tenantIn(), sallyport.PrincipalID(v.r.PathValue("user")))
}

// atUser is the path of a user's page, below the tenant's.
func atUser(u sallyport.User) string { return "/users/" + string(u.ID) }

func (v *visit) user() error {
	ctx := v.r.Context()
	u, err := v.userIn()
	if err != nil {
		return err
	}
	list := "users"
	if u.Kind == sallyport.Service {
		list = "services"
	}
	p, err := v.place("", list)
	if err != nil {
		return err
	}
	page := &userPage{place: p, User: v.userRow(u), Kind: v.text("kind." + string(u.Kind))}
	page.Title = u.Login
	if page.Can("groups.read") {
		if page.Groups, err = v.Admin.GroupsOf(ctx, v.actor, u.Tenant, u.ID); err != nil {
			return err
		}
	}
	if page.Can("bindings.read") {
		if page.Bindings, page.All, err = v.held(p, sallyport.SubjectUser, string(u.ID)); err != nil {
			return err
		}
	}
	if page.Seen = page.Can("tokens.read") || page.User.Myself; page.Seen {
		at := admin.Page{Limit: shownTokens, Cursor: v.r.URL.Query().Get("tokens")}
		list, err := v.Admin.Tokens(ctx, v.actor, u.Tenant, admin.TokenFilter{Owner: u.ID, State: sallyport.Active}, at)
		if err != nil {
			return err
		}
		if list.Next != "" {
			page.Next = p.In + atUser(u) + "?" + url.Values{"tokens": {list.Next}}.Encode() + "#tokens"
		}
		page.Tokens = tokenTable{
			Now: v.now, Change: page.User.Myself || u.Kind == sallyport.Service && page.Can("tokens.write"), Revoke: page.User.Myself || page.Can("tokens.revoke"),
		}
		for _, c := range list.Items {
			page.Tokens.Rows = append(page.Tokens.Rows, v.row(c))
		}
	}
	if page.Can("sessions.read") {
		in, err := v.signedInAs(u.Tenant, u.ID)
		if err != nil {
			return err
		}
		in.At, in.End = p.In+atUser(u), page.Can("sessions.revoke")
		page.SignedIn = &in
	}
	return v.show(http.StatusOK, "user", page)
}

// listOf is the tenant whose bindings a page is about: all of them, if it is about
// no tenant in particular.
func (*visit) listOf(p place) sallyport.TenantID {
	if p.Every() {
		return ""
	}
	return p.Tenant
}

func (v *visit) userToEdit() (*userFormPage, sallyport.User, error) {
	p, err := v.place(v.text("user.edit"), "users")
	if err != nil {
		return nil, sallyport.User{}, err
	}
	u, err := v.userIn()
	return &userFormPage{place: p, ID: u.ID, Kind: string(u.Kind), Login: u.Login, Full: u.Name, Email: u.Email, Version: u.Version}, u, err
}

func (v *visit) editUser() error {
	page, _, err := v.userToEdit()
	if err != nil {
		return err
	}
	return v.userForm(http.StatusOK, page)
}

func (v *visit) updateUser() error {
	page, u, err := v.userToEdit()
	if err != nil {
		return err
	}
	f := v.form
	page.Login, page.Full, page.Email = strings.TrimSpace(f.Get("login")), f.Get("name"), strings.TrimSpace(f.Get("email"))
	page.Faults.need(page.Login, "login", v.text("user.login.need"))
	if page.Faults.Any() {
		return v.userForm(http.StatusUnprocessableEntity, page)
	}
	change := admin.UserChange{Login: &page.Login, Name: &page.Full, Email: &page.Email}
	_, err = v.Admin.UpdateUser(v.r.Context(), v.actor, u.Tenant, u.ID, version(f), change)
	switch {
	case err == nil:
		return v.done(atUser(u), "user.changed")
	case page.Faults.take(err, userFields...):
		return v.userForm(statusOf(err), page)
	}
	return err
}

// A userPasswordPage is the form to give somebody a password with.
type userPasswordPage struct {
	place
	User   sallyport.User
	Faults faults
}

func (v *visit) userPassword() (*userPasswordPage, error) {
	p, err := v.place(v.text("user.password.title"), "users")
	if err != nil {
		return nil, err
	}
	u, err := v.userIn()
	return &userPasswordPage{place: p, User: u}, err
}

func (v *visit) askPassword() error {
	page, err := v.userPassword()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "user_password", page)
}

func (v *visit) setPassword() error {
	page, err := v.userPassword()
	if err != nil {
		return err
	}
	secret := v.form.Get("password")
	page.Faults.need(secret, "password", v.text("user.password.need"))
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "user_password", page)
	}
	err = v.Admin.SetPassword(v.r.Context(), v.actor, page.User.Tenant, page.User.ID, sallyport.Secret(secret), v.form.Get("keep") != "")
	switch {
	case err == nil:
		return v.done(atUser(page.User), "user.password")
	case page.Faults.take(err, "password"):
		return v.show(statusOf(err), "user_password", page)
	}
	return err
}

func (v *visit) activateUser() error {
	u, err := v.Admin.ActivateUser(v.r.Context(), v.actor, v.tenantIn(), sallyport.PrincipalID(v.r.PathValue("user")), version(v.form))
	if err != nil {
		return err
	}
	return v.done(atUser(u), "user.activated")
}

func (v *visit) unlockUser() error {
	u, err := v.Admin.UnlockUser(v.r.Context(), v.actor, v.tenantIn(), sallyport.PrincipalID(v.r.PathValue("user")), version(v.form))
	if err != nil {
		return err
	}
	return v.done(atUser(u), "user.unlocked")
}

// aboutUser is the question before something that ends what a user has.
func (v *visit) aboutUser(what string) (*confirmPage, sallyport.User, error) {
	u, err := v.userIn()
	if err != nil {
		return nil, u, err
	}
	at := v.here() + atUser(u)
	heading := v.text("user."+what+".heading", u.Login)
	return &confirmPage{
		frame: v.frame(heading, "users"), Heading: heading, Trail: tab{Text: u.Login, Path: at},
		Points:  append(v.stopsOfUser(u), v.text("user."+what+".point")),
		Action:  at + "/" + what,
		Hidden:  map[string]string{"version": strconv.FormatInt(u.Version, 10)},
		Button:  v.text("user." + what),
		Cancel:  at,
		Warning: v.text("user." + what + ".warning"),
	}, u, nil
}

func (v *visit) askAboutUser(what string) error {
	page, _, err := v.aboutUser(what)
	return v.ask(page, err)
}

func (v *visit) askEndUser() error    { return v.askAboutUser("end") }
func (v *visit) askDeleteUser() error { return v.askAboutUser("delete") }

// resettingFactors is the question before somebody's second factors are removed.
// His tokens stay.
func (v *visit) resettingFactors() (*confirmPage, sallyport.User, error) {
	page, u, err := v.aboutUser("factors")
	if err == nil {
		page.Points = append(v.sessionsStop(u), v.text("user.factors.point"))
	}
	return page, u, err
}

func (v *visit) askResetFactors() error {
	page, _, err := v.resettingFactors()
	return v.ask(page, err)
}

func (v *visit) resetFactors() error {
	page, u, err := v.resettingFactors()
	if err != nil {
		return err
	}
	err = v.Admin.ResetFactors(v.r.Context(), v.actor, u.Tenant, u.ID)
	return v.confirmed(page, err, v.here()+atUser(u)+"?done=user.factors")
}

func (v *visit) endUser() error {
	page, u, err := v.aboutUser("end")
	if err != nil {
		return err
	}
	err = v.Admin.EndUser(v.r.Context(), v.actor, u.Tenant, u.ID)
	return v.confirmed(page, err, v.here()+atUser(u)+"?done=user.ended")
}

func (v *visit) deleteUser() error {
	page, u, err := v.aboutUser("delete")
	if err != nil {
		return err
	}
	err = v.Admin.DeleteUser(v.r.Context(), v.actor, u.Tenant, u.ID, version(v.form))
	return v.confirmed(page, err, v.here()+"/users?done=user.deleted")
}
