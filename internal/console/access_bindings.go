package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

func bindingRoutes() []route {
	const in = "/access/{tenant}/bindings"
	return []route{
		{"bindings", "GET", in, member, (*visit).bindings},
		{"binding.new", "GET", in + "/new", member, (*visit).newBinding},
		{"binding.create", "POST", in + "/new", member, (*visit).createBinding},
		{"binding.check", "POST", in + "/check", member, (*visit).checkCondition},
		{"binding.edit", "GET", in + "/{binding}/edit", member, (*visit).editBinding},
		{"binding.update", "POST", in + "/{binding}/edit", member, (*visit).updateBinding},
		{"binding.delete.ask", "GET", in + "/{binding}/delete", member, (*visit).askDeleteBinding},
		{"binding.delete", "POST", in + "/{binding}/delete", member, (*visit).deleteBinding},
	}
}

// A bindingsPage lists who has which role.
type bindingsPage struct {
	place
	Rows  []bindingRow
	Kind  string
	Kinds []option
	Role  string
	Roles []option
	Whom  string // id of the one whose bindings these are; empty: everybody's
	Pager pager
}

// A bindingRow is a binding with names in place of ids.
type bindingRow struct {
	sallyport.Binding
	Who   string // login, or name of a group or key
	Path  string // to his page; empty: there is none
	What  string // name of the role
	In    string // of the binding's tenant
	Where string // its name
	State string
}

// bindingRows finds the names of what bindings are about.
func (v *visit) bindingRows(list []sallyport.Binding) ([]bindingRow, error) {
	names, err := v.Admin.NamesIn(v.r.Context(), v.actor, list)
	if err != nil {
		return nil, err
	}
	var rows []bindingRow
	for i, b := range list {
		row := bindingRow{
			Binding: b, Who: names[i].Subject, What: names[i].Role, In: in(b.Tenant), Where: v.tenantName(b.Tenant), State: string(b.State),
		}
		if b.State == sallyport.Active && !b.Expires.IsZero() {
			if left := b.Expires.Sub(v.now); left <= 0 {
				row.State = "expired"
			} else if left < soon {
				row.State = "soon"
			}
		}
		switch b.SubjectKind {
		case sallyport.SubjectUser:
			row.Path = in(names[i].Home) + "/users/" + b.Subject
		case sallyport.SubjectGroup:
			row.Path = in(names[i].Home) + "/groups/" + b.Subject
		case sallyport.SubjectKey:
			row.Path = in(names[i].Home) + "/keys/" + b.Subject
		}
		if names[i].Home == "" {
			row.Path = ""
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (v *visit) bindings() error {
	q := v.r.URL.Query()
	p, err := v.place(v.text("bindings.title"), "bindings")
	if err != nil {
		return err
	}
	page := &bindingsPage{place: p, Kind: q.Get("kind"), Role: q.Get("role"), Whom: q.Get("whom")}
	filter := store.BindingFilter{SubjectKind: sallyport.SubjectKind(page.Kind), Subject: page.Whom, Role: sallyport.RoleID(page.Role)}
	list, err := v.Admin.Bindings(v.r.Context(), v.actor, v.listOf(p), filter, v.listed())
	if err != nil {
		return err
	}
	if page.Rows, err = v.bindingRows(list.Items); err != nil {
		return err
	}
	page.Pager = v.pager(list.Next)
	page.Kinds = slices.Insert(v.subjectKinds(page.Kind), 0, option{Text: v.text("filter.any"), Chosen: page.Kind == ""})
	if page.Can("roles.read") {
		if page.Roles, err = v.roleChoices(p, page.Role, v.text("filter.any")); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "bindings", page)
}

func (v *visit) subjectKinds(chosen string) (list []option) {
	for _, k := range []sallyport.SubjectKind{sallyport.SubjectUser, sallyport.SubjectGroup, sallyport.SubjectKey} {
		list = append(list, option{Value: string(k), Text: v.text("subject." + string(k)), Chosen: chosen == string(k)})
	}
	return list
}

// shownHeld is how many bindings a page shows that is about something else.
const shownHeld = 25

// held are the first bindings of a subject, and where all are if there are more.
func (v *visit) held(p place, kind sallyport.SubjectKind, subject string) (rows []bindingRow, all string, err error) {
	filter := store.BindingFilter{SubjectKind: kind, Subject: subject}
	list, err := v.Admin.Bindings(v.r.Context(), v.actor, v.listOf(p), filter, admin.Page{Limit: shownHeld})
	if err != nil {
		return nil, "", err
	}
	if list.Next != "" {
		all = p.In + "/bindings?" + url.Values{"kind": {string(kind)}, "whom": {subject}}.Encode()
	}
	rows, err = v.bindingRows(list.Items)
	return rows, all, err
}

// maxChoices bounds the lists to choose from in a form.
const maxChoices = 1000

// roleChoices are the roles that can be given in a tenant.
func (v *visit) roleChoices(p place, chosen, none string) ([]option, error) {
	roles, _, err := every(maxChoices, func(at admin.Page) (admin.List[sallyport.Role], error) {
		return v.Admin.RoleNames(v.r.Context(), v.actor, p.Tenant, at)
	})
	if err != nil {
		return nil, err
	}
	list := []option{{Text: none, Chosen: chosen == ""}}
	for _, r := range roles {
		text := r.Name
		if r.Title != "" {
			text += " · " + r.Title
		}
		list = append(list, option{Value: string(r.ID), Text: text, Chosen: chosen == string(r.ID)})
	}
	return list, nil
}

// realmChoices are the realms that a right can be limited to in a tenant.
func (v *visit) realmChoices(p place, chosen string) ([]option, error) {
	list := []option{{Text: v.text("binding.every-realm"), Chosen: chosen == ""}}
	if p.Every() || !p.Can("realms.read") {
		if chosen != "" {
			list = append(list, option{Value: chosen, Text: chosen, Chosen: true})
		}
		return list, nil
	}
	realms, _, err := every(maxChoices, func(at admin.Page) (admin.List[sallyport.Realm], error) {
		return v.Admin.Realms(v.r.Context(), v.actor, p.Tenant, at)
	})
	for _, r := range realms {
		text := r.Name
		if r.Title != "" {
			text += " · " + r.Title
		}
		list = append(list, option{Value: r.Name, Text: text, Chosen: chosen == r.Name})
	}
	return list, err
}

// A bindingForm is what was typed about how far a role reaches.
type bindingForm struct {
	Kind      string
	Subject   string // a login, or the name of a group or key
	Role      string
	Realm     string
	Expires   string // the last day; empty: never
	Condition string
	State     string
	Version   int64
}

// A bindingFormPage is the form of a binding, new or not.
type bindingFormPage struct {
	place
	bindingForm
	Row    bindingRow // that is changed; zero: it is new
	Kinds  []option
	Roles  []option
	Realms []option
	States []option
	Faults faults
}

// Language are the names that a condition can use.
func (*bindingFormPage) Language() []string {
	return []string{"time", "client", "method", "path", "tenant", "realm", "values", "in_network"}
}

func (v *visit) showBindingForm(status int, page *bindingFormPage) (err error) {
	page.Kinds = v.subjectKinds(page.Kind)
	page.States = v.states(page.State, sallyport.Active, sallyport.Deactivated)[1:]
	if page.ID() == "" {
		if page.Roles, err = v.roleChoices(page.place, page.Role, v.text("binding.choose")); err != nil {
			return err
		}
	}
	if page.Realms, err = v.realmChoices(page.place, page.Realm); err != nil {
		return err
	}
	return v.show(status, "binding_form", page)
}

// ID is the binding's that is changed, "" for a new one.
func (p *bindingFormPage) ID() sallyport.BindingID { return p.Row.ID }

func (v *visit) newBinding() error {
	q := v.r.URL.Query()
	p, err := v.place(v.text("binding.new"), "bindings")
	if err != nil {
		return err
	}
	page := &bindingFormPage{place: p}
	page.bindingForm = bindingForm{Kind: titleOr(q.Get("kind"), string(sallyport.SubjectUser)), Subject: q.Get("subject"), Role: q.Get("role")}
	return v.showBindingForm(http.StatusOK, page)
}

// typedBinding reads the form.
func (v *visit) typedBinding() bindingForm {
	f := v.form
	return bindingForm{
		Kind: f.Get("kind"), Subject: strings.TrimSpace(f.Get("subject")), Role: f.Get("role"), Realm: f.Get("realm"),
		Expires: f.Get("expires"), Condition: strings.TrimSpace(f.Get("condition")), State: f.Get("state"), Version: version(f),
	}
}

// lastDay reads a day, at whose end something expires; none is never.
func (v *visit) lastDay(text, field string, f *faults) time.Time {
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		f.at(field, v.text("form.date", v.now.AddDate(0, 3, 0).Format(time.DateOnly)))
		return time.Time{}
	}
	if end := day.AddDate(0, 0, 1); end.After(v.now) {
		return end
	}
	f.at(field, v.text("form.past"))
	return time.Time{}
}

// asLastDay is the day at whose end something expires, as a form has it.
func asLastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return asDay(t.Add(-time.Second))
}

var bindingFields = []string{"subject", "role", "realm", "condition", "expires", "state"}

func (v *visit) createBinding() error {
	p, err := v.place(v.text("binding.new"), "bindings")
	if err != nil {
		return err
	}
	page := &bindingFormPage{place: p, bindingForm: v.typedBinding()}
	f := &page.Faults
	f.need(page.Subject, "subject", v.text("binding.subject.need"))
	f.need(page.Role, "role", v.text("binding.role.need"))
	expires := v.lastDay(page.Expires, "expires", f)
	subject := ""
	if page.Subject != "" {
		if subject, err = v.subject(p, page.Kind, page.Subject, f); err != nil {
			return err
		}
	}
	if f.Any() {
		return v.showBindingForm(http.StatusUnprocessableEntity, page)
	}
	_, err = v.Admin.CreateBinding(v.r.Context(), v.actor, p.Tenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectKind(page.Kind), Subject: subject, Role: sallyport.RoleID(page.Role),
		Realm: page.Realm, Condition: page.Condition, Expires: expires,
	})
	switch {
	case err == nil:
		return v.done("/bindings", "binding.made")
	case f.take(err, bindingFields...):
		return v.showBindingForm(statusOf(err), page)
	}
	return err
}

// subject returns the id of what was named, "" with a fault if there is no such
// thing.
func (v *visit) subject(p place, kind, name string, f *faults) (string, error) {
	found, err := v.Admin.FindSubject(v.r.Context(), v.actor, p.Tenant, sallyport.SubjectKind(kind), name)
	if f.take(err, "subject") {
		return "", nil
	}
	return found, err
}

// checkCondition says what is wrong with a condition while it is typed: nothing,
// or a sentence.
func (v *visit) checkCondition() error {
	err := v.Admin.CheckCondition(v.r.Context(), v.actor, v.tenantIn(), strings.TrimSpace(v.form.Get("value")))
	told := ""
	if e, ok := errors.AsType[*sallyport.Error](err); ok && e.Kind == sallyport.Invalid {
		told, err = sentence(e.Message), nil
	}
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.send(http.StatusOK, []byte(told))
	return nil
}

// bindingIn returns the binding that the path names, and a page about it.
func (v *visit) bindingIn(title string) (*bindingFormPage, error) {
	p, err := v.place(title, "bindings")
	if err != nil {
		return nil, err
	}
	b, err := v.Admin.Binding(v.r.Context(), v.actor, p.Tenant, sallyport.BindingID(v.r.PathValue("binding")))
	if err != nil {
		return nil, err
	}
	rows, err := v.bindingRows([]sallyport.Binding{b})
	if err != nil {
		return nil, err
	}
	return &bindingFormPage{place: p, Row: rows[0]}, nil
}

func (v *visit) editBinding() error {
	page, err := v.bindingIn(v.text("binding.edit"))
	if err != nil {
		return err
	}
	b := page.Row.Binding
	page.bindingForm = bindingForm{
		Kind: string(b.SubjectKind), Realm: b.Realm, Expires: asLastDay(b.Expires), Condition: b.Condition, State: string(b.State), Version: b.Version,
	}
	return v.showBindingForm(http.StatusOK, page)
}

func (v *visit) updateBinding() error {
	page, err := v.bindingIn(v.text("binding.edit"))
	if err != nil {
		return err
	}
	b, f := page.Row.Binding, &page.Faults
	page.bindingForm = v.typedBinding()
	expires := v.lastDay(page.Expires, "expires", f)
	if page.Expires == asLastDay(b.Expires) {
		expires = b.Expires // it was not changed, and stays to the minute
		f.drop("expires")
	}
	if f.Any() {
		return v.showBindingForm(http.StatusUnprocessableEntity, page)
	}
	state := sallyport.Active
	if page.State != string(sallyport.Active) {
		state = sallyport.Deactivated
	}
	if state == sallyport.Deactivated && b.State == sallyport.Active && v.form.Get("sure") == "" {
		return v.askDeactivateBinding(page)
	}
	change := admin.BindingChange{Realm: &page.Realm, Condition: &page.Condition, Expires: &expires, State: &state}
	_, err = v.Admin.UpdateBinding(v.r.Context(), v.actor, page.Tenant, b.ID, page.Version, change)
	switch {
	case err == nil:
		return v.done("/bindings", "binding.changed")
	case f.take(err, bindingFields...):
		return v.showBindingForm(statusOf(err), page)
	}
	return err
}

// askDeactivateBinding asks before a binding is put out of use, and keeps what was
// typed.
func (v *visit) askDeactivateBinding(page *bindingFormPage) error {
	b := page.Row
	confirm := v.lossOfBinding(page)
	confirm.Heading = v.text("binding.off.heading", b.What, b.Who)
	confirm.Title, confirm.Button = confirm.Heading, v.text("binding.off")
	confirm.Points = append(confirm.Points, v.text("binding.off.point"))
	confirm.Action, confirm.Hidden = page.In+"/bindings/"+string(b.ID)+"/edit", map[string]string{"sure": "yes"}
	for name := range v.form {
		if name != stampField {
			confirm.Hidden[name] = v.form.Get(name)
		}
	}
	return v.show(http.StatusOK, "confirm", confirm)
}

func (v *visit) deletionOfBinding() (*confirmPage, *bindingFormPage, error) {
	page, err := v.bindingIn(v.text("binding.delete"))
	if err != nil {
		return nil, nil, err
	}
	b := page.Row
	confirm := v.lossOfBinding(page)
	confirm.Heading = v.text("binding.delete.heading", b.What, b.Who)
	confirm.Action = page.In + "/bindings/" + string(b.ID) + "/delete"
	confirm.Hidden = map[string]string{"version": strconv.FormatInt(b.Version, 10)}
	confirm.Button = v.text("binding.delete")
	return confirm, page, nil
}

// lossOfBinding begins a question about a binding: what is lost without it.
func (v *visit) lossOfBinding(page *bindingFormPage) *confirmPage {
	b := page.Row
	permissions := v.Doors.Policy().RolePermissions(b.Role)
	confirm := &confirmPage{
		frame: page.frame, Trail: tab{Text: v.text("bindings.title"), Path: page.In + "/bindings"}, Cancel: page.In + "/bindings",
		Points: []string{v.text("binding.delete.point", b.Who, v.texts().count("count.permission", len(permissions)), page.TenantName)},
	}
	confirm.Points = append(confirm.Points, v.stopsOfBinding(b)...)
	if b.SubjectKind == sallyport.SubjectGroup {
		confirm.Points = append(confirm.Points, v.text("binding.delete.group"))
	}
	return confirm
}

func (v *visit) askDeleteBinding() error {
	confirm, _, err := v.deletionOfBinding()
	return v.ask(confirm, err)
}

func (v *visit) deleteBinding() error {
	confirm, page, err := v.deletionOfBinding()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteBinding(v.r.Context(), v.actor, page.Tenant, page.Row.ID, version(v.form))
	return v.confirmed(confirm, err, page.In+"/bindings?done=binding.deleted")
}
