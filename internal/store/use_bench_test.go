package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// BenchmarkCountUses writes 2,000 uses down at a time: of 2,000 tokens that were made
// one after the other, and of as many that lie among 40,000.
func BenchmarkCountUses(b *testing.B) {
	const batch = 2000
	for _, apart := range []int{1, 20} {
		b.Run(fmt.Sprintf("apart=%d", apart), func(b *testing.B) {
			ctx := b.Context()
			s := storetest.Open(b, "sqlite:"+b.TempDir()+"/store.db", time.Now)
			if err := s.Migrate(ctx); err != nil {
				b.Fatal(err)
			}
			counts, err := insertTokens(ctx, s, batch*apart, apart)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := s.Write(ctx, func(tx *store.Tx) error { return tx.CountUses(ctx, counts) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/use")
		})
	}
}

// insertTokens makes tokens and returns a use of every so manyth.
func insertTokens(ctx context.Context, s *store.Store, n, apart int) (counts []store.UseCount, err error) {
	tenant := sallyport.Tenant{ID: sallyport.TenantID(uuid.NewString()), Name: "bench", State: sallyport.Active}
	user := sallyport.User{ID: sallyport.PrincipalID(uuid.NewString()), Tenant: tenant.ID, Kind: sallyport.Person, State: sallyport.Active, Login: "bench"}
	_, err = s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.InsertTenant(ctx, &tenant); err != nil {
			return err
		}
		return tx.InsertUser(ctx, &user)
	})
	for first := 0; first < n && err == nil; first += 1000 {
		_, err = s.Write(ctx, func(tx *store.Tx) error {
			for i := first; i < first+1000; i++ {
				c := sallyport.Credential{
					ID: sallyport.CredentialID(uuid.NewString()), Tenant: tenant.ID, Kind: sallyport.PersonalToken,
					Owner: user.ID, Creator: user.ID, Name: fmt.Sprint("bench ", i), State: sallyport.Active,
				}
				k := sallyport.CredentialSecret{Digest: sha256.Sum256([]byte(c.ID)), Pepper: 1, Hint: "spp_...abcd"}
				if err := tx.InsertCredential(ctx, &c, &k); err != nil {
					return err
				}
				if i%apart == 0 {
					counts = append(counts, store.UseCount{
						Credential: c.ID, Digest: k.Digest, Uses: 6, LastUsed: time.Unix(1_900_000_000, 0), Addr: "192.0.2.7", Via: "curl/8",
					})
				}
			}
			return nil
		})
	}
	return counts, err
}
