package edgeintel

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/store"
)

// A heldRole is one of the roles of a principal.
type heldRole struct {
	TenantName string             `json:"tenant_name"`
	TenantID   sallyport.TenantID `json:"tenant_id"`
	RoleName   string             `json:"role_name"`
	RoleID     sallyport.RoleID   `json:"role_id"`
}

// A self is what a principal may know about himself. Clients know the roles.
type self struct {
	Roles   []heldRole              `json:"roles"`
	Tenants []tenantName            `json:"tenants"`
	ID      sallyport.PrincipalID   `json:"id"`
	Name    string                  `json:"username"`
	Kind    sallyport.PrincipalKind `json:"kind"`
}

// maxHeld is how many roles one is told of; of who administrates everything there
// may be more.
const maxHeld = 200

// me tells who one is, whatever one came with.
func (c *call) me() error {
	held, err := c.Admin.MyRoles(c.r.Context(), c.actor, maxHeld)
	if err != nil {
		return err
	}
	tenants, err := c.Admin.MyTenants(c.r.Context(), c.actor, maxHeld)
	if err != nil {
		return err
	}
	p := c.actor.Principal
	out := self{Roles: []heldRole{}, Tenants: []tenantName{}, ID: p.ID, Name: p.Login, Kind: p.Kind}
	for _, h := range held {
		role := heldRole{h.Tenant.Name, h.Tenant.ID, roleName(&h.Role), h.Role.ID}
		if !slices.Contains(out.Roles, role) {
			out.Roles = append(out.Roles, role)
		}
	}
	for _, t := range tenants {
		out.Tenants = append(out.Tenants, tenantName{t.ID, t.Name})
	}
	return c.send(http.StatusOK, out)
}

// tenantAdmin is what clients call the role of who administrates a tenant.
const tenantAdmin = "tenant-admin"

// roleName returns the name of a role as clients know it: in lower case, with
// dashes.
func roleName(r *sallyport.Role) string {
	if r.ID == admin.BuiltInRole(admin.RoleTenantAdministrator) {
		return tenantAdmin
	}
	return strings.ToLower(strings.Join(strings.Fields(r.Name), "-"))
}

// A tenant is one in the tree.
type tenant struct {
	ID     sallyport.TenantID `json:"tenant_id"`
	Name   string             `json:"tenant_name"`
	Parent sallyport.TenantID `json:"parent_tenant_id,omitempty"`
	State  sallyport.State    `json:"status"`
}

func tenantOf(t sallyport.Tenant) tenant { return tenant{t.ID, t.Name, t.Parent, t.State} }

// pageInfo says which part of a list an answer holds. The first page is 1.
type pageInfo struct {
	Total int `json:"totalCount"`
	Page  int `json:"page"`
	Size  int `json:"size"`
	Count int `json:"count"`
}

// Sizes of pages, as the product has them.
const (
	defaultSize = 10
	maxSize     = 200
)

func (c *call) page() (p pageInfo, err error) {
	if p.Page, err = wire.Number(c.Exchange, "page", 1, wire.Longest); err != nil {
		return p, err
	}
	p.Size, err = wire.Number(c.Exchange, "size", defaultSize, maxSize)
	return p, err
}

// part returns the part of a whole list that a page holds.
func part[T any](all []T, p *pageInfo) []T {
	from := min((p.Page-1)*p.Size, len(all))
	list := all[from:min(from+p.Size, len(all))]
	p.Total, p.Count = len(all), len(list)
	if list == nil {
		list = []T{}
	}
	return list
}

// tenants lists the tenants that one is in, those of who may see them all.
func (c *call) tenants() error {
	p, err := c.page()
	if err != nil {
		return err
	}
	filter := store.TenantFilter{}
	filter.Search, _ = c.Request.Query("search")
	if parent, there := c.Request.Query("parent_tenant_id"); there {
		if !sallyport.IsUUID(parent) {
			return sallyport.ErrInvalid("parent_tenant_id", "parent_tenant_id is not a UUID in lower case")
		}
		filter.Parent = sallyport.TenantID(parent)
	}
	list, err := wire.Whole(func(p admin.Page) (admin.List[sallyport.Tenant], error) {
		return c.Admin.Tenants(c.r.Context(), c.actor, filter, p)
	})
	if err != nil {
		return err
	}
	out := struct {
		Tenants []tenant `json:"tenants"`
		Page    pageInfo `json:"pageinfo"`
	}{Tenants: []tenant{}}
	for _, t := range part(list, &p) {
		out.Tenants = append(out.Tenants, tenantOf(t))
	}
	out.Page = p
	return c.send(http.StatusOK, out)
}

// addTenant makes a tenant below another. Clients send more than is kept here:
// the description and services that they choose belong to the product.
func (c *call) addTenant() error {
	f, err := wire.ReadFields(c.Exchange)
	if err != nil {
		return err
	}
	name, err := f.Text("name")
	if err != nil {
		return err
	}
	parent, err := f.Text("parent_tenant_id")
	if err != nil {
		return err
	}
	if admins := string(f["admins"]); admins != "" && admins != "null" && admins != "[]" {
		return sallyport.ErrInvalid("admins", "admins cannot be named here; make the tenant, then give them the role "+tenantAdmin+" in it")
	}
	t, err := c.Admin.CreateTenant(c.r.Context(), c.actor, admin.NewTenant{Name: name, Parent: sallyport.TenantID(parent)})
	if err != nil {
		return err
	}
	return c.send(http.StatusCreated, tenantOf(t))
}
