package admin_test

import (
	"context"
	"sync"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/store/pgtest"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// onPostgres returns a world whose store is on PostgreSQL, where writers overlap.
func onPostgres(t *testing.T) *admintest.World {
	t.Helper()
	clock := clocktest.New()
	st := storetest.Open(t, pgtest.DSN(t), clock.Now)
	if err := st.Migrate(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return admintest.NewOn(t, st, clock)
}

// On PostgreSQL: of many that apply the same plan at once
// one does it, and for the others it has become another plan.
func TestPolicyOnPostgres(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	in := api.PolicyRequest{Policy: shopPolicy(), Fingerprint: plan(t, w, w.Root, shopPolicy()).Fingerprint}
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() { _, errs[i] = w.Apply(t.Context(), w.Root, in) })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case sallyport.KindOf(err) != sallyport.Changed:
			t.Errorf("one of many: %v", err)
		}
	}
	if done != 1 {
		t.Errorf("%d applied the plan", done)
	}
	if again := apply(t, w, w.Root, shopPolicy()); len(again.Changes) != 0 {
		t.Errorf("again:\n%s", told(again))
	}
	apply(t, w, w.Root, api.Policy{Policy: "shop"})
}
