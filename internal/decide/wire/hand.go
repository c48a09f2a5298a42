package wire

import (
	"net"
	"net/http"
	"sync"
)

// A counter hands connections over to the server of net/http, which takes it for
// a listener.
type counter struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newCounter() *counter {
	return &counter{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands a connection over; once the counter is closed it closes it.
func (l *counter) give(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		_ = c.Close() // there is nobody to tell
	}
}

// Accept is part of [net.Listener].
func (l *counter) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, http.ErrServerClosed
	}
}

// Close is part of [net.Listener].
func (l *counter) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is part of [net.Listener].
func (l *counter) Addr() net.Addr { return counterAddr{} }

type counterAddr struct{}

func (counterAddr) Network() string { return "internal" }
func (counterAddr) String() string  { return "handed over" }

// A replayed connection gives back first what was read from it already.
type replayed struct {
	net.Conn
	read []byte
}

// Read is part of [net.Conn].
func (c *replayed) Read(p []byte) (int, error) {
	if len(c.read) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.read)
	c.read = c.read[n:]
	return n, nil
}

// CloseWrite ends the connection in one direction, which net/http does before it
// closes one whose client still sends.
func (c *replayed) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}
