package store

import (
	"context"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// queries returns the statements that are constants of this package, by name.
// Parts of statements are left out: those begin in the middle.
func queries(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	var parsed []*ast.File
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	// Imports are not resolved: the values of constants do not need them.
	config := types.Config{Error: func(error) {}, Importer: nothing{}}
	pkg, _ := config.Check("store", files, parsed, nil)

	begins := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\s`)
	all := make(map[string]string)
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || c.Val().Kind() != constant.String || !begins.MatchString(constant.StringVal(c.Val())) {
			continue
		}
		if !strings.HasSuffix(strings.TrimSpace(constant.StringVal(c.Val())), " AND") {
			all[name] = constant.StringVal(c.Val())
		}
	}
	for _, d := range []dialect{SQLite, PostgreSQL} {
		for name, b := range batches() {
			all[string(d)+" "+name] = b.query(d, 2)
		}
	}
	if len(all) < 100 {
		t.Fatalf("found %d queries; that cannot be all", len(all))
	}
	return all
}

// batches are the statements over lists.
func batches() map[string]batchText {
	return map[string]batchText{
		"insertChanges": insertChanges, "insertPermissions": insertPermissions,
		"insertPolicyItems": insertPolicyItems,
		"countCredentials":  countCredentials, "countSecrets": countSecrets, "addFailures": addFailures,
		"insertDecisions": insertDecisions, "insertUses": insertUses, "addUses": addUses, "addDifferences": addDifferences,
	}
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	return types.NewPackage(path, path[strings.LastIndex(path, "/")+1:]), nil
}

// Placeholders first appear in the order of their numbers: SQLite numbers them
// by first appearance.
func TestPlaceholdersInOrder(t *testing.T) {
	t.Parallel()
	for name, query := range queries(t) {
		if n := outOfOrder(query); n != 0 {
			t.Errorf("%s: $%d is out of order in%s", name, n, query)
		}
	}
	if got := outOfOrder(`SELECT $2 || $1`); got != 2 {
		t.Errorf("a query out of order is not found: %d", got)
	}
}

// outOfOrder returns the first placeholder that comes too early, or 0.
func outOfOrder(query string) int {
	next := 1
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(query, -1) {
		n, _ := strconv.Atoi(m[1])
		switch {
		case n > next:
			return n
		case n == next:
			next++
		}
	}
	return 0
}

// crossing are the queries on rows of tenants that may do without one, each
// with the method that the package comment allows it to.
var crossing = []string{
	"selectUserByID", "selectUserByLogin", "touchLogin", "deleteBindingsOf", // of one principal
	"selectCredentialByID", "selectCredentialsByID", "selectByDigest", "selectCredentialsOf", "selectCredentialsOfByKind", "revokeCredentialsOf", "revokeBegunWith",
	"selectGroupsOf", "selectBindingsOf",
	"selectFamilyByID", "selectFamiliesOf", "endFamiliesOf", "endFamiliesBegun",
	"selectRefreshByDigest", "useRefreshToken", // by digest
	"selectDecision", "selectDecisionsOf", "pruneDecisions", // by id, of one principal, of the installation
	"selectUsesOf", "selectUseDays", "pruneUses",
	"selectUnwarned", "markWarned", "burial", "buryDead", "buryReplaced", "selectLastName", // of the installation, by id
	"selectEveryRole", "selectAuditFrom", "selectPolicyItemsOf", // of the installation
	"deadCredentials", "deleteDeadSecrets", "deleteDeadCredentials", "deadFamilies", "deleteDeadTokens", "deleteDeadFamilies",
	"sqlite countCredentials", "postgres countCredentials", // by id
}

// Every query on a tenant's rows has the tenant in its WHERE, or is one of a
// short list.
func TestTenantInEveryWhere(t *testing.T) {
	t.Parallel()
	owned := regexp.MustCompile(`(?i)\b(FROM|JOIN|UPDATE(?: OR FAIL)?)\s+(realm|users|user_group|role|binding|credential|family|audit_entry|decision|policy_item|permission_use)\b`)
	where := regexp.MustCompile(`(?is)\bWHERE\b.*\b(u\.)?tenant\s*(=|<>)\s*\$`)
	var found []string
	for name, query := range queries(t) {
		if !owned.MatchString(query) || where.MatchString(query) || strings.HasSuffix(name, "Columns") {
			continue
		}
		found = append(found, name)
		if !slices.Contains(crossing, name) {
			t.Errorf("%s has no tenant in its WHERE:%s", name, query)
		}
	}
	for _, name := range crossing {
		if !slices.Contains(found, name) {
			t.Errorf("%s is on the list of exceptions, but is none", name)
		}
	}
	if where.MatchString(`SELECT tenant FROM users WHERE id = $1`) {
		t.Error("a query without tenant is not found")
	}
}

// Each engine understands each query.
func TestBothEnginesPrepareEveryQuery(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"sqlite:" + t.TempDir() + "/store.db", pgtest.DSN(t)} {
		s, err := Open(t.Context(), url, Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, query := range queries(t) {
			if foreign(s.dialect, name) {
				continue
			}
			if err := prepare(t.Context(), s, query); err != nil {
				t.Errorf("%s does not take %s: %v", s.Engine(), name, err)
			}
		}
	}
}

func prepare(ctx context.Context, s *Store, query string) error {
	stmt, err := s.write.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	return nil
}

// foreign reports whether a query is of the other engine alone.
func foreign(d dialect, name string) bool {
	if d == SQLite {
		return slices.Contains([]string{"lockWriters", "lockMigrations", "unlockMigration", "postgresTables"}, name) ||
			strings.HasPrefix(name, PostgreSQL)
	}
	return slices.Contains([]string{"sqliteVersion", "sqliteTables"}, name) || strings.HasPrefix(name, SQLite+" ")
}

// The migrations of the engines have the same numbers and say the same, but for
// the names of the types.
func TestMigrationsAgree(t *testing.T) {
	t.Parallel()
	names := func(engine string) (out []string) {
		entries, err := migrations.ReadDir("migrations/" + engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return out
	}
	lite, big := names(SQLite), names(PostgreSQL)
	if !slices.Equal(lite, big) {
		t.Fatalf("migrations differ: %q and %q", lite, big)
	}
	if len(lite) != schemaVersion {
		t.Errorf("schemaVersion = %d, but there are %d migrations", schemaVersion, len(lite))
	}
	translate := strings.NewReplacer(` COLLATE "C"`, "", "BIGINT", "INTEGER", "BYTEA", "BLOB", ") STRICT;", ");",
		"decode(repeat('00', 32), 'hex')", "X'"+strings.Repeat("0", 64)+"'")
	for _, name := range lite {
		a, err := migrations.ReadFile("migrations/sqlite/" + name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := migrations.ReadFile("migrations/postgres/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if n, c := strings.Count(string(b), "TEXT"), strings.Count(string(b), `TEXT COLLATE "C"`); n != c {
			t.Errorf("%s: %d of %d texts do not compare byte by byte in PostgreSQL", name, n-c, n)
		}
		la, lb := strings.Split(translate.Replace(string(a)), "\n"), strings.Split(translate.Replace(string(b)), "\n")
		for i := range min(len(la), len(lb)) {
			if la[i] != lb[i] {
				t.Fatalf("%s, line %d: %q in SQLite, %q in PostgreSQL", name, i+1, la[i], lb[i])
			}
		}
		if len(la) != len(lb) {
			t.Errorf("%s: %d lines in SQLite, %d in PostgreSQL", name, len(la), len(lb))
		}
	}
}
