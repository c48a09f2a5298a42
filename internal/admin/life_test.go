package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// entries returns the entries of the trail with an action, newest first.
func entries(t *testing.T, w *admintest.World, action string) []store.AuditRow {
	t.Helper()
	list, err := w.Audit(t.Context(), admin.System("test"), "", store.AuditFilter{Action: action}, admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestBrownoutBounds(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	s := furnish(t, w)
	me := admintest.As(s.user)
	for _, tt := range []struct {
		plan  admin.BrownoutPlan
		field string
	}{
		{admin.BrownoutPlan{Share: 0, For: time.Hour}, "share"},
		{admin.BrownoutPlan{Share: 101, For: time.Hour}, "share"},
		{admin.BrownoutPlan{Share: 5}, "for"},
		{admin.BrownoutPlan{Share: 5, For: -time.Hour}, "for"},
		{admin.BrownoutPlan{Share: 5, For: 721 * time.Hour}, "for"},
	} {
		_, err := w.BrownOutToken(s.ctx, me, s.token.ID, anyVersion, tt.plan)
		if e, ok := err.(*sallyport.Error); !ok || e.Kind != sallyport.Invalid || e.Field != tt.field { //nolint:errorlint // it is what callers look at
			t.Errorf("%+v: %v", tt.plan, err)
		}
	}
	c := must(w.BrownOutToken(s.ctx, me, s.token.ID, s.token.Version, admin.BrownoutPlan{Share: 100, For: time.Hour}))
	if c.Brownout.At(w.Clock.Now()) != 100 || c.Brownout.At(w.Clock.Now().Add(time.Hour)) != 0 || c.Version != s.token.Version+1 {
		t.Errorf("begun: %+v", c)
	}
	if _, err := w.BrownOutToken(s.ctx, me, s.token.ID, s.token.Version, admin.BrownoutPlan{Share: 1, For: time.Hour}); sallyport.KindOf(err) != sallyport.Changed {
		t.Errorf("of an older version: %v", err)
	}
	for range 2 { // to end none is no error, and no entry
		c = must(w.EndTokenBrownout(s.ctx, me, s.token.ID, anyVersion))
	}
	ended := entries(t, w, "token.brownout_end")
	if c.Brownout.Share != 0 || len(ended) != 1 || !strings.Contains(ended[0].Before, `"share":"100%"`) || ended[0].After != "" {
		t.Errorf("ended: %+v, entries %+v", c.Brownout, ended)
	}
}

func TestRevokeLeaked(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	s := furnish(t, w)
	own := must(w.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "own too"}))
	key := must(w.CreateKey(s.ctx, admin.System("test"), s.in, admin.NewKey{Name: "leaky"}))
	session := must(w.StartSession(s.ctx, admin.NewSession{User: s.user.ID}))
	family := must(w.StartFamily(s.ctx, admin.NewFamily{Principal: s.user.ID, Client: "cli", Refresh: true}))
	unknown := must(token.Mint(sallyport.PersonalToken))
	all := []sallyport.Secret{own.Secret, unknown, key.Secret, "", "hunter2", session.Secret, family.Refresh, own.Secret}
	for range 2 { // what is over already is passed over
		if err := w.RevokeLeaked(s.ctx, all, "192.0.2.9", "r9"); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []sallyport.CredentialID{own.Credential.ID, key.Credential.ID, session.Credential.ID} {
		if c := must(w.Store.CredentialByID(s.ctx, id)); c.State != sallyport.Revoked {
			t.Errorf("a %s is %s", c.Kind, c.State)
		}
	}
	if f := must(w.Store.FamilyByID(s.ctx, family.Family.ID)); f.State != sallyport.Revoked {
		t.Errorf("the sign-in is %s", f.State)
	}
	for action, want := range map[string]sallyport.CredentialID{
		"token.revoke_leaked": own.Credential.ID, "key.revoke_leaked": key.Credential.ID, "session.revoke_leaked": session.Credential.ID,
	} {
		rows := entries(t, w, action)
		if len(rows) != 1 || rows[0].TargetID != string(want) || rows[0].Address != "192.0.2.9" || rows[0].RequestID != "r9" || rows[0].ActorKind != "system" {
			t.Errorf("%s: %+v", action, rows)
		}
	}
	if err := w.RevokeLeaked(s.ctx, make([]sallyport.Secret, 101), "", ""); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("too many: %v", err)
	}
}

func TestExpiryIsToldOnce(t *testing.T) {
	t.Parallel()
	w := admintest.New(t) // which warns a day before
	s := furnish(t, w)
	me, now := admintest.As(s.user), w.Clock.Now()
	soon := must(w.CreateToken(s.ctx, me, admin.NewToken{Name: "soon", Expires: now.Add(30 * time.Hour)})).Credential
	must(w.CreateToken(s.ctx, me, admin.NewToken{Name: "far", Expires: now.Add(1000 * time.Hour)}))
	key := must(w.CreateKey(s.ctx, admin.System("test"), s.in, admin.NewKey{Name: "k2", Expires: now.Add(31 * time.Hour)})).Credential
	tell := func(tokens, keys int) {
		t.Helper()
		if err := w.WarnOfExpiry(s.ctx); err != nil {
			t.Fatal(err)
		}
		if got, of := len(entries(t, w, admin.ActionTokenExpires)), len(entries(t, w, admin.ActionKeyExpires)); got != tokens || of != keys {
			t.Fatalf("%d tokens and %d keys were told of, want %d and %d", got, of, tokens, keys)
		}
	}
	tell(0, 0)
	if w.ExpiresSoon(soon) {
		t.Error("it does not end soon yet")
	}
	w.Clock.Advance(8 * time.Hour)
	tell(1, 1)
	tell(1, 1)
	if !w.ExpiresSoon(soon) || !w.ExpiresSoon(key) || w.ExpiresSoon(s.session) {
		t.Error("what ends soon is not known")
	}
	row := entries(t, w, admin.ActionTokenExpires)[0]
	if row.TargetID != string(soon.ID) || row.Tenant != s.in || !strings.Contains(row.After, s.user.Login) || !strings.Contains(row.After, `"in":"22h0m0s"`) {
		t.Errorf("told: %+v", row)
	}
	later := w.Clock.Now().Add(20 * time.Hour)
	must(w.UpdateToken(s.ctx, me, soon.ID, anyVersion, admin.TokenChange{Expires: &later}))
	tell(2, 1) // another end is told of again
}

func TestEndOverlap(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	s := furnish(t, w)
	me := admintest.As(s.user)
	must(w.RenewToken(s.ctx, me, s.token.ID, anyVersion, 24*time.Hour))
	must(w.EndTokenOverlap(s.ctx, me, s.token.ID, anyVersion))
	ended := 0
	for _, secret := range must(w.TokenSecrets(s.ctx, me, s.token.ID)) {
		if !secret.Expires.IsZero() && !secret.Expires.After(w.Clock.Now()) {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d secrets have ended, want one", ended)
	}
}
