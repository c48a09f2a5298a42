package wire

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestAllocations: a request costs one allocation, the copy of its head.
func TestAllocations(t *testing.T) {
	answered := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["X-Route"] = route })
	s := New(Config{
		Prefix: prefix, Handler: answered, Rest: &http.Server{Handler: answered, IdleTimeout: time.Minute},
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	p := &played{question: []byte("GET /decide/nginx HTTP/1.1\r\nHost: a\r\nX-Original-URI: /a/b?c\r\ndnt: 1\r\nAccept: */*\r\nAuthorization: Bearer abc\r\n\r\n")}
	c := newConn(s, p)
	ask := func() {
		n, v := c.head(false)
		if v == serve {
			v = c.one(n)
		}
		if v != serve {
			t.Fatal("it was not answered")
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
	if p.answers < 100 {
		t.Errorf("%d answers", p.answers)
	}
}

var route = []string{"r1"}

// A played connection brings the same question again and again.
type played struct {
	net.Conn
	question []byte
	answers  int
}

func (p *played) Read(b []byte) (int, error)      { return copy(b, p.question), nil }
func (p *played) Write(b []byte) (int, error)     { p.answers++; return len(b), nil }
func (p *played) SetReadDeadline(time.Time) error { return nil }
func (p *played) LocalAddr() net.Addr             { return &net.TCPAddr{} }
func (p *played) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
