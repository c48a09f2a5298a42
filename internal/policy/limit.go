package policy

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	sallyport "github.com/sallyport/sallyport"
)

// Unlimited is the index of a credential without scopes, which may do all that
// its owner may.
const Unlimited int32 = -1

// maxLimits bounds the lists of scopes that are remembered. People choose the
// scopes of their tokens, so the number of different lists is not ours.
const maxLimits = 1 << 16

// A Limit is what the scopes of a credential leave of its owner's rights. It
// never changes.
//
// A scope is written "api/scope"; "api" stands for all of the API.
type Limit struct {
	Scopes  []string // sorted, each once
	Unknown []string // those of them that no API declares; they leave nothing
	Set     sallyport.Set

	scopes sallyport.Set // numbers of the scopes
	whole  sallyport.Set // numbers of the APIs that are there whole
	some   sallyport.Set // numbers of the APIs that any scope is of
}

// Reaches reports whether a credential with the limit can be used for a route,
// permissions apart: it must carry one of the scopes that the route names, or
// any scope of the API if it names none. A nil limit reaches everything.
func (l *Limit) Reaches(r *Route) bool {
	if l == nil || r.Public || l.whole.Has(r.API.number) {
		return true
	}
	if len(r.scopeNumbers) == 0 {
		return l.some.Has(r.API.number)
	}
	return slices.ContainsFunc(r.scopeNumbers, l.scopes.Has)
}

// Leaves reports whether the limit leaves all that is needed to who holds it. A
// nil limit leaves everything.
func (l *Limit) Leaves(need sallyport.Need) bool { return l == nil || meets(need, l.Set) }

// Limit returns what a list of scopes leaves, nil for an empty one. For a
// credential that is used often there is [Snapshot.LimitAt].
func (s *Snapshot) Limit(scopes []string) *Limit {
	if len(scopes) == 0 {
		return nil
	}
	l := &Limit{Scopes: tidy(scopes)}
	for _, full := range l.Scopes {
		api, name, one := strings.Cut(full, "/")
		a := s.byName[sallyport.APIName(api)]
		if a == nil {
			l.Unknown = append(l.Unknown, full)
			continue
		}
		if !one {
			l.whole.Add(a.number)
			l.some.Add(a.number)
			union(&l.Set, a.own)
			continue
		}
		scope, known := a.scopes[name]
		if !known {
			l.Unknown = append(l.Unknown, full)
			continue
		}
		l.scopes.Add(scope.number)
		l.some.Add(a.number)
		union(&l.Set, scope.set)
	}
	return l
}

// tidy returns the scopes sorted, each once.
func tidy(scopes []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(scopes)))
}

// A limitTable numbers lists of scopes. Number 0 stands for none of them, so
// that a forgotten index reaches nothing.
type limitTable struct {
	// mu guards both fields. A request does not take it.
	mu    sync.RWMutex
	index map[string]int32
	lists [][]string
}

// LimitIndex returns the index under which [Snapshot.LimitAt] finds what a list
// of scopes leaves. Lists with the same scopes have the same index, whatever
// their order. No scopes give [Unlimited]. It reports false when there are too
// many different lists; the index then reaches nothing, and [Snapshot.Limit]
// does the work.
func (c *Compiler) LimitIndex(scopes []string) (int32, bool) {
	if len(scopes) == 0 {
		return Unlimited, true
	}
	list := tidy(scopes)
	var key strings.Builder
	for _, s := range list {
		key.WriteString(strconv.Itoa(len(s)) + ":" + s)
	}
	return c.limits.of(key.String(), list)
}

func (t *limitTable) of(key string, list []string) (int32, bool) {
	t.mu.RLock()
	i, ok := t.index[key]
	t.mu.RUnlock()
	if ok {
		return i, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.index[key]; ok {
		return i, true
	}
	if t.index == nil {
		t.index, t.lists = map[string]int32{}, make([][]string, 1)
	}
	if len(t.lists) == maxLimits {
		return 0, false
	}
	i = int32(len(t.lists)) //nolint:gosec // bounded above
	t.index[key] = i
	t.lists = append(t.lists, list)
	return i, true
}

func (t *limitTable) count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return max(1, len(t.lists))
}

func (t *limitTable) list(i int32) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if int(i) >= len(t.lists) {
		return nil
	}
	return t.lists[i]
}

// A limitCache keeps the limits of one snapshot that were asked for.
type limitCache struct {
	// slots is replaced when it grows. Losing an entry that was stored
	// meanwhile costs no more than making it again.
	slots atomic.Pointer[[]atomic.Pointer[Limit]]
}

func (c *limitCache) grow(count int) {
	grown := make([]atomic.Pointer[Limit], count+count/4+16)
	if old := c.slots.Load(); old != nil {
		for i := range *old {
			grown[i].Store((*old)[i].Load())
		}
	}
	c.slots.Store(&grown)
}

// LimitAt returns the limit of an index from [Compiler.LimitIndex]: nil, which
// reaches everything, for [Unlimited] alone. It allocates nothing when the index
// was asked for before.
func (s *Snapshot) LimitAt(index int32) *Limit {
	if index == Unlimited {
		return nil
	}
	if index <= 0 {
		return &nothing
	}
	slots := *s.limits.slots.Load()
	if int(index) < len(slots) {
		if l := slots[index].Load(); l != nil {
			return l
		}
	}
	list := s.compiler.limits.list(index)
	if len(list) == 0 {
		return &nothing
	}
	l := s.Limit(list)
	if int(index) >= len(slots) {
		s.limits.grow(s.compiler.limits.count())
		slots = *s.limits.slots.Load()
	}
	if int(index) < len(slots) {
		slots[index].Store(l)
	}
	return l
}

// nothing is the limit that reaches no route. It is never written to.
var nothing = Limit{}
