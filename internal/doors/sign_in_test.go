package doors_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/totp"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// A code of an app or of the list is good once, after the password, and guessing
// codes is guessing.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password)
	k.User("bob", password)
	client := netip.MustParseAddr("192.0.2.7")
	sealer, err := token.NewSealer(token.SealFactor, k.Master)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("12345678901234567890")
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		f := store.Factor{ID: "app", Principal: alice, Kind: store.FactorTOTP, Active: true}
		if err := authn.SealFactor(sealer, &f, secret); err != nil {
			return err
		}
		code := store.Factor{
			ID: "code", Principal: alice, Kind: store.FactorRecovery, Active: true,
			Secret: authn.RecoveryDigest(k.Secrets, alice, "abcde-fghij"),
		}
		tx.Note(sallyport.ChangePrincipal, string(alice))
		if err := tx.InsertFactor(ctx, &f); err != nil {
			return err
		}
		return tx.InsertFactor(ctx, &code)
	})
	if p, reason, _ := k.Doors.Authenticate(t.Context(), "bob", password, client); reason != "" || p.SecondFactor {
		t.Errorf("who has none: %q", reason)
	}
	p, reason, _ := k.Doors.Authenticate(t.Context(), "alice", password, client)
	if reason != sallyport.SecondFactorRequired || p == nil {
		t.Fatalf("the password alone: %q", reason)
	}
	if _, reason, _ := k.Doors.Password(t.Context(), "alice", password, client); reason != "" {
		t.Errorf("the password, of who is signed in: %q", reason)
	}
	now := func() string { return totp.Code(secret, totp.StepAt(k.Clock.Now())) }
	try := func(what, code string, want sallyport.Reason) {
		t.Helper()
		if got, _ := k.Doors.SecondFactor(t.Context(), p, code, client); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	try("nothing", "", sallyport.SecondFactorWrong)
	try("a wrong code", "000000", sallyport.SecondFactorWrong)
	try("as people type it", now()[:3]+" "+now()[3:], "")
	try("the same again", now(), sallyport.SecondFactorWrong)
	later := func() {
		t.Helper()
		k.Clock.Advance(30 * time.Second)
		if _, err := k.Doors.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	later()
	try("the next", now(), "")
	try("a recovery code", "ABCDE fghij", "")
	try("the same again", "abcde-fghij", sallyport.SecondFactorWrong)

	again, reason := k.Doors.Recall(t.Context(), alice, p.Epoch)
	if reason != "" || again.ID != alice {
		t.Errorf("Recall: %q", reason)
	}
	if _, reason := k.Doors.Recall(t.Context(), alice, p.Epoch+1); reason != sallyport.CredentialRevoked {
		t.Errorf("Recall after a change: %q", reason)
	}
	k.Deactivate(alice)
	if _, reason := k.Doors.Recall(t.Context(), alice, p.Epoch); reason != sallyport.OwnerInactive && reason != sallyport.CredentialRevoked {
		t.Errorf("Recall of who is gone: %q", reason)
	}

	later()
	for range 11 {
		reason, _ = k.Doors.SecondFactor(t.Context(), p, "111111", client)
	}
	if reason != sallyport.Overdone {
		t.Errorf("guessing codes: %q", reason)
	}
	try("the right one, too late", now(), sallyport.Overdone)
}

// Who guesses codes knows the password: to give it between guesses, and in another
// spelling of the login, forgives none of them.
func TestThePasswordForgivesNoCodes(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, shop())
	alice := k.User("alice", password)
	client := netip.MustParseAddr("192.0.2.7")
	p, reason, _ := k.Doors.Authenticate(t.Context(), "alice", password, client)
	if reason != "" {
		t.Fatal(reason)
	}
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePrincipal, string(alice))
		return tx.InsertFactor(ctx, &store.Factor{
			ID: "code", Principal: alice, Kind: store.FactorRecovery, Active: true,
			Secret: authn.RecoveryDigest(k.Secrets, alice, "abcde-fghij"),
		})
	})
	evaluated := 0
	for _, login := range []string{"alice", "Alice", "ALICE", "aLICE", "alIce"} {
		if _, reason, _ := k.Doors.Password(t.Context(), login, password, client); reason != "" {
			t.Fatalf("the password of %s: %q", login, reason)
		}
		for range 9 {
			if reason, _ := k.Doors.SecondFactor(t.Context(), p, "111111", client); reason == sallyport.SecondFactorWrong {
				evaluated++
			}
		}
	}
	if evaluated != 10 {
		t.Errorf("%d codes could be guessed at once, want 10", evaluated)
	}
}
