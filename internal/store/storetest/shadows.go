package storetest

import (
	"context"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testShadows(ctx context.Context, t *testing.T, s *store.Store) {
	one := store.Shadow{
		ID: "one", Name: "tighter", Draft: `{"policy":"p"}`, Adopt: true, Tenants: []sallyport.TenantID{"t"}, Starter: "ann",
		Created: day(1), Ends: day(9),
	}
	two := one
	two.ID, two.Created, two.Ends = "two", day(2), day(3)
	write(ctx, t, s, func(tx *store.Tx) error {
		if err := tx.InsertShadow(ctx, &two); err != nil {
			return err
		}
		return tx.InsertShadow(ctx, &one)
	})
	if all, err := s.Shadows(ctx); err != nil || len(all) != 2 || !reflect.DeepEqual(all[0], one) {
		t.Errorf("Shadows = %+v, %v; want %+v first", all, err, one)
	}
	diff := store.ShadowDifference{
		Shadow: "one", Day: 7, Refused: true, Tenant: "t", Principal: "p", API: "shop", Route: "add", Reason: sallyport.PermissionMissing,
		Login: "jo", Requests: 3, Method: "POST", Path: "/shop/orders", RequestID: "r", Last: day(2),
	}
	other := diff
	other.Refused, other.Requests = false, 1
	write(ctx, t, s, func(tx *store.Tx) error {
		if err := tx.AddDifferences(ctx, []store.ShadowDifference{diff, other}); err != nil {
			return err
		}
		again := diff
		again.Requests, again.RequestID = 4, "r2"
		return tx.AddDifferences(ctx, []store.ShadowDifference{again})
	})
	diff.Requests, diff.RequestID = 7, "r2"
	if got, err := s.Differences(ctx, "one", 10); err != nil || !reflect.DeepEqual(got, []store.ShadowDifference{diff, other}) {
		t.Errorf("Differences = %+v, %v", got, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		if err := tx.ProgressShadow(ctx, "one", 10, 8, "it does not fit"); err != nil {
			return err
		}
		return tx.EndShadow(ctx, "one", day(4))
	})
	write(ctx, t, s, func(tx *store.Tx) error { return tx.EndShadow(ctx, "one", day(5)) }) // it is over
	one.Seen, one.Compared, one.Problem, one.Ends = 10, 8, "it does not fit", day(4)
	if got, err := s.Shadow(ctx, "one"); err != nil || !reflect.DeepEqual(got, one) {
		t.Errorf("Shadow = %+v, %v; want %+v", got, err, one)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.PruneShadows(ctx, day(5)) })
	_, err := s.Shadow(ctx, "one")
	kinds(t, "a shadow that was forgotten", err, sallyport.NotFound)
	if got, err := s.Differences(ctx, "one", 10); err != nil || len(got) != 0 {
		t.Errorf("its differences: %+v, %v", got, err)
	}
}
