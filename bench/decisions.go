package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// Sizes of the worlds in which decisions are taken.
var (
	smallWorld  = size{Routes: 10, Roles: 10, Users: 10, Tokens: 100}
	middleWorld = size{Routes: 1000, Roles: 100, Users: 1000, Tokens: 10_000}
	largeWorld  = size{Routes: 10_000, Roles: 1000, Users: 10_000, Tokens: 10_000}
)

// Goals of decisions in the process, in nanoseconds; of the ratios of growth and
// of refusals to passes; and of compiling, in seconds.
const (
	hotGoal     = 200
	growthGoal  = 1.2
	refusedGoal = 1
	tracesGoal  = 1.05
	compileGoal = 1
)

// benchTime is how long each is measured in a turn. Turns are short and many, since the
// speed of a machine that others share changes within seconds.
const benchTime = "40ms"

// A growthOrder says how often to measure, and how many users the largest world has.
type growthOrder struct {
	Rounds, Users int
}

// decisions is the part that takes decisions without a network. It answers with
// results.
func decisions(ctx context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var o growthOrder
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	largeWorld.Users = o.Users
	if err := flag.Set("test.benchtime", benchTime); err != nil {
		return fmt.Errorf("set the time of a benchmark: %w", err)
	}
	var worlds []*world
	for _, s := range []size{smallWorld, middleWorld, largeWorld} {
		w, err := newWorld(ctx, folder, s, "")
		if err != nil {
			return err
		}
		defer w.node.Close(ctx)
		worlds = append(worlds, w)
	}
	small, middle, large := worlds[0], worlds[1], worlds[2]
	samples := []*sample{
		one(small, byToken), one(large, byToken), one(middle, byToken), many(middle, byToken),
		one(middle, byAccess), one(middle, bySession), one(middle, byKey), one(middle, byBasic),
		one(middle, noToken), one(middle, noPermission), one(middle, noChecksum),
	}
	untraced, err := middle.untraced(ctx)
	if err != nil {
		return err
	}
	defer untraced.node.Close(ctx)
	traces := [][2]*sample{
		{random(middle, byToken), random(untraced, byToken)}, {random(middle, noPermission), random(untraced, noPermission)},
	}
	why, err := explaining(ctx, large)
	if err != nil {
		return err
	}
	compile, err := compiling(ctx, large)
	if err != nil {
		return err
	}
	uses := counting(ctx, middle)
	fresh, err := unseenTokens()
	if err != nil {
		return err
	}
	all := append(slices.Concat(samples, traces[0][:], traces[1][:]), why, compile, uses)
	for _, pair := range fresh {
		all = append(all, pair.whole, pair.signature)
	}
	for range o.Rounds {
		for _, s := range all {
			if err := s.take(); err != nil {
				return err
			}
		}
	}
	return answers.Encode(slices.Concat(
		decisionResults(largeWorld, samples, compile, uses), unseenResults(fresh), traceResults(traces), whyResults(why),
	))
}

// decisionResults lists the figures; the samples are in the order in which they
// were made above.
func decisionResults(most size, samples []*sample, compile, uses *sample) []result {
	grown := fmt.Sprintf("%d routes, %d roles, %d users", most.Routes, most.Roles, most.Users)
	small, large, known := samples[0], samples[1], samples[2]
	growth := large.result("decision, "+grown).
		beside("decision, 10 of each", small.ns()).goal(growthGoal)
	out := []result{known.result("decision, " + byToken).goal(hotGoal)}
	for _, s := range samples[3:] {
		r := s.result("decision, " + s.name)
		switch s.name {
		case byAccess, bySession, byKey, byBasic:
			r = r.goal(hotGoal)
		case noToken, noPermission, noChecksum:
			r = r.beside("decision, "+byToken, known.ns()).goal(refusedGoal)
		default:
			r = r.beside("decision, "+byToken, known.ns())
		}
		out = append(out, r)
	}
	compiled := fmt.Sprintf("compile %d routes, %d roles, %d users", most.Routes, most.Roles, min(most.Users, inStore))
	seconds := figure(compiled, compile.ns()/1e9, "s").goal(compileGoal)
	return append(out, growth, seconds, figure("write down the use of one token, of 10,000 at once", uses.ns()/1e3, "µs"))
}

// traceResults compares decisions that are kept with the same where none is:
// those on requests that are let in, of which a sample is kept, and on those that
// are refused, which are all kept.
func traceResults(traces [][2]*sample) []result {
	var out []result
	for i, pair := range traces {
		on, off := pair[0], pair[1]
		r := on.result("decision, "+on.name+", traces on").beside("traces off", off.ns())
		if i == 0 {
			r = r.goal(tracesGoal)
		}
		out = append(out, r)
	}
	return out
}

// A sample is something that is measured a few times.
type sample struct {
	name   string
	check  func() error // before each time: that it still does what it should
	bench  func(*testing.B)
	nanos  []float64 // CPU time of one operation, a value for each round
	allocs int64     // the most that an operation had
}

// take measures once more.
func (s *sample) take() error {
	if err := s.check(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	r := testing.Benchmark(s.bench)
	if r.N == 0 {
		return fmt.Errorf("%s: the benchmark failed", s.name)
	}
	s.nanos = append(s.nanos, r.Extra[cpuMetric])
	s.allocs = max(s.allocs, r.AllocsPerOp())
	return nil
}

// ns is the least of all turns. What others do on the machine, and how fast it
// lets this process be, only ever add to the time that the work itself takes.
func (s *sample) ns() float64 { return slices.Min(s.nanos) }

func (s *sample) result(name string) result {
	return figure(name, s.ns(), "ns").note("%d allocations; median %.0f ns of %d turns", s.allocs, median(s.nanos), len(s.nanos))
}

const cpuMetric = "cpu-ns/op"

// loop measures f by the CPU time of the process, to which others on the core do
// not add.
func loop(b *testing.B, f func()) {
	b.ReportAllocs()
	began := ownCPU()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(ownCPU()-began)/float64(b.N), cpuMetric)
}

// one measures the decision about one asker again and again.
func one(w *world, kind string) *sample { return deciding(w, kind, kind, 1) }

// many measures decisions about all askers of a kind in turn, whose credentials
// do not fit into the caches of the processor together with all else.
func many(w *world, kind string) *sample {
	return deciding(w, fmt.Sprintf("%s, %d in turn", kind, len(w.askers[kind])), kind, len(w.askers[kind]))
}

func deciding(w *world, name, kind string, n int) *sample {
	return deciders(w, name, kind, n, asking(w.askers[kind][:n]))
}

// random measures decisions about one asker whose requests have ids as random
// ones have them, by which some are chosen to be kept.
func random(w *world, kind string) *sample {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var requests []*doors.Request
	for _, letter := range letters {
		r := requestOf(w.askers[kind][0])
		r.ID = "Yw1xk0mPSpi9qvB0TBcY" + string(letter) + "w"
		requests = append(requests, r)
	}
	return deciders(w, kind, kind, len(requests), func(i int) *doors.Request { return requests[i] })
}

// deciders measures decisions about n requests in turn.
func deciders(w *world, name, kind string, n int, ask func(i int) *doors.Request) *sample {
	letIn := !slices.Contains([]string{noToken, noPermission, noChecksum}, kind)
	ctx := context.Background()
	check := func() error {
		// Writing uses down and looking for changes have figures of their own, so
		// nothing of the kind happens while decisions are measured.
		if err := w.settle(ctx); err != nil {
			return err
		}
		for i := range n { // what is decided afterwards is known
			if i%settleAfter == settleAfter-1 { // or the policy is too old before all are
				if err := w.settle(ctx); err != nil {
					return err
				}
			}
			if dec := w.node.Doors.Decide(ctx, ask(i)); dec.Allowed != letIn {
				return fmt.Errorf("allowed is %v, for the reason %q", dec.Allowed, dec.Reason)
			}
		}
		return nil
	}
	return &sample{name: name, check: check, bench: func(b *testing.B) {
		i := 0
		loop(b, func() {
			if dec := w.node.Doors.Decide(ctx, ask(i)); dec.Allowed != letIn {
				b.Fatal(dec.Reason)
			}
			if i++; i == n {
				i = 0
			}
		})
	}}
}

// requestOf is what a surface would make of the asker's request.
func requestOf(a asker) *doors.Request {
	h := http.Header{}
	for _, field := range browser {
		h.Set(field[0], field[1])
	}
	h.Set(a.Header[0], a.Header[1])
	return &doors.Request{
		ID: "bench", Method: http.MethodGet, Target: a.Path + "?fields=id", Host: "api.test", Scheme: "http",
		Header: h, Client: netip.MustParseAddr("192.0.2.7"),
	}
}

// settleAfter is after how many first decisions a world is settled.
const settleAfter = 10_000

// asking returns a function that makes the request of one of the askers. There is
// one request for all of them, as a surface uses its own again: what is not in the
// caches of the processor is what differs, the credential and the path.
func asking(askers []asker) func(i int) *doors.Request {
	r := requestOf(askers[0])
	credential := r.Header[http.CanonicalHeaderKey(askers[0].Header[0])]
	targets := make([]string, len(askers))
	for i, a := range askers {
		targets[i] = a.Path + "?fields=id"
	}
	return func(i int) *doors.Request {
		r.Target, credential[0] = targets[i], askers[i].Header[1]
		return r
	}
}

// settle does what a node does every second in the background.
func (w *world) settle(ctx context.Context) error {
	_, err := w.node.Doors.Apply(ctx)
	return errors.Join(err, w.node.Doors.Flush(ctx))
}

// counting measures what it costs to write down that each token was used, as a
// node does every second with those that were.
func counting(ctx context.Context, w *world) *sample {
	ask := asking(w.askers[byToken])
	return &sample{name: "uses", check: many(w, byToken).check, bench: func(b *testing.B) {
		b.ReportAllocs()
		spent := time.Duration(0)
		for b.Loop() {
			for i := range w.Tokens {
				if dec := w.node.Doors.Decide(ctx, ask(i)); !dec.Allowed {
					b.Fatal(dec.Reason)
				}
			}
			began := ownCPU()
			if err := w.node.Doors.Flush(ctx); err != nil {
				b.Fatal(err)
			}
			spent += ownCPU() - began
		}
		b.ReportMetric(float64(spent)/float64(b.N)/float64(w.Tokens), cpuMetric)
	}}
}

// compiling measures how long the policy of a world takes to be compiled, with
// everybody in it but those who were poured, from what was read from its store.
func compiling(ctx context.Context, w *world) (*sample, error) {
	var source policy.Source
	var records []policy.Record
	err := w.node.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if source, err = policy.Load(ctx, &tx.Reader); err != nil {
			return err
		}
		for _, id := range w.users[:min(w.Users, inStore)] {
			record, err := policy.LoadPrincipal(ctx, &tx.Reader, id)
			if err != nil {
				return err
			}
			records = append(records, record)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	compile := func() error { return compileAll(source, records) }
	return &sample{name: "compile", check: compile, bench: func(b *testing.B) {
		loop(b, func() {
			if err := compile(); err != nil {
				b.Fatal(err)
			}
		})
	}}, nil
}

func compileAll(source policy.Source, records []policy.Record) error {
	c, err := policy.NewCompiler(node.Rules(dialect.Specs()))
	if err != nil {
		return err
	}
	if _, err := c.Compile(source); err != nil {
		return err
	}
	for _, r := range records {
		if _, err := c.Principal(r); err != nil {
			return err
		}
	}
	return nil
}
