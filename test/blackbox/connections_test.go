package blackbox_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // to take what the node would need

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// hog takes all connections that a database has left, and returns how to give them
// back.
func hog(t *testing.T, dsn string) (release func()) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	const most = 1000
	var taken []*sql.Conn
	for len(taken) < most {
		c, err := db.Conn(t.Context())
		if err != nil {
			break
		}
		taken = append(taken, c)
	}
	if len(taken) == 0 || len(taken) == most {
		t.Fatalf("%d connections were taken", len(taken))
	}
	return sync.OnceFunc(func() {
		for _, c := range taken {
			_ = c.Close()
		}
		_ = db.Close()
	})
}

// Somebody else has all connections of the database. Who is known is let in; who is
// not known, and who wants to change something, waits for a connection that the node
// has or is told to come again, and is never taken for an intruder.
func TestNoConnectionsLeft(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.DSN(t)
	in := initialise(t, dsn)
	p := in.serve("TERM")
	w := in.furnish()
	var keys []string
	for n := range 20 {
		_, key := w.newKey(fmt.Sprintf("never used %d", n))
		keys = append(keys, key)
	}
	if res := in.read(apiKey(w.key)); res.status != http.StatusOK {
		t.Fatalf("before: %d %s", res.status, res.body)
	}
	release := hog(t, dsn)
	defer release()
	var all sync.WaitGroup
	for n, key := range keys {
		all.Go(func() {
			if res := in.read(apiKey(key)); res.status != http.StatusOK && res.status != http.StatusServiceUnavailable {
				t.Errorf("not known: %d %s", res.status, res.body)
			}
		})
		all.Go(func() {
			if res := in.read(apiKey(w.key)); res.status != http.StatusOK {
				t.Errorf("known: %d %s", res.status, res.body)
			}
		})
		all.Go(func() {
			res := w.admin.try(http.MethodPost, "/tenants/"+w.tenant+"/keys", w.keyNamed(fmt.Sprintf("late %d", n)))
			if res.status != http.StatusCreated && res.status != http.StatusServiceUnavailable {
				t.Errorf("a write: %d %s", res.status, res.body)
			}
		})
	}
	all.Wait()
	release()
	p.await("everybody is served again", func() bool {
		for _, key := range keys {
			if in.read(apiKey(key)).status != http.StatusOK {
				return false
			}
		}
		return w.admin.try(http.MethodPost, "/tenants/"+w.tenant+"/keys", w.keyNamed("last")).status == http.StatusCreated
	})
}

// The database loses its newest changes, as one does that fails over to a copy which
// is behind. A node that knows more than the database believes neither: it lets
// nobody in, and goes on when the database has caught up.
func TestDatabaseLosesItsNewestChanges(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t).DSN(t)
	in := initialise(t, dsn)
	p := in.serve("TERM", "SALLYPORT_MAX_STALENESS=2s")
	w := in.furnish()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	move := func(by int) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "UPDATE revision SET n = n + $1", by); err != nil {
			t.Fatal(err)
		}
	}
	known := func() reply { return in.read(apiKey(w.key)) }
	if res := known(); res.status != http.StatusOK {
		t.Fatalf("before: %d %s", res.status, res.body)
	}
	move(-3)
	p.await("a node that knows more lets nobody in", func() bool { return known().status == http.StatusServiceUnavailable })
	for range 10 {
		if res := known(); res.status != http.StatusServiceUnavailable || res.reason() != "policy_stale" {
			t.Errorf("while changes are lost: %d %s", res.status, res.body)
		}
	}
	move(3)
	p.await("the node goes on", func() bool { return known().status == http.StatusOK })
}
