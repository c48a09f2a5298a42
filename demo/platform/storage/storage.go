// Package storage opens the database of the stand-in platform and holds the
// few helpers its systems share: schema, one-time seeding, transactions and
// reading rows. Each system keeps tables of its own under its own prefix and
// never reads another's.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Memory is the path that opens a database which lives in memory and is lost
// when it is closed.
const Memory = ":memory:"

// pragmas are set on every connection. WAL lets readers go on while one
// connection writes; foreign keys are off in SQLite unless asked for.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
	"&_pragma=foreign_keys(1)&_txlock=immediate"

// Open opens the SQLite database at path, creating it when it is absent. The
// path [Memory] opens an empty one in memory. The caller closes the result.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	if path == "" {
		return nil, errors.New("open platform database: the path is empty")
	}
	name := strings.TrimPrefix(path, "file:")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: name}).EscapedPath()+"?"+pragmas)
	if err != nil {
		return nil, fmt.Errorf("open platform database: %w", err)
	}
	db.SetMaxOpenConns(8)
	if name == Memory {
		// Every connection to memory is a database of its own, so there is
		// exactly one, kept for ever.
		db.SetMaxOpenConns(1)
		db.SetConnMaxLifetime(0)
		db.SetMaxIdleConns(1)
	}
	if err := Apply(ctx, db, seedSchema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

const seedSchema = `
CREATE TABLE IF NOT EXISTS seeded (
	name TEXT PRIMARY KEY,
	at   INTEGER NOT NULL
) STRICT;`

// Apply runs schema, whose statements must all be of the kind that may be
// repeated (CREATE ... IF NOT EXISTS).
func Apply(ctx context.Context, db *sql.DB, schema string) error {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("apply platform schema: %w", err)
	}
	return nil
}

// Seed runs fill once in the life of the database for each name, in one
// transaction with the note that it ran. A fill that fails leaves nothing.
func Seed(ctx context.Context, db *sql.DB, name string, now time.Time, fill func(*sql.Tx) error) error {
	return Tx(ctx, db, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO seeded (name, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, Micros(now))
		if err != nil {
			return fmt.Errorf("note seed of %s: %w", name, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := fill(tx); err != nil {
			return fmt.Errorf("seed %s: %w", name, err)
		}
		return nil
	})
}

// Tx runs f in one write transaction and commits it when f returns nil.
// Inside f only tx may be used: an in-memory database has one connection.
func Tx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// A Querier is a database or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A Row is what a scan function reads from.
type Row interface {
	Scan(dest ...any) error
}

// All returns every row of query, read whole before it returns, so that the
// caller may ask the next question on the same connection. It returns an
// empty slice, never nil, when there are none.
func All[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after the last row it is closed already
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// One returns the first row of query, or [sql.ErrNoRows].
func One[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) (T, error) {
	return scan(q.QueryRowContext(ctx, query, args...))
}

// Count returns the single integer that query yields.
func Count(ctx context.Context, q Querier, query string, args ...any) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// Changed reports whether a statement changed at least one row. It takes the
// two results of ExecContext.
func Changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// IsDuplicate reports whether err says that a unique value exists already.
func IsDuplicate(err error) bool {
	return hasCode(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// IsReference reports whether err says that a row refers to one which does
// not exist, or is still referred to.
func IsReference(err error) bool {
	return hasCode(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER)
}

func hasCode(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return slices.Contains(codes, e.Code())
}

// Micros is t as it is stored: microseconds since 1970, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of [Micros], in UTC.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Like turns text into the pattern for LIKE ... ESCAPE '\' that finds it
// anywhere in a column.
func Like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// Wildcard turns a pattern in which * stands for any text into one for
// LIKE ... ESCAPE '\'.
func Wildcard(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`).Replace(pattern)
}
