package edgeintel

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

// A role is a set of permissions. Those of other APIs that it has are not shown.
type role struct {
	ID          sallyport.RoleID `json:"role_id"`
	Name        string           `json:"role_name"`
	Description string           `json:"description"`
	Custom      bool             `json:"custom"` // of this tenant, and can be changed
	Permissions []string         `json:"permissions"`
}

func (c *call) roleOf(r *sallyport.Role) role {
	return role{
		ID: r.ID, Name: roleName(r), Description: r.Title,
		Custom: !r.BuiltIn && r.Tenant != sallyport.EveryTenant, Permissions: c.RightsOf(c.Exchange, r.ID),
	}
}

// A roleInput is what a client may write.
type roleInput struct {
	Name        *string   `json:"role_name"`
	Description *string   `json:"description"`
	Permissions *[]string `json:"permissions"`
}

// named turns names or titles of permissions into permissions.
func (c *call) named(list []string) ([]sallyport.Permission, error) {
	api := c.Request.API
	out := []sallyport.Permission{}
	for i, text := range list {
		at := slices.IndexFunc(api.Document.Permissions, func(p sallyport.PermissionSpec) bool {
			return strings.EqualFold(text, p.Name) || p.Title != "" && strings.EqualFold(text, p.Title)
		})
		if at < 0 {
			var known []string
			for _, p := range api.Document.Permissions {
				known = append(known, p.Name)
			}
			return nil, sallyport.ErrInvalid(fmt.Sprintf("permissions[%d]", i), "there is no such permission; there are "+strings.Join(known, ", "))
		}
		out = append(out, sallyport.Permission(string(api.Name)+"/"+api.Document.Permissions[at].Name))
	}
	return out, nil
}

func (c *call) allRoles() ([]sallyport.Role, error) {
	return wire.Whole(func(p admin.Page) (admin.List[sallyport.Role], error) {
		return c.Admin.Roles(c.r.Context(), c.actor, c.Decision.Tenant, "", p)
	})
}

// roles lists the roles that can be given in the tenant.
func (c *call) roles() error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := c.allRoles()
	if err != nil {
		return err
	}
	out := struct {
		Roles []role   `json:"roles"`
		Page  pageInfo `json:"pageinfo"`
	}{Roles: []role{}}
	for _, r := range part(list, &p) {
		out.Roles = append(out.Roles, c.roleOf(&r))
	}
	out.Page = p
	return c.send(http.StatusOK, out)
}

// pathID is the id at the end of the path.
func (c *call) pathID() string {
	id, _ := c.Request.Match.Value("id")
	return id
}

func (c *call) role() error {
	r, err := c.Admin.Role(c.r.Context(), c.actor, c.Decision.Tenant, sallyport.RoleID(c.pathID()))
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, c.roleOf(&r))
}

// addRole makes a custom role of the tenant.
func (c *call) addRole() error {
	var in roleInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	if in.Name == nil || in.Permissions == nil {
		return sallyport.ErrInvalid("role_name", "send role_name and permissions")
	}
	permissions, err := c.named(*in.Permissions)
	if err != nil {
		return err
	}
	made := admin.NewRole{Name: *in.Name, Permissions: permissions}
	if in.Description != nil {
		made.Title = *in.Description
	}
	r, err := c.Admin.CreateRole(c.r.Context(), c.actor, c.Decision.Tenant, made)
	if err != nil {
		return err
	}
	return c.send(http.StatusCreated, c.roleOf(&r))
}

// changeRole changes what is sent. Permissions on other APIs that the role has stay.
// The product has no versions, so the last one who writes wins.
func (c *call) changeRole() error {
	var in roleInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	r, err := c.Admin.Role(c.r.Context(), c.actor, c.Decision.Tenant, sallyport.RoleID(c.pathID()))
	if err != nil {
		return err
	}
	ch := admin.RoleChange{Name: in.Name, Title: in.Description}
	if in.Permissions != nil {
		permissions, err := c.named(*in.Permissions)
		if err != nil {
			return err
		}
		permissions = append(permissions, wire.RightsElsewhere(c.Exchange, &r)...)
		ch.Permissions = &permissions
	}
	if r, err = c.Admin.UpdateRole(c.r.Context(), c.actor, c.Decision.Tenant, r.ID, admin.AnyVersion, ch); err != nil {
		return err
	}
	return c.send(http.StatusOK, c.roleOf(&r))
}

func (c *call) removeRole() error {
	err := c.Admin.DeleteRole(c.r.Context(), c.actor, c.Decision.Tenant, sallyport.RoleID(c.pathID()), admin.AnyVersion)
	if err != nil {
		return err
	}
	return wire.NoContent(c.w, c.Exchange)
}
