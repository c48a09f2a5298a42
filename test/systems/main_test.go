package systems_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binaryVariable names the program to try.
const binaryVariable = "SALLYPORT_BIN"

// binary is the path of the program. It is set before any test runs.
var binary string

func TestMain(m *testing.M) {
	scratch, err := os.MkdirTemp("", "sallyport-systems-")
	if err == nil {
		binary, err = program(scratch)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no program to try:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, "remove what was built:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// program returns the path of the program, which is built in dir if need be.
func program(dir string) (string, error) {
	if path := os.Getenv(binaryVariable); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(dir, "sallyport")
	build := exec.Command("go", "build", "-o", path, "../../cmd/sallyport")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build it: %w\n%s", err, out)
	}
	return path, nil
}
