package console

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

// The page of a token tells what it can do, and why not what it cannot.
func TestTokenCan(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read", "orders/write")
	b := w.signedIn("jo")
	id, _ := b.made("name", "looks", "reach", "some", "scope", "orders/look")
	at := "/tokens/" + id
	b.get(at).want(t, 200).has(t, "Routes that it can call in acme.", "that it could: 0 of 1.", ">orders/read<").hasNot(t, ">orders/write<")
	b.get(at+"/routes?api=orders").want(t, 200).has(t, "GET /orders/list", ">allowed<", "1 of 1 routes are open to it.").hasNot(t, "Missing")
	b.get(at+"/routes?api=orders&show=not").want(t, 200).has(t, "No route fits.").hasNot(t, "GET /orders/list")
	b.get(at+"/routes?api=sallyport").want(t, 200).has(t, "GET /sallyport/api/v1/me", ">refused<", "Missing, one of the scopes:", "<code>sallyport</code>")
	b.get(at+"/routes?tenant=nosuch").want(t, 404)

	poor, _ := w.signedInAs("poor").made("name", "all", "reach", "all")
	b = w.signedIn("poor")
	b.get("/tokens/"+poor+"/routes?api=orders").want(t, 200).has(t, "GET /orders/list", ">refused<", "<code>orders/read</code>").hasNot(t, "Missing scope")
}

// signedInAs makes a person without rights and signs him in.
func (w *world) signedInAs(login string) *browser {
	w.t.Helper()
	w.user(login, login)
	return w.signedIn(login)
}

func TestReacher(t *testing.T) {
	t.Parallel()
	api := &policy.API{Document: &sallyport.API{Name: "a", Scopes: []sallyport.ScopeSpec{
		{Name: "r", Permissions: []string{"read"}}, {Name: "rw", Permissions: []string{"read", "write"}}, {Name: "all", Permissions: []string{"*"}},
	}}}
	api.Name = "a"
	reading := &policy.Route{API: api, AllOf: []sallyport.Permission{"a/read"}}
	either := &policy.Route{API: api, AnyOf: []sallyport.Permission{"a/read", "a/write"}}
	writing := &policy.Route{API: api, AllOf: []sallyport.Permission{"a/read", "a/write"}}
	closed := &policy.Route{API: api, ByKind: []policy.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.PersonalToken}}}}
	named := &policy.Route{API: api, Scopes: []string{"a/special"}}
	nothing := &reacher{credential: &sallyport.Credential{Kind: sallyport.PersonalToken}, limit: &policy.Limit{}}
	for name, c := range map[string]struct {
		route *policy.Route
		want  []string
	}{
		"one":    {reading, []string{"a/r", "a/rw", "a/all", "a"}},
		"either": {either, []string{"a/r", "a/rw", "a/all", "a"}},
		"both":   {writing, []string{"a/rw", "a/all", "a"}},
		"named":  {named, []string{"a/special", "a"}},
	} {
		if got := nothing.lacks(c.route); len(got) != len(c.want) || got[0] != c.want[0] {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := nothing.may(closed); got.May || got.Why != "token.why.kind" {
		t.Errorf("a route that takes no personal tokens: %+v", got)
	}
}

// Uses, refusals, addresses and requests are on the page, each told of once the
// node has written down what it counted.
func TestTokenUsage(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	id, secret := b.made("name", "looks", "reach", "some", "scope", "orders/look")
	for _, request := range []string{"one", "two", "three"} {
		if d := w.knock(request, "/orders/list", secret); !d.Allowed {
			t.Fatalf("refused: %s", d.Reason)
		}
	}
	w.knock("four", "/orders/none", secret)
	b.get("/tokens/"+id).want(t, 200).has(t,
		"that it could: 1 of 1.", `<code>orders/read</code></th><td data-label="Times" class="number">3</td>`,
		"GET /orders/none", "route_unknown", "192.0.2.9", `credential=`+id,
	).hasNot(t, "What it could, and did not use")
	if err := w.node.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get("/tokens/"+id+"/revoke").want(t, 200).has(t, "It was used 4 times, last just now, from 192.0.2.9.", "It was used 3 times today.")
}

func TestOverlapOfToken(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	b := w.signedIn("jo")
	id, first := b.made("name", "ci", "reach", "all")
	at := "/tokens/" + id
	b.post(at+"/refresh", "version", b.get(at+"/refresh").part(t, versionPattern), "overlap", "week").want(t, 200)
	w.later(t, time.Minute)
	if reason := w.holder(first); reason != "" {
		t.Fatal(reason)
	}
	if err := w.node.Doors.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get(at).want(t, 200).has(t, "The old secret is still used.", "the old one has 7 days of 7 days left", "End the old one now")
	page := b.get(at+"/overlap").want(t, 200).has(t, "End the old secret of ci?", "It was used once, just now", "This cannot be undone.")
	b.post(at+"/overlap", "version", "99").want(t, 412).has(t, "was changed by somebody else")
	b.post(at+"/overlap", "version", page.part(t, versionPattern)).leads(t, "/sallyport"+at+"?done=overlap")
	if w.holder(first) == "" {
		t.Error("the old secret still works")
	}
	b.get(at+"?done=overlap").want(t, 200).has(t, "The old secret has ended.").hasNot(t, "End the old one now")
}

func TestBrownoutOfToken(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	id, secret := b.made("name", "ci", "reach", "all")
	at := "/tokens/" + id
	version := b.get(at+"/brownout").want(t, 200).has(t, `value="10"`, "1 hour", "7 days").part(t, versionPattern)
	for name, try := range map[string]struct {
		send  []string
		field string
	}{
		"none": {nil, "share"}, "zero": {[]string{"share", "0", "for", "1"}, "share"}, "more than all": {[]string{"share", "101", "for", "1"}, "share"},
		"a word": {[]string{"share", "half", "for", "1"}, "share"}, "no time": {[]string{"share", "50"}, "for"}, "another time": {[]string{"share", "50", "for", "5"}, "for"},
	} {
		got := b.post(at+"/brownout", append([]string{"version", version}, try.send...)...).want(t, 422)
		t.Log(name)
		got.has(t, `id="`+try.field+`-fault"`)
	}
	b.post(at+"/brownout", "version", version, "share", "100", "for", "24").leads(t, "/sallyport"+at+"?done=brownout")
	if w.holder(secret) == "" {
		t.Error("no use is refused")
	}
	page := b.get(at+"?done=brownout").want(t, 200).has(t, "The brown-out has begun.", "of 100 uses, 100 are refused", ">brown-out<", "in 24 hours")
	b.get("/account").has(t, ">brown-out<")
	b.post(at+"/brownout/end", "version", page.part(t, versionPattern)).leads(t, "/sallyport"+at+"?done=brownout.end")
	if reason := w.holder(secret); reason != "" {
		t.Errorf("uses are refused still: %s", reason)
	}
	b.get(at).want(t, 200).hasNot(t, "A brown-out is under way")
}

// An API key has the same page, where it is administered.
func TestKeyPage(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("boss", "Boss", "*")
	role, err := w.node.Admin.CreateRole(t.Context(), system, w.tenant.ID, admin.NewRole{Name: "reads", Permissions: []sallyport.Permission{"orders/read"}})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := w.node.Admin.CreateKey(t.Context(), system, w.tenant.ID, admin.NewKey{Name: "gate", Roles: []admin.KeyRole{{Role: role.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	b := w.signedIn("boss")
	id := string(issued.Credential.ID)
	at := "/access/" + string(w.tenant.ID) + "/keys/" + id
	b.get(at).want(t, 200).has(t, "gate", "What it can do", "that it could: 0 of 1.", ">reads<", at+"/brownout", at+"/edit", "All that its roles allow", "Take the role reads away")
	b.get(at+"/routes?api=orders").want(t, 200).has(t, ">allowed<")
	form := b.get(at+"/edit").want(t, 200).has(t, `value="gate"`, "All that its roles allow", `value="keep" selected`)
	b.post(at+"/edit", "version", form.part(t, versionPattern), "name", "gate 2", "reach", "some", "scope", "orders/look", "expires", "30").
		leads(t, "/sallyport"+at+"?done=updated")
	b.get(at).want(t, 200).has(t, "gate 2", "orders/look", "in 30 days")
	b.get("/tokens/"+id).want(t, 404)
	b.get("/access/all/keys/"+id).want(t, 404)
}

// A service account gets its tokens from who administers it, whose page they have.
func TestApplicationTokens(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	b.get(w.at()+"/applications").want(t, 200).has(t, "There is no service account here yet.")
	robot, err := w.node.Admin.CreateUser(t.Context(), system, w.tenant.ID, admin.NewUser{Kind: sallyport.Service, Login: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	role := w.role("reads", "orders/read")
	if _, err := w.node.Admin.CreateBinding(t.Context(), system, w.tenant.ID, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(robot.ID), Role: role.ID,
	}); err != nil {
		t.Fatal(err)
	}
	form := w.at() + "/users/" + string(robot.ID) + "/tokens/new"
	b.get(w.at()+"/applications").want(t, 200).has(t, ">robot<", "No token is in use.", "/sallyport"+form)
	b.get(form).want(t, 200).has(t, "acts as robot", "All that robot may")
	b.post(form, "name", "", "reach", "some", "expires", "7").want(t, 422).has(t, `id="name-fault"`, `id="scopes-fault"`, "acts as robot")
	got := b.post(form, "name", "nightly", "reach", "some", "scope", "orders/look", "expires", "30").want(t, 201).
		has(t, "will not be shown again", "curl --header", site+"/orders/list", "X-Tenant-Id")
	id, secret := got.part(t, tokenPattern), got.part(t, secretPattern)
	if d := w.knock("request", "/orders/list", secret); !d.Allowed {
		t.Errorf("the token is refused: %s", d.Reason)
	}
	b.get(w.at()+"/applications?search=rob").want(t, 200).has(t, "nightly", "orders/look", "/tokens/"+id+"/refresh", "/tokens/"+id+"/revoke")
	b.get(w.at()+"/applications?search=x").want(t, 200).has(t, "Nobody fits.").hasNot(t, "nightly")
	b.get("/access/all/applications").want(t, 200).has(t, "nightly")
	at := "/tokens/" + id
	b.get(at).want(t, 200).has(t, ">robot<", "What it can do", at+"/edit", at+"/refresh", ">robot<")
	edit := b.get(at+"/edit").want(t, 200).has(t, `value="nightly"`, "All that robot may")
	b.post(at+"/edit", "version", edit.part(t, versionPattern), "name", "hourly", "reach", "all", "expires", "keep").leads(t, "/sallyport"+at+"?done=updated")
	b.post(at+"/refresh", "version", b.get(at+"/refresh").part(t, versionPattern), "overlap", "none").want(t, 200).has(t, "spn_")
	if w.holder(secret) == "" {
		t.Error("the old secret still works")
	}
	b.post(at+"/revoke", "version", b.get(at+"/revoke").part(t, versionPattern)).
		leads(t, "/sallyport"+w.at()+"/users/"+string(robot.ID)+"?done=revoked")
	b.get(w.at()+"/applications?show=all").want(t, 200).has(t, "hourly", ">revoked<")

	// A person makes his tokens himself, and who may not administer sees nothing.
	jo := w.user("jo", "Jo")
	b.get(w.at()+"/users/"+string(jo.ID)+"/tokens/new").want(t, 404)
	b.post(w.at()+"/users/"+string(jo.ID)+"/tokens/new", "name", "x", "reach", "all", "expires", "7").want(t, 404)
	w.user("reads", "", admin.UsersRead, admin.TokensRead)
	reads := w.signedIn("reads")
	reads.get(w.at()+"/applications").want(t, 200).has(t, ">robot<").hasNot(t, form)
	reads.post(form, "name", "mine", "reach", "all", "expires", "7").want(t, 403).has(t, "tokens.write")
}

func TestRealms(t *testing.T) {
	w := newWorld(t)
	b := w.boss()
	list := w.at() + "/realms"
	b.get(list).want(t, 200).has(t, "There is no realm yet")
	b.get("/access/all/realms").want(t, 200).has(t, "A realm is in one tenant.")
	b.post(list+"/new", "name", "", "title", "Typed").want(t, 422).has(t, `id="name-fault"`, `value="Typed"`)
	b.post(list+"/new", "name", "a/b", "title", "Typed").want(t, 422).has(t, `id="name-fault"`, `value="a/b"`)
	b.post(list+"/new", "name", "hall-3", "title", "Hall 3").leads(t, "/sallyport"+list+"?done=realm.made")
	b.post(list+"/new", "name", "hall-3").want(t, 409).has(t, `id="name-fault"`)
	b.get(list+"?done=realm.made").want(t, 200).has(t, "The realm is made.", "hall-3", "Hall 3")
	version := b.get(list+"/hall-3/edit").want(t, 200).has(t, `value="Hall 3"`).part(t, versionPattern)
	b.post(list+"/hall-3/edit", "version", version, "title", "The third hall").leads(t, "/sallyport"+list+"?done=realm.changed")
	b.post(list+"/hall-3/edit", "version", version, "title", "Late").want(t, 412).has(t, `value="Late"`)
	role, jo := w.role("reads", "sallyport/users.read"), w.user("jo", "Jo")
	bound, err := w.node.Admin.CreateBinding(t.Context(), system, w.tenant.ID, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(jo.ID), Role: role.ID, Realm: "hall-3",
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := b.get(list+"/hall-3/delete").want(t, 200).has(t, "Remove the realm hall-3?")
	b.post(list+"/hall-3/delete", "version", ask.part(t, versionPattern)).want(t, 409).has(t, "1 binding is limited to this realm")
	if err := w.node.Admin.DeleteBinding(t.Context(), system, w.tenant.ID, bound.ID, bound.Version); err != nil {
		t.Fatal(err)
	}
	b.post(list+"/hall-3/delete", "version", ask.part(t, versionPattern)).leads(t, "/sallyport"+list+"?done=realm.deleted")
	b.get(list+"/hall-3/edit").want(t, 404)
	w.user("none", "")
	w.signedIn("none").get(list).want(t, 403)
}

// One's contact is one's own to change.
func TestContact(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	version := b.get("/account/contact").want(t, 200).has(t, `value="Jo"`).part(t, versionPattern)
	b.post("/account/contact", "version", version, "name", "Joanna", "email", "nonsense").want(t, 422).has(t, `value="Joanna"`, `value="nonsense"`, `id="email-fault"`)
	b.post("/account/contact", "version", version, "name", "Joanna", "email", "jo@acme.example").leads(t, "/sallyport/account?done=contact")
	b.get("/account?done=contact").want(t, 200).has(t, "Your contact was changed.", "Joanna", "jo@acme.example")
	b.post("/account/contact", "version", version, "name", "Late", "email", "").want(t, 412).has(t, `value="Late"`)
}

// Tokens that end soon are told of where one looks first.
func TestEndingTokens(t *testing.T) {
	w := newWorld(t)
	w.user("jo", "Jo")
	b := w.signedIn("jo")
	b.made("name", "long", "reach", "all", "expires", "90")
	b.get("/account").want(t, 200).hasNot(t, "ends soon")
	b.made("name", "short", "reach", "all", "expires", "7")
	w.later(t, time.Minute)
	b.get("/account").want(t, 200).has(t, "A token of yours ends soon.", ">ends soon<")
}

// The bar of a long life is as long as that of a short one.
func TestLifeOfManyYears(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now()
	v := &visit{Console: w.console, now: now.AddDate(0, 0, 100), r: httptest.NewRequest(http.MethodGet, site, http.NoBody)}
	for days, want := range map[int]float64{101: 0.9, 200: 50, 400: 75, 36500: 99.7} {
		if got := v.life(&tokenRow{Created: now, Expires: now.AddDate(0, 0, days)}); got.Share != want {
			t.Errorf("%d days: %v, want %v", days, got.Share, want)
		}
	}
}
