package itop

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

func open(t *testing.T) *Service {
	t.Helper()
	s, err := New(t.Context(), platformtest.DB(t), Options{Now: new(platformtest.Clock).Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const path = "/itop/webservices/rest.php"

// call posts json_data as a form and returns the body.
func post(t *testing.T, s *Service, version, data string) string {
	t.Helper()
	form := url.Values{"version": {version}, "json_data": {data}}
	w := platformtest.Do(t, s, "POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: status %d, type %s", data, w.Code, w.Header().Get("Content-Type"))
	}
	if !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s: %s is not JSON", data, w.Body)
	}
	return w.Body.String()
}

func TestExchanges(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, tt := range []struct{ version, data, want string }{
		{
			"1.3", `{"operation":"core/get","class":"Person","key":"SELECT Person WHERE email LIKE '%.fr' AND name = 'Curie'","output_fields":"friendlyname, email"}`,
			`{"objects":{"Person::1":{"code":0,"message":"","class":"Person","key":"1","fields":{"friendlyname":"Marie Curie","email":"marie@example.fr"}}},"code":0,"message":"Found: 1"}`,
		},
		{"1.3", `{"operation":"core/get","class":"Person","key":"SELECT Person WHERE email LIKE '%.it'"}`, `{"objects":null,"code":0,"message":"Found: 0"}`},
		{
			"1.0", `{"operation":"core/get","class":"Person","key":2,"output_fields":"id,org_name,first_name"}`,
			`{"objects":{"Person::2":{"code":0,"message":"","class":"Person","fields":{"id":"2","org_name":"Institut du Radium","first_name":"Ir\u00e8ne"}}},"code":0,"message":"Found: 1"}`,
		},
		{
			"1.4", `{"operation":"core/get","class":"Contact","key":"SELECT Contact WHERE org_name = 'IT Department'","output_fields":"","limit":2,"page":"2"}`,
			`{"objects":{"Person::9":{"code":0,"message":"","class":"Person","key":"9","fields":{"id":"9","friendlyname":"Alan Turing"}},"Team::11":{"code":0,"message":"","class":"Team","key":"11","fields":{"id":"11","friendlyname":"Helpdesk"}}},"code":0,"message":"Found: 2"}`,
		},
		{
			"1.3", `{"operation":"core/get","class":"Team","key":{"org_id":{"name":"IT Department"},"name":"helpdesk"},"output_fields":"email,org_id_friendlyname"}`,
			`{"objects":{"Team::11":{"code":0,"message":"","class":"Team","key":"11","fields":{"email":"helpdesk@example.com","org_id_friendlyname":"IT Department"}}},"code":0,"message":"Found: 1"}`,
		},
		{
			"1.3", `{"operation":"core/create","class":"UserRequest","comment":"x","fields":{"title":"A/B","description":"d","org_id":"SELECT Organization WHERE code = 'KWI'","caller_id":{"name":"Hahn"}},"output_fields":"ref,status,title,caller_name,start_date"}`,
			`{"objects":{"UserRequest::6":{"code":0,"message":"created","class":"UserRequest","key":"6","fields":{"ref":"R-000006","status":"new","title":"A\/B","caller_name":"Hahn","start_date":"2026-03-14 09:30:00"}}},"code":0,"message":null}`,
		},
		{
			"1.3", `{"operation":"core/update","class":"UserRequest","key":6,"fields":{"status":"assigned","agent_id":7},"output_fields":"status,agent_id_friendlyname"}`,
			`{"objects":{"UserRequest::6":{"code":0,"message":"updated","class":"UserRequest","key":"6","fields":{"status":"assigned","agent_id_friendlyname":"Ada Lovelace"}}},"code":0,"message":null}`,
		},
		{
			"1.3", `{"operation":"core/delete","class":"Ticket","key":"SELECT UserRequest WHERE ref = 'R-000006'","simulate":true}`,
			`{"objects":{"UserRequest::6":{"code":0,"message":"","class":"UserRequest","key":"6","fields":{"id":"6","friendlyname":"R-000006"}}},"code":0,"message":"SIMULATING: Deleted: 1"}`,
		},
		{
			"1.3", `{"operation":"core/delete","class":"UserRequest","key":"6"}`,
			`{"objects":{"UserRequest::6":{"code":0,"message":"","class":"UserRequest","key":"6","fields":{"id":"6","friendlyname":"R-000006"}}},"code":0,"message":"Deleted: 1"}`,
		},
		{"1.3", `{"operation":"core/get","class":"UserRequest","key":6}`, `{"objects":null,"code":0,"message":"Found: 0"}`},
		{
			"1.3", `{"operation":"core/apply_stimulus","class":"UserRequest","key":2,"stimulus":"ev_assign","fields":{"agent_id":7},"output_fields":"status,agent_name"}`,
			`{"objects":{"UserRequest::2":{"code":0,"message":"updated","class":"UserRequest","key":"2","fields":{"status":"assigned","agent_name":"Lovelace"}}},"code":0,"message":null}`,
		},
		{
			"1.3", `{"operation":"core/get_related","class":"Location","key":3,"relation":"impacts","depth":1}`,
			`{"objects":{"Location::3":{"code":0,"message":"","class":"Location","key":"3","fields":{"id":"3","friendlyname":"Grenoble"}},"Person::10":{"code":0,"message":"","class":"Person","key":"10","fields":{"id":"10","friendlyname":"Sophie Germain"}},"Server::5":{"code":0,"message":"","class":"Server","key":"5","fields":{"id":"5","friendlyname":"gre-old-07"}}},"relations":{"Location::3":[{"key":"Person::10"},{"key":"Server::5"}]},"code":0,"message":"Scope: 1; Related objects: Location= 1, Person= 1, Server= 1"}`,
		},
		{
			"1.3", `{"operation":"core/get_related","class":"Location","key":3,"relation":"depends on","depth":1}`,
			`{"objects":{"Location::3":{"code":0,"message":"","class":"Location","key":"3","fields":{"id":"3","friendlyname":"Grenoble"}},"Organization::1":{"code":0,"message":"","class":"Organization","key":"1","fields":{"id":"1","friendlyname":"Demo"}}},"relations":{"Organization::1":[{"key":"Location::3"}]},"code":0,"message":"Scope: 1; Related objects: Location= 1, Organization= 1"}`,
		},
		{"1.3", `{"operation":"core/get_related","class":"Person","key":"SELECT Person WHERE id = 99","relation":"impacts"}`, `{"objects":null,"relations":null,"code":0,"message":"Nothing found"}`},
		{"1.3", `{"operation":"core/delete","class":"Organization","key":"SELECT Organization"}`, `{"objects":null,"code":12,"message":"Deletion cannot be performed: Organization::1 is used by Person::10"}`},
	} {
		got := post(t, s, tt.version, tt.data)
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.data, got, tt.want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	person := func(rest string) string { return `{"operation":"core/get","class":"Person",` + rest + `}` }
	for _, tt := range []struct{ version, data, want string }{
		{"1.3", `{`, `{"code":4,"message":"Error: Parameter json_data is not a valid JSON structure"}`},
		{"1.3", `null`, `"code":4`},
		{"1.3", `[]`, `"code":4`},
		{"1.3", `0`, `"code":4`},
		{"1.3", `""`, `"code":4`},
		{"1.3", "\"\xff\"", `"code":4`},
		{"9.9", `{}`, `{"code":10,"message":"Error: There is no service available for version '9.9'"}`},
		{"1.3", `{}`, `{"code":100,"message":"Error: Missing parameter 'operation'"}`},
		{"1.3", `[1]`, `Missing parameter 'operation'`},
		{"1.3", `{"operation":"core/x"}`, `{"code":11,"message":"Error: Unknown verb 'core\/x' in version '1.3'"}`},
		{"1.3", `{"operation":"core/get"}`, `Error: Missing parameter 'class'`},
		{"1.3", `{"operation":"core/get","class":"Horse"}`, `{"code":100,"message":"Error: class: 'Horse' is not a valid class'"}`},
		{"1.3", `{"operation":"core/get","class":"Person"}`, `Error: Missing parameter 'key'`},
		{"1.3", person(`"key":1,"output_fields":"name,x"`), `{"code":100,"message":"Error: output_fields: invalid attribute code 'x'"}`},
		{"1.3", person(`"key":[1]`), `key: must be`},
		{"1.3", person(`"key":{}`), `criteria are empty`},
		{"1.3", person(`"key":{"x":"y"}`), `unknown attribute 'x'`},
		{"1.3", person(`"key":"SELECT"`), `a class is expected at byte 6`},
		{"1.3", person(`"key":"SELECT Horse"`), `unknown class 'Horse'`},
		{"1.3", person(`"key":"SELECT Server"`), `no 'Person'`},
		{"1.3", person(`"key":"SELECT Person WHERE x = 1"`), `unknown attribute 'x'`},
		{"1.4", person(`"key":"SELECT Person","limit":1,"page":0`), `{"objects":null,"code":13,"message":"The request page number is not valid. It must be an integer greater than 0"}`},
		{"1.4", person(`"key":"SELECT Person","limit":1,"page":9223372036854775807`), `Found: 0`},
		{"1.4", person(`"key":"SELECT Person","limit":-1`), `limit`},
		{"1.3", `{"operation":"core/create","class":"Person"}`, `Missing parameter 'fields'`},
		{"1.3", `{"operation":"core/get_related","class":"Person","key":1}`, `Missing parameter 'relation'`},
		{"1.3", `{"operation":"core/get_related","class":"Person","relation":"impacts"}`, `Missing parameter 'key'`},
		{"1.3", `{"operation":"core/get_related","class":"Person","key":1,"relation":"x"}`, `there is no relation 'x'`},
		{"1.3", `{"operation":"core/get_related","class":"Person","key":1,"relation":"impacts","direction":"left"}`, `Invalid value: 'left' for the parameter 'direction'`},
		{"1.3", `{"operation":"core/get_related","class":"Person","key":1,"relation":"impacts","depth":"x"}`, `depth: must be`},
		{"1.3", `{"operation":"core/apply_stimulus","class":"Incident","key":1,"fields":{}}`, `Missing parameter 'stimulus'`},
		{"1.3", `{"operation":"core/apply_stimulus","class":"UserRequest","key":1,"fields":{},"stimulus":"ev_close"}`, `Invalid stimulus: 'ev_close' on the object 'R-000001' in state 'assigned'`},
		{"1.3", `{"operation":"core/apply_stimulus","class":"Person","key":1,"fields":{},"stimulus":"ev_close"}`, `no life cycle`},
		{"1.3", `{"operation":"core/check_credentials","user":"x","password":"y"}`, `there are no users here`},
		{"1.3", `{"operation":"core/create","class":"Person","fields":{"name":"X","org_id":1}}`, `first_name: is mandatory`},
		{"1.3", `{"operation":"core/create","class":"Person","fields":{"name":"X","first_name":"Y","org_id":99}}`, `org_id: No item found`},
		{"1.3", `{"operation":"core/create","class":"Person","fields":{"status":"dead"}}`, `status: must be one of active, inactive`},
		{"1.3", `{"operation":"core/create","class":"Person","fields":{"x":"y"}}`, `x: unknown attribute`},
		{"1.3", `{"operation":"core/create","class":"Person","fields":{"name":{}}}`, `name: must be a text`},
		{"1.3", `{"operation":"core/create","class":"Contact","fields":{}}`, `abstract`},
		{"1.3", `{"operation":"core/update","class":"Person","key":99,"fields":{}}`, `No item found`},
		{"1.3", `{"operation":"core/update","class":"Person","key":"SELECT Person","fields":{}}`, `Several items found (10)`},
		{"1.3", `{"operation":"core/update","class":"UserRequest","key":1,"fields":{"ref":"x"}}`, `ref: cannot be written`},
	} {
		if got := post(t, s, tt.version, tt.data); !strings.Contains(got, tt.want) {
			t.Errorf("%s\n got %s\nwant %s", tt.data, got, tt.want)
		}
	}
	for query, want := range map[string]string{
		"":            `{"code":2,"message":"Error: Missing parameter 'version' (e.g. '1.0')"}`,
		"version=1.3": `{"code":3,"message":"Error: Missing parameter 'json_data'"}`,
	} {
		if got := platformtest.Do(t, s, "GET", path+"?"+query, ""); got.Body.String() != want {
			t.Errorf("%q: %s", query, got.Body)
		}
	}
	if got := post(t, s, "1.3", person(`"key":"`+strings.Repeat("x", 1<<20)+`"`)); !strings.Contains(got, "longer than") {
		t.Errorf("long request: %.100s", got)
	}
	if w := platformtest.Do(t, s, "PUT", path, ""); w.Code != 405 {
		t.Errorf("PUT: %d", w.Code)
	}
}

// TestDeleteIsWhole deletes two objects of which the second is in use.
func TestDeleteIsWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	if got := post(t, s, "1.3", `{"operation":"core/delete","class":"Person","key":"SELECT Person WHERE id IN (10, 1)"}`); !strings.Contains(got, `"code":12`) {
		t.Errorf("delete: %s", got)
	}
	if got := post(t, s, "1.3", `{"operation":"core/get","class":"Person","key":10}`); !strings.Contains(got, "Found: 1") {
		t.Errorf("half was deleted: %s", got)
	}
	// Together with all that points to it, an object may go.
	if got := post(t, s, "1.3", `{"operation":"core/delete","class":"Ticket","key":"SELECT Ticket"}`); !strings.Contains(got, "Deleted: 5") {
		t.Errorf("delete tickets: %s", got)
	}
	if got := post(t, s, "1.3", `{"operation":"core/delete","class":"Person","key":"SELECT Person WHERE id <= 3"}`); !strings.Contains(got, "Deleted: 3") {
		t.Errorf("delete persons: %s", got)
	}
	// An id is not given out again.
	if got := post(t, s, "1.3", `{"operation":"core/create","class":"Incident","fields":{"title":"t","description":"d","org_id":1},"output_fields":"ref"}`); !strings.Contains(got, "I-000006") {
		t.Errorf("create: %s", got)
	}
}

// TestExchange plays the calls beside the REST interface.
func TestExchange(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, tt := range []struct{ path, body, kind, want string }{
		{"/itop/webservices/export-v2.php", "", "text/html", "<p>ERROR: Missing parameter. The parameter 'expression' or 'query' must be specified.</p>"},
		{"/itop/webservices/export.php", "expression=SELECT+Location+WHERE+id<3&fields=name,city", "text/csv", "name,city\nParis,Paris\nBerlin,Berlin\n"},
		{"/itop/webservices/export-v2.php", "expression=SELECT+Horse", "text/html", "Unknown class 'Horse'"},
		{"/itop/webservices/export-v2.php", "expression=SELECT+Person&fields=<b>", "text/html", "Unknown field '&lt;b&gt;'"},
		{"/itop/webservices/export-v2.php", "expression=SELECT+Person+WHERE+x=1", "text/plain", "unknown attribute 'x'"},
		{"/itop/webservices/export-v2.php", "expression=(", "text/html", "<p>ERROR: "},
		{"/itop/webservices/import.php", "", "text/plain", "ERROR: Missing argument 'class'"},
		{"/itop/webservices/import.php", "class=Contact", "text/plain", "ERROR: Unknown class 'Contact'"},
		{"/itop/webservices/import.php", "class=Team", "text/plain", "ERROR: Missing or unreadable argument 'csvdata'"},
		{"/itop/webservices/import.php", url.Values{"class": {"Team"}, "csvdata": {"name;org_id\nA;1\nB;99"}}.Encode(), "text/plain", "ERROR: line 3: org_id: No item found"},
		{"/itop/webservices/import.php", url.Values{"class": {"Team"}, "separator": {","}, "csvdata": {"name,org_id\nA,1\nB,1"}}.Encode(), "text/plain", "#Created: 2"},
		{"/itop/webservices/export-v2.php", "expression=SELECT+Team+WHERE+org_id=1&fields=name", "text/csv", "name\nA\nB\n"},
		{"/itop/synchro/synchro_exec.php", "", "text/html", "The parameter 'data_sources' is mandatory"},
		{"/itop/synchro/synchro_exec.php", "data_sources=<1>", "text/html", "no data source '&lt;1&gt;'"},
		{"/itop/synchro/synchro_import.php", "", "text/html", "Missing argument 'data_source_id'"},
		{"/itop/synchro/synchro_import.php", "data_source_id=1", "text/html", "no data source '1'"},
	} {
		w := platformtest.Do(t, s, "POST", tt.path, tt.body, "Content-Type", "application/x-www-form-urlencoded")
		if w.Code != 200 || w.Header().Get("Content-Type") != tt.kind+"; charset=utf-8" || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: %d %s %s", tt.path, tt.body, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestCarriers(t *testing.T) {
	t.Parallel()
	s := open(t)
	const data = `{"operation":"core/get","class":"Person","key":"SELECT+Person+WHERE+email+LIKE+'%.fr'"}`
	r := httptest.NewRequestWithContext(t.Context(), "POST", path, nil)
	r.URL.RawQuery = "version=1.3&json_data=" + data // an escape that is none: %.f
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "Found: 4") {
		t.Errorf("lone %%: %s", w.Body)
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	m.WriteField("version", "1.3")
	part, _ := m.CreateFormFile("json_data", "request.json")
	part.Write([]byte(`{"operation":"list_operations"}`))
	m.Close()
	w = platformtest.Do(t, s, "POST", path+"?version=0", body.String(), "Content-Type", m.FormDataContentType())
	if !strings.Contains(w.Body.String(), `"message":"Operations: 7"`) || !strings.Contains(w.Body.String(), `"version":"1.3"`) {
		t.Errorf("file part: %s", w.Body)
	}
	w = platformtest.Do(t, s, "POST", path, "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x")
	if !strings.Contains(w.Body.String(), `"code":100`) {
		t.Errorf("broken multipart: %s", w.Body)
	}
	w = platformtest.Do(t, s, "GET", path+"?callback=cb", "")
	if got := w.Body.String(); !strings.HasPrefix(got, `cb({"code":2,`) || !strings.HasSuffix(got, `});`) {
		t.Errorf("callback: %s", got)
	}
	w = platformtest.Do(t, s, "GET", path+"?callback=alert(1)//", "")
	if got := w.Body.String(); !strings.HasPrefix(got, `{"code":2,`) {
		t.Errorf("bad callback: %s", got)
	}
}
