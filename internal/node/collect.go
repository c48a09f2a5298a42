package node

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

const (
	// garbageRoom is how much garbage may come together in a busy program. By default
	// it is as much as the program keeps, which here is little: at full load it was
	// collected several times a second.
	garbageRoom = 64 << 20
	// busyWithin and idleAfter are what tells a busy program from an idle one: the
	// time between two collections.
	busyWithin = time.Second
	idleAfter  = 10 * time.Second
	// usualPercent is the default of GOGC.
	usualPercent = 100
)

// CollectRarely has the garbage of this process collected about once a second when it
// is busy, and as usual when it is not, so that an idle program stays small. It is for
// the program; a process of somebody else that imports this is not ours to tune. Where
// the operator has set GOGC nothing is done; GOMEMLIMIT holds as ever. It ends with the
// returned function.
func CollectRarely(now func() time.Time) (stop func()) {
	if read("/gc/gogc:percent") != usualPercent {
		return func() {}
	}
	c := &collections{now: now, percent: usualPercent, last: now()}
	c.watch()
	return func() {
		c.stopped.Store(true)
		debug.SetGCPercent(usualPercent)
	}
}

// collections is told of each collection, by one goroutine at a time.
type collections struct {
	now     func() time.Time
	percent int
	last    time.Time
	stopped atomic.Bool
}

// A sentinel is garbage from the start. Its finalizer runs after a collection.
type sentinel struct{ c *collections }

func (c *collections) watch() { runtime.SetFinalizer(&sentinel{c}, (*sentinel).collected) }

func (s *sentinel) collected() {
	c := s.c
	if c.stopped.Load() {
		return
	}
	if percent := c.next(c.now(), read("/gc/heap/live:bytes")); percent != c.percent {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
	c.watch()
}

// read returns a figure of the runtime.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// next returns the percentage of what is live that may come together as garbage until
// the next collection.
func (c *collections) next(now time.Time, live uint64) int {
	since := now.Sub(c.last)
	c.last = now
	switch {
	case since > idleAfter:
		return usualPercent
	case since > busyWithin:
		return c.percent
	}
	percent := int(garbageRoom * 100 / max(live, 1<<20)) //nolint:gosec // 6400 at most
	percent -= percent % 25                              // not another one each time
	return max(percent, usualPercent)
}
