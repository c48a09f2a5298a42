package orchestrator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

// An Order is one run of a workflow.
type Order struct {
	ID       int64
	Workflow int64
	Name     string
	Comments string
	Priority int
	Tags     string
	Params   map[string]string
	Creator  string
	Created  time.Time
	Started  time.Time // of the current attempt
	Canceled time.Time // zero unless it was canceled
}

const (
	orderColumns = `id, workflow, name, comments, priority, tags, params, creator, created, started, canceled`
	insertOrder  = `
		INSERT INTO orc_order (workflow, name, comments, priority, tags, params, creator, created, started, canceled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`
	selectOrder = `SELECT ` + orderColumns + ` FROM orc_order WHERE id = $1`
	listOrders  = `SELECT ` + orderColumns + ` FROM orc_order WHERE workflow = $1 ORDER BY id DESC LIMIT $2`
	forgetOld   = `DELETE FROM orc_order WHERE id <= $1`
)

// keptOrders bounds how many orders are remembered.
const keptOrders = 10_000

func scanOrder(r storage.Row) (Order, error) {
	var o Order
	var params string
	var created, started, canceled int64
	if err := r.Scan(&o.ID, &o.Workflow, &o.Name, &o.Comments, &o.Priority, &o.Tags, &params, &o.Creator,
		&created, &started, &canceled); err != nil {
		return o, err
	}
	o.Created, o.Started, o.Canceled = storage.Time(created), storage.Time(started), storage.Time(canceled)
	return o, json.Unmarshal([]byte(params), &o.Params)
}

// load reads an order and its workflow.
func load(ctx context.Context, q storage.Querier, id int64) (Order, Workflow, error) {
	o, err := storage.One(ctx, q, scanOrder, selectOrder, id)
	if err != nil {
		return o, Workflow{}, missing(err, "WorkOrder", id)
	}
	wf, err := loadWorkflow(ctx, q, o.Workflow)
	return o, wf, err
}

// The states of a work order that can occur here.
const (
	inProgress = "In Progress"
	complete   = "Complete"
	canceling  = "Canceling"
	inactive   = "Inactive"
)

// cancelTime is how long the running step takes to notice a cancellation.
const cancelTime = time.Second

// A progress is how far an order is at one moment.
type progress struct {
	state   string
	details string
	steps   []string  // the state of each step
	next    time.Time // when the state may change by itself; zero when never
	ended   time.Time // zero while it runs
	updated time.Time
}

// at computes how far o is at the time now. It is the whole state machine:
// the steps follow one another from the start of the attempt, a step may go
// wrong at its end, and a cancellation stops the step it falls into.
func (o Order) at(wf Workflow, now time.Time) progress {
	p := progress{state: complete, steps: make([]string, len(wf.Steps))}
	for i := range p.steps {
		p.steps[i] = inactive
	}
	begin := o.Started
	for i, st := range wf.Steps {
		end := begin.Add(st.Length)
		if !o.Canceled.IsZero() && o.Canceled.Before(end) {
			return p.canceled(i, st.Name, o.Canceled, now)
		}
		if now.Before(end) {
			p.state, p.steps[i], p.details = inProgress, inProgress, "Executing Step: "+st.Name
			p.next, p.updated = end, begin
			return p
		}
		if b := st.Breaks; b != nil && strings.HasPrefix(o.Params[b.Input], b.Prefix) {
			p.state, p.steps[i], p.details = b.State, b.State, st.Name+": "+b.Reason
			p.ended, p.updated = end, end
			return p
		}
		p.steps[i] = complete
		begin = end
	}
	p.ended, p.updated, p.details = begin, begin, "All steps are done"
	return p
}

func (p progress) canceled(i int, step string, at, now time.Time) progress {
	stop := at.Add(cancelTime)
	p.updated = at
	if now.Before(stop) {
		p.state, p.steps[i], p.details, p.next = canceling, canceling, "Canceling Step: "+step, stop
		return p
	}
	p.state, p.details, p.ended = inactive, "Canceled in Step: "+step, stop
	return p
}

// output is the value of one output of a complete order.
func (o Order) output(out Output) string {
	v := o.Params[out.Input]
	switch out.How {
	case "sha256":
		sum := sha256.Sum256([]byte(v))
		return hex.EncodeToString(sum[:])
	case "count":
		return strconv.Itoa(strings.Count(v, ",") + 1)
	}
	return v
}

// orderView is an order as JSON.
type orderView struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Workflow  int64      `json:"workflow_id"`
	Title     string     `json:"workflow_name"`
	Status    string     `json:"status"`
	Details   string     `json:"statusDetails"`
	Priority  int        `json:"priority"`
	Comments  string     `json:"comments"`
	Tags      string     `json:"tags"`
	Initiator string     `json:"initiated_by"`
	Running   string     `json:"running_as"`
	Created   string     `json:"created_at"`
	Initiated string     `json:"initiated_at"`
	Updated   string     `json:"updated_at"`
	Completed string     `json:"completed_at,omitempty"`
	Steps     []stepView `json:"work_steps"`
}

type stepView struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// answer is an order in both formats, as it stands at the time now.
func (o Order) answer(wf Workflow, action string, now time.Time) answer {
	v := o.view(wf, now)
	return answer{json: map[string]any{"work_order": v}, xml: o.node(v, wf, action, now)}
}

func (o Order) view(wf Workflow, now time.Time) orderView {
	p := o.at(wf, now)
	v := orderView{
		o.ID, o.Name, wf.ID, wf.Name, p.state, p.details, o.Priority, o.Comments, o.Tags, o.Creator, "SYSTEM",
		stamp(o.Created), stamp(o.Started), stamp(p.updated), stamp(p.ended),
		[]stepView{},
	}
	for i, st := range wf.Steps {
		v.Steps = append(v.Steps, stepView{o.step(i), st.Name, p.steps[i]})
	}
	return v
}

func (o Order) node(v orderView, wf Workflow, action string, now time.Time) node {
	id := strconv.FormatInt(o.ID, 10)
	steps := node{name: "work_steps"}
	for _, st := range v.Steps {
		steps.children = append(steps.children, node{name: "work_step", attrs: []string{"id", strconv.FormatInt(st.ID, 10)}, children: st.nodes()})
	}
	return node{
		name:  "work_order",
		attrs: []string{"time", stamp(now), "action", action, "id", id, "master_id", id},
		children: []node{
			leaf("name", v.Name),
			{name: "workflow", attrs: []string{"id", strconv.FormatInt(wf.ID, 10), "revision_id", strconv.FormatInt(wf.Revision, 10)}, text: wf.Name},
			{name: "status", attrs: []string{"state", v.Status}, text: v.Details},
			leaf("comments", v.Comments),
			leaf("latest_update", v.Details),
			{name: "ownership", children: []node{leaf("initiated_by", v.Initiator), leaf("running_as", v.Running), leaf("launched_by", v.Initiator)}},
			{name: "priority", attrs: []string{"dedicated_worker", "false"}, text: strconv.Itoa(v.Priority)},
			{name: "timestamps", children: []node{
				leaf("created_at", v.Created), leaf("initiated_at", v.Initiated), leaf("updated_at", v.Updated), leaf("completed_at", v.Completed),
			}},
			steps,
		},
	}
}

func (s *Service) orderStatus(r *request) (answer, error) {
	id, err := r.number("work order")
	if err != nil {
		return answer{}, err
	}
	o, wf, err := r.load(s.db, id)
	if err != nil {
		return answer{}, err
	}
	return o.answer(wf, "status", s.now()), nil
}

// orderOutput lists the outputs, none unless the order is complete.
func (s *Service) orderOutput(r *request) (answer, error) {
	id, err := r.number("work order")
	if err != nil {
		return answer{}, err
	}
	o, wf, err := r.load(s.db, id)
	if err != nil {
		return answer{}, err
	}
	type variable struct {
		Name  string `json:"name"`
		Step  string `json:"step"`
		Type  string `json:"value_type"`
		Value string `json:"value"`
	}
	variables := []variable{}
	root := node{name: "work_order", attrs: s.attrs("output", o.ID)}
	if o.at(wf, s.now()).state == complete {
		for _, out := range wf.Outputs {
			v := variable{out.Name, out.Step, out.Type, o.output(out)}
			variables = append(variables, v)
			root.children = append(root.children, node{name: "variable", attrs: []string{"name", v.Name, "step", v.Step, "value_type", v.Type}, text: v.Value})
		}
	}
	return answer{xml: root, json: map[string]any{"work_order": map[string]any{"id": o.ID, "variable": variables}}}, nil
}

// listOrders lists the orders of one workflow, the newest first.
func (s *Service) listOrders(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	limit, err := integer(r.params, "max_results", 100, 1, 1000)
	if err != nil {
		return answer{}, err
	}
	all, err := storage.All(r.Context(), s.db, scanOrder, listOrders, wf.ID, limit)
	if err != nil {
		return answer{}, fmt.Errorf("list work orders: %w", err)
	}
	now := s.now()
	views := []orderView{}
	root := node{name: "work_orders", attrs: s.attrs("list", 0)}
	for _, o := range all {
		v := o.view(wf, now)
		views, root.children = append(views, v), append(root.children, o.node(v, wf, "status", now))
	}
	return answer{json: map[string]any{"work_orders": views}, xml: root}, nil
}
