package proctest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// BinaryVariable names the built program of Sallyport for tests to try. "make
// test" sets it.
const BinaryVariable = "SALLYPORT_BIN"

// Binary returns the absolute path of the program: that of [BinaryVariable], or
// one that the first call in a test process builds. [Main] removes it again.
func Binary(t testing.TB) string {
	t.Helper()
	// Asked for in a test, and not before the first one: the go command, which may
	// take the result of an earlier run, sees only what tests look at.
	path := os.Getenv(BinaryVariable)
	if path == "" {
		var err error
		if path, err = build(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s: %v", BinaryVariable, err)
	}
	return path
}

// Main runs the tests of a package that calls [Binary]. Use it as
//
//	func TestMain(m *testing.M) { proctest.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if dir := scratch.Load(); dir != nil {
		if err := os.RemoveAll(*dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the program that was built:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// scratch is where the program was built, for Main to remove.
var scratch atomic.Pointer[string]

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-program-")
	if err != nil {
		return "", fmt.Errorf("build the program: %w", err)
	}
	scratch.Store(&dir)
	path := filepath.Join(dir, "sallyport")
	c := exec.Command("go", "build", "-o", path, "github.com/sallyport/sallyport/cmd/sallyport")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})
