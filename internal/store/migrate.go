package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/sallyport/sallyport"
)

// migrations holds the schema as numbered files, the same numbers for each
// engine. A file is never edited once it was released; there is no way down.
//
//go:embed migrations
var migrations embed.FS

// schemaVersion is the number of the newest migration.
const schemaVersion = 14

// versionTable is where goose writes down what it did.
const versionTable = "schema_version"

// ErrNewerSchema is in the chain of the error of [Open] for a database that a
// newer program has changed in a way that this one does not understand.
var ErrNewerSchema = errors.New("the database belongs to a newer version of Sallyport")

// Migrate brings the schema up to date, each step in a transaction of its own.
// Nodes that start together take turns.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	err := s.migrate(ctx)
	if err != nil {
		return s.dialect.fault("migrating", err)
	}
	return s.checkSchema(ctx)
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name())
	if err != nil {
		return err
	}
	kind := goose.DialectSQLite3
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithTableName(versionTable),
		goose.WithLogger(goose.NopLogger()),
	}
	if s.dialect == PostgreSQL {
		kind = goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(turns{after: s.patience.write()}))
	}
	provider, err := goose.NewProvider(kind, s.write, files, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// turns makes nodes migrate one after the other: without it, some of many that
// start at once on an empty PostgreSQL database fail.
type turns struct {
	after time.Duration // the limit on statements, set again afterwards
}

// SessionLock waits for the lock, for as long as it takes.
func (turns) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `SET statement_timeout = 0`); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, lockMigrations, migrationsLock)
	return err
}

// SessionUnlock gives the lock back.
func (t turns) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `SET statement_timeout = `+milliseconds(t.after)); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, unlockMigration, migrationsLock)
	return err
}

const selectSchema = `
	SELECT COALESCE(MAX(version_id), 0) FROM schema_version`

// SchemaVersion returns the number of the last migration that was applied to
// the database, 0 for an empty one, and the number of the last that this
// program knows.
func (r *Reader) SchemaVersion(ctx context.Context) (is, known int64, err error) {
	n, err := one(ctx, r, "table", r.dialect.tables(), scanInt, versionTable)
	if err != nil || n == 0 {
		return 0, schemaVersion, err
	}
	is, err = one(ctx, r, "schema version", selectSchema, scanInt)
	return is, schemaVersion, err
}

// checkSchema refuses a database whose schema this program would not
// understand. Schemas only grow, so a newer one is refused only if it says
// that it must be.
func (s *Store) checkSchema(ctx context.Context) error {
	is, known, err := s.SchemaVersion(ctx)
	if err != nil || is <= known {
		return err
	}
	text, err := s.Meta(ctx, metaSchemaFloor)
	if err != nil {
		return err
	}
	floor, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return damaged("meta", metaSchemaFloor, err.Error())
	}
	if floor > known {
		return &sallyport.Error{
			Kind: sallyport.Internal, Message: "the database cannot be used",
			Err: fmt.Errorf("%w: its schema %d needs a program that knows %d, this one knows %d", ErrNewerSchema, is, floor, known),
		}
	}
	s.log.WarnContext(ctx, "the database has a newer schema than this program knows", "schema", is, "known", known)
	return nil
}
