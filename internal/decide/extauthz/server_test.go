package extauthz_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/extauthz"
	"github.com/sallyport/sallyport/internal/store"
)

const secret = "0123456789abcdef0123456789abcdef"

// TestCallers: who may ask; anybody else is refused, and so is the request.
func TestCallers(t *testing.T) {
	t.Parallel()
	sharing := edit{decide: func(c *decide.Config) { c.Secret = secret }}
	for _, tt := range []struct {
		name   string
		change edit
		sent   []string
		log    string // empty: he may
	}{
		{"loopback", edit{}, nil, ""},
		{"a secret that nobody asked for", edit{}, []string{"x"}, ""},
		{"stranger", edit{decide: func(c *decide.Config) { c.Callers = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }}, nil, "decide.callers"},
		{"nobody may", edit{decide: func(c *decide.Config) { c.Callers = nil }}, nil, "decide.callers"},
		{"secret", sharing, []string{secret}, ""},
		{"no secret", sharing, nil, "decide.secret"},
		{"wrong secret", sharing, []string{strings.Repeat("x", 32)}, "decide.secret"},
		{"half a secret", sharing, []string{secret[:16]}, "decide.secret"},
		{"secret twice", sharing, []string{secret, secret}, "decide.secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, tt.change)
			var sent []string
			for _, value := range tt.sent {
				sent = append(sent, decide.HeaderCaller, value)
			}
			ctx := metadata.AppendToOutgoingContext(t.Context(), sent...)
			r := get("/shop/health", "X-Sallyport-Caller", secret) // the client's own counts for nothing
			res, err := authv3.NewAuthorizationClient(s.dial(t)).Check(ctx, r.question(true))
			if err != nil {
				t.Fatal(err)
			}
			got := carryOut(t, r, res)
			if tt.log == "" {
				if got.status != http.StatusOK {
					t.Errorf("he was refused: %v\n%s", got, s.log)
				}
				return
			}
			if got.status != http.StatusForbidden || !strings.Contains(got.body, `"reason":"caller_untrusted"`) || !strings.Contains(s.log.String(), tt.log) {
				t.Errorf("%v\n%s", got, s.log)
			}
			if strings.Contains(s.log.String()+s.access.String(), secret) {
				t.Error("the log tells the secret")
			}
		})
	}
}

// TestUnixSocket: who can open it is believed.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{
		decide: func(c *decide.Config) { c.Callers, c.Secret = nil, secret },
		listen: func() (net.Listener, error) { return net.Listen("unix", filepath.Join(t.TempDir(), "s")) },
	})
	if got := s.check(t, s.dial(t), get("/shop/health"), true); got.status != http.StatusOK {
		t.Errorf("%v", got)
	}
}

// TestTLS: with a certificate, nobody is served in the clear.
func TestTLS(t *testing.T) {
	t.Parallel()
	pair := httptest.NewUnstartedServer(nil)
	pair.StartTLS()
	t.Cleanup(pair.Close)
	s := newService(t, edit{server: func(c *extauthz.Config) {
		c.TLS = &tls.Config{Certificates: pair.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}})
	roots := pair.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	conn := s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12})))
	if got := s.check(t, conn, get("/shop/orders", "Authorization", "Bearer "+s.token), true); got.status != http.StatusOK {
		t.Errorf("%v", got)
	}
	if _, err := authv3.NewAuthorizationClient(s.dial(t)).Check(t.Context(), get("/shop/health").question(true)); status.Code(err) != codes.Unavailable {
		t.Errorf("in the clear: %v", err)
	}
}

// TestUnreadable: a question that does not hold together is a refusal, and the log
// names what is wrong.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	conn := s.dial(t)
	set := func(raw bool, f func(*authv3.AttributeContext, *authv3.AttributeContext_HttpRequest)) *authv3.CheckRequest {
		q := get("/shop/health").question(raw)
		f(q.GetAttributes(), q.GetAttributes().GetRequest().GetHttp())
		return q
	}
	type attributes = authv3.AttributeContext
	type head = authv3.AttributeContext_HttpRequest
	header := func(name, value string) func(*attributes, *head) {
		return func(_ *attributes, h *head) {
			h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
		}
	}
	for _, tt := range []struct {
		name     string
		question *authv3.CheckRequest
		header   string
	}{
		{"nothing", &authv3.CheckRequest{}, ":method"},
		{"of TCP", &authv3.CheckRequest{Attributes: &attributes{Source: peerAt(client, 1), Destination: peerAt(client, 2)}}, ":method"},
		{"no method", set(true, func(_ *attributes, h *head) { h.Method, h.HeaderMap.Headers = "", nil }), ":method"},
		{"no path", set(true, func(_ *attributes, h *head) { h.Path, h.HeaderMap.Headers = "", nil }), ":path"},
		{"no host", set(true, func(_ *attributes, h *head) { h.Host, h.HeaderMap.Headers = "", nil }), ":authority"},
		{"no address", set(true, func(a *attributes, _ *head) { a.Source = nil }), "source.address"},
		{"a pipe", set(true, func(a *attributes, _ *head) {
			a.Source.Address = &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: "/x"}}}
		}), "source.address"},
		{"a query beside the path", set(true, func(_ *attributes, h *head) { h.Query = "x" }), "query"},
		{"a fragment", set(true, func(_ *attributes, h *head) { h.Fragment = "x" }), "fragment"},
		{"both kinds of headers", set(true, func(_ *attributes, h *head) { h.Headers = map[string]string{"a": "b"} }), "headers"},
		{"another path in the headers", set(true, func(_ *attributes, h *head) { h.Path = "/shop/orders" }), ":path"},
		{"another method in the headers", set(false, func(_ *attributes, h *head) { h.Headers[":method"] = "PUT" }), ":method"},
		{"another host in the headers", set(true, header("host", "orders.test")), "host"},
		{"two paths", set(true, header(":path", "/x")), ":path"},
		{"an odd pseudo-header", set(true, header(":x", "y")), "headers"},
		{"an odd name", set(true, header("a b", "y")), "headers"},
		{"no name", set(true, header("", "y")), "headers"},
		{"an odd value", set(true, header("a", "b\r\nc: d")), "A"},
		{"two values", set(true, func(_ *attributes, h *head) {
			h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: "a", Value: "b", RawValue: []byte("c")})
		}), "a"},
		{"two schemes", set(true, header("x-forwarded-proto", "https")), "X-Forwarded-Proto"},
		{"merged schemes", set(false, func(_ *attributes, h *head) { h.Headers["x-forwarded-proto"] = "http,https" }), "X-Forwarded-Proto"},
		{"no scheme", set(false, func(_ *attributes, h *head) { delete(h.Headers, "x-forwarded-proto") }), "X-Forwarded-Proto"},
	} {
		s.Clock.Advance(2 * time.Second) // past the limit of the log
		s.Apply()
		got := s.ask(t, conn, get("/shop/health"), tt.question)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"reason":"header_malformed"`) {
			t.Errorf("%s: %v", tt.name, got)
		}
		if lines := strings.Split(strings.TrimSpace(s.log.String()), "\n"); !strings.Contains(lines[len(lines)-1], "header="+tt.header+" ") {
			t.Errorf("%s: the log says %s", tt.name, lines[len(lines)-1])
		}
	}
	// What is no message at all.
	for _, junk := range []string{"\x0a\x05", "\xff\xff", "GET / HTTP/1.1"} {
		if got := s.askBytes(t, []byte(junk)); got.status != http.StatusBadRequest {
			t.Errorf("%q: %v", junk, got)
		}
	}
	// A path that the generated types would refuse to read.
	raw, err := proto.Marshal(get("/shop/health@").question(true))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.askBytes(t, []byte(strings.ReplaceAll(string(raw), "health@", "health\xff"))); got.status != http.StatusBadRequest || !strings.Contains(got.body, "path_ambiguous") {
		t.Errorf("a byte in the path: %v", got)
	}
}

// asBytes is a codec of messages that are ready.
type asBytes struct{}

func (asBytes) Name() string { return "proto" }
func (asBytes) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (asBytes) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// askBytes asks with a message as it is.
func (s *service) askBytes(t *testing.T, message []byte) outcome {
	t.Helper()
	var reply []byte
	if err := s.dial(t).Invoke(t.Context(), authv3.Authorization_Check_FullMethodName, message, &reply, grpc.ForceCodecV2(asBytes{})); err != nil {
		t.Fatalf("%q: %v", message, err)
	}
	var res authv3.CheckResponse
	if err := proto.Unmarshal(reply, &res); err != nil {
		t.Fatal(err)
	}
	return carryOut(t, get("/"), &res)
}

// TestClientAddress: Envoy says who is at the other end, and proxies before it are
// believed if they are known.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{decide: func(c *decide.Config) {
		c.Trusted, c.Depth = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, 1
	}})
	conn := s.dial(t)
	for _, tt := range []struct{ peer, told, want string }{
		{"192.0.2.7", "", "192.0.2.7"},
		{"::ffff:192.0.2.7", "", "192.0.2.7"},
		{"192.0.2.7", "203.0.113.9", "192.0.2.7"},                           // said by the client
		{"192.0.2.7", "203.0.113.9, 192.0.2.7", "192.0.2.7"},                // and Envoy has appended him
		{"198.51.100.2", "203.0.113.9", "203.0.113.9"},                      // said by a proxy of ours
		{"198.51.100.2", "203.0.113.9, 198.51.100.2", "203.0.113.9"},        // and Envoy has appended that
		{"198.51.100.2", "1.1.1.1,203.0.113.9,198.51.100.2", "203.0.113.9"}, // and no further
		{"198.51.100.2", "198.51.100.2", "198.51.100.2"},
		{"198.51.100.2", "unknown", "198.51.100.2"},
	} {
		q := get("/shop/health").question(false)
		q.Attributes.Source = peerAt(tt.peer, 1)
		h := q.GetAttributes().GetRequest().GetHttp().GetHeaders()
		if h["x-forwarded-for"] = tt.told; tt.told == "" {
			delete(h, "x-forwarded-for")
		}
		if got := s.ask(t, conn, get("/shop/health"), q); got.status != http.StatusOK {
			t.Errorf("%+v: %v", tt, got)
		}
		lines := strings.Split(strings.TrimSpace(s.access.String()), "\n")
		if line := lines[len(lines)-1]; !strings.Contains(line, `"client":"`+tt.want+`"`) {
			t.Errorf("%+v: %s", tt, line)
		}
	}
}

// TestBody: a body that is shown whole is looked at; one that is not may be anything.
func TestBody(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{decide: func(c *decide.Config) { c.FormLimit = 100 }})
	conn := s.dial(t)
	const urlencoded, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	for _, tt := range []struct {
		name, path, kind, body string
		partial                []string
		status                 int
	}{
		{"whole", "/forms/do", urlencoded, "verb=read", []string{"false"}, 200},
		{"whole, and not allowed", "/forms/do", urlencoded, "verb=write", []string{"false"}, 403},
		{"the body and the query disagree", "/forms/do?verb=read", urlencoded, "verb=write", []string{"false"}, 404},
		{"in parts", "/forms/do", multi, "--x\r\nContent-Disposition: form-data; name=\"verb\"\r\n\r\nread\r\n--x--\r\n", []string{"false"}, 200},
		{"twice", "/forms/do", urlencoded, "verb=read&verb=write", []string{"false"}, 400},
		{"a piece", "/forms/do?verb=read", urlencoded, "verb=read", []string{"true"}, 400},
		{"Envoy does not say", "/forms/do?verb=read", urlencoded, "verb=read", nil, 400},
		{"said twice", "/forms/do?verb=read", urlencoded, "verb=read", []string{"false", "false"}, 400},
		{"no bytes", "/forms/do?verb=read", urlencoded, "", []string{"false"}, 400},
		{"too large", "/forms/do", urlencoded, "verb=read&x=" + strings.Repeat("x", 100), []string{"false"}, 413},
		{"of another type", "/forms/do?verb=read", "text/plain", "verb=write", []string{"false"}, 200},
	} {
		r := request{http.MethodPost, tt.path, "api.test", []string{"Authorization", "Bearer " + s.token, "Content-Type", tt.kind}}
		for _, p := range tt.partial {
			r.headers = append(r.headers, "X-Envoy-Auth-Partial-Body", p)
		}
		q := r.question(true)
		q.GetAttributes().GetRequest().GetHttp().RawBody = []byte(tt.body)
		if got := s.ask(t, conn, r, q); got.status != tt.status {
			t.Errorf("%s: %v, want %d", tt.name, got, tt.status)
		}
	}
	shown := func(body string, headers ...string) outcome {
		r := request{http.MethodPost, "/forms/do", "api.test", append(headers, "Content-Type", urlencoded, "X-Envoy-Auth-Partial-Body", "false")}
		q := r.question(true)
		q.GetAttributes().GetRequest().GetHttp().RawBody = []byte(body)
		return s.ask(t, conn, r, q)
	}
	if got := shown("verb=read", "Authorization", "Bearer "+s.token, "Content-Encoding", "gzip"); got.status != http.StatusBadRequest {
		t.Errorf("coded: %v", got)
	}
	// A credential in the body cannot be taken out of it.
	s.Clock.Advance(2 * time.Second) // past the limit of the log
	s.Apply()
	if got := shown("verb=read&key=" + s.token); got.status != http.StatusBadRequest || !strings.Contains(s.log.String(), "field=key") {
		t.Errorf("a key in the body: %v\n%s", got, s.log)
	}
	if got := shown("verb=read&key=wrong"); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong key in the body: %v", got)
	}
}

// A checker stands in for the decision service.
type checker func(ctx context.Context, w http.ResponseWriter, r *http.Request, c *decide.Check) bool

func (f checker) Check(ctx context.Context, w http.ResponseWriter, r *http.Request, c *decide.Check) bool {
	return f(ctx, w, r, c)
}

// TestLimits: a message that is too large, or compressed, is none; a panic costs one
// question; a name that nobody serves is nothing.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{server: func(c *extauthz.Config) {
		decides := c.Checker
		c.Checker = checker(func(ctx context.Context, w http.ResponseWriter, r *http.Request, c *decide.Check) bool {
			if r.Header["X-Panic"] != nil {
				panic("planted")
			}
			return decides.Check(ctx, w, r, c)
		})
		c.MessageBytes = 4 << 10
	}})
	conn := s.dial(t)
	ask := func(r request, options ...grpc.CallOption) codes.Code {
		_, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), r.question(true), options...)
		return status.Code(err)
	}
	if got := ask(get("/shop/health", "X-Large", strings.Repeat("x", 8<<10))); got != codes.ResourceExhausted {
		t.Errorf("too large: %v", got)
	}
	if got := ask(get("/shop/health"), grpc.UseCompressor(gzip.Name)); got != codes.OK && got != codes.Unimplemented {
		t.Errorf("compressed: %v", got)
	}
	if got := ask(get("/shop/health", "X-Panic", "1")); got != codes.Internal || !strings.Contains(s.log.String(), "a question over gRPC failed") || strings.Contains(s.log.String(), "planted") {
		t.Errorf("a panic: %v\n%s", got, s.log)
	}
	if got := ask(get("/shop/health")); got != codes.OK {
		t.Errorf("after all that: %v", got)
	}
	if err := conn.Invoke(t.Context(), "/envoy.service.auth.v3.Authorization/Other", &authv3.CheckRequest{}, &authv3.CheckResponse{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("another method: %v", err)
	}
}

// TestEnds: a call that Envoy gives up, or whose time is over, ends for the decision;
// a server that is told to end lets open questions end.
func TestEnds(t *testing.T) {
	t.Parallel()
	asked, let := make(chan struct{}), make(chan struct{})
	s := newService(t, edit{server: func(c *extauthz.Config) {
		decides := c.Checker
		c.Checker = checker(func(ctx context.Context, w http.ResponseWriter, r *http.Request, c *decide.Check) bool {
			asked <- struct{}{}
			if r.Header["X-Wait"] != nil {
				<-let
			} else {
				<-ctx.Done()
			}
			return decides.Check(ctx, w, r, c)
		})
	}})
	conn := authv3.NewAuthorizationClient(s.dial(t))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := conn.Check(ctx, get("/shop/health").question(true)); status.Code(err) != codes.Canceled {
		t.Errorf("given up: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	go func() { <-asked }()
	if _, err := conn.Check(ctx, get("/shop/health").question(true)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("over: %v", err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Check(t.Context(), get("/shop/health", "X-Wait", "1").question(true))
		answered <- err
	}()
	<-asked
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.server.Shutdown(short); !errors.Is(err, context.Canceled) {
		t.Errorf("a shutdown without patience: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.server.Shutdown(t.Context()) }()
	close(let)
	if err := <-answered; err != nil {
		t.Errorf("the open question: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// TestTogether: many questions at once get their own answers.
func TestTogether(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	conn := s.dial(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 50 {
				realm := fmt.Sprintf("r%d-%d", i, n)
				got := s.check(t, conn, get("/shop/orders?realm="+realm, "Authorization", "Bearer "+s.token), n%2 == 0)
				if got.status != http.StatusOK || got.header.Get("X-Sallyport-Realm") != realm || got.header.Get("X-Sallyport-User") != "alice" {
					t.Errorf("%s: %v", realm, got)
				}
				if got := s.check(t, conn, get("/shop/orders/"+realm), n%2 == 0); got.status != http.StatusUnauthorized || got.header.Get("X-Sallyport-User") != "" {
					t.Errorf("%s: %v", realm, got)
				}
			}
		})
	}
	all.Wait()
	if got := strings.Count(s.access.String(), "\n"); got != 800 {
		t.Errorf("%d lines in the access log, want 800", got)
	}
}

// TestHealth: as /readyz says, for the server and for the service.
func TestHealth(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	s := newService(t, edit{server: func(c *extauthz.Config) {
		c.Ready = func(context.Context) error {
			if sick.Load() {
				return errors.New("no store")
			}
			return nil
		}
	}})
	probe := healthv1.NewHealthClient(s.dial(t))
	for _, name := range []string{"", "envoy.service.auth.v3.Authorization"} {
		for _, tt := range []struct {
			sick bool
			want healthv1.HealthCheckResponse_ServingStatus
		}{{false, healthv1.HealthCheckResponse_SERVING}, {true, healthv1.HealthCheckResponse_NOT_SERVING}} {
			sick.Store(tt.sick)
			res, err := probe.Check(t.Context(), &healthv1.HealthCheckRequest{Service: name})
			if err != nil || res.GetStatus() != tt.want {
				t.Errorf("%q: %v, %v, want %v", name, res, err, tt.want)
			}
		}
	}
	if _, err := probe.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
		t.Errorf("another service: %v", err)
	}
}

// TestBrownout: what is refused for a while is refused here as well.
func TestBrownout(t *testing.T) {
	t.Parallel()
	s := newService(t, edit{})
	browned, secret := s.Token(s.User("bob", "", s.Role("r2", "shop/read")))
	s.Write(func(ctx context.Context, tx *store.Tx) error {
		tx.Note(sallyport.ChangeCredential, string(browned.ID))
		return tx.SetBrownout(ctx, &browned, sallyport.Brownout{Share: 100, Until: s.Clock.Now().Add(time.Hour)}, store.AnyVersion)
	})
	r := get("/shop/orders", "Authorization", "Bearer "+secret)
	got := s.check(t, s.dial(t), r, true)
	checkSame(t, "brown-out", got, s.overHTTP(r))
	if got.status != http.StatusUnauthorized {
		t.Errorf("%v", got)
	}
}
