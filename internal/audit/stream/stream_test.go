package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/audit/stream"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// write appends n entries.
func write(t *testing.T, s *store.Store, action string, n int) {
	t.Helper()
	_, err := s.Write(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			e := audit.Entry{
				At: time.Now(), Tenant: "*", Actor: audit.Actor{Kind: audit.KindSystem, Name: "test"}, Action: action,
				Target: audit.Target{Kind: "role", ID: fmt.Sprint(i), Name: "ré\"]\\"}, After: map[string]any{"n": i},
			}
			if err := audit.Append(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A fake sink remembers what it got, and fails when it is told to.
type fake struct {
	mu     sync.Mutex
	fail   func(n int) error // of the n-th delivery, from 1
	calls  int
	seqs   []int64
	closed bool
}

func (f *fake) Deliver(_ context.Context, entries []api.AuditEntry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.fail != nil {
		if err := f.fail(f.calls); err != nil {
			return err
		}
	}
	for _, e := range entries {
		f.seqs = append(f.seqs, e.Seq)
	}
	return nil
}

func (f *fake) Close() error { f.closed = true; return nil }

// run hands on until the trail has arrived, or something else is done.
func run(t *testing.T, c stream.Config, done func(waits []time.Duration) bool) *stream.Streams {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Log = slog.New(slog.DiscardHandler)
	var waits []time.Duration
	pause := c.Pause
	c.Pause = func(ctx context.Context, d time.Duration) {
		if d > 0 {
			waits = append(waits, d)
		}
		if done(waits) {
			cancel()
		}
		if pause != nil {
			pause(ctx, d)
		}
	}
	s := stream.New(c)
	s.Run(ctx)
	return s
}

func upTo(n int64) (list []int64) {
	for i := int64(1); i <= n; i++ {
		list = append(list, i)
	}
	return list
}

func one(name string, sink stream.Sink) []stream.Target {
	return []stream.Target{{Name: name, Whole: true, Sink: sink}}
}

func idle(waits []time.Duration) bool {
	return len(waits) > 0 && waits[len(waits)-1] == time.Second // the trail has arrived
}

func TestOrderAndPositionAcrossRestarts(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	sink := &fake{}
	write(t, s, "role.create", 450)
	run(t, stream.Config{Store: s, Node: "first", Targets: one("siem", sink)}, func(waits []time.Duration) bool {
		return sink.calls == 2 // and the process ends in the middle
	})
	write(t, s, "role.update", 3)
	states := run(t, stream.Config{Store: s, Node: "second", Targets: one("siem", sink)}, idle).States()
	if !slices.Equal(sink.seqs, upTo(453)) {
		t.Errorf("arrived: %d entries, the last %d", len(sink.seqs), sink.seqs[len(sink.seqs)-1])
	}
	if !sink.closed {
		t.Error("the sink was not closed")
	}
	if len(states) != 1 || states[0].Behind != 0 || states[0].Delivered != 53 {
		t.Errorf("states: %+v", states)
	}
}

func TestFailuresBackOffAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	write(t, s, "role.create", 5)
	sink := &fake{fail: func(n int) error {
		switch {
		case n == 3:
			return &stream.LaterError{After: 90 * time.Second, Err: errors.New("busy")}
		case n <= 5:
			return errors.New("it is away")
		}
		return nil
	}}
	var waits []time.Duration
	state := run(t, stream.Config{Store: s, Node: "n", Targets: one("hook", sink)}, func(w []time.Duration) bool {
		waits = w
		if len(w) == 2 {
			sinks, err := s.Sinks(t.Context())
			if err != nil || len(sinks) != 1 || sinks[0].Failures != 2 || sinks[0].Fault != "it is away" || sinks[0].Seq != 0 {
				t.Errorf("in the store: %+v, %v", sinks, err)
			}
		}
		return sink.calls > 5 && idle(w)
	}).States()[0]
	want := []time.Duration{time.Second, 2 * time.Second, 90 * time.Second, 8 * time.Second, 16 * time.Second, time.Second}
	if !slices.Equal(waits, want) || !slices.Equal(sink.seqs, upTo(5)) || state.Failures != 5 {
		t.Errorf("waited %v, want %v; arrived %v; %+v", waits, want, sink.seqs, state)
	}
	sinks, err := s.Sinks(t.Context())
	if err != nil || sinks[0].Failures != 0 || sinks[0].Fault != "" || sinks[0].Seq != 5 || sinks[0].Delivered.IsZero() || sinks[0].Holder != "" {
		t.Errorf("in the store: %+v, %v", sinks, err)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	write(t, s, "role.create", 1)
	sink := &fake{fail: func(int) error { return &stream.LaterError{After: time.Hour, Err: errors.New("away")} }}
	run(t, stream.Config{Store: s, Node: "n", Targets: one("hook", sink)}, func(waits []time.Duration) bool {
		if n := len(waits); n > 0 && waits[n-1] > 5*time.Minute {
			t.Errorf("waits %s", waits[n-1])
		}
		return len(waits) == 80
	})
}

func TestWhatATargetGets(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	write(t, s, "role.create", 2)
	some, late := &fake{}, &fake{}
	targets := []stream.Target{
		{Name: "some", Whole: true, Actions: []string{"token.", "key.revoke"}, Sink: some},
		{Name: "late", Sink: late},
	}
	// One after the other, so that each can be told to end.
	run(t, stream.Config{Store: s, Node: "n", Targets: targets[1:]}, idle)
	write(t, s, "token.create", 2)
	write(t, s, "key.create", 1)
	write(t, s, "key.revoke", 1)
	run(t, stream.Config{Store: s, Node: "n", Targets: targets[:1]}, idle)
	run(t, stream.Config{Store: s, Node: "n", Targets: targets[1:]}, idle)
	if !slices.Equal(some.seqs, []int64{3, 4, 6}) {
		t.Errorf("by action: %v", some.seqs)
	}
	if !slices.Equal(late.seqs, []int64{3, 4, 5, 6}) {
		t.Errorf("from now on: %v", late.seqs)
	}
}

// TestOneNodeAtATime has two nodes on one store. Only one of them hands on, until
// it does not any more.
func TestOneNodeAtATime(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	hold := func(node string, until time.Time) error {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.HoldSink(t.Context(), "siem", node, until, 0)
			return err
		})
		return err
	}
	if err := hold("other", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	write(t, s, "role.create", 2)
	sink := &fake{}
	run(t, stream.Config{Store: s, Node: "this", Targets: one("siem", sink)}, func(w []time.Duration) bool { return len(w) == 3 })
	if sink.calls != 0 {
		t.Error("a node handed on what another one holds")
	}
	if err := hold("other", time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	run(t, stream.Config{Store: s, Node: "this", Targets: one("siem", sink)}, idle)
	if !slices.Equal(sink.seqs, upTo(2)) {
		t.Errorf("after the other's lease: %v", sink.seqs)
	}
}
