package admin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

func TestUserInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	must(s.CreateUser(s.ctx, s.Root, s.in, admin.NewUser{Login: "José"}))
	for name, tt := range map[string]struct {
		in    admin.NewUser
		field string
		kind  sallyport.Kind
	}{
		"no login":          {admin.NewUser{}, "login", sallyport.Invalid},
		"line break":        {admin.NewUser{Login: "a\r\nb"}, "login", sallyport.Invalid},
		"colon":             {admin.NewUser{Login: "a:b"}, "login", sallyport.Invalid},
		"taken":             {admin.NewUser{Login: "josé"}, "login", sallyport.Conflict},
		"taken, decomposed": {admin.NewUser{Login: "JOSE\u0301"}, "login", sallyport.Conflict},
		"unknown kind":      {admin.NewUser{Login: "x", Kind: "robot"}, "kind", sallyport.Invalid},
		"bad e-mail":        {admin.NewUser{Login: "x", Email: "not an address"}, "email", sallyport.Invalid},
		"named e-mail":      {admin.NewUser{Login: "x", Email: "Jo <jo@example.com>"}, "email", sallyport.Invalid},
		"e-mail, CRLF":      {admin.NewUser{Login: "x", Email: "jo@example.com\r\nBcc: x"}, "email", sallyport.Invalid},
		"name, ANSI":        {admin.NewUser{Login: "x", Name: "\x1b[31m"}, "name", sallyport.Invalid},
		"short password":    {admin.NewUser{Login: "x", Password: "fourteen-chars"}, "password", sallyport.Invalid},
		"common password":   {admin.NewUser{Login: "x", Password: "password123password123"}, "password", sallyport.Invalid},
		"login in it":       {admin.NewUser{Login: "montgomery-clift", Password: "montgomery-clift"}, "password", sallyport.Invalid},
		"product in it":     {admin.NewUser{Login: "x", Password: "sallyport-sallyport-1"}, "password", sallyport.Invalid},
		"both":              {admin.NewUser{Login: "x", Password: admintest.Password, PasswordHash: "x"}, "password", sallyport.Invalid},
		"unknown hash":      {admin.NewUser{Login: "x", PasswordHash: "md5:1234"}, "password_hash", sallyport.Invalid},
		"unknown group":     {admin.NewUser{Login: "x", Groups: []sallyport.GroupID{s.group.ID, "nope"}}, "groups[1]", sallyport.Invalid},
		"unknown role":      {admin.NewUser{Login: "x", Roles: []sallyport.RoleID{s.role.ID, "nope"}}, "roles[1].role", sallyport.Invalid},
		"same role":         {admin.NewUser{Login: "x", Roles: []sallyport.RoleID{s.role.ID, s.role.ID}}, "roles[1].role", sallyport.Conflict},
		"too many groups":   {admin.NewUser{Login: "x", Groups: make([]sallyport.GroupID, 51)}, "groups", sallyport.Invalid},
		"too many roles":    {admin.NewUser{Login: "x", Roles: make([]sallyport.RoleID, 51)}, "roles", sallyport.Invalid},
		"locked":            {admin.NewUser{Login: "x", State: sallyport.Locked}, "state", sallyport.Invalid},
		"expensive hash":    {admin.NewUser{Login: "x", PasswordHash: "$2a$31$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "password_hash", sallyport.Invalid},
	} {
		_, err := s.CreateUser(s.ctx, s.Root, s.in, tt.in)
		if sallyport.KindOf(err) != tt.kind || field(err) != tt.field {
			t.Errorf("%s: %v of %q, want kind %d of %s", name, err, field(err), tt.kind, tt.field)
		}
		if err != nil && tt.in.Password != "" && strings.Contains(err.Error(), tt.in.Password.Reveal()) {
			t.Errorf("%s: the error quotes the password", name)
		}
	}
	if _, err := s.UserByLogin(s.ctx, s.Root, "x"); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("something of what was refused is there: %v", err)
	}
	if got := must(s.UserByLogin(s.ctx, s.Root, "JOSÉ")); got.Login != "josé" {
		t.Errorf("found %q", got.Login)
	}
	if _, err := s.UserByLogin(s.ctx, s.Person(s.T2.ID, admin.UsersRead), "josé"); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("found from another tenant: %v", err)
	}
}

// secretsOf makes one credential of each kind for the user, and returns what
// tells whether any still works.
func secretsOf(s *scene) (alive func() int) {
	alice := admintest.As(s.user)
	token := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "t"}))
	session := must(s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}))
	family := signIn(s).Family
	return func() (n int) {
		for _, secret := range []sallyport.Secret{token.Secret, session.Secret} {
			if works(s, secret) {
				n++
			}
		}
		if familyState(s, family.ID) == sallyport.Active {
			n++
		}
		return n
	}
}

// TestWhatEndsAUser has each change that puts a user out end all he was given,
// and nothing that comes later bring it back.
func TestWhatEndsAUser(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *scene) error{
		"deactivate":  func(s *scene) error { return tell(s.DeactivateUser(s.ctx, s.Root, s.in, s.user.ID, anyVersion)) },
		"end":         func(s *scene) error { return s.EndUser(s.ctx, s.Root, s.in, s.user.ID) },
		"end himself": func(s *scene) error { return s.EndUser(s.ctx, admintest.As(s.user), s.in, s.user.ID) },
		"password":    func(s *scene) error { return s.SetPassword(s.ctx, s.Root, s.in, s.user.ID, admintest.Password, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			alive := secretsOf(s)
			if got := alive(); got != 3 {
				t.Fatalf("%d of 3 work before", got)
			}
			before := must(s.User(s.ctx, s.Root, s.in, s.user.ID))
			s.Clock.Advance(time.Second)
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			after := must(s.User(s.ctx, s.Root, s.in, s.user.ID))
			if alive() != 0 || after.Epoch <= before.Epoch || !after.NotBefore.Equal(s.Clock.Now()) {
				t.Errorf("%d work after it; epoch %d -> %d, not before %v", alive(), before.Epoch, after.Epoch, after.NotBefore)
			}
			if _, err := s.ActivateUser(s.ctx, s.Root, s.in, s.user.ID, anyVersion); err != nil || alive() != 0 {
				t.Errorf("%d work after he is active again: %v", alive(), err)
			}
		})
	}
}

// TestDeletedUserIsGone checks that nothing of a user acts or is acted on after
// he is deleted, and that his login makes somebody else.
func TestDeletedUserIsGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alive := secretsOf(s)
	s.Give(s.user.ID, s.in, admin.UsersRead)
	if err := s.DeleteUser(s.ctx, s.Root, s.in, s.user.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	if got := alive(); got != 0 {
		t.Errorf("%d of his credentials work", got)
	}
	if _, err := s.Users(s.ctx, admintest.As(s.user), s.in, store.UserFilter{}, admin.Page{}); reason(err) != sallyport.OwnerInactive {
		t.Errorf("he acts: %v", err)
	}
	if _, err := s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}); reason(err) != sallyport.OwnerInactive {
		t.Errorf("he signs in: %v", err)
	}
	again := must(s.CreateUser(s.ctx, s.Root, s.in, admin.NewUser{Login: s.user.Login}))
	if again.ID == s.user.ID {
		t.Error("his id was given out again")
	}
	if list := must(s.Bindings(s.ctx, s.Root, s.in, store.BindingFilter{Subject: string(again.ID)}, admin.Page{})); len(list.Items) != 0 {
		t.Error("the new one has his rights")
	}
	if rows := must(s.Audit(s.ctx, s.Root, s.in, store.AuditFilter{Target: string(s.user.ID)}, admin.Page{})); len(rows.Items) < 2 {
		t.Errorf("%d entries about him, want his history", len(rows.Items))
	}
}

func TestStartSession(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	issued := must(s.StartSession(s.ctx, admin.NewSession{User: s.user.ID, Via: strings.Repeat("é", 500), Address: "192.0.2.9"}))
	c := issued.Credential
	if kind, ok := token.Inspect(issued.Secret.Reveal()); !ok || kind != sallyport.Session {
		t.Errorf("the secret is of kind %q", kind)
	}
	if c.Idle != admin.DefaultIdle || !c.Expires.Equal(s.Clock.Now().Add(admin.DefaultSession)) || len(c.LastVia) > 210 || c.Owner != s.user.ID {
		t.Errorf("session %v, %v, %d", c.Idle, c.Expires, len(c.LastVia))
	}
	if u := must(s.User(s.ctx, s.Root, s.in, s.user.ID)); !u.LastLogin.Equal(s.Clock.Now()) {
		t.Errorf("last login %v", u.LastLogin)
	}
	lock(s, sallyport.Locked)
	if _, err := s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}); reason(err) != sallyport.OwnerInactive {
		t.Errorf("locked: %v", err)
	}
	lock(s, sallyport.Active)
	must(s.DeactivateTenant(s.ctx, s.Root, s.in, anyVersion))
	if _, err := s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}); reason(err) != sallyport.TenantInactive {
		t.Errorf("tenant deactivated: %v", err)
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := admintest.As(s.user)
	one := must(s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}))
	two := must(s.StartSession(s.ctx, admin.NewSession{User: s.user.ID}))
	family := signIn(s).Family
	a := admintest.With(alice, one.Credential)
	if n := must(s.EndOtherSessions(s.ctx, a)); n < 2 || !works(s, one.Secret) || works(s, two.Secret) || familyState(s, family.ID) == sallyport.Active {
		t.Errorf("%d ended; the own one works: %v, the other: %v", n, works(s, one.Secret), works(s, two.Secret))
	}
	if err := s.EndSession(s.ctx, s.Person(s.in), one.Credential.ID); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("by somebody else: %v", err)
	}
	if err := s.EndSession(s.ctx, a, one.Credential.ID); err != nil || works(s, one.Secret) {
		t.Errorf("sign out: %v", err)
	}
	if err := s.EndSession(s.ctx, alice, s.token.ID); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("a token as a session: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := admintest.As(s.user)
	const other sallyport.Secret = "nine-golden-trumpets-rust"
	if err := s.ChangePassword(s.ctx, alice, "x", other); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("without a password: %v", err)
	}
	if err := s.SetPassword(s.ctx, s.Root, s.in, s.user.ID, admintest.Password, false); err != nil {
		t.Fatal(err)
	}
	if me := must(s.Me(s.ctx, alice)); !me.MustChange {
		t.Error("a password set by somebody else need not be changed")
	}
	for name, tt := range map[string]struct {
		present, replacement sallyport.Secret
		reason               sallyport.Reason
		field                string
	}{
		"none":           {"", other, sallyport.PasswordWrong, "present"},
		"wrong":          {"seven-purple-anvils-ham", other, sallyport.PasswordWrong, "present"},
		"short":          {admintest.Password, "short", "", "password"},
		"the same":       {admintest.Password, admintest.Password, "", "password"},
		"control":        {admintest.Password, other + "\x00", "", "password"},
		"their own name": {admintest.Password, sallyport.Secret(strings.Repeat(s.user.Login, 4)), "", "password"},
	} {
		if err := s.ChangePassword(s.ctx, alice, tt.present, tt.replacement); err == nil || reason(err) != tt.reason || field(err) != tt.field {
			t.Errorf("%s: %v (%s of %s), want %s of %s", name, err, reason(err), field(err), tt.reason, tt.field)
		}
	}
	if err := s.SetPassword(s.ctx, s.Root, sallyport.EveryTenant, s.Root.Principal.ID, other, true); field(err) != "password" {
		t.Errorf("one's own without the present one: %v", err)
	}
	token := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "script"})).Credential
	session := must(s.StartSession(s.ctx, admin.NewSession{User: s.user.ID})).Credential
	if err := s.ChangePassword(s.ctx, alice, admintest.Password, other); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[sallyport.CredentialID]sallyport.State{token.ID: sallyport.Active, session.ID: sallyport.Revoked} {
		if got := must(s.Store.CredentialByID(s.ctx, id)); got.State != want {
			t.Errorf("after one's own change the %s is %s, want %s", got.Kind, got.State, want)
		}
	}
	if me := must(s.Me(s.ctx, alice)); me.MustChange {
		t.Error("a password of his own must be changed")
	}
	if err := s.ChangePassword(s.ctx, alice, admintest.Password, "a-third-one-altogether"); reason(err) != sallyport.PasswordWrong {
		t.Errorf("with the old one: %v", err)
	}
	if row := lastAction(s); row.Action != "user.change_password" || strings.Contains(row.Before+row.After, other.Reveal()) {
		t.Errorf("the trail says %s %s", row.Action, row.After)
	}
}

// TestHashingIsForThoseWhoMay has somebody without the right ask for a hash.
func TestHashingIsForThoseWhoMay(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, err := s.CreateUser(s.ctx, s.Person(s.in), s.in, admin.NewUser{Login: "x", Password: "short"})
	if sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("err = %v: the right is asked for first", err)
	}
	err = s.SetPassword(s.ctx, s.Person(s.in), s.in, s.user.ID, "short", false)
	if sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("err = %v: the right is asked for first", err)
	}
	if _, ok := errors.AsType[*password.PolicyError](err); ok {
		t.Error("the password was looked at")
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := s.Person(s.in, "orders/read")
	if err := s.AddMember(s.ctx, s.Root, s.in, s.group.ID, alice.Principal.ID); err != nil {
		t.Fatal(err)
	}
	me := must(s.Me(s.ctx, alice))
	if me.User == nil || me.User.ID != alice.Principal.ID || !slices.Equal(me.Tenants, []sallyport.TenantID{s.in}) || me.AnyTenant || len(me.Groups) != 1 {
		t.Errorf("me = %+v", me)
	}
	if got := must(s.Permissions(s.ctx, alice, s.in)); !slices.Equal(got, []sallyport.Permission{"orders/read"}) {
		t.Errorf("permissions %q", got)
	}
	c := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "x", Scopes: []string{"sallyport/self"}})).Credential
	if got := must(s.Permissions(s.ctx, admintest.With(alice, c), s.in)); len(got) != 0 {
		t.Errorf("with a token of other scopes: %q", got)
	}
	if _, err := s.Permissions(s.ctx, alice, s.T2.ID); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("in another tenant: %v", err)
	}
	login, name := "boss", "Alice A."
	if _, err := s.UpdateMe(s.ctx, alice, anyVersion, admin.UserChange{Login: &login}); field(err) != "login" {
		t.Errorf("change the own login: %v", err)
	}
	if got := must(s.UpdateMe(s.ctx, alice, anyVersion, admin.UserChange{Name: &name})); got.Name != name {
		t.Errorf("name %q", got.Name)
	}
	if me := must(s.Me(s.ctx, s.Root)); !me.AnyTenant {
		t.Error("the administrator is not a member of every tenant")
	}
}
