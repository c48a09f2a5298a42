package authn

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// unsaved is what the store does not know of a counter yet.
type unsaved struct {
	failures int64
	since    time.Time
	forgiven bool // forget what was counted before these failures
}

// note remembers that a counter has one more failure.
func (t *Throttle) note(key counterKey, c *counter) {
	u := t.unsaved[key]
	u.failures++
	u.since = c.began
	t.unsaved[key] = u
}

// Flush writes what was counted since the last flush. What could not be written
// is kept for the next one.
func (t *Throttle) Flush(ctx context.Context, s *store.Store) error {
	t.mu.Lock()
	pending, marks := t.unsaved, t.marks
	t.unsaved, t.marks = map[counterKey]unsaved{}, map[counterKey]time.Time{}
	t.mu.Unlock()
	if len(pending)+len(marks) == 0 {
		return nil
	}
	_, err := s.Write(ctx, func(tx *store.Tx) error {
		var counts []store.Throttle
		for key, u := range pending {
			if u.forgiven {
				if err := tx.ForgiveFailures(ctx, key); err != nil {
					return err
				}
			}
			if u.failures > 0 {
				counts = append(counts, store.Throttle{Key: key, Failures: u.failures, Since: u.since})
			}
		}
		for key, at := range marks {
			counts = append(counts, store.Throttle{Key: key, Since: at, Until: at.Add(markLife)})
		}
		return tx.AddFailures(ctx, counts)
	})
	if err != nil {
		t.giveBack(pending, marks)
		return fmt.Errorf("write %d counts of failures: %w", len(pending), err)
	}
	return nil
}

// giveBack puts back what could not be written, under what was counted since.
func (t *Throttle) giveBack(pending map[counterKey]unsaved, marks map[counterKey]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(marks, t.marks)
	t.marks = marks
	for key, newer := range t.unsaved {
		if newer.forgiven {
			pending[key] = newer
			continue
		}
		older := pending[key]
		older.failures += newer.failures
		older.since = newer.since
		pending[key] = older
	}
	t.unsaved = maps.Clone(pending)
}

// loadAtOnce is how many counters are read in one query.
const loadAtOnce = 1000

// Load takes up what this node or another has counted, so that a restart forgives
// nobody.
func (t *Throttle) Load(ctx context.Context, r *store.Reader) error {
	since := t.now().Add(-24 * time.Hour)
	var after [32]byte
	for {
		rows, err := r.ThrottlesSince(ctx, since, after, loadAtOnce)
		if err != nil {
			return fmt.Errorf("read the counts of failures: %w", err)
		}
		t.mu.Lock()
		t.kept = r
		for _, row := range rows {
			if after = row.Key; row.Failures == 0 {
				continue // a success, which is asked for when it matters
			}
			c := t.counter(row.Key)
			c.failures, c.began = int(row.Failures), row.Since
		}
		t.mu.Unlock()
		if len(rows) < loadAtOnce {
			return nil
		}
	}
}

// How long a success from a source counts, and how often it is written down. The
// budget of who signed in there before is his own, also after a restart and on
// other nodes: else strangers could keep him out of his account everywhere, for as
// long as they like.
const (
	markLife  = 90 * 24 * time.Hour
	markAgain = 24 * time.Hour
	askAgain  = time.Minute
)

// recall asks whether an account was used from this source before, if that is not
// known, and reports whether it was. It is asked only where an attempt would be
// refused, and once a minute of each account and source.
func (t *Throttle) recall(ctx context.Context, a *Attempt) bool {
	t.mu.Lock()
	now, kept := t.now(), t.kept
	if kept == nil || a.held.good || now.Sub(a.held.asked) < askAgain {
		t.mu.Unlock()
		return false
	}
	a.held.asked = now
	t.mu.Unlock()
	row, err := kept.Throttle(ctx, a.mark)
	if err != nil || !row.Until.After(now) {
		return false // also when the store does not answer: then nobody gets in
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a.held.good, a.held.marked = true, row.Since
	return true
}
