package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func realmRoutes() []route {
	const in, one = "/access/{tenant}/realms", "/access/{tenant}/realms/{realm}"
	return []route{
		{"realms", "GET", in, member, (*visit).realms},
		{"realm.new", "GET", in + "/new", member, (*visit).newRealm},
		{"realm.create", "POST", in + "/new", member, (*visit).createRealm},
		{"realm.edit", "GET", one + "/edit", member, (*visit).editRealm},
		{"realm.update", "POST", one + "/edit", member, (*visit).updateRealm},
		{"realm.delete.ask", "GET", one + "/delete", member, (*visit).askDeleteRealm},
		{"realm.delete", "POST", one + "/delete", member, (*visit).deleteRealm},
	}
}

// A realmsPage lists the realms of a tenant.
type realmsPage struct {
	place
	Rows  []realmRow
	Pager pager
}

// A realmRow is a realm with the path that its pages are below.
type realmRow struct {
	sallyport.Realm
	At string
}

func (v *visit) realms() error {
	p, err := v.place(v.text("realms.title"), "realms")
	if err != nil {
		return err
	}
	page := &realmsPage{place: p}
	if p.Every() { // a realm is in one tenant
		return v.show(http.StatusOK, "realms", page)
	}
	list, err := v.Admin.Realms(v.r.Context(), v.actor, p.Tenant, v.listed())
	if err != nil {
		return err
	}
	for _, r := range list.Items {
		page.Rows = append(page.Rows, realmRow{r, p.In + "/realms/" + url.PathEscape(r.Name)})
	}
	page.Pager = v.pager(list.Next)
	return v.show(http.StatusOK, "realms", page)
}

// A realmFormPage is the form of a realm, new or not.
type realmFormPage struct {
	place
	Action  string
	Known   bool // it is not new: its name stays
	Called  string
	About   string
	Version int64
	Faults  faults
}

var realmFields = []string{"name", "title"}

func (v *visit) realmForm() (*realmFormPage, error) {
	p, err := v.place(v.text("realm.new"), "realms")
	return &realmFormPage{place: p, Action: p.In + "/realms/new"}, err
}

func (v *visit) newRealm() error {
	page, err := v.realmForm()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "realm_form", page)
}

func (v *visit) createRealm() error {
	page, err := v.realmForm()
	if err != nil {
		return err
	}
	page.Called, page.About = strings.TrimSpace(v.form.Get("name")), strings.TrimSpace(v.form.Get("title"))
	page.Faults.need(page.Called, "name", v.text("realm.name.need"))
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "realm_form", page)
	}
	_, err = v.Admin.CreateRealm(v.r.Context(), v.actor, page.Tenant, admin.NewRealm{Name: page.Called, Title: page.About})
	switch {
	case err == nil:
		return v.done("/realms", "realm.made")
	case page.Faults.take(err, realmFields...):
		return v.show(statusOf(err), "realm_form", page)
	}
	return err
}

// realmIn is the form of the realm in the path.
func (v *visit) realmIn() (*realmFormPage, error) {
	p, err := v.place(v.text("realm.edit"), "realms")
	if err != nil {
		return nil, err
	}
	r, err := v.Admin.Realm(v.r.Context(), v.actor, p.Tenant, v.r.PathValue("realm"))
	return &realmFormPage{
		place: p, Action: p.In + "/realms/" + url.PathEscape(r.Name) + "/edit", Known: true, Called: r.Name, About: r.Title, Version: r.Version,
	}, err
}

func (v *visit) editRealm() error {
	page, err := v.realmIn()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "realm_form", page)
}

func (v *visit) updateRealm() error {
	page, err := v.realmIn()
	if err != nil {
		return err
	}
	page.About = strings.TrimSpace(v.form.Get("title"))
	_, err = v.Admin.UpdateRealm(v.r.Context(), v.actor, page.Tenant, page.Called, version(v.form), page.About)
	switch {
	case err == nil:
		return v.done("/realms", "realm.changed")
	case page.Faults.take(err, realmFields...):
		return v.show(statusOf(err), "realm_form", page)
	}
	return err
}

func (v *visit) deletionOfRealm() (*confirmPage, *realmFormPage, error) {
	page, err := v.realmIn()
	if err != nil {
		return nil, nil, err
	}
	list := page.In + "/realms"
	return &confirmPage{
		frame: page.frame, Heading: v.text("realm.delete.heading", page.Called), Trail: tab{Text: v.text("realms.title"), Path: list},
		Points: []string{v.text("realm.delete.point-1"), v.text("realm.delete.point-2")}, Warning: v.text("revoke.warning"),
		Action: list + "/" + url.PathEscape(page.Called) + "/delete", Hidden: map[string]string{"version": strconv.FormatInt(page.Version, 10)},
		Button: v.text("realm.delete"), Cancel: list,
	}, page, nil
}

func (v *visit) askDeleteRealm() error {
	confirm, _, err := v.deletionOfRealm()
	return v.ask(confirm, err)
}

func (v *visit) deleteRealm() error {
	confirm, page, err := v.deletionOfRealm()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteRealm(v.r.Context(), v.actor, page.Tenant, page.Called, version(v.form))
	return v.confirmed(confirm, err, page.In+"/realms?done=realm.deleted")
}
