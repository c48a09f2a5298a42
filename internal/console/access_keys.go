package console

import (
	"crypto/rand"
	"errors"
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
	at := v.listed()
	at.Limit = shownTokens
	list, err := v.Admin.Keys(v.r.Context(), v.actor, p.Tenant, state, at)
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
	Form      tokenForm // its Date is the last day
	Role      string    // the first role; more are given on the key's page
	Roles     []option
	Realm     string
	Realms    []option
	Condition string
	APIs      []scopeGroup
	Faults    faults
}

// Limits are those of the form.
func (p *keyFormPage) Limits() limits {
	return limits{Reach: p.Form.Reach, Key: true, APIs: p.APIs, Faults: &p.Faults}
}

func (v *visit) keyForm(status int, page *keyFormPage) (err error) {
	if page.Roles, err = v.roleChoices(page.place, page.Role, v.text("binding.choose")); err != nil {
		return err
	}
	if page.Realms, err = v.realmChoices(page.place, page.Realm); err != nil {
		return err
	}
	page.APIs = v.scopeGroups(page.Form.Scopes)
	return v.show(status, "key_form", page)
}

func (v *visit) newKey() error {
	p, err := v.place(v.text("key.new"), "keys")
	if err != nil {
		return err
	}
	return v.keyForm(http.StatusOK, &keyFormPage{place: p, Form: tokenForm{Reach: "all", Once: rand.Text(), Date: asDay(v.now.AddDate(0, 3, 0))}})
}

func (v *visit) createKey() error {
	p, err := v.place(v.text("key.new"), "keys")
	if err != nil {
		return err
	}
	page := &keyFormPage{
		place: p, Form: typed(v.form), Role: v.form.Get("role"), Realm: v.form.Get("realm"), Condition: strings.TrimSpace(v.form.Get("condition")),
	}
	form, f := &page.Form, &page.Faults
	form.Name, form.Date = strings.TrimSpace(form.Name), v.form.Get("expires")
	f.need(form.Name, "name", v.text("key.name.need"))
	f.need(page.Role, "role", v.text("binding.role.need"))
	in := admin.NewKey{
		Name: form.Name, Roles: []admin.KeyRole{{Role: sallyport.RoleID(page.Role), Realm: page.Realm, Condition: page.Condition}},
		Scopes: v.scopesOf(form, f), Networks: v.networksOf(form, f), Expires: v.lastDay(form.Date, "expires", f),
	}
	if f.Any() {
		return v.keyForm(http.StatusUnprocessableEntity, page)
	}
	issued, err := v.Admin.CreateKey(v.r.Context(), v.once(form.Once), p.Tenant, in)
	switch {
	case err == nil:
		return v.showSecret(http.StatusCreated, v.text("key.made"), issued, time.Time{})
	case f.take(ofFirst("roles", err), "name", "role", "realm", "condition", "scopes", "networks", "expires"):
		form.Once = rand.Text()
		return v.keyForm(statusOf(err), page)
	}
	return err
}

// ofFirst is an error about the first of a list, of which a form has that one
// alone: it is about a field of the form.
func ofFirst(list string, err error) error {
	e, ok := errors.AsType[*sallyport.Error](err)
	if !ok {
		return err
	}
	inner := *e
	inner.Field = strings.TrimPrefix(e.Field, list+"[0].")
	return &inner
}
