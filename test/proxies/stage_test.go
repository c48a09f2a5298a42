package proxies_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/wire"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/test/proxytest"
)

const (
	secret   = "0p3n-sesame-0p3n-sesame-0p3n-sesame"
	password = "correct horse battery staple"
	patience = 15 * time.Second // of a client
)

// orders is the API behind the proxies.
func orders() sallyport.API {
	return sallyport.API{
		Name: "orders", BasePath: "/", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierHeader, Name: "X-API-Key"},
			{In: sallyport.CarrierCookie, Name: "sp_session", Kinds: []sallyport.CredentialKind{sallyport.Session}},
		},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}, {Name: "admin"}},
		Routes: []sallyport.Route{
			{ID: "pub", Methods: []string{"GET"}, Path: "/pub/{rest...}", Public: true},
			{ID: "read", Methods: []string{"GET"}, Path: "/orders/{rest...}", AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"POST", "PUT"}, Path: "/orders/{rest...}", AnyOf: []string{"write"}},
			{ID: "admin", Methods: []string{"*"}, Path: "/admin/{rest...}", AnyOf: []string{"admin"}},
		},
	}
}

// A stage is a proxy between clients, the decision service and an API.
type stage struct {
	*doorstest.Kit
	kind    proxytest.Kind
	service *service
	api     *recorder
	proxy   *proxytest.Proxy
	alice   sallyport.PrincipalID
	token   string // of alice, who may read
	weak    string // of a user who may nothing
	session string // of alice
	unseen  string // of alice, never used before
}

// newStage starts a proxy of that kind. said is the secret that it sends.
func newStage(t *testing.T, kind proxytest.Kind, said string) *stage {
	t.Helper()
	s := &stage{Kit: doorstest.New(t, orders()), kind: kind, api: newRecorder(t)}
	s.alice = s.User("alice", password, s.Role("reader", "orders/read"))
	_, s.token = s.Token(s.alice)
	_, s.unseen = s.Token(s.alice)
	_, s.weak = s.Token(s.User("weak", password))
	_, s.session = s.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: s.alice})
	s.service = serve(t, loopback(t), decide.New(decide.Config{
		Doors: s.Doors, Metrics: telemetry.NewMetrics(telemetry.Build{}), Now: s.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Callers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Secret: secret,
	}))
	s.proxy = proxytest.Start(t, kind, proxytest.Config{
		Decide: s.service.socket.Addr().String(), Upstream: s.api.Listener.Addr().String(), Secret: said,
	})
	return s
}

// A service is the decision service on a socket, behind the parser that the
// program has there.
type service struct {
	*wire.Server
	socket net.Listener
}

func serve(t *testing.T, socket net.Listener, h http.Handler) *service {
	t.Helper()
	s := &service{wire.New(wire.Config{
		Prefix: "/decide/", Handler: h, Rest: &http.Server{Handler: h}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}), socket}
	go func() { _ = s.Serve(socket) }() // it ends with the server
	t.Cleanup(func() { _ = s.Close() }) // which may be closed already
	return s
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// each runs f against every proxy.
func each(t *testing.T, f func(t *testing.T, kind proxytest.Kind)) {
	t.Helper()
	for _, kind := range proxytest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f(t, kind)
		})
	}
}

// A recorder plays the protected API and remembers every request.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex // guards heard
	heard []arrival
}

// An arrival is a request that reached the API.
type arrival struct {
	method, uri, host, body string
	header                  http.Header
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (u *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	u.mu.Lock()
	u.heard = append(u.heard, arrival{r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone()})
	u.mu.Unlock()
	fmt.Fprint(w, "the API says yes")
}

// seen returns what reached the API, and forgets it.
func (u *recorder) seen() []arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.heard
	u.heard = nil
	return all
}

// An answer is what the client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends the head of a request, byte for byte, and a body on a connection of
// its own, and reads one answer.
func send(t *testing.T, addr, head, body string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(head, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("read the answer to %q: %v", head, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the body of the answer to %q: %v", head, err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// ask sends a request with further header lines.
func (s *stage) ask(t *testing.T, method, target string, lines ...string) answer {
	t.Helper()
	head := append([]string{method + " " + target + " HTTP/1.1", "Host: api.test"}, lines...)
	return send(t, s.proxy.Addr, strings.Join(head, "\n"), "")
}

// bearer is the line with a token.
func bearer(token string) string { return "Authorization: Bearer " + token }

// one returns the single request that reached the API.
func (s *stage) one(t *testing.T, res answer) arrival {
	t.Helper()
	seen := s.api.seen()
	if res.status != http.StatusOK || res.body != "the API says yes" || len(seen) != 1 {
		t.Fatalf("status %d %q, and %d requests at the API; want its yes to one", res.status, res.body, len(seen))
	}
	return seen[0]
}

// nobody wants that no request reached the API.
func (s *stage) nobody(t *testing.T, what string) {
	t.Helper()
	for _, a := range s.api.seen() {
		t.Errorf("%s: the API saw %s %s", what, a.method, a.uri)
	}
}
