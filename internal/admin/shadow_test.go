package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

// shadowed is an installation in which billing adds customers and crm may not
// yet, and a draft that turns this round.
func shadowed(t *testing.T) (v *advised, billing, crm sallyport.User, draft api.NewShadow) {
	v = newAdvised(t)
	billing, crm = v.user("billing"), v.user("crm")
	v.bind(toUser(billing), "crm-admin")
	v.bind(toUser(crm), "crm-user")
	draft = api.NewShadow{Adopt: true, Policy: api.Policy{Policy: "tighter", Tenant: "t1", Bindings: []api.PolicyBinding{
		{User: "billing", Role: "crm-admin", State: sallyport.Deactivated}, {User: "crm", Role: "customers"},
	}}}
	return v, billing, crm, draft
}

// ask is a request that was decided.
func (v *advised) ask(who sallyport.User, method string, allowed bool) policy.Observed {
	o := policy.Observed{
		Trial:     policy.Trial{Method: method, Target: "http://api.test/crm/customers", Time: v.Clock.Now(), Tenant: v.T1.ID},
		RequestID: "r-" + who.Login, Principal: who.ID, Login: who.Login, Path: "/crm/customers", Allowed: allowed, API: "crm", ActedIn: v.T1.ID,
	}
	if !allowed {
		o.Reason = sallyport.PermissionMissing
	}
	return o
}

func (v *advised) report(id string) string {
	v.t.Helper()
	r, err := v.Shadow(v.t.Context(), v.Root, id)
	if err != nil {
		v.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "running %t, %d of %d; refuse %v, allow %v\n", r.Running, r.Compared, r.Seen, r.WouldRefuse, r.WouldAllow)
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "%s %s %d: %s %s %s\n", d.Outcome, d.Login, d.Requests, d.Method, d.Path, d.Reason)
	}
	return b.String()
}

// TestShadow tries a draft on requests, while the policy in force changes, and
// then puts it in force.
func TestShadow(t *testing.T) {
	t.Parallel()
	v, billing, crm, draft := shadowed(t)
	if v.Observe(v.ask(billing, "GET", true)) {
		t.Error("requests are watched while there is no shadow")
	}
	sh, err := v.StartShadow(t.Context(), v.Root, draft)
	if err != nil || !sh.Running || sh.Name != "tighter" {
		t.Fatalf("StartShadow = %+v, %v", sh, err)
	}
	for range 14 {
		if !v.Observe(v.ask(billing, "GET", true)) {
			t.Fatal("what comes behind the start is not watched")
		}
	}
	v.Observe(v.ask(crm, "GET", true)) // as before
	v.Observe(v.ask(crm, "POST", false))
	want := "running true, 16 of 16; refuse {14 1 14}, allow {1 1 1}\n" +
		"would_refuse billing 14: GET /crm/customers permission_missing\nwould_allow crm 1: POST /crm/customers permission_missing\n"
	if got := v.report(sh.ID); got != want {
		t.Errorf("report:\n%swant\n%s", got, want)
	}

	// The policy in force changes: the draft leaves billing what it got meanwhile.
	v.bind(toUser(billing), "crm-user")
	v.Clock.Advance(time.Minute)
	v.Observe(v.ask(billing, "GET", true))
	if got := v.report(sh.ID); !strings.HasPrefix(got, "running true, 17 of 17; refuse {14 1 14}") {
		t.Errorf("after a change:\n%s", got)
	}

	plan, err := v.PromoteShadow(t.Context(), v.Root, sh.ID)
	if err != nil || !plan.Applied || len(plan.Changes) != 2 {
		t.Errorf("PromoteShadow = %+v, %v", plan, err)
	}
	if got := v.report(sh.ID); !strings.HasPrefix(got, "running false, 17 of 17") {
		t.Errorf("after it was promoted:\n%s", got)
	}
	v.Clock.Advance(time.Minute)
	v.report(sh.ID)
	if v.Observe(v.ask(billing, "GET", true)) {
		t.Error("requests are watched when the shadow is over")
	}
}

// TestShadowTellsOfItsTenants: a draft that keeps somebody out keeps him out of
// other tenants too. What he does there is counted, and not told.
func TestShadowTellsOfItsTenants(t *testing.T) {
	t.Parallel()
	v, billing, _, draft := shadowed(t)
	draft.Policy.Bindings = nil
	draft.Policy.Users = []api.PolicyUser{{Login: "billing", Kind: billing.Kind, State: sallyport.Deactivated}}
	sh, err := v.StartShadow(t.Context(), v.Root, draft)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		v.Observe(v.ask(billing, "GET", true))
	}
	elsewhere := v.ask(billing, "GET", true)
	elsewhere.ActedIn, elsewhere.Tenant, elsewhere.Path, elsewhere.RequestID = v.T2.ID, v.T2.ID, "/crm/secrets", "r-elsewhere"
	v.Observe(elsewhere)
	want := "running true, 3 of 3; refuse {3 2 3}, allow {0 0 0}\n" +
		"would_refuse billing 2: GET /crm/customers owner_inactive\nwould_refuse  1:   owner_inactive\n"
	if got := v.report(sh.ID); got != want {
		t.Errorf("report:\n%swant\n%s", got, want)
	}
	r, err := v.Shadow(t.Context(), v.Root, sh.ID)
	if err != nil || r.Differences[1].RequestID+string(r.Differences[1].Tenant)+r.Differences[1].Route != "" {
		t.Errorf("of elsewhere it tells %+v, %v", r.Differences[1], err)
	}
}

// TestShadowThatDoesNotFit: a draft that cannot be planned any more says why, and
// goes on when it can.
func TestShadowThatDoesNotFit(t *testing.T) {
	t.Parallel()
	v, billing, crm, draft := shadowed(t)
	sh, err := v.StartShadow(t.Context(), v.Root, draft)
	if err != nil {
		t.Fatal(err)
	}
	v.report(sh.ID)
	if err := v.DeleteUser(t.Context(), v.Root, v.T1.ID, crm.ID, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	v.Observe(v.ask(billing, "GET", true))
	v.report(sh.ID)
	got, err := v.Shadow(t.Context(), v.Root, sh.ID)
	if err != nil || got.Running || !strings.Contains(got.Problem, `"crm"`) || got.WouldRefuse.Requests != 0 {
		t.Errorf("a draft about a user who is gone: %+v, %v", got, err)
	}
	v.user("crm")
	v.Clock.Advance(time.Minute)
	v.report(sh.ID)
	v.Observe(v.ask(billing, "GET", true))
	if got := v.report(sh.ID); !strings.HasPrefix(got, "running true, 1 of 2; refuse {1 1 1}") {
		t.Errorf("when he is there again:\n%s", got)
	}
}

// TestShadowSamples: what comes faster than it can be compared is let go, and
// the report says so.
func TestShadowSamples(t *testing.T) {
	t.Parallel()
	v, billing, _, draft := shadowed(t)
	sh, err := v.StartShadow(t.Context(), v.Root, draft)
	if err != nil {
		t.Fatal(err)
	}
	v.report(sh.ID)
	for range 5000 {
		v.Observe(v.ask(billing, "GET", true))
	}
	if got := v.report(sh.ID); !strings.HasPrefix(got, "running true, 4096 of 5000; refuse {4096 1 4096}") {
		t.Errorf("report:\n%s", got)
	}
}

// TestShadowIsForWhoMaySeeIt: a shadow tells of the requests of others, so it
// takes the right to see these where the draft is about, and nobody else learns
// that there is one.
func TestShadowIsForWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	v, _, _, draft := shadowed(t)
	sh, err := v.StartShadow(t.Context(), v.Root, draft)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]admin.Actor{
		"without decisions.explain": v.Person(v.T1.ID, admin.PolicyRead, admin.PolicyWrite),
		"of another tenant":         v.Person(v.T2.ID, admin.PolicyRead, admin.PolicyWrite, admin.DecisionsExplain),
	} {
		if list, err := v.Shadows(t.Context(), a, admin.Page{}); err != nil || len(list.Items) != 0 {
			t.Errorf("%s: lists %+v, %v", name, list, err)
		}
		_, err := v.Shadow(t.Context(), a, sh.ID)
		stop := v.StopShadow(t.Context(), a, sh.ID)
		_, promote := v.PromoteShadow(t.Context(), a, sh.ID)
		for _, err := range []error{err, stop, promote} {
			if sallyport.KindOf(err) != sallyport.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	reader := v.Person(v.T1.ID, admin.PolicyRead, admin.DecisionsExplain)
	if list, err := v.Shadows(t.Context(), reader, admin.Page{}); err != nil || len(list.Items) != 1 {
		t.Errorf("a reader lists %+v, %v", list, err)
	}
	if err := v.StopShadow(t.Context(), reader, sh.ID); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("a reader stops it: %v", err)
	}
	writer := v.Person(v.T1.ID, admin.PolicyRead, admin.DecisionsExplain, admin.PolicyWrite)
	if _, err := v.PromoteShadow(t.Context(), writer, sh.ID); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("who may not bind the role promotes it: %v", err)
	}
	if err := v.StopShadow(t.Context(), writer, sh.ID); err != nil {
		t.Errorf("a writer stops it: %v", err)
	}
	for _, life := range []time.Duration{time.Second, 15 * 24 * time.Hour} {
		in := draft
		in.For = sallyport.Duration(life)
		if _, err := v.StartShadow(t.Context(), v.Root, in); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("for %s: %v", life, err)
		}
	}
	for i := range 6 {
		_, err := v.StartShadow(t.Context(), v.Root, draft)
		if want := i == 5; (sallyport.KindOf(err) == sallyport.Conflict && err != nil) != want {
			t.Errorf("shadow %d: %v", i, err)
		}
	}
	first, err := v.Shadows(t.Context(), v.Root, admin.Page{Limit: 4})
	if err != nil || len(first.Items) != 4 || first.Next == "" {
		t.Fatalf("the first page: %+v, %v", first, err)
	}
	rest, err := v.Shadows(t.Context(), v.Root, admin.Page{Limit: 4, Cursor: first.Next})
	if err != nil || len(rest.Items) != 2 || rest.Next != "" || rest.Items[0].ID == first.Items[3].ID {
		t.Errorf("the next page: %+v, %v", rest, err)
	}
}
