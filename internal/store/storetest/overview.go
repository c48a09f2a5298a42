package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testOverview(ctx context.Context, t *testing.T, s *store.Store) {
	m, other := tenant(ctx, t, s), tenant(ctx, t, s)
	at := day(9).Truncate(time.Hour)
	var all []store.Decision
	for i, minutes := range []int{-61, 1, 59, 59, 60} {
		d := refusal(m, 9)
		d.At = at.Add(time.Duration(minutes) * time.Minute)
		if i == 2 {
			d.Reason = sallyport.ScopeInsufficient
		}
		all = append(all, d)
	}
	allowed, foreign := refusal(m, 9), refusal(other, 9)
	allowed.Allowed, allowed.Reason, allowed.At, foreign.At = true, "", at, at
	write(ctx, t, s, func(tx *store.Tx) error { return tx.AddDecisions(ctx, append(all, allowed, foreign)) })
	got, err := s.RefusalCounts(ctx, m, at)
	want := []store.RefusalCount{
		{Hour: at, Reason: sallyport.PermissionMissing, Count: 2},
		{Hour: at, Reason: sallyport.ScopeInsufficient, Count: 1},
		{Hour: at.Add(time.Hour), Reason: sallyport.PermissionMissing, Count: 1},
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("RefusalCounts = %+v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("RefusalCounts[%d] = %+v, want %+v", i, got[i], want[i])
		}
	}
	every, err := s.EveryRefusalCount(ctx, at)
	if err != nil || len(every) < len(want) || every[0].Count < 3 {
		t.Errorf("EveryRefusalCount = %+v, %v", every, err)
	}
	_, err = s.RefusalCounts(ctx, "", at)
	kinds(t, "no tenant", err, sallyport.Invalid)

	var ids []sallyport.CredentialID
	for i := range 4 {
		c := sallyport.Credential{
			ID: sallyport.CredentialID(id()), Tenant: m, Kind: sallyport.PersonalToken, Owner: "p", Creator: "p",
			Name: "laptop", State: sallyport.Active, Expires: day(20 - i),
		}
		if i == 3 {
			c.Kind = sallyport.Session
		}
		secret := sallyport.CredentialSecret{Digest: hash(counter.Add(1))}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertCredential(ctx, &c, &secret) })
		ids = append(ids, c.ID)
	}
	expiring, err := s.Expiring(ctx, m, day(10), day(20), 10)
	if err != nil || len(expiring) != 2 || expiring[0].ID != ids[2] || expiring[1].ID != ids[1] {
		t.Errorf("Expiring = %+v, %v; want %s and %s", expiring, err, ids[2], ids[1])
	}
	if few, err := s.EveryExpiring(ctx, day(10), day(21), 1); err != nil || len(few) != 1 {
		t.Errorf("EveryExpiring = %+v, %v", few, err)
	}
}
