package itop_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestRights: the profile for web services first, then a right for one object and
// one for many, with the words of the product. Each counts as a use.
func TestRights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		rights string // beside that to use web services
		data   string
		want   string // empty: let in
	}{
		{"get", "read bulk-read", getPersons, ""},
		{"get, not bulk", "read", getPersons, noRight("exporting", "Person")},
		{"get, bulk only", "bulk-read", getPersons, noRight("reading", "Person")},
		{"get, nothing", "", getPersons, noRight("reading", "Person")},
		{"create", "create bulk-create", `{"operation":"core/create","class":"Server","fields":{}}`, ""},
		{"create, not bulk", "create", `{"operation":"core/create","class":"Server","fields":{}}`, noRight("massively creating", "Server")},
		{"create, nothing", "modify bulk-modify", `{"operation":"core/create","class":"Server","fields":{}}`, noRight("creating", "Server")},
		{"update", "modify bulk-modify", updateThing, ""},
		{"update, not bulk", "modify", updateThing, noRight("massively modifying", "Person")},
		{"update, nothing", "read bulk-read", updateThing, noRight("modifying", "Person")},
		{"stimulus", "modify bulk-modify", `{"operation":"core/apply_stimulus","class":"Incident","key":1,"fields":{},"stimulus":"ev_x"}`, ""},
		{"stimulus, nothing", "read", `{"operation":"core/apply_stimulus","class":"Incident","key":1,"fields":{},"stimulus":"ev_x"}`, noRight("modifying", "Incident")},
		{"delete", "delete bulk-delete", `{"operation":"core/delete","class":"Person","key":1}`, ""},
		{"delete, not bulk", "delete", `{"operation":"core/delete","class":"Person","key":1}`, noRight("massively deleting", "Person")},
		{"delete, nothing", "create bulk-create", `{"operation":"core/delete","class":"Person","key":1}`, noRight("deleting", "Person")},
		{"related", "read bulk-read", `{"operation":"core/get_related","class":"Server","key":1,"relation":"impacts"}`, ""},
		{"related, nothing", "", `{"operation":"core/get_related","class":"Server","key":1,"relation":"impacts"}`, noRight("reading", "Server")},
		{"the class of the query", "", `{"operation":"core/get","class":"FunctionalCI","key":"SELECT Server"}`, noRight("reading", "Server")},
		{"list", "", `{"operation":"list_operations"}`, ""},

		{"faults before rights: version", "", "version=9.9", faulty(10, "There is no service available for version '9.9'")},
		{"class", "", `{"operation":"core/get","key":1}`, faulty(100, "Missing parameter 'class'")},
		{"key", "", `{"operation":"core/get","class":"Person"}`, faulty(100, "Missing parameter 'key'")},
		{"fields", "", `{"operation":"core/update","class":"Person","key":1}`, faulty(100, "Missing parameter 'fields'")},
		{"stimulus", "", `{"operation":"core/apply_stimulus","class":"Person","key":1,"fields":{}}`, faulty(100, "Missing parameter 'stimulus'")},
		{"relation", "", `{"operation":"core/get_related","class":"Person","key":1}`, faulty(100, "Missing parameter 'relation'")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			var held []sallyport.Permission
			for name := range strings.FieldsSeq(tt.rights + " administrator rest-services-user") {
				held = append(held, sallyport.Permission("itop/"+name))
			}
			token := w.token(w.User("user", w.Role("role", held...)), "t", time.Time{}, restScope)
			version, data := "1.3", tt.data
			if v, ok := strings.CutPrefix(data, "version="); ok {
				version, data = v, getPersons
			}
			r := w.Ask("POST", rest, form("version", version, "json_data", data), "Auth-Token", token.Secret.Reveal(), "Content-Type", urlencoded)
			if tt.want == "" && !forwarded(r) || tt.want != "" && (r.Status != 200 || r.Body != tt.want) {
				t.Errorf("%d %s\nwant %s", r.Status, r.Body, tt.want)
			}
			if got := w.uses(token.Credential.ID); got != 1 {
				t.Errorf("%d uses, want 1", got)
			}
		})
	}
}

// TestProfiles: who may use web services and who may use personal tokens, by the
// settings.
func TestProfiles(t *testing.T) {
	t.Parallel()
	const in = "in"
	for _, tt := range []struct {
		settings         map[string]string
		profiles         string // of the user, beside the right to read
		personal, pwd    string // what comes of a personal token, and of a password
		application, key string
	}{
		{nil, "administrator rest-services-user", in, in, in, in},
		{nil, "rest-services-user", invalidLogin, in, in, in},
		{nil, "administrator", noProfile, noProfile, noProfile, noProfile},
		{nil, "", invalidLogin, noProfile, noProfile, noProfile},
		{map[string]string{"secure_rest_services": "no"}, "administrator", in, in, in, in},
		{map[string]string{"secure_rest_services": "no"}, "", invalidLogin, in, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "administrator", in, noProfile, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "", invalidLogin, noProfile, in, in},
		{map[string]string{"allow_rest_services_via_tokens": "yes"}, "rest-services-user", invalidLogin, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent, REST Services User"}, "rest-services-user", in, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent, REST Services User"}, "support-agent", noProfile, noProfile, noProfile, noProfile},
		{map[string]string{"personal_tokens_allowed_profiles": "Support Agent"}, "administrator rest-services-user", in, in, in, in},
		{map[string]string{"personal_tokens_allowed_profiles": ""}, "rest-services-user", invalidLogin, in, in, in},
	} {
		w := newWorld(t, tt.settings)
		var held []sallyport.Permission
		for name := range strings.FieldsSeq(tt.profiles + " read bulk-read") {
			held = append(held, sallyport.Permission("itop/"+name))
		}
		role := w.Role("role", held...)
		user := w.User("user", role)
		robot, err := w.Admin.CreateUser(t.Context(), dialecttest.System(), w.Tenant, admin.NewUser{Kind: sallyport.Service, Login: "robot", Name: "robot"})
		if err != nil {
			t.Fatal(err)
		}
		w.Bind(robot.ID, role, w.Tenant, "")
		application, err := w.Admin.CreateApplicationToken(t.Context(), dialecttest.System(), w.Tenant, robot.ID, admin.NewToken{Name: "a", Scopes: []string{restScope}})
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range map[string]struct {
			header []string
			want   string
		}{
			"personal":    {[]string{"Auth-Token", w.token(user, "p", time.Time{}, restScope).Secret.Reveal()}, tt.personal},
			"password":    {[]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+dialecttest.Password))}, tt.pwd},
			"application": {[]string{"Auth-Token", application.Secret.Reveal()}, tt.application},
			"key":         {[]string{"Auth-Token", w.Key(w.Tenant, "key", time.Time{}, role).Secret.Reveal()}, tt.key},
		} {
			r := w.Ask("POST", rest, form("version", "1.3", "json_data", getPersons), append([]string{"Content-Type", urlencoded}, way.header...)...)
			if (way.want == in) != forwarded(r) || way.want != in && (r.Status != 200 || r.Body != way.want) {
				t.Errorf("%v, profiles %q, %s: %d %s", tt.settings, tt.profiles, name, r.Status, r.Body)
			}
		}
	}
}

// TestPortal: who is a user of the portal and nothing else is told so.
func TestPortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.User("portal", w.Role("Portal user", "itop/portal-user"))
	w.User("both", w.Role("both", "itop/portal-user", "itop/read"))
	for user, want := range map[string]string{"portal": faulty(1, "Portal user is not allowed"), "both": noProfile} {
		r := w.Ask("GET", rest+"?"+form("version", "1.3", "json_data", getPersons), "",
			"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+dialecttest.Password)))
		if r.Status != 200 || r.Body != want {
			t.Errorf("%s: %d %s", user, r.Status, r.Body)
		}
	}
}

// TestClasses: a right for one class is good for what is about that class alone.
func TestClasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, class := range []string{"Person", "Server"} {
		if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: class}); err != nil {
			t.Fatal(err)
		}
	}
	clerk := w.User("clerk", w.administrator)
	w.Bind(clerk.ID, w.rest, w.Tenant, "Person")
	w.Bind(clerk.ID, w.reader, w.Tenant, "Person")
	w.Bind(clerk.ID, w.rest, w.Tenant, "Server")
	w.Bind(clerk.ID, w.writer, w.Tenant, "Server")
	secret := w.token(clerk, "t", time.Time{}, restScope).Secret.Reveal()
	get := func(class, key string) string {
		return `{"operation":"core/get","class":"` + class + `","key":` + key + `}`
	}
	for _, tt := range []struct{ data, want string }{
		{get("Person", `"SELECT Person"`), ""},
		{get("Person", `" select\tPerson WHERE name LIKE '%union%'"`), noRight("reading", "Person")},
		{get("Person", `" select\tPerson WHERE name LIKE '%x%'"`), ""},
		{get("Person", `"SELECT Person AS p JOIN Organization AS o ON p.org_id=o.id"`), ""},
		{get("Person", `1`), ""},
		{get("Person", `"1"`), ""},
		{get("Person", `{"name":"Curie"}`), ""},
		{get("Server", `"SELECT Server"`), noRight("reading", "Server")},
		{get("Person", `"SELECT Server"`), noRight("reading", "Server")},
		{get("Server", `"SELECT Person"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person UNION SELECT Server"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person FROM Server AS Person"`), noRight("reading", "Person")},
		{get("Person", `"SELECT Person, Server FROM Person JOIN Server"`), noRight("reading", "Person")},
		{get("Person", `["x"]`), noRight("reading", "Person")},
		{get("person", `"SELECT person"`), noRight("reading", "person")},
		{get("Contact", `"SELECT Person"`), noRight("reading", "Person")},
		{`{"operation":"core/update","class":"Server","key":1,"fields":{}}`, ""},
		{`{"operation":"core/create","class":"Server","fields":{}}`, ""},
		{`{"operation":"core/delete","class":"Server","key":1}`, ""},
		{updateThing, noRight("modifying", "Person")},
		{`{"operation":"core/get_related","class":"Person","key":1,"relation":"impacts"}`, noRight("reading", "Person")},
		{`{"operation":"list_operations"}`, ""},
		{`{"operation":"x"}`, faulty(11, "Unknown verb 'x' in version '1.3'")},
	} {
		r := w.call(secret, tt.data)
		// A class in which he may not use web services at all says that first.
		if (tt.want == "") != forwarded(r) || tt.want != "" && r.Body != tt.want && r.Body != noProfile {
			t.Errorf("%s: %d %s", tt.data, r.Status, r.Body)
		}
	}
}

// TestExplain: an API that explains says beside the product's words what is
// missing.
func TestExplain(t *testing.T) {
	t.Parallel()
	w := &world{Kit: dialecttest.New(t, nil, sallyport.API{Name: "itop", Dialect: "itop", Explain: sallyport.ExplainFull})}
	w.Role("writer", "itop/modify", "itop/bulk-modify")
	jane := w.User("jane", w.Role("user", "itop/administrator", "itop/rest-services-user"))
	secret := w.token(jane, "t", time.Time{}, restScope).Secret.Reveal()
	r := w.call(secret, updateThing)
	var got struct {
		Code int
		More struct {
			Reason      string
			Permissions []string `json:"missing_permissions"`
			Suggestions []struct{ Roles []string }
		} `json:"sallyport"`
	}
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil || got.Code != 1 || got.More.Reason != "permission_missing" ||
		strings.Join(got.More.Permissions, " ") != "itop/modify itop/bulk-modify" || len(got.More.Suggestions) == 0 || got.More.Suggestions[0].Roles[0] != "writer" {
		t.Errorf("%v in %s", err, r.Body)
	}
	if r := w.call("x", updateThing); r.Body != invalidLogin {
		t.Errorf("a stranger is told %s", r.Body)
	}
}
