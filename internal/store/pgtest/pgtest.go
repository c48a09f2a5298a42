// Package pgtest gives tests a real PostgreSQL.
//
// [DSN] hands out a database of its own to every caller. The first call in a
// test process starts one server for all of them, in a folder and on a loopback
// port of its own and without disk syncs; it ends with the test process,
// however that ends, and leaves nothing behind. [Start] gives a test a server
// of its own, for trying what happens when the database goes away.
//
// Where no server is installed the test fails and says how to install one. It
// is never skipped: a promise about PostgreSQL that was not tried is not kept.
//
// SALLYPORT_TEST_POSTGRES names a server to use instead, by a connection string
// of an account that may create databases.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ServerVariable is the environment variable that names a server to use
// instead of starting one.
const ServerVariable = "SALLYPORT_TEST_POSTGRES"

// cleanupLimit bounds the work done for a test that is over, whose own context
// has been cancelled.
const cleanupLimit = 30 * time.Second

// shared is the one server of this test process. It is never stopped by the
// tests that use it: its watchdog does that when the process ends.
var shared = sync.OnceValues(launch)

// DSN returns the connection string, a postgres:// URL, of a new and empty
// database on the shared server. The database is dropped when the test ends,
// with the connections that are still open to it.
func DSN(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(ServerVariable)
	if admin == "" {
		server, err := shared()
		if err != nil {
			t.Fatalf("start PostgreSQL: %v", err)
		}
		admin = server.admin
	}
	return newDatabase(t, admin, true)
}

// Main runs the tests of a package and then stops the shared server before the
// process ends. A package need not call it: without it the server stops just
// after the process ended, instead of just before. Use it as
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if os.Getenv(ServerVariable) == "" {
		// A server that was not started yet is not started for this: the
		// value is only looked at when some test asked for it.
		if server := started.Load(); server != nil {
			if err := server.process.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// newDatabase makes a database and returns its connection string. With drop it
// is removed when the test ends.
func newDatabase(t testing.TB, admin string, drop bool) string {
	t.Helper()
	name := "sallyport_test_" + strings.ToLower(rand.Text())
	dsn, err := withDatabase(admin, name)
	if err != nil {
		t.Fatalf("%s: %v", ServerVariable, err)
	}
	if err := execute(t.Context(), admin, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make database for test: %v", err)
	}
	if !drop {
		return dsn
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupLimit)
		defer cancel()
		if err := execute(ctx, admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database of test: %v", err)
		}
	})
	return dsn
}

// execute runs one statement on a connection of its own. Databases cannot be
// made or dropped inside a transaction, nor on a pool that is shared with the
// test.
func execute(ctx context.Context, dsn, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, cleanupLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	if cerr := conn.Close(ctx); err == nil {
		err = cerr
	}
	return err
}

// withDatabase returns dsn, in either of the forms PostgreSQL has for it, with
// the database replaced.
func withDatabase(dsn, name string) (string, error) {
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name, nil // of two equal keys the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		// The text of the error would repeat the password.
		return "", fmt.Errorf("not a connection string of the form postgres://user:password@host:port/database")
	}
	u.Path = "/" + name
	return u.String(), nil
}
