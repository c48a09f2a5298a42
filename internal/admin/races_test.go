package admin_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// TestRacesOnPostgres repeats on PostgreSQL, where writers overlap, what
// elsewhere is tried on SQLite alone.
func TestRacesOnPostgres(t *testing.T) {
	t.Parallel()
	s := furnish(t, onPostgres(t))
	raceHeirs(t, s, 3, 32)
	raceDisable(t, s, 5)
	raceAdministrators(t, s)
}

// TestDisableWhileIssuing is AZ-19: a user is deactivated while things are being
// made for him. Whatever comes first, nothing of his works afterwards.
func TestDisableWhileIssuing(t *testing.T) {
	t.Parallel()
	raceDisable(t, newScene(t), 20)
}

func raceDisable(t *testing.T, s *scene, rounds int) {
	t.Helper()
	for range rounds {
		user := s.MakeUser(s.in, sallyport.Person)
		svc := s.MakeUser(s.in, sallyport.Service)
		var mu sync.Mutex // guards secrets
		var secrets []sallyport.Secret
		keep := func(issued admin.Issued, err error) {
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				secrets = append(secrets, issued.Secret)
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { keep(s.CreateToken(s.ctx, admintest.As(user), admin.NewToken{Name: "x"})) })
			wg.Go(func() { keep(s.StartSession(s.ctx, admin.NewSession{User: user.ID})) })
			wg.Go(func() {
				keep(s.CreateApplicationToken(s.ctx, s.Root, s.in, svc.ID, admin.NewToken{Name: "x"}))
			})
		}
		for _, id := range []sallyport.PrincipalID{user.ID, svc.ID} {
			wg.Go(func() {
				if _, err := s.DeactivateUser(s.ctx, s.Root, s.in, id, anyVersion); err != nil {
					t.Errorf("deactivate: %v", err)
				}
			})
		}
		wg.Wait()
		for _, secret := range secrets {
			if works(s, secret) {
				t.Fatal("a credential of a deactivated user works")
			}
		}
	}
}

// TestSignInWithAnOldPassword has a password be changed between its verification
// and the start of the session.
func TestSignInWithAnOldPassword(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	set := func() sallyport.User {
		if err := s.SetPassword(s.ctx, s.Root, s.in, s.user.ID, admintest.Password, true); err != nil {
			t.Fatal(err)
		}
		return must(s.User(s.ctx, s.Root, s.in, s.user.ID))
	}
	verified := set()
	if _, err := s.StartSession(s.ctx, admin.NewSession{User: s.user.ID, Epoch: verified.Epoch}); err != nil {
		t.Errorf("under the same password: %v", err)
	}
	set()
	if _, err := s.StartSession(s.ctx, admin.NewSession{User: s.user.ID, Epoch: verified.Epoch}); reason(err) != sallyport.CredentialRevoked {
		t.Errorf("a session: %v, want credential_revoked", err)
	}
	if _, err := s.StartFamily(s.ctx, admin.NewFamily{Principal: s.user.ID, Epoch: verified.Epoch}); reason(err) != sallyport.CredentialRevoked {
		t.Errorf("a sign-in: %v, want credential_revoked", err)
	}
}

// TestSweep checks that it removes what is dead and leaves what lives.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := admintest.As(s.user)
	dead := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "dead"}))
	if err := s.RevokeToken(s.ctx, alice, dead.Credential.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	live := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "live"}))
	r1 := signIn(s)
	r2 := must(rotate(s, r1.Refresh))
	if err := s.Sweep(s.ctx); err != nil {
		t.Fatal(err)
	}
	if again := must(rotate(s, r1.Refresh)); again.Refresh != r2.Refresh {
		t.Error("the sweep has broken the retry window")
	}
	s.Clock.Advance(100 * 24 * time.Hour)
	_, seq := state(s)
	if err := s.Sweep(s.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(s.ctx, alice, dead.Credential.ID); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("the dead token: %v", err)
	}
	if !works(s, live.Secret) {
		t.Error("the live token was removed")
	}
	if _, err := s.Store.FamilyByID(s.ctx, r1.Family.ID); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("the sign-in that is over: %v", err)
	}
	if _, now := state(s); now != seq {
		t.Errorf("the sweep has left %d entries", now-seq)
	}
}

// CL-13: nodes clean up whenever they like, also at once. Each removal happens
// once, and nothing that is alive goes with it.
func TestSweepOnManyNodes(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	user := admintest.As(w.MakeUser(w.T1.ID, sallyport.Person))
	for i := range 20 {
		dead := must(w.CreateToken(t.Context(), user, admin.NewToken{Name: fmt.Sprint("dead ", i)}))
		if err := w.RevokeToken(t.Context(), user, dead.Credential.ID, anyVersion); err != nil {
			t.Fatal(err)
		}
	}
	must(w.CreateToken(t.Context(), user, admin.NewToken{Name: "live"}))
	w.Clock.Advance(100 * 24 * time.Hour)
	var nodes sync.WaitGroup
	for range 6 {
		nodes.Go(func() {
			if err := w.Sweep(t.Context()); err != nil {
				t.Errorf("sweeping: %v", err)
			}
		})
	}
	nodes.Wait()
	left := must(w.Tokens(t.Context(), user, w.T1.ID, admin.TokenFilter{Owner: user.Principal.ID}, admin.Page{}))
	if len(left.Items) != 1 || left.Items[0].Name != "live" {
		t.Errorf("left: %+v", left.Items)
	}
}
