package orchestrator

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

// A Workflow is a sequence of steps with inputs and outputs.
type Workflow struct {
	ID          int64
	Portable    string
	Name        string
	Description string
	Published   bool
	Revision    int64
	Modified    time.Time
	Inputs      []Input
	Steps       []Step
	Outputs     []Output
}

// An Input is a parameter of a workflow. One that is not optional must be
// given; the others have a value to fall back on.
type Input struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional"`
	Value    string `json:"value"`
}

// A Step takes its time and then succeeds, unless the value of an input
// begins with a text that it cannot bear.
type Step struct {
	Name   string        `json:"name"`
	Length time.Duration `json:"length"`
	Breaks *Break        `json:"breaks,omitempty"`
}

// A Break says when a step goes wrong, and how.
type Break struct {
	Input  string `json:"input"`
	Prefix string `json:"prefix"`
	State  string `json:"state"` // Failed or Error
	Reason string `json:"reason"`
}

// An Output is computed when all steps are done: the value of an input, its
// SHA-256 sum, or the number of its parts between commas.
type Output struct {
	Name  string `json:"name"`
	Step  string `json:"step"`
	Type  string `json:"type"`
	Input string `json:"input"`
	How   string `json:"how"` // value, sha256 or count
}

// spec is the part of a workflow that is stored as JSON.
type spec struct {
	Inputs  []Input  `json:"inputs"`
	Steps   []Step   `json:"steps"`
	Outputs []Output `json:"outputs"`
}

const workflowColumns = `id, portable, name, description, published, revision, modified, spec`

func scanWorkflow(r storage.Row) (Workflow, error) {
	var wf Workflow
	var modified int64
	var text string
	if err := r.Scan(&wf.ID, &wf.Portable, &wf.Name, &wf.Description, &wf.Published, &wf.Revision, &modified, &text); err != nil {
		return wf, err
	}
	var sp spec
	if err := json.Unmarshal([]byte(text), &sp); err != nil {
		return wf, fmt.Errorf("specification of workflow %d: %w", wf.ID, err)
	}
	wf.Modified = storage.Time(modified)
	wf.Inputs, wf.Steps, wf.Outputs = sp.Inputs, sp.Steps, sp.Outputs
	return wf, nil
}

func loadWorkflow(ctx context.Context, q storage.Querier, id int64) (Workflow, error) {
	wf, err := storage.One(ctx, q, scanWorkflow, `SELECT `+workflowColumns+` FROM orc_workflow WHERE id = $1`, id)
	return wf, missing(err, "Workflow", id)
}

func (s *Service) workflow(r *request) (Workflow, error) {
	id, err := r.number("workflow")
	if err != nil {
		return Workflow{}, err
	}
	if !r.sees(id) {
		return Workflow{}, missing(sql.ErrNoRows, "Workflow", id)
	}
	return loadWorkflow(r.Context(), s.db, id)
}

// workflowView is a workflow in the list.
type workflowView struct {
	ID        int64  `json:"id"`
	Portable  string `json:"portable_id"`
	Name      string `json:"name"`
	Published string `json:"published_status"`
	Revision  int64  `json:"published_revision_id"`
	Latest    int64  `json:"latest_revision_id"`
	Modified  string `json:"last_modification"`
}

func (wf Workflow) view() workflowView {
	v := workflowView{wf.ID, wf.Portable, wf.Name, "Unpublished", 0, wf.Revision, stamp(wf.Modified)}
	if wf.Published {
		v.Published, v.Revision = "Published", wf.Revision
	}
	return v
}

func (v workflowView) node() node {
	return node{name: "workflow", attrs: []string{"id", strconv.FormatInt(v.ID, 10)}, children: []node{
		leaf("portable_id", v.Portable), leaf("name", v.Name), leaf("published_status", v.Published),
		leaf("published_revision_id", strconv.FormatInt(v.Revision, 10)),
		leaf("latest_revision_id", strconv.FormatInt(v.Latest, 10)), leaf("last_modification", v.Modified),
	}}
}

func (s *Service) listWorkflows(r *request) (answer, error) {
	all, err := storage.All(r.Context(), s.db, scanWorkflow, `SELECT `+workflowColumns+` FROM orc_workflow ORDER BY id`)
	if err != nil {
		return answer{}, fmt.Errorf("list workflows: %w", err)
	}
	views := make([]workflowView, 0, len(all))
	root := node{name: "workflows", attrs: s.attrs("list", 0)}
	for _, wf := range r.visible(all) {
		v := wf.view()
		views, root.children = append(views, v), append(root.children, v.node())
	}
	return answer{json: map[string]any{"workflows": map[string]any{"workflow": views}}, xml: root}, nil
}

func (s *Service) workflowDetails(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	n := wf.view().node()
	n.attrs = append(n.attrs, "time", stamp(s.now()), "action", "details")
	steps := node{name: "steps"}
	names := []string{}
	for i, st := range wf.Steps {
		names = append(names, st.Name)
		steps.children = append(steps.children, node{name: "step", attrs: []string{"id", strconv.Itoa(i + 1)}, text: st.Name})
	}
	n.children = append(n.children, leaf("description", wf.Description), steps)
	return answer{xml: n, json: map[string]any{"workflow": struct {
		workflowView
		Description string   `json:"description"`
		Steps       []string `json:"steps"`
	}{wf.view(), wf.Description, names}}}, nil
}

// parameterView is an input or an output in a specification.
type parameterView struct {
	Name     string `json:"name"`
	Type     string `json:"value_type"`
	Optional *bool  `json:"optional,omitempty"`
	Value    string `json:"value,omitempty"`
	Step     string `json:"step,omitempty"`
	ID       int    `json:"id"`
}

func (v parameterView) node(name string) node {
	n := node{name: name, attrs: []string{"id", strconv.Itoa(v.ID), "name", v.Name, "value_type", v.Type}, text: v.Value}
	if v.Optional != nil {
		n.attrs = append(n.attrs, "optional", strconv.FormatBool(*v.Optional))
	}
	if v.Step != "" {
		n.attrs = append(n.attrs, "step", v.Step)
	}
	return n
}

func (s *Service) inputsSpec(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	views := []parameterView{}
	for i, in := range wf.Inputs {
		views = append(views, parameterView{Name: in.Name, Type: in.Type, Optional: &in.Optional, Value: in.Value, ID: i + 1})
	}
	return s.specification(wf, "inputs_spec", "parameter", views), nil
}

func (s *Service) outputsSpec(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	views := []parameterView{}
	for i, out := range wf.Outputs {
		views = append(views, parameterView{Name: out.Name, Type: out.Type, Step: out.Step, ID: i + 1})
	}
	return s.specification(wf, "outputs_spec", "output", views), nil
}

func (s *Service) specification(wf Workflow, action, name string, views []parameterView) answer {
	root := node{name: "workflow_" + action, attrs: []string{
		"workflow_id", strconv.FormatInt(wf.ID, 10), "workflow_name", wf.Name, "time", stamp(s.now()), "action", action,
	}}
	for _, v := range views {
		root.children = append(root.children, v.node(name))
	}
	return answer{xml: root, json: map[string]any{root.name: map[string]any{
		"workflow_id": wf.ID, "workflow_name": wf.Name, "time": stamp(s.now()), "action": action, name: views,
	}}}
}

// attrs are the attributes of a root element: when, what, and of which id.
func (s *Service) attrs(action string, id int64) []string {
	a := []string{"time", stamp(s.now()), "action", action}
	if id > 0 {
		a = append(a, "id", strconv.FormatInt(id, 10))
	}
	return a
}
