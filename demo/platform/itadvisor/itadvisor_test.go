package itadvisor

import (
	"log/slog"
	"net/http"
	"slices"
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

const base = "/api/current"

func TestReadAssets(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, tt := range []struct {
		path  string
		n     int
		total string
		first string
	}{
		{"/assets", 2, "2", "Boston colocation"},
		{"/assets?recursive=true&limit=500", 106, "106", "A01-PDU A"},
		{"/assets?type=RACK&limit=3&offset=1", 3, "20", "Rack A02"},
		{"/assets?customer-id=" + SampleCustomer(), 2, "2", "Rack N03"},
		{"/locations", 2, "2", "Boston colocation"},
		{"/assets/search?q=rack%20a0", 5, "", "Rack A01"},
		{"/assets/search?q=%25", 0, "", ""},
		{"/assets/search?q=a", 50, "", "A01-PDU A"},
	} {
		w := platformtest.Do(t, s, "GET", base+tt.path, "")
		got := platformtest.Decode[[]Asset](t, w)
		first := ""
		if len(got) > 0 {
			first = got[0].Name
		}
		if w.Code != 200 || len(got) != tt.n || w.Header().Get("X-Total-Count") != tt.total || first != tt.first {
			t.Errorf("%s: %d, %d assets of %q, first %q; want %d of %q, %q", tt.path, w.Code, len(got), w.Header().Get("X-Total-Count"), first, tt.n, tt.total, tt.first)
		}
	}
	rack := platformtest.Decode[Asset](t, platformtest.Do(t, s, "GET", base+"/assets/"+SampleRack()+"?include=children&include=navigation_path", ""))
	if rack.Name != "Rack A01" || len(rack.Children) != 4 || len(rack.Path) != 2 || rack.Path[0].Type != "LOCATION" || rack.Path[1].Type != "ROOM" {
		t.Errorf("rack %+v", rack)
	}
	types := platformtest.Decode[[]string](t, platformtest.Do(t, s, "GET", base+"/assets/types", ""))
	if !slices.Contains(types, "RACK") || !slices.IsSorted(types) {
		t.Errorf("types %q", types)
	}
}

func TestPatchRack(t *testing.T) {
	t.Parallel()
	s := open(t)
	path := base + "/assets/" + SampleRack()
	w := platformtest.Do(t, s, "PATCH", path, `[{"op":"replace","path":"/name","value":"Rack A01 new"},
		{"op":"add","path":"/customProperty/Cost~1year","value":"1200"},{"op":"remove","path":"/customProperty/Row"},
		{"op":"add","path":"/tag/audited"},{"op":"remove","path":"/tag/production"},{"op":"remove","path":"/barcode"}]`)
	if w.Code != 200 {
		t.Fatalf("patch: %d %s", w.Code, w.Body)
	}
	got := platformtest.Decode[Asset](t, platformtest.Do(t, s, "GET", path, ""))
	if got.Name != "Rack A01 new" || got.Properties["Cost/year"] != "1200" || got.Properties["Row"] != "" || got.Barcode != "" || !slices.Equal(got.Tags, []string{"audited"}) {
		t.Errorf("stored %+v", got)
	}
	if w = platformtest.Do(t, s, "PATCH", path, `{"op":"replace","path":"/name","value":"Rack A01"}`); w.Code != 200 {
		t.Errorf("single operation: %d %s", w.Code, w.Body)
	}
	trail := platformtest.Decode[list[Entry]](t, platformtest.Do(t, s, "GET", base+"/audit-trail-entries?entry-type=ASSETS&asset-id="+SampleRack(), ""))
	if trail.Total != 2 || trail.Items[0].User != "jane" || trail.Items[0].Type != "ASSET_CHANGE" || trail.Items[0].At != platformtest.Start.UnixMilli() {
		t.Errorf("trail %+v", trail)
	}
}

// TestPatchIsWhole makes a list of operations fail at its end and looks for
// traces of its beginning.
func TestPatchIsWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b := SampleRack(), seedID("Rack A02")
	w := platformtest.Do(t, s, "PATCH", base+"/assets", `[{"uuid":"`+a+`","op":"replace","path":"/name","value":"X"},{"uuid":"`+b+`","op":"replace","path":"/colour","value":"X"}]`)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "[1].path") {
		t.Errorf("bad list: %d %s", w.Code, w.Body)
	}
	if got := platformtest.Decode[Asset](t, platformtest.Do(t, s, "GET", base+"/assets/"+a, "")); got.Name != "Rack A01" {
		t.Errorf("half of the list was applied: %q", got.Name)
	}
	w = platformtest.Do(t, s, "PATCH", base+"/assets", `[{"uuid":"`+a+`","op":"replace","path":"/name","value":"X"},{"uuid":"`+b+`","op":"replace","path":"/name","value":"Y"},{"uuid":"`+a+`","op":"replace","path":"/modelName","value":"M"}]`)
	got := platformtest.Decode[[]Asset](t, w)
	if w.Code != 200 || len(got) != 2 || got[0].Name != "X" || got[0].Model != "M" || got[1].Name != "Y" {
		t.Errorf("list: %d %+v", w.Code, got)
	}
}

func TestAssetLife(t *testing.T) {
	t.Parallel()
	s := open(t)
	w := platformtest.Do(t, s, "POST", base+"/assets/"+seedID("Server room 1"), `{"type":"RACK","name":"Rack A06","position":6,"tags":["b","a","b"]}`)
	path := w.Header().Get("Location")
	if a := platformtest.Decode[Asset](t, w); w.Code != 201 || path != base+"/assets/"+a.ID || !slices.Equal(a.Tags, []string{"a", "b"}) {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "POST", base+"/assets", `{"type":"SERVER","name":"x","parentId":"`+strings.TrimPrefix(path, base+"/assets/")+`"}`); w.Code != 201 {
		t.Errorf("create server: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "PUT", path+"/customer", `{"customerId":"`+SampleCustomer()+`"}`); w.Code != 200 {
		t.Errorf("let: %d %s", w.Code, w.Body)
	}
	if got := platformtest.Decode[Customer](t, platformtest.Do(t, s, "GET", path+"/customer", "")); got.Name != "Northwind Hosting" {
		t.Errorf("customer %+v", got)
	}
	if w = platformtest.Do(t, s, "DELETE", path+"/customer", ""); w.Code != 204 {
		t.Errorf("end: %d", w.Code)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != 409 {
		t.Errorf("delete full rack: %d", w.Code)
	}
	if w = platformtest.Do(t, s, "DELETE", path+"?recursive=true", ""); w.Code != 204 {
		t.Errorf("delete: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "GET", path, ""); w.Code != 404 {
		t.Errorf("get deleted: %d", w.Code)
	}
}

func TestCustomerLife(t *testing.T) {
	t.Parallel()
	s := open(t)
	w := platformtest.Do(t, s, "POST", base+"/customers", `{"name":"ACME","externalId":"c-17"}`)
	path := w.Header().Get("Location")
	if c := platformtest.Decode[Customer](t, w); w.Code != http.StatusCreated || path != base+"/customers/"+c.ID || !c.Active {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if c := platformtest.Decode[Customer](t, platformtest.Do(t, s, "PATCH", path, `{"email":"a@acme.example"}`)); c.External != "c-17" || c.Email != "a@acme.example" {
		t.Errorf("patch left %+v", c)
	}
	if c := platformtest.Decode[Customer](t, platformtest.Do(t, s, "PUT", path, `{"name":"ACME Ltd","active":false}`)); c.External != "" || c.Active {
		t.Errorf("put left %+v", c)
	}
	for query, want := range map[string]int{"": 5, "?only-active=true": 3, "?only-with-users=1": 2, "?q=" + seedID("Boston colocation"): 3, "?q=" + seedID("Server room 1"): 0} {
		if got := platformtest.Decode[map[string]int](t, platformtest.Do(t, s, "GET", base+"/customers-count"+query, "")); got["count"] != want {
			t.Errorf("count %q: %v, want %d", query, got, want)
		}
	}
	if got := platformtest.Decode[[]Customer](t, platformtest.Do(t, s, "GET", base+"/customers?q=acme", "")); len(got) != 1 {
		t.Errorf("found %+v", got)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != 204 {
		t.Errorf("delete: %d", w.Code)
	}
	trail := platformtest.Decode[list[Entry]](t, platformtest.Do(t, s, "GET", base+"/audit-trail-entries?entry-type=CUSTOMER_ADD&entry-type=CUSTOMER_REMOVE&limit=1", "", "X-Sallyport-User", "apc"))
	if trail.Total != 2 || len(trail.Items) != 1 || trail.Items[0].Type != "CUSTOMER_REMOVE" {
		t.Errorf("trail %+v", trail)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	s := open(t)
	all := platformtest.Decode[[]User](t, platformtest.Do(t, s, "GET", base+"/users", ""))
	if len(all) != 5 || all[0].Login != "apc" {
		t.Fatalf("users %+v", all)
	}
	if got := platformtest.Decode[User](t, platformtest.Do(t, s, "GET", base+"/users/"+all[0].ID, "")); got != all[0] {
		t.Errorf("user %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	rack := base + "/assets/" + SampleRack()
	platformtest.Refuse(t, open(t), "application/json", []platformtest.Refusal{
		{Method: "GET", Path: base + "/assets/17", Status: 400, Want: "not a UUID"},
		{Method: "GET", Path: base + "/assets/" + SampleCustomer(), Status: 404, Want: `"errorCode":100404`},
		{Method: "GET", Path: rack + "?include=all", Status: 400, Want: "include"},
		{Method: "GET", Path: base + "/assets?recursive=maybe", Status: 400, Want: "recursive"},
		{Method: "GET", Path: base + "/assets?type=HORSE", Status: 400, Want: "type"},
		{Method: "GET", Path: base + "/assets?limit=-1", Status: 400, Want: "limit"},
		{Method: "GET", Path: base + "/assets?customer-id=x", Status: 400, Want: "customer-id"},
		{Method: "GET", Path: base + "/assets/search", Status: 400, Want: "q: is required"},
		{Method: "PATCH", Path: rack, Body: `[]`, Status: 400, Want: "list of 1"},
		{Method: "PATCH", Path: rack, Body: `"x"`, Status: 400, Want: "JSON string"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"move","path":"/name"}]`, Status: 400, Want: "[0].op"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"replace","path":"/name","value":7}]`, Status: 400, Want: "[0].value"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"remove","path":"/name"}]`, Status: 400, Want: "needs a name"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"replace","path":"/customProperty/None","value":"x"}]`, Status: 400, Want: "no custom property"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"remove","path":"/tag/none"}]`, Status: 400, Want: "no tag"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"add","path":"/tag/a/b"}]`, Status: 400, Want: "~1"},
		{Method: "PATCH", Path: rack, Body: `[{"op":"add","path":"/tag/"}]`, Status: 400, Want: "required"},
		{Method: "PATCH", Path: rack, Body: `[{"uuid":"` + SampleCustomer() + `","op":"add","path":"/tag/a"}]`, Status: 400, Want: "[0].uuid"},
		{Method: "PATCH", Path: base + "/assets", Body: `[{"op":"add","path":"/tag/a"}]`, Status: 400, Want: "[0].uuid"},
		{Method: "POST", Path: base + "/assets", Body: `{"type":"RACK","name":"x"}`, Status: 400, Want: "needs one"},
		{Method: "POST", Path: rack, Body: `{"type":"ROOM","name":"x"}`, Status: 400, Want: "cannot stand in a RACK"},
		{Method: "POST", Path: rack, Body: `{"type":"SERVER"}`, Status: 400, Want: "name: is required"},
		{Method: "POST", Path: rack, Body: `{"type":"HORSE","name":"x"}`, Status: 400, Want: "type"},
		{Method: "POST", Path: base + "/customers", Body: `{"name":""}`, Status: 400, Want: "name: is required"},
		{Method: "POST", Path: base + "/customers", Body: `{"name":"x","email":"@"}`, Status: 400, Want: "email"},
		{Method: "POST", Path: base + "/customers", Body: `{"name":"Bluefin Retail"}`, Status: 409, Want: "another customer"},
		{Method: "POST", Path: base + "/customers", Body: `{"name":"x","externalId":"c-1001"}`, Status: 409, Want: "another customer"},
		{Method: "PATCH", Path: base + "/customers/" + SampleCustomer(), Body: `{}`, Status: 400, Want: "at least one"},
		{Method: "PUT", Path: base + "/customers/" + SampleRack(), Body: `{"name":"x"}`, Status: 404, Want: "no customer"},
		{Method: "DELETE", Path: base + "/customers/" + SampleCustomer(), Status: 409, Want: "still rents"},
		{Method: "GET", Path: rack + "/customer", Status: 404, Want: "no customer"},
		{Method: "PUT", Path: rack + "/customer", Body: `{}`, Status: 400, Want: "customerId"},
		{Method: "GET", Path: base + "/audit-trail-entries?entry-type=HORSE", Status: 400, Want: "entry-type"},
		{Method: "GET", Path: base + "/audit-trail-entries?from=now", Status: 400, Want: "from"},
		{Method: "GET", Path: base + "/audit-trail-entries?locale=tlh", Status: 400, Want: "locale"},
		{Method: "GET", Path: base + "/users/" + SampleRack(), Status: 404, Want: "no user"},
		{Method: "DELETE", Path: base + "/users", Status: 405, Want: "100405"},
		{Method: "GET", Path: base + "/horses", Status: 404, Want: "no such resource"},
	})
}
