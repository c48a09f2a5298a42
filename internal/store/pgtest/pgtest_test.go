package pgtest_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// childVariable makes a copy of the test binary start the shared server, print
// a connection string of it and wait to be killed.
const childVariable = "SALLYPORT_PGTEST_CHILD"

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDSNGivesEachCallerItsOwnDatabase(t *testing.T) {
	t.Parallel()
	first, second := connect(t, pgtest.DSN(t)), connect(t, pgtest.DSN(t))
	if _, err := first.Exec(t.Context(), "CREATE TABLE words (word text)"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec(t.Context(), "SELECT word FROM words"); err == nil {
		t.Error("the second database has the table of the first")
	}
}

func TestDatabaseIsDroppedAtEnd(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = pgtest.DSN(t)
		// Left open on purpose: a test that forgets to close its pool must not
		// keep the database.
		if _, err := pgx.Connect(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		t.Fatalf("connected to the dropped database: %v", conn.Close(t.Context()))
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "3D000" { // invalid_catalog_name
		t.Errorf("connect to dropped database: %v, want that it does not exist", err)
	}
}

func TestServerKeepsDataOverCrash(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	dsn := s.DSN(t)
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE words AS SELECT 'kept' AS word"); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a stopped server answered")
	}
	s.Restart(t)
	var word string
	if err := connect(t, dsn).QueryRow(t.Context(), "SELECT word FROM words").Scan(&word); err != nil || word != "kept" {
		t.Errorf("after restart the table holds %q, %v", word, err)
	}
}

func TestMissingServerNamesCommand(t *testing.T) {
	t.Parallel()
	_, err := pgtest.FindProgramsIn(t.TempDir(), filepath.Join(t.TempDir(), "*", "bin"))
	if err == nil || !strings.Contains(err.Error(), "apt-get install") || !strings.Contains(err.Error(), pgtest.ServerVariable) {
		t.Errorf("without a server: %v, want the command that installs one", err)
	}
}

func TestNewestVersionIsFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, v := range []string{"9", "15", "17"} {
		dir := filepath.Join(root, v, "bin")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{"initdb", "postgres"} {
			if v == "17" && program == "postgres" {
				continue // half installed
			}
			if err := os.WriteFile(filepath.Join(dir, program), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := pgtest.FindProgramsIn("", filepath.Join(root, "*", "bin"))
	if want := filepath.Join(root, "15", "bin"); err != nil || got != want {
		t.Errorf("found %q, %v; want %q", got, err, want)
	}
}

func TestServerEndsWithKilledTest(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childVariable+"=1", pgtest.ServerVariable+"=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dsn, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(dsn, "postgres://") {
		t.Fatalf("child said %q, %v", dsn, err)
	}
	dsn = strings.TrimSpace(dsn)
	conn := connect(t, dsn)
	var dir string
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("child ended by itself, want it killed")
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := pgx.Connect(t.Context(), dsn)
		_, serr := os.Stat(filepath.Dir(dir))
		if err != nil && os.IsNotExist(serr) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("20 s after the test was killed: connect %v, data folder %v", err, serr)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestChild is run by TestServerEndsWithKilledTest in a process of its own.
func TestChild(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		return
	}
	if _, err := os.Stdout.WriteString(pgtest.DSN(t) + "\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) // killed long before
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ dsn, want string }{
		{"postgres://u:p%20w@h:1/old?sslmode=disable", "postgres://u:p%20w@h:1/new?sslmode=disable"},
		{"postgresql://u@h", "postgresql://u@h/new"},
		{"host=h dbname=old", "host=h dbname=old dbname=new"},
	} {
		got, err := pgtest.WithDatabase(tt.dsn, "new")
		if err != nil || got != tt.want {
			t.Errorf("WithDatabase(%q) = %q, %v; want %q", tt.dsn, got, err, tt.want)
		}
		config, err := pgx.ParseConfig(got)
		if err != nil || config.Database != "new" {
			t.Errorf("pgx reads %q as database %q, %v", got, config.Database, err)
		}
	}
	if _, err := pgtest.WithDatabase("postgres://u:hunter2@h:port/", "new"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("malformed string: %v, want an error without the password", err)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	// The answer is of no interest: the server may be gone on purpose.
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}
