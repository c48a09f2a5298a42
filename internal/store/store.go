package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
)

// Options are what a [Store] needs besides its URL. The zero Options will do,
// but for Now.
type Options struct {
	Now     func() time.Time // the clock; required
	Logger  *slog.Logger     // nil: nothing is logged
	Readers int              // connections for reading; 8 when 0
	Writers int              // connections for writing on PostgreSQL; 4 when 0 (SQLite has one)

	// Patience is how long a statement that reads may take before the store
	// counts as unavailable; 2 s when 0. Writing may take three times as long.
	Patience time.Duration
}

// A Store is an open database. Its methods may be called from many goroutines.
type Store struct {
	Reader
	write    *sql.DB
	read     *sql.DB
	dialect  dialect
	patience patience
	log      *slog.Logger
	spare    *spare                // SQLite only: room for [Store.WriteReserved]
	broken   atomic.Pointer[error] // SQLite only: the disk failed; nothing is written any more

	unchecked *unchecked // SQLite only: whether the file is still to be checked

	mu       sync.Mutex // guards onCommit
	onCommit []func(sallyport.Revision, []sallyport.Change)
}

// Engines.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
)

// Open opens the database that url names: "sqlite:PATH" or "postgres://...".
// It makes a missing SQLite file, but no tables: that is [Store.Migrate]. It
// refuses a database whose schema is too new for this program.
//
// For SQLite it checks the version of the engine and, when the last process
// did not close the file, the file's integrity; that of a large file is left to
// [Store.CheckFile].
func Open(ctx context.Context, url string, options Options) (*Store, error) {
	if options.Now == nil {
		return nil, errors.New("opening the store: no clock")
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Patience <= 0 {
		options.Patience = usualPatience.read()
	}
	var s *Store
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		s, err = openSQLite(ctx, rest, options)
	case "postgres", "postgresql":
		s, err = openPostgres(ctx, url, options)
	default:
		return nil, sallyport.ErrInvalid("storage.url", `must be "sqlite:PATH" or "postgres://..."`)
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkSchema(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// newStore joins two open pools.
func newStore(d dialect, read, write *sql.DB, options Options) *Store {
	return &Store{
		Reader:   Reader{from: pool{read}, dialect: d, now: options.Now, limit: options.Patience},
		read:     read,
		write:    write,
		dialect:  d,
		patience: patience(options.Patience),
		log:      options.Logger,
	}
}

// Engine returns [SQLite] or [PostgreSQL].
func (s *Store) Engine() string { return s.dialect.name() }

// Ping reports whether the store answers, and whether its disk has not failed;
// if not, the error is Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.trusted(); err != nil {
		return err
	}
	return s.ask(ctx, s.patience.read())
}

// ask asks the database for a sign of life.
func (s *Store) ask(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := s.read.PingContext(ctx); err != nil {
		return sallyport.ErrUnavailable(fmt.Errorf("asking whether the store is there: %w", err))
	}
	return nil
}

// Close waits for what is under way and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

// OnCommit has f called after each commit in which something was noted, before
// the [Store.Write] that did it returns, with its revision and changes. Calls
// may overlap and come out of order. f must not call the store.
func (s *Store) OnCommit(f func(sallyport.Revision, []sallyport.Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCommit = append(s.onCommit[:len(s.onCommit):len(s.onCommit)], f)
}

// committed tells those who asked.
func (s *Store) committed(revision sallyport.Revision, changes []sallyport.Change) {
	s.mu.Lock()
	fs := s.onCommit
	s.mu.Unlock()
	for _, f := range fs {
		f(revision, changes)
	}
}

// trusted returns an error once the disk has failed under the store: after a
// failed fsync nobody knows what is on it, so nothing more is written until
// the process starts anew and checks the file.
func (s *Store) trusted() error {
	if err := s.broken.Load(); err != nil {
		return sallyport.ErrUnavailable(fmt.Errorf("the disk failed earlier, restart to check the file: %w", *err))
	}
	return nil
}
