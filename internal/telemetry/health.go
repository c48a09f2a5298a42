package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
)

// checkTime is how long a check may take.
const checkTime = 2 * time.Second

// A Check is one thing that must hold for a node to be ready.
type Check struct {
	Name string // such as "store"
	// Run returns nil if all is well. It should end with its context; a check
	// that hangs counts as failed, and is not started again before it ended.
	Run func(context.Context) error
}

// A health is the body of the answers.
type health struct {
	Status string        `json:"status"`
	Checks []checkResult `json:"checks,omitempty"`
}

type checkResult struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

// Healthz returns the handler of /healthz: 200 as long as the process answers.
// It asks nothing else, so that a lost database does not make an orchestrator
// kill every node.
func Healthz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, health{Status: "ok"})
	})
}

// Readyz returns the handler of /readyz: 200 if every check passes, else 503
// with the names of those that do not. Of an error only the message of a
// [sallyport.Error] is shown.
func Readyz(checks ...Check) http.Handler {
	probes := make([]probe, len(checks))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		runs := make([]*run, len(checks))
		for i, c := range checks {
			runs[i] = probes[i].start(ctx, c)
		}
		h, status := health{Status: "ready"}, http.StatusOK
		for i, c := range checks {
			result := checkResult{Name: c.Name, Status: "ok"}
			if err := runs[i].wait(ctx); err != nil {
				result.Status, result.Error = "failed", shown(err)
				h.Status, status = "not ready", http.StatusServiceUnavailable
			}
			h.Checks = append(h.Checks, result)
		}
		answer(w, status, h)
	})
}

// A probe runs a check at most once at a time, for all who ask meanwhile.
type probe struct {
	mu  sync.Mutex
	now *run // nil: not running
}

type run struct {
	done chan struct{}
	err  error // to be read after done
}

// start returns the run in progress, or a new one. It does not end when the
// one who asked first goes away.
func (p *probe) start(ctx context.Context, c Check) *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil {
		return p.now
	}
	r := &run{done: make(chan struct{})}
	p.now = r
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
		defer cancel()
		r.err = c.Run(ctx)
		p.mu.Lock()
		p.now = nil
		p.mu.Unlock()
		close(r.done)
	}()
	return r
}

func (r *run) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return &sallyport.Error{Kind: sallyport.Unavailable, Message: "took too long"}
	}
}

// shown returns what may be said of err. An address or a statement of SQL in
// its text is for the log alone.
func shown(err error) string {
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		return e.Message
	}
	return ""
}

func answer(w http.ResponseWriter, status int, h health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(h) // the caller went away; there is nobody to tell
}
