package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	firstRoom = 4 << 10 // for a head; it grows up to the limit
	keptRoom  = 16 << 10
	// slack is how much later than needed a connection may be found idle: its
	// deadline is moved once in this time, not for each request.
	slack = time.Second
	// linger is how long what a refused client still sends is thrown away. Closing
	// at once would make its system throw the refusal away.
	linger = 500 * time.Millisecond
)

// States of a connection.
const (
	idle uint32 = iota
	busy
	gone
)

// A conn is one connection, with the request and the answer that its requests
// share.
type conn struct {
	server *Server
	socket net.Conn
	state  atomic.Uint32

	buf    []byte // what was read; a request begins at its start
	filled int
	scan   scan

	answered time.Time // when the last request was
	bound    time.Time // the read deadline
	kind     deadline

	blank   *http.Request // with what all requests of the connection have
	request *http.Request
	url     url.URL
	header  http.Header
	values  []string
	answer  answer
}

// A deadline is what the read deadline is for.
type deadline int

const (
	noDeadline deadline = iota
	forHead
	forIdle
)

func newConn(s *Server, socket net.Conn) *conn {
	ctx := context.WithValue(context.Background(), http.ServerContextKey, s.rest)
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, socket.LocalAddr())
	c := &conn{server: s, socket: socket, buf: make([]byte, firstRoom), header: http.Header{}}
	c.blank = (&http.Request{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: remote(socket), URL: &c.url, Header: c.header,
	}).WithContext(ctx)
	c.request = new(http.Request)
	c.answer.header = http.Header{}
	return c
}

func remote(socket net.Conn) string {
	if addr := socket.RemoteAddr(); addr != nil {
		return addr.String()
	}
	return ""
}

// serve answers requests until the connection ends or is handed over.
func (c *conn) serve() {
	defer c.server.forget(c)
	defer func() {
		if p := recover(); p != nil {
			// Not the value: it may hold what was in the request.
			c.server.log.Error("a question could not be answered", "stack", string(debug.Stack()))
			_ = c.socket.Close()
		}
	}()
	for first := true; ; first = false {
		n, v := c.head(first)
		if v == serve {
			v = c.one(n)
		}
		switch v {
		case serve:
			continue
		case hand:
			c.handOver()
		case malformed:
			c.refuse(http.StatusBadRequest)
		case tooLarge:
			c.refuse(http.StatusRequestHeaderFieldsTooLarge)
		case incomplete, over:
			_ = c.socket.Close()
		}
		return
	}
}

// What a connection can come to beside what a head can.
const (
	over     verdict = malformed + 1 + iota // it ended, or is to end
	tooLarge                                // 431
)

// head reads until there is a whole head of ours in the buffer, and returns its
// length.
func (c *conn) head(first bool) (int, verdict) {
	c.scan = scan{}
	var began time.Time // of a head that came in pieces
	for checked := false; ; {
		n, v := c.scan.end(c.buf[:c.filled])
		if !checked && (c.scan.line > 0 || v == malformed) {
			checked = true
			if !ours(c.buf[:c.filled], c.server.prefix) {
				return 0, c.busy(hand)
			}
		}
		if v != incomplete {
			return n, c.busy(v)
		}
		if c.filled > c.server.limit {
			return 0, c.busy(tooLarge)
		}
		switch {
		case c.filled == 0 && !first:
			c.waitIdle()
			// The others first: by the time it is this one's turn again, the next
			// question has often come, which saves a system call that finds nothing
			// and a wake-up. Where nobody else waits it costs nothing.
			runtime.Gosched()
		case began.IsZero():
			began = c.server.now()
			c.waitUntil(began.Add(c.server.forHead), forHead, c.server.forHead)
		}
		if !c.fill() {
			return 0, over
		}
	}
}

// busy marks the beginning of a request, unless the server closed the connection
// a moment before.
func (c *conn) busy(v verdict) verdict {
	if !c.state.CompareAndSwap(idle, busy) {
		return over
	}
	return v
}

// leave closes the connection if nothing is going on there.
func (c *conn) leave() {
	if c.state.CompareAndSwap(idle, gone) {
		_ = c.socket.Close()
	}
}

// waitIdle sets the deadline for the next request.
func (c *conn) waitIdle() {
	if bound := c.answered.Add(c.server.forIdle); c.kind != forIdle || bound.Sub(c.bound) > slack {
		c.waitUntil(bound.Add(slack), forIdle, c.server.forIdle)
	}
}

// waitUntil sets the read deadline; without a limit there is none.
func (c *conn) waitUntil(bound time.Time, kind deadline, limit time.Duration) {
	if limit <= 0 {
		bound = time.Time{}
	}
	c.bound, c.kind = bound, kind
	_ = c.socket.SetReadDeadline(bound) // it fails on a closed socket, as reading will
}

// fill reads more into the buffer, which it makes larger if need be.
func (c *conn) fill() bool {
	if c.filled == len(c.buf) {
		larger := make([]byte, min(2*len(c.buf), c.server.limit+1))
		copy(larger, c.buf)
		c.buf = larger
	}
	n, err := c.socket.Read(c.buf[c.filled:])
	c.filled += n
	return n > 0 && (err == nil || errors.Is(err, io.EOF))
}

// one answers the request whose head is the first n bytes of the buffer.
func (c *conn) one(n int) verdict {
	r := c.request
	*r = *c.blank
	clear(c.header)
	if v := read(string(c.buf[:n]), r, &c.values); v != serve {
		return v
	}
	c.consume(n)
	c.answer.reset()
	c.server.handler.ServeHTTP(&c.answer, r)
	last := r.Close || c.answer.closes() || c.server.closing.Load()
	c.answered = c.server.now()
	if _, err := c.socket.Write(c.answer.bytes(r.Method, c.server.calendar.at(c.answered), last)); err != nil || last {
		return over
	}
	c.state.Store(idle)
	return serve
}

// consume moves what follows a request to the start of the buffer.
func (c *conn) consume(n int) {
	copy(c.buf, c.buf[n:c.filled])
	c.filled -= n
	if len(c.buf) > keptRoom && c.filled < firstRoom {
		c.buf = append(make([]byte, 0, firstRoom), c.buf[:c.filled]...)[:firstRoom]
	}
}

// handOver gives the connection to net/http, with all that was read of it.
func (c *conn) handOver() {
	c.waitUntil(time.Time{}, noDeadline, 0)
	c.server.handed.give(&replayed{Conn: c.socket, read: c.buf[:c.filled]})
}

// refuse answers what cannot be served and ends the connection.
func (c *conn) refuse(status int) {
	defer func() { _ = c.socket.Close() }() // it is over anyway
	if _, err := c.socket.Write(refusal(status)); err != nil {
		return
	}
	if w, ok := c.socket.(interface{ CloseWrite() error }); !ok || w.CloseWrite() != nil {
		return
	}
	c.waitUntil(c.server.now().Add(linger), forHead, linger)
	_, _ = io.Copy(io.Discard, io.LimitReader(c.socket, int64(c.server.limit)))
}
