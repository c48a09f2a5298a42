package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A manyOrder says how often to measure, with how many tokens in the store, and
// which program to start on it; empty: none.
type manyOrder struct {
	Rounds, Tokens int
	Binary         string
}

// Goals: of a decision about one of many known tokens, in nanoseconds; of what one
// takes of the heap, in bytes; and of what a decision costs while another core decides
// too, which leaves two cores 1.9 times as many.
const (
	coldGoal    = 400
	heapGoal    = 100
	scalingGoal = 2 / 1.9
)

// crowd is the part about a node that knows very many tokens: what they take of its
// memory, and what a decision costs when they come in turn.
func crowd(ctx context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var o manyOrder
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	w, _, end, err := crowded(ctx, o.Tokens)
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	heap, err := w.knowAll(ctx)
	if err != nil {
		return err
	}
	cold := many(w, byToken)
	cold.check = func() error { return w.settle(ctx) } // once was enough; it takes long
	for range o.Rounds {
		if err := cold.take(); err != nil {
			return err
		}
	}
	return answers.Encode([]result{heap, cold.result("decision, " + cold.name).goal(coldGoal)})
}

// knowAll has the node look each token up once, and measures what that takes of its
// memory.
func (w *world) knowAll(ctx context.Context) (heap result, err error) {
	some := deciding(w, "", byToken, w.Tokens/4) // in which all owners are
	before, err := w.heapOnce(ctx, some.check)
	if err != nil {
		return heap, err
	}
	after, err := w.heapOnce(ctx, many(w, byToken).check)
	if err != nil {
		return heap, err
	}
	bytes := float64(after-before) / float64(w.Tokens-w.Tokens/4)
	return figure(fmt.Sprintf("heap of one more known token, to %d", w.Tokens), bytes, "bytes").goal(heapGoal), nil
}

// allInTurn returns what a decision about each of the tokens costs, in nanoseconds of
// CPU time. Uses are written down in between, as no flush could write all at once; so
// each of them is the first use since then, and begins a count. Garbage is collected in
// between too: nearly all that there is to mark are the askers of the benchmark.
func (w *world) allInTurn(ctx context.Context) (nanos float64, err error) {
	ask, spent := asking(w.askers[byToken]), time.Duration(0)
	for first := 0; first < w.Tokens; first += settleAfter {
		percent := debug.SetGCPercent(-1)
		began := ownCPU()
		for i := first; i < min(first+settleAfter, w.Tokens); i++ {
			if dec := w.node.Doors.Decide(ctx, ask(i)); !dec.Allowed {
				return 0, fmt.Errorf("refused for the reason %q", dec.Reason)
			}
		}
		spent += ownCPU() - began
		debug.SetGCPercent(percent)
		if err := w.settle(ctx); err != nil {
			return 0, err
		}
	}
	return float64(spent) / float64(w.Tokens), nil
}

// crowded makes a world with so many tokens in a folder of its own.
func crowded(ctx context.Context, tokens int) (w *world, folder string, end func() error, err error) {
	if folder, err = os.MkdirTemp("", "sallyport-bench-"); err != nil {
		return nil, "", nil, fmt.Errorf("make a folder: %w", err)
	}
	w, err = newWorld(ctx, folder, size{Routes: 1000, Roles: 100, Users: 1000, Tokens: tokens}, "")
	if err != nil {
		return nil, "", nil, errors.Join(err, os.RemoveAll(folder))
	}
	return w, folder, func() error { return errors.Join(w.node.Close(ctx), os.RemoveAll(folder)) }, nil
}

// heapOnce returns how much is reachable once what is asked for is known, when no use
// waits to be written down, nor is one that was counted just now: the second time,
// all counts are idle.
func (w *world) heapOnce(ctx context.Context, known func() error) (int64, error) {
	if err := known(); err != nil {
		return 0, err
	}
	for range 2 {
		if err := errors.Join(w.settle(ctx), w.node.Doors.Settle(ctx)); err != nil {
			return 0, err
		}
	}
	return liveHeap(), nil
}

// liveHeap returns how many bytes are reachable.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what had a finalizer too
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // it fits
}

// scaling is the part that takes decisions on two cores at the same time, about
// different tokens. It is not bound to a core.
func scaling(ctx context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var rounds int
	if err := orders.Decode(&rounds); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	if runtime.NumCPU() < 2 {
		return answers.Encode([]result{})
	}
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	w, err := newWorld(ctx, folder, smallWorld, "")
	if err != nil {
		return err
	}
	defer w.node.Close(ctx)
	runtime.GOMAXPROCS(2)
	var one, two []float64
	for range rounds {
		for _, n := range []int{1, 2} {
			nanos, err := w.together(ctx, n)
			if err != nil {
				return err
			}
			if n == 1 {
				one = append(one, nanos)
			} else {
				two = append(two, nanos)
			}
		}
	}
	return answers.Encode([]result{
		figure("decision while another core decides too", median(two), "ns").
			against("decision on one core", median(one), ratio(two, one)).goal(scalingGoal).
			note("so two cores take %.2f times as many", 2/ratio(two, one)),
	})
}

// together returns what a decision costs, in nanoseconds of CPU time, when n
// goroutines decide at the same time. Waiting for one another's cache lines is part
// of that; waiting for others on the machine is not.
func (w *world) together(ctx context.Context, n int) (nanos float64, err error) {
	const each = 200_000
	if err := w.settle(ctx); err != nil {
		return 0, err
	}
	faults := make([]error, n)
	var all sync.WaitGroup
	began := ownCPU()
	for i := range n {
		all.Go(func() {
			ask := asking(w.askers[byToken][i : i+1])
			for range each {
				if dec := w.node.Doors.Decide(ctx, ask(0)); !dec.Allowed {
					faults[i] = fmt.Errorf("refused for the reason %q", dec.Reason)
					return
				}
			}
		})
	}
	all.Wait()
	spent := ownCPU() - began
	if slices.ContainsFunc(faults, func(err error) bool { return err != nil }) {
		return 0, errors.Join(faults...)
	}
	return float64(spent) / float64(n*each), nil
}
