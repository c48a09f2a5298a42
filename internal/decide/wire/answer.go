package wire

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// An answer is the writer that a handler gets. It keeps head and body until the
// handler is done; then both go out in one piece. It is used again.
type answer struct {
	header http.Header
	lines  []byte // of a head, beside those of header
	status int    // 0: not said yet
	body   []byte
	out    []byte
}

// Header returns the headers of the answer.
func (a *answer) Header() http.Header { return a.header }

// Lines adds lines to the head that are written already, each with its CRLF, in
// place of those that were added before. It is for a handler that gives the same
// ones to many requests; whoever wrote them vouches for them.
func (a *answer) Lines(lines []byte) { a.lines = append(a.lines[:0], lines...) }

// Line adds one line to those of [answer.Lines]. The name is one that a head can
// have.
func (a *answer) Line(name, value string) {
	a.lines = append(a.lines, name...)
	a.lines = append(a.lines, ": "...)
	a.lines = appendValue(a.lines, value)
	a.lines = append(a.lines, "\r\n"...)
}

// WriteHeader says the status. There are no interim answers here.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// WriteString is [answer.Write] for a text.
func (a *answer) WriteString(s string) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, s...)
	return len(s), nil
}

// reset makes the answer ready for another request.
func (a *answer) reset() {
	clear(a.header)
	a.status, a.body, a.out, a.lines = 0, a.body[:0], a.out[:0], a.lines[:0]
}

// closes reports whether the handler asked for the connection to end.
func (a *answer) closes() bool {
	for _, v := range a.header["Connection"] {
		if hasToken(v, "close") {
			return true
		}
	}
	return false
}

// bytes returns the answer as it goes over the wire. The length and the end of
// the connection are told here, whatever the handler said about them.
func (a *answer) bytes(method, date string, last bool) []byte { //nolint:revive // last is a fact, not a mode
	a.WriteHeader(http.StatusOK)
	b := append(appendStatus(a.out, a.status), a.lines...)
	for name, values := range a.header {
		if name == "Content-Length" || name == "Connection" || name == "Transfer-Encoding" || name == "Date" || !isToken(name) {
			continue
		}
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = appendValue(b, v)
			b = append(b, "\r\n"...)
		}
	}
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "Date: "...)
	b = append(b, date...)
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if !bodiless {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(a.body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	if !bodiless && method != http.MethodHead {
		b = append(b, a.body...)
	}
	a.out = b
	return b
}

func appendStatus(b []byte, status int) []byte {
	if status == http.StatusOK {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(status)...)
	return append(b, "\r\n"...)
}

// appendValue appends a value. A line end in it would begin another header.
func appendValue(b []byte, v string) []byte {
	if IsValue(v) {
		return append(b, v...)
	}
	for i := range len(v) {
		c := v[i]
		if kinds[c]&valueByte == 0 {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}

// A calendar keeps the text of the present second for all connections.
type calendar struct{ page atomic.Pointer[page] }

type page struct {
	second int64
	text   string
}

// at returns the value of a Date header (RFC 9110 section 6.6.1).
func (c *calendar) at(now time.Time) string {
	second := now.Unix()
	if p := c.page.Load(); p != nil && p.second == second {
		return p.text
	}
	p := &page{second, now.UTC().Format(http.TimeFormat)}
	c.page.Store(p)
	return p.text
}

// refusal is the answer to a head that cannot be served, and the last one on its
// connection.
func refusal(status int) []byte {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	return []byte(strings.Join([]string{
		"HTTP/1.1 " + text,
		"Content-Type: text/plain; charset=utf-8",
		"Connection: close",
		"Content-Length: " + strconv.Itoa(len(text)),
		"", text,
	}, "\r\n"))
}
