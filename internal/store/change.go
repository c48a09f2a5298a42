package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
)

// maxNotes is how many changes one transaction lists; beyond that it says that all of
// the policy changed, or everything.
const maxNotes = 500

// Note records that the transaction changes something that others keep in
// memory. id is the principal, credential or family, or the part of the policy;
// empty for other kinds. Noting the same twice is noting it once.
func (t *Tx) Note(kind sallyport.ChangeKind, id string) {
	c := sallyport.Change{Kind: kind, ID: id}
	if t.noted[c] {
		return
	}
	if t.noted == nil {
		t.noted = make(map[sallyport.Change]bool)
	}
	t.noted[c] = true
	t.changes = append(t.changes, c)
}

// Exclusive waits until no other transaction that called it is under way, and
// keeps those that call it later waiting until this one ends. Whoever decides
// by what he reads (may he do this, is this the last administrator) calls it
// first. On SQLite it costs nothing: all writers are exclusive.
func (t *Tx) Exclusive(ctx context.Context) error {
	if t.dialect.oneWriter() {
		return nil
	}
	_, err := t.exec(ctx, "lock", lockWriters, writersLock)
	return err
}

const nextRevision = `
	UPDATE revision SET n = n + 1 WHERE one = 1 RETURNING n`

// take draws the revision of what was noted and writes the changes down. It is
// the last thing before the commit: the lock on the row is held until then, so
// that revisions become visible in order and a reader never skips one.
func (t *Tx) take(ctx context.Context) (sallyport.Revision, error) {
	if len(t.changes) == 0 {
		return 0, nil
	}
	if len(t.changes) > maxNotes {
		t.changes = wholePolicy(t.changes)
	}
	if len(t.changes) > maxNotes {
		t.changes = []sallyport.Change{{Kind: sallyport.ChangeEverything}}
	}
	n, err := one(ctx, &t.Reader, "revision", nextRevision, scanInt)
	if err != nil {
		return 0, err
	}
	at := micros(t.now())
	rows := make([][]any, len(t.changes))
	for i := range t.changes {
		c := &t.changes[i]
		c.Revision = sallyport.Revision(n) //nolint:gosec // counts up from 1
		rows[i] = []any{n, int64(i), string(c.Kind), c.ID, at}
	}
	return sallyport.Revision(n), t.batch(ctx, "change", insertChanges, rows)
}

// wholePolicy returns changes with one of the whole policy in place of those of its
// parts.
func wholePolicy(changes []sallyport.Change) []sallyport.Change {
	isPolicy := func(c sallyport.Change) bool { return c.Kind == sallyport.ChangePolicy }
	if !slices.ContainsFunc(changes, isPolicy) {
		return changes
	}
	return append(slices.DeleteFunc(slices.Clone(changes), isPolicy), sallyport.Change{Kind: sallyport.ChangePolicy})
}

// insertChanges makes one row for each change.
var insertChanges = batchText{
	head: `INSERT INTO change (revision, ordinal, kind, id, at) VALUES `,
	row:  []string{asInt, asInt, asText, asText, asInt},
}

const selectRevision = `
	SELECT n FROM revision WHERE one = 1`

// Revision returns the number of the last committed change, 0 before the first.
func (r *Reader) Revision(ctx context.Context) (sallyport.Revision, error) {
	n, err := one(ctx, r, "revision", selectRevision, scanInt)
	return sallyport.Revision(n), err //nolint:gosec // counts up from 0
}

// Errors of [Reader.Changes].
var (
	// ErrGap says that changes that were asked for are no longer kept: whoever
	// asks must forget all he knows and start from the newest revision.
	ErrGap = errors.New("the changes asked for are no longer kept")
	// ErrRewound says that the store knows fewer revisions than who asks: it
	// was restored, or failed over to a copy that lacks the newest changes.
	// Until it has caught up nothing that it says can be relied on.
	ErrRewound = errors.New("the store has gone back to an earlier revision")
)

const (
	selectChanges = `
	SELECT revision, kind, id
	FROM change
	WHERE revision > $1 AND revision <= $2
	ORDER BY revision, ordinal`
	selectSpan = `
	SELECT n, pruned FROM revision WHERE one = 1`
)

// Changes returns what changed after a revision, in order: all changes of at
// most limit revisions, so that one is never cut in two. None means that after
// is the newest. The errors are [ErrGap] and [ErrRewound], in the chain of an
// Unavailable error, besides the usual ones.
func (r *Reader) Changes(ctx context.Context, after sallyport.Revision, limit int) ([]sallyport.Change, error) {
	from := int64(after) //nolint:gosec // came from the store
	to := from + int64(max(limit, 1))
	changes, err := list(ctx, r, "change", selectChanges, scanChange, from, to)
	if err != nil {
		return nil, err
	}
	// Asked second: if changes were pruned in between, this sees it.
	bounds, err := one(ctx, r, "revision", selectSpan, scanSpan)
	switch {
	case err != nil:
		return nil, err
	case from > bounds[0]:
		return nil, sallyport.ErrUnavailable(ErrRewound)
	case from < bounds[1]:
		return nil, sallyport.ErrUnavailable(ErrGap)
	}
	return changes, nil
}

func scanChange(r row) (c sallyport.Change, err error) {
	var n int64
	if err := r.Scan(&n, &c.Kind, &c.ID); err != nil {
		return c, err
	}
	c.Revision = sallyport.Revision(n) //nolint:gosec // counts up from 1
	return c, nil
}

func scanSpan(r row) (s [2]int64, err error) { return s, r.Scan(&s[0], &s[1]) }

const (
	selectPrunable = `
	SELECT COALESCE(MAX(c.revision), 0)
	FROM change c JOIN revision r ON r.one = 1
	WHERE c.at < $1 AND c.revision <= r.n - $2`
	markPruned = `
	UPDATE revision SET pruned = $1 WHERE one = 1 AND pruned < $2`
	deleteChanges = `
	DELETE FROM change WHERE revision <= $1`
)

// PruneChanges removes changes older than before, but always keeps those of the
// newest keep revisions. Readers that lag further behind get [ErrGap].
func (t *Tx) PruneChanges(ctx context.Context, before time.Time, keep int) error {
	n, err := one(ctx, &t.Reader, "change", selectPrunable, scanInt, micros(before), int64(keep))
	if err != nil || n == 0 {
		return err
	}
	if _, err := t.exec(ctx, "revision", markPruned, n, n); err != nil {
		return err
	}
	_, err = t.exec(ctx, "change", deleteChanges, n)
	return err
}
