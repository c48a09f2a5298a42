package main

import (
	"context"
	"fmt"
	"time"
)

const (
	tailGoal = 3
	// changesPerSec is how often the policy changes in a tail with changes.
	changesPerSec = 100
)

// tailTurns are measured at half of what the bare handler can do.
func tailTurns() []turn {
	return []turn{
		{name: bareTurn, server: "bare", kind: byToken, most: inTurn},
		{name: "/decide/nginx, " + byToken, server: "decide", kind: byToken, most: inTurn},
		{name: fmt.Sprintf("/decide/nginx, %s, %d policy changes a second", byToken, changesPerSec), server: "changing", kind: byToken, most: inTurn},
	}
}

// measureTails measures within what time 99.9 of 100 answers come, at half of the
// requests that the bare handler can answer.
func (g *group) measureTails(ctx context.Context) (results []result, err error) {
	g.running = map[serverKey]*running{}
	defer func() { err = g.endAll(err) }()
	if err := g.startAll(ctx); err != nil {
		return nil, err
	}
	for i := range g.turns { // what is asked with is known to all of them
		if _, err := g.take(ctx, &g.turns[i]); err != nil {
			return nil, err
		}
	}
	tails := make([][]float64, len(g.turns))
	rate := 0.0
	for round := range g.rounds {
		g.rate = 0
		full, err := g.take(ctx, &g.turns[0])
		if err != nil {
			return nil, err
		}
		rate = float64(full.Answers) / full.Span.Seconds() / 2
		g.rate = rate
		for i := range g.turns {
			a, err := g.take(ctx, &g.turns[i])
			if err != nil {
				return nil, err
			}
			tails[i] = append(tails[i], float64(a.Tail)/float64(time.Microsecond))
			g.logf("round %d: %s, 99.9 of 100 within %s, %.2f cores used by others", round+1, g.turns[i].name, a.Tail, a.Noise)
		}
	}
	const within = "99.9 of 100 answers at half load, "
	for i, t := range g.turns {
		r := figure(within+t.name, median(tails[i]), "µs")
		if i > 0 {
			r = r.against(within+g.turns[0].name, median(tails[0]), ratio(tails[i], tails[0])).goal(tailGoal)
		}
		results = append(results, r.note("about %.0f requests a second", rate))
	}
	return results, nil
}
