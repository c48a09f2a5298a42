package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// batch is how many entries are read at a time.
const batch = 500

// A Check says what to verify. The zero Check is the whole trail by itself.
type Check struct {
	From, To int64 // the first entry and the last; 0: the first and the last there are

	// Key verifies the checkpoints that are in the trail; see [Signer.Key]. Empty:
	// they are not looked at.
	Key string
	// Against are checkpoints that were kept elsewhere. Their signatures must have
	// been verified.
	Against []Checkpoint

	// Progress is called with the number of entries seen so far, now and then. It
	// may be nil.
	Progress func(seen int64)
}

// A Report is what a verification found.
type Report struct {
	From    int64 // the first entry that was looked at
	To      int64 // the last one; less than From: there was none
	Head    int64 // the number of the last entry that was ever written
	Hash    [32]byte
	Breaks  []Break // where the chain is broken, in order; at most [MaxBreaks]
	Entries int64   // that were looked at

	Checkpoints int64      // in the trail, that were verified
	Last        Checkpoint // the last of them; zero: there was none
}

// OK reports whether nothing was found.
func (r *Report) OK() bool { return len(r.Breaks) == 0 }

// A Break is a place where the trail is not as it was written.
type Break struct {
	Seq  int64 // the entry at which it shows
	Kind BreakKind
	Text string // for people
}

// A BreakKind says what is wrong at a break.
type BreakKind string

// Kinds of break.
const (
	Edited   BreakKind = "edited"   // the entry does not say what was written
	Missing  BreakKind = "missing"  // entries before it, or at the end, are not there
	Inserted BreakKind = "inserted" // the entry does not belong here
	// The trail up to the entry is another one than a checkpoint says: it was
	// written anew.
	Rewritten BreakKind = "rewritten"
)

// MaxBreaks bounds a report: after so many, the trail is not worth much.
const MaxBreaks = 100

// Verify walks the trail and finds every entry that was edited, removed, inserted
// or moved since it was written. Whoever can write the store could write the whole
// trail anew, or cut its newest entries off; that is found where it contradicts a
// checkpoint.
//
// Entries written meanwhile are not looked at. The error says that the walk could
// not be finished; what was found until then is in the report.
func Verify(ctx context.Context, s *store.Store, check Check) (Report, error) {
	to := check.To
	report := Report{From: max(check.From, 1)}
	head, hash, err := s.AuditHead(ctx)
	if err != nil {
		return report, fmt.Errorf("read the head of the audit trail: %w", err)
	}
	report.Head, report.Hash = head, hash
	last := head
	if to > 0 {
		last = min(to, head)
	}
	w := walk{report: &report, expect: report.From, whole: to <= 0 || to > head, key: check.Key}
	for _, c := range check.Against {
		if err := w.against(ctx, s, c); err != nil {
			return report, err
		}
	}
	if err := w.begin(ctx, s); err != nil {
		return report, err
	}
	for at := report.From - 1; ; {
		rows, err := s.AuditAfter(ctx, at, batch)
		if errors.Is(err, store.ErrDamaged) {
			w.broken(at+1, Edited, fmt.Sprintf("it, or one of the %d after it, cannot be read any more", batch))
			return report, nil
		}
		if err != nil {
			return report, fmt.Errorf("read the audit trail after %d: %w", at, err)
		}
		for i := range rows {
			if rows[i].Seq > last && !w.whole {
				rows = rows[:i]
				break
			}
			w.step(&rows[i])
		}
		if check.Progress != nil {
			check.Progress(report.Entries)
		}
		if len(rows) < batch || len(report.Breaks) >= MaxBreaks {
			break
		}
		at = rows[len(rows)-1].Seq
	}
	return report, w.end(ctx, s, last)
}

// A walk goes along the trail, one entry after the other.
type walk struct {
	report *Report
	prev   [32]byte // hash of the entry before
	known  bool     // whether prev is
	expect int64    // number of the next entry
	whole  bool     // the walk goes to the very end
	key    string   // of the checkpoints in the trail
}

// against looks for the entry that a checkpoint from elsewhere was signed over.
func (w *walk) against(ctx context.Context, s *store.Store, c Checkpoint) error {
	if c.Entries == 0 {
		return nil // there was nothing yet
	}
	at := "the checkpoint of " + c.Time.UTC().Format(time.RFC3339)
	rows, err := s.AuditAfter(ctx, c.Entries-1, 1)
	switch {
	case errors.Is(err, store.ErrDamaged):
		w.broken(c.Entries, Edited, "it cannot be read any more")
	case err != nil:
		return fmt.Errorf("read the audit trail after %d: %w", c.Entries-1, err)
	case len(rows) == 0 || rows[0].Seq != c.Entries:
		w.broken(c.Entries, Missing, at+" was signed over it, and it is not there")
	case rows[0].Hash != c.Hash:
		w.broken(c.Entries, Rewritten, "it, or one before it, is another than when "+at+" was signed")
	}
	return nil
}

// checkpoint looks at an entry that says to be a checkpoint.
func (w *walk) checkpoint(row *store.AuditRow) {
	text, is := CheckpointOf(row)
	if !is || w.key == "" {
		return
	}
	c, err := OpenCheckpoint(text, w.key)
	switch {
	case err != nil:
		w.broken(row.Seq, Rewritten, "its checkpoint is not signed with the key of this installation")
	case c.Entries != row.Seq-1 || c.Hash != row.Prev:
		w.broken(row.Seq, Rewritten, "its checkpoint was signed over another trail than the one before it")
	default:
		w.report.Checkpoints++
		w.report.Last = c
	}
}

// begin finds out what the first entry must follow.
func (w *walk) begin(ctx context.Context, s *store.Store) error {
	if w.report.From == 1 {
		w.known = true // the first entry follows zeros
		return nil
	}
	rows, err := s.AuditAfter(ctx, w.report.From-2, 1)
	if err != nil {
		return fmt.Errorf("read the audit trail before %d: %w", w.report.From, err)
	}
	if len(rows) == 1 && rows[0].Seq == w.report.From-1 {
		w.prev, w.known = rows[0].Hash, true
	}
	return nil
}

// step looks at one entry.
func (w *walk) step(row *store.AuditRow) {
	w.report.Entries++
	w.report.To = row.Seq
	if row.Seq > w.expect {
		w.broken(row.Seq, Missing, fmt.Sprintf("%d entries before it are not there", row.Seq-w.expect))
		w.known = false
	}
	linked := !w.known || row.Prev == w.prev
	switch {
	case hashOf(row, row.Prev, row.Seq) != row.Hash:
		w.broken(row.Seq, Edited, "it does not say what was written")
	case !linked:
		w.broken(row.Seq, Inserted, "it was written after another entry than the one that is before it")
	}
	w.checkpoint(row)
	w.prev, w.known, w.expect = row.Hash, true, row.Seq+1
}

// end looks at what comes after the last entry that was found.
func (w *walk) end(ctx context.Context, s *store.Store, last int64) error {
	if w.expect <= last {
		w.broken(w.expect, Missing, fmt.Sprintf("%d entries up to %d are not there", last-w.expect+1, last))
		return nil
	}
	if !w.whole {
		return nil
	}
	head, hash, err := s.AuditHead(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the head of the audit trail: %w", err)
	case head < w.expect-1:
		w.broken(head+1, Inserted, "it comes after the last entry that was written")
	case head == w.expect-1 && w.known && hash != w.prev: // else the head has moved on meanwhile
		w.broken(head, Edited, "it is not the last entry that was written")
	}
	return nil
}

func (w *walk) broken(seq int64, kind BreakKind, text string) {
	if len(w.report.Breaks) < MaxBreaks {
		w.report.Breaks = append(w.report.Breaks, Break{Seq: seq, Kind: kind, Text: text})
	}
}
