package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
)

// A patience is how long one statement that reads may take. The other limits
// follow from it. With limits a hanging database becomes an error rather than a
// queue.
type patience time.Duration

// The default; on SQLite, a writer then waits a little longer than the engine
// itself does for another process.
const usualPatience = patience(2 * time.Second)

func (p patience) read() time.Duration       { return time.Duration(p) }
func (p patience) write() time.Duration      { return 3 * time.Duration(p) } // a statement that writes, or the wait for the writer
func (p patience) readTotal() time.Duration  { return 5 * time.Duration(p) }
func (p patience) writeTotal() time.Duration { return 8 * time.Duration(p) }

// retries is how often a transaction is run again after a serialization
// failure or a deadlock.
const retries = 3

// A Tx is a transaction. It is used by one goroutine, and not after the
// function that it was given to has ended.
type Tx struct {
	Reader
	tx      *sql.Tx
	changes []sallyport.Change
	noted   map[sallyport.Change]bool
	failed  error // the first statement that failed; nothing is committed after one
}

// Read runs f on one consistent state of the store. Whatever f changes fails.
// f should be short: it holds a connection.
func (s *Store) Read(ctx context.Context, f func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience.readTotal())
	defer cancel()
	tx, err := s.begin(ctx, s.read, s.patience.read(), s.dialect.readOptions())
	if err != nil {
		return s.dialect.fault("beginning to read", err)
	}
	defer tx.end()
	return f(&Tx{Reader: Reader{from: within{tx.Tx}, dialect: s.dialect, now: s.now, limit: s.patience.read()}, tx: tx.Tx})
}

// Write runs f in a transaction that is committed when f returns nil. It
// returns the revision of what f noted, 0 when it noted nothing.
//
// f may be run up to four times, so it has no effects but through its Tx, and
// calls neither Read nor Write. What Insert and Update methods set in their
// arguments is set by each run: an ifVersion must not be taken from there. After a statement that failed it returns the
// error: nothing can be committed then. On SQLite, writers run one after the
// other. On PostgreSQL they overlap, and each statement sees what was committed
// before it: f must not rely on what it has read before, unless it called
// [Tx.Exclusive] first, or changes rows on condition (a version, a state).
//
// An Unavailable error may come after the commit was sent: then nobody knows
// whether it took place.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) (sallyport.Revision, error) {
	if err := s.trusted(); err != nil {
		return 0, err
	}
	for attempt := 0; ; attempt++ {
		revision, changes, err := s.attempt(ctx, f)
		if err == nil {
			if revision != 0 {
				s.committed(revision, changes)
			}
			return revision, nil
		}
		s.distrust(err)
		if attempt == retries || !s.dialect.again(err) {
			return 0, err
		}
		if err := pause(ctx, attempt); err != nil {
			return 0, err
		}
	}
}

// attempt runs f once.
func (s *Store) attempt(ctx context.Context, f func(*Tx) error) (sallyport.Revision, []sallyport.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, s.patience.writeTotal())
	defer cancel()
	b, err := s.begin(ctx, s.write, s.patience.write(), nil)
	if err != nil {
		return 0, nil, s.dialect.fault("beginning to write", err)
	}
	defer b.end()

	tx := &Tx{Reader: Reader{from: within{b.Tx}, dialect: s.dialect, now: s.now, limit: s.patience.write()}, tx: b.Tx}
	tx.onFault = func(err error) {
		if tx.failed == nil {
			tx.failed = err
		}
	}
	if err := f(tx); err != nil {
		return 0, nil, err
	}
	if tx.failed != nil {
		return 0, nil, fmt.Errorf("a statement failed and the function went on: %w", tx.failed)
	}
	revision, err := tx.take(ctx)
	if err != nil {
		return 0, nil, err
	}
	if err := b.Commit(); err != nil {
		return 0, nil, s.dialect.fault("committing", err)
	}
	return revision, tx.changes, nil
}

// A begun is a transaction with the connection that it has for itself.
type begun struct {
	*sql.Tx
	conn *sql.Conn
}

// end rolls back, unless it was committed, and gives the connection back.
func (b begun) end() {
	_ = b.Rollback()
	_ = b.conn.Close()
}

// begin begins a transaction; limit bounds the wait for a connection.
func (s *Store) begin(ctx context.Context, db *sql.DB, limit time.Duration, options *sql.TxOptions) (begun, error) {
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for attempt := 0; ; attempt++ {
		conn, err := db.Conn(wait)
		if err != nil {
			return begun{}, err
		}
		if err := wait.Err(); err != nil {
			return begun{}, errors.Join(err, conn.Close())
		}
		// ctx, not wait: the transaction ends with its context.
		tx, err := conn.BeginTx(ctx, options)
		if err == nil {
			return begun{tx, conn}, nil
		}
		_ = conn.Close()
		if !stale(wait, err) || attempt == retries {
			return begun{}, errors.Join(wait.Err(), err)
		}
	}
}

// distrust remembers that the disk failed: while it was written to, or some time
// before the file was checked. The next start checks the file.
func (s *Store) distrust(err error) {
	if s.dialect.diskFailed(err) || errors.Is(err, errBroken) {
		s.broken.CompareAndSwap(nil, &err) // which others read from now on
		said := err
		if s.unchecked != nil {
			said = errors.Join(err, s.unchecked.mark())
		}
		s.log.Error("the disk failed; the store takes no more writes until it is opened anew", "error", said)
	}
}

// pause waits before another attempt: longer each time, and not as long as the
// one it collided with.
func pause(ctx context.Context, attempt int) error {
	var b [1]byte
	if _, err := rand.Read(b[:]); err != nil {
		return fmt.Errorf("drawing a pause: %w", err)
	}
	t := time.NewTimer((5*time.Millisecond + time.Duration(b[0])*100*time.Microsecond) << attempt)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return sallyport.ErrUnavailable(ctx.Err())
	case <-t.C:
		return nil
	}
}

// exec runs a statement that changes rows and returns how many.
func (t *Tx) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	result, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.fault("writing "+what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, t.fault("writing "+what, err)
	}
	return n, nil
}

// insert runs a statement that makes rows. A duplicate is a Conflict on field
// with message; a tenant or something else that it belongs to and that is gone,
// one that says so.
func (t *Tx) insert(ctx context.Context, what, field, message, query string, args ...any) error {
	_, err := t.exec(ctx, what, query, args...)
	if errors.Is(err, errReference) {
		return explain(err, "", "what the "+what+" would belong to is not there any more")
	}
	return explain(err, field, message)
}

// update runs a statement that ends in RETURNING version, with the version
// asked for as one of its arguments, and sets version, if it is not nil. When
// no row is changed, exists, which selects the version there is by keys, tells
// NotFound from Changed.
func (t *Tx) update(ctx context.Context, what string, version *int64, query string, args []any, exists string, keys ...any) error {
	n, err := one(ctx, &t.Reader, what, query, scanInt, args...)
	if err == nil && version != nil {
		*version = n
	}
	if sallyport.KindOf(err) != sallyport.NotFound {
		return err
	}
	if _, err := one(ctx, &t.Reader, what, exists, scanInt, keys...); err != nil {
		return err
	}
	return changed(what)
}

// AnyVersion, in place of a version, changes a row whatever its version is.
const AnyVersion int64 = -1

func changed(what string) error {
	return &sallyport.Error{Kind: sallyport.Changed, Message: "the " + what + " was changed by somebody else; read it again"}
}

// explain gives a Conflict the words of the place where it happened.
func explain(err error, field, message string) error {
	if e, ok := errors.AsType[*sallyport.Error](err); ok && e.Kind == sallyport.Conflict {
		return &sallyport.Error{Kind: sallyport.Conflict, Field: field, Message: message, Err: e.Err}
	}
	return err
}

// stamp dates a row that is about to be made. updated may be nil.
func (t *Tx) stamp(created, updated *time.Time, version *int64) {
	now := trim(t.now())
	if created.IsZero() {
		*created = now
	}
	*created = trim(*created)
	if updated != nil {
		*updated = now
	}
	*version = 1
}
