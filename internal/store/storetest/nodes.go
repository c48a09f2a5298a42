package storetest

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/store"
)

// Nodes tell of themselves, again and again, and are forgotten.
func testNodes(ctx context.Context, t *testing.T, s *store.Store) {
	one := store.Node{ID: "one", Name: "b.example", Version: "1", Started: day(1), Revision: 7}
	two := store.Node{ID: "two", Name: "a.example", Started: day(2), Revision: 8}
	for range 2 {
		write(ctx, t, s, func(tx *store.Tx) error {
			if err := tx.SeeNode(ctx, &one); err != nil {
				return err
			}
			return tx.SeeNode(ctx, &two)
		})
		one.Revision = 9
	}
	one.Revision = 9
	got, err := s.Nodes(ctx, 10)
	if err != nil || len(got) != 2 || got[0] != two || got[1] != one {
		t.Errorf("Nodes = %+v, %v; want %+v and %+v", got, err, two, one)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.ForgetNode(ctx, "one") })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.PruneNodes(ctx, two.Seen) })
	if got, err := s.Nodes(ctx, 10); err != nil || len(got) != 1 {
		t.Errorf("after one ended: %+v, %v", got, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.PruneNodes(ctx, two.Seen.Add(1e9)) })
	if got, err := s.Nodes(ctx, 10); err != nil || len(got) != 0 {
		t.Errorf("after the other was not seen for long: %+v, %v", got, err)
	}
}
