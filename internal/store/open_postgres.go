package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sallyport/sallyport"
)

// openPostgres opens two pools, so that whoever waits to write does not keep a
// decision from reading. Limits on time are set on both sides: the server gives
// a statement up, and the client gives the server up.
func openPostgres(ctx context.Context, url string, options Options) (*Store, error) {
	limits := patience(options.Patience)
	read, err := postgresPool(url, limits, limits.read(), map[string]string{"default_transaction_read_only": "on"})
	if err != nil {
		return nil, err
	}
	write, err := postgresPool(url, limits, limits.write(), nil)
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	size(read, options.Readers, 8)
	size(write, options.Writers, 4)

	s := newStore(PostgreSQL, read, write, options)
	// The first connection may take longer than one statement: the server may be
	// busy, and a start that gives up is started again.
	if err := s.ask(ctx, limits.readTotal()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// size bounds a pool to n connections, or to otherwise.
func size(db *sql.DB, n, otherwise int) {
	if n == 0 {
		n = otherwise
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute)
}

// postgresPool makes a pool whose statements may take as long as limit. It
// connects to nothing yet.
func postgresPool(url string, p patience, limit time.Duration, parameters map[string]string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's own words may repeat parts of the URL, and so a password.
		return nil, sallyport.ErrInvalid("storage.url", "is not a PostgreSQL connection URL")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = p.read()
	}
	// The extended protocol: values never become part of the statement.
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.RuntimeParams["application_name"] = "sallyport"
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["statement_timeout"] = milliseconds(limit)
	config.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(p.writeTotal())
	// When a caller gives up, his statement is given a moment to end and is then
	// cancelled: closing the connection, which is the default, would answer a
	// wave of such callers with a wave of new connections.
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, CancelRequestDelay: cancelDelay, DeadlineDelay: 4 * cancelDelay}
	}
	maps.Copy(config.RuntimeParams, parameters)
	return sql.OpenDB(patient{Connector: stdlib.GetConnector(*config), limit: config.ConnectTimeout}), nil
}

// A patient connector does not give up when its caller does: the connection
// will do for the next one. Otherwise callers in a hurry could keep the pool
// empty for ever. There are never more attempts at once than connections.
type patient struct {
	driver.Connector
	limit time.Duration
}

// Connect makes a connection, within the limit.
func (p patient) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.limit)
	defer cancel()
	return p.Connector.Connect(ctx)
}

// cancelDelay is how long a statement may go on after its caller gave up.
const cancelDelay = 250 * time.Millisecond

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
