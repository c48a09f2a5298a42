package httpapi

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// The tenant itself is not chosen by the doors: they let nobody into one that is
// deactivated, and somebody must be able to take it into use again.
func tenantOperations() []operation {
	const one = "/tenants/{tenant}"
	return []operation{
		list("tenants.list", "/tenants", "", "List the tenants that you can see", (*Handler).listTenants,
			scoped("self", "read", "write"), more("All of them for who holds sallyport/tenants.read in every tenant; else those that you are a member of.")),
		create("tenants.create", "/tenants", admin.TenantsWrite, "Make a tenant", (*Handler).createTenant,
			lateCheck, scoped("write"), more("The permission is needed in every tenant or, for a tenant below another, in that one.")),
		get("tenants.get", one, "", "Get a tenant that you are a member of", (*Handler).getTenant, scoped("self", "read", "write")),
		update("tenants.update", one, admin.TenantsWrite, "Change a tenant", (*Handler).updateTenant, lateCheck, scoped("write")),
		act("tenants.deactivate", http.MethodPost, one+"/deactivate", admin.TenantsWrite, "Take a tenant out of use",
			(*Handler).deactivateTenant, lateCheck, versioned, scoped("write"), more("Nobody gets in any more, and nothing in it is lost. The permission is needed in every tenant.")),
		act("tenants.reactivate", http.MethodPost, one+"/reactivate", admin.TenantsWrite, "Take a tenant into use again",
			(*Handler).reactivateTenant, lateCheck, versioned, scoped("write"), more("The permission is needed in every tenant.")),
		remove("tenants.delete", one, admin.TenantsWrite, "Delete an empty tenant", (*Handler).deleteTenant,
			lateCheck, scoped("write"), more("The permission is needed in every tenant.")),
	}
}

func (h *Handler) listTenants(c *call, f api.TenantFilter, p admin.Page) (api.List[api.Tenant], error) {
	return wireList(tenantOnWire)(h.Admin.Tenants(c.ctx, c.actor, store.TenantFilter{Parent: f.Parent, State: f.State, Search: f.Search}, p))
}

func (h *Handler) createTenant(c *call, in api.NewTenant) (api.Tenant, error) {
	t, err := h.Admin.CreateTenant(c.ctx, c.actor, admin.NewTenant{
		Name: in.Name, Parent: in.Parent,
		Policy: tenantPolicy(in.TokenMaxAge, in.TokenDefaultAge),
	})
	c.made = string(t.ID)
	return wire(tenantOnWire)(t, err)
}

func (h *Handler) getTenant(c *call) (api.Tenant, error) {
	return wire(tenantOnWire)(h.Admin.Tenant(c.ctx, c.actor, c.tenant))
}

func (h *Handler) updateTenant(c *call, in api.TenantChange) (api.Tenant, error) {
	change := admin.TenantChange{Name: in.Name}
	if !in.Parent.IsZero() {
		change.Parent = &in.Parent.Value
	}
	if !in.TokenMaxAge.IsZero() || !in.TokenDefaultAge.IsZero() {
		// Half a policy is sent; the other half is as it was in the version that
		// the caller read, or the change is refused.
		there, err := h.Admin.Tenant(c.ctx, c.actor, c.tenant)
		if err != nil {
			return api.Tenant{}, err
		}
		policy := there.Policy
		if !in.TokenMaxAge.IsZero() {
			policy.TokenMaxAge = tenantPolicy(in.TokenMaxAge.Value, 0).TokenMaxAge
		}
		if !in.TokenDefaultAge.IsZero() {
			policy.TokenDefaultAge = tenantPolicy(0, in.TokenDefaultAge.Value).TokenDefaultAge
		}
		change.Policy = &policy
	}
	return wire(tenantOnWire)(h.Admin.UpdateTenant(c.ctx, c.actor, c.tenant, c.version, change))
}

func (h *Handler) deactivateTenant(c *call) (api.Tenant, error) {
	return wire(tenantOnWire)(h.Admin.DeactivateTenant(c.ctx, c.actor, c.tenant, c.version))
}

func (h *Handler) reactivateTenant(c *call) (api.Tenant, error) {
	return wire(tenantOnWire)(h.Admin.ReactivateTenant(c.ctx, c.actor, c.tenant, c.version))
}

func (h *Handler) deleteTenant(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteTenant(c.ctx, c.actor, c.tenant, c.version)
}

func realmOperations() []operation {
	const all, one = "/tenants/{tenant}/realms", "/tenants/{tenant}/realms/{realm}"
	return []operation{
		list("realms.list", all, admin.RealmsRead, "List the realms of a tenant", (*Handler).listRealms),
		create("realms.create", all, admin.RealmsWrite, "Make a realm", (*Handler).createRealm),
		get("realms.get", one, admin.RealmsRead, "Get a realm", (*Handler).getRealm),
		update("realms.update", one, admin.RealmsWrite, "Change a realm", (*Handler).updateRealm),
		remove("realms.delete", one, admin.RealmsWrite, "Delete a realm that no binding is limited to", (*Handler).deleteRealm),
	}
}

func (h *Handler) listRealms(c *call, _ struct{}, p admin.Page) (api.List[api.Realm], error) {
	return wireList(realmOnWire)(h.Admin.Realms(c.ctx, c.actor, c.tenant, p))
}

func (h *Handler) createRealm(c *call, in api.NewRealm) (api.Realm, error) {
	r, err := h.Admin.CreateRealm(c.ctx, c.actor, c.tenant, admin.NewRealm{Name: in.Name, Title: in.Title})
	c.made = r.Name
	return wire(realmOnWire)(r, err)
}

func (h *Handler) getRealm(c *call) (api.Realm, error) {
	return wire(realmOnWire)(h.Admin.Realm(c.ctx, c.actor, c.tenant, c.path("realm")))
}

func (h *Handler) updateRealm(c *call, in api.RealmChange) (api.Realm, error) {
	if in.Title == nil {
		return api.Realm{}, sallyport.ErrInvalid("title", "title is missing; it is all that can be changed")
	}
	return wire(realmOnWire)(h.Admin.UpdateRealm(c.ctx, c.actor, c.tenant, c.path("realm"), c.version, *in.Title))
}

func (h *Handler) deleteRealm(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteRealm(c.ctx, c.actor, c.tenant, c.path("realm"), c.version)
}
