package decide_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/wire"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// question is what nginx sends with the shipped configuration, for a browser's
// request.
func question(token string) string {
	return strings.ReplaceAll(`GET /decide/nginx HTTP/1.1
Host: sallyport
X-Original-Method: GET
X-Original-URI: /shop/orders/17?fields=id
X-Original-Host: api.test
X-Original-Proto: http
X-Original-Addr: 192.0.2.7
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
Accept: application/json
Accept-Language: en-GB,en;q=0.5
Accept-Encoding: gzip, deflate, br
Authorization: Bearer `+token+`
Sec-Fetch-Dest: empty
Sec-Fetch-Mode: cors
Sec-Fetch-Site: same-origin
DNT: 1

`, "\n", "\r\n")
}

// BenchmarkDecide measures a decision over HTTP beside a bare handler that
// answers 200, with the same questions on kept connections. Allocations are
// those of the whole process; the client has none.
func BenchmarkDecide(b *testing.B) {
	s := newService(b, func(c *decide.Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Access = telemetry.NewAccessLog(io.Discard, func(string) string { return "0123456789ab" })
	})
	raw := []byte(question(s.token))
	for _, tt := range []struct {
		name    string
		handler http.Handler
	}{
		{"bare", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
		{"nginx", s.Handler},
	} {
		b.Run(tt.name, func(b *testing.B) {
			ask := dial(b, tt.handler)
			b.ReportAllocs()
			for b.Loop() {
				ask(raw)
			}
		})
	}
}

// BenchmarkQuestion measures what is done for a question on the parser of questions,
// but for the system calls: one that is let in, and ones that are refused.
func BenchmarkQuestion(b *testing.B) {
	s := newService(b, func(c *decide.Config) { c.Log, c.Access = slog.New(slog.DiscardHandler), nil })
	_, powerless := s.Token(s.User("carol", "", s.Role("guest")))
	for _, tt := range []struct{ name, token string }{
		{"pass", s.token}, {"unknown", strings.Repeat("x", len(s.token))}, {"missing permission", powerless},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			replay := &replayed{question: []byte(question(tt.token)), left: 1000 + b.N, ended: make(chan struct{})}
			server := wire.New(wire.Config{
				Prefix: "/decide/", Handler: s.Handler, Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Rest: &http.Server{ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10},
			})
			conns := make(chan net.Conn, 1)
			conns <- replay
			b.ResetTimer()
			go func() { _ = server.Serve(&listening{conns}) }()
			<-replay.ended
		})
	}
}

// A replayed connection brings the same question again and again.
type replayed struct {
	net.Conn
	question []byte
	left     int
	ended    chan struct{}
}

func (r *replayed) Read(p []byte) (int, error) {
	if r.left--; r.left == 0 {
		close(r.ended)
		return 0, io.EOF
	}
	return copy(p, r.question), nil
}
func (r *replayed) Write(p []byte) (int, error)     { return len(p), nil }
func (r *replayed) Close() error                    { return nil }
func (r *replayed) SetReadDeadline(time.Time) error { return nil }
func (r *replayed) LocalAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (r *replayed) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000}
}

// A listening listener has one connection.
type listening struct{ conns chan net.Conn }

func (l *listening) Accept() (net.Conn, error) { return <-l.conns, nil }
func (l *listening) Close() error              { return nil }
func (l *listening) Addr() net.Addr            { return &net.TCPAddr{} }

// dial serves h on a loopback connection and returns a client that asks on it
// and wants 200.
func dial(b *testing.B, h http.Handler) func([]byte) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { server.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	lines := bufio.NewReader(conn)
	ok := []byte("HTTP/1.1 200 OK\r\n")
	return func(raw []byte) {
		if _, err := conn.Write(raw); err != nil {
			b.Fatal(err)
		}
		for i := 0; ; i++ {
			line, err := lines.ReadSlice('\n')
			switch {
			case err != nil:
				b.Fatal(err)
			case i == 0 && !bytes.Equal(line, ok):
				b.Fatalf("answer %q", line)
			case len(line) == 2:
				return
			}
		}
	}
}
