package admin

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy/shape"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of a proposal.
const (
	maxClusters      = 12 // roles made of what callers have in common; beyond that there is one by resource
	maxProposedTests = 50
)

// A proposer makes a policy of what was asked of an API.
type proposer struct {
	api     sallyport.API
	tenants map[sallyport.TenantID]string
	notes   []string

	routes  map[routeKey]*proposedRoute
	callers map[callerKey]*proposedCaller
}

// A routeKey names a route that is proposed: to look at a path, or to change
// what is there.
type routeKey struct {
	path    string
	changes bool
}

type proposedRoute struct {
	routeKey
	methods    map[string]bool
	permission string // local name
	strangers  int64  // requests without a credential
}

type callerKey struct {
	principal sallyport.PrincipalID
	tenant    sallyport.TenantID
}

type proposedCaller struct {
	callerKey
	kind        sallyport.PrincipalKind
	login       string
	permissions map[string]bool
	asked       map[routeKey]string // with which method
}

func newProposer(doc sallyport.API) *proposer {
	doc.Learn = sallyport.LearnSpec{}
	return &proposer{
		api: doc, tenants: map[sallyport.TenantID]string{sallyport.EveryTenant: "*", "": "*"},
		routes: map[routeKey]*proposedRoute{}, callers: map[callerKey]*proposedCaller{},
	}
}

func (p *proposer) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *proposer) propose(lessons []store.Lesson) api.LearnedProposal {
	p.take(lessons)
	p.document()
	out := api.LearnedProposal{Policy: api.Policy{Policy: "learned-" + string(p.api.Name), APIs: []sallyport.API{p.api}}}
	p.roles(&out.Policy)
	p.tests(&out.Policy)
	p.strangers()
	if len(p.routes) == 0 {
		p.note("nothing was learned that could become a route; the API would refuse everything")
	}
	out.Notes = append([]string{}, p.notes...)
	return out
}

// take sorts lessons by the routes that they are to become.
func (p *proposer) take(lessons []store.Lesson) {
	seen, asked := map[string]int64{}, map[[2]string]*store.Lesson{}
	for i := range lessons {
		l := &lessons[i]
		if l.Path == "" {
			p.note("%s could not be told apart, and no route stands for them", counted(l.Requests, "request", "requests"))
			continue
		}
		seen[l.Path] += l.Requests
	}
	becomes := shape.Refine(seen)
	at := func(l *store.Lesson) string { return cmp.Or(becomes[l.Path], l.Path) }
	for i := range lessons {
		l := &lessons[i]
		k := [2]string{l.Method, at(l)}
		if asked[k] == nil {
			asked[k] = &store.Lesson{}
		}
		asked[k].Add(l)
	}
	left := 0
	for _, sum := range asked {
		if nothingThere(sum) {
			left++
		}
	}
	if left > 0 {
		p.note("left out: %s to which the upstream always answered that there is no such thing", counted(int64(left), "method and path", "methods and paths"))
	}
	for i := range lessons {
		l := &lessons[i]
		if sum := asked[[2]string{l.Method, at(l)}]; l.Path == "" || sum.Requests == 0 || nothingThere(sum) {
			continue
		}
		p.add(at(l), l)
	}
}

func nothingThere(l *store.Lesson) bool { return l.Answered > 0 && l.Absent == l.Answered }

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (p *proposer) add(path string, l *store.Lesson) {
	k := routeKey{path, changes(l.Method)}
	r := p.routes[k]
	if r == nil {
		r = &proposedRoute{routeKey: k, methods: map[string]bool{}, permission: permissionOf(k)}
		p.routes[k] = r
	}
	r.methods[l.Method] = true
	switch {
	case l.Principal == "":
		r.strangers += l.Requests
		return
	case l.Login == "":
		return // beyond those that were told apart
	}
	who := callerKey{l.Principal, l.Tenant}
	c := p.callers[who]
	if c == nil {
		c = &proposedCaller{callerKey: who, kind: l.Kind, permissions: map[string]bool{}, asked: map[routeKey]string{}}
		p.callers[who] = c
	}
	c.login = l.Login
	c.permissions[r.permission] = true
	if before := c.asked[k]; before == "" || l.Method < before { // the same whatever the order
		c.asked[k] = l.Method
	}
}

// changes reports whether a method is for changing something (RFC 9110 section
// 9.2.1).
func changes(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, "QUERY"}, method)
}

func permissionOf(k routeKey) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.", c) {
			return c
		}
		return '-'
	}, cmp.Or(shape.Resource(k.path), "root"))
	if k.changes {
		return name + ".write"
	}
	return name + ".read"
}

// document fills in the routes and permissions.
func (p *proposer) document() {
	declared := map[string]bool{}
	for _, s := range p.api.Permissions {
		declared[s.Name] = true
	}
	p.api.Permissions = slices.Clone(p.api.Permissions)
	keys := slices.SortedFunc(maps.Keys(p.routes), func(a, b routeKey) int {
		return cmp.Or(cmp.Compare(a.path, b.path), boolCompare(a.changes, b.changes))
	})
	p.api.Routes = nil
	for _, k := range keys {
		r := p.routes[k]
		if r.methods[http.MethodGet] {
			delete(r.methods, http.MethodHead) // which comes with it
		}
		p.api.Routes = append(p.api.Routes, sallyport.Route{
			Methods: slices.Sorted(maps.Keys(r.methods)), Path: r.path, AnyOf: []string{r.permission},
		})
		if !declared[r.permission] {
			declared[r.permission] = true
			resource, _ := strings.CutSuffix(strings.TrimSuffix(r.permission, ".read"), ".write")
			title := "See " + resource
			if r.changes {
				title = "Change " + resource
			}
			p.api.Permissions = append(p.api.Permissions, sallyport.PermissionSpec{Name: r.permission, Title: title})
		}
	}
	slices.SortFunc(p.api.Permissions, func(a, b sallyport.PermissionSpec) int { return cmp.Compare(a.Name, b.Name) })
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// sortedCallers are those who can have a role, by tenant and login.
func (p *proposer) sortedCallers() []*proposedCaller {
	var out []*proposedCaller
	for _, c := range p.callers {
		if p.tenants[c.tenant] != "" && (c.kind != sallyport.PrincipalAPIKey || c.tenant != "") {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *proposedCaller) int {
		return cmp.Or(cmp.Compare(p.tenants[a.tenant], p.tenants[b.tenant]), cmp.Compare(a.login, b.login), cmp.Compare(a.principal, b.principal))
	})
	return out
}

// roles gives each caller what it used: those who used the same get one role. If
// hardly two of them did, there is a role for each resource instead.
func (p *proposer) roles(doc *api.Policy) {
	sets := map[string][]string{} // permissions by the text of them all
	callers := p.sortedCallers()
	for _, c := range callers {
		set := slices.Sorted(maps.Keys(c.permissions))
		sets[strings.Join(set, " ")] = set
	}
	byResource := len(sets) > maxClusters
	if byResource {
		p.note("%d callers use %d different sets of permissions, so there is a role for each resource instead of one for each set", len(callers), len(sets))
		sets = map[string][]string{}
		for _, s := range p.api.Permissions {
			sets[s.Name] = []string{s.Name}
		}
	}
	names := p.roleNames(sets)
	used := map[string]bool{}
	for _, c := range callers {
		whole := slices.Sorted(maps.Keys(c.permissions))
		parts := []string{strings.Join(whole, " ")}
		if byResource {
			parts = whole
		}
		for _, part := range parts {
			used[part] = true
			b := api.PolicyBinding{Tenant: p.tenants[c.tenant], Role: names[part]}
			if c.kind == sallyport.PrincipalAPIKey {
				b.Key = c.login
			} else {
				b.User = c.login
			}
			doc.Bindings = append(doc.Bindings, b)
		}
	}
	for _, set := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Compare(names[a], names[b]) }) {
		if !used[set] {
			continue
		}
		role := api.PolicyRole{Tenant: string(sallyport.EveryTenant), Name: names[set], Title: "Seen while " + string(p.api.Name) + " learned"}
		for _, local := range sets[set] {
			role.Permissions = append(role.Permissions, sallyport.Permission(string(p.api.Name)+"/"+local))
		}
		doc.Roles = append(doc.Roles, role)
	}
}

// roleNames gives each set of permissions a name: of the API and what it is
// about.
func (p *proposer) roleNames(sets map[string][]string) map[string]string {
	names, taken := map[string]string{}, map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(sets)) {
		var about []string
		suffix := "reader"
		for _, local := range sets[key] {
			resource, write := strings.CutSuffix(local, ".write")
			if write {
				suffix = "editor"
			}
			if resource = strings.TrimSuffix(resource, ".read"); !slices.Contains(about, resource) {
				about = append(about, resource)
			}
		}
		name := string(p.api.Name) + "-" + suffix
		if len(about) <= 2 {
			name = string(p.api.Name) + "-" + strings.Join(about, "-") + "-" + suffix
		}
		name = upTo(maxName-4, name)
		free := name
		for n := 2; taken[free]; n++ {
			free = fmt.Sprintf("%s-%d", name, n)
		}
		taken[free], names[key] = true, free
	}
	return names
}

// tests says that what was asked for is allowed from then on as well.
func (p *proposer) tests(doc *api.Policy) {
	for _, c := range p.sortedCallers() {
		keys := slices.SortedFunc(maps.Keys(c.asked), func(a, b routeKey) int {
			return cmp.Or(cmp.Compare(a.path, b.path), boolCompare(a.changes, b.changes))
		})
		for _, k := range keys {
			if len(doc.Tests) == maxProposedTests {
				return
			}
			who := c.login
			if c.kind == sallyport.PrincipalAPIKey {
				who = "key:" + who
			}
			if strings.ContainsAny(who, " \t") {
				continue // the text of a test has no room for it
			}
			in := ""
			if c.tenant != "" && c.tenant != sallyport.EveryTenant {
				in = " in " + p.tenants[c.tenant]
			}
			doc.Tests = append(doc.Tests, api.PolicyTest{
				Expect: who + " " + c.asked[k] + " " + p.at(k.path) + in + " -> allow", Note: "It was asked for while the API learned.",
			})
		}
	}
}

// at returns a URL that leads to a pattern.
func (p *proposer) at(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "1"
		}
	}
	path := strings.TrimSuffix(p.api.BasePath, "/") + strings.Join(segments, "/")
	if p.api.Host != "" {
		return "https://" + p.api.Host + path
	}
	return path
}

// strangers tells of requests without a credential. Nothing becomes public by
// itself.
func (p *proposer) strangers() {
	var open []string
	for _, r := range p.api.Routes {
		k := routeKey{r.Path, changes(r.Methods[0])}
		if p.routes[k].strangers > 0 {
			open = append(open, strings.Join(r.Methods, ",")+" "+r.Path)
		}
	}
	if len(open) == 0 {
		return
	}
	more := ""
	if n := len(open) - 10; n > 0 {
		open, more = open[:10], fmt.Sprintf(" and %d more", n)
	}
	p.note("asked for without a credential, and refused then: %s%s; write public: true where that is right", strings.Join(open, "; "), more)
}
