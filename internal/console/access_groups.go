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

func groupRoutes() []route {
	const in = "/access/{tenant}/groups"
	return []route{
		{"groups", "GET", in, member, (*visit).groups},
		{"group.new", "GET", in + "/new", member, (*visit).newGroup},
		{"group.create", "POST", in + "/new", member, (*visit).createGroup},
		{"group", "GET", in + "/{group}", member, (*visit).group},
		{"group.edit", "GET", in + "/{group}/edit", member, (*visit).editGroup},
		{"group.update", "POST", in + "/{group}/edit", member, (*visit).updateGroup},
		{"group.member.add", "POST", in + "/{group}/members", member, (*visit).addMember},
		{"group.member.remove.ask", "GET", in + "/{group}/members/{user}/remove", member, (*visit).askRemoveMember},
		{"group.member.remove", "POST", in + "/{group}/members/{user}/remove", member, (*visit).removeMember},
		{"group.delete.ask", "GET", in + "/{group}/delete", member, (*visit).askDeleteGroup},
		{"group.delete", "POST", in + "/{group}/delete", member, (*visit).deleteGroup},
	}
}

// A groupsPage lists the groups of a tenant.
type groupsPage struct {
	place
	Rows   []sallyport.Group
	Search string
	Pager  pager
}

func (v *visit) groups() error {
	p, err := v.place(v.text("groups.title"), "groups")
	if err != nil {
		return err
	}
	page := &groupsPage{place: p, Search: strings.TrimSpace(v.r.URL.Query().Get("search"))}
	list, err := v.Admin.Groups(v.r.Context(), v.actor, p.Tenant, page.Search, v.listed())
	if err != nil {
		return err
	}
	page.Rows, page.Pager = list.Items, v.pager(list.Next)
	return v.show(http.StatusOK, "groups", page)
}

// A groupPage is about one group.
type groupPage struct {
	place
	Group    sallyport.Group
	Members  []userRow
	Pager    pager
	Bindings []bindingRow
	All      string // URL of all of them; empty: these are
	Login    string // that was typed to be added
	Faults   faults
}

func (v *visit) groupIn() (place, sallyport.Group, error) {
	p, err := v.place("", "groups")
	if err != nil {
		return p, sallyport.Group{}, err
	}
	g, err := v.Admin.Group(v.r.Context(), v.actor, p.Tenant, sallyport.GroupID(v.r.PathValue("group")))
	p.Title = g.Name
	return p, g, err
}

func (v *visit) group() error {
	p, g, err := v.groupIn()
	if err != nil {
		return err
	}
	return v.showGroup(http.StatusOK, &groupPage{place: p, Group: g})
}

func (v *visit) showGroup(status int, page *groupPage) error {
	ctx, g := v.r.Context(), page.Group
	members, err := v.Admin.Members(ctx, v.actor, page.Tenant, g.ID, v.listed())
	if err != nil {
		return err
	}
	for _, u := range members.Items {
		page.Members = append(page.Members, v.userRow(u))
	}
	page.Pager = v.pager(members.Next)
	if page.Pager == (pager{}) { // all of them are shown, and people look for a name
		slices.SortFunc(page.Members, func(a, b userRow) int { return strings.Compare(a.Login, b.Login) })
	}
	if page.Can("bindings.read") {
		if page.Bindings, page.All, err = v.held(page.place, sallyport.SubjectGroup, string(g.ID)); err != nil {
			return err
		}
	}
	return v.show(status, "group", page)
}

// addMember puts the user into the group whose login was typed.
func (v *visit) addMember() error {
	p, g, err := v.groupIn()
	if err != nil {
		return err
	}
	page := &groupPage{place: p, Group: g, Login: strings.TrimSpace(v.form.Get("login"))}
	page.Faults.need(page.Login, "login", v.text("group.login.need"))
	if page.Faults.Any() {
		return v.showGroup(http.StatusUnprocessableEntity, page)
	}
	u, err := v.Admin.UserByLogin(v.r.Context(), v.actor, page.Login)
	if sallyport.KindOf(err) == sallyport.NotFound {
		page.Faults.at("login", v.text("group.login.none"))
		return v.showGroup(http.StatusUnprocessableEntity, page)
	}
	if err == nil {
		err = v.Admin.AddMember(v.r.Context(), v.actor, p.Tenant, g.ID, u.ID)
	}
	switch {
	case err == nil:
		return v.done("/groups/"+string(g.ID), "group.added")
	case page.Faults.take(err, "login"):
		return v.showGroup(statusOf(err), page)
	}
	return err
}

// removal is the question before a user is taken out of a group.
func (v *visit) removal() (*confirmPage, error) {
	p, g, err := v.groupIn()
	if err != nil {
		return nil, err
	}
	id := sallyport.PrincipalID(v.r.PathValue("user"))
	u, err := v.Admin.Member(v.r.Context(), v.actor, p.Tenant, g.ID, id)
	if err != nil {
		return nil, err
	}
	at := p.In + "/groups/" + string(g.ID)
	page := &confirmPage{
		frame: p.frame, Heading: v.text("group.remove.heading", u.Login, g.Name), Trail: tab{Text: g.Name, Path: at},
		Action: at + "/members/" + string(id) + "/remove", Button: v.text("group.remove"), Cancel: at,
	}
	page.Title = page.Heading
	filter := store.BindingFilter{SubjectKind: sallyport.SubjectGroup, Subject: string(g.ID)}
	page.Points = v.bindingsIn(p, filter, func(b bindingRow) string { return v.text("group.remove.role", u.Login, b.What, b.Where) })
	if len(page.Points) == 0 {
		page.Points = []string{v.text("group.remove.nothing")}
	}
	point, _ := v.tokensStop(u)
	page.Points = append(page.Points, point)
	return page, nil
}

func (v *visit) askRemoveMember() error {
	page, err := v.removal()
	return v.ask(page, err)
}

func (v *visit) removeMember() error {
	page, err := v.removal()
	if err != nil {
		return err
	}
	id := v.r.PathValue("group")
	err = v.Admin.RemoveMember(v.r.Context(), v.actor, v.tenantIn(), sallyport.GroupID(id), sallyport.PrincipalID(v.r.PathValue("user")))
	return v.confirmed(page, err, v.here()+"/groups/"+id+"?done=group.removed")
}

// A groupFormPage is the form of a group, new or not.
type groupFormPage struct {
	place
	ID      sallyport.GroupID // empty: it is new
	Name    string
	About   string // title
	Version int64
	Faults  faults
}

func (v *visit) newGroup() error {
	p, err := v.place(v.text("group.new"), "groups")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "group_form", &groupFormPage{place: p})
}

func (v *visit) typedGroup(page *groupFormPage) {
	page.Name, page.About = strings.TrimSpace(v.form.Get("name")), strings.TrimSpace(v.form.Get("title"))
	page.Faults.need(page.Name, "name", v.text("group.name.need"))
}

func (v *visit) createGroup() error {
	p, err := v.place(v.text("group.new"), "groups")
	if err != nil {
		return err
	}
	page := &groupFormPage{place: p}
	v.typedGroup(page)
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "group_form", page)
	}
	g, err := v.Admin.CreateGroup(v.r.Context(), v.actor, p.Tenant, admin.NewGroup{Name: page.Name, Title: page.About})
	switch {
	case err == nil:
		return v.done("/groups/"+string(g.ID), "group.made")
	case page.Faults.take(err, "name", "title"):
		return v.show(statusOf(err), "group_form", page)
	}
	return err
}

func (v *visit) groupToEdit() (*groupFormPage, error) {
	p, g, err := v.groupIn()
	return &groupFormPage{place: p, ID: g.ID, Name: g.Name, About: g.Title, Version: g.Version}, err
}

func (v *visit) editGroup() error {
	page, err := v.groupToEdit()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "group_form", page)
}

func (v *visit) updateGroup() error {
	page, err := v.groupToEdit()
	if err != nil {
		return err
	}
	v.typedGroup(page)
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "group_form", page)
	}
	change := admin.GroupChange{Name: &page.Name, Title: &page.About}
	_, err = v.Admin.UpdateGroup(v.r.Context(), v.actor, page.Tenant, page.ID, version(v.form), change)
	switch {
	case err == nil:
		return v.done("/groups/"+string(page.ID), "group.changed")
	case page.Faults.take(err, "name", "title"):
		return v.show(statusOf(err), "group_form", page)
	}
	return err
}

func (v *visit) deletionOfGroup() (*confirmPage, error) {
	p, g, err := v.groupIn()
	if err != nil {
		return nil, err
	}
	at := p.In + "/groups/" + string(g.ID)
	return &confirmPage{
		frame: p.frame, Heading: v.text("group.delete.heading", g.Name), Trail: tab{Text: g.Name, Path: at},
		Points: append(v.stopsOfGroup(p, g), v.text("group.delete.point-1"), v.text("group.delete.point-2")), Warning: v.text("group.delete.warning"),
		Action: at + "/delete", Hidden: map[string]string{"version": strconv.FormatInt(g.Version, 10)},
		Button: v.text("group.delete"), Cancel: at,
	}, nil
}

func (v *visit) askDeleteGroup() error {
	page, err := v.deletionOfGroup()
	return v.ask(page, err)
}

func (v *visit) deleteGroup() error {
	page, err := v.deletionOfGroup()
	if err != nil {
		return err
	}
	err = v.Admin.DeleteGroup(v.r.Context(), v.actor, v.tenantIn(), sallyport.GroupID(v.r.PathValue("group")), version(v.form))
	return v.confirmed(page, err, v.here()+"/groups?done=group.deleted")
}
