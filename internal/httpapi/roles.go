package httpapi

import (
	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func roleOperations() []operation {
	const all, one = "/tenants/{tenant}/roles", "/tenants/{tenant}/roles/{role}"
	return []operation{
		list("roles.list", all, admin.RolesRead, "List the roles that can be used in a tenant", (*Handler).listRoles, everyTenant,
			more("Those of every tenant first, then its own.")),
		create("roles.create", all, admin.RolesWrite, "Make a role", (*Handler).createRole, everyTenant,
			more("You must hold its permissions yourself.")),
		get("roles.get", one, admin.RolesRead, "Get a role", (*Handler).getRole, everyTenant),
		update("roles.update", one, admin.RolesWrite, "Change a role", (*Handler).updateRole, everyTenant,
			more("Who holds it has the new rights at once. You must hold what you add.")),
		remove("roles.delete", one, admin.RolesWrite, "Delete a role that nothing is bound to", (*Handler).deleteRole, everyTenant),
	}
}

func (c *call) role() sallyport.RoleID { return sallyport.RoleID(c.path("role")) }

func (h *Handler) listRoles(c *call, f api.Search, p admin.Page) (api.List[api.Role], error) {
	return wireList(roleOnWire)(h.Admin.Roles(c.ctx, c.actor, c.tenant, f.Search, p))
}

func (h *Handler) createRole(c *call, in api.NewRole) (api.Role, error) {
	r, err := h.Admin.CreateRole(c.ctx, c.actor, c.tenant, admin.NewRole{Name: in.Name, Title: in.Title, Permissions: in.Permissions})
	c.made = string(r.ID)
	return wire(roleOnWire)(r, err)
}

func (h *Handler) getRole(c *call) (api.Role, error) {
	return wire(roleOnWire)(h.Admin.Role(c.ctx, c.actor, c.tenant, c.role()))
}

func (h *Handler) updateRole(c *call, in api.RoleChange) (api.Role, error) {
	change := admin.RoleChange{Name: in.Name, Title: in.Title, Permissions: in.Permissions}
	return wire(roleOnWire)(h.Admin.UpdateRole(c.ctx, c.actor, c.tenant, c.role(), c.version, change))
}

func (h *Handler) deleteRole(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteRole(c.ctx, c.actor, c.tenant, c.role(), c.version)
}

func bindingOperations() []operation {
	const all, one = "/tenants/{tenant}/bindings", "/tenants/{tenant}/bindings/{binding}"
	return []operation{
		list("bindings.list_every", "/bindings", admin.BindingsRead, "List the bindings of the whole installation", (*Handler).listEveryBinding,
			more("The permission is needed in every tenant.")),
		list("bindings.list", all, admin.BindingsRead, "List the bindings of a tenant", (*Handler).listBindings, everyTenant),
		create("bindings.create", all, admin.BindingsWrite, "Give a role to a user, group or API key", (*Handler).createBinding, everyTenant,
			more("You must hold what you give yourself, to the same extent.")),
		get("bindings.get", one, admin.BindingsRead, "Get a binding", (*Handler).getBinding, everyTenant),
		update("bindings.update", one, admin.BindingsWrite, "Change how far a binding reaches", (*Handler).updateBinding, everyTenant),
		remove("bindings.delete", one, admin.BindingsWrite, "Take a role away", (*Handler).deleteBinding, everyTenant),
	}
}

func (c *call) binding() sallyport.BindingID { return sallyport.BindingID(c.path("binding")) }

func storeBindingFilter(f api.BindingFilter) store.BindingFilter {
	return store.BindingFilter{SubjectKind: f.SubjectKind, Subject: f.Subject, Role: f.Role, State: f.State}
}

func (h *Handler) listEveryBinding(c *call, f api.BindingFilter, p admin.Page) (api.List[api.Binding], error) {
	return wireList(bindingOnWire)(h.Admin.Bindings(c.ctx, c.actor, "", storeBindingFilter(f), p))
}

func (h *Handler) listBindings(c *call, f api.BindingFilter, p admin.Page) (api.List[api.Binding], error) {
	return wireList(bindingOnWire)(h.Admin.Bindings(c.ctx, c.actor, c.tenant, storeBindingFilter(f), p))
}

func (h *Handler) createBinding(c *call, in api.NewBinding) (api.Binding, error) {
	b, err := h.Admin.CreateBinding(c.ctx, c.actor, c.tenant, admin.NewBinding{
		SubjectKind: in.SubjectKind, Subject: in.Subject, Role: in.Role,
		Realm: in.Realm, Condition: in.Condition, Expires: in.ExpiresAt,
	})
	c.made = string(b.ID)
	return wire(bindingOnWire)(b, err)
}

func (h *Handler) getBinding(c *call) (api.Binding, error) {
	return wire(bindingOnWire)(h.Admin.Binding(c.ctx, c.actor, c.tenant, c.binding()))
}

func (h *Handler) updateBinding(c *call, in api.BindingChange) (api.Binding, error) {
	change := admin.BindingChange{Realm: in.Realm, Condition: in.Condition, Expires: changed(in.ExpiresAt), State: in.State}
	return wire(bindingOnWire)(h.Admin.UpdateBinding(c.ctx, c.actor, c.tenant, c.binding(), c.version, change))
}

func (h *Handler) deleteBinding(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteBinding(c.ctx, c.actor, c.tenant, c.binding(), c.version)
}
