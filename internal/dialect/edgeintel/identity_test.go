package edgeintel_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

type held struct {
	TenantName string `json:"tenant_name"`
	TenantID   string `json:"tenant_id"`
	RoleName   string `json:"role_name"`
	RoleID     string `json:"role_id"`
}

type self struct {
	Roles   []held                `json:"roles"`
	Tenants []map[string]string   `json:"tenants"`
	Kind    string                `json:"kind"`
	ID      sallyport.PrincipalID `json:"id"`
}

// administrator is a Tenant Admin of acme, with all of the product's permissions.
func (w *world) administrator(t *testing.T) pair {
	t.Helper()
	tina := w.User("tina")
	w.Bind(tina.ID, admin.BuiltInRole(admin.RoleTenantAdministrator), w.acme, "")
	w.Bind(tina.ID, w.Role("everything of edge", "edgeintel/*", "sallyport/tenants.write"), w.acme, "")
	return w.tokens(t, login("tina", dialecttest.Password))
}

// TestMe: every principal may know in which tenants it is and what it is there.
func TestMe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	me := func(p pair, headers ...string) self {
		t.Helper()
		r := w.Ask("GET", "/iam/users/me", "", append(w.with(p, ""), headers...)...)
		if r.Status != 200 || !strings.HasPrefix(r.Body, `{"roles":[`) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		return decode[self](t, r)
	}
	jane := me(w.tokens(t, login("jane", dialecttest.Password)))
	want := []held{
		{"Acme_3", string(w.acme), "edge-assets", string(w.assets)},
		{"DemoTenant5", string(w.Tenant), "edge-data", string(w.data)},
	}
	if !slices.Equal(jane.Roles, want) || len(jane.Tenants) != 2 || jane.Kind != "person" || jane.ID != w.jane.ID {
		t.Errorf("jane is %+v, want %+v", jane, want)
	}
	key := w.Key(w.acme, "robot", time.Time{}, w.assets)
	robot := me(w.tokens(t, clientCredentials("robot", key.Secret.Reveal())))
	if !slices.Equal(robot.Roles, want[:1]) || len(robot.Tenants) != 1 || robot.Kind != "api_key" {
		t.Errorf("the API key is %+v", robot)
	}
	w.User("none")
	none := me(w.tokens(t, login("none", dialecttest.Password)), "X-Tenant-Id", "nonsense")
	if len(none.Roles) != 0 || len(none.Tenants) != 1 {
		t.Errorf("who has no role is %+v", none)
	}
	tina := me(w.administrator(t))
	if !slices.ContainsFunc(tina.Roles, func(h held) bool {
		return h.RoleName == "tenant-admin" && h.RoleID == string(admin.BuiltInRole(admin.RoleTenantAdministrator))
	}) {
		t.Errorf("the administrator of a tenant is %+v", tina)
	}
	root := w.User("root")
	if _, err := w.Admin.CreateBinding(t.Context(), dialecttest.System(), sallyport.EveryTenant, admin.NewBinding{
		SubjectKind: sallyport.SubjectUser, Subject: string(root.ID), Role: w.data,
	}); err != nil {
		t.Fatal(err)
	}
	if everywhere := me(w.tokens(t, login("root", dialecttest.Password))); len(everywhere.Roles) != 2 || len(everywhere.Tenants) != 2 {
		t.Errorf("who is in every tenant is %+v", everywhere)
	}
	if r := w.Ask("GET", "/iam/users/me", ""); r.Status != 401 {
		t.Errorf("nobody: %d", r.Status)
	}
	only, err := w.Admin.CreateToken(t.Context(), admintest.As(w.jane), admin.NewToken{Name: "only acme", Tenant: w.acme})
	if err != nil {
		t.Fatal(err)
	}
	if limited := me(pair{Access: only.Secret.Reveal()}); !slices.Equal(limited.Roles, want[:1]) || len(limited.Tenants) != 1 {
		t.Errorf("with a token for one tenant she is %+v", limited)
	}
	if _, err := w.Admin.DeactivateTenant(t.Context(), dialecttest.System(), w.acme, admin.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if left := me(w.tokens(t, login("jane", dialecttest.Password))); !slices.Equal(left.Roles, want[1:]) || len(left.Tenants) != 1 {
		t.Errorf("without the tenant that is out of use she is %+v", left)
	}
}

// TestTenants: the tree, and who may make what in it.
func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tina := w.administrator(t)
	r := w.Ask("POST", "/iam/tenants/", fmt.Sprintf(`{"name":"Plant","description":"x","parent_tenant_id":%q,"services":[],"admins":[]}`, w.acme), w.with(tina, "")...)
	if r.Status != 201 || !strings.Contains(r.Body, `"parent_tenant_id":"`+string(w.acme)+`"`) {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	for body, status := range map[string]int{
		`{"name":"Plant 2"}`:                      403, // not below hers
		`{"name":"Plant 2","admins":["x"]}`:       400,
		`{"name":7}`:                              400,
		`{"name":"Plant","parent_tenant_id":"x"}`: 400,
		fmt.Sprintf(`{"name":"Plant","parent_tenant_id":%q}`, w.acme): 409,
	} {
		if r := w.Ask("POST", "/iam/tenants", body, w.with(tina, "")...); r.Status != status || !strings.HasPrefix(r.Body, fmt.Sprintf(`{"status":%d,"message":"`, status)) {
			t.Errorf("%s: %d %s", body, r.Status, r.Body)
		}
	}
	jane := w.tokens(t, login("jane", dialecttest.Password))
	r = w.Ask("GET", "/iam/tenants?page=2&size=1", "", w.with(jane, "")...)
	if r.Status != 200 || !strings.Contains(r.Body, "DemoTenant5") || !strings.Contains(r.Body, `"pageinfo":{"totalCount":2,"page":2,"size":1,"count":1}`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	for query, status := range map[string]int{"?search=Acme": 200, "?size=201": 400, "?page=0": 400, "?parent_tenant_id=x": 400, "?page=99": 200} {
		if r := w.Ask("GET", "/iam/tenants"+query, "", w.with(jane, "")...); r.Status != status {
			t.Errorf("%s: %d %s", query, r.Status, r.Body)
		}
	}
}

// TestRoles: built-in roles stay, custom ones are any combination of permissions
// that their maker holds.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tina := w.administrator(t)
	at := w.with(tina, w.acme)
	r := w.Ask("POST", "/iam/roles", `{"role_name":"Line Keeper","permissions":["Data Management","operations-management"]}`, at...)
	made := decode[struct {
		ID          string   `json:"role_id"`
		Name        string   `json:"role_name"`
		Custom      bool     `json:"custom"`
		Permissions []string `json:"permissions"`
	}](t, r)
	if r.Status != 201 || made.Name != "line-keeper" || !made.Custom || !slices.Equal(made.Permissions, []string{"data-management", "operations-management"}) {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	one := "/iam/roles/" + made.ID
	const elsewhere sallyport.Permission = "sallyport/tenants.write"
	mixed := []sallyport.Permission{"edgeintel/data-management", elsewhere}
	change := admin.RoleChange{Permissions: &mixed}
	if _, err := w.Admin.UpdateRole(t.Context(), admin.System("test"), w.acme, sallyport.RoleID(made.ID), admin.AnyVersion, change); err != nil {
		t.Fatal(err)
	}
	if r := w.Ask("PATCH", one, `{"permissions":["asset-management"]}`, at...); r.Status != 200 || !strings.Contains(r.Body, `["asset-management"]`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	kept, err := w.Admin.Role(t.Context(), admin.System("test"), w.acme, sallyport.RoleID(made.ID))
	if err != nil || !slices.Contains(kept.Permissions, elsewhere) || len(kept.Permissions) != 2 {
		t.Errorf("a change that names none of another API's permissions left %v, %v", kept.Permissions, err)
	}
	if r := w.Ask("GET", one, "", at...); r.Status != 200 || !strings.Contains(r.Body, "line-keeper") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	builtIn := "/iam/roles/" + string(admin.BuiltInRole(admin.RoleTenantAdministrator))
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/iam/roles", `{"role_name":"x","permissions":["magic"]}`, 400},
		{"POST", "/iam/roles", `{"role_name":"x"}`, 400},
		{"POST", "/iam/roles", `{"roleName":"x"}`, 400},
		{"PATCH", builtIn, `{"permissions":[]}`, 404},
		{"DELETE", builtIn, "", 404},
		{"GET", "/iam/roles/x", "", 404},
		{"GET", builtIn, "", 200},
		{"GET", "/iam/roles?size=200", "", 200},
		{"DELETE", one, "", 204},
		{"DELETE", one, "", 404},
	} {
		if r := w.Ask(tt.method, tt.path, tt.body, at...); r.Status != tt.status {
			t.Errorf("%s %s %s: %d, want %d: %s", tt.method, tt.path, tt.body, r.Status, tt.status, r.Body)
		}
	}
	if r := w.Ask("GET", "/iam/roles?size=200", "", at...); strings.Contains(r.Body, "tenants.write") || !strings.Contains(r.Body, "everything-of-edge") {
		t.Errorf("the roles show permissions of other APIs: %s", r.Body)
	}
	jane := w.tokens(t, login("jane", dialecttest.Password))
	r = w.Ask("POST", "/iam/roles", `{"role_name":"mine","permissions":[]}`, w.with(jane, w.acme)...)
	if r.Status != 403 || !strings.Contains(r.Body, `"requiredPermissions":["sallyport/roles.write"]`) {
		t.Errorf("who may not: %d %s", r.Status, r.Body)
	}
}

// TestKeys: name, role and end; the secret is there once; a lost one is made
// again.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	at := w.with(w.administrator(t), w.acme)
	type key struct {
		ID       string    `json:"id"`
		ClientID string    `json:"client_id"`
		Secret   string    `json:"client_secret"`
		Expires  time.Time `json:"expires_at"`
	}
	r := w.Ask("POST", "/iam/api-keys", `{"name":"nbikey","role":"edge-assets","expiration":"7d"}`, at...)
	made := decode[key](t, r)
	if r.Status != 201 || made.ClientID != "Acme_3->nbikey" || !made.Expires.Equal(w.Now().Add(7*24*time.Hour)) {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	w.tokens(t, clientCredentials(made.ClientID, made.Secret))
	r = w.Ask("GET", "/iam/api-keys", "", at...)
	if r.Status != 200 || !strings.Contains(r.Body, `"roles":["edge-assets"]`) || strings.Contains(r.Body, "secret") || strings.Contains(r.Body, made.Secret) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	r = w.Ask("POST", "/iam/api-keys/"+made.ID+"/secret", "", at...)
	renewed := decode[key](t, r)
	if r.Status != 200 || renewed.Secret == made.Secret || renewed.Secret == "" {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	if r := w.Ask("POST", newest, clientCredentials(made.ClientID, made.Secret)); r.Status != 401 {
		t.Errorf("the lost secret: %d", r.Status)
	}
	p := w.tokens(t, clientCredentials(made.ClientID, renewed.Secret))
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/iam/api-keys", `{"name":"nbikey","role":"edge-assets","expiration":"1y"}`, 409},
		{"POST", "/iam/api-keys", `{"name":"a","role":"edge-assets","expiration":"2030-12-31"}`, 201},
		{"POST", "/iam/api-keys", `{"name":"b","role":"edge-assets","expiration":"2030-12-31T00:00:00Z"}`, 201},
		{"POST", "/iam/api-keys", `{"name":"c","role":"edge-assets","expiration":"soon"}`, 400},
		{"POST", "/iam/api-keys", `{"name":"c","role":"edge-assets"}`, 400},
		{"POST", "/iam/api-keys", `{"name":"c","role":"edge-assets","expiration":"2020-01-01"}`, 400},
		{"POST", "/iam/api-keys", `{"name":"c","role":"administrator","expiration":"1d"}`, 403},
		{"POST", "/iam/api-keys", `{"name":"c","role":"nonsense","expiration":"1d"}`, 400},
		{"POST", "/iam/api-keys", `{"name":"c","expiration":"1d"}`, 400},
		{"DELETE", "/iam/api-keys/" + made.ID, "", 204},
		{"DELETE", "/iam/api-keys/x", "", 404},
	} {
		if r := w.Ask(tt.method, tt.path, tt.body, at...); r.Status != tt.status {
			t.Errorf("%s %s %s: %d, want %d: %s", tt.method, tt.path, tt.body, r.Status, tt.status, r.Body)
		}
	}
	for name, want := range map[string]string{"a": "2031-01-01T00:00:00Z", "b": "2030-12-31T00:00:00Z"} {
		if r := w.Ask("GET", "/iam/api-keys", "", at...); !regexp.MustCompile(`"name":"` + name + `",[^}]*"expires_at":"` + want).MatchString(r.Body) {
			t.Errorf("key %s does not end at %s: %s", name, want, r.Body)
		}
	}
	if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 401 {
		t.Errorf("a token of a deleted key: %d %s", r.Status, r.Body)
	}
}

// TestLimitedKey: what a key is limited to, its tokens are too.
func TestLimitedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	both := w.Role("edge both", "edgeintel/asset-management", "edgeintel/data-management")
	key, err := w.Admin.CreateKey(t.Context(), dialecttest.System(), w.acme, admin.NewKey{
		Name: "reader", Roles: []admin.KeyRole{{Role: both}}, Scopes: []string{"edgeintel/read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := w.tokens(t, clientCredentials("reader", key.Secret.Reveal()))
	for range 2 {
		if r := w.Ask("GET", types, "", w.with(p, w.acme)...); r.Status != 200 {
			t.Errorf("reading: %d %s", r.Status, r.Body)
		}
		if r := w.Ask("POST", types, "{}", w.with(p, w.acme)...); r.Status != 403 || !strings.Contains(r.Body, `"reason":"scope_insufficient"`) || !strings.Contains(r.Body, `"requiredScopes":[`) {
			t.Errorf("writing: %d %s", r.Status, r.Body)
		}
		p = w.tokens(t, `{"grant_type":"refresh_token","refresh_token":"`+p.Refresh+`"}`)
	}
}
