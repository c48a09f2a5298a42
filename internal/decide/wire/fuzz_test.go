package wire

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const prefix = "/decide/"

// parse reads one request from the start of raw, as a connection does.
func parse(raw []byte) (r *http.Request, n int, v verdict) {
	var s scan
	n, v = s.end(raw)
	if (s.line > 0 || v == malformed) && !ours(raw, prefix) {
		return nil, 0, hand
	}
	if v != serve {
		return nil, 0, v
	}
	r = &http.Request{Header: http.Header{}, URL: &url.URL{}}
	var room []string
	v = read(string(raw[:n]), r, &room)
	return r, n, v
}

// seeds are requests that a parser may stumble over; the comment of a line is
// what is special.
var seeds = []string{
	"GET /decide/nginx HTTP/1.1\r\nHost: sallyport\r\nX-Original-URI: /a?b=c\r\nDNT: 1\r\n\r\n",
	"POST /decide/envoy/a%2Fb?c=d HTTP/1.1\r\nhost: a.test:8080\r\ncontent-length: 0\r\n\r\nGET / HTTP/1.1\r\n",
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\nConnection: x, Close\r\n\r\n",
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",                                       // folded
	"GET /decide/nginx HTTP/1.1\r\nHost: a\nA: b\r\n\r\n",                                               // bare LF
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n",                                          // bare CR
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",                                          // twice
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",              // coded
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",           // twice
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",                               // no number
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",                             // a body
	"GET /decide/nginx HTTP/1.1\r\nHost : a\r\n\r\n",                                                    // blank before the colon
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nA: \x00\r\n\r\n",                                          // NUL
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nX-Y: 1\r\nx-y: 2\r\n\r\n",                                 // two values
	"GET /decide/nginx HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nUpgrade: h2c\r\nHttp2-Settings: AA\r\n\r\n", // other options
	"GET /decide/nginx HTTP/1.0\r\nHost: a\r\n\r\n",                                                     // version
	"GET http://a/decide/nginx HTTP/1.1\r\nHost: b\r\n\r\n",                                             // absolute
	"GET  /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n",                                                    // two blanks
	"\r\nGET /decide/nginx HTTP/1.1\r\nHost: a\r\n\r\n",                                                 // empty line
	"GET /decide/ng inx HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /decide/x\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /decide/%zz HTTP/1.1\r\nHost: a\r\n\r\n",
}

// FuzzAgreement: whatever is served here is a request that net/http reads from
// the same bytes, and it is the same request, with the same bytes behind it.
func FuzzAgreement(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, n, v := parse(raw)
		if v != serve {
			return
		}
		in := bytes.NewReader(raw)
		buffered := bufio.NewReader(in)
		want, err := http.ReadRequest(buffered)
		if err != nil {
			t.Fatalf("net/http refuses what is served here: %v", err)
		}
		for what, pair := range map[string][2]string{
			"method":  {got.Method, want.Method},
			"target":  {got.RequestURI, want.RequestURI},
			"host":    {got.Host, want.Host},
			"path":    {got.URL.Path, want.URL.Path},
			"url":     {got.URL.String(), want.URL.String()},
			"version": {"HTTP/1.1", want.Proto},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %q, net/http has %q", what, pair[0], pair[1])
			}
		}
		if got.Close != want.Close {
			t.Errorf("close is %v, net/http has %v", got.Close, want.Close)
		}
		if !maps.EqualFunc(got.Header, want.Header, slices.Equal[[]string]) {
			t.Errorf("headers %q, net/http has %q", got.Header, want.Header)
		}
		if want.ContentLength != 0 || len(want.TransferEncoding) > 0 || want.Trailer != nil {
			t.Errorf("net/http sees a body: %d, %q, %q", want.ContentLength, want.TransferEncoding, want.Trailer)
		}
		if body, err := io.ReadAll(want.Body); err != nil || len(body) > 0 {
			t.Errorf("net/http reads a body %q, %v", body, err)
		}
		rest, err := io.ReadAll(buffered)
		if err != nil || string(rest) != string(raw[n:]) {
			t.Errorf("behind the request: %q, net/http has %q", raw[n:], rest)
		}
	})
}

// FuzzPieces: a head means the same however its bytes come in.
func FuzzPieces(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), uint8(7))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size uint8) {
		var whole, s scan
		n, v := whole.end(raw)
		step := max(int(size), 1)
		for end := min(step, len(raw)); ; end = min(end+step, len(raw)) {
			m, w := s.end(raw[:end])
			if w == incomplete && end < len(raw) {
				continue
			}
			if m != n || w != v {
				t.Errorf("in pieces of %d: %d, %v; at once: %d, %v", step, m, w, n, v)
			}
			return
		}
	})
}

// FuzzValue: eight bytes at a time find what one at a time would.
func FuzzValue(f *testing.F) {
	for _, s := range []string{"", "a", "text/html; q=0.8, */*", "\x7f1234567", "1234567\x1f", "tab\tulator", "\x80\xff beyond ASCII", "12345678\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := IsValue(s), all(s, valueByte); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	})
}

// TestServes: the table must not be all refusals.
func TestServes(t *testing.T) {
	t.Parallel()
	for i, s := range seeds {
		_, _, v := parse([]byte(s))
		want := malformed
		switch {
		case i < 3, strings.Contains(s, "x-y"), strings.Contains(s, "h2c"):
			want = serve
		case strings.Contains(s, "abc"), strings.Contains(s, "HTTP/1.0"), strings.Contains(s, "http://"), s[0] == '\r', strings.Contains(s, "  "):
			want = hand
		}
		if v != want {
			t.Errorf("%q: %v, want %v", s, v, want)
		}
	}
}
