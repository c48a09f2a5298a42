package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"testing"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the arguments say: one of the parts, or the whole.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) error {
	testing.Init()
	if len(args) > 0 {
		if part := partOf(args[0]); part != nil {
			return play(ctx, args, in, out, part)
		}
	}
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.rounds, "rounds", 5, "quiet `rounds` over the network; there are twice as many if others use the machine")
	flags.DurationVar(&o.span, "span", 2*time.Second, "how long each server is measured in a round")
	flags.IntVar(&o.tokens, "tokens", 100_000, "how many `tokens` the parts start, crowd and million put into a store; a million take minutes")
	flags.IntVar(&o.users, "users", 10_000, "how many `users` the largest policy is for; a million take some minutes")
	flags.StringVar(&o.binary, "binary", "", "the `program`, to see how it starts and what it takes when it is idle; empty: not measured")
	flags.BoolVar(&o.peers, "peers", false, "also measure nginx, HAProxy and Redis of Debian's packages, and ask with wrk, in the rounds of the parts decide and million")
	flags.StringVar(&o.profile, "profile", "", "existing `folder` for CPU profiles of what is measured")
	flags.StringVar(&o.out, "out", "bench/out", "`folder` of results.json")
	flags.StringVar(&o.only, "only", "", "measure only this `part`: decisions, scaling, start, crowd, decide, grpc, gateway or tail; or what is left out otherwise: million, everything about -tokens on one store; or lists, the pages of the console that list -users and -tokens")
	flags.Func("turns", "of these parts only the turns that match this `pattern`, and their baselines", func(text string) (err error) {
		o.turns, err = regexp.Compile(text)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	return bench(ctx, o, out, errOut)
}

// partOf returns the part of that name.
func partOf(name string) func(context.Context, *json.Decoder, *json.Encoder) error {
	switch name {
	case "load":
		return load
	case "decisions":
		return decisions
	case "start":
		return begin
	case "crowd":
		return crowd
	case "scaling":
		return scaling
	}
	if p, ok := peers[name]; ok {
		return p.become
	}
	if s := servers[name]; s != nil {
		return serve(s)
	}
	return nil
}

type options struct {
	rounds  int
	tokens  int
	users   int
	binary  string
	peers   bool
	span    time.Duration
	profile string
	out     string
	only    string
	turns   *regexp.Regexp // nil: all
}

// decisionRounds is how often each decision in the process is measured.
const decisionRounds = 20

// crowdRounds is less, since everything takes longer there.
const crowdRounds = 3

// bench measures everything.
func bench(ctx context.Context, o options, out, errOut io.Writer) error {
	began := time.Now()
	r := report{Began: began.UTC().Truncate(time.Second), Machine: thisMachine()}
	say := func(format string, args ...any) {
		fmt.Fprintf(errOut, "%4.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	if o.only == "lists" {
		return measureLists(ctx, o, out, say)
	}
	if !r.Machine.Pinned {
		say("servers and load share one core; only the ratios mean anything")
	}
	for _, measure := range []func(context.Context, options, sayer) ([]result, error){inProcess, overNetwork, atHalfLoad} {
		results, err := measure(ctx, o, say)
		if err != nil {
			return err
		}
		r.Results = append(r.Results, results...)
	}
	if o.peers {
		if err := r.saveTable(o.out); err != nil {
			return err
		}
	}
	r.Took = time.Since(began).Round(time.Second).String()
	if err := r.print(out); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	return r.save(o.out)
}

// A sayer says what is being done.
type sayer func(format string, args ...any)

// inProcess measures what needs no network.
func inProcess(ctx context.Context, o options, say sayer) (all []result, err error) {
	core, _ := cores()
	for _, p := range []struct {
		name, says, core string
		orders           any
	}{
		{"decisions", "decisions in the process", core, growthOrder{decisionRounds, o.users}},
		{"scaling", "decisions on two cores at once", "", decisionRounds},
		{"start", fmt.Sprintf("starts on a store with %d tokens", o.tokens), core, manyOrder{crowdRounds, o.tokens, o.binary}},
		{"crowd", fmt.Sprintf("a node that knows %d tokens", o.tokens), core, manyOrder{crowdRounds, o.tokens, ""}},
	} {
		if o.only != "" && o.only != p.name {
			continue
		}
		say("%s", p.says)
		var results []result
		if err := once(ctx, p.core, o.profile, p.name, p.orders, &results); err != nil {
			return nil, err
		}
		all = append(all, results...)
	}
	return all, nil
}

// overNetwork measures servers in rounds.
func overNetwork(ctx context.Context, o options, say sayer) (all []result, err error) {
	decide, million := decideTurns(), millionTurns(o.tokens)
	if o.peers {
		if decide, err = withPeers(ctx, decide, middleWorld.Tokens); err != nil {
			return nil, err
		}
		if million, err = withPeers(ctx, million, o.tokens); err != nil {
			return nil, err
		}
	}
	serveCore, loadCore := cores()
	for _, p := range []struct {
		name  string
		turns []turn
		many  manyOrder // not zero: only if it is asked for
	}{
		{"decide", decide, manyOrder{}},
		{"grpc", grpcTurns(), manyOrder{}},
		{"gateway", gatewayTurns(), manyOrder{}},
		{"million", million, manyOrder{crowdRounds, o.tokens, o.binary}},
	} {
		if o.only != p.name && (o.only != "" || p.many != (manyOrder{})) {
			continue
		}
		say("%s over the network", p.name)
		g := group{
			turns: chosen(p.turns, o.turns), rounds: o.rounds, limit: 2 * o.rounds, span: o.span, profile: o.profile,
			logf: say, serveCore: serveCore, loadCore: loadCore, many: p.many,
		}
		results, err := g.measure(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, results...)
	}
	return all, nil
}

// atHalfLoad measures the slowest answers. It needs a load that keeps a rate, as there
// is on Linux.
func atHalfLoad(ctx context.Context, o options, say sayer) ([]result, error) {
	if o.only != "" && o.only != "tail" || runtime.GOOS != "linux" {
		return nil, nil
	}
	say("tails at half load")
	serveCore, loadCore := cores()
	g := group{turns: tailTurns(), rounds: fewest, span: o.span, profile: o.profile, logf: say, serveCore: serveCore, loadCore: loadCore}
	return g.measureTails(ctx)
}
