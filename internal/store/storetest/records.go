package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// chain is a hash for audit entries.
func chain(prev [32]byte, seq int64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(prev[:], uint64(seq))) //nolint:gosec // counts up
}

func testAudit(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	var rows []store.AuditRow
	for i := range 5 {
		a := store.AuditRow{
			Time: day(1 + i), Tenant: m, ActorID: "actor", ActorName: "Ann", ActorKind: "person", Action: "role.update",
			TargetKind: "role", TargetID: "r1", TargetName: "viewer", Before: `{"a":1}`, After: `{"a":2}`, RequestID: "req", Address: "192.0.2.1",
		}
		if i == 4 {
			a.Tenant, a.Action, a.ActorID, a.TargetID, a.RequestID = sallyport.EveryTenant, "user.create", "x", "y", "z"
		}
		write(ctx, t, s, func(tx *store.Tx) error {
			row, err := tx.AppendAudit(ctx, a, chain)
			if err == nil {
				rows = append(rows, row)
			}
			return err
		})
	}
	var prev [32]byte
	for i, a := range rows {
		if a.Seq != int64(i+1) || a.Prev != prev || a.Hash != chain(prev, a.Seq) {
			t.Errorf("entry %d is not chained: %+v", i, a)
		}
		prev = a.Hash
	}
	if seq, hash, err := s.AuditHead(ctx); seq != 5 || hash != prev || err != nil {
		t.Errorf("AuditHead = %d, %x, %v", seq, hash, err)
	}
	after, err := s.AuditAfter(ctx, 1, 2)
	if err != nil || len(after) != 2 || after[0] != rows[1] || after[1] != rows[2] {
		t.Errorf("AuditAfter = %+v, %v", after, err)
	}
	page, next, err := s.Audit(ctx, m, store.AuditFilter{}, store.Page{Limit: 3})
	if err != nil || len(page) != 3 || page[0] != rows[3] || page[2] != rows[1] || next == "" {
		t.Errorf("Audit = %+v, %q, %v", page, next, err)
	}
	page, next, err = s.Audit(ctx, m, store.AuditFilter{}, store.Page{Limit: 3, After: next})
	if err != nil || len(page) != 1 || page[0] != rows[0] || next != "" {
		t.Errorf("Audit, second page = %+v, %q, %v", page, next, err)
	}
	for _, tt := range []struct {
		f    store.AuditFilter
		want int
	}{
		{store.AuditFilter{}, 5},
		{store.AuditFilter{Actor: "x"}, 1},
		{store.AuditFilter{Action: "role."}, 4},
		{store.AuditFilter{Target: "y"}, 1},
		{store.AuditFilter{RequestID: "req"}, 4},
		{store.AuditFilter{From: day(2), Until: day(4)}, 2},
	} {
		if got, _, err := s.EveryAudit(ctx, tt.f, store.Page{}); err != nil || len(got) != tt.want {
			t.Errorf("EveryAudit(%+v) gave %d, %v; want %d", tt.f, len(got), err, tt.want)
		}
	}
	_, _, err = s.Audit(ctx, m, store.AuditFilter{}, store.Page{After: "x"})
	kinds(t, "a cursor from elsewhere", err, sallyport.Invalid)
	refused(ctx, t, s, "an entry without time", sallyport.Invalid, func(tx *store.Tx) error {
		_, err := tx.AppendAudit(ctx, store.AuditRow{Tenant: m}, chain)
		return err
	})
}

// Entries of transactions that overlap are in one chain, without gaps, and one
// that is rolled back leaves none.
func testAuditConcurrent(ctx context.Context, t *testing.T, s *store.Store) {
	const writers, each = 8, 5
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				_, err := s.Write(ctx, func(tx *store.Tx) error {
					tx.Note(sallyport.ChangePolicy, "")
					_, err := tx.AppendAudit(ctx, store.AuditRow{Time: day(1), Tenant: sallyport.EveryTenant}, chain)
					if err == nil && i == 2 {
						return context.Canceled
					}
					return err
				})
				if (err != nil) != (i == 2) {
					t.Errorf("entry %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	all, err := s.AuditAfter(ctx, 0, 1000)
	if err != nil || len(all) != writers*(each-1) {
		t.Fatalf("%d entries, %v; want %d", len(all), err, writers*(each-1))
	}
	var prev [32]byte
	for i, a := range all {
		if a.Seq != int64(i+1) || a.Prev != prev || a.Hash != chain(prev, a.Seq) {
			t.Fatalf("the chain breaks at %d: %+v", i+1, a)
		}
		prev = a.Hash
	}
}

func testIdempotency(ctx context.Context, t *testing.T, s *store.Store) {
	first := store.Idempotency{Principal: "p", Key: "k", RequestHash: hash(1), Created: day(1)}
	claim := func(i store.Idempotency) (got store.Idempotency, mine bool) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) (err error) { got, mine, err = tx.ClaimIdempotency(ctx, i); return err })
		return got, mine
	}
	if got, mine := claim(first); !mine || got != first {
		t.Errorf("the first claim = %+v, %t", got, mine)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.FinishIdempotency(ctx, "p", "k", 201, "r") })
	second := first
	second.RequestHash = hash(2)
	want := first
	want.Status, want.ResultID = 201, "r"
	if got, mine := claim(second); mine || got != want {
		t.Errorf("the second claim = %+v, %t; want %+v", got, mine, want)
	}
	other := first
	other.Principal = "q"
	if _, mine := claim(other); !mine {
		t.Error("the key of another principal was taken for this one's")
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		n, err := tx.PruneIdempotency(ctx, day(2))
		if n != 2 {
			t.Errorf("PruneIdempotency = %d, want 2", n)
		}
		return err
	})
	if _, mine := claim(second); !mine {
		t.Error("a forgotten key is still taken")
	}
}

func testThrottle(ctx context.Context, t *testing.T, s *store.Store) {
	add := func(counts ...store.Throttle) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) error { return tx.AddFailures(ctx, counts) })
	}
	get := func(n int64) store.Throttle {
		t.Helper()
		h, err := s.Throttle(ctx, hash(n))
		if err != nil {
			t.Fatal(err)
		}
		h.Updated = time.Time{}
		return h
	}
	a := store.Throttle{Key: hash(1), Failures: 2, Since: day(1)}
	b := store.Throttle{Key: hash(2), Failures: 1, Since: day(1), Until: day(2)}
	add(a, b, a, a)
	if got := get(1); got.Failures != 6 || !got.Since.Equal(day(1)) {
		t.Errorf("added three times: %+v", got)
	}
	if got := get(2); got != b {
		t.Errorf("Throttle = %+v, want %+v", got, b)
	}
	add(store.Throttle{Key: hash(1), Failures: 1, Since: day(3)})
	if got := get(1); got.Failures != 1 || !got.Since.Equal(day(3)) {
		t.Errorf("in a new window: %+v", got)
	}
	add(store.Throttle{Key: hash(1), Failures: 1, Since: day(2), Until: day(9)})
	if got := get(1); got.Failures != 2 || !got.Since.Equal(day(3)) || !got.Until.Equal(day(9)) {
		t.Errorf("a late count of an old window: %+v", got)
	}
	all, err := s.ThrottlesSince(ctx, time.Now().Add(-time.Hour), [32]byte{}, 10)
	if err != nil || len(all) != 2 || all[0].Key != hash(1) {
		t.Errorf("ThrottlesSince = %+v, %v", all, err)
	}
	all, err = s.ThrottlesSince(ctx, time.Now().Add(-time.Hour), hash(1), 10)
	if err != nil || len(all) != 1 || all[0].Key != hash(2) {
		t.Errorf("ThrottlesSince, second page = %+v, %v", all, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		if n, err := tx.PruneThrottles(ctx, day(1)); n != 0 || err != nil { // both refuse until later
			t.Errorf("PruneThrottles = %d, %v; want none", n, err)
		}
		return tx.ForgiveFailures(ctx, hash(1))
	})
	_, err = s.Throttle(ctx, hash(1))
	kinds(t, "a forgiven failure", err, sallyport.NotFound)
	write(ctx, t, s, func(tx *store.Tx) error {
		n, err := tx.PruneThrottles(ctx, day(20))
		if n != 1 {
			t.Errorf("PruneThrottles = %d, want 1", n)
		}
		return err
	})
}

func testMeta(ctx context.Context, t *testing.T, s *store.Store) {
	_, err := s.Meta(ctx, "x")
	kinds(t, "a fact that is not there", err, sallyport.NotFound)
	var wg sync.WaitGroup
	answers := make([]string, 8)
	for i := range answers {
		wg.Go(func() {
			_, err := s.Write(ctx, func(tx *store.Tx) (err error) {
				answers[i], err = tx.InitMeta(ctx, "x", string(rune('a'+i)))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a != answers[0] || a == "" {
			t.Errorf("InitMeta answered %q", answers)
			break
		}
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetMeta(ctx, "x", "new") })
	if got, err := s.Meta(ctx, "x"); got != "new" || err != nil {
		t.Errorf("Meta = %q, %v", got, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		for _, tt := range []struct {
			value string
			want  bool
		}{{"old", false}, {"new", true}, {"new", false}} {
			if got, err := tx.TakeMeta(ctx, "x", tt.value); got != tt.want || err != nil {
				t.Errorf("TakeMeta(%q) = %t, %v; want %t", tt.value, got, err, tt.want)
			}
		}
		return nil
	})
}
