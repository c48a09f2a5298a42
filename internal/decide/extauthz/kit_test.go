package extauthz_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/extauthz"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/logtest"
	"github.com/sallyport/sallyport/internal/telemetry"
)

const (
	password = "correct horse battery staple"
	client   = "192.0.2.7" // who asks Envoy
)

// shop is an API with a credential in each place that a proxy can take it out of.
func shop() sallyport.API {
	return sallyport.API{
		Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierHeader, Name: "X-API-Key"},
			{In: sallyport.CarrierQuery, Name: "api_key"},
			{In: sallyport.CarrierCookie, Name: "sp_session", Kinds: []sallyport.CredentialKind{sallyport.Session}},
		},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Realm:       &sallyport.Selector{From: "query", Name: "realm"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "reading", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET", "HEAD"}, Path: "/orders", AnyOf: []string{"read"}},
			{ID: "get", Methods: []string{"GET"}, Path: "/orders/{id}", AnyOf: []string{"read"}},
			{ID: "put", Methods: []string{"PUT"}, Path: "/orders/{id}", AllOf: []string{"write"}},
			{ID: "health", Methods: []string{"GET"}, Path: "/health", Public: true},
		},
	}
}

// hosted is an API that one host has, and that explains itself.
func hosted() sallyport.API {
	return sallyport.API{
		Name: "hosted", Host: "orders.test", BasePath: "/", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1", ForwardCredentials: true},
		Explain:     sallyport.ExplainFull,
		Permissions: []sallyport.PermissionSpec{{Name: "read"}},
		Routes:      []sallyport.Route{{ID: "all", Methods: []string{"*"}, Path: "/{rest...}", AnyOf: []string{"read"}}},
	}
}

// forms is an API that hides its verb, and takes a key, in a form.
func forms() sallyport.API {
	verb := func(value string) *sallyport.Parameter {
		return &sallyport.Parameter{In: "form", Name: "verb", Value: value}
	}
	return sallyport.API{
		Name: "forms", BasePath: "/forms", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Accept:      []sallyport.Accept{{In: sallyport.CarrierBearer}, {In: sallyport.CarrierForm, Name: "key"}},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Routes: []sallyport.Route{
			{ID: "read", Methods: []string{"GET", "POST"}, Path: "/do", Parameter: verb("read"), AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"GET", "POST"}, Path: "/do", Parameter: verb("write"), AnyOf: []string{"write"}},
		},
	}
}

// A service is a decision service on a port for gRPC.
type service struct {
	*doorstest.Kit
	handler     *decide.Handler
	server      *extauthz.Server
	log, access *logtest.Log
	metrics     *telemetry.Metrics
	config      extauthz.Config
	address     string
	token       string // of alice, who may read
}

// An edit changes what a service is made of.
type edit struct {
	decide func(*decide.Config)
	server func(*extauthz.Config)
	listen func() (net.Listener, error)
}

// newService returns a service that serves until the test ends.
func newService(t testing.TB, change edit) *service {
	t.Helper()
	k := doorstest.New(t, shop(), hosted(), forms())
	s := &service{Kit: k, log: &logtest.Log{}, access: &logtest.Log{}, metrics: telemetry.NewMetrics(telemetry.Build{})}
	s.metrics.Know("shop", "hosted", "forms")
	alice := k.User("alice", password, k.Role("reader", "shop/read", "hosted/read", "forms/read"))
	_, s.token = k.Token(alice)
	log := slog.New(slog.NewTextHandler(s.log, nil))
	c := decide.Config{
		Doors: k.Doors, Metrics: s.metrics, Now: k.Clock.Now, Log: log,
		Access:  telemetry.NewAccessLog(s.access, func(string) string { return "0123456789ab" }),
		Callers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	if change.decide != nil {
		change.decide(&c)
	}
	s.handler = decide.New(c)
	s.config = extauthz.Config{
		Checker: s.handler, Log: log, Ready: func(context.Context) error { return nil },
		MessageBytes: 1 << 20, HandshakeTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	if change.server != nil {
		change.server(&s.config)
	}
	if change.listen == nil {
		change.listen = func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	}
	l, err := change.listen()
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	s.server = extauthz.New(s.config)
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(l) }()
	t.Cleanup(func() {
		if err := s.server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

// dial connects to the service, in the clear unless told otherwise.
func (s *service) dial(t testing.TB, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if len(options) == 0 {
		options = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	}
	target := s.address
	if strings.HasPrefix(target, "/") {
		target = "unix:" + target
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A request is one of a client's, as it comes to Envoy over HTTP/1.1 in the clear.
type request struct {
	method, path, host string
	headers            []string // name, value, ...
}

// get is a GET of the shop's.
func get(path string, headers ...string) request {
	return request{http.MethodGet, path, "api.test", headers}
}

// fields returns what Envoy makes of the head: small letters, pseudo-headers, and what
// it says itself.
func (r request) fields() [][2]string {
	all := [][2]string{
		{":authority", r.host},
		{":path", r.path},
		{":method", r.method},
		{":scheme", "http"},
		{"x-forwarded-proto", "http"},
		{"x-forwarded-for", client},
		{"x-request-id", "made-by-envoy"},
	}
	for i := 0; i < len(r.headers); i += 2 {
		all = append(all, [2]string{strings.ToLower(r.headers[i]), r.headers[i+1]})
	}
	return all
}

// question is what Envoy asks about the request, with all values of a name in one or
// as they came (encode_raw_headers).
func (r request) question(raw bool) *authv3.CheckRequest {
	h := &authv3.AttributeContext_HttpRequest{
		Id: "123", Method: r.method, Path: r.path, Host: r.host, Scheme: "http", Protocol: "HTTP/1.1", Size: 17,
	}
	if raw {
		h.HeaderMap = &corev3.HeaderMap{}
		for _, f := range r.fields() {
			h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: f[0], RawValue: []byte(f[1])})
		}
	} else {
		h.Headers = map[string]string{}
		for _, f := range r.fields() {
			if before, ok := h.Headers[f[0]]; ok {
				f[1] = before + "," + f[1]
			}
			h.Headers[f[0]] = f[1]
		}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source:            peerAt(client, 40001),
		Destination:       peerAt("10.0.0.1", 443),
		Request:           &authv3.AttributeContext_Request{Http: h},
		ContextExtensions: map[string]string{"virtual_host": "api"},
	}}
}

func peerAt(address string, port uint32) *authv3.AttributeContext_Peer {
	return &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: address, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}}
}

// An outcome is what became of a request.
type outcome struct {
	status   int         // of a refusal; 200: it passed
	header   http.Header // of a refusal; of one that passed, what the upstream gets
	body     string
	toClient http.Header // of one that passed: added to the answer
	path     string      // that the upstream gets
}

// check asks over gRPC and does with the answer what Envoy does.
func (s *service) check(t testing.TB, conn *grpc.ClientConn, r request, raw bool) outcome {
	t.Helper()
	return s.ask(t, conn, r, r.question(raw))
}

func (s *service) ask(t testing.TB, conn *grpc.ClientConn, r request, q *authv3.CheckRequest) outcome {
	t.Helper()
	res, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), q)
	if err != nil {
		t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return carryOut(t, r, res)
}

// carryOut does what Envoy does with an answer: set, then remove, then the query; or
// the refusal.
func carryOut(t testing.TB, r request, res *authv3.CheckResponse) outcome {
	t.Helper()
	if code := res.GetStatus().GetCode(); code != 0 {
		d := res.GetDeniedResponse()
		if d == nil || res.GetOkResponse() != nil {
			t.Fatalf("code %d without a refusal: %v", code, res)
		}
		return outcome{status: int(d.GetStatus().GetCode()), header: mutate(t, http.Header{}, d.GetHeaders()), body: d.GetBody()}
	}
	ok := res.GetOkResponse()
	if ok == nil || res.GetDeniedResponse() != nil {
		t.Fatalf("passed without headers: %v", res)
	}
	h := http.Header{}
	for _, f := range r.fields() {
		if f[0][0] != ':' {
			h.Add(f[0], f[1])
		}
	}
	out := outcome{status: http.StatusOK, header: mutate(t, h, ok.GetHeaders()), toClient: mutate(t, http.Header{}, ok.GetResponseHeadersToAdd())}
	for _, name := range ok.GetHeadersToRemove() {
		if name != strings.ToLower(name) {
			t.Errorf("%s is to be removed, and has capitals", name)
		}
		h.Del(name)
	}
	path, query, found := strings.Cut(r.path, "?")
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(pair, "="); !slices.Contains(ok.GetQueryParametersToRemove(), name) {
			kept = append(kept, pair)
		}
	}
	if out.path = path; found && len(kept) > 0 {
		out.path += "?" + strings.Join(kept, "&")
	}
	return out
}

// mutate changes headers as they are told.
func mutate(t testing.TB, h http.Header, options []*corev3.HeaderValueOption) http.Header {
	t.Helper()
	for _, o := range options {
		name, value := o.GetHeader().GetKey(), o.GetHeader().GetValue()
		if name != strings.ToLower(name) || value == "" && name != "allow" || o.GetHeader().GetRawValue() != nil {
			t.Errorf("an odd option: %v", o)
		}
		switch o.GetAppendAction() {
		case corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD:
			h.Set(name, value)
		case corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD:
			h.Add(name, value)
		default:
			t.Errorf("%s: action %v", name, o.GetAppendAction())
		}
	}
	return h
}

// overHTTP asks the HTTP endpoint of Envoy about the same request.
func (s *service) overHTTP(r request) outcome {
	q := httptest.NewRequest(http.MethodGet, "/decide/envoy/", nil)
	q.RemoteAddr, q.Method, q.RequestURI, q.Host = "127.0.0.1:40000", r.method, "/decide/envoy"+r.path, r.host
	q.Header = http.Header{}
	for _, f := range r.fields() {
		if f[0][0] != ':' {
			q.Header.Add(f[0], f[1])
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, q)
	return outcome{status: w.Code, header: w.Header(), body: w.Body.String()}
}

func basic(login, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(login, password)
	return r.Header.Get("Authorization")
}

func (o outcome) String() string {
	return strconv.Itoa(o.status) + " " + o.path + " " + o.body
}
