package doors

import (
	"sync/atomic"
	"time"
)

// A lease is this node's right to decide on what it knows. It is renewed by
// every confirmation that nothing newer was committed, and it runs out when
// there was none for too long: a node that is cut off, or was asleep, must not
// go on deciding on an old policy.
//
// The times are read off the monotonic clock, so a step of the wall clock
// neither prolongs nor ends a lease.
type lease struct {
	start     time.Time // where the monotonic times below are counted from
	confirmed atomic.Int64
}

func (l *lease) confirm(at time.Time) { l.confirmed.Store(int64(at.Sub(l.start))) }

// age returns how old the last confirmation is at now.
func (l *lease) age(now time.Time) time.Duration {
	return now.Sub(l.start) - time.Duration(l.confirmed.Load())
}
