package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What could not be set up leaves nothing behind, which would be in the way of the
// next attempt, and takes nothing away that was there.
func TestSetUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"init, address":       {"init", "--dir", "DIR", "--listen", "nonsense"},
		"init, URL":           {"init", "--dir", "DIR", "--url", "nonsense"},
		"init, administrator": {"init", "--dir", "DIR", "--admin", "a b"},
		"init, database":      {"init", "--dir", "DIR", "--storage", "mysql://x"},
		"quickstart, query":   {"quickstart", "--data", "DIR", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/?x"},
		"quickstart, login":   {"quickstart", "--data", "DIR", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1", "--admin", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, there := range []bool{false, true} {
				dir := filepath.Join(t.TempDir(), "new")
				if there {
					if err := os.Mkdir(dir, 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				var given []string
				for _, a := range args {
					if a == "DIR" {
						a = dir
					}
					given = append(given, a)
				}
				var out, errOut bytes.Buffer
				if status := run(t.Context(), given, nil, &out, &errOut); status == exitOK || errOut.Len() == 0 {
					t.Fatalf("status %d\n%s%s", status, &out, &errOut)
				}
				left, _ := os.ReadDir(dir)
				if _, err := os.Stat(dir); !there && !os.IsNotExist(err) || there && (len(left) != 1 || left[0].Name() != "notes") {
					t.Errorf("left behind: %v (directory before: %v)\n%s", left, there, &errOut)
				}
			}
		})
	}
}
