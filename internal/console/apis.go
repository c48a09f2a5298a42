package console

import (
	"cmp"
	"net/http"
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

// apisArea shows the protected APIs to who may see them.
func apisArea() area {
	return area{
		id: "apis", path: "/apis",
		pages: []areaPage{{id: "apis", path: "/apis"}},
		routes: func() []route {
			const one = "/apis/{api}"
			return slices.Concat(startRoutes(), exploreRoutes(), settingRoutes(), documentRoutes(), importRoutes(), []route{
				{"apis", "GET", "/apis", member, (*visit).apis},
				{"api", "GET", one, member, (*visit).api},
				{"api.permissions", "GET", one + "/permissions", member, (*visit).apiPermissions},
				{"api.routes", "GET", one + "/routes", member, (*visit).apiRoutes},
				{"api.route", "GET", one + "/route", member, (*visit).apiRoute},
			})
		},
	}
}

// How much of a list a page shows.
const (
	shownAPIs   = 50
	shownRoutes = 25
	shownCalls  = 15  // rows, each of several methods
	shownParts  = 200 // of permissions and scopes
)

// An apisPage lists protected APIs.
type apisPage struct {
	frame
	Reads  bool // the visitor may see how they are mounted
	Search string
	Rows   []apiRow
	More   bool // there are more than were looked through
	Start  bool // the visitor may guard another
	Pager  pager
}

// An apiRow is an API as lists show it.
type apiRow struct {
	Name    sallyport.APIName
	Called  string // title, or the name if it has none
	Path    string // of its page
	Dialect string
	URL     string // that it is at
	Base    string // the same, below our own URL
	Routes  string // how many
	State   string // as of a badge
	Explore string // where it is tried; empty: it is not in force, or left out of that
}

// apis lists the APIs: all that are mounted to who may see them, and to others
// those that they can explore.
func (v *visit) apis() error {
	page := &apisPage{frame: v.frame(v.text("apis.title"), "apis"), Search: strings.TrimSpace(v.r.URL.Query().Get("search"))}
	reads, err := v.Admin.ReadsAPIs(v.r.Context(), v.actor)
	if err != nil {
		return err
	}
	page.Reads = reads
	if !reads {
		page.Rows, err = v.explorable()
		if err != nil {
			return err
		}
		page.Rows = slices.DeleteFunc(page.Rows, func(r apiRow) bool { return !r.named(page.Search) })
		return v.show(http.StatusOK, "apis", page)
	}
	documents, more, err := every(maxChoices, func(at admin.Page) (admin.List[store.APIDocument], error) {
		return v.Admin.APIs(v.r.Context(), v.actor, at)
	})
	if err != nil {
		return err
	}
	page.More, page.Start = more, mayAny(v.self, []sallyport.Permission{admin.APIsWrite})
	rows := make([]apiRow, 0, len(documents))
	for i := range documents {
		if row := v.apiRow(&documents[i].API); row.named(page.Search) {
			rows = append(rows, row)
		}
	}
	var first, last int
	first, last, page.Pager = v.part("from", len(rows), shownAPIs)
	page.Rows = rows[first:last]
	return v.show(http.StatusOK, "apis", page)
}

// named reports whether the name or the title has a text in it.
func (r apiRow) named(text string) bool {
	return strings.Contains(strings.ToLower(string(r.Name)+"\n"+r.Called), strings.ToLower(text))
}

// explorable are the APIs that the visitor may look at without the right to see
// how they are mounted.
func (v *visit) explorable() ([]apiRow, error) {
	tenant, _, err := v.callTenant()
	if err != nil {
		return nil, err
	}
	call := v.caller(tenant)
	var rows []apiRow
	for _, api := range v.Doors.Policy().APIs() {
		if api.Document.Explore == policy.ExploreNone {
			continue
		}
		found, err := v.Admin.Explore(v.r.Context(), v.actor, api.Name)
		if err != nil {
			return nil, err
		}
		may := found.Sight != admin.SightOwn
		for i := 0; i < len(api.Routes) && !may; i++ {
			verdict, err := call.may(api.Routes[i])
			if err != nil {
				return nil, err
			}
			may = verdict.May
		}
		if row := v.apiRow(api.Document); may && !api.Disabled {
			row.Path = row.Explore
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// part is the part of a list of so many that the query asks for under a name.
func (v *visit) part(name string, all, most int) (first, last int, p pager) {
	q := v.r.URL.Query()
	q.Del("done")
	from, _ := strconv.Atoi(q.Get(name)) // 0 for what is no number
	first = min(max(from, 0), all)
	last = min(first+most, all)
	at := func() string { return v.r.URL.Path + "?" + q.Encode() }
	if first > 0 {
		q.Del(name)
		p.First = at()
	}
	if last < all {
		q.Set(name, strconv.Itoa(last))
		p.Next = at()
	}
	return first, last, p
}

func apiPath(name sallyport.APIName) string { return Base + "/apis/" + url.PathEscape(string(name)) }

// apiRow tells of a document, and of what is in force of it here.
func (v *visit) apiRow(doc *sallyport.API) apiRow {
	row := apiRow{
		Name: doc.Name, Called: titleOr(doc.Title, string(doc.Name)), Path: apiPath(doc.Name),
		Dialect: titleOr(doc.Dialect, policy.DefaultDialect), State: "waiting",
	}
	compiled := v.Doors.Policy().API(doc.Name)
	if compiled == nil {
		return row
	}
	row.Dialect, row.Routes = compiled.Document.Dialect, grouped(int64(len(compiled.Routes)))
	row.URL, row.State = v.base(compiled)+compiled.Document.BasePath, "active"
	row.Base = cmp.Or(strings.TrimPrefix(row.URL, v.URL), "/")
	if compiled.Document.Explore != policy.ExploreNone {
		row.Explore = row.Path + "/explore"
	}
	if compiled.Disabled {
		row.State = "disabled"
	}
	return row
}

// An apiFrame is what the pages about one API have in common.
type apiFrame struct {
	frame
	apiRow
	API *policy.API // nil: it is not in force here yet

	Learning *moment // until when it learns and enforces nothing; nil: it does not
	Views    []tab
}

// apiIn is the frame of a page about the API in the path, for who may see it.
// The view is one of "", "routes", "permissions" and "explore".
func (v *visit) apiIn(view string) (apiFrame, error) {
	f := apiFrame{frame: v.frame("", "apis")}
	d, err := v.Admin.API(v.r.Context(), v.actor, sallyport.APIName(v.r.PathValue("api")))
	if err != nil {
		return f, err
	}
	f.apiRow, f.API = v.apiRow(&d.API), v.Doors.Policy().API(d.API.Name)
	f.Title = f.Called
	if f.API != nil && f.API.Learns(v.now) {
		until := v.texts().moment(v.now, f.API.Document.Learn.Until)
		f.Learning = &until
	}
	for _, name := range []string{"", "routes", "permissions", "explore"} {
		t := tab{Text: v.text("api.view." + titleOr(name, "about")), Path: f.Path, Current: name == view}
		if name != "" {
			t.Path += "/" + name
		}
		if name != "explore" || f.Explore != "" {
			f.Views = append(f.Views, t)
		}
	}
	return f, nil
}

// An apiPage tells where an API is and what it accepts.
type apiPage struct {
	apiFrame
	Accept   []acceptRow
	Settings []fact
	Upstream []fact
	Health   health
	Rules    []fact
	Write    bool   // the visitor may be able to change it; admin decides
	Change   bool   // and the settings of its dialect
	Import   bool   // and its routes are made of a document
	Drift    *drift // nil: no document is kept
}

// An acceptRow is one way in which credentials arrive.
type acceptRow struct {
	Way     string
	Name    string
	Kinds   []string // none: all that can travel so
	Scopes  []string
	Refused bool
}

// A health tells whether an upstream answers just now; the zero value, that it was
// not asked.
type health struct {
	State string // "answers" or "silent"
	Text  string
}

// healthOf asks an upstream for any answer.
func (v *visit) healthOf(u *sallyport.Upstream) health {
	if u.URL == "" {
		return health{}
	}
	began := v.Now()
	if fault := v.knock(u.URL, glanceTime); fault != "" {
		return health{"silent", fault}
	}
	return health{"answers", v.text("api.health.took", max(v.Now().Sub(began).Round(time.Millisecond), time.Millisecond).String())}
}

// A fact is a name and what is said under it.
type fact struct{ Name, Value string }

func (v *visit) api() error {
	f, err := v.apiIn("")
	if err != nil {
		return err
	}
	page := &apiPage{apiFrame: f}
	if f.API == nil {
		return v.show(http.StatusOK, "api", page)
	}
	doc := f.API.Document
	for _, a := range f.API.Accept {
		row := acceptRow{Way: v.text("carrier." + string(a.In)), Name: a.Name, Scopes: a.Scopes, Refused: a.Refused}
		for _, k := range a.Kinds {
			row.Kinds = append(row.Kinds, v.text("credential."+string(k)))
		}
		page.Accept = append(page.Accept, row)
	}
	for name, value := range doc.Settings {
		page.Settings = append(page.Settings, fact{name, value})
	}
	slices.SortFunc(page.Settings, func(a, b fact) int { return strings.Compare(a.Name, b.Name) })
	page.Upstream, page.Health, page.Rules = v.upstreamFacts(&doc.Upstream), v.healthOf(&doc.Upstream), v.ruleFacts(doc)
	page.Write = f.Name != admin.ManagementAPI && mayAny(v.self, []sallyport.Permission{admin.APIsWrite})
	page.Change = page.Write && len(f.API.Switches) > 0
	page.Import = page.Write && f.Dialect == policy.DefaultDialect
	if page.Drift, err = v.driftOf(f.API); err != nil {
		return err
	}
	return v.show(http.StatusOK, "api", page)
}

// upstreamFacts tell where requests go; none if Sallyport answers itself.
func (v *visit) upstreamFacts(u *sallyport.Upstream) []fact {
	if u.URL == "" {
		return nil
	}
	limit := v.text("api.unlimited")
	if u.BodyLimit >= 0 {
		limit = v.text("api.bytes", grouped(u.BodyLimit))
	}
	facts := []fact{
		{v.text("api.upstream.url"), u.URL},
		{v.text("api.timeout"), time.Duration(u.Timeout).String()},
		{v.text("api.body-limit"), limit},
		{v.text("api.retries"), strconv.Itoa(u.Retries)},
	}
	if u.CAFile != "" {
		facts = append(facts, fact{v.text("api.ca-file"), u.CAFile})
	}
	for _, s := range []struct {
		on  bool
		key string
	}{
		{u.StripBasePath, "strip"}, {u.PreserveHost, "host"}, {u.HTTP2, "http2"}, {u.ForwardCredentials, "forward"},
	} {
		if s.on {
			facts = append(facts, fact{v.text("api." + s.key), v.text("api.on." + s.key)})
		}
	}
	return facts
}

// ruleFacts tell how requests are read and refused.
func (v *visit) ruleFacts(doc *sallyport.API) []fact {
	facts := []fact{
		{v.text("api.tenant"), v.selector(doc.Tenant, "api.tenant.own")},
		{v.text("api.realm"), v.selector(doc.Realm, "api.realm.none")},
		{v.text("api.explain"), v.text("api.explain." + string(doc.Explain))},
		{v.text("api.explore"), v.text("api.explore." + doc.Explore)},
		{v.text("api.stale"), v.text("api.stale." + doc.Stale)},
		{v.text("api.token"), doc.Token.Algorithm + ", " + time.Duration(doc.Token.Lifetime).String()},
	}
	if len(doc.Aliases) > 0 {
		facts = slices.Insert(facts, 0, fact{v.text("api.aliases"), strings.Join(doc.Aliases, ", ")})
	}
	return facts
}

// selector tells where a request names its tenant or realm.
func (v *visit) selector(s *sallyport.Selector, none string) string {
	switch {
	case s == nil:
		return v.text(none)
	case s.From == "fixed":
		return v.text("selector.fixed", s.Default)
	case s.Required:
		return v.text("selector.required", v.text("selector."+s.From, s.Name))
	case s.Default != "":
		return v.text("selector.default", v.text("selector."+s.From, s.Name), s.Default)
	}
	return v.text("selector."+s.From, s.Name)
}

// An apiPermissionsPage lists the permissions and scopes of an API.
type apiPermissionsPage struct {
	apiFrame
	Permissions []askedRow
	Scopes      []sallyport.ScopeSpec
	More        bool
	Pager       pager
	In          string // where who holds one is asked; empty: no tenant is known
}

// An askedRow is a permission with how many routes ask for it.
type askedRow struct {
	Full   string
	Title  string
	Routes string
}

func (v *visit) apiPermissions() error {
	f, err := v.apiIn("permissions")
	if err != nil {
		return err
	}
	page := &apiPermissionsPage{apiFrame: f}
	if f.API == nil {
		return v.show(http.StatusOK, "api_permissions", page)
	}
	if tenant := v.tenantFor(&sallyport.Credential{}); tenant != "" && mayAny(v.self, []sallyport.Permission{admin.BindingsRead}) {
		page.In = in(tenant)
	}
	used := map[sallyport.Permission]int64{}
	for _, r := range f.API.Routes {
		for _, p := range slices.Concat(r.AllOf, r.AnyOf) {
			used[p]++
		}
	}
	doc := f.API.Document
	var first, last int
	first, last, page.Pager = v.part("from", len(doc.Permissions), shownParts)
	for _, p := range doc.Permissions[first:last] {
		full := string(doc.Name) + "/" + p.Name
		page.Permissions = append(page.Permissions, askedRow{full, p.Title, grouped(used[sallyport.Permission(full)])})
	}
	page.Scopes = doc.Scopes[:min(len(doc.Scopes), shownParts)]
	page.More = len(page.Scopes) < len(doc.Scopes)
	return v.show(http.StatusOK, "api_permissions", page)
}
