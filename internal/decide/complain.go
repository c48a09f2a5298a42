package decide

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// A subject is what there may be to complain about.
type subject int

const (
	untrusted  subject = iota // who asks
	unreadable                // what he asks
	subjects
)

// every is how often one subject is logged at most: whoever asks badly may ask a
// thousand times a second.
const every = time.Second

// complaints tell the operator what is wrong with a proxy's configuration.
type complaints struct {
	log  *slog.Logger
	now  func() time.Time
	last [subjects]atomic.Int64 // when one was logged, unix nanoseconds
	held [subjects]atomic.Int64 // how many were not, since then
}

// complain logs a complaint, unless one about the same subject was logged a
// moment ago; then it is counted for the next one.
func (c *complaints) complain(ctx context.Context, about subject, message string, args ...any) {
	now := c.now().UnixNano()
	last := c.last[about].Load()
	if last != 0 && now-last < int64(every) || !c.last[about].CompareAndSwap(last, now) {
		c.held[about].Add(1)
		return
	}
	if n := c.held[about].Swap(0); n > 0 {
		args = append(args, "more_before", n)
	}
	c.log.WarnContext(ctx, message, args...) //nolint:sloglint // the messages are constants, where it is called
}
