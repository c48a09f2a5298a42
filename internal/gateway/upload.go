package gateway

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// An upload is the body of a request on its way to the upstream. It keeps the
// limit, and tells afterwards whether it was the client who failed.
//
// The goroutine that reads it may outlive the passage, so it is never used again.
type upload struct {
	from  io.ReadCloser
	limit int64
	left  int64 // bytes; negative: no limit

	waiting atomic.Bool // for bytes of the client
	failed  atomic.Pointer[error]

	// mu guards timer, which is nil once the head of the answer is here.
	mu       sync.Mutex
	timer    *time.Timer
	patience time.Duration
}

// Read reads on and begins anew to wait for the answer.
func (u *upload) Read(b []byte) (int, error) {
	u.waiting.Store(true)
	n, err := u.from.Read(b)
	u.waiting.Store(false)
	if u.limit >= 0 {
		if u.left -= int64(n); u.left < 0 {
			n, err = 0, &http.MaxBytesError{Limit: u.limit}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		u.failed.CompareAndSwap(nil, &err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.timer != nil {
		u.timer.Reset(u.patience)
	}
	return n, err
}

// Close closes the body.
func (u *upload) Close() error { return u.from.Close() }

// arm has each Read start the timer anew.
func (u *upload) arm(t *time.Timer) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.timer = t
}

// fault returns why the client's bytes could not be read, nil if they could.
func (u *upload) fault() error {
	if u == nil {
		return nil
	}
	if err := u.failed.Load(); err != nil {
		return *err
	}
	return nil
}
