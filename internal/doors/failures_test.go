package doors_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// A sign-in that failed is in the audit trail, on both engines, and a flood of
// them costs a bounded number of rows.
func TestFailedSignInsAreInTheTrail(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *store.Store{
		"sqlite": func(testing.TB) *store.Store { return nil }, "postgres": storetest.NewPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failedSignIns(t, doorstest.NewWith(t, doorstest.Options{Store: open(t)}, shop()))
		})
	}
}

func failedSignIns(t *testing.T, k *doorstest.Kit) {
	ctx := t.Context()
	alice := k.User("alice", password)
	client := netip.MustParseAddr("192.0.2.7")
	fail := func(login string, from netip.Addr) {
		if _, reason, _ := k.Doors.Authenticate(ctx, login, "hunter2-hunter2", from); reason == "" {
			t.Fatal("a wrong password was right")
		}
	}
	trail := func() (rows []store.AuditRow) {
		t.Helper()
		if err := k.Doors.LastFlush(ctx); err != nil {
			t.Fatal(err)
		}
		rows, _, err := k.Store.EveryAudit(ctx, store.AuditFilter{Action: "sign_in."}, store.Page{Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	for range 12 { // two more than are evaluated
		fail("ALICE", client)
	}
	fail("My-Secret-Passphrase", client)
	rows := trail()
	if len(rows) != 2 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for _, row := range rows {
		if row.ActorKind != "stranger" || row.ActorID != "" || row.Address != "192.0.2.7" || row.Action != "sign_in.failed" {
			t.Errorf("%+v", row)
		}
		all := strings.ToLower(row.ActorName + row.TargetName + row.Before + row.After)
		if strings.Contains(all, "passphrase") || strings.Contains(all, "hunter2") {
			t.Errorf("the trail has what was typed: %s", all)
		}
		switch row.TargetKind {
		case "user":
			if row.TargetID != string(alice) || row.Tenant != doorstest.Tenant || !strings.Contains(row.After, `"attempts":12`) ||
				!strings.Contains(row.After, `"throttled":2`) || !strings.Contains(row.After, string(sallyport.PasswordWrong)) {
				t.Errorf("of alice: %+v", row)
			}
		case "login":
			if len(row.TargetName) != 12 || row.Tenant != sallyport.EveryTenant || !strings.Contains(row.After, string(sallyport.UserUnknown)) {
				t.Errorf("of nobody: %+v", row)
			}
		default:
			t.Errorf("of what? %+v", row)
		}
	}
	k.Clock.Advance(time.Minute)
	k.Apply()
	if again := trail(); len(again) != 2 {
		t.Errorf("nothing failed since, and there are %d rows", len(again))
	}
}
