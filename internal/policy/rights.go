package policy

import (
	"slices"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// Ask answers whether a principal, with a credential of this limit, holds one
// permission under the circumstances, as [sallyport.Authorize] does. A permission
// that nobody declares is held by nobody. A nil principal holds nothing.
func (s *Snapshot) Ask(p *Principal, limit *Limit, permission sallyport.Permission, facts sallyport.Circumstances) (sallyport.Reason, sallyport.BindingID) {
	number, known := s.Permission(permission)
	if p == nil || !known {
		return sallyport.PermissionMissing, ""
	}
	q := sallyport.Question{
		Need:  sallyport.Need{AllOf: s.alone[number : number+1 : number+1]},
		Realm: facts.Realm,
		Facts: facts,
	}
	if limit != nil {
		q.Limit, q.Limited = limit.Set, true
	}
	return sallyport.Authorize(s.roles, p.Grants(facts.Tenant), &q)
}

// Holds reports whether a principal holds a permission in a tenant and realm
// whatever the circumstances; a right under a condition that looks at more than
// time, tenant and realm does not count. No realm asks for a right in every
// realm.
func (s *Snapshot) Holds(p *Principal, tenant sallyport.TenantID, realm string, permission sallyport.Permission, now time.Time) bool {
	reason, _ := s.Ask(p, nil, permission, sallyport.Circumstances{Time: now, Tenant: tenant, Realm: realm})
	return reason == ""
}

// Permissions returns what a principal may have a right to in a tenant, in some
// realm or under some condition; sorted.
func (s *Snapshot) Permissions(p *Principal, tenant sallyport.TenantID, now time.Time) []sallyport.Permission {
	var set sallyport.Set
	s.collect(&set, p.Grants(tenant), now)
	return s.Names(set)
}

// collect adds what grants may give now.
func (s *Snapshot) collect(to *sallyport.Set, grants []sallyport.Grant, now time.Time) {
	for i := range grants {
		if g := &grants[i]; int(g.Role) < len(s.roles) && anyLive(grants[i:i+1], now) {
			union(to, s.roles[g.Role])
		}
	}
}

// Anywhere returns what a principal may have a right to in at least one tenant,
// in some realm or under some condition; sorted.
func (s *Snapshot) Anywhere(p *Principal, now time.Time) []sallyport.Permission {
	var set sallyport.Set
	if p != nil {
		s.collect(&set, p.everywhere, now)
		for _, t := range p.tenants {
			s.collect(&set, t.grants[:t.own], now)
		}
	}
	return s.Names(set)
}

// An Extent says how far a right reaches that is to be handed out.
type Extent struct {
	Tenant    sallyport.TenantID // [sallyport.EveryTenant]: in each tenant
	Realm     string             // empty: in every realm
	Condition string             // empty: always
	Expires   time.Time          // zero: never
}

// Beyond returns those of the permissions that a principal, with a credential
// of this limit, cannot hand out to this extent because it does not hold them so
// far itself: in the tenant, in every realm or in this one, without a condition
// or under this one, and for as long. A wildcard can be handed out by who holds
// the wildcard, as it will stand for more tomorrow. A permission that nobody
// declares is beyond everybody.
func (s *Snapshot) Beyond(p *Principal, limit *Limit, to Extent, permissions []sallyport.Permission, now time.Time) []sallyport.Permission {
	var held sallyport.Set
	if p != nil {
		grants := p.Grants(to.Tenant)
		for i := range grants {
			if g := &grants[i]; int(g.Role) < len(s.roles) && anyLive(grants[i:i+1], now) && covers(g, to) {
				union(&held, s.roles[g.Role])
			}
		}
	}
	var beyond []sallyport.Permission
	for _, name := range permissions {
		number, known := s.Permission(name)
		if !known || !held.Has(number) || limit != nil && !limit.Set.Has(number) {
			beyond = append(beyond, name)
		}
	}
	slices.Sort(beyond)
	return slices.Compact(beyond)
}

// covers reports whether a grant holds wherever and whenever a right to the
// extent would.
func covers(g *sallyport.Grant, to Extent) bool {
	return (g.Realm == "" || g.Realm == to.Realm) &&
		(g.Condition == nil || conditionText(g.Condition) == to.Condition) &&
		(g.Expires == 0 || !to.Expires.IsZero() && to.Expires.UnixMicro() <= g.Expires)
}
