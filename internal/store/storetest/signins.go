package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// family makes a sign-in of a principal.
func family(ctx context.Context, t *testing.T, s *store.Store, in sallyport.TenantID, principal sallyport.PrincipalID) store.Family {
	t.Helper()
	f := store.Family{
		ID: sallyport.FamilyID(id()), Tenant: in, Principal: principal, Client: "cli", API: "inventory",
		Scopes: []string{"read"}, State: sallyport.Active, Expires: time.Now().Add(time.Hour),
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertFamily(ctx, &f) })
	return f
}

// refresh makes the first refresh token of a sign-in.
func refresh(ctx context.Context, t *testing.T, s *store.Store, f store.Family) store.RefreshToken {
	t.Helper()
	k := successor()
	k.Family = f.ID
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertRefreshToken(ctx, &k) })
	return k
}

// successor returns a refresh token that no store knows.
func successor() store.RefreshToken {
	return store.RefreshToken{Digest: hash(counter.Add(1)), Pepper: 1, Expires: time.Now().Add(time.Hour)}
}

func testFamily(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u, u2 := user(ctx, t, s, m), user(ctx, t, s, m)
	f := family(ctx, t, s, m, u.ID)
	key := sallyport.CredentialID(id())
	begun := store.Family{
		ID: sallyport.FamilyID(id()), Tenant: m, Principal: u2.ID, Credential: key, State: sallyport.Active, Expires: day(1),
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertFamily(ctx, &begun) })
	for _, want := range []store.Family{f, begun} {
		if got := must[store.Family](t)(s.FamilyByID(ctx, want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("FamilyByID = %+v, want %+v", got, want)
		}
	}
	if all, _, err := s.Families(ctx, m, sallyport.Active, store.Page{}); err != nil || len(all) != 2 {
		t.Errorf("Families = %+v, %v", all, err)
	}
	if all, _, err := s.FamiliesOf(ctx, u.ID, "", store.Page{}); err != nil || len(all) != 1 || all[0].ID != f.ID {
		t.Errorf("FamiliesOf = %+v, %v", all, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		for _, want := range []bool{true, false} {
			if was, err := tx.EndFamily(ctx, m, f.ID, "logout"); err != nil || was != want {
				t.Errorf("EndFamily = %t, %v; want %t", was, err, want)
			}
		}
		if ids, err := tx.EndFamiliesOf(ctx, u.ID, "again"); err != nil || len(ids) != 0 {
			t.Errorf("EndFamiliesOf one who has ended = %v, %v", ids, err)
		}
		ids, err := tx.EndFamiliesByCredential(ctx, key, "key revoked")
		if !slices.Equal(ids, []sallyport.FamilyID{begun.ID}) {
			t.Errorf("EndFamiliesByCredential = %v", ids)
		}
		return err
	})
	if got := must[store.Family](t)(s.FamilyByID(ctx, f.ID)); got.State != sallyport.Revoked || got.EndReason != "logout" || got.Ended.IsZero() {
		t.Errorf("an ended sign-in: %+v", got)
	}
	refused(ctx, t, s, "a sign-in without end", sallyport.Invalid, func(tx *store.Tx) error {
		return tx.InsertFamily(ctx, &store.Family{ID: sallyport.FamilyID(id()), Tenant: m, Principal: u.ID, State: sallyport.Active})
	})
	write(ctx, t, s, func(tx *store.Tx) error {
		if n, err := tx.PruneFamilies(ctx, time.Now().Add(-time.Hour)); n != 0 || err != nil {
			t.Errorf("PruneFamilies took %d that are not long over, %v", n, err)
		}
		n, err := tx.PruneFamilies(ctx, time.Now().Add(time.Minute))
		if n != 2 {
			t.Errorf("PruneFamilies = %d, want 2", n)
		}
		return err
	})
}

func testRefreshRotation(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	f := family(ctx, t, s, m, u.ID)
	first := refresh(ctx, t, s, f)
	if k, got, err := s.RefreshTokenByDigest(ctx, first.Digest); err != nil || !reflect.DeepEqual(got, f) || k.Number != 1 || !k.Used.IsZero() {
		t.Errorf("RefreshTokenByDigest = %+v, %+v, %v", k, got, err)
	}
	rotate := func(used [32]byte, next store.RefreshToken) (won bool) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) (err error) {
			won, err = tx.RotateRefreshToken(ctx, used, &next, []byte("sealed"))
			return err
		})
		return won
	}
	second := successor()
	if !rotate(first.Digest, second) {
		t.Fatal("the first exchange was refused")
	}
	if rotate(first.Digest, successor()) {
		t.Error("a second exchange of one token was made")
	}
	k, _, err := s.RefreshTokenByDigest(ctx, first.Digest)
	if err != nil || k.Used.IsZero() || string(k.Successor) != "sealed" {
		t.Errorf("the used token: %+v, %v", k, err)
	}
	k, _, err = s.RefreshTokenByDigest(ctx, second.Digest)
	if err != nil || k.Family != f.ID || k.Number != 2 || !k.Used.IsZero() || len(k.Successor) != 0 {
		t.Errorf("the successor: %+v, %v", k, err)
	}
	if n, err := s.NewestRefreshToken(ctx, f.ID); n != 2 || err != nil {
		t.Errorf("NewestRefreshToken = %d, %v", n, err)
	}
	if rotate(hash(-2), successor()) {
		t.Error("an unknown token was exchanged")
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		n, err := tx.ForgetSuccessors(ctx, time.Now().Add(time.Minute))
		if n != 1 {
			t.Errorf("ForgetSuccessors = %d, want 1", n)
		}
		return err
	})
	if k, _, err := s.RefreshTokenByDigest(ctx, first.Digest); err != nil || len(k.Successor) != 0 {
		t.Errorf("the sealed answer is still there: %q, %v", k.Successor, err)
	}

	expired := successor()
	expired.Expires = time.Now().Add(-time.Second)
	if !rotate(second.Digest, expired) {
		t.Fatal("the second exchange was refused")
	}
	if rotate(expired.Digest, successor()) {
		t.Error("an expired token was exchanged")
	}
	f2 := family(ctx, t, s, m, u.ID)
	dead := refresh(ctx, t, s, f2)
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.EndFamily(ctx, m, f2.ID, "reuse"); return err })
	if rotate(dead.Digest, successor()) {
		t.Error("a token of a revoked sign-in was exchanged")
	}
}

// RF-01: of many exchanges of one token at once exactly one is made.
func testRefreshOneHeir(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	f := family(ctx, t, s, m, u.ID)
	first := refresh(ctx, t, s, f)
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			next := successor()
			var mine bool
			_, err := s.Write(ctx, func(tx *store.Tx) (err error) {
				mine, err = tx.RotateRefreshToken(ctx, first.Digest, &next, nil)
				return err
			})
			if err != nil {
				t.Error(err)
			} else if mine {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	n, err := s.NewestRefreshToken(ctx, f.ID)
	if won.Load() != 1 || n != 2 || err != nil {
		t.Errorf("%d of 64 exchanges were made, the newest token has number %d, %v; want 1 and 2", won.Load(), n, err)
	}
}

// RF-07: an exchange that fails later in its transaction has not used the
// token up.
func testRefreshFailedWrite(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	f := family(ctx, t, s, m, u.ID)
	first := refresh(ctx, t, s, f)
	failure := errors.New("no access token today")
	_, err := s.Write(ctx, func(tx *store.Tx) error {
		next := successor()
		if _, err := tx.RotateRefreshToken(ctx, first.Digest, &next, nil); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("error %v, want the function's own", err)
	}
	if k, _, err := s.RefreshTokenByDigest(ctx, first.Digest); err != nil || !k.Used.IsZero() {
		t.Errorf("the token is used up: %+v, %v", k, err)
	}
}

func testSigningKey(ctx context.Context, t *testing.T, s *store.Store) {
	key := func(state store.KeyState) store.SigningKey {
		return store.SigningKey{ID: id(), API: "inventory", Algorithm: "EdDSA", Use: "access", State: state, Sealed: []byte{1, 2}, Public: []byte(`{"kty":"OKP"}`)}
	}
	active, next := key(store.KeyActive), key(store.KeyNext)
	write(ctx, t, s, func(tx *store.Tx) error {
		return errors.Join(tx.InsertSigningKey(ctx, &active), tx.InsertSigningKey(ctx, &next))
	})
	for _, state := range []store.KeyState{store.KeyActive, store.KeyNext} {
		second := key(state)
		refused(ctx, t, s, "a second key that is "+string(state), sallyport.Conflict, func(tx *store.Tx) error {
			return tx.InsertSigningKey(ctx, &second)
		})
	}
	other := key(store.KeyActive)
	other.API = ""
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertSigningKey(ctx, &other) })

	write(ctx, t, s, func(tx *store.Tx) error {
		active.State, active.Retired, active.Ends = store.KeyRetired, day(2), day(3)
		next.State, next.Activated = store.KeyActive, day(2)
		return errors.Join(tx.UpdateSigningKey(ctx, &active, 1), tx.UpdateSigningKey(ctx, &next, 1))
	})
	all, err := s.SigningKeys(ctx)
	if err != nil || len(all) != 3 {
		t.Fatalf("SigningKeys = %+v, %v", all, err)
	}
	for _, want := range []store.SigningKey{active, next, other} {
		if !slices.ContainsFunc(all, func(k store.SigningKey) bool { return reflect.DeepEqual(k, want) }) {
			t.Errorf("SigningKeys = %+v, want %+v among them", all, want)
		}
		if got := must[store.SigningKey](t)(s.SigningKey(ctx, want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("SigningKey = %+v, want %+v", got, want)
		}
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		for id, want := range map[string]bool{active.ID: true, next.ID: false} {
			if was, err := tx.DeleteSigningKey(ctx, id); was != want || err != nil {
				t.Errorf("DeleteSigningKey = %t, %v; want %t", was, err, want)
			}
		}
		return nil
	})
}
