package doorstest

import (
	"sync"
	"time"
)

const tokenLife = 5 * time.Minute

// A Clock is a clock that a test sets. It begins at a fixed time and moves only
// when it is told to.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// NewClock returns a clock that stands at noon of some day.
func NewClock() *Clock { return &Clock{now: time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
