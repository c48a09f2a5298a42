package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

func TestCheckpointWhenDue(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	due := func(want bool) {
		t.Helper()
		text, err := w.CheckpointWhenDue(ctx, time.Hour)
		if err != nil || (text != "") != want {
			t.Fatalf("a checkpoint was made: %t, %v; want %t", text != "", err, want)
		}
	}
	names := 0
	change := func() {
		names++
		must(w.CreateTenant(ctx, w.Root, admin.NewTenant{Name: fmt.Sprint("another-", names)}))
	}
	due(false) // the trail has just begun
	w.Clock.Advance(time.Hour)
	due(true)
	w.Clock.Advance(2 * time.Hour)
	due(false) // nothing was written since
	change()
	due(true)
	change()
	due(false)
	w.Clock.Advance(time.Hour)
	due(true)

	report, err := w.VerifyAudit(ctx, w.Root, 0, 0)
	if err != nil || !report.OK() || report.Checkpoints != 3 || report.Last.Entries != report.Head-1 {
		t.Errorf("VerifyAudit = %+v, %v", report, err)
	}
}

func TestCheckpointKeptElsewhere(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	text, c, err := w.Checkpoint(t.Context(), w.Root)
	if err != nil || c.Entries == 0 {
		t.Fatalf("Checkpoint = %+v, %v", c, err)
	}
	if got, err := audit.OpenCheckpoint(text, w.AuditKey()); err != nil || got != c {
		t.Errorf("with the public key it says %+v, %v; want %+v", got, err, c)
	}
	if report, err := w.VerifyAudit(t.Context(), w.Root, 0, 0, text); err != nil || !report.OK() {
		t.Errorf("VerifyAudit = %+v, %v", report, err)
	}
	other := admintest.New(t)
	if _, err := other.VerifyAudit(t.Context(), other.Root, 0, 0, text); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("another installation takes it: %v", err)
	}
}

func TestWho(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	s := furnish(t, w)
	key := must(w.Master.PseudonymKey())
	for _, tt := range []struct {
		text  string
		login string
	}{
		{string(s.user.ID), s.user.Login},
		{s.user.Login, s.user.Login},
		{string(s.key.ID), s.key.Name},
		{"nobody", ""},
	} {
		found, err := w.Who(s.ctx, w.Root, token.Pseudonym(key, tt.text))
		switch {
		case err != nil:
			t.Errorf("%s: %v", tt.text, err)
		case tt.login == "" && len(found) != 0, tt.login != "" && (len(found) != 1 || found[0].Principal.Login != tt.login):
			t.Errorf("%s: found %+v", tt.text, found)
		}
	}
	for _, bad := range []string{"", "0123456789AB", "0123456789a", "0123456789abc", "0123456789ag"} {
		if _, err := w.Who(s.ctx, w.Root, bad); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	rows := must(w.Audit(s.ctx, admin.System("test"), "", store.AuditFilter{Action: "audit.who"}, admin.Page{})).Items
	if len(rows) != 4 || rows[0].TargetKind != "pseudonym" || !strings.HasPrefix(rows[0].ActorKind, "person") {
		t.Errorf("written down: %d times, %+v", len(rows), rows)
	}
}

// TestFollowingTheTrail: who asks for what is new is not told of his own asking
// without end.
func TestFollowingTheTrail(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	ask := func(after int64) []store.AuditRow {
		t.Helper()
		return must(w.Audit(ctx, w.Root, "", store.AuditFilter{After: after}, admin.Page{})).Items
	}
	last := ask(0)[0].Seq
	rows := ask(last)
	if len(rows) != 1 || rows[0].Action != "audit.read" {
		t.Fatalf("the reading itself: %+v", rows)
	}
	last = rows[0].Seq
	for range 3 {
		if rows := ask(last); len(rows) != 0 {
			t.Fatalf("asking again made %+v", rows)
		}
	}
	must(w.CreateTenant(ctx, w.Root, admin.NewTenant{Name: "another"}))
	if rows := ask(last); len(rows) != 1 || rows[0].Action != "tenant.create" {
		t.Errorf("new: %+v", rows)
	}
	if rows := ask(last); len(rows) != 2 || rows[0].Action != "audit.read" {
		t.Errorf("that it was read is not there: %+v", rows)
	}
}
