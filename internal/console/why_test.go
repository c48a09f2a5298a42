package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
)

// knock makes a request at the doors.
func (w *world) knock(id, target, secret string) sallyport.Decision {
	w.t.Helper()
	r := &doors.Request{
		ID: id, Method: "GET", Target: target, Host: "api.test", Scheme: "http", Header: http.Header{"X-Tenant-Id": {string(w.tenant.ID)}},
		Client: netip.MustParseAddr("192.0.2.9"),
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	return w.node.Doors.Decide(w.t.Context(), r)
}

// role makes a role in the world's tenant.
func (w *world) role(name string, permissions ...sallyport.Permission) sallyport.Role {
	w.t.Helper()
	r, err := w.node.Admin.CreateRole(w.t.Context(), system, w.tenant.ID, admin.NewRole{Name: name, Permissions: permissions})
	if err != nil {
		w.t.Fatalf("making a role: %v", err)
	}
	return r
}

// refused makes a user whom the orders refuse, and returns the browser in which
// he has signed in and the secret of a token of his.
func (w *world) refused(id string) (jo *browser, secret string) {
	w.t.Helper()
	w.user("jo", hostile, "sallyport/users.read")
	jo = w.signedIn("jo")
	_, secret = jo.made("name", "script", "reach", "all")
	if d := w.knock(id, "/orders/list", secret); d.Reason != sallyport.PermissionMissing {
		w.t.Fatalf("the request came to %q", d.Reason)
	}
	return jo, secret
}

// Decisions are listed and chosen among, to each as much as he may see.
func TestWhyList(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	b.get("/why").want(t, 200).has(t, "No request that fits is kept.")
	jo, secret := w.refused("request-of-jo")
	w.knock("request-of-nobody", "/orders/list", "")
	w.knock("request-elsewhere", "/orders/nowhere", secret)

	page := b.get("/why").want(t, 200).has(t, whyOf("request-of-jo"), whyOf("request-of-nobody"), whyOf("request-elsewhere"), "192.0.2.9")
	for _, fault := range wellMade(page.text) {
		t.Errorf("%s\n%s", fault, page.text)
	}
	for query, want := range map[string]string{
		"reason=permission_missing":   "request-of-jo",
		"who=jo&reason=route_unknown": "request-elsewhere",
		"tenant=" + string(w.tenant.ID) + "&api=orders&reason=permission_missing": "request-of-jo",
		"reason=credential_missing&address=192.0.2.9":                             "request-of-nobody",
		"reason=permission_missing&address=192.0.2.8":                             "",
		"reason=permission_missing&api=other":                                     "",
		"who=boss&api=orders":                                                     "",
		"credential=none":                                                         "",
		"outcome=allowed&api=orders":                                              "",
	} {
		got := b.get("/why?"+query).want(t, 200)
		if n := strings.Count(got.text, `href="`+Base+`/why/`); n > 1 || n == 1 && !strings.Contains(got.text, whyOf(want)) || (n == 1) != (want != "") {
			t.Errorf("%s leads to %d requests, want %q", query, n, want)
		}
	}
	// What is wrong with a question stands beside it, and it is kept.
	b.get("/why?who=nobody-at-all&api=orders").want(t, 422).has(t, `id="who-fault"`, `value="nobody-at-all"`, `value="orders"`)
	b.get("/why?address=here&api=orders").want(t, 422).has(t, `id="address-fault"`, `value="here"`, `value="orders"`)
	b.get("/why?request=+").want(t, 422).has(t, `id="request-fault"`)
	b.get("/why?request=no-such-request").want(t, 422).has(t, `id="request-fault"`, `value="no-such-request"`)
	b.get("/why?request=request-of-jo").leads(t, whyOf("request-of-jo"))

	// One's own everybody may see, those of others not.
	jo.get("/requests").want(t, 200).has(t, whyOf("request-of-jo"), whyOf("request-elsewhere")).hasNot(t, "request-of-nobody", `name="who"`)
	jo.get("/requests?request=request-of-nobody").want(t, 422).has(t, `id="request-fault"`)
	jo.get("/why").want(t, 403).hasNot(t, "request-of")
	jo.get("/why?tenant="+string(w.tenant.ID)).want(t, 403).hasNot(t, "request-of")
	w.user("ann", "Ann", admin.DecisionsExplain)
	ann := w.signedIn("ann")
	ann.get("/why").want(t, 200).has(t, whyOf("request-of-jo")).hasNot(t, "request-of-nobody")
	ann.get("/why?tenant=*").want(t, 403).hasNot(t, "request-of")
	w.user("kim", "Kim")
	w.signedIn("kim").get("/why/request-of-jo").want(t, 404)
}

func TestWhyPages(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	_, secret := w.refused("request-0")
	for i := range 60 {
		w.knock("request-"+string(rune('A'+i%26))+string(rune('a'+i/26)), "/orders/list", secret)
		w.clock.Advance(1)
	}
	first := b.get("/why?reason=permission_missing").want(t, 200).has(t, `rel="next"`)
	if n := strings.Count(first.text, `href="`+Base+`/why/`); n != 50 {
		t.Errorf("the first page has %d", n)
	}
	if len(first.text) > 60_000 {
		t.Errorf("%d bytes", len(first.text))
	}
}

// A decision is explained, and who may gives the smallest role on its page, after
// which the request passes.
func TestExplainAndGrant(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	jo, secret := w.refused("request-of-jo")
	small, large := w.role("readers", "orders/read"), w.role("all orders", "orders/*")
	page := b.get("/why/request-of-jo").want(t, 200).has(t,
		"GET /orders/list", "permission_missing", "orders/read", ">readers<", ">all orders<", "role of jo", "gives nothing that is needed",
		"Grant the smallest role", "It would still be refused now", "request-of-jo", "192.0.2.9", "X-Tenant-Id", "script",
	).hasNot(t, secret, "Now it would pass", "<img src=x", "ZgotmplZ", "0001-01-01")
	for _, fault := range wellMade(page.text) {
		t.Errorf("%s\n%s", fault, page.text)
	}
	if i, j := strings.Index(page.text, ">readers<"), strings.Index(page.text, ">all orders<"); i > j {
		t.Error("the smallest is not the first")
	}

	// He himself is not advised where the API does not say so, and cannot help himself.
	jo.get("/why/request-of-jo").want(t, 200).has(t, "GET /orders/list").hasNot(t, "readers", "/grant")
	role := url.Values{"role": {string(small.ID)}}.Encode()
	jo.get("/why/request-of-jo/grant?"+role).leads(t, whyOf("request-of-jo"))
	jo.post("/why/request-of-jo/grant", "role", string(small.ID)).want(t, 409)
	// Who may explain and not give is told who may.
	w.user("ann", "Ann", admin.DecisionsExplain)
	ann := w.signedIn("ann")
	ann.get("/why/request-of-jo").want(t, 200).has(t, "readers", "Who may give it: ", "boss").hasNot(t, "Grant the smallest role")
	ann.post("/why/request-of-jo/grant", "role", string(small.ID)).want(t, 403).has(t, "bindings.write")
	// Who may give roles, but does not hold this one's permissions, neither.
	w.user("kim", "Kim", admin.DecisionsExplain, admin.BindingsWrite)
	kim := w.signedIn("kim")
	kim.get("/why/request-of-jo").want(t, 200).hasNot(t, "Grant the smallest role")
	kim.post("/why/request-of-jo/grant", "role", string(small.ID)).want(t, 403)

	ask := b.get("/why/request-of-jo/grant?"+role).want(t, 200).has(t, "Give jo the role readers?", "New are: orders/read.", "It opens nothing else", string(small.ID))
	for _, fault := range wellMade(ask.text) {
		t.Errorf("%s\n%s", fault, ask.text)
	}
	// What is not among the suggestions is not given on this page.
	b.post("/why/request-of-jo/grant", "role", string(admin.BuiltInRole(admin.RoleAdministrator)), "role", string(large.ID)).want(t, 409)
	if d := w.knock("again-0", "/orders/list", secret); d.Allowed {
		t.Fatal("something was given")
	}
	b.post("/why/request-of-jo/grant", "role", string(small.ID)).leads(t, whyOf("request-of-jo")+"?done=why.granted")
	b.get("/why/request-of-jo?done=why.granted").want(t, 200).has(t, "The role is given.", "Now it would pass").hasNot(t, "Grant the smallest role")
	if d := w.knock("again-1", "/orders/list", secret); !d.Allowed {
		t.Errorf("the request comes to %q", d.Reason)
	}
	b.post("/why/request-of-jo/grant", "role", string(small.ID)).leads(t, whyOf("request-of-jo")+"?done=why.granted")
}

// TestNamedTenant: the page says of no tenant that it was asked for if the request
// named none.
func TestNamedTenant(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{"header": "x", "path": "x", "query": "x", "home": "", "credential": "", "fixed": "", "claim": "", "default": "", "none": ""} {
		page := decisionPage{Trace: api.Trace{Tenant: &api.TraceTenant{From: from, Asked: "x"}}}
		if got := page.NamedTenant(); got != want {
			t.Errorf("from %s: %q, want %q", from, got, want)
		}
	}
}

// What a limited token lacks no role would give; the page says which scope would.
func TestExplainScope(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	w.user("jo", "Jo", "orders/read", "orders/write")
	_, secret := w.signedIn("jo").made("name", "narrow", "reach", "some", "scope", "sallyport/self")
	if d := w.knock("request-of-jo", "/orders/list", secret); d.Reason != sallyport.ScopeInsufficient {
		t.Fatalf("the request came to %q", d.Reason)
	}
	b.get("/why/request-of-jo").want(t, 200).has(t, "Scope that would do", "orders/look", "limited to", "sallyport/self").hasNot(t, "Grant the smallest role", "Now it would pass")
	w.knock("request-of-nobody", "/orders/list?x=1", "")
	b.get("/why/request-of-nobody").want(t, 200).has(t, "a stranger", "credential_missing")
}
