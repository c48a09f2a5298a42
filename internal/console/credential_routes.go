package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

// A reacher knows what a token or an API key can call in a tenant.
type reacher struct {
	credential *sallyport.Credential
	tenant     sallyport.TenantID
	held       []sallyport.Permission
	limit      *policy.Limit // nil: it has no scopes, which are no limit
}

func (v *visit) reacher(c *sallyport.Credential, reach *admin.Reach) *reacher {
	r := &reacher{credential: c, tenant: reach.Tenant, held: reach.Held}
	if c.Scopes != nil {
		if r.limit = v.Doors.Policy().Limit(c.Scopes); r.limit == nil {
			r.limit = &policy.Limit{} // an empty list of scopes leaves nothing
		}
	}
	return r
}

// reachOf is what a credential can call where it acts by itself; nil if that is
// not the visitor's to know.
func (v *visit) reachOf(c *sallyport.Credential) *reacher {
	reach, err := v.Admin.Reach(v.r.Context(), v.actor, c.ID, "")
	if err != nil {
		return nil
	}
	if reach.Tenant == "" && c.Owner == v.self.Principal.ID {
		// An installation without tenants: what he may everywhere is what there is.
		if held, err := v.Admin.Permissions(v.r.Context(), v.actor, sallyport.EveryTenant); err == nil {
			reach.Held = held
		}
	}
	return v.reacher(c, &reach)
}

// A reachVerdict says whether a credential can call a route, and if not what is
// missing: permissions of its owner, or one of some scopes.
type reachVerdict struct {
	verdict
	NeedScopes []string
}

// may tells whether the credential can call a route, in some realm or under some
// condition.
func (r *reacher) may(route *policy.Route) reachVerdict {
	if route.API.Disabled {
		return reachVerdict{verdict: verdict{Why: "api.why.disabled"}}
	}
	if route.Public {
		return reachVerdict{verdict: verdict{May: true}}
	}
	all, some := route.Lacks(r.held)
	extra := route.ForKind(r.credential.Kind)
	switch {
	case extra != nil && len(extra.AnyOf) == 0:
		return reachVerdict{verdict: verdict{Why: "token.why.kind"}}
	case extra != nil && !slices.ContainsFunc(extra.AnyOf, func(p sallyport.Permission) bool { return slices.Contains(r.held, p) }):
		some = slices.Concat(some, extra.AnyOf)
	}
	out := reachVerdict{verdict: verdict{All: all, Some: some}, NeedScopes: r.lacks(route)}
	out.May = len(all)+len(some)+len(out.NeedScopes) == 0
	return out
}

// lacks returns the scopes of which the credential would need one; none: those
// that it has do.
func (r *reacher) lacks(route *policy.Route) []string {
	if r.limit.Reaches(route) && r.limit.Leaves(route.Need) {
		return nil
	}
	whole := string(route.API.Name)
	if len(route.Scopes) > 0 {
		return append(slices.Clone(route.Scopes), whole)
	}
	var fit []string
	for _, s := range route.API.Document.Scopes {
		if r.keeps(route, s) {
			fit = append(fit, whole+"/"+s.Name)
		}
	}
	return append(fit, whole)
}

// keeps reports whether a scope leaves what a route needs.
func (r *reacher) keeps(route *policy.Route, s sallyport.ScopeSpec) bool {
	has := func(p sallyport.Permission) bool {
		return slices.ContainsFunc(s.Permissions, func(local string) bool {
			return local == "*" || string(route.API.Name)+"/"+local == string(p)
		})
	}
	for _, p := range route.AllOf {
		if !has(p) {
			return false
		}
	}
	return len(route.AnyOf) == 0 || slices.ContainsFunc(route.AnyOf, has)
}

// A credentialRoutesPage is what a token or key can do, as a table of routes.
type credentialRoutesPage struct {
	*credentialPage
	APIs    []tab
	API     *policy.API
	Taken   bool // the API takes credentials of the kind
	Kind    string
	Tenant  sallyport.TenantID
	Tenants []option
	Where   string
	Show    string // "", "may" or "not"
	Shows   []option
	Rows    []reachedRow
	Sum     string
	Pager   pager
}

// A reachedRow is a route and whether the credential can call it.
type reachedRow struct {
	*policy.Route
	Path string
	reachVerdict
}

func (v *visit) credentialRoutes() error {
	p, err := v.credentialIn(v.text("token.can"))
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	reach, err := v.Admin.Reach(v.r.Context(), v.actor, p.Credential.ID, sallyport.TenantID(q.Get("tenant")))
	if err != nil {
		return err
	}
	page := &credentialRoutesPage{
		credentialPage: p, Tenant: reach.Tenant, Show: q.Get("show"), Kind: v.text("credential." + string(p.Credential.Kind)),
	}
	if reach.Tenant != "" {
		page.Where = v.tenantName(reach.Tenant)
	}
	for _, t := range reach.Tenants {
		page.Tenants = append(page.Tenants, option{Value: string(t.ID), Text: t.Name, Chosen: t.ID == reach.Tenant})
	}
	for _, show := range [...]string{"", "may", "not"} {
		page.Shows = append(page.Shows, option{Value: show, Text: v.text("token.show." + titleOr(show, "all")), Chosen: show == page.Show})
	}
	if page.API, page.APIs = v.apiTabs(p.At+"/routes", q); page.API == nil {
		return v.show(http.StatusOK, "credential_routes", page)
	}
	page.Taken = takes(page.API, p.Credential.Kind)
	rows, may := v.reachedRows(page, &reach)
	page.Sum = v.text("token.can.sum", grouped(int64(may)), grouped(int64(len(page.API.Routes))))
	var first, last int
	first, last, page.Pager = v.part("from", len(rows), shownRoutes)
	page.Rows = rows[first:last]
	return v.show(http.StatusOK, "credential_routes", page)
}

// apiTabs are the APIs in use, and the one of them that the query names; the first
// if it names none. There is none if none is in use.
func (v *visit) apiTabs(path string, q url.Values) (chosen *policy.API, tabs []tab) {
	for _, a := range v.Doors.Policy().APIs() {
		if a.Disabled {
			continue
		}
		if chosen == nil || string(a.Name) == q.Get("api") {
			chosen = a
		}
		to := url.Values{"api": {string(a.Name)}}
		for _, keep := range []string{"tenant", "show"} {
			if q.Get(keep) != "" {
				to.Set(keep, q.Get(keep))
			}
		}
		tabs = append(tabs, tab{Text: titleOr(a.Document.Title, string(a.Name)), Path: path + "?" + to.Encode()})
	}
	for i := range tabs {
		tabs[i].Current = chosen != nil && strings.Contains(tabs[i].Path+"&", "api="+url.QueryEscape(string(chosen.Name))+"&")
	}
	return chosen, tabs
}

// reachedRows are the routes of the API by path, and how many of all can be called.
func (v *visit) reachedRows(page *credentialRoutesPage, reach *admin.Reach) (rows []reachedRow, may int) {
	r := v.reacher(&page.Credential, reach)
	for _, route := range page.API.Routes {
		row := reachedRow{Route: route, Path: fullPath(route), reachVerdict: r.may(route)}
		if row.May {
			may++
		}
		if page.Show == "may" && !row.May || page.Show == "not" && row.May {
			continue
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b reachedRow) int { return strings.Compare(a.Path, b.Path) })
	return rows, may
}
