package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testTenant(ctx context.Context, t *testing.T, s *store.Store) {
	parent := tenant(ctx, t, s)
	want := sallyport.Tenant{
		ID: sallyport.TenantID(id()), Name: "acme", Parent: parent, State: sallyport.Active,
		Policy: sallyport.TenantPolicy{TokenMaxAge: 90 * 24 * time.Hour, TokenDefaultAge: time.Hour},
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertTenant(ctx, &want) })
	if got := must[sallyport.Tenant](t)(s.Tenant(ctx, want.ID)); got != want {
		t.Errorf("Tenant = %+v, want %+v", got, want)
	}
	if got := must[sallyport.Tenant](t)(s.TenantByName(ctx, "acme")); got != want {
		t.Errorf("TenantByName = %+v, want %+v", got, want)
	}
	same := sallyport.Tenant{ID: sallyport.TenantID(id()), Name: "acme", State: sallyport.Active}
	refused(ctx, t, s, "a second tenant of one name", sallyport.Conflict, func(tx *store.Tx) error { return tx.InsertTenant(ctx, &same) })

	want.Name, want.State, want.Policy.TokenMaxAge = "acme 2", sallyport.Deactivated, 0
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateTenant(ctx, &want, 1) })
	if got := must[sallyport.Tenant](t)(s.Tenant(ctx, want.ID)); got != want || got.Version != 2 {
		t.Errorf("after the update, Tenant = %+v, want %+v", got, want)
	}
	for _, f := range []store.TenantFilter{{Parent: parent}, {State: sallyport.Deactivated}, {Search: "acm"}} {
		all, next, err := s.Tenants(ctx, f, store.Page{})
		if err != nil || next != "" || len(all) != 1 || all[0] != want {
			t.Errorf("Tenants(%+v) = %+v, %q, %v; want the one", f, all, next, err)
		}
	}
	_, err := s.Tenant(ctx, sallyport.EveryTenant)
	kinds(t, "the row of every tenant", err, sallyport.NotFound)
	refused(ctx, t, s, "an update of every tenant", sallyport.NotFound, func(tx *store.Tx) error {
		return tx.UpdateTenant(ctx, &sallyport.Tenant{ID: sallyport.EveryTenant, Name: "x", State: sallyport.Deactivated}, store.AnyVersion)
	})
}

func testTenantDelete(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertRealm(ctx, &sallyport.Realm{Tenant: m, Name: "north"}) })
	remove := func(tx *store.Tx) error { return tx.DeleteTenant(ctx, m, 1) }
	refused(ctx, t, s, "deleting a tenant with a user", sallyport.Conflict, remove)
	if _, err := s.Realm(ctx, m, "north"); err != nil {
		t.Errorf("a refused deletion took the realm: %v", err)
	}
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.DeleteUser(ctx, m, u.ID, store.AnyVersion); return err })
	write(ctx, t, s, remove)
	_, err := s.Tenant(ctx, m)
	kinds(t, "a deleted tenant", err, sallyport.NotFound)
	refused(ctx, t, s, "deleting it twice", sallyport.NotFound, remove)
}

func testRealm(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	want := sallyport.Realm{Tenant: m, Name: "north", Title: "The North"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertRealm(ctx, &want) })
	refused(ctx, t, s, "a second realm of one name", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertRealm(ctx, &sallyport.Realm{Tenant: m, Name: "north"})
	})
	refused(ctx, t, s, "a realm without tenant", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertRealm(ctx, &sallyport.Realm{Tenant: sallyport.TenantID(id()), Name: "north"})
	})
	want.Title = "North"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateRealm(ctx, &want, 1) })
	if got := must[sallyport.Realm](t)(s.Realm(ctx, m, "north")); got != want {
		t.Errorf("Realm = %+v, want %+v", got, want)
	}
	if all, _, err := s.Realms(ctx, m, store.Page{}); err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("Realms = %+v, %v", all, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteRealm(ctx, m, "north", 2) })
	_, err := s.Realm(ctx, m, "north")
	kinds(t, "a deleted realm", err, sallyport.NotFound)
}

func testUser(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	want := sallyport.User{
		ID: sallyport.PrincipalID(id()), Tenant: m, Kind: sallyport.Service, Login: "büro", Name: "Das Büro",
		Email: "buero@example.org", State: sallyport.Active, Epoch: 3, NotBefore: day(1), LastLogin: day(2),
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertUser(ctx, &want) })
	for name, get := range map[string]func() (sallyport.User, error){
		"User":        func() (sallyport.User, error) { return s.User(ctx, m, want.ID) },
		"UserByID":    func() (sallyport.User, error) { return s.UserByID(ctx, want.ID) },
		"UserByLogin": func() (sallyport.User, error) { return s.UserByLogin(ctx, "büro") },
	} {
		if got := must[sallyport.User](t)(get()); got != want {
			t.Errorf("%s = %+v, want %+v", name, got, want)
		}
	}
	other := tenant(ctx, t, s)
	refused(ctx, t, s, "a login twice in the installation", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertUser(ctx, &sallyport.User{ID: sallyport.PrincipalID(id()), Tenant: other, Kind: sallyport.Person, Login: "büro", State: sallyport.Active})
	})

	want.Name, want.Email = "Büro", ""
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateUser(ctx, &want, 1) })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.TouchLogin(ctx, want.ID, day(5)) })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.TouchLogin(ctx, want.ID, day(4)) })
	want.LastLogin = day(5)
	if got := must[sallyport.User](t)(s.User(ctx, m, want.ID)); got != want || got.Version != 2 {
		t.Errorf("after the update, User = %+v, want %+v", got, want)
	}
	for _, f := range []store.UserFilter{{}, {Kind: sallyport.Service}, {State: sallyport.Active}, {Search: "bü"}} {
		if all, _, err := s.Users(ctx, m, f, store.Page{}); err != nil || len(all) != 1 || all[0] != want {
			t.Errorf("Users(%+v) = %+v, %v", f, all, err)
		}
	}
	for _, f := range []store.UserFilter{{Kind: sallyport.Person}, {State: sallyport.Locked}, {Search: "c"}, {Search: "bu"}} {
		if all, _, err := s.Users(ctx, m, f, store.Page{}); err != nil || len(all) != 0 {
			t.Errorf("Users(%+v) = %+v, %v; want none", f, all, err)
		}
	}
	user(ctx, t, s, other)
	if all, _, err := s.EveryUser(ctx, store.UserFilter{}, store.Page{}); err != nil || len(all) != 2 {
		t.Errorf("EveryUser = %+v, %v; want two", all, err)
	}
	_, _, err := s.Users(ctx, "", store.UserFilter{}, store.Page{})
	kinds(t, "Users without a tenant", err, sallyport.Invalid)
}

func testUserState(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	set := func(state sallyport.State) sallyport.User {
		write(ctx, t, s, func(tx *store.Tx) error { return tx.SetUserState(ctx, m, u.ID, state, store.AnyVersion) })
		return must[sallyport.User](t)(s.User(ctx, m, u.ID))
	}
	if got := set(sallyport.Locked); got.State != sallyport.Locked || got.Epoch != 0 || !got.NotBefore.IsZero() {
		t.Errorf("locked: %+v; want the epoch as it was", got)
	}
	if got := set(sallyport.Deactivated); got.State != sallyport.Deactivated || got.Epoch != 1 || got.NotBefore.IsZero() {
		t.Errorf("deactivated: %+v; want epoch 1 and a NotBefore", got)
	}
	if got := set(sallyport.Active); got.State != sallyport.Active || got.Epoch != 1 || got.NotBefore.IsZero() || got.Version != 4 {
		t.Errorf("active again: %+v; want what ended to stay ended", got)
	}
}

func testUserDelete(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	c, k := token(ctx, t, s, m, u.ID)
	o := role(ctx, t, s, m)
	f := family(ctx, t, s, m, u.ID)
	g := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "g"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &g) })
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, m, g.ID, u.ID); return err })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetPassword(ctx, m, u.ID, "$argon2id$x", false) })
	write(ctx, t, s, func(tx *store.Tx) error {
		return tx.InsertBinding(ctx, &sallyport.Binding{
			ID: sallyport.BindingID(id()), Tenant: m, SubjectKind: sallyport.SubjectUser, Subject: string(u.ID), Role: o.ID, State: sallyport.Active,
		})
	})

	var ended store.Ended
	write(ctx, t, s, func(tx *store.Tx) (err error) { ended, err = tx.DeleteUser(ctx, m, u.ID, store.AnyVersion); return err })
	want := store.Ended{Credentials: []sallyport.CredentialID{c.ID}, Families: []sallyport.FamilyID{f.ID}}
	if !reflect.DeepEqual(ended, want) {
		t.Errorf("DeleteUser ended %+v, want %+v", ended, want)
	}
	if got, _, err := s.CredentialByDigest(ctx, k.Digest); err != nil || got.State != sallyport.Revoked {
		t.Errorf("the token of a deleted user: %+v, %v; want it revoked", got, err)
	}
	if got, err := s.FamilyByID(ctx, f.ID); err != nil || got.State != sallyport.Revoked || got.EndReason != "user_deleted" {
		t.Errorf("the sign-in of a deleted user: %+v, %v; want it revoked", got, err)
	}
	if b, g, err := s.BindingsOfPrincipal(ctx, u.ID); err != nil || len(b)+len(g) != 0 {
		t.Errorf("bindings of a deleted user: %+v %+v %v", b, g, err)
	}
	_, err := s.PasswordOf(ctx, u.ID)
	kinds(t, "the password of a deleted user", err, sallyport.NotFound)
	_, err = s.UserByLogin(ctx, u.Login)
	kinds(t, "a deleted user", err, sallyport.NotFound)
}

func testPassword(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	_, err := s.PasswordOf(ctx, u.ID)
	kinds(t, "no password", err, sallyport.NotFound)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.SetPassword(ctx, m, u.ID, "$one", true) })
	p := must[store.Password](t)(s.PasswordOf(ctx, u.ID))
	if p.Hash.Reveal() != "$one" || !p.MustChange || p.Changed.IsZero() {
		t.Errorf("PasswordOf = %+v, %q", p, p.Hash.Reveal())
	}
	if got := must[sallyport.User](t)(s.User(ctx, m, u.ID)); got.Epoch != 1 || got.NotBefore.IsZero() {
		t.Errorf("a new password left the epoch at %d", got.Epoch)
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.RehashPassword(ctx, u.ID, "$other", "$two") })
	write(ctx, t, s, func(tx *store.Tx) error { return tx.RehashPassword(ctx, u.ID, "$one", "$three") })
	if p := must[store.Password](t)(s.PasswordOf(ctx, u.ID)); p.Hash.Reveal() != "$three" || !p.MustChange {
		t.Errorf("after rehashing, PasswordOf = %+v, %q", p, p.Hash.Reveal())
	}
	if got := must[sallyport.User](t)(s.User(ctx, m, u.ID)); got.Epoch != 1 {
		t.Errorf("a rehash moved the epoch to %d", got.Epoch)
	}
	refused(ctx, t, s, "a password from another tenant", sallyport.NotFound, func(tx *store.Tx) error {
		return tx.SetPassword(ctx, tenant2, u.ID, "$x", false)
	})
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeletePassword(ctx, m, u.ID) })
	_, err = s.PasswordOf(ctx, u.ID)
	kinds(t, "a deleted password", err, sallyport.NotFound)
}

func testFactor(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u, other := user(ctx, t, s, m), user(ctx, t, s, m)
	has := func(want bool) {
		t.Helper()
		if got := must[bool](t)(s.HasSecondFactor(ctx, u.ID)); got != want {
			t.Errorf("HasSecondFactor = %v, want %v", got, want)
		}
	}
	// yes runs a change that reports whether it did something.
	yes := func(want bool, what string, f func(*store.Tx) (bool, error)) {
		t.Helper()
		var got bool
		write(ctx, t, s, func(tx *store.Tx) (err error) { got, err = f(tx); return err })
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	app := store.Factor{ID: sallyport.FactorID(id()), Principal: u.ID, Kind: store.FactorTOTP, Name: "phone", Secret: "\x00sealed\xff"}
	code := store.Factor{ID: sallyport.FactorID(id()), Principal: u.ID, Kind: store.FactorRecovery, Active: true, Secret: "digest"}
	write(ctx, t, s, func(tx *store.Tx) error {
		if err := tx.InsertFactor(ctx, &app); err != nil {
			return err
		}
		return tx.InsertFactor(ctx, &code)
	})
	has(false) // one waits, the other is none by itself
	yes(false, "using what is not in force", func(tx *store.Tx) (bool, error) { return tx.UseFactor(ctx, u.ID, app.ID, 7) })
	yes(false, "putting another's in force", func(tx *store.Tx) (bool, error) { return tx.ActivateFactor(ctx, other.ID, app.ID, 7) })
	yes(true, "putting it in force", func(tx *store.Tx) (bool, error) { return tx.ActivateFactor(ctx, u.ID, app.ID, 7) })
	yes(false, "putting it in force again", func(tx *store.Tx) (bool, error) { return tx.ActivateFactor(ctx, u.ID, app.ID, 9) })
	has(true)
	yes(false, "the same step", func(tx *store.Tx) (bool, error) { return tx.UseFactor(ctx, u.ID, app.ID, 7) })
	yes(false, "an older step", func(tx *store.Tx) (bool, error) { return tx.UseFactor(ctx, u.ID, app.ID, 6) })
	yes(false, "another's", func(tx *store.Tx) (bool, error) { return tx.UseFactor(ctx, other.ID, app.ID, 8) })
	yes(true, "the next step", func(tx *store.Tx) (bool, error) { return tx.UseFactor(ctx, u.ID, app.ID, 8) })
	all := must[[]store.Factor](t)(s.FactorsOf(ctx, u.ID))
	if len(all) != 2 || all[0].ID != app.ID && all[1].ID != app.ID {
		t.Fatalf("FactorsOf = %+v", all)
	}
	for _, f := range all {
		if f.ID == app.ID && (!f.Active || f.Used != 8 || f.Secret != app.Secret || f.Name != "phone" || f.LastUsed.IsZero()) {
			t.Errorf("the app came back as %+v, %q", f, f.Secret.Reveal())
		}
	}
	key := store.Factor{ID: sallyport.FactorID(id()), Principal: u.ID, Kind: store.FactorPasskey, Name: "laptop", Secret: "challenge"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertFactor(ctx, &key) })
	use := func(counter int64, drawn time.Time) func(*store.Tx) (bool, error) {
		return func(tx *store.Tx) (bool, error) { return tx.UsePasskey(ctx, u.ID, key.ID, counter, drawn) }
	}
	ahead := key.Created.Add(time.Hour)
	yes(false, "a passkey that is not in force", use(1, ahead))
	known := key
	known.Secret, known.Used = "record", 0
	yes(false, "an app as a passkey", func(tx *store.Tx) (bool, error) { return tx.ActivatePasskey(ctx, &app) })
	yes(true, "a passkey in force", func(tx *store.Tx) (bool, error) { return tx.ActivatePasskey(ctx, &known) })
	yes(false, "a passkey in force again", func(tx *store.Tx) (bool, error) { return tx.ActivatePasskey(ctx, &known) })
	yes(false, "a challenge older than the passkey", use(0, key.Created.Add(-time.Second)))
	yes(true, "a passkey without a counter", use(0, ahead))
	yes(false, "the same challenge again", use(0, ahead))
	yes(false, "an older challenge", use(7, ahead.Add(-time.Microsecond)))
	yes(true, "a counter that begins", use(7, ahead.Add(time.Second)))
	yes(false, "a counter that stands", use(7, ahead.Add(2*time.Second)))
	yes(false, "a counter that is gone", use(0, ahead.Add(2*time.Second)))
	yes(true, "a counter that grows", use(8, ahead.Add(2*time.Second)))
	yes(false, "an app used as a passkey", func(tx *store.Tx) (bool, error) { return tx.UsePasskey(ctx, u.ID, app.ID, 99, ahead.Add(time.Hour)) })
	yes(false, "another's new name", func(tx *store.Tx) (bool, error) { return tx.RenameFactor(ctx, other.ID, key.ID, "x") })
	yes(false, "a recovery code's name", func(tx *store.Tx) (bool, error) { return tx.RenameFactor(ctx, u.ID, code.ID, "x") })
	yes(true, "a new name", func(tx *store.Tx) (bool, error) { return tx.RenameFactor(ctx, u.ID, key.ID, "desk") })
	for _, f := range must[[]store.Factor](t)(s.FactorsOf(ctx, u.ID)) {
		if f.ID == key.ID && (f.Name != "desk" || f.Used != 8 || f.Secret != known.Secret || !f.LastUsed.Equal(ahead.Add(2*time.Second))) {
			t.Errorf("the passkey came back as %+v, %q", f, f.Secret.Reveal())
		}
	}
	yes(true, "a recovery code", func(tx *store.Tx) (bool, error) { return tx.DeleteFactor(ctx, u.ID, code.ID) })
	yes(false, "the same again", func(tx *store.Tx) (bool, error) { return tx.DeleteFactor(ctx, u.ID, code.ID) })
	write(ctx, t, s, func(tx *store.Tx) error { _, err := tx.DeleteUser(ctx, m, u.ID, -1); return err })
	if left := must[[]store.Factor](t)(s.FactorsOf(ctx, u.ID)); len(left) != 0 {
		t.Errorf("factors of a deleted user: %+v", left)
	}
}

// tenant2 is a tenant in which nothing is.
const tenant2 sallyport.TenantID = "00000000-0000-4000-8000-ffffffffffff"

func testGroup(ctx context.Context, t *testing.T, s *store.Store) {
	m := tenant(ctx, t, s)
	u := user(ctx, t, s, m)
	want := sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "operators", Title: "Operators"}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &want) })
	refused(ctx, t, s, "a second group of one name", sallyport.Conflict, func(tx *store.Tx) error {
		return tx.InsertGroup(ctx, &sallyport.Group{ID: sallyport.GroupID(id()), Tenant: m, Name: "operators"})
	})
	want.Title = "Ops"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.UpdateGroup(ctx, &want, 1) })
	if got := must[sallyport.Group](t)(s.Group(ctx, m, want.ID)); got != want {
		t.Errorf("Group = %+v, want %+v", got, want)
	}
	if all, _, err := s.Groups(ctx, m, "op", store.Page{}); err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("Groups = %+v, %v", all, err)
	}
	for i, first := range []bool{true, false} {
		write(ctx, t, s, func(tx *store.Tx) error {
			added, err := tx.AddMember(ctx, m, want.ID, u.ID)
			if added != first {
				t.Errorf("AddMember, time %d: %t", i, added)
			}
			return err
		})
	}
	for what, f := range map[string]func(*store.Tx) error{
		"a group of another tenant": func(tx *store.Tx) error { _, err := tx.AddMember(ctx, tenant2, want.ID, u.ID); return err },
		"a member who is not": func(tx *store.Tx) error {
			_, err := tx.AddMember(ctx, m, want.ID, sallyport.PrincipalID(id()))
			return err
		},
	} {
		refused(ctx, t, s, what, sallyport.NotFound, f)
	}
	if all, _, err := s.Members(ctx, m, want.ID, store.Page{}); err != nil || len(all) != 1 || all[0] != u {
		t.Errorf("Members = %+v, %v", all, err)
	}
	if all, err := s.MemberIDs(ctx, m, want.ID); err != nil || len(all) != 1 || all[0] != u.ID {
		t.Errorf("MemberIDs = %+v, %v", all, err)
	}
	if all, err := s.GroupsOf(ctx, u.ID); err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("GroupsOf = %+v, %v", all, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		if was, err := tx.RemoveMember(ctx, tenant2, want.ID, u.ID); was || err != nil {
			t.Errorf("RemoveMember from another tenant = %t, %v", was, err)
		}
		was, err := tx.RemoveMember(ctx, m, want.ID, u.ID)
		if !was {
			t.Error("RemoveMember did not find the member")
		}
		_, err2 := tx.AddMember(ctx, m, want.ID, u.ID)
		if err != nil {
			return err
		}
		return err2
	})
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteGroup(ctx, m, want.ID, 2) })
	if all, err := s.GroupsOf(ctx, u.ID); err != nil || len(all) != 0 {
		t.Errorf("after the deletion, GroupsOf = %+v, %v", all, err)
	}
}
