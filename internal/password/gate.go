package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

// ErrBusy says that too many passwords wait to be checked. Its answer is 503
// with Retry-After: trying again is right, and the password was not judged.
var ErrBusy = errors.New("too many passwords are being checked")

// MaxQueue is the longest queue that a [Gate] can have.
const MaxQueue = 64

// A Gate bounds the work on hashes: so many at a time, so many waiting, and
// whoever comes then is turned away at once. A flood of sign-ins thereby costs
// bounded memory and leaves the other requests their share of the machine.
type Gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
}

// NewGate returns a gate for so many hashes at a time, from 1 to GOMAXPROCS,
// with a queue from 0 to [MaxQueue]. Numbers outside are brought inside.
func NewGate(workers, queue int) *Gate {
	workers = max(1, min(workers, runtime.GOMAXPROCS(0)))
	return &Gate{slots: make(chan struct{}, workers), queue: int64(max(0, min(queue, MaxQueue)))}
}

// Do runs work when its turn comes. It returns [ErrBusy] without waiting when
// the queue is full, and the context's error when that ends first; in both cases
// work does not run. Work that has begun is finished.
func (g *Gate) Do(ctx context.Context, work func()) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for the password gate: %w", err)
	}
	select {
	case g.slots <- struct{}{}:
	default:
		if err := g.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-g.slots }()
	work()
	return nil
}

// wait takes a slot, unless too many wait already.
func (g *Gate) wait(ctx context.Context) error {
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return ErrBusy
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the password gate: %w", ctx.Err())
	}
}

// Waiting returns how many wait at the moment, for metrics.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }
