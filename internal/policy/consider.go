package policy

import (
	"slices"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// A Verdict says what a binding did for a request, or why it did nothing.
type Verdict string

// Verdicts, from nothing to all.
const (
	VerdictDeactivated    Verdict = "deactivated"     // the binding is not active
	VerdictExpired        Verdict = "expired"         // the binding is over
	VerdictRoleGone       Verdict = "role_gone"       // there is no such role any more
	VerdictGivesOther     Verdict = "gives_other"     // the role has nothing of what is needed
	VerdictOtherRealm     Verdict = "other_realm"     // the binding is limited to another realm
	VerdictConditionUnmet Verdict = "condition_unmet" // its condition is false or cannot be evaluated
	VerdictOutOfScope     Verdict = "out_of_scope"    // the credential's scopes leave it out
	VerdictGives          Verdict = "gives"           // it gives at least a part of what is needed
)

// A Considered is a binding that door two looked at.
type Considered struct {
	Binding   sallyport.Binding
	Role      *Role                  // nil: there is none
	Gives     []sallyport.Permission // of what is needed
	Verdict   Verdict
	Condition string // "true", "false" or why it could not be evaluated; empty: there is none, or nobody asked
}

// Consider returns what each binding of a principal in a tenant, or in every
// tenant, does for a question: what [sallyport.Authorize] saw, told at length.
// What helps most comes first.
func (s *Snapshot) Consider(p *Principal, tenant sallyport.TenantID, q *sallyport.Question) []Considered {
	var out []Considered
	for i := range p.Bindings {
		b := &p.Bindings[i]
		if b.Tenant == tenant || b.Tenant == sallyport.EveryTenant {
			out = append(out, s.consider(b, q))
		}
	}
	slices.SortStableFunc(out, func(a, b Considered) int { return b.Verdict.rank() - a.Verdict.rank() })
	return out
}

func (s *Snapshot) consider(b *sallyport.Binding, q *sallyport.Question) Considered {
	c := Considered{Binding: *b, Role: s.byRole[b.Role]}
	limited := false
	if c.Role != nil {
		for _, n := range slices.Concat(q.Need.AllOf, q.Need.AnyOf) {
			if name := s.PermissionName(n); c.Role.Set.Has(n) && !slices.Contains(c.Gives, name) {
				c.Gives = append(c.Gives, name)
				limited = limited || q.Limited && !q.Limit.Has(n)
			}
		}
	}
	switch {
	case b.State != sallyport.Active:
		c.Verdict = VerdictDeactivated
	case !b.Expires.IsZero() && !b.Expires.After(q.Facts.Time):
		c.Verdict = VerdictExpired
	case c.Role == nil:
		c.Verdict = VerdictRoleGone
	case len(c.Gives) == 0 && len(q.Need.AllOf)+len(q.Need.AnyOf) > 0:
		c.Verdict = VerdictGivesOther
	case b.Realm != "" && b.Realm != q.Realm && (q.Realm != "" || !q.AnyRealm):
		c.Verdict = VerdictOtherRealm
	case !s.holds(b, q, &c):
		c.Verdict = VerdictConditionUnmet
	case limited:
		c.Verdict = VerdictOutOfScope
	default:
		c.Verdict = VerdictGives
	}
	return c
}

// holds evaluates the condition of a binding and writes its value down.
func (s *Snapshot) holds(b *sallyport.Binding, q *sallyport.Question, c *Considered) bool {
	if b.Condition == "" {
		return true
	}
	condition, err := s.compiler.conditions.get(b.Condition)
	if err != nil {
		c.Condition = oneLine(err.Error())
		return false
	}
	facts := q.Facts
	switch holds, err := condition.Holds(&facts); {
	case err != nil:
		c.Condition = oneLine(err.Error())
		return false
	case holds:
		c.Condition = "true"
		return true
	default:
		c.Condition = "false"
		return false
	}
}

func (v Verdict) rank() int {
	return slices.Index([]Verdict{
		VerdictRoleGone, VerdictDeactivated, VerdictGivesOther, VerdictExpired, VerdictOtherRealm,
		VerdictConditionUnmet, VerdictOutOfScope, VerdictGives,
	}, v)
}

// held returns what grants give under the circumstances of a question, scopes
// apart.
func (s *Snapshot) held(grants []sallyport.Grant, q *sallyport.Question) sallyport.Set {
	var set sallyport.Set
	for i := range grants {
		g := &grants[i]
		inRealm := g.Realm == "" || g.Realm == q.Realm || q.Realm == "" && q.AnyRealm
		if int(g.Role) >= len(s.roles) || !inRealm || !live(g, q.Facts.Time) {
			continue
		}
		if g.Condition != nil {
			facts := q.Facts
			if holds, err := g.Condition.Holds(&facts); err != nil || !holds {
				continue
			}
		}
		union(&set, s.roles[g.Role])
	}
	return set
}

func live(g *sallyport.Grant, now time.Time) bool {
	return g.Expires == 0 || now.UnixMicro() < g.Expires
}
