package decide_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
)

// TestQuestionMustBeWhole: a header of the family that is missing, empty or there
// twice decides nothing, and the log names it.
func TestQuestionMustBeWhole(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	each(t, func(t *testing.T, family string) {
		for _, name := range told[family] {
			for how, spoil := range map[string]func(http.Header){
				"missing": func(h http.Header) { h.Del(name) },
				"empty":   func(h http.Header) { h.Set(name, "") },
				"twice":   func(h http.Header) { h.Add(name, h.Get(name)) },
				"listed":  func(h http.Header) { h.Set(name, h.Get(name)+", "+h.Get(name)) },
			} {
				h := get("/shop/health").in(family)
				spoil(h)
				s.Clock.Advance(2 * time.Second) // past the limit of the log
				s.Apply()
				res := s.ask(family, h)
				if how == "listed" {
					// Three of them are lists that nobody can read; of hops there
					// may be several, and no path has a comma that means anything.
					if name == "X-Forwarded-For" || strings.HasSuffix(strings.ToLower(name), "-uri") {
						continue
					}
					if res.status == http.StatusOK {
						t.Errorf("%s listed twice: allowed", name)
					}
					continue
				}
				checkDenial(t, family, name+" "+how, res, "400", "header_malformed")
				if !strings.Contains(s.log.String(), "header="+http.CanonicalHeaderKey(name)) {
					t.Errorf("%s %s: the log does not name it:\n%s", name, how, s.log)
				}
			}
		}
	})
}

func TestSchemeAndAddress(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *decide.Config) {
		c.Trusted, c.Depth = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, 1
	})
	for _, tt := range []struct {
		family, proto, addr string
		status              string
		client              string
	}{
		{"nginx", "https", "192.0.2.7", "200", "192.0.2.7"},
		{"nginx", "http", "::ffff:192.0.2.7", "200", "192.0.2.7"},
		{"nginx", "http", "fe80::1%eth0", "200", "fe80::1"},
		{"nginx", "http", "unix:", "400", ""},
		{"nginx", "http", "192.0.2.7, 192.0.2.8", "400", ""},
		{"nginx", "ftp", "192.0.2.7", "400", ""},
		{"nginx", "HTTP", "192.0.2.7", "400", ""},
		{"traefik", "wss", "192.0.2.7", "200", "192.0.2.7"},
		{"traefik", "ws", "192.0.2.7:4711", "200", "192.0.2.7"},
		{"caddy", "https", "203.0.113.9, 192.0.2.7", "200", "192.0.2.7"},                 // the one before is nobody we know
		{"caddy", "https", "203.0.113.9, 198.51.100.2", "200", "203.0.113.9"},            // it came over a proxy of ours
		{"caddy", "https", "1.1.1.1, 198.51.100.3, 198.51.100.2", "200", "198.51.100.3"}, // and no further
		{"caddy", "https", "203.0.113.9, unknown", "400", ""},
	} {
		o := get("/shop/health")
		o.proto, o.addr = tt.proto, tt.addr
		res := s.ask(tt.family, o.in(tt.family))
		if got := res.meant(); got != tt.status {
			t.Errorf("%+v: status %s", tt, got)
		}
		lines := strings.Split(strings.TrimSpace(s.access.String()), "\n")
		var line struct{ Client string }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || (tt.client != "" && line.Client != tt.client) {
			t.Errorf("%+v: logged client %q (%v)", tt, line.Client, err)
		}
	}
}

// TestOtherFamiliesAreNotRead: nginx passes on what its configuration does not
// replace, so all that other families would read comes from the client.
func TestOtherFamiliesAreNotRead(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	each(t, func(t *testing.T, family string) {
		forged := func(h http.Header, uri, method string) http.Header {
			for other, names := range told {
				if names == told[family] {
					continue
				}
				for i, value := range []string{method, uri, "evil.test", "https", "10.0.0.1"} {
					h.Set(told[other][i], value)
				}
			}
			for _, name := range []string{"X-Original-Url", "X-Rewrite-Url", "X-Envoy-Original-Path", "X-Forwarded-Prefix", "X-Forwarded-Path"} {
				h.Set(name, uri)
			}
			for _, name := range []string{"X-Http-Method-Override", "X-Method-Override", "X-Http-Method"} {
				h.Set(name, method)
			}
			for i, value := range []string{method, uri, "evil.test", "https", "10.0.0.1"} { // its own, as CGI would spell them
				h[strings.ReplaceAll(http.CanonicalHeaderKey(told[family][i]), "-", "_")] = []string{value}
			}
			return h
		}
		res := s.ask(family, forged(get("/shop/orders").in(family), "/shop/health", "HEAD"))
		checkDenial(t, family, "a public path forged", res, "401", "credential_missing")

		put := original{"PUT", "/shop/orders/1", "api.test", "http", client}
		res = s.ask(family, with(forged(put.in(family), "/shop/orders/1", "GET"), "Authorization", "Bearer "+s.token))
		checkDenial(t, family, "a reading method forged", res, "403", "permission_missing")

		res = s.ask(family, with(forged(get("/shop/orders").in(family), "/elsewhere", "DELETE"), "Authorization", "Bearer "+s.token))
		if res.status != http.StatusOK {
			t.Errorf("status %d, want 200: what was forged has an effect", res.status)
		}
	})
}

// TestCallers: who may ask, and what the operator reads if he may not.
func TestCallers(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	plain := newService(t, nil)
	sharing := newService(t, func(c *decide.Config) {
		c.Callers = append(c.Callers, netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32"))
		c.Secret = secret
	})
	socket := under(http.LocalAddrContextKey, &net.UnixAddr{Name: "/run/sallyport.sock", Net: "unix"})
	port := under(http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	for _, tt := range []struct {
		name   string
		s      *service
		from   string
		edit   func(*http.Request)
		caller []string
		log    string // empty: he may
	}{
		{"loopback", plain, proxy, nil, nil, ""},
		{"loopback, IPv6 form", plain, "[::ffff:127.0.0.1]:1", nil, nil, ""},
		{"secret that nobody asked for", plain, proxy, nil, []string{"whatever"}, ""},
		{"stranger", plain, "203.0.113.9:1", nil, nil, "decide.callers"},
		{"stranger, IPv6", plain, "[2001:db8::1]:1", nil, nil, "decide.callers"},
		{"socket", plain, "@", socket, nil, ""},
		{"no address and no socket", plain, "@", port, nil, "decide.callers"},
		{"no address at all", plain, "", nil, nil, "decide.callers"},

		{"secret", sharing, "10.1.2.3:1", nil, []string{secret}, ""},
		{"secret, IPv6", sharing, "[2001:db8::1]:1", nil, []string{secret}, ""},
		{"secret of a stranger", sharing, "203.0.113.9:1", nil, []string{secret}, "decide.callers"},
		{"no secret", sharing, "10.1.2.3:1", nil, nil, "decide.secret"},
		{"no secret, loopback", sharing, proxy, nil, nil, "decide.secret"},
		{"empty secret", sharing, proxy, nil, []string{""}, "decide.secret"},
		{"half a secret", sharing, proxy, nil, []string{secret[:16]}, "decide.secret"},
		{"wrong secret", sharing, proxy, nil, []string{strings.Repeat("x", 32)}, "decide.secret"},
		{"secret twice", sharing, proxy, nil, []string{secret, secret}, "decide.secret"},
		{"secret over the socket", sharing, "@", socket, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(tt.s.log.String())
			tt.s.Clock.Advance(2 * time.Second) // past the limit of the log
			tt.s.Apply()
			h := get("/shop/health").in("nginx")
			if tt.caller != nil {
				h[decide.HeaderCaller] = tt.caller
			}
			edits := []func(*http.Request){from(tt.from)}
			if tt.edit != nil {
				edits = append(edits, tt.edit)
			}
			res := tt.s.ask("nginx", h, edits...)
			said := tt.s.log.String()[before:]
			if tt.log == "" {
				if res.status != http.StatusOK || said != "" {
					t.Errorf("status %d, want 200; log %q", res.status, said)
				}
				return
			}
			text := res.body
			if res.status != http.StatusForbidden || !strings.Contains(text, `"caller_untrusted"`) {
				t.Errorf("status %d %s, want 403 caller_untrusted", res.status, text)
			}
			if !strings.Contains(said, tt.log) || strings.Contains(said, secret[:16]) {
				t.Errorf("log %q, want a mention of %s and no secret", said, tt.log)
			}
		})
	}
}

// TestEnvoy: the question is the request itself, below the endpoint, and its
// target is cut out of the bytes that came.
func TestEnvoy(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	for _, tt := range []struct {
		name, method, target, host, status string
		headers                            []string
	}{
		{"allowed", "GET", "/shop/orders?x=/../y", "api.test", "200", nil},
		{"another method", "PUT", "/shop/orders/1", "api.test", "403", nil},
		{"HEAD", "HEAD", "/shop/orders", "api.test", "200", nil},
		{"no API", "GET", "/elsewhere", "api.test", "404", nil},
		{"its host", "DELETE", "/1", "ORDERS.test.", "200", nil},
		{"dot segments", "GET", "/../decide/envoy/shop/orders", "api.test", "400", nil},
		{"encoded dot segments", "GET", "/%2e%2e/shop/orders", "api.test", "400", nil},
		{"empty segment", "GET", "//shop/orders", "api.test", "400", nil},
		{"escaped route", "GET", "/shop/%6frders", "api.test", "400", nil},
		{"escaped value", "GET", "/shop/orders/a%40b", "api.test", "200", nil},
		{"another family's headers", "GET", "/shop/orders", "api.test", "200", []string{
			"X-Original-Uri", "/elsewhere", "X-Forwarded-Uri", "/elsewhere", "X-Envoy-Original-Path", "/elsewhere", "X-Forwarded-Host", "evil",
			"X-Envoy-Auth-Partial-Body", "true", "X-Forwarded-Method", "DELETE",
		}},
		{"8-bit header", "GET", "/shop/orders", "api.test", "400", []string{"X-Tenant-Id", "\xff"}},
		{"scheme twice", "GET", "/shop/orders", "api.test", "400", []string{"X-Forwarded-Proto", "https"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := with(http.Header{}, append(tt.headers, "X-Forwarded-Proto", "http", "X-Forwarded-For", "203.0.113.9,"+client, "Authorization", "Bearer "+s.token)...)
			res := s.ask("envoy"+tt.target, h, func(r *http.Request) { r.Method, r.Host = tt.method, tt.host })
			if got := res.meant(); got != tt.status || res.header.Get("X-Sallyport-Status") != "" {
				t.Errorf("status %s, want %s: %s", got, tt.status, res.body)
			}
		})
	}
	h := with(http.Header{}, "X-Forwarded-Proto", "http", "X-Forwarded-For", client)
	for _, spelt := range []string{"%65nvoy/shop/health", "/envoy/shop/health", "envoy", "Envoy/shop/health"} {
		if res := s.ask(spelt, h); res.status == http.StatusOK {
			t.Errorf("/decide/%s was answered", spelt)
		}
	}
	if res := s.ask("envoy/shop/health", http.Header{}); res.status != http.StatusBadRequest {
		t.Errorf("without scheme and address: status %d, want 400", res.status)
	}
}

// TestUnixSocket: who can open the socket may ask, without address and secret.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *decide.Config) { c.Callers, c.Secret = nil, "0123456789abcdef0123456789abcdef" })
	// Not t.TempDir: a socket's path is short.
	path := filepath.Join(must(os.MkdirTemp("", "sp"))(t), "s") //nolint:usetesting // see above
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(path)) })
	server := httptest.NewUnstartedServer(s.Handler)
	server.Listener = must(net.Listen("unix", path))(t)
	server.Start()
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	r := must(http.NewRequest(http.MethodGet, "http://sallyport/decide/haproxy", nil))(t)
	r.Header = get("/shop/health").in("haproxy")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d over the socket, want 200", res.StatusCode)
	}
	if res := s.ask("haproxy", get("/shop/health").in("haproxy")); res.status != http.StatusForbidden {
		t.Errorf("status %d over TCP, want 403", res.status)
	}
}

// TestTargets: what the gateway would refuse is refused, and beyond it what a
// proxy would forward in another spelling than was matched.
func TestTargets(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	for _, tt := range []struct{ uri, status string }{
		{"/shop/orders", "200"},
		{"/shop/orders?a=/../admin&b=%2F..%2F", "200"},
		{"/shop/orders?x=%zz", "200"},
		{"/shop/orders/a%40b", "200"}, // a path value may be spelt as the client likes
		{"/shop/orders/a@b", "200"},
		{"/shop/orders/%c3%bc", "200"},
		{"/shop/orders/%C3%BC?a", "200"},
		{"/shop/%6frders", "400"}, // a word of the route may not
		{"/sh%6fp/orders", "400"},
		{"/shop/orders/%2e%2e/admin", "400"},
		{"/shop/orders%2f1", "400"},
		{"/shop/orders%2F1", "400"},
		{"/shop/orders%252f1", "400"},
		{"/shop/orders/..;/x", "400"},
		{`/shop/orders\..\x`, "400"},
		{"/shop//orders", "400"},
		{"//shop/orders", "400"},
		{"/shop/orders/%00", "400"},
		{"/shop/orders#x", "400"},
		{"/shop/orders%23x", "400"},
		{"/shop/orders/%C0%AF", "400"},
		{"/shop/orders/\xff", "400"},
		{"http://api.test/shop/orders", "400"},
		{"http://evil.test/shop/orders", "400"},
		{"shop/orders", "400"},
		{"*", "400"},
		{"api.test:443", "400"},
		{"?", "400"},
		{"/elsewhere?/shop/health", "404"},
		{"/shop/elsewhere?/shop/health", "404"},
	} {
		each(t, func(t *testing.T, family string) {
			if got := s.askFor(family, get(tt.uri)).meant(); got != tt.status {
				t.Errorf("%q: status %s, want %s", tt.uri, got, tt.status)
			}
		})
	}
}

// TestHosts: one spelling of a host, whichever the client chose.
func TestHosts(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	for _, tt := range []struct{ host, proto, status string }{
		{"orders.test", "http", "200"},
		{"ORDERS.test.", "http", "200"},
		{"orders.test:80", "http", "200"},
		{"orders.test:443", "https", "200"},
		{"orders.test:8443", "https", "200"}, // a host without a port stands for every port
		{"orders.test.evil", "http", "404"},
		{"evil", "http", "404"},
		{"orders.test, evil", "http", "400"},
		{"orders.test evil", "http", "400"},
		{"orders.test@evil", "http", "400"},
		{"orders.test\xff", "http", "400"},
	} {
		each(t, func(t *testing.T, family string) {
			if got := s.askFor(family, original{"GET", "/1", tt.host, tt.proto, client}).meant(); got != tt.status {
				t.Errorf("%q: status %s, want %s", tt.host, got, tt.status)
			}
		})
	}
}

// TestNoSideDoors: no path, method or program beside the rules.
func TestNoSideDoors(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	h := func() http.Header { return get("/shop/orders").in("nginx") }
	for _, agent := range []string{"GoogleHC/1.0", "kube-probe/1.29", "ELB-HealthChecker/2.0", "Sallyport"} {
		checkDenial(t, "nginx", agent, s.ask("nginx", with(h(), "User-Agent", agent)), "401", "credential_missing")
	}
	for _, path := range []string{"", "/", "nginx/", "nginx/x", "NGINX", "envoy", "apache/", "ping", "healthz", "nginx%2f", "../decide/nginx"} {
		if res := s.ask(path, h()); res.status != http.StatusNotFound {
			t.Errorf("/decide/%s: status %d, want 404", path, res.status)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"} {
		res := s.ask("haproxy", get("/shop/health").in("haproxy"), func(r *http.Request) { r.Method = method })
		if res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("asked with %s: status %d, Allow %q", method, res.status, res.header.Get("Allow"))
		}
	}
	for _, method := range []string{"CONNECT", "TRACE", "get", "GET POST", ""} {
		o := get("/shop/health")
		o.method = method
		if res := s.ask("haproxy", o.in("haproxy")); res.status == http.StatusOK {
			t.Errorf("a request with method %q was allowed", method)
		}
	}
	head := func(r *http.Request) { r.Method = http.MethodHead }
	if res := s.ask("caddy", get("/shop/orders").in("caddy"), head); res.status != http.StatusUnauthorized || res.body != "" {
		t.Errorf("asked with HEAD: status %d, want 401 without a body", res.status)
	}
	if res := s.ask("caddy?uri=/shop/health", get("/shop/orders").in("caddy")); res.status != http.StatusUnauthorized {
		t.Errorf("with a query: status %d, want 401", res.status)
	}
}

// TestOddHeaders: bytes that no header should have never cost more than a
// refusal.
func TestOddHeaders(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	each(t, func(t *testing.T, family string) {
		names := told[family]
		for _, odd := range []string{"\xff\xfe", "\x00", "a\tb", strings.Repeat("x", 1<<16)} {
			for _, name := range append(names[:], "Authorization", "Cookie", "X-Tenant-Id", "X-Api-Key", "Origin") {
				h := get("/shop/orders").in(family)
				h.Set(name, odd)
				if res := s.ask(family, h); res.status == http.StatusOK || res.meant() >= "500" {
					t.Errorf("%s: %.8q: status %s", name, odd, res.meant())
				}
			}
		}
	})
}

// TestOperationInForm: a decision on the operation in the query must not let one
// in the body pass.
func TestOperationInForm(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	post := original{"POST", "/forms/do?verb=read", "api.test", "http", client}
	each(t, func(t *testing.T, family string) {
		if res := s.askFor(family, post); res.status != http.StatusOK {
			t.Errorf("without a body: status %d, want 200", res.status)
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"} {
			checkDenialOf(t, s.askFor(family, post, "Content-Type", kind), "400", "body_malformed")
		}
		// Refused for another reason, it stays refused for that.
		denied := post
		denied.uri = "/forms/do?verb=write"
		checkDenialOf(t, s.askFor(family, denied, "Content-Type", "text/plain"), "403", "permission_missing")
	})
	if !strings.Contains(s.log.String(), "field=verb") {
		t.Errorf("the log does not say which field:\n%s", s.log)
	}
	if res := s.askFor("nginx", original{"GET", "/shop/orders", "api.test", "http", client}, "Content-Type", "text/plain"); res.status != http.StatusOK {
		t.Errorf("a body at an API without such routes: status %d, want 200", res.status)
	}
}

func checkDenialOf(t *testing.T, res answer, status, reason string) {
	t.Helper()
	if res.meant() != status || !strings.Contains(res.body, `"reason":"`+reason+`"`) {
		t.Errorf("status %s %s, want %s %s", res.meant(), res.body, status, reason)
	}
}

// TestCookieOfWebSocket: another site's page may open a WebSocket, and a proxy may
// keep the Upgrade header to itself.
func TestCookieOfWebSocket(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	_, session := s.Credential(sallyport.Credential{Kind: sallyport.Session, Owner: s.User("bob", password, s.Role("r", "shop/read"))})
	handshake := []string{"Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-Websocket-Version", "13", "Cookie", "sp_session=" + session}
	for _, tt := range []struct {
		name    string
		headers []string
		status  string
	}{
		{"no WebSocket", []string{"Cookie", "sp_session=" + session, "Origin", "http://evil.test"}, "200"},
		{"same site", append([]string{"Origin", "http://api.test"}, handshake...), "200"},
		{"other site", append([]string{"Origin", "http://evil.test"}, handshake...), "403"},
		{"no origin", handshake, "403"},
	} {
		each(t, func(t *testing.T, family string) {
			if got := s.ask(family, with(get("/shop/orders").in(family), tt.headers...)).meant(); got != tt.status {
				t.Errorf("%s: status %s, want %s", tt.name, got, tt.status)
			}
		})
	}
}
