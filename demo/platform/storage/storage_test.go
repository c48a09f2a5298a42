package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := storage.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const schema = `
CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS child (parent INTEGER NOT NULL REFERENCES parent (id)) STRICT;`

func TestConstraints(t *testing.T) {
	t.Parallel()
	db := open(t, storage.Memory)
	for range 2 { // a schema may be applied again
		if err := storage.Apply(t.Context(), db, schema); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		query                string
		duplicate, reference bool
	}{
		{`INSERT INTO parent VALUES (1, 'a')`, false, false},
		{`INSERT INTO parent VALUES (2, 'a')`, true, false},
		{`INSERT INTO parent VALUES (1, 'b')`, true, false},
		{`INSERT INTO child VALUES (7)`, false, true},
		{`INSERT INTO child VALUES (1)`, false, false},
		{`DELETE FROM parent`, false, true},
		{`INSERT INTO child VALUES ('x')`, false, false}, // STRICT refuses it for another reason
	} {
		_, err := db.ExecContext(t.Context(), tt.query)
		if storage.IsDuplicate(err) != tt.duplicate || storage.IsReference(err) != tt.reference {
			t.Errorf("%s: %v", tt.query, err)
		}
	}
}

func TestFileIsWAL(t *testing.T) {
	t.Parallel()
	var mode string
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	if err := db.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode %q, %v", mode, err)
	}
}

func TestSeedOnce(t *testing.T) {
	t.Parallel()
	db := open(t, storage.Memory)
	broken := errors.New("broken")
	runs := 0
	for _, fails := range []bool{true, false, false} {
		err := storage.Seed(t.Context(), db, "x", time.Now(), func(tx *sql.Tx) error {
			runs++
			if _, err := tx.ExecContext(context.Background(), `CREATE TABLE once (id INTEGER) STRICT`); err != nil {
				return err
			}
			if fails {
				return broken
			}
			return nil
		})
		if fails != errors.Is(err, broken) {
			t.Errorf("seed: %v", err)
		}
	}
	if runs != 2 {
		t.Errorf("seeded %d times, want one failure and one success", runs)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	if got, want := storage.Like(`50%_\`), `%50\%\_\\%`; got != want {
		t.Errorf("Like: %s, want %s", got, want)
	}
	if got, want := storage.Wildcard(`a*_%`), `a%\_\%`; got != want {
		t.Errorf("Wildcard: %s, want %s", got, want)
	}
	at := time.Date(2026, 3, 14, 9, 30, 0, 5000, time.UTC)
	if !storage.Time(storage.Micros(at)).Equal(at) || storage.Micros(time.Time{}) != 0 || !storage.Time(0).IsZero() {
		t.Error("times do not survive storing")
	}
}
