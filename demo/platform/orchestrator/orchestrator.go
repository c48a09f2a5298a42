// Package orchestrator imitates the API of a file-transfer orchestrator under
// /aspera/orchestrator/api: workflows, and work orders that run them step by
// step. Answers are XML unless JSON is asked for, and every endpoint may be
// called with any method.
//
// Nothing runs in the background. How far a work order is follows from the
// time at which it was started, the lengths of its steps and the clock.
package orchestrator

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// Options are what the service needs beside its database.
type Options struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // waits; a timer when nil
	Log   *slog.Logger
}

// A Service answers the paths under /aspera/orchestrator. It is safe for
// concurrent use.
type Service struct {
	db    *sql.DB
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	mux   *web.Mux
}

// version is what the product says of itself.
const version = "4.1.2.stand-in"

// New makes the tables, fills them on the first start, and returns the
// service.
func New(ctx context.Context, db *sql.DB, o Options) (*Service, error) {
	if err := storage.Apply(ctx, db, schema); err != nil {
		return nil, err
	}
	fill := func(tx *sql.Tx) error { return seed(ctx, tx, o.Now()) }
	if err := storage.Seed(ctx, db, "orchestrator", o.Now(), fill); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, sleep: o.Sleep}
	if s.sleep == nil {
		s.sleep = sleep
	}
	s.mux = web.NewMux(o.Log, s.refuse)
	const base = "/aspera/orchestrator/api/"
	s.mux.Handle(base+"{endpoint}", s.serve)
	s.mux.Handle(base+"{endpoint}/{id}", s.serve)
	s.mux.Handle(base+"{endpoint}/{id}/{format}", s.serve)
	// What clients of older versions start work orders with.
	const older = "/aspera/orchestrator/work_orders/"
	s.mux.Handle(older+"initiate", s.initiateOlder)
	s.mux.Handle(older+"initiate/{format}", s.initiateOlder)
	s.mux.Handle(older+"createBasic/{id}", s.initiateOlder)
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// An endpoint is one call of the API.
type endpoint struct {
	run     func(*Service, *request) (answer, error)
	changes bool // is no call for HEAD
}

var endpoints = map[string]endpoint{
	"remote_node_ping":        {run: (*Service).ping},
	"workflows_list":          {run: (*Service).listWorkflows},
	"workflow_details":        {run: (*Service).workflowDetails},
	"workflow_inputs_spec":    {run: (*Service).inputsSpec},
	"workflow_outputs_spec":   {run: (*Service).outputsSpec},
	"initiate":                {run: (*Service).initiate, changes: true},
	"work_order_status":       {run: (*Service).orderStatus},
	"work_order_cancel":       {run: (*Service).cancelOrder, changes: true},
	"work_order_reset":        {run: (*Service).resetOrder, changes: true},
	"work_order_output":       {run: (*Service).orderOutput},
	"work_orders_list":        {run: (*Service).listOrders},
	"work_step_status":        {run: (*Service).stepStatus},
	"work_step_cancel":        {run: (*Service).cancelStep, changes: true},
	"workstep_reset":          {run: (*Service).resetStep, changes: true},
	"workflows_status":        {run: (*Service).workflowsStatus},
	"find_constraints":        {run: (*Service).findConstraints},
	"export_workflow":         {run: (*Service).exportWorkflow},
	"import_with_constraints": {run: (*Service).importWorkflow, changes: true},
	"import_workflow":         {run: (*Service).importWorkflow, changes: true},
	"publish_workflow":        {run: (*Service).publishWorkflow, changes: true},
	"monitor_snapshot":        {run: (*Service).snapshot},
	"reload_plugin_set":       {run: (*Service).plugins, changes: true},
	processesStatus:           {run: (*Service).processes},
	pluginVersion:             {run: (*Service).plugins},
}

// Endpoints that do not take every way to ask for a format.
const (
	processesStatus = "processes_status" // XML alone
	pluginVersion   = "plugin_version"   // JSON if the URL asks for it
)

// A request is one call with its parts taken apart.
type request struct {
	*http.Request
	endpoint string
	id       string // what the path names, without the suffix of a format
	params   map[string]string
}

// serve takes the path apart and calls the endpoint.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) error {
	name, _ := cutFormat(r.PathValue("endpoint"))
	id, _ := cutFormat(r.PathValue("id"))
	if id == "xml" || id == "json" {
		id = ""
	}
	return s.call(w, r, name, id)
}

// initiateOlder starts a work order. The id in the path is none.
func (s *Service) initiateOlder(w http.ResponseWriter, r *http.Request) error {
	return s.call(w, r, "initiate", "")
}

// call calls an endpoint.
func (s *Service) call(w http.ResponseWriter, r *http.Request, name, id string) error {
	e, ok := endpoints[name]
	if !ok {
		return web.NotFound("No action responded to %s", name)
	}
	if e.changes && r.Method == http.MethodHead {
		w.Header().Set("Allow", "GET, POST")
		return &web.Error{Status: http.StatusMethodNotAllowed, Message: name + " changes something; use GET or POST"}
	}
	p, err := params(w, r)
	if err != nil {
		return err
	}
	a, err := e.run(s, &request{r, name, id, p})
	if err != nil {
		return err
	}
	return a.write(w, formatOf(r))
}

// cutFormat splits the suffix of a format off the last part of a path.
func cutFormat(segment string) (name, format string) {
	for _, f := range []string{"json", "xml"} {
		if rest, ok := strings.CutSuffix(segment, "."+f); ok {
			return rest, f
		}
	}
	return segment, ""
}

// formatOf is the format of the answer, json or xml: from the path, else from
// the parameter format, else from Accept. Without any it is XML.
func formatOf(r *http.Request) string {
	name, _ := cutFormat(r.PathValue("endpoint"))
	if name == processesStatus {
		return "xml"
	}
	for _, part := range []string{"format", "id", "endpoint"} {
		v := r.PathValue(part)
		if v == "json" || v == "xml" {
			return v
		}
		if _, f := cutFormat(v); f != "" {
			return f
		}
	}
	asked := r.URL.Query().Get("format")
	if asked == "json" || asked == "" && name != pluginVersion && strings.Contains(r.Header.Get("Accept"), "application/json") {
		return "json"
	}
	return "xml"
}

// number reads the id of the path, which must be there.
func (r *request) number(what string) (int64, error) {
	text := r.id
	if text == "" {
		text = r.params["id"]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, web.Bad("%q is not the id of a %s", text, what)
	}
	return n, nil
}

// refuse writes a refusal in the format that was asked for. The product
// prints an exception; its angle brackets are escaped so that the XML can be
// parsed.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, e *web.Error) {
	a := answer{
		status: e.Status,
		json: struct {
			Error   string `json:"error"`
			Message string `json:"message"`
		}{http.StatusText(e.Status), e.Message},
		xml: node{
			name:  "error",
			attrs: []string{"time", stamp(s.now()), "action", "status", "id", "0"},
			text:  "#<RuntimeError: " + e.Message + ">",
		},
	}
	_ = a.write(w, formatOf(r))
}

// ping says that the service is there. Clients call it without credentials to
// find out what they talk to.
func (s *Service) ping(*request) (answer, error) {
	return answer{
		json: map[string]any{"remote_orchestrator_info": map[string]string{"orchestrator-version": version}},
		xml:  node{name: "remote_orchestrator_info", children: []node{leaf("orchestrator-version", version)}},
	}, nil
}

// stamp is a time as the product writes it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// missing turns the absence of a row into a 404.
func missing(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return web.NotFound("Couldn't find %s with ID=%d", what, id)
	}
	return err
}
