package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// credentialRoutes are the routes about one token or one API key, whose pages are
// the same but for where they are.
func credentialRoutes(id, one string) []route {
	return []route{
		{id, "GET", one, member, (*visit).credential},
		{id + ".routes", "GET", one + "/routes", member, (*visit).credentialRoutes},
		{id + ".edit", "GET", one + "/edit", member, (*visit).editToken},
		{id + ".update", "POST", one + "/edit", member, (*visit).updateToken},
		{id + ".refresh.ask", "GET", one + "/refresh", member, (*visit).askRefresh},
		{id + ".refresh", "POST", one + "/refresh", member, (*visit).refreshToken},
		{id + ".overlap.end.ask", "GET", one + "/overlap", member, (*visit).askEndOverlap},
		{id + ".overlap.end", "POST", one + "/overlap", member, (*visit).endOverlap},
		{id + ".brownout.ask", "GET", one + "/brownout", member, (*visit).askBrownout},
		{id + ".brownout", "POST", one + "/brownout", member, (*visit).brownOut},
		{id + ".brownout.end", "POST", one + "/brownout/end", member, (*visit).endBrownout},
		{id + ".revoke.ask", "GET", one + "/revoke", member, (*visit).askRevoke},
		{id + ".revoke", "POST", one + "/revoke", member, (*visit).revokeToken},
	}
}

// A credentialPage is about one token or one API key. Pages about a part of it
// begin with one.
type credentialPage struct {
	frame
	admin.CredentialView
	Token  tokenRow
	Key    bool   // an API key
	At     string // path of its page
	Back   tab    // to the list that it is in
	Faults faults
}

// credentialIn returns the token or key that the path names, as far as the visitor
// may see it. The title is the page's; empty: the credential's name.
func (v *visit) credentialIn(title string) (*credentialPage, error) {
	id := v.r.PathValue("token")
	key := id == ""
	if key {
		id = v.r.PathValue("key")
	}
	view, err := v.Admin.ViewCredential(v.r.Context(), v.actor, sallyport.CredentialID(id))
	if reasonOf(err) == sallyport.PermissionMissing {
		err = sallyport.ErrNotFound("no such token")
	}
	if err != nil {
		return nil, err
	}
	c := &view.Credential
	if key != (c.Kind == sallyport.APIKey) || key && c.Tenant != v.tenantIn() {
		return nil, sallyport.ErrNotFound("no such token")
	}
	page := &credentialPage{CredentialView: view, Token: v.row(*c), Key: key}
	page.At, page.Back = v.whereIs(&view)
	page.frame = v.frame(titleOr(title, c.Name), page.area())
	if !page.Own { // the page of another's belongs to where he is administered
		page.Nav = navigation(v.self, page.area(), partOf(view.Owner.Home))
	}
	return page, nil
}

// area is the page that the navigation marks.
func (p *credentialPage) area() string {
	switch {
	case p.Key:
		return "keys"
	case p.Own:
		return "account"
	case p.Credential.Kind == sallyport.ApplicationToken:
		return "applications"
	}
	return "users"
}

// whereIs returns the path of a credential's page, and of what it belongs to.
func (v *visit) whereIs(view *admin.CredentialView) (at string, back tab) {
	c := &view.Credential
	switch {
	case c.Kind == sallyport.APIKey:
		back = tab{Text: v.text("keys.title"), Path: in(c.Tenant) + "/keys"}
		return back.Path + "/" + string(c.ID), back
	case view.Own:
		back = tab{Text: v.text("nav.account"), Path: Base + accountPath + "#tokens"}
	default:
		back = tab{Text: titleOr(view.Owner.Login, string(view.Owner.ID)), Path: in(view.Owner.Home) + "/users/" + string(view.Owner.ID)}
	}
	return tokenPath(c.ID), back
}

func tokenPath(id sallyport.CredentialID) string {
	return Base + "/tokens/" + url.PathEscape(string(id))
}

// doneWith leads back to the credential's page, which tells what was done.
func (v *visit) doneWith(p *credentialPage, what string) error {
	return v.redirect(p.At + "?done=" + what)
}

// overlaps are how long a replaced secret can go on, as the form offers it.
var overlaps = [...]struct {
	value string
	d     time.Duration
}{
	{"none", 0},
	{"hour", time.Hour},
	{"day", 24 * time.Hour},
	{"week", 7 * 24 * time.Hour},
	{"month", 30 * 24 * time.Hour},
}

// A refreshPage asks what becomes of the present secret.
type refreshPage struct {
	*credentialPage
	Overlap []option
}

func (v *visit) showRefresh(status int, p *credentialPage, chosen string) error {
	page := &refreshPage{credentialPage: p}
	for _, o := range overlaps {
		choice := option{Value: o.value, Text: v.text("overlap." + o.value), Chosen: o.value == chosen}
		if o.d == 0 {
			choice.Hint = v.text("overlap.none.hint")
		}
		page.Overlap = append(page.Overlap, choice)
	}
	return v.show(status, "refresh", page)
}

// errNotHis is the answer to who asks for a form that is not for him: a personal
// token is its owner's to change, and what is revoked is nobody's.
func errNotHis() error { return sallyport.ErrNotFound("it is not yours to change") }

func (v *visit) askRefresh() error {
	p, err := v.credentialIn("")
	if err != nil {
		return err
	}
	if !p.Change {
		return errNotHis()
	}
	chosen := "day"
	if p.Token.Uses == 0 {
		chosen = "none" // nobody would notice
	}
	return v.showRefresh(http.StatusOK, p, chosen)
}

// refreshToken gives the credential a new secret and shows it.
func (v *visit) refreshToken() error {
	p, err := v.credentialIn("")
	if err != nil {
		return err
	}
	chosen, overlap := v.form.Get("overlap"), time.Duration(-1)
	for _, o := range overlaps {
		if o.value == chosen {
			overlap = o.d
		}
	}
	if overlap < 0 {
		p.Faults.at("overlap", v.text("refresh.overlap.need"))
		return v.showRefresh(http.StatusUnprocessableEntity, p, chosen)
	}
	issued, err := v.renew(p, overlap)
	if err != nil {
		if p.Faults.take(err, "overlap") {
			return v.showRefresh(statusOf(err), p, chosen)
		}
		return err
	}
	until := time.Time{}
	if overlap > 0 {
		until = v.now.Add(overlap)
	}
	return v.showSecret(http.StatusOK, v.text("refresh.done"), issued, until)
}

func (v *visit) renew(p *credentialPage, overlap time.Duration) (admin.Issued, error) {
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		return v.Admin.RenewKey(ctx, v.actor, c.Tenant, c.ID, version(v.form), overlap)
	}
	return v.Admin.RenewToken(ctx, v.actor, c.ID, version(v.form), overlap)
}

// endingOverlap is the question before the secrets before the newest end.
func (v *visit) endingOverlap() (*confirmPage, *credentialPage, error) {
	p, err := v.credentialIn("")
	if err != nil {
		return nil, nil, err
	}
	page := &confirmPage{
		frame: p.frame, Heading: v.text("overlap.heading", p.Token.Name), Trail: tab{Text: p.Token.Name, Path: p.At},
		Warning: v.text("overlap.warning"), Action: p.At + "/overlap", Hidden: map[string]string{"version": strconv.FormatInt(p.Token.Version, 10)},
		Button: v.text("token.overlap.end"), Cancel: p.At,
	}
	page.Title = page.Heading
	for _, s := range p.Secrets[min(1, len(p.Secrets)):] { // the newest is the first
		switch {
		case s.LastUsed.IsZero():
			page.Points = append(page.Points, v.text("overlap.unused", s.Hint))
		default:
			page.Points = append(page.Points, v.texts().count("overlap.used", int(s.Uses), s.Hint, v.ago(s.LastUsed), titleOr(plainAddress(s.LastAddr), "?")))
		}
	}
	if !p.Token.Renewed.IsZero() {
		page.Points = append(page.Points, v.text("overlap.since", v.ago(p.Token.Renewed)))
	}
	return page, p, nil
}

func (v *visit) askEndOverlap() error {
	page, _, err := v.endingOverlap()
	return v.ask(page, err)
}

func (v *visit) endOverlap() error {
	page, p, err := v.endingOverlap()
	if err != nil {
		return err
	}
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		_, err = v.Admin.EndKeyOverlap(ctx, v.actor, c.Tenant, c.ID, version(v.form))
	} else {
		_, err = v.Admin.EndTokenOverlap(ctx, v.actor, c.ID, version(v.form))
	}
	return v.confirmed(page, err, after(p.At, "overlap"))
}

// credentialRefused shows the credential's page again, with what was refused.
func (v *visit) credentialRefused(err error) error {
	var f faults
	if !f.take(err) {
		return err
	}
	page, again := v.aboutCredential()
	if again != nil {
		return again
	}
	page.Faults = f
	return v.show(statusOf(err), "credential", page)
}

// A brownoutPage is the form of a brown-out.
type brownoutPage struct {
	*credentialPage
	Share string
	Fors  []option
}

// brownouts are how long a brown-out can go on, as the form offers it, in hours.
var brownouts = [...]int{1, 8, 24, 7 * 24}

func (v *visit) showBrownout(status int, p *credentialPage, share, hours string) error {
	page := &brownoutPage{credentialPage: p, Share: share}
	for _, h := range brownouts {
		value := strconv.Itoa(h)
		page.Fors = append(page.Fors, option{Value: value, Text: v.spanWords(time.Duration(h) * time.Hour), Chosen: value == hours})
	}
	return v.show(status, "brownout", page)
}

func (v *visit) askBrownout() error {
	p, err := v.credentialIn("")
	if err != nil {
		return err
	}
	if !p.Revoke {
		return errNotHis()
	}
	share := 10
	if p.Token.Brownout.Share > 0 {
		share = p.Token.Brownout.Share
	}
	return v.showBrownout(http.StatusOK, p, strconv.Itoa(share), "1")
}

// brownOut refuses a share of the uses for a while.
func (v *visit) brownOut() error {
	p, err := v.credentialIn("")
	if err != nil {
		return err
	}
	share, hours := v.form.Get("share"), v.form.Get("for")
	n, err := strconv.Atoi(share)
	if err != nil || n < 1 || n > 100 {
		p.Faults.at("share", v.text("brownout.share.need"))
	}
	h, err := strconv.Atoi(hours)
	if err != nil || !slices.Contains(brownouts[:], h) {
		p.Faults.at("for", v.text("brownout.for.need"))
	}
	if p.Faults.Any() {
		return v.showBrownout(http.StatusUnprocessableEntity, p, share, hours)
	}
	plan := admin.BrownoutPlan{Share: n, For: time.Duration(h) * time.Hour}
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		_, err = v.Admin.BrownOutKey(ctx, v.actor, c.Tenant, c.ID, version(v.form), plan)
	} else {
		_, err = v.Admin.BrownOutToken(ctx, v.actor, c.ID, version(v.form), plan)
	}
	switch {
	case err == nil:
		return v.doneWith(p, "brownout")
	case p.Faults.take(err, "share", "for"):
		return v.showBrownout(statusOf(err), p, share, hours)
	}
	return err
}

func (v *visit) endBrownout() error {
	p, err := v.credentialIn("")
	if err != nil {
		return err
	}
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		_, err = v.Admin.EndKeyBrownout(ctx, v.actor, c.Tenant, c.ID, version(v.form))
	} else {
		_, err = v.Admin.EndTokenBrownout(ctx, v.actor, c.ID, version(v.form))
	}
	if err != nil {
		return v.credentialRefused(err)
	}
	return v.doneWith(p, "brownout.end")
}

// revocation asks before a credential is revoked, and names what will stop
// working.
func (v *visit) revocation() (*confirmPage, *credentialPage, error) {
	p, err := v.credentialIn("")
	if err != nil {
		return nil, nil, err
	}
	page := &confirmPage{
		frame: p.frame, Heading: v.text("revoke.heading", p.Token.Name), Trail: tab{Text: p.Token.Name, Path: p.At},
		Action: p.At + "/revoke", Hidden: map[string]string{"version": strconv.FormatInt(p.Token.Version, 10)},
		Button: v.text("revoke.token"), Cancel: p.At,
	}
	if p.Key {
		page.Button = v.text("revoke.key")
	}
	if p.Token.State == "revoked" {
		page.Points, page.Button = []string{v.text("revoke.already")}, ""
		return page, p, nil
	}
	page.Points, page.Warning = v.stopsOfToken(p), v.text("revoke.warning")
	return page, p, nil
}

func (v *visit) askRevoke() error {
	page, _, err := v.revocation()
	return v.ask(page, err)
}

func (v *visit) revokeToken() error {
	page, p, err := v.revocation()
	if err != nil {
		return err
	}
	ctx, c := v.r.Context(), &p.Credential
	if p.Key {
		err = v.Admin.RevokeKey(ctx, v.actor, c.Tenant, c.ID, version(v.form))
	} else {
		err = v.Admin.RevokeToken(ctx, v.actor, c.ID, version(v.form))
	}
	what := "revoked"
	if p.Key {
		what = "key.revoked"
	}
	return v.confirmed(page, err, after(p.Back.Path, what))
}

// after is a path with what was done. It leads to the top, where that is told.
func after(path, done string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	u.RawQuery, u.Fragment = url.Values{"done": {done}}.Encode(), ""
	return u.String()
}

// A secretPage shows a secret, this once.
type secretPage struct {
	frame
	Heading string
	Token   tokenRow
	Key     bool
	At      string
	Back    tab
	Secret  string    // empty: it was shown before
	Until   time.Time // until then the secret before works as well; zero: it does not
	Acts    string    // name of the tenant that it acts in; empty: wherever its owner may
	ActsIn  sallyport.TenantID
	Try     []string // lines of a request that shows that it works; none: there is no simple one
	TryAPI  string
}

// showSecret shows a new secret. It is in this answer only: the page is kept in
// no cache, and asking for it again is another request.
func (v *visit) showSecret(status int, heading string, issued admin.Issued, until time.Time) error {
	c := &issued.Credential
	view, err := v.Admin.ViewCredential(v.r.Context(), v.actor, c.ID)
	if err != nil { // who may make a key need not be one who may read it
		view = admin.CredentialView{Credential: *c, Owner: sallyport.Principal{ID: c.Owner, Home: c.Tenant}, Own: c.Owner == v.self.Principal.ID}
	}
	page := &secretPage{Heading: heading, Token: v.row(*c), Key: c.Kind == sallyport.APIKey, Until: until}
	page.At, page.Back = v.whereIs(&view)
	page.frame = v.frame(heading, (&credentialPage{CredentialView: view, Key: page.Key}).area())
	if c.Tenant != sallyport.EveryTenant {
		page.ActsIn, page.Acts = c.Tenant, v.tenantName(c.Tenant)
	}
	if !issued.Replayed {
		page.Secret = issued.Secret.Reveal()
		page.TryAPI, page.Try = v.example(&issued)
	}
	return v.show(status, "secret", page)
}
