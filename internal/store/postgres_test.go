package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/pgtest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// raw opens a database behind the store's back.
func raw(t *testing.T, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func mustExec(t *testing.T, db interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, query string, args ...any,
) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func openAt(t *testing.T, url string, patience time.Duration) (*store.Store, error) {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Now: time.Now, Patience: patience})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// follow reads new changes and appends their ids to seen; each must be of the
// next revision.
func follow(t *testing.T, s *store.Store, at *sallyport.Revision, seen *[]string) {
	t.Helper()
	changes, err := s.Changes(t.Context(), *at, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Revision != *at+1 {
			t.Errorf("after revision %d comes %d: one was skipped", *at, c.Revision)
		}
		*at = c.Revision
		*seen = append(*seen, c.ID)
	}
}

// Two writers overlap, and the one that noted first commits last. A reader that
// follows the changes throughout sees both, in the order of their revisions.
func TestPostgresReaderSkipsNoRevision(t *testing.T) {
	t.Parallel()
	s := storetest.NewPostgres(t)
	var at sallyport.Revision
	var seen []string

	noted, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error {
			tx.Note(sallyport.ChangePrincipal, "first to note")
			if err := tx.SetMeta(t.Context(), "slow", "1"); err != nil {
				return err
			}
			close(noted)
			<-goOn
			return nil
		})
		done <- err
	}()
	<-noted
	follow(t, s, &at, &seen)
	if _, err := s.Write(t.Context(), func(tx *store.Tx) error { tx.Note(sallyport.ChangePrincipal, "first to commit"); return nil }); err != nil {
		t.Fatal(err)
	}
	follow(t, s, &at, &seen)
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	follow(t, s, &at, &seen)
	if got := strings.Join(seen, ", "); got != "first to commit, first to note" {
		t.Errorf("the reader saw %q", got)
	}
}

// The same, at the narrowest place: a writer has its revision and has not
// committed. The next one must wait; if it did not, the reader would see the
// later revision first and never look back.
func TestPostgresRevisionsCommitInOrder(t *testing.T) {
	t.Parallel()
	url := pgtest.DSN(t)
	s := storetest.Open(t, url, time.Now)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := raw(t, "pgx", url)
	var at sallyport.Revision
	var seen []string

	first, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Rollback()
	mustExec(t, first, `UPDATE revision SET n = n + 1 WHERE one = 1`)
	mustExec(t, first, `INSERT INTO change (revision, ordinal, kind, id, at) VALUES (1, 0, 'principal', 'first', 0)`)

	done := make(chan error, 1)
	go func() {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error { tx.Note(sallyport.ChangePrincipal, "second"); return nil })
		done <- err
	}()
	untilWaiting(t, db, done, func() { follow(t, s, &at, &seen) })
	follow(t, s, &at, &seen)
	if len(seen) != 0 {
		t.Errorf("before any commit the reader saw %q", seen)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	follow(t, s, &at, &seen)
	if got := strings.Join(seen, ", "); got != "first, second" {
		t.Errorf("the reader saw %q", got)
	}
}

// untilWaiting returns when somebody waits for a lock, and fails the test if
// done, of whom should wait, comes first. Only the server knows, so it is asked
// again and again; meanwhile is called in between.
func untilWaiting(t *testing.T, db *sql.DB, done <-chan error, meanwhile func()) {
	t.Helper()
	const query = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for n := 0; n == 0; {
		select {
		case err := <-done:
			t.Fatalf("the second writer did not wait: %v", err)
		default:
		}
		meanwhile()
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two transactions that each leave the last one alone, and that would
// overlap, the second decides on what the first has left.
func TestPostgresExclusive(t *testing.T) {
	t.Parallel()
	url := pgtest.DSN(t)
	s := storetest.Open(t, url, time.Now)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta(t.Context(), "left", "2") }); err != nil {
		t.Fatal(err)
	}
	last := errors.New("the last one")
	take := func(between func()) error {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.Exclusive(t.Context()); err != nil {
				return err
			}
			left, err := tx.Meta(t.Context(), "left")
			if err != nil {
				return err
			}
			between()
			if left == "1" {
				return last
			}
			return tx.SetMeta(t.Context(), "left", "1")
		})
		return err
	}
	decided, goOn, first, second := make(chan struct{}), make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() { first <- take(func() { close(decided); <-goOn }) }()
	<-decided
	go func() { second <- take(func() {}) }()
	untilWaiting(t, raw(t, "pgx", url), second, func() {})
	close(goOn)
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; !errors.Is(err, last) {
		t.Errorf("the second: %v, want it to see that one is left", err)
	}
}

// Nodes that start together on an empty database take turns.
func TestPostgresMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.DSN(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := store.Open(t.Context(), url, store.Options{Now: time.Now, Patience: 30 * time.Second})
			if err != nil {
				t.Errorf("opening: %v", err)
				return
			}
			defer func() { _ = s.Close() }()
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("migrating: %v", err)
				return
			}
			if _, err := s.Write(t.Context(), func(tx *store.Tx) error { tx.Note(sallyport.ChangePolicy, ""); return nil }); err != nil {
				t.Errorf("writing: %v", err)
			}
		})
	}
	wg.Wait()
	s := storetest.Open(t, url, time.Now)
	if r, err := s.Revision(t.Context()); r != 8 || err != nil {
		t.Errorf("Revision = %d, %v; want 8", r, err)
	}
}

// DB-13: a migration that dies at any of its statements leaves the schema at a
// version, never between two, and the next start completes it.
func TestPostgresMigrationIsKilled(t *testing.T) {
	t.Parallel()
	url := pgtest.DSN(t)
	db := raw(t, "pgx", url)
	mustExec(t, db, `CREATE SEQUENCE statements`) // what it counts is not rolled back
	mustExec(t, db, `CREATE TABLE fatal (statement BIGINT NOT NULL)`)
	mustExec(t, db, `INSERT INTO fatal VALUES (0)`)
	mustExec(t, db, `CREATE FUNCTION die() RETURNS event_trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('statements') = (SELECT statement FROM fatal) THEN
				PERFORM pg_terminate_backend(pg_backend_pid());
				PERFORM pg_sleep(10); -- the end comes at the next chance
			END IF;
		END $$`)
	mustExec(t, db, `CREATE EVENT TRIGGER killer ON ddl_command_start EXECUTE FUNCTION die()`)
	died := 0
	for statement := 1; ; statement++ {
		// Most of what has many statements is the first version: every third will do.
		mustExec(t, db, `UPDATE fatal SET statement = $1`, 3*statement-2)
		mustExec(t, db, `SELECT setval('statements', 1, false)`)
		s, err := store.Open(t.Context(), url, store.Options{Now: time.Now, Patience: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Migrate(t.Context())
		is, known, verr := s.SchemaVersion(t.Context())
		if cerr := s.Close(); cerr != nil {
			t.Error(cerr)
		}
		if verr != nil || is < 0 || is > known {
			t.Fatalf("killed at statement %d: schema %d of %d, %v", 3*statement-2, is, known, verr)
		}
		if err == nil {
			if is != known {
				t.Errorf("migrated to %d, want %d", is, known)
			}
			break
		}
		died++
	}
	if died < 10 {
		t.Errorf("only %d migrations were killed", died)
	}
	mustExec(t, db, `DROP EVENT TRIGGER killer`)
	s := storetest.Open(t, url, time.Now)
	if _, err := s.Write(t.Context(), func(tx *store.Tx) error { tx.Note(sallyport.ChangePolicy, ""); return nil }); err != nil {
		t.Errorf("writing afterwards: %v", err)
	}
}

// DB-10: a deadlock is tried again, and each transaction takes effect once.
func TestPostgresDeadlock(t *testing.T) {
	t.Parallel()
	s := storetest.NewPostgres(t)
	for _, key := range []string{"a", "b"} {
		if _, err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta(t.Context(), key, "") }); err != nil {
			t.Fatal(err)
		}
	}
	var met sync.WaitGroup // both hold their first row
	met.Add(2)
	var runs [2]int
	var wg sync.WaitGroup
	for i, keys := range [][]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			_, err := s.Write(t.Context(), func(tx *store.Tx) error {
				runs[i]++
				for n, key := range keys {
					value, err := tx.Meta(t.Context(), key)
					if err != nil {
						return err
					}
					if err := tx.SetMeta(t.Context(), key, value+"x"); err != nil {
						return err
					}
					if n == 0 && runs[i] == 1 {
						met.Done()
						met.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if runs[0]+runs[1] < 3 {
		t.Errorf("the functions ran %d times; want one of them again", runs)
	}
	for _, key := range []string{"a", "b"} {
		if got, err := s.Meta(t.Context(), key); got != "xx" || err != nil {
			t.Errorf("%s = %q, %v; want each writer's mark once", key, got, err)
		}
	}
}

// DB-07: while the server is gone everything is Unavailable; when it is back
// the same store goes on, and what was acknowledged is there.
func TestPostgresGoesAndComesBack(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	s := storetest.Open(t, server.DSN(t), time.Now)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	set := func(value string) error {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta(t.Context(), "x", value) })
		return err
	}
	if err := set("1"); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	_, readErr := s.Meta(t.Context(), "x")
	_, _, lookupErr := s.CredentialByDigest(t.Context(), [32]byte{1})
	for what, err := range map[string]error{"read": readErr, "lookup": lookupErr, "write": set("2"), "ping": s.Ping(t.Context())} {
		if sallyport.KindOf(err) != sallyport.Unavailable {
			t.Errorf("%s without a server: %v of kind %d, want Unavailable", what, err, sallyport.KindOf(err))
		}
	}
	server.Restart(t)
	if got, err := s.Meta(t.Context(), "x"); got != "1" || err != nil {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	if err := set("3"); err != nil {
		t.Errorf("writing afterwards: %v", err)
	}
}

// DB-08: a server that takes the connection and says nothing is given up.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, err = openAt(t, "postgres://nobody:secret@"+l.Addr().String()+"/db?sslmode=disable", 50*time.Millisecond)
	if sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("a silent server: %v, want Unavailable", err)
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in the error: %v", err)
	}
}

// A statement that takes too long is given up too, and its connection is good
// afterwards.
func TestPostgresSlowStatement(t *testing.T) {
	t.Parallel()
	url := pgtest.DSN(t)
	if err := storetest.Open(t, url, time.Now).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := openAt(t, url, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, "pgx", url)
	lock, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback()
	mustExec(t, lock, `LOCK TABLE meta IN ACCESS EXCLUSIVE MODE`)
	_, err = s.Meta(t.Context(), "x")
	if sallyport.KindOf(err) != sallyport.Unavailable {
		t.Errorf("a statement that hangs: %v, want Unavailable", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Meta(t.Context(), "x")
	if sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("afterwards: %v, want NotFound", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "postgres://a:secret@:notaport/db"} {
		_, err := openAt(t, url, 0)
		if sallyport.KindOf(err) != sallyport.Invalid || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) = %v, want Invalid", url, err)
		}
	}
}

// A database that a newer program has changed is refused only if it says that
// older programs would not understand it.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ engine, driver, url, name string }{
		{"SQLite", "sqlite", "sqlite:", storetest.File(t)},
		{"PostgreSQL", "pgx", "", pgtest.DSN(t)},
	} {
		t.Run(tt.engine, func(t *testing.T) {
			t.Parallel()
			url := tt.url + tt.name
			if err := storetest.Open(t, url, time.Now).Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			db := raw(t, tt.driver, tt.name)
			mustExec(t, db, `INSERT INTO schema_version (version_id, is_applied) VALUES (1000, TRUE)`)
			s, err := openAt(t, url, 20*time.Second)
			if err != nil {
				t.Fatalf("a schema that only grew: %v", err)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("migrating what is newer: %v", err)
			}
			mustExec(t, db, `UPDATE meta SET value = '1000' WHERE key = 'schema_floor'`)
			if _, err := openAt(t, url, 20*time.Second); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("a schema that must be understood: %v, want ErrNewerSchema", err)
			}
			if err := s.Migrate(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("migrating it: %v, want ErrNewerSchema", err)
			}
		})
	}
}
