package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/telemetry"
)

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	var g telemetry.RequestIDs
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				id := g.New()
				mu.Lock()
				if len(id) != 22 || id[0] == '-' || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" || seen[id] {
					t.Errorf("id %q", id)
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestRequestIDOfCaller(t *testing.T) {
	t.Parallel()
	var g telemetry.RequestIDs
	for _, tt := range []struct {
		name string
		said []string
		kept bool
	}{
		{"trusted", []string{"0f8fad5b-d9cb-469f-a165-70867728950e"}, true},
		{"twice", []string{"aaaaaaaaaa", "aaaaaaaaaa"}, false},
		{"none", nil, false},
		{"short", []string{"a"}, false},
		{"long", []string{strings.Repeat("a", 65)}, false},
		{"line break", []string{"aaaaaaaa\r\nX: 1"}, false},
		{"space", []string{"aaaa aaaa"}, false},
	} {
		got := g.Keep(http.Header{"X-Request-Id": tt.said})
		if kept := len(tt.said) > 0 && got == tt.said[0]; kept != tt.kept {
			t.Errorf("%s: got %q", tt.name, got)
		}
	}
}

// stuck is a sink that does not take anything until it is released.
type stuck struct {
	entered chan struct{}
	release chan struct{}
	once    sync.Once
	mu      sync.Mutex
	got     bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.entered) })
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

func (s *stuck) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// A sink that is stuck costs lines, never a request.
func TestAsyncStuck(t *testing.T) {
	t.Parallel()
	sink := &stuck{entered: make(chan struct{}), release: make(chan struct{})}
	a := telemetry.NewAsync(sink, 4)
	a.Write([]byte("0\n"))
	<-sink.entered // the goroutine holds line 0
	for i := 1; i <= 10; i++ {
		if n, err := a.Write(fmt.Appendf(nil, "%d\n", i)); err != nil || n == 0 {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	if got := a.Dropped(); got != 6 {
		t.Errorf("dropped %d, want 6", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Flush(ended); err == nil {
		t.Error("Flush of a stuck sink says all is written")
	}
	close(sink.release)
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := sink.String(), "0\n1\n2\n3\n4\n"; got != want {
		t.Errorf("written %q, want %q", got, want)
	}
	a.Write([]byte("late\n"))
	if got := a.Dropped(); got != 7 {
		t.Errorf("dropped %d after Close, want 7", got)
	}
	if err := a.Flush(t.Context()); err == nil {
		t.Error("Flush after Close")
	}
}

func TestAsyncBounds(t *testing.T) {
	t.Parallel()
	sink := &stuck{entered: make(chan struct{}), release: make(chan struct{})}
	a := telemetry.NewAsync(sink, 0)
	a.Write([]byte("first\n"))
	<-sink.entered
	long := bytes.Repeat([]byte("x"), 20<<10)
	for range 1000 {
		a.Write(long) // cut to 16 KiB each; 8 MiB may wait
	}
	if got := a.Dropped(); got != 1000-512 {
		t.Errorf("dropped %d, want %d", got, 1000-512)
	}
	close(sink.release)
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := len(sink.String()), 6+512*16<<10; got != want {
		t.Errorf("written %d bytes, want %d", got, want)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAsyncBrokenSink(t *testing.T) {
	t.Parallel()
	a := telemetry.NewAsync(broken{}, 0)
	a.Write([]byte("x\n"))
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := a.Dropped(); got != 1 {
		t.Errorf("dropped %d, want 1", got)
	}
}

type nested struct{ Password string }

// Canaries in every shape in which code might log them.
func TestLoggerHidesSecrets(t *testing.T) {
	t.Parallel()
	const canary = "Canary7Canary7Canary7Canary7"
	const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJDYW5hcnkifQ.Q2FuYXJ5N0NhbmFyeTc"
	u, err := url.Parse("https://alice:" + canary + "@api.example/x?api_key=" + canary + "&page=2")
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", "/x?token="+canary, nil)
	for _, format := range []string{telemetry.JSON, telemetry.Text} {
		var b bytes.Buffer
		l := telemetry.NewLogger(&b, telemetry.LogOptions{Level: slog.LevelDebug, Format: format})
		l.Debug("got Bearer "+canary,
			"secret", sallyport.Secret(canary), "list", []sallyport.Secret{canary},
			"password", canary, "X-Auth-Token", canary, "ApiKey", canary, "cookie", []string{canary}, //nolint:sloglint // names as others write them
			"header", http.Header{"Authorization": {"Bearer " + canary}, "X-Whatever": {canary}},
			"query", url.Values{"auth_pwd": {canary}}, "url", u, "url_value", *u,
			"request", req, "struct", nested{canary}, "map", map[string]string{"a": canary}, "bytes", []byte(canary),
			"error", fmt.Errorf("get: %w", &url.Error{Op: "Get", URL: "http://a/?apikey=" + canary, Err: errors.New("refused")}),
			"dsn", "postgres://u:"+canary+"@db/x", "opaque", "spp_"+canary, "jwt_text", "was "+jwt,
			"basic", "Basic Q2FuYXJ5N0NhbmFyeTdDYW5hcnk3Q2FuYXJ5Nw==", "body", `{"password": "`+canary+`"}`,
			"line", "Cookie: a="+canary+"; b="+canary,
			slog.Group("authorization", "value", canary), slog.Group("x", "client_secret", canary),
			"nil_url", (*url.URL)(nil), "nil", nil, "credential", sallyport.Credential{Name: canary},
		)
		l.With("token", canary).WithGroup("secret").Info("x", "y", canary)
		for _, bad := range []string{canary, jwt, "Q2FuYXJ5N0"} {
			if strings.Contains(b.String(), bad) {
				t.Errorf("%s: %q is in\n%s", format, bad, b.String())
			}
		}
		if !strings.Contains(b.String(), "page=2") {
			t.Errorf("%s: harmless parts are lost too:\n%s", format, b.String())
		}
	}
}

// What is harmless stays readable.
func TestLoggerKeeps(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l := telemetry.NewLogger(&b, telemetry.LogOptions{})
	l.Debug("not at this level")
	l.Info("verify token: signature is wrong", "status", 401, "took", time.Second, "addr", netip.MustParseAddr("192.0.2.1"),
		"permissions", []sallyport.Permission{"orders/read"}, "kind", sallyport.PersonalToken, "text", "basic authentication", "ok", true,
		"token_id", "0f8fad5b", "err", errors.New("open token: no such file"))
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"msg": "verify token: signature is wrong", "status": "401", "addr": "192.0.2.1", "permissions": "[orders/read]",
		"kind": "personal_token", "text": "basic authentication", "ok": "true", "token_id": "0f8fad5b", "err": "open token: no such file",
	} {
		if s := fmt.Sprint(got[key]); s != want {
			t.Errorf("%s = %q, want %q", key, s, want)
		}
	}
}

// One call is one line, whatever is in it.
func TestLoggerControlCharacters(t *testing.T) {
	t.Parallel()
	evil := "a\r\nlevel=ERROR msg=forged\x00\x1b[2J\x7f\u0085\u009b31m\u202e\u2028\xff"
	for _, format := range []string{telemetry.JSON, telemetry.Text} {
		var b bytes.Buffer
		l := telemetry.NewLogger(&b, telemetry.LogOptions{Format: format})
		l.Info(evil, "path", evil, "err", errors.New(evil), "list", []string{evil}) //nolint:sloglint // the message is hostile as well
		line := strings.TrimSuffix(b.String(), "\n")
		for _, r := range line {
			if r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x202e || r == 0x2028 {
				t.Errorf("%s: %U is in %q", format, r, line)
			}
		}
	}
}

func TestRedactQuery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"a=1&b=2", "a=1&b=2"},
		{"api_key=x&b=2", "api_key=[redacted]&b=2"},
		{"b=2&API-Key=x", "b=2&API-Key=[redacted]"},
		{"api%5Fkey=x", "api%5Fkey=[redacted]"},
		{"%61uth_pwd=x;apikey=y", "%61uth_pwd=[redacted];apikey=[redacted]"},
		{"auth_token=x&access_token=y&login=z&password=&token", "auth_token=[redacted]&access_token=[redacted]&login=[redacted]&password=&token"},
		{"%zz=x&q=%zz", "%zz=[redacted]&q=[redacted]"},
		{"q=spk_0123456789abcdefABCDEF", "q=[redacted]"},
		{"q=sp%6B_0123456789abcdefABCDEF", "q=[redacted]"},
	} {
		if got := telemetry.RedactQuery(tt.in); got != tt.want {
			t.Errorf("RedactQuery(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"https://u:pw@a.example/p?token=x&y=1#frag", "https://u:[redacted]@a.example/p?token=[redacted]&y=1"},
		{"http://[::1", "[redacted]"},
	} {
		if got := telemetry.RedactURL(tt.in); got != tt.want {
			t.Errorf("RedactURL(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func access() *telemetry.Access {
	return &telemetry.Access{
		Decision: &sallyport.Decision{
			Reason: sallyport.PermissionMissing, RequestID: "q83vEjRWeJq83vEjRWeJqw", Revision: 42, API: "orders", Route: "list",
			Principal: &sallyport.Principal{ID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", Login: "alice"}, CredentialKind: sallyport.PersonalToken,
			Credential: sallyport.UUID{1, 2}, Tenant: "7d444840-9dc0-41d1-b245-5ffdce74fad2",
		},
		Time: time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC), Took: 1500 * time.Nanosecond,
		Method: "GET", Path: "/orders/1", Status: 403, Client: netip.MustParseAddr("::ffff:192.0.2.7"),
	}
}

func pseudonym(string) string { return "0123456789ab" }

func TestAccessLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	telemetry.NewAccessLog(&b, pseudonym).Write(access())
	want := `{"time":"2030-01-02T03:04:05.000006Z","msg":"access","request_id":"q83vEjRWeJq83vEjRWeJqw","user":"0123456789ab",` +
		`"credential":"01020000-0000-0000-0000-000000000000","credential_kind":"personal_token","client":"192.0.2.7","api":"orders","route":"list",` +
		`"tenant":"7d444840-9dc0-41d1-b245-5ffdce74fad2","method":"GET","path":"/orders/1","decision":"deny","reason":"permission_missing",` +
		`"status":403,"duration_us":1,"revision":42}` + "\n"
	if got := b.String(); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestAccessLogHostile(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/a\"\\\r\n{}\x00\x7f\u009b\u202e\xff/é/😀", "/" + strings.Repeat("a", 9000), "/spp_0123456789abcdefABCDEF0"} {
		var b bytes.Buffer
		a := access()
		a.Path, a.Method = path, path
		a.Decision.Allowed, a.Decision.Principal, a.Client = true, nil, netip.Addr{}
		telemetry.NewAccessLog(&b, pseudonym).Write(a)
		var got struct{ Path, User, Decision, Reason string }
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Errorf("%q: %v in %s", path, err, b.String())
		}
		for _, c := range b.Bytes()[:b.Len()-1] {
			if c < ' ' || c > '~' {
				t.Errorf("%q: byte %#x in the line", path, c)
			}
		}
		if b.Len() > 1500 || got.User != "" || got.Decision != "allow" || got.Reason != "" || strings.Contains(got.Path, "0123456789abcdefABCDEF0") {
			t.Errorf("%q: %s", path, b.String())
		}
	}
}

func TestAccessLogRoundTrip(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	a := access()
	a.Path = "/é/😀/\t"
	telemetry.NewAccessLog(&b, pseudonym).Write(a)
	var got struct{ Path string }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Path != a.Path {
		t.Errorf("path %q, want %q (%v)", got.Path, a.Path, err)
	}
}

func TestHotPathAllocates(t *testing.T) {
	a := access()
	l := telemetry.NewAccessLog(discard{}, pseudonym)
	m := telemetry.NewMetrics(telemetry.Build{})
	m.Know("orders")
	d := &sallyport.Decision{Allowed: true}
	if n := testing.AllocsPerRun(100, func() { m.API("orders").Decided(d); m.API("orders").Denied(sallyport.RouteUnknown) }); n != 0 {
		t.Errorf("counting a decision allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { l.Write(a) }); n > 4 {
		t.Errorf("an access line allocates %v times", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics(telemetry.Build{Version: "v1", Commit: "abc"})
	m.Know("orders", "stock", "other", "")
	orders := m.API("orders")
	orders.Decided(&sallyport.Decision{Allowed: true})
	orders.Decided(&sallyport.Decision{Reason: sallyport.CredentialMissing})
	orders.Denied(sallyport.StoreUnavailable)
	orders.Denied("made_up")
	orders.Took(3 * time.Microsecond)
	orders.Upstream(204, time.Millisecond)
	orders.Upstream(0, time.Millisecond)
	orders.Upstream(999, time.Millisecond)
	for i := range 100 {
		m.API(sallyport.APIName(fmt.Sprint("scan-", i))).Denied(sallyport.APIUnknown)
	}
	if err := m.Watch(telemetry.Sources{StoreUp: func() float64 { return 1 }, AuditDropped: func() float64 { return 7 }}); err != nil {
		t.Fatal(err)
	}
	if err := m.Watch(telemetry.Sources{StoreUp: func() float64 { return 1 }}); err == nil {
		t.Error("the same source twice")
	}
	got := scrape(t, m.Handler())
	for _, want := range []string{
		`sallyport_decisions_total{api="orders",outcome="allow",reason="none"} 1`,
		`sallyport_decisions_total{api="orders",outcome="deny",reason="credential_missing"} 1`,
		`sallyport_decisions_total{api="orders",outcome="error",reason="store_unavailable"} 1`,
		`sallyport_decisions_total{api="orders",outcome="error",reason="internal_fault"} 1`,
		`sallyport_decisions_total{api="other",outcome="deny",reason="api_unknown"} 100`,
		`sallyport_decision_seconds_bucket{api="orders",le="5e-06"} 1`,
		`sallyport_upstream_requests_total{api="orders",class="2xx"} 1`,
		`sallyport_upstream_requests_total{api="orders",class="error"} 2`,
		`sallyport_upstream_seconds_count{api="orders"} 3`,
		`sallyport_build_info{commit="abc",go="go1`,
		`sallyport_store_up 1`,
		`sallyport_audit_dropped_total 7`,
		`go_goroutines`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, "scan-") || strings.Contains(got, "made_up") {
		t.Error("a label has a value from a request")
	}
	m.Know("stock")
	if got := scrape(t, m.Handler()); strings.Contains(got, `api="orders"`) || !strings.Contains(got, `api="stock"`) {
		t.Error("Know does not forget what is gone, or forgets what is not")
	}
}

func TestMetricsBound(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics(telemetry.Build{})
	names := make([]sallyport.APIName, 1200)
	for i := range names {
		names[i] = sallyport.APIName(fmt.Sprint("api-", i))
	}
	m.Know(names...)
	if m.API("api-999") == m.API("nobody") {
		t.Error("api-999 has no labels of its own")
	}
	if m.API("api-1000") != m.API("nobody") {
		t.Error("more than 1,000 APIs have labels of their own")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	get := func(h http.Handler) (int, string) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		return rec.Code, strings.TrimSpace(rec.Body.String())
	}
	ok := telemetry.Check{Name: "policy", Run: func(context.Context) error { return nil }}
	bad := telemetry.Check{Name: "store", Run: func(context.Context) error { return sallyport.ErrUnavailable(errors.New("dial 10.0.0.7")) }}
	raw := telemetry.Check{Name: "keys", Run: func(context.Context) error { return errors.New("open /etc/key") }}
	for _, tt := range []struct {
		name   string
		h      http.Handler
		status int
		body   string
	}{
		{"health", telemetry.Healthz(), 200, `{"status":"ok"}`},
		{"ready", telemetry.Readyz(ok), 200, `{"status":"ready","checks":[{"name":"policy","status":"ok"}]}`},
		{"not ready", telemetry.Readyz(ok, bad, raw), 503, `{"status":"not ready","checks":[{"name":"policy","status":"ok"},` +
			`{"name":"store","status":"failed","error":"the store does not answer; try again"},{"name":"keys","status":"failed"}]}`},
	} {
		if status, body := get(tt.h); status != tt.status || body != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, body, tt.status, tt.body)
		}
	}
}

// A check that hangs is started once, however often readiness is asked for, and
// again only after it ended.
func TestReadyzHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var starts atomic.Int32
		release := make(chan struct{})
		h := telemetry.Readyz(telemetry.Check{Name: "store", Run: func(context.Context) error {
			starts.Add(1)
			<-release
			return nil
		}})
		get := func(want int, body string) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
			if rec.Code != want || !strings.Contains(rec.Body.String(), body) {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		for range 3 {
			get(503, "took too long")
		}
		if starts.Load() != 1 {
			t.Errorf("started %d times while it hung", starts.Load())
		}
		close(release)
		synctest.Wait()
		get(200, "ready")
		if starts.Load() != 2 {
			t.Errorf("started %d times", starts.Load())
		}
	})
}

func FuzzScrub(f *testing.F) {
	f.Add("Bearer abcDEF123456", "password=x")
	f.Add("://u:p@h", "spp_0123456789abcdef")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{telemetry.Scrub(a + b), telemetry.RedactQuery(a + "=" + b), telemetry.RedactURL(a + b)} {
			if strings.ContainsAny(s, "\u2028\u202e\u009b\x7f") {
				t.Errorf("%q disturbs", s)
			}
		}
		const canary = "Canary7Canary7Canary7"
		if strings.Contains(telemetry.Scrub(a+" spp_"+canary+" "+b), canary) {
			if len(a) < 8<<10 {
				t.Errorf("%q hides a secret", a)
			}
		}
	})
}

func BenchmarkRequestID(b *testing.B) {
	var g telemetry.RequestIDs
	b.ReportAllocs()
	for b.Loop() {
		g.New()
	}
}

func BenchmarkDecided(b *testing.B) {
	m := telemetry.NewMetrics(telemetry.Build{})
	m.Know("orders")
	a, d := m.API("orders"), &sallyport.Decision{Allowed: true}
	b.ReportAllocs()
	for b.Loop() {
		a.Decided(d)
	}
}

func BenchmarkAccessLog(b *testing.B) {
	l := telemetry.NewAccessLog(discard{}, pseudonym)
	a := access()
	b.ReportAllocs()
	for b.Loop() {
		l.Write(a)
	}
}
