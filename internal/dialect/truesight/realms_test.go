package truesight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
	"github.com/sallyport/sallyport/internal/store"
)

func bindingsOf(u sallyport.User) store.BindingFilter {
	return store.BindingFilter{SubjectKind: sallyport.SubjectUser, Subject: string(u.ID)}
}

// editGroups is the id of an action, in a setting.
const editGroups = "6F9619FF-8B86-D011-B42D-00C04FC964FF"

// TestRealms: a right that is held in a realm is good for that one. What does not
// name one that the product itself would keep to needs the right in all of them,
// unless the upstream keeps to those that it is told.
func TestRealms(t *testing.T) {
	t.Parallel()
	const ok, denied = 200, 403
	for setting, want := range map[string]map[string]struct {
		status int
		realms string // that the upstream is told
	}{
		"named": {
			"GET /v1.0/groups?filter.realm=Default":                  {ok, "Default"},
			"GET /v1.0/groups?filter.realm=Lab":                      {denied, ""},
			"GET /v1.0/groups?filter.realm=default":                  {denied, ""},
			"GET /v1.0/groups":                                       {denied, ""},
			"GET /v1.0/groups?filter.realm=":                         {denied, ""},
			"GET /v1.0/groups?filter.realm=Default&filter.realm=Lab": {400, ""},
			"GET /v1.0/groups/7?filter.realm=Default":                {denied, ""},
			"GET /v1.0/devices?filter.realm=Default":                 {ok, "Default"},
			"POST /v4.0/devices?filter.realm=Default":                {denied, ""},
			"POST /v4.0/devices":                                     {denied, ""},
			"DELETE /v4.0/devices/7?filter.realm=Default":            {denied, ""},
			"GET /v1.0/jobs?filter.realm=Default":                    {denied, ""},
			"GET /v1.0/realms":                                       {ok, "-"},
			"GET /token":                                             {ok, ""},
		},
		"upstream": {
			"GET /v1.0/groups?filter.realm=Default":   {ok, "Default"},
			"GET /v1.0/groups?filter.realm=Lab":       {denied, ""},
			"GET /v1.0/groups":                        {ok, "Default,Retail"},
			"GET /v1.0/groups/7":                      {ok, "Default,Retail"},
			"GET /v1.0/groups/7?filter.realm=Default": {ok, "Default"},
			"GET /v1.0/devices":                       {ok, "Default"},
			"POST /v4.0/devices":                      {ok, "Default"},
			"DELETE /v4.0/devices/7":                  {ok, "Default"},
			"GET /v1.0/jobs":                          {denied, ""},
			"GET /v1.0/realms":                        {ok, "-"},
			"GET /token":                              {ok, ""},
		},
	} {
		w := newWorld(t, map[string]string{"realms": setting})
		for _, name := range []string{"Default", "Lab", "Retail"} {
			w.realm(name)
		}
		otto := w.User("otto", w.login)
		w.Bind(otto.ID, w.view, w.Tenant, "Default")
		w.Bind(otto.ID, w.view, w.Tenant, "Retail")
		w.Bind(otto.ID, w.Role("devices", "truesight/view-devices", "truesight/edit-devices", "truesight/submit-jobs", "truesight/view-jobs"), w.Tenant, "Default")
		all := w.User("all", w.login, w.Role("everything", "truesight/*"))
		token, whole := bearer(w.token("otto")), bearer(w.token(all.Login))
		for call, want := range want {
			method, path, _ := strings.Cut(call, " ")
			r := w.Ask(method, base+path, "", token...)
			line := "otto " + string(w.Tenant) + " " + want.realms + "\n"
			if r.Status != want.status || want.realms != "" && !strings.Contains(r.Body, line) {
				t.Errorf("%s: %s: %d %s\nwant %d %s", setting, call, r.Status, r.Body, want.status, line)
			}
			if want.status == denied {
				r = w.Ask(method, base+path, "", whole...)
				if r.Status != ok {
					t.Errorf("%s: %s, with the right everywhere: %d %s", setting, call, r.Status, r.Body)
				}
			}
		}
	}
}

// TestSystemRightInOneRealm: the right to use web services lets one in wherever it
// is held, and opens nothing elsewhere.
func TestSystemRightInOneRealm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.realm("Default")
	w.realm("Lab")
	both := w.Role("both", "truesight/web-services", "truesight/view-groups")
	u := w.User("otto")
	w.Bind(u.ID, both, w.Tenant, "Default")
	token := bearer(w.token("otto"))
	if r := w.Ask("GET", groups+"?filter.realm=Default", "", token...); r.Status != 200 {
		t.Errorf("in the realm: %d %s", r.Status, r.Body)
	}
	w.Bind(u.ID, w.view, w.Tenant, "Lab")
	got := says(t, "in another", w.Ask("GET", groups+"?filter.realm=Lab", "", token...), 403, noServices)
	if got.Reason != "realm_forbidden" {
		t.Errorf("the reason is %q", got.Reason)
	}
}

// TestActions: a list of what an action is allowed on needs the right to that
// action too; who has it nowhere gets an empty list, and who may not see the list
// at all is refused.
func TestActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"realms": "upstream", "actions": editGroups + "=edit-groups, see=view-groups"})
	w.realm("Default")
	w.realm("Lab")
	otto := w.User("otto", w.login, w.view)
	w.Bind(otto.ID, w.Role("edit", "truesight/edit-groups"), w.Tenant, "Default")
	w.User("system", w.login)
	query := "?filter.action=" + editGroups
	for _, tt := range []struct {
		login, path string
		status      int
		body        string
	}{
		{"otto", "/v4.0/groups" + query, 200, " Default\n"},
		{"otto", "/v4.0/groups" + query + "&filter.realm=Default", 200, " Default\n"},
		{"otto", "/v4.0/groups" + query + "&filter.realm=Lab", 200, "[]"},
		{"otto", "/v4.0/realms" + query, 200, " Default\n"},
		{"otto", "/v4.0/groups?filter.action=see", 200, " -\n"},
		{"otto", "/v4.0/groups?filter.action=other", 200, " -\n"},
		{"jane", "/v4.0/groups" + query, 200, "[]"},
		{"jane", "/v4.0/realms" + query, 200, "[]"},
		{"system", "/v4.0/groups" + query, 403, `"message":"Forbidden: Not allowed to access groups"`},
		{"system", "/v4.0/groups?filter.action=see", 403, `"message":"Forbidden: Not allowed to access groups"`},
		{"system", "/v4.0/realms" + query, 200, "[]"},
		{"otto", "/v4.0/groups" + query + "&filter.action=other", 400, `"message":"Bad request: `},
	} {
		r := w.Ask("GET", base+tt.path, "", bearer(w.token(tt.login))...)
		if r.Status != tt.status || !strings.Contains(r.Body, tt.body) || tt.body == "[]" && r.Body != tt.body {
			t.Errorf("%s %s: %d %s, want %d %s", tt.login, tt.path, r.Status, r.Body, tt.status, tt.body)
		}
	}
}

// TestActionBeyondScopes: a token whose scopes do not reach to the action is told
// so; that is no empty list.
func TestActionBeyondScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"actions": editGroups + "=edit-groups"})
	u := w.User("otto", w.login, w.view, w.Role("edit", "truesight/edit-groups"))
	issued, err := w.Admin.CreateToken(t.Context(), admin.Actor{Principal: sallyport.Principal{ID: u.ID, Kind: sallyport.PrincipalPerson, Home: u.Tenant}},
		admin.NewToken{Name: "look", Scopes: []string{"truesight/view"}, Expires: w.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	own := bearer(issued.Secret.Reveal())
	if r := w.Ask("GET", groups, "", own...); r.Status != 200 {
		t.Errorf("the list: %d %s", r.Status, r.Body)
	}
	got := says(t, "by action", w.Ask("GET", groups+"?filter.action="+editGroups, "", own...), 403, "Forbidden: Not allowed to access groups")
	if got.Reason != "scope_insufficient" {
		t.Errorf("the reason is %q", got.Reason)
	}
}

// TestOwnRealm: a document that names a realm in its own way is left as it is.
func TestOwnRealm(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, sallyport.API{
		Name: "truesight", Dialect: "truesight", BasePath: "/lab/api", Realm: &sallyport.Selector{From: "fixed", Default: "Lab"},
	})
	w.realm("Lab")
	u := w.User("otto", w.login)
	w.Bind(u.ID, w.view, w.Tenant, "Lab")
	r := w.post("/lab/api/token", form("otto", dialecttest.Password))
	token := bearer(decode[session](t, r.Body).Token)
	for path, want := range map[string]int{"/groups": 200, "/groups/1": 200, "/devices": 403} {
		if r := w.Ask("GET", "/lab/api/v1.0"+path+"?filter.realm=Default", "", token...); r.Status != want || want == 200 && !strings.Contains(r.Body, " Lab\n") {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	if r := w.Ask("GET", base+"/about", ""); r.Status != 404 {
		t.Errorf("the alias is there without its base path: %d", r.Status)
	}
}
