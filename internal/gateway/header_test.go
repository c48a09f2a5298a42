package gateway_test

import (
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// forged are spellings of who one is, or of which request this is, that a client
// may try.
var forged = []string{
	"X-Sallyport-User", "X-SALLYPORT-USER", "x-sallyport-user", "X_Sallyport_User", "X-Sallyport_User", "x.sallyport.user",
	"X-Sallyport-User-Id", "X-Sallyport-Kind", "X-Sallyport-Tenant", "X-Sallyport-Realm", "X-Sallyport-Credential",
	"X-Sallyport-Route", "X-Sallyport-Revision", "X-Sallyport-Assertion", "X-Sallyport-Anything",
	"Remote-User", "Remote_User", "X-Remote-User", "X-Forwarded-User", "X-Auth-Request-User", "X-Authenticated-Userid",
	"X-Webauth-User", "X-Consumer-Username", "X-Userinfo", "Client-Cert", "X-Ssl-Client-S-Dn",
	"X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Original-URI",
	"X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Original-Forwarded-For", "X-Cluster-Client-IP",
	"X-9r-Real-Ip", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Port", "Forwarded",
	"X_Tenant_Id", "x.tenant.id", "X-Tenant_Id", "Tenant_Id", "Proxy", "Expect_", "HTTP2-Settings",
}

func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	_, token := reader(k)
	for _, route := range []string{"/orders/items", "/orders/pub/x", "/orders/open/x"} {
		for _, name := range forged {
			reply := get(t, k, route, name+": root", "Authorization: Bearer "+token)
			seen := u.Take()
			if len(seen) == 0 && reply.Status == 400 {
				continue // net/http does not take such a name at all
			}
			if len(seen) != 1 {
				t.Fatalf("%s with %s was answered %d", route, name, reply.Status)
			}
			for _, line := range seen[0].Headers {
				if strings.HasSuffix(line, ": root") {
					t.Errorf("%s: %s: root reached the upstream as %q", route, name, line)
				}
			}
			user := "alice"
			if route == "/orders/open/x" {
				user = "-"
			}
			if got := seen[0].Header(doors.HeaderUser); !slices.Equal(got, []string{user}) {
				t.Errorf("%s with %s: %s is %q, want %q", route, name, doors.HeaderUser, got, user)
			}
		}
	}
}

// What a client lists in Connection goes, but not what we set, and not what the
// decision was taken on.
func TestConnectionCannotListAway(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	_, token := reader(k)
	list := []string{
		"close", "X-Forwarded-For", "x-forwarded-proto", "X-Real-Ip", "Authorization", "Cookie", "X-Tenant-Id",
		"Content-Type", "X-Dropped", "X-Request-Id", "host",
	}
	for _, name := range doors.IdentityHeaders {
		list = append(list, name)
	}
	reply := get(t, k, "/orders/items", "connection: "+strings.Join(list, ", "), "X-Dropped: 1", "X-Kept: 1",
		"Content-Type: text/x-mine", "X-Tenant-Id: "+string(doorstest.Tenant), "Authorization: Bearer "+token)
	if reply.Status != 200 {
		t.Fatalf("answered %d %s", reply.Status, reply.Body)
	}
	s := sole(t, u)
	for _, name := range doors.IdentityHeaders {
		if len(s.Header(name)) != 1 || s.Get(name) == "" {
			t.Errorf("%s was listed away: %q", name, s.Header(name))
		}
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Tenant-Id": string(doorstest.Tenant), "X-Kept": "1",
		"X-Dropped": "", "Content-Type": "text/x-mine", "Authorization": "", "Host": u.Addr,
	} {
		if got := s.Get(name); got != want {
			t.Errorf("the upstream got %s: %q, want %q", name, got, want)
		}
	}
}

func TestForwardedFor(t *testing.T) {
	t.Parallel()
	u := gatewaytest.NewUpstream(t)
	trusting := gatewaytest.Start(t, gatewaytest.Options{Gateway: gateway.Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}, ProxyDepth: 2,
	}}, everything(u.URL))
	wary := gatewaytest.Start(t, gatewaytest.Options{}, everything(u.URL))
	for _, tt := range []struct {
		name    string
		k       *gatewaytest.Kit
		headers []string
		want    map[string]string
	}{
		{"no proxy is trusted", wary, []string{
			"X-Forwarded-For: 127.0.0.1, 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test",
			`Forwarded: for=127.0.0.1;host=evil;proto=https`, "X-Request-Id: chosen-by-a-client",
		}, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "api.test", "Forwarded": "",
		}},
		{"one is", trusting, []string{"X-Forwarded-For: 6.6.6.6, 192.0.2.7", "X-Forwarded-Proto: https", "X-Request-Id: given-by-the-proxy"}, map[string]string{
			"X-Forwarded-For": "192.0.2.7, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Request-Id": "given-by-the-proxy",
		}},
		{"two are", trusting, []string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.7, 10.1.1.1"}, map[string]string{
			"X-Forwarded-For": "192.0.2.7, 127.0.0.1",
		}},
		{"one says nonsense", trusting, []string{"X-Forwarded-For: 192.0.2.7, unknown", "X-Forwarded-Proto: gopher"}, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
		}},
	} {
		if reply := get(t, tt.k, "/x", tt.headers...); reply.Status != 200 {
			t.Fatalf("%s: answered %d %s", tt.name, reply.Status, reply.Body)
		}
		s := sole(t, u)
		for name, want := range tt.want {
			if got := strings.Join(s.Header(name), "|"); got != want {
				t.Errorf("%s: the upstream got %s: %q, want %q", tt.name, name, got, want)
			}
		}
		if s.Get("X-Request-Id") == "chosen-by-a-client" {
			t.Errorf("%s: a client chose its request id", tt.name)
		}
	}
}

// No way of sending a credential lets the upstream see it, unless the API says
// so.
func TestCredentialIsCut(t *testing.T) {
	t.Parallel()
	for _, forwarded := range []bool{false, true} {
		t.Run(fmt.Sprintf("forward_credentials=%v", forwarded), func(t *testing.T) {
			t.Parallel()
			k, u := start(t, func(base string) sallyport.API {
				api := orders(base)
				api.Upstream.ForwardCredentials = forwarded
				return api
			})
			_, token := reader(k)
			k.User("carol", "a long password of hers", k.Role("other", ordersRead))
			basic := base64.StdEncoding.EncodeToString([]byte("carol:a long password of hers"))
			for _, tt := range []struct {
				name, secret, raw string
				kept              string // of what was beside it
			}{
				{"bearer", token, "GET /orders/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\n\r\n", ""},
				{"basic", basic, "GET /orders/items HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + basic + "\r\n\r\n", ""},
				{"a header", token, "GET /orders/items HTTP/1.1\r\nHost: a\r\nx-api-key: " + token + "\r\n\r\n", ""},
				{"the query", token, "GET /orders/items?a=%zz&api_key=" + token + "&b=+ HTTP/1.1\r\nHost: a\r\n\r\n", "?a=%zz&b=+ "},
				{"the query, escaped", token, "GET /orders/items?%61pi%5Fkey=" + token + " HTTP/1.1\r\nHost: a\r\n\r\n", "/orders/items HTTP"},
				{"a cookie", token, "GET /orders/items HTTP/1.1\r\nHost: a\r\nCookie: a=1; sid=" + token + "; b=2\r\n\r\n", "a=1; b=2"},
				{"a form", token, post("application/x-www-form-urlencoded", "x=%zz&token="+token+"&y=+1"), "x=%zz&y=+1"},
				{"a multipart form", token, post("multipart/form-data; boundary=cut", parts("cut", "x", "1", "token", token, "y", "2")), parts("cut", "x", "1", "y", "2")},
				{"an ignored cookie", "c00kie", "GET /orders/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\nCookie: sid=c00kie\r\n\r\n", ""},
				{"where nobody looks", "unseen", "GET /orders/open/x?api_key=unseen&k=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer unseen\r\nX-Api-Key: unseen\r\nCookie: sid=unseen\r\n\r\n", ""},
				{"our own sessions", "0urs", "GET /orders/open/x HTTP/1.1\r\nHost: a\r\nCookie: __Host-sp_session=0urs; sp_session=0urs; k=v\r\n\r\n", "k=v"},
			} {
				if reply := one(t, k, tt.raw); reply.Status != 200 {
					t.Errorf("%s: answered %d %s", tt.name, reply.Status, reply.Body)
					continue
				}
				s := sole(t, u)
				wire := s.Line + "\n" + strings.Join(s.Headers, "\n") + "\n" + s.Body
				want := forwarded && tt.name != "our own sessions"
				if got := strings.Contains(wire, tt.secret); got != want {
					t.Errorf("%s: the upstream saw the credential: %v, want %v\n%s", tt.name, got, want, wire)
				}
				if !forwarded && !strings.Contains(wire, tt.kept) {
					t.Errorf("%s: %q did not reach the upstream\n%s", tt.name, tt.kept, wire)
				}
			}
		})
	}
}

func post(contentType, body string) string {
	return fmt.Sprintf("POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
}

// parts is a multipart form of names and values.
func parts(boundary string, pairs ...string) string {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(boundary); err != nil {
		return ""
	}
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			return ""
		}
	}
	if err := w.Close(); err != nil {
		return ""
	}
	return b.String()
}

// A form that another program could read otherwise is not forwarded.
func TestFormsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	_, token := reader(k)
	head := "POST /orders/items/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\n"
	for _, tt := range []struct {
		name, raw string
		status    int
	}{
		{"in a content coding", head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\na=1", 400},
		{"without its boundary", head + "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\na=1", 400},
		{"of two types", head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na=1", 400},
		{"too large", head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2000000\r\n\r\na=1", 413},
	} {
		if reply := one(t, k, tt.raw); reply.Status != tt.status || len(u.Take()) != 0 {
			t.Errorf("a form %s: answered %d %s, want %d", tt.name, reply.Status, reply.Body, tt.status)
		}
	}
}

// A login is anything but ASCII; what the upstream reads is one line of it.
func TestNameInHeader(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	_, token := k.Token(k.User("ünï, côde", "", k.Role("reader", ordersRead)))
	get(t, k, "/orders/items", "Authorization: Bearer "+token)
	if got := sole(t, u).Header(doors.HeaderUser); len(got) != 1 || got[0] != "%C3%BCn%C3%AF%2C%20c%C3%B4de" {
		t.Errorf("%s is %q", doors.HeaderUser, got)
	}
}

// What belongs to neither identity nor framing passes as it came.
func TestOtherHeadersPass(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	passing := []string{
		"Accept-Encoding: gzip, br;q=0.5", "Range: bytes=0-1", "If-Range: \"x\"", "If-None-Match: W/\"y\"", "X-Latin: \xe9t\xe9",
		"Accept: a", "Accept: b", "Referer: http://x/?y", "Te: trailers",
	}
	get(t, k, "/orders/pub/x", passing...)
	s := sole(t, u)
	for _, line := range passing {
		if !slices.Contains(s.Headers, line) {
			t.Errorf("%q did not pass: %q", line, s.Headers)
		}
	}
	for _, name := range []string{"User-Agent", "Content-Length", "Transfer-Encoding", "Connection", "Trailer"} {
		if got := s.Header(name); len(got) != 0 {
			t.Errorf("%s: %q was added", name, got)
		}
	}
}
