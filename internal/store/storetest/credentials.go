package storetest

import (
	"cmp"
	"context"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testCredentialRoundTrip(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	for _, scopes := range [][]string{nil, {}, {"read", "write"}} {
		want := sallyport.Credential{
			ID: sallyport.CredentialID(id()), Tenant: m, Kind: sallyport.PersonalToken, Owner: u.ID, Creator: u.ID,
			Name: "laptop", Hint: "spp_...9xyz", Scopes: scopes,
			Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			State:    sallyport.Active, Expires: day(9), Idle: 90 * time.Second, Uses: 4, LastUsed: day(1),
			LastAddr: "192.0.2.1", LastVia: "curl/8", BegunWith: sallyport.CredentialID(id()),
		}
		secret := sallyport.CredentialSecret{Digest: hash(counter.Add(1)), Pepper: 2, Hint: "spp_...9xyz", Expires: day(8)}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertCredential(ctx, &want, &secret) })

		got, gotSecret, err := s.CredentialByDigest(ctx, secret.Digest)
		if err != nil || !reflect.DeepEqual(got, want) || gotSecret != secret {
			t.Errorf("CredentialByDigest = %+v, %+v, %v; want %+v, %+v", got, gotSecret, err, want, secret)
		}
		want.Name, want.Scopes, want.Networks, want.Expires, want.Idle = "desk", []string{"read"}, nil, time.Time{}, 0
		want.State = sallyport.Deactivated
		write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateCredential(ctx, &want, 1) })
		if got := must[sallyport.Credential](t)(s.Credential(ctx, m, want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("Credential = %+v, want %+v", got, want)
		}
		if got := must[sallyport.Credential](t)(s.CredentialByID(ctx, want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("CredentialByID = %+v, want %+v", got, want)
		}
	}
	_, _, err := s.CredentialByDigest(ctx, hash(-1))
	kinds(t, "an unknown secret", err, sallyport.NotFound)
}

// AK-01: a secret belongs to one credential, whoever tries to give it to
// another.
func testCredentialConflict(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	alice, bob := user(ctx, t, s, m), user(ctx, t, s, m)
	c, k := token(ctx, t, s, m, alice.ID)
	theft := sallyport.Credential{ID: sallyport.CredentialID(id()), Tenant: m, Kind: sallyport.APIKey, Owner: bob.ID, State: sallyport.Active}
	refused(ctx, t, s, "a secret twice", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertCredential(ctx, &theft, &sallyport.CredentialSecret{Digest: k.Digest})
	})
	_, err := s.CredentialByID(ctx, theft.ID)
	kinds(t, "a credential whose secret was refused", err, sallyport.NotFound)
	mine, _ := token(ctx, t, s, m, bob.ID)
	refused(ctx, t, s, "a secret twice by replacing", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.ReplaceSecret(ctx, m, mine.ID, &sallyport.CredentialSecret{Digest: k.Digest}, time.Time{}, store.AnyVersion)
	})
	if got, _, err := s.CredentialByDigest(ctx, k.Digest); err != nil || got.ID != c.ID {
		t.Errorf("the secret now belongs to %+v, %v", got, err)
	}
	refused(ctx, t, s, "a credential without tenant", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertCredential(ctx,
			&sallyport.Credential{ID: sallyport.CredentialID(id()), Kind: sallyport.APIKey, Owner: bob.ID, State: sallyport.Active},
			&sallyport.CredentialSecret{Digest: hash(counter.Add(1))})
	})
}

func testCredentialLists(ctx context.Context, t *testing.T, s *store.Store) {
	m, m2 := tenant(ctx, t, s), tenant(ctx, t, s)
	u, u2 := user(ctx, t, s, m), user(ctx, t, s, m)
	a, _ := token(ctx, t, s, m, u.ID)
	b, _ := token(ctx, t, s, m2, u.ID)
	c, _ := token(ctx, t, s, m, u2.ID)
	names := func(all []sallyport.Credential, _ string, err error) []sallyport.CredentialID {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var ids []sallyport.CredentialID
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		slices.Sort(ids)
		return ids
	}
	for _, tt := range []struct {
		what string
		got  []sallyport.CredentialID
		want []sallyport.CredentialID
	}{
		{"of a tenant", names(s.Credentials(ctx, m, store.CredentialFilter{}, store.Page{})), []sallyport.CredentialID{a.ID, c.ID}},
		{"of a tenant and an owner", names(s.Credentials(ctx, m, store.CredentialFilter{Owner: u.ID}, store.Page{})), []sallyport.CredentialID{a.ID}},
		{"of a tenant and a kind", names(s.Credentials(ctx, m, store.CredentialFilter{Kind: sallyport.Session}, store.Page{})), nil},
		{"of a tenant and a state", names(s.Credentials(ctx, m, store.CredentialFilter{State: sallyport.Revoked}, store.Page{})), nil},
		{"of an owner", names(s.CredentialsOf(ctx, u.ID, store.CredentialFilter{Kind: sallyport.PersonalToken}, store.Page{})), []sallyport.CredentialID{a.ID, b.ID}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("credentials %s: %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

// Being revoked is final: no update and no new secret brings a credential back.
func testCredentialRevoke(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	c, k := token(ctx, t, s, m, u.ID)
	revoke := func(want bool) {
		t.Helper()
		write(ctx, t, s, func(tx *store.Tx) error {
			was, err := tx.RevokeCredential(ctx, m, c.ID)
			if was != want {
				t.Errorf("RevokeCredential = %t, want %t", was, want)
			}
			return err
		})
	}
	revoke(true)
	revoke(false)
	back := c
	refused(ctx, t, s, "an update of a revoked credential", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.UpdateCredential(ctx, &back, store.AnyVersion)
	})
	refused(ctx, t, s, "a new secret for a revoked credential", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.ReplaceSecret(ctx, m, c.ID, &sallyport.CredentialSecret{Digest: hash(counter.Add(1))}, time.Time{}, store.AnyVersion)
	})
	if got, _, err := s.CredentialByDigest(ctx, k.Digest); err != nil || got.State != sallyport.Revoked || got.Version != 2 {
		t.Errorf("the revoked credential is %+v, %v", got, err)
	}
	refused(ctx, t, s, "revoking what is not there", sallyport.NotFound, func(tx *store.Tx) error {
		_, err := tx.RevokeCredential(ctx, m, sallyport.CredentialID(id()))
		return err
	})
}

// What was begun with a credential ends with it, and nothing else does.
func testCredentialRevokeBegunWith(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	a, _ := token(ctx, t, s, m, u.ID)
	b, _ := token(ctx, t, s, m, u.ID)
	begin := func(with sallyport.CredentialID) sallyport.CredentialID {
		t.Helper()
		c := sallyport.Credential{ID: sallyport.CredentialID(id()), Tenant: m, Kind: sallyport.Session, Owner: u.ID, State: sallyport.Active, BegunWith: with}
		write(ctx, t, s, func(tx *store.Tx) error {
			return tx.InsertCredential(ctx, &c, &sallyport.CredentialSecret{Digest: hash(counter.Add(1))})
		})
		return c.ID
	}
	first, second, other, plain := begin(a.ID), begin(a.ID), begin(b.ID), begin("")
	write(ctx, t, s, func(tx *store.Tx) error {
		for _, tt := range []struct {
			with sallyport.CredentialID
			want []sallyport.CredentialID
		}{{a.ID, []sallyport.CredentialID{first, second}}, {a.ID, nil}, {"", nil}} {
			ended, err := tx.RevokeBegunWith(ctx, tt.with)
			if err != nil {
				return err
			}
			slices.Sort(ended)
			slices.Sort(tt.want)
			if !slices.Equal(ended, tt.want) {
				t.Errorf("RevokeBegunWith(%q) = %v, want %v", tt.with, ended, tt.want)
			}
		}
		return nil
	})
	for id, want := range map[sallyport.CredentialID]sallyport.State{
		first: sallyport.Revoked, second: sallyport.Revoked, other: sallyport.Active, plain: sallyport.Active, a.ID: sallyport.Active,
	} {
		if got := must[sallyport.Credential](t)(s.CredentialByID(ctx, id)); got.State != want {
			t.Errorf("%s is %s, want %s", id, got.State, want)
		}
	}
}

func testCredentialRevokeOf(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u, u2 := user(ctx, t, s, m), user(ctx, t, s, m)
	a, _ := token(ctx, t, s, m, u.ID)
	token(ctx, t, s, m, u2.ID)
	write(ctx, t, s, func(tx *store.Tx) error {
		for _, tt := range []struct {
			kinds []sallyport.CredentialKind
			want  []sallyport.CredentialID
		}{
			{[]sallyport.CredentialKind{sallyport.Session, sallyport.APIKey}, nil},
			{[]sallyport.CredentialKind{sallyport.Session, sallyport.PersonalToken}, []sallyport.CredentialID{a.ID}},
			{nil, nil},
		} {
			got, err := tx.RevokeCredentialsOf(ctx, u.ID, tt.kinds...)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("RevokeCredentialsOf(%v) = %v, %v; want %v", tt.kinds, got, err, tt.want)
			}
		}
		return nil
	})
	if all, _, err := s.Credentials(ctx, m, store.CredentialFilter{State: sallyport.Active}, store.Page{}); err != nil || len(all) != 1 {
		t.Errorf("%d credentials are active, %v; want the other user's", len(all), err)
	}
}

func testCredentialPrune(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	alive, _ := token(ctx, t, s, m, u.ID)
	expired, _ := token(ctx, t, s, m, u.ID)
	revoked, _ := token(ctx, t, s, m, u.ID)
	expired.Expires = time.Now().Add(-time.Hour)
	write(ctx, t, s, func(tx *store.Tx) error {
		if _, err := tx.RevokeCredential(ctx, m, revoked.ID); err != nil {
			return err
		}
		return tx.UpdateCredential(ctx, &expired, 1)
	})
	prune := func(kind sallyport.CredentialKind, before time.Time) (n int64) {
		write(ctx, t, s, func(tx *store.Tx) (err error) { n, err = tx.PruneCredentials(ctx, kind, before); return err })
		return n
	}
	for _, tt := range []struct {
		kind   sallyport.CredentialKind
		before time.Time
		want   int64
	}{
		{sallyport.Session, time.Now().Add(time.Hour), 0},
		{sallyport.APIKey, time.Now().Add(time.Hour), 0},
		{sallyport.PersonalToken, time.Now().Add(-2 * time.Hour), 0},
		{sallyport.PersonalToken, time.Now().Add(-time.Minute), 1},
		{sallyport.PersonalToken, time.Now().Add(time.Hour), 1},
	} {
		if got := prune(tt.kind, tt.before); got != tt.want {
			t.Errorf("PruneCredentials(%s, %v) = %d, want %d", tt.kind, tt.before, got, tt.want)
		}
	}
	if all, _, err := s.Credentials(ctx, m, store.CredentialFilter{}, store.Page{}); err != nil || len(all) != 1 || all[0].ID != alive.ID {
		t.Errorf("left over: %+v, %v", all, err)
	}
}

func testSecretReplace(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	c, first := token(ctx, t, s, m, u.ID)
	replace := func(until time.Time, version int64) sallyport.CredentialSecret {
		t.Helper()
		k := sallyport.CredentialSecret{Digest: hash(counter.Add(1)), Hint: "new"}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.ReplaceSecret(ctx, m, c.ID, &k, until, version) })
		return k
	}
	expiry := func(k sallyport.CredentialSecret) time.Time {
		t.Helper()
		_, got, err := s.CredentialByDigest(ctx, k.Digest)
		if err != nil {
			t.Fatal(err)
		}
		return got.Expires
	}
	second := replace(day(20), 1)
	if got := expiry(first); !got.Equal(day(20)) {
		t.Errorf("the first secret ends %v, want %v", got, day(20))
	}
	if got := expiry(second); !got.IsZero() {
		t.Errorf("the second secret ends %v", got)
	}
	replace(day(21), 2)
	if got := expiry(first); got.IsZero() || got.After(time.Now()) {
		t.Errorf("replaced twice, the first secret ends %v, want now", got)
	}
	if got := expiry(second); !got.Equal(day(21)) {
		t.Errorf("the second secret ends %v, want %v", got, day(21))
	}
	replace(time.Time{}, 3)
	if got := expiry(second); got.IsZero() || got.After(time.Now()) {
		t.Errorf("replaced at once, the second secret ends %v", got)
	}
	refused(ctx, t, s, "replacing a secret of an older version", sallyport.Changed, func(tx *store.Tx) error {
		return tx.ReplaceSecret(ctx, m, c.ID, &sallyport.CredentialSecret{Digest: hash(counter.Add(1))}, time.Time{}, 1)
	})
	if all, err := s.CredentialSecrets(ctx, m, c.ID); err != nil || len(all) != 4 {
		t.Errorf("CredentialSecrets = %+v, %v", all, err)
	}
	if got := must[sallyport.Credential](t)(s.Credential(ctx, m, c.ID)); got.Hint != "new" || !got.Renewed.After(c.Renewed) || got.Version != 4 {
		t.Errorf("after replacing, Credential = %+v", got)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		n, err := tx.PruneSecrets(ctx, time.Now().Add(time.Minute))
		if n != 3 {
			t.Errorf("PruneSecrets = %d, want 3", n)
		}
		return err
	})
}

func testCountUses(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	var counts []store.UseCount
	for range 150 { // more than one batch
		c, k := token(ctx, t, s, m, u.ID)
		counts = append(counts, store.UseCount{Credential: c.ID, Digest: k.Digest, Uses: 2, LastUsed: day(3), Addr: "192.0.2.7", Via: "curl/8"})
	}
	again := counts[7] // the same credential twice, the later one first in time
	again.Uses, again.LastUsed, again.Addr = 5, day(2), "192.0.2.8"
	unknown := store.UseCount{Credential: sallyport.CredentialID(id()), Digest: hash(counter.Add(1)), Uses: 1, LastUsed: day(3)}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.CountUses(ctx, append(counts, again, unknown)) })
	for i, n := range counts {
		want := int64(2)
		if i == 7 {
			want = 7
		}
		c, k, err := s.CredentialByDigest(ctx, n.Digest)
		if err != nil || c.Uses != want || k.Uses != want || c.LastAddr != "192.0.2.7" || c.LastVia != "curl/8" ||
			!c.LastUsed.Equal(day(3)) || !k.LastUsed.Equal(day(3)) || c.Version != 1 {
			t.Fatalf("credential %d: %+v, %+v, %v; want %d uses", i, c, k, err, want)
		}
	}
	_, err := s.CredentialByID(ctx, unknown.Credential)
	kinds(t, "a credential that was only counted", err, sallyport.NotFound)

	ids := []sallyport.CredentialID{unknown.Credential}
	for _, n := range counts {
		ids = append(ids, n.Credential)
	}
	found := must[[]sallyport.Credential](t)(s.CredentialsByID(ctx, ids)) // more than one statement
	slices.SortFunc(found, func(a, b sallyport.Credential) int { return cmp.Compare(a.ID, b.ID) })
	for i, c := range found {
		if i > 0 && c.ID == found[i-1].ID || !slices.Contains(ids[1:], c.ID) || c.Uses < 2 {
			t.Errorf("CredentialsByID found %+v", c)
		}
	}
	if none := must[[]sallyport.Credential](t)(s.CredentialsByID(ctx, nil)); len(found) != len(counts) || len(none) != 0 {
		t.Errorf("CredentialsByID found %d of %d, and %d of none", len(found), len(counts), len(none))
	}

	older := counts[0]
	older.LastUsed, older.Addr = day(1), "192.0.2.9"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.CountUses(ctx, []store.UseCount{older}) })
	if c := must[sallyport.Credential](t)(s.CredentialByID(ctx, older.Credential)); c.Uses != 4 || c.LastAddr != "192.0.2.7" {
		t.Errorf("an older count: %+v; want 4 uses and the newer address", c)
	}
}

// A statement over a list that fails leaves nothing of what it did before it came to
// the row that it failed at, also where nobody minds the error.
func testCountUsesFails(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	var counts []store.UseCount
	for i := range 20 {
		c, k := token(ctx, t, s, m, u.ID)
		counts = append(counts, store.UseCount{Credential: c.ID, Digest: k.Digest, Uses: int64(2 - i), LastUsed: day(3)}) // less than none
	}
	for _, minds := range []bool{true, false} {
		_, err := s.Write(ctx, func(tx *store.Tx) error {
			err := tx.CountUses(ctx, counts)
			if !minds {
				err = nil
			}
			return err
		})
		if err == nil {
			t.Fatalf("counts below 0 were written; the error was minded: %v", minds)
		}
	}
	for i, n := range counts {
		if c, k, err := s.CredentialByDigest(ctx, n.Digest); err != nil || c.Uses != 0 || k.Uses != 0 {
			t.Errorf("credential %d: %d and %d uses, %v; want none", i, c.Uses, k.Uses, err)
		}
	}
}

// AK-19: counts that are written while a credential is revoked or removed
// neither touch it nor bring it back.
func testCountUsesNeverRevives(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	for range 20 {
		c, k := token(ctx, t, s, m, u.ID)
		count := []store.UseCount{{Credential: c.ID, Digest: k.Digest, Uses: 1, LastUsed: day(1)}}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := s.Write(ctx, func(tx *store.Tx) error { return tx.CountUses(ctx, count) }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			_, err := s.Write(ctx, func(tx *store.Tx) error { _, err := tx.RevokeCredential(ctx, m, c.ID); return err })
			if err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		before, _, err := s.CredentialByDigest(ctx, k.Digest)
		if err != nil || before.State != sallyport.Revoked {
			t.Fatalf("after the race: %+v, %v", before, err)
		}
		write(ctx, t, s, func(tx *store.Tx) error { return tx.CountUses(ctx, count) })
		after, secret, err := s.CredentialByDigest(ctx, k.Digest)
		if err != nil || !reflect.DeepEqual(before, after) || secret.Uses != before.Uses {
			t.Fatalf("a count touched a revoked credential: %+v, %+v, %v", before, after, err)
		}
		write(ctx, t, s, func(tx *store.Tx) error {
			_, err := tx.PruneCredentials(ctx, sallyport.PersonalToken, time.Now().Add(time.Hour))
			return err
		})
		write(ctx, t, s, func(tx *store.Tx) error { return tx.CountUses(ctx, count) })
		_, _, err = s.CredentialByDigest(ctx, k.Digest)
		kinds(t, "a removed credential that was counted", err, sallyport.NotFound)
	}
}

// TN-13: contexts that end in the middle never make a lookup answer with
// another one's row.
func testCancelledLookups(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	want := make(map[[32]byte]sallyport.CredentialID)
	var digests [][32]byte
	for range 20 {
		c, k := token(ctx, t, s, m, u.ID)
		want[k.Digest] = c.ID
		digests = append(digests, k.Digest)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				digest := digests[(g*7+i)%len(digests)]
				ctx, cancel := context.WithTimeout(ctx, time.Duration((i*37+g*11)%2000)*time.Microsecond)
				c, _, err := s.CredentialByDigest(ctx, digest)
				cancel()
				switch {
				case err == nil && c.ID != want[digest]:
					t.Errorf("asked for %s, got %s", want[digest], c.ID)
				case err != nil && sallyport.KindOf(err) != sallyport.Unavailable:
					t.Errorf("a cancelled lookup: %v of kind %d, want Unavailable", err, sallyport.KindOf(err))
				}
			}
		})
	}
	wg.Wait()
	for digest, id := range want { // the pool is as good as before
		if c, _, err := s.CredentialByDigest(ctx, digest); err != nil || c.ID != id {
			t.Errorf("afterwards: %+v, %v", c, err)
		}
	}
}
