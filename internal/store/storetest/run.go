package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Run runs the suite against stores made by open, a new one for each test.
func Run(t *testing.T, open func(testing.TB) *store.Store) {
	t.Helper()
	for _, tt := range []struct {
		name string
		f    func(context.Context, *testing.T, *store.Store)
	}{
		{"Tenant", testTenant},
		{"TenantDelete", testTenantDelete},
		{"Realm", testRealm},
		{"User", testUser},
		{"UserState", testUserState},
		{"UserDelete", testUserDelete},
		{"Password", testPassword},
		{"Factor", testFactor},
		{"Group", testGroup},
		{"Role", testRole},
		{"Binding", testBinding},
		{"BindingsOfPrincipal", testBindingsOfPrincipal},
		{"Holders", testHolders},
		{"API", testAPI},
		{"PolicyItems", testPolicyItems},
		{"CredentialRoundTrip", testCredentialRoundTrip},
		{"CredentialConflict", testCredentialConflict},
		{"CredentialLists", testCredentialLists},
		{"CredentialRevoke", testCredentialRevoke},
		{"CredentialRevokeOf", testCredentialRevokeOf},
		{"CredentialRevokeBegunWith", testCredentialRevokeBegunWith},
		{"CredentialPrune", testCredentialPrune},
		{"SecretReplace", testSecretReplace},
		{"EndOverlap", testEndOverlap},
		{"Tombstone", testTombstone},
		{"Brownout", testBrownout},
		{"Unwarned", testUnwarned},
		{"CountUses", testCountUses},
		{"CountUsesFails", testCountUsesFails},
		{"CountUsesNeverRevives", testCountUsesNeverRevives},
		{"CancelledLookups", testCancelledLookups},
		{"Family", testFamily},
		{"RefreshRotation", testRefreshRotation},
		{"RefreshOneHeir", testRefreshOneHeir},
		{"RefreshFailedWrite", testRefreshFailedWrite},
		{"SigningKey", testSigningKey},
		{"Audit", testAudit},
		{"AuditConcurrent", testAuditConcurrent},
		{"Sink", testSink},
		{"Idempotency", testIdempotency},
		{"Throttle", testThrottle},
		{"Decision", testDecision},
		{"DecisionPrune", testDecisionPrune},
		{"Uses", testUses},
		{"Shadows", testShadows},
		{"Lessons", testLessons},
		{"OpenAPI", testOpenAPI},
		{"Nodes", testNodes},
		{"Overview", testOverview},
		{"Meta", testMeta},
		{"Changes", testChanges},
		{"ChangesConcurrent", testChangesConcurrent},
		{"ChangesPruned", testChangesPruned},
		{"ChangesManyNotes", testChangesManyNotes},
		{"OptimisticLocking", testOptimisticLocking},
		{"OtherTenant", testOtherTenant},
		{"Paging", testPaging},
		{"Bytewise", testBytewise},
		{"WriteRollsBack", testWriteRollsBack},
		{"WriteAfterFailure", testWriteAfterFailure},
		{"WriteExclusive", testWriteExclusive},
		{"ReadSnapshot", testReadSnapshot},
		{"ReadOnly", testReadOnly},
		{"Cancelled", testCancelled},
		{"Schema", testSchema},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.f(t.Context(), t, open(t))
		})
	}
}

// counter makes ids that differ.
var counter atomic.Int64

// id returns a new id in the form of a UUID.
func id() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", counter.Add(1)) }

// day is a time with microseconds.
func day(n int) time.Time { return time.Date(2030, 1, n, 12, 0, 0, 123456000, time.UTC) }

// write runs f and fails the test if it fails.
func write(ctx context.Context, t *testing.T, s *store.Store, f func(*store.Tx) error) sallyport.Revision {
	t.Helper()
	revision, err := s.Write(ctx, f)
	if err != nil {
		t.Fatalf("writing: %v", err)
	}
	return revision
}

// refused runs f and fails the test unless it fails with kind.
func refused(ctx context.Context, t *testing.T, s *store.Store, what string, kind sallyport.Kind, f func(*store.Tx) error) {
	t.Helper()
	_, err := s.Write(ctx, f)
	kinds(t, what, err, kind)
}

// kinds fails the test unless err is of kind.
func kinds(t *testing.T, what string, err error, kind sallyport.Kind) {
	t.Helper()
	if _, ok := errors.AsType[*sallyport.Error](err); !ok || sallyport.KindOf(err) != kind {
		t.Errorf("%s: error %v of kind %d, want kind %d", what, err, sallyport.KindOf(err), kind)
	}
}

// must returns v and fails the test on an error.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tenant makes a tenant.
func tenant(ctx context.Context, t *testing.T, s *store.Store) sallyport.TenantID {
	t.Helper()
	m := sallyport.Tenant{ID: sallyport.TenantID(id()), State: sallyport.Active}
	m.Name = "tenant " + string(m.ID)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertTenant(ctx, &m) })
	return m.ID
}

// user makes a person in a tenant.
func user(ctx context.Context, t *testing.T, s *store.Store, in sallyport.TenantID) sallyport.User {
	t.Helper()
	u := sallyport.User{ID: sallyport.PrincipalID(id()), Tenant: in, Kind: sallyport.Person, State: sallyport.Active}
	u.Login = "user-" + string(u.ID)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertUser(ctx, &u) })
	return u
}

// role makes a role in a tenant.
func role(ctx context.Context, t *testing.T, s *store.Store, in sallyport.TenantID, permissions ...sallyport.Permission) sallyport.Role {
	t.Helper()
	o := sallyport.Role{ID: sallyport.RoleID(id()), Tenant: in, Permissions: permissions}
	o.Name = "role " + string(o.ID)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertRole(ctx, &o) })
	return o
}

// hash returns a digest that differs for each n.
func hash(n int64) (d [32]byte) {
	copy(d[:], fmt.Sprintf("%032d", n))
	return d
}

// token makes a personal token of an owner.
func token(ctx context.Context, t *testing.T, s *store.Store, in sallyport.TenantID, owner sallyport.PrincipalID) (sallyport.Credential, sallyport.CredentialSecret) {
	t.Helper()
	c := sallyport.Credential{
		ID: sallyport.CredentialID(id()), Tenant: in, Kind: sallyport.PersonalToken,
		Owner: owner, Creator: owner, Name: "token", State: sallyport.Active,
	}
	k := sallyport.CredentialSecret{Digest: hash(counter.Add(1)), Pepper: 1, Hint: "spp_...abcd"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertCredential(ctx, &c, &k) })
	return c, k
}
