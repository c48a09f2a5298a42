package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func roleRoutes() []route {
	const in = "/access/{tenant}/roles"
	return []route{
		{"roles", "GET", in, member, (*visit).roles},
		{"role.new", "GET", in + "/new", member, (*visit).newRole},
		{"role.create", "POST", in + "/new", member, (*visit).createRole},
		{"role", "GET", in + "/{role}", member, (*visit).role},
		{"role.edit", "GET", in + "/{role}/edit", member, (*visit).editRole},
		{"role.update", "POST", in + "/{role}/edit", member, (*visit).updateRole},
		{"role.delete.ask", "GET", in + "/{role}/delete", member, (*visit).askDeleteRole},
		{"role.delete", "POST", in + "/{role}/delete", member, (*visit).deleteRole},
	}
}

// How many roles one matrix shows beside each other, and how many permissions below.
const (
	maxColumns = 12
	maxRows    = 100
)

// A rolesPage shows the roles of a tenant against the permissions of one API.
type rolesPage struct {
	place
	APIs    []tab
	Heading string // title of the API
	Columns []roleColumn
	Rows    []matrixRow
	Others  []roleColumn // roles that give nothing of this API
	Pager   pager
	Down    pager // to more permissions
}

// A roleColumn is a role in the head of the matrix.
type roleColumn struct {
	sallyport.Role
	Locked bool // built in, or every tenant's seen from one
}

// A matrixRow is a permission and who has it.
type matrixRow struct {
	Name  string
	Title string
	Cells []string // for each column: "own", "whole" by a wildcard, or ""
}

// roles shows the matrix. The API is chosen by "api", the first one at first; the
// columns are read part by part, as any list.
func (v *visit) roles() error {
	p, err := v.place(v.text("roles.title"), "roles")
	if err != nil {
		return err
	}
	page := &rolesPage{place: p}
	roles, _, err := every(maxChoices, func(at admin.Page) (admin.List[sallyport.Role], error) {
		return v.Admin.Roles(v.r.Context(), v.actor, p.Tenant, "", at)
	})
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	var api *sallyport.API
	for _, a := range v.Doors.Policy().APIs() {
		name := string(a.Name)
		if len(a.Document.Permissions) == 0 {
			continue
		}
		chosen := name == q.Get("api") || q.Get("api") == "" && api == nil
		if chosen {
			api = a.Document
			page.Heading = titleOr(api.Title, name)
		}
		page.APIs = append(page.APIs, tab{Text: titleOr(a.Document.Title, name), Path: p.In + "/roles?api=" + name, Current: chosen})
	}
	if api == nil {
		return v.show(http.StatusOK, "roles", page)
	}
	v.fillMatrix(page, api, roles)
	return v.show(http.StatusOK, "roles", page)
}

func (v *visit) fillMatrix(page *rolesPage, api *sallyport.API, roles []sallyport.Role) {
	var columns []roleColumn
	for _, r := range roles {
		c := roleColumn{Role: r, Locked: r.BuiltIn || r.Tenant != page.Tenant}
		if slices.ContainsFunc(r.Permissions, func(have sallyport.Permission) bool { return have == admin.Everything || have.API() == api.Name }) {
			columns = append(columns, c)
		} else {
			page.Others = append(page.Others, c)
		}
	}
	first, last, across := v.part("from", len(columns), maxColumns)
	page.Columns, page.Pager = columns[first:last], across
	page.Pager.Of = v.text("roles.title")
	first, last, page.Down = v.part("below", len(api.Permissions), maxRows)
	page.Down.Of = v.text("role.permissions")
	whole := sallyport.Permission(string(api.Name) + "/*")
	for _, spec := range api.Permissions[first:last] {
		row := matrixRow{Name: spec.Name, Title: spec.Title}
		for _, c := range page.Columns {
			cell := ""
			switch {
			case slices.Contains(c.Permissions, sallyport.Permission(string(api.Name)+"/"+spec.Name)):
				cell = "own"
			case slices.Contains(c.Permissions, admin.Everything), slices.Contains(c.Permissions, whole):
				cell = "whole"
			}
			row.Cells = append(row.Cells, cell)
		}
		page.Rows = append(page.Rows, row)
	}
}

// A rolePage is about one role.
type rolePage struct {
	place
	Role roleColumn
	APIs []apiRights
	All  bool // it has every permission
	Held []bindingRow
	More bool
	Seen bool // the visitor may see who has it
}

func (v *visit) roleIn() (place, sallyport.Role, error) {
	p, err := v.place("", "roles")
	if err != nil {
		return p, sallyport.Role{}, err
	}
	r, err := v.Admin.Role(v.r.Context(), v.actor, p.Tenant, sallyport.RoleID(v.r.PathValue("role")))
	p.Title = r.Name
	return p, r, err
}

func (v *visit) role() error {
	p, r, err := v.roleIn()
	if err != nil {
		return err
	}
	page := &rolePage{place: p, Role: roleColumn{Role: r, Locked: r.BuiltIn || r.Tenant != p.Tenant}}
	page.All = slices.Contains(r.Permissions, admin.Everything)
	page.APIs = v.rights(r.Permissions)
	if page.Seen = page.Can("bindings.read"); page.Seen {
		list, err := v.Admin.Bindings(v.r.Context(), v.actor, v.listOf(p), store.BindingFilter{Role: r.ID}, admin.Page{})
		if err != nil {
			return err
		}
		if page.Held, err = v.bindingRows(list.Items); err != nil {
			return err
		}
		page.More = list.Next != ""
	}
	return v.show(http.StatusOK, "role", page)
}

// A roleFormPage is the form of a role, new or not.
type roleFormPage struct {
	place
	ID      sallyport.RoleID // empty: it is new
	Name    string
	About   string // title
	Groups  []scopeGroup
	Version int64
	Faults  faults
}

// permissionGroups are all permissions, to be chosen from.
func (v *visit) permissionGroups(chosen []sallyport.Permission) (groups []scopeGroup) {
	for _, api := range v.Doors.Policy().APIs() {
		d := api.Document
		choice := func(name, title string) scopeChoice {
			full := string(d.Name) + "/" + name
			return scopeChoice{Scope: full, Title: title, Checked: slices.Contains(chosen, sallyport.Permission(full))}
		}
		g := scopeGroup{Title: titleOr(d.Title, string(d.Name)), Whole: choice("*", v.text("role.whole"))}
		for _, p := range d.Permissions {
			g.Scopes = append(g.Scopes, choice(p.Name, titleOr(p.Title, p.Name)))
		}
		if len(g.Scopes) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func (v *visit) newRole() error {
	p, err := v.place(v.text("role.new"), "roles")
	if err != nil {
		return err
	}
	page := &roleFormPage{place: p}
	var permissions []sallyport.Permission
	if from := v.r.URL.Query().Get("from"); from != "" {
		r, err := v.Admin.Role(v.r.Context(), v.actor, p.Tenant, sallyport.RoleID(from))
		if err != nil {
			return err
		}
		page.Name, page.About, permissions = v.text("role.copy-of", r.Name), r.Title, r.Permissions
	}
	page.Groups = v.permissionGroups(permissions)
	return v.show(http.StatusOK, "role_form", page)
}

// typedRole reads the form.
func (v *visit) typedRole(page *roleFormPage) (permissions []sallyport.Permission) {
	page.Name, page.About = strings.TrimSpace(v.form.Get("name")), strings.TrimSpace(v.form.Get("title"))
	page.Faults.need(page.Name, "name", v.text("role.name.need"))
	for _, p := range v.form["permission"] {
		permissions = append(permissions, sallyport.Permission(p))
	}
	page.Groups = v.permissionGroups(permissions)
	return permissions
}

var roleFields = []string{"name", "title", "permissions"}

func (v *visit) createRole() error {
	p, err := v.place(v.text("role.new"), "roles")
	if err != nil {
		return err
	}
	page := &roleFormPage{place: p}
	permissions := v.typedRole(page)
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "role_form", page)
	}
	r, err := v.Admin.CreateRole(v.r.Context(), v.actor, p.Tenant, admin.NewRole{Name: page.Name, Title: page.About, Permissions: permissions})
	switch {
	case err == nil:
		return v.done("/roles/"+string(r.ID), "role.made")
	case page.Faults.take(err, roleFields...):
		return v.show(statusOf(err), "role_form", page)
	}
	return err
}

func (v *visit) roleToEdit() (*roleFormPage, sallyport.Role, error) {
	p, r, err := v.roleIn()
	return &roleFormPage{place: p, ID: r.ID, Name: r.Name, About: r.Title, Version: r.Version, Groups: v.permissionGroups(r.Permissions)}, r, err
}

func (v *visit) editRole() error {
	page, _, err := v.roleToEdit()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "role_form", page)
}

func (v *visit) updateRole() error {
	page, r, err := v.roleToEdit()
	if err != nil {
		return err
	}
	permissions := v.typedRole(page)
	if slices.Contains(r.Permissions, admin.Everything) { // which the form does not offer
		permissions = append(permissions, admin.Everything)
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "role_form", page)
	}
	change := admin.RoleChange{Name: &page.Name, Title: &page.About, Permissions: &permissions}
	_, err = v.Admin.UpdateRole(v.r.Context(), v.actor, page.Tenant, r.ID, version(v.form), change)
	switch {
	case err == nil:
		return v.done("/roles/"+string(r.ID), "role.changed")
	case page.Faults.take(err, roleFields...):
		return v.show(statusOf(err), "role_form", page)
	}
	return err
}

func (v *visit) deletionOfRole() (*confirmPage, sallyport.Role, error) {
	p, r, err := v.roleIn()
	if err != nil {
		return nil, r, err
	}
	page := &confirmPage{
		frame: p.frame, Heading: v.text("role.delete.heading", r.Name), Trail: tab{Text: r.Name, Path: p.In + "/roles/" + string(r.ID)},
		Points: []string{v.text("role.delete.point")}, Warning: v.text("role.delete.warning"),
		Action: p.In + "/roles/" + string(r.ID) + "/delete", Hidden: map[string]string{"version": strconv.FormatInt(r.Version, 10)},
		Button: v.text("role.delete"), Cancel: p.In + "/roles/" + string(r.ID),
	}
	v.bindingsIn(p, store.BindingFilter{Role: r.ID}, func(b bindingRow) string {
		if b.SubjectKind != sallyport.SubjectKey || !v.revokedKey(b.Tenant, b.Subject) {
			page.Ways = append(page.Ways, tab{Text: v.text("role.delete.held", b.Who, b.Where), Path: b.In + "/bindings/" + string(b.ID) + "/delete"})
		}
		return ""
	})
	if len(page.Ways) > 0 {
		page.Warning, page.Button = "", "" // it would be refused
	}
	return page, r, nil
}

// revokedKey reports whether a key is revoked: its bindings go with the role.
func (v *visit) revokedKey(tenant sallyport.TenantID, id string) bool {
	key, err := v.Admin.Key(v.r.Context(), v.actor, tenant, sallyport.CredentialID(id))
	return sallyport.KindOf(err) == sallyport.NotFound || err == nil && key.State == sallyport.Revoked
}

func (v *visit) askDeleteRole() error {
	page, _, err := v.deletionOfRole()
	return v.ask(page, err)
}

func (v *visit) deleteRole() error {
	page, r, err := v.deletionOfRole()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteRole(v.r.Context(), v.actor, v.tenantIn(), r.ID, version(v.form))
	return v.confirmed(page, err, v.here()+"/roles?done=role.deleted")
}
