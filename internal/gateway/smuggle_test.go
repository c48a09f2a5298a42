package gateway_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// Requests whose end two servers could see in two places, and what becomes of
// them: how many answers there are, which ones, and how many requests the
// upstream gets. None may be more than the client has a right to.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	const host = "Host: api.test\r\n"
	second := "GET /smuggled HTTP/1.1\r\n" + host + "\r\n"
	goesOn := map[string]bool{
		"pipelined, which is fine": true, "equal lengths": true, "OPTIONS *": true, "GET *": true,
		"CONNECT with a path": true, "CONNECT": true, "TRACE": true, "a target without a slash": true, "an empty host": true,
	}
	for _, tt := range []struct {
		name     string
		raw      string
		statuses []int // of the answers, in order
		upstream int   // requests that reached it
	}{
		{"length and chunked", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, []int{200}, 1},
		{"chunked and length", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n" + second, []int{200}, 1},
		{"chunked and pipelined", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + second, []int{200}, 1},
		{"pipelined, which is fine", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\na" + second, []int{200, 200}, 2},

		{"chunked and identity", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + second, []int{501}, 0},
		{"gzip, chunked", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + second, []int{501}, 0},
		{"xchunked", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second, []int{501}, 0},
		{"chunked, cow", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, cow\r\n\r\n0\r\n\r\n" + second, []int{501}, 0},
		{"chunked in quotes", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + second, []int{501}, 0},
		{"chunked behind a tab in the name", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", []int{400}, 0},

		{"equal lengths", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", []int{200}, 1},
		{"unequal lengths", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok1", []int{400}, 0},
		{"lengths in a list", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 2, 2\r\n\r\nok", []int{400}, 0},
		{"a length with a plus", "POST /x HTTP/1.1\r\n" + host + "Content-Length: +2\r\n\r\nok", []int{400}, 0},
		{"a negative length", "POST /x HTTP/1.1\r\n" + host + "Content-Length: -2\r\n\r\nok", []int{400}, 0},
		{"a hexadecimal length", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 0x2\r\n\r\nok", []int{400}, 0},
		{"a length with a blank", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 2 2\r\n\r\nok", []int{400}, 0},
		{"a length with an exponent", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 1e1\r\n\r\nok", []int{400}, 0},
		{"a length beyond numbers", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\nok", []int{400}, 0},

		{"chunked in HTTP/1.0", "POST /x HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, []int{200}, 1},
		{"a bad chunk size", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + second, []int{400}, -1},
		{"a chunk size with a sign", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n" + second, []int{400}, -1},
		{"a chunk without its end", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n" + second, []int{400}, -1},
		{"a chunk size beyond numbers", "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n", []int{400}, -1},

		{"PRI on a listener without HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}, 0},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", []int{400}, 0},
		{"GET *", "GET * HTTP/1.1\r\n" + host + "\r\n", []int{400}, 0},
		{"CONNECT", "CONNECT api.test:80 HTTP/1.1\r\n" + host + "\r\n", []int{405}, 0},
		{"CONNECT with a path", "CONNECT /x HTTP/1.1\r\n" + host + "\r\n", []int{405}, 0},
		{"TRACE", "TRACE /x HTTP/1.1\r\n" + host + "\r\n", []int{405}, 0},
		{"a target without a slash", "GET admin HTTP/1.1\r\n" + host + "\r\n", []int{400}, 0},
		{"HTTP/0.9", "GET /x\r\n\r\n", []int{400}, 0},
		{"HTTP/2.0 in words", "GET /x HTTP/2.0\r\n" + host + "\r\n", []int{505}, 0},
		{"a tab in the request line", "GET\t/x HTTP/1.1\r\n" + host + "\r\n", []int{400}, 0},
		{"two blanks in the request line", "GET  /x HTTP/1.1\r\n" + host + "\r\n", []int{400}, 0},
		{"a blank before the colon", "GET /x HTTP/1.1\r\nHost : api.test\r\n\r\n", []int{400}, 0},
		{"a name with a blank", "GET /x HTTP/1.1\r\n" + host + "X Y: 1\r\n\r\n", []int{400}, 0},
		{"a NUL in a value", "GET /x HTTP/1.1\r\n" + host + "X-Y: a\x00b\r\n\r\n", []int{400}, 0},
		{"a bare CR in a value", "GET /x HTTP/1.1\r\n" + host + "X-Y: a\rb: c\r\n\r\n", []int{400}, 0},
		{"two hosts", "GET /x HTTP/1.1\r\n" + host + "Host: evil.test\r\n\r\n", []int{400}, 0},
		{"no host", "GET /x HTTP/1.1\r\n\r\n", []int{400}, 0},
		{"no host in HTTP/1.0", "GET /x HTTP/1.0\r\n\r\n", []int{400}, 0},
		{"a host with a path", "GET /x HTTP/1.1\r\nHost: api.test/x\r\n\r\n", []int{400}, 0},
		{"a host with a user", "GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n", []int{400}, 0},
		{"an empty host", "GET /x HTTP/1.1\r\nHost: \r\n\r\n", []int{400}, 0},
		{"another expectation", "POST /x HTTP/1.1\r\n" + host + "Expect: cow\r\nContent-Length: 1\r\n\r\na", []int{417}, 0},
	} {
		before := k.Log.String()
		// Unless the connection may go on, its end is waited for.
		want := len(tt.statuses)
		if !goesOn[tt.name] {
			want++
		}
		replies, _ := gatewaytest.Send(t, k.Addr, tt.raw, want)
		var statuses []int
		for _, r := range replies {
			statuses = append(statuses, r.Status)
		}
		if len(statuses) != len(tt.statuses) || len(statuses) > 0 && statuses[0] != tt.statuses[0] {
			t.Errorf("%s: answers %v, want %v", tt.name, statuses, tt.statuses)
		}
		seen := u.Take()
		if tt.upstream >= 0 && len(seen) != tt.upstream {
			t.Errorf("%s: the upstream got %v", tt.name, seen)
		}
		for _, s := range seen {
			if strings.Contains(s.Target(), "smuggled") && tt.upstream != 2 {
				t.Errorf("%s: the hidden request was forwarded: %v", tt.name, s)
			}
			if len(s.Header("Content-Length"))+len(s.Header("Transfer-Encoding")) > 1 {
				t.Errorf("%s: the upstream was told two lengths: %q", tt.name, s.Headers)
			}
		}
		if tt.statuses[0] == 400 && strings.Contains(k.Log.String()[len(before):], "upstream failed") {
			t.Errorf("%s: the client's fault counted against the upstream", tt.name)
		}
	}
}

// Raw line ends of one byte are taken, and never passed on.
func TestBareLineFeed(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	one(t, k, "GET /x HTTP/1.1\nHost: api.test\nX-A: 1\n\n")
	s := sole(t, u)
	for _, line := range append(s.Headers, s.Line) {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("the upstream got the line %q", line)
		}
	}
}

// Trailers of a request are neither passed on nor taken for headers.
func TestRequestTrailers(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	one(t, k, "POST /x HTTP/1.1\r\nHost: a\r\nTrailer: X-Sallyport-User, X-Other\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"1\r\na\r\n0\r\nX-Sallyport-User: root\r\nX-Other: 1\r\n\r\n")
	s := sole(t, u)
	if s.Body != "a" || strings.Contains(strings.Join(s.Headers, "\n"), "root") || len(s.Header("Trailer")) != 0 || len(s.Header("X-Other")) != 0 {
		t.Errorf("the upstream got %q %q", s.Headers, s.Body)
	}
}

// A client that asks before it sends its body and is refused: whatever it sends
// all the same is never the next request.
func TestExpectContinueAndDenial(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	replies, closed := gatewaytest.Send(t, k.Addr, "POST /orders/items HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n"+
		"GET /orders/pub/smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 2)
	if len(replies) != 1 || replies[0].Status != 401 || !closed || len(u.Take()) != 0 {
		t.Errorf("the answers are %v, closed %v", replies, closed)
	}
}

// To the upstream there is nothing to wait for, so an answer before the body
// breaks no connection.
func TestExpectIsNotForwarded(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	replies, _ := gatewaytest.Send(t, k.Addr, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", 2)
	if s := sole(t, u); len(s.Header("Expect")) != 0 || s.Body != "a" {
		t.Errorf("the upstream got %q %q", s.Headers, s.Body)
	}
	if len(replies) == 0 || replies[0].Status != 100 {
		t.Errorf("the answers are %v", replies)
	}
}

// A refusal does not wait for a body that nobody wants, nor does the rest of it
// become a request.
func TestDenialWithBody(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	small := strings.Repeat("x", 1000)
	for _, tt := range []struct {
		name, raw string
		closed    bool
	}{
		{"a little is read", "POST /orders/items HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + small, false},
		{"more is not", "POST /orders/items HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat(small, 70), true},
		{"chunks are not", "POST /orders/items HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", true},
	} {
		replies, closed := gatewaytest.Send(t, k.Addr, tt.raw, 1)
		if len(replies) != 1 || replies[0].Status != 401 || closed != tt.closed || len(u.Take()) != 0 {
			t.Errorf("%s: %v, closed %v, want 401 and closed %v", tt.name, replies, closed, tt.closed)
		}
	}
}

// An attempt to switch to HTTP/2 in the clear is an ordinary request.
func TestNoUpgradeToH2C(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	reply := get(t, k, "/x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
	s := sole(t, u)
	if reply.Status != 200 || len(s.Header("Upgrade"))+len(s.Header("HTTP2-Settings"))+len(s.Header("Connection")) != 0 {
		t.Errorf("answered %d, the upstream got %q", reply.Status, s.Headers)
	}
}
