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
	pending := t.unsaved
	t.unsaved = map[counterKey]unsaved{}
	t.mu.Unlock()
	if len(pending) == 0 {
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
		return tx.AddFailures(ctx, counts)
	})
	if err != nil {
		t.giveBack(pending)
		return fmt.Errorf("write %d counts of failures: %w", len(pending), err)
	}
	return nil
}

// giveBack puts back what could not be written, under what was counted since.
func (t *Throttle) giveBack(pending map[counterKey]unsaved) {
	t.mu.Lock()
	defer t.mu.Unlock()
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
		for _, row := range rows {
			c := t.counter(row.Key)
			c.failures, c.began = int(row.Failures), row.Since
			after = row.Key
		}
		t.mu.Unlock()
		if len(rows) < loadAtOnce {
			return nil
		}
	}
}
