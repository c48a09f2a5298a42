package password

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// shut fills every slot of a gate until the returned function is called.
func shut(t *testing.T, g *Gate) (release func()) {
	t.Helper()
	hold, inside := make(chan struct{}), make(chan struct{})
	for range cap(g.slots) {
		go func() { _ = g.Do(context.Background(), func() { inside <- struct{}{}; <-hold }) }()
		<-inside
	}
	return func() { close(hold) }
}

// OV-01: as many at a time as there are workers, as many waiting as the queue is
// long, and the next one is turned away at once.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 3)
		release := shut(t, g)
		var ran, most, inside atomic.Int64
		done := make(chan error, 3)
		for range 3 {
			go func() {
				done <- g.Do(t.Context(), func() {
					most.Store(max(most.Load(), inside.Add(1)))
					ran.Add(1)
					inside.Add(-1)
				})
			}()
		}
		synctest.Wait()
		if g.Waiting() != 3 || ran.Load() != 0 {
			t.Errorf("%d wait and %d ran, want 3 and 0", g.Waiting(), ran.Load())
		}
		if err := g.Do(t.Context(), func() { t.Error("the fourth ran") }); !errors.Is(err, ErrBusy) {
			t.Errorf("the fourth: %v", err)
		}
		release()
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if ran.Load() != 3 || most.Load() != 1 || g.Waiting() != 0 {
			t.Errorf("%d ran, %d at a time, %d wait", ran.Load(), most.Load(), g.Waiting())
		}
	})
}

func TestGateRespectsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 1)
		release := shut(t, g)
		defer release()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Do(ctx, func() { t.Error("ran after the context ended") }) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("while waiting: %v", err)
		}
		if err := g.Do(ctx, func() { t.Error("ran under an ended context") }); !errors.Is(err, context.Canceled) {
			t.Errorf("before waiting: %v", err)
		}
		if g.Waiting() != 0 {
			t.Errorf("%d wait", g.Waiting())
		}
	})
}

func TestGateSurvivesPanic(t *testing.T) {
	t.Parallel()
	g := NewGate(1, 0)
	func() {
		defer func() { _ = recover() }()
		_ = g.Do(t.Context(), func() { panic("work") })
	}()
	ran := false
	if err := g.Do(t.Context(), func() { ran = true }); err != nil || !ran {
		t.Errorf("after a panic: %v", err)
	}
}

func TestGateBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ workers, queue, wantWorkers, wantQueue int }{
		{0, -1, 1, 0}, {1, 1, 1, 1}, {10_000, 10_000, runtime.GOMAXPROCS(0), MaxQueue},
	} {
		g := NewGate(tt.workers, tt.queue)
		if cap(g.slots) != tt.wantWorkers || int(g.queue) != tt.wantQueue {
			t.Errorf("NewGate(%d, %d) has %d and %d", tt.workers, tt.queue, cap(g.slots), g.queue)
		}
	}
}
