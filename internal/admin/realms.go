package admin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// A NewRealm is a realm to be made.
type NewRealm struct {
	Name  string
	Title string
}

func realmView(r sallyport.Realm) any { return map[string]any{"name": r.Name, "title": r.Title} }

func realmThing(r sallyport.Realm) thing {
	return thing{"realm", string(r.Tenant) + "/" + r.Name, r.Name}
}

// CreateRealm makes a realm. It needs [RealmsWrite] in the tenant.
func (s *Service) CreateRealm(ctx context.Context, a Actor, tenant sallyport.TenantID, in NewRealm) (realm sallyport.Realm, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Realm, error) { return w.createRealm(ctx, tenant, in) })
}

func (w *work) createRealm(ctx context.Context, tenant sallyport.TenantID, in NewRealm) (realm sallyport.Realm, err error) {
	if err := w.may(tenant, RealmsWrite); err != nil {
		return realm, err
	}
	if name, err := w.repeated(ctx); err != nil || name != "" {
		if err == nil {
			realm, err = w.tx.Realm(ctx, tenant, name)
		}
		return realm, err
	}
	if tenant == sallyport.EveryTenant {
		return realm, sallyport.ErrInvalid("tenant", "a realm is in one tenant; name it")
	}
	realm = sallyport.Realm{Tenant: tenant}
	if realm.Name, err = realmName(in.Name); err != nil {
		return realm, err
	}
	if realm.Title, err = text("title", in.Title, maxTitle); err != nil {
		return realm, err
	}
	if err := w.tx.InsertRealm(ctx, &realm); err != nil {
		return realm, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RealmPart(tenant))
	if err := w.remember(ctx, realm.Name); err != nil {
		return realm, err
	}
	return realm, w.write(ctx, tenant, "realm.create", realmThing(realm), nil, realmView(realm))
}

// Realm returns a realm. It needs [RealmsRead] in the tenant.
func (s *Service) Realm(ctx context.Context, a Actor, tenant sallyport.TenantID, name string) (realm sallyport.Realm, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, RealmsRead); err != nil {
			return err
		}
		realm, err = w.tx.Realm(ctx, tenant, name)
		return err
	})
	return realm, err
}

// Realms returns the realms of a tenant by name. It needs [RealmsRead].
func (s *Service) Realms(ctx context.Context, a Actor, tenant sallyport.TenantID, p Page) (list List[sallyport.Realm], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.may(tenant, RealmsRead); err != nil {
			return err
		}
		list, err = pages(w, p, []string{"realms", string(tenant)}, func(p store.Page) ([]sallyport.Realm, string, error) {
			return w.tx.Realms(ctx, tenant, p)
		})
		return err
	})
	return list, err
}

// UpdateRealm gives a realm another title. It needs [RealmsWrite].
func (s *Service) UpdateRealm(ctx context.Context, a Actor, tenant sallyport.TenantID, name string, ifVersion int64, title string) (realm sallyport.Realm, err error) {
	return making(ctx, s, a, func(w *work) (sallyport.Realm, error) { return w.updateRealm(ctx, tenant, name, ifVersion, title) })
}

func (w *work) updateRealm(ctx context.Context, tenant sallyport.TenantID, name string, ifVersion int64, title string) (realm sallyport.Realm, err error) {
	if err := versioned(ifVersion); err != nil {
		return realm, err
	}
	if err := w.may(tenant, RealmsWrite); err != nil {
		return realm, err
	}
	if realm, err = w.tx.Realm(ctx, tenant, name); err != nil {
		return realm, err
	}
	before := realmView(realm)
	if realm.Title, err = text("title", title, maxTitle); err != nil {
		return realm, err
	}
	if err := w.tx.UpdateRealm(ctx, &realm, ifVersion); err != nil {
		return realm, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RealmPart(tenant))
	return realm, w.write(ctx, tenant, "realm.update", realmThing(realm), before, realmView(realm))
}

// DeleteRealm removes a realm that no binding is limited to. It needs
// [RealmsWrite].
func (s *Service) DeleteRealm(ctx context.Context, a Actor, tenant sallyport.TenantID, name string, ifVersion int64) error {
	return s.change(ctx, a, func(w *work) error { return w.deleteRealm(ctx, tenant, name, ifVersion) })
}

func (w *work) deleteRealm(ctx context.Context, tenant sallyport.TenantID, name string, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.may(tenant, RealmsWrite); err != nil {
		return err
	}
	realm, err := w.tx.Realm(ctx, tenant, name)
	if err != nil {
		return err
	}
	bindings, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return w.tx.Bindings(ctx, tenant, store.BindingFilter{}, p)
	})
	if err != nil {
		return err
	}
	used := 0
	for _, b := range bindings {
		if b.Realm == name {
			used++
		}
	}
	if used > 0 {
		return sallyport.ErrConflict("name", fmt.Sprintf("%s limited to this realm; delete them first", count(used, "binding is", "bindings are")))
	}
	if err := w.tx.DeleteRealm(ctx, tenant, name, ifVersion); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.RealmPart(tenant))
	return w.write(ctx, tenant, "realm.delete", realmThing(realm), realmView(realm), nil)
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
