package node_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// TestEveryChangeIsNoted: after each change over the admin floor the node, which reads
// the part that the change names, has the policy in force that a new one would read.
func TestEveryChangeIsNoted(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	n, err := node.Open(ctx, config(t, filepath.Join(t.TempDir(), "sallyport.db"), newMaster(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(ctx) })
	me := admin.System("test")
	shop := sallyport.API{
		Name: "shop", BasePath: "/shop", Title: "Shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Routes:      []sallyport.Route{{ID: "all", Methods: []string{"*"}, Path: "/{rest...}", AnyOf: []string{"read"}}},
	}
	desk := sallyport.API{Name: "desk", BasePath: "/desk", Upstream: shop.Upstream}
	var tenant sallyport.Tenant
	var role, own sallyport.Role
	name, all := "another name", []sallyport.Permission{"shop/read", "shop/write"}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"API created", func() error { _, err := n.Admin.CreateAPI(ctx, me, shop); return err }},
		{"another API created", func() error { _, err := n.Admin.CreateAPI(ctx, me, desk); return err }},
		{"tenant created", func() (err error) {
			tenant, err = n.Admin.CreateTenant(ctx, me, admin.NewTenant{Name: "acme"})
			return err
		}},
		{"role created", func() (err error) {
			role, err = n.Admin.CreateRole(ctx, me, sallyport.EveryTenant, admin.NewRole{Name: "reader", Permissions: all[:1]})
			return err
		}},
		{"role of a tenant created", func() (err error) {
			own, err = n.Admin.CreateRole(ctx, me, tenant.ID, admin.NewRole{Name: "own", Permissions: all})
			return err
		}},
		{"role changed", func() error {
			_, err := n.Admin.UpdateRole(ctx, me, role.Tenant, role.ID, admin.AnyVersion, admin.RoleChange{Name: &name, Permissions: &all})
			return err
		}},
		{"API changed", func() error {
			shop.Title, shop.Routes[0].AnyOf = "Another", []string{"write"}
			_, err := n.Admin.ReplaceAPI(ctx, me, "shop", admin.AnyVersion, shop)
			return err
		}},
		{"tenant changed", func() error {
			_, err := n.Admin.UpdateTenant(ctx, me, tenant.ID, admin.AnyVersion, admin.TenantChange{Name: &name})
			return err
		}},
		{"tenant deactivated", func() error { _, err := n.Admin.DeactivateTenant(ctx, me, tenant.ID, admin.AnyVersion); return err }},
		{"tenant activated", func() error { _, err := n.Admin.ReactivateTenant(ctx, me, tenant.ID, admin.AnyVersion); return err }},
		{"realm created", func() error {
			_, err := n.Admin.CreateRealm(ctx, me, tenant.ID, admin.NewRealm{Name: "north"})
			return err
		}},
		{"realm removed", func() error { return n.Admin.DeleteRealm(ctx, me, tenant.ID, "north", admin.AnyVersion) }},
		{"role of a tenant removed", func() error { return n.Admin.DeleteRole(ctx, me, tenant.ID, own.ID, admin.AnyVersion) }},
		{"role removed", func() error { return n.Admin.DeleteRole(ctx, me, role.Tenant, role.ID, admin.AnyVersion) }},
		{"API removed", func() error { return n.Admin.DeleteAPI(ctx, me, "desk", admin.AnyVersion) }},
		{"tenant removed", func() error { return n.Admin.DeleteTenant(ctx, me, tenant.ID, admin.AnyVersion) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		var want policy.Source
		err := n.Store.Read(ctx, func(tx *store.Tx) (err error) {
			want, err = policy.Load(ctx, &tx.Reader)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := sourceOf(n.Doors.Policy(), want.Tenants, tenant.ID); !reflect.DeepEqual(got, inOrder(want)) {
			t.Errorf("%s: in force is\n%+v\nin the store\n%+v", step.name, got, inOrder(want))
		}
	}
}

// sourceOf puts together what a policy in force was made of: the tenants that there
// should be, and one that may be there although it should not.
func sourceOf(s *policy.Snapshot, tenants []sallyport.Tenant, more sallyport.TenantID) policy.Source {
	source := policy.Source{Revision: s.Revision()}
	for _, a := range s.APIs() {
		source.APIs = append(source.APIs, sallyport.API{Name: a.Name, Title: a.Document.Title, Routes: a.Document.Routes})
	}
	for _, r := range s.RoleList() {
		source.Roles = append(source.Roles, r.Role)
	}
	ids := []sallyport.TenantID{more}
	for _, t := range tenants {
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if t := s.Tenant(id); t != nil {
			source.Tenants = append(source.Tenants, t.Tenant)
		}
	}
	return inOrder(source)
}

// inOrder brings a source into one order, and leaves of an API what is compared.
func inOrder(s policy.Source) policy.Source {
	apis := make([]sallyport.API, len(s.APIs))
	for i, a := range s.APIs {
		apis[i] = sallyport.API{Name: a.Name, Title: a.Title, Routes: a.Routes}
	}
	s.APIs, s.Roles, s.Tenants = apis, slices.Clone(s.Roles), slices.Clone(s.Tenants)
	slices.SortFunc(s.APIs, func(a, b sallyport.API) int { return strings.Compare(string(a.Name), string(b.Name)) })
	slices.SortFunc(s.Roles, func(a, b sallyport.Role) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(s.Tenants, func(a, b sallyport.Tenant) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return s
}
