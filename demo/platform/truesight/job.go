package truesight

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// A Job runs actions on devices once it is submitted.
type Job struct {
	ID          string          `json:"id"`
	ChangeID    string          `json:"changeID"`
	Description string          `json:"description"`
	Status      string          `json:"status"` // Pending Submission, Running or Completed
	Creator     string          `json:"createdBy"`
	Created     int64           `json:"createdTimestamp"` // milliseconds since 1970
	Submitted   int64           `json:"submittedTimestamp,omitempty"`
	Completed   int64           `json:"completedTimestamp,omitempty"`
	Actions     json.RawMessage `json:"actions"`

	seq int64
}

// actionTime is how long one action of a job takes.
const actionTime = 3 * time.Second

const (
	jobColumns = `seq, change_id, description, actions, steps, creator, created, submitted`
	insertJob  = `INSERT INTO tsna_job (` + jobColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectJob  = `SELECT ` + jobColumns + ` FROM tsna_job WHERE seq = $1`
)

// scanJob reads a job as it stands now: nothing runs in the background, its
// status follows from the time at which it was submitted.
func (s *Service) scanJob(r storage.Row) (Job, error) {
	var j Job
	var actions string
	var steps, created, submitted int64
	if err := r.Scan(&j.seq, &j.ChangeID, &j.Description, &actions, &steps, &j.Creator, &created, &submitted); err != nil {
		return j, err
	}
	j.ID, j.Actions, j.Status = formatID(j.seq), json.RawMessage(actions), "Pending Submission"
	j.Created = storage.Time(created).UnixMilli()
	if submitted == 0 {
		return j, nil
	}
	at := storage.Time(submitted)
	j.Submitted, j.Status = at.UnixMilli(), "Running"
	if end := at.Add(time.Duration(steps) * actionTime); !s.now().Before(end) {
		j.Completed, j.Status = end.UnixMilli(), "Completed"
	}
	return j, nil
}

func (s *Service) loadJob(ctx context.Context, q storage.Querier, id string) (Job, error) {
	j, err := storage.One(ctx, q, s.scanJob, selectJob, sequence(id))
	return j, missing(err, "Job", id)
}

func (s *Service) listJobs(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := page(r)
	if err != nil {
		return err
	}
	all, err := storage.All(r.Context(), s.db, s.scanJob,
		`SELECT `+jobColumns+` FROM tsna_job ORDER BY seq DESC LIMIT $1 OFFSET $2`, limit, skip)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	return web.JSON(w, http.StatusOK, all)
}

func (s *Service) getJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.loadJob(r.Context(), s.db, r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, j)
}

func (s *Service) createJob(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ChangeID    string            `json:"changeID"`
		Description string            `json:"description"`
		Actions     []json.RawMessage `json:"actions"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return invalid("Job", err)
	}
	change, err := web.Text("changeID", in.ChangeID, 0, 80)
	if err != nil {
		return invalid("Job", err)
	}
	description, err := web.Text("description", in.Description, 0, 500)
	if err != nil {
		return invalid("Job", err)
	}
	if err := checkActions(in.Actions); err != nil {
		return invalid("Job", err)
	}
	actions, err := json.Marshal(in.Actions)
	if err != nil {
		return err
	}
	var j Job
	err = storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		seq, err := next(r.Context(), tx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(r.Context(), insertJob, seq, change, description, string(actions), len(in.Actions),
			web.CallerOf(r).Name(), storage.Micros(s.now()), 0); err != nil {
			return fmt.Errorf("create job: %w", err)
		}
		j, err = s.loadJob(r.Context(), tx, formatID(seq))
		return err
	})
	if err != nil {
		return err
	}
	return created(w, r, "jobs", j.ID, j)
}

// checkActions wants 1 to 50 objects, each of which names its class.
func checkActions(actions []json.RawMessage) error {
	if len(actions) == 0 || len(actions) > 50 {
		return web.BadField("actions", "a job has 1 to 50 of them")
	}
	for i, raw := range actions {
		var a struct {
			Class string `json:"@class"`
		}
		if err := json.Unmarshal(raw, &a); err != nil || a.Class == "" {
			return web.BadField(fmt.Sprintf("actions[%d].@class", i), "is required")
		}
	}
	return nil
}

// submitJob starts a job. A job runs once.
func (s *Service) submitJob(w http.ResponseWriter, r *http.Request) error {
	var j Job
	err := storage.Tx(r.Context(), s.db, func(tx *sql.Tx) error {
		var err error
		if j, err = s.loadJob(r.Context(), tx, r.PathValue("id")); err != nil {
			return err
		}
		if j.Submitted != 0 {
			return web.Conflict("Conflict: Job %s was submitted already", j.ID)
		}
		if _, err := tx.ExecContext(r.Context(), `UPDATE tsna_job SET submitted = $1 WHERE seq = $2`, storage.Micros(s.now()), j.seq); err != nil {
			return fmt.Errorf("submit job: %w", err)
		}
		j, err = s.loadJob(r.Context(), tx, j.ID)
		return err
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, j)
}
