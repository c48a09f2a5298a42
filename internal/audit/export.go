package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/store"
)

// maxLine bounds one line of an export, in bytes: two states and what is around
// them.
const maxLine = 4 * MaxState

// VerifyExport verifies entries that were written down as JSON Lines, newest or
// oldest first, without the installation that they are from. It finds what was
// edited, and in an export of the whole trail what was removed, inserted or moved
// between its first and its last line. The check's From and To are not looked at.
//
// The error says which line could not be read.
func VerifyExport(r io.Reader, check Check) (Report, error) {
	var report Report
	x := exported{walk: walk{report: &report, key: check.Key}, against: map[int64]Checkpoint{}}
	for _, c := range check.Against {
		x.against[c.Entries] = c
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var entry api.AuditEntry
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return report, fmt.Errorf("line %d: %w", n, errNotEntry)
		}
		row, err := rowOf(&entry)
		if err != nil {
			return report, fmt.Errorf("line %d: %w", n, err)
		}
		x.line(&row)
		if check.Progress != nil && report.Entries%batch == 0 {
			check.Progress(report.Entries)
		}
	}
	if err := lines.Err(); err != nil {
		return report, fmt.Errorf("read the export: %w", err)
	}
	x.end()
	return report, nil
}

// An exported is a walk along an export, in its own order.
type exported struct {
	walk
	last    store.AuditRow // the line before
	step    int64          // 1: oldest first, -1: newest first, 0: not known yet
	against map[int64]Checkpoint
}

// line looks at one entry.
func (x *exported) line(row *store.AuditRow) {
	r := x.report
	r.Entries++
	if r.Entries == 1 || row.Seq > r.Head {
		r.Head, r.To, r.Hash = row.Seq, row.Seq, row.Hash
	}
	if r.Entries == 1 || row.Seq < r.From {
		r.From = row.Seq
	}
	if hashOf(row, row.Prev, row.Seq) != row.Hash {
		x.broken(row.Seq, Edited, "it does not say what was written")
	} else if row.Seq == 1 && row.Prev != [32]byte{} {
		x.broken(row.Seq, Inserted, "it is not the first entry that was written")
	}
	if c, there := x.against[row.Seq]; there {
		delete(x.against, row.Seq)
		if c.Hash != row.Hash {
			x.broken(row.Seq, Rewritten, "it, or one before it, is another than when the checkpoint was signed")
		}
	}
	x.checkpoint(row)
	if r.Entries > 1 {
		x.follow(row)
	}
	x.last = *row
}

// follow compares an entry with the one on the line before.
func (x *exported) follow(row *store.AuditRow) {
	if x.step == 0 {
		x.step = 1
		if row.Seq < x.last.Seq {
			x.step = -1
		}
	}
	older, newer := &x.last, row
	if x.step < 0 {
		older, newer = row, &x.last
	}
	switch between := newer.Seq - older.Seq - 1; {
	case between < 0:
		x.broken(row.Seq, Inserted, "it is out of its order")
	case between > 0:
		x.broken(newer.Seq, Missing, fmt.Sprintf("%d entries before it are not there", between))
	case newer.Prev != older.Hash:
		x.broken(newer.Seq, Inserted, "it was written after another entry than the one that is before it")
	}
}

// end looks for checkpoints whose entries did not come.
func (x *exported) end() {
	for seq, c := range x.against {
		if seq > x.report.Head {
			x.broken(seq, Missing, "a checkpoint was signed over it at "+c.Time.UTC().Format("2006-01-02T15:04:05Z")+", and the export ends before it")
		}
	}
}
