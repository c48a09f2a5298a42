package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

// exploreRoutes are the document of an API and the page to try it.
func exploreRoutes() []route {
	const one = "/apis/{api}"
	return []route{
		{"api.openapi", "GET", one + "/openapi.json", member, (*visit).apiDocument},
		{"explore", "GET", one + "/explore", member, (*visit).explore},
		{"explore.call", "POST", one + "/explore", member, (*visit).tryCall},
	}
}

// An exploration is an API as the visitor may look at it.
type exploration struct {
	api   *policy.API
	sight admin.Sight
	tree  *openapi.Tree  // of the document that is kept; nil: none
	where string         // what comes before the document's paths: a URL without a slash at the end
	ops   []operation    // that he may see
	lost  []openapi.Call // of the document, without a route
}

// An operation is something that an API does for who calls it.
type operation struct {
	openapi.Call
	verdict
	Route   *policy.Route
	Full    string // path, as requests have it
	Key     string // names the operation in URLs
	Title   string
	Page    string // where it is tried
	Untried string // text key, why it is not tried here; empty: it is
}

// explored finds out what the visitor may see of the API in the path, and what he
// may call in a tenant.
func (v *visit) explored(tenant sallyport.TenantID) (*exploration, error) {
	name := sallyport.APIName(v.r.PathValue("api"))
	found, err := v.Admin.Explore(v.r.Context(), v.actor, name)
	if err != nil {
		return nil, err
	}
	x := &exploration{api: v.Doors.Policy().API(name), sight: found.Sight}
	if x.api == nil || found.Off {
		return nil, sallyport.ErrNotFound("there is no such API")
	}
	x.where = v.base(x.api) + strings.TrimSuffix(x.api.Document.BasePath, "/")
	if name == admin.ManagementAPI && v.Described != nil {
		if found.OpenAPI, err = v.Described(); err != nil {
			return nil, err
		}
	}
	if found.OpenAPI != nil {
		if x.tree, err = openapi.ReadTree(found.OpenAPI); err != nil {
			return nil, err
		}
	}
	ops := x.described()
	ops = append(ops, undescribed(x.api, ops)...)
	call := v.caller(tenant)
	for i := range ops {
		op := &ops[i]
		if op.verdict, err = call.may(op.Route); err != nil {
			return nil, err
		}
		if !op.May && x.sight == admin.SightOwn {
			continue
		}
		if x.sight != admin.SightMissing {
			op.All, op.Some = nil, nil
		}
		v.complete(op, tenant)
		x.ops = append(x.ops, *op)
	}
	if len(x.ops) == 0 && x.sight == admin.SightOwn {
		return nil, sallyport.ErrNotFound("there is no such API")
	}
	slices.SortStableFunc(x.ops, func(a, b operation) int { return cmp.Compare(a.Tag, b.Tag) })
	return x, nil
}

// described are the operations of the document that have a route. It may name
// them by their whole paths or by what is below the base path; which of the two is
// found out by which fits.
func (x *exploration) described() []operation {
	if x.tree == nil {
		return nil
	}
	base := strings.TrimSuffix(x.api.Document.BasePath, "/")
	prefix := strings.TrimSuffix(x.tree.BasePath(), "/")
	var below, whole []operation
	var notBelow, notWhole []openapi.Call
	for _, c := range x.tree.Calls() {
		if op, ok := operationOf(x.api, c, c.Path); ok {
			below = append(below, op)
		} else {
			notBelow = append(notBelow, c)
		}
		rest, ok := strings.CutPrefix(prefix+c.Path, base)
		op, fits := operationOf(x.api, c, cmp.Or(rest, "/"))
		if ok && fits && (rest == "" || rest[0] == '/') {
			whole = append(whole, op)
		} else {
			notWhole = append(notWhole, c)
		}
	}
	if len(below) > len(whole) {
		x.lost = notBelow
		return below
	}
	x.where, x.lost = strings.TrimSuffix(x.where, base)+prefix, notWhole
	return whole
}

// A drift is how the document of an API and its routes differ.
type drift struct {
	Appeared []openapi.Call // refused, until there are routes for them
	Gone     []operation    // routes for no operation
	More     bool           // there are more than are listed

	Noted     bool           // the routes are made of the document, so there may be notes on it
	Notes     []openapi.Note // what of it could not become a route as it says
	MoreNotes bool
}

// driftOf compares the document that is kept of an API with its routes; nil if
// there is none.
func (v *visit) driftOf(api *policy.API) (*drift, error) {
	found, err := v.Admin.Explore(v.r.Context(), v.actor, api.Name)
	if err != nil || found.OpenAPI == nil {
		return nil, err
	}
	x := &exploration{api: api}
	if x.tree, err = openapi.ReadTree(found.OpenAPI); err != nil {
		return nil, err
	}
	ops := x.described()
	d := &drift{Appeared: x.lost, Gone: undescribed(api, ops)}
	if api.Document.Dialect == policy.DefaultDialect { // another has its routes from elsewhere
		if d.Notes, err = v.notesOf(found.OpenAPI, ops); err != nil {
			return nil, err
		}
		d.Noted, d.MoreNotes = true, len(d.Notes) > shownRoutes
		d.Notes = d.Notes[:min(len(d.Notes), shownRoutes)]
	}
	d.Gone = slices.DeleteFunc(d.Gone, func(op operation) bool { return op.Route.Endpoint != "" }) // of the dialect
	d.More = len(d.Appeared) > shownRoutes || len(d.Gone) > shownRoutes
	d.Appeared, d.Gone = d.Appeared[:min(len(d.Appeared), shownRoutes)], d.Gone[:min(len(d.Gone), shownRoutes)]
	return d, nil
}

// notesOf tells what of a document could not become a route as it says. What a
// route needs is chosen, so that is told only of what the document lets everybody
// do and the routes do not.
func (v *visit) notesOf(document []byte, ops []operation) ([]openapi.Note, error) {
	d, err := openapi.Read(document)
	if err != nil {
		return nil, err
	}
	_, notes := d.API(openapi.Options{})
	notes = slices.DeleteFunc(notes, func(n openapi.Note) bool {
		return n.Open && slices.ContainsFunc(ops, func(op operation) bool { return op.Method+" "+op.Path == n.Operation && op.Route.Public })
	})
	for i := range notes {
		if notes[i].Text = sentence(notes[i].Text); notes[i].Open {
			notes[i].Text = v.text("api.notes.open")
		}
	}
	return notes, nil
}

// operationOf is a call with the route that it takes, whose path is below the base
// path; not ok if there is none.
func operationOf(api *policy.API, c openapi.Call, path string) (operation, bool) {
	pattern, _ := openapi.Pattern(path)
	if pattern == "" {
		return operation{}, false
	}
	var m policy.Match
	api.Match(c.Method, "", placeholder.ReplaceAllString(pattern, "x"), nil, &m)
	if m.Route == nil {
		return operation{}, false
	}
	return operation{Call: c, Route: m.Route, Full: strings.TrimSuffix(api.Document.BasePath, "/") + path}, true
}

// undescribed are the routes that no operation of the document stands for.
func undescribed(api *policy.API, described []operation) []operation {
	var list []operation
	for _, r := range api.Routes {
		for _, method := range methodsOf(r) {
			there := slices.ContainsFunc(described, func(op operation) bool {
				return op.Route == r && (op.Method == method || slices.Contains(r.Methods, "*"))
			})
			if there {
				continue
			}
			c := openapi.Call{Method: method, Path: placeholder.ReplaceAllString(r.Path, "{$1}"), ID: r.ID, Summary: titleOr(r.Title, r.ID), Tag: tagOf(r)}
			for _, name := range r.Names {
				c.Parameters = append(c.Parameters, openapi.Parameter{Name: name, In: "path", Required: true, Rest: strings.Contains(r.Path, "{"+name+"...}")})
			}
			if method != http.MethodGet && method != http.MethodDelete && (r.Parameter == nil || r.Parameter.In != "form") {
				c.Body = &openapi.Body{Types: []string{"application/json", "application/xml", "text/plain"}}
			}
			list = append(list, operation{Call: c, Route: r, Full: fullPath(r)})
		}
	}
	return list
}

// methodsOf are the methods of a route, each of which is an operation.
func methodsOf(r *policy.Route) []string {
	if slices.Contains(r.Methods, "*") {
		return []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	}
	return r.Methods
}

// tagOf is the group of a route that nobody grouped: the first word of its path.
func tagOf(r *policy.Route) string {
	for part := range strings.SplitSeq(r.Path, "/") {
		if part != "" && !strings.Contains(part, "{") {
			return part
		}
	}
	return ""
}

// complete adds to an operation what the route looks at, wherever it says so, and
// how it is named and tried.
func (v *visit) complete(op *operation, tenant sallyport.TenantID) {
	r := op.Route
	if !r.Public {
		op.look(r.Tenant, string(tenant), v.texts(), "explore.tenant")
		op.look(r.Realm, "", v.texts(), "explore.realm")
	}
	op.Key = op.Method + " " + op.Full
	if p := r.Parameter; p != nil {
		op.Key += " " + p.Wanted()
		op.meet(openapi.Parameter{Name: p.Name, In: p.In, Required: true, Example: parameterText(p)})
	}
	op.Title = cmp.Or(op.Summary, op.ID, op.Key)
	op.Page = apiPath(r.API.Name) + "/explore?" + url.Values{"op": {op.Key}, "tenant": {string(tenant)}}.Encode()
	for _, name := range placeholder.FindAllStringSubmatch(op.Full, -1) {
		op.meet(openapi.Parameter{Name: name[1], In: "path", Required: true})
	}
	switch kind := r.ForKind(sallyport.Session); {
	case !r.Public && kind != nil && len(kind.AnyOf) == 0:
		op.Untried = "explore.why.session"
	case r.IgnoreCredentials && r.Endpoint != "":
		op.Untried = "explore.why.own"
	case r.WebSocket && op.Method == http.MethodGet && op.Body == nil && len(r.Methods) == 1:
		op.Untried = "explore.why.socket"
	case op.Body != nil && !slices.ContainsFunc(op.Body.Types, written):
		op.Untried = "explore.why.files"
	}
	if op.Body != nil {
		op.Body.Types = slices.DeleteFunc(slices.Clone(op.Body.Types), func(kind string) bool { return !written(kind) })
	}
}

// written reports whether a body of a content type can be written into a field.
func written(kind string) bool {
	return !strings.HasPrefix(kind, "multipart/") && !strings.HasPrefix(kind, "image/") && kind != "application/octet-stream" && kind != "*/*"
}

// look notes that the route looks for a tenant or a realm.
func (op *operation) look(s *sallyport.Selector, value string, texts *catalogue, about string) {
	if s == nil || s.From == "fixed" || s.From == "claim" || s.From == "dialect" {
		return
	}
	if !s.Required && s.From != "path" {
		value = ""
	}
	op.meet(openapi.Parameter{Name: s.Name, In: s.From, Required: s.Required || s.From == "path", Example: value, Description: texts.plain(about)})
}

// meet adds a parameter, or to one that is there what is known of its value.
func (op *operation) meet(p openapi.Parameter) {
	op.Parameters = slices.Clone(op.Parameters)
	for i := range op.Parameters {
		there := &op.Parameters[i]
		if there.In == p.In && (there.Name == p.Name || p.In == "header" && strings.EqualFold(there.Name, p.Name)) {
			there.Required, there.Example = there.Required || p.Required, cmp.Or(p.Example, there.Example)
			there.Description = cmp.Or(there.Description, p.Description)
			return
		}
	}
	if p.In != "path" || strings.Contains(op.Full, "{"+p.Name) {
		op.Parameters = append(op.Parameters, p)
	}
}

// hostOf is the host that a route is at; empty: ours.
func hostOf(r *policy.Route) string { return cmp.Or(r.Host, r.API.Document.Host) }

// baseOf is the URL of the host that a route is at.
func (v *visit) baseOf(r *policy.Route) string {
	scheme, _, _ := strings.Cut(v.URL, "://")
	if host := hostOf(r); host != "" {
		return scheme + "://" + host
	}
	return v.URL
}

// An explorePage lists the operations of an API, or shows one to be tried.
type explorePage struct {
	frame
	Name    sallyport.APIName
	Called  string
	About   string // path of the page about the API; empty: not for the visitor
	Path    string
	Tenant  sallyport.TenantID
	Tenants []option
	Search  string
	Show    string
	Shows   []option
	Groups  []exploreGroup
	Sum     string
	Pager   pager
	Own     bool // it is the visitor's way to what he may call, and nothing else

	Op     *operation // the one to be tried; nil: none is chosen
	Action string     // where its form is sent
	Fields []field    // of its parameters
	Query  string     // more of the query
	Kinds  []option
	Body   string
	Faults faults
	Answer *callAnswer // nil: it was not tried yet
	Curl   []string
	Basic  bool // curl asks for the password
	WhoCan string
	Facts  []fact
}

// An exploreGroup is the operations of one tag.
type exploreGroup struct {
	Tag string
	Ops []exploreRow
}

// An exploreRow is an operation, with those that differ from it in the method alone.
type exploreRow struct {
	operation
	Others []operation
}

// exploreRows puts operations that differ in the method alone into one row: a route for
// every method has five of them.
func exploreRows(ops []operation) (rows []exploreRow) {
	for _, op := range ops {
		if n := len(rows); n > 0 {
			last := &rows[n-1]
			if last.Route == op.Route && last.Full == op.Full && last.Title == op.Title && last.Untried == op.Untried {
				last.Others = append(last.Others, op)
				continue
			}
		}
		rows = append(rows, exploreRow{operation: op})
	}
	return rows
}

// explore shows the operations, or the one that the query names.
func (v *visit) explore() error {
	page, x, err := v.explorePage()
	if err != nil {
		return err
	}
	if page.Op != nil {
		v.blank(page)
		return v.show(http.StatusOK, "explore_call", page)
	}
	if v.r.URL.Query().Has("op") {
		return sallyport.ErrNotFound("there is no such operation")
	}
	v.listOperations(page, x)
	return v.show(http.StatusOK, "explore", page)
}

// explorePage begins the page about the API in the path, with the operation that
// the query names.
func (v *visit) explorePage() (*explorePage, *exploration, error) {
	page := &explorePage{frame: v.frame("", "apis")}
	var err error
	if page.Tenant, page.Tenants, err = v.callTenant(); err != nil {
		return nil, nil, err
	}
	x, err := v.explored(page.Tenant)
	if err != nil {
		return nil, nil, err
	}
	page.Name, page.Path = x.api.Name, apiPath(x.api.Name)+"/explore"
	page.Called, page.Own = titleOr(x.api.Document.Title, string(x.api.Name)), x.sight == admin.SightOwn
	page.Title = v.text("explore.title", page.Called)
	reads, err := v.Admin.ReadsAPIs(v.r.Context(), v.actor)
	if err != nil {
		return nil, nil, err
	}
	if reads {
		page.About = apiPath(x.api.Name)
	}
	key := v.r.URL.Query().Get("op")
	if i := slices.IndexFunc(x.ops, func(op operation) bool { return op.Key == key }); i >= 0 {
		v.choose(page, &x.ops[i])
	}
	return page, x, nil
}

// choose puts an operation onto the page.
func (v *visit) choose(page *explorePage, op *operation) {
	page.Op, page.Action = op, op.Page+"#answer"
	page.Title = op.Title
	if page.Tenant != "" && mayAny(v.self, []sallyport.Permission{admin.BindingsRead}) {
		page.WhoCan = in(page.Tenant) + "/who-can?permission="
	}
}

// listOperations fills in the list: what fits what is asked for, by group.
func (v *visit) listOperations(page *explorePage, x *exploration) {
	q := v.r.URL.Query()
	page.Search, page.Show = strings.TrimSpace(q.Get("search")), q.Get("show")
	page.Shows = v.showChoices(page.Show)
	wanted := strings.ToLower(page.Search)
	ops := slices.DeleteFunc(slices.Clone(x.ops), func(op operation) bool {
		return !strings.Contains(strings.ToLower(op.Key+"\n"+op.Title+"\n"+op.Tag), wanted) ||
			page.Show == "may" && !op.May || page.Show == "not" && op.May
	})
	page.Sum = v.texts().plain("explore.fit."+one(len(ops)), grouped(int64(len(ops))))
	rows := exploreRows(ops)
	first, last, pager := v.part("from", len(rows), shownCalls)
	page.Pager = pager
	for _, row := range rows[first:last] {
		if n := len(page.Groups); n == 0 || page.Groups[n-1].Tag != row.Tag {
			page.Groups = append(page.Groups, exploreGroup{Tag: row.Tag})
		}
		g := &page.Groups[len(page.Groups)-1]
		g.Ops = append(g.Ops, row)
	}
}

// showChoices are which of the routes are listed.
func (v *visit) showChoices(chosen string) []option {
	list := []option{{Text: v.text("api.show.all")}, {Value: "may", Text: v.text("api.show.may")}, {Value: "not", Text: v.text("api.show.not")}}
	for i := range list {
		list[i].Chosen = list[i].Value == chosen
	}
	return list
}
