package console

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// What is taken away is named before: by whom it was used, when and from where.
func TestStops(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	jo := w.user("jo", "Jo", "orders/read")
	device := w.signedIn("jo")
	_, secret := device.made("name", "backup", "reach", "all")
	if reason := w.holder(secret); reason != "" {
		t.Fatal(reason)
	}
	at := w.at() + "/users/" + string(jo.ID)
	for _, path := range []string{at + "/end", at + "/delete"} {
		b.get(path).want(t, 200).has(t, "jo has one token", "One browser is signed out, used", "from 192.0.2.1")
	}
	b.get(at+"/factors").want(t, 200).has(t, "One browser is signed out").hasNot(t, "jo has one token")

	group, err := w.node.Admin.CreateGroup(t.Context(), system, w.tenant.ID, admin.NewGroup{Name: "crew"})
	if err != nil {
		t.Fatal(err)
	}
	gone := w.at() + "/groups/" + string(group.ID) + "/delete"
	b.get(gone).want(t, 200).has(t, "Nobody is in it.")
	if err := w.node.Admin.AddMember(t.Context(), system, w.tenant.ID, group.ID, jo.ID); err != nil {
		t.Fatal(err)
	}
	roles, err := w.node.Admin.Roles(t.Context(), system, w.tenant.ID, "role of jo", admin.Page{})
	if err != nil {
		t.Fatal(err)
	}
	role := roles.Items[0]
	_, err = w.node.Admin.CreateBinding(t.Context(), system, w.tenant.ID, admin.NewBinding{
		SubjectKind: sallyport.SubjectGroup, Subject: string(group.ID), Role: role.ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.get(gone).want(t, 200).has(t, "One user is in it: jo.", "They lose the role role of jo in acme.")

	// A role that somebody has is not deleted, so there is no button for it.
	b.get(w.at()+"/roles/"+string(role.ID)+"/delete").want(t, 200).has(t, "jo has it in acme.", "crew has it in acme.", "take it away").
		hasNot(t, `<button class="danger">`)

	_, err = w.node.Admin.CreateKey(t.Context(), system, w.tenant.ID, admin.NewKey{Name: "gate"})
	if err != nil {
		t.Fatal(err)
	}
	b.get(w.at()+"/deactivate").want(t, 200).has(t, "One API key stops working; it was never used.")
	b.get("/apis/orders/delete").want(t, 200).has(t, "No request to it is kept.", "https://sallyport.test/orders")
}

// Where somebody is signed in is seen and ended one by one, by himself and by who
// may.
func TestEndOneSession(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	jo := w.user("jo", "Jo")
	first, second := w.signedIn("jo"), w.signedIn("jo")
	link := first.get("/sessions").want(t, 200).part(t, regexp.MustCompile(`href="/sallyport(/sessions/[^"]+/end)"`))
	first.get(link).want(t, 200).has(t, "End the session of Firefox on Linux at 192.0.2.1?", "It was last used", "has to sign in again")
	first.post(link).leads(t, "/sallyport/sessions?done=session")
	second.get("/account").leads(t, "/sallyport/sign-in?done=ended&next=%2Fsallyport%2Faccount")
	first.get(link).want(t, 404)

	at := w.at() + "/users/" + string(jo.ID)
	link = b.get(at).want(t, 200).has(t, "Signed in from", "Firefox on Linux").part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+/sessions/[^"]+/end)"`))
	b.get(link).want(t, 200).has(t, "End the session of Firefox on Linux")
	b.post(strings.Replace(link, string(jo.ID), string(w.user("ann", "Ann").ID), 1)).want(t, 404) // it is not hers
	b.post(link).leads(t, "/sallyport"+at+"?done=session")
	first.get("/account").leads(t, "/sallyport/sign-in?done=ended&next=%2Fsallyport%2Faccount")
	b.get(at).has(t, "Signed in nowhere.")
	w.user("di", "Di", admin.UsersRead)
	w.signedIn("di").get(at).want(t, 200).hasNot(t, "Signed in from")
}

// A program's sign-in is ended in the same way, and nobody is unlocked who is not
// locked.
func TestEndOneSignIn(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	jo := w.user("jo", "Jo")
	begin := func() string {
		s, err := w.node.Admin.StartFamily(t.Context(), admin.NewFamily{Principal: jo.ID, Client: "reporter", Refresh: true})
		if err != nil {
			t.Fatal(err)
		}
		return string(s.Family.ID)
	}
	mine := w.signedIn("jo")
	link := "/sign-ins/" + begin() + "/end"
	mine.get("/sessions").want(t, 200).has(t, "reporter", Base+link)
	mine.get(link).want(t, 200).has(t, "End the sign-in of reporter?", "refused at once")
	mine.post(link).leads(t, "/sallyport/sessions?done=signin")
	mine.get(link).want(t, 404)

	at := w.at() + "/users/" + string(jo.ID)
	link = at + "/sign-ins/" + begin() + "/end"
	b.get(at).want(t, 200).has(t, Base+link)
	b.get(link).want(t, 200).has(t, "End the sign-in of reporter?")
	b.post(link).leads(t, "/sallyport"+at+"?done=signin")
	b.post(at+"/unlock", "version", b.get(at+"/delete").part(t, versionPattern)).want(t, 409).has(t, "The user is not locked")
}

// A tenant in which nothing is left can be deleted, and of another it is said why
// it cannot.
func TestDeleteTenant(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	empty, err := w.node.Admin.CreateTenant(t.Context(), system, admin.NewTenant{Name: "hall 3"})
	if err != nil {
		t.Fatal(err)
	}
	b.post(w.at()+"/delete", "version", b.get(w.at()+"/delete").part(t, versionPattern)).want(t, 409).has(t, "There are still")
	at := "/access/" + string(empty.ID)
	b.get(at+"/edit").has(t, `href="/sallyport`+at+`/delete"`)
	ask := b.get(at+"/delete").want(t, 200).has(t, "Delete the tenant hall 3?", "cannot be undone")
	b.post(at+"/delete", "version", ask.part(t, versionPattern)).leads(t, "/sallyport/access?done=tenant.deleted")
	b.get("/access?done=tenant.deleted").has(t, "The tenant is deleted.").hasNot(t, "hall 3")
}

// How often something was used today, and through which binding, is said before it
// is taken away.
func TestStopsWhatIsUsed(t *testing.T) {
	w := newWorld(t)
	upstream := httptest.NewServer(nil)
	t.Cleanup(upstream.Close)
	b := w.boss()
	b.post("/start", "upstream", upstream.URL, "name", "api", "dialect", "standard", "base_path", "/api").leads(t, Base+"/start/api?done=start")
	jo := w.user("jo", "Jo", "api/read")
	_, secret := w.signedIn("jo").made("name", "backup", "reach", "all")
	for range 3 {
		if d := w.asked("GET", "/api/things", secret); !d.Allowed {
			t.Fatalf("the token is refused: %s", d.Reason)
		}
	}
	if err := w.node.Doors.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := w.at() + "/users/" + string(jo.ID)
	b.get(at+"/end").want(t, 200).has(t, "jo has one token; last used was “backup”", "They were used 3 times today.")
	ticked := b.get(at).part(t, regexp.MustCompile(`name="user" value="([^"]+)"`))
	b.post(w.at()+"/users/deactivate", "user", ticked).want(t, 200).has(t, "They were used 3 times today.", "One browser is signed out")
	binding := b.get(at).part(t, regexp.MustCompile(`href="/sallyport(/access/[^"]+/bindings/[^"]+/delete)"`))
	b.get(binding).want(t, 200).has(t, "It was used 3 times in 30 days, last on")
	w.asked("DELETE", "/api/things", secret) // what is refused is kept
	b.get("/apis/api/delete").want(t, 200).has(t, "The last request to it that is kept came just now")
}
