package wire

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a [Server] is made of. All fields are required.
type Config struct {
	// Prefix is what the paths of questions begin with; it begins and ends with a
	// slash, and something follows it.
	Prefix string
	// Handler answers questions. Requests and writers are used again: it must not
	// keep them, nor their header maps, when it returns. The strings in them are
	// for keeps. An answer is sent when it returns; it cannot be flushed, and its
	// connection cannot be taken over. The context of a request does not end when
	// its client goes away.
	Handler http.Handler
	// Rest serves everything else. Its own handler must answer questions too.
	Rest *http.Server

	Now func() time.Time
	Log *slog.Logger
}

// A Server answers questions by itself and has a server of net/http do the rest.
// Its limits are those of that server: the size of a head, the time for reading
// one, and the time between two. Make it with [New]; it is used as an
// [http.Server] is.
type Server struct {
	prefix  string
	handler http.Handler
	rest    *http.Server
	now     func() time.Time
	log     *slog.Logger

	limit    int // bytes of a head
	forHead  time.Duration
	forIdle  time.Duration
	handed   *counter
	calendar calendar
	closing  atomic.Bool

	mu        sync.Mutex // guards what follows
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	restRuns  bool
}

// headSlop is what net/http lets pass on top of its limit of a head.
const headSlop = 4 << 10

// New returns a server.
func New(c Config) *Server {
	s := &Server{
		prefix: c.Prefix, handler: c.Handler, rest: c.Rest, now: c.Now, log: c.Log,
		limit: c.Rest.MaxHeaderBytes + headSlop, forHead: c.Rest.ReadHeaderTimeout, forIdle: c.Rest.IdleTimeout,
		handed: newCounter(), listeners: map[net.Listener]bool{}, conns: map[*conn]bool{},
	}
	if c.Rest.MaxHeaderBytes == 0 {
		s.limit = http.DefaultMaxHeaderBytes + headSlop
	}
	return s
}

// Serve accepts connections until the listener fails or the server ends; then it
// returns [http.ErrServerClosed].
func (s *Server) Serve(l net.Listener) error {
	if !s.begin(l) {
		return errors.Join(http.ErrServerClosed, l.Close())
	}
	defer s.end(l)
	pause := time.Duration(0)
	for {
		socket, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.take(socket)
			continue
		case s.closing.Load():
			return http.ErrServerClosed
		case !temporary(err):
			return err
		}
		// Too many open files, mostly. It passes, and is no reason to end.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.log.Warn("a connection could not be accepted", "error", err, "again_in", pause.String())
		time.Sleep(pause)
	}
}

func temporary(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Temporary() //nolint:staticcheck // what net/http asks in the same place
}

// begin notes a listener, and sees that what is handed over is served.
func (s *Server) begin(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.listeners[l] = true
	if !s.restRuns {
		s.restRuns = true
		go func() { _ = s.rest.Serve(s.handed) }() // it ends with the counter
	}
	return true
}

func (s *Server) end(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	_ = l.Close() // it may be closed already
}

// take serves a connection in the background.
func (s *Server) take(socket net.Conn) {
	c := newConn(s, socket)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		_ = socket.Close()
		return
	}
	s.conns[c] = true
	go c.serve()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// settle is how often Shutdown looks whether all is over.
const settle = 5 * time.Millisecond

// Shutdown stops accepting, closes connections on which nothing is going on, and
// waits for the others until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.stop()
	tick := time.NewTicker(settle)
	defer tick.Stop()
	for !s.idle() {
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-tick.C:
		}
	}
	return errors.Join(err, s.rest.Shutdown(ctx), s.handed.Close())
}

// Close closes all listeners and connections at once.
func (s *Server) Close() error {
	err := s.stop()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.socket.Close()
	}
	s.mu.Unlock()
	return errors.Join(err, s.rest.Close(), s.handed.Close())
}

// stop stops accepting.
func (s *Server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Store(true)
	var errs []error
	for l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// idle closes the connections on which nothing is going on and reports whether
// none is left.
func (s *Server) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.leave()
	}
	return len(s.conns) == 0
}
