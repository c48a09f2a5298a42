package store

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// A Throttle counts the failures of one account or one source in a window of
// time.
type Throttle struct {
	Key      [32]byte // keyed hash of what is counted
	Failures int64
	Since    time.Time // when the window began
	Until    time.Time // until when attempts are refused; zero: they are not
	Updated  time.Time // set by the store
}

const (
	throttleColumns = `
	SELECT key, failures, since, until, updated FROM throttle `
	selectThrottle  = throttleColumns + `WHERE key = $1`
	selectThrottles = throttleColumns + `
	WHERE updated >= $1 AND key > $2 ORDER BY key LIMIT $3`
)

func scanThrottle(r row) (h Throttle, err error) {
	var key []byte
	var since, until, updated int64
	if err := r.Scan(&key, &h.Failures, &since, &until, &updated); err != nil {
		return h, err
	}
	h.Since, h.Until, h.Updated = moment(since), moment(until), moment(updated)
	if h.Failures < 0 {
		return h, damaged("throttle", "", "negative count")
	}
	h.Key, err = digest("throttle", "", key)
	return h, err
}

// Throttle returns what is counted under a key; NotFound if nothing is.
func (r *Reader) Throttle(ctx context.Context, key [32]byte) (Throttle, error) {
	return one(ctx, r, "throttle", selectThrottle, scanThrottle, key[:])
}

// ThrottlesSince returns what was counted at or after a time, by key: all whose
// key is above after, at most limit.
func (r *Reader) ThrottlesSince(ctx context.Context, since time.Time, after [32]byte, limit int) ([]Throttle, error) {
	from := after[:]
	if after == [32]byte{} {
		from = []byte{}
	}
	return list(ctx, r, "throttle", selectThrottles, scanThrottle, micros(since), from, int64(Page{Limit: limit}.limit()))
}

// addFailures adds to the window that is kept, or begins a newer one.
var addFailures = batchText{
	head: `INSERT INTO throttle (key, failures, since, until, updated) VALUES `,
	row:  []string{asBlob, asInt, asInt, asInt, asInt},
	tail: `
	ON CONFLICT (key) DO UPDATE
	SET failures = CASE WHEN excluded.since > throttle.since THEN excluded.failures ELSE throttle.failures + excluded.failures END,
		since = CASE WHEN excluded.since > throttle.since THEN excluded.since ELSE throttle.since END,
		until = CASE WHEN excluded.until > throttle.until THEN excluded.until ELSE throttle.until END,
		updated = excluded.updated`,
}

// AddFailures adds failures to what is counted. One whose Since is later than
// the window that is kept begins a new window; otherwise its Failures are
// added. The later Until holds. Nodes that count at the same time thus add up,
// if they agree on when windows begin.
func (t *Tx) AddFailures(ctx context.Context, counts []Throttle) error {
	now := micros(t.now())
	sorted := slices.SortedFunc(slices.Values(counts), func(a, b Throttle) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	// A statement may meet a row once, so a key that is there twice goes into
	// another batch.
	for len(sorted) > 0 {
		var rows [][]any
		var again []Throttle
		for i, c := range sorted {
			if i > 0 && sorted[i-1].Key == c.Key {
				again = append(again, c)
				continue
			}
			rows = append(rows, []any{c.Key[:], c.Failures, micros(c.Since), micros(c.Until), now})
		}
		if err := t.batch(ctx, "throttle", addFailures, rows); err != nil {
			return err
		}
		sorted = again
	}
	return nil
}

const deleteThrottle = `
	DELETE FROM throttle WHERE key = $1`

// ForgiveFailures forgets what is counted under a key.
func (t *Tx) ForgiveFailures(ctx context.Context, key [32]byte) error {
	_, err := t.exec(ctx, "throttle", deleteThrottle, key[:])
	return err
}

const pruneThrottles = `
	DELETE FROM throttle WHERE updated < $1 AND until < $2`

// PruneThrottles forgets what was last counted before a time, unless attempts
// are still refused then, and returns how many.
func (t *Tx) PruneThrottles(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "throttle", pruneThrottles, micros(before), micros(before))
}
