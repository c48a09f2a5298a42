package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// NewPostgres opens an empty, migrated PostgreSQL store of the test's own.
func NewPostgres(t testing.TB) *store.Store {
	t.Helper()
	s := Open(t, pgtest.DSN(t), time.Now)
	if err := s.Migrate(context.WithoutCancel(t.Context())); err != nil {
		t.Fatalf("migrating: %v", err)
	}
	return s
}
