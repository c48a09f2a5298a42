package gateway_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// answerWith has an upstream answer everything with these header lines.
func answerWith(u *gatewaytest.Upstream, status string, headers ...string) {
	u.Answer = func(gatewaytest.Seen) string {
		return "HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n" + lines(headers) + "\r\nok"
	}
}

func TestAnswerHeaders(t *testing.T) {
	t.Parallel()
	k, u := start(t, orders)
	_, token := reader(k)
	bearer := "Authorization: Bearer " + token
	const vary = "Authorization, Cookie, X-Api-Key, X-Tenant-Id"
	for _, tt := range []struct {
		name    string
		target  string
		answers []string
		want    map[string]string // values joined with "|"; empty: not there
	}{
		{"nothing said", "/orders/items", nil, map[string]string{"Cache-Control": "private", "Vary": vary}},
		{"shared", "/orders/items", []string{"Cache-Control: public, max-age=60, s-maxage=600", "CDN-Cache-Control: max-age=60", "Surrogate-Control: x"}, map[string]string{
			"Cache-Control": "private, max-age=60", "Cdn-Cache-Control": "", "Surrogate-Control": "",
		}},
		{"on two lines", "/orders/items", []string{"Cache-Control: PUBLIC", "Cache-Control: max-age=60, no-cache"}, map[string]string{"Cache-Control": "private, max-age=60, no-cache"}},
		{"private", "/orders/items", []string{"Cache-Control: Private, max-age=9"}, map[string]string{"Cache-Control": "Private, max-age=9"}},
		{"stronger", "/orders/items", []string{"Cache-Control: no-store"}, map[string]string{"Cache-Control": "no-store"}},
		{"private for one field", "/orders/items", []string{`Cache-Control: private="x-a", max-age=9`}, map[string]string{"Cache-Control": `private, private="x-a", max-age=9`}},
		{"its own Vary", "/orders/items", []string{"Vary: Accept, cookie"}, map[string]string{"Vary": "Accept, cookie|Authorization, X-Api-Key, X-Tenant-Id"}},
		{"Vary on everything", "/orders/items", []string{"Vary: *"}, map[string]string{"Vary": "*"}},
		{"to nobody", "/orders/open/x", []string{"Cache-Control: public, max-age=60"}, map[string]string{"Cache-Control": "public, max-age=60", "Vary": ""}},
		{"our names", "/orders/items", []string{"X-Sallyport-User: root", "x_sallyport_user: root", "X-Sallyport-Revision: 99999", "X-Request-Id: theirs"}, map[string]string{
			"X-Sallyport-User": "", "X_sallyport_user": "",
		}},
		{"our cookies", "/orders/items", []string{
			"Set-Cookie: a=1; Path=/", "Set-Cookie: __Host-sp_session=x; Path=/", "Set-Cookie: sp_session =x", "Set-Cookie: SP_SESSION=", "Set-Cookie: sp_session_other=2", "Set-Cookie: sid=theirs; Path=/; HttpOnly",
		}, map[string]string{"Set-Cookie": "a=1; Path=/|sp_session_other=2"}},
		{"hop by hop", "/orders/items", []string{"Connection: X-Hop", "X-Hop: 1", "Keep-Alive: 5", "X-End: 2", "Server: theirs"}, map[string]string{
			"X-Hop": "", "Keep-Alive": "", "X-End": "2", "Server": "theirs",
		}},
	} {
		answerWith(u, "200 OK", tt.answers...)
		reply := get(t, k, tt.target, bearer)
		for name, want := range tt.want {
			if got := strings.Join(reply.Header[name], "|"); got != want {
				t.Errorf("%s: %s: %q, want %q", tt.name, name, got, want)
			}
		}
		if id := reply.Header["X-Request-Id"]; len(id) != 1 || id[0] == "theirs" {
			t.Errorf("%s: the request id is %q", tt.name, id)
		}
		if revision := reply.Header["X-Sallyport-Revision"]; len(revision) != 1 || revision[0] == "99999" || revision[0] == "0" {
			t.Errorf("%s: the revision is %q", tt.name, revision)
		}
	}
}

// The upstream's own answers are its own: who may ask here may still be refused
// there, and where it sends him is not looked at.
func TestUpstreamStatusPasses(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	for _, tt := range []struct{ status, header string }{
		{"401 Unauthorized", "WWW-Authenticate: Negotiate"},
		{"302 Found", "Location: http://elsewhere.test/x"},
		{"418 I'm a teapot", "X-Tea: 1"},
		{"503 Service Unavailable", "Retry-After: 7"},
	} {
		answerWith(u, tt.status, tt.header)
		reply := get(t, k, "/x")
		name, value, _ := strings.Cut(tt.header, ": ")
		if reply.Status != atoi(tt.status) || reply.Header.Get(name) != value || reply.Body != "ok" {
			t.Errorf("%s became %d %v %q", tt.status, reply.Status, reply.Header, reply.Body)
		}
		u.Take()
	}
}

func atoi(status string) int {
	n := 0
	for _, c := range status[:3] {
		n = 10*n + int(c-'0')
	}
	return n
}

func TestHead(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	u.Answer = func(gatewaytest.Seen) string { return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n" }
	c := gatewaytest.Dial(t, k.Addr)
	reply := exchange(t, c, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD")
	if reply.Status != 200 || reply.Header.Get("Content-Length") != "1234" {
		t.Errorf("the answer is %v", reply)
	}
	if s := sole(t, u); !strings.HasPrefix(s.Line, "HEAD ") {
		t.Errorf("the upstream was asked %q", s.Line)
	}
}

// Answers before the answer pass, without names of ours in them.
func TestInformationalAnswers(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	u.Answer = func(gatewaytest.Seen) string {
		return "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nX-Sallyport-User: root\r\n\r\n" + gatewaytest.OK
	}
	replies, closed := gatewaytest.Send(t, k.Addr, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 3)
	if len(replies) != 2 || replies[0].Status != 103 || replies[1].Status != 200 {
		t.Fatalf("the answers are %v", replies)
	}
	if replies[0].Header.Get("Link") == "" || replies[0].Header.Get("X-Sallyport-User") != "" {
		t.Errorf("the hints are %v", replies[0].Header)
	}
	if !closed {
		t.Error("after hints the connection of a chunked request went on")
	}
}

func TestAnswerTrailers(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	for _, announced := range []string{"", "Trailer: X-Sum, X-Sallyport-User\r\n"} {
		u.Answer = func(gatewaytest.Seen) string {
			return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + announced + "\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nX-Sallyport-User: root\r\nRemote-User: root\r\n\r\n"
		}
		reply := get(t, k, "/x")
		if reply.Body != "ok" || reply.Trailer.Get("X-Sum") != "7" {
			t.Errorf("announced %q: the answer is %q with trailers %v", announced, reply.Body, reply.Trailer)
		}
		if len(reply.Trailer) != 1 {
			t.Errorf("announced %q: the trailers are %v", announced, reply.Trailer)
		}
	}
}
