package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/decide/wire"
)

// house serves over a listener until the test ends. The handler of what is ours
// says "wire"; that of net/http says "net/http".
func house(t testing.TB, l net.Listener, handler http.Handler) *wire.Server {
	t.Helper()
	rest := &http.Server{
		Handler: said("net/http"), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	s := wire.New(wire.Config{Prefix: "/decide/", Handler: handler, Rest: rest, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

// said answers with who it is and what it was asked.
func said(who string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-By", who)
		w.Header().Set("X-Odd", "a\r\nX-Smuggled: b")
		fmt.Fprintf(w, "%s %s %s %s", who, r.Method, r.RequestURI, r.Host)
	})
}

func loopback(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A talk is a connection to a server under test.
type talk struct {
	net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, l net.Listener) *talk {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &talk{c, bufio.NewReader(c)}
}

// ask sends raw and reads one answer.
func (c *talk) ask(t testing.TB, raw string) (*http.Response, string) {
	t.Helper()
	if _, err := c.Write([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(raw, " ")
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return res, string(body)
}

// over reports whether the server ended the connection.
func (c *talk) over() bool {
	_, err := c.in.ReadByte()
	return errors.Is(err, io.EOF)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	house(t, l, said("wire"))
	for _, tt := range []struct {
		name, raw string
		status    int
		by        string // who answers; empty: the parser
		closes    bool
	}{
		{"a question", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n", 200, "wire", false},
		{"without a body", "POST /decide/envoy/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200, "wire", false},
		{"the head alone", "HEAD /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n", 200, "wire", false},
		{"the last one", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, "wire", true},
		{"another path", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200, "net/http", false},
		{"the prefix alone", "GET /decide/ HTTP/1.1\r\nHost: a\r\n\r\n", 200, "net/http", false},
		{"HTTP/1.0", "GET /decide/nginx HTTP/1.0\r\n\r\n", 200, "net/http", true},
		{"an absolute target", "GET http://a/decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n", 200, "net/http", false},
		{"a body of known length", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy", 200, "net/http", false},
		{"a host for net/http to judge", "GET /decide/nginx HTTP/1.1\r\nHost: ä\r\n\r\n", 400, "", true},
		{"a length for net/http to judge", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "", true},
		{"a bad version elsewhere", "GET /metrics HTTP/1.9x\r\nHost: a\r\n\r\n", 400, "", true},

		{"chunks", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "", true},
		{"chunks and a length", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "", true},
		{"an empty coding", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\ntransfer-encoding:\r\n\r\n", 400, "", true},
		{"two lengths", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n", 400, "", true},
		{"no length", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n", 400, "", true},
		{"a folded line", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc\r\n\r\n", 400, "", true},
		{"a bare LF", "GET /decide/nginx HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", 400, "", true},
		{"a bare LF at the end", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\n\n", 400, "", true},
		{"a bare CR", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", 400, "", true},
		{"NUL", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: b\x00\r\n\r\n", 400, "", true},
		{"no Host", "GET /decide/nginx HTTP/1.1\r\nA: b\r\n\r\n", 400, "", true},
		{"two Hosts", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400, "", true},
		{"a blank before the colon", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nX-Original-URI : /\r\n\r\n", 400, "", true},
		{"no name", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400, "", true},
		{"no colon", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400, "", true},
		{"a blank in the target", "GET /decide/ng inx HTTP/1.1\r\nHost: a\r\n\r\n", 400, "", true},
		{"a bad escape", "GET /decide/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "", true},
		{"a byte beyond ASCII", "GET /decide/\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "", true},
		{"too much", "GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: " + strings.Repeat("b", 16<<10) + "\r\n\r\n", 431, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, l)
			res, body := c.ask(t, tt.raw) //nolint:bodyclose // ask has closed it
			if res.StatusCode != tt.status || res.Header.Get("X-By") != tt.by {
				t.Errorf("%d by %q, want %d by %q", res.StatusCode, res.Header.Get("X-By"), tt.status, tt.by)
			}
			if tt.by != "" && res.Header.Get("X-Smuggled") != "" {
				t.Error("a value became a header")
			}
			if strings.HasPrefix(tt.raw, "HEAD") != (body == "") {
				t.Errorf("body %q", body)
			}
			if tt.closes {
				if !res.Close && res.ProtoMinor == 1 || !c.over() {
					t.Error("the connection goes on")
				}
				return
			}
			if res, _ := c.ask(t, "GET /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n"); res.StatusCode != 200 { //nolint:bodyclose // the same
				t.Errorf("the next one: %d", res.StatusCode)
			}
		})
	}
}

// TestHandedOver: a connection goes over to net/http with what is behind the
// request, and stays there.
func TestHandedOver(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	house(t, l, said("wire"))
	c := dial(t, l)
	const question = "GET /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n"
	by := []string{"wire", "wire", "net/http", "net/http"}
	if _, err := c.Write([]byte(question + question + "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" + question)); err != nil {
		t.Fatal(err)
	}
	for i, want := range by {
		res, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("X-By"); got != want {
			t.Errorf("answer %d is by %q, want %q", i, got, want)
		}
	}
}

// TestSocket: over a unix socket the handler is told so, on both ways.
func TestSocket(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	told := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr); !ok {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	s := wire.New(wire.Config{
		Prefix: "/decide/", Handler: told, Rest: &http.Server{Handler: told}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	go func() { _ = s.Serve(l) }() // it ends with the server
	defer s.Close()
	c := dial(t, l)
	for _, path := range []string{"/decide/nginx", "/healthz"} {
		if res, _ := c.ask(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); res.StatusCode != 200 { //nolint:bodyclose // the same
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestNothingStays of one request in the next one on the connection.
func TestNothingStays(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	var asked atomic.Int32
	house(t, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			r.Header.Set("X-Left", "behind")
			w.Header().Set("X-Left", "behind")
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("tea"))
			return
		}
		if len(r.Header) != 0 || r.URL.Path != "/decide/b" || r.Close {
			w.WriteHeader(http.StatusConflict)
		}
	}))
	c := dial(t, l)
	if res, body := c.ask(t, "PUT /decide/a%20?b HTTP/1.1\r\nHost: a\r\nA: b\r\nA: c\r\n\r\n"); res.StatusCode != 418 || body != "tea" { //nolint:bodyclose // the same
		t.Errorf("%d %q", res.StatusCode, body)
	}
	res, body := c.ask(t, "GET /decide/b HTTP/1.1\r\nHost: a\r\n\r\n") //nolint:bodyclose // the same
	if res.StatusCode != 200 || body != "" || res.Header.Get("X-Left") != "" {
		t.Errorf("%d %q %q", res.StatusCode, body, res.Header)
	}
	if res.Header.Get("Date") == "" || res.ContentLength != 0 {
		t.Errorf("head %q", res.Header)
	}
}

// TestPanic: the connection ends, the others go on.
func TestPanic(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	house(t, l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no") }))
	for range 2 {
		c := dial(t, l)
		if _, err := c.Write([]byte("GET /decide/a HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if !c.over() {
			t.Error("there is an answer")
		}
	}
}

// TestShutdown waits for a request in flight, and not for idle connections.
func TestShutdown(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	inside, goOn := make(chan struct{}), make(chan struct{})
	s := house(t, l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/decide/slow" {
			close(inside)
			<-goOn
		}
	}))
	silent, idle, slow := dial(t, l), dial(t, l), dial(t, l)
	idle.ask(t, "GET /decide/a HTTP/1.1\r\nHost: a\r\n\r\n") //nolint:bodyclose // the same
	if _, err := slow.Write([]byte("GET /decide/slow HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-inside
	hasty, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(hasty); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown with a request in flight: %v", err)
	}
	if !silent.over() || !idle.over() {
		t.Error("a connection without a request goes on")
	}
	close(goOn)
	res, err := http.ReadResponse(slow.in, nil)
	if err != nil || res.StatusCode != 200 || !res.Close {
		t.Fatalf("the request in flight: %v, %v", res, err)
	}
	res.Body.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown when all is over: %v", err)
	}
}

// TestDeadlines: on a clock of its own, a head has as long as net/http gives it,
// counted from its first byte, and so has the time between two.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sent        []string // a byte text, and then a second of silence
		least, most time.Duration
	}{
		"nothing at all": {nil, 5 * time.Second, 6 * time.Second},
		"half a head":    {[]string{"GET /decide/a HTTP/1.1\r\n", "A: b\r\n", "C: d\r\n"}, 5 * time.Second, 6 * time.Second},
		"between two":    {[]string{"GET /decide/a HTTP/1.1\r\nHost: a\r\n\r\n"}, time.Minute, time.Minute + 3*time.Second},
		"half of the second": {
			[]string{"GET /decide/a HTTP/1.1\r\nHost: a\r\n\r\n", "G"}, 6 * time.Second, 7 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
				house(t, l, said("wire"))
				mine, theirs := net.Pipe()
				began := time.Now()
				l.conns <- theirs
				ended := make(chan time.Duration)
				go func() {
					_, _ = io.Copy(io.Discard, mine)
					ended <- time.Since(began)
				}()
				for _, s := range tt.sent {
					_, _ = mine.Write([]byte(s))
					time.Sleep(time.Second) // on the clock of the test
				}
				if took := <-ended; took < tt.least || took > tt.most {
					t.Errorf("it ended after %v, want %v to %v", took, tt.least, tt.most)
				}
			})
		})
	}
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{} }
