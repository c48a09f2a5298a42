package orchestrator

import (
	"database/sql"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// sees reports whether the caller may know of a workflow: the gateway can keep him
// to some.
func (r *request) sees(workflow int64) bool {
	kept := web.CallerOf(r.Request).Realms
	return kept == nil || slices.Contains(kept, strconv.FormatInt(workflow, 10))
}

// load reads a work order and its workflow. One of a workflow that the caller may
// not know of is as good as none.
func (r *request) load(q storage.Querier, id int64) (Order, Workflow, error) {
	o, wf, err := load(r.Context(), q, id)
	if err == nil && !r.sees(wf.ID) {
		return Order{}, Workflow{}, missing(sql.ErrNoRows, "WorkOrder", id)
	}
	return o, wf, err
}

// visible leaves the workflows that the caller may know of.
func (r *request) visible(all []Workflow) []Workflow {
	return slices.DeleteFunc(all, func(wf Workflow) bool { return !r.sees(wf.ID) })
}
