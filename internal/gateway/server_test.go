package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func TestHeaderLimits(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	for _, tt := range []struct {
		name    string
		headers string
		status  int
	}{
		{"as many as there may be", strings.Repeat("X-A: 1\r\n", gateway.DefaultHeaders), 200},
		{"one more", strings.Repeat("X-A: 1\r\n", gateway.DefaultHeaders+1), 431},
		{"many large ones", strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 40), 431},
		{"a huge one", "X-A: " + strings.Repeat("a", 1<<20) + "\r\n", 431},
		{"almost too large", "X-A: " + strings.Repeat("a", 28<<10) + "\r\n", 200},
	} {
		replies, closed := gatewaytest.Send(t, k.Addr, "GET /x HTTP/1.1\r\nHost: a\r\n"+tt.headers+"\r\n", 1)
		// A server that hangs up on a client that still writes may lose the answer.
		if tt.status == 431 && len(replies) == 0 && closed {
			replies = []gatewaytest.Reply{{Status: 431}}
		}
		if len(replies) != 1 || replies[0].Status != tt.status || tt.status == 431 != closed || len(u.Take()) != 200/tt.status {
			t.Errorf("%s: %v, closed %v; want %d", tt.name, replies, closed, tt.status)
		}
	}
}

// Who does not finish his head in time is hung up on.
func TestHeaderTimeout(t *testing.T) {
	t.Parallel()
	u := gatewaytest.NewUpstream(t)
	k := gatewaytest.Start(t, gatewaytest.Options{Server: gateway.ServerConfig{ReadHeaderTimeout: 100 * time.Millisecond}}, everything(u.URL))
	for _, raw := range []string{"", "GET /x HT", "GET /x HTTP/1.1\r\nHost: a\r\nX"} {
		c := gatewaytest.Dial(t, k.Addr)
		_, _ = io.WriteString(c, raw)
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("after %q the connection stayed: %v", raw, err)
		}
	}
}

// Over TLS both versions are spoken; a request for another host than that of the
// connection is sent back.
func TestTLS(t *testing.T) {
	t.Parallel()
	// httptest has a certificate for example.com and 127.0.0.1.
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	t.Cleanup(cert.Close)
	roots := x509.NewCertPool()
	roots.AddCert(cert.Certificate())
	u := gatewaytest.NewUpstream(t)
	k := gatewaytest.Start(t, gatewaytest.Options{Server: gateway.ServerConfig{
		TLS: &tls.Config{Certificates: cert.TLS.Certificates, MinVersion: tls.VersionTLS12},
	}}, everything(u.URL))
	for _, http2 := range []bool{false, true} {
		var protocols http.Protocols
		protocols.SetHTTP1(!http2)
		protocols.SetHTTP2(http2)
		client := &http.Client{Transport: &http.Transport{
			Protocols:       &protocols,
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		}}
		t.Cleanup(client.CloseIdleConnections)
		for host, want := range map[string]int{"example.com": 200, "EXAMPLE.com:443": 200, "other.test": 421} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, k.URL+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			res, err := client.Do(req)
			if err != nil {
				t.Fatalf("HTTP/2 %v: %v", http2, err)
			}
			_ = res.Body.Close()
			if res.StatusCode != want || (res.ProtoMajor == 2) != http2 {
				t.Errorf("HTTP/2 %v, host %s: %s %d, want %d", http2, host, res.Proto, res.StatusCode, want)
			}
			if seen := u.Take(); (len(seen) == 1) != (want == 200) {
				t.Errorf("host %s: the upstream got %v", host, seen)
			} else if want == 200 && seen[0].Get("X-Forwarded-Proto") != "https" {
				t.Errorf("the upstream got %q", seen[0].Headers)
			}
		}
	}
}

// Who negotiates HTTP/2 and then says nothing is hung up on too.
func TestPrefaceTimeout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("net/http waits 10 s for the preface of HTTP/2")
	}
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	t.Cleanup(cert.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{Server: gateway.ServerConfig{TLS: &tls.Config{Certificates: cert.TLS.Certificates}}}, everything("http://127.0.0.1:1"))
	raw, err := net.Dial("tcp", k.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection stayed: %v", err)
	}
}

func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	u := gatewaytest.NewUpstream(t)
	k := gatewaytest.Start(t, gatewaytest.Options{PerSource: 3}, everything(u.URL))
	dial := func() (net.Conn, bool) {
		c := gatewaytest.Dial(t, k.Addr)
		_, err := io.WriteString(c, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
		b := make([]byte, 1)
		if err == nil {
			_, err = c.Read(b)
		}
		return c, err == nil
	}
	var open []net.Conn
	for i := range 3 {
		c, ok := dial()
		if !ok {
			t.Fatalf("connection %d was refused", i)
		}
		open = append(open, c)
	}
	if _, ok := dial(); ok {
		t.Error("a connection beyond the limit was served")
	}
	if k.Limiter.Refused() != 1 || k.Limiter.Open() != 3 {
		t.Errorf("%d refused, %d open", k.Limiter.Refused(), k.Limiter.Open())
	}
	_ = open[0].Close()
	deadline := time.Now().Add(patience)
	for k.Limiter.Open() > 2 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if _, ok := dial(); !ok {
		t.Error("the room that a connection left was not given to another")
	}
}

// fakeListener gives out connections from chosen addresses.
type fakeListener struct{ from chan string }

func (l fakeListener) Accept() (net.Conn, error) {
	from, ok := <-l.from
	if !ok {
		return nil, io.EOF
	}
	addr, err := net.ResolveTCPAddr("tcp", from)
	return fakeConn{addr: addr}, err
}
func (fakeListener) Close() error   { return nil }
func (fakeListener) Addr() net.Addr { return nil }

type fakeConn struct {
	net.Conn
	addr net.Addr
}

func (c fakeConn) RemoteAddr() net.Addr { return c.addr }
func (fakeConn) Close() error           { return nil }

func TestSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		from  []string
		total int
		want  int
	}{
		{"one address", []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"}, 9, 2},
		{"three addresses", []string{"192.0.2.1:1", "192.0.2.2:2", "192.0.2.3:3"}, 9, 3},
		{"the same address in two spellings", []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:2", "192.0.2.1:3"}, 9, 2},
		{"one network of IPv6", []string{"[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8::3]:3"}, 9, 2},
		{"three networks of IPv6", []string{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:2", "[2001:db8:0:3::1]:3"}, 9, 3},
		{"more than there may be at all", []string{"192.0.2.1:1", "192.0.2.2:2", "192.0.2.3:3"}, 2, 2},
		{"an exempt proxy", []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}, 9, 3},
	} {
		from := make(chan string, len(tt.from))
		for _, f := range tt.from {
			from <- f
		}
		close(from)
		l := gateway.Limit(fakeListener{from}, tt.total, 2, loopback)
		n := 0
		for {
			c, err := l.Accept()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
			defer func() { _ = c.Close(); _ = c.Close() }()
		}
		if n != tt.want || l.Open() != n {
			t.Errorf("%s: %d connections were let in, %d open, want %d", tt.name, n, l.Open(), tt.want)
		}
	}
}
