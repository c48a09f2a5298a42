package doors

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// principals keeps the compiled principals of the credentials that this node
// knows. A principal has a number that never changes, which is what a known
// credential refers to; so a change of a principal is one pointer store, seen
// at once through all of its credentials.
type principals struct {
	load func(context.Context, sallyport.PrincipalID) (*policy.Principal, error)

	// slots is replaced when it grows; the slots themselves are shared.
	slots atomic.Pointer[[]*slot]

	// mu guards numbers and growth. The hot path does not take it.
	mu      sync.Mutex
	numbers map[sallyport.PrincipalID]uint32
}

// A slot holds one principal; an empty or outdated one is loaded at its next
// use.
type slot struct {
	id      sallyport.PrincipalID
	current atomic.Pointer[loaded]

	uses atomic.Pointer[useTable] // what the principal used; nil: nothing yet

	// epoch grows with every forget. What was loaded under an older epoch is
	// not used, so a load that began before a change cannot outlive it.
	epoch atomic.Uint64
}

// loaded is a principal and the epoch of its slot before it was loaded.
type loaded struct {
	*policy.Principal
	epoch uint64

	// homeLives is the last policy under which the principal's home was seen to be
	// in use. A policy never changes, so what was seen once need not be looked up
	// again until there is another one.
	homeLives atomic.Pointer[inForce]
}

// livesAtHome reports whether the principal's home is in use under the policy.
func (l *loaded) livesAtHome(f *inForce) bool {
	if l.homeLives.Load() == f {
		return true
	}
	if !f.lives(l.Home) {
		return false
	}
	l.homeLives.Store(f)
	return true
}

func newPrincipals(load func(context.Context, sallyport.PrincipalID) (*policy.Principal, error)) *principals {
	p := &principals{load: load, numbers: map[sallyport.PrincipalID]uint32{}}
	p.slots.Store(&[]*slot{})
	return p
}

// number returns the number of the principal, giving it one if it has none.
func (p *principals) number(id sallyport.PrincipalID) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.numbers[id]; ok {
		return n
	}
	old := *p.slots.Load()
	n := uint32(len(old))
	// Appending shares the array between the old slice and the new one; readers
	// of the old slice never look behind its length.
	grown := append(old, &slot{id: id})
	p.slots.Store(&grown)
	p.numbers[id] = n
	return n
}

// slot returns the slot of a number.
func (p *principals) slot(number uint32) *slot { return (*p.slots.Load())[number] }

// at returns the principal with this number, loading it if it was forgotten.
func (p *principals) at(ctx context.Context, number uint32) (l *loaded, asked bool, err error) {
	s := p.slot(number)
	epoch := s.epoch.Load()
	if l := s.current.Load(); l != nil && l.epoch == epoch {
		return l, false, nil
	}
	principal, err := p.load(ctx, s.id)
	if err != nil {
		return nil, true, err
	}
	l = &loaded{Principal: principal, epoch: epoch}
	s.current.Store(l)
	return l, true, nil
}

// forget makes the principal be loaded anew at its next use.
func (p *principals) forget(id sallyport.PrincipalID) {
	p.mu.Lock()
	n, ok := p.numbers[id]
	p.mu.Unlock()
	if !ok {
		return
	}
	(*p.slots.Load())[n].epoch.Add(1)
}

// forgetAll makes every principal be loaded anew.
func (p *principals) forgetAll() {
	for _, s := range *p.slots.Load() {
		s.epoch.Add(1)
	}
}
