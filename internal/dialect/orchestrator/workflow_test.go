package orchestrator_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/dialecttest"
)

// TestOneWorkflow: a right that is held for one workflow starts that one and no
// other, however the request names it.
func TestOneWorkflow(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"named", "upstream"} {
		w := newWorld(t, map[string]string{"workflows": mode})
		if _, err := w.Admin.CreateRealm(t.Context(), dialecttest.System(), w.Tenant, admin.NewRealm{Name: "124"}); err != nil {
			t.Fatal(err)
		}
		role := w.Role("workflow operator", "orchestrator/Operator", "orchestrator/Aspera:Orchestrator:Workflow:run", "orchestrator/Aspera:Orchestrator:Workflow:view")
		w.Bind(w.User("courier").ID, role, w.Tenant, "124")
		told := mode == "upstream"
		for _, tt := range []struct {
			method, path, kind, body string
			let                      bool
		}{
			{"GET", "/api/initiate/124.json", "", "", true},
			{"GET", "/api/initiate/xml?work_order[workflow_id]=124", "", "", true},
			{"POST", "/api/initiate?format=json", "application/json", `{"workflow_id":124}`, true},
			{"POST", "/work_orders/initiate/xml", "application/x-www-form-urlencoded", "work_order[workflow_id]=124", true},
			{"POST", "/work_orders/createBasic/0?work_order[workflow_id]=124&commit=Start", "", "", true},
			{"GET", "/api/workflow_inputs_spec/124", "", "", true},
			{"GET", "/api/work_orders_list/124.json", "", "", true},
			{"GET", "/api/workflows_list", "", "", told},
			{"GET", "/api/work_order_status/8461", "", "", told},
			{"GET", "/api/work_order_cancel/8461", "", "", told},

			{"GET", "/api/initiate/131.json", "", "", false},
			{"GET", "/api/initiate/124.json?work_order[workflow_id]=131", "", "", false},
			{"POST", "/api/initiate/124?format=json", "application/json", `{"workflow_id":131}`, false},
			{"POST", "/api/initiate?format=json", "application/json", `{"workflow_id":131}`, false},
			{"GET", "/api/initiate", "", "", false},
			{"GET", "/api/workflow_details/131", "", "", false},
			{"GET", "/api/publish_workflow/124", "", "", false},
			{"GET", "/api/processes_status", "", "", false},
		} {
			r := w.Ask(tt.method, root+tt.path, tt.body, "Authorization", basic("courier", dialecttest.Password), "Content-Type", tt.kind)
			if let := r.Status == 200; let != tt.let || !let && r.Status != 403 {
				t.Errorf("%s: %s %s %s: %d %s", mode, tt.method, tt.path, tt.body, r.Status, r.Body)
			} else if let && !strings.Contains(r.Body, " 124\n") {
				t.Errorf("%s: %s: the upstream is not told which workflow: %s", mode, tt.path, r.Body)
			}
		}
	}
}
