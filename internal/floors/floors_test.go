package floors

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors lists every room, ground floor first. A room is a package together
// with the packages in its folder that are not rooms of their own.
//
// A package imports only from floors below its own and inside its own room, or
// from the room its own room is in (internal/dialect/itop from
// internal/dialect) and the other way round.
var floors = [][]string{
	{""},
	{
		"internal/store", "internal/config", "internal/respond", "internal/telemetry", "api",
		"internal/token", "internal/password", "internal/login", // docs/adr/0002
		"internal/strictjson", "internal/openapi", "internal/foreign",
	},
	{"internal/authn", "internal/policy", "internal/audit", "internal/leaks"},
	{"internal/admin", "internal/doors"},
	{
		"internal/node", "internal/gateway", "internal/decide", "internal/httpapi", "internal/oauth", "internal/console",
		"internal/dialect", "internal/dialect/itadvisor", "internal/dialect/truesight",
		"internal/dialect/orchestrator", "internal/dialect/itop", "internal/dialect/edgeintel",
	},
	{"guard", "client"},
	{"cmd/sallyport"},
}

// beside are the folders beside the house. They may import anything, and
// nothing in the house imports them.
var beside = []string{"demo", "bench", "test", "examples", "docs", "deploy", "scripts"}

// doorsToTheGarden are the only imports from the house to what stands beside it.
var doorsToTheGarden = map[string]string{"cmd/sallyport": "demo"}

// within tells whether the package dir is room or inside it.
func within(dir, room string) bool {
	return dir == room || strings.HasPrefix(dir, room+"/")
}

// roomOf returns the room that dir belongs to and its floor: the most precise
// one that fits. The root package has no packages inside it.
func roomOf(dir string) (floor int, room string, found bool) {
	for i, names := range floors {
		for _, name := range names {
			fits := dir == name || name != "" && within(dir, name)
			if fits && (!found || len(name) > len(room)) {
				floor, room, found = i, name, true
			}
		}
	}
	return floor, room, found
}

func isBeside(dir string) bool {
	return slices.ContainsFunc(beside, func(name string) bool { return within(dir, name) })
}

// isHelper tells whether dir is a package that only tests import.
func isHelper(dir string) bool {
	return strings.HasSuffix(path.Base(dir), "test") || dir == "internal/floors"
}

// faults returns every break of the floors by the production files of r.
func faults(t testing.TB, r room) []string {
	t.Helper()
	if isBeside(r.dir) || isHelper(r.dir) {
		return nil
	}
	floor, name, found := roomOf(r.dir)
	if !found {
		return []string{fmt.Sprintf("%s is on no floor; give it one in floors_test.go", r.dir)}
	}
	var all []string
	for _, s := range r.production() {
		for _, imported := range s.imports(t) {
			if imported != modulePath && !strings.HasPrefix(imported, modulePath+"/") {
				continue
			}
			dir := strings.TrimPrefix(strings.TrimPrefix(imported, modulePath), "/")
			if fault := importFault(r.dir, floor, name, dir); fault != "" {
				all = append(all, s.name+": "+fault)
			}
		}
	}
	return all
}

// importFault says what is wrong with the import of dir by the package from,
// which is on that floor and in that room.
func importFault(from string, floor int, room, dir string) string {
	switch {
	case isHelper(dir):
		return fmt.Sprintf("imports %s, which is for tests", dir)
	case isBeside(dir):
		if garden, ok := doorsToTheGarden[room]; ok && within(dir, garden) {
			return ""
		}
		return fmt.Sprintf("imports %s, which stands beside the house", dir)
	}
	below, other, found := roomOf(dir)
	switch {
	case !found:
		return fmt.Sprintf("imports %s, which is on no floor", dir)
	case below < floor, other == room:
		return ""
	case below > floor:
		return fmt.Sprintf("%s (floor %d) imports %s (floor %d)", from, floor, dir, below)
	case within(room, other), within(other, room):
		return ""
	}
	return fmt.Sprintf("%s imports %s of the same floor (%d)", from, dir, floor)
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, r := range house(t, root(t)) {
		for _, fault := range faults(t, r) {
			t.Error(fault)
		}
	}
}

func TestFloorsSeePlantedFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, imported string
		want           string // part of the fault; empty for none
	}{
		{"internal/store", "", ""},
		{"internal/admin", "/internal/store", ""},
		{"internal/store/migrations", "/internal/store", ""},
		{"internal/store", "/internal/store/migrations", ""},
		{"internal/dialect/itop", "/internal/dialect", ""},
		{"internal/dialect", "/internal/dialect/itop", ""},
		{"cmd/sallyport", "/demo", ""},
		{"cmd/sallyport", "/guard", ""},
		{"demo/platform", "/internal/store", ""},
		{"test/blackbox", "/client", ""},
		{"internal/store/storetest", "/internal/admin", ""},
		{"", "/internal/store", "imports internal/store (floor 1)"},
		{"internal/store", "/internal/admin", "(floor 1) imports internal/admin (floor 3)"},
		{"internal/store", "/internal/respond", "of the same floor"},
		{"internal/doors", "/internal/admin", "of the same floor"},
		{"internal/gateway", "/internal/decide/http", "of the same floor"},
		{"internal/dialect/itop", "/internal/dialect/truesight", "of the same floor"},
		{"guard", "/cmd/sallyport", "(floor 6)"},
		{"internal/gateway", "/demo", "beside the house"},
		{"cmd/sallyport", "/bench", "beside the house"},
		{"internal/gateway", "/internal/store/storetest", "for tests"},
		{"internal/gateway", "/internal/nowhere", "on no floor"},
		{"internal/nowhere", "", "is on no floor"},
		{"internal/storehouse", "", "is on no floor"},
		{"middleware", "", "is on no floor"},
	} {
		text := fmt.Sprintf("package p\nimport _ %q\n", modulePath+tt.imported)
		got := strings.Join(faults(t, plant(t, tt.from, map[string]string{"p.go": text})), "\n")
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%q imports %q: %q, want %q", tt.from, tt.imported, got, tt.want)
		}
	}
}

// The laws are about production code: what a test imports is its own affair.
func TestFloorsLetTestsImportAnything(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf("package p\nimport _ %q\n", modulePath+"/internal/store")
	if got := faults(t, plant(t, "", map[string]string{"p_test.go": text})); len(got) != 0 {
		t.Errorf("a test file broke the floors: %q", got)
	}
}
