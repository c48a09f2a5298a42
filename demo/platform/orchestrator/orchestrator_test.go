package orchestrator

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
)

func open(t *testing.T) (*Service, *platformtest.Clock) {
	t.Helper()
	clock := new(platformtest.Clock)
	s, err := New(t.Context(), platformtest.DB(t), Options{Now: clock.Now, Sleep: clock.Sleep, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s, clock
}

const base = "/aspera/orchestrator/api/"

type orderAnswer struct {
	Order orderView `json:"work_order"`
}

func order(t *testing.T, w *httptest.ResponseRecorder) orderView {
	t.Helper()
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return platformtest.Decode[orderAnswer](t, w).Order
}

// TestInitiate starts the same order in every way in which clients do.
func TestInitiate(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for i, tt := range []struct{ method, path, kind, body string }{
		{"GET", "initiate/124.json?external_parameters[source_path]=/a+b&work_order[priority]=3&work_order[name]=N&tags=x,y", "", ""},
		{"GET", "initiate/124?format=json&external_parameters%5Bsource_path%5D=/a%20b&work_order%5Bpriority%5D=3&work_order[name]=N&tags=x,y", "", ""},
		{"POST", "initiate/json?work_order[workflow_id]=124", "application/x-www-form-urlencoded", "external_parameters[source_path]=%2Fa+b&work_order[priority]=3&work_order[name]=N&tags=x,y"},
		{"POST", "initiate?format=json", "application/json", `{"workflow_id":124,"external_parameters":{"source_path":"/a b"},"work_order":{"priority":3,"name":"N"},"tags":"x,y"}`},
		{"PUT", "initiate.json", "", ` {"workflow_id":"124","external_parameters":{"source_path":"/a b","rate_mbps":null},"work_order":{"priority":"3","name":"N"},"tags":"x,y"}`},
		{"POST", "initiate/124/json?external_parameters[source_path]=/x", "application/json", `{"external_parameters":{"source_path":"/a b"},"work_order":{"priority":3,"name":"N"},"tags":"x,y"}`},
	} {
		got := order(t, platformtest.Do(t, s, tt.method, base+tt.path, tt.body, "Content-Type", tt.kind))
		if got.ID != int64(8461+i) || got.Status != "In Progress" || got.Priority != 3 || got.Name != "N" || got.Tags != "x,y" || got.Initiator != "jane" {
			t.Errorf("%s %s: %+v", tt.method, tt.path, got)
		}
		o, _, err := load(t.Context(), s.db, got.ID)
		if err != nil || o.Params["source_path"] != "/a b" || o.Params["rate_mbps"] != "100" {
			t.Errorf("%s: parameters %v, %v", tt.path, o.Params, err)
		}
	}
}

func TestOrderRuns(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	o := order(t, platformtest.Do(t, s, "GET", base+"initiate/124.json", ""))
	status := func() orderView {
		return order(t, platformtest.Do(t, s, "GET", base+"work_order_status/8461.json", ""))
	}
	for _, tt := range []struct {
		after          time.Duration
		status, detail string
	}{
		{0, "In Progress", "Executing Step: Check source"},
		{300 * time.Millisecond, "In Progress", "Executing Step: Transfer"},
		{1600*time.Millisecond - 1, "In Progress", "Executing Step: Verify checksum"},
		{100*time.Millisecond + 1, "Complete", "All steps are done"},
	} {
		clock.Advance(tt.after)
		if got := status(); got.Status != tt.status || got.Details != tt.detail {
			t.Errorf("at %v: %+v", clock.Now(), got)
		}
	}
	if got := status(); got.Completed != "2026-03-14 09:30:02 UTC" || got.Steps[3].Status != "Complete" || got.ID != o.ID {
		t.Errorf("at the end: %+v", got)
	}
	w := platformtest.Do(t, s, "GET", base+"work_order_output/8461", "")
	if !strings.Contains(w.Body.String(), `<variable name="delivered_path" step="Transfer" value_type="string">/outgoing/daily.tar</variable>`) {
		t.Errorf("output: %s", w.Body)
	}
	if w = platformtest.Do(t, s, "GET", base+"work_order_cancel/8461", ""); w.Code != 409 {
		t.Errorf("cancel a complete order: %d %s", w.Code, w.Body)
	}
	if got := order(t, platformtest.Do(t, s, "GET", base+"work_order_reset/8461?format=json", "")); got.Status != "In Progress" {
		t.Errorf("reset: %+v", got)
	}
	if w = platformtest.Do(t, s, "GET", base+"work_order_reset/8461", ""); w.Code != 409 {
		t.Errorf("reset a running order: %d", w.Code)
	}
	clock.Advance(time.Second)
	if got := order(t, platformtest.Do(t, s, "POST", base+"work_order_cancel/8461.json", "")); got.Status != "Canceling" || got.Steps[1].Status != "Canceling" {
		t.Errorf("cancel: %+v", got)
	}
	clock.Advance(time.Second)
	if got := status(); got.Status != "Inactive" || got.Details != "Canceled in Step: Transfer" {
		t.Errorf("canceled: %+v", got)
	}
	w = platformtest.Do(t, s, "GET", base+"work_order_output/8461.json", "")
	if !strings.Contains(w.Body.String(), `"variable":[]`) {
		t.Errorf("output of a canceled order: %s", w.Body)
	}
}

func TestSynchronous(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query  string
		status int
		want   string
		took   time.Duration
	}{
		{"124.json?synchronous=true", 200, `"status":"Complete"`, 2 * time.Second},
		{"124.json?synchronous=true&explicit_output=Transfer:delivered_path", 200, "/outgoing/daily.tar", 2 * time.Second},
		{"124?synchronous=true&explicit_output_step=Verify+checksum&explicit_output_variable=checksum", 200, "e3b7a0b8eb49cdf9", 2 * time.Second},
		{"124.json?synchronous=true&timeout=1", 200, `"status":"In Progress"`, time.Second},
		{"124.json?synchronous=true&external_parameters[source_path]=/missing/x&on_failed_return_code=422", 422, "the source does not exist", 300 * time.Millisecond},
		{"124.json?synchronous=true&external_parameters[target_node]=offline&on_error_return_code=502", 502, `"status":"Error"`, 1500 * time.Millisecond},
		{"131.json?synchronous=true&external_parameters[asset_id]=a&explicit_output=Transcode:rendition_count", 200, "2", 27 * time.Second},
	} {
		s, clock := open(t)
		w := platformtest.Do(t, s, "GET", base+"initiate/"+tt.query, "")
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || clock.Now().Sub(platformtest.Start) != tt.took {
			t.Errorf("%s: %d after %v: %s", tt.query, w.Code, clock.Now().Sub(platformtest.Start), w.Body)
		}
	}
}

// TestSynchronousEnds lets the caller go away and someone cancel the order
// while a request waits.
func TestSynchronousEnds(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	sleeps := 0
	s.sleep = func(ctx context.Context, d time.Duration) error {
		if sleeps++; sleeps == 2 {
			cancel()
		}
		return clock.Sleep(ctx, d)
	}
	r := httptest.NewRequestWithContext(ctx, "GET", base+"initiate/124?synchronous=true", nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if sleeps != 2 || w.Body.Len() != 0 {
		t.Errorf("the request went on: %d sleeps, answer %q", sleeps, w.Body)
	}
	s.sleep = func(ctx context.Context, d time.Duration) error {
		platformtest.Do(t, s, "GET", base+"work_order_cancel/8462", "")
		return clock.Sleep(ctx, d)
	}
	got := order(t, platformtest.Do(t, s, "GET", base+"initiate/131.json?synchronous=true&external_parameters[asset_id]=a", ""))
	if got.Status != "Inactive" {
		t.Errorf("canceled meanwhile: %+v", got)
	}
	if err := sleep(ctx, time.Hour); err == nil {
		t.Error("sleep outlives its context")
	}
}

func TestSpecifications(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for path, want := range map[string]string{
		"workflows_list.json":                     `{"workflows":{"workflow":[{"id":124,"portable_id":"`,
		"workflow_inputs_spec/131?format=json":    `{"workflow_inputs_spec":{"action":"inputs_spec","parameter":[{"name":"asset_id","value_type":"string","optional":false,"id":1},{"name":"profiles",`,
		"workflow_outputs_spec/124.json":          `{"workflow_outputs_spec":{"action":"outputs_spec","output":[{"name":"delivered_path","value_type":"string","step":"Transfer","id":1}`,
		"workflow_details/124?format=json":        `"steps":["Check source","Transfer","Verify checksum","Notify"]`,
		"work_orders_list/124.json?max_results=1": `{"work_orders":[{"id":8460,`,
		"remote_node_ping?format=json":            `{"remote_orchestrator_info":{"orchestrator-version":"4.1.2.stand-in"}}`,
		"remote_node_ping":                        `<remote_orchestrator_info><orchestrator-version>4.1.2.stand-in</orchestrator-version></remote_orchestrator_info>`,
		"workflows_list":                          `<workflow id="124"><portable_id>`,
		"workflow_inputs_spec/124":                `<parameter id="1" name="source_path" value_type="string" optional="true">/outgoing/daily.tar</parameter>`,
		"workflow_details/152":                    `<published_status>Unpublished</published_status>`,
		"work_order_status/8460":                  `<status state="Complete">All steps are done</status>`,
		"work_orders_list/140":                    `<work_orders time="2026-03-14 09:30:00 UTC" action="list"/>`,
	} {
		w := platformtest.Do(t, s, "GET", base+path, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s\nwant %s", path, w.Code, w.Body, want)
		}
	}
	w := platformtest.Do(t, s, "DELETE", base+"workflows_list", "", "Accept", "application/json")
	if w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("Accept: %s", w.Header())
	}
}

// TestXML wants every answer in XML to be well-formed, whatever it holds.
func TestXML(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	platformtest.Do(t, s, "GET", base+"initiate/124?work_order[name]=<%26>%22'&work_order[comments]=]]>", "")
	clock.Advance(time.Minute)
	for _, path := range []string{"work_order_status/8461", "work_orders_list/124", "work_order_output/8461", "workflows_list", "workflow_details/124", "work_order_status/999", "initiate/131", "nothing"} {
		w := platformtest.Do(t, s, "GET", base+path, "")
		d := xml.NewDecoder(w.Body)
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
		}
		if got := w.Header().Get("Content-Type"); got != "application/xml; charset=utf-8" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	platformtest.Refuse(t, s, "application/json", []platformtest.Refusal{
		{Method: "GET", Path: base + "nothing", Status: 404, Want: "No action responded"},
		{Method: "GET", Path: base + "initiate", Status: 400, Want: `\"\" is not the id of a workflow`},
		{Method: "GET", Path: base + "initiate/999", Status: 404, Want: "Couldn't find Workflow with ID=999"},
		{Method: "GET", Path: base + "initiate/-1", Status: 400, Want: "not the id"},
		{Method: "GET", Path: base + "initiate/152?external_parameters[partner]=x", Status: 409, Want: "not published"},
		{Method: "GET", Path: base + "initiate/131", Status: 400, Want: `"missing_parameters":["asset_id"]`},
		{Method: "GET", Path: base + "initiate/131?external_parameters[asset_id]=", Status: 400, Want: "asset_id"},
		{Method: "GET", Path: base + "initiate/124?external_parameters[colour]=x", Status: 400, Want: "Unknown parameters: colour"},
		{Method: "GET", Path: base + "initiate/124?external_parameters[source_path]=%00", Status: 400, Want: "control character"},
		{Method: "GET", Path: base + "initiate/124?a=%zz", Status: 400, Want: "invalid escape"},
		{Method: "GET", Path: base + "initiate/124?work_order[priority]=4", Status: 400, Want: "priority"},
		{Method: "GET", Path: base + "initiate/124?synchronous=perhaps", Status: 400, Want: "synchronous"},
		{Method: "GET", Path: base + "initiate/124?timeout=61", Status: 400, Want: "timeout"},
		{Method: "GET", Path: base + "initiate/124?on_error_return_code=42", Status: 400, Want: "on_error_return_code"},
		{Method: "GET", Path: base + "initiate/124?explicit_output=x", Status: 400, Want: "colon"},
		{Method: "GET", Path: base + "initiate/124?explicit_output=Notify:checksum", Status: 400, Want: "no output"},
		{Method: "POST", Path: base + "initiate/124", Body: `{"external_parameters":[1]}`, Status: 400, Want: "external_parameters"},
		{Method: "POST", Path: base + "initiate/124", Body: `{"external_parameters":{"a":{}}}`, Status: 400, Want: "external_parameters[a]"},
		{Method: "POST", Path: base + "initiate/124", Body: `{`, Status: 400, Want: "not valid JSON"},
		{Method: "POST", Path: base + "initiate/124", Body: strings.Repeat("x", 1<<20+1), Status: 413, Want: "longer"},
		{Method: "POST", Path: base + "initiate/124", Body: strings.Repeat("a&b&", 300) + strings.Repeat("x=1&", 10), Status: 200, Want: "work_order"},
		{Method: "HEAD", Path: base + "initiate/124", Status: 405, Want: ""},
		{Method: "GET", Path: base + "work_order_status/124", Status: 404, Want: "WorkOrder"},
		{Method: "GET", Path: base + "work_order_cancel/8460", Status: 409, Want: "Complete"},
		{Method: "GET", Path: base + "work_orders_list/124?max_results=0", Status: 400, Want: "max_results"},
		{Method: "GET", Path: base + "workflow_details/124%20OR%201=1", Status: 400, Want: "not the id"},
		{Method: "GET", Path: "/aspera/orchestrator/else", Status: 404, Want: "no such resource"},
	}, "Accept", "application/json")
	w := platformtest.Do(t, s, "GET", base+"work_order_status/999", "")
	const want = `<error time="2026-03-14 09:30:00 UTC" action="status" id="0">#&lt;RuntimeError: Couldn&#39;t find WorkOrder with ID=999&gt;</error>`
	if w.Code != 404 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("XML refusal: %d %s", w.Code, w.Body)
	}
}

// TestOlderCalls starts work orders as clients of older versions do.
func TestOlderCalls(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	const form = "application/x-www-form-urlencoded"
	for _, path := range []string{"initiate", "initiate/xml", "createBasic/0?commit=Start"} {
		w := platformtest.Do(t, s, "POST", "/aspera/orchestrator/work_orders/"+path, "work_order[workflow_id]=124&external_parameters[source_path]=/x", "Content-Type", form)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `<work_order time="2026-03-14 09:30:00 UTC" action="initiate" id="84`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestSteps looks at, cancels and resets single steps.
func TestSteps(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	order(t, platformtest.Do(t, s, "GET", base+"initiate/124.json", ""))
	clock.Advance(time.Second)
	for _, tt := range []struct {
		call   string
		after  time.Duration
		status int
		want   string
	}{
		{"work_step_status/846102", 0, 200, `action="status" id="846102"><name>Transfer</name><status state="In Progress"/></work_step>`},
		{"work_step_status/846102.json", 0, 200, `{"work_step":{"id":846102,"name":"Transfer","status":"In Progress","work_order_id":8461}}`},
		{"work_step_status/846105", 0, 404, "Couldn"},
		{"work_step_status/846100", 0, 404, "Couldn"},
		{"work_step_status/x", 0, 400, "is not the id of a work step"},
		{"work_step_cancel/846103", 0, 409, "is Inactive; cancel is not possible"},
		{"workstep_reset/846101", 0, 409, "reset is not possible"},
		{"work_step_cancel/846102", 0, 200, `action="cancel" id="846102"><name>Transfer</name><status state="Canceling"/>`},
		{"workstep_reset/846102", time.Second, 200, `action="reset" id="846102"><name>Transfer</name><status state="In Progress"/>`},
		{"work_order_status/8461", 1200 * time.Millisecond, 200, "Executing Step: Verify checksum"},
		{"workflows_status/124", 0, 200, `<work_orders state="In Progress">1</work_orders><work_orders state="Complete">1</work_orders>`},
		{"workflows_status.json", 0, 200, `"name":"Purge workspace","work_orders":{}}`},
		{"workflows_status/9", 0, 404, "Couldn"},
		{"processes_status?format=json", 0, 200, `<process name="engine" state="Active"/>`},
		{"plugin_version", 0, 200, `<plugin name="FaspTransfer"`},
		{"plugin_version?format=json", 0, 200, `{"plugins":[`},
	} {
		clock.Advance(tt.after)
		w := platformtest.Do(t, s, "GET", base+tt.call, "", "Accept", map[bool]string{true: "application/json", false: ""}[strings.HasPrefix(tt.call, "plugin")])
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", tt.call, w.Code, w.Body)
		}
	}
	if w := platformtest.Do(t, s, "HEAD", base+"work_step_cancel/846102", ""); w.Code != 405 {
		t.Errorf("HEAD: %d", w.Code)
	}
}
