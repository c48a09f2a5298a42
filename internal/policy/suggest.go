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
//
// kind is what the route asks besides of the kind of the credential, if that is
// what was refused; else nil. It is for no realm in particular, and what is
// suggested for it is to be bound in each.
func (s *Snapshot) Suggest(p *Principal, tenant sallyport.TenantID, route *Route, q *sallyport.Question, kind *KindNeed, most int) []Suggestion {
	var grants []sallyport.Grant
	if p != nil {
		grants = p.Grants(tenant)
	}
	a := &adviser{Snapshot: s, held: s.held(grants, q), route: route, inRealm: q.Realm != "" && kind == nil}
	a.halves = append(a.halves, half{q.Need, s.heldTogether(grants, q)})
	if kind != nil {
		anywhere := *q
		anywhere.AnyRealm, anywhere.Realm, anywhere.Facts.Realm = true, "", ""
		a.halves = append(a.halves, half{kind.Need, []sallyport.Set{s.held(grants, &anywhere)}})
	}
	if a.meets() {
		return nil
	}
	candidates := a.candidates(tenant)
	var found []Suggestion
	for _, role := range candidates {
		if a.meets(role) {
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

// heldTogether returns what grants give for a question, as sets of which one must
// have all that is needed: of a request that names no realm, where a right in any
// will do, one for each realm, since what is held in one does not complete what is
// held in another.
func (s *Snapshot) heldTogether(grants []sallyport.Grant, q *sallyport.Question) []sallyport.Set {
	if q.Realm != "" || !q.AnyRealm {
		return []sallyport.Set{s.held(grants, q)}
	}
	in, seen, sets := *q, map[string]bool{}, []sallyport.Set(nil)
	in.AnyRealm = false
	add := func(realm string) {
		if !seen[realm] {
			seen[realm] = true
			in.Realm, in.Facts.Realm = realm, realm
			sets = append(sets, s.held(grants, &in))
		}
	}
	add("")
	for i := range grants {
		add(grants[i].Realm)
	}
	return sets
}

// A half is a need, and sets of which one must meet it.
type half struct {
	need sallyport.Need
	held []sallyport.Set
}

// An adviser looks for what would make one request pass.
type adviser struct {
	*Snapshot
	held    sallyport.Set // by the principal, now
	halves  []half        // that must be met; nearly always one
	route   *Route        // that was asked for; may be nil
	inRealm bool          // the grant would be limited to a realm
}

// meets reports whether the request would pass with some roles.
func (a *adviser) meets(roles ...*Role) bool {
	return !slices.ContainsFunc(a.halves, func(h half) bool {
		return !slices.ContainsFunc(h.held, func(set sallyport.Set) bool { return meets(h.need, together(set, roles)) })
	})
}

func meets(need sallyport.Need, set sallyport.Set) bool {
	for _, n := range need.AllOf {
		if !set.Has(n) {
			return false
		}
	}
	return len(need.AnyOf) == 0 || slices.ContainsFunc(need.AnyOf, set.Has)
}

// with returns what the principal would hold with roles.
func (a *adviser) with(roles ...*Role) sallyport.Set { return together(a.held, roles) }

func together(set sallyport.Set, roles []*Role) sallyport.Set {
	set = slices.Clone(set)
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
		if slices.ContainsFunc(a.halves, func(h half) bool { return h.helped(role) }) {
			out = append(out, role)
		}
	}
	return out
}

// helped reports whether a role gives something that is needed and not held.
func (h half) helped(role *Role) bool {
	helps := func(n int32) bool {
		return role.Set.Has(n) && slices.ContainsFunc(h.held, func(set sallyport.Set) bool { return !set.Has(n) })
	}
	return slices.ContainsFunc(h.need.AllOf, helps) || slices.ContainsFunc(h.need.AnyOf, helps)
}

// pairs returns what two roles together would do, of the roles that add the
// least.
func (a *adviser) pairs(roles []*Role) (found []Suggestion) {
	roles = slices.Clone(roles)
	slices.SortStableFunc(roles, func(x, y *Role) int { return a.adds([]*Role{x}) - a.adds([]*Role{y}) })
	roles = roles[:min(len(roles), maxPaired)]
	for i, one := range roles {
		for _, other := range roles[i+1:] {
			if a.meets(one, other) {
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
