package truesight

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

func open(t *testing.T) (*Service, *platformtest.Clock) {
	t.Helper()
	clock := new(platformtest.Clock)
	s, err := New(t.Context(), platformtest.DB(t), Options{Now: clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s, clock
}

const base = "/bca-networks/api"

func TestListGroups(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, tt := range []struct {
		path, realm string
		want        []string
	}{
		{base + "/v1.0/groups?filter.realm=Default&orderBy=%2Bname&offset=1&limit=25", "", []string{"Access switches Lyon", "All Cisco IOS-XE", "Core routers", "End of support", "Firewalls"}},
		{"/bca-networks/apidocs/v1.0/groups?filter.realm=Lab", "", []string{"Lab routers", "Nightly builds"}},
		{base + "/v1.0/groups?orderBy=-realm&limit=2", "", []string{"Store gateways", "Store access points"}},
		{base + "/v1.0/groups?orderBy=+name&offset=2&limit=4", "", []string{"Firewalls", "Lab routers", "Nightly builds", "Store access points"}},
		{base + "/v1.0/groups?offset=9", "", []string{}},
		{base + "/v1.0/groups?query=*routers", "", []string{"Core routers", "Lab routers"}},
		{base + "/v1.0/groups?query=%25", "", []string{}},
		{base + "/v2.0/groups?filter.autoGroup=true&filter.realm=Default", "", []string{"All Cisco IOS-XE", "End of support"}},
		{base + "/v4.0/groups?filter.staticGroups=false&filter.emptyAutoGroups=false&filter.realm=Retail", "", []string{}},
		{base + "/v4.0/groups?orderBy=-deviceCount&limit=1&filter.action=" + ActionEdit + "", "", []string{"All Cisco IOS-XE"}},
		{base + "/v1.0/groups?filter.Site=Lyon", "", []string{"Access switches Lyon", "Lab routers"}},
		{base + "/v1.0/groups", "Lab", []string{"Lab routers", "Nightly builds"}},
		{base + "/v1.0/groups?filter.realm=Default", "Lab", []string{}},
		{base + "/v1.0/groups?filter.Site=Lyon", "Lab,Retail", []string{"Lab routers"}},
		{base + "/v1.0/groups?filter.Site=Lyon", "L%61b,De%2Cfault", []string{"Lab routers"}},
		{base + "/v1.0/groups", "%zz", []string{}},
	} {
		w := platformtest.Do(t, s, "GET", tt.path, "", "X-Sallyport-Realm", tt.realm)
		names := []string{}
		for _, g := range platformtest.Decode[[]Group](t, w) {
			names = append(names, g.Name)
		}
		if w.Code != 200 || !slices.Equal(names, tt.want) {
			t.Errorf("%s in realm %q: %d %q, want %q", tt.path, tt.realm, w.Code, names, tt.want)
		}
	}
}

func TestGroupShape(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	w := platformtest.Do(t, s, "GET", base+"/v1.0/groups/"+SampleGroup, "")
	want := `{"id":"714294386-4","name":"Core routers","description":"Backbone of both data centres",` +
		`"realmId":{"id":"714294386-1","componentName":"Default","componentType":"Realm","qualifiers":{}},` +
		`"autoGroupFlag":false,"deviceCount":3,"dynamicFields":[{"name":"Site","values":["Berlin"]}]}`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("group\n%s\nwant\n%s", got, want)
	}
}

func TestGroupLife(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	w := platformtest.Do(t, s, "POST", base+"/v4.0/groups", `{"name":"New","realmId":{"componentName":"Default"},"deviceIds":["714294386-13"],"dynamicFields":[{"name":"Site","values":["Oslo","Oslo"]}]}`)
	g := platformtest.Decode[Group](t, w)
	path := w.Header().Get("Location")
	if w.Code != 201 || path != base+"/v4.0/groups/"+g.ID || g.Devices != 1 || len(g.Fields) != 1 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	w = platformtest.Do(t, s, "PUT", path, `{"name":"Newer","realmId":"714294386-2"}`)
	if g = platformtest.Decode[Group](t, w); w.Code != 200 || g.Name != "Newer" || g.Devices != 0 || g.Realm.Name != "Lab" || len(g.Fields) != 0 {
		t.Errorf("put: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "DELETE", path, "", "X-Sallyport-Realm", "Default"); w.Code != 404 {
		t.Errorf("delete from another realm: %d", w.Code)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != 204 {
		t.Errorf("delete: %d", w.Code)
	}
	if w = platformtest.Do(t, s, "GET", path, ""); w.Code != 404 {
		t.Errorf("get deleted: %d", w.Code)
	}
}

func TestDeviceLife(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	w := platformtest.Do(t, s, "POST", base+"/v4.0/devices", `{"name":"lab-sw-09","address":"192.168.50.9","realmId":"714294386-2"}`, "X-Sallyport-Realm", "Lab")
	if w.Code != 201 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	path := w.Header().Get("Location")
	found := platformtest.Decode[[]Device](t, platformtest.Do(t, s, "GET", base+"/v1.0/devices?filter.name=lab-sw-09", ""))
	if len(found) != 1 || found[0].Realm.Name != "Lab" || !strings.HasSuffix(path, found[0].ID) {
		t.Errorf("found %+v", found)
	}
	w = platformtest.Do(t, s, "POST", base+"/v4.0/devices", `{"name":"x","realmId":"714294386-1"}`, "X-Sallyport-Realm", "Lab")
	if w.Code != 403 || !strings.Contains(w.Body.String(), "Forbidden: Not allowed to access realm Default") {
		t.Errorf("create in another realm: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != 204 {
		t.Errorf("delete: %d", w.Code)
	}
}

func TestJobRuns(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	w := platformtest.Do(t, s, "POST", base+"/v1.0/jobs", `{"changeID":"CRQ1","actions":[{"@class":"A"},{"@class":"B"}]}`)
	path := w.Header().Get("Location")
	j := platformtest.Decode[Job](t, w)
	if w.Code != 201 || j.Status != "Pending Submission" || j.Creator != "jane" || string(j.Actions) != `[{"@class":"A"},{"@class":"B"}]` {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "POST", path+"/submission", ""); w.Code != 200 {
		t.Fatalf("submit: %d %s", w.Code, w.Body)
	}
	clock.Advance(2*actionTime - time.Millisecond)
	if j = platformtest.Decode[Job](t, platformtest.Do(t, s, "GET", path, "")); j.Status != "Running" {
		t.Errorf("before the end: %+v", j)
	}
	clock.Advance(time.Millisecond)
	if j = platformtest.Decode[Job](t, platformtest.Do(t, s, "GET", path, "")); j.Status != "Completed" || j.Completed-j.Submitted != 2*actionTime.Milliseconds() {
		t.Errorf("at the end: %+v", j)
	}
	if w = platformtest.Do(t, s, "POST", path+"/submission", ""); w.Code != 409 {
		t.Errorf("submit again: %d", w.Code)
	}
	if all := platformtest.Decode[[]Job](t, platformtest.Do(t, s, "GET", base+"/v1.0/jobs", "")); len(all) != 2 || all[0].ID != j.ID {
		t.Errorf("jobs %+v", all)
	}
}

func TestRealms(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	all := platformtest.Decode[[]Realm](t, platformtest.Do(t, s, "GET", base+"/v3.0/realms?orderBy=-deviceCount", ""))
	if len(all) != 3 || all[0] != (Realm{"714294386-1", "Default", "Production network", 7, 5}) {
		t.Errorf("realms %+v", all)
	}
	w := platformtest.Do(t, s, "POST", base+"/v3.0/realms", `{"name":"Oslo"}`)
	if w.Code != 201 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if got := platformtest.Decode[Realm](t, platformtest.Do(t, s, "GET", w.Header().Get("Location"), "")); got.Name != "Oslo" {
		t.Errorf("realm %+v", got)
	}
	if w = platformtest.Do(t, s, "GET", base+"/about", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"v4.0"`) {
		t.Errorf("about: %d %s", w.Code, w.Body)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	const badGroup = `"message":"Bad request: Input Group DTO is missing or new Group is invalid","detail":"`
	platformtest.Refuse(t, s, "application/json", []platformtest.Refusal{
		{Method: "GET", Path: base + "/v5.0/groups", Status: 404, Want: "Not found: no version v5.0"},
		{Method: "POST", Path: base + "/v2.0/realms", Body: `{"name":"x"}`, Status: 404, Want: "came with version v3.0"},
		{Method: "GET", Path: base + "/v1.0/groups?orderBy=-deviceCount", Status: 400, Want: "Bad request: orderBy"},
		{Method: "GET", Path: base + "/v1.0/groups?orderBy=-", Status: 400, Want: "orderBy"},
		{Method: "GET", Path: base + "/v1.0/groups?offset=0", Status: 400, Want: "offset"},
		{Method: "GET", Path: base + "/v1.0/groups?filter.autoGroup=2", Status: 400, Want: "filter.autoGroup"},
		{Method: "GET", Path: base + "/v1.0/groups/714294386-999", Status: 404, Want: "Not found: Group"},
		{Method: "GET", Path: base + "/v1.0/groups/714294386-5'%20OR%201=1", Status: 404, Want: "Not found"},
		{Method: "POST", Path: base + "/v1.0/groups", Status: 400, Want: badGroup + "the body is empty"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `[]`, Status: 400, Want: badGroup},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"a/b","realmId":"Default"}`, Status: 400, Want: badGroup + "name"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"x"}`, Status: 400, Want: badGroup + "realmId: is required"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"x","realmId":7}`, Status: 400, Want: badGroup + "realmId"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"x","realmId":"None"}`, Status: 400, Want: badGroup + "realmId: there is no"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"Firewalls","realmId":"Default"}`, Status: 400, Want: badGroup + "name: the realm has"},
		{Method: "POST", Path: base + "/v1.0/groups", Body: `{"name":"x","realmId":"Lab","deviceIds":["714294386-13"]}`, Status: 400, Want: badGroup + "deviceIds"},
		{Method: "POST", Path: base + "/v1.0/devices", Body: `{"name":"ber-core-01","realmId":"Default"}`, Status: 400, Want: "Device DTO"},
		{Method: "POST", Path: base + "/v1.0/jobs", Body: `{"actions":[]}`, Status: 400, Want: "actions"},
		{Method: "POST", Path: base + "/v1.0/jobs", Body: `{"actions":[{}]}`, Status: 400, Want: "actions[0].@class"},
		{Method: "POST", Path: base + "/v1.0/jobs/714294386-1/submission", Status: 404, Want: "Job"},
		{Method: "PATCH", Path: base + "/v1.0/groups", Status: 405, Want: "GET"},
	})
	w := platformtest.Do(t, s, "GET", base+"/v1.0/groups?query=New", "")
	if strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("empty list is %s", w.Body)
	}
}

// TestSwagger keeps the documents valid and equal to the routes.
func TestSwagger(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, version := range versions {
		w := platformtest.Do(t, s, "GET", base+"/"+version+"/swagger.json", "")
		var doc openapi2.T
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Swagger != "2.0" || doc.BasePath != base+"/"+version || "v"+doc.Info.Version != version {
			t.Errorf("%s: swagger %s at %s, version %s", version, doc.Swagger, doc.BasePath, doc.Info.Version)
		}
		v3, err := openapi2conv.ToV3(&doc)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if err := v3.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", version, err)
		}
		var documented, served []string
		for path, item := range doc.Paths {
			for method := range item.Operations() {
				documented = append(documented, method+" "+path)
			}
		}
		for _, r := range s.routes() {
			if r.since <= version {
				served = append(served, r.method+" "+r.path)
			}
		}
		slices.Sort(documented)
		slices.Sort(served)
		if !slices.Equal(documented, served) {
			t.Errorf("%s: documented %q\nserved %q", version, documented, served)
		}
	}
}
