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

	"github.com/sallyport/sallyport/internal/decide"
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
