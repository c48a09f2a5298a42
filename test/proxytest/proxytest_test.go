package proxytest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/test/proxytest"
)

// each runs f against every proxy.
func each(t *testing.T, f func(t *testing.T, kind proxytest.Kind)) {
	t.Helper()
	t.Parallel()
	for _, kind := range proxytest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f(t, kind)
		})
	}
}

func TestAllowedRequestIsForwardedWithIdentity(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		res := s.get(t, "/orders/1?q=%2Fx&q=2", "good", "X-Mine: kept", "X-API-Key: hidden")
		if res.status != 200 || res.body != "the API says yes" {
			t.Errorf("answer %d %q, want the API's", res.status, res.body)
		}
		if got := res.header.Values("X-Request-Id"); len(got) != 1 || got[0] != identity["X-Request-Id"] {
			t.Errorf("answer has X-Request-Id %q, want the decision's", got)
		}
		if got := res.header.Get("X-Sallyport-Revision"); got != "42" {
			t.Errorf("answer has X-Sallyport-Revision %q, want 42", got)
		}
		visits := s.upstream.seen()
		if len(visits) != 1 {
			t.Fatalf("the API saw %d requests, want 1", len(visits))
		}
		v := visits[0]
		if v.method != "GET" || v.uri != "/orders/1?q=%2Fx&q=2" || v.host != "api.test" {
			t.Errorf("the API saw %s %s for %s", v.method, v.uri, v.host)
		}
		checkIdentity(t, v)
		if v.header.Get("X-Mine") != "kept" {
			t.Error("a header of the client's own got lost")
		}
		for _, name := range []string{"Authorization", "X-Api-Key"} {
			if got, ok := v.header[name]; ok {
				t.Errorf("the API saw the client's secret: %s %q", name, got)
			}
		}
	})
}

func TestQuestionTellsOriginalRequest(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		const body = "some=thing&else=0"
		s.send(t, "DELETE /orders/1?a=b HTTP/1.1\nHost: api.test\nAuthorization: Bearer good\nContent-Length: "+strconv.Itoa(len(body)), body)
		q := s.decider.last(t)
		got := []string{q.path, q.method, q.uri, q.host, q.proto, q.addr, q.caller}
		want := []string{"/decide/" + string(kind), "DELETE", "/orders/1?a=b", "api.test", "http", "127.0.0.1", secret}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("question\n got %q\nwant %q", got, want)
		}
		visits := s.upstream.seen()
		if len(visits) != 1 || visits[0].method != "DELETE" || visits[0].body != body {
			t.Errorf("the API saw %+v, want one DELETE with the body", visits)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		for _, tt := range []struct {
			token     string
			status    int
			retry     string
			challenge string
		}{
			{"", 401, "", `Bearer realm="api", Basic realm="api"`},
			{"wrong", 401, "", `Bearer realm="api", Basic realm="api"`},
			{"weak", 403, "", ""},
			{"odd", 400, "", ""},
			{"lost", 404, "", ""},
			{"verb", 405, "", ""},
			{"big", 413, "", ""},
			{"long", 414, "", ""},
			{"many", 429, "7", ""},
			{"dark", 503, "7", ""},
		} {
			res := s.get(t, "/orders", tt.token)
			if res.status != tt.status {
				t.Errorf("token %q: status %d, want %d (%s)", tt.token, res.status, tt.status, res.body)
			}
			if got := res.header.Get("Retry-After"); got != tt.retry {
				t.Errorf("token %q: Retry-After %q, want %q", tt.token, got, tt.retry)
			}
			if got := strings.Join(res.header.Values("WWW-Authenticate"), "|"); got != tt.challenge {
				t.Errorf("token %q: WWW-Authenticate %q, want %q", tt.token, got, tt.challenge)
			}
			if got := res.header.Get("X-Request-Id"); got != "request-7" {
				t.Errorf("token %q: X-Request-Id %q", tt.token, got)
			}
			if kind == proxytest.Nginx {
				want := `{"status":` + strconv.Itoa(tt.status) + `,"reason":"because_` + strconv.Itoa(tt.status) + `","request_id":"request-7"}`
				if res.body != want || res.header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("token %q: body %q of type %q, want %q", tt.token, res.body, res.header.Get("Content-Type"), want)
				}
			}
		}
		if v := s.upstream.seen(); len(v) != 0 {
			t.Errorf("the API saw refused requests: %+v", v)
		}
	})
}

// What the API itself refuses is its own affair: nothing is put in its place.
func TestRefusalOfTheAPIIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		if res := s.get(t, "/own-403", "good"); res.status != 403 || res.body != "the API says no" {
			t.Errorf("answer %d %q, want the API's own", res.status, res.body)
		}
	})
}

// forgeries are names that some server takes for one of Sallyport's, or for
// another target or method.
var forgeries = []string{
	"X-Sallyport-User", "x-sallyport-user", "X-SALLYPORT-USER-ID", "X_Sallyport_User", "X-Sallyport_User",
	"x_sallyport-tenant", "X.Sallyport.User", "X-Sallyport-Assertion", "X-Sallyport-Groups", "X-Sallyport-Status",
	"X-Sallyport-Caller", "X-Sallyport-Reason", "X-Sallyport-Revision", "X-Request-Id", "X_Request_Id",
	"X-Original-URL", "X-Original-URI", "X_Original_URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Uri",
	"X-HTTP-Method-Override", "X-Original-Path", "X-Method",
	"Remote-User", "X-Remote-User", "X_Remote_User", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups",
	"X-HTTP-Method", "X-Method-Override", "X-Real-IP", "Forwarded",
}

func TestForgedHeadersNeverReachTheAPI(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		var lines []string
		for _, name := range forgeries {
			lines = append(lines, name+": forged", name+": forged twice")
		}
		for _, name := range []string{"X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-For", "X-Sallyport-Uri", "X-Sallyport-Method"} {
			lines = append(lines, name+": forged")
		}
		if res := s.get(t, "/orders", "good", lines...); res.status != 200 {
			t.Fatalf("answer %d %q", res.status, res.body)
		}
		q := s.decider.last(t)
		got := []string{q.method, q.uri, q.host, q.proto, q.addr, q.caller}
		if want := []string{"GET", "/orders", "api.test", "http", "127.0.0.1", secret}; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("question\n got %q\nwant %q", got, want)
		}
		visits := s.upstream.seen()
		if len(visits) != 1 {
			t.Fatalf("the API saw %d requests, want 1", len(visits))
		}
		checkIdentity(t, visits[0])
		for name, values := range visits[0].header {
			// "X-Sallyport-Groups" is a name that Sallyport does not use.
			// nginx cannot remove names by their beginning.
			if kind == proxytest.Nginx && name == "X-Sallyport-Groups" {
				continue
			}
			if strings.Contains(strings.Join(values, " "), "forged") {
				t.Errorf("the API saw %s: %q", name, values)
			}
		}
	})
}

// A refused request stays refused whatever it says about itself.
func TestForgedStatusChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		for _, token := range []string{"weak", ""} {
			res := s.get(t, "/orders", token, "X-Sallyport-Status: 200", "X-Sallyport-User: root")
			if want := map[string]int{"weak": 403, "": 401}[token]; res.status != want {
				t.Errorf("token %q: status %d, want %d", token, res.status, want)
			}
		}
		if v := s.upstream.seen(); len(v) != 0 {
			t.Errorf("the API saw %+v", v)
		}
	})
}

// RFC 9110 §7.6.1 lets a client name headers to be dropped on the way. It must
// not drop who it is.
func TestConnectionHeaderDropsNoIdentity(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		res := s.get(t, "/orders", "good", "Connection: close, X-Sallyport-User, x-sallyport-assertion, X-Request-Id")
		visits := s.upstream.seen()
		if res.status == 400 && len(visits) == 0 {
			return
		}
		if res.status != 200 || len(visits) != 1 {
			t.Fatalf("answer %d, %d requests at the API", res.status, len(visits))
		}
		checkIdentity(t, visits[0])
	})
}

// What is decided is what is forwarded: for each odd target the API sees the
// one that was asked about, or nothing.
func TestTargetIsTheOneDecided(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		for _, target := range []string{
			"/", "/a//b", "/a/../b", "/a/%2e%2e/b", "/a%2fb", "/a%2Fb", "/a/..;/b", `/a\..\b`, "/a/./b/",
			"/%C3%BC", "/a%00b", "/a%3fb?c", "/a?b=/../c", "/a?b=%zz", "/a;v=1/b", "/%61", "/a%", "//evil/b",
			"/a#b", "http://evil.test/a", "http://evil.test", "*", "a/b",
		} {
			res := s.get(t, target, "good")
			visits := s.upstream.seen()
			if len(visits) == 0 {
				if res.status < 400 {
					t.Errorf("%q: status %d and nothing at the API", target, res.status)
				}
				continue
			}
			q := s.decider.last(t)
			if len(visits) != 1 || visits[0].uri != q.uri || visits[0].host != q.host {
				t.Errorf("%q: decided %q for %q, the API saw %+v", target, q.uri, q.host, visits)
			}
		}
	})
}

func TestNothingPassesWithoutDecision(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		t.Run("refused connection", func(t *testing.T) {
			s := newStage(t, kind)
			if res := s.get(t, "/orders", "good"); res.status != 200 || len(s.upstream.seen()) != 1 {
				t.Fatalf("status %d while the decision service is there", res.status)
			}
			s.decider.CloseClientConnections()
			s.decider.Close()
			res := s.get(t, "/orders", "good")
			checkClosed(t, s, res)
		})
		for name, answer := range map[string]string{
			"closed without answer": "",
			"no HTTP":               "what?\r\n\r\n",
			"silence":               "silence",
			"redirect to a pass":    "HTTP/1.1 500 Internal Server Error\r\nX-Sallyport-User: root\r\nContent-Length: 0\r\n\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				s := &stage{decider: newDecider(t, kind), upstream: newUpstream(t)}
				c := s.config()
				c.Decide = brokenDecider(t, answer)
				s.proxy = proxytest.Start(t, kind, c)
				res := s.get(t, "/orders", "good")
				checkClosed(t, s, res)
			})
		}
	})
}

// A script that fails decides nothing, so nothing passes.
func TestHAProxyScriptFailsClosed(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(string) string{
		"error before asking": func(s string) string {
			return strings.Replace(s, "local response =", "error('planted')\n    local response =", 1)
		},
		"identity missing": func(s string) string {
			return strings.Replace(s, `"x-sallyport-user",`, `"x-sallyport-nobody",`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{decider: newDecider(t, proxytest.HAProxy), upstream: newUpstream(t)}
			c := s.config()
			c.Edit = func(file, text string) string {
				if file != "sallyport.lua" {
					return text
				}
				changed := edit(text)
				if changed == text {
					t.Fatal("the fault was not planted")
				}
				return changed
			}
			s.proxy = proxytest.Start(t, proxytest.HAProxy, c)
			res := s.get(t, "/orders", "good")
			checkClosed(t, s, res)
		})
	}
}

func TestWebSocketPasses(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		for token, want := range map[string]string{"good": "101", "weak": "403"} {
			conn, err := net.Dial("tcp", s.proxy.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer "+token+
				"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got := strconv.Itoa(res.StatusCode); got != want {
				t.Fatalf("token %q: status %s, want %s", token, got, want)
			}
			visits := s.upstream.seen()
			if token == "weak" {
				if len(visits) != 0 {
					t.Errorf("the API saw %+v", visits)
				}
				continue
			}
			if line, err := r.ReadString('\n'); err != nil || line != "hello\n" {
				t.Errorf("read %q, %v through the tunnel", line, err)
			}
			if len(visits) != 1 {
				t.Fatalf("the API saw %d requests", len(visits))
			}
			checkIdentity(t, visits[0])
		}
	})
}

// A connection for every question would cost more than the decision.
func TestConnectionsToDecisionServiceAreKept(t *testing.T) {
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind)
		if kind == proxytest.Apache {
			return // opens one for each, as its sample says
		}
		const requests = 20
		for range requests {
			if res := s.get(t, "/orders", "good"); res.status != 200 {
				t.Fatalf("status %d", res.status)
			}
		}
		s.decider.mu.Lock()
		defer s.decider.mu.Unlock()
		if s.decider.conns > requests/4 {
			t.Errorf("%d connections for %d requests", s.decider.conns, requests)
		}
	})
}

// checkIdentity wants exactly the decision's word for every name that starts
// like one of Sallyport's, however it is spelled.
func checkIdentity(t *testing.T, v visit) {
	t.Helper()
	for name, want := range identity {
		if got := v.header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("the API saw %s %q, want %q", name, got, want)
		}
	}
	for name := range v.header {
		folded := strings.Map(func(r rune) rune {
			if strings.ContainsRune("-_. ", r) {
				return -1
			}
			return r
		}, strings.ToLower(name))
		ours := strings.HasPrefix(folded, "xsallyport") || folded == "xrequestid"
		if _, set := identity[name]; ours && !set && name != "X-Sallyport-Groups" {
			t.Errorf("the API saw a name of Sallyport's that the decision did not set: %s", name)
		}
	}
}

// checkClosed wants a server's error and an API that saw nothing.
func checkClosed(t *testing.T, s *stage, res answer) {
	t.Helper()
	if res.status < 500 {
		t.Errorf("status %d %q, want a server's error", res.status, res.body)
	}
	if v := s.upstream.seen(); len(v) != 0 {
		t.Errorf("the API saw %+v", v)
	}
}

// brokenDecider answers every connection with the same bytes, or never.
func brokenDecider(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		close(done)
		l.Close()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if answer == "silence" {
					<-done
					return
				}
				_, _ = bufio.NewReader(conn).ReadString('\n')
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return l.Addr().String()
}
