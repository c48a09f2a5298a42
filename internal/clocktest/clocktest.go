// Package clocktest is a clock for tests: it stands still until it is moved.
package clocktest

import (
	"sync/atomic"
	"time"
)

// A Clock is a time that moves only when it is told to. It counts microseconds,
// as the store does. The zero Clock stands at the beginning of 1970. It is safe
// for concurrent use.
type Clock struct{ micros atomic.Int64 }

// New returns a clock that stands at noon of some day.
func New() *Clock {
	c := new(Clock)
	c.micros.Store(time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

// Now returns the time of the clock, in UTC.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.micros.Load()).UTC() }

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) { c.micros.Add(d.Microseconds()) }
