// Package known is the table of credentials that this node has verified.
//
// Door one asks it first. A look-up takes no lock, allocates nothing and
// follows no pointer that the garbage collector would have to scan: entries lie
// in chunks without pointers, and two arrays of atomic words index them, one by
// the digest of the secret and one by the id of the credential, so that a
// revocation finds its entries without knowing the secret.
//
// An entry never changes once it is published, but for its state, its use
// counter and its time of last use, which are atomic. An entry that was ended is
// not used again, not even by the requests that have it in hand. One that is
// only out of the way, because another has its digest or its room now, is not
// found any more, and whoever has it in hand may go on: nobody took it back.
// When the table is full a new generation is built from what is live and was
// used most recently.
package known

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// A Digest is a keyed hash of a secret. The key is not known outside the
// process, so 128 bits leave nothing to find.
type Digest [16]byte

// An ID is a UUID in binary form: of a credential, a sign-in or, for
// passwords, a user.
type ID [16]byte

// A Record is what is known about one verified secret.
type Record struct {
	Digest    Digest
	ID        ID
	Expires   int64  // unix microseconds; 0: never
	Stamp     int64  // for a password the epoch of its user, else when it was issued in unix microseconds
	Principal uint32 // index that the caller gave the principal
	Limits    uint32 // index that the caller gave the credential's limits
	Kind      uint8  // the caller's numbering
}

// An Entry is a published record with its counters. It has the fields of a record
// and not one for it, which would be filled up to a multiple of eight bytes: so it
// has 72 bytes instead of 80.
type Entry struct {
	Digest    Digest
	ID        ID
	Expires   int64
	Stamp     int64
	Principal uint32
	Limits    uint32
	Kind      uint8

	state    atomic.Uint32
	uses     atomic.Uint32 // since the last Drain
	lastUsed atomic.Uint32 // unix seconds
}

// Record returns the record that was published.
func (e *Entry) Record() Record {
	return Record{e.Digest, e.ID, e.Expires, e.Stamp, e.Principal, e.Limits, e.Kind}
}

// States of an entry. They only grow.
const (
	live uint32 = iota
	aside
	ended
)

// Dead reports whether the entry was dropped since it was found.
func (e *Entry) Dead() bool { return e.state.Load() == ended }

// SetAside makes the entry be found no more. Requests that found it before may
// go on with it.
func (e *Entry) SetAside() { e.state.CompareAndSwap(live, aside) }

// LastUsed returns the time of the last use, in unix seconds.
func (e *Entry) LastUsed() int64 { return int64(e.lastUsed.Load()) }

// End ends this one entry, as [Table.Drop] does with all of a credential.
func (e *Entry) End() { e.state.Store(ended) }

// Use counts one use at now, in unix seconds. It reports whether it is the
// first one since the entry was last drained, so that the caller can put it on
// a list of entries to drain.
func (e *Entry) Use(now int64) (first bool) {
	e.Touch(now)
	return e.uses.Add(1) == 1
}

// Touch notes a use at now, in unix seconds, without counting it. It writes once a
// second, so that cores which ask about the same credential do not wait for one
// another.
func (e *Entry) Touch(now int64) {
	if t := uint32(now); e.lastUsed.Load() != t {
		e.lastUsed.Store(t)
	}
}

// Drain returns the uses counted since the last Drain and starts anew.
func (e *Entry) Drain() uint32 { return e.uses.Swap(0) }

// Restore adds uses that were drained but could not be recorded.
func (e *Entry) Restore(n uint32) { e.uses.Add(n) }

// chunkSize entries are allocated together. Of this many, Go's allocator fills whole
// pages; with half as many a tenth of each chunk would be nobody's.
const chunkSize = 1024

type chunk [chunkSize]Entry

// A generation is a table of fixed capacity. Slots of the indexes hold the
// number of an entry plus one; 0 ends a probe. Nothing is ever removed from a
// generation.
type generation struct {
	limit   int // entries
	n       int // entries in use; only writers look
	digests []atomic.Uint64
	ids     []atomic.Uint32
	chunks  []atomic.Pointer[chunk]
}

func newGeneration(limit int) *generation {
	limit = max(limit, chunkSize)
	slots := limit + limit/3 // at most three quarters full
	return &generation{
		limit:   limit,
		digests: make([]atomic.Uint64, slots),
		ids:     make([]atomic.Uint32, slots),
		chunks:  make([]atomic.Pointer[chunk], (limit+chunkSize-1)/chunkSize),
	}
}

// slot returns the place of a hash among n, by its upper bits: as good as a
// remainder, at the price of a multiplication. So the indexes need not have a power
// of two of slots, which would be half as many again as are needed.
func slot(hash uint64, n int) int {
	at, _ := bits.Mul64(hash, uint64(n))
	return int(at)
}

// after returns the slot behind one of n.
func after(slot, n int) int {
	if slot++; slot == n {
		return 0
	}
	return slot
}

func (g *generation) entry(number uint32) *Entry {
	return &g.chunks[number/chunkSize].Load()[number%chunkSize]
}

// home returns where the probe of a digest starts, and the tag that spares most
// comparisons. A digest is uniformly distributed, so its bits serve as hash.
func (g *generation) home(d *Digest) (at int, tag uint32) {
	h := binary.LittleEndian.Uint64(d[:8])
	return slot(h, len(g.digests)), uint32(h)
}

// homeOfID scrambles first: ids are not made by us alone.
func (g *generation) homeOfID(id *ID) int {
	h := binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
	return slot(h*0x9e3779b97f4a7c15, len(g.ids))
}

func (g *generation) get(d *Digest) *Entry {
	at, tag := g.home(d)
	for {
		word := g.digests[at].Load()
		if word == 0 {
			return nil
		}
		if uint32(word>>32) == tag {
			e := g.entry(uint32(word) - 1)
			if e.state.Load() == live && e.Digest == *d {
				return e
			}
		}
		at = after(at, len(g.digests))
	}
}

// add publishes a record; the caller holds the table's lock and has seen that
// there is room. The indexes are written last: who finds the entry finds it
// whole.
func (g *generation) add(r Record, lastUsed uint32) *Entry {
	number := uint32(g.n)
	g.n++
	c := g.chunks[number/chunkSize].Load()
	if c == nil {
		c = new(chunk)
		g.chunks[number/chunkSize].Store(c)
	}
	e := &c[number%chunkSize]
	e.Digest, e.ID, e.Expires, e.Stamp, e.Principal, e.Limits, e.Kind = r.Digest, r.ID, r.Expires, r.Stamp, r.Principal, r.Limits, r.Kind
	e.lastUsed.Store(lastUsed)

	at, tag := g.home(&r.Digest)
	for g.digests[at].Load() != 0 {
		at = after(at, len(g.digests))
	}
	byID := g.homeOfID(&r.ID)
	for g.ids[byID].Load() != 0 {
		byID = after(byID, len(g.ids))
	}
	g.ids[byID].Store(number + 1)
	g.digests[at].Store(uint64(tag)<<32 | uint64(number+1))
	return e
}

// A Table is safe for concurrent use. Make one with [New].
type Table struct {
	capacity int
	now      func() int64 // unix microseconds
	current  atomic.Pointer[generation]

	// mu is held by those that add or drop, never by those that look up.
	mu sync.Mutex
}

// New returns an empty table for at most capacity records. It starts small and
// grows. now returns unix microseconds; it tells which entries have expired
// when room is made.
func New(capacity int, now func() int64) *Table {
	t := &Table{capacity: max(capacity, chunkSize), now: now}
	t.current.Store(newGeneration(chunkSize))
	return t
}

// Get returns the live entry with this digest, or nil. Whether it has expired
// is for the caller to judge.
//
// The comparison of digests is not of constant time. It need not be: the digest
// is a keyed hash, so how far two of them agree tells nothing about the secret.
func (t *Table) Get(d *Digest) *Entry { return t.current.Load().get(d) }

// Put publishes a record and returns its entry. A live entry with the same
// digest is set aside first: it was learnt by another request at the same time.
// used is the time of last use in unix seconds.
func (t *Table) Put(r Record, used int64) *Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.current.Load()
	if old := g.get(&r.Digest); old != nil {
		old.SetAside()
	}
	if g.n == g.limit {
		g = t.rebuild(g)
	}
	return g.add(r, uint32(used))
}

// Drop ends every entry of the credential, sign-in or user with this id, and
// returns how many live ones there were. When it returns, no later Get finds one.
func (t *Table) Drop(id ID) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.current.Load()
	n := 0
	for at := g.homeOfID(&id); ; at = after(at, len(g.ids)) {
		number := g.ids[at].Load()
		if number == 0 {
			return n
		}
		if e := g.entry(number - 1); e.ID == id && e.state.Swap(ended) == live {
			n++
		}
	}
}

// Clear ends every entry.
func (t *Table) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.current.Load()
	for i := range g.n {
		g.entry(uint32(i)).state.Store(ended)
	}
	t.current.Store(newGeneration(chunkSize))
}

// Len returns the number of records, including those that are not live and were
// not yet swept.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current.Load().n
}

// rebuild makes room: a generation of twice the size while the capacity allows
// it, else one of the same size without the half that was used longest ago.
// Uses stay on the old entry, which is on its owner's list of entries to drain;
// the new one starts from none and gets on that list at its first use.
func (t *Table) rebuild(old *generation) *generation {
	now := t.now()
	kept := make([]*Entry, 0, old.n)
	for i := range old.n {
		e := old.entry(uint32(i))
		if e.state.Load() == live && (e.Expires == 0 || e.Expires > now) {
			kept = append(kept, e)
		}
	}
	limit := min(max(2*len(kept), chunkSize), t.capacity)
	if len(kept) > limit*3/4 {
		slices.SortFunc(kept, func(a, b *Entry) int { return int(b.LastUsed() - a.LastUsed()) })
		for _, e := range kept[limit/2:] {
			e.SetAside()
		}
		kept = kept[:limit/2]
	}
	next := newGeneration(limit)
	for _, e := range kept {
		next.add(e.Record(), e.lastUsed.Load())
	}
	t.current.Store(next)
	return next
}
