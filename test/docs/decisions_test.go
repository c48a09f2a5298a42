package docs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDecisions: each decision has its number in its title, says why it was taken
// and what it costs, and stands in the list.
func TestDecisions(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, "docs/adr/[0-9]*.md"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("found %d decisions: %v", len(pages), err)
	}
	list, err := os.ReadFile(filepath.Join(root, "docs/adr/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pages {
		name := filepath.Base(path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if number, _, _ := strings.Cut(name, "-"); !strings.HasPrefix(string(text), "# "+number+" ") {
			t.Errorf("%s: its title does not begin with its number, as in %q", name, "# "+number+" What was decided")
		}
		if !strings.Contains(string(list), "("+name+")") {
			t.Errorf("%s is not in the list of docs/adr/README.md", name)
		}
		for _, want := range [][]string{{"## Context"}, {"## Decision"}, {"## What we gave up", "## Consequences"}} {
			if !slices.ContainsFunc(want, func(heading string) bool { return strings.Contains(string(text), "\n"+heading+"\n") }) {
				t.Errorf("%s: it has no part %q", name, want)
			}
		}
	}
}
