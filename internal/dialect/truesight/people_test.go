package truesight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

const (
	users = base + "/v4.0/users"
	roles = base + "/v3.0/roles"
)

type person struct {
	ID      string
	Name    string
	Enabled bool `json:"enabledFlag"`
	Roles   []struct {
		Name string `json:"componentName"`
	}
	LastLogin int64 `json:"lastSuccessfulLoginTimestamp"`
}

type role struct {
	ID, Name string
	Rights   []string
	Editable bool     `json:"editableFlag"`
	Users    []string `json:"associatedUsernames"`
}

// namesOf lists names with blanks between them.
func namesOf[T any](list []T, name func(T) string) string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = name(v)
	}
	return strings.Join(all, " ")
}

// people returns the names in an answer that lists users.
func people(t *testing.T, r dialecttest.Reply) string {
	t.Helper()
	return namesOf(decode[[]person](t, r.Body), func(p person) string { return p.Name })
}

func newPeople(t *testing.T, administration string) (w *world, ada string) {
	t.Helper()
	w = newWorld(t, map[string]string{"administration": administration})
	w.User("ada", w.login, w.Role("administers", "sallyport/*", "truesight/*"))
	return w, w.token("ada")
}

// TestLists: users and roles with filter, order and pages, for who may see them.
func TestLists(t *testing.T) {
	t.Parallel()
	w, ada := newPeople(t, "read")
	w.User("old")
	w.token("jane")
	w.Advance(time.Second)
	get := func(token, path string) dialecttest.Reply { return w.Ask("GET", path, "", bearer(token)...) }
	for path, want := range map[string]string{
		users:                            "ada jane nologin old",
		users + "?orderBy=-name&limit=2": "old nologin",
		users + "?orderBy=-name&limit=2&offset=2":                             "jane ada",
		users + "?offset=9":                                                   "",
		users + "?filter.name=n*":                                             "nologin",
		users + "?filter.name=*o*":                                            "nologin old",
		users + "?filter.name=JANE":                                           "jane",
		users + "?filter.name=jan":                                            "",
		users + "?orderBy=%2BlastSuccessfulLoginTimestamp&limit=2":            "nologin old",
		users + "?orderBy=role&filter.name=*a*":                               "ada jane",
		users + "?orderBy=+enabledFlag&limit=1":                               "ada",
		base + "/v3.0/users/all_logged_in_users":                              "ada jane",
		base + "/v3.0/users/all_logged_in_users?orderBy=-name&filter.name=j*": "jane",
	} {
		if r := get(ada, path); r.Status != 200 || people(t, r) != want {
			t.Errorf("%s: %d %s, want %s", path, r.Status, r.Body, want)
		}
	}
	for path, want := range map[string]string{
		roles + "?filter.name=*e*": "administers, see groups", roles + "?filter.name=login&filter.rightsManagement=copyable": "login",
		roles + "?filter.rightsManagement=editable": "",
	} {
		r := get(ada, path)
		got := strings.ReplaceAll(namesOf(decode[[]role](t, r.Body), func(r role) string { return r.Name }), "administers see", "administers, see")
		if want == "administers, see groups" && strings.Contains(got, "administers") && strings.Contains(got, "see groups") {
			continue // beside the built-in ones
		}
		if r.Status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", path, r.Status, r.Body, want)
		}
	}
	if one := decode[role](t, get(ada, roles+"/login").Body); strings.Join(one.Rights, " ") != "web-services" || strings.Join(one.Users, " ") != "ada jane" {
		t.Errorf("a role: %+v", one)
	}
	if one := decode[person](t, get(ada, users+"/jane").Body); !one.Enabled || len(one.Roles) != 2 || one.Roles[0].Name != "login" || one.LastLogin == 0 {
		t.Errorf("a user: %+v", one)
	} else if same := decode[person](t, get(ada, users+"/"+one.ID).Body); same.Name != "jane" {
		t.Errorf("by his id: %+v", same)
	}
	for path, want := range map[string]int{
		users + "/nobody": 404, roles + "/nothing": 404, base + "/v2.0/users": 404, users + "?orderBy=colour": 400, users + "?limit=0": 400,
		users + "?offset=x": 400, roles + "?filter.rightsManagement=x": 400,
	} {
		if r := get(ada, path); r.Status != want {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	jane := w.token("jane")
	for path, what := range map[string]string{users: "users", users + "/ada": "users", users + "/all_logged_in_users": "users", roles: "roles"} {
		switch r := get(jane, path); {
		case path == users+"/ada" && r.Status != 404: // whom one may not see is not there
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		case path != users+"/ada":
			got := says(t, path, r, 403, "Forbidden: Not allowed to access "+what)
			if len(got.Permissions) != 1 || !strings.HasPrefix(got.Permissions[0], "sallyport/") {
				t.Errorf("%s: %s", path, r.Body)
			}
		}
	}
	if r := w.Ask("POST", users, `{"name":"x"}`, bearer(ada)...); r.Status != 405 {
		t.Errorf("adding, where only reading is on: %d %s", r.Status, r.Body)
	}
	w.post(base+"/token", "") // nothing
	if r := w.Ask("DELETE", base+"/token", "", bearer(ada)...); r.Status != 204 {
		t.Errorf("log out: %d %s", r.Status, r.Body)
	}
	if r := get(w.token("ada"), users+"/all_logged_in_users"); people(t, r) != "ada jane" {
		t.Errorf("signed in: %s", r.Body)
	}
	w.Advance(time.Hour)
	if r := get(w.token("ada"), users+"/all_logged_in_users"); people(t, r) != "ada" {
		t.Errorf("after an hour: %s", r.Body)
	}
}

// TestAdministering: users and roles are made, changed and removed with the rights
// of the management API, and what is wrong is said in the product's words.
func TestAdministering(t *testing.T) {
	t.Parallel()
	w, ada := newPeople(t, "write")
	do := func(method, path, body string) dialecttest.Reply {
		return w.Ask(method, path, body, append(bearer(ada), "Content-Type", "application/json")...)
	}
	made := do("POST", roles, `{"name":"keepers","description":"Keep groups","rights":["web-services","edit-groups"]}`)
	keepers := decode[role](t, made.Body)
	if made.Status != 201 || made.Header.Get("Location") != base+"/v3.0/roles/"+keepers.ID || strings.Join(keepers.Rights, " ") != "edit-groups web-services" || !keepers.Editable {
		t.Fatalf("a role: %d %s", made.Status, made.Body)
	}
	r := do("POST", users+"?copyPreferencesFromUser=jane", `{"name":"kim","fullName":"Kim","emailAddress":"kim@example.org","password":"`+dialecttest.Password+`","roles":["keepers",{"componentName":"see groups"}]}`)
	kim := decode[person](t, r.Body)
	if r.Status != 201 || r.Header.Get("Location") != users+"/"+kim.ID || namesOf(kim.Roles, func(r struct {
		Name string `json:"componentName"`
	},
	) string {
		return r.Name
	}) != "keepers see groups" {
		t.Fatalf("a user: %d %s", r.Status, r.Body)
	}
	if got := decode[[]role](t, do("GET", roles+"?filter.name=keepers", "").Body); len(got) != 1 || strings.Join(got[0].Users, " ") != "kim" {
		t.Errorf("the role's users: %+v", got)
	}
	// What an answer holds may be sent back.
	if same := do("PATCH", users+"/kim", r.Body); same.Status != 200 || same.Body != r.Body {
		t.Errorf("the same again: %d %s", same.Status, same.Body)
	}
	if r := do("PATCH", users+"/"+kim.ID, `{"enabledFlag":false,"roles":[]}`); r.Status != 200 || decode[person](t, r.Body).Enabled || len(decode[person](t, r.Body).Roles) != 0 {
		t.Errorf("out of use: %d %s", r.Status, r.Body)
	}
	if r := w.post(base+"/token", form("kim", dialecttest.Password)); r.Status != 401 {
		t.Errorf("he signs in: %d %s", r.Status, r.Body)
	}
	if r := do("PATCH", users+"/kim", `{"enabledFlag":true}`); r.Status != 200 || !decode[person](t, r.Body).Enabled {
		t.Errorf("into use: %d %s", r.Status, r.Body)
	}
	if r := do("PATCH", roles+"/keepers", `{"rights":["view-groups"]}`); r.Status != 200 || strings.Join(decode[role](t, r.Body).Rights, " ") != "view-groups" {
		t.Errorf("other rights: %d %s", r.Status, r.Body)
	}
	if r := do("PUT", roles+"/keepers", `{"name":"keepers"}`); r.Status != 200 || len(decode[role](t, r.Body).Rights) != 0 {
		t.Errorf("the whole role: %d %s", r.Status, r.Body)
	}
	for _, tt := range []struct{ method, path, body, message string }{
		{"POST", users, ``, ""},
		{"POST", users, `{"fullName":"x"}`, "Bad request: Input User DTO is missing or new User is invalid"},
		{"POST", users, `{"name":"x","roles":["nothing"]}`, "Bad request: Input User DTO is missing or new User is invalid"},
		{"POST", users, `{"name":"x","colour":1}`, "Bad request: Input User DTO is missing or new User is invalid"},
		{"POST", users + "?copyPreferencesFromUser=nobody", `{"name":"x"}`, "Bad request: Input User DTO is missing or new User is invalid"},
		{"PATCH", users + "/kim", `{"emailAddress":"x"}`, "Bad request: Input User DTO is missing or new User is invalid"},
		{"POST", roles, `{"name":"x"}`, "Bad request: Input Role DTO is missing or new Role is invalid"},
		{"POST", roles, `{"name":"x","rights":["fly"]}`, "Bad request: Input Role DTO is missing or new Role is invalid"},
	} {
		if r := do(tt.method, tt.path, tt.body); r.Status != 400 || tt.message != "" && decode[refusal](t, r.Body).Message != tt.message {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, r.Status, r.Body)
		}
	}
	// Nobody hands out what he does not hold.
	w.User("uma", w.login, w.Role("people only", "sallyport/users.read", "sallyport/users.write", "sallyport/roles.read", "sallyport/roles.write", "sallyport/bindings.read", "sallyport/bindings.write"))
	uma := w.token("uma")
	if r := w.Ask("POST", roles, `{"name":"strong","rights":["edit-groups"]}`, append(bearer(uma), "Content-Type", "application/json")...); r.Status != 403 {
		t.Errorf("a role beyond her own rights: %d %s", r.Status, r.Body)
	}
	if r := w.Ask("PATCH", users+"/ada", `{"enabledFlag":false}`, append(bearer(uma), "Content-Type", "application/json")...); r.Status != 403 {
		t.Errorf("a user above her: %d %s", r.Status, r.Body)
	}
	for _, path := range []string{users + "/kim", roles + "/keepers"} {
		if r := do("DELETE", path, ""); r.Status != 204 {
			t.Errorf("remove %s: %d %s", path, r.Status, r.Body)
		}
		if r := do("GET", path, ""); r.Status != 404 {
			t.Errorf("%s afterwards: %d %s", path, r.Status, r.Body)
		}
	}
}

// TestNoAdministration: unless the document asks for them the calls are not there,
// and no token reaches beyond the API.
func TestNoAdministration(t *testing.T) {
	t.Parallel()
	w, ada := newPeople(t, "no")
	for _, path := range []string{users, users + "/ada", roles} {
		if r := w.Ask("GET", path, "", bearer(ada)...); r.Status != 404 {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	for administration, want := range map[string]string{"no": "truesight", "read": "truesight sallyport/read", "write": "truesight sallyport/write"} {
		w, _ := newPeople(t, administration)
		u, err := w.Admin.UserByLogin(t.Context(), dialecttest.System(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.Admin.Sessions(t.Context(), dialecttest.System(), w.Tenant, u.ID, admin.Page{})
		if err != nil || len(list.Items) != 1 || !sameWords(list.Items[0], want) {
			t.Errorf("%s: scopes %+v, %v; want %s", administration, list.Items, err, want)
		}
	}
}

func sameWords(c sallyport.Credential, want string) bool {
	words := strings.Fields(want)
	if len(words) != len(c.Scopes) {
		return false
	}
	for _, w := range words {
		if !strings.Contains(" "+strings.Join(c.Scopes, " ")+" ", " "+w+" ") {
			return false
		}
	}
	return true
}
