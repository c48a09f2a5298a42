package floors

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// modulePath is the path of this module.
const modulePath = "github.com/sallyport/sallyport"

// A source is one Go file.
type source struct {
	name string // relative to the root of the module, with slashes
	test bool   // its name ends in _test.go
	text []byte
	set  *token.FileSet
	file *ast.File
}

// at says where n stands.
func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(n.Pos()).Line)
}

// imports returns the paths that s imports.
func (s source) imports(t testing.TB) []string {
	t.Helper()
	var paths []string
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", s.at(spec), err)
		}
		paths = append(paths, p)
	}
	return paths
}

// A room is one folder of Go files.
type room struct {
	dir     string // relative to the root of the module; "" for the root package
	sources []source
}

// production returns the files that are built into a program.
func (r room) production() []source {
	return slices.DeleteFunc(slices.Clone(r.sources), func(s source) bool { return s.test })
}

// house reads every package of the module at root. It fails t if it finds none.
func house(t testing.TB, root string) []room {
	t.Helper()
	rooms := map[string]*room{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(file, root), string(filepath.Separator)))
		if d.IsDir() {
			if name != "" && ignored(file, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(d.Name(), ".go") || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") {
			return nil
		}
		s, err := read(file, name)
		if err != nil {
			return err
		}
		dir := strings.TrimPrefix(path.Dir(name), ".")
		if rooms[dir] == nil {
			rooms[dir] = &room{dir: dir}
		}
		rooms[dir].sources = append(rooms[dir].sources, s)
		return nil
	})
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	if len(rooms) == 0 {
		t.Fatalf("there is no Go package in %s", root)
	}
	var all []room
	for _, r := range rooms {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b room) int { return strings.Compare(a.dir, b.dir) })
	return all
}

// ignored tells whether the go command would pass over the folder, or it is a
// module of its own.
func ignored(dir, name string) bool {
	if name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func read(file, name string) (source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	return parse(name, text)
}

func parse(name string, text []byte) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("parse: %w", err)
	}
	return source{name: name, test: strings.HasSuffix(name, "_test.go"), text: text, set: set, file: file}, nil
}

// root returns the folder of the module that the tests run in.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			t.Fatalf("find go.mod: %v", err)
		}
		dir = filepath.Dir(dir)
	}
}

// plant makes a room out of file texts, for seeing a law being broken.
func plant(t testing.TB, dir string, files map[string]string) room {
	t.Helper()
	r := room{dir: dir}
	for name, text := range files {
		s, err := parse(path.Join(dir, name), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r.sources = append(r.sources, s)
	}
	return r
}
