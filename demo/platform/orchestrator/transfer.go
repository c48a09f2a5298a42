package orchestrator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A parcel is a workflow on its way from one installation to another.
type parcel struct {
	Portable    string   `json:"portable_id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Inputs      []Input  `json:"inputs"`
	Steps       []Step   `json:"steps"`
	Outputs     []Output `json:"outputs"`
}

// exportWorkflow answers a workflow as a file that importWorkflow takes.
func (s *Service) exportWorkflow(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	text, err := json.MarshalIndent(parcel{wf.Portable, wf.Name, wf.Description, wf.Inputs, wf.Steps, wf.Outputs}, "", "  ")
	file := string(text) + "\n"
	return answer{text: &file}, err
}

// importWorkflow makes a workflow, or a new revision of the one with the same
// portable id, of the file import_file. It is a draft until it is published.
func (s *Service) importWorkflow(r *request) (answer, error) {
	var p parcel
	text := r.params["import_file"]
	if text == "" {
		return answer{}, web.BadField("import_file", "is required; send the file as a part of a form")
	}
	if err := web.UnmarshalStrict([]byte(text), &p); err != nil {
		return answer{}, web.BadField("import_file", "is not an exported workflow: %v", err)
	}
	if err := p.check(); err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(spec{p.Inputs, p.Steps, p.Outputs})
	if err != nil {
		return answer{}, err
	}
	const upsert = `INSERT INTO orc_workflow (portable, name, description, published, revision, modified, spec) VALUES ($1, $2, $3, 0, 1, $4, $5)
		ON CONFLICT (portable) DO UPDATE SET name = excluded.name, description = excluded.description, revision = revision + 1, modified = excluded.modified, spec = excluded.spec`
	if _, err := s.db.ExecContext(r.Context(), upsert, p.Portable, p.Name, p.Description, storage.Micros(s.now()), string(body)); err != nil {
		return answer{}, fmt.Errorf("import workflow: %w", err)
	}
	wf, err := storage.One(r.Context(), s.db, scanWorkflow, `SELECT `+workflowColumns+` FROM orc_workflow WHERE portable = $1`, p.Portable)
	if err != nil {
		return answer{}, fmt.Errorf("read imported workflow: %w", err)
	}
	return s.viewed(wf, "import"), nil
}

// Limits of what is imported.
const (
	maxImports = 50
	maxSteps   = stepsPerOrder - 1
)

func (p *parcel) check() (err error) {
	if p.Name, err = web.Text("name", p.Name, 1, 200); err != nil {
		return err
	}
	if p.Description, err = web.Text("description", p.Description, 0, 1000); err != nil {
		return err
	}
	if len(p.Steps) == 0 || len(p.Steps) > maxSteps || len(p.Inputs) > maxImports || len(p.Outputs) > maxImports {
		return web.BadField("steps", "a workflow has 1 to %d steps, and at most %d inputs and outputs", maxSteps, maxImports)
	}
	if p.Portable == "" {
		p.Portable = uuid.NewString()
	}
	if _, err := uuid.Parse(p.Portable); err != nil {
		return web.BadField("portable_id", "is not a UUID")
	}
	return nil
}

// publishWorkflow makes the latest revision the one that is run.
func (s *Service) publishWorkflow(r *request) (answer, error) {
	wf, err := s.workflow(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := s.db.ExecContext(r.Context(), `UPDATE orc_workflow SET published = 1 WHERE id = $1`, wf.ID); err != nil {
		return answer{}, fmt.Errorf("publish workflow: %w", err)
	}
	wf.Published = true
	return s.viewed(wf, "publish"), nil
}

// viewed is a workflow in both formats, after something was done with it.
func (s *Service) viewed(wf Workflow, action string) answer {
	n := wf.view().node()
	n.attrs = append(n.attrs, "time", stamp(s.now()), "action", action)
	return answer{xml: n, json: map[string]any{"workflow": wf.view()}}
}

// findConstraints tells what an import depends on here; nothing does.
func (s *Service) findConstraints(*request) (answer, error) {
	return answer{
		json: map[string]any{"constraints": []string{}},
		xml:  node{name: "constraints", attrs: s.attrs("find_constraints", 0)},
	}, nil
}

// snapshot tells how busy the engine is.
func (s *Service) snapshot(r *request) (answer, error) {
	all, err := storage.All(r.Context(), s.db, scanWorkflow, `SELECT `+workflowColumns+` FROM orc_workflow ORDER BY id`)
	if err != nil {
		return answer{}, fmt.Errorf("list workflows: %w", err)
	}
	running := 0
	for _, wf := range all {
		orders, err := storage.All(r.Context(), s.db, scanOrder, listOrders, wf.ID, keptOrders)
		if err != nil {
			return answer{}, fmt.Errorf("list work orders: %w", err)
		}
		for _, o := range orders {
			if o.at(wf, s.now()).ended.IsZero() {
				running++
			}
		}
	}
	return answer{
		json: map[string]any{"monitor_snapshot": map[string]any{"time": stamp(s.now()), "engine": "Active", "running_work_orders": running}},
		xml: node{name: "monitor_snapshot", attrs: s.attrs("snapshot", 0), children: []node{
			leaf("engine", "Active"), leaf("running_work_orders", strconv.Itoa(running)),
		}},
	}, nil
}

// addParts adds the parts of a multipart form. The last one of a name counts.
func addParts(out map[string]string, contentType string, body []byte) error {
	_, attributes, err := mime.ParseMediaType(contentType)
	if err != nil || attributes["boundary"] == "" {
		return web.Bad("the parts of the form have no boundary")
	}
	parts := multipart.NewReader(bytes.NewReader(body), attributes["boundary"])
	for len(out) <= maxParams {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return web.Bad("the parts of the form cannot be read")
		}
		text, err := io.ReadAll(p)
		if err != nil {
			return web.Bad("the parts of the form cannot be read")
		}
		out[p.FormName()] = string(text)
	}
	return &web.Error{Status: http.StatusBadRequest, Message: "the form has too many parts"}
}
