package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store/pgtest"
)

// A list query has one lower bound for each column. Of two, SQLite looks for the
// one in the index and walks over all rows between it and the other: a search
// gets slower the later in the alphabet its matches are.
func TestListsHaveOneLowerBound(t *testing.T) {
	t.Parallel()
	for name, query := range queries(t) {
		if column := boundedTwice(query); column != "" {
			t.Errorf("%s has two lower bounds of %s:%s", name, column, query)
		}
	}
	if got := boundedTwice(`WHERE u.login > $2 AND u.login >= $3 AND u.login <= $4`); got != "u.login" {
		t.Errorf("two lower bounds are not found: %q", got)
	}
}

// boundedTwice returns a column that has two lower bounds; empty: there is none.
func boundedTwice(query string) string {
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`([a-z_.]+) >=? \$\d`).FindAllStringSubmatch(query, -1) {
		if seen[m[1]] {
			return m[1]
		}
		seen[m[1]] = true
	}
	return ""
}

// Each list that can be long is read in its order from an index in which it
// begins where the page does: no row is looked at that comes before, and nothing
// is sorted. The plan is that of empty tables without statistics, so it holds by
// the shape of the query alone.
func TestListsReadOneRange(t *testing.T) {
	t.Parallel()
	plans := []struct {
		query  string
		args   int
		lite   string // the range, as SQLite calls it
		index  string // of PostgreSQL
		bounds []string
	}{
		{selectUsers, 6, "users_tenant (tenant=? AND login>? AND login<?)", "users_tenant", []string{"login >= ", "login <= "}},
		{selectEveryUser, 6, "(login>? AND login<?)", "users_login_key", []string{"login >= ", "login <= "}},
		// Of empty tables PostgreSQL knows no difference between the two indexes of kinds, or states,
		// and takes the newer; SQLite takes the older.
		{selectUsersOfKind, 6, "users_tenant_kind (tenant=? AND kind=? AND login>? AND login<?)", "users_kind", []string{"kind = ", "login >= ", "login <= "}},
		{selectEveryUserOfKind, 6, "users_kind (kind=? AND login>? AND login<?)", "users_kind", []string{"kind = ", "login >= ", "login <= "}},
		{selectUsersInState, 6, "users_tenant_state (tenant=? AND state=? AND login>? AND login<?)", "users_state", []string{"state = ", "login >= ", "login <= "}},
		{selectEveryUserInState, 6, "users_state (state=? AND login>? AND login<?)", "users_state", []string{"state = ", "login >= ", "login <= "}},
		{selectTenants, 5, "(name>? AND name<?)", "tenant_name_key", []string{"name >= ", "name <= "}},
		{selectGroups, 4, "(tenant=? AND name>? AND name<?)", "user_group_tenant_name_key", []string{"name >= ", "name <= "}},
		{selectRoles, 4, "(tenant=? AND name>? AND name<?)", "role_tenant_name_key", []string{"name >= ", "name <= "}},
		{selectRealms, 3, "(tenant=? AND name>?)", "realm_pkey", []string{"name > "}},
		{selectBindings, 8, "binding_tenant (tenant=? AND (created,id)>(?,?))", "binding_tenant", []string{"ROW(created, id) > "}},
		{selectBindingsOfSubject, 8, "binding_of_subject (subject=? AND tenant=? AND (created,id)>(?,?))", "binding_of_subject", []string{"subject = ", "ROW(created, id) > "}},
		{selectBindingsOfRole, 8, "binding_of_role (role=? AND tenant=? AND (created,id)>(?,?))", "binding_of_role", []string{"role = ", "ROW(created, id) > "}},
		{selectHolders, 6, "binding_holder (role=? AND tenant=? AND subject_kind=? AND (subject,id)>(?,?))", "binding_holder", []string{"role = ", "subject_kind = ", "ROW(subject, id) > "}},
		{selectEveryBinding, 8, "binding_created ((created,id)>(?,?))", "binding_created", []string{"ROW(created, id) > "}},
		{selectCredentials, 7, "credential_tenant (tenant=? AND (created,id)>(?,?))", "credential_tenant", []string{"ROW(created, id) > "}},
		{selectCredentialsOfKind, 7, "credential_kind (tenant=? AND kind=? AND (created,id)>(?,?))", "credential_kind", []string{"kind = ", "ROW(created, id) > "}},
		{selectCredentialsOf, 7, "credential_owner (owner=? AND (created,id)>(?,?))", "credential_owner", []string{"ROW(created, id) > "}},
		{selectCredentialsOfByKind, 7, "credential_owner_kind (owner=? AND kind=? AND (created,id)>(?,?))", "credential_owner_kind", []string{"kind = ", "ROW(created, id) > "}},
		{selectExpiring, 4, "credential_tenant_expires (tenant=? AND expires>? AND expires<?)", "credential_tenant_expires", []string{"expires >= ", "expires < "}},
		{selectEveryExpiring, 4, "credential_expires (expires>? AND expires<?)", "credential_expires", []string{"expires >= ", "expires < "}},
		{selectFamilies, 5, "family_tenant (tenant=? AND (created,id)>(?,?))", "family_tenant", []string{"ROW(created, id) > "}},
		{selectFamiliesOf, 5, "family_principal (principal=? AND (created,id)>(?,?))", "family_principal", []string{"ROW(created, id) > "}},
		{selectAudit, 11, "audit_entry_tenant (tenant=? AND seq>? AND seq<?)", "audit_entry_tenant", []string{"seq < ", "seq > "}},
		{selectAuditOfTarget, 11, "audit_entry_target (target_id=? AND seq>? AND seq<?)", "audit_entry_target", []string{"seq < ", "seq > "}},
		{selectAuditOfActor, 11, "audit_entry_actor (actor_id=? AND seq>? AND seq<?)", "audit_entry_actor", []string{"seq < ", "seq > "}},
		{selectEveryAuditOfActor, 11, "audit_entry_actor (actor_id=? AND seq>? AND seq<?)", "audit_entry_actor", []string{"seq < ", "seq > "}},
		{selectMembers, 4, "sqlite_autoindex_member_1 (user_group=? AND principal>?)", "member_pkey", []string{"user_group = ", "principal > "}},
		{selectMembersFrom, 4, "sqlite_autoindex_member_1 (user_group=? AND principal>?)", "member_pkey", []string{"user_group = ", "principal > "}},
		{selectEveryAudit, 11, "PRIMARY KEY (rowid>? AND rowid<?)", "audit_entry_pkey", []string{"seq < ", "seq > "}},
		{selectDecisions, 13, "decision_tenant (tenant=? AND at>? AND (at,request_id)<(?,?))", "decision_tenant", []string{"ROW(at, request_id) < "}},
		{selectDecisionsOf, 13, "decision_principal (principal=? AND at>? AND (at,request_id)<(?,?))", "decision_principal", []string{"ROW(at, request_id) < "}},
	}
	for _, url := range []string{"sqlite:" + t.TempDir() + "/store.db", pgtest.DSN(t)} {
		s, err := Open(t.Context(), url, Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range plans {
			plan := planOf(t.Context(), t, s, want.query, want.args)
			if strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "Sort") && !strings.Contains(plan, "Incremental Sort") {
				t.Errorf("%s sorts:%s\n%s", s.Engine(), want.query, plan)
			}
			if s.dialect == SQLite {
				if !strings.Contains(plan, want.lite) {
					t.Errorf("SQLite does not search %s:%s\n%s", want.lite, want.query, plan)
				}
				continue
			}
			_, condition, _ := strings.Cut(plan, "Index Cond: ")
			condition, _, _ = strings.Cut(condition, "\n")
			for _, bound := range append(want.bounds, "") {
				if !strings.Contains(plan, "Scan using "+want.index+" ") && !strings.Contains(plan, "Scan Backward using "+want.index+" ") || !strings.Contains(condition, bound) {
					t.Errorf("PostgreSQL does not search %s by %q:%s\n%s", want.index, bound, want.query, plan)
					break
				}
			}
		}
	}
}

// What is over is found by when it ended: a sweep that went through all that is there
// would keep writers waiting, every ten minutes, for as long as there is much.
func TestSweepsReadWhatIsOver(t *testing.T) {
	t.Parallel()
	whole := regexp.MustCompile(`SCAN [a-z_]+.*|Seq Scan on [a-z_]+`)
	for _, url := range []string{"sqlite:" + t.TempDir() + "/store.db", pgtest.DSN(t)} {
		s, err := Open(t.Context(), url, Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, sweep := range []struct {
			query string
			args  int
		}{
			{buryDead, 3},
			{deleteDeadSecrets, 2},
			{deleteDeadCredentials, 2},
			{buryReplaced, 2},
			{deleteOldSecrets, 1},
			{deleteDeadTokens, 1},
			{deleteDeadFamilies, 1},
			{forgetSuccessors, 2},
			{pruneIdempotency, 1},
			{pruneThrottles, 2},
			{pruneDecisions, 1},
			{pruneTombstones, 1},
			{pruneUseDays, 1},
			{pruneUses, 1},
			{selectUnwarned, 3},
		} {
			plan := planOf(t.Context(), t, s, sweep.query, sweep.args)
			if found := whole.FindString(plan); found != "" {
				t.Errorf("%s: %s in%s\n%s", s.Engine(), found, sweep.query, plan)
			}
		}
	}
}

// planOf returns how an engine would run a query.
func planOf(ctx context.Context, t *testing.T, s *Store, query string, args int) string {
	t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	conn, err := s.write.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if s.dialect == PostgreSQL {
		explain = "EXPLAIN (COSTS OFF) EXECUTE q"
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", args), ", ")
		for _, set := range []string{
			"SET plan_cache_mode = force_generic_plan", // not for these arguments alone
			"SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off",
			"PREPARE q AS " + query,
		} {
			if _, err := conn.ExecContext(ctx, set); err != nil {
				t.Fatalf("%s: %v", set, err)
			}
		}
		defer func() { _, _ = conn.ExecContext(ctx, "DEALLOCATE q") }()
		query = "(" + nulls + ")"
	}
	var given []any
	if s.dialect == SQLite {
		for range args {
			given = append(given, "")
		}
	}
	rows, err := conn.QueryContext(ctx, explain+query, given...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var line string
		into := []any{&line}
		if s.dialect == SQLite {
			var id, parent, unused int
			into = []any{&id, &parent, &unused, &line}
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
