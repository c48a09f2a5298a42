package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testTombstone(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	expired, expiredSecret := token(ctx, t, s, m, u.ID)
	revoked, revokedSecret := token(ctx, t, s, m, u.ID)
	renewed, oldSecret := token(ctx, t, s, m, u.ID)
	_, alive := token(ctx, t, s, m, u.ID)
	expired.Expires = time.Now().Add(-time.Hour)
	later := time.Now().Add(time.Hour)
	write(ctx, t, s, func(tx *store.Tx) error {
		if err := tx.UpdateCredential(ctx, &expired, 1); err != nil {
			return err
		}
		if err := tx.ReplaceSecret(ctx, m, renewed.ID, &sallyport.CredentialSecret{Digest: hash(counter.Add(1))}, time.Time{}, 1); err != nil {
			return err
		}
		_, err := tx.RevokeCredential(ctx, m, revoked.ID)
		return err
	})
	_, err := s.TombstoneByDigest(ctx, revokedSecret.Digest)
	kinds(t, "a tombstone before the end", err, sallyport.NotFound)
	for range 2 { // to bury twice is no error
		write(ctx, t, s, func(tx *store.Tx) error {
			if _, err := tx.PruneCredentials(ctx, sallyport.PersonalToken, later); err != nil {
				return err
			}
			_, err := tx.PruneSecrets(ctx, later)
			return err
		})
	}
	for _, tt := range []struct {
		of     sallyport.Credential
		digest [32]byte
		cause  store.Cause
	}{
		{expired, expiredSecret.Digest, store.CauseExpired},
		{revoked, revokedSecret.Digest, store.CauseRevoked},
		{renewed, oldSecret.Digest, store.CauseReplaced},
	} {
		got, err := s.TombstoneByDigest(ctx, tt.digest)
		if err != nil || got.Credential != tt.of.ID || got.Tenant != m || got.Kind != sallyport.PersonalToken || got.Owner != u.ID ||
			got.Name != tt.of.Name || got.Cause != tt.cause || got.Ended.IsZero() || got.Ended.After(time.Now()) || !got.Created.Equal(tt.of.Created) {
			t.Errorf("%s: tombstone %+v, %v", tt.cause, got, err)
		}
	}
	_, err = s.TombstoneByDigest(ctx, alive.Digest)
	kinds(t, "the tombstone of one that is alive", err, sallyport.NotFound)

	prune := func(before time.Time, keep int) (n int64) {
		write(ctx, t, s, func(tx *store.Tx) (err error) { n, err = tx.PruneTombstones(ctx, before, keep); return err })
		return n
	}
	for _, tt := range []struct {
		before time.Time
		keep   int
		want   int64
	}{{time.Now().Add(-time.Hour), 10, 0}, {time.Now().Add(-time.Hour), 3, 0}, {time.Now().Add(-time.Hour), 2, 1}, {later, 10, 2}, {later, 0, 0}} {
		if got := prune(tt.before, tt.keep); got != tt.want {
			t.Errorf("PruneTombstones(%v, %d) = %d, want %d", tt.before, tt.keep, got, tt.want)
		}
	}
}

func testBrownout(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	c, _ := token(ctx, t, s, m, u.ID)
	want := sallyport.Brownout{Share: 25, Until: day(20)}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetBrownout(ctx, &c, want, 1) })
	got := must[sallyport.Credential](t)(s.CredentialByID(ctx, c.ID))
	if got.Brownout.Share != 25 || !got.Brownout.Until.Equal(day(20)) || got.Version != 2 || c.Version != 2 || c.Brownout != want {
		t.Errorf("a brown-out: %+v, %+v", got, c)
	}
	refused(ctx, t, s, "a brown-out of an older version", sallyport.Changed, func(tx *store.Tx) error {
		return tx.SetBrownout(ctx, &c, sallyport.Brownout{}, 1)
	})
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetBrownout(ctx, &c, sallyport.Brownout{}, 2) })
	if got := must[sallyport.Credential](t)(s.CredentialByID(ctx, c.ID)); got.Brownout != (sallyport.Brownout{}) {
		t.Errorf("after its end: %+v", got.Brownout)
	}
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.RevokeCredential(ctx, m, c.ID); return err })
	refused(ctx, t, s, "a brown-out of a revoked one", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.SetBrownout(ctx, &c, want, store.AnyVersion)
	})
}

func testUnwarned(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	var ids []sallyport.CredentialID
	for _, expires := range []time.Time{day(5), day(4), day(9), {}, day(2)} {
		c, _ := token(ctx, t, s, m, u.ID)
		c.Expires = expires
		write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateCredential(ctx, &c, 1) })
		ids = append(ids, c.ID)
	}
	expiring := func(limit int) (list []sallyport.CredentialID) {
		t.Helper()
		all, err := s.Unwarned(ctx, day(3), day(6), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			list = append(list, c.ID)
		}
		return list
	}
	if got := expiring(10); len(got) != 2 || got[0] != ids[1] || got[1] != ids[0] {
		t.Errorf("Unwarned = %v", got)
	}
	if got := expiring(1); len(got) != 1 {
		t.Errorf("one of them: %v", got)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.MarkWarned(ctx, ids[1]) })
	if got := expiring(10); len(got) != 1 || got[0] != ids[0] {
		t.Errorf("after a warning: %v", got)
	}
	c := must[sallyport.Credential](t)(s.CredentialByID(ctx, ids[1]))
	c.Expires = day(5)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateCredential(ctx, &c, c.Version) })
	if got := expiring(10); len(got) != 2 {
		t.Errorf("with another expiry: %v", got)
	}
}

func testEndOverlap(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	c, old := token(ctx, t, s, m, u.ID)
	next := sallyport.CredentialSecret{Digest: hash(counter.Add(1))}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.ReplaceSecret(ctx, m, c.ID, &next, day(20), 1) })
	used := store.UseCount{Credential: c.ID, Digest: old.Digest, Uses: 3, LastUsed: day(3), Addr: "192.0.2.7", Via: "curl/8"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.CountUses(ctx, []store.UseCount{used}) })
	secrets := must[[]sallyport.CredentialSecret](t)(s.CredentialSecrets(ctx, m, c.ID))
	for _, since := range []struct {
		then, now time.Time
		want      bool
	}{
		{old.Created, day(3), true},
		{old.Created, day(20), false}, // the overlap is over
		{secrets[0].Created, day(20), true},
		{old.Created.Add(-time.Microsecond), day(3), false},
	} {
		if got := must[bool](t)(s.HasSecretSince(ctx, c.ID, since.then, since.now)); got != since.want {
			t.Errorf("a secret since %v, at %v: %v", since.then, since.now, got)
		}
	}
	if len(secrets) != 2 || secrets[0].LastAddr != "" || secrets[1].LastAddr != "192.0.2.7" || secrets[1].LastVia != "curl/8" || secrets[1].Uses != 3 {
		t.Errorf("who uses which: %+v", secrets)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.EndOverlap(ctx, m, c.ID, 2) })
	secrets = must[[]sallyport.CredentialSecret](t)(s.CredentialSecrets(ctx, m, c.ID))
	if !secrets[0].Expires.IsZero() || secrets[1].Expires.IsZero() || secrets[1].Expires.After(time.Now()) {
		t.Errorf("after the overlap: %+v", secrets)
	}
	refused(ctx, t, s, "ending the overlap of an older version", sallyport.Changed, func(tx *store.Tx) error {
		return tx.EndOverlap(ctx, m, c.ID, 2)
	})
}

func testSink(ctx context.Context, t *testing.T, s *store.Store) {
	hold := func(holder string, until time.Time, start int64) (got store.Sink, err error) {
		_, err = s.Write(ctx, func(tx *store.Tx) error { got, err = tx.HoldSink(ctx, "siem", holder, until, start); return err })
		return got, err
	}
	later := time.Now().Add(time.Hour)
	if got, err := hold("one", later, 7); err != nil || got.Seq != 7 || got.Holder != "one" {
		t.Fatalf("HoldSink = %+v, %v", got, err)
	}
	if got, err := hold("one", later, 9); err != nil || got.Seq != 7 {
		t.Errorf("held again: %+v, %v", got, err)
	}
	_, err := hold("two", later, 0)
	kinds(t, "a sink that another node holds", err, sallyport.NotFound)
	advance := func(holder string, seq int64) (mine bool) {
		write(ctx, t, s, func(tx *store.Tx) (err error) { mine, err = tx.AdvanceSink(ctx, "siem", holder, seq); return err })
		return mine
	}
	if !advance("one", 9) || advance("one", 8) || advance("two", 10) {
		t.Error("a sink went back, or was advanced by a node that does not hold it")
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.FailSink(ctx, "siem", "one", "it is away") })
	all := must[[]store.Sink](t)(s.Sinks(ctx))
	if len(all) != 1 || all[0].Seq != 9 || all[0].Failures != 1 || all[0].Fault != "it is away" || all[0].Delivered.IsZero() {
		t.Errorf("Sinks = %+v", all)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.ReleaseSink(ctx, "siem", "two") })
	_, err = hold("two", later, 0)
	kinds(t, "a sink that was not released by its holder", err, sallyport.NotFound)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.ReleaseSink(ctx, "siem", "one") })
	if got, err := hold("two", time.Now().Add(-time.Minute), 0); err != nil || got.Seq != 9 {
		t.Errorf("after its release: %+v, %v", got, err)
	}
	if _, err := hold("three", later, 0); err != nil {
		t.Errorf("after the lease ended: %v", err)
	}
	if advance("three", 12); must[[]store.Sink](t)(s.Sinks(ctx))[0].Failures != 0 {
		t.Error("what arrived did not end the failures")
	}
}
