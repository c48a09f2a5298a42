package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const retryPause = 20 * time.Millisecond // before the first retry; twice as long before each other

// RoundTrip asks the upstream, for the proxy of upgrades.
func (p *passage) RoundTrip(out *http.Request) (*http.Response, error) {
	if p.fault != nil {
		if out.Body != nil {
			_ = out.Body.Close() // as the contract of a RoundTripper asks
		}
		return nil, p.fault
	}
	ctx, cancel := context.WithCancelCause(out.Context())
	return p.ask(out.WithContext(ctx), cancel)
}

// ask asks the upstream. The time until the head of the answer is bounded; while a
// body goes up, it counts from the last piece of it. What follows the head may take
// as long as it likes.
//
// The context of the request, which cancel ends, is never cancelled after the head
// is here: the body is read under it. The client's own, which is its parent, ends it.
func (p *passage) ask(out *http.Request, cancel context.CancelCauseFunc) (*http.Response, error) {
	waiting := &patience{time: p.request.Match.Route.Timeout, upload: p.upload, out: func(cause error) {
		cancel(cause)
		if p.upload != nil { // the transport waits for who reads the body, which this ends
			_ = http.NewResponseController(p.out.ResponseWriter).SetReadDeadline(time.Unix(1, 0))
		}
	}}
	p.asked, p.sent = true, p.gateway.now()
	waiting.wait()
	res, err := p.try(out)
	p.headTook = p.gateway.now().Sub(p.sent)
	if cause := waiting.end(); cause != nil {
		if err == nil {
			_ = res.Body.Close() // its context is over; nothing more would come
		}
		return nil, cause
	}
	if err != nil {
		cancel(err)
		return nil, err
	}
	p.answered = res.StatusCode
	return res, nil
}

// try asks once, and again where that is safe: the method may be repeated, there
// is no body, and the connection failed before a byte of an answer was there.
// The transport by itself repeats a request that met a connection which the
// upstream had just closed.
func (p *passage) try(out *http.Request) (*http.Response, error) {
	transport := p.mount.transport
	if p.upgrade {
		transport = p.mount.upgrades
	}
	if p.mount.retries == 0 || out.Body != nil || !idempotent(out.Method) {
		return transport.RoundTrip(out)
	}
	var answered atomic.Bool
	ctx := httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	pause := retryPause
	for left := p.mount.retries; ; left-- {
		res, err := transport.RoundTrip(out.WithContext(ctx))
		if err == nil || left == 0 || answered.Load() || timedOut(err) || !sleep(ctx, pause) {
			return res, err
		}
		pause *= 2
	}
}

// idempotent reports whether a request may be repeated (RFC 9110 section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}

func timedOut(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// sleep pauses, and reports false if ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
