package admin_test

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/authn/totp"
)

// seated returns a person in a session that began now.
func seated(t *testing.T, w *admintest.World) admin.Actor {
	t.Helper()
	user := w.MakeUser(w.T1.ID, sallyport.Person)
	issued := must(w.StartSession(t.Context(), admin.NewSession{User: user.ID}))
	return admintest.With(admintest.As(user), issued.Credential)
}

// codeOf returns what an app with this secret shows now.
func codeOf(t *testing.T, w *admintest.World, uri sallyport.Secret) string {
	t.Helper()
	return totp.Code(secretIn(t, uri), totp.StepAt(w.Clock.Now()))
}

// secretIn returns the secret in what a QR code says.
func secretIn(t *testing.T, uri sallyport.Secret) []byte {
	t.Helper()
	u, err := url.Parse(uri.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	alice := seated(t, w)

	must(w.StartFactor(ctx, alice, "tablet", "api.example.com")) // is forgotten
	begun := must(w.StartFactor(ctx, alice, " phone ", "api.example.com"))
	if f := must(w.Factors(ctx, alice)); len(f.List) != 1 || f.On() || f.List[0].Name != "phone" {
		t.Errorf("begun: %+v", f)
	}
	if _, err := w.ActivateFactor(ctx, alice, begun.ID, "000000"); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("a wrong code: %v", err)
	}
	codes := must(w.ActivateFactor(ctx, alice, begun.ID, codeOf(t, w, begun.URI)))
	if len(codes) != 10 || len(codes[0].Reveal()) != 11 || codes[0] == codes[1] {
		t.Errorf("recovery codes %v", codes)
	}
	if f := must(w.Factors(ctx, alice)); !f.On() || f.Recovery != 10 {
		t.Errorf("in force: %+v", f)
	}
	if _, err := w.ActivateFactor(ctx, alice, begun.ID, codeOf(t, w, begun.URI)); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("in force already: %v", err)
	}

	second := must(w.StartFactor(ctx, alice, "", "api.example.com"))
	if more := must(w.ActivateFactor(ctx, alice, second.ID, codeOf(t, w, second.URI))); len(more) != 0 {
		t.Error("with the second app the recovery codes were replaced")
	}
	if renewed := must(w.NewRecoveryCodes(ctx, alice)); len(renewed) != 10 || renewed[0] == codes[0] {
		t.Errorf("renewed: %v", renewed)
	}
	for _, id := range []sallyport.FactorID{begun.ID, second.ID} {
		if err := w.RemoveFactor(ctx, alice, id); err != nil {
			t.Fatal(err)
		}
	}
	if f := must(w.Factors(ctx, alice)); len(f.List)+f.Recovery != 0 {
		t.Errorf("removed, and there is %+v", f)
	}
	if _, err := w.NewRecoveryCodes(ctx, alice); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("recovery codes for nothing: %v", err)
	}
	if err := w.RemoveFactor(ctx, alice, begun.ID); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("removing what is not there: %v", err)
	}
}

// What an intruder at somebody's desk would want needs a password that was given
// a short while ago.
func TestSensitiveActsAreConfirmed(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	issued := must(w.StartSession(ctx, admin.NewSession{User: w.Root.Principal.ID}))
	root := admintest.With(w.Root, issued.Credential)
	victim := w.MakeUser(w.T1.ID, sallyport.Person)
	key := must(w.CreateKey(ctx, root, w.T1.ID, admin.NewKey{Name: "there"}))
	acts := map[string]func() error{
		"new key":      func() error { _, err := w.CreateKey(ctx, root, w.T1.ID, admin.NewKey{Name: "new"}); return err },
		"renewed key":  func() error { _, err := w.RenewKey(ctx, root, w.T1.ID, key.Credential.ID, anyVersion, 0); return err },
		"password":     func() error { return w.SetPassword(ctx, root, w.T1.ID, victim.ID, admintest.Password, false) },
		"signing key":  func() error { _, err := w.RotateSigningKey(ctx, root, admin.KeyUse{Algorithm: "EdDSA"}); return err },
		"factor":       func() error { _, err := w.StartFactor(ctx, root, "phone", "x"); return err },
		"factor reset": func() error { return w.ResetFactors(ctx, root, w.T1.ID, victim.ID) },
	}
	w.Clock.Advance(admin.ConfirmedFor + time.Second)
	for name, act := range acts {
		err := act()
		e, _ := err.(*sallyport.Error) //nolint:errorlint // it is what callers look at
		if e == nil || e.Reason != sallyport.ReauthenticationRequired {
			t.Errorf("%s: %v, want it to ask for the password", name, err)
		}
	}
	if err := w.ConfirmSession(ctx, root); err != nil {
		t.Fatal(err)
	}
	for name, act := range acts {
		if err := act(); err != nil && (sallyport.KindOf(err) == sallyport.Refused) {
			t.Errorf("%s, confirmed: %v", name, err)
		}
	}
	if err := w.ConfirmSession(ctx, w.Root); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("confirming without a session: %v", err)
	}
}

func TestFactorsAreForPeopleInSessions(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	alice := admintest.As(w.MakeUser(w.T1.ID, sallyport.Person))
	if _, err := w.StartFactor(ctx, alice, "phone", "x"); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("without a session: %v", err)
	}
	service := w.MakeUser(w.T1.ID, sallyport.Service)
	issued := must(w.StartSession(ctx, admin.NewSession{User: service.ID}))
	if _, err := w.StartFactor(ctx, admintest.With(admintest.As(service), issued.Credential), "phone", "x"); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("a service: %v", err)
	}
	person := seated(t, w)
	if _, err := w.StartFactor(ctx, person, strings.Repeat("x", 101), "x"); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("a long name: %v", err)
	}
}

// Who has lost his phone is helped by whoever may change him.
func TestResetFactors(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx := t.Context()
	alice := seated(t, w)
	begun := must(w.StartFactor(ctx, alice, "phone", "x"))
	must(w.ActivateFactor(ctx, alice, begun.ID, codeOf(t, w, begun.URI)))
	stranger := w.Person(w.T1.ID)
	if err := w.ResetFactors(ctx, stranger, w.T1.ID, alice.Principal.ID); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("by a stranger: %v", err)
	}
	if err := w.ResetFactors(ctx, w.Root, w.Root.Principal.Home, w.Root.Principal.ID); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("his own: %v", err)
	}
	if err := w.ResetFactors(ctx, w.Root, w.T1.ID, alice.Principal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Factors(ctx, alice); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("the session of who had the phone goes on: %v", err)
	}
	if has, err := w.Store.HasSecondFactor(ctx, alice.Principal.ID); has || err != nil {
		t.Errorf("reset, and there is one: %v %v", has, err)
	}
}
