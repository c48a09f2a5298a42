package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// refusal is a decision of a tenant on day n.
func refusal(in sallyport.TenantID, n int) store.Decision {
	return store.Decision{
		RequestID: fmt.Sprint("request-", counter.Add(1)), At: day(n), Tenant: in, Reason: sallyport.PermissionMissing,
		API: "shop", Route: "add", Method: "POST", Host: "shop.test", Path: "/shop/orders",
		Principal: "p", PrincipalKind: sallyport.PrincipalPerson, Login: "ann", Credential: "c", CredentialKind: sallyport.PersonalToken,
		ActedIn: in, Realm: "lab", Revision: 7, Missing: []sallyport.Permission{"shop/write"}, Scopes: []string{"shop"},
		Address: "192.0.2.1", Trace: `{"steps":[]}`,
	}
}

func testDecision(ctx context.Context, t *testing.T, s *store.Store) {
	m, other := tenant(ctx, t, s), tenant(ctx, t, s)
	var all []store.Decision
	for i := range 20 {
		d := refusal(m, 1+i)
		switch i {
		case 3:
			d.Allowed, d.Reason, d.Missing, d.Scopes = true, "", nil, nil
		case 4:
			d.Tenant, d.Principal, d.API, d.Reason = other, "q", "stock", sallyport.ScopeInsufficient
		}
		all = append(all, d)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.AddDecisions(ctx, all) })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.AddDecisions(ctx, all[:2]) }) // again

	if got, err := s.DecisionByID(ctx, all[3].RequestID); err != nil || !reflect.DeepEqual(got, all[3]) {
		t.Errorf("DecisionByID = %+v, %v; want %+v", got, err, all[3])
	}
	_, err := s.DecisionByID(ctx, "nothing")
	kinds(t, "an unknown request", err, sallyport.NotFound)

	outline := all[19]
	outline.Trace = ""
	page, next, err := s.Decisions(ctx, m, store.DecisionFilter{}, store.Page{Limit: 15})
	if err != nil || len(page) != 15 || next == "" || !reflect.DeepEqual(page[0], outline) {
		t.Fatalf("Decisions = %d, %q, %v; the first is %+v", len(page), next, err, page[0])
	}
	page, next, err = s.Decisions(ctx, m, store.DecisionFilter{}, store.Page{Limit: 15, After: next})
	if err != nil || len(page) != 4 || next != "" || page[3].RequestID != all[0].RequestID {
		t.Errorf("the second page = %d, %q, %v", len(page), next, err)
	}
	for _, tt := range []struct {
		name string
		f    store.DecisionFilter
		want int
	}{
		{"all", store.DecisionFilter{}, 20},
		{"principal", store.DecisionFilter{Principal: "q"}, 1},
		{"API", store.DecisionFilter{API: "stock"}, 1},
		{"reason", store.DecisionFilter{Reason: sallyport.ScopeInsufficient}, 1},
		{"allowed", store.DecisionFilter{Outcome: store.OutcomeAllowed}, 1},
		{"refused", store.DecisionFilter{Outcome: store.OutcomeRefused}, 19},
		{"credential", store.DecisionFilter{Credential: "c", Address: "192.0.2.1"}, 20},
		{"no such credential", store.DecisionFilter{Credential: "nothing"}, 0},
		{"no such address", store.DecisionFilter{Address: "nowhere"}, 0},
		{"time", store.DecisionFilter{Since: day(3), Until: day(6)}, 3},
	} {
		if got, _, err := s.EveryDecision(ctx, tt.f, store.Page{}); err != nil || len(got) != tt.want {
			t.Errorf("%s: %d, %v; want %d", tt.name, len(got), err, tt.want)
		}
	}
	if got, _, err := s.DecisionsOf(ctx, "q", store.DecisionFilter{}, store.Page{}); err != nil || len(got) != 1 || got[0].Tenant != other {
		t.Errorf("DecisionsOf = %+v, %v", got, err)
	}
	_, _, err = s.Decisions(ctx, m, store.DecisionFilter{Outcome: "perhaps"}, store.Page{})
	kinds(t, "an unknown outcome", err, sallyport.Invalid)
	_, _, err = s.Decisions(ctx, m, store.DecisionFilter{}, store.Page{After: "x"})
	kinds(t, "a cursor from elsewhere", err, sallyport.Invalid)
	_, _, err = s.Decisions(ctx, "", store.DecisionFilter{}, store.Page{})
	kinds(t, "no tenant", err, sallyport.Invalid)
}

// What is forgotten of one tenant is of that one alone, and what was allowed
// does not push out what was refused.
func testDecisionPrune(ctx context.Context, t *testing.T, s *store.Store) {
	m, other := tenant(ctx, t, s), tenant(ctx, t, s)
	var all []store.Decision
	for i := range 10 {
		d := refusal(m, 1+i)
		if i < 3 {
			d.Allowed, d.Reason = true, ""
		}
		all = append(all, d, refusal(other, 1+i))
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.AddDecisions(ctx, all) })
	remove := func(what string, want int64, f func(*store.Tx) (int64, error)) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) error {
			n, err := f(tx)
			if err == nil && n != want {
				t.Errorf("%s: %d were forgotten, want %d", what, n, want)
			}
			return err
		})
	}
	remove("fewer than are kept", 0, func(tx *store.Tx) (int64, error) { return tx.TrimDecisions(ctx, m, false, 7) })
	remove("refused", 3, func(tx *store.Tx) (int64, error) { return tx.TrimDecisions(ctx, m, false, 4) })
	remove("allowed", 2, func(tx *store.Tx) (int64, error) { return tx.TrimDecisions(ctx, m, true, 1) })
	if left, _, err := s.Decisions(ctx, m, store.DecisionFilter{}, store.Page{}); err != nil || len(left) != 5 || left[3].At != day(7) || left[4].At != day(3) {
		t.Errorf("left: %+v, %v", left, err)
	}
	remove("old", 5, func(tx *store.Tx) (int64, error) { return tx.PruneDecisions(ctx, day(5)) })
	if left, _, err := s.Decisions(ctx, other, store.DecisionFilter{}, store.Page{}); err != nil || len(left) != 6 {
		t.Errorf("of the other tenant %d are left, %v", len(left), err)
	}
}
