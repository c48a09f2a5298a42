package admin_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// TestBoundTokenMakesNothingBeyond has somebody who found a token that ends soon and
// works from one network only try to get at one that does not.
func TestBoundTokenMakesNothingBeyond(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	office, corner, inside := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, []netip.Prefix{netip.MustParsePrefix("192.0.2.64/26")}, []netip.Prefix{netip.MustParsePrefix("192.0.0.0/16")}
	soon := s.Clock.Now().Add(time.Hour)
	later, never, anywhere, outside := soon.Add(time.Second), time.Time{}, []netip.Prefix(nil), append([]netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}, office...)
	alice := s.Person(s.in, "orders/read")
	wide := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "wide"})).Credential
	lasting := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "lasting", Networks: office})).Credential
	bound := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "bound", Networks: office, Expires: soon})).Credential
	session := must(s.StartSession(s.ctx, admin.NewSession{User: alice.Principal.ID, Credential: bound.ID})).Credential
	signIn := must(s.StartFamily(s.ctx, admin.NewFamily{Principal: alice.Principal.ID, Credential: bound.ID, Client: "x"}))
	if signIn.Family.Expires.After(soon) {
		t.Errorf("a sign-in that was begun with a token outlasts it: until %v, want %v", signIn.Family.Expires, soon)
	}
	for with, a := range map[string]admin.Actor{
		"token":   admintest.With(alice, bound),
		"session": admintest.With(alice, session),
		"sign-in": admintest.With(alice, sallyport.Credential{Kind: sallyport.AccessToken, ID: sallyport.CredentialID(signIn.Family.ID)}),
	} {
		for name, attempt := range map[string]func() error{
			"a later end": func() error {
				return tell(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x", Networks: office, Expires: later}))
			},
			"from anywhere": func() error { return tell(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x"})) },
			"from more":     func() error { return tell(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x", Networks: inside})) },
			"from two":      func() error { return tell(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x", Networks: outside})) },
			"itself, later": func() error {
				return tell(s.UpdateToken(s.ctx, a, bound.ID, anyVersion, admin.TokenChange{Expires: &later}))
			},
			"itself, from anywhere": func() error {
				return tell(s.UpdateToken(s.ctx, a, bound.ID, anyVersion, admin.TokenChange{Networks: &anywhere}))
			},
			"the secret of a wide":    func() error { return tell(s.RenewToken(s.ctx, a, wide.ID, anyVersion, 0)) },
			"the secret of a lasting": func() error { return tell(s.RenewToken(s.ctx, a, lasting.ID, anyVersion, 0)) },
			"a lasting, narrowed": func() error {
				return tell(s.UpdateToken(s.ctx, a, lasting.ID, anyVersion, admin.TokenChange{Expires: &soon}))
			},
		} {
			refusedBeyond(t, with+": "+name, attempt())
		}
		made := must(s.CreateToken(s.ctx, a, admin.NewToken{Name: "less " + with, Networks: corner})).Credential
		if !made.Expires.Equal(soon) {
			t.Errorf("%s: without an expiry it made one that ends at %v, want %v", with, made.Expires, soon)
		}
	}

	// Its own life goes on, and what was left open ends as it does.
	a := admintest.With(alice, bound)
	changed := must(s.UpdateToken(s.ctx, a, bound.ID, anyVersion, admin.TokenChange{Expires: &never}))
	if !changed.Expires.Equal(soon) {
		t.Errorf("an expiry as the policy says became %v, want %v", changed.Expires, soon)
	}
	must(s.RenewToken(s.ctx, a, bound.ID, anyVersion, 0))

	// Who gave his password is not bound, nor is what is made for others.
	must(s.UpdateToken(s.ctx, alice, bound.ID, anyVersion, admin.TokenChange{Expires: &never, Networks: &anywhere}))
	boss := s.Person(s.in, admin.KeysWrite, admin.TokensWrite)
	badge := must(s.CreateToken(s.ctx, boss, admin.NewToken{Name: "badge", Networks: office, Expires: soon})).Credential
	key := must(s.CreateKey(s.ctx, admintest.With(boss, badge), s.in, admin.NewKey{Name: "for a program"})).Credential
	if !key.Expires.IsZero() {
		t.Errorf("a key for somebody else ends at %v, want never", key.Expires)
	}
	robot := s.MakeUser(s.in, sallyport.Service)
	must(s.CreateApplicationToken(s.ctx, admintest.With(boss, badge), s.in, robot.ID, admin.NewToken{Name: "robot"}))
}

// TestKeyDoesNotProlongItself has an API key that may change keys make itself last.
func TestKeyDoesNotProlongItself(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	role := s.MakeRole(s.in, admin.KeysWrite)
	soon := s.Clock.Now().Add(time.Hour)
	key := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "short", Roles: []admin.KeyRole{{Role: role.ID}}, Expires: soon})).Credential
	later := soon.Add(time.Second)
	a := admin.Actor{Principal: sallyport.Principal{ID: key.Owner, Kind: sallyport.PrincipalAPIKey}, CredentialKind: sallyport.APIKey}
	refusedBeyond(t, "itself, later", tell(s.UpdateKey(s.ctx, admintest.With(a, key), s.in, key.ID, anyVersion, admin.TokenChange{Expires: &later})))
}
