package console

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/admin"
)

// A form that is refused keeps what was typed, and says what is wrong beside the
// field that it is about.
func TestWrongInput(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read")
	for _, name := range []string{"crew", "other"} {
		if _, err := w.node.Admin.CreateGroup(t.Context(), system, w.tenant.ID, admin.NewGroup{Name: name}); err != nil {
			t.Fatal(err)
		}
		_, err := w.node.Admin.CreateRole(t.Context(), system, w.tenant.ID, admin.NewRole{Name: name, Permissions: nil})
		if err != nil {
			t.Fatal(err)
		}
	}
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of jo", admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	role := string(roles.Items[0].ID)
	linked := func(list, name string) string {
		t.Helper()
		return b.get(w.at()+list).part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+)">`+name+`<`))
	}
	group, empty := linked("/groups", "crew"), linked("/roles?api=orders", "crew")
	binding := b.get(w.at()+"/bindings?role="+role).part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+/edit)" aria-label="Change the role`))
	long := strings.Repeat("x", 300)
	condition := html.EscapeString(`methud == "GET"`)
	for _, tt := range []struct {
		name, path string
		form       []string
		fault      string // the field
		says       string
		keeps      []string
	}{
		{"a group without a name", group + "/edit", []string{"name", " ", "title", "Typed"}, "name", "Give the group a name.", []string{`value="Typed"`}},
		{"a group with the name of another", group + "/edit", []string{"name", "other", "title", "Typed"}, "name", "", []string{`value="other"`, `value="Typed"`}},
		{"a group with a long title", group + "/edit", []string{"name", "crew", "title", long}, "title", "", []string{`value="` + long + `"`}},
		{"nobody as a member", group + "/members", []string{"login", " "}, "login", "Enter the login", nil},
		{"a stranger as a member", group + "/members", []string{"login", "nobody"}, "login", "There is no such user", []string{`value="nobody"`}},
		{
			"a role without a name", empty + "/edit",
			[]string{"name", "", "title", "Typed", "permission", "orders/read"},
			"name", "Give the role a name.",
			[]string{`value="Typed"`, `value="orders/read" checked`},
		},
		{"a role with the name of another", empty + "/edit", []string{"name", "other", "title", "Typed"}, "name", "", []string{`value="other"`, `value="Typed"`}},
		{
			"a role with a permission that is none", empty + "/edit",
			[]string{"name", "crew", "permission", "orders/fly", "permission", "orders/read"},
			"permissions", "fly",
			[]string{`value="crew"`, `value="orders/read" checked`},
		},
		{
			"a binding with a bad condition", binding,
			[]string{"kind", "user", "condition", `methud == "GET"`, "expires", "2031-05-05", "state", "active"},
			"condition", "methud",
			[]string{condition, `value="2031-05-05"`},
		},
		{
			"a binding with a day that is over", binding,
			[]string{"kind", "user", "condition", `method == "GET"`, "expires", "2001-01-01", "state", "active"},
			"expires", "over",
			[]string{`value="2001-01-01"`, html.EscapeString(`method == "GET"`)},
		},
		{
			"a binding with a day that is none", binding,
			[]string{"kind", "user", "expires", "soon", "state", "deactivated"},
			"expires", "year, month and day",
			[]string{`value="soon"`, `value="deactivated" selected`},
		},
		{"a binding in a realm that is none", binding, []string{"kind", "user", "realm", "cellar", "state", "active"}, "realm", "", nil},
		{
			"a key with a bad condition", w.at() + "/keys/new",
			[]string{"name", "gate", "role", role, "condition", `methud == "GET"`, "reach", "all"},
			"condition", "methud",
			[]string{`value="gate"`, `value="` + role + `" selected`, condition},
		},
		{
			"a key without a scope", w.at() + "/keys/new",
			[]string{"name", "gate", "role", role, "reach", "some", "networks", "10.0.0.0/8"},
			"scopes", "Choose at least one",
			[]string{`value="some" checked`, ">10.0.0.0/8<"},
		},
		{
			"a key from nowhere", w.at() + "/keys/new",
			[]string{"name", "gate", "role", role, "reach", "some", "scope", "orders/look", "networks", "the cellar"},
			"networks", "Each line is",
			[]string{`value="orders/look" checked`, ">the cellar<"},
		},
		{"a key with a role that is gone", w.at() + "/keys/new", []string{"name", "gate", "role", "none", "reach", "all"}, "role", "", []string{`value="gate"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := append([]string{"version", "1"}, tt.form...)
			got := b.post(tt.path, form...)
			if got.StatusCode != 422 && got.StatusCode != 409 {
				t.Fatalf("status %d\n%s", got.StatusCode, got.text)
			}
			_, fault, found := strings.Cut(got.text, `id="`+tt.fault+`-fault"`)
			if fault, _, _ = strings.Cut(fault, "</p>"); !found || !strings.Contains(fault, tt.says) {
				t.Errorf("beside %s stands %q, want %q\n%s", tt.fault, fault, tt.says, got.text)
			}
			got.has(t, tt.keeps...)
			for _, fault := range wellMade(got.text) {
				t.Error(fault)
			}
		})
	}
}

// A key is limited to scopes and networks from the beginning.
func TestKeyLimits(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read")
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of", admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	b.get(w.at()+"/keys/new").want(t, 200).has(t, `value="all" checked`, `value="orders/look"`, "Usable from", "Condition")
	b.post(w.at()+"/keys/new", "name", "gate", "role", string(roles.Items[0].ID), "condition", `method == "GET"`, "reach", "some", "scope", "orders/look",
		"networks", "10.0.0.0/8\r\n192.0.2.7").want(t, 201)
	keys, err := w.node.Admin.Keys(t.Context(), system, w.tenant.ID, "", admin.Page{})
	if err != nil || len(keys.Items) != 1 {
		t.Fatal(keys, err)
	}
	key := keys.Items[0]
	if len(key.Scopes) != 1 || key.Scopes[0] != "orders/look" || len(key.Networks) != 2 || key.Networks[1].String() != "192.0.2.7/32" {
		t.Errorf("scopes %q, networks %v", key.Scopes, key.Networks)
	}
	b.get(w.at()+"/bindings?kind=api_key").has(t, ">gate<", html.EscapeString(`method == "GET"`))
}

// A new user may be let keep the password that he is given.
func TestUserKeepsPassword(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	b.post(w.at()+"/users/new", "kind", "person", "login", "", "keep", "yes").want(t, 422).has(t, `name="keep" value="yes" checked`)
	b.post(w.at()+"/users/new", "kind", "person", "login", "jo", "password", password, "keep", "yes").want(t, 303)
	w.signedIn("jo").get("/account").want(t, 200)
}
