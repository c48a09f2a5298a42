package console

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func keyRoutes() []route {
	const in, one = "/access/{tenant}/keys", "/access/{tenant}/keys/{key}"
	return []route{
		{"keys", "GET", in, member, (*visit).keys},
		{"key.new", "GET", in + "/new", member, (*visit).newKey},
		{"key.create", "POST", in + "/new", member, (*visit).createKey},
		{"key", "GET", one, member, (*visit).key},
		{"key.refresh.ask", "GET", one + "/refresh", member, (*visit).askRefreshKey},
		{"key.refresh", "POST", one + "/refresh", member, (*visit).refreshKey},
		{"key.revoke.ask", "GET", one + "/revoke", member, (*visit).askRevokeKey},
		{"key.revoke", "POST", one + "/revoke", member, (*visit).revokeKey},
	}
}

// A keysPage lists the API keys of a tenant.
type keysPage struct {
	place
	Rows  []tokenRow
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
	for _, c := range list.Items {
		page.Rows = append(page.Rows, v.row(c))
	}
	page.Pager = v.pager(list.Next)
	return v.show(http.StatusOK, "keys", page)
}

// A keyPage is about one API key.
type keyPage struct {
	place
	Key      tokenRow
	Secrets  []secretRow
	Bindings []bindingRow
	Overlap  string
	Faults   faults
}

func (v *visit) keyPage() (*keyPage, error) {
	ctx := v.r.Context()
	p, err := v.place("", "keys")
	if err != nil {
		return nil, err
	}
	c, err := v.Admin.Key(ctx, v.actor, p.Tenant, sallyport.CredentialID(v.r.PathValue("key")))
	if err != nil {
		return nil, err
	}
	page := &keyPage{place: p, Key: v.row(c)}
	page.Title = c.Name
	secrets, err := v.Admin.KeySecrets(ctx, v.actor, p.Tenant, c.ID)
	if err != nil {
		return nil, err
	}
	page.Secrets = v.secretRows(secrets)
	if page.Can("bindings.read") {
		filter := store.BindingFilter{SubjectKind: sallyport.SubjectKey, Subject: string(c.ID)}
		list, err := v.Admin.Bindings(ctx, v.actor, p.Tenant, filter, admin.Page{Limit: maxList})
		if err != nil {
			return nil, err
		}
		page.Bindings, err = v.bindingRows(list.Items)
		if err != nil {
			return nil, err
		}
	}
	return page, nil
}

func (v *visit) key() error {
	page, err := v.keyPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "key", page)
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
	actor := v.actor
	if page.Once != "" {
		actor.Once = &admin.Once{Key: "console-" + page.Once, Request: sha256.Sum256([]byte(f.Encode()))}
	}
	issued, err := v.Admin.CreateKey(v.r.Context(), actor, p.Tenant, admin.NewKey{
		Name: page.Label, Roles: []admin.KeyRole{{Role: sallyport.RoleID(page.Role), Realm: page.Realm}}, Expires: expires,
	})
	switch {
	case err == nil:
		return v.showKeySecret(http.StatusCreated, v.text("key.made"), issued, time.Time{})
	case page.Faults.take(err, "name", "roles", "role", "realm", "expires"):
		page.Once = rand.Text()
		return v.keyForm(statusOf(err), page)
	}
	return err
}

// A keySecretPage shows the secret of a key, this once.
type keySecretPage struct {
	place
	Heading string
	Key     tokenRow
	Secret  string // empty: it was shown before
	Until   time.Time
}

func (v *visit) showKeySecret(status int, heading string, issued admin.Issued, until time.Time) error {
	p, err := v.place(heading, "keys")
	if err != nil {
		return err
	}
	page := &keySecretPage{place: p, Heading: heading, Key: v.row(issued.Credential), Until: until}
	if !issued.Replayed {
		page.Secret = issued.Secret.Reveal()
	}
	return v.show(status, "key_secret", page)
}

func (v *visit) askRefreshKey() error {
	page, err := v.keyPage()
	if err != nil {
		return err
	}
	page.Overlap = "day"
	if page.Key.Uses == 0 {
		page.Overlap = "none" // nobody would notice
	}
	return v.show(http.StatusOK, "key_refresh", page)
}

// Overlaps are what becomes of the secret that is replaced.
func (p *keyPage) Overlaps() (list []option) {
	for _, o := range []string{"none", "hour", "day", "week", "month"} {
		list = append(list, option{Value: o, Chosen: o == p.Overlap})
	}
	return list
}

func (v *visit) refreshKey() error {
	page, err := v.keyPage()
	if err != nil {
		return err
	}
	page.Overlap = v.form.Get("overlap")
	overlap, ok := overlapOf(page.Overlap)
	if !ok {
		page.Faults.at("overlap", v.text("key.overlap.need"))
		return v.show(http.StatusUnprocessableEntity, "key_refresh", page)
	}
	issued, err := v.Admin.RenewKey(v.r.Context(), v.actor, page.Tenant, page.Key.ID, version(v.form), overlap)
	if err != nil {
		if page.Faults.take(err, "overlap") {
			return v.show(statusOf(err), "key_refresh", page)
		}
		return err
	}
	until := time.Time{}
	if overlap > 0 {
		until = v.now.Add(overlap)
	}
	return v.showKeySecret(http.StatusOK, v.text("key.refreshed"), issued, until)
}

func (v *visit) revocationOfKey() (*confirmPage, *keyPage, error) {
	page, err := v.keyPage()
	if err != nil {
		return nil, nil, err
	}
	k := page.Key
	at := page.In + "/keys/" + string(k.ID)
	used := v.text("key.revoke.unused")
	if !k.LastUsed.IsZero() {
		used = v.texts().count("key.revoke.used", int(k.Uses), v.texts().moment(v.now, k.LastUsed).Words, titleOr(k.Address, "?"))
	}
	return &confirmPage{
		frame: page.frame, Heading: v.text("key.revoke.heading", k.Name), Trail: tab{Text: k.Name, Path: at},
		Points: []string{used, v.text("key.revoke.point")}, Warning: v.text("key.revoke.warning"),
		Action: at + "/revoke", Hidden: map[string]string{"version": strconv.FormatInt(k.Version, 10)},
		Button: v.text("key.revoke"), Cancel: at,
	}, page, nil
}

func (v *visit) askRevokeKey() error {
	confirm, _, err := v.revocationOfKey()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "confirm", confirm)
}

func (v *visit) revokeKey() error {
	confirm, page, err := v.revocationOfKey()
	if err != nil {
		return err
	}
	err = v.Admin.RevokeKey(v.r.Context(), v.actor, page.Tenant, page.Key.ID, version(v.form))
	return v.confirmed(confirm, err, page.In+"/keys?done=key.revoked")
}
