package gatewaytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A Seen is a request as it was on the wire.
type Seen struct {
	Line    string   // request line
	Headers []string // header lines, in their order and spelling
	Body    string   // decoded, if it came in chunks
	Conn    int      // number of the connection, from 1
}

// Target returns the request target.
func (s Seen) Target() string {
	if parts := strings.SplitN(s.Line, " ", 3); len(parts) == 3 {
		return parts[1]
	}
	return ""
}

// Header returns the values of a header whose name is spelt in any case.
func (s Seen) Header(name string) []string {
	var values []string
	for _, line := range s.Headers {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(key, name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// Get returns the first value of a header.
func (s Seen) Get(name string) string {
	if values := s.Header(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// An Upstream is a server that reads HTTP/1.1 by itself, so that nothing between
// the wire and the test cleans up what a gateway sent.
type Upstream struct {
	URL  string
	Addr string

	// Answer returns the bytes to answer with; "" hangs up. It is set before the
	// first request.
	Answer func(Seen) string

	mu    sync.Mutex // guards what follows
	seen  []Seen
	conns int
}

// OK is an answer.
const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

// HangUp at the end of an answer has the upstream close the connection behind it.
const HangUp = "\x00hang up"

// NewUpstream starts an upstream that answers [OK].
func NewUpstream(t testing.TB) *Upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &Upstream{URL: "http://" + l.Addr().String(), Addr: l.Addr().String(), Answer: func(Seen) string { return OK }}
	var open sync.WaitGroup
	conns := map[net.Conn]bool{}
	t.Cleanup(func() {
		_ = l.Close()
		u.mu.Lock()
		for c := range conns {
			_ = c.Close()
		}
		u.mu.Unlock()
		open.Wait()
	})
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			u.mu.Lock()
			u.conns++
			conns[c] = true
			n := u.conns
			u.mu.Unlock()
			open.Go(func() {
				defer func() { _ = c.Close() }()
				u.serve(c, n)
			})
		}
	})
	return u
}

func (u *Upstream) serve(c net.Conn, n int) {
	r := bufio.NewReader(c)
	for {
		s, err := ReadRequest(r)
		if err != nil {
			return
		}
		s.Conn = n
		u.mu.Lock()
		u.seen = append(u.seen, s)
		u.mu.Unlock()
		answer := u.Answer(s)
		answer, hangUp := strings.CutSuffix(answer, HangUp)
		if _, err := io.WriteString(c, answer); err != nil || answer == "" || hangUp {
			return
		}
	}
}

// ReadRequest reads one request off the wire.
func ReadRequest(r *bufio.Reader) (Seen, error) {
	var s Seen
	line, err := r.ReadString('\n')
	if err != nil {
		return s, err
	}
	s.Line = strings.TrimSuffix(line, "\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return s, err
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			break
		}
		s.Headers = append(s.Headers, line)
	}
	if strings.EqualFold(s.Get("Transfer-Encoding"), "chunked") {
		body, err := io.ReadAll(httputil.NewChunkedReader(r))
		if err != nil {
			return s, err
		}
		s.Body = string(body)
		trailers, err := textproto.NewReader(r).ReadMIMEHeader() // to the empty line behind the last chunk
		for name, values := range trailers {
			s.Headers = append(s.Headers, fmt.Sprintf("trailer %s: %s", name, values))
		}
		return s, err
	}
	length, _ := strconv.Atoi(s.Get("Content-Length"))
	body := make([]byte, length)
	_, err = io.ReadFull(r, body)
	s.Body = string(body)
	return s, err
}

// Seen returns the requests so far.
func (u *Upstream) Seen() []Seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Seen(nil), u.seen...)
}

// Take returns the requests since it was last called.
func (u *Upstream) Take() []Seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}
