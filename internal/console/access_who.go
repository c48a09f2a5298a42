package console

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func whoRoutes() []route {
	return []route{{"who-can", "GET", "/access/{tenant}/who-can", member, (*visit).whoCan}}
}

// A whoPage answers who holds a permission in a tenant.
type whoPage struct {
	place
	Permission  string
	Permissions []option
	Asked       bool
	Rows        []holderRow
	Pager       pager
	Faults      faults
}

// A holderRow is somebody who holds it.
type holderRow struct {
	Who         string
	Kind        string
	Path        string // to his page; empty: none that the visitor may see
	Through     []string
	Realms      []string
	Conditional bool
	Tokens      int
}

func (v *visit) whoCan() error {
	p, err := v.place(v.text("who.title"), "who-can")
	if err != nil {
		return err
	}
	page := &whoPage{place: p, Permission: v.r.URL.Query().Get("permission")}
	page.Permissions = v.permissionChoices(page.Permission)
	if page.Asked = page.Permission != ""; !page.Asked {
		return v.show(http.StatusOK, "who", page)
	}
	permission := sallyport.Permission(page.Permission)
	question := func() (admin.Wanted, error) {
		if _, known := v.Doors.Policy().Permission(permission); !known {
			return admin.Wanted{}, sallyport.ErrInvalid("permission", v.text("who.unknown"))
		}
		return admin.Wanted{AllOf: []sallyport.Permission{permission}, Realms: true}, nil
	}
	list, err := v.Admin.WhoCan(v.r.Context(), v.actor, p.Tenant, v.listed(), question)
	if page.Faults.take(err, "permission") {
		page.Asked = false
		return v.show(statusOf(err), "who", page)
	}
	if err != nil {
		return err
	}
	for i := range list.Items {
		page.Rows = append(page.Rows, v.holderRow(&list.Items[i]))
	}
	page.Pager = v.pager(list.Next)
	return v.show(http.StatusOK, "who", page)
}

func (v *visit) holderRow(h *admin.Holder) holderRow {
	row := holderRow{
		Who: titleOr(h.Principal.Login, string(h.Principal.ID)), Kind: v.text("subject." + string(sallyport.SubjectUser)),
		Realms: h.Realms, Conditional: h.Conditional, Tokens: len(h.Tokens) + h.MoreTokens,
	}
	at := "/users/"
	if h.Principal.Kind == sallyport.PrincipalAPIKey {
		row.Kind, at = v.text("subject."+string(sallyport.SubjectKey)), "/keys/"
	}
	if h.Principal.Login != "" {
		row.Path = in(h.Principal.Home) + at + string(h.Principal.ID)
	}
	for _, held := range h.Through {
		text := v.text("who.role", held.Role.Name)
		if held.Group != nil {
			text = v.text("who.group", held.Role.Name, held.Group.Name)
		}
		if !slices.Contains(row.Through, text) {
			row.Through = append(row.Through, text)
		}
	}
	return row
}

// permissionChoices are all permissions there are.
func (v *visit) permissionChoices(chosen string) []option {
	list := []option{{Text: v.text("who.choose"), Chosen: chosen == ""}}
	for _, api := range v.Doors.Policy().APIs() {
		for _, p := range api.Document.Permissions {
			name := string(api.Name) + "/" + p.Name
			text := name
			if p.Title != "" {
				text += " · " + p.Title
			}
			list = append(list, option{Value: name, Text: text, Chosen: chosen == name})
		}
	}
	return list
}
