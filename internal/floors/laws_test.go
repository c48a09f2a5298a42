package floors

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	rootLimit = 1200 // lines of the ground floor, without its tests
	fileLimit = 600  // lines of code of one file, without comments and blank lines
)

// A law returns how a package breaks it.
type law struct {
	name string
	test func(t testing.TB, r room) []string
}

var laws = []law{
	{"every package says what it is for", packageComment},
	{"the ground floor imports only the standard library", standardLibraryOnly},
	{"the ground floor stays small", smallGroundFloor},
	{"a file stays readable", smallFiles},
	{"production code does not import testing", noTesting},
	{"forbidden calls are not made", noForbiddenCalls},
}

func TestLaws(t *testing.T) {
	t.Parallel()
	rooms := house(t, root(t))
	if !slices.ContainsFunc(rooms, func(r room) bool { return r.dir == "" }) {
		t.Error("the ground floor, the root package, was not seen")
	}
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range rooms {
				for _, fault := range l.test(t, r) {
					t.Error(fault)
				}
			}
		})
	}
}

// packageComment wants a comment over the package clause of one file, in the
// form that go doc reads.
func packageComment(_ testing.TB, r room) []string {
	var name string
	sources := r.production()
	if len(sources) == 0 {
		sources = r.sources // a package of tests only
	}
	for _, s := range sources {
		name = s.file.Name.Name
		text := s.file.Doc.Text()
		starts := "Package " + strings.TrimSuffix(name, "_test") + " "
		if name == "main" {
			starts = "Command "
		}
		if strings.HasPrefix(text, starts) {
			return nil
		}
		if text != "" && name != "main" {
			return []string{fmt.Sprintf("%s: the package comment does not start with %q", s.name, starts)}
		}
	}
	return []string{fmt.Sprintf("package %s in %q has no package comment", name, r.dir)}
}

// standardLibraryOnly holds for the root package and what only it contains.
func standardLibraryOnly(t testing.TB, r room) []string {
	if r.dir != "" {
		return nil
	}
	var all []string
	for _, s := range r.production() {
		for _, imported := range s.imports(t) {
			// Only the standard library has paths without a dot in front.
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				all = append(all, fmt.Sprintf("%s: imports %s", s.name, imported))
			}
		}
	}
	return all
}

func smallGroundFloor(_ testing.TB, r room) []string {
	if r.dir != "" {
		return nil
	}
	lines := 0
	for _, s := range r.production() {
		lines += bytes.Count(s.text, []byte("\n"))
	}
	if lines >= rootLimit {
		return []string{fmt.Sprintf("the root package has %d lines; it stays under %d", lines, rootLimit)}
	}
	return nil
}

func smallFiles(_ testing.TB, r room) []string {
	var all []string
	for _, s := range r.production() {
		if n := codeLines(s); n > fileLimit && !ast.IsGenerated(s.file) {
			all = append(all, fmt.Sprintf("%s: %d lines of code; at most %d", s.name, n, fileLimit))
		}
	}
	return all
}

// codeLines counts the lines of s on which some token stands.
func codeLines(s source) int {
	set := token.NewFileSet()
	file := set.AddFile(s.name, -1, len(s.text))
	var scan scanner.Scanner
	scan.Init(file, s.text, nil, 0)
	seen := map[int]bool{}
	for {
		pos, tok, text := scan.Scan()
		if tok == token.EOF {
			return len(seen)
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue // put in by the scanner
		}
		first := file.Line(pos)
		for i := range strings.Count(text, "\n") + 1 { // a raw string has many lines
			seen[first+i] = true
		}
	}
}

func noTesting(t testing.TB, r room) []string {
	if isHelper(r.dir) || isBeside(r.dir) {
		return nil
	}
	var all []string
	for _, s := range r.production() {
		for _, imported := range s.imports(t) {
			if imported == "testing" || strings.HasPrefix(imported, "testing/") || imported == "net/http/httptest" {
				all = append(all, fmt.Sprintf("%s: imports %s", s.name, imported))
			}
		}
	}
	return all
}

// forbidden names what is not used in production code, and what to do instead.
// A name that ends in a star stands for all names that begin so.
var forbidden = []struct{ pkg, name, instead string }{
	{"math/rand", "*", "secrets come from crypto/rand, and nothing else here is drawn"},
	{"math/rand/v2", "*", "secrets come from crypto/rand, and nothing else here is drawn"},
	{"net/http", "DefaultClient", "it has no time limit; make a client with one"},
	{"net/http", "DefaultTransport", "it is shared with every other package; make one"},
	{"net/http", "DefaultServeMux", "any package can add to it; make one"},
	{"net/http", "Get", "it uses http.DefaultClient"},
	{"net/http", "Head", "it uses http.DefaultClient"},
	{"net/http", "Post*", "it uses http.DefaultClient"},
	{"log", "Print*", "use log/slog"},
	{"log", "Fatal*", "return an error"},
	{"log", "Panic*", "return an error"},
	{modulePath + "/internal/password", "NewCheapHasher", "its hashes protect nobody; it is for tests"},
	{"net/http/httputil", "NewSingleHostReverseProxy", "it sets Director; use Rewrite"},
}

// noForbiddenCalls looks at names as the file imports them.
func noForbiddenCalls(t testing.TB, r room) []string {
	if isHelper(r.dir) || within(r.dir, "bench") || within(r.dir, "test") {
		return nil
	}
	var all []string
	for _, s := range r.production() {
		names := importNames(t, s)
		ast.Inspect(s.file, func(n ast.Node) bool {
			if fault := forbiddenNode(n, names); fault != "" {
				all = append(all, s.at(n)+": "+fault)
			}
			return true
		})
	}
	return all
}

// importNames maps the names under which s knows its imports to their paths.
func importNames(t testing.TB, s source) map[string]string {
	names := map[string]string{}
	for i, imported := range s.imports(t) {
		name := path.Base(imported)
		if name == "v2" {
			name = path.Base(path.Dir(imported))
		}
		if given := s.file.Imports[i].Name; given != nil {
			name = given.Name
		}
		names[name] = imported
	}
	return names
}

func forbiddenNode(n ast.Node, names map[string]string) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		if pkg, ok := n.X.(*ast.Ident); ok && names[pkg.Name] != "" {
			return forbiddenName(names[pkg.Name], n.Sel.Name)
		}
		return forbiddenDirector(n.Sel, names)
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok {
			return forbiddenDirector(key, names)
		}
	}
	return ""
}

func forbiddenName(pkg, name string) string {
	for _, f := range forbidden {
		stem, open := strings.CutSuffix(f.name, "*")
		if f.pkg == pkg && (name == f.name || open && strings.HasPrefix(name, stem)) {
			return fmt.Sprintf("%s.%s: %s", pkg, name, f.instead)
		}
	}
	return ""
}

// forbiddenDirector finds a field of that name in a file that knows
// httputil.ReverseProxy. The headers that a Director sets are removed again
// when the client names them in its Connection header.
func forbiddenDirector(field *ast.Ident, names map[string]string) string {
	for _, imported := range names {
		if field.Name == "Director" && imported == "net/http/httputil" {
			return "httputil.ReverseProxy.Director: a client can remove what it sets; use Rewrite"
		}
	}
	return ""
}

// TestTourNamesEveryRoom: who is new follows docs/explanation/the-house.md, and
// a room that it leaves out is one that nobody finds.
func TestTourNamesEveryRoom(t *testing.T) {
	t.Parallel()
	const page = "docs/explanation/the-house.md"
	tour, err := os.ReadFile(filepath.Join(root(t), page))
	if err != nil {
		t.Fatal(err)
	}
	for _, rooms := range floors[1:] {
		for _, name := range rooms {
			if !bytes.Contains(tour, []byte("`"+name+"`")) {
				t.Errorf("%s does not name `%s`", page, name)
			}
		}
	}
}
