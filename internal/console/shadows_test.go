package console

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
)

const tighter = `policy: tighter
tenant: acme
bindings:
  - user: ann
    role: role of ann
    state: deactivated
`

// A draft is begun with a form, tried on the requests of the node, and put in
// force after a question that says what changes.
func TestShadowPages(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("ann", "Ann", "orders/read")
	b, ann := w.boss(), w.signedIn("ann")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() {
		defer close(ended)
		w.node.Admin.RunShadows(ctx, func(err error) { t.Error(err) })
	}()
	t.Cleanup(func() { cancel(); <-ended })

	b.get("/advise/shadows").want(t, 200).has(t, "No draft was tried")
	b.get("/advise/shadows/new").want(t, 200).has(t, "textarea")
	for form, want := range map[string]string{
		"": "Paste the draft here.", "polcy: x": "policy-fault", "{": "policy-fault",
		strings.Replace(tighter, "user: ann", "user: nobody", 1): "nobody",
	} {
		page := b.post("/advise/shadows/new", "policy", form, "name", "mine", "for", "24h").want(t, 422).has(t, want, `value="mine"`)
		for _, fault := range wellMade(page.text) {
			t.Errorf("%q: %s", form, fault)
		}
	}
	b.post("/advise/shadows/new", "policy", tighter, "for", "1s").want(t, 422).has(t, "Choose one of the list.")
	ann.post("/advise/shadows/new", "policy", tighter, "for", "24h").want(t, 403)

	made := b.post("/advise/shadows/new", "policy", tighter, "name", hostile, "for", "24h", "adopt", "yes").want(t, 303)
	one := strings.TrimPrefix(strings.TrimSuffix(made.Header.Get("Location"), "?done=shadow.started"), Base)
	b.get(one).want(t, 200).has(t, "Nothing yet").hasNot(t, "<img src=x")
	ask := func() bool {
		r := doors.Request{
			ID: "rid-of-ann", Method: "GET", Target: "/orders/list", Host: "sallyport.test", Scheme: "https", Session: ann.session,
			Header: http.Header{"X-Tenant-Id": {string(w.tenant.ID)}},
		}
		d := w.node.Doors.Decide(t.Context(), &r)
		return d.Allowed
	}
	w.clock.Advance(3e9)
	w.later(t, 0)
	b.get(one).want(t, 200) // by now the node knows of it
	if !ask() {
		t.Fatal("the policy in force refuses")
	}
	b.get(one).want(t, 200).has(t, "GET /orders/list", "ann", "permission_missing", "of one client", "1 today")
	b.get("/advise/shadows").want(t, 200).has(t, one, "is tried")
	ann.get(one).want(t, 404)
	ann.post(one+"/promote").want(t, 404)

	b.get(one+"/stop").want(t, 200).has(t, "Stop to try")
	b.get(one+"/promote").want(t, 200).has(t, "The binding", "is changed", "It would have refused 1 requests of one client")
	if !ask() {
		t.Error("the question changed something")
	}
	b.post(one+"/promote").leads(t, Base+one+"?done=shadow.promoted")
	if ask() {
		t.Error("the draft is not in force")
	}
	b.get(one).want(t, 200).has(t, "over").hasNot(t, one+"/promote")
	b.get("/advise/shadows/none").want(t, 404)
	if _, err := w.node.Admin.Shadows(t.Context(), admin.System("test"), admin.Page{}); err != nil {
		t.Fatal(err)
	}
}
