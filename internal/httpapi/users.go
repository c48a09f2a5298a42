package httpapi

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func userOperations() []operation {
	const all, one = "/tenants/{tenant}/users", "/tenants/{tenant}/users/{user}"
	return []operation{
		list("users.list_every", "/users", admin.UsersRead, "List the users of all tenants", (*Handler).listEveryUser,
			more("The permission is needed in every tenant.")),
		find("users.lookup", "/users/lookup", admin.UsersRead, "Get the user with a login", (*Handler).lookupUser,
			lateCheck, scoped("read", "write"), more("The permission is needed where the user is administered; else there is no such user.")),
		list("users.list", all, admin.UsersRead, "List the users who are administered in a tenant", (*Handler).listUsers, everyTenant),
		create("users.create", all, admin.UsersWrite, "Make a user", (*Handler).createUser, everyTenant,
			more("Groups need sallyport/groups.write as well, and roles sallyport/bindings.write. All of it is made, or nothing.")),
		get("users.get", one, admin.UsersRead, "Get a user", (*Handler).getUser, everyTenant),
		update("users.update", one, admin.UsersWrite, "Change a user", (*Handler).updateUser, everyTenant),
		remove("users.delete", one, admin.UsersWrite, "Delete a user for good", (*Handler).deleteUser, everyTenant,
			more("The login is free again, the id is not.")),
		act("users.deactivate", http.MethodPost, one+"/deactivate", admin.UsersWrite, "Take a user out of use",
			(*Handler).deactivateUser, everyTenant, versioned, more("All credentials and sign-ins of the user end for good.")),
		act("users.activate", http.MethodPost, one+"/activate", admin.UsersWrite, "Take a deactivated user into use again",
			(*Handler).activateUser, everyTenant, versioned),
		act("users.unlock", http.MethodPost, one+"/unlock", admin.UsersWrite, "Let a locked user in again",
			(*Handler).unlockUser, everyTenant, versioned, more("For a user who is not locked it is a conflict.")),
		act("users.end", http.MethodPost, one+"/end", admin.SessionsRevoke, "End all sessions, sign-ins and tokens of a user",
			(*Handler).endUser, everyTenant, more("It needs sallyport/tokens.revoke as well.")),
		send("users.set_password", http.MethodPost, one+"/password", admin.UsersWrite, "Give a user another password",
			(*Handler).setPassword, everyTenant, more("All sessions, sign-ins and tokens of the user end. A person must change the password before anything else, unless keep is set.")),
		get("users.groups", one+"/groups", admin.GroupsRead, "List the groups that a user is in", (*Handler).groupsOfUser, everyTenant),
	}
}

func storeUserFilter(f api.UserFilter) store.UserFilter {
	return store.UserFilter{Kind: f.Kind, State: f.State, Search: f.Search}
}

func (h *Handler) listEveryUser(c *call, f api.UserFilter, p admin.Page) (api.List[api.User], error) {
	return wireList(userOnWire)(h.Admin.Users(c.ctx, c.actor, "", storeUserFilter(f), p))
}

func (h *Handler) lookupUser(c *call, q api.LoginQuery) (api.User, error) {
	return wire(userOnWire)(h.Admin.UserByLogin(c.ctx, c.actor, q.Login))
}

func (h *Handler) listUsers(c *call, f api.UserFilter, p admin.Page) (api.List[api.User], error) {
	return wireList(userOnWire)(h.Admin.Users(c.ctx, c.actor, c.tenant, storeUserFilter(f), p))
}

func (h *Handler) createUser(c *call, in api.NewUser) (api.User, error) {
	u, err := h.Admin.CreateUser(c.ctx, c.actor, c.tenant, admin.NewUser{
		Kind: in.Kind, Login: in.Login, Name: in.Name, Email: in.Email,
		Password: sallyport.Secret(in.Password), PasswordHash: sallyport.Secret(in.PasswordHash), KeepPassword: in.KeepPassword,
		Groups: in.Groups, Roles: in.Roles, State: in.State,
	})
	c.made = string(u.ID)
	return wire(userOnWire)(u, err)
}

func (c *call) user() sallyport.PrincipalID { return sallyport.PrincipalID(c.path("user")) }

func (h *Handler) getUser(c *call) (api.User, error) {
	return wire(userOnWire)(h.Admin.User(c.ctx, c.actor, c.tenant, c.user()))
}

func (h *Handler) updateUser(c *call, in api.UserChange) (api.User, error) {
	change := admin.UserChange{Login: in.Login, Name: in.Name, Email: in.Email}
	return wire(userOnWire)(h.Admin.UpdateUser(c.ctx, c.actor, c.tenant, c.user(), c.version, change))
}

func (h *Handler) deleteUser(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteUser(c.ctx, c.actor, c.tenant, c.user(), c.version)
}

func (h *Handler) deactivateUser(c *call) (api.User, error) {
	return wire(userOnWire)(h.Admin.DeactivateUser(c.ctx, c.actor, c.tenant, c.user(), c.version))
}

func (h *Handler) activateUser(c *call) (api.User, error) {
	return wire(userOnWire)(h.Admin.ActivateUser(c.ctx, c.actor, c.tenant, c.user(), c.version))
}

func (h *Handler) unlockUser(c *call) (api.User, error) {
	return wire(userOnWire)(h.Admin.UnlockUser(c.ctx, c.actor, c.tenant, c.user(), c.version))
}

func (h *Handler) endUser(c *call) (nothing, error) {
	return nothing{}, h.Admin.EndUser(c.ctx, c.actor, c.tenant, c.user())
}

func (h *Handler) setPassword(c *call, in api.NewPassword) (nothing, error) {
	return nothing{}, h.Admin.SetPassword(c.ctx, c.actor, c.tenant, c.user(), sallyport.Secret(in.Password), in.Keep)
}

func (h *Handler) groupsOfUser(c *call) (api.List[api.Group], error) {
	groups, err := h.Admin.GroupsOf(c.ctx, c.actor, c.tenant, c.user())
	return wireList(groupOnWire)(admin.List[sallyport.Group]{Items: groups}, err)
}

func groupOperations() []operation {
	const all, one = "/tenants/{tenant}/groups", "/tenants/{tenant}/groups/{group}"
	return []operation{
		list("groups.list", all, admin.GroupsRead, "List the groups of a tenant", (*Handler).listGroups, everyTenant),
		create("groups.create", all, admin.GroupsWrite, "Make a group", (*Handler).createGroup, everyTenant),
		get("groups.get", one, admin.GroupsRead, "Get a group", (*Handler).getGroup, everyTenant),
		update("groups.update", one, admin.GroupsWrite, "Change a group", (*Handler).updateGroup, everyTenant),
		remove("groups.delete", one, admin.GroupsWrite, "Delete a group and what it is bound to", (*Handler).deleteGroup, everyTenant),
		list("groups.members", one+"/members", admin.GroupsRead, "List the users in a group", (*Handler).listMembers, everyTenant),
		act("groups.add_member", http.MethodPut, one+"/members/{user}", admin.GroupsWrite, "Put a user into a group",
			(*Handler).addMember, everyTenant, more("It gives the user all that the group is bound to; you must hold that yourself. To be in it already is no error.")),
		remove("groups.remove_member", one+"/members/{user}", admin.GroupsWrite, "Take a user out of a group",
			(*Handler).removeMember, everyTenant, unversioned, more("Not to be in it is no error.")),
	}
}

func (c *call) group() sallyport.GroupID { return sallyport.GroupID(c.path("group")) }

func (h *Handler) listGroups(c *call, f api.Search, p admin.Page) (api.List[api.Group], error) {
	return wireList(groupOnWire)(h.Admin.Groups(c.ctx, c.actor, c.tenant, f.Search, p))
}

func (h *Handler) createGroup(c *call, in api.NewGroup) (api.Group, error) {
	g, err := h.Admin.CreateGroup(c.ctx, c.actor, c.tenant, admin.NewGroup{Name: in.Name, Title: in.Title})
	c.made = string(g.ID)
	return wire(groupOnWire)(g, err)
}

func (h *Handler) getGroup(c *call) (api.Group, error) {
	return wire(groupOnWire)(h.Admin.Group(c.ctx, c.actor, c.tenant, c.group()))
}

func (h *Handler) updateGroup(c *call, in api.GroupChange) (api.Group, error) {
	change := admin.GroupChange{Name: in.Name, Title: in.Title}
	return wire(groupOnWire)(h.Admin.UpdateGroup(c.ctx, c.actor, c.tenant, c.group(), c.version, change))
}

func (h *Handler) deleteGroup(c *call) (nothing, error) {
	return nothing{}, h.Admin.DeleteGroup(c.ctx, c.actor, c.tenant, c.group(), c.version)
}

func (h *Handler) listMembers(c *call, _ struct{}, p admin.Page) (api.List[api.User], error) {
	return wireList(userOnWire)(h.Admin.Members(c.ctx, c.actor, c.tenant, c.group(), p))
}

func (h *Handler) addMember(c *call) (nothing, error) {
	return nothing{}, h.Admin.AddMember(c.ctx, c.actor, c.tenant, c.group(), c.user())
}

func (h *Handler) removeMember(c *call) (nothing, error) {
	return nothing{}, h.Admin.RemoveMember(c.ctx, c.actor, c.tenant, c.group(), c.user())
}
