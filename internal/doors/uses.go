package doors

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of what is counted of the use of permissions.
const (
	usesEach     = 512     // different uses of one principal
	usesAll      = 1 << 18 // of all principals, before those in memory are forgotten
	usesIdle     = 1 << 14 // that may stay in memory although most of them were not used since the last flush
	usesInterval = 10 * time.Second
	usesPart     = 5000 // are written in one transaction, so that others can write in between
)

// A useKey is what is counted apart: with which token, through which binding, in
// which tenant, what.
type useKey struct {
	credential sallyport.UUID // zero: no token or key
	binding    sallyport.BindingID
	tenant     sallyport.TenantID
	use        int32 // see [policy.Compiler.UseOf]
}

// hash spreads keys; ids of credentials and bindings are random at their ends.
func (k *useKey) hash() uint32 {
	h := uint32(k.use)*0x9e3779b1 ^ binary.LittleEndian.Uint32(k.credential[12:]) //nolint:gosec // only bits matter
	if n := len(k.binding); n >= 8 {
		for i := n - 8; i < n; i++ {
			h = h*31 + uint32(k.binding[i])
		}
	}
	return h ^ h>>15
}

// A useCount counts one use since the last flush.
type useCount struct {
	useKey
	principal sallyport.PrincipalID
	n         atomic.Uint32
	next      *useCount // on the list of those to write down
}

// A useTable finds the counts of one principal. They are only ever added, by one
// goroutine at a time, and who looks for one waits for nobody.
type useTable struct {
	slots []atomic.Pointer[useCount] // open addressing; a power of two, at most half of them full
	n     atomic.Int32
}

func (t *useTable) find(k *useKey) *useCount {
	if t == nil {
		return nil
	}
	mask := uint32(len(t.slots) - 1) //nolint:gosec // at most 1024
	for i := k.hash() & mask; ; i = (i + 1) & mask {
		c := t.slots[i].Load()
		if c == nil || c.useKey == *k {
			return c
		}
	}
}

// full reports whether no more may be added.
func (t *useTable) full() bool { return t != nil && t.n.Load() >= usesEach }

// with returns a table that has one more: the same while there is room in it.
func (t *useTable) with(c *useCount) *useTable {
	switch {
	case t == nil:
		t = &useTable{slots: make([]atomic.Pointer[useCount], 2)}
	case 2*int(t.n.Load()+1) > len(t.slots):
		t = t.doubled()
	}
	t.put(c)
	return t
}

func (t *useTable) doubled() *useTable {
	d := &useTable{slots: make([]atomic.Pointer[useCount], 2*len(t.slots))}
	for i := range t.slots {
		if c := t.slots[i].Load(); c != nil {
			d.put(c)
		}
	}
	return d
}

func (t *useTable) put(c *useCount) {
	mask := uint32(len(t.slots) - 1) //nolint:gosec // at most 1024
	i := c.hash() & mask
	for t.slots[i].Load() != nil {
		i = (i + 1) & mask
	}
	t.slots[i].Store(c)
	t.n.Add(1)
}

// A useLedger counts which permissions are used, until that is written down. A
// request that was let in pays for a look into a table of its principal and for
// an addition; it takes no lock and, but for the first time, allocates nothing.
type useLedger struct {
	store    *store.Store
	compiler *policy.Compiler
	log      *slog.Logger

	// counted heads the list of counts that are not 0. A count gets onto it when
	// it leaves 0, so once in a flush interval.
	counted atomic.Pointer[useCount]

	mu      sync.Mutex // guards growing of tables; no known use takes it, nor one too many
	total   atomic.Int32
	dropped atomic.Int64

	flushing sync.Mutex // one flush at a time; guards due
	due      time.Time
}

func newUseLedger(s *store.Store, c *policy.Compiler, log *slog.Logger) *useLedger {
	return &useLedger{store: s, compiler: c, log: log}
}

// add counts one use by the principal of a slot.
func (l *useLedger) add(s *slot, k useKey) {
	c := s.uses.Load().find(&k)
	if c == nil {
		if c = l.grow(s, &k); c == nil {
			return
		}
	}
	if c.n.Add(1) == 1 {
		l.push(c)
	}
}

// push puts a count onto the list. It is not on it: it was 0.
func (l *useLedger) push(c *useCount) {
	for {
		head := l.counted.Load()
		c.next = head
		if l.counted.CompareAndSwap(head, c) {
			return
		}
	}
}

// grow makes the count of a use that is new; nil if there are too many. As many more
// as there are cores may get in beside the last.
func (l *useLedger) grow(s *slot, k *useKey) *useCount {
	if l.total.Load() >= usesAll || s.uses.Load().full() {
		l.dropped.Add(1)
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := s.uses.Load()
	if c := t.find(k); c != nil {
		return c
	}
	c := &useCount{useKey: *k, principal: s.id}
	s.uses.Store(t.with(c))
	l.total.Add(1)
	return c
}

// flush writes down what was counted: now, or if it was not done for a while.
func (l *useLedger) flush(ctx context.Context, slots []*slot, now time.Time, atOnce bool) error { //nolint:revive // not a switch: how urgent it is
	l.flushing.Lock()
	defer l.flushing.Unlock()
	if !atOnce && now.Before(l.due) {
		return nil
	}
	l.due = now.Add(usesInterval)
	day := store.DayOf(now)
	var all []takenUse
	for c := l.counted.Swap(nil); c != nil; {
		next := c.next // before it is 0 again, and can be put onto the list anew
		all = append(all, takenUse{c, c.n.Swap(0)})
		c = next
	}
	l.makeRoom(ctx, slots, len(all))
	for len(all) > 0 {
		part := all[:min(len(all), usesPart)]
		var rows []store.DayUse
		for _, u := range part {
			rows = append(rows, l.rows(u.count, day, int64(u.n))...)
		}
		_, err := l.store.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.InitMeta(ctx, store.MetaUsesSince, now.UTC().Format(time.RFC3339)); err != nil {
				return err
			}
			return tx.AddUses(ctx, rows)
		})
		if err != nil {
			l.giveBack(all)
			return fmt.Errorf("write down %d uses of permissions: %w", len(all), err)
		}
		all = all[len(part):]
	}
	return nil
}

// A takenUse is a count, and what it had when it was last set to 0.
type takenUse struct {
	count *useCount
	n     uint32
}

// giveBack counts again what could not be written, for the next time.
func (l *useLedger) giveBack(all []takenUse) {
	for _, u := range all {
		if u.count.n.Add(u.n) == u.n {
			l.push(u.count)
		}
	}
}

// rows makes of a count what is stored.
func (l *useLedger) rows(c *useCount, day, n int64) []store.DayUse {
	use := store.Use{Tenant: c.tenant, Principal: c.principal, Binding: c.binding}
	if use.Tenant == "" {
		use.Tenant = sallyport.EveryTenant
	}
	if c.credential != (sallyport.UUID{}) {
		use.Credential = sallyport.CredentialID(c.credential.String())
	}
	items := l.compiler.Used(c.use)
	switch len(items) {
	case 0:
		use.Binding, items = "", []string{""}
	case 1:
	default:
		use.Binding = "" // each of them may have come from another one
	}
	out := make([]store.DayUse, len(items))
	for i, item := range items {
		use.Permission = item
		out[i] = store.DayUse{Use: use, Day: day, Uses: n}
	}
	return out
}

// makeRoom forgets the counts in memory when there are too many, so that new ones
// are counted as well, and when most of very many are idle, since a count takes
// more memory than the credential that it is about. None is lost: those that were
// not 0 are on the list, and so is one that leaves 0 while it is forgotten.
func (l *useLedger) makeRoom(ctx context.Context, slots []*slot, moved int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	total, dropped := int(l.total.Load()), l.dropped.Load()
	full, idle := dropped > 0 || total >= usesAll, total > usesIdle && moved < total/2
	if !full && !idle {
		return
	}
	if dropped > 0 {
		l.log.WarnContext(ctx, "more permissions were used in different ways than can be counted at a time; advice may take some of them for unused",
			"uncounted", dropped)
	}
	for _, s := range slots {
		s.uses.Store(nil)
	}
	l.total.Store(0)
	l.dropped.Add(-dropped)
}

// use counts what the request that was let in used.
func (v *visit) use() {
	l := v.doors.uses
	route := v.request.Match.Route
	if l == nil || route.Public {
		return
	}
	k := useKey{credential: tokenOf(v.known.Kind(), v.known.ID()), binding: v.decision.Binding, tenant: v.decision.Tenant, use: route.Use}
	if route.API.Name == managementAPI {
		k.use, k.binding = 0, "" // it counts itself what it asks for, see [Doors.Used]
	}
	l.add(v.doors.principals.slot(v.known.Principal()), k)
}

// tokenOf returns the id of a credential that lives long enough for advice about
// it, zero for any other.
func tokenOf(kind sallyport.CredentialKind, id sallyport.UUID) sallyport.UUID {
	switch kind { //nolint:exhaustive // the others are ways in, not things to tidy up
	case sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey:
		return id
	}
	return sallyport.UUID{}
}

// Used counts the use of permissions that was found out behind the doors, by the
// management of this installation.
func (d *Doors) Used(u policy.Use) {
	if d.uses == nil || len(u.Permissions) == 0 {
		return
	}
	s := d.principals.slot(d.principals.number(u.Principal))
	for _, p := range u.Permissions {
		d.uses.add(s, useKey{
			credential: tokenOf(u.CredentialKind, u.Credential), binding: u.Binding, tenant: u.Tenant,
			use: d.compiler.UseOf([]sallyport.Permission{p}, nil),
		})
	}
}

// Settle writes down what was decided, used and learned on this node until now,
// for who asks about it a moment later.
func (d *Doors) Settle(ctx context.Context) error {
	return errors.Join(d.FlushDecisions(ctx), d.flushUses(ctx, true), d.authn.Flush(ctx), d.lessons.flush(ctx, d.now(), true))
}

func (d *Doors) flushUses(ctx context.Context, atOnce bool) error {
	if d.uses == nil {
		return nil
	}
	return d.uses.flush(ctx, *d.principals.slots.Load(), d.now(), atOnce)
}
