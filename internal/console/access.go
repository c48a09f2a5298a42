package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// everyPart stands for every tenant in paths, where others have their id.
const everyPart = "all"

// accessArea is where those who administer users, roles and keys do so, tenant by
// tenant.
func accessArea() area {
	in := "/access/{tenant}"
	return area{
		id: "access", path: "/access", routes: accessRoutes,
		needs: []sallyport.Permission{
			admin.UsersRead, admin.GroupsRead, admin.RolesRead, admin.BindingsRead, admin.KeysRead, admin.TenantsRead,
		},
		pages: []areaPage{
			{id: "tenants", path: "/access"},
			{id: "users", path: in + "/users", needs: []sallyport.Permission{admin.UsersRead}},
			{id: "services", path: in + "/services", needs: []sallyport.Permission{admin.UsersRead}},
			{id: "applications", path: in + "/applications", needs: []sallyport.Permission{admin.TokensRead}},
			{id: "groups", path: in + "/groups", needs: []sallyport.Permission{admin.GroupsRead}},
			{id: "roles", path: in + "/roles", needs: []sallyport.Permission{admin.RolesRead}},
			{id: "bindings", path: in + "/bindings", needs: []sallyport.Permission{admin.BindingsRead}},
			{id: "who-can", path: in + "/who-can", needs: []sallyport.Permission{admin.BindingsRead}},
			{id: "keys", path: in + "/keys", needs: []sallyport.Permission{admin.KeysRead}},
			{id: "realms", path: in + "/realms", needs: []sallyport.Permission{admin.RealmsRead}},
		},
	}
}

func accessRoutes() []route {
	return slices.Concat(tenantRoutes(), userRoutes(), userSessionRoutes(), groupRoutes(), roleRoutes(), bindingRoutes(), keyRoutes(), whoRoutes(), applicationRoutes(), realmRoutes())
}

// A place is a tenant that somebody administers something in, and the frame of a
// page about it.
type place struct {
	frame
	Tenant     sallyport.TenantID // [sallyport.EveryTenant]: what belongs to none
	TenantName string
	In         string // the start of the URLs of pages in it
	rights     []sallyport.Permission
}

// Every reports whether the page is about no tenant in particular.
func (p *place) Every() bool { return p.Tenant == sallyport.EveryTenant }

// Can reports whether the visitor may hold a permission of the management API
// here, so that what he would be refused is not offered.
func (p *place) Can(right string) bool {
	return slices.Contains(p.rights, sallyport.Permission(admin.ManagementAPI)+"/"+sallyport.Permission(right))
}

// tenantIn is the tenant that the path names.
func (v *visit) tenantIn() sallyport.TenantID {
	if part := v.r.PathValue("tenant"); part != everyPart {
		return sallyport.TenantID(part)
	}
	return sallyport.EveryTenant
}

// in is the start of the URLs of pages about a tenant.
func in(tenant sallyport.TenantID) string { return Base + "/access/" + url.PathEscape(partOf(tenant)) }

// partOf is the part of a path that names a tenant.
func partOf(tenant sallyport.TenantID) string {
	if tenant == sallyport.EveryTenant {
		return everyPart
	}
	return string(tenant)
}

// place returns the frame of a page about the tenant in the path. Of a tenant
// that the visitor has nothing to do with it is NotFound.
func (v *visit) place(title, page string) (place, error) {
	p := place{frame: v.frame(title, page), Tenant: v.tenantIn()}
	p.In, p.TenantName = in(p.Tenant), v.tenantName(p.Tenant)
	if p.Every() {
		p.TenantName = v.text("tenants.every")
	}
	if !p.Every() && v.Doors.Policy().Tenant(p.Tenant) == nil {
		return p, sallyport.ErrNotFound("there is no such tenant")
	}
	var err error
	p.rights, err = v.Admin.Permissions(v.r.Context(), v.actor, p.Tenant)
	return p, err
}

// here is the start of the URLs of pages about the tenant in the path.
func (v *visit) here() string { return in(v.tenantIn()) }

// done leads to a page of the tenant in the path, which tells what was done.
func (v *visit) done(path, what string) error {
	before, fragment, _ := strings.Cut(path, "#")
	if fragment != "" {
		fragment = "#" + fragment
	}
	return v.redirect(v.here() + before + "?done=" + what + fragment)
}

// listed is the part of a list that the query asks for.
func (v *visit) listed() admin.Page { return admin.Page{Cursor: v.r.URL.Query().Get("cursor")} }

// pager leads on in the list that the page shows.
func (v *visit) pager(next string) pager {
	var p pager
	q := v.r.URL.Query()
	q.Del("done")
	at := func() string {
		if len(q) == 0 {
			return v.r.URL.Path
		}
		return v.r.URL.Path + "?" + q.Encode()
	}
	if q.Get("cursor") != "" {
		q.Del("cursor")
		p.First = at()
	}
	if next != "" {
		q.Set("cursor", next)
		p.Next = at()
	}
	return p
}

// every reads a whole list, but no more than so much of it; more says that there
// is.
func every[T any](most int, read func(admin.Page) (admin.List[T], error)) (all []T, more bool, err error) {
	for p := (admin.Page{Limit: min(most, maxList)}); ; {
		list, err := read(p)
		if err != nil {
			return nil, false, err
		}
		all = append(all, list.Items...)
		if list.Next == "" || len(all) >= most {
			return all[:min(len(all), most)], list.Next != "" || len(all) > most, nil
		}
		p.Cursor = list.Next
	}
}
