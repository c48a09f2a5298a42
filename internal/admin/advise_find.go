package admin

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of proposals.
const (
	maxProposed = 3  // roles that together take the place of one
	maxUnused   = 50 // permissions that are listed
)

// A finder knows what permissions and roles amount to under one policy.
type finder struct {
	*policy.Snapshot
	routes []*policy.Route
	opens  map[sallyport.Permission]int // how many routes ask for it
	roles  map[sallyport.TenantID][]plainRole
	counts map[string]int // routes that a set opens and another does not
}

// A plainRole is a role without wildcards.
type plainRole struct {
	*policy.Role
	set permissionSet
}

// A permissionSet is a set of permissions by name, without wildcards.
type permissionSet map[sallyport.Permission]bool

func (s permissionSet) within(other permissionSet) bool {
	for p := range s {
		if !other[p] {
			return false
		}
	}
	return true
}

func (s permissionSet) sorted() []sallyport.Permission {
	out := make([]sallyport.Permission, 0, len(s))
	for p := range s {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func setOf(list []sallyport.Permission) permissionSet {
	s := make(permissionSet, len(list))
	for _, p := range list {
		s[p] = true
	}
	return s
}

func newFinder(s *policy.Snapshot) *finder {
	f := &finder{Snapshot: s, opens: map[sallyport.Permission]int{}, roles: map[sallyport.TenantID][]plainRole{}, counts: map[string]int{}}
	for _, a := range s.APIs() {
		if a.Disabled {
			continue
		}
		for _, r := range a.Routes {
			if r.Public || r.Authenticated {
				continue
			}
			f.routes = append(f.routes, r)
			for _, p := range slices.Concat(r.AllOf, r.AnyOf) {
				f.opens[p]++
			}
		}
	}
	for _, r := range s.RoleList() {
		if !slices.ContainsFunc(r.Permissions, isWildcard) && len(r.Permissions) > 0 {
			f.roles[r.Tenant] = append(f.roles[r.Tenant], plainRole{r, setOf(r.Permissions)})
		}
	}
	return f
}

func isWildcard(p sallyport.Permission) bool {
	return p == Everything || strings.HasSuffix(string(p), "/*")
}

// A needed is what would do for everything that was used of a grant.
type needed struct {
	enough   permissionSet
	narrower map[sallyport.Permission]sallyport.Permission // used: in whose place this would do
}

// need works out what would do for uses that a role may have served. Where one
// of several permissions was enough it is the one that opens the fewest routes;
// with own it is one that the role has.
func (f *finder) need(held permissionSet, uses []*store.UseSum, own bool) needed {
	n := needed{enough: permissionSet{}, narrower: map[sallyport.Permission]sallyport.Permission{}}
	var choices [][]sallyport.Permission
	for _, u := range uses {
		alternatives := u.Alternatives()
		switch {
		case len(alternatives) == 1 && isWildcard(alternatives[0]):
			for p := range held { // it was handed out as a whole
				if alternatives[0] == Everything || p.API() == alternatives[0].API() {
					n.enough[p] = true
				}
			}
		case len(alternatives) == 1 && held[alternatives[0]]:
			n.enough[alternatives[0]] = true
		case slices.ContainsFunc(alternatives, func(p sallyport.Permission) bool { return held[p] }):
			choices = append(choices, alternatives)
		}
	}
	// In a fixed order, so that the same uses have the same advice.
	slices.SortFunc(choices, func(a, b []sallyport.Permission) int { return cmp.Or(len(a)-len(b), slices.Compare(a, b)) })
	for _, c := range choices {
		n.choose(f, held, c, own)
	}
	return n
}

// choose takes one of several permissions.
func (n *needed) choose(f *finder, held permissionSet, alternatives []sallyport.Permission, own bool) { //nolint:revive // see need
	if slices.ContainsFunc(alternatives, func(p sallyport.Permission) bool { return n.enough[p] }) {
		return
	}
	var best sallyport.Permission
	for _, p := range alternatives {
		if _, declared := f.Permission(p); !declared || own && !held[p] {
			continue
		}
		if best == "" || f.opens[p] < f.opens[best] || f.opens[p] == f.opens[best] && held[p] && !held[best] {
			best = p
		}
	}
	if best == "" {
		return
	}
	n.enough[best] = true
	if held[best] {
		return
	}
	for _, p := range alternatives {
		if held[p] {
			n.narrower[p] = best
		}
	}
}

// opened counts the routes that one set opens and another does not.
func (f *finder) opened(held, enough permissionSet) int {
	key := f.key(held) + "|" + f.key(enough)
	if n, known := f.counts[key]; known {
		return n
	}
	n := 0
	for _, r := range f.routes {
		if opensRoute(r, held) && !opensRoute(r, enough) {
			n++
		}
	}
	f.counts[key] = n
	return n
}

// key names a set.
func (f *finder) key(s permissionSet) string {
	var b strings.Builder
	for _, p := range s.sorted() {
		b.WriteString(string(p))
		b.WriteByte(' ')
	}
	return b.String()
}

func opensRoute(r *policy.Route, set permissionSet) bool {
	for _, p := range r.AllOf {
		if !set[p] {
			return false
		}
	}
	return len(r.AnyOf) == 0 || slices.ContainsFunc(r.AnyOf, func(p sallyport.Permission) bool { return set[p] })
}

// cover returns roles of a tenant, or of every tenant, that together give a set
// of permissions and nothing else; none if there are none.
func (f *finder) cover(tenant sallyport.TenantID, want permissionSet) []*policy.Role {
	var fit []plainRole
	for _, in := range []sallyport.TenantID{tenant, sallyport.EveryTenant} {
		for _, r := range f.roles[in] {
			if r.set.within(want) {
				fit = append(fit, r)
			}
		}
		if tenant == sallyport.EveryTenant {
			break
		}
	}
	left := setOf(want.sorted())
	var out []*policy.Role
	for len(left) > 0 && len(out) < maxProposed {
		var best plainRole
		most := 0
		for _, r := range fit {
			if n := overlap(r.set, left); n > most || n == most && n > 0 && len(r.set) < len(best.set) {
				best, most = r, n
			}
		}
		if most == 0 {
			return nil
		}
		for p := range best.set {
			delete(left, p)
		}
		out = append(out, best.Role)
	}
	if len(left) > 0 {
		return nil
	}
	slices.SortFunc(out, func(a, b *policy.Role) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func overlap(a, b permissionSet) int {
	n := 0
	for p := range a {
		if b[p] {
			n++
		}
	}
	return n
}
