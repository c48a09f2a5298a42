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

// An apiRoutesPage lists the routes of an API, each with whether the visitor may
// call it in a tenant.
type apiRoutesPage struct {
	apiFrame
	Tenant  sallyport.TenantID
	Tenants []option
	Search  string
	Show    string // "", "may" or "not"
	Shows   []option
	Rows    []routeRow
	Sum     string // how many fit
	Pager   pager
}

// A routeRow is a route and whether the visitor may call it.
type routeRow struct {
	*policy.Route
	Path string // as requests have it, with the base path
	Page string // URL of its page
	verdict
}

// A verdict says whether the visitor may call a route, and if not what he lacks:
// each of All, and one of Some.
type verdict struct {
	May       bool
	All, Some []sallyport.Permission
	Why       string // text key, if it is no permission that he lacks
}

func (v *visit) apiRoutes() error {
	f, err := v.apiIn("routes")
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	page := &apiRoutesPage{apiFrame: f, Search: strings.TrimSpace(q.Get("path")), Show: q.Get("show")}
	page.Shows = v.showChoices(page.Show)
	if f.API == nil {
		return v.show(http.StatusOK, "api_routes", page)
	}
	if page.Tenant, page.Tenants, err = v.callTenant(); err != nil {
		return err
	}
	rows, err := v.routeRows(page)
	if err != nil {
		return err
	}
	page.Sum = v.texts().plain("api.fit."+one(len(rows)), grouped(int64(len(rows))))
	var first, last int
	first, last, page.Pager = v.part("from", len(rows), shownRoutes)
	page.Rows = rows[first:last]
	return v.show(http.StatusOK, "api_routes", page)
}

// one is the ending of a text's key that counts.
func one(n int) string {
	if n == 1 {
		return "one"
	}
	return "other"
}

// routeRows are the routes that fit what is asked for, by path.
func (v *visit) routeRows(page *apiRoutesPage) ([]routeRow, error) {
	call := v.caller(page.Tenant)
	wanted := strings.ToLower(page.Search)
	var rows []routeRow
	for _, r := range page.API.Routes {
		row := routeRow{Route: r, Path: fullPath(r)}
		if !strings.Contains(strings.ToLower(row.Path), wanted) {
			continue
		}
		var err error
		if row.verdict, err = call.may(r); err != nil {
			return nil, err
		}
		if page.Show == "may" && !row.May || page.Show == "not" && row.May {
			continue
		}
		row.Page = page.Path + "/route?" + url.Values{"id": {r.ID}, "tenant": {string(page.Tenant)}}.Encode()
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b routeRow) int { return strings.Compare(a.Path, b.Path) })
	return rows, nil
}

// fullPath is the pattern of a route with the base path of its API.
func fullPath(r *policy.Route) string {
	return strings.TrimSuffix(r.API.Document.BasePath, "/") + r.Path
}

// callTenant is the tenant that the visitor wants to call an API in, and those
// that he has to choose from.
func (v *visit) callTenant() (chosen sallyport.TenantID, choices []option, err error) {
	list, err := v.Admin.MyTenants(v.r.Context(), v.actor, maxList)
	if err != nil {
		return "", nil, err
	}
	if chosen = sallyport.TenantID(v.r.URL.Query().Get("tenant")); chosen == "" {
		chosen = v.tenantFor(&sallyport.Credential{})
	}
	if chosen == "" && len(list) > 0 {
		chosen = list[0].ID
	}
	there := chosen == ""
	for _, t := range list {
		there = there || t.ID == chosen
		choices = append(choices, option{Value: string(t.ID), Text: t.Name, Chosen: t.ID == chosen})
	}
	if !there {
		if v.Doors.Policy().Tenant(chosen) == nil {
			return "", nil, sallyport.ErrNotFound("there is no such tenant")
		}
		choices = append(choices, option{Value: string(chosen), Text: v.tenantName(chosen), Chosen: true})
	}
	return chosen, choices, nil
}

// A caller knows what the visitor may call in a tenant.
type caller struct {
	*visit
	tenant sallyport.TenantID
	limit  *policy.Limit
	held   map[sallyport.TenantID][]sallyport.Permission // as far as it was asked for
}

func (v *visit) caller(tenant sallyport.TenantID) *caller {
	if tenant == "" {
		tenant = sallyport.EveryTenant
	}
	return &caller{visit: v, tenant: tenant, limit: v.Doors.Policy().Limit(v.actor.Scopes), held: map[sallyport.TenantID][]sallyport.Permission{}}
}

// may tells whether the visitor may call a route, in some realm or under some
// condition.
func (c *caller) may(r *policy.Route) (verdict, error) {
	switch {
	case r.API.Disabled:
		return verdict{Why: "api.why.disabled"}, nil
	case r.Public:
		return verdict{May: true}, nil
	case !c.limit.Reaches(r):
		return verdict{Why: "api.why.scopes"}, nil
	}
	tenant := c.tenant
	if r.Tenant != nil && r.Tenant.From == "fixed" {
		tenant = sallyport.TenantID(r.Tenant.Default)
	}
	held, asked := c.held[tenant]
	if !asked {
		var err error
		held, err = c.Admin.Permissions(c.r.Context(), c.actor, tenant)
		if err != nil && (sallyport.KindOf(err) != sallyport.NotFound || tenant == c.tenant) {
			return verdict{}, err
		}
		c.held[tenant] = held
	}
	all, some := r.Lacks(held)
	return verdict{May: len(all)+len(some) == 0, All: all, Some: some}, nil
}

// An apiRoutePage tells all of one route.
type apiRoutePage struct {
	apiFrame
	Tenant  sallyport.TenantID
	Tenants []option
	Where   string // name of the tenant
	WhoCan  string // start of the URL of the question who can; empty: not the visitor's
	Row     routeRow
	Facts   []fact
	Curl    []string // none: no credential that it takes can be shown in a command
	Basic   bool     // curl asks for the password
}

func (v *visit) apiRoute() error {
	f, err := v.apiIn("routes")
	if err != nil {
		return err
	}
	page := &apiRoutePage{apiFrame: f}
	var r *policy.Route
	if f.API != nil {
		r = f.API.Route(v.r.URL.Query().Get("id"))
	}
	if r == nil {
		return sallyport.ErrNotFound("there is no such route")
	}
	if page.Tenant, page.Tenants, err = v.callTenant(); err != nil {
		return err
	}
	page.Title = titleOr(r.Title, r.ID)
	page.Where = v.tenantName(page.Tenant)
	page.Row = routeRow{Route: r, Path: fullPath(r)}
	if page.Row.verdict, err = v.caller(page.Tenant).may(r); err != nil {
		return err
	}
	if page.Tenant != "" && mayAny(v.self, []sallyport.Permission{admin.BindingsRead}) {
		page.WhoCan = in(page.Tenant) + "/who-can?permission="
	}
	page.Facts = v.routeFacts(r)
	page.Curl, page.Basic = v.curl(r, page.Tenant)
	return v.show(http.StatusOK, "api_route", page)
}

// routeFacts tell what a route looks at.
func (v *visit) routeFacts(r *policy.Route) []fact {
	facts := []fact{{v.text("api.route.id"), r.ID}, {v.text("api.tenant"), v.selector(r.Tenant, "api.tenant.own")}}
	if r.Realm != nil {
		facts = append(facts, fact{v.text("api.realm"), v.selector(r.Realm, "api.realm.none")})
	}
	if p := r.Parameter; p != nil {
		name := p.Name
		if p.Field != "" {
			name += " › " + p.Field
		}
		facts = append(facts, fact{v.text("api.parameter"), name + " = " + p.Wanted()})
	}
	for _, k := range r.ByKind {
		kinds := make([]string, len(k.Kinds))
		for i, kind := range k.Kinds {
			kinds[i] = v.text("credential." + string(kind))
		}
		asked := v.text("api.kind.none")
		if len(k.AnyOf) > 0 {
			asked = v.text("api.kind.needs", joined(k.AnyOf))
		}
		facts = append(facts, fact{v.text("api.kind", strings.Join(kinds, ", ")), asked})
	}
	if len(r.Scopes) > 0 {
		facts = append(facts, fact{v.text("api.scopes"), strings.Join(r.Scopes, ", ")})
	}
	if r.Endpoint != "" {
		facts = append(facts, fact{v.text("api.endpoint"), r.Endpoint})
	}
	return facts
}

// joined lists permissions in one line.
func joined(list []sallyport.Permission) string {
	text := make([]string, len(list))
	for i, p := range list {
		text[i] = string(p)
	}
	return strings.Join(text, ", ")
}
