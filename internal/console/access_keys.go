package console

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func keyRoutes() []route {
	const in, one = "/access/{tenant}/keys", "/access/{tenant}/keys/{key}"
	return append(credentialRoutes("key", one), []route{
		{"keys", "GET", in, member, (*visit).keys},
		{"key.new", "GET", in + "/new", member, (*visit).newKey},
		{"key.create", "POST", in + "/new", member, (*visit).createKey},
	}...)
}

// A keysPage lists the API keys of a tenant.
type keysPage struct {
	place
	Keys  tokenTable
	Ended bool // those that were revoked are shown as well
	Pager pager
}

func (v *visit) keys() error {
	p, err := v.place(v.text("keys.title"), "keys")
	if err != nil {
		return err
	}
	page := &keysPage{place: p, Ended: v.r.URL.Query().Get("show") == "all"}
	if p.Every() { // a key belongs to one tenant
		return v.show(http.StatusOK, "keys", page)
	}
	state := sallyport.Active
	if page.Ended {
		state = ""
	}
	list, err := v.Admin.Keys(v.r.Context(), v.actor, p.Tenant, state, v.listed())
	if err != nil {
		return err
	}
	page.Keys = tokenTable{Now: v.now, Change: p.Can("keys.write"), Revoke: p.Can("keys.write")}
	for _, c := range list.Items {
		row := v.row(c)
		row.Tenant = "" // all of them act in this one
		page.Keys.Rows = append(page.Keys.Rows, row)
	}
	page.Pager = v.pager(list.Next)
	return v.show(http.StatusOK, "keys", page)
}

// A keyFormPage is the form to generate an API key with.
type keyFormPage struct {
	place
	Label   string // its name
	Role    string
	Roles   []option
	Realm   string
	Realms  []option
	Expires string
	Once    string // as of a token's form
	Faults  faults
}

func (v *visit) keyForm(status int, page *keyFormPage) (err error) {
	if page.Roles, err = v.roleChoices(page.place, page.Role, v.text("binding.choose")); err != nil {
		return err
	}
	if page.Realms, err = v.realmChoices(page.place, page.Realm); err != nil {
		return err
	}
	return v.show(status, "key_form", page)
}

func (v *visit) newKey() error {
	p, err := v.place(v.text("key.new"), "keys")
	if err != nil {
		return err
	}
	return v.keyForm(http.StatusOK, &keyFormPage{place: p, Once: rand.Text(), Expires: asDay(v.now.AddDate(0, 3, 0))})
}

func (v *visit) createKey() error {
	p, err := v.place(v.text("key.new"), "keys")
	if err != nil {
		return err
	}
	f := v.form
	page := &keyFormPage{
		place: p, Label: strings.TrimSpace(f.Get("name")), Role: f.Get("role"), Realm: f.Get("realm"), Expires: f.Get("expires"), Once: f.Get("once"),
	}
	page.Faults.need(page.Label, "name", v.text("key.name.need"))
	page.Faults.need(page.Role, "role", v.text("binding.role.need"))
	expires := v.lastDay(page.Expires, "expires", &page.Faults)
	if page.Faults.Any() {
		return v.keyForm(http.StatusUnprocessableEntity, page)
	}
	issued, err := v.Admin.CreateKey(v.r.Context(), v.once(page.Once), p.Tenant, admin.NewKey{
		Name: page.Label, Roles: []admin.KeyRole{{Role: sallyport.RoleID(page.Role), Realm: page.Realm}}, Expires: expires,
	})
	switch {
	case err == nil:
		return v.showSecret(http.StatusCreated, v.text("key.made"), issued, time.Time{})
	case page.Faults.take(err, "name", "roles", "role", "realm", "expires"):
		page.Once = rand.Text()
		return v.keyForm(statusOf(err), page)
	}
	return err
}
