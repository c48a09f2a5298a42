package orchestrator

import (
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// stepsPerOrder is above the number of steps of any workflow: the id of a step is
// made of that of its order and its place.
const stepsPerOrder = 100

// step is the id of the i-th step.
func (o *Order) step(i int) int64 { return o.ID*stepsPerOrder + int64(i) + 1 }

func (v stepView) nodes() []node {
	return []node{leaf("name", v.Name), {name: "status", attrs: []string{"state", v.Status}}}
}

// stepOf finds the step that the path names.
func stepOf(r *request, q storage.Querier) (o Order, wf Workflow, i int, err error) {
	id, err := r.number("work step")
	if err != nil {
		return o, wf, 0, err
	}
	if o, wf, err = r.load(q, id/stepsPerOrder); err != nil {
		return o, wf, 0, err
	}
	i = int(id%stepsPerOrder) - 1
	if i < 0 || i >= len(wf.Steps) {
		return o, wf, 0, web.NotFound("Couldn't find WorkStep with ID=%d", id)
	}
	return o, wf, i, nil
}

// stepAnswer is a step in both formats, as it stands at the time now.
func (o Order) stepAnswer(wf Workflow, i int, action string, now time.Time) answer {
	v := o.view(wf, now).Steps[i]
	id := strconv.FormatInt(v.ID, 10)
	return answer{
		json: map[string]any{"work_step": struct {
			stepView
			Order int64 `json:"work_order_id"`
		}{v, o.ID}},
		xml: node{name: "work_step", attrs: []string{"time", stamp(now), "action", action, "id", id}, children: v.nodes()},
	}
}

func (s *Service) stepStatus(r *request) (answer, error) {
	o, wf, i, err := stepOf(r, s.db)
	if err != nil {
		return answer{}, err
	}
	return o.stepAnswer(wf, i, "status", s.now()), nil
}

// cancelStep cancels the order in the step that is running.
func (s *Service) cancelStep(r *request) (answer, error) {
	return s.changeStep(r, "cancel", func(o *Order, _ Workflow, i int, p progress) (string, []any) {
		if p.steps[i] != inProgress {
			return "", nil
		}
		return `UPDATE orc_order SET canceled = $1 WHERE id = $2`, []any{storage.Micros(s.now()), o.ID}
	})
}

// resetStep has an order that is over go on from one of its steps.
func (s *Service) resetStep(r *request) (answer, error) {
	return s.changeStep(r, "reset", func(o *Order, wf Workflow, i int, p progress) (string, []any) {
		if p.ended.IsZero() {
			return "", nil
		}
		began := s.now()
		for _, before := range wf.Steps[:i] {
			began = began.Add(-before.Length)
		}
		return `UPDATE orc_order SET started = $1, canceled = 0 WHERE id = $2`, []any{storage.Micros(began), o.ID}
	})
}

// changeStep runs the statement that change chooses; none: it is not possible.
func (s *Service) changeStep(r *request, action string, change func(*Order, Workflow, int, progress) (string, []any)) (answer, error) {
	var a answer
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		o, wf, i, err := stepOf(r, tx)
		if err != nil {
			return err
		}
		p := o.at(wf, s.now())
		query, args := change(&o, wf, i, p)
		if query == "" {
			return web.Conflict("Work step %d is %s; %s is not possible", o.step(i), p.steps[i], action)
		}
		if _, err := tx.ExecContext(r.Context(), query, args...); err != nil {
			return fmt.Errorf("%s work step: %w", action, err)
		}
		if o, wf, err = r.load(tx, o.ID); err != nil {
			return err
		}
		a = o.stepAnswer(wf, i, action, s.now())
		return nil
	})
	return a, err
}
