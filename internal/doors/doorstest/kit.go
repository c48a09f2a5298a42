// Package doorstest makes doors for tests: over a real store, with APIs, users
// and credentials that the test asks for.
package doorstest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/clocktest"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
	"github.com/sallyport/sallyport/internal/token"
)

// Issuer is the public URL of the doors that a [Kit] has.
const Issuer = "http://sallyport.test"

// Tenant is the tenant that a kit begins with. Users of a kit are at home there.
const Tenant sallyport.TenantID = "4213b2bc-e1ab-4225-acc6-2f64c98d621b"

// A Kit is doors with what stands behind them.
type Kit struct {
	T        testing.TB
	Doors    *doors.Doors
	Store    *store.Store
	Compiler *policy.Compiler
	Hasher   *password.Hasher
	Throttle *authn.Throttle
	Secrets  *token.Digester
	Master   token.MasterKey
	Clock    *clocktest.Clock
}

// ExpiryWarning is how long before its end a token of the kit is told of.
const ExpiryWarning = 10 * time.Minute

// Options change what [New] makes.
type Options struct {
	Store        *store.Store  // SQLite in a temporary folder when nil
	MaxStaleness time.Duration // 5 s when 0
	Log          *slog.Logger  // discarded when nil
	Untraced     bool
	Uncounted    bool
}

// New returns doors in front of the given APIs.
func New(t testing.TB, apis ...sallyport.API) *Kit {
	t.Helper()
	return NewWith(t, Options{}, apis...)
}

// NewWith is New with options.
func NewWith(t testing.TB, o Options, apis ...sallyport.API) *Kit {
	t.Helper()
	clock := clocktest.New()
	k := &Kit{T: t, Clock: clock, Store: o.Store}
	if k.Store == nil {
		k.Store = storetest.NewAt(t, clock.Now)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxStaleness == 0 {
		o.MaxStaleness = 5 * time.Second
	}
	k.Master = must(token.NewMasterKey())(t)
	pepper := must(k.Master.Pepper(1))(t)
	k.Secrets = must(token.NewDigester(token.UseSecret, pepper))(t)
	k.Compiler = must(policy.NewCompiler(policy.Rules{}))(t)
	gate := password.NewGate(2, 16)
	k.Hasher = must(password.NewCheapHasher(gate))(t)
	k.Throttle = authn.NewThrottle(authn.DefaultThrottleLimits(), must(token.NewDigester(token.UseThrottle, pepper))(t), clock.Now)
	k.seed(apis)
	pseudonyms := must(k.Master.PseudonymKey())(t)
	d, err := doors.New(t.Context(), doors.Config{
		Store: k.Store, Compiler: k.Compiler, Secrets: k.Secrets,
		Sealer: must(token.NewSealer(token.SealSigningKey, k.Master))(t), Factors: must(token.NewSealer(token.SealFactor, k.Master))(t),
		Hasher: k.Hasher, Throttle: k.Throttle, Issuer: Issuer, Now: clock.Now, Log: o.Log,
		Pseudonyms: &pseudonyms, MaxStaleness: o.MaxStaleness, ExpiryWarning: ExpiryWarning, Untraced: o.Untraced, Uncounted: o.Uncounted,
	})
	if err != nil {
		t.Fatalf("making the doors: %v", err)
	}
	t.Cleanup(d.Close)
	k.Doors = d
	return k
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// seed writes the tenant, the APIs and the signing keys.
func (k *Kit) seed(apis []sallyport.API) {
	k.T.Helper()
	sealer := must(token.NewSealer(token.SealSigningKey, k.Master))(k.T)
	k.write(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertTenant(ctx, &sallyport.Tenant{ID: Tenant, Name: "DemoTenant5", State: sallyport.Active}); err != nil {
			return err
		}
		for _, api := range apis {
			if err := tx.InsertAPI(ctx, &store.APIDocument{API: api}); err != nil {
				return err
			}
		}
		for _, use := range []struct {
			kind      token.JWTKind
			algorithm token.Algorithm
		}{
			{token.AccessJWT, token.EdDSA},
			{token.AccessJWT, token.ES256},
			{token.AssertionJWT, token.EdDSA},
			{token.RefreshJWT, token.HS256},
		} {
			if err := insertKey(ctx, tx, sealer, use.kind, use.algorithm, k.Clock.Now()); err != nil {
				return err
			}
		}
		tx.Note(sallyport.ChangePolicy, "")
		return nil
	})
}

func insertKey(ctx context.Context, tx *store.Tx, sealer *token.Sealer, kind token.JWTKind, a token.Algorithm, now time.Time) error {
	key, err := token.NewSigningKey(kind, a, now)
	if err != nil {
		return err
	}
	stored, err := authn.SealKey(sealer, key.Activate(now))
	if err != nil {
		return err
	}
	return tx.InsertSigningKey(ctx, &stored)
}

// write runs f in a transaction and has the doors apply what it noted.
func (k *Kit) write(f func(context.Context, *store.Tx) error) {
	k.T.Helper()
	ctx := context.WithoutCancel(k.T.Context())
	if _, err := k.Store.Write(ctx, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
		k.T.Fatalf("writing to the store: %v", err)
	}
	k.Apply()
}

// Write runs f in a transaction and has the doors apply what it noted.
func (k *Kit) Write(f func(context.Context, *store.Tx) error) {
	k.T.Helper()
	k.write(f)
}

// Apply has the doors catch up with the store.
func (k *Kit) Apply() {
	k.T.Helper()
	if k.Doors == nil {
		return
	}
	if _, err := k.Doors.Apply(context.WithoutCancel(k.T.Context())); err != nil {
		k.T.Fatalf("applying changes: %v", err)
	}
}

// NewID returns a random UUID.
func NewID() string { return uuid.NewString() }

// ReplaceAPI writes another document for an API that is there already.
func (k *Kit) ReplaceAPI(api sallyport.API) {
	k.T.Helper()
	k.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return tx.UpdateAPI(ctx, &store.APIDocument{API: api}, store.AnyVersion)
	})
}
