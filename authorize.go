package sallyport

import (
	"math"
	"net/netip"
	"time"
)

// A Set is a set of small numbers, one bit each. Permissions are numbered by
// the policy; the zero Set is empty.
type Set []uint64

// Has reports whether i is in the set.
func (s Set) Has(i int32) bool {
	w := int(uint32(i) >> 6)
	return w < len(s) && s[w]&(1<<(uint32(i)&63)) != 0
}

// Add puts i into the set. There are no negative numbers in a set.
func (s *Set) Add(i int32) {
	if i < 0 {
		return
	}
	w := int(uint32(i) >> 6)
	for len(*s) <= w {
		*s = append(*s, 0)
	}
	(*s)[w] |= 1 << (uint32(i) & 63)
}

// A Need is what a route asks of a principal: every permission of AllOf and, if
// AnyOf is not empty, at least one of AnyOf. An empty Need asks for a principal
// and nothing more.
type Need struct {
	AllOf []int32
	AnyOf []int32
}

// Circumstances are the facts of a request that a condition may look at.
type Circumstances struct {
	Time   time.Time
	Client netip.Addr
	Method string
	Path   string
	Tenant TenantID
	Realm  string
	Names  []string // names of the path values of the route
	Values []string // their values, decoded, in the same order
}

// A Condition is a compiled condition of a binding. An error means that it does
// not hold.
type Condition interface {
	Holds(*Circumstances) (bool, error)
}

// A Grant is one binding of a principal in the tenant of the request, ready to
// be asked.
type Grant struct {
	Binding   BindingID
	Role      int32     // index into the policy's roles
	Realm     string    // empty: every realm
	Expires   int64     // unix microseconds; 0: never
	Condition Condition // nil: always
}

// A Question is what [Authorize] answers.
type Question struct {
	Need     Need
	Limit    Set    // what the scopes of the credential leave; see Limited
	Limited  bool   // whether Limit applies
	Realm    string // the realm that the request names; empty: none
	AnyRealm bool   // with no realm named, a grant in any realm will do
	Facts    Circumstances
}

// Authorize answers whether grants, over the role sets of the policy in force,
// meet the need of q. It returns an empty reason and a binding that allows it,
// or the reason why not: [PermissionMissing] when no binding gives what is
// needed, [RealmForbidden] when one does but in another realm, [ConditionUnmet]
// when its condition does not hold, [ScopeInsufficient] when the owner may but
// the credential's scopes do not reach so far. Where several permissions are
// needed it tells of the one that is furthest away, so the order of the needs
// and of the grants changes neither the answer nor its reason.
//
// It is pure: same policy, same question, same answer. It allocates nothing
// unless a condition does.
func Authorize(roles []Set, grants []Grant, q *Question) (Reason, BindingID) {
	var by BindingID
	worst := Reason("")
	for _, p := range q.Need.AllOf {
		reason, b := q.holds(roles, grants, p)
		if reason != "" && (worst == "" || reason.nearness() < worst.nearness()) {
			worst = reason
		}
		by = b
	}
	if worst != "" {
		return worst, ""
	}
	if len(q.Need.AnyOf) == 0 {
		return "", by
	}
	best := PermissionMissing
	for _, p := range q.Need.AnyOf {
		reason, b := q.holds(roles, grants, p)
		if reason == "" {
			return "", b
		}
		if reason.nearness() > best.nearness() {
			best = reason
		}
	}
	return best, ""
}

// holds answers for one permission.
func (q *Question) holds(roles []Set, grants []Grant, p int32) (Reason, BindingID) {
	best := PermissionMissing
	now := q.Facts.Time.UnixMicro()
	if q.Facts.Time.IsZero() {
		now = math.MaxInt64 // without a clock, whatever can expire has
	}
	for i := range grants {
		g := &grants[i]
		if uint32(g.Role) >= uint32(len(roles)) || !roles[g.Role].Has(p) { //nolint:gosec // a negative number becomes too large
			continue
		}
		if g.Expires != 0 && now >= g.Expires {
			continue
		}
		reason := Reason("")
		switch {
		case !q.inRealm(g.Realm):
			reason = RealmForbidden
		case !q.met(g.Condition):
			reason = ConditionUnmet
		case q.Limited && !q.Limit.Has(p):
			reason = ScopeInsufficient
		default:
			return "", g.Binding
		}
		if reason.nearness() > best.nearness() {
			best = reason
		}
	}
	return best, ""
}

func (q *Question) inRealm(realm string) bool {
	if realm == "" || realm == q.Realm {
		return true
	}
	return q.Realm == "" && q.AnyRealm
}

func (q *Question) met(c Condition) bool {
	if c == nil {
		return true
	}
	// A copy, because what a method of an interface is given moves to the heap:
	// the whole question would, on every request, for the few with a condition.
	facts := q.Facts
	ok, err := c.Holds(&facts)
	return ok && err == nil
}

// nearness orders the denials of door two by how little was missing, so that
// the most helpful one is told.
func (r Reason) nearness() int {
	switch r { //nolint:exhaustive // the other reasons are not given by Authorize
	case RealmForbidden:
		return 1
	case ConditionUnmet:
		return 2
	case ScopeInsufficient:
		return 3
	default:
		return 0
	}
}
