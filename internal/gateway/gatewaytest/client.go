package gatewaytest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a raw client waits for anything.
const patience = 10 * time.Second

// A Reply is an answer as a raw client got it.
type Reply struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	Body    string
}

// Dial opens a connection that is closed at the end of the test.
func Dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// Send writes raw bytes on a connection of their own and returns all answers
// until the server closes it, or until it has answered as often as want says and
// then is silent for a moment. closed tells whether the server closed it.
func Send(t testing.TB, addr, raw string, want int) (replies []Reply, closed bool) {
	t.Helper()
	c := Dial(t, addr)
	defer func() { _ = c.Close() }()
	go func() { _, _ = io.WriteString(c, raw) }() // the answer may come before the end of it
	r := bufio.NewReader(c)
	for len(replies) < want {
		reply, err := ReadReply(r, methodOf(raw))
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !isReset(err) {
				t.Fatalf("reading the answer to %.100q: %v", raw, err)
			}
			return replies, true
		}
		replies = append(replies, reply)
	}
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	reply, err := ReadReply(r, methodOf(raw))
	if err == nil {
		replies = append(replies, reply) // more than there should be
	}
	return replies, errors.Is(err, io.EOF) || isReset(err)
}

// Ask writes raw bytes on a connection of their own and returns the first answer.
func Ask(t testing.TB, addr, raw string) Reply {
	t.Helper()
	c := Dial(t, addr)
	defer func() { _ = c.Close() }()
	go func() { _, _ = io.WriteString(c, raw) }()
	reply, err := ReadReply(bufio.NewReader(c), methodOf(raw))
	if err != nil {
		t.Fatalf("reading the answer to %.200q: %v", raw, err)
	}
	return reply
}

// methodOf returns the method on which it depends whether answers have a body.
func methodOf(raw string) string {
	if strings.HasPrefix(raw, "HEAD ") {
		return http.MethodHead
	}
	return http.MethodGet
}

func isReset(err error) bool {
	return err != nil && strings.Contains(err.Error(), "reset by peer")
}

// ReadReply reads an answer.
func ReadReply(r *bufio.Reader, method string) (Reply, error) {
	if _, err := r.Peek(1); err != nil {
		return Reply{}, err
	}
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return Reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return Reply{Status: res.StatusCode, Header: res.Header}, nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Status: res.StatusCode, Header: res.Header, Trailer: res.Trailer, Body: string(body)}, nil
}
