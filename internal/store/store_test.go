package store_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/store/pgtest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSQLite(t *testing.T)   { t.Parallel(); storetest.Run(t, storetest.New) }
func TestPostgres(t *testing.T) { t.Parallel(); storetest.Run(t, storetest.NewPostgres) }
