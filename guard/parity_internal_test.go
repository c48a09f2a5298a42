package guard

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A verdict is what must be the same wherever a request is decided on.
type verdict struct {
	Allowed bool
	Reason  sallyport.Reason
	Subject sallyport.PrincipalID
	Tenant  sallyport.TenantID
	Route   string
}

func verdictOf(d *sallyport.Decision) verdict {
	v := verdict{Allowed: d.Allowed, Reason: d.Reason, Tenant: d.Tenant, Route: d.Route}
	if d.Principal != nil {
		v.Subject = d.Principal.ID
	}
	return v
}

const otherTenant sallyport.TenantID = "0b9f2f0e-6f8e-4c51-9d5e-2f0a4b1c7d33"

// parityAPI is an API with all that decisions can depend on.
func parityAPI(upstream string) sallyport.API {
	tenant := &sallyport.Selector{From: "header", Name: "X-Tenant-Id"}
	return sallyport.API{
		Name: "orders", BasePath: "/orders", Aliases: []string{"/o"}, Upstream: sallyport.Upstream{URL: upstream}, Tenant: tenant,
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierHeader, Name: "X-Api-Key"},
			{In: sallyport.CarrierQuery, Name: "api_key"},
			{In: sallyport.CarrierForm, Name: "token"},
			{In: sallyport.CarrierCookie, Name: "sid"},
		},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "read", Permissions: []string{"read"}}},
		Routes: []sallyport.Route{
			{ID: "list", Methods: []string{"GET"}, Path: "/items", AnyOf: []string{"read"}},
			{ID: "one", Methods: []string{"GET", "POST"}, Path: "/items/{id}", AnyOf: []string{"read"}},
			{ID: "write", Methods: []string{"POST", "DELETE"}, Path: "/items", AllOf: []string{"read", "write"}},
			{ID: "me", Methods: []string{"GET"}, Path: "/me", Authenticated: true},
			{ID: "public", Methods: []string{"*"}, Path: "/pub/{rest...}", Public: true},
			{ID: "open", Methods: []string{"*"}, Path: "/open", Public: true, IgnoreCredentials: true},
			{ID: "op-read", Methods: []string{"POST"}, Path: "/op", AnyOf: []string{"read"}, Parameter: &sallyport.Parameter{In: "form", Name: "op", Value: "read"}},
			{ID: "op-write", Methods: []string{"POST"}, Path: "/op", AnyOf: []string{"write"}, Parameter: &sallyport.Parameter{In: "form", Name: "op", Value: "write"}},
		},
	}
}

// generator draws requests from pieces that make a difference.
type generator struct {
	random      *rand.Rand
	credentials []string // header lines, queries behind a "?", or fields behind a "&"
}

func (g *generator) pick(from ...string) string { return from[g.random.IntN(len(from))] }

// raw returns one request as it is on the wire.
func (g *generator) raw() string {
	method := g.pick("GET", "GET", "GET", "POST", "POST", "DELETE", "PUT", "HEAD", "get", "TRACE")
	target := g.pick("/orders", "/orders", "/orders", "/orders", "/o", "", "/Orders", "/%6frders", "http://x/orders", "/none") +
		g.pick("/items", "/items", "/items/1", "/items/%2e%2e", "/items/%c3%a9", "/items/", "/items//1", "/me", "/pub/x", "/open", "/op", "/op", "/none", "/it%65ms", "/items;x")
	headers, query, fields := "", "", "op="+g.pick("read", "write", "none", "read&op=write")
	for range g.random.IntN(5) / 2 {
		switch c := g.credentials[g.random.IntN(len(g.credentials))]; c[0] {
		case '?':
			query += "&" + c[1:]
		case '&':
			fields += c
		default:
			headers += c + "\r\n"
		}
	}
	if g.random.IntN(4) == 0 {
		headers += "X-Tenant-Id: " + g.pick(string(doorstest.Tenant), string(otherTenant), strings.ToUpper(string(doorstest.Tenant)), "x", "", "*") + "\r\n"
	}
	if g.random.IntN(8) == 0 {
		headers += g.pick("X-Sallyport-User: root", "X_Tenant_Id: x", "Connection: Authorization, X-Tenant-Id", "X-Forwarded-For: 10.0.0.1",
			"X-HTTP-Method-Override: GET", "Upgrade: websocket", "Origin: http://evil.test") + "\r\n"
	}
	if query += g.pick("", "", "&op=read", "&access_token=x", "&a=1;b=2"); query != "" {
		target += "?" + query[1:]
	}
	if method == "POST" {
		headers += "Content-Type: " + g.pick("application/x-www-form-urlencoded", "application/x-www-form-urlencoded", "text/plain") + "\r\n"
		headers += fmt.Sprintf("Content-Length: %d\r\n", len(fields))
	} else {
		fields = ""
	}
	return method + " " + target + " HTTP/1.1\r\nHost: " + g.pick("api.test", "API.test:80", "127.0.0.1") + "\r\n" + headers + "\r\n" + fields
}

// accessLog keeps the verdicts that the gateway logs.
type accessLog struct {
	mu    sync.Mutex // guards lines
	lines map[string]verdict
}

func (l *accessLog) Write(line []byte) (int, error) {
	var m struct {
		ID       string                `json:"request_id"`
		Decision string                `json:"decision"`
		Reason   sallyport.Reason      `json:"reason"`
		User     sallyport.PrincipalID `json:"user"`
		Tenant   sallyport.TenantID    `json:"tenant"`
		Route    string                `json:"route"`
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[m.ID] = verdict{Allowed: m.Decision == "allow", Reason: m.Reason, Subject: m.User, Tenant: m.Tenant, Route: m.Route}
	return len(line), nil
}

func (l *accessLog) of(t *testing.T, id string) verdict {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // it is written behind the answer
		l.mu.Lock()
		v, ok := l.lines[id]
		l.mu.Unlock()
		if ok || time.Now().After(deadline) {
			return v
		}
	}
}

// The same request gets the same verdict from the gateway, from the doors and from
// the guard; and what it is answered says so.
func TestParity(t *testing.T) {
	t.Parallel()
	const requests = 2000
	upstream := gatewaytest.NewUpstream(t)
	log := &accessLog{lines: map[string]verdict{}}
	k := gatewaytest.Start(t, gatewaytest.Options{
		Gateway: gateway.Config{Access: telemetry.NewAccessLog(log, func(id string) string { return id })},
	}, parityAPI(upstream.URL))
	g := before(k.Doors, &Config{Now: time.Now})
	guarded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dec := g.Decide(r)
		told, _ := json.Marshal(verdictOf(&dec))
		w.Header().Set("X-Verdict", string(told))
		g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			inside, _ := DecisionFrom(r.Context())
			if verdictOf(&inside) != verdictOf(&dec) {
				t.Errorf("inside the decision is %+v, outside %+v", inside, dec)
			}
		})).ServeHTTP(w, r)
	}))
	t.Cleanup(guarded.Close)

	gen := &generator{random: rand.New(rand.NewPCG(1, 2)), credentials: credentials(k)}
	outcomes := map[sallyport.Reason]int{}
	for range requests {
		raw := gen.raw()
		want := decided(t, k, raw)
		outcomes[want.Reason]++

		reply := gatewaytest.Ask(t, k.Addr, raw)
		if got := log.of(t, reply.Header.Get("X-Request-Id")); got != want {
			t.Errorf("%q\ngateway: %+v\nwant:    %+v", raw, got, want)
		}
		gatewayStatus := reply.Status
		reply = gatewaytest.Ask(t, strings.TrimPrefix(guarded.URL, "http://"), raw)
		var got verdict
		if err := json.Unmarshal([]byte(reply.Header.Get("X-Verdict")), &got); err != nil || got != want {
			t.Errorf("%q\nguard: %+v, %v\nwant:  %+v", raw, got, err, want)
		}
		status := 200
		if !want.Allowed {
			status = want.Reason.Status()
		}
		if gatewayStatus != status || reply.Status != status {
			t.Errorf("%q was answered %d by the gateway and %d by the guard, want %d", raw, gatewayStatus, reply.Status, status)
		}
	}
	if outcomes[""] < requests/20 || len(outcomes) < 12 {
		t.Errorf("the requests were too much alike: %v", outcomes)
	}
}

// decided has the doors decide, from what any reader of HTTP makes of the bytes.
func decided(t *testing.T, k *gatewaytest.Kit, raw string) verdict {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	dec := k.Doors.Decide(t.Context(), &doors.Request{
		ID: "direct", Method: r.Method, Target: r.RequestURI, Host: r.Host, Scheme: "http", Header: r.Header,
		Client: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Body: func() ([]byte, error) { return body, nil },
	})
	return verdictOf(&dec)
}

// credentials are good and bad ones, on every carrier.
func credentials(k *gatewaytest.Kit) []string {
	k.T.Helper()
	k.Write(otherTenantRow)
	reader, writer := k.Role("reader", "orders/read"), k.Role("writer", "orders/read", "orders/write")
	alice, bob := k.User("alice", "a long password of hers", reader), k.User("bob", "", writer)
	k.Bind(sallyport.Binding{Subject: string(bob), SubjectKind: sallyport.SubjectUser, Role: reader, Tenant: otherTenant})
	_, good := k.Token(alice)
	_, strong := k.Token(bob)
	_, limited := k.Token(bob, "orders/read")
	revoked, dead := k.Token(bob)
	k.Revoke(revoked)
	_, old := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: bob, Expires: k.Clock.Now().Add(-time.Hour)})
	_, far := k.Credential(sallyport.Credential{Kind: sallyport.PersonalToken, Owner: bob, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	gone := k.User("gone", "", writer)
	_, orphan := k.Token(gone)
	k.Deactivate(gone)
	_, key := k.Key("machine", writer)
	_, jwt := k.AccessToken(bob, "orders")
	_, foreign := k.AccessToken(bob, "elsewhere")
	var all []string
	for _, s := range []string{good, strong, limited, key, jwt, good, strong} {
		all = append(all, "Authorization: Bearer "+s)
	}
	for _, s := range []string{dead, old, far, orphan, foreign, "spp_wrong", "", "a b", jwt[:len(jwt)-3] + "abc"} {
		all = append(all, "Authorization: Bearer "+s)
	}
	for _, s := range []string{good, key, "wrong"} {
		all = append(all, "X-Api-Key: "+s, "?api_key="+s, "&token="+s, "Cookie: sid="+s)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("alice:a long password of hers"))
	return append(all, "Authorization: Basic "+basic, "Authorization: bAsIc "+basic, "Authorization: Basic !", "Authorization: Digest x")
}

func otherTenantRow(ctx context.Context, tx *store.Tx) error {
	tx.Note(sallyport.ChangePolicy, "")
	return tx.InsertTenant(ctx, &sallyport.Tenant{ID: otherTenant, Name: "other", State: sallyport.Active})
}
