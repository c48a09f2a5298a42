package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Goals: of a start, in milliseconds, and of an idle program, in MiB.
const (
	startGoal = 150
	idleGoal  = 25
)

// begin is the part about a store with very many tokens that somebody starts on.
func begin(ctx context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var o manyOrder
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	w, folder, end, err := crowded(ctx, o.Tokens)
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	results, err := w.starts(ctx, o, folder)
	if err != nil {
		return err
	}
	return answers.Encode(results)
}

// starts measures how long it takes until there is a node on the store, and until
// there is a program, if one is to be measured.
func (w *world) starts(ctx context.Context, o manyOrder, folder string) ([]result, error) {
	start, err := w.starting(ctx, o.Rounds)
	if err != nil {
		return nil, err
	}
	results := []result{figure(fmt.Sprintf("start with %d tokens in the store", o.Tokens), start, "ms").goal(startGoal)}
	if o.Binary == "" {
		return results, nil
	}
	if err := w.node.Close(ctx); err != nil { // or the program would take the store for one that was left open
		return nil, err
	}
	p := programs{binary: o.Binary, folder: folder, storage: w.url.Reveal(), master: w.master}
	closed, err := p.starts(ctx, o.Rounds, (*program).end)
	if err != nil {
		return nil, err
	}
	killed, err := p.starts(ctx, o.Rounds, (*program).kill)
	if err != nil {
		return nil, err
	}
	results = append(results,
		figure(fmt.Sprintf("start of the program, %d tokens", o.Tokens), closed.millis, "ms").goal(startGoal),
		figure(fmt.Sprintf("start of the program after kill -9, %d tokens", o.Tokens), killed.millis, "ms"))
	empty, err := programResults(ctx, o.Rounds, o.Binary, folder)
	if err != nil {
		return nil, err
	}
	w.node, err = w.open(ctx, false)
	return append(results, empty...), err
}

// starting returns the milliseconds from nothing to a decision: the store is
// opened, the policy put in force and one token looked up. It leaves the node of
// the last start.
func (w *world) starting(ctx context.Context, rounds int) (float64, error) {
	var took []float64
	for range rounds {
		if err := w.node.Close(ctx); err != nil {
			return 0, err
		}
		began := time.Now()
		var err error
		if w.node, err = w.open(ctx, false); err != nil {
			return 0, err
		}
		if dec := w.node.Doors.Decide(ctx, requestOf(w.askers[byToken][0])); !dec.Allowed {
			return 0, fmt.Errorf("after a start a token is refused for the reason %q", dec.Reason)
		}
		took = append(took, float64(time.Since(began).Microseconds())/1e3)
	}
	return median(took), nil
}
