package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/config"
)

// The doctor makes no database where there is none, and says of one that is none
// what to do.
func TestDoctorLooksAtTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	overwritten := filepath.Join(dir, "overwritten.db")
	if err := os.WriteFile(overwritten, []byte(strings.Repeat("no database ", 400)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "typo", "sallyport.db")
	for path, want := range map[string]string{
		missing:     "is not there; make it with: sallyport migrate",
		overwritten: "is no database, or it was overwritten; restore it from a backup",
		dir:         "is a directory",
	} {
		var c config.Config
		c.Storage.URL = sallyport.Secret("sqlite:" + path)
		found := examineStore(t.Context(), &c)
		if len(found) != 1 || found[0].state != trouble || !strings.Contains(found[0].detail, want) || strings.Contains(found[0].detail, "try again") {
			t.Errorf("%s: %+v, want %s", path, found, want)
		}
	}
	if _, err := os.Stat(filepath.Dir(missing)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it made the directory: %v", err)
	}
}
