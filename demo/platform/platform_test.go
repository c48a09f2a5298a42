package platform

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

const tenant = "4213b2bc-e1ab-4225-acc6-2f64c98d621b"

func open(t *testing.T, path string) *Platform {
	t.Helper()
	p, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestEverySystem asks each system for a thing that Samples names.
func TestEverySystem(t *testing.T) {
	t.Parallel()
	p := open(t, filepath.Join(t.TempDir(), "platform.db"))
	if err := p.SeedTenant(t.Context(), tenant, "Acme"); err != nil {
		t.Fatal(err)
	}
	ids := Samples()
	for path, want := range map[string]string{
		"/api/current/assets/" + ids.Rack:                                           `"name":"Rack A01"`,
		"/api/current/customers/" + ids.Customer:                                    `"name":"Northwind Hosting"`,
		"/bca-networks/api/v1.0/groups/" + ids.Group:                                `"componentName":"Default"`,
		"/bca-networks/api/about":                                                   `"apiVersions"`,
		"/aspera/orchestrator/api/initiate/" + strconv.FormatInt(ids.Workflow, 10):  `<work_order `,
		"/itop/webservices/rest.php?version=1.3&json_data=" + getPerson(ids.Person): `Person::` + ids.Person,
		"/nbapi/ei/v1/agents?size=1":                                                `"label":"acme-boiler-house"`,
		"/inventory/items/" + ids.Item:                                              `"sku":"PDU-16A-C13"`,
		"/inventory/warehouses/" + ids.Warehouse:                                    `"Berlin"`,
		"/inventory/public/status":                                                  `"status":"ok"`,
	} {
		w := platformtest.Do(t, p.Handler(), "GET", path, "", "X-Sallyport-Tenant", tenant)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
	platformtest.Refuse(t, p.Handler(), "application/json", []platformtest.Refusal{
		{Method: "GET", Path: "/", Status: 404, Want: "no such resource"},
		{Method: "GET", Path: "/api/other", Status: 404, Want: "no such resource"},
	})
}

func getPerson(key string) string {
	return `{"operation":"core/get","class":"Person","key":` + key + `,"output_fields":"name"}`
}

// TestReopen opens the same file twice, one after the other, and looks for
// what was changed and that nothing was filled in again.
func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "platform.db")
	p, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := platformtest.Do(t, p.Handler(), "POST", "/api/current/customers", `{"name":"ACME"}`)
	if w.Code != http.StatusCreated {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, path)
	w = platformtest.Do(t, p.Handler(), "GET", "/api/current/customers", "")
	if got := w.Header().Get("X-Total-Count"); got != "5" || !strings.Contains(w.Body.String(), "ACME") {
		t.Errorf("after reopening: %s customers, %s", got, w.Body)
	}
}

// TestConcurrent writes and reads at the same time, on a file and in memory.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"file": filepath.Join(t.TempDir(), "platform.db"), "memory": Memory} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, path).Handler()
			var wg sync.WaitGroup
			for i := range 24 {
				wg.Go(func() {
					for _, r := range []struct {
						method, path, body string
						status             int
					}{
						{"POST", "/api/current/customers", fmt.Sprintf(`{"name":"C%d"}`, i), 201},
						{"POST", "/bca-networks/api/v1.0/groups", fmt.Sprintf(`{"name":"G%d","realmId":"Lab"}`, i), 201},
						{"GET", "/bca-networks/api/v1.0/groups", "", 200},
						{"GET", "/aspera/orchestrator/api/initiate/124", "", 200},
						{"GET", "/api/current/assets?recursive=true", "", 200},
						{"GET", "/nbapi/ei/v1/assetTypes", "", 200},
						{"GET", "/itop/webservices/rest.php?version=1.3&json_data=" + getPerson("1"), "", 200},
					} {
						if w := platformtest.Do(t, h, r.method, r.path, r.body, "X-Sallyport-Tenant", tenant); w.Code != r.status {
							t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
						}
					}
				})
			}
			wg.Wait()
			if w := platformtest.Do(t, h, "GET", "/api/current/customers-count", ""); strings.TrimSpace(w.Body.String()) != `{"count":28}` {
				t.Errorf("count %s", w.Body)
			}
		})
	}
}

// TestClosed wants an internal error without detail when the database is gone.
func TestClosed(t *testing.T) {
	t.Parallel()
	p := open(t, Memory)
	p.Close()
	for _, path := range []string{"/inventory/items", "/api/current/assets", "/bca-networks/api/v1.0/groups", "/aspera/orchestrator/api/workflows_list", "/nbapi/ei/v1/agents"} {
		w := platformtest.Do(t, p.Handler(), "GET", path, "", "X-Sallyport-Tenant", tenant)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "sql") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none", "platform.db")} {
		if p, err := Open(t.Context(), path, Options{}); err == nil {
			p.Close()
			t.Errorf("Open(%q) succeeded", path)
		}
	}
}

func TestInventoryOpenAPI(t *testing.T) {
	t.Parallel()
	doc := InventoryOpenAPI()
	doc[0] = 'x' // the caller's own copy
	if again := InventoryOpenAPI(); !bytes.HasPrefix(again, []byte(`{`)) {
		t.Error("a caller can change the document")
	}
}
