package admin_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// TestMyRoles: one's own roles and those of one's groups, where one is and the
// tenant is in use, and none that is over.
func TestMyRoles(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx, system := t.Context(), admin.System("test")
	user := w.MakeUser(w.T1.ID, sallyport.Person)
	w.Give(user.ID, w.T2.ID, "orders/read")
	group, err := w.CreateGroup(ctx, system, w.T1.ID, admin.NewGroup{Name: "g"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddMember(ctx, system, w.T1.ID, group.ID, user.ID); err != nil {
		t.Fatal(err)
	}
	for _, b := range []admin.NewBinding{
		{SubjectKind: sallyport.SubjectGroup, Subject: string(group.ID), Role: w.MakeRole(w.T1.ID, "orders/write").ID},
		{SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: w.MakeRole(w.T1.ID, "orders/read").ID, Expires: w.Clock.Now().Add(time.Hour)},
	} {
		if _, err := w.CreateBinding(ctx, system, w.T1.ID, b); err != nil {
			t.Fatal(err)
		}
	}
	look := func(most int) (roles, tenants int) {
		t.Helper()
		held, err := w.MyRoles(ctx, admintest.As(user), most)
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.MyTenants(ctx, admintest.As(user), most)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(held); i++ {
			if held[i].Tenant.Name < held[i-1].Tenant.Name {
				t.Errorf("not by name: %+v", held)
			}
		}
		return len(held), len(list)
	}
	for _, tt := range []struct {
		name           string
		do             func() error
		most           int
		roles, tenants int
	}{
		{"all", func() error { return nil }, 10, 3, 2},
		{"at most one", func() error { return nil }, 1, 1, 1},
		{"one is over", func() error { w.Clock.Advance(time.Hour); return nil }, 10, 2, 2},
		{"a tenant is out of use", func() error {
			_, err := w.DeactivateTenant(ctx, system, w.T2.ID, admin.AnyVersion)
			return err
		}, 10, 1, 1},
	} {
		if err := tt.do(); err != nil {
			t.Fatal(err)
		}
		if roles, tenants := look(tt.most); roles != tt.roles || tenants != tt.tenants {
			t.Errorf("%s: %d roles in %d tenants, want %d in %d", tt.name, roles, tenants, tt.roles, tt.tenants)
		}
	}
	if held, err := w.MyRoles(ctx, w.Root, 10); err != nil || len(held) != 1 || held[0].Tenant.ID != w.T1.ID {
		t.Errorf("who is in every tenant: %+v, %v", held, err)
	}
	if _, err := w.MyRoles(ctx, system, 10); err == nil {
		t.Error("the installation itself has roles")
	}
}
