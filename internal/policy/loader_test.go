package policy_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	sallyport "github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// A changer changes a store, one thing at a time, and notes what.
type changer struct {
	t     *testing.T
	store *store.Store
}

func (c changer) write(f func(ctx context.Context, tx *store.Tx) error) {
	c.t.Helper()
	ctx := c.t.Context()
	if _, err := c.store.Write(ctx, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
		c.t.Fatal(err)
	}
}

func (c changer) note(part string, f func(ctx context.Context, tx *store.Tx) error) {
	c.t.Helper()
	c.write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, part)
		return f(ctx, tx)
	})
}

// load reads with a loader, and whole, and compares.
func (c changer) load(name string, l *policy.Loader) policy.Source {
	c.t.Helper()
	var got, want policy.Source
	err := c.store.Read(c.t.Context(), func(tx *store.Tx) (err error) {
		if got, err = l.Load(c.t.Context(), &tx.Reader); err != nil {
			return err
		}
		want, err = policy.Load(c.t.Context(), &tx.Reader)
		return err
	})
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	if a, b := inOrder(got), inOrder(want); !reflect.DeepEqual(a, b) {
		c.t.Fatalf("%s: loaded %+v, want %+v", name, a, b)
	}
	return got
}

func inOrder(s policy.Source) policy.Source {
	s.APIs, s.Roles, s.Tenants = slices.Clone(s.APIs), slices.Clone(s.Roles), slices.Clone(s.Tenants)
	slices.SortFunc(s.APIs, func(a, b sallyport.API) int { return strings.Compare(string(a.Name), string(b.Name)) })
	slices.SortFunc(s.Roles, func(a, b sallyport.Role) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(s.Tenants, func(a, b sallyport.Tenant) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return s
}

func numbered(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// TestLoaderReadsWhatChanged: a loader that follows the change log has what a
// reading of everything has, and in the same memory what did not change.
func TestLoaderReadsWhatChanged(t *testing.T) {
	t.Parallel()
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.New, "postgres": storetest.NewPostgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := changer{t, open(t)}
			shop := sallyport.API{Name: "shop", BasePath: "/shop", Title: "Shop"}
			tenant := sallyport.Tenant{ID: sallyport.TenantID(numbered(1)), Name: "acme", State: sallyport.Active}
			roles := make([]sallyport.Role, 4)
			for i := range roles {
				roles[i] = sallyport.Role{
					ID: sallyport.RoleID(numbered(10 + i)), Tenant: sallyport.EveryTenant, Name: fmt.Sprint("role ", i),
					Permissions: []sallyport.Permission{"shop/read"},
				}
			}
			roles[3].Tenant = tenant.ID
			c.note("", func(ctx context.Context, tx *store.Tx) error {
				if err := tx.InsertTenant(ctx, &tenant); err != nil {
					return err
				}
				for i := range roles[:3] {
					if err := tx.InsertRole(ctx, &roles[i]); err != nil {
						return err
					}
				}
				return tx.InsertAPI(ctx, &store.APIDocument{API: shop})
			})
			var l policy.Loader
			before := c.load("at first", &l)
			if after := c.load("nothing new", &l); &after.APIs[0] != &before.APIs[0] || &after.Roles[0] != &before.Roles[0] {
				t.Error("what did not change was read anew")
			}
			for _, step := range []struct {
				name, part string
				f          func(context.Context, *store.Tx) error
			}{
				{"role changed", policy.RolePart(roles[1].Tenant, roles[1].ID), func(ctx context.Context, tx *store.Tx) error {
					changed := roles[1]
					changed.Permissions = []sallyport.Permission{"shop/read", "shop/write"}
					return tx.UpdateRole(ctx, &changed, store.AnyVersion)
				}},
				{"role of a tenant added", policy.RolePart(tenant.ID, roles[3].ID), func(ctx context.Context, tx *store.Tx) error {
					return tx.InsertRole(ctx, &roles[3])
				}},
				{"role gone", policy.RolePart(roles[0].Tenant, roles[0].ID), func(ctx context.Context, tx *store.Tx) error {
					return tx.DeleteRole(ctx, roles[0].Tenant, roles[0].ID, store.AnyVersion)
				}},
				{"API added", policy.APIPart("desk"), func(ctx context.Context, tx *store.Tx) error {
					return tx.InsertAPI(ctx, &store.APIDocument{API: sallyport.API{Name: "desk", BasePath: "/desk"}})
				}},
				{"API changed", policy.APIPart("shop"), func(ctx context.Context, tx *store.Tx) error {
					shop.Title = "Another"
					return tx.UpdateAPI(ctx, &store.APIDocument{API: shop}, store.AnyVersion)
				}},
				{"API gone", policy.APIPart("desk"), func(ctx context.Context, tx *store.Tx) error {
					return tx.DeleteAPI(ctx, "desk", store.AnyVersion)
				}},
				{"tenant changed", policy.TenantPart(tenant.ID), func(ctx context.Context, tx *store.Tx) error {
					changed := tenant
					changed.State = sallyport.Deactivated
					return tx.UpdateTenant(ctx, &changed, store.AnyVersion)
				}},
				{"realm added", policy.RealmPart(tenant.ID), func(ctx context.Context, tx *store.Tx) error {
					return tx.InsertRealm(ctx, &sallyport.Realm{Tenant: tenant.ID, Name: "north"})
				}},
				{"a part of a later version", "weather:today", func(ctx context.Context, tx *store.Tx) error {
					changed := roles[2]
					changed.Title = "of a later version"
					return tx.UpdateRole(ctx, &changed, store.AnyVersion)
				}},
				{"all of it", "", func(ctx context.Context, tx *store.Tx) error {
					changed := roles[2]
					changed.Title = "all of it"
					return tx.UpdateRole(ctx, &changed, store.AnyVersion)
				}},
			} {
				c.note(step.part, step.f)
				c.load(step.name, &l)
			}
			// So many that all is read, among them one that is not named.
			c.write(func(ctx context.Context, tx *store.Tx) error {
				for i := range 100 {
					tx.Note(sallyport.ChangePolicy, policy.TenantPart(sallyport.TenantID(numbered(100+i))))
				}
				changed := roles[2]
				changed.Title = "with many others"
				return tx.UpdateRole(ctx, &changed, store.AnyVersion)
			})
			c.load("many", &l)
			// Two changes at once, and one of another kind between them.
			c.note(policy.APIPart("shop"), func(ctx context.Context, tx *store.Tx) error {
				shop.Title = "A third"
				return tx.UpdateAPI(ctx, &store.APIDocument{API: shop}, store.AnyVersion)
			})
			c.write(func(_ context.Context, tx *store.Tx) error {
				tx.Note(sallyport.ChangePrincipal, "somebody")
				return nil
			})
			c.write(func(ctx context.Context, tx *store.Tx) error {
				tx.Note(sallyport.ChangeEverything, "")
				changed := roles[2]
				changed.Title = "after a restore"
				return tx.UpdateRole(ctx, &changed, store.AnyVersion)
			})
			c.load("everything", &l)
			// A change that was not noted is not seen, unless all is read again.
			c.write(func(ctx context.Context, tx *store.Tx) error {
				changed := roles[2]
				changed.Title = "by hand"
				return tx.UpdateRole(ctx, &changed, store.AnyVersion)
			})
			l.Forget()
			c.load("forgotten", &l)
		})
	}
}
