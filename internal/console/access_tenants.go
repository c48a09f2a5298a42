package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func tenantRoutes() []route {
	return []route{
		{"tenants", "GET", "/access", member, (*visit).tenants},
		{"tenant.new", "GET", "/access/new", member, (*visit).newTenant},
		{"tenant.create", "POST", "/access/new", member, (*visit).createTenant},
		{"tenant.enter", "GET", "/access/{tenant}", member, (*visit).enterTenant},
		{"tenant.edit", "GET", "/access/{tenant}/edit", member, (*visit).editTenant},
		{"tenant.update", "POST", "/access/{tenant}/edit", member, (*visit).updateTenant},
		{"tenant.deactivate.ask", "GET", "/access/{tenant}/deactivate", member, (*visit).askDeactivateTenant},
		{"tenant.deactivate", "POST", "/access/{tenant}/deactivate", member, (*visit).deactivateTenant},
		{"tenant.delete.ask", "GET", "/access/{tenant}/delete", member, (*visit).askDeleteTenant},
		{"tenant.delete", "POST", "/access/{tenant}/delete", member, (*visit).deleteTenant},
		{"tenant.reactivate", "POST", "/access/{tenant}/reactivate", member, (*visit).reactivateTenant},
	}
}

// A tenantsPage shows tenants as the tree that they are.
type tenantsPage struct {
	frame
	Rows   []tenantRow
	Search string
	Pager  pager
	Any    bool // the visitor has rights in every tenant
	Make   bool // he may make tenants at the top
}

// A tenantRow is a tenant in its place in the tree.
type tenantRow struct {
	sallyport.Tenant
	Depth  string // what draws the tree
	Within string // name of the parent, if that is not in this part of the list
	In     string
}

func (v *visit) tenants() error {
	search := strings.TrimSpace(v.r.URL.Query().Get("search"))
	page := &tenantsPage{frame: v.frame(v.text("tenants.title"), "tenants"), Search: search, Any: v.self.AnyTenant}
	list, err := v.Admin.Tenants(v.r.Context(), v.actor, store.TenantFilter{Search: search}, admin.Page{Limit: maxList, Cursor: v.listed().Cursor})
	if err != nil {
		return err
	}
	page.Rows, page.Pager = v.tree(list.Items), v.pager(list.Next)
	if page.Any {
		rights, err := v.Admin.Permissions(v.r.Context(), v.actor, sallyport.EveryTenant)
		if err != nil {
			return err
		}
		page.Make = (&place{rights: rights}).Can("tenants.write")
	}
	return v.show(http.StatusOK, "tenants", page)
}

// tree puts each tenant below its parent, as far as both are in the list.
func (v *visit) tree(list []sallyport.Tenant) []tenantRow {
	there := map[sallyport.TenantID]bool{}
	below := map[sallyport.TenantID][]sallyport.Tenant{}
	for _, t := range list {
		there[t.ID] = true
	}
	var tops []sallyport.Tenant
	for _, t := range list {
		if there[t.Parent] {
			below[t.Parent] = append(below[t.Parent], t)
		} else {
			tops = append(tops, t)
		}
	}
	var rows []tenantRow
	var grow func(t sallyport.Tenant, before, mark string)
	grow = func(t sallyport.Tenant, before, mark string) {
		row := tenantRow{Tenant: t, Depth: before + mark, In: in(t.ID)}
		if t.Parent != "" && !there[t.Parent] {
			row.Within = v.tenantName(t.Parent)
		}
		rows = append(rows, row)
		switch mark {
		case "├ ":
			before += "│ "
		case "└ ":
			before += "  "
		}
		for i, child := range below[t.ID] {
			next := "├ "
			if i == len(below[t.ID])-1 {
				next = "└ "
			}
			grow(child, before, next)
		}
	}
	for _, t := range tops {
		grow(t, "", "")
	}
	return rows
}

// enterTenant leads to the first page about a tenant that the visitor may see.
func (v *visit) enterTenant() error {
	p, err := v.place("", "")
	if err != nil {
		return err
	}
	for _, page := range accessArea().pages[1:] {
		if len(page.needs) == 0 || p.Can(strings.TrimPrefix(string(page.needs[0]), string(admin.ManagementAPI)+"/")) {
			return v.redirect(Base + strings.Replace(page.path, "{tenant}", v.r.PathValue("tenant"), 1))
		}
	}
	return v.redirect(Base + "/tenants/" + v.r.PathValue("tenant")) // his own rights there
}

// A tenantFormPage is the form of a tenant, new or not.
type tenantFormPage struct {
	frame
	ID      sallyport.TenantID // empty: it is new
	State   sallyport.State
	In      string
	Name    string
	Parent  string
	Longest string // days
	Usual   string
	Version int64
	Parents []option
	Faults  faults
}

func (v *visit) tenantForm(status int, page *tenantFormPage) error {
	parents, err := v.tenantChoices(page.Parent)
	if err != nil {
		return err
	}
	parents = slices.DeleteFunc(parents, func(o option) bool { return o.Value == string(page.ID) })
	page.Parents = slices.Insert(parents, 0, option{Value: "", Text: v.text("tenant.top"), Chosen: page.Parent == ""})
	return v.show(status, "tenant_form", page)
}

// maxTenants is how many tenants a form lists: more would make a heavy page.
const maxTenants = 400

// tenantChoices are tenants in use, to choose from. Of very many not all are there,
// but the one that is chosen always is.
func (v *visit) tenantChoices(chosen string) (choices []option, err error) {
	list, _, err := every(maxTenants, func(at admin.Page) (admin.List[sallyport.Tenant], error) {
		return v.Admin.Tenants(v.r.Context(), v.actor, store.TenantFilter{State: sallyport.Active}, at)
	})
	for _, t := range list {
		choices = append(choices, option{Value: string(t.ID), Text: t.Name, Chosen: string(t.ID) == chosen})
	}
	return v.withChosen(choices, sallyport.TenantID(chosen)), err
}

// withChosen adds the tenant that is chosen to choices that it is not among.
func (v *visit) withChosen(choices []option, chosen sallyport.TenantID) []option {
	if chosen == "" || slices.ContainsFunc(choices, func(o option) bool { return o.Value == string(chosen) }) || v.Doors.Policy().Tenant(chosen) == nil {
		return choices
	}
	return append(choices, option{Value: string(chosen), Text: v.tenantName(chosen), Chosen: true})
}

func (v *visit) newTenant() error {
	return v.tenantForm(http.StatusOK, &tenantFormPage{frame: v.frame(v.text("tenant.new"), "tenants"), Parent: v.r.URL.Query().Get("parent")})
}

// typedTenant reads the form, and what its limits say.
func (v *visit) typedTenant(page *tenantFormPage) (limits sallyport.TenantPolicy) {
	f := v.form
	page.Name, page.Parent = strings.TrimSpace(f.Get("name")), f.Get("parent")
	page.Longest, page.Usual = strings.TrimSpace(f.Get("token_max_age")), strings.TrimSpace(f.Get("token_default_age"))
	page.Faults.need(page.Name, "name", v.text("tenant.name.need"))
	limits.TokenMaxAge = v.days(page.Longest, "token_max_age", &page.Faults)
	limits.TokenDefaultAge = v.days(page.Usual, "token_default_age", &page.Faults)
	return limits
}

// days reads a number of days; none is 0.
func (v *visit) days(text, field string, f *faults) time.Duration {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 36500 {
		f.at(field, v.text("tenant.days"))
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

func asDays(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int((d + 12*time.Hour) / (24 * time.Hour)))
}

var tenantFields = []string{"name", "parent", "token_max_age", "token_default_age"}

func (v *visit) createTenant() error {
	page := &tenantFormPage{frame: v.frame(v.text("tenant.new"), "tenants")}
	limits := v.typedTenant(page)
	if page.Faults.Any() {
		return v.tenantForm(http.StatusUnprocessableEntity, page)
	}
	_, err := v.Admin.CreateTenant(v.r.Context(), v.actor, admin.NewTenant{Name: page.Name, Parent: sallyport.TenantID(page.Parent), Policy: limits})
	switch {
	case err == nil:
		return v.redirect(Base + "/access?done=tenant.made")
	case page.Faults.take(err, tenantFields...):
		return v.tenantForm(statusOf(err), page)
	}
	return err
}

func (v *visit) tenantToEdit() (*tenantFormPage, sallyport.Tenant, error) {
	t, err := v.Admin.Tenant(v.r.Context(), v.actor, v.tenantIn())
	return &tenantFormPage{
		frame: v.frame(t.Name, "tenants"), ID: t.ID, State: t.State, In: in(t.ID), Name: t.Name, Parent: string(t.Parent),
		Longest: asDays(t.Policy.TokenMaxAge), Usual: asDays(t.Policy.TokenDefaultAge), Version: t.Version,
	}, t, err
}

func (v *visit) editTenant() error {
	page, _, err := v.tenantToEdit()
	if err != nil {
		return err
	}
	return v.tenantForm(http.StatusOK, page)
}

func (v *visit) updateTenant() error {
	page, t, err := v.tenantToEdit()
	if err != nil {
		return err
	}
	limits := v.typedTenant(page)
	// What was not changed here stays to the minute.
	if asDays(t.Policy.TokenMaxAge) == page.Longest {
		limits.TokenMaxAge = t.Policy.TokenMaxAge
	}
	if asDays(t.Policy.TokenDefaultAge) == page.Usual {
		limits.TokenDefaultAge = t.Policy.TokenDefaultAge
	}
	if page.Faults.Any() {
		return v.tenantForm(http.StatusUnprocessableEntity, page)
	}
	change := admin.TenantChange{Name: &page.Name, Policy: &limits}
	if parent := sallyport.TenantID(page.Parent); parent != t.Parent {
		change.Parent = &parent
	}
	_, err = v.Admin.UpdateTenant(v.r.Context(), v.actor, t.ID, version(v.form), change)
	switch {
	case err == nil:
		return v.redirect(Base + "/access?done=tenant.changed")
	case page.Faults.take(err, tenantFields...):
		return v.tenantForm(statusOf(err), page)
	}
	return err
}

func (v *visit) deactivationOfTenant() (*confirmPage, error) {
	t, err := v.Admin.Tenant(v.r.Context(), v.actor, v.tenantIn())
	if err != nil {
		return nil, err
	}
	return &confirmPage{
		frame: v.frame(t.Name, "tenants"), Heading: v.text("tenant.deactivate.heading", t.Name),
		Trail:  tab{Text: v.text("tenants.title"), Path: Base + "/access"},
		Points: append(v.stopsOfTenant(t.ID), v.text("tenant.deactivate.point-1"), v.text("tenant.deactivate.point-2")),
		Action: in(t.ID) + "/deactivate", Hidden: map[string]string{"version": strconv.FormatInt(t.Version, 10)},
		Button: v.text("tenant.deactivate"), Cancel: Base + "/access",
	}, nil
}

func (v *visit) askDeactivateTenant() error {
	page, err := v.deactivationOfTenant()
	return v.ask(page, err)
}

func (v *visit) deactivateTenant() error {
	page, err := v.deactivationOfTenant()
	if err != nil {
		return err
	}
	_, err = v.Admin.DeactivateTenant(v.r.Context(), v.actor, v.tenantIn(), version(v.form))
	return v.confirmed(page, err, Base+"/access?done=tenant.deactivated")
}

func (v *visit) reactivateTenant() error {
	if _, err := v.Admin.ReactivateTenant(v.r.Context(), v.actor, v.tenantIn(), version(v.form)); err != nil {
		return err
	}
	return v.redirect(Base + "/access?done=tenant.reactivated")
}

func (v *visit) deletionOfTenant() (*confirmPage, error) {
	page, err := v.deactivationOfTenant()
	if err != nil {
		return nil, err
	}
	page.Heading = v.text("tenant.delete.heading", page.Title)
	page.Points, page.Warning = []string{v.text("tenant.delete.point")}, v.text("tenant.delete.warning")
	page.Action, page.Button = v.here()+"/delete", v.text("tenant.delete")
	return page, nil
}

func (v *visit) askDeleteTenant() error {
	page, err := v.deletionOfTenant()
	return v.ask(page, err)
}

func (v *visit) deleteTenant() error {
	page, err := v.deletionOfTenant()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteTenant(v.r.Context(), v.actor, v.tenantIn(), version(v.form))
	return v.confirmed(page, err, Base+"/access?done=tenant.deleted")
}

// ask shows the question before something dangerous.
func (v *visit) ask(page *confirmPage, err error) error {
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "confirm", page)
}

// confirmed answers what was confirmed: with the way on, or with the question
// again and why it was not done.
func (v *visit) confirmed(page *confirmPage, err error, next string) error {
	switch {
	case err == nil:
		return v.redirect(next)
	case page.Faults.take(err):
		return v.show(statusOf(err), "confirm", page)
	}
	return err
}
