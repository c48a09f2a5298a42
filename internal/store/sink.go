package store

import (
	"context"
	"time"
)

// A Sink is somewhere that the audit trail is handed on to, and how far it got.
type Sink struct {
	Name      string
	Seq       int64 // of the last entry that arrived
	Holder    string
	Until     time.Time // how long the holder has it for itself
	Delivered time.Time // when something last arrived; zero: never
	Failures  int64     // in a row
	Fault     string    // of the last one
}

const sinkColumns = `
	SELECT name, seq, holder, until, delivered, failures, fault FROM audit_sink `

func scanSink(r row) (s Sink, err error) {
	var until, delivered int64
	err = r.Scan(&s.Name, &s.Seq, &s.Holder, &until, &delivered, &s.Failures, &s.Fault)
	s.Until, s.Delivered = moment(until), moment(delivered)
	return s, err
}

const selectSinks = sinkColumns + `ORDER BY name`

// Sinks returns all sinks that anything was ever handed on to, by name.
func (r *Reader) Sinks(ctx context.Context) ([]Sink, error) {
	return list(ctx, r, "audit sink", selectSinks, scanSink)
}

const (
	insertSink = `
	INSERT INTO audit_sink (name, seq, holder, until, delivered, failures, fault)
	VALUES ($1, $2, '', 0, 0, 0, '')
	ON CONFLICT (name) DO NOTHING`
	holdSink = `
	UPDATE audit_sink SET holder = $1, until = $2
	WHERE name = $3 AND (holder = $1 OR until < $4)
	RETURNING name, seq, holder, until, delivered, failures, fault`
)

// HoldSink takes a sink for one node until a time, or goes on holding it, and
// returns how far it is. Held by another node it is NotFound. A sink that is new
// begins after the entry start.
func (t *Tx) HoldSink(ctx context.Context, name, holder string, until time.Time, start int64) (Sink, error) {
	if _, err := t.exec(ctx, "audit sink", insertSink, name, start); err != nil {
		return Sink{}, err
	}
	return one(ctx, &t.Reader, "audit sink", holdSink, scanSink, holder, micros(until), name, micros(t.now()))
}

const (
	advanceSink = `
	UPDATE audit_sink SET seq = $1, delivered = $2, failures = 0, fault = ''
	WHERE name = $3 AND holder = $4 AND seq < $1`
	failSink = `
	UPDATE audit_sink SET failures = failures + 1, fault = $1 WHERE name = $2 AND holder = $3`
	releaseSink = `
	UPDATE audit_sink SET holder = '', until = 0 WHERE name = $1 AND holder = $2`
)

// AdvanceSink says that all entries up to seq arrived. It never goes back, and it
// reports whether the node still holds the sink.
func (t *Tx) AdvanceSink(ctx context.Context, name, holder string, seq int64) (bool, error) {
	n, err := t.exec(ctx, "audit sink", advanceSink, seq, micros(t.now()), name, holder)
	return n == 1, err
}

// FailSink says that entries did not arrive, and why.
func (t *Tx) FailSink(ctx context.Context, name, holder, fault string) error {
	_, err := t.exec(ctx, "audit sink", failSink, fault, name, holder)
	return err
}

// ReleaseSink lets another node have a sink at once.
func (t *Tx) ReleaseSink(ctx context.Context, name, holder string) error {
	_, err := t.exec(ctx, "audit sink", releaseSink, name, holder)
	return err
}
