package truesight

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/store"
)

// A role is a set of rights of this API. In which realm somebody has them is said
// where the role is given to him, which this interface does not show.
type role struct {
	ID          sallyport.RoleID `json:"id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Rights      []string         `json:"rights"`
	Editable    bool             `json:"editableFlag"`
	Users       []string         `json:"associatedUsernames"`
}

// A roleInput is what a client may write. What else an answer holds may be sent
// back, and is not looked at.
type roleInput struct {
	Name        *string   `json:"name"`
	Description *string   `json:"description"`
	Rights      *[]string `json:"rights"`

	ID       json.RawMessage `json:"id"`
	Editable json.RawMessage `json:"editableFlag"`
	Users    json.RawMessage `json:"associatedUsernames"`
}

// A reference points at something in the product's own shape.
type reference struct {
	ID         string   `json:"id"`
	Name       string   `json:"componentName"`
	Type       string   `json:"componentType"`
	Qualifiers struct{} `json:"qualifiers"`
}

// tenant is where the caller administrates: the one that the request is for, or
// the whole installation.
func (c *call) tenant() sallyport.TenantID {
	return cmp.Or(c.Decision.Tenant, sallyport.EveryTenant)
}

func (c *call) allRoles() ([]sallyport.Role, error) {
	return wire.Whole(func(p admin.Page) (admin.List[sallyport.Role], error) {
		return c.Admin.Roles(c.r.Context(), c.actor, c.tenant(), "", p)
	})
}

// given are the roles that users were given in person, and in use.
func (c *call) given() ([]sallyport.Binding, error) {
	all, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Binding], error) {
		filter := store.BindingFilter{SubjectKind: sallyport.SubjectUser, State: sallyport.Active}
		return c.Admin.Bindings(c.r.Context(), c.actor, c.tenant(), filter, p)
	})
	return all, err
}

// roleOf says a role in the product's words. logins are the names of users by id.
func (c *call) roleOf(r *sallyport.Role, given []sallyport.Binding, logins map[string]string) role {
	out := role{
		ID: r.ID, Name: r.Name, Description: r.Title, Editable: !r.BuiltIn && r.Tenant == c.tenant(),
		Rights: c.RightsOf(c.Exchange, r.ID), Users: []string{},
	}
	for _, b := range given {
		if login := logins[b.Subject]; b.Role == r.ID && login != "" && !slices.Contains(out.Users, login) {
			out.Users = append(out.Users, login)
		}
	}
	slices.Sort(out.Users)
	return out
}

// roles lists the roles that can be given in the tenant.
func (c *call) roles() error {
	list, err := c.allRoles()
	if err != nil {
		return err
	}
	given, logins, err := c.people()
	if err != nil {
		return err
	}
	name, _ := c.Request.Query("filter.name")
	management, _ := c.Request.Query("filter.rightsManagement")
	if management != "" && management != "copyable" && management != "editable" {
		return sallyport.ErrInvalid("filter.rightsManagement", "filter.rightsManagement is copyable or editable")
	}
	var out []role
	for i := range list {
		r := c.roleOf(&list[i], given, logins)
		if matches(name, r.Name) && (management != "editable" || r.Editable) { // all of them can be copied
			out = append(out, r)
		}
	}
	return sendList(c, out, orders[role]{
		"name":                func(a, b *role) int { return strings.Compare(a.Name, b.Name) },
		"associatedUsernames": func(a, b *role) int { return slices.Compare(a.Users, b.Users) },
	})
}

// people returns the roles that users have, and their logins by id.
func (c *call) people() (given []sallyport.Binding, logins map[string]string, err error) {
	if given, err = c.given(); err != nil {
		return nil, nil, err
	}
	users, err := c.allUsers()
	logins = map[string]string{}
	for i := range users {
		logins[string(users[i].ID)] = users[i].Login
	}
	return given, logins, err
}

// pathRole returns the role that the path names, by its name or id.
func (c *call) pathRole() (r sallyport.Role, err error) {
	key, _ := c.Request.Match.Value("id")
	if sallyport.IsUUID(key) {
		return c.Admin.Role(c.r.Context(), c.actor, c.tenant(), sallyport.RoleID(key))
	}
	list, err := c.allRoles()
	if err != nil {
		return r, err
	}
	if i := slices.IndexFunc(list, func(r sallyport.Role) bool { return r.Name == key }); i >= 0 {
		return list[i], nil
	}
	return r, sallyport.ErrNotFound("there is no such role")
}

func (c *call) role() error {
	r, err := c.pathRole()
	if err != nil {
		return err
	}
	return c.sendRole(http.StatusOK, &r)
}

func (c *call) sendRole(status int, r *sallyport.Role) error {
	given, logins, err := c.people()
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		c.located("roles", string(r.ID))
	}
	wire.SendJSON(c.w, c.r, c.Exchange, status, c.roleOf(r, given, logins))
	return nil
}

// located says where something new is.
func (c *call) located(collection, id string) {
	version, _ := c.Request.Match.Value("version")
	c.w.Header().Set("Location", c.Request.BasePath+"/"+version+"/"+collection+"/"+id)
}

// named turns the names of rights into permissions.
func (c *call) named(rights []string) ([]sallyport.Permission, error) {
	api := c.Request.API
	out := []sallyport.Permission{}
	for _, name := range rights {
		full := sallyport.Permission(string(api.Name) + "/" + name)
		if !slices.Contains(api.Permissions, full) {
			return nil, sallyport.ErrInvalid("rights", "there is no right "+name)
		}
		out = append(out, full)
	}
	return out, nil
}

func (c *call) addRole() error {
	var in roleInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	if in.Name == nil || in.Rights == nil {
		return sallyport.ErrInvalid("name", "send name and rights")
	}
	permissions, err := c.named(*in.Rights)
	if err != nil {
		return err
	}
	made := admin.NewRole{Name: *in.Name, Permissions: permissions}
	if in.Description != nil {
		made.Title = *in.Description
	}
	r, err := c.Admin.CreateRole(c.r.Context(), c.actor, c.tenant(), made)
	if err != nil {
		return err
	}
	return c.sendRole(http.StatusCreated, &r)
}

// changeRole changes what is sent; with PUT what is left out is reset. Rights on
// other APIs that the role has stay.
func (c *call) changeRole() error {
	var in roleInput
	if err := wire.ReadJSON(c.Exchange, &in); err != nil {
		return err
	}
	r, err := c.pathRole()
	if err != nil {
		return err
	}
	if c.r.Method == http.MethodPut {
		in.Description, in.Rights = cmp.Or(in.Description, new(string)), cmp.Or(in.Rights, &[]string{})
	}
	ch := admin.RoleChange{Name: in.Name, Title: in.Description}
	if in.Rights != nil {
		permissions, err := c.named(*in.Rights)
		if err != nil {
			return err
		}
		permissions = append(permissions, wire.RightsElsewhere(c.Exchange, &r)...)
		ch.Permissions = &permissions
	}
	if r, err = c.Admin.UpdateRole(c.r.Context(), c.actor, c.tenant(), r.ID, admin.AnyVersion, ch); err != nil {
		return err
	}
	return c.sendRole(http.StatusOK, &r)
}

func (c *call) removeRole() error {
	r, err := c.pathRole()
	if err != nil {
		return err
	}
	if err := c.Admin.DeleteRole(c.r.Context(), c.actor, c.tenant(), r.ID, admin.AnyVersion); err != nil {
		return err
	}
	return wire.NoContent(c.w, c.Exchange)
}
