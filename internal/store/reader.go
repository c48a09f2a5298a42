package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
)

// A Reader asks the store. A [Store] is one, where each method sees what is
// committed when it is called; a [Tx] is one, which sees its own changes.
type Reader struct {
	from    source
	dialect dialect
	now     func() time.Time
	limit   time.Duration // on the time of one statement
	onFault func(error)   // told of statements that failed; may be nil
}

// A source is where statements are sent to: a [pool] or a [within]. release is
// called when the rows have been read.
type source interface {
	query(ctx context.Context, query string, args []any) (rows *sql.Rows, release func() error, err error)
}

// A within sends statements to the connection of a transaction.
type within struct{ tx *sql.Tx }

func (w within) query(ctx context.Context, query string, args []any) (*sql.Rows, func() error, error) {
	rows, err := w.tx.QueryContext(ctx, query, args...)
	return rows, func() error { return nil }, err
}

// A pool sends each statement to a free connection.
type pool struct{ db *sql.DB }

// query takes the connection first, and gives it back unused if the caller's
// time is up by then. Otherwise the driver would call the connection bad, and
// callers in a hurry could keep the pool from ever having one.
func (p pool) query(ctx context.Context, query string, args []any) (*sql.Rows, func() error, error) {
	for attempt := 0; ; attempt++ {
		conn, err := p.db.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
		rows, err := conn.QueryContext(ctx, query, args...)
		if err == nil {
			return rows, conn.Close, nil
		}
		_ = conn.Close()
		if !stale(ctx, err) || attempt == retries {
			return nil, nil, errors.Join(ctx.Err(), err)
		}
	}
}

// stale reports whether err says that a connection of the pool had ended
// before anything was sent over it, so that another can be tried.
func stale(ctx context.Context, err error) bool {
	return errors.Is(err, driver.ErrBadConn) && ctx.Err() == nil
}

// A row is what scan functions read from.
type row interface{ Scan(into ...any) error }

// fault turns a driver's error into the house's and remembers it.
func (r *Reader) fault(doing string, err error) error {
	err = r.dialect.fault(doing, err)
	if r.onFault != nil {
		r.onFault(err)
	}
	return err
}

// list returns all rows of a query. what names them in errors.
func list[T any](ctx context.Context, r *Reader, what, query string, scan func(row) (T, error), args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	rows, release, err := r.from.query(ctx, query, args)
	if err != nil {
		return nil, r.fault("reading "+what, err)
	}
	defer func() { _, _ = rows.Close(), release() }()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, scanFault(ctx, what, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, r.fault("reading "+what, err)
	}
	return all, nil
}

// one returns the row of a query, or a NotFound error.
func one[T any](ctx context.Context, r *Reader, what, query string, scan func(row) (T, error), args ...any) (T, error) {
	all, err := list(ctx, r, what, query, scan, args...)
	if err == nil && len(all) == 0 {
		err = sallyport.ErrNotFound("no such " + what)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return all[0], nil
}

func scanInt(r row) (n int64, err error)     { return n, r.Scan(&n) }
func scanString(r row) (s string, err error) { return s, r.Scan(&s) }

// ErrDamaged is in the chain of errors about rows that cannot be: an unknown
// state, a credential without tenant, a negative count. Somebody, or a failing
// disk, changed the database behind the store's back.
var ErrDamaged = errors.New("damaged row in the store")

// damaged returns an error about a row that cannot be.
func damaged(what, id, wrong string) error {
	return &sallyport.Error{
		Kind: sallyport.Internal, Message: "a " + what + " cannot be read",
		Err: fmt.Errorf("%w: %s %q: %s", ErrDamaged, what, id, wrong),
	}
}

// scanFault sorts the errors of a scan function: the context's end, a row that
// was found damaged, or one that does not fit Go's types.
func scanFault(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return sallyport.ErrUnavailable(fmt.Errorf("reading %s: %w", what, ctx.Err()))
	}
	if _, ok := errors.AsType[*sallyport.Error](err); ok {
		return err
	}
	return damaged(what, "", err.Error())
}
