package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
)

// What cannot be taken is refused with the field and what would do. Nothing is
// half written: no refusal leaves a new revision. Bodies that are no
// JSON, or not that of the document, are in TestStrictBodies.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, token := t.Context(), w.Token(w.Root)
	in := "/tenants/" + string(w.T1.ID)
	role := w.Role(w.T1.ID, admin.UsersRead)
	user := w.User(w.T1.ID, sallyport.Person)
	_ = ok(w.Admin.CreateGroup(ctx, httpapitest.System(), w.T1.ID, admin.NewGroup{Name: "staff"}))(t)
	_ = ok(w.Admin.CreateRealm(ctx, httpapitest.System(), w.T1.ID, admin.NewRealm{Name: "north"}))(t)
	_ = ok(w.Admin.CreateKey(ctx, httpapitest.System(), w.T1.ID, admin.NewKey{Name: "conveyor"}))(t)
	_, stranger := w.Person(w.T2.ID, admin.Everything)
	past := w.Clock.Now().Add(-time.Second).Format(time.RFC3339)
	bind := `{"subject_kind":"user","subject":"` + string(user.ID) + `","role":"` + string(role.ID) + `"`
	const mounted = `{"name":"bills","base_path":"/bills","upstream":{"url":"http://127.0.0.1:1"},"permissions":[{"name":"read"}]`
	before := ok(w.Node.Store.Revision(ctx))(t)
	for _, tt := range []struct {
		name, method, path, body, token string
		status                          int
		field, cure                     string // cure is part of what is said
	}{
		{"malformed tenant", "GET", "/tenants/4213b2bc-e1ab-4225", "", token, 404, "-", ""},
		{"malformed user", "GET", in + "/users/4213b2bc-e1ab-4225", "", token, 404, "-", ""},
		{"user not UTF-8", "GET", in + "/users/%ff%fe", "", token, 400, "-", ""},
		{"malformed tenant in a body", "POST", "/me/tokens", `{"name":"x","tenant":"4213b2bc"}`, token, 422, "tenant", "no such tenant"},
		{"malformed cursor", "GET", in + "/users?cursor=4213b2bc", "", token, 400, "cursor", ""},
		{"odd limit", "GET", in + "/users?limit=many", "", token, 400, "limit", ""},
		{"unknown parameter", "GET", in + "/users?limmit=1", "", token, 400, "limmit", "leave it out"},
		{"oversized token", "GET", "/me", "", "spp_" + strings.Repeat("a", 8<<10), 401, "-", ""},
		{"oversized name", "POST", in + "/roles", `{"name":"` + strings.Repeat("x", 101) + `","permissions":[]}`, token, 422, "name", "at most"},

		{"tenant twice", "POST", "/tenants", `{"name":"t1"}`, token, 409, "name", "already"},
		{"realm twice", "POST", in + "/realms", `{"name":"north"}`, token, 409, "name", "already"},
		{"group twice", "POST", in + "/groups", `{"name":"staff"}`, token, 409, "name", "already"},
		{"role twice", "POST", in + "/roles", `{"name":"` + role.Name + `","permissions":[]}`, token, 409, "name", "already"},
		{"key twice", "POST", in + "/keys", `{"name":"conveyor"}`, token, 409, "name", "choose another"},
		{"API twice", "POST", "/apis", `{"name":"orders","base_path":"/x","upstream":{"url":"http://127.0.0.1:1"}}`, token, 409, "name", "already"},

		{"token that has expired", "POST", "/me/tokens", `{"name":"x","expires_at":"` + past + `"}`, token, 422, "expires_at", "past"},
		{"key that has expired", "POST", in + "/keys", `{"name":"x","expires_at":"` + past + `"}`, token, 422, "expires_at", "past"},
		{"binding that has expired", "POST", in + "/bindings", bind + `,"expires_at":"` + past + `"}`, token, 422, "expires_at", "past"},

		{"role with an unknown permission", "POST", in + "/roles", `{"name":"x","permissions":["orders/raed"]}`, token, 422, "permissions[0]", `"orders/read"`},
		{"route with an unknown scope", "POST", "/apis", mounted + `,"scopes":[{"name":"look","permissions":["read"]}],"routes":[{"methods":["GET"],"path":"/","any_of":["read"],"scopes":["lok"]}]}`, token, 422, "routes[0].scopes[0]", `"look"`},
		{"route with an unknown permission", "POST", "/apis", mounted + `,"routes":[{"methods":["GET"],"path":"/","any_of":["reed"]}]}`, token, 422, "routes[0].any_of[0]", `"read"`},
		{"binding in a tenant that one cannot see", "POST", in + "/bindings", bind + "}", stranger, 403, "-", ""},
		{"binding of a user whom one cannot see", "POST", "/tenants/" + string(w.T2.ID) + "/bindings", bind + "}", stranger, 422, "subject", "you cannot see"},
	} {
		got := w.send(t, request{method: tt.method, path: tt.path, body: tt.body, token: tt.token})
		field, said := "-", ""
		if len(got.Errors) > 0 {
			field, said = got.Errors[0].Field, got.Errors[0].Message
		}
		if got.status != tt.status || field != tt.field || !strings.Contains(said, tt.cure) {
			t.Errorf("%s: %d, %q: %s; want %d and field %q with %q", tt.name, got.status, field, got.body, tt.status, tt.field, tt.cure)
		}
	}
	if after := ok(w.Node.Store.Revision(ctx))(t); after != before {
		t.Errorf("everything was refused, and the revision went from %d to %d", before, after)
	}
}
