package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// accountPath is where somebody finds what is his own, below [Base].
const accountPath = "/account"

// accountRoutes are the routes of what is one's own.
func accountRoutes() []route {
	const token, session, signIn = "/tokens/{token}", "/sessions/{session}", "/sign-ins/{signin}"
	return slices.Concat(factorRoutes(), credentialRoutes("token", token), []route{
		{"account", "GET", accountPath, member, (*visit).account},
		{"contact.edit", "GET", accountPath + "/contact", member, (*visit).editContact},
		{"contact.update", "POST", accountPath + "/contact", member, (*visit).updateContact},
		{"tenant", "GET", "/tenants/{tenant}", member, (*visit).tenant},

		{"tokens", "GET", "/tokens", member, func(v *visit) error { return v.redirect(Base + accountPath) }},
		{"token.new", "GET", "/tokens/new", member, (*visit).newToken},
		{"token.create", "POST", "/tokens/new", member, (*visit).createToken},

		{"sessions", "GET", "/sessions", member, (*visit).sessions},
		{"sessions.end-others.ask", "GET", "/sessions/others", member, (*visit).askEndOthers},
		{"sessions.end-others", "POST", "/sessions/others", member, (*visit).endOthers},
		{"session.end.ask", "GET", session + "/end", member, (*visit).askEnd},
		{"session.end", "POST", session + "/end", member, (*visit).endSession},
		{"sign-in.end.ask", "GET", signIn + "/end", member, (*visit).askEnd},
		{"sign-in.end", "POST", signIn + "/end", member, (*visit).endSignIn},

		{"password.show", "GET", "/password", changing, (*visit).showPassword},
		{"password.change", "POST", "/password", changing, (*visit).changePassword},
	})
}

// An accountPage tells somebody who he is, where he may act, and which tokens he
// has.
type accountPage struct {
	frame
	Kind        string
	Home        string   // name of the tenant where the account is administered
	Roles       []string // each with where it is held
	Tenants     []sallyport.Tenant
	MoreTenants string // URL of the next part of the list; empty: this is all of it
	Tokens      tokenTable
	Pager       pager      // of the tokens
	Unread      bool       // there are more tokens than were looked through
	Soon        int        // how many end soon
	Ending      []tokenRow // the first of those
	Ended       bool       // tokens that were revoked are shown as well
}

func (v *visit) account() error {
	ctx, q := v.r.Context(), v.r.URL.Query()
	page := &accountPage{frame: v.frame(v.text("nav.account"), "account"), Kind: v.text("kind." + string(v.self.Principal.Kind)), Ended: q.Get("show") == "all"}
	tenants, err := v.Admin.Tenants(ctx, v.actor, store.TenantFilter{}, admin.Page{Limit: 25, Cursor: q.Get("tenants")})
	if err != nil {
		return err
	}
	page.Tenants, page.MoreTenants = tenants.Items, more(q, "tenants", tenants.Next, "tenants")
	if err := v.myTokens(page); err != nil {
		return err
	}
	if page.Roles, err = v.myRoles(); err != nil {
		return err
	}
	page.Home = v.tenantName(v.self.Principal.Home)
	return v.show(http.StatusOK, "account", page)
}

// myTokens fills in the visitor's tokens, the newest first, and which end soon.
func (v *visit) myTokens(page *accountPage) error {
	filter := admin.TokenFilter{Owner: v.self.Principal.ID, State: sallyport.Active}
	if page.Ended {
		filter.State = ""
	}
	tokens, unread, err := every(maxChoices, func(at admin.Page) (admin.List[sallyport.Credential], error) {
		return v.Admin.Tokens(v.r.Context(), v.actor, "", filter, at)
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(tokens, func(a, b sallyport.Credential) int { return b.Created.Compare(a.Created) })
	first, last, at := v.part("from", len(tokens), shownTokens)
	page.Pager, page.Unread = at.to("tokens"), unread
	page.Tokens = tokenTable{Now: v.now, Change: true, Revoke: true}
	for i, c := range tokens {
		row := v.row(c)
		if i >= first && i < last {
			page.Tokens.Rows = append(page.Tokens.Rows, row)
		}
		if row.Soon {
			page.Ending = append(page.Ending, row)
		}
	}
	slices.SortFunc(page.Ending, func(a, b tokenRow) int { return a.Expires.Compare(b.Expires) })
	page.Soon = len(page.Ending)
	page.Ending = page.Ending[:min(page.Soon, maxNamed)]
	return nil
}

// shownRoles is how many of his roles somebody is told of.
const shownRoles = 30

// myRoles are the visitor's roles, each with where he has it.
func (v *visit) myRoles() (list []string, err error) {
	held, err := v.Admin.MyRoles(v.r.Context(), v.actor, shownRoles)
	for _, h := range held {
		text := v.text("account.role-in", h.Role.Name, h.Tenant.Name)
		if h.Realm != "" {
			text = v.text("account.role-in-realm", h.Role.Name, h.Tenant.Name, h.Realm)
		}
		list = append(list, text)
	}
	return list, err
}

// A contactPage is the form to change one's contact with.
type contactPage struct {
	frame
	Full    string
	Email   string
	Version int64
	Faults  faults
}

func (v *visit) contactPage() (*contactPage, error) {
	u := v.self.User
	if u == nil {
		return nil, sallyport.ErrNotFound("there is no contact")
	}
	return &contactPage{frame: v.frame(v.text("account.contact.edit"), "account"), Full: u.Name, Email: u.Email, Version: u.Version}, nil
}

func (v *visit) editContact() error {
	page, err := v.contactPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "account_contact", page)
}

func (v *visit) updateContact() error {
	page, err := v.contactPage()
	if err != nil {
		return err
	}
	page.Full, page.Email = strings.TrimSpace(v.form.Get("name")), strings.TrimSpace(v.form.Get("email"))
	_, err = v.Admin.UpdateMe(v.r.Context(), v.actor, version(v.form), admin.UserChange{Name: &page.Full, Email: &page.Email})
	switch {
	case err == nil:
		return v.redirect(Base + accountPath + "?done=contact")
	case page.Faults.take(err, "name", "email"):
		return v.show(statusOf(err), "account_contact", page)
	}
	return err
}

// more is the URL of the next part of a list, empty if there is none.
func more(q url.Values, list, cursor, anchor string) string {
	if cursor == "" {
		return ""
	}
	next := url.Values{list: {cursor}}
	if all := q.Get("show"); all == "all" {
		next.Set("show", all)
	}
	return Base + accountPath + "?" + next.Encode() + "#" + anchor
}

// tenantName is the name of a tenant that the visitor has to do with.
func (v *visit) tenantName(id sallyport.TenantID) string {
	if id == sallyport.EveryTenant || id == "" {
		return v.text("tenants.every")
	}
	if t := v.Doors.Policy().Tenant(id); t != nil {
		return t.Name
	}
	return string(id)
}

// A tenantPage tells what somebody may do in a tenant.
type tenantPage struct {
	frame
	Tenant sallyport.Tenant
	APIs   []apiRights
}

// apiRights are rights at one API.
type apiRights struct {
	Name        string
	Title       string
	Permissions []permissionRow
}

// A permissionRow is a permission and what it is for.
type permissionRow struct {
	Name  string
	Title string
}

func (v *visit) tenant() error {
	ctx, id := v.r.Context(), sallyport.TenantID(v.r.PathValue("tenant"))
	permissions, err := v.Admin.Permissions(ctx, v.actor, id)
	if err != nil {
		return err
	}
	tenant := sallyport.Tenant{ID: id, Name: v.tenantName(id)}
	page := &tenantPage{frame: v.frame(v.text("rights.title", tenant.Name), "account"), Tenant: tenant}
	page.APIs = v.rights(permissions)
	return v.show(http.StatusOK, "tenant", page)
}

// rights sorts permissions by API. The list is sorted by name.
func (v *visit) rights(list []sallyport.Permission) (apis []apiRights) {
	for _, p := range list {
		name := p.API()
		api := v.Doors.Policy().API(name)
		if len(apis) == 0 || apis[len(apis)-1].Name != string(name) {
			group := apiRights{Name: string(name), Title: string(name)}
			if api != nil {
				group.Title = titleOr(api.Document.Title, string(name))
			}
			apis = append(apis, group)
		}
		row := permissionRow{Name: string(p)}
		if api != nil {
			row.Title = permissionTitle(api.Document, p)
		}
		last := &apis[len(apis)-1]
		last.Permissions = append(last.Permissions, row)
	}
	return apis
}

func permissionTitle(api *sallyport.API, p sallyport.Permission) string {
	for _, spec := range api.Permissions {
		if string(api.Name)+"/"+spec.Name == string(p) {
			return spec.Title
		}
	}
	return ""
}

func titleOr(title, other string) string {
	if title == "" {
		return other
	}
	return title
}
