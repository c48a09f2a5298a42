package known

import (
	"encoding/binary"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func record(n uint64) Record {
	r := Record{Principal: uint32(n), Kind: 1}
	binary.LittleEndian.PutUint64(r.Digest[:], n*0x9e3779b97f4a7c15+1)
	binary.LittleEndian.PutUint64(r.ID[:], n)
	return r
}

func zero() int64 { return 0 }

// TestAgainstMap plays random operations on the table and on a map.
func TestAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		table := New(1<<16, zero)
		model := map[Digest]Record{}
		number := rapid.Uint64Range(0, 3000)
		for range rapid.IntRange(1, 4000).Draw(t, "operations") {
			r := record(number.Draw(t, "n"))
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0:
				n := table.Drop(r.ID)
				if _, was := model[r.Digest]; was != (n == 1) {
					t.Fatalf("Drop ended %d entries, model has one: %v", n, was)
				}
				delete(model, r.Digest)
			case 1, 2, 3, 4, 5:
				table.Put(r, 1)
				model[r.Digest] = r
			default:
				e := table.Get(&r.Digest)
				want, ok := model[r.Digest]
				if (e != nil) != ok || (ok && e.Record() != want) {
					t.Fatalf("Get = %v, model has %v %v", e, want, ok)
				}
			}
		}
	})
}

// TestDropEndsAllSecrets: during an overlap a credential has two secrets, and a
// sign-in has many access tokens.
func TestDropEndsAllSecrets(t *testing.T) {
	t.Parallel()
	table := New(1000, zero)
	a, b := record(1), record(2)
	b.ID = a.ID
	ea := table.Put(a, 0)
	table.Put(b, 0)
	if n := table.Drop(a.ID); n != 2 {
		t.Errorf("Drop ended %d entries, want 2", n)
	}
	if table.Get(&a.Digest) != nil || table.Get(&b.Digest) != nil {
		t.Error("a dropped entry is still found")
	}
	if !ea.Dead() {
		t.Error("the entry held by a request does not know that it is dead")
	}
}

func TestFullTableKeepsRecent(t *testing.T) {
	t.Parallel()
	const capacity = 2048
	table := New(capacity, zero)
	for n := range uint64(capacity * 4) {
		table.Put(record(n), int64(n))
	}
	if n := table.Len(); n > capacity {
		t.Errorf("table holds %d records, capacity is %d", n, capacity)
	}
	last := record(capacity*4 - 1)
	if table.Get(&last.Digest) == nil {
		t.Error("the newest record is gone")
	}
	first := record(0)
	if table.Get(&first.Digest) != nil {
		t.Error("the oldest record is still there")
	}
}

func TestRebuildForgetsExpiredAndLosesNoUse(t *testing.T) {
	t.Parallel()
	now := int64(0)
	table := New(chunkSize, func() int64 { return now })
	kept := record(1 << 40)
	before := table.Put(kept, 5)
	before.Use(7)
	for n := range uint64(chunkSize - 1) {
		r := record(n)
		r.Expires = 10
		table.Put(r, 9)
	}
	now = 11
	table.Put(record(1<<41), 9)
	if n := table.Len(); n != 2 {
		t.Errorf("after the rebuild the table holds %d records, want 2", n)
	}
	e := table.Get(&kept.Digest)
	if e == nil || e.LastUsed() != 7 {
		t.Fatalf("the live record lost its time of last use: %+v", e)
	}
	if !e.Use(8) {
		t.Error("the first use of the moved entry is not reported as the first")
	}
	if n := before.Drain() + e.Drain(); n != 2 {
		t.Errorf("%d uses were counted, want 2", n)
	}
}

// TestConcurrent lets readers race with writers; the race detector watches. A
// reader must never see an entry of another digest.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	table := New(4096, zero)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range uint64(20000) {
				r := record(n % 6000)
				switch {
				case w == 0:
					table.Put(r, int64(n))
				case w == 1 && n%7 == 0:
					table.Drop(r.ID)
				default:
					if e := table.Get(&r.Digest); e != nil && e.Principal != r.Principal {
						t.Errorf("Get(%d) found principal %d", r.Principal, e.Principal)
					} else if e != nil {
						e.Use(int64(n))
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestGetAllocatesNothing(t *testing.T) {
	table := New(1000, zero)
	r := record(1)
	table.Put(r, 0)
	if n := testing.AllocsPerRun(100, func() { table.Get(&r.Digest).Use(1) }); n != 0 {
		t.Errorf("Get and Use allocate %v times", n)
	}
}

// TestEntryIsSmall keeps the promise of at most 100 bytes a credential: entry
// plus its share of both indexes at three quarters.
func TestEntryIsSmall(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(Entry{}); size > 72 {
		t.Errorf("an entry takes %d bytes, want at most 72", size)
	}
}

// A chunk wastes nothing of the pages that it is allocated in.
func TestChunkFillsPages(t *testing.T) {
	t.Parallel()
	const page = 8 << 10 // of Go's allocator
	if rest := unsafe.Sizeof(chunk{}) % page; rest != 0 {
		t.Errorf("a chunk of %d entries leaves %d of %d bytes of its last page", chunkSize, page-rest, page)
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []uint64{1000, 1_000_000} {
		b.Run(map[uint64]string{1000: "known=1000", 1_000_000: "known=1000000"}[size], func(b *testing.B) {
			table := New(int(size*2), zero)
			for n := range size {
				table.Put(record(n), 0)
			}
			b.ReportAllocs()
			n := uint64(0)
			for b.Loop() {
				n = (n + 7919) % size
				r := record(n)
				if table.Get(&r.Digest) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

// TestSetAside: what another entry took the place of is not found, but is not
// dead for who has it; what is ended after that, is.
func TestSetAside(t *testing.T) {
	t.Parallel()
	table := New(1000, zero)
	first := table.Put(record(1), 0)
	second := table.Put(record(1), 0)
	d := record(1).Digest
	if got := table.Get(&d); got != second {
		t.Errorf("Get = %p, want the second entry %p", got, second)
	}
	if first.Dead() || second.Dead() {
		t.Errorf("dead: first %v, second %v", first.Dead(), second.Dead())
	}
	if n := table.Drop(record(1).ID); n != 1 {
		t.Errorf("Drop ended %d live entries, want 1", n)
	}
	if !first.Dead() || !second.Dead() {
		t.Errorf("dead after Drop: first %v, second %v", first.Dead(), second.Dead())
	}
	second.SetAside()
	if !second.Dead() {
		t.Error("an entry was brought back")
	}
}
