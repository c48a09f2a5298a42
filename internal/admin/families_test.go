package admin_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
)

// reason returns the reason of a refusal, empty if there was none.
func reason(err error) sallyport.Reason {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Reason
	}
	return ""
}

// signIn begins a sign-in with a refresh token.
func signIn(s *scene) admin.SignIn {
	return must(s.StartFamily(s.ctx, admin.NewFamily{Principal: s.user.ID, Client: "cli", Refresh: true}))
}

func rotate(s *scene, secret sallyport.Secret) (admin.SignIn, error) {
	return s.Rotate(s.ctx, admin.Presented{Secret: secret, Client: "cli"})
}

func familyState(s *scene, id sallyport.FamilyID) sallyport.State {
	return must(s.Store.FamilyByID(s.ctx, id)).State
}

// lastAction returns the newest entry of the trail.
func lastAction(s *scene) store.AuditRow {
	rows, _, err := s.Store.EveryAudit(s.ctx, store.AuditFilter{}, store.Page{Limit: 1})
	if err != nil || len(rows) == 0 {
		panic(err)
	}
	return rows[0]
}

// TestOneHeir has 64 clients exchange the same refresh token at once, for some
// rounds (RF-01): all who are answered have the same successor, and it is the
// only one there is.
func TestOneHeir(t *testing.T) {
	t.Parallel()
	raceHeirs(t, newScene(t), 10, 64)
}

func raceHeirs(t *testing.T, s *scene, rounds, n int) {
	t.Helper()
	r := signIn(s)
	current := r.Refresh
	for round := range rounds {
		var wg sync.WaitGroup
		answers := make([]sallyport.Secret, n)
		replayed := make([]bool, n)
		for i := range n {
			wg.Go(func() {
				next, err := rotate(s, current)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				answers[i], replayed[i] = next.Refresh, next.Replayed
			})
		}
		wg.Wait()
		firsts := 0
		for i := range n {
			if answers[i] != answers[0] || answers[i] == "" || answers[i] == current {
				t.Fatalf("round %d: two heirs", round)
			}
			if !replayed[i] {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("round %d: %d were first, want 1", round, firsts)
		}
		if newest := must(s.Store.NewestRefreshToken(s.ctx, r.Family.ID)); newest != int64(round+2) {
			t.Errorf("round %d: the newest token is number %d", round, newest)
		}
		current = answers[0]
	}
}

func TestRetryWindow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	r1 := signIn(s)
	r2 := must(rotate(s, r1.Refresh))
	s.Clock.Advance(10 * time.Second)
	again, err := rotate(s, r1.Refresh)
	if err != nil || again.Refresh != r2.Refresh || !again.Replayed {
		t.Errorf("in the window: %+v, %v; want the identical successor", again, err)
	}
	s.Clock.Advance(time.Microsecond)
	if _, err := rotate(s, r1.Refresh); reason(err) != sallyport.CredentialReplaced {
		t.Errorf("after the window: %v, want credential_replaced", err)
	}
	if got := familyState(s, r1.Family.ID); got != sallyport.Revoked {
		t.Errorf("the family is %s, want revoked", got)
	}
	if row := lastAction(s); row.Action != "sign_in.reuse" || row.TargetID != string(r1.Family.ID) || row.Tenant != s.in {
		t.Errorf("the trail says %s of %s in %s", row.Action, row.TargetID, row.Tenant)
	}
	if _, err := rotate(s, r2.Refresh); reason(err) != sallyport.CredentialRevoked {
		t.Errorf("the heir: %v, want credential_revoked", err)
	}
}

// TestReuseOfAGrandparent is RF-05: R1 -> R2 -> R3, then R1 in the window.
func TestReuseOfAGrandparent(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	r1 := signIn(s)
	r2 := must(rotate(s, r1.Refresh))
	r3 := must(rotate(s, r2.Refresh))
	if _, err := rotate(s, r1.Refresh); reason(err) != sallyport.CredentialReplaced {
		t.Errorf("R1: %v, want credential_replaced", err)
	}
	if _, err := rotate(s, r3.Refresh); reason(err) != sallyport.CredentialRevoked {
		t.Errorf("R3: %v, want credential_revoked", err)
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	// Each row does something and says why the token does not work after it, and
	// whether it works again when it is undone.
	for name, tt := range map[string]struct {
		do     func(*scene, admin.SignIn)
		client string
		want   sallyport.Reason
		undo   func(*scene, admin.SignIn)
	}{
		"another client": {client: "mallory", want: sallyport.ClaimsInvalid, undo: func(*scene, admin.SignIn) {}},
		"no client":      {client: "-", want: sallyport.ClaimsInvalid, undo: func(*scene, admin.SignIn) {}},
		"deactivated user": {do: func(s *scene, _ admin.SignIn) {
			must(s.DeactivateUser(s.ctx, s.Root, s.in, s.user.ID, anyVersion))
		}, want: sallyport.CredentialRevoked},
		"locked user": {
			do: func(s *scene, _ admin.SignIn) { lock(s, sallyport.Locked) }, want: sallyport.OwnerInactive,
			undo: func(s *scene, _ admin.SignIn) { lock(s, sallyport.Active) },
		},
		"deactivated tenant": {do: func(s *scene, _ admin.SignIn) {
			must(s.DeactivateTenant(s.ctx, s.Root, s.in, anyVersion))
		}, want: sallyport.TenantInactive, undo: func(s *scene, _ admin.SignIn) {
			must(s.ReactivateTenant(s.ctx, s.Root, s.in, anyVersion))
		}},
		"deleted user": {do: func(s *scene, _ admin.SignIn) {
			if err := s.DeleteUser(s.ctx, s.Root, s.in, s.user.ID, anyVersion); err != nil {
				panic(err)
			}
		}, want: sallyport.CredentialRevoked},
		"password set": {do: func(s *scene, _ admin.SignIn) {
			if err := s.SetPassword(s.ctx, s.Root, s.in, s.user.ID, admintest.Password, true); err != nil {
				panic(err)
			}
		}, want: sallyport.CredentialRevoked},
		"ended": {do: func(s *scene, r admin.SignIn) {
			if err := s.RevokeFamily(s.ctx, admintest.As(s.user), r.Family.ID); err != nil {
				panic(err)
			}
		}, want: sallyport.CredentialRevoked},
		"absolute end": {do: func(s *scene, _ admin.SignIn) { s.Clock.Advance(admin.DefaultFamily) }, want: sallyport.CredentialExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			r := signIn(s)
			if tt.do != nil {
				tt.do(s, r)
			}
			in := admin.Presented{Secret: r.Refresh, Client: "cli"}
			switch tt.client {
			case "":
			case "-":
				in.Client = ""
			default:
				in.Client = tt.client
			}
			got, err := s.Rotate(s.ctx, in)
			if reason(err) != tt.want || got.Refresh != "" {
				t.Errorf("Rotate: %v, want %s", err, tt.want)
			}
			if tt.undo == nil {
				return
			}
			tt.undo(s, r)
			if _, err := rotate(s, r.Refresh); err != nil {
				t.Errorf("its owner: %v, want it to work still", err)
			}
		})
	}
}

func lock(s *scene, state sallyport.State) {
	_, err := s.Store.Write(s.ctx, func(tx *store.Tx) error {
		return tx.SetUserState(s.ctx, s.in, s.user.ID, state, store.AnyVersion)
	})
	if err != nil {
		panic(err)
	}
}

// TestAbsoluteLifetime is RF-11: who refreshes every day is out on day 30.
func TestAbsoluteLifetime(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	r := signIn(s)
	for day := 1; day < 30; day++ {
		s.Clock.Advance(24 * time.Hour)
		next, err := rotate(s, r.Refresh)
		if err != nil {
			t.Fatalf("day %d: %v", day, err)
		}
		r.Refresh = next.Refresh
	}
	s.Clock.Advance(24 * time.Hour)
	if _, err := rotate(s, r.Refresh); reason(err) != sallyport.CredentialExpired {
		t.Errorf("day 30: %v, want credential_expired", err)
	}
}

func TestRotateUnknown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	issued := must(s.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "x"}))
	for name, secret := range map[string]sallyport.Secret{
		"nothing": "", "garbage": "spr_garbage", "another kind": issued.Secret,
	} {
		if _, err := rotate(s, secret); reason(err) != sallyport.CredentialUnknown {
			t.Errorf("%s: %v, want credential_unknown", name, err)
		}
	}
}

// TestStoredForm is RF-14: no token is in the database in the clear.
func TestStoredForm(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	r1 := signIn(s)
	r2 := must(rotate(s, r1.Refresh))
	digest := s.Secrets.Digest(r1.Refresh.Reveal())
	stored, _, err := s.Store.RefreshTokenByDigest(s.ctx, digest)
	if err != nil || len(stored.Successor) == 0 {
		t.Fatalf("RefreshTokenByDigest: %v", err)
	}
	if string(stored.Successor) == r2.Refresh.Reveal() {
		t.Error("the successor is stored in the clear")
	}
}

func TestRevokeByToken(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	r := signIn(s)
	alice := admintest.As(s.user)
	token := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "x"}))
	key := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "x"}))
	present := func(secret sallyport.Secret, client string) error {
		return s.RevokeByToken(s.ctx, admin.Presented{Secret: secret, Client: client})
	}
	if err := present(r.Refresh, "mallory"); reason(err) != sallyport.ClaimsInvalid {
		t.Errorf("by another client: %v", err)
	}
	for name, secret := range map[string]sallyport.Secret{"unknown": "spr_unknown", "refresh": r.Refresh, "token": token.Secret, "key": key.Secret} {
		for range 2 { // the second time it is dead already
			if err := present(secret, "cli"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := familyState(s, r.Family.ID); got != sallyport.Revoked {
		t.Errorf("the family is %s", got)
	}
	if got := must(s.Token(s.ctx, alice, token.Credential.ID)); got.State != sallyport.Revoked {
		t.Errorf("the token is %s", got.State)
	}
	if got := must(s.Key(s.ctx, s.Root, s.in, key.Credential.ID)); got.State != sallyport.Active {
		t.Errorf("the key is %s; keys are not ended this way", got.State)
	}
	if rows := must(s.Audit(s.ctx, s.Root, s.in, store.AuditFilter{Target: string(r.Family.ID)}, admin.Page{})); len(rows.Items) != 2 {
		t.Errorf("%d entries about the sign-in, want its beginning and its end", len(rows.Items))
	}
}

// What was begun with a credential ends when its secret is replaced, when an overlap
// is ended, and when it is narrowed: nobody can tell with which secret it was.
func TestSignInsEndWithTheirSecret(t *testing.T) {
	t.Parallel()
	system := admin.System("test")
	for _, tt := range []struct {
		name string
		end  func(s *scene) error
	}{
		{"renewed", func(s *scene) error {
			_, err := s.RenewKey(s.ctx, system, s.in, s.key.ID, anyVersion, 0)
			return err
		}},
		{"adopted", func(s *scene) error {
			return s.AdoptKeySecret(s.ctx, system, s.in, s.key.ID, "a-secret-from-elsewhere-9")
		}},
		{"narrowed", func(s *scene) error {
			_, err := s.UpdateKey(s.ctx, system, s.in, s.key.ID, anyVersion, admin.TokenChange{Scopes: &[]string{"orders"}})
			return err
		}},
		{"overlap ended", func(s *scene) error {
			_, err := s.EndKeyOverlap(s.ctx, system, s.in, s.key.ID, anyVersion)
			return err
		}},
	} {
		s := newScene(t)
		begin := func() admin.SignIn {
			return must(s.StartFamily(s.ctx, admin.NewFamily{
				Principal: s.key.Owner, Credential: s.key.ID, Tenant: s.in, Client: "cli", Refresh: true, Lifetime: 10 * time.Hour,
			}))
		}
		if strings.HasPrefix(tt.name, "overlap") {
			s.Clock.Advance(time.Minute)
			must(s.RenewKey(s.ctx, system, s.in, s.key.ID, anyVersion, 30*time.Minute))
		}
		old, err := rotate(s, begin().Refresh)
		if err != nil {
			t.Fatalf("%s: before: %v", tt.name, err)
		}
		if err := tt.end(s); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		_, err = rotate(s, old.Refresh)
		if got := reason(err); got != sallyport.CredentialRevoked && got != sallyport.CredentialReplaced {
			t.Errorf("%s: the refresh token goes on: %v", tt.name, err)
		}
	}
}
