package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func usesOf(ctx context.Context, t *testing.T, s *store.Store, id sallyport.PrincipalID, since int64) []store.UseSum {
	t.Helper()
	list, _, err := s.UsesOf(ctx, id, since, store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b store.UseSum) int { return strings.Compare(a.Permission, b.Permission) })
	return list
}

func testUses(ctx context.Context, t *testing.T, s *store.Store) {
	m, other := tenant(ctx, t, s), tenant(ctx, t, s)
	read := store.Use{Tenant: m, Principal: "p", Credential: "c", Binding: "b", Permission: "shop/read"}
	either := store.Use{Tenant: m, Principal: "p", Permission: "shop/admin|shop/write"}
	elsewhere := store.Use{Tenant: other, Principal: "q", Permission: ""}
	add := func(day int64, uses ...store.DayUse) {
		t.Helper()
		for i := range uses {
			uses[i].Day = day
		}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.AddUses(ctx, uses) })
	}
	// The same use twice in one call, and again later.
	add(100, store.DayUse{Use: read, Uses: 2}, store.DayUse{Use: either, Uses: 1}, store.DayUse{Use: read, Uses: 3})
	add(102, store.DayUse{Use: read, Uses: 10}, store.DayUse{Use: elsewhere, Uses: 1})
	add(101, store.DayUse{Use: read, Uses: 100}) // a node that is late

	got := usesOf(ctx, t, s, "p", 0)
	want := []store.UseSum{{Use: either, FirstDay: 100, LastDay: 100, Uses: 1}, {Use: read, FirstDay: 100, LastDay: 102, Uses: 115}}
	if !slices.Equal(got, want) {
		t.Errorf("UsesOf = %+v, want %+v", got, want)
	}
	if got := usesOf(ctx, t, s, "p", 101); len(got) != 1 || got[0].Uses != 110 {
		t.Errorf("UsesOf since day 101 = %+v", got)
	}
	for since, want := range map[int64][]store.UseDay{0: {{Day: 100, Uses: 5}, {Day: 101, Uses: 100}, {Day: 102, Uses: 10}}, 102: {{Day: 102, Uses: 10}}, 103: nil} {
		if got, err := s.UseDays(ctx, "p", "c", since); err != nil || !slices.Equal(got, want) {
			t.Errorf("UseDays since day %d = %+v, %v", since, got, err)
		}
	}
	if got, err := s.UseDays(ctx, "p", "another", 0); err != nil || len(got) != 0 {
		t.Errorf("UseDays of another credential = %+v, %v", got, err)
	}
	if alternatives := either.Alternatives(); !slices.Equal(alternatives, []sallyport.Permission{"shop/admin", "shop/write"}) {
		t.Errorf("Alternatives = %v", alternatives)
	}
	if got := elsewhere.Alternatives(); got != nil {
		t.Errorf("Alternatives of nothing = %v", got)
	}

	page, next, err := s.Uses(ctx, m, 0, store.Page{Limit: 1})
	if err != nil || len(page) != 1 || next == "" {
		t.Fatalf("Uses = %+v, %q, %v", page, next, err)
	}
	rest, next, err := s.Uses(ctx, m, 0, store.Page{Limit: 1, After: next})
	if err != nil || len(rest) != 1 || next != "" || rest[0].Use == page[0].Use {
		t.Errorf("the second page = %+v, %q, %v", rest, next, err)
	}
	if got, _, err := s.Uses(ctx, m, 101, store.Page{}); err != nil || len(got) != 1 || got[0].Use != read {
		t.Errorf("Uses since day 101 = %+v, %v", got, err)
	}
	if got, _, err := s.EveryUse(ctx, 101, store.Page{}); err != nil || len(got) != 2 {
		t.Errorf("EveryUse since day 101 = %+v, %v", got, err)
	}
	_, _, err = s.Uses(ctx, "", 0, store.Page{})
	kinds(t, "no tenant", err, sallyport.Invalid)
	_, _, err = s.Uses(ctx, m, 0, store.Page{After: "x"})
	kinds(t, "a cursor from elsewhere", err, sallyport.Invalid)

	write(ctx, t, s, func(tx *store.Tx) error {
		n, err := tx.PruneUses(ctx, 102)
		if err == nil && n != 3 {
			t.Errorf("PruneUses forgot %d counts, want 3", n)
		}
		return err
	})
	if got := usesOf(ctx, t, s, "p", 0); len(got) != 1 || got[0].Uses != 10 || got[0].Permission != "shop/read" {
		t.Errorf("after pruning: %+v", got)
	}
}
