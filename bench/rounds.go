package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"
)

// How the rounds over the network go.
const (
	connections = 32
	warm        = 500 * time.Millisecond
	// quiet is how much of a core others may use in a round that counts, if there
	// are enough such rounds.
	quiet = 0.25
	// fewest is how many quiet rounds are enough.
	fewest = 3
)

// A group of turns is measured in rounds: in each round every turn once, one
// after the other, and in every other round from the last to the first. So what
// else happens on the machine meets all of them alike, and a turn is compared
// with the baseline of its own round.
type group struct {
	turns     []turn
	rounds    int // quiet ones wanted
	limit     int // rounds at most
	span      time.Duration
	profile   string
	logf      func(format string, args ...any)
	serveCore string
	loadCore  string

	many    manyOrder // for the part about a million
	rate    float64   // of requests a second; 0: as many as are answered
	running map[serverKey]*running
	askers  map[string][]asker
	garbage []float64 // percent of the CPU time of turns that collect
}

// A serverKey tells the servers of a group apart.
type serverKey struct {
	part   string
	access bool
}

// A running server is a part that serves.
type running struct {
	*child
	serveAnswer
}

// processes are those that take a part in answering.
func (r *running) processes() []int { return append([]int{r.cmd.Process.Pid}, r.Helpers...) }

// A collection is how many seconds of CPU a server has used so far, and how many
// of them for collecting garbage.
type collection struct{ CPU, Collecting float64 }

// collected asks the server for that, if wanted.
func (r *running) collected(wanted bool) (c collection, err error) { //nolint:revive // not a switch
	if !wanted {
		return c, nil
	}
	if err := json.NewEncoder(r.orders).Encode(struct{}{}); err != nil {
		return c, fmt.Errorf("ask a server what it collected: %w", err)
	}
	return c, r.said(&c)
}

// A measured turn is what the rounds said about it.
type measured struct {
	micros []float64 // CPU time of an answer, a value for each round
	perSec []float64
	noise  []float64
}

// measure starts the servers, checks them, does the rounds and ends the servers.
func (g *group) measure(ctx context.Context) (results []result, err error) {
	g.running = map[serverKey]*running{}
	defer func() { err = g.endAll(err) }()
	if err := g.startAll(ctx); err != nil {
		return nil, err
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	all := make([]measured, len(g.turns))
	for round, calm := 0, 0; round < g.limit && calm < g.rounds; round++ {
		loudest := 0.0
		for i := range g.turns {
			if round%2 == 1 {
				i = len(g.turns) - 1 - i
			}
			a, err := g.take(ctx, &g.turns[i])
			if err != nil {
				return nil, err
			}
			m := &all[i]
			m.micros = append(m.micros, float64(a.CPU.Microseconds())/float64(a.Answers))
			m.perSec = append(m.perSec, float64(a.Answers)/a.Span.Seconds())
			m.noise = append(m.noise, a.Noise)
			loudest = max(loudest, a.Noise)
		}
		if loudest <= quiet {
			calm++
		}
		g.logf("round %d: at most %.2f cores used by others", round+1, loudest)
	}
	return g.results(all), nil
}

// endAll ends the servers.
func (g *group) endAll(err error) error {
	for key, s := range g.running {
		if _, ok := peers[key.part]; ok {
			_ = s.cmd.Process.Kill() // it does not listen to the end of its orders
			_ = s.cmd.Wait()
			continue
		}
		err = errors.Join(err, s.end())
	}
	return err
}

// startAll starts a server for each key that a turn has, each on the core of
// servers; the upstream of the proxies shares the core of the load.
func (g *group) startAll(ctx context.Context) (err error) {
	order := serveOrder{Many: g.many}
	if slices.ContainsFunc(g.turns, func(t turn) bool { return t.server == "gateway" }) {
		upstream, err := g.start(ctx, g.loadCore, serverKey{part: "upstream"}, order)
		if err != nil {
			return err
		}
		order.Upstream = upstream.Address
	}
	for _, t := range g.turns {
		key := serverKey{t.server, t.access}
		if g.running[key] != nil {
			continue
		}
		order.Access = t.access
		if _, ok := peers[t.server]; ok || t.server == redisPart {
			if order.Folder, err = os.MkdirTemp("", "sallyport-bench-"); err != nil {
				return fmt.Errorf("make a folder: %w", err)
			}
			defer os.RemoveAll(order.Folder) // which a peer has read by then
			order.Tokens = g.askers[byToken]
		}
		s, err := g.start(ctx, g.serveCore, key, order)
		if err != nil {
			return err
		}
		// The baselines have no askers of their own; they get those of a server
		// whose turn is alike.
		if s.Askers != nil && !t.access {
			g.askers = s.Askers
		}
	}
	return nil
}

func (g *group) start(ctx context.Context, core string, key serverKey, order serveOrder) (*running, error) {
	profile := g.profile
	if key.access {
		profile = "" // one profile a part is enough
	}
	c, err := start(ctx, core, profile, key.part, order)
	if err != nil {
		return nil, err
	}
	s := &running{child: c}
	g.running[key] = s
	err = c.said(&s.serveAnswer)
	for _, r := range s.Results {
		g.logf("%s: %s %s %s", r.Name, number(&r.Value), r.Unit, r.Note)
	}
	if _, ok := peers[key.part]; ok && err == nil {
		err = reached(s.Address)
	}
	return s, err
}

// askersOf returns who may ask a server.
func (g *group) askersOf(s *running) map[string][]asker {
	if s.Askers != nil {
		return s.Askers
	}
	return g.askers
}

// check asks every server once for each of its turns, and once with a credential
// that was tampered with. What answers wrongly is not worth measuring.
func (g *group) check() error {
	for i := range g.turns {
		t := &g.turns[i]
		s := g.running[serverKey{t.server, t.access}]
		ask := checkOne
		if t.grpc {
			ask = checkGRPC
		}
		if err := ask(s.Address, t.requests(g.askersOf(s))[0], t.status()); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if t.baseline == "" || t.careless {
			continue
		}
		bad := turn{server: t.server, kind: noChecksum, plain: t.plain}
		if err := checkOne(s.Address, bad.requests(g.askersOf(s))[0], denied(noChecksum)); err != nil {
			return fmt.Errorf("%s, tampered with: %w", t.name, err)
		}
	}
	return nil
}

func checkOne(address string, request []byte, want int) error {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	if _, err := conn.Write(request); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	status, err := readAnswer(bufio.NewReader(conn))
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if status != want {
		return fmt.Errorf("the status is %d, not %d", status, want)
	}
	return nil
}

// take has a load do one turn.
func (g *group) take(ctx context.Context, t *turn) (a loadAnswer, err error) {
	s := g.running[serverKey{t.server, t.access}]
	order := loadOrder{
		Address: s.Address, Requests: t.requests(g.askersOf(s)), Want: t.status(), GRPC: t.grpc,
		Connections: connections, Warm: warm, Span: g.span, Server: s.processes(), Rate: g.rate,
	}
	for _, other := range g.running {
		if other != s {
			order.Others = append(order.Others, other.processes()...)
		}
	}
	if t.wrk {
		return g.takeByWrk(ctx, t, &order)
	}
	before, err := s.collected(t.collects)
	if err != nil {
		return a, err
	}
	if err := once(ctx, g.loadCore, "", "load", order, &a); err != nil {
		return a, err
	}
	after, err := s.collected(t.collects)
	if err != nil {
		return a, err
	}
	if t.collects {
		g.garbage = append(g.garbage, 100*(after.Collecting-before.Collecting)/(after.CPU-before.CPU))
	}
	switch {
	case a.Fault != "":
		return a, fmt.Errorf("%s: %s", t.name, a.Fault)
	case a.Answers == 0:
		return a, fmt.Errorf("%s: there was no answer", t.name)
	}
	return a, nil
}

// results compares the turns with their baselines over the rounds that count.
func (g *group) results(all []measured) []result {
	rounds := thatCount(all)
	var out []result
	for _, s := range g.running {
		out = append(out, s.Results...)
	}
	for i, t := range g.turns {
		m := &all[i]
		micros := at(m.micros, rounds)
		r := figure(t.name, median(micros), "µs CPU")
		note := fmt.Sprintf("%.0f/s, noise %.2f", median(at(m.perSec, rounds)), median(at(m.noise, rounds)))
		if b := slices.IndexFunc(g.turns, func(o turn) bool { return o.name == t.baseline }); b >= 0 {
			base := at(all[b].micros, rounds)
			r = r.against(t.baseline, median(base), ratio(micros, base)).goal(t.goal)
			low, high := extent(micros, base)
			note = fmt.Sprintf("%.2f to %.2f in %d of %d rounds, ", low, high, len(rounds), len(m.micros)) + note
		}
		out = append(out, r.note("%s", note))
		if t.collects && len(g.garbage) > 0 {
			out = append(out, figure("collecting garbage, "+t.name, median(g.garbage), "% of CPU").goal(garbageGoal))
		}
	}
	return out
}

// thatCount returns the numbers of the quiet rounds, or of all if too few were.
func thatCount(all []measured) []int {
	var calm, every []int
	for i := range all[0].noise {
		every = append(every, i)
		if !slices.ContainsFunc(all, func(m measured) bool { return m.noise[i] > quiet }) {
			calm = append(calm, i)
		}
	}
	if len(calm) < fewest {
		return every
	}
	return calm
}

// at returns the values with these numbers.
func at(values []float64, numbers []int) []float64 {
	out := make([]float64, 0, len(numbers))
	for _, n := range numbers {
		out = append(out, values[n])
	}
	return out
}

// extent returns the least and the greatest ratio.
func extent(values, baselines []float64) (low, high float64) {
	for i := range values {
		r := values[i] / baselines[i]
		if i == 0 {
			low, high = r, r
		}
		low, high = min(low, r), max(high, r)
	}
	return low, high
}
