package console

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// accountPath is where somebody finds what is his own, below [Base].
const accountPath = "/account"

// accountRoutes are the routes of what is one's own.
func accountRoutes() []route {
	const token, session = "/tokens/{token}", "/sessions/{session}"
	return append(factorRoutes(), []route{
		{"account", "GET", accountPath, member, (*visit).account},
		{"tenant", "GET", "/tenants/{tenant}", member, (*visit).tenant},

		{"tokens", "GET", "/tokens", member, func(v *visit) error { return v.redirect(Base + accountPath) }},
		{"token.new", "GET", "/tokens/new", member, (*visit).newToken},
		{"token.create", "POST", "/tokens/new", member, (*visit).createToken},
		{"token", "GET", token, member, (*visit).token},
		{"token.edit", "GET", token + "/edit", member, (*visit).editToken},
		{"token.update", "POST", token + "/edit", member, (*visit).updateToken},
		{"token.refresh.ask", "GET", token + "/refresh", member, (*visit).askRefresh},
		{"token.refresh", "POST", token + "/refresh", member, (*visit).refreshToken},
		{"token.revoke.ask", "GET", token + "/revoke", member, (*visit).askRevoke},
		{"token.revoke", "POST", token + "/revoke", member, (*visit).revokeToken},

		{"sessions", "GET", "/sessions", member, (*visit).sessions},
		{"sessions.end-others.ask", "GET", "/sessions/others", member, (*visit).askEndOthers},
		{"sessions.end-others", "POST", "/sessions/others", member, (*visit).endOthers},
		{"session.end", "POST", session + "/end", member, (*visit).endSession},
		{"sign-in.end", "POST", "/sign-ins/{signin}/end", member, (*visit).endSignIn},

		{"password.show", "GET", "/password", changing, (*visit).showPassword},
		{"password.change", "POST", "/password", changing, (*visit).changePassword},
	}...)
}

// An accountPage tells somebody who he is, where he may act, and which tokens he
// has.
type accountPage struct {
	frame
	Kind        string
	Home        string // name of the tenant where the account is administered
	Tenants     []sallyport.Tenant
	MoreTenants string // URL of the next part of the list; empty: this is all of it
	Tokens      []tokenRow
	MoreTokens  string
	Ended       bool // tokens that were revoked are shown as well
}

func (v *visit) account() error {
	ctx, q := v.r.Context(), v.r.URL.Query()
	page := &accountPage{frame: v.frame("My account", "account"), Kind: kindWords(v.self.Principal.Kind), Ended: q.Get("show") == "all"}
	tenants, err := v.Admin.Tenants(ctx, v.actor, store.TenantFilter{}, admin.Page{Limit: 25, Cursor: q.Get("tenants")})
	if err != nil {
		return err
	}
	filter := admin.TokenFilter{Owner: v.self.Principal.ID, State: sallyport.Active}
	if page.Ended {
		filter.State = ""
	}
	tokens, err := v.Admin.Tokens(ctx, v.actor, "", filter, admin.Page{Limit: maxList, Cursor: q.Get("tokens")})
	if err != nil {
		return err
	}
	page.Tenants, page.MoreTenants = tenants.Items, more(q, "tenants", tenants.Next, "tenants")
	for _, c := range tokens.Items {
		page.Tokens = append(page.Tokens, v.row(c))
	}
	slices.SortStableFunc(page.Tokens, func(a, b tokenRow) int { return b.Created.Compare(a.Created) })
	page.MoreTokens = more(q, "tokens", tokens.Next, "tokens")
	page.Home = v.tenantName(v.self.Principal.Home)
	return v.show(http.StatusOK, "account", page)
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
		return "every tenant"
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
	page := &tenantPage{frame: v.frame("My rights in "+tenant.Name, "account"), Tenant: tenant}
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
