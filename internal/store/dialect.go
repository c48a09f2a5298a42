package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sallyport/sallyport"
)

// A dialect is what the engines do not have in common: the name of one.
type dialect string

func (d dialect) name() string { return string(d) }

// oneWriter reports whether transactions that write never overlap.
func (d dialect) oneWriter() bool { return d == SQLite }

// readOptions make a transaction see one state of the database throughout. In
// SQLite any does.
func (d dialect) readOptions() *sql.TxOptions {
	if d == SQLite {
		return &sql.TxOptions{ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

// Advisory locks of PostgreSQL. The numbers are arbitrary and never change.
const (
	writersLock    int64 = 0x5a11_0001
	migrationsLock int64 = 0x5a11_0002
)

const (
	lockWriters     = `SELECT pg_advisory_xact_lock($1)`
	lockMigrations  = `SELECT pg_advisory_lock($1)`
	unlockMigration = `SELECT pg_advisory_unlock($1)`
)

const (
	sqliteTables   = `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1`
	postgresTables = `SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1`
)

// tables is the query that tells whether there is a table.
func (d dialect) tables() string {
	if d == SQLite {
		return sqliteTables
	}
	return postgresTables
}

// postgresClock is in microseconds, as all times are.
const postgresClock = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`

// Clock returns the time by the clock of the database. SQLite has none but this
// machine's.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	if s.dialect == SQLite {
		return s.now(), nil
	}
	n, err := one(ctx, &s.Reader, "clock", postgresClock, scanInt)
	return moment(n), err
}

// cast gives a cast to BLOB the name of the engine's type.
func (d dialect) cast(column string) string {
	if d == PostgreSQL {
		return strings.Replace(column, "BLOB", "BYTEA", 1)
	}
	return column
}

// errReference is in the chain of an error about what refers to something else.
var errReference = errors.New("a reference")

// fault turns a driver's error into the house's. doing says what was under way.
func (d dialect) fault(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	switch d.sort(err) {
	case duplicate:
		return &sallyport.Error{Kind: sallyport.Conflict, Message: "it exists already", Err: err}
	case reference:
		return &sallyport.Error{Kind: sallyport.Conflict, Message: "what it refers to is missing, or something still refers to it", Err: fmt.Errorf("%w: %w", errReference, err)}
	case unfit:
		return &sallyport.Error{Kind: sallyport.Invalid, Message: "text must be UTF-8 without NUL", Err: err}
	case ours:
		return &sallyport.Error{Kind: sallyport.Internal, Message: "the store refused a statement", Err: err}
	case collision, outage:
	}
	return sallyport.ErrUnavailable(err)
}

// again reports whether a transaction that failed so may be run once more.
func (d dialect) again(err error) bool { return d.sort(err) == collision }

// A failure is a sort of driver error.
type failure int

const (
	outage    failure = iota // the store did not answer
	collision                // with another transaction; would work if tried again
	duplicate
	reference // a foreign key
	unfit     // text that cannot be stored
	ours      // a mistake in this package, or a broken promise of the schema
)

func (d dialect) sort(err error) failure {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return outage
	}
	if errors.Is(err, driver.ErrBadConn) { // the connection ended, and nothing was sent
		return collision
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteFailure(e.Code())
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresFailure(e.Code)
	}
	return outage
}

// sqliteFailure sorts extended result codes (https://www.sqlite.org/rescode.html).
func sqliteFailure(code int) failure {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return duplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return reference
	case sqlite3.SQLITE_BUSY_SNAPSHOT:
		return collision
	}
	switch code & 0xff {
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE,
		sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_AUTH:
		return ours
	}
	return outage // busy, full, read-only, I/O, corrupt, interrupted, ...
}

// postgresFailure sorts SQLSTATE codes (appendix A of the PostgreSQL manual).
func postgresFailure(code string) failure {
	switch code {
	case "23505":
		return duplicate
	case "23503":
		return reference
	case "40001", "40P01":
		return collision
	case "22021", "22P05":
		return unfit
	case "25006": // read only: a standby
		return outage
	}
	switch code[:min(2, len(code))] {
	case "08", "28", "3D", "40", "53", "54", "55", "57", "58", "F0", "XX":
		return outage
	}
	return ours
}

// diskFailed reports whether err says that the disk under SQLite failed, so
// that it is unknown what it holds. A full disk is not meant: SQLite undoes
// what did not fit.
func (d dialect) diskFailed(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE:
		return true
	}
	return e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code() == sqlite3.SQLITE_NOTADB
}

// diskFull reports whether err says that there is no room for SQLite's file.
func (d dialect) diskFull(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_FULL
}
