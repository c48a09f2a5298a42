package admin_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
)

// TestLastAdministratorStays tries each way to leave an installation without an
// administrator, as the administrator and as the installation itself.
func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	s, contents := file(t)
	root := s.Root.Principal.ID
	list := must(s.Bindings(s.ctx, s.Root, sallyport.EveryTenant, store.BindingFilter{Subject: string(root)}, admin.Page{}))
	b := list.Items[0]
	inactive, realm, condition, soon := sallyport.Deactivated, "north", `method == "GET"`, s.Clock.Now().Add(time.Hour)
	// Some that do not count as administrators.
	for _, in := range []admin.NewBinding{
		{Realm: realm}, {Condition: condition}, {Expires: soon},
	} {
		u := s.MakeUser(sallyport.EveryTenant, sallyport.Person)
		in.SubjectKind, in.Subject, in.Role = sallyport.SubjectUser, string(u.ID), admin.BuiltInRole(admin.RoleAdministrator)
		must(s.CreateBinding(s.ctx, s.Root, sallyport.EveryTenant, in))
	}
	s.Give(s.user.ID, s.in, admin.Everything) // everything, in one tenant
	gone(t, s)

	before := contents()
	for _, a := range []admin.Actor{s.Root, admin.System("test")} {
		for name, attempt := range map[string]func() error{
			"delete":             func() error { return s.DeleteUser(s.ctx, a, sallyport.EveryTenant, root, anyVersion) },
			"deactivate":         func() error { return tell(s.DeactivateUser(s.ctx, a, sallyport.EveryTenant, root, anyVersion)) },
			"delete binding":     func() error { return s.DeleteBinding(s.ctx, a, sallyport.EveryTenant, b.ID, anyVersion) },
			"deactivate binding": func() error { return update(s, a, b.ID, admin.BindingChange{State: &inactive}) },
			"limit to a realm":   func() error { return update(s, a, b.ID, admin.BindingChange{Realm: &realm}) },
			"add a condition":    func() error { return update(s, a, b.ID, admin.BindingChange{Condition: &condition}) },
			"add an expiry":      func() error { return update(s, a, b.ID, admin.BindingChange{Expires: &soon}) },
		} {
			if err := attempt(); sallyport.KindOf(err) != sallyport.Conflict {
				t.Errorf("%s by %v: err = %v, want a conflict", name, a.LogValue(), err)
			}
			if contents() != before {
				t.Fatalf("%s: refused, but something has changed", name)
			}
		}
	}
}

func update(s *scene, a admin.Actor, id sallyport.BindingID, ch admin.BindingChange) error {
	return tell(s.UpdateBinding(s.ctx, a, sallyport.EveryTenant, id, anyVersion, ch))
}

// TestLastAdministratorByOtherWays has the last administrator be one through a
// role, a group and a tenant of his own.
func TestLastAdministratorByOtherWays(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	group := must(s.CreateGroup(s.ctx, s.Root, sallyport.EveryTenant, admin.NewGroup{Name: "admins"}))
	role := s.MakeRole(sallyport.EveryTenant, admin.Everything)
	must(s.CreateBinding(s.ctx, s.Root, sallyport.EveryTenant, admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(group.ID), Role: role.ID}))
	if err := s.AddMember(s.ctx, s.Root, sallyport.EveryTenant, group.ID, s.user.ID); err != nil {
		t.Fatal(err)
	}
	// Now root can go, and s.user of the first tenant is the last one.
	heir := admintest.As(s.user)
	if err := s.DeleteUser(s.ctx, heir, sallyport.EveryTenant, s.Root.Principal.ID, anyVersion); err != nil {
		t.Fatalf("delete the last but one: %v", err)
	}
	weaker := []sallyport.Permission{admin.UsersRead}
	for name, attempt := range map[string]func() error{
		"leave the group":  func() error { return s.RemoveMember(s.ctx, heir, sallyport.EveryTenant, group.ID, s.user.ID) },
		"delete the group": func() error { return s.DeleteGroup(s.ctx, heir, sallyport.EveryTenant, group.ID, anyVersion) },
		"weaken the role": func() error {
			return tell(s.UpdateRole(s.ctx, heir, sallyport.EveryTenant, role.ID, anyVersion, admin.RoleChange{Permissions: &weaker}))
		},
		"deactivate the tenant": func() error { return tell(s.DeactivateTenant(s.ctx, heir, s.in, anyVersion)) },
	} {
		if err := attempt(); sallyport.KindOf(err) != sallyport.Conflict {
			t.Errorf("%s: err = %v, want a conflict", name, err)
		}
	}
	if there, err := s.HasAdministrator(s.ctx); !there || err != nil {
		t.Errorf("HasAdministrator = %v, %v", there, err)
	}
}

// TestAdministratorsRemoveEachOther has two administrators delete each other at
// the same time.
func TestAdministratorsRemoveEachOther(t *testing.T) {
	t.Parallel()
	raceAdministrators(t, newScene(t))
}

func raceAdministrators(t *testing.T, s *scene) {
	t.Helper()
	var pair [2]admin.Actor
	for i := range pair {
		u := s.MakeUser(sallyport.EveryTenant, sallyport.Person)
		s.Give(u.ID, sallyport.EveryTenant, admin.Everything)
		pair[i] = admintest.As(u)
	}
	if err := s.DeleteUser(s.ctx, pair[0], sallyport.EveryTenant, s.Root.Principal.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var errs [2]error
	for i := range pair {
		wg.Go(func() {
			errs[i] = s.DeleteUser(s.ctx, pair[i], sallyport.EveryTenant, pair[1-i].Principal.ID, anyVersion)
		})
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("errs = %v, want exactly one to succeed", errs)
	}
	if there, err := s.HasAdministrator(s.ctx); !there || err != nil {
		t.Errorf("HasAdministrator = %v, %v", there, err)
	}
}

// TestRescue makes an administrator although there is one: on the machine, and for
// nobody who came over a network, an administrator included.
func TestRescue(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	user := must(s.RescueAdministrator(s.ctx, admin.System("init --rescue"), admin.NewUser{Login: "rescue"}))
	if _, err := s.CreateTenant(s.ctx, admintest.As(user), admin.NewTenant{Name: "made by the new one"}); err != nil {
		t.Errorf("as the new one: %v", err)
	}
	for name, a := range map[string]admin.Actor{"a user": admintest.As(s.user), "an administrator": s.Root} {
		if _, err := s.RescueAdministrator(s.ctx, a, admin.NewUser{Login: "mallory"}); a.IsSystem() != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFirstAdministratorHasOneWinner has many start an installation at once.
func TestFirstAdministratorHasOneWinner(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, err := s.Store.Write(s.ctx, func(tx *store.Tx) error { // as it is before the first start
		_, err := tx.DeleteUser(s.ctx, sallyport.EveryTenant, s.Root.Principal.ID, store.AnyVersion)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 16
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			_, errs[i] = s.FirstAdministrator(s.ctx, admin.System("init"), admin.NewUser{Login: "first" + string(rune('a'+i))})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case sallyport.KindOf(err) != sallyport.Conflict:
			t.Errorf("err = %v, want a conflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d winners, want 1", won)
	}
	if _, err := s.FirstAdministrator(s.ctx, admintest.As(s.user), admin.NewUser{Login: "mallory"}); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("by a user: err = %v, want a refusal", err)
	}
}
