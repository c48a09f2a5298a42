package admin_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"testing"

	_ "modernc.org/sqlite" // to see all of the file

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// file makes a scene and a look at all that is in its database.
func file(t *testing.T) (*scene, func() [32]byte) {
	t.Helper()
	path := storetest.File(t)
	clock := clocktest.New()
	s := furnish(t, admintest.NewOn(t, storetest.Open(t, "sqlite:"+path, clock.Now), clock))
	db := must(sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)"))
	t.Cleanup(func() { _ = db.Close() })
	return s, func() [32]byte { return dump(t, db) }
}

// dump returns a hash over every row of every table.
func dump(t *testing.T, db *sql.DB) [32]byte {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	tables := column(ctx, db, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
	h := sha256.New()
	for _, table := range tables {
		if err := dumpTable(ctx, h, db, table); err != nil {
			t.Fatal(err)
		}
	}
	return [32]byte(h.Sum(nil))
}

func dumpTable(ctx context.Context, to io.Writer, db *sql.DB, table string) error {
	rows, err := db.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(to, "%s %q\n", table, fmt.Sprint(values...))
	}
	return rows.Err()
}

func column(ctx context.Context, db *sql.DB, query string) (out []string) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		panic(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		panic(err)
	}
	return out
}

// allBut returns every permission there is, but these.
func allBut(out ...sallyport.Permission) (list []sallyport.Permission) {
	for _, p := range admin.BuiltInAPI().Permissions {
		if full := sallyport.Permission("sallyport/" + p.Name); !slices.Contains(out, full) {
			list = append(list, full)
		}
	}
	return append(list, "orders/read", "orders/write")
}

func where(o operation, s *scene) sallyport.TenantID {
	if o.every {
		return sallyport.EveryTenant
	}
	return s.in
}

// TestOperations plays every use case with a caller who lacks exactly what it
// needs, with one who has it all in another tenant, with a token that is limited
// to something else, and at last with one who holds no more than it needs.
func TestOperations(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s, contents := file(t)
			callers := map[string]admin.Actor{
				"nobody":           {},
				"without rights":   s.Person(s.in),
				"in other tenant":  s.Person(s.T2.ID, admin.Everything),
				"limited to apis":  limited(t, s, s.in, "orders"),
				"limited tenant":   limited(t, s, s.T2.ID),
				"was deactivated":  gone(t, s),
				"has lost a token": revoked(t, s),
			}
			for _, p := range o.needs {
				lacking := s.Person(s.in)
				s.Give(lacking.Principal.ID, where(o, s), allBut(p)...)
				callers["lacks "+string(p)] = lacking
			}
			exact := s.Person(s.in)
			s.Give(exact.Principal.ID, where(o, s), append(slices.Clone(o.needs), o.holds...)...)

			before := contents()
			for who, a := range callers {
				s.a = a
				err := o.run(s)
				checkRefusal(t, o, who, err)
				if contents() != before {
					t.Fatalf("%s: refused, but something has changed", who)
				}
			}
			s.a = exact
			checkSuccess(t, o, s)
		})
	}
}

// checkRefusal checks how a caller was refused.
func checkRefusal(t *testing.T, o operation, who string, err error) {
	t.Helper()
	e, ok := err.(*sallyport.Error) //nolint:errorlint // it is what callers look at
	if !ok {
		t.Errorf("%s: err = %v (%T), want a refusal", who, err, err)
		return
	}
	kind, reason := sallyport.Refused, sallyport.PermissionMissing
	switch who {
	case "nobody", "was deactivated":
		reason = sallyport.OwnerInactive
	case "has lost a token":
		reason = sallyport.CredentialRevoked
	case "limited to apis":
		reason = sallyport.ScopeInsufficient
	case "in other tenant", "limited tenant":
		if !o.every {
			kind = sallyport.NotFound
		} else if who == "limited tenant" {
			reason = sallyport.TenantForbidden
		}
	}
	if slices.Contains([]string{"CreateTenant below", "Plan", "Apply", "StartShadow"}, o.name) && kind == sallyport.NotFound {
		kind = sallyport.Invalid // of the field that names the parent
	}
	if o.name == "DeleteTenant" && who == "without rights" {
		kind = sallyport.NotFound // he is no member of the child
	}
	if (o.name == "DeactivateTenant" || o.name == "ReactivateTenant" || o.name == "DeleteTenant") && (who == "in other tenant" || who == "limited tenant") {
		kind = sallyport.NotFound
	}
	if e.Kind != kind || kind == sallyport.Refused && e.Reason != reason {
		t.Errorf("%s: err = %v (kind %d, reason %q), want kind %d, reason %q", who, err, e.Kind, e.Reason, kind, reason)
	}
	if reason == sallyport.PermissionMissing && kind == sallyport.Refused && (len(e.Missing) != 1 || !slices.Contains(o.needs, e.Missing[0])) {
		t.Errorf("%s: missing = %q, want one of %q", who, e.Missing, o.needs)
	}
}

// checkSuccess checks that a caller who holds just enough may, and that a change
// left one entry and one revision.
func checkSuccess(t *testing.T, o operation, s *scene) {
	t.Helper()
	if o.name == "RemoveMember" || o.name == "Member" { // so that there is one
		if err := s.AddMember(s.ctx, admin.System("test"), s.in, s.group.ID, s.user.ID); err != nil {
			t.Fatal(err)
		}
	}
	revision, seq := state(s)
	if err := o.run(s); err != nil {
		t.Errorf("with no more than is needed: %v", err)
		return
	}
	now, end := state(s)
	want := max(o.rows, 1)
	if o.looks {
		want = 0
	}
	if end-seq != int64(want) {
		t.Errorf("%d entries in the trail, want %d", end-seq, want)
	}
	switch {
	case o.looks && now != revision:
		t.Errorf("a look has drawn a revision")
	case !o.looks && !o.notes && now != revision+1:
		t.Errorf("the change has drawn %d revisions, want 1", now-revision)
	}
	if report, err := s.VerifyAudit(s.ctx, s.Root, 0, 0); err != nil || !report.OK() {
		t.Errorf("the trail is broken: %+v, %v", report, err)
	}
}

func state(s *scene) (sallyport.Revision, int64) {
	revision := must(s.Store.Revision(s.ctx))
	seq, _, err := s.Store.AuditHead(s.ctx)
	if err != nil {
		panic(err)
	}
	return revision, seq
}

// limited returns an administrator who uses a token of his that is limited to a
// tenant or, with scopes, to these.
func limited(t *testing.T, s *scene, tenant sallyport.TenantID, scopes ...string) admin.Actor {
	t.Helper()
	a := s.Person(s.in)
	s.Give(a.Principal.ID, sallyport.EveryTenant, admin.Everything)
	in := admin.NewToken{Name: "limited", Scopes: scopes}
	if scopes == nil {
		in.Tenant = tenant
	}
	c := must(s.CreateToken(s.ctx, a, in)).Credential
	a = admintest.With(a, c)
	a.Scopes, a.Tenant = nil, "" // even if a surface forgets them
	return a
}

// gone returns an administrator who was deactivated since he was let in.
func gone(t *testing.T, s *scene) admin.Actor {
	t.Helper()
	a := s.Person(s.in)
	s.Give(a.Principal.ID, sallyport.EveryTenant, admin.Everything)
	must(s.DeactivateUser(s.ctx, admin.System("test"), s.in, a.Principal.ID, anyVersion))
	return a
}

// revoked returns an administrator whose token was revoked since he was let in.
func revoked(t *testing.T, s *scene) admin.Actor {
	t.Helper()
	a := s.Person(s.in)
	s.Give(a.Principal.ID, sallyport.EveryTenant, admin.Everything)
	c := must(s.CreateToken(s.ctx, a, admin.NewToken{Name: "lost"})).Credential
	if err := s.RevokeToken(s.ctx, a, c.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	return admintest.With(a, c)
}

// TestRollback has the audit trail fail: then nothing else has happened either.
func TestRollback(t *testing.T) {
	t.Parallel()
	path := storetest.File(t)
	clock := clocktest.New()
	s := furnish(t, admintest.NewOn(t, storetest.Open(t, "sqlite:"+path, clock.Now), clock))
	db := must(sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)"))
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(s.ctx, `CREATE TRIGGER broken BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no audit'); END`); err != nil {
		t.Fatal(err)
	}
	s.a = s.Root
	before := dump(t, db)
	for _, o := range operations() {
		if o.looks {
			continue
		}
		if o.name == "RemoveMember" {
			continue // there is none, so nothing is written
		}
		if err := o.run(s); err == nil {
			t.Errorf("%s: done without an entry in the trail", o.name)
		}
		if dump(t, db) != before {
			t.Fatalf("%s: failed, but something has changed", o.name)
		}
	}
}
