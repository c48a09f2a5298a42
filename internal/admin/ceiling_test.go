package admin_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// refusedBeyond checks for a refusal because of the privilege ceiling.
func refusedBeyond(t *testing.T, name string, err error) {
	t.Helper()
	e, ok := err.(*sallyport.Error) //nolint:errorlint // it is what callers look at
	if !ok || e.Kind != sallyport.Refused || e.Reason != sallyport.PrivilegeCeiling {
		t.Errorf("%s: err = %v, want privilege_ceiling", name, err)
	}
}

// TestNobodyGrantsWhatHeDoesNotHold has an administrator of a tenant, who holds
// every right of management but none of orders, try each way to get at more.
func TestNobodyGrantsWhatHeDoesNotHold(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	mallory := s.MakeUser(s.in, sallyport.Person)
	var manage []sallyport.Permission
	for _, p := range admin.BuiltInAPI().Permissions {
		manage = append(manage, sallyport.Permission("sallyport/"+p.Name))
	}
	s.Give(mallory.ID, s.in, manage...)
	s.a = admintest.As(mallory)
	me := string(mallory.ID)

	strong := s.MakeUser(s.in, sallyport.Person)
	s.Give(strong.ID, s.in, "orders/write")
	strongSvc := s.MakeUser(s.in, sallyport.Service)
	s.Give(strongSvc.ID, s.in, "orders/write")
	strongApp := must(s.CreateApplicationToken(s.ctx, s.Root, s.in, strongSvc.ID, admin.NewToken{Name: "strong"})).Credential
	strongKey := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "strong", Roles: []admin.KeyRole{{Role: s.role.ID}}})).Credential
	own := s.MakeRole(s.in, admin.UsersRead)
	must(s.CreateBinding(s.ctx, s.Root, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: me, Role: own.ID}))
	sleeping := must(s.CreateBinding(s.ctx, s.Root, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: me, Role: s.role.ID, Expires: s.Clock.Now().Add(time.Minute)}))
	inactive := sallyport.Deactivated
	sleeping = must(s.UpdateBinding(s.ctx, s.Root, s.in, sleeping.ID, anyVersion, admin.BindingChange{State: &inactive}))
	active, far, none := sallyport.Active, s.Clock.Now().Add(time.Hour), ""
	wide := []sallyport.Permission{admin.UsersRead, "orders/read"}
	bind := func(tenant sallyport.TenantID, kind sallyport.SubjectKind, subject string, role sallyport.RoleID) error {
		_, err := s.CreateBinding(s.ctx, s.a, tenant, admin.NewBinding{SubjectKind: kind, Subject: subject, Role: role})
		return err
	}
	before := contents()
	for name, attempt := range map[string]func() error{
		"bind a stronger role to himself":     func() error { return bind(s.in, sallyport.SubjectUser, me, s.role.ID) },
		"bind the administrator to himself":   func() error { return bind(s.in, sallyport.SubjectUser, me, admin.BuiltInRole(admin.RoleAdministrator)) },
		"bind a stronger role to a group":     func() error { return bind(s.in, sallyport.SubjectGroup, string(s.group.ID), s.role.ID) },
		"bind a stronger role to a key":       func() error { return bind(s.in, sallyport.SubjectKey, string(s.key.ID), s.role.ID) },
		"join a stronger group":               func() error { return s.AddMember(s.ctx, s.a, s.in, s.group.ID, mallory.ID) },
		"put a friend into a stronger group":  func() error { return s.AddMember(s.ctx, s.a, s.in, s.group.ID, s.user.ID) },
		"set the password of a stronger user": func() error { return s.SetPassword(s.ctx, s.a, s.in, strong.ID, admintest.Password, true) },
		"token for a stronger service account": func() error {
			return tell(s.CreateApplicationToken(s.ctx, s.a, s.in, strongSvc.ID, admin.NewToken{Name: "x"}))
		},
		"renew the token of a stronger account": func() error { return tell(s.RenewToken(s.ctx, s.a, strongApp.ID, anyVersion, 0)) },
		"choose the secret of a stronger token": func() error { return s.AdoptSecret(s.ctx, s.a, strongApp.ID, "mallory-knows-this") },
		"widen the token of a stronger account": func() error {
			return tell(s.UpdateToken(s.ctx, s.a, strongApp.ID, anyVersion, admin.TokenChange{Scopes: new([]string)}))
		},
		"renew a stronger key":                func() error { return tell(s.RenewKey(s.ctx, s.a, s.in, strongKey.ID, anyVersion, 0)) },
		"choose the secret of a stronger key": func() error { return s.AdoptSecret(s.ctx, s.a, strongKey.ID, "mallory-knows-this") },
		"make a stronger key": func() error {
			return tell(s.CreateKey(s.ctx, s.a, s.in, admin.NewKey{Name: "x", Roles: []admin.KeyRole{{Role: s.role.ID}}}))
		},
		"make a user with a stronger role": func() error {
			return tell(s.CreateUser(s.ctx, s.a, s.in, admin.NewUser{Login: "x", Roles: []sallyport.RoleID{s.role.ID}}))
		},
		"make a user in a stronger group": func() error {
			return tell(s.CreateUser(s.ctx, s.a, s.in, admin.NewUser{Login: "x", Groups: []sallyport.GroupID{s.group.ID}}))
		},
		"make a stronger role": func() error { return tell(s.CreateRole(s.ctx, s.a, s.in, admin.NewRole{Name: "x", Permissions: wide})) },
		"make a role of everything": func() error {
			return tell(s.CreateRole(s.ctx, s.a, s.in, admin.NewRole{Name: "x", Permissions: []sallyport.Permission{"*"}}))
		},
		"make a role of all there ever will be": func() error {
			return tell(s.CreateRole(s.ctx, s.a, s.in, admin.NewRole{Name: "x", Permissions: []sallyport.Permission{"sallyport/*"}}))
		},
		"widen a role that he holds": func() error {
			return tell(s.UpdateRole(s.ctx, s.a, s.in, own.ID, anyVersion, admin.RoleChange{Permissions: &wide}))
		},
		"wake a binding that was deactivated": func() error {
			return tell(s.UpdateBinding(s.ctx, s.a, s.in, sleeping.ID, anyVersion, admin.BindingChange{State: &active}))
		},
		"prolong a binding": func() error {
			return tell(s.UpdateBinding(s.ctx, s.a, s.in, sleeping.ID, anyVersion, admin.BindingChange{Expires: &far}))
		},
		"edit a stronger user": func() error {
			return tell(s.UpdateUser(s.ctx, s.a, s.in, strong.ID, anyVersion, admin.UserChange{Email: &none}))
		},
		"deactivate a stronger user": func() error { return tell(s.DeactivateUser(s.ctx, s.a, s.in, strong.ID, anyVersion)) },
		"delete a stronger user":     func() error { return s.DeleteUser(s.ctx, s.a, s.in, strong.ID, anyVersion) },
	} {
		refusedBeyond(t, name, attempt())
		if contents() != before {
			t.Fatalf("%s: refused, but something has changed", name)
		}
	}
	// In every tenant he may not even try.
	if err := bind(sallyport.EveryTenant, sallyport.SubjectUser, me, own.ID); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("bind in every tenant: %v", err)
	}
	// What he holds himself he may hand out.
	if err := bind(s.in, sallyport.SubjectUser, string(s.user.ID), own.ID); err != nil {
		t.Errorf("bind a role that he holds: %v", err)
	}
	if err := s.SetPassword(s.ctx, s.a, s.in, s.user.ID, admintest.Password, true); err != nil {
		t.Errorf("set the password of a weaker user: %v", err)
	}
}

// tell drops what a use case returns.
func tell[T any](_ T, err error) error { return err }

// TestExtentOfWhatIsHandedOut has somebody who holds a right to some extent hand
// it out further.
func TestExtentOfWhatIsHandedOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	must(s.CreateRealm(s.ctx, s.Root, s.in, admin.NewRealm{Name: "south"}))
	until := s.Clock.Now().Add(time.Hour)
	const office = `in_network(client, "192.0.2.0/24")`
	giver := func(b admin.NewBinding) admin.Actor {
		a := s.Person(s.in, admin.BindingsWrite)
		b.SubjectKind, b.Subject, b.Role = sallyport.SubjectUser, string(a.Principal.ID), s.role.ID
		must(s.CreateBinding(s.ctx, s.Root, s.in, b))
		return a
	}
	for _, tt := range []struct {
		name   string
		has    admin.NewBinding
		gives  admin.NewBinding
		beyond bool
	}{
		{"all of it", admin.NewBinding{}, admin.NewBinding{}, false},
		{"less", admin.NewBinding{}, admin.NewBinding{Realm: "north", Condition: office, Expires: until}, false},
		{"the same realm", admin.NewBinding{Realm: "north"}, admin.NewBinding{Realm: "north"}, false},
		{"another realm", admin.NewBinding{Realm: "north"}, admin.NewBinding{Realm: "south"}, true},
		{"every realm", admin.NewBinding{Realm: "north"}, admin.NewBinding{}, true},
		{"for as long", admin.NewBinding{Expires: until}, admin.NewBinding{Expires: until}, false},
		{"for longer", admin.NewBinding{Expires: until}, admin.NewBinding{Expires: until.Add(time.Second)}, true},
		{"for ever", admin.NewBinding{Expires: until}, admin.NewBinding{}, true},
		{"under the condition", admin.NewBinding{Condition: office}, admin.NewBinding{Condition: office}, false},
		{"without the condition", admin.NewBinding{Condition: office}, admin.NewBinding{}, true},
		{"under another", admin.NewBinding{Condition: office}, admin.NewBinding{Condition: `method == "GET"`}, true},
	} {
		to := s.MakeUser(s.in, sallyport.Person)
		tt.gives.SubjectKind, tt.gives.Subject, tt.gives.Role = sallyport.SubjectUser, string(to.ID), s.role.ID
		_, err := s.CreateBinding(s.ctx, giver(tt.has), s.in, tt.gives)
		if tt.beyond {
			refusedBeyond(t, tt.name, err)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestLimitedTokenMakesNothingWider has a token try to get at one that reaches
// further than itself.
func TestLimitedTokenMakesNothingWider(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := s.Person(s.in, "orders/read", "orders/write")
	wide := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "wide"})).Credential
	narrow := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "narrow", Scopes: []string{"sallyport/self", "orders/read"}, Tenant: s.in})).Credential
	s.a = admintest.With(alice, narrow)
	all := []string(nil)
	for name, attempt := range map[string]func() error{
		"an unlimited token": func() error { return tell(s.CreateToken(s.ctx, s.a, admin.NewToken{Name: "x", Tenant: s.in})) },
		"a scope more": func() error {
			return tell(s.CreateToken(s.ctx, s.a, admin.NewToken{Name: "x", Tenant: s.in, Scopes: []string{"orders/write"}}))
		},
		"all of an API": func() error {
			return tell(s.CreateToken(s.ctx, s.a, admin.NewToken{Name: "x", Tenant: s.in, Scopes: []string{"orders"}}))
		},
		"every tenant": func() error {
			return tell(s.CreateToken(s.ctx, s.a, admin.NewToken{Name: "x", Scopes: []string{"orders/read"}}))
		},
		"the secret of a wide": func() error { return tell(s.RenewToken(s.ctx, s.a, wide.ID, anyVersion, 0)) },
		"itself without scope": func() error {
			return tell(s.UpdateToken(s.ctx, s.a, narrow.ID, anyVersion, admin.TokenChange{Scopes: &all}))
		},
		"an unlimited sign-in": func() error {
			return tell(s.StartFamily(s.ctx, admin.NewFamily{Principal: alice.Principal.ID, Credential: narrow.ID, Client: "x"}))
		},
	} {
		refusedBeyond(t, name, attempt())
	}
	made := must(s.CreateToken(s.ctx, s.a, admin.NewToken{Name: "same", Tenant: s.in, Scopes: []string{"orders/read"}})).Credential
	if made.Owner != alice.Principal.ID || made.Tenant != s.in {
		t.Errorf("made %+v", made)
	}
	// Without the scope for one's own affairs it may not even look at them.
	orders := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "orders", Scopes: []string{"orders"}})).Credential
	_, err := s.Tokens(s.ctx, admintest.With(alice, orders), "", admin.TokenFilter{Owner: alice.Principal.ID}, admin.Page{})
	if e, ok := err.(*sallyport.Error); !ok || e.Reason != sallyport.ScopeInsufficient { //nolint:errorlint // as above
		t.Errorf("list with a token of other scopes: %v, want scope_insufficient", err)
	}
}

// TestBindOnlyWhoIsVisible has somebody give rights in his tenant to users of
// another.
func TestBindOnlyWhoIsVisible(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	bob := s.Person(s.in, admin.BindingsWrite, admin.GroupsWrite, admin.UsersRead, "orders/read")
	foreign := s.MakeUser(s.T2.ID, sallyport.Person)
	foreignGroup := must(s.CreateGroup(s.ctx, s.Root, s.T2.ID, admin.NewGroup{Name: "g"}))
	foreignKey := must(s.CreateKey(s.ctx, s.Root, s.T2.ID, admin.NewKey{Name: "k"})).Credential
	foreignRole := s.MakeRole(s.T2.ID, "orders/read")
	for name, in := range map[string]admin.NewBinding{
		"user":         {SubjectKind: sallyport.SubjectUser, Subject: string(foreign.ID), Role: s.role.ID},
		"group":        {SubjectKind: sallyport.SubjectGroup, Subject: string(foreignGroup.ID), Role: s.role.ID},
		"key":          {SubjectKind: sallyport.SubjectKey, Subject: string(foreignKey.ID), Role: s.role.ID},
		"token":        {SubjectKind: sallyport.SubjectKey, Subject: string(s.app.ID), Role: s.role.ID},
		"role":         {SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: foreignRole.ID},
		"nobody":       {SubjectKind: sallyport.SubjectUser, Subject: "5a11f0e7-0000-4000-8000-00000000ffff", Role: s.role.ID},
		"unknown kind": {SubjectKind: "robot", Subject: string(s.user.ID), Role: s.role.ID},
		"realm":        {SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: s.role.ID, Realm: "nowhere"},
		"condition":    {SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: s.role.ID, Condition: "clinet == 1"},
		"past":         {SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: s.role.ID, Expires: s.Clock.Now()},
	} {
		if _, err := s.CreateBinding(s.ctx, bob, s.in, in); sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%s: err = %v, want invalid", name, err)
		}
	}
	if err := s.AddMember(s.ctx, bob, s.in, s.group.ID, foreign.ID); sallyport.KindOf(err) != sallyport.Invalid {
		t.Errorf("member: err = %v, want invalid", err)
	}
	// Who may see him where he is at home may give him something here: so a user
	// comes into two tenants.
	s.Give(bob.Principal.ID, s.T2.ID, admin.UsersRead)
	if _, err := s.CreateBinding(s.ctx, bob, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(foreign.ID), Role: s.role.ID}); err != nil {
		t.Errorf("a visible user: %v", err)
	}
	if me := must(s.Me(s.ctx, admintest.As(foreign))); len(me.Tenants) != 2 {
		t.Errorf("he is a member of %v, want both tenants", me.Tenants)
	}
	if _, err := s.CreateBinding(s.ctx, bob, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(foreign.ID), Role: s.role.ID}); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("the same again: err = %v, want a conflict", err)
	}
}
