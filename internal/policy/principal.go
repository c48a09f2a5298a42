package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// A Record is what the store holds about a principal. The compiler keeps it, so
// it must not be changed afterwards.
type Record struct {
	Principal sallyport.Principal
	State     sallyport.State
	Epoch     int64
	NotBefore time.Time
	// MustChange says that the password was set by somebody else and opens
	// nothing until it is changed.
	MustChange bool
	// SecondFactor says that the password alone opens nothing.
	SecondFactor bool
	Bindings     []sallyport.Binding // its own and those of its groups
	Groups       []sallyport.GroupID
}

// A Principal is a compiled principal. It never changes and is safe for
// concurrent use.
type Principal struct {
	sallyport.Principal
	State     sallyport.State
	Epoch     int64
	NotBefore time.Time
	// MustChange says that the password opens nothing until it is changed.
	MustChange bool
	// SecondFactor says that the password alone opens nothing.
	SecondFactor bool
	Groups       []sallyport.GroupID
	Bindings     []sallyport.Binding // as they came, also those that give nothing

	everywhere []sallyport.Grant // of bindings in every tenant
	tenants    []tenantGrants    // by tenant
}

// tenantGrants has the grants of one tenant, then those of every tenant, so that
// a decision looks at one list.
type tenantGrants struct {
	tenant sallyport.TenantID
	grants []sallyport.Grant
	own    int // how many are of the tenant itself
}

// Principal compiles a principal. Bindings that are not active give nothing.
//
// The principal is never nil. The error tells which bindings were left out, or
// will never hold, because they are damaged: bound to somebody else, without a
// tenant, or with a condition that cannot be read.
func (c *Compiler) Principal(rec Record) (*Principal, error) {
	p := &Principal{
		Principal: rec.Principal, State: rec.State, Epoch: rec.Epoch, NotBefore: rec.NotBefore, MustChange: rec.MustChange, SecondFactor: rec.SecondFactor,
		Groups: rec.Groups, Bindings: rec.Bindings,
	}
	var faults []error
	own := map[sallyport.TenantID][]sallyport.Grant{}
	for i := range rec.Bindings {
		b := &rec.Bindings[i]
		if b.State != sallyport.Active {
			continue
		}
		if err := rec.misplaced(b); err != nil {
			faults = append(faults, fmt.Errorf("binding %s of principal %s: %w", b.ID, rec.Principal.ID, err))
			continue
		}
		g, err := c.grant(b)
		if err != nil {
			faults = append(faults, fmt.Errorf("binding %s of principal %s never holds: %w", b.ID, rec.Principal.ID, err))
		}
		if b.Tenant == sallyport.EveryTenant {
			p.everywhere = append(p.everywhere, g)
			continue
		}
		own[b.Tenant] = append(own[b.Tenant], g)
	}
	for tenant, grants := range own {
		p.tenants = append(p.tenants, tenantGrants{tenant, slices.Concat(grants, p.everywhere), len(grants)})
	}
	slices.SortFunc(p.tenants, func(a, b tenantGrants) int { return strings.Compare(string(a.tenant), string(b.tenant)) })
	return p, errors.Join(faults...)
}

// misplaced returns why a binding cannot be one of the record's.
func (rec *Record) misplaced(b *sallyport.Binding) error {
	switch {
	case b.Tenant == "":
		return errors.New("it has no tenant")
	case b.SubjectKind == sallyport.SubjectGroup:
		if !slices.Contains(rec.Groups, sallyport.GroupID(b.Subject)) {
			return errors.New("it is bound to a group that the principal is not in")
		}
	case b.SubjectKind != subjectKind(rec.Principal.Kind) || b.Subject != string(rec.Principal.ID):
		return errors.New("it is bound to another principal")
	}
	return nil
}

// subjectKind returns what a binding to a principal of this kind says.
func subjectKind(k sallyport.PrincipalKind) sallyport.SubjectKind {
	switch k {
	case sallyport.PrincipalPerson, sallyport.PrincipalService:
		return sallyport.SubjectUser
	case sallyport.PrincipalAPIKey:
		return sallyport.SubjectKey
	case sallyport.PrincipalAnonymous:
	}
	return "" // which no binding says
}

// grant compiles a binding. With an error the grant never holds.
func (c *Compiler) grant(b *sallyport.Binding) (sallyport.Grant, error) {
	g := sallyport.Grant{Binding: b.ID, Role: c.roles.of(b.Role), Realm: b.Realm}
	if !b.Expires.IsZero() {
		// 0 stands for never, and a binding that expired in 1970 is over anyway.
		g.Expires = max(1, b.Expires.UnixMicro())
	}
	if b.Condition == "" {
		return g, nil
	}
	condition, err := c.conditions.get(b.Condition)
	if err != nil {
		g.Condition = never{b.Condition, err}
		return g, err
	}
	g.Condition = condition
	return g, nil
}

// Grants returns what the principal is bound to in a tenant, for
// [sallyport.Authorize]; of [sallyport.EveryTenant] what it is bound to in every
// tenant. No tenant has no grants. They are not to be changed. It allocates
// nothing.
func (p *Principal) Grants(tenant sallyport.TenantID) []sallyport.Grant {
	if tenant == "" {
		return nil
	}
	if i, ok := p.find(tenant); ok {
		return p.tenants[i].grants
	}
	return p.everywhere
}

func (p *Principal) find(tenant sallyport.TenantID) (int, bool) {
	lo, hi := 0, len(p.tenants)
	for lo < hi {
		mid := (lo + hi) / 2
		switch t := p.tenants[mid].tenant; {
		case t == tenant:
			return mid, true
		case t < tenant:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

// Member reports whether the principal belongs to a tenant: it is its home, or
// some binding there, or in every tenant, has not expired. Whether the tenant
// itself is in use is not asked here. It allocates nothing.
func (p *Principal) Member(tenant sallyport.TenantID, now time.Time) bool {
	if tenant == "" {
		return false
	}
	return tenant == p.Home && tenant != sallyport.EveryTenant || anyLive(p.Grants(tenant), now)
}

// AnyTenant reports whether the principal is a member of every tenant.
func (p *Principal) AnyTenant(now time.Time) bool { return anyLive(p.everywhere, now) }

// Tenants returns the tenants that the principal is a member of by name, sorted.
// Who is a member of every tenant is not only a member of these; see
// [Principal.AnyTenant].
func (p *Principal) Tenants(now time.Time) []sallyport.TenantID {
	var out []sallyport.TenantID
	if p.Home != "" && p.Home != sallyport.EveryTenant {
		out = append(out, p.Home)
	}
	for _, t := range p.tenants {
		if t.tenant != p.Home && anyLive(t.grants[:t.own], now) {
			out = append(out, t.tenant)
		}
	}
	slices.Sort(out)
	return out
}

// anyLive reports whether a grant may hold now.
func anyLive(grants []sallyport.Grant, now time.Time) bool {
	at := now.UnixMicro()
	for i := range grants {
		if _, broken := grants[i].Condition.(never); !broken && (grants[i].Expires == 0 || at < grants[i].Expires) {
			return true
		}
	}
	return false
}
