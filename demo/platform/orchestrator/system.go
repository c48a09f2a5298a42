package orchestrator

import (
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/demo/platform/storage"
)

// workflowsStatus counts the work orders of each workflow, or of the one that the
// path names, by their states.
func (s *Service) workflowsStatus(r *request) (answer, error) {
	all, err := storage.All(r.Context(), s.db, scanWorkflow, `SELECT `+workflowColumns+` FROM orc_workflow ORDER BY id`)
	if err != nil {
		return answer{}, fmt.Errorf("list workflows: %w", err)
	}
	if r.id != "" {
		wf, err := s.workflow(r)
		if err != nil {
			return answer{}, err
		}
		all = []Workflow{wf}
	}
	type status struct {
		ID     int64          `json:"id"`
		Name   string         `json:"name"`
		Orders map[string]int `json:"work_orders"`
	}
	views := []status{}
	root := node{name: "workflows_status", attrs: s.attrs("status", 0)}
	for _, wf := range r.visible(all) {
		orders, err := storage.All(r.Context(), s.db, scanOrder, listOrders, wf.ID, keptOrders)
		if err != nil {
			return answer{}, fmt.Errorf("list work orders: %w", err)
		}
		v := status{wf.ID, wf.Name, map[string]int{}}
		for _, o := range orders {
			v.Orders[o.at(wf, s.now()).state]++
		}
		n := node{name: "workflow", attrs: []string{"id", strconv.FormatInt(wf.ID, 10), "name", wf.Name}}
		for _, state := range [...]string{inProgress, complete, "Failed", "Error", canceling, inactive} {
			if count := v.Orders[state]; count > 0 {
				n.children = append(n.children, node{name: "work_orders", attrs: []string{"state", state}, text: strconv.Itoa(count)})
			}
		}
		views, root.children = append(views, v), append(root.children, n)
	}
	return answer{xml: root, json: map[string]any{"workflows_status": map[string]any{"workflow": views}}}, nil
}

// processes lists the processes of the engine, which is never anything but well.
func (s *Service) processes(*request) (answer, error) {
	root := node{name: "processes_status", attrs: s.attrs("status", 0)}
	for _, name := range [...]string{"engine", "monitor", "worker"} {
		root.children = append(root.children, node{name: "process", attrs: []string{"name", name, "state", "Active"}})
	}
	return answer{xml: root}, nil
}

// plugins lists the plug-ins.
func (s *Service) plugins(*request) (answer, error) {
	return answer{
		json: map[string]any{"plugins": []map[string]string{{"name": "FaspTransfer", "version": version}}},
		xml:  node{name: "plugins", children: []node{{name: "plugin", attrs: []string{"name", "FaspTransfer", "version", version}}}},
	}, nil
}
