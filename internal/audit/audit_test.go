package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	_ "modernc.org/sqlite" // to tamper with the file behind the store's back

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func entry(n int) audit.Entry {
	return audit.Entry{
		At: noon.Add(time.Duration(n) * time.Second), Tenant: "*",
		Actor:  audit.Actor{ID: "5a11f0e7-0000-4000-8000-0000000000aa", Kind: "person", Name: "alice"},
		Action: "role.update", Target: audit.Target{Kind: "role", ID: fmt.Sprint(n), Name: "reader"},
		Before: map[string]any{"title": "a"}, After: map[string]any{"title": "b", "n": n},
		RequestID: "r1", Address: "192.0.2.1",
	}
}

func write(t *testing.T, s *store.Store, entries ...audit.Entry) {
	t.Helper()
	for _, e := range entries {
		_, err := s.Write(t.Context(), func(tx *store.Tx) error { return audit.Append(t.Context(), tx, e) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// trail makes a store with ten entries and returns it with its file.
func trail(t *testing.T) (*store.Store, *sql.DB) {
	t.Helper()
	path := storetest.File(t)
	s := storetest.Open(t, "sqlite:"+path, func() time.Time { return noon })
	for n := range 10 {
		write(t, s, entry(n))
	}
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return s, db
}

func TestVerifyFindsWhatWasDone(t *testing.T) {
	t.Parallel()
	const copyRow = `INSERT INTO audit_entry SELECT %s, at, tenant, actor_id, actor_name, actor_kind, action, target_kind, target_id,
		target_name, before, after, request_id, address, prev, hash FROM audit_entry WHERE seq = %s`
	for name, tt := range map[string]struct {
		tamper []string
		seq    int64
		kind   audit.BreakKind
	}{
		"nothing":                {nil, 0, ""},
		"edited after":           {[]string{`UPDATE audit_entry SET after = '{}' WHERE seq = 4`}, 4, audit.Edited},
		"edited actor":           {[]string{`UPDATE audit_entry SET actor_name = 'mallory' WHERE seq = 1`}, 1, audit.Edited},
		"edited time":            {[]string{`UPDATE audit_entry SET at = at + 1 WHERE seq = 10`}, 10, audit.Edited},
		"edited tenant":          {[]string{`UPDATE audit_entry SET tenant = 't2' WHERE seq = 5`}, 5, audit.Edited},
		"moved between fields":   {[]string{`UPDATE audit_entry SET before = '', after = before || after WHERE seq = 5`}, 5, audit.Edited},
		"deleted in the middle":  {[]string{`DELETE FROM audit_entry WHERE seq = 4`}, 5, audit.Missing},
		"deleted at the start":   {[]string{`DELETE FROM audit_entry WHERE seq = 1`}, 2, audit.Missing},
		"deleted at the end":     {[]string{`DELETE FROM audit_entry WHERE seq > 8`}, 9, audit.Missing},
		"all deleted":            {[]string{`DELETE FROM audit_entry`}, 1, audit.Missing},
		"deleted and renumbered": {[]string{`DELETE FROM audit_entry WHERE seq = 4`, `UPDATE audit_entry SET seq = seq - 1 WHERE seq > 4`, `UPDATE audit_head SET seq = 9`}, 4, audit.Edited},
		"swapped": {[]string{
			`UPDATE audit_entry SET seq = 100 WHERE seq = 4`, `UPDATE audit_entry SET seq = 4 WHERE seq = 5`, `UPDATE audit_entry SET seq = 5 WHERE seq = 100`,
		}, 4, audit.Edited},
		"appended":            {[]string{fmt.Sprintf(copyRow, "11", "10")}, 11, audit.Edited},
		"cut, with the head":  {[]string{`DELETE FROM audit_entry WHERE seq = 10`, `UPDATE audit_head SET seq = 9`}, 9, audit.Edited},
		"hash of wrong shape": {[]string{`UPDATE audit_entry SET hash = x'00' WHERE seq = 3`}, 1, audit.Edited},
		"hash":                {[]string{`UPDATE audit_entry SET hash = zeroblob(32) WHERE seq = 3`}, 3, audit.Edited},
		"link":                {[]string{`UPDATE audit_entry SET prev = zeroblob(32) WHERE seq = 3`}, 3, audit.Edited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, db := trail(t)
			for _, q := range tt.tamper {
				if _, err := db.ExecContext(t.Context(), q); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
			}
			report, err := audit.Verify(t.Context(), s, audit.Check{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.seq == 0 {
				if !report.OK() || report.Entries != 10 || report.Head != 10 {
					t.Errorf("Verify = %+v, want ten good entries", report)
				}
				return
			}
			if len(report.Breaks) == 0 {
				t.Fatalf("Verify found nothing; report %+v", report)
			}
			if b := report.Breaks[0]; b.Seq != tt.seq || b.Kind != tt.kind {
				t.Errorf("first break = %+v, want %s at %d", b, tt.kind, tt.seq)
			}
		})
	}
}

// TestVerifyFindsForgedEntry has an entry inserted by somebody who can compute
// its hash: what is wrong then is the place.
func TestVerifyFindsForgedEntry(t *testing.T) {
	t.Parallel()
	s, db := trail(t)
	other := storetest.New(t)
	write(t, other, entry(0), entry(1), entry(2), entry(77))
	rows, err := other.AuditAfter(t.Context(), 3, 1)
	if err != nil || len(rows) != 1 {
		t.Fatalf("AuditAfter = %d rows, %v", len(rows), err)
	}
	r := rows[0]
	_, err = db.ExecContext(t.Context(), `UPDATE audit_entry SET at = ?, target_id = ?, after = ?, prev = ?, hash = ? WHERE seq = 4`,
		r.Time.UnixMicro(), r.TargetID, r.After, r.Prev[:], r.Hash[:])
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(t.Context(), s, audit.Check{})
	want := audit.Break{Seq: 5, Kind: audit.Inserted}
	if err != nil || len(report.Breaks) != 1 || report.Breaks[0].Seq != want.Seq || report.Breaks[0].Kind != want.Kind {
		t.Errorf("Verify = %+v, %v, want one break, %s at %d", report.Breaks, err, want.Kind, want.Seq)
	}
}

func TestVerifyPart(t *testing.T) {
	t.Parallel()
	s, db := trail(t)
	if _, err := db.ExecContext(t.Context(), `UPDATE audit_entry SET after = '{}' WHERE seq = 6`); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from, to int64
		entries  int64
		breaks   int
	}{
		{1, 5, 5, 0}, {7, 10, 4, 0}, {7, 0, 4, 0}, {6, 6, 1, 1}, {5, 7, 3, 1}, {1, 100, 10, 1}, {10, 10, 1, 0}, {11, 0, 0, 0},
	} {
		var seen int64
		report, err := audit.Verify(t.Context(), s, audit.Check{From: tt.from, To: tt.to, Progress: func(n int64) { seen = n }})
		if err != nil || report.Entries != tt.entries || len(report.Breaks) != tt.breaks || seen != tt.entries {
			t.Errorf("Verify(%d, %d) = %d entries, breaks %v, progress %d, %v; want %d entries, %d breaks",
				tt.from, tt.to, report.Entries, report.Breaks, seen, err, tt.entries, tt.breaks)
		}
	}
}

func TestVerifyLong(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const n = 1203 // more than two batches
	_, err := s.Write(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if err := audit.Append(t.Context(), tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(t.Context(), s, audit.Check{})
	if err != nil || !report.OK() || report.Entries != n || report.To != n {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

func TestAppendBelongsToTheTransaction(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	failed := errors.New("the change failed")
	_, err := s.Write(t.Context(), func(tx *store.Tx) error {
		if err := audit.Append(t.Context(), tx, entry(1)); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("Write: %v", err)
	}
	seq, _, err := s.AuditHead(t.Context())
	if seq != 0 || err != nil {
		t.Errorf("head = %d, %v after a rollback, want nothing", seq, err)
	}
}

func last(t *testing.T, s *store.Store) store.AuditRow {
	t.Helper()
	rows, _, err := s.EveryAudit(context.Background(), store.AuditFilter{}, store.Page{Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("EveryAudit = %d rows, %v", len(rows), err)
	}
	return rows[0]
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	e := entry(1)
	e.After = map[string]any{
		"name": "shown", "password": "canary-1", "PasswordHash": "canary-2", "version": int64(9007199254740993),
		"nested": []any{map[string]any{"client_secret": "canary-3", "digest": []int{1}, "ok": true}},
	}
	write(t, s, e)
	got := last(t, s).After
	for _, canary := range []string{"canary-1", "canary-2", "canary-3", "[1]"} {
		if strings.Contains(got, canary) {
			t.Errorf("%s is in the trail: %s", canary, got)
		}
	}
	for _, want := range []string{`"name":"shown"`, `"version":9007199254740993`, `"ok":true`, `"password":"[redacted]"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the trail: %s", want, got)
		}
	}
	e.After = map[string]any{"note": sallyport.Secret("canary-4")}
	_, err := s.Write(t.Context(), func(tx *store.Tx) error { return audit.Append(t.Context(), tx, e) })
	if err == nil || strings.Contains(err.Error(), "canary-4") {
		t.Errorf("a secret was written, or quoted: %v", err)
	}
}

func TestLongStateIsHashed(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	e := entry(1)
	e.After = map[string]any{"text": strings.Repeat("x", audit.MaxState)}
	write(t, s, e)
	if got := last(t, s).After; len(got) > 200 || !strings.Contains(got, "sha256") {
		t.Errorf("After has %d bytes: %.100s", len(got), got)
	}
}

func TestTextIsOneCleanLine(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	e := entry(1)
	e.Actor.Name = "alice\r\nfake entry \x1b[31m\u202e\xff"
	e.RequestID = strings.Repeat("é", 500)
	e.Tenant = ""
	write(t, s, e)
	row := last(t, s)
	if strings.ContainsAny(row.ActorName, "\r\n\x1b\u202e") || !utf8.ValidString(row.ActorName) {
		t.Errorf("ActorName = %q", row.ActorName)
	}
	if len(row.RequestID) > 128 || !strings.HasPrefix(row.RequestID, "éé") || strings.ContainsRune(row.RequestID, '\uFFFD') {
		t.Errorf("RequestID has %d bytes: %q", len(row.RequestID), row.RequestID)
	}
	if row.Tenant != sallyport.EveryTenant {
		t.Errorf("Tenant = %q, want the installation's", row.Tenant)
	}
	if report, err := audit.Verify(t.Context(), s, audit.Check{}); err != nil || !report.OK() {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

func TestActorOf(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for _, want := range []audit.Actor{
		{ID: "p1", Kind: "person", Name: "alice", CredentialKind: sallyport.PersonalToken, Credential: "c1"},
		{ID: "p1", Kind: "person", Name: "alice"},
		{Kind: audit.KindSystem, Name: "bootstrap"},
	} {
		e := entry(1)
		e.Actor = want
		write(t, s, e)
		row := last(t, s)
		if got := audit.ActorOf(&row); got != want {
			t.Errorf("ActorOf = %+v, want %+v", got, want)
		}
	}
}

// TestStranger has a password typed into the field for the login.
func TestStranger(t *testing.T) {
	t.Parallel()
	master, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := master.PseudonymKey()
	if err != nil {
		t.Fatal(err)
	}
	const typed = "Correct-Horse-Battery"
	one, same, other := audit.Stranger(key, typed), audit.Stranger(key, strings.ToUpper(typed)), audit.Stranger(key, typed+"2")
	if one != same || one == other {
		t.Errorf("strangers %+v, %+v, %+v: the first two are the same, the third is not", one, same, other)
	}
	if one.ID != "" || one.Kind != audit.KindStranger || len(one.Name) != 12 || slices.Contains([]string{typed, strings.ToLower(typed)}, one.Name) {
		t.Errorf("Stranger = %+v", one)
	}
}
