package proxies_test

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
	"github.com/sallyport/sallyport/test/proxytest"
)

// TestProxies plays everything on one stage for each proxy. The order matters at
// the end only: there things go down.
func TestProxies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind, secret)
		for _, act := range []struct {
			name string
			play func(*testing.T, *stage)
		}{
			{"allowed", allowed},
			{"public", public},
			{"refused", refused},
			{"forged", forged},
			{"forged credentials", forgedCredentials},
			{"odd targets", oddTargets},
			{"methods", methods},
			{"cookie of a WebSocket", cookieOfWebSocket},
			{"revoked", revoked},
			{"store down", storeDown},
			{"service down", serviceDown},
		} {
			if !t.Run(act.name, func(t *testing.T) { act.play(t, s) }) {
				return // what follows would only be confusing
			}
		}
	})
}

// allowed: the request arrives as it was sent, with who it is and without the
// secret, and the assertion can be verified.
func allowed(t *testing.T, s *stage) {
	for range 2 {
		res := s.ask(t, "GET", "/orders/17?q=%2F&q=2", bearer(s.token), "X-Mine: kept", "X-Tenant-Id: "+string(doorstest.Tenant))
		a := s.one(t, res)
		if a.method != "GET" || a.uri != "/orders/17?q=%2F&q=2" || a.host != "api.test" || a.header.Get("X-Mine") != "kept" {
			t.Errorf("the API saw %s %s for %s", a.method, a.uri, a.host)
		}
		checkIdentity(t, a, map[string]string{
			"X-Sallyport-User": "alice", "X-Sallyport-User-Id": string(s.alice), "X-Sallyport-Kind": "person",
			"X-Sallyport-Tenant": string(doorstest.Tenant), "X-Sallyport-Realm": "-", "X-Sallyport-Route": "read",
		})
		if a.header["Authorization"] != nil {
			t.Error("the API saw the client's token")
		}
		if got := res.header.Get("X-Request-Id"); got == "" || got != a.header.Get("X-Request-Id") {
			t.Errorf("the client reads X-Request-Id %q, the API %q", got, a.header.Get("X-Request-Id"))
		}
		claims, err := s.Doors.Keys().Verify(token.AssertionJWT, a.header.Get("X-Sallyport-Assertion"), token.Expect{Audience: "orders", Now: s.Clock.Now()})
		if err != nil || claims.Subject != s.alice {
			t.Errorf("the assertion is of %q: %v", claims.Subject, err)
		}
	}
}

// public: nobody in particular is somebody too, so that a header which the
// client sent cannot fill a gap.
func public(t *testing.T, s *stage) {
	a := s.one(t, s.ask(t, "GET", "/pub/x", "X-Sallyport-User: root", "X-Sallyport-Tenant: t2"))
	checkIdentity(t, a, map[string]string{
		"X-Sallyport-User": "-", "X-Sallyport-User-Id": "-", "X-Sallyport-Tenant": "-", "X-Sallyport-Kind": "anonymous", "X-Sallyport-Route": "pub",
	})
}

// refused: the client reads the status and the reason that the gateway would
// give, and the challenges.
func refused(t *testing.T, s *stage) {
	wrong := "Authorization: Basic dmljdGltOndyb25n" // victim:wrong
	for _, tt := range []struct {
		method, target string
		lines          []string
		status         int
		reason         string
	}{
		{"GET", "/orders/1", nil, 401, "credential_missing"},
		{"GET", "/orders/1", []string{bearer("garbage")}, 401, "credential_invalid"},
		{"GET", "/orders/1", []string{bearer(s.weak)}, 403, "permission_missing"},
		{"POST", "/orders/1", []string{bearer(s.token), "Content-Length: 0"}, 403, "permission_missing"},
		{"GET", "/admin/x", []string{bearer(s.token)}, 403, "permission_missing"},
		{"GET", "/nowhere", []string{bearer(s.token)}, 404, "not_found"},
		{"DELETE", "/orders/1", []string{bearer(s.token)}, 405, "method_not_allowed"},
		{"GET", "/orders/1", []string{bearer(s.token), "X-Tenant-Id: T1"}, 400, "tenant_malformed"},
		{"GET", "/orders/1", []string{bearer(s.token), "X-API-Key: " + s.token}, 400, "credentials_ambiguous"},
		{"GET", "/orders" + strings.Repeat("/a", 300), []string{bearer(s.token)}, 400, "path_ambiguous"},
	} {
		checkRefusal(t, s, s.ask(t, tt.method, tt.target, tt.lines...), tt.status, tt.reason)
	}
	var res answer
	for range 40 {
		if res = s.ask(t, "GET", "/orders/1", wrong); res.status == http.StatusTooManyRequests {
			break
		}
	}
	checkRefusal(t, s, res, 429, "throttled")
	s.nobody(t, "refused")
}

// forged: who the client says that he is, in any spelling, is not what the API
// reads.
func forged(t *testing.T, s *stage) {
	var lines []string
	for _, name := range doors.IdentityHeaders {
		for _, spelt := range []string{
			name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"),
			strings.Replace(name, "-", "_", 1), strings.ReplaceAll(name, "-", "."),
		} {
			lines = append(lines, spelt+": forged")
		}
	}
	for _, name := range []string{
		"X-Sallyport-Status", "X-Sallyport-Reason", "X-Sallyport-Caller", "X-Sallyport-Method", "X-Sallyport-Uri",
		"X-Original-URL", "X-Original-URI", "X-Original-Method", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Uri",
		"X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-User", "Remote-User", "X_Remote_User",
	} {
		lines = append(lines, name+": forged")
	}
	half := len(lines) / 2 // proxies bound how many headers there may be
	for _, part := range [][]string{lines[:half], lines[half:], {"Connection: close, X-Sallyport-User, X-Sallyport-Assertion"}} {
		res := s.ask(t, "GET", "/orders/1", append(part, bearer(s.token))...)
		if res.status == http.StatusBadRequest {
			s.nobody(t, "400") // refused altogether, which is as good
			continue
		}
		a := s.one(t, res)
		checkIdentity(t, a, map[string]string{"X-Sallyport-User": "alice", "X-Sallyport-Route": "read"})
		for name, values := range a.header {
			if strings.Contains(strings.Join(values, " "), "forged") {
				t.Errorf("the API saw %s: %q", name, values)
			}
		}
	}
	for _, part := range [][]string{lines[:half], lines[half:]} {
		if res := s.ask(t, "GET", "/admin/x", append(part, bearer(s.token))...); res.status != http.StatusForbidden && res.status != http.StatusBadRequest {
			t.Errorf("a path that alice may not read: status %d, want 403", res.status)
		}
	}
	s.nobody(t, "forged")
}

// forgedCredentials: what merely looks like a credential of the proxy, or like
// another family's question, decides nothing.
func forgedCredentials(t *testing.T, s *stage) {
	for _, lines := range [][]string{
		{"X-Sallyport-Caller: " + secret},
		{"X-Original-URI: /pub/x", "X-Original-Method: GET", "X-Original-Host: api.test"},
		{"X-Forwarded-Uri: /pub/x", "X-Forwarded-Method: GET", "X-Forwarded-Host: api.test"},
		{"X-Sallyport-Uri: /pub/x", "X-Sallyport-Method: GET", "X-Sallyport-Host: api.test"},
		{"User-Agent: GoogleHC/1.0"},
		{"User-Agent: kube-probe/1.29"},
		{"X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"},
	} {
		if res := s.ask(t, "GET", "/orders/1", lines...); res.status != http.StatusUnauthorized {
			t.Errorf("%q: status %d, want 401", lines, res.status)
		}
	}
	s.nobody(t, "forged credentials")
}

// oddTargets: a target that reaches the API is the one that was sent, and it was
// decided in the very spelling that arrives.
func oddTargets(t *testing.T, s *stage) {
	for _, path := range []string{
		"/orders/1", "/orders/a%40b", "/orders/a%20b", "/orders/%C3%BC", "/orders/a+b", "/orders/1?x=/../admin", "/orders/?", "/orders/!$&'()*,=:@",
	} {
		if a := s.one(t, s.ask(t, "GET", path, bearer(s.token))); a.uri != path {
			t.Errorf("%q arrived as %q", path, a.uri)
		}
	}
	for _, path := range []string{
		"/orders/../admin/x", "/orders/%2e%2e/admin/x", "/orders/%2E./admin/x", "/orders%2f..%2fadmin/x", "/orders/..%2fadmin/x",
		"/orders/..;/admin/x", "/orders/.%00./admin/x", `/orders/..\admin\x`, "/orders/..%5cadmin", "//admin/x", "/orders//../admin/x",
		"/%61dmin/x", "/%41dmin/x", "/adm%69n/x", "/orders/%252e%252e/admin/x", "/orders/%c0%ae%c0%ae/admin/x", "/pub/..%2f..%2fadmin/x",
		"/pub/../admin/x", "/pub/%2e%2e/admin/x", "/pub/%2e%2e%2fadmin/x", "/pub;/../admin/x", "/pub/x%3f/../../admin/x", "/pub/./x",
		"/orders/1#/pub/x", "/orders/%zz", "/orders/%", "/orders/\x7f", "/p%75b/x", "/orders/%0d%0aX-A:b", "http://evil.test/admin/x", "*",
	} {
		for _, lines := range [][]string{{bearer(s.token)}, nil} {
			res := s.ask(t, "GET", path, lines...)
			seen := s.api.seen()
			if res.status < 400 || len(seen) > 0 {
				t.Errorf("%q (%d credentials): status %d, %d at the API: %+v", path, len(lines), res.status, len(seen), seen)
			}
		}
	}
}

// methods: the client's own method is decided, not the one of the question.
func methods(t *testing.T, s *stage) {
	res := s.ask(t, "HEAD", "/orders/1", bearer(s.token))
	if seen := s.api.seen(); res.status != http.StatusOK || len(seen) != 1 || seen[0].method != "HEAD" {
		t.Errorf("HEAD: status %d, %+v at the API", res.status, seen)
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "TRACE", "CONNECT"} {
		res := s.ask(t, method, "/orders/1", bearer(s.token), "X-HTTP-Method-Override: GET", "Content-Length: 0")
		if res.status < 400 {
			t.Errorf("%s: status %d", method, res.status)
		}
	}
	s.nobody(t, "methods")
	writer := s.User("writer", password, s.Role("writer", "orders/write"))
	_, secret := s.Token(writer)
	const body = "some=thing"
	res = send(t, s.proxy.Addr, "PUT /orders/1 HTTP/1.1\nHost: api.test\nContent-Type: text/plain\nContent-Length: 10\n"+bearer(secret), body)
	if a := s.one(t, res); a.method != "PUT" || a.body != body {
		t.Errorf("the API saw %s with the body %q", a.method, a.body)
	}
}

// cookieOfWebSocket: a page of another site cannot open a WebSocket with the
// cookie of its visitor.
func cookieOfWebSocket(t *testing.T, s *stage) {
	lines := []string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Cookie: sp_session=" + s.session,
	}
	if res := s.ask(t, "GET", "/orders/ws", append(lines, "Origin: http://evil.test")...); res.status != http.StatusForbidden {
		t.Errorf("from another site: status %d, want 403", res.status)
	}
	s.nobody(t, "a WebSocket from another site")
	if res := s.ask(t, "GET", "/orders/ws", append(lines, "Origin: http://api.test")...); res.status != http.StatusOK {
		t.Errorf("from the same site: status %d, want the API's 200", res.status)
	}
	s.api.seen()
}

// revoked: from the next request on.
func revoked(t *testing.T, s *stage) {
	c, text := s.Token(s.alice)
	s.one(t, s.ask(t, "GET", "/orders/1", bearer(text)))
	s.Revoke(c)
	checkRefusal(t, s, s.ask(t, "GET", "/orders/1", bearer(text)), 401, "credential_invalid")
	s.nobody(t, "revoked")
}

// storeDown: who is known goes on; who is not waits, and is not told that his
// credential is bad.
func storeDown(t *testing.T, s *stage) {
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s.one(t, s.ask(t, "GET", "/orders/1", bearer(s.token)))
	checkRefusal(t, s, s.ask(t, "GET", "/orders/1", bearer(s.unseen)), 503, "store_unavailable")
	s.nobody(t, "store down")
}

// serviceDown: nothing is decided, so nothing passes.
func serviceDown(t *testing.T, s *stage) {
	if err := s.service.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/orders/1", "/pub/x", "/nowhere"} {
		if res := s.ask(t, "GET", path, bearer(s.token)); res.status < 500 {
			t.Errorf("%s: status %d, want a server's error", path, res.status)
		}
	}
	s.nobody(t, "service down")
}

// TestProxyWithoutSecret: a proxy that cannot prove itself lets nothing pass.
func TestProxyWithoutSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind proxytest.Kind) {
		s := newStage(t, kind, "not-the-secret")
		for _, path := range []string{"/orders/1", "/pub/x"} {
			if res := s.ask(t, "GET", path, bearer(s.token)); res.status != http.StatusForbidden {
				t.Errorf("%s: status %d, want 403", path, res.status)
			}
		}
		s.nobody(t, "without the secret")
	})
}

// TestNginxOverUnixSocket: nginx needs no secret where it may open the socket.
func TestNginxOverUnixSocket(t *testing.T) {
	t.Parallel()
	k := doorstest.New(t, orders())
	dir, err := os.MkdirTemp("", "sp") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "decide.sock")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	// The workers of nginx are another account, if the test is root.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	serve(t, socket, decide.New(decide.Config{
		Doors: k.Doors, Metrics: telemetry.NewMetrics(telemetry.Build{}), Now: k.Clock.Now, Log: slog.New(slog.DiscardHandler), Secret: secret,
	}))
	s := &stage{Kit: k, kind: proxytest.Nginx, api: newRecorder(t)}
	s.proxy = proxytest.Start(t, proxytest.Nginx, proxytest.Config{Decide: "unix:" + path, Upstream: s.api.Listener.Addr().String()})
	s.one(t, s.ask(t, "GET", "/pub/x"))
	checkRefusal(t, s, s.ask(t, "GET", "/orders/1"), 401, "credential_missing")
	s.nobody(t, "over the socket")
}

// TestNginxLocations asks each location of the sample without a credential: none
// answers, and none forwards.
func TestNginxLocations(t *testing.T) {
	t.Parallel()
	s := newStage(t, proxytest.Nginx, secret)
	found := regexp.MustCompile(`(?m)^ *location (?:[=~^*]+ )?(/\S*) \{`).FindAllStringSubmatch(proxytest.Sample(t, "nginx/sallyport.conf"), -1)
	if len(found) < 2 {
		t.Fatalf("found %d locations in the sample", len(found))
	}
	for _, location := range found {
		res := s.ask(t, "GET", location[1])
		if !slices.Contains([]int{401, 403, 404}, res.status) {
			t.Errorf("%s: status %d without a credential", location[1], res.status)
		}
	}
	s.nobody(t, "without a credential")
}

// TestNginxReturnAnswersUnasked is why the sample has no return, rewrite or if in
// a location that asks: nginx runs them before it asks. If it no longer does, the
// warning in the sample and in the guide can go.
func TestNginxReturnAnswersUnasked(t *testing.T) {
	t.Parallel()
	s := newStage(t, proxytest.Nginx, secret)
	planted := proxytest.Start(t, proxytest.Nginx, proxytest.Config{
		Decide: s.service.socket.Addr().String(), Upstream: s.api.Listener.Addr().String(), Secret: secret,
		Edit: func(_, text string) string {
			return strings.Replace(text, "auth_request /_sallyport/decide;", "auth_request /_sallyport/decide;\n        return 204;", 1)
		},
	})
	if res := send(t, planted.Addr, "GET /orders/1 HTTP/1.1\nHost: api.test", ""); res.status != http.StatusNoContent {
		t.Errorf("status %d, want the 204 that nobody decided on", res.status)
	}
}

// checkIdentity wants each identity header once, with the values that are given,
// and no other header that a server may take for one.
func checkIdentity(t *testing.T, a arrival, want map[string]string) {
	t.Helper()
	for _, name := range doors.IdentityHeaders {
		values := a.header[name]
		if len(values) != 1 || values[0] == "" {
			t.Errorf("the API saw %s %q, want one value", name, values)
			continue
		}
		if value, ok := want[name]; ok && values[0] != value {
			t.Errorf("the API saw %s %q, want %q", name, values[0], value)
		}
	}
	for name := range a.header {
		if target.OwnHeader(name) && !slices.Contains(doors.IdentityHeaders[:], name) {
			t.Errorf("the API saw a name of Sallyport's that the decision did not set: %s", name)
		}
	}
}

// checkRefusal checks what the client reads of a refusal.
func checkRefusal(t *testing.T, s *stage, res answer, status int, reason string) {
	t.Helper()
	if res.status != status {
		t.Errorf("%s: status %d, want %d: %s", reason, res.status, status, res.body)
	}
	// Apache has no way to hand the body on.
	if s.kind != proxytest.Apache && !strings.Contains(res.body, `"reason":"`+reason+`"`) {
		t.Errorf("body %q, want the reason %s", res.body, reason)
	}
	if status == http.StatusUnauthorized {
		challenges := strings.Join(res.header.Values("WWW-Authenticate"), ", ")
		for _, scheme := range []string{`Basic realm="orders"`, `Bearer realm="orders"`, `ApiKey realm="orders"`} {
			if !strings.Contains(challenges, scheme) {
				t.Errorf("%s: challenges %q, want %s", reason, challenges, scheme)
			}
		}
	}
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && res.header.Get("Retry-After") == "" {
		t.Errorf("%s: no Retry-After", reason)
	}
	if res.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", reason)
	}
}
