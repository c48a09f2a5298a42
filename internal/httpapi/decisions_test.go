package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
)

// knock makes a request at the doors, as a gateway would, and returns the
// decision.
func knock(t *testing.T, w *world, id, method, target, token string) sallyport.Decision {
	t.Helper()
	r := &doors.Request{
		ID: id, Method: method, Target: target, Host: "api.test", Scheme: "http", Header: http.Header{},
		Client: netip.MustParseAddr("192.0.2.9"),
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.Node.Doors.Decide(t.Context(), r)
}

func decode[T any](t *testing.T, a answer, status int) (v T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("%d %s, want %d", a.status, a.body, status)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// A refusal can be explained by who may, at once and after a restart; the first
// suggestion is the narrow role, and what it says comes true.
func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reader, token := w.Person(w.T1.ID, "orders/read")
	_, explains := w.Person(w.T1.ID, admin.DecisionsExplain)
	_, everywhere := w.Person(w.T2.ID, admin.DecisionsExplain)
	_, nothing := w.Person(w.T1.ID, "orders/read")
	root := w.Token(w.Root)
	for name, permissions := range map[string][]sallyport.Permission{
		"writers": {"orders/write"}, "all of orders": {"orders/read", "orders/write", "sallyport/users.read"},
	} {
		if _, err := w.Admin.CreateRole(t.Context(), admin.System("test"), w.T1.ID, admin.NewRole{Name: name, Permissions: permissions}); err != nil {
			t.Fatal(err)
		}
	}

	const id = "request-of-the-reader"
	if dec := knock(t, w, id, "POST", "/orders/?password=hunter2", token); dec.Reason != sallyport.PermissionMissing {
		t.Fatalf("reason = %q", dec.Reason)
	}
	why := func(token string) answer {
		return w.send(t, request{method: "GET", path: "/decisions/" + id, token: token})
	}
	e := decode[api.Explained](t, why(explains), http.StatusOK)
	if e.Reason != sallyport.PermissionMissing || e.Principal != reader.ID || e.Login != reader.Login || e.API != "orders" ||
		e.Method != "POST" || e.Path != "/orders/" || e.Tenant != w.T1.ID || e.Address != "192.0.2.9" ||
		len(e.MissingPermissions) != 1 || e.MissingPermissions[0] != "orders/write" {
		t.Errorf("the decision is told as %+v", e.Decision)
	}
	if len(e.Suggestions) < 3 || e.Suggestions[0].Roles[0].Name != "writers" || e.Suggestions[0].AlsoOpens != 0 ||
		e.Suggestions[1].Roles[0].Name != "all of orders" || e.Suggestions[1].AlsoOpens == 0 {
		t.Errorf("suggestions = %+v", e.Suggestions)
	}
	if first := e.Suggestions[0]; len(first.MayGrant) != 1 || first.MayGrant[0].ID != w.Root.ID {
		t.Errorf("who may grant it: %+v", first.MayGrant)
	}
	if strings.Contains(why(explains).body, "hunter2") {
		t.Error("what stood in the query is told")
	}

	// His own he may see himself, but is advised only where the API explains in full.
	if own := decode[api.Explained](t, why(token), http.StatusOK); own.RequestID != id || len(own.Suggestions) != 0 || len(own.Trace.Steps) == 0 {
		t.Errorf("to the reader himself: %+v", own)
	}
	// To who may not it is as if there were none.
	unknown := w.send(t, request{method: "GET", path: "/decisions/" + "request-of-nobody-xxx", token: nothing})
	for _, other := range []string{nothing, everywhere} {
		got := why(other)
		if got.status != http.StatusNotFound || strings.ReplaceAll(got.body, got.RequestID, "") != strings.ReplaceAll(unknown.body, unknown.RequestID, "") {
			t.Errorf("to others: %d %s; unknown: %s", got.status, got.body, unknown.body)
		}
	}

	// Applied, the suggestion makes the call pass.
	if _, err := w.Admin.CreateBinding(t.Context(), admin.System("test"), e.Suggestions[0].Tenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(e.Principal), Role: e.Suggestions[0].Roles[0].ID,
	}); err != nil {
		t.Fatal(err)
	}
	if dec := knock(t, w, "request-again", "POST", "/orders/", token); !dec.Allowed {
		t.Errorf("with the suggestion it is %q", dec.Reason)
	}
	if after := decode[api.Explained](t, why(root), http.StatusOK); len(after.Suggestions) != 0 || after.Reason != sallyport.PermissionMissing {
		t.Errorf("when nothing is missing any more: %+v", after.Suggestions)
	}
}

func TestDecisionLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jo, token := w.Person(w.T1.ID, "orders/read")
	_, other := w.Person(w.T1.ID, "orders/read")
	_, explains := w.Person(w.T1.ID, admin.DecisionsExplain)
	root := w.Token(w.Root)
	for i := range 3 {
		knock(t, w, fmt.Sprint("request-jo-", i), "POST", "/orders/", token)
		w.Clock.Advance(time.Second)
	}
	_, err := w.Node.Doors.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	knock(t, w, "request-other", "PUT", "/orders/", other)
	knock(t, w, "request-stranger", "GET", "/orders/", "nonsense")
	ids := func(path, token string) string {
		t.Helper()
		var out []string
		for _, d := range decode[api.List[api.Decision]](t, w.send(t, request{method: "GET", path: path, token: token}), http.StatusOK).Items {
			out = append(out, strings.TrimPrefix(d.RequestID, "request-"))
		}
		return strings.Join(out, " ")
	}
	tenant := "?tenant=" + string(w.T1.ID)
	for _, tt := range []struct{ path, token, want string }{
		{"/decisions?api=orders", token, "jo-2 jo-1 jo-0"},
		{"/decisions?api=orders&principal=" + string(jo.ID), token, "jo-2 jo-1 jo-0"},
		{"/decisions" + tenant + "&api=orders", explains, "other jo-2 jo-1 jo-0"},
		{"/decisions" + tenant + "&reason=method_not_allowed", explains, "other"},
		{"/decisions" + tenant + "&api=orders&principal=" + string(jo.ID) + "&limit=1", explains, "jo-2"},
		{"/decisions" + tenant + "&outcome=allowed&api=orders", explains, ""},
		{"/decisions" + tenant + "&api=orders&since=2030-05-01T12:00:02Z", explains, "other jo-2"},
		{"/decisions?tenant=*&api=orders", root, "stranger"},
	} {
		if got := ids(tt.path, tt.token); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
	for _, path := range []string{"/decisions" + tenant, "/decisions?tenant=*"} {
		if got := w.send(t, request{method: "GET", path: path, token: other}); got.status != http.StatusForbidden || got.MissingPermissions[0] != admin.DecisionsExplain {
			t.Errorf("%s without the permission: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/decisions?principal=" + someID, "/decisions?outcome=perhaps", "/decisions?limit=1&cursor=x"} {
		if got := w.send(t, request{method: "GET", path: path, token: token}); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestCanI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jo, token := w.Person(w.T1.ID, "orders/read")
	limited := w.Token(jo, "orders/write")
	_, explains := w.Person(w.T1.ID, admin.DecisionsExplain)
	_, elsewhere := w.Person(w.T2.ID, admin.DecisionsExplain)
	_ = limited
	ask := func(token, query string) answer {
		return w.send(t, request{method: "GET", path: "/can-i?" + query, token: token})
	}
	for _, tt := range []struct {
		name, token, query string
		want               sallyport.Reason
	}{
		{"oneself, may", token, "method=GET&url=/orders/", ""},
		{"oneself, may not", token, "method=POST&url=/orders/", sallyport.PermissionMissing},
		{"somebody else, may", explains, "method=GET&url=/orders/&principal=" + string(jo.ID), ""},
		{"somebody else, may not", explains, "method=POST&url=/orders/&principal=" + string(jo.ID), sallyport.PermissionMissing},
		{"a path that nobody guards", token, "method=GET&url=/nothing", sallyport.APIUnknown},
		{"a path with dots", token, "method=GET&url=/orders/..%2fx", sallyport.PathAmbiguous},
	} {
		got := decode[api.CanI](t, ask(tt.token, tt.query), http.StatusOK)
		if got.Reason != tt.want || got.Allowed != (tt.want == "") || got.Principal == "" || len(got.Trace.Steps) == 0 {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	for _, other := range []string{token, elsewhere} {
		if got := ask(other, "method=GET&url=/orders/&principal="+string(w.Root.ID)); got.status != http.StatusNotFound {
			t.Errorf("about somebody else without the right: %d %s", got.status, got.body)
		}
	}
	// A URL that names a tenant tells no more than the parameter would.
	w.Give(jo.ID, w.T2.ID, admin.RolesRead)
	for _, q := range []string{"", "&tenant=" + string(w.T2.ID)} {
		for who, allowed := range map[sallyport.PrincipalID]bool{jo.ID: true, w.User(w.T1.ID, sallyport.Person).ID: false} {
			query := "method=GET&url=/sallyport/api/v1/tenants/" + string(w.T2.ID) + "/roles&principal=" + string(who) + q
			if got := ask(explains, query); got.status != http.StatusNotFound || strings.Contains(got.body, "role") {
				t.Errorf("about somebody else in another tenant (he may: %v): %d %s", allowed, got.status, got.body)
			}
		}
	}
	if got := decode[api.CanI](t, ask(token, "method=GET&url=/sallyport/api/v1/tenants/"+string(w.T2.ID)+"/roles"), http.StatusOK); !got.Allowed {
		t.Errorf("about oneself there: %+v", got)
	}
	mine := decode[api.List[api.Credential]](t, w.send(t, request{method: "GET", path: "/me/tokens", token: token}), http.StatusOK)
	for _, c := range mine.Items {
		got := decode[api.CanI](t, ask(token, "method=GET&url=/orders/&credential="+string(c.ID)), http.StatusOK)
		if want := c.Scopes == nil; got.Allowed != want {
			t.Errorf("with the token of scopes %q: %+v", c.Scopes, got)
		}
		if c.Scopes != nil && (got.Reason != sallyport.ScopeInsufficient || got.Trace.Credential == nil) {
			t.Errorf("with the limited token: %q, %+v", got.Reason, got.Trace.Credential)
		}
	}
	if got := ask(token, "method=GET&url=/orders/&credential="+someID); got.status != http.StatusNotFound {
		t.Errorf("with a token of nobody: %d %s", got.status, got.body)
	}
	if got := ask(token, "method=GET"); got.status != http.StatusBadRequest {
		t.Errorf("without a URL: %d %s", got.status, got.body)
	}
	kept := decode[api.List[api.Decision]](t, w.send(t, request{method: "GET", path: "/decisions?api=orders", token: token}), http.StatusOK)
	if len(kept.Items) != 0 {
		t.Errorf("questions are kept as decisions: %+v", kept.Items)
	}
}
