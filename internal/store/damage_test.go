package store_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/pgtest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// DB-14: rows edited by hand are errors, whatever is wrong with them: never
// read as unlimited, active or somebody else's.
func TestDamagedRows(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := storetest.File(t)
		db := raw(t, "sqlite", path+"?_pragma=ignore_check_constraints(1)&_pragma=busy_timeout(5000)")
		testDamage(t, storetest.Open(t, "sqlite:"+path, time.Now), db)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := pgtest.DSN(t)
		s := storetest.Open(t, url, time.Now)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		db := raw(t, "pgx", url)
		rows, err := db.QueryContext(t.Context(), `
			SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', conrelid::regclass, conname)
			FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = current_schema()::regnamespace`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var drops []string
		for rows.Next() {
			var drop string
			if err := rows.Scan(&drop); err != nil {
				t.Fatal(err)
			}
			drops = append(drops, drop)
		}
		if err := rows.Err(); err != nil || len(drops) == 0 {
			t.Fatalf("%d constraints, %v", len(drops), err)
		}
		for _, drop := range drops {
			mustExec(t, db, drop)
		}
		testDamage(t, s, db)
	})
}

func testDamage(t *testing.T, s *store.Store, db *sql.DB) {
	t.Helper()
	ctx := t.Context()
	digest := [32]byte{7}
	_, err := s.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertTenant(ctx, &sallyport.Tenant{ID: "t", Name: "t", State: sallyport.Active}),
			tx.InsertUser(ctx, &sallyport.User{ID: "u", Tenant: "t", Kind: sallyport.Person, Login: "u", State: sallyport.Active}),
			tx.InsertRole(ctx, &sallyport.Role{ID: "r", Tenant: "t", Name: "r"}),
			tx.InsertBinding(ctx, &sallyport.Binding{ID: "b", Tenant: "t", SubjectKind: sallyport.SubjectUser, Subject: "u", Role: "r", State: sallyport.Active}),
			tx.InsertCredential(ctx,
				&sallyport.Credential{ID: "c", Tenant: "t", Kind: sallyport.PersonalToken, Owner: "u", State: sallyport.Active},
				&sallyport.CredentialSecret{Digest: digest}),
			tx.InsertFamily(ctx, &store.Family{ID: "f", Tenant: "t", Principal: "u", State: sallyport.Active, Expires: time.Now().Add(time.Hour)}),
			tx.InsertRefreshToken(ctx, &store.RefreshToken{Digest: digest, Family: "f", Expires: time.Now().Add(time.Hour)}),
			tx.InsertAPI(ctx, &store.APIDocument{API: sallyport.API{Name: "a"}}),
			tx.InsertSigningKey(ctx, &store.SigningKey{ID: "k", State: store.KeyActive}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]func() error{
		"tenant":            func() error { _, err := s.Tenant(ctx, "t"); return err },
		"users":             func() error { _, err := s.UserByID(ctx, "u"); return err },
		"binding":           func() error { _, _, err := s.BindingsOfPrincipal(ctx, "u"); return err },
		"credential":        func() error { _, _, err := s.CredentialByDigest(ctx, digest); return err },
		"credential_secret": func() error { _, _, err := s.CredentialByDigest(ctx, digest); return err },
		"family":            func() error { _, _, err := s.RefreshTokenByDigest(ctx, digest); return err },
		"refresh_token":     func() error { _, _, err := s.RefreshTokenByDigest(ctx, digest); return err },
		"api":               func() error { _, err := s.API(ctx, "a"); return err },
		"signing_key":       func() error { _, err := s.SigningKeys(ctx); return err },
	}
	for table, read := range reads {
		if err := read(); err != nil {
			t.Fatalf("%s, undamaged: %v", table, err)
		}
	}
	for _, d := range []struct{ table, column, value string }{
		{"tenant", "state", "''"},
		{"tenant", "state", "'revoked'"},
		{"tenant", "token_max_age", "-1"},
		{"users", "state", "'ACTIVE'"},
		{"users", "kind", "'robot'"},
		{"users", "tenant", "''"},
		{"users", "epoch", "-1"},
		{"binding", "state", "'x'"},
		{"binding", "subject_kind", "'anybody'"},
		{"binding", "tenant", "''"},
		{"binding", "expires", "-5"},
		{"credential", "state", "''"},
		{"credential", "kind", "'magic'"},
		{"credential", "kind", "'password'"},
		{"credential", "tenant", "''"},
		{"credential", "owner", "''"},
		{"credential", "expires", "-1"},
		{"credential", "idle", "-1"},
		{"credential", "uses", "-1"},
		{"credential", "scopes", "''"},
		{"credential", "scopes", "'{}'"},
		{"credential", "networks", `'["anywhere"]'`},
		{"credential", "networks", `'[""]'`},
		{"credential_secret", "expires", "-1"},
		{"credential_secret", "uses", "-1"},
		{"family", "state", "'locked'"},
		{"family", "tenant", "''"},
		{"family", "principal", "''"},
		{"family", "expires", "0"},
		{"family", "scopes", "'read'"},
		{"refresh_token", "expires", "0"},
		{"refresh_token", "used", "-1"},
		{"api", "document", "''"},
		{"api", "document", `'{"name":"b","base_path":"/","upstream":{"url":""}}'`},
		{"api", "document", `'{"name":"a","base_path":"/","upstream":{"url":""},"only_on_sundays":true}'`},
		{"api", "document", `'{"name":"a","base_path":"/","upstream":{"url":""}} {"name":"a"}'`},
		{"signing_key", "state", "'lost'"},
		{"signing_key", "state", "'retired'"},
	} {
		var before any
		if err := db.QueryRowContext(ctx, `SELECT `+d.column+` FROM `+d.table+` WHERE created > 0`).Scan(&before); err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, `UPDATE `+d.table+` SET `+d.column+` = `+d.value+` WHERE created > 0`)
		err := reads[d.table]()
		if !errors.Is(err, store.ErrDamaged) || sallyport.KindOf(err) != sallyport.Internal {
			t.Errorf("%s.%s = %s: %v, want ErrDamaged", d.table, d.column, d.value, err)
		}
		mustExec(t, db, `UPDATE `+d.table+` SET `+d.column+` = $1 WHERE created > 0`, before)
	}
}
