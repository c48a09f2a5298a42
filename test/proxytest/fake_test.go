package proxytest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/test/proxytest"
)

// secret is what the proxies prove themselves with.
const secret = "0p3n-sesame"

// identity is what the decision says about the one caller who may pass.
var identity = map[string]string{
	"X-Sallyport-User": "alice", "X-Sallyport-User-Id": "0193-a", "X-Sallyport-Tenant": "acme",
	"X-Sallyport-Realm": "-", "X-Sallyport-Kind": "person", "X-Sallyport-Credential": "personal-token",
	"X-Sallyport-Route": "orders.read", "X-Sallyport-Assertion": "ey.J.x", "X-Sallyport-Revision": "42", "X-Request-Id": "request-7",
}

// families maps a proxy to the names in which it tells the original request.
var families = map[proxytest.Kind]struct{ method, uri, host, proto, addr string }{
	proxytest.Nginx:   {"X-Original-Method", "X-Original-Uri", "X-Original-Host", "X-Original-Proto", "X-Original-Addr"},
	proxytest.Apache:  {"X-Original-Method", "X-Original-Uri", "X-Original-Host", "X-Original-Proto", "X-Original-Addr"},
	proxytest.HAProxy: {"X-Sallyport-Method", "X-Sallyport-Uri", "X-Sallyport-Host", "X-Sallyport-Proto", "X-Sallyport-Addr"},
	proxytest.Caddy:   {"X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"},
}

// A question is what the decision service was asked.
type question struct {
	path, method, uri, host, proto, addr, caller string
	header                                       http.Header
}

// statuses maps a bearer token to the status that the decision has for it.
var statuses = map[string]int{
	"Bearer good": 200, "Bearer weak": 403, "Bearer odd": 400, "Bearer lost": 404,
	"Bearer big": 413, "Bearer long": 414, "Bearer verb": 405,
	"Bearer many": 429, "Bearer dark": 503,
}

// decider plays the decision service.
type decider struct {
	*httptest.Server
	kind proxytest.Kind

	mu        sync.Mutex // guards what follows
	questions []question
	conns     int
}

func newDecider(t *testing.T, kind proxytest.Kind) *decider {
	d := &decider{kind: kind}
	d.Server = httptest.NewUnstartedServer(d)
	d.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.conns++
		}
	}
	d.Start()
	t.Cleanup(d.Close)
	return d
}

func (d *decider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := families[d.kind]
	one := func(name string) string {
		if v := r.Header.Values(name); len(v) != 1 {
			return fmt.Sprintf("(%d values)", len(v))
		}
		return r.Header.Get(name)
	}
	q := question{
		path: r.URL.RequestURI(), method: one(f.method), uri: one(f.uri), host: one(f.host),
		proto: one(f.proto), addr: one(f.addr), caller: one("X-Sallyport-Caller"), header: r.Header.Clone(),
	}
	d.mu.Lock()
	d.questions = append(d.questions, q)
	d.mu.Unlock()

	status, known := statuses[r.Header.Get("Authorization")]
	if !known {
		status = 401
	}
	h := w.Header()
	h.Set("X-Request-Id", identity["X-Request-Id"])
	h.Set("X-Sallyport-Revision", identity["X-Sallyport-Revision"])
	switch status {
	case 200:
		for name, value := range identity {
			h.Set(name, value)
		}
	case 401:
		h.Set("WWW-Authenticate", `Bearer realm="api", Basic realm="api"`)
	case 429, 503:
		h.Set("Retry-After", "7")
	}
	h.Set("X-Sallyport-Reason", fmt.Sprintf("because_%d", status))
	if d.kind == proxytest.Nginx && status != 200 && status != 401 {
		h.Set("X-Sallyport-Status", fmt.Sprint(status))
		status = 403
	}
	w.WriteHeader(status)
}

// last returns the last question.
func (d *decider) last(t *testing.T) question {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.questions) == 0 {
		t.Fatal("the decision service was not asked")
	}
	return d.questions[len(d.questions)-1]
}

// A visit is a request that reached the API.
type visit struct {
	method, uri, host, body string
	header                  http.Header
}

// upstream plays the protected API and remembers everything it saw.
type upstream struct {
	*httptest.Server
	mu     sync.Mutex // guards visits
	visits []visit
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	u.mu.Lock()
	u.visits = append(u.visits, visit{r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone()})
	u.mu.Unlock()
	switch {
	case r.Header.Get("Upgrade") == "websocket":
		greet(w)
	case r.URL.Path == "/own-403":
		http.Error(w, "the API says no", http.StatusForbidden)
	default:
		w.Header().Set("X-Request-Id", "of the API")
		fmt.Fprint(w, "the API says yes")
	}
}

// greet takes over the connection, as a WebSocket server does. The accepted key
// is the one of the example in RFC 6455 §1.3, which the test sends.
func greet(w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello\n")
	if rw.Flush() == nil {
		_, _ = rw.ReadString('\n') // stay until the client has said something
	}
}

// seen returns what reached the API, and forgets it.
func (u *upstream) seen() []visit {
	u.mu.Lock()
	defer u.mu.Unlock()
	v := u.visits
	u.visits = nil
	return v
}

// A stage is a proxy between a decision service and an API.
type stage struct {
	decider  *decider
	upstream *upstream
	proxy    *proxytest.Proxy
}

func newStage(t *testing.T, kind proxytest.Kind) *stage {
	t.Helper()
	s := &stage{decider: newDecider(t, kind), upstream: newUpstream(t)}
	s.proxy = proxytest.Start(t, kind, s.config())
	return s
}

func (s *stage) config() proxytest.Config {
	return proxytest.Config{
		Decide: s.decider.Listener.Addr().String(), Upstream: s.upstream.Listener.Addr().String(), Secret: secret,
	}
}

// An answer is what the client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends bytes on a connection of its own and reads one answer. The bytes
// are an attacker's: no client library has made them respectable.
func (s *stage) send(t *testing.T, head, body string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", s.proxy.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(head, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("read answer to %q: %v", head, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read body of answer to %q: %v", head, err)
	}
	return answer{res.StatusCode, res.Header, string(bytes.TrimSpace(text))}
}

// get sends a GET with a bearer token and further header lines.
func (s *stage) get(t *testing.T, target, token string, lines ...string) answer {
	t.Helper()
	head := []string{"GET " + target + " HTTP/1.1", "Host: api.test"}
	if token != "" {
		head = append(head, "Authorization: Bearer "+token)
	}
	return s.send(t, strings.Join(append(head, lines...), "\n"), "")
}
