package admin_test

import (
	"errors"
	"fmt"
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

func TestVersions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	name, title := "other", "Title"
	for what, update := range map[string]func(v int64) error{
		"tenant": func(v int64) error {
			return tell(s.UpdateTenant(s.ctx, s.Root, s.in, v, admin.TenantChange{Name: &name}))
		},
		"realm": func(v int64) error { return tell(s.UpdateRealm(s.ctx, s.Root, s.in, "north", v, title)) },
		"user": func(v int64) error {
			return tell(s.UpdateUser(s.ctx, s.Root, s.in, s.user.ID, v, admin.UserChange{Name: &name}))
		},
		"group": func(v int64) error {
			return tell(s.UpdateGroup(s.ctx, s.Root, s.in, s.group.ID, v, admin.GroupChange{Title: &title}))
		},
		"role": func(v int64) error {
			return tell(s.UpdateRole(s.ctx, s.Root, s.in, s.role.ID, v, admin.RoleChange{Title: &title}))
		},
		"binding": func(v int64) error {
			return tell(s.UpdateBinding(s.ctx, s.Root, s.in, s.binding.ID, v, admin.BindingChange{}))
		},
		"API": func(v int64) error {
			return tell(s.ReplaceAPI(s.ctx, s.Root, "doomed", v, sallyport.API{Name: "doomed", BasePath: "/doomed", Title: title}))
		},
		"token": func(v int64) error {
			return tell(s.UpdateToken(s.ctx, s.Root, s.app.ID, v, admin.TokenChange{Name: &name}))
		},
		"key": func(v int64) error {
			return tell(s.UpdateKey(s.ctx, s.Root, s.in, s.key.ID, v, admin.TokenChange{Name: &name}))
		},
	} {
		if err := update(0); sallyport.KindOf(err) != sallyport.MissingMatch {
			t.Errorf("%s without a version: %v", what, err)
		}
		if err := update(-7); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%s with version -7: %v", what, err)
		}
		if err := update(77); sallyport.KindOf(err) != sallyport.Changed {
			t.Errorf("%s with another version: %v", what, err)
		}
		if err := update(1); err != nil {
			t.Errorf("%s with its version: %v", what, err)
		}
		if err := update(1); sallyport.KindOf(err) != sallyport.Changed {
			t.Errorf("%s with its old version: %v", what, err)
		}
	}
}

func TestTenantTree(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	move := func(id, parent sallyport.TenantID) error {
		return tell(s.UpdateTenant(s.ctx, s.Root, id, anyVersion, admin.TenantChange{Parent: &parent}))
	}
	if err := move(s.in, s.child.ID); field(err) != "parent" {
		t.Errorf("below its own child: %v", err)
	}
	if err := move(s.in, s.in); field(err) != "parent" {
		t.Errorf("below itself: %v", err)
	}
	if err := move(s.in, "5a11f0e7-0000-4000-8000-00000000ffff"); field(err) != "parent" {
		t.Errorf("below nothing: %v", err)
	}
	if err := move(s.child.ID, ""); err != nil {
		t.Errorf("to the top: %v", err)
	}
	at := s.T2.ID
	for i := 0; ; i++ {
		made, err := s.CreateTenant(s.ctx, s.Root, admin.NewTenant{Name: fmt.Sprint("deep", i), Parent: at})
		if err != nil {
			if field(err) != "parent" || i < 20 {
				t.Errorf("at depth %d: %v", i, err)
			}
			break
		}
		if at = made.ID; i > 40 {
			t.Fatal("the tree has no bottom")
		}
	}
	// An administrator of a tenant cannot make one elsewhere, nor move his own away.
	bob := s.Person(s.in, admin.TenantsWrite)
	if _, err := s.CreateTenant(s.ctx, bob, admin.NewTenant{Name: "x"}); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("at the top: %v", err)
	}
	if _, err := s.CreateTenant(s.ctx, bob, admin.NewTenant{Name: "x", Parent: s.T2.ID}); field(err) != "parent" {
		t.Errorf("below a foreign one: %v", err)
	}
	foreign := s.T2.ID
	if _, err := s.UpdateTenant(s.ctx, bob, s.in, anyVersion, admin.TenantChange{Parent: &foreign}); field(err) != "parent" {
		t.Errorf("move below a foreign one: %v", err)
	}
	if err := s.DeleteTenant(s.ctx, s.Root, s.in, anyVersion); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("delete one that is not empty: %v", err)
	}
}

func TestTenantInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for name, tt := range map[string]struct {
		in    admin.NewTenant
		field string
		kind  sallyport.Kind
	}{
		"no name":           {admin.NewTenant{}, "name", sallyport.Invalid},
		"every tenant":      {admin.NewTenant{Name: "*"}, "name", sallyport.Invalid},
		"same name":         {admin.NewTenant{Name: "t1"}, "name", sallyport.Conflict},
		"negative age":      {admin.NewTenant{Name: "x", Policy: sallyport.TenantPolicy{TokenMaxAge: -1}}, "token_max_age", sallyport.Invalid},
		"default above max": {admin.NewTenant{Name: "x", Policy: sallyport.TenantPolicy{TokenMaxAge: time.Hour, TokenDefaultAge: 2 * time.Hour}}, "token_default_age", sallyport.Invalid},
	} {
		if _, err := s.CreateTenant(s.ctx, s.Root, tt.in); sallyport.KindOf(err) != tt.kind || field(err) != tt.field {
			t.Errorf("%s: %v of %q", name, err, field(err))
		}
	}
}

// TestTenantsSeen has people list and open tenants: each sees his own.
func TestTenantsSeen(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	names := func(a admin.Actor) (out []string) {
		for _, v := range must(s.Tenants(s.ctx, a, store.TenantFilter{}, admin.Page{})).Items {
			out = append(out, v.Name)
		}
		return out
	}
	plain := s.Person(s.in)
	both := s.Person(s.T2.ID)
	s.Give(both.Principal.ID, s.in, "orders/read")
	for who, tt := range map[string]struct {
		a    admin.Actor
		want []string
	}{"plain": {plain, []string{"t1"}}, "both": {both, []string{"t1", "t2"}}, "root": {s.Root, []string{"child", "t1", "t2"}}} {
		if got := names(tt.a); !slices.Equal(got, tt.want) {
			t.Errorf("%s sees %q, want %q", who, got, tt.want)
		}
	}
	if _, err := s.Tenant(s.ctx, plain, s.in); err != nil {
		t.Errorf("own tenant: %v", err)
	}
	for _, id := range []sallyport.TenantID{s.T2.ID, "5a11f0e7-0000-4000-8000-00000000ffff", "", "*"} {
		if _, err := s.Tenant(s.ctx, plain, id); sallyport.KindOf(err) != sallyport.NotFound {
			t.Errorf("tenant %q: %v, want not found", id, err)
		}
	}
	// A page of one, and the next.
	first := must(s.Tenants(s.ctx, both, store.TenantFilter{}, admin.Page{Limit: 1}))
	second := must(s.Tenants(s.ctx, both, store.TenantFilter{}, admin.Page{Limit: 1, Cursor: first.Next}))
	if first.Items[0].Name != "t1" || second.Items[0].Name != "t2" || second.Next != "" {
		t.Errorf("pages %v, %v", first, second)
	}
}

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
			s.Clock.Move(time.Second)
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
		"none":           {"", other, sallyport.PasswordWrong, "current"},
		"wrong":          {"seven-purple-anvils-ham", other, sallyport.PasswordWrong, "current"},
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
	if err := s.ChangePassword(s.ctx, alice, admintest.Password, other); err != nil {
		t.Fatal(err)
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

func TestRoleInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	type perms = []sallyport.Permission
	for name, tt := range map[string]struct {
		in    admin.NewRole
		field string
		kind  sallyport.Kind
		says  string
	}{
		"no name":            {admin.NewRole{}, "name", sallyport.Invalid, ""},
		"built-in name":      {admin.NewRole{Name: "auditor"}, "name", sallyport.Conflict, ""},
		"taken":              {admin.NewRole{Name: s.role.Name}, "name", sallyport.Conflict, ""},
		"unknown permission": {admin.NewRole{Name: "x", Permissions: perms{"orders/read", "orders/wirte"}}, "permissions[1]", sallyport.Invalid, `"orders/write"`},
		"unknown API":        {admin.NewRole{Name: "x", Permissions: perms{"order/read"}}, "permissions[0]", sallyport.Invalid, `"orders"`},
		"no API":             {admin.NewRole{Name: "x", Permissions: perms{"read"}}, "permissions[0]", sallyport.Invalid, ""},
		"prefix":             {admin.NewRole{Name: "x", Permissions: perms{"orders/rea"}}, "permissions[0]", sallyport.Invalid, ""},
		"twice":              {admin.NewRole{Name: "x", Permissions: perms{"orders/read", "orders/read"}}, "permissions[1]", sallyport.Invalid, ""},
		"empty":              {admin.NewRole{Name: "x", Permissions: perms{""}}, "permissions[0]", sallyport.Invalid, ""},
	} {
		_, err := s.CreateRole(s.ctx, s.Root, s.in, tt.in)
		if sallyport.KindOf(err) != tt.kind || field(err) != tt.field || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: %v of %q", name, err, field(err))
		}
	}
	builtIn := admin.BuiltInRole(admin.RoleAuditor)
	title := "x"
	if _, err := s.UpdateRole(s.ctx, s.Root, sallyport.EveryTenant, builtIn, anyVersion, admin.RoleChange{Title: &title}); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("update a built-in role: %v", err)
	}
	if err := s.DeleteRole(s.ctx, s.Root, sallyport.EveryTenant, builtIn, anyVersion); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("delete a built-in role: %v", err)
	}
	if err := s.DeleteRole(s.ctx, s.Root, s.in, s.role.ID, anyVersion); sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), "1 binding") {
		t.Errorf("delete a role that is bound: %v", err)
	}
	// The roles of a tenant are those of every tenant, then its own.
	var all []string
	page := admin.Page{Limit: 2}
	for {
		list := must(s.Roles(s.ctx, s.Root, s.in, "", page))
		for _, r := range list.Items {
			all = append(all, r.Name)
		}
		if page.Cursor = list.Next; page.Cursor == "" {
			break
		}
	}
	if len(all) != 6 || all[0] != admin.RoleAdministrator || all[4] != s.role.Name {
		t.Errorf("roles %q", all)
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	before := contents()
	lost := admintest.Orders()
	lost.Permissions, lost.Scopes, lost.Routes = lost.Permissions[1:], nil, nil
	_, err := s.ReplaceAPI(s.ctx, s.Root, "orders", anyVersion, lost)
	if sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), s.role.Name) {
		t.Errorf("a permission disappears: %v, want the role named", err)
	}
	if err := s.DeleteAPI(s.ctx, s.Root, "orders", anyVersion); sallyport.KindOf(err) != sallyport.Conflict || !strings.Contains(err.Error(), s.role.Name) {
		t.Errorf("delete one that a role names: %v", err)
	}
	faulty := sallyport.API{Name: "Faulty", BasePath: "orders/", Routes: []sallyport.Route{{Methods: []string{"GET"}, Path: "/", AnyOf: []string{"nope"}}}}
	for name, err := range map[string]error{
		"create": tell(s.CreateAPI(s.ctx, s.Root, faulty)), "check": s.CheckAPI(s.ctx, s.Root, faulty),
		"apply": tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "good", BasePath: "/good"}, faulty})),
	} {
		if list := admin.Faults(err); len(list) < 3 {
			t.Errorf("%s: faults %v, want all of them", name, list)
		}
	}
	for name, err := range map[string]error{
		"same place":     tell(s.CreateAPI(s.ctx, s.Root, sallyport.API{Name: "x", BasePath: "/orders"})),
		"reserved":       tell(s.CreateAPI(s.ctx, s.Root, sallyport.API{Name: "x", BasePath: "/oauth2"})),
		"other name":     tell(s.ReplaceAPI(s.ctx, s.Root, "orders", anyVersion, sallyport.API{Name: "x", BasePath: "/x"})),
		"management":     tell(s.CreateAPI(s.ctx, s.Root, admin.BuiltInAPI())),
		"management 2":   tell(s.ReplaceAPI(s.ctx, s.Root, "sallyport", anyVersion, admin.BuiltInAPI())),
		"management 3":   s.DeleteAPI(s.ctx, s.Root, "sallyport", anyVersion),
		"management 4":   tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{admin.BuiltInAPI()})),
		"twice":          tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "x", BasePath: "/x"}, {Name: "x", BasePath: "/y"}})),
		"two at a place": tell(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{{Name: "x", BasePath: "/x"}, {Name: "y", BasePath: "/x"}})),
		"there already":  tell(s.CreateAPI(s.ctx, s.Root, admintest.Orders())),
	} {
		if k := sallyport.KindOf(err); k != sallyport.Invalid && k != sallyport.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if contents() != before {
		t.Error("something has changed")
	}
	if changed := must(s.ApplyAPIs(s.ctx, s.Root, []sallyport.API{admintest.Orders(), {Name: "new", BasePath: "/new"}})); !slices.Equal(changed, []sallyport.APIName{"new"}) {
		t.Errorf("changed %v, want the new one alone", changed)
	}
	if s.Policy().API("new") == nil {
		t.Error("the new API is not in force")
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for range 5 {
		s.MakeUser(s.in, sallyport.Person)
		s.MakeUser(s.T2.ID, sallyport.Person)
	}
	alice := s.Person(s.in, admin.UsersRead)
	list := func(a admin.Actor, tenant sallyport.TenantID, f store.UserFilter, p admin.Page) (admin.List[sallyport.User], error) {
		return s.Users(s.ctx, a, tenant, f, p)
	}
	first := must(list(alice, s.in, store.UserFilter{}, admin.Page{Limit: 2}))
	if len(first.Items) != 2 || first.Next == "" {
		t.Fatalf("first page %d, %q", len(first.Items), first.Next)
	}
	second := must(list(alice, s.in, store.UserFilter{}, admin.Page{Limit: 2, Cursor: first.Next}))
	if len(second.Items) != 2 || second.Items[0].Login <= first.Items[1].Login {
		t.Errorf("second page %v", second.Items)
	}
	broken := first.Next[:20] + "AAAA" + first.Next[24:]
	for name, err := range map[string]error{
		"another tenant": tell(list(s.Root, s.T2.ID, store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"another actor":  tell(list(s.Root, s.in, store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"another filter": tell(list(alice, s.in, store.UserFilter{Search: "u"}, admin.Page{Cursor: first.Next})),
		"another list":   tell(s.Users(s.ctx, s.Root, "", store.UserFilter{}, admin.Page{Cursor: first.Next})),
		"broken":         tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: broken})),
		"made up":        tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: "MDp1c2Vy"})),
		"not a cursor":   tell(list(alice, s.in, store.UserFilter{}, admin.Page{Cursor: "'; DROP TABLE users; --"})),
	} {
		if sallyport.KindOf(err) != sallyport.Invalid || field(err) != "cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, limit := range []int{-1, 201} {
		if _, err := list(alice, s.in, store.UserFilter{}, admin.Page{Limit: limit}); field(err) != "limit" {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestBootstrapAgain(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	before := contents()
	if err := s.Bootstrap(s.ctx, admin.BuiltInAPI()); err != nil || contents() != before {
		t.Errorf("a second start: %v, changed %v", err, contents() != before)
	}
	api := admin.BuiltInAPI()
	api.Routes = []sallyport.Route{{Methods: []string{"GET"}, Path: "/me", Authenticated: true, Scopes: []string{"self"}}}
	if err := s.Bootstrap(s.ctx, api); err != nil || len(s.Policy().API("sallyport").Routes) != 1 {
		t.Errorf("a newer version: %v", err)
	}
	for _, name := range []string{admin.RoleAdministrator, admin.RoleTenantAdministrator, admin.RoleUserAdministrator, admin.RoleAuditor} {
		role := s.Policy().Role(admin.BuiltInRole(name))
		if role == nil || !role.BuiltIn || role.Tenant != sallyport.EveryTenant {
			t.Errorf("role %s = %v", name, role)
		}
	}
	if admin.BuiltInRole("nope") != "" {
		t.Error("there is a role nope")
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	use := admin.KeyUse{Kind: token.AccessJWT}
	state := func() (active, next, retired []string) {
		for _, k := range must(s.SigningKeys(s.ctx, s.Root)) {
			if k.Kind != token.AccessJWT {
				continue
			}
			switch k.State {
			case token.KeyActive:
				active = append(active, k.ID)
			case token.KeyNext:
				next = append(next, k.ID)
			case token.KeyRetired:
				retired = append(retired, k.ID)
			}
		}
		return active, next, retired
	}
	active, next, retired := state()
	if len(active) != 1 || len(next) != 1 || len(retired) != 0 {
		t.Fatalf("keys %v, %v, %v", active, next, retired)
	}
	info := must(s.RotateSigningKey(s.ctx, s.Root, use))
	newActive, newNext, newRetired := state()
	if info.ID != next[0] || !slices.Equal(newActive, next) || len(newNext) != 1 || !slices.Equal(newRetired, active) {
		t.Errorf("rotated to %v, %v, %v; want the next one active and the old one retired", newActive, newNext, newRetired)
	}
	sealer := must(token.NewSealer(token.SealSigningKey, s.Master))
	for _, k := range must(s.Store.SigningKeys(s.ctx)) {
		_, err := token.OpenKey(sealer, token.StoredKey{
			ID: k.ID, Kind: token.JWTKind(k.Use), Algorithm: token.Algorithm(k.Algorithm), State: token.KeyState(k.State),
			Private: k.Sealed, PublicJWK: k.Public, Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.Ends,
		})
		if err != nil {
			t.Errorf("key %s, %s: %v", k.ID, k.State, err)
		}
	}
	if err := s.TendSigningKeys(s.ctx, admin.System("test")); err != nil {
		t.Fatal(err)
	}
	if _, _, retired = state(); len(retired) != 1 {
		t.Error("a key was removed whose tokens still live")
	}
	s.Clock.Move(time.Hour)
	if err := s.TendSigningKeys(s.ctx, admin.System("test")); err != nil {
		t.Fatal(err)
	}
	if _, _, retired = state(); len(retired) != 0 {
		t.Error("a key is kept whose tokens are all dead")
	}
	if _, err := s.RotateSigningKey(s.ctx, s.Root, admin.KeyUse{Kind: token.AccessJWT, Algorithm: token.ES256}); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("rotate one that is not in use: %v", err)
	}
	if err := s.EnsureSigningKeys(s.ctx, s.Root, admin.KeyUse{Kind: token.RefreshJWT, Algorithm: token.RS256}); field(err) != "algorithm" {
		t.Errorf("an algorithm that the kind does not have: %v", err)
	}
}

// TestAuditOfTenants is TN-14: the trail of a tenant is its own, and who reads
// all of them leaves an entry.
func TestAuditOfTenants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.MakeUser(s.T2.ID, sallyport.Person)
	auditor := s.Person(s.in, admin.AuditRead)
	for _, row := range must(s.Audit(s.ctx, auditor, s.in, store.AuditFilter{}, admin.Page{Limit: 200})).Items {
		if row.Tenant != s.in {
			t.Errorf("the trail of the tenant has an entry of %s", row.Tenant)
		}
	}
	if _, err := s.Audit(s.ctx, auditor, s.T2.ID, store.AuditFilter{}, admin.Page{}); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("of another tenant: %v", err)
	}
	must(s.Audit(s.ctx, s.Root, "", store.AuditFilter{}, admin.Page{}))
	if row := lastAction(s); row.Action != "audit.read" || row.ActorID != s.Root.Principal.ID {
		t.Errorf("the last entry is %s of %s", row.Action, row.ActorName)
	}
}

// TestEntriesTellWho checks what an entry says about its actor.
func TestEntriesTellWho(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in, admin.GroupsWrite)
	c := must(s.CreateToken(s.ctx, a, admin.NewToken{Name: "x"})).Credential
	a = admintest.With(a, c)
	a.RequestID, a.Address = "req-1", "192.0.2.77"
	a.Principal.Login, a.Principal.Name = "somebody-else", "forged" // what the store says counts
	group := must(s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: "g"}))
	row := lastAction(s)
	if row.ActorID != a.Principal.ID || row.ActorName == "somebody-else" || row.ActorKind != "person/personal_token/"+string(c.ID) ||
		row.RequestID != "req-1" || row.Address != "192.0.2.77" || row.TargetID != string(group.ID) || row.TargetKind != "group" ||
		row.Tenant != s.in || !row.Time.Equal(s.Clock.Now()) || row.After != `{"name":"g","title":""}` {
		t.Errorf("entry %+v", row)
	}
}

// TestRightsAreLive has rights taken away between two calls.
func TestRightsAreLive(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in)
	b := s.Give(a.Principal.ID, s.in, admin.GroupsWrite)
	create := func(name string) error { return tell(s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: name})) }
	if err := create("one"); err != nil {
		t.Fatal(err)
	}
	none := []sallyport.Permission{}
	must(s.UpdateRole(s.ctx, s.Root, s.in, b.Role, anyVersion, admin.RoleChange{Permissions: &none}))
	if err := create("two"); reason(err) != sallyport.PermissionMissing {
		t.Errorf("after the role was emptied: %v", err)
	}
	all := []sallyport.Permission{admin.GroupsWrite}
	must(s.UpdateRole(s.ctx, s.Root, s.in, b.Role, anyVersion, admin.RoleChange{Permissions: &all}))
	soon := s.Clock.Now().Add(time.Hour)
	must(s.UpdateBinding(s.ctx, s.Root, s.in, b.ID, anyVersion, admin.BindingChange{Expires: &soon}))
	if err := create("three"); err != nil {
		t.Errorf("before the binding expires: %v", err)
	}
	s.Clock.Move(time.Hour)
	if err := create("four"); reason(err) != sallyport.PermissionMissing {
		t.Errorf("after the binding has expired: %v", err)
	}
}

// TestStalePolicy has a role be reduced behind this node's back, as another node
// would do: the right is judged by the role as it is in the store.
func TestStalePolicy(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Person(s.in)
	b := s.Give(a.Principal.ID, s.in, admin.GroupsWrite)
	_, err := s.Store.Write(s.ctx, func(tx *store.Tx) error {
		role, err := tx.Role(s.ctx, s.in, b.Role)
		if err != nil {
			return err
		}
		role.Permissions = nil
		tx.Note(sallyport.ChangePolicy, "")
		return tx.UpdateRole(s.ctx, &role, store.AnyVersion)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: "x"}); reason(err) != sallyport.PermissionMissing {
		t.Errorf("err = %v, want permission_missing", err)
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

// TestAlgorithmOfAnAPIHasKeys: an API that wants RS256 gets keys of it with its
// document, also when the document is replaced.
func TestAlgorithmOfAnAPIHasKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	has := func(want token.Algorithm) bool {
		t.Helper()
		keys, err := s.SigningKeys(s.ctx, admin.System("test"))
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(keys, func(k admin.KeyInfo) bool {
			return k.Kind == token.AccessJWT && k.Algorithm == want && k.State == token.KeyActive
		})
	}
	if has(token.RS256) || has(token.ES256) {
		t.Fatal("there are keys that nobody asked for")
	}
	api := sallyport.API{Name: "edge", BasePath: "/edge", Token: sallyport.TokenSpec{Algorithm: "RS256"}}
	stored, err := s.CreateAPI(s.ctx, admin.System("test"), api)
	if err != nil {
		t.Fatal(err)
	}
	if !has(token.RS256) {
		t.Error("the API is there and no key of its algorithm")
	}
	api.Token.Algorithm = "ES256"
	if _, err := s.ReplaceAPI(s.ctx, admin.System("test"), "edge", stored.Version, api); err != nil {
		t.Fatal(err)
	}
	if !has(token.ES256) {
		t.Error("the document was replaced and there is no key of its algorithm")
	}
}
