package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// changing are headers that are never twice the same.
var changing = []string{"X-Request-Id", doors.HeaderAssertion, "X-Sallyport-Credential", "X-Sallyport-User-Id", "Date", "Host"}

// requestID is a request id in a body.
var requestID = regexp.MustCompile(`request_id[^,}]*`)

// guessed is a type that net/http guesses if ReverseProxy leaves it to it, which
// depends on whether the head or the first piece is faster.
const guessed = "Content-Type: text/plain; charset=utf-8"

// steady returns header lines in an order of their own, without what changes.
func steady(lines []string) []string {
	kept := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return line == guessed || slices.ContainsFunc(changing, func(c string) bool { return strings.EqualFold(c, name) })
	})
	slices.Sort(kept)
	return kept
}

func linesOf(h http.Header) (lines []string) {
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	return lines
}

// TestExchangeIsThatOfTheLibrary: what upstream and client get is what they would
// get if httputil.ReverseProxy forwarded the request with the same hooks.
func TestExchangeIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	requests := map[string]string{
		"plain":                 "GET /orders/items HTTP/1.1\r\nHost: a\r\n",
		"of a browser":          "GET /orders/items?a=1&b=%zz;c HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nAccept: a\r\nAccept: b\r\nAccept-Encoding: gzip\r\nCookie: a=1; sid=x\r\nReferer: http://x/\r\n",
		"head":                  "HEAD /orders/pub/x HTTP/1.1\r\nHost: a\r\n",
		"options":               "OPTIONS /orders/pub/x HTTP/1.1\r\nHost: a\r\n",
		"old":                   "GET /orders/items HTTP/1.0\r\nHost: a\r\n",
		"hop by hop":            "GET /orders/items HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop , , x-other\r\nConnection: keep-alive\r\nX-Hop: 1\r\nX-Other: 2\r\nX-Kept: 3\r\nKeep-Alive: 9\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nTe: gzip, Trailers\r\n",
		"te without trailers":   "GET /orders/items HTTP/1.1\r\nHost: a\r\nTe: gzip\r\n",
		"an upgrade":            "GET /orders/items HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHttp2-Settings: AAMAAABkAAQAAP__\r\n",
		"forwarded":             "GET /orders/items HTTP/1.1\r\nHost: a\r\nForwarded: for=1\r\nX-Forwarded-For: 1\r\nX-Forwarded-Host: 2\r\nX-Forwarded-Proto: 3\r\nX-Forwarded-Port: 4\r\nX-Real-Ip: 5\r\n",
		"listed away":           "GET /orders/items HTTP/1.1\r\nHost: a\r\nConnection: X-Tenant-Id, X-Sallyport-User, Content-Type\r\nContent-Type: text/x\r\nX-Sallyport-User: root\r\n",
		"an escaped path":       "GET /orders/items/a%20b%C3%BC HTTP/1.1\r\nHost: a\r\n",
		"a body":                "POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody",
		"a body of no bytes":    "PUT /orders/items/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
		"a body in chunks":      "POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n0\r\nX-End: 1\r\n",
		"a form":                "POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\na=1&token=b",
		"waiting for its leave": "POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
	}
	answers := map[string]string{
		"short":                  gatewaytest.OK,
		"of many headers":        "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: x\r\nVary: Accept\r\nCache-Control: public\r\n\r\nok",
		"empty":                  "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
		"not modified":           "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n",
		"a failure":              "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nbusy",
		"to its end":             "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nuntil here" + gatewaytest.HangUp,
		"in chunks":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"trailers":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End, X-Request-Id\r\n\r\n3\r\nabc\r\n0\r\nX-End: 1\r\nX-Request-Id: x\r\n\r\n",
		"unannounced trailers":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n0\r\nX-End: 1\r\nX-More: 2\r\n\r\n",
		"hop by hop":             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n\r\nok" + gatewaytest.HangUp,
		"events of known length": "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\nContent-Length: 8\r\n\r\ndata: 1\n",
		"cut off":                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok" + gatewaytest.HangUp,
		"cut off in chunks":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + gatewaytest.HangUp,
		"none":                   "",
		"nonsense":               "SSH-2.0-x\r\n\r\n" + gatewaytest.HangUp,
		"a switch":               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
	}
	var answer string
	take := func(library bool) (ask func(raw string) string) {
		u := gatewaytest.NewUpstream(t)
		u.Answer = func(s gatewaytest.Seen) string {
			// What follows a head that has no body is taken for the next answer, if
			// it comes late enough.
			head, body, ends := strings.Cut(answer, "\r\n\r\n")
			if !ends || !strings.HasPrefix(s.Line, http.MethodHead+" ") {
				return answer
			}
			return head + "\r\n\r\n" + body[len(strings.TrimSuffix(body, gatewaytest.HangUp)):]
		}
		k := gatewaytest.Start(t, gatewaytest.Options{}, orders(u.URL))
		if library {
			k.Gateway.UseLibrary()
		}
		_, token := reader(k)
		return func(raw string) string {
			head, body, _ := strings.Cut(raw, "\r\n\r\n")
			c := gatewaytest.Dial(t, k.Addr)
			defer func() { _ = c.Close() }()
			fmt.Fprintf(c, "%s\r\nAuthorization: Bearer %s\r\n\r\n%s", strings.TrimSuffix(head, "\r\n"), token, body)
			if strings.Contains(head, "chunked") {
				fmt.Fprint(c, "\r\n")
			}
			var b strings.Builder
			in := bufio.NewReader(c)
			method, _, _ := strings.Cut(raw, " ")
			for {
				reply, err := gatewaytest.ReadReply(in, method)
				fmt.Fprintf(&b, "client: %d %q %q %q broke off: %v\n", reply.Status, steady(linesOf(reply.Header)), reply.Body, steady(linesOf(reply.Trailer)), err != nil)
				if err != nil || reply.Status != http.StatusContinue {
					break
				}
			}
			for _, s := range u.Take() {
				fmt.Fprintf(&b, "upstream: %q %q %q\n", s.Line, steady(s.Headers), s.Body)
			}
			return requestID.ReplaceAllString(strings.ReplaceAll(b.String(), u.Addr, "UPSTREAM"), "ID")
		}
	}
	ours, library := take(false), take(true)
	for asked, raw := range requests {
		for answered, text := range answers {
			answer = text
			if got, want := ours(raw), library(raw); got != want {
				t.Errorf("%s, answered %s:\n%s\nwith the library:\n%s", asked, answered, got, want)
			}
		}
	}
}

// TestInterimAnswerKeepsWhatWasSaid: after an early hint the headers that were set
// before are still those of the final answer, and those of the hint are not.
func TestInterimAnswerKeepsWhatWasSaid(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	u.Answer = func(gatewaytest.Seen) string {
		return "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + gatewaytest.OK
	}
	// A chunked request is the last on its connection, which is said before.
	replies, closed := gatewaytest.Send(t, k.Addr, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 2)
	if len(replies) != 2 || replies[0].Header.Get("Link") == "" || replies[1].Header.Get("Link") != "" || !closed {
		t.Errorf("answers %v, closed %v", replies, closed)
	}
}

// TestNoTypeIsGuessed: what the upstream does not say is not said.
func TestNoTypeIsGuessed(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n0\r\n\r\n",
	} {
		u.Answer = func(gatewaytest.Seen) string { return answer }
		if reply := get(t, k, "/x"); reply.Body != "<html>" || len(reply.Header["Content-Type"]) != 0 {
			t.Errorf("%q: %v", answer, reply)
		}
	}
}

// TestHeadOfAStream: the head of an answer in pieces arrives before its first piece.
func TestHeadOfAStream(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-next
		_, _ = io.WriteString(w, "piece")
	}))
	t.Cleanup(upstream.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything(upstream.URL))
	client := &http.Client{Timeout: patience}
	res, err := client.Get(k.URL + "/x")
	close(next)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); string(body) != "piece" || err != nil {
		t.Errorf("read %q, %v", body, err)
	}
}
