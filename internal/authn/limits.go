package authn

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
)

// Limits are what a credential narrows. Many credentials share the same ones,
// so a known credential refers to them by number.
type Limits struct {
	Tenant   sallyport.TenantID // the one tenant it acts in; empty: wherever its owner may
	Limited  bool               // whether Scopes applies
	Scopes   []string
	Networks []netip.Prefix      // where it may come from; empty: anywhere
	Idle     time.Duration       // ends when unused for so long; 0: no limit
	Audience []sallyport.APIName // access tokens: the APIs it is for; empty: every API

	// Brownout refuses a share of the uses for a while.
	Brownout sallyport.Brownout

	// Scope is the policy's number of Scopes, if it has given one.
	Scope    int32
	Numbered bool
}

// From reports whether the credential may be used from this address.
func (l *Limits) From(client netip.Addr) bool {
	if len(l.Networks) == 0 {
		return true
	}
	client = client.Unmap()
	return slices.ContainsFunc(l.Networks, func(p netip.Prefix) bool { return p.Contains(client) })
}

// For reports whether the credential may be used at this API.
func (l *Limits) For(api sallyport.APIName) bool {
	return len(l.Audience) == 0 || slices.Contains(l.Audience, api)
}

// mostLimits bounds the combinations that have numbers. Whoever holds a key can ask
// for access tokens of any choice of its scopes, so how many there are is not ours.
const mostLimits = 1 << 17

// limitTable numbers limits. Numbers are never given up: there are as many as
// there are different combinations in use, not as many as credentials. Number 0
// stands for none of them, and reaches nothing.
type limitTable struct {
	all  atomic.Pointer[[]*Limits]
	most int

	mu   sync.Mutex // guards keys and growth
	keys map[string]uint32
}

func newLimitTable() *limitTable {
	t := &limitTable{keys: map[string]uint32{}, most: mostLimits}
	t.all.Store(&[]*Limits{{Limited: true}})
	return t
}

func (t *limitTable) at(number uint32) *Limits { return (*t.all.Load())[number] }

// number returns the number of limits equal to l; false if there are too many
// different ones.
func (t *limitTable) number(l Limits) (uint32, bool) {
	key := l.key()
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, ok := t.keys[key]; ok {
		return n, true
	}
	old := *t.all.Load()
	if len(old) > t.most {
		return 0, false
	}
	n := uint32(len(old))
	grown := append(old, &l)
	t.all.Store(&grown)
	t.keys[key] = n
	return n, true
}

// key writes the limits so that no two different ones read the same: every part
// goes with its length.
func (l *Limits) key() string {
	var b strings.Builder
	part := func(s string) { fmt.Fprintf(&b, "%d:%s", len(s), s) }
	part(string(l.Tenant))
	part(fmt.Sprint(l.Limited, l.Idle, len(l.Scopes), len(l.Networks), l.Brownout.Share, micros(l.Brownout.Until)))
	for _, s := range l.Scopes {
		part(s)
	}
	for _, n := range l.Networks {
		part(n.String())
	}
	for _, a := range l.Audience {
		part(string(a))
	}
	return b.String()
}
