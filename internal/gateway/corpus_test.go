package gateway_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// A path of the corpus: what a client sends, and what an upstream may see of it.
type oddPath struct {
	raw  string
	path string // empty: nothing
}

// corpus reads the corpus of the parser from its own test, so that the two
// cannot drift apart. Rows that are not literals, which are the long ones, are
// left out.
func corpus(t testing.TB) []oddPath {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../doors/target/corpus_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var rows []oddPath
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); !ok || spec.Names[0].Name != "corpus" {
			return true
		}
		ast.Inspect(n, func(n ast.Node) bool {
			row, ok := n.(*ast.CompositeLit)
			if !ok || len(row.Elts) != 3 {
				return true
			}
			raw, okRaw := literal(row.Elts[0])
			path, okPath := literal(row.Elts[1])
			if okRaw && okPath {
				rows = append(rows, oddPath{raw, path})
			}
			return false
		})
		return false
	})
	if len(rows) < 150 {
		t.Fatalf("only %d rows were read from the corpus", len(rows))
	}
	return rows
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// For every odd path the upstream sees precisely the path that was matched, or
// nothing at all.
func TestCorpus(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	allowed := 0
	for _, row := range corpus(t) {
		replies, _ := gatewaytest.Send(t, k.Addr, "GET "+row.raw+" HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n", 1)
		seen := u.Take()
		switch {
		case row.path == "" && (len(seen) != 0 || len(replies) == 1 && replies[0].Status < 400):
			t.Errorf("%q was answered %v and reached the upstream as %v", row.raw, replies, seen)
		case row.path == "":
		case len(seen) != 1 || pathOf(seen[0].Target()) != row.path || replies[0].Status != 200:
			t.Errorf("%q was answered %v and reached the upstream as %v, want %q", row.raw, replies, seen, row.path)
		case queryOf(seen[0].Target()) != queryOf(row.raw):
			t.Errorf("%q: the query became %q", row.raw, queryOf(seen[0].Target()))
		default:
			allowed++
		}
	}
	if allowed < 40 {
		t.Errorf("only %d paths were forwarded", allowed)
	}
}

func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

func queryOf(target string) string {
	_, query, _ := strings.Cut(target, "?")
	return query
}

// A route that is guarded stays guarded in every spelling: whatever a stranger
// writes, the upstream never sees a path below it.
func TestCorpusAgainstGuardedRoute(t *testing.T) {
	t.Parallel()
	k, u := start(t, func(base string) sallyport.API {
		api := everything(base)
		api.Permissions = []sallyport.PermissionSpec{{Name: "admin"}}
		api.Routes = append(api.Routes, sallyport.Route{ID: "admin", Methods: []string{"*"}, Path: "/admin/{rest...}", AnyOf: []string{"admin"}},
			sallyport.Route{ID: "root", Methods: []string{"*"}, Path: "/admin", AnyOf: []string{"admin"}})
		return api
	})
	for _, row := range corpus(t) {
		gatewaytest.Send(t, k.Addr, "GET "+row.raw+" HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n", 1)
		for _, s := range u.Take() {
			if path := target.Unescape(pathOf(s.Target())); path == "/admin" || strings.HasPrefix(path, "/admin/") {
				t.Errorf("%q reached the guarded path %q", row.raw, s.Target())
			}
		}
	}
}

// FuzzForward holds the promise for any request line: the upstream sees the path
// that was matched, and nothing of a path that was not.
func FuzzForward(f *testing.F) {
	for _, row := range corpus(f) {
		f.Add(row.raw, uint8(0))
		f.Add(row.raw, uint8(7))
	}
	u := gatewaytest.NewUpstream(f)
	var kits [8]*gatewaytest.Kit
	for bits := range kits {
		api := everything(u.URL)
		api.Path = pathSpec(uint8(bits))
		kits[bits] = gatewaytest.Start(f, gatewaytest.Options{}, api)
	}
	f.Fuzz(func(t *testing.T, raw string, bits uint8) {
		if strings.ContainsAny(raw, "\r\n") {
			return // more than one line is the business of the smuggling tests
		}
		bits &= 7
		u.Take()
		gatewaytest.Send(t, kits[bits].Addr, "GET "+raw+" HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n", 1)
		opened := pathSpec(bits)
		want, fault := target.Parse("GET", raw, "api.test", target.Options{
			Scheme: "http", AllowEncodedSlash: opened.AllowEncodedSlash,
			AllowSemicolon: opened.AllowSemicolon, AllowEmptySegments: opened.AllowEmptySegments,
		})
		seen := u.Take()
		switch {
		case len(seen) == 0:
		case len(seen) > 1 || fault != target.OK:
			t.Fatalf("%q (%v) reached the upstream as %v", raw, fault, seen)
		case seen[0].Target() != want.RequestURI():
			t.Fatalf("%q was matched as %q and forwarded as %q", raw, want.RequestURI(), seen[0].Target())
		}
	})
}

func pathSpec(bits uint8) sallyport.PathSpec {
	return sallyport.PathSpec{AllowEncodedSlash: bits&1 != 0, AllowSemicolon: bits&2 != 0, AllowEmptySegments: bits&4 != 0}
}
