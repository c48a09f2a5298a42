package main

import (
	"context"
	"errors"
	"fmt"
)

// The part about a million: everything that is promised of a store with very many
// tokens, measured on one store, since making it and looking each of them up once
// takes most of the time. It is left out of a whole run for that reason.

// millionTurns are about a decision service that knows all the tokens of the store.
func millionTurns(tokens int) []turn {
	known := fmt.Sprintf(", one of %d known", tokens)
	return []turn{
		{name: bareTurn, server: "bare", kind: byToken, most: inTurn},
		{name: "/decide/nginx, " + byToken + known, server: "million", baseline: bareTurn, goal: decideGoal, kind: byToken, most: inTurn, collects: true},
		{name: "/decide/nginx, " + noPermission + known, server: "million", baseline: bareTurn, goal: deniedGoal, kind: noPermission, most: inTurn, want: denied(noPermission)},
		{name: "/decide/nginx, " + byToken + known + ", 10,000 in turn", server: "million", baseline: bareTurn, kind: byToken},
	}
}

// serveMillion measures what there is to measure before anybody asks, and then is the
// decision service that knows all tokens.
func serveMillion(ctx context.Context, o serveOrder) (*serving, error) {
	w, folder, end, err := crowded(ctx, o.Many.Tokens)
	if err != nil {
		return nil, err
	}
	results, err := w.starts(ctx, o.Many, folder)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	heap, err := w.knowAll(ctx)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	nanos, err := w.allInTurn(ctx)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	results = append(results, heap, figure(fmt.Sprintf("decision, %s, %d in turn, each the first use since the last flush", byToken, w.Tokens), nanos, "ns").goal(coldGoal))
	// Or what all of them used their permissions for would be written down, for a
	// quarter of a minute with a million, while the first rounds are measured.
	if err := w.node.Doors.LastFlush(ctx); err != nil {
		return nil, errors.Join(err, end())
	}
	for kind, list := range w.askers {
		w.askers[kind] = spread(list, mostRefused)
	}
	stop := w.run(ctx)
	asTheProgram()
	return &serving{
		server: questions(w.handler(nil)), askers: w.askers, results: results,
		end: func() error {
			_, _ = stop(), end() // the store is thrown away, whether its last uses were written down or not
			return nil
		},
	}, nil
}

// spread returns as many of a list, from all over it: their neighbours in the tables
// are others.
func spread(list []asker, most int) []asker {
	if len(list) <= most {
		return list
	}
	out := make([]asker, most)
	for i := range out {
		out[i] = list[i*(len(list)/most)]
	}
	return out
}
