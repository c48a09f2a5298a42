package orchestrator

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A launch is what a caller asks for when initiating a work order.
type launch struct {
	order          Order
	wait           bool
	timeout        time.Duration
	step, output   string // of the one output that is the answer
	failed, broken int    // statuses when the order ends so
}

// initiate starts a work order and, when asked to, waits for its end.
func (s *Service) initiate(r *request) (answer, error) {
	wf, err := s.target(r)
	if err != nil {
		return answer{}, err
	}
	l, err := readLaunch(r.params)
	if err != nil {
		return answer{}, err
	}
	if l.output != "" && !slices.ContainsFunc(wf.Outputs, l.means) {
		return answer{}, web.BadField("explicit_output", "the workflow has no output %q", l.output)
	}
	given := nested(r.params, "external_parameters")
	absent, unknown := wf.fill(given)
	if len(absent)+len(unknown) > 0 {
		return refusedParameters(wf, absent, unknown), nil
	}
	for name, v := range given {
		if _, err := web.Text("external_parameters["+name+"]", v, 0, 2000); err != nil {
			return answer{}, err
		}
	}
	o := l.order
	o.Workflow, o.Params, o.Creator = wf.ID, given, web.CallerOf(r.Request).Name()
	if o.Name == "" {
		o.Name = wf.Name
	}
	if o, err = s.insert(r, o); err != nil {
		return answer{}, err
	}
	if !l.wait {
		return o.answer(wf, "initiate", s.now()), nil
	}
	return s.await(r, o.ID, l)
}

// target finds the workflow that the path or a parameter names.
func (s *Service) target(r *request) (Workflow, error) {
	for _, name := range []string{"workflow_id", "work_order[workflow_id]"} {
		if r.id == "" {
			r.id = r.params[name]
		}
	}
	wf, err := s.workflow(r)
	if err != nil {
		return wf, err
	}
	if !wf.Published {
		return wf, web.Conflict("Workflow %d is not published", wf.ID)
	}
	return wf, nil
}

func readLaunch(p map[string]string) (launch, error) {
	var l launch
	var err error
	if l.order.Name, err = web.Text("work_order[name]", p["work_order[name]"], 0, 200); err != nil {
		return l, err
	}
	if l.order.Comments, err = web.Text("work_order[comments]", p["work_order[comments]"], 0, 1000); err != nil {
		return l, err
	}
	if l.order.Tags, err = web.Text("tags", p["tags"], 0, 500); err != nil {
		return l, err
	}
	if l.order.Priority, err = integer(p, "work_order[priority]", 2, 1, 3); err != nil {
		return l, err
	}
	if l.wait, err = flag(p, "synchronous"); err != nil {
		return l, err
	}
	seconds, err := integer(p, "timeout", 30, 1, 60)
	if err != nil {
		return l, err
	}
	l.timeout = time.Duration(seconds) * time.Second
	if l.failed, err = integer(p, "on_failed_return_code", 200, 200, 599); err != nil {
		return l, err
	}
	if l.broken, err = integer(p, "on_error_return_code", 200, 200, 599); err != nil {
		return l, err
	}
	l.step, l.output = p["explicit_output_step"], p["explicit_output_variable"]
	if both := p["explicit_output"]; both != "" {
		step, output, ok := strings.Cut(both, ":")
		if !ok {
			return l, web.BadField("explicit_output", "must be a step and an output with a colon between them")
		}
		l.step, l.output = step, output
	}
	return l, nil
}

func (l launch) means(out Output) bool {
	return out.Name == l.output && (l.step == "" || l.step == out.Step)
}

// fill completes what was given for the inputs of wf by their defaults. It
// returns the inputs that are missing and the names that are none.
func (wf Workflow) fill(given map[string]string) (absent, unknown []string) {
	for name := range given {
		if !slices.ContainsFunc(wf.Inputs, func(in Input) bool { return in.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, in := range wf.Inputs {
		if given[in.Name] != "" {
			continue
		}
		if !in.Optional {
			absent = append(absent, in.Name)
		}
		given[in.Name] = in.Value
	}
	return absent, unknown
}

// refusedParameters answers parameters that do not fit a workflow, in the
// shape of a work order that was not made.
func refusedParameters(wf Workflow, absent, unknown []string) answer {
	if absent == nil {
		absent = []string{}
	}
	details := "Missing required parameters: " + strings.Join(absent, ", ")
	if len(absent) == 0 {
		details = "Unknown parameters: " + strings.Join(unknown, ", ")
	}
	n := node{name: "work_order", attrs: []string{"action", "initiate", "id", "0"}, children: []node{leaf("statusDetails", details)}}
	for _, name := range absent {
		n.children = append(n.children, leaf("missing_parameter", name))
	}
	return answer{status: http.StatusBadRequest, xml: n, json: map[string]any{"work_order": map[string]any{
		"workflow_id": wf.ID, "status": "Error", "statusDetails": details, "missing_parameters": absent,
	}}}
}

// insert stores a new order and forgets those that are too old.
func (s *Service) insert(r *request, o Order) (Order, error) {
	params, err := json.Marshal(o.Params)
	if err != nil {
		return o, err
	}
	now := storage.Micros(s.now())
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(r.Context(), insertOrder, o.Workflow, o.Name, o.Comments, o.Priority, o.Tags, string(params), o.Creator, now, now)
		if err != nil {
			return fmt.Errorf("initiate work order: %w", err)
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(r.Context(), forgetOld, id-keptOrders); err != nil {
			return err
		}
		o, _, err = r.load(tx, id)
		return err
	})
	return o, err
}

// await waits until the order ends, the time is up, or the caller goes away.
// It looks again every quarter of a second, for someone may cancel the order.
func (s *Service) await(r *request, id int64, l launch) (answer, error) {
	deadline := s.now().Add(l.timeout)
	for {
		o, wf, err := r.load(s.db, id)
		if err != nil {
			return answer{}, err
		}
		now := s.now()
		p := o.at(wf, now)
		if !p.ended.IsZero() || !now.Before(deadline) {
			return l.answer(o, wf, p, now), nil
		}
		wait := min(250*time.Millisecond, p.next.Sub(now), deadline.Sub(now))
		if err := s.sleep(r.Context(), wait); err != nil {
			return answer{}, err
		}
	}
}

// answer is what a caller who waited gets: the output that was asked for when
// the order is complete, else the order.
func (l launch) answer(o Order, wf Workflow, p progress, now time.Time) answer {
	a := o.answer(wf, "initiate", now)
	switch p.state {
	case "Failed":
		a.status = l.failed
	case "Error":
		a.status = l.broken
	case complete:
		if i := slices.IndexFunc(wf.Outputs, l.means); l.output != "" && i >= 0 {
			text := o.output(wf.Outputs[i])
			a.text = &text
		}
	}
	return a
}

func (s *Service) cancelOrder(r *request) (answer, error) {
	return s.change(r, "cancel", `UPDATE orc_order SET canceled = $1 WHERE id = $2`, inProgress)
}

func (s *Service) resetOrder(r *request) (answer, error) {
	return s.change(r, "reset", `UPDATE orc_order SET started = $1, canceled = 0 WHERE id = $2`, complete, inactive, "Failed", "Error")
}

// change notes the time in an order that is in one of the states given.
func (s *Service) change(r *request, action, query string, states ...string) (answer, error) {
	id, err := r.number("work order")
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		o, wf, err := r.load(tx, id)
		if err != nil {
			return err
		}
		now := s.now()
		if p := o.at(wf, now); !slices.Contains(states, p.state) {
			return web.Conflict("Work order %d is %s; %s is not possible", id, p.state, action)
		}
		if _, err := tx.ExecContext(r.Context(), query, storage.Micros(now), id); err != nil {
			return fmt.Errorf("%s work order: %w", action, err)
		}
		if o, wf, err = r.load(tx, id); err != nil {
			return err
		}
		a = o.answer(wf, action, now)
		return nil
	})
	return a, err
}
