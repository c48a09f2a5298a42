package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// A failure of the upstream is told as such, and nothing else is told.
func TestUpstreamFailures(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	for _, tt := range []struct {
		name, target, answer string
		status               int
	}{
		{"hangs up", "/orders/pub/x", "", 502},
		{"speaks something else", "/orders/pub/x", "SSH-2.0-OpenSSH_9.2\r\n", 502},
		{"has a status beyond numbers", "/orders/pub/x", "HTTP/1.1 99999 OK\r\n\r\n", 502},
		{"has two lengths", "/orders/pub/x", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok", 502},
		{"has a head without end", "/orders/pub/x", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\n\r\n", 502},
		{"has an unknown coding", "/orders/pub/x", "HTTP/1.1 200 OK\r\nTransfer-Encoding: cow\r\n\r\n", 502},
	} {
		u.Answer = func(gatewaytest.Seen) string { return tt.answer }
		reply := get(t, k, tt.target)
		if reply.Status != tt.status || reply.Header.Get("Content-Type") != "application/problem+json" || reply.Header.Get("X-Request-Id") == "" {
			t.Errorf("an upstream that %s: %d %v %s", tt.name, reply.Status, reply.Header, reply.Body)
		}
		for _, internal := range []string{u.Addr, "127.0.0.1", "EOF", "connection", "malformed", "http:", "OpenSSH"} {
			if strings.Contains(reply.Body, internal) {
				t.Errorf("an upstream that %s: the answer tells %q: %s", tt.name, internal, reply.Body)
			}
		}
		u.Take()
		u.Answer = func(gatewaytest.Seen) string { return gatewaytest.OK }
		if after := get(t, k, "/orders/pub/after"); after.Status != 200 {
			t.Errorf("after an upstream that %s: %d", tt.name, after.Status)
		}
		u.Take()
	}
	if !strings.Contains(k.Log.String(), "the upstream failed") {
		t.Error("nothing was logged")
	}
}

func TestUpstreamIsNotThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything("http://"+l.Addr().String()))
	if reply := get(t, k, "/x"); reply.Status != 502 || strings.Contains(reply.Body, "127") {
		t.Errorf("answered %d %s", reply.Status, reply.Body)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	u.Answer = func(gatewaytest.Seen) string { <-release; return gatewaytest.OK }
	begin := time.Now()
	reply := get(t, k, "/orders/quick")
	if took := time.Since(begin); reply.Status != 504 || took < 150*time.Millisecond {
		t.Errorf("answered %d after %s, want 504 after 200ms", reply.Status, took)
	}
}

// The time runs until the head of the answer; the rest may take longer.
func TestTimeoutIsForTheHead(t *testing.T) {
	t.Parallel()
	k, _ := start(t, orders)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		time.Sleep(400 * time.Millisecond) // twice the time of the route
		_, _ = io.WriteString(c, "k")
	}()
	k.ReplaceAPI(orders("http://" + l.Addr().String()))
	if reply := get(t, k, "/orders/quick"); reply.Status != 200 || reply.Body != "ok" {
		t.Errorf("answered %d %q", reply.Status, reply.Body)
	}
}

// While a body goes up the time counts from its last piece; and if it is the
// client who stops, it is not the upstream that was slow.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	c := gatewaytest.Dial(t, k.Addr)
	_, _ = io.WriteString(c, "POST /orders/patient HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
	for range 6 {
		time.Sleep(200 * time.Millisecond) // six of which are more than the time of the route
		_, _ = io.WriteString(c, "x")
	}
	if reply := exchange(t, c, "", "POST"); reply.Status != 200 || sole(t, u).Body != "xxxxxx" {
		t.Errorf("a slow body: answered %d", reply.Status)
	}
	if reply := one(t, k, "POST /orders/quick HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nxx"); reply.Status != 408 {
		t.Errorf("a body that stops: answered %d, want 408", reply.Status)
	}
	if strings.Contains(k.Log.String(), "upstream failed") {
		t.Error("the client's slowness counted against the upstream")
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	k, u := start(t, func(base string) sallyport.API {
		api := everything(base)
		api.Upstream.BodyLimit = 1000
		return api
	})
	body := strings.Repeat("x", 1001)
	for _, tt := range []struct {
		name, raw string
		status    int
	}{
		{"as much as there may be", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + body[1:], 200},
		{"in a chunk", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body[1:] + "\r\n0\r\n\r\n", 200},
		{"more, as announced", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + body, 413},
		{"more, in a chunk", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + "\r\n0\r\n\r\n", 413},
	} {
		reply := one(t, k, tt.raw)
		if reply.Status != tt.status || tt.status == 413 && !strings.Contains(reply.Body, "body_too_large") {
			t.Errorf("%s: answered %d %s, want %d", tt.name, reply.Status, reply.Body, tt.status)
		}
		for _, s := range u.Take() {
			if tt.status != 200 || s.Body != body[1:] {
				t.Errorf("%s: the upstream got %d bytes", tt.name, len(s.Body))
			}
		}
	}
	if strings.Contains(k.Log.String(), "upstream failed") {
		t.Error("a body beyond the limit counted against the upstream")
	}
}

// Only what may be repeated is, and only when nobody answered.
func TestRetries(t *testing.T) {
	t.Parallel()
	const failures = 2
	for _, tt := range []struct {
		name, method, body string
		retries            int
		first              string // what the upstream does at first
		status, requests   int
	}{
		{"a GET", "GET", "", failures, "", 200, failures + 1},
		{"a DELETE", "DELETE", "", failures, "", 200, failures + 1},
		{"too often", "GET", "", failures - 1, "", 502, failures},
		{"not asked to", "GET", "", 0, "", 502, 1},
		{"a POST", "POST", "", failures, "", 502, 1},
		{"a PUT with a body", "PUT", "x", failures, "", 502, 1},
		{"half an answer", "GET", "", failures, "HTTP/1.1 200 O", 502, 1},
		{"a failure that was answered", "GET", "", failures, "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 503, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, u := start(t, func(base string) sallyport.API {
				api := everything(base)
				api.Upstream.Retries = tt.retries
				return api
			})
			var n atomic.Int64
			u.Answer = func(s gatewaytest.Seen) string {
				if n.Add(1) > failures {
					return gatewaytest.OK
				}
				if tt.first != "" {
					return tt.first + gatewaytest.HangUp
				}
				return ""
			}
			reply := one(t, k, fmt.Sprintf("%s /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", tt.method, len(tt.body), tt.body))
			if got := len(u.Take()); reply.Status != tt.status || got != tt.requests {
				t.Errorf("answered %d after %d requests, want %d after %d", reply.Status, got, tt.status, tt.requests)
			}
		})
	}
}

// When an answer breaks off, the client can tell: its connection breaks off too.
func TestAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	u.Answer = func(gatewaytest.Seen) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" + gatewaytest.HangUp
	}
	res, err := http.Get(k.URL + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("half an answer was read as a whole one: %q", body)
	}
}

// The upstream's metrics know its failures, and not the client's.
func TestUpstreamMetrics(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	k.Metrics.Know("everything")
	count := func(class string) string {
		families, err := k.Metrics.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if f.GetName() == "sallyport_upstream_requests_total" && l.GetValue() == class {
						return fmt.Sprint(m.GetCounter().GetValue())
					}
				}
			}
		}
		return "none"
	}
	for range 3 {
		one(t, k, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	}
	get(t, k, "/x")
	u.Answer = func(gatewaytest.Seen) string { return "" }
	get(t, k, "/x")
	deadline := time.Now().Add(patience) // it is counted behind the answer
	for count("error") != "1" && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if count("2xx") != "1" || count("error") != "1" {
		t.Errorf("counted %s answers and %s failures, want 1 and 1", count("2xx"), count("error"))
	}
}
