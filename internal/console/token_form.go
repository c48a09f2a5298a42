package console

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A tokenForm is what was typed into the form of a token, new or not.
type tokenForm struct {
	Name     string
	Reach    string // "some" or "all": limited by Scopes or not
	Scopes   []string
	Tenant   string // of a new token; empty: wherever its owner may
	Expiry   string // "keep", a number of days, "date" or "policy"
	Date     string
	Networks string
	Once     string // drawn for each form, so that one that is sent twice makes one token
	Version  int64  // that was read; 0: the token is new
}

// A tokenFormPage is the form.
type tokenFormPage struct {
	frame
	tokenForm
	Token   tokenRow // that is changed; zero: it is new
	APIs    []scopeGroup
	Tenants []sallyport.Tenant
	First   time.Time // the first day that can be chosen
	Faults  faults
}

// A scopeGroup is the scopes of one API.
type scopeGroup struct {
	Title  string
	Whole  scopeChoice
	Scopes []scopeChoice
}

// A scopeChoice is one box to tick.
type scopeChoice struct {
	Scope   string
	Title   string
	Checked bool
}

// expiries are the lives that the form offers, in days.
var expiries = [...]int{7, 30, 90, 365}

const defaultExpiry = "30"

func (v *visit) newToken() error {
	page := &tokenFormPage{frame: v.frame("New token", "account")}
	page.tokenForm = v.prefilled(&page.Faults)
	return v.showForm(http.StatusOK, page)
}

// prefilled fills the form with what the link asks for, so that a link to it can be
// passed on. It only fills: somebody has to look and to send it.
func (v *visit) prefilled(f *faults) tokenForm {
	q := v.r.URL.Query()
	form := tokenForm{Name: q.Get("name"), Reach: "some", Tenant: q.Get("tenant"), Expiry: defaultExpiry, Once: rand.Text()}
	for _, scope := range strings.FieldsFunc(q.Get("scopes"), func(r rune) bool { return r == ' ' || r == ',' }) {
		if len(v.Doors.Policy().Limit([]string{scope}).Unknown) > 0 {
			f.at("scopes", "The link asks for a scope that does not exist. Check the choice below.")
			continue
		}
		form.Scopes = append(form.Scopes, scope)
	}
	switch e := q.Get("expires"); {
	case e == "" || isExpiry(e):
		form.Expiry = titleOr(e, defaultExpiry)
	default:
		if _, err := time.Parse(time.DateOnly, e); err != nil {
			f.at("expires", "The link asks for an expiry that is none. Check the choice below.")
			break
		}
		form.Expiry, form.Date = "date", e
	}
	return form
}

func isExpiry(s string) bool {
	if s == "policy" {
		return true
	}
	n, err := strconv.Atoi(s)
	return err == nil && slices.Contains(expiries[:], n)
}

// typed reads the form as it was sent.
func typed(values url.Values) tokenForm {
	return tokenForm{
		Name: values.Get("name"), Reach: values.Get("reach"), Scopes: values["scope"], Tenant: values.Get("tenant"),
		Expiry: values.Get("expires"), Date: values.Get("date"), Networks: values.Get("networks"),
		Once: values.Get("once"), Version: version(values),
	}
}

// version is the version that a form is about; 0, which admin refuses, if there
// is none.
func version(values url.Values) int64 {
	n, err := strconv.ParseInt(values.Get("version"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// showForm fills in what there is to choose from.
func (v *visit) showForm(status int, page *tokenFormPage) error {
	tenants, err := v.Admin.Tenants(v.r.Context(), v.actor, store.TenantFilter{State: sallyport.Active}, admin.Page{Limit: maxList})
	if err != nil {
		return err
	}
	page.Tenants, page.First = tenants.Items, v.now.AddDate(0, 0, 1)
	page.APIs = scopeGroups(v.Doors.Policy(), page.Scopes)
	return v.show(status, "token_form", page)
}

func scopeGroups(snapshot *policy.Snapshot, chosen []string) []scopeGroup {
	var groups []scopeGroup
	for _, api := range snapshot.APIs() {
		if api.Disabled {
			continue
		}
		d := api.Document
		choice := func(scope, title string) scopeChoice {
			return scopeChoice{Scope: scope, Title: titleOr(title, scope), Checked: slices.Contains(chosen, scope)}
		}
		g := scopeGroup{Title: titleOr(d.Title, string(d.Name)), Whole: choice(string(d.Name), "Everything there")}
		for _, s := range d.Scopes {
			g.Scopes = append(g.Scopes, choice(string(d.Name)+"/"+s.Name, titleOr(s.Title, s.Name)))
		}
		groups = append(groups, g)
	}
	return groups
}

// scopes returns what the form limits the token to, nil for not at all.
func (form *tokenForm) scopes(f *faults) []string {
	switch {
	case form.Reach == "all":
		return nil
	case form.Reach != "some":
		f.at("reach", "Choose how far the token reaches.")
	case len(form.Scopes) == 0:
		f.at("scopes", "Choose at least one, or let the token do everything that you may.")
	}
	return form.Scopes
}

// expires returns the end that was chosen. Zero is what the tenant's policy says.
func (form *tokenForm) expires(now time.Time, f *faults) time.Time {
	switch {
	case form.Expiry == "policy":
		return time.Time{}
	case isExpiry(form.Expiry):
		days, _ := strconv.Atoi(form.Expiry) // it is one of ours
		return now.AddDate(0, 0, days)
	case form.Expiry != "date":
		f.at("expires", "Choose when the token expires.")
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, form.Date)
	if err != nil {
		f.at("date", "Enter the date as year, month and day, such as "+now.AddDate(0, 3, 0).Format(time.DateOnly)+".")
		return time.Time{}
	}
	if end := day.AddDate(0, 0, 1); end.After(now) {
		return end
	}
	f.at("date", "This day is over. Choose one to come.")
	return time.Time{}
}

// networks returns the networks that were typed, one to a line.
func (form *tokenForm) networks(f *faults) []netip.Prefix {
	var list []netip.Prefix
	for _, line := range strings.FieldsFunc(form.Networks, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ' ' }) {
		if addr, err := netip.ParseAddr(line); err == nil && addr.Zone() == "" {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(line)
		if err != nil {
			f.at("networks", "Each line is an address or a network, such as 192.0.2.7 or 10.0.0.0/8.")
			return nil
		}
		list = append(list, network)
	}
	return list
}

// formFields are the fields of the form, as admin calls them.
var formFields = [...]string{"name", "scopes", "tenant", "expires", "networks"}

func (v *visit) createToken() error {
	page := &tokenFormPage{frame: v.frame("New token", "account"), tokenForm: typed(v.form)}
	page.Version = 0
	form, f := &page.tokenForm, &page.Faults
	f.need(strings.TrimSpace(form.Name), "name", "Give the token a name, such as that of the program that will use it.")
	in := admin.NewToken{
		Name: strings.TrimSpace(form.Name), Scopes: form.scopes(f), Tenant: sallyport.TenantID(form.Tenant),
		Networks: form.networks(f), Expires: form.expires(v.now, f),
	}
	if f.Any() {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	actor := v.actor
	if form.Once != "" {
		actor.Once = &admin.Once{Key: "console-" + form.Once, Request: sha256.Sum256([]byte(v.form.Encode()))}
	}
	issued, err := v.Admin.CreateToken(v.r.Context(), actor, in)
	switch {
	case err == nil:
		return v.showSecret(http.StatusCreated, "The token is made", issued, time.Time{})
	case f.take(err, formFields[:]...):
		page.Once = rand.Text()
		return v.showForm(statusOf(err), page)
	}
	return err
}

func (v *visit) editToken() error {
	c, err := v.own()
	if err != nil {
		return err
	}
	page := &tokenFormPage{frame: v.frame("Change the token", "account"), Token: v.row(c)}
	page.tokenForm = tokenForm{
		Name: c.Name, Reach: "all", Scopes: c.Scopes, Expiry: "keep", Networks: asLines(page.Token.Networks), Version: c.Version,
	}
	if c.Scopes != nil {
		page.Reach = "some"
	}
	if v.goneScopes(&page.tokenForm) {
		page.Faults.at("scopes", "The token has scopes that do not exist any more. They are left out here; save to be rid of them.")
	}
	return v.showForm(http.StatusOK, page)
}

// goneScopes takes scopes that no API declares out of the form, and reports
// whether there were any.
func (v *visit) goneScopes(form *tokenForm) bool {
	limit := v.Doors.Policy().Limit(form.Scopes)
	if limit == nil || len(limit.Unknown) == 0 {
		return false
	}
	form.Scopes = slices.DeleteFunc(slices.Clone(form.Scopes), func(s string) bool { return slices.Contains(limit.Unknown, s) })
	return true
}

func (v *visit) updateToken() error {
	c, err := v.own()
	if err != nil {
		return err
	}
	page := &tokenFormPage{frame: v.frame("Change the token", "account"), Token: v.row(c), tokenForm: typed(v.form)}
	form, f := &page.tokenForm, &page.Faults
	text := strings.TrimSpace(form.Name)
	f.need(text, "name", "Give the token a name, such as that of the program that uses it.")
	scopes, networks := form.scopes(f), form.networks(f)
	change := admin.TokenChange{Name: &text, Scopes: &scopes, Networks: &networks}
	if form.Expiry != "keep" {
		end := form.expires(v.now, f)
		change.Expires = &end
	}
	if f.Any() {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	_, err = v.Admin.UpdateToken(v.r.Context(), v.actor, c.ID, form.Version, change)
	switch {
	case err == nil:
		return v.redirect(Base + "/tokens/" + string(c.ID) + "?done=updated")
	case f.take(err, formFields[:]...):
		page.Version = c.Version // who sends it again has seen that it was changed
		return v.showForm(statusOf(err), page)
	}
	return err
}
