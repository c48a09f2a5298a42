package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func userRoutes() []route {
	const in, one = "/access/{tenant}", "/access/{tenant}/users/{user}"
	return []route{
		{"users", "GET", in + "/users", member, func(v *visit) error { return v.users("users", "") }},
		{"services", "GET", in + "/services", member, func(v *visit) error { return v.users("services", sallyport.Service) }},
		{"user.new", "GET", in + "/users/new", member, (*visit).newUser},
		{"user.create", "POST", in + "/users/new", member, (*visit).createUser},
		{"users.deactivate", "POST", in + "/users/deactivate", member, (*visit).deactivateUsers},
		{"user", "GET", one, member, (*visit).user},
		{"user.edit", "GET", one + "/edit", member, (*visit).editUser},
		{"user.update", "POST", one + "/edit", member, (*visit).updateUser},
		{"user.password.ask", "GET", one + "/password", member, (*visit).askPassword},
		{"user.password", "POST", one + "/password", member, (*visit).setPassword},
		{"user.activate", "POST", one + "/activate", member, (*visit).activateUser},
		{"user.unlock", "POST", one + "/unlock", member, (*visit).unlockUser},
		{"user.end.ask", "GET", one + "/end", member, (*visit).askEndUser},
		{"user.end", "POST", one + "/end", member, (*visit).endUser},
		{"user.factors.ask", "GET", one + "/factors", member, (*visit).askResetFactors},
		{"user.factors", "POST", one + "/factors", member, (*visit).resetFactors},
		{"user.delete.ask", "GET", one + "/delete", member, (*visit).askDeleteUser},
		{"user.delete", "POST", one + "/delete", member, (*visit).deleteUser},
	}
}

// A usersPage lists the users of a tenant, or of all.
type usersPage struct {
	place
	Services bool // service accounts alone
	Rows     []userRow
	Search   string
	State    string
	States   []option
	Pager    pager
}

// A userRow is a user in a list.
type userRow struct {
	sallyport.User
	In     string // of the tenant where he is administered
	Home   string // its name
	Myself bool
}

// users shows a part of the list. Reading on is by key, and nothing is counted,
// so that the last part comes as fast as the first.
func (v *visit) users(id string, kind sallyport.UserKind) error {
	q := v.r.URL.Query()
	title := v.text("users.title")
	if kind == sallyport.Service {
		title = v.text("services.title")
	}
	p, err := v.place(title, id)
	if err != nil {
		return err
	}
	page := &usersPage{place: p, Services: kind != "", Search: strings.TrimSpace(q.Get("search")), State: q.Get("state")}
	tenant := p.Tenant
	if p.Every() {
		tenant = "" // of the whole installation
	}
	filter := store.UserFilter{Kind: kind, State: sallyport.State(page.State), Search: strings.ToLower(page.Search)}
	list, err := v.Admin.Users(v.r.Context(), v.actor, tenant, filter, v.listed())
	if err != nil {
		return err
	}
	for _, u := range list.Items {
		page.Rows = append(page.Rows, v.userRow(u))
	}
	page.Pager = v.pager(list.Next)
	page.States = v.states(page.State, sallyport.Active, sallyport.Deactivated, sallyport.Locked)
	return v.show(http.StatusOK, "users", page)
}

func (v *visit) userRow(u sallyport.User) userRow {
	return userRow{User: u, In: in(u.Tenant), Home: v.tenantName(u.Tenant), Myself: u.ID == v.self.Principal.ID}
}

// states are the states that a list can be limited to.
func (v *visit) states(chosen string, list ...sallyport.State) []option {
	all := []option{{Value: "", Text: v.text("filter.any"), Chosen: chosen == ""}}
	for _, s := range list {
		all = append(all, option{Value: string(s), Text: v.text("state." + string(s)), Chosen: chosen == string(s)})
	}
	return all
}

// maxBulk is how many users a form deactivates at once: as many as a list shows.
const maxBulk = maxList

// maxNamed is how many of them are looked at closely before.
const maxNamed = 20

// deactivateUsers asks before it takes the users out of use that were ticked in a
// list, and says what each of them used last.
func (v *visit) deactivateUsers() error {
	chosen := v.form["user"]
	switch {
	case len(chosen) == 0:
		return v.redirect(v.here() + "/users?done=users.none")
	case len(chosen) > maxBulk:
		return sallyport.ErrInvalid("user", "there are too many users at once")
	}
	page, users, err := v.bulk(chosen)
	if err != nil {
		return err
	}
	if v.form.Get("sure") == "" {
		return v.show(http.StatusOK, "confirm", page)
	}
	var left, why []string
	for i, u := range users {
		_, err := v.Admin.DeactivateUser(v.r.Context(), v.actor, u.Tenant, u.ID, u.Version)
		if err == nil {
			continue
		}
		e, known := errors.AsType[*sallyport.Error](err)
		if !known || e.Kind == sallyport.Unavailable || e.Kind == sallyport.Internal {
			return err // those before are deactivated, and the list shows it
		}
		left, why = append(left, page.Lists["user"][i]), append(why, u.Login+": "+sentence(e.Message))
	}
	switch {
	case len(left) > 0:
		page.Faults.say(v.texts().count("users.deactivate.left", len(left), len(users)-len(left)))
		page.Points, page.Lists["user"] = why, left
		return v.show(http.StatusConflict, "confirm", page)
	case len(users) == 1:
		return v.redirect(in(users[0].Tenant) + atUser(users[0]) + "?done=user.deactivated")
	}
	return v.done("/users", "users.deactivated")
}

// bulk reads the users that were ticked, each "id:version" as it was listed, and
// makes the question about them.
func (v *visit) bulk(chosen []string) (*confirmPage, []sallyport.User, error) {
	p, err := v.place("", "users")
	if err != nil {
		return nil, nil, err
	}
	var users []sallyport.User
	page := &confirmPage{
		frame: p.frame, Trail: tab{Text: v.text("users.title"), Path: p.In + "/users"}, Action: p.In + "/users/deactivate",
		Hidden: map[string]string{"sure": "yes"}, Lists: map[string][]string{}, Cancel: p.In + "/users",
		Button: v.texts().count("users.deactivate.do", len(chosen)), Warning: v.text("users.deactivate.warning"),
	}
	for _, text := range chosen {
		parts := strings.Split(text, ":")
		if len(parts) != 3 {
			return nil, nil, sallyport.ErrInvalid("user", "the form is not one of ours")
		}
		read, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return nil, nil, sallyport.ErrInvalid("user", "the form is not one of ours")
		}
		u, err := v.Admin.User(v.r.Context(), v.actor, sallyport.TenantID(parts[0]), sallyport.PrincipalID(parts[1]))
		if err != nil {
			return nil, nil, err
		}
		u.Version = read
		users = append(users, u)
		page.Lists["user"] = append(page.Lists["user"], text)
		switch {
		case len(chosen) == 1:
			page.Points = v.stopsOfUser(u)
		case len(users) <= maxNamed:
			point, _ := v.tokensStop(u)
			page.Points = append(page.Points, point)
		}
	}
	if more := len(users) - maxNamed; more > 0 {
		page.Points = append(page.Points, v.texts().count("users.deactivate.more", more))
	}
	page.Title = v.texts().count("users.deactivate.heading", len(users), users[0].Login)
	page.Heading = page.Title
	return page, users, nil
}

// A userFormPage is the form of a user, new or not.
type userFormPage struct {
	place
	ID      sallyport.PrincipalID // empty: he is new
	Kind    string
	Kinds   []option
	Login   string
	Full    string // name
	Email   string
	Keep    bool // the password, of a new user
	Version int64
	Faults  faults
}

func (v *visit) userForm(status int, page *userFormPage) error {
	for _, k := range []sallyport.UserKind{sallyport.Person, sallyport.Service} {
		page.Kinds = append(page.Kinds, option{
			Value: string(k), Text: v.text("kind." + string(k)), Hint: v.text("kind." + string(k) + ".hint"), Chosen: page.Kind == string(k),
		})
	}
	return v.show(status, "user_form", page)
}

func (v *visit) newUserPage() (*userFormPage, error) {
	p, err := v.place(v.text("user.new"), "users")
	return &userFormPage{place: p, Kind: titleOr(v.r.URL.Query().Get("kind"), string(sallyport.Person))}, err
}

func (v *visit) newUser() error {
	page, err := v.newUserPage()
	if err != nil {
		return err
	}
	return v.userForm(http.StatusOK, page)
}

var userFields = []string{"kind", "login", "name", "email", "password"}

func (v *visit) createUser() error {
	page, err := v.newUserPage()
	if err != nil {
		return err
	}
	f := v.form
	page.Kind, page.Login, page.Full, page.Email = f.Get("kind"), strings.TrimSpace(f.Get("login")), f.Get("name"), strings.TrimSpace(f.Get("email"))
	page.Keep = f.Get("keep") != ""
	page.Faults.need(page.Login, "login", v.text("user.login.need"))
	if page.Faults.Any() {
		return v.userForm(http.StatusUnprocessableEntity, page)
	}
	u, err := v.Admin.CreateUser(v.r.Context(), v.actor, page.Tenant, admin.NewUser{
		Kind: sallyport.UserKind(page.Kind), Login: page.Login, Name: page.Full, Email: page.Email,
		Password: sallyport.Secret(f.Get("password")), KeepPassword: page.Keep,
	})
	switch {
	case err == nil:
		return v.done("/users/"+string(u.ID), "user.made")
	case page.Faults.take(err, userFields...):
		return v.userForm(statusOf(err), page)
	}
	return err
}
