package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// maxDepth is how deep the tree of tenants may be.
const maxDepth = 32

// A NewTenant is a tenant to be made.
type NewTenant struct {
	Name   string
	Parent sallyport.TenantID // empty: none
	Policy sallyport.TenantPolicy
}

// A TenantChange changes what is not nil.
type TenantChange struct {
	Name   *string
	Parent *sallyport.TenantID
	Policy *sallyport.TenantPolicy
}

// tenantView is a tenant in the audit trail.
func tenantView(t sallyport.Tenant) any {
	return map[string]any{
		"name": t.Name, "parent": t.Parent, "state": t.State,
		"token_max_age": t.Policy.TokenMaxAge.String(), "token_default_age": t.Policy.TokenDefaultAge.String(),
	}
}

func tenantThing(t sallyport.Tenant) thing { return thing{"tenant", string(t.ID), t.Name} }

// CreateTenant makes a tenant. It needs [TenantsWrite] in every tenant, or, for
// a tenant below another, in that one.
func (s *Service) CreateTenant(ctx context.Context, a Actor, in NewTenant) (sallyport.Tenant, error) {
	return making(ctx, s, a, func(w *work) (sallyport.Tenant, error) { return w.createTenant(ctx, "", in) })
}

// createTenant makes a tenant of this id, or of a new one.
func (w *work) createTenant(ctx context.Context, id string, in NewTenant) (tenant sallyport.Tenant, err error) {
	if err := w.mayMake(in.Parent); err != nil {
		return tenant, err
	}
	if id, err := w.repeated(ctx); err != nil || id != "" {
		if err == nil {
			tenant, err = w.tx.Tenant(ctx, sallyport.TenantID(id))
		}
		return tenant, err
	}
	if id, err = orNewID(id); err != nil {
		return tenant, err
	}
	tenant = sallyport.Tenant{ID: sallyport.TenantID(id), Name: in.Name, Parent: in.Parent, State: sallyport.Active, Policy: in.Policy}
	if err := w.checkTenant(ctx, &tenant); err != nil {
		return tenant, err
	}
	if err := w.tx.InsertTenant(ctx, &tenant); err != nil {
		return tenant, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.TenantPart(tenant.ID))
	if err := w.remember(ctx, id); err != nil {
		return tenant, err
	}
	return tenant, w.write(ctx, tenant.ID, "tenant.create", tenantThing(tenant), nil, tenantView(tenant))
}

// mayMake checks the right to have a tenant below a parent, or at the top.
func (w *work) mayMake(parent sallyport.TenantID) error {
	if parent == "" || parent == sallyport.EveryTenant {
		return w.may(sallyport.EveryTenant, TenantsWrite)
	}
	if err := w.may(parent, TenantsWrite); sallyport.KindOf(err) == sallyport.NotFound {
		return sallyport.ErrInvalid("parent", "there is no such parent, or you have no rights in it")
	} else if err != nil {
		return err
	}
	return nil
}

// checkTenant checks a tenant before it is written.
func (w *work) checkTenant(ctx context.Context, t *sallyport.Tenant) error {
	if err := checkTenantText(t); err != nil {
		return err
	}
	return w.checkParents(ctx, t)
}

// checkTenantText is checkTenant as far as it needs no other tenant.
func checkTenantText(t *sallyport.Tenant) (err error) {
	if t.Name, err = name(t.Name); err != nil {
		return err
	}
	if t.Name == string(sallyport.EveryTenant) {
		return sallyport.ErrInvalid("name", `"*" stands for every tenant; choose another name`)
	}
	p := t.Policy
	switch {
	case p.TokenMaxAge < 0 || p.TokenMaxAge != 0 && p.TokenMaxAge < time.Minute:
		return sallyport.ErrInvalid("token_max_age", "token_max_age is too short; at least a minute, or 0 for no limit")
	case p.TokenDefaultAge < 0 || p.TokenDefaultAge != 0 && p.TokenDefaultAge < time.Minute:
		return sallyport.ErrInvalid("token_default_age", "token_default_age is too short; at least a minute, or 0 for none")
	case p.TokenMaxAge != 0 && p.TokenDefaultAge > p.TokenMaxAge:
		return sallyport.ErrInvalid("token_default_age", "token_default_age is longer than token_max_age allows")
	}
	return nil
}

// checkParents refuses a tenant above itself, and a tree that is too deep.
func (w *work) checkParents(ctx context.Context, t *sallyport.Tenant) error {
	if t.Parent == sallyport.EveryTenant {
		t.Parent = ""
	}
	at := t.Parent
	for range maxDepth {
		if at == "" {
			return nil
		}
		if at == t.ID {
			return sallyport.ErrInvalid("parent", "a tenant cannot be below itself; choose a parent that is not below this tenant")
		}
		parent, err := w.tx.Tenant(ctx, at)
		if sallyport.KindOf(err) == sallyport.NotFound {
			return sallyport.ErrInvalid("parent", "there is no such parent, or you have no rights in it")
		}
		if err != nil {
			return err
		}
		at = parent.Parent
	}
	return sallyport.ErrInvalid("parent", fmt.Sprintf("the tree of tenants is at most %d deep; choose a parent further up", maxDepth))
}

// Tenant returns a tenant that the actor is a member of.
func (s *Service) Tenant(ctx context.Context, a Actor, id sallyport.TenantID) (tenant sallyport.Tenant, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if !w.sees(id) || id == sallyport.EveryTenant {
			return sallyport.ErrNotFound("there is no such tenant, or you have no rights in it")
		}
		// The name of the tenant that one belongs to is no secret, but a limited
		// token is for what its scopes say.
		if len(w.limits) > 0 {
			if err := w.holds(id, TenantsRead); err != nil && w.itself() != nil {
				return err
			}
		}
		tenant, err = w.tx.Tenant(ctx, id)
		return err
	})
	return tenant, err
}

// Tenants returns tenants by name: all of them for who holds [TenantsRead] in
// every tenant, otherwise those that the actor is a member of.
func (s *Service) Tenants(ctx context.Context, a Actor, f store.TenantFilter, p Page) (list List[sallyport.Tenant], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		place := []string{"tenants", string(f.Parent), string(f.State), f.Search}
		if w.holds(sallyport.EveryTenant, TenantsRead) == nil {
			list, err = pages(w, p, place, func(p store.Page) ([]sallyport.Tenant, string, error) {
				return w.tx.Tenants(ctx, f, p)
			})
			return err
		}
		list, err = pages(w, p, append(place, "own"), func(p store.Page) ([]sallyport.Tenant, string, error) {
			return w.ownTenants(ctx, f, p)
		})
		return err
	})
	return list, err
}

// ownTenants is a part of the list of the tenants that the actor is a member of.
func (w *work) ownTenants(ctx context.Context, f store.TenantFilter, p store.Page) ([]sallyport.Tenant, string, error) {
	var own []sallyport.Tenant
	for _, id := range w.principal.Tenants(w.now) {
		if !w.sees(id) {
			continue
		}
		t, err := w.tx.Tenant(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if (f.Parent == "" || t.Parent == f.Parent) && (f.State == "" || t.State == f.State) &&
			strings.HasPrefix(t.Name, f.Search) && t.Name > p.After {
			own = append(own, t)
		}
	}
	slices.SortFunc(own, func(a, b sallyport.Tenant) int { return strings.Compare(a.Name, b.Name) })
	if len(own) > p.Limit {
		return own[:p.Limit], own[p.Limit-1].Name, nil
	}
	return own, "", nil
}

// UpdateTenant changes a tenant. It needs [TenantsWrite] in it, and to move it
// also where it goes.
func (s *Service) UpdateTenant(ctx context.Context, a Actor, id sallyport.TenantID, ifVersion int64, ch TenantChange) (sallyport.Tenant, error) {
	return making(ctx, s, a, func(w *work) (sallyport.Tenant, error) { return w.updateTenant(ctx, id, ifVersion, ch) })
}

func (w *work) updateTenant(ctx context.Context, id sallyport.TenantID, ifVersion int64, ch TenantChange) (sallyport.Tenant, error) {
	return w.changeTenant(ctx, id, ifVersion, "tenant.update", func(t *sallyport.Tenant) error {
		if ch.Name != nil {
			t.Name = *ch.Name
		}
		if ch.Policy != nil {
			t.Policy = *ch.Policy
		}
		if ch.Parent != nil && *ch.Parent != t.Parent {
			if err := w.mayMake(*ch.Parent); err != nil {
				return err
			}
			t.Parent = *ch.Parent
		}
		return w.checkTenant(ctx, t)
	})
}

// DeactivateTenant takes a tenant out of use: nobody gets in any more, and
// nothing in it is lost. It needs [TenantsWrite] in every tenant, so that nobody
// locks himself out of his own.
func (s *Service) DeactivateTenant(ctx context.Context, a Actor, id sallyport.TenantID, ifVersion int64) (sallyport.Tenant, error) {
	return taking(ctx, s, a, func(w *work) (sallyport.Tenant, error) {
		return w.setTenantState(ctx, id, ifVersion, sallyport.Deactivated)
	})
}

func (w *work) setTenantState(ctx context.Context, id sallyport.TenantID, ifVersion int64, state sallyport.State) (sallyport.Tenant, error) {
	action := "tenant.deactivate"
	if state == sallyport.Active {
		action = "tenant.reactivate"
	}
	return w.changeTenant(ctx, id, ifVersion, action, func(t *sallyport.Tenant) error {
		t.State = state
		return w.holds(sallyport.EveryTenant, TenantsWrite)
	})
}

// ReactivateTenant takes a tenant into use again. It needs [TenantsWrite] in
// every tenant.
func (s *Service) ReactivateTenant(ctx context.Context, a Actor, id sallyport.TenantID, ifVersion int64) (sallyport.Tenant, error) {
	return making(ctx, s, a, func(w *work) (sallyport.Tenant, error) { return w.setTenantState(ctx, id, ifVersion, sallyport.Active) })
}

func (w *work) changeTenant(ctx context.Context, id sallyport.TenantID, ifVersion int64, action string, f func(*sallyport.Tenant) error) (tenant sallyport.Tenant, err error) {
	if err := versioned(ifVersion); err != nil {
		return tenant, err
	}
	if err := w.may(id, TenantsWrite); err != nil {
		return tenant, err
	}
	if tenant, err = w.tx.Tenant(ctx, id); err != nil {
		return tenant, err
	}
	if err := matches("tenant", ifVersion, tenant.Version); err != nil {
		return tenant, err
	}
	before := tenantView(tenant)
	if err := f(&tenant); err != nil {
		return tenant, err
	}
	err = w.guarded(ctx, func() error { return w.tx.UpdateTenant(ctx, &tenant, ifVersion) })
	if err != nil {
		return tenant, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.TenantPart(id))
	return tenant, w.write(ctx, id, action, tenantThing(tenant), before, tenantView(tenant))
}

// DeleteTenant removes a tenant in which nothing is any more but realms. It
// needs [TenantsWrite] in every tenant.
func (s *Service) DeleteTenant(ctx context.Context, a Actor, id sallyport.TenantID, ifVersion int64) error {
	return s.change(ctx, a, func(w *work) error { return w.deleteTenant(ctx, id, ifVersion) })
}

func (w *work) deleteTenant(ctx context.Context, id sallyport.TenantID, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.may(id, TenantsWrite); err != nil {
		return err
	}
	if err := w.holds(sallyport.EveryTenant, TenantsWrite); err != nil {
		return err
	}
	tenant, err := w.tx.Tenant(ctx, id)
	if err != nil {
		return err
	}
	if err := w.tx.DeleteTenant(ctx, id, ifVersion); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.TenantPart(id))
	return w.write(ctx, id, "tenant.delete", tenantThing(tenant), tenantView(tenant), nil)
}
