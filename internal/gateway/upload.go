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

	waiting  atomic.Bool // for bytes of the client
	failed   atomic.Pointer[error]
	patience atomic.Pointer[patience]
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
	if p := u.patience.Load(); p != nil {
		p.renew()
	}
	return n, err
}

// Close closes the body.
func (u *upload) Close() error { return u.from.Close() }

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

// What ends a request whose answer did not begin in time.
var (
	errNoHead = errors.New("the upstream did not begin to answer in time")
	errNoBody = errors.New("the client did not send its body in time")
)

// A patience is how long an answer is waited for. The time counts from its
// beginning, and from the last piece of the body while one goes up.
type patience struct {
	time   time.Duration
	upload *upload // may be nil
	// out gives up: what it starts must not wait.
	out func(cause error)

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	over  bool
	cause error // why it ran out; nil: it did not
}

// wait begins to wait. It is called once.
func (p *patience) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(p.time, p.expire)
	if p.upload != nil {
		p.upload.patience.Store(p)
	}
}

func (p *patience) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.cause != nil {
		return
	}
	p.cause = errNoHead
	if p.upload != nil && p.upload.waiting.Load() {
		p.cause = errNoBody
	}
	p.out(p.cause)
}

func (p *patience) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over && p.cause == nil {
		p.timer.Reset(p.time)
	}
}

// end stops waiting and returns why it was in vain, nil if it was not. When it
// returns, nothing is given up any more.
func (p *patience) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.timer.Stop()
	return p.cause
}
