// Package goldentest compares what a test made with a file that a person has
// read and accepted.
//
// A test that calls [Check] fails when the two differ. Running it again with
// SALLYPORT_UPDATE=1 writes the new text, and the diff of the commit is then
// the review of the change. An environment variable is used rather than a flag
// because "go test ./... -update" fails in every package that does not define
// the flag.
package goldentest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// UpdateVariable is the environment variable that, when it is "1", makes
// [Check] write the file instead of comparing with it.
const UpdateVariable = "SALLYPORT_UPDATE"

// Updating tells whether golden files are being rewritten in this run.
func Updating() bool { return os.Getenv(UpdateVariable) == "1" }

// Check fails t unless the file at path holds exactly got. The failure shows
// the first line that differs. A file that does not exist differs from
// everything, also from nothing.
//
// With SALLYPORT_UPDATE=1 the file, and the folders above it, are written
// instead; a file that is right already is left alone.
func Check(t testing.TB, path string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		t.Fatalf("read golden file: %v", err)
	}
	if !missing && bytes.Equal(got, want) {
		return
	}
	if Updating() {
		write(t, path, got)
		return
	}
	if missing {
		t.Errorf("%s does not exist; run the test with %s=1 to write it", path, UpdateVariable)
		return
	}
	t.Errorf("%s: %s\nrun the test with %s=1 to accept what it made", path, firstDifference(got, want), UpdateVariable)
}

// write puts got into path. It goes by way of a second file, so that a run
// that is interrupted leaves the accepted text whole.
func write(t testing.TB, path string, got []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("make folder for golden file: %v", err)
	}
	next := path + ".next"
	if err := os.WriteFile(next, got, 0o644); err != nil {
		t.Fatalf("write golden file: %v", err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatalf("put golden file in place: %v", err)
	}
}

// firstDifference says in words where got leaves want.
func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			return fmt.Sprintf("line %d is missing\nwant %q", i+1, w[i])
		case i >= len(w):
			return fmt.Sprintf("line %d is too many\n got %q", i+1, g[i])
		case !bytes.Equal(g[i], w[i]):
			return fmt.Sprintf("line %d differs\n got %q\nwant %q", i+1, g[i], w[i])
		}
	}
	return "equal"
}
