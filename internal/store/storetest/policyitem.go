package storetest

import (
	"context"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testPolicyItems(ctx context.Context, t *testing.T, s *store.Store) {
	m, n := tenant(ctx, t, s), tenant(ctx, t, s)
	item := func(kind string, tenant sallyport.TenantID, id, policy string) store.PolicyItem {
		return store.PolicyItem{Kind: kind, Tenant: tenant, ID: id, Policy: policy}
	}
	role, user, other := item("role", m, "r", "one"), item("user", m, "u", "one"), item("role", n, "r", "two")
	write(ctx, t, s, func(tx *store.Tx) error { return tx.KeepPolicyItems(ctx, []store.PolicyItem{user, role, other}) })
	check := func(what string, want, got []store.PolicyItem, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	got, err := s.PolicyItems(ctx, m)
	check("those of a tenant", []store.PolicyItem{role, user}, got, err)
	got, err = s.PolicyItemsOf(ctx, "two")
	check("those of a policy", []store.PolicyItem{other}, got, err)

	role.Policy = "two"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.KeepPolicyItems(ctx, []store.PolicyItem{role}) })
	got, err = s.PolicyItems(ctx, m)
	check("one that went to another policy", []store.PolicyItem{role, user}, got, err)

	write(ctx, t, s, func(tx *store.Tx) error { return tx.DropPolicyItem(ctx, m, "role", "r") })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DropPolicyItem(ctx, m, "role", "r") })
	got, err = s.PolicyItems(ctx, m)
	check("after one was dropped", []store.PolicyItem{user}, got, err)
	got, err = s.PolicyItems(ctx, n)
	check("of the other tenant", []store.PolicyItem{other}, got, err)

	var many []store.PolicyItem // more than one batch
	for i := range 300 {
		many = append(many, item("user", n, string(rune('a'+i/26))+string(rune('a'+i%26)), "many"))
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.KeepPolicyItems(ctx, many) })
	got, err = s.PolicyItemsOf(ctx, "many")
	check("many", many, got, err)
}
