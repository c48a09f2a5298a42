package gateway

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// A Limiter is a listener that bounds how many connections there are at a time,
// in all and from one source: an IPv4 address, or a /64 of IPv6, which is what
// one customer has. A connection beyond it is closed at once.
type Limiter struct {
	net.Listener
	total, perSource int
	exempt           []netip.Prefix
	refused          atomic.Int64

	mu      sync.Mutex // guards what follows
	open    int
	sources map[netip.Prefix]int
}

// Limit returns l with limits. Sources in exempt, such as the proxies in front,
// count towards the total alone.
func Limit(l net.Listener, total, perSource int, exempt ...netip.Prefix) *Limiter {
	return &Limiter{Listener: l, total: total, perSource: perSource, exempt: exempt, sources: map[netip.Prefix]int{}}
}

// Refused returns how many connections were refused since the start.
func (l *Limiter) Refused() int64 { return l.refused.Load() }

// Open returns how many connections are open.
func (l *Limiter) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Accept returns the next connection within the limits.
func (l *Limiter) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		source := l.sourceOf(conn.RemoteAddr())
		if l.enter(source) {
			return &limited{Conn: conn, leave: sync.OnceFunc(func() { l.leave(source) })}, nil
		}
		l.refused.Add(1)
		_ = conn.Close()
	}
}

// sourceOf returns where a connection comes from; not valid: it is not counted.
func (l *Limiter) sourceOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, network := range l.exempt {
		if network.Contains(addr) {
			return netip.Prefix{}
		}
	}
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

func (l *Limiter) enter(source netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.total {
		return false
	}
	if source.IsValid() {
		if l.sources[source] >= l.perSource {
			return false
		}
		l.sources[source]++
	}
	l.open++
	return true
}

func (l *Limiter) leave(source netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if !source.IsValid() {
		return
	}
	if l.sources[source]--; l.sources[source] == 0 {
		delete(l.sources, source)
	}
}

// A limited is a connection that is counted until it is closed.
type limited struct {
	net.Conn
	leave func()
}

// Close closes the connection and makes room for another.
func (c *limited) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}

// CloseWrite closes the sending half, which net/http does before it hangs up on
// a client that still sends.
func (c *limited) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
