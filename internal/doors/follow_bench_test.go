package doors_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// BenchmarkApply measures what it takes to put the change of one role in force, of
// 200 with 50 permissions each, beside an API with 1,000 routes: read and compiled
// as far as the change goes, and whole.
func BenchmarkApply(b *testing.B) {
	api := sallyport.API{Name: "big", BasePath: "/big", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}}
	for i := range 500 {
		api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprint("p", i)})
	}
	for i := range 1000 {
		api.Routes = append(api.Routes, sallyport.Route{
			ID: fmt.Sprint("r", i), Methods: []string{"GET"}, Path: fmt.Sprintf("/v1/resource-%d/{id}", i), AnyOf: []string{fmt.Sprint("p", i%500)},
		})
	}
	k := doorstest.New(b, api)
	roles := make([]sallyport.Role, 200)
	k.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		for i := range roles {
			roles[i] = sallyport.Role{ID: sallyport.RoleID(doorstest.NewID()), Tenant: sallyport.EveryTenant, Name: fmt.Sprint("role ", i)}
			for j := range 50 {
				roles[i].Permissions = append(roles[i].Permissions, sallyport.Permission(fmt.Sprint("big/p", (i+j)%500)))
			}
			if err := tx.InsertRole(ctx, &roles[i]); err != nil {
				return err
			}
		}
		return nil
	})
	for name, part := range map[string]func(*sallyport.Role) string{
		"part":  func(r *sallyport.Role) string { return policy.RolePart(r.Tenant, r.ID) },
		"whole": func(*sallyport.Role) string { return "" },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				role := roles[i%len(roles)]
				role.Title = fmt.Sprint("change ", i)
				if _, err := k.Store.Write(b.Context(), func(tx *store.Tx) error {
					tx.Note(sallyport.ChangePolicy, part(&role))
					return tx.UpdateRole(b.Context(), &role, store.AnyVersion)
				}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := k.Doors.Apply(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
