package edgeintel

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

const (
	base  = "/nbapi/ei/v1"
	acme  = "4213b2bc-e1ab-4225-acc6-2f64c98d621b"
	other = "8cc52173-9fc1-43a7-8535-b0cd0a560880"
)

func open(t *testing.T) *Service {
	t.Helper()
	s, err := New(t.Context(), platformtest.DB(t), Options{Now: new(platformtest.Clock).Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func do(t *testing.T, s *Service, tenant, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	return platformtest.Do(t, s, method, base+path, body, "X-Sallyport-Tenant", tenant)
}

type agentList struct {
	Agents []Agent  `json:"agents"`
	Page   pageInfo `json:"pageinfo"`
}

type typeList struct {
	Types []AssetType `json:"assetTypes"`
	Page  pageInfo    `json:"pageinfo"`
}

func TestAgents(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.SeedTenant(t.Context(), acme, "Acme West"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query string
		page  pageInfo
		first string
	}{
		{"", pageInfo{6, 1, 10, 6}, "acme-west-boiler-house"},
		{"?page=2&size=4", pageInfo{6, 2, 4, 2}, "acme-west-press-line-2"},
		{"?page=9", pageInfo{6, 9, 10, 0}, ""},
		{"?search=ir829", pageInfo{2, 1, 10, 2}, "acme-west-crossing-17"},
		{"?search=degraded", pageInfo{1, 1, 10, 1}, "acme-west-boiler-house"},
		{"?search=%25", pageInfo{0, 1, 10, 0}, ""},
		{"?connectionState=DISCONNECTED", pageInfo{1, 1, 10, 1}, "acme-west-crossing-17"},
		{"?connectionState=disconnected", pageInfo{0, 1, 10, 0}, ""},
		{"?numOfMappedAssets=2&brokerVersion=2.0.4", pageInfo{2, 1, 10, 2}, "acme-west-crossing-17"},
	} {
		w := do(t, s, acme, "GET", "/agents"+tt.query, "")
		got := platformtest.Decode[agentList](t, w)
		first := ""
		if len(got.Agents) > 0 {
			first = got.Agents[0].Label
		}
		if w.Code != 200 || got.Page != tt.page || first != tt.first || got.Agents == nil {
			t.Errorf("%q: %d %+v, first %q; want %+v, %q", tt.query, w.Code, got.Page, first, tt.page, tt.first)
		}
	}
	a := platformtest.Decode[agentList](t, do(t, s, acme, "GET", "/agents?size=1", "")).Agents[0]
	if got := platformtest.Decode[Agent](t, do(t, s, acme, "GET", "/agents/"+a.ID, "")); got != a {
		t.Errorf("agent %+v, want %+v", got, a)
	}
	if w := do(t, s, other, "GET", "/agents/"+a.ID, ""); w.Code != 404 {
		t.Errorf("agent of another tenant: %d %s", w.Code, w.Body)
	}
}

func TestAssetTypeLife(t *testing.T) {
	t.Parallel()
	s := open(t)
	w := do(t, s, acme, "POST", "/assetTypes", `{"name":"Pump","connectionType":"MQTT","config":{"topic": "a/b"},"unknown":1}`)
	got := platformtest.Decode[named](t, w)
	if w.Code != 201 || got.Name != "Pump" || w.Header().Get("Location") != base+"/assetTypes/"+got.ID || strings.Count(w.Body.String(), ":") != 2 {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	one := "/assetType/" + got.ID // the other noun
	if w = do(t, s, acme, "PATCH", one, `{"dataModel":{"fields":{}}}`); w.Code != 200 {
		t.Errorf("patch: %d %s", w.Code, w.Body)
	}
	at := platformtest.Decode[AssetType](t, do(t, s, acme, "GET", "/assetTypes/"+got.ID, ""))
	if string(at.Config) != `{"topic":"a/b"}` || string(at.Model) != `{"fields":{}}` || at.Creator != "jane" || at.Connection != "MQTT" {
		t.Errorf("stored %+v", at)
	}
	if w = do(t, s, acme, "PUT", one, `{"name":"Pump 2","connectionType":"SERIAL"}`); w.Code != 200 {
		t.Errorf("put: %d %s", w.Code, w.Body)
	}
	if at = platformtest.Decode[AssetType](t, do(t, s, acme, "GET", one, "")); at.Name != "Pump 2" || string(at.Config) != "{}" {
		t.Errorf("put left %+v", at)
	}
	list := platformtest.Decode[typeList](t, do(t, s, acme, "GET", "/assetTypes?page=1&size=2&search=p", ""))
	if list.Page != (pageInfo{4, 1, 2, 2}) {
		t.Errorf("list %+v", list)
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		if w = do(t, s, other, method, one, `{"name":"x","connectionType":"MQTT"}`); w.Code != 404 {
			t.Errorf("%s from another tenant: %d %s", method, w.Code, w.Body)
		}
	}
	if w = do(t, s, acme, "DELETE", one, ""); w.Code != 204 {
		t.Errorf("delete: %d", w.Code)
	}
	if w = do(t, s, acme, "DELETE", one, ""); w.Code != 404 {
		t.Errorf("delete again: %d", w.Code)
	}
}

// TestFirstVisit lets two requests find a tenant absent before one of them
// makes its data.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	s := open(t)
	platformtest.Meet(t, s.db, 2, func(int) {
		w := do(t, s, acme, "GET", "/assetTypes", "")
		if got := platformtest.Decode[typeList](t, w); w.Code != 200 || got.Page.Total != 4 {
			t.Errorf("first visit: %d %s", w.Code, w.Body)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := open(t)
	types := base + "/assetTypes"
	platformtest.Refuse(t, s, "application/json", []platformtest.Refusal{
		{Method: "GET", Path: base + "/agents?size=201", Status: 400, Want: "size"},
		{Method: "GET", Path: base + "/agents?page=0", Status: 400, Want: `{"status":400,"message":"page`},
		{Method: "GET", Path: base + "/agents/x", Status: 404, Want: `no agent \"x\"`},
		{Method: "POST", Path: types, Status: 400, Want: "empty"},
		{Method: "POST", Path: types, Body: `{"connectionType":"MQTT"}`, Status: 400, Want: "name: is required"},
		{Method: "POST", Path: types, Body: `{"name":"x"}`, Status: 400, Want: "connectionType: is required"},
		{Method: "POST", Path: types, Body: `{"name":"x","connectionType":"SMOKE"}`, Status: 400, Want: "must be one of EIPCIP"},
		{Method: "POST", Path: types, Body: `{"name":"x","connectionType":"MQTT","config":[]}`, Status: 400, Want: "config: must be"},
		{Method: "POST", Path: types, Body: `{"name":"x","connectionType":"MQTT","config":{"a":"` + strings.Repeat("x", 65<<10) + `"}}`, Status: 400, Want: "config: is longer"},
		{Method: "POST", Path: types, Body: `{"name":"Steam boiler","connectionType":"MQTT"}`, Status: 409, Want: "Steam boiler"},
		{Method: "PUT", Path: types + "/x", Body: `{}`, Status: 404, Want: "no asset type"},
		{Method: "POST", Path: base + "/agents", Body: `{}`, Status: 405, Want: "GET"},
	}, "X-Sallyport-Tenant", acme)
	for _, tenant := range []string{"-", "", "acme", "4213b2bce1ab4225acc62f64c98d621b"} {
		if w := do(t, s, tenant, "GET", "/agents", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "tenant") {
			t.Errorf("tenant %q: %d %s", tenant, w.Code, w.Body)
		}
	}
	if err := s.SeedTenant(t.Context(), "acme", ""); err == nil {
		t.Error("a tenant was seeded whose id is no UUID")
	}
}
