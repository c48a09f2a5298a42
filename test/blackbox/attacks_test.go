package blackbox_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	attackLine = regexp.MustCompile(`^\| ([A-Z]{2}-\d{2}) \| (.+) \| (.+) \|$`)
	testName   = regexp.MustCompile("`([a-z/0-9]+)\\.((?:Test|Fuzz)\\w+)`")
)

// A test that ATTACKS.md names is in the tree, and no attack is without either
// a test or a reason.
func TestAttacksHaveTheirTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ATTACKS.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]map[string]bool{}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		m := attackLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| |") {
				t.Errorf("not a line of the table: %s", line)
			}
			continue
		}
		id, cell := m[1], m[3]
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
		tests := testName.FindAllStringSubmatch(cell, -1)
		if len(tests) == 0 && !strings.HasPrefix(cell, "none: ") {
			t.Errorf("%s has neither a test nor a reason: %s", id, cell)
		}
		for _, test := range tests {
			dir, name := test[1], test[2]
			if there[dir] == nil {
				there[dir] = testsIn(t, dir)
			}
			if !there[dir][name] {
				t.Errorf("%s: there is no test %s in %s", id, name, dir)
			}
		}
	}
	if len(seen) < 300 {
		t.Errorf("only %d attacks were read", len(seen))
	}
}

// testsIn returns the names of the tests in a folder of the tree.
func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join("..", "..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
