package policy

import (
	"cmp"
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// Bounds of [Snapshot.Suggest], so that an installation with very many roles
// does not make an explanation slow.
const (
	maxCandidates = 200 // roles whose routes are counted
	maxPaired     = 40  // roles that are tried two by two
)

// A Suggestion is a set of roles, nearly always one, that would make a request
// pass if they were bound to its principal in the tenant, and in the realm if
// the request has one.
type Suggestion struct {
	Roles []*Role

	// Opens are the routes, beyond the one that was asked for, that the principal
	// could use then and cannot now.
	Opens []*Route
	// Adds are the permissions that the principal would hold then and does not
	// now, sorted.
	Adds []sallyport.Permission
}

// Suggest returns the smallest existing grants that would do: which roles of the
// tenant, or of every tenant, would make what q asks for be given, those first
// that open the fewest other routes. There are at most so many. It is empty when
// nothing is missing, and when no two roles together would do.
func (s *Snapshot) Suggest(p *Principal, tenant sallyport.TenantID, route *Route, q *sallyport.Question, most int) []Suggestion {
	var grants []sallyport.Grant
	if p != nil {
		grants = p.Grants(tenant)
	}
	a := &adviser{Snapshot: s, held: s.held(grants, q), need: q.Need, route: route, inRealm: q.Realm != ""}
	if a.meets(a.held) {
		return nil
	}
	candidates := a.candidates(tenant)
	var found []Suggestion
	for _, role := range candidates {
		if a.meets(a.with(role)) {
			found = append(found, Suggestion{Roles: []*Role{role}})
		}
	}
	if len(found) == 0 {
		found = a.pairs(candidates)
	}
	slices.SortStableFunc(found, func(x, y Suggestion) int { return a.adds(x.Roles) - a.adds(y.Roles) })
	found = found[:min(len(found), maxCandidates)]
	a.count(found)
	slices.SortStableFunc(found, compareSuggestions)
	return found[:min(len(found), most)]
}

func compareSuggestions(x, y Suggestion) int {
	return cmp.Or(
		len(x.Opens)-len(y.Opens),
		len(x.Adds)-len(y.Adds),
		len(x.Roles)-len(y.Roles),
		strings.Compare(x.Roles[0].Name, y.Roles[0].Name),
	)
}

// An adviser looks for what would make one request pass.
type adviser struct {
	*Snapshot
	held    sallyport.Set // by the principal, now
	need    sallyport.Need
	route   *Route // that was asked for; may be nil
	inRealm bool   // the grant would be limited to a realm
}

// meets reports whether a set has what is needed.
func (a *adviser) meets(set sallyport.Set) bool { return meets(a.need, set) }

func meets(need sallyport.Need, set sallyport.Set) bool {
	for _, n := range need.AllOf {
		if !set.Has(n) {
			return false
		}
	}
	return len(need.AnyOf) == 0 || slices.ContainsFunc(need.AnyOf, set.Has)
}

// with returns what the principal would hold with roles.
func (a *adviser) with(roles ...*Role) sallyport.Set {
	set := slices.Clone(a.held)
	for _, r := range roles {
		union(&set, r.Set)
	}
	return set
}

// candidates returns the roles that can be bound in a tenant and give something
// of what is missing.
func (a *adviser) candidates(tenant sallyport.TenantID) []*Role {
	var out []*Role
	for _, role := range a.roleList {
		if role.Tenant != tenant && role.Tenant != sallyport.EveryTenant {
			continue
		}
		helps := func(n int32) bool { return role.Set.Has(n) && !a.held.Has(n) }
		if slices.ContainsFunc(a.need.AllOf, helps) || slices.ContainsFunc(a.need.AnyOf, helps) {
			out = append(out, role)
		}
	}
	return out
}

// pairs returns what two roles together would do, of the roles that add the
// least.
func (a *adviser) pairs(roles []*Role) (found []Suggestion) {
	roles = slices.Clone(roles)
	slices.SortStableFunc(roles, func(x, y *Role) int { return a.adds([]*Role{x}) - a.adds([]*Role{y}) })
	roles = roles[:min(len(roles), maxPaired)]
	for i, one := range roles {
		for _, other := range roles[i+1:] {
			if a.meets(a.with(one, other)) {
				found = append(found, Suggestion{Roles: []*Role{one, other}})
			}
		}
	}
	return found
}

// adds counts the permissions that roles would add.
func (a *adviser) adds(roles []*Role) int {
	n := 0
	with := a.with(roles...)
	for i := range int32(len(a.names)) { //nolint:gosec // a number is an int32
		if with.Has(i) && !a.held.Has(i) {
			n++
		}
	}
	return n
}

// count fills in what each suggestion would open.
func (a *adviser) count(found []Suggestion) {
	var shut []*Route
	for _, api := range a.apis {
		if api.Disabled {
			continue
		}
		for _, r := range api.Routes {
			if r != a.route && !r.Public && !r.Authenticated && (!a.inRealm || r.Realm != nil) && !meets(r.Need, a.held) {
				shut = append(shut, r)
			}
		}
	}
	for i := range found {
		f := &found[i]
		with := a.with(f.Roles...)
		for _, r := range shut {
			if meets(r.Need, with) {
				f.Opens = append(f.Opens, r)
			}
		}
		f.Adds = slices.DeleteFunc(a.Names(with), func(p sallyport.Permission) bool {
			n, known := a.Permission(p)
			return known && a.held.Has(n)
		})
	}
}
