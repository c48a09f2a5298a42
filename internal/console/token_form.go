package console

import (
	"context"
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
	Token    tokenRow // that is changed; zero: it is new
	At       string   // path of its page
	Back     tab
	Owner    string // login of whom it acts as; empty: it is the visitor, or an API key
	Key      bool   // an API key
	Action   string
	APIs     []scopeGroup
	Places   []option // tenants to act in; none: there is no choice
	Expiries []option
	First    time.Time // the first day that can be chosen
	Faults   faults
}

// A scopeGroup is the scopes of one API.
type scopeGroup struct {
	Title  string
	Whole  scopeChoice
	Scopes []scopeChoice
}

// Chosen reports whether something of the group is ticked.
func (g scopeGroup) Chosen() bool {
	return g.Whole.Checked || slices.ContainsFunc(g.Scopes, func(s scopeChoice) bool { return s.Checked })
}

// A scopeChoice is one box to tick.
type scopeChoice struct {
	Scope   string
	Title   string
	Checked bool
}

// A limits is the part of a form that says how far a token or a key reaches.
type limits struct {
	Reach  string
	Owner  string
	Key    bool
	APIs   []scopeGroup
	Faults *faults
}

// Limits are those of the form.
func (p *tokenFormPage) Limits() limits {
	return limits{p.Reach, p.Owner, p.Key, p.APIs, &p.Faults}
}

// expiries are the lives that the form offers, in days.
var expiries = [...]int{7, 30, 90, 365}

const defaultExpiry = "30"

func (v *visit) newToken() error {
	page := v.newTokenPage()
	page.tokenForm = v.prefilled(&page.Faults)
	return v.showForm(http.StatusOK, page)
}

// newTokenPage is the form of a new token of the visitor's own.
func (v *visit) newTokenPage() *tokenFormPage {
	return &tokenFormPage{
		frame: v.frame(v.text("token.new"), "account"), Action: Base + "/tokens/new",
		Back: tab{Text: v.text("nav.account"), Path: Base + accountPath + "#tokens"},
	}
}

// prefilled fills the form with what the link asks for, so that a link to it can be
// passed on. It only fills: somebody has to look and to send it.
func (v *visit) prefilled(f *faults) tokenForm {
	q := v.r.URL.Query()
	form := tokenForm{Name: q.Get("name"), Reach: "some", Tenant: q.Get("tenant"), Expiry: defaultExpiry, Once: rand.Text()}
	for _, scope := range strings.FieldsFunc(q.Get("scopes"), func(r rune) bool { return r == ' ' || r == ',' }) {
		if len(v.Doors.Policy().Limit([]string{scope}).Unknown) > 0 {
			f.at("scopes", v.text("token.link.scopes"))
			continue
		}
		form.Scopes = append(form.Scopes, scope)
	}
	switch e := q.Get("expires"); {
	case e == "" || isExpiry(e):
		form.Expiry = titleOr(e, defaultExpiry)
	default:
		if _, err := time.Parse(time.DateOnly, e); err != nil {
			f.at("expires", v.text("token.link.expires"))
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
	places, err := v.tenantChoices(page.Tenant)
	if err != nil {
		return err
	}
	if len(places) > 1 {
		for i := range places {
			places[i].Text = v.text("token.tenant.only", places[i].Text)
		}
		page.Places = slices.Insert(places, 0, option{Text: v.text("token.tenant.any")})
	}
	page.First = v.now.AddDate(0, 0, 1)
	page.Expiries = v.expiryChoices(page)
	page.APIs = v.scopeGroups(page.Scopes)
	return v.show(status, "token_form", page)
}

// expiryChoices are the ends that a token can be given.
func (v *visit) expiryChoices(page *tokenFormPage) (list []option) {
	if page.Version > 0 {
		end := v.text("table.never")
		if !page.Token.Expires.IsZero() {
			end = v.texts().moment(v.now, page.Token.Expires).Words
		}
		list = append(list, option{Value: "keep", Text: v.text("token.expires.keep", end)})
	}
	for _, days := range expiries {
		list = append(list, option{Value: strconv.Itoa(days), Text: v.text("time.ahead", v.texts().count("time.day", days))})
	}
	list = append(list, option{Value: "date", Text: v.text("token.expires.date")}, option{Value: "policy", Text: v.text("token.expires.policy")})
	for i := range list {
		list[i].Chosen = list[i].Value == page.Expiry
	}
	return list
}

func (v *visit) scopeGroups(chosen []string) []scopeGroup {
	var groups []scopeGroup
	for _, api := range v.Doors.Policy().APIs() {
		if api.Disabled {
			continue
		}
		d := api.Document
		choice := func(scope, title string) scopeChoice {
			return scopeChoice{Scope: scope, Title: titleOr(title, scope), Checked: slices.Contains(chosen, scope)}
		}
		g := scopeGroup{Title: titleOr(d.Title, string(d.Name)), Whole: choice(string(d.Name), v.text("token.whole"))}
		for _, s := range d.Scopes {
			g.Scopes = append(g.Scopes, choice(string(d.Name)+"/"+s.Name, titleOr(s.Title, s.Name)))
		}
		groups = append(groups, g)
	}
	return groups
}

// scopes returns what the form limits the token to, nil for not at all.
func (v *visit) scopesOf(form *tokenForm, f *faults) []string {
	switch {
	case form.Reach == "all":
		return nil
	case form.Reach != "some":
		f.at("reach", v.text("token.reach.need"))
	case len(form.Scopes) == 0:
		f.at("scopes", v.text("token.scope.need"))
	}
	return form.Scopes
}

// expires returns the end that was chosen. Zero is what the tenant's policy says.
func (v *visit) expiresOf(form *tokenForm, f *faults) time.Time {
	switch {
	case form.Expiry == "policy":
		return time.Time{}
	case isExpiry(form.Expiry):
		days, _ := strconv.Atoi(form.Expiry) // it is one of ours
		return v.now.AddDate(0, 0, days)
	case form.Expiry != "date":
		f.at("expires", v.text("token.expires.need"))
		return time.Time{}
	}
	if form.Date == "" {
		f.at("date", v.text("form.date", v.now.AddDate(0, 3, 0).Format(time.DateOnly)))
	}
	return v.lastDay(form.Date, "date", f)
}

// networks returns the networks that were typed, one to a line.
func (v *visit) networksOf(form *tokenForm, f *faults) []netip.Prefix {
	var list []netip.Prefix
	for _, line := range strings.FieldsFunc(form.Networks, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ' ' }) {
		if addr, err := netip.ParseAddr(line); err == nil && addr.Zone() == "" {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(line)
		if err != nil {
			f.at("networks", v.text("token.networks.bad"))
			return nil
		}
		list = append(list, network)
	}
	return list
}

// formFields are the fields of the form, as admin calls them.
var formFields = [...]string{"name", "scopes", "tenant", "expires", "networks"}

func (v *visit) createToken() error {
	return v.makeToken(v.newTokenPage(), v.Admin.CreateToken)
}

// makeToken makes a token of what was typed, by a function of admin.
func (v *visit) makeToken(page *tokenFormPage, create func(context.Context, admin.Actor, admin.NewToken) (admin.Issued, error)) error {
	page.tokenForm = typed(v.form)
	page.Version = 0
	form, f := &page.tokenForm, &page.Faults
	f.need(strings.TrimSpace(form.Name), "name", v.text("token.name.need"))
	in := admin.NewToken{
		Name: strings.TrimSpace(form.Name), Scopes: v.scopesOf(form, f), Tenant: sallyport.TenantID(form.Tenant),
		Networks: v.networksOf(form, f), Expires: v.expiresOf(form, f),
	}
	if f.Any() {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	issued, err := create(v.r.Context(), v.once(form.Once), in)
	switch {
	case err == nil:
		return v.showSecret(http.StatusCreated, v.text("token.made-now"), issued, time.Time{})
	case f.take(err, formFields[:]...):
		page.Once = rand.Text()
		return v.showForm(statusOf(err), page)
	}
	return err
}

// once is the visitor, who sends a form that was drawn a word for: sent twice, it
// makes one thing.
func (v *visit) once(word string) admin.Actor {
	actor := v.actor
	if word != "" {
		actor.Once = &admin.Once{Key: "console-" + word, Request: sha256.Sum256([]byte(v.form.Encode()))}
	}
	return actor
}

// tokenToEdit is the form of the token or key in the path.
func (v *visit) tokenToEdit() (*tokenFormPage, *credentialPage, error) {
	p, err := v.credentialIn("")
	if err != nil {
		return nil, nil, err
	}
	if !p.Change {
		return nil, nil, errNotHis()
	}
	page := &tokenFormPage{
		frame: p.frame, Token: p.Token, At: p.At, Back: tab{Text: p.Token.Name, Path: p.At}, Key: p.Key, Action: p.At + "/edit",
	}
	if page.Title = v.text("token.edit"); p.Key {
		page.Title = v.text("key.edit")
	}
	if !p.Key && !p.Own {
		page.Owner = p.Owner.Login
	}
	return page, p, nil
}

func (v *visit) editToken() error {
	page, p, err := v.tokenToEdit()
	if err != nil {
		return err
	}
	c := &p.Credential
	page.tokenForm = tokenForm{
		Name: c.Name, Reach: "all", Scopes: c.Scopes, Expiry: "keep", Networks: asLines(page.Token.Networks), Version: c.Version,
	}
	if c.Scopes != nil {
		page.Reach = "some"
	}
	if v.goneScopes(&page.tokenForm) {
		page.Faults.at("scopes", v.text("token.gone-scopes"))
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
	page, p, err := v.tokenToEdit()
	if err != nil {
		return err
	}
	page.tokenForm = typed(v.form)
	form, f := &page.tokenForm, &page.Faults
	text := strings.TrimSpace(form.Name)
	f.need(text, "name", v.text("token.name.need"))
	scopes, networks := v.scopesOf(form, f), v.networksOf(form, f)
	change := admin.TokenChange{Name: &text, Scopes: &scopes, Networks: &networks}
	if form.Expiry != "keep" {
		end := v.expiresOf(form, f)
		change.Expires = &end
	}
	if f.Any() {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		_, err = v.Admin.UpdateKey(ctx, v.actor, c.Tenant, c.ID, form.Version, change)
	} else {
		_, err = v.Admin.UpdateToken(ctx, v.actor, c.ID, form.Version, change)
	}
	switch {
	case err == nil:
		return v.doneWith(p, "updated")
	case f.take(err, formFields[:]...):
		page.Version = c.Version // who sends it again has seen that it was changed
		return v.showForm(statusOf(err), page)
	}
	return err
}
