// Package storetest opens stores for tests, and holds the suite that every
// engine must pass.
//
// There is no fake store: [New] gives a real SQLite file, fast enough for each
// test to have its own.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// New opens an empty, migrated SQLite store of the test's own, closed when it
// ends. Its clock is the real one.
func New(t testing.TB) *store.Store {
	t.Helper()
	return NewAt(t, time.Now)
}

// NewAt is New with the clock now.
func NewAt(t testing.TB, now func() time.Time) *store.Store {
	t.Helper()
	return Open(t, "sqlite:"+File(t), now)
}

// File makes an empty, migrated SQLite file and returns its path.
func File(t testing.TB) string {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatalf("making the template of the store: %v", err)
	}
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Open opens the store at a URL and has it closed at the end of the test.
func Open(t testing.TB, url string, now func() time.Time) *store.Store {
	t.Helper()
	s, err := store.Open(context.WithoutCancel(t.Context()), url, store.Options{Now: now, Patience: patience})
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// patience is long: a slow machine is not what tests look for.
const patience = 20 * time.Second

// template returns the bytes of a migrated file: migrating once and copying is
// ten times as fast as migrating for each test.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("migrating: %w", err)
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
