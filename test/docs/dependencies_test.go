package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	direct  = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	moduled = regexp.MustCompile("`([\\w./-]+\\.[a-z]+/[\\w./-]+)`")
	quoted  = regexp.MustCompile(`^\t(?:[\w.]+ )?"([^"]+)"$`)
)

// TestDependencies: docs/dependencies.md has a row for each module that go.mod
// names and the code imports, and for no other.
func TestDependencies(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	imported := readImports(t)
	want := map[string]bool{}
	for _, m := range direct.FindAllStringSubmatch(string(mod), -1) {
		for path := range imported {
			if path == m[1] || strings.HasPrefix(path, m[1]+"/") {
				want[m[1]] = true
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range moduled.FindAllStringSubmatch(cells[1], -1) {
			got[m[1]] = true
		}
	}
	for m := range want {
		if !got[m] {
			t.Errorf("docs/dependencies.md does not say why there is %s", m)
		}
	}
	for m := range got {
		if !want[m] {
			t.Errorf("docs/dependencies.md explains %s, which nothing imports", m)
		}
	}
	if len(want) < 20 {
		t.Errorf("found %d modules only", len(want))
	}
}

// readImports returns every path that a Go file imports.
func readImports(t *testing.T) map[string]bool {
	t.Helper()
	paths := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			if m := quoted.FindStringSubmatch(line); m != nil {
				paths[m[1]] = true
			}
			if strings.HasPrefix(line, "func ") {
				break // imports come before
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
