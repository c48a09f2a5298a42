package console

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/store"
)

// boss makes an administrator of everything and returns his browser.
func (w *world) boss() *browser {
	w.t.Helper()
	user := w.user("boss", "The boss")
	_, err := w.node.Admin.CreateBinding(w.t.Context(), system, sallyport.EveryTenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(user.ID), Role: admin.BuiltInRole(admin.RoleAdministrator),
	})
	if err != nil {
		w.t.Fatalf("making an administrator: %v", err)
	}
	return w.signedIn("boss")
}

// at is the start of the paths about the world's tenant.
func (w *world) at() string { return "/access/" + string(w.tenant.ID) }

// Every page of access control is well made, empty and full of hostile text.
func TestAccessPages(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	full := w.user("full", hostile, "orders/read", "orders/*")
	group, err := w.node.Admin.CreateGroup(t.Context(), system, w.tenant.ID, admin.NewGroup{Name: "crew", Title: hostile})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.node.Admin.AddMember(t.Context(), system, w.tenant.ID, group.ID, full.ID); err != nil {
		t.Fatal(err)
	}
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of", admin.Page{})
	if err != nil || len(roles.Items) != 1 {
		t.Fatalf("%v, %v", roles, err)
	}
	role := string(roles.Items[0].ID)
	made := b.post(w.at()+"/keys/new", "name", "gate", "role", role, "reach", "all", "expires", "2031-01-01").want(t, 201)
	key := made.part(t, regexp.MustCompile(`/keys/([0-9a-f-]{36})"`))
	bindings, err := w.node.Admin.Bindings(t.Context(), system, w.tenant.ID, bindingsOf(full.ID), admin.Page{})
	if err != nil || len(bindings.Items) != 1 {
		t.Fatalf("%v, %v", bindings, err)
	}
	binding := string(bindings.Items[0].ID)
	paths := []string{
		"/access", "/access/new", w.at() + "/edit", w.at() + "/deactivate",
		w.at() + "/users", w.at() + "/users?search=fu&state=active", w.at() + "/users/new", w.at() + "/services",
		w.at() + "/users/" + string(full.ID), w.at() + "/users/" + string(full.ID) + "/edit", w.at() + "/users/" + string(full.ID) + "/password",
		w.at() + "/users/" + string(full.ID) + "/end", w.at() + "/users/" + string(full.ID) + "/factors", w.at() + "/users/" + string(full.ID) + "/delete",
		w.at() + "/groups", w.at() + "/groups/new", w.at() + "/groups/" + string(group.ID), w.at() + "/groups/" + string(group.ID) + "/edit",
		w.at() + "/groups/" + string(group.ID) + "/delete",
		w.at() + "/roles", w.at() + "/roles?api=orders", w.at() + "/roles/new", w.at() + "/roles/new?from=" + role,
		w.at() + "/roles/" + role, w.at() + "/roles/" + role + "/edit", w.at() + "/roles/" + role + "/delete",
		w.at() + "/roles/" + string(admin.BuiltInRole(admin.RoleAdministrator)),
		w.at() + "/bindings", w.at() + "/bindings?kind=user&role=" + role, w.at() + "/bindings/new", w.at() + "/bindings/new?kind=group&subject=crew",
		w.at() + "/bindings/" + binding + "/edit", w.at() + "/bindings/" + binding + "/delete",
		w.at() + "/keys", w.at() + "/keys?show=all", w.at() + "/keys/new", w.at() + "/keys/" + key, w.at() + "/keys/" + key + "/refresh", w.at() + "/keys/" + key + "/revoke",
		w.at() + "/keys/" + key + "/edit", w.at() + "/keys/" + key + "/brownout", w.at() + "/keys/" + key + "/routes",
		w.at() + "/applications", w.at() + "/applications?show=all&search=x", w.at() + "/realms", w.at() + "/realms/new", "/access/all/applications", "/access/all/realms",
		"/access/all/users", "/access/all/groups", "/access/all/roles", "/access/all/bindings", "/access/all/keys",
	}
	w.user("nobody", "")
	reader := w.signedIn("nobody") // who may see nothing of it
	// What tells nothing that is not his: tenants that he is a member of, and
	// forms with nothing in them.
	open := map[string]bool{
		"/access": true, "/access/new": true, w.at() + "/edit": true, w.at() + "/deactivate": true, "/access/all/keys": true, "/access/all/realms": true, w.at() + "/realms/new": true,
		w.at() + "/users/new": true, w.at() + "/groups/new": true, w.at() + "/roles/new": true,
	}
	for _, path := range paths {
		got := b.get(path)
		if got.StatusCode != 200 {
			t.Errorf("%s: status %d", path, got.StatusCode)
		}
		for _, fault := range wellMade(got.text) {
			t.Errorf("%s: %s\n%s", path, fault, got.text)
		}
		if fault := guarded(got.Header); fault != "" {
			t.Errorf("%s: %s", path, fault)
		}
		if len(got.text) > 40_000 {
			t.Errorf("%s: %d bytes", path, len(got.text))
		}
		got.hasNot(t, "<img src=x", "onerror=alert(1)>", "<nil>", "%!", "ZgotmplZ", "0001-01-01", "January 1 ")
		if got := reader.get(path); got.StatusCode != 403 && got.StatusCode != 404 && !open[path] {
			t.Errorf("%s for who may not: status %d\n%s", path, got.StatusCode, got.text)
		}
	}
	b.get(w.at()+"/users").has(t, html.EscapeString(hostile))
	b.get("/").leads(t, "/sallyport/overview")
	b.get(w.at()).leads(t, "/sallyport"+w.at()+"/users")
	reader.get("/account").hasNot(t, "Access control")
	b.get("/account").has(t, "Access control")
	b.get("/access/00000000-0000-4000-8000-000000000000/users").want(t, 404)
}

// Users are made, changed, and taken out of use; what is refused keeps what was
// typed, with the fault beside its field.
func TestUsers(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	got := b.post(w.at()+"/users/new", "kind", "person", "login", "no spaces\t", "name", "Typed Name", "email", "x").want(t, 422)
	got.has(t, `value="Typed Name"`, `id="login-fault"`, `aria-invalid="true"`)
	b.post(w.at()+"/users/new", "kind", "person", "login", "", "name", "Typed Name").want(t, 422).has(t, "Enter a login.", `value="Typed Name"`)
	b.post(w.at()+"/users/new", "kind", "person", "login", "boss").want(t, 409).has(t, `id="login-fault"`)
	made := b.post(w.at()+"/users/new", "kind", "person", "login", "Jo", "name", "Jo", "password", password)
	at := strings.TrimSuffix(strings.TrimPrefix(made.Header.Get("Location"), Base), "?done=user.made")
	page := b.get(at+"?done=user.made").want(t, 200).has(t, "The user is made.", "There is no role here")
	jo := w.signedIn("jo")
	jo.get("/account").leads(t, "/sallyport/password") // it was set by somebody else
	edit := b.get(at + "/edit")
	b.post(at+"/edit", "version", edit.part(t, versionPattern), "login", "joan", "name", "Joan").leads(t, "/sallyport"+at+"?done=user.changed")
	b.post(at+"/edit", "version", edit.part(t, versionPattern), "login", "john").want(t, 412).has(t, `value="john"`)

	// One click asks, and naming what stops; the second one does it.
	ticked := page.part(t, regexp.MustCompile(`name="user" value="([^"]+)"`))
	ask := b.post(w.at()+"/users/deactivate", "user", ticked).want(t, 200).has(t, "Deactivate joan?", "has no token in use", "for good")
	if reason := w.holder(jo.session); reason != "" {
		t.Fatalf("he was deactivated by the question: %s", reason)
	}
	b.post(w.at()+"/users/deactivate", "user", ticked, "sure", "yes").want(t, 409).has(t, "was not deactivated") // it was changed since
	ticked = b.get(at).part(t, regexp.MustCompile(`name="user" value="([^"]+)"`))
	b.post(w.at()+"/users/deactivate", "user", ticked, "sure", "yes").leads(t, "/sallyport"+at+"?done=user.deactivated")
	if reason := w.holder(jo.session); reason == "" {
		t.Error("his session goes on")
	}
	after := b.get(at+"?done=user.deactivated").has(t, "deactivated", "Activate")
	b.post(at+"/activate", "version", after.part(t, versionPattern)).leads(t, "/sallyport"+at+"?done=user.activated")
	b.post(at+"/password", "password", "short").want(t, 422).has(t, `id="password-fault"`).hasNot(t, "short\"")
	b.post(at+"/password", "password", another, "keep", "yes").leads(t, "/sallyport"+at+"?done=user.password")
	b.get(at+"/factors").want(t, 200).has(t, "Remove the second factors of joan?", "Every session ends.")
	b.post(at+"/factors").leads(t, "/sallyport"+at+"?done=user.factors")
	b.get(at+"?done=user.factors").want(t, 200).has(t, "The second factors are gone")
	b.post(at+"/end").leads(t, "/sallyport"+at+"?done=user.ended")
	b.post(at+"/delete", "version", b.get(at+"/delete").part(t, versionPattern)).leads(t, "/sallyport"+w.at()+"/users?done=user.deleted")
	b.get(at).want(t, 404)
	_ = ask
}

// Many users are deactivated by one form, those that cannot be stay in it.
func TestDeactivateMany(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	for _, login := range []string{"u1", "u2", "u3"} {
		w.user(login, "")
	}
	var form []string
	for _, m := range regexp.MustCompile(`name="user" value="([^"]+)"`).FindAllStringSubmatch(b.get(w.at()+"/users?search=u").text, -1) {
		form = append(form, "user", m[1])
	}
	if len(form) != 6 {
		t.Fatalf("%d users can be ticked", len(form)/2)
	}
	b.post(w.at()+"/users/deactivate", form...).want(t, 200).has(t, "Deactivate 3 users?", "u1 has no token", "u3 has no token")
	form[1] += "9" // somebody has changed u1 meanwhile
	b.post(w.at()+"/users/deactivate", append(form, "sure", "yes")...).want(t, 409).has(t, "One user was not deactivated; 2 were.", "u1: ").hasNot(t, "u2: ")
	b.get(w.at()+"/users?state=deactivated").has(t, ">u2<", ">u3<").hasNot(t, ">u1<")
	b.post(w.at()+"/users/deactivate").leads(t, "/sallyport"+w.at()+"/users?done=users.none")
	for _, wrong := range []string{"x", "a:b:c", ":::", string(w.tenant.ID) + ":nobody:1"} {
		if got := b.post(w.at()+"/users/deactivate", "user", wrong, "sure", "yes"); got.StatusCode < 400 || got.StatusCode > 499 {
			t.Errorf("%q: status %d", wrong, got.StatusCode)
		}
	}
}

// A list is read on from part to part, and filters stay.
func TestUserPages(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	for i := range 60 {
		_, err := w.node.Admin.CreateUser(t.Context(), system, w.tenant.ID, admin.NewUser{Login: "many-" + string(rune('a'+i/10)) + string(rune('0'+i%10))})
		if err != nil {
			t.Fatal(err)
		}
	}
	first := b.get(w.at()+"/users?search=many").has(t, "many-a0", "many-e9").hasNot(t, "many-f0", `rel="first"`)
	next := html.UnescapeString(first.part(t, regexp.MustCompile(`href="([^"]+)" rel="next"`)))
	second := b.get(strings.TrimPrefix(next, Base)).has(t, "many-f0", "many-f9", `rel="first"`, "End of the list").hasNot(t, "many-e9", `rel="next"`)
	if back := html.UnescapeString(second.part(t, regexp.MustCompile(`href="([^"]+)" rel="first"`))); back != Base+w.at()+"/users?search=many" {
		t.Errorf("the first part is at %s", back)
	}
	b.get(w.at()+"/users?search=nobody").has(t, "Nobody fits.")
}

// Roles are given with a condition that is checked while it is typed.
func TestBindings(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	jo := w.user("jo", "Jo", "orders/read")
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of", admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	role := string(roles.Items[0].ID)
	w.user("ann", "Ann")
	check := func(value, want string) {
		t.Helper()
		got := b.post(w.at()+"/bindings/check", "value", value).want(t, 200)
		if !strings.Contains(got.text, want) || want == "" && got.text != "" || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%q: %q, want %q", value, got.text, want)
		}
	}
	check("", "")
	check(`method == "GET"`, "")
	check(`methud == "GET"`, "methud")
	check(`method`, "true or false")
	w.signedIn("jo").post(w.at()+"/bindings/check", "value", "x").want(t, 403)

	bad := b.post(w.at()+"/bindings/new", "kind", "user", "subject", "ann", "role", role, "condition", `methud == "GET"`, "expires", "2031-05-05").want(t, 422)
	bad.has(t, `id="condition-fault"`, html.EscapeString(`methud == "GET"`), `value="ann"`, `value="2031-05-05"`, `value="`+role+`" selected`)
	b.post(w.at()+"/bindings/new", "kind", "user", "subject", "nobody", "role", role).want(t, 422).has(t, `id="subject-fault"`)
	b.post(w.at()+"/bindings/new", "kind", "group", "subject", "ann", "role", role).want(t, 422).has(t, `id="subject-fault"`)
	b.post(w.at()+"/bindings/new", "kind", "user", "subject", "ann").want(t, 422).has(t, `id="role-fault"`)
	b.post(w.at()+"/bindings/new", "kind", "user", "subject", "ann", "role", role, "expires", "2001-01-01").want(t, 422).has(t, `id="expires-fault"`)
	b.post(w.at()+"/bindings/new", "kind", "user", "subject", "Ann", "role", role, "condition", `method == "GET"`, "expires", "2031-05-05").
		leads(t, "/sallyport"+w.at()+"/bindings?done=binding.made")
	list := b.get(w.at()+"/bindings?role="+role).has(t, ">ann<", ">jo<", html.EscapeString(`method == "GET"`), "6 May 2031")
	edit := list.part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+/edit)" aria-label="Change the role role of jo of ann"`))
	page := b.get(edit).has(t, `value="2031-05-05"`)
	off := []string{"version", page.part(t, versionPattern), "kind", "user", "expires", "2031-05-05", "condition", "", "state", "deactivated"}
	b.post(edit, off...).want(t, 200).has(t, "Put the role role of jo of ann out of use?", "ann loses one permission in acme", `name="expires" value="2031-05-05"`, `name="sure" value="yes"`)
	b.post(edit, append(off, "sure", "yes")...).
		leads(t, "/sallyport"+w.at()+"/bindings?done=binding.changed")
	gone := strings.TrimSuffix(edit, "/edit") + "/delete"
	ask := b.get(gone).want(t, 200).has(t, "Take the role role of jo away from ann?", "ann loses one permission in acme")
	b.post(gone, "version", ask.part(t, versionPattern)).leads(t, "/sallyport"+w.at()+"/bindings?done=binding.deleted")
	b.get(w.at()+"/users/"+string(jo.ID)).has(t, "role of jo")
}

// The matrix tells what is given by name and what by a wildcard, and built-in
// roles are locked.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read")
	w.user("ann", "Ann", "orders/*")
	page := b.get(w.at()+"/roles?api=orders").want(t, 200).has(t, "role of jo", "role of ann", "administrator", "built-in")
	if own, whole, none := strings.Count(page.text, ">✓<"), strings.Count(page.text, ">✱<"), strings.Count(page.text, ">·<"); own != 1 || whole != 4 || none != 1 {
		t.Errorf("%d by name, %d by a wildcard, %d not\n%s", own, whole, none, page.text)
	}
	builtIn := w.at() + "/roles/" + string(admin.BuiltInRole(admin.RoleAuditor))
	b.get(builtIn).has(t, "Built-in roles cannot be changed.").hasNot(t, "/edit\"", "/delete\"")
	b.post(builtIn+"/edit", "version", "1", "name", "mine").want(t, 404)
	b.post(w.at()+"/roles/new", "name", "", "title", "Typed", "permission", "orders/read").want(t, 422).has(t, `value="Typed"`, `value="orders/read" checked`, `id="name-fault"`)
	b.post(w.at()+"/roles/new", "name", "x", "permission", "orders/nosuch").want(t, 422).has(t, `id="permissions-fault"`)
	made := b.post(w.at()+"/roles/new", "name", "reader", "title", "Reads", "permission", "orders/read")
	at := strings.TrimSuffix(strings.TrimPrefix(made.Header.Get("Location"), Base), "?done=role.made")
	b.get(at).has(t, "Reads", "orders/read", "Nobody has this role here.")
	b.get(w.at()+"/roles/new?from="+at[strings.LastIndex(at, "/")+1:]).has(t, "copy of reader", `value="orders/read" checked`)
	edit := b.get(at + "/edit")
	b.post(at+"/edit", "version", edit.part(t, versionPattern), "name", "reader", "title", "", "permission", "orders/read", "permission", "orders/write").leads(t, "/sallyport"+at+"?done=role.changed")
	b.post(at+"/delete", "version", b.get(at+"/delete").part(t, versionPattern)).leads(t, "/sallyport"+w.at()+"/roles?done=role.deleted")
}

// The secret of a key is shown once, and the key does what its role says.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read")
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of", admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	b.post(w.at()+"/keys/new", "name", "gate", "expires", "2031-01-01").want(t, 422).has(t, `id="role-fault"`, `value="gate"`)
	form := url.Values{"name": {"gate"}, "role": {string(roles.Items[0].ID)}, "reach": {"all"}, "expires": {"2031-01-01"}, "once": {b.get(w.at()+"/keys/new").part(t, oncePattern)}}
	made := b.do("POST", w.at()+"/keys/new", form).want(t, 201)
	secret := made.part(t, regexp.MustCompile(`>(spk_[0-9A-Za-z]{20,})<`))
	if reason := w.holder(secret); reason != "" {
		t.Errorf("the key is refused: %s", reason)
	}
	b.do("POST", w.at()+"/keys/new", form).want(t, 201).has(t, "sent twice").hasNot(t, secret)
	at := w.at() + "/keys/" + made.part(t, regexp.MustCompile(`/keys/([0-9a-f-]{36})"`))
	page := b.get(at).want(t, 200).has(t, "gate", "role of jo").hasNot(t, secret)
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
	fresh := b.post(at+"/refresh", "version", b.get(at+"/refresh").part(t, versionPattern), "overlap", "none").want(t, 200)
	if got := w.holder(secret); got == "" {
		t.Error("the old secret goes on")
	}
	secret = fresh.part(t, regexp.MustCompile(`>(spk_[0-9A-Za-z]{20,})<`))
	b.post(at+"/refresh", "version", "1", "overlap", "forever").want(t, 422).has(t, `id="overlap-fault"`)
	ask := b.get(at+"/revoke").has(t, "Revoke gate?", "Revoke the key")
	b.post(at+"/revoke", "version", ask.part(t, versionPattern)).leads(t, "/sallyport"+w.at()+"/keys?done=key.revoked")
	if got := w.holder(secret); got == "" {
		t.Error("the key is not revoked")
	}
	b.get(w.at()+"/keys").hasNot(t, "gate")
	b.get(w.at()+"/keys?show=all").has(t, "gate", "revoked")
}

// Groups are made, filled and emptied.
func TestGroups(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	w.user("jo", "Jo")
	b.post(w.at()+"/groups/new", "name", "", "title", "Typed").want(t, 422).has(t, `id="name-fault"`, `value="Typed"`)
	made := b.post(w.at()+"/groups/new", "name", "crew")
	at := strings.TrimSuffix(strings.TrimPrefix(made.Header.Get("Location"), Base), "?done=group.made")
	b.get(at).want(t, 200).has(t, "Nobody is in the group yet.")
	b.post(at+"/members", "login", "nobody").want(t, 422).has(t, `value="nobody"`, `id="login-fault"`)
	b.post(at+"/members", "login", "JO").leads(t, "/sallyport"+at+"?done=group.added")
	out := b.get(at).has(t, ">jo<").part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+/remove)"`))
	b.get(out).want(t, 200).has(t, "Take jo out of crew?", "The group has no role here", "jo has no token in use.")
	b.post(out).leads(t, "/sallyport"+at+"?done=group.removed")
	b.post(at+"/edit", "version", b.get(at+"/edit").part(t, versionPattern), "name", "crew", "title", "All of us").leads(t, "/sallyport"+at+"?done=group.changed")
	b.post(out).want(t, 404) // he is not in it any more
	b.get(w.at()+"/groups").has(t, "crew", "All of us")
	b.post(at+"/delete", "version", b.get(at+"/delete").part(t, versionPattern)).leads(t, "/sallyport"+w.at()+"/groups?done=group.deleted")
}

// Tenants are a tree.
func TestTenants(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	b.post("/access/new", "name", "", "token_max_age", "soon").want(t, 422).has(t, `id="name-fault"`, `id="token_max_age-fault"`, `value="soon"`)
	b.post("/access/new", "name", "hall 3", "parent", string(w.tenant.ID), "token_max_age", "90").leads(t, "/sallyport/access?done=tenant.made")
	b.post("/access/new", "name", "hall 1", "parent", string(w.tenant.ID)).leads(t, "/sallyport/access?done=tenant.made")
	page := b.get("/access").has(t, "├ </span><a", "└ </span><a", string(w.tenant.ID), "Every tenant")
	if one, three := strings.Index(page.text, ">hall 1<"), strings.Index(page.text, ">hall 3<"); one < 0 || three < one || strings.Index(page.text, ">acme<") > one {
		t.Errorf("the tree is out of order\n%s", page.text)
	}
	at := page.part(t, regexp.MustCompile(`href="/sallyport(/access/[0-9a-f-]{36})/edit" aria-label="Edit the tenant hall 3"`))
	edit := b.get(at+"/edit").has(t, `value="90"`, `href="/sallyport/access/new?parent=`+strings.TrimPrefix(at, "/access/")+`"`)
	b.get("/tenants/"+string(w.tenant.ID)).has(t, `href="/sallyport/tokens/new?tenant=`+string(w.tenant.ID)+`"`)
	b.post(at+"/edit", "version", edit.part(t, versionPattern), "name", "hall 4", "parent", "", "token_max_age", "90", "token_default_age", "30").leads(t, "/sallyport/access?done=tenant.changed")
	b.post(at+"/deactivate", "version", b.get(at+"/deactivate").part(t, versionPattern)).leads(t, "/sallyport/access?done=tenant.deactivated")
	b.get(at+"/edit").has(t, "Take it into use again")
	b.post(at+"/reactivate", "version", b.get(at+"/edit").part(t, versionPattern)).leads(t, "/sallyport/access?done=tenant.reactivated")
	w.user("tina", "Tina", "sallyport/users.read")
	tina := w.signedIn("tina")
	tina.get("/access").has(t, ">acme<").hasNot(t, "hall 4", "Every tenant")
	tina.post("/access/new", "name", "mine").want(t, http.StatusForbidden)
}

// A service account with many tokens does not make a long page: the list of
// accounts has some of each, and his own page has them part by part.
func TestManyTokens(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	robot, err := w.node.Admin.CreateUser(t.Context(), system, w.tenant.ID, admin.NewUser{Kind: sallyport.Service, Login: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range shownTokens + 1 {
		w.clock.Advance(time.Millisecond) // lists are by age
		_, err := w.node.Admin.CreateApplicationToken(t.Context(), system, w.tenant.ID, robot.ID, admin.NewToken{Name: "token-" + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	at := w.at() + "/users/" + string(robot.ID)
	b.get(w.at()+"/applications").want(t, 200).has(t, ">token-0<", ">token-2<", `href="/sallyport`+at+`#tokens"`).hasNot(t, ">token-3<")
	first := b.get(at).want(t, 200).has(t, ">token-0<", ">token-24<").hasNot(t, ">token-25<")
	next := html.UnescapeString(first.part(t, regexp.MustCompile(`href="/sallyport([^"]+)#tokens" rel="next"`)))
	b.get(next).want(t, 200).has(t, ">token-25<").hasNot(t, ">token-0<", `rel="next"`)
}

// With more tenants than a form lists, the one that is chosen is still there.
func TestManyTenants(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	_, err := w.node.Store.Write(t.Context(), func(tx *store.Tx) error {
		for i := range maxTenants + 1 {
			tenant := sallyport.Tenant{ID: sallyport.TenantID(fmt.Sprintf("00000000-0000-4000-8000-%012x", i)), Name: fmt.Sprintf("hall %04d", i), State: sallyport.Active}
			if err := tx.InsertTenant(t.Context(), &tenant); err != nil {
				return err
			}
		}
		tx.Note(sallyport.ChangePolicy, "")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.later(t, time.Second)
	last := fmt.Sprintf("00000000-0000-4000-8000-%012x", maxTenants)
	chosen := `<option value="` + last + `" selected>`
	b.get("/tokens/new?tenant="+last).want(t, 200).has(t, chosen+"In hall 0400 only")
	b.get("/access/new?parent="+last).want(t, 200).has(t, chosen+"hall 0400")
	b.get("/overview?tenant="+last).want(t, 200).has(t, chosen+"hall 0400")
	b.get("/access/new?parent=none").want(t, 200).hasNot(t, `value="none"`)
}
