package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
)

// A Sink takes entries. It is used by one goroutine.
type Sink interface {
	// Deliver hands entries over, in their order. Without an error all of them have
	// arrived, as far as the protocol lets one know; otherwise they come again. An
	// error says nothing secret.
	Deliver(ctx context.Context, entries []api.AuditEntry) error
	// Close ends connections.
	Close() error
}

// A Target is a sink with what it is to get.
type Target struct {
	Name    string   // under which its position is kept
	Actions []string // what the actions begin with; empty: all
	Whole   bool     // a new sink gets the trail from its beginning, not from now on
	Sink    Sink
}

// Config is what [New] needs.
type Config struct {
	Store   *store.Store
	Node    string // names this process among others
	Targets []Target
	Now     func() time.Time
	Log     *slog.Logger

	// Pause waits, or returns when ctx ends. Nil: by the clock of the system.
	Pause func(ctx context.Context, d time.Duration)
}

// Bounds of handing on.
const (
	batch        = 200
	poll         = time.Second
	lease        = 10 * time.Second
	patience     = 15 * time.Second // for one delivery
	leastBackoff = time.Second
	mostBackoff  = 5 * time.Minute
	maxFault     = 200 // bytes that are kept of an error
	farewell     = 2 * time.Second
)

// Streams hands the trail on to all targets. Make it with [New].
type Streams struct{ runners []*runner }

// New returns streams that [Streams.Run] starts.
func New(c Config) *Streams {
	if c.Pause == nil {
		c.Pause = pause
	}
	s := &Streams{}
	for _, t := range c.Targets {
		s.runners = append(s.runners, &runner{Config: c, target: t})
	}
	return s
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Run hands on until ctx ends, and closes the sinks.
func (s *Streams) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.runners {
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
}

// A State is how a sink does, as this node knows it.
type State struct {
	Name      string
	Delivered uint64 // entries, since the start of this node
	Failures  uint64 // deliveries that failed, likewise
	Behind    int64  // entries that wait
}

// States returns how the sinks do, in the order of the targets.
func (s *Streams) States() []State {
	var all []State
	for _, r := range s.runners {
		all = append(all, State{r.target.Name, r.delivered.Load(), r.failed.Load(), r.behind.Load()})
	}
	return all
}

// A runner serves one target.
type runner struct {
	Config
	target Target

	held     time.Time // until when this node has the sink
	at       int64     // the last entry that arrived
	inARow   int       // failures
	position bool      // whether at is known

	delivered, failed atomic.Uint64
	behind            atomic.Int64
}

func (r *runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		r.Pause(ctx, r.round(ctx))
	}
	if err := r.target.Sink.Close(); err != nil {
		r.Log.DebugContext(ctx, "an audit sink did not close well", "sink", r.target.Name, "error", err)
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if r.position {
		_, err := r.Store.Write(limit, func(tx *store.Tx) error { return tx.ReleaseSink(limit, r.target.Name, r.Node) })
		if err != nil {
			r.Log.DebugContext(ctx, "an audit sink was not released; another node gets it soon", "sink", r.target.Name, "error", err)
		}
	}
}

// round hands one batch on, and returns how long to wait until the next.
func (r *runner) round(ctx context.Context) time.Duration {
	more, err := r.step(ctx)
	switch {
	case ctx.Err() != nil:
		return 0
	case err == nil && more:
		r.inARow = 0
		return 0
	case err == nil, sallyport.KindOf(err) == sallyport.NotFound: // another node has it
		return poll
	}
	r.failed.Add(1)
	wait := min(leastBackoff<<min(r.inARow, 16), mostBackoff)
	if later, ok := errors.AsType[*LaterError](err); ok {
		wait = min(max(wait, later.After), mostBackoff)
	}
	if r.inARow++; r.inARow == 1 {
		r.Log.WarnContext(ctx, "the audit trail could not be handed on; it will be tried again", "sink", r.target.Name, "error", err, "wait", wait.String())
	} else {
		r.Log.DebugContext(ctx, "the audit trail could not be handed on", "sink", r.target.Name, "error", err, "wait", wait.String())
	}
	return wait
}

// step hands one batch on, and reports whether there was one.
func (r *runner) step(ctx context.Context) (bool, error) {
	if err := r.hold(ctx); err != nil {
		return false, err
	}
	head, _, err := r.Store.AuditHead(ctx)
	if err != nil {
		return false, err
	}
	r.behind.Store(max(head-r.at, 0))
	if head <= r.at {
		return false, nil
	}
	rows, err := r.Store.AuditAfter(ctx, r.at, batch)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if err := r.deliver(ctx, rows); err != nil {
		return false, err
	}
	last := rows[len(rows)-1].Seq
	var mine bool
	_, err = r.Store.Write(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.AdvanceSink(ctx, r.target.Name, r.Node, last)
		return err
	})
	if err != nil || !mine {
		r.held = time.Time{}
		return false, err
	}
	r.at = last
	r.behind.Store(max(head-last, 0))
	return true, nil
}

// hold makes sure that this node has the sink, and knows how far it is.
func (r *runner) hold(ctx context.Context) error {
	now := r.Now()
	if r.position && r.held.Sub(now) > lease/2 {
		return nil
	}
	var sink store.Sink
	_, err := r.Store.Write(ctx, func(tx *store.Tx) error {
		start := int64(0)
		if !r.target.Whole {
			head, _, err := tx.AuditHead(ctx)
			if err != nil {
				return err
			}
			start = head
		}
		var err error
		sink, err = tx.HoldSink(ctx, r.target.Name, r.Node, now.Add(lease), start)
		return err
	})
	if err != nil {
		r.position = false
		return err
	}
	r.held, r.at, r.position = now.Add(lease), sink.Seq, true
	return nil
}

// deliver hands the rows on that the target wants.
func (r *runner) deliver(ctx context.Context, rows []store.AuditRow) error {
	var entries []api.AuditEntry
	for _, row := range rows {
		if r.wants(row.Action) {
			entries = append(entries, audit.OnWire(row))
		}
	}
	if len(entries) == 0 {
		return nil
	}
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := r.target.Sink.Deliver(limit, entries)
	if err == nil {
		r.delivered.Add(uint64(len(entries)))
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	text := err.Error()
	_, noted := r.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.FailSink(ctx, r.target.Name, r.Node, text[:min(len(text), maxFault)])
	})
	return errors.Join(err, noted)
}

func (r *runner) wants(action string) bool {
	return len(r.target.Actions) == 0 || slices.ContainsFunc(r.target.Actions, func(a string) bool { return strings.HasPrefix(action, a) })
}

// A LaterError is an error of a sink that says when to come again.
type LaterError struct {
	After time.Duration
	Err   error
}

// Error says what went wrong.
func (l *LaterError) Error() string { return fmt.Sprintf("%v, come again in %s", l.Err, l.After) }

// Unwrap returns the error without the time.
func (l *LaterError) Unwrap() error { return l.Err }
