package decide

import (
	"context"
	"sync"
	"time"
)

// limit is how long a decision may take. A proxy that waits longer than this
// would have given up.
const limit = 2 * time.Second

// A deadline is a context with a limit that comes to be when somebody looks at
// it. A decision about what this node knows asks nobody, so for nearly every
// request the timer is never set.
type deadline struct {
	parent context.Context //nolint:containedctx // it is a context itself
	limit  time.Duration

	mu     sync.Mutex      // guards what follows
	ctx    context.Context //nolint:containedctx // the same
	cancel context.CancelFunc
}

func (d *deadline) begin() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithTimeout(d.parent, d.limit)
	}
	return d.ctx
}

// end releases the timer, if there is one.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		d.ctx = d.parent
	}
	if d.cancel != nil {
		d.cancel()
	}
}

// Deadline is part of [context.Context].
func (d *deadline) Deadline() (time.Time, bool) { return d.begin().Deadline() }

// Done is part of [context.Context].
func (d *deadline) Done() <-chan struct{} { return d.begin().Done() }

// Err is part of [context.Context].
func (d *deadline) Err() error { return d.begin().Err() }

// Value is part of [context.Context].
func (d *deadline) Value(key any) any { return d.begin().Value(key) }
