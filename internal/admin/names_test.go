package admin_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
)

// Who gives a role names its subject, and finds whom he can see alone.
func TestFindSubject(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	ctx, system := t.Context(), admin.System("test")
	here, there := w.MakeUser(w.T1.ID, sallyport.Person), w.MakeUser(w.T2.ID, sallyport.Person)
	boss := w.MakeUser(w.T1.ID, sallyport.Person)
	w.Give(boss.ID, w.T1.ID, admin.BindingsWrite, admin.BindingsRead)
	groups := map[string]sallyport.Group{}
	for name, tenant := range map[string]sallyport.TenantID{"crew": w.T1.ID, "crew 2": w.T1.ID, "all": sallyport.EveryTenant, "theirs": w.T2.ID} {
		g, err := w.CreateGroup(ctx, system, tenant, admin.NewGroup{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		groups[name] = g
	}
	key, err := w.CreateKey(ctx, system, w.T1.ID, admin.NewKey{Name: "gate"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind sallyport.SubjectKind
		name string
		want string // empty: not found
	}{
		{sallyport.SubjectUser, here.Login, string(here.ID)},
		{sallyport.SubjectUser, there.Login, ""},
		{sallyport.SubjectUser, "no such\tlogin", ""},
		{sallyport.SubjectGroup, "crew", string(groups["crew"].ID)},
		{sallyport.SubjectGroup, "crew 2", string(groups["crew 2"].ID)},
		{sallyport.SubjectGroup, "cre", ""},
		{sallyport.SubjectGroup, "all", string(groups["all"].ID)},
		{sallyport.SubjectGroup, "theirs", ""},
		{sallyport.SubjectKey, "gate", string(key.Credential.ID)},
		{sallyport.SubjectKey, "gat", ""},
		{"nothing", "gate", ""},
	} {
		got, err := w.FindSubject(ctx, admintest.As(boss), w.T1.ID, tt.kind, tt.name)
		if got != tt.want || (err != nil) != (tt.want == "") || err != nil && sallyport.KindOf(err) != sallyport.Invalid {
			t.Errorf("%s %q: %q, %v; want %q", tt.kind, tt.name, got, err, tt.want)
		}
	}
	if _, err := w.FindSubject(ctx, admintest.As(here), w.T1.ID, sallyport.SubjectUser, boss.Login); err == nil {
		t.Error("who may not give roles finds others")
	}

	gone := sallyport.Binding{Tenant: w.T1.ID, SubjectKind: sallyport.SubjectUser, Subject: "gone", Role: "none"}
	names, err := w.NamesIn(ctx, admintest.As(boss), []sallyport.Binding{
		{Tenant: w.T1.ID, SubjectKind: sallyport.SubjectGroup, Subject: string(groups["all"].ID), Role: admin.BuiltInRole(admin.RoleAuditor)}, gone,
	})
	want := []admin.BindingNames{{Subject: "all", Home: sallyport.EveryTenant, Role: admin.RoleAuditor}, {Subject: "gone", Role: "none"}}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("NamesIn = %+v, %v", names, err)
	}
}

// What somebody manages is what he holds somewhere, as far as his credential
// reaches.
func TestManages(t *testing.T) {
	t.Parallel()
	w := admintest.New(t)
	user := w.MakeUser(w.T1.ID, sallyport.Person)
	w.Give(user.ID, w.T2.ID, admin.UsersRead, "orders/read")
	w.Give(user.ID, w.T1.ID, admin.KeysRead)
	me, err := w.Me(t.Context(), admintest.As(user))
	if want := []sallyport.Permission{admin.KeysRead, admin.UsersRead}; err != nil || !slices.Equal(me.Manages, want) {
		t.Errorf("Manages = %q, %v; want %q", me.Manages, err, want)
	}
	limited := admintest.As(user)
	limited.Scopes = []string{admin.ScopeSelf}
	if me, err = w.Me(t.Context(), limited); err != nil || len(me.Manages) != 0 {
		t.Errorf("with a token for oneself: %q, %v", me.Manages, err)
	}
}
