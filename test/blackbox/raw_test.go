package blackbox_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wire sends bytes on a connection of their own and returns the answers until
// the server closes it. Whoever wants to see that the connection stays open ends
// what he sends with last.
func wire(t testing.TB, address, raw string) (replies []reply) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(conn, raw) }() // the answer may come before the end of it
	r := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			if strings.Contains(err.Error(), "timeout") {
				t.Errorf("%.100q: neither an answer nor an end within %s", raw, patience)
			}
			return replies
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		replies = append(replies, reply{res.StatusCode, res.Header, string(body), err})
	}
}

// last is a request after which the server closes the connection. On a connection
// that is still sound it is answered 401: nobody is told which paths there are.
const last = "GET /last HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n"

// statuses returns the statuses of answers.
func statuses(replies []reply) (all []int) {
	for _, r := range replies {
		all = append(all, r.status)
	}
	return all
}

// A rawCase is what somebody sends, what he gets, and how often the upstream is
// asked.
type rawCase struct {
	name     string
	raw      string
	statuses []int
	upstream int
}

const (
	host   = "Host: api.test\r\n"
	hidden = "GET /pub/hidden HTTP/1.1\r\n" + host + "\r\n"
)

// play sends every case to a node.
func (w *world) play(t *testing.T, cases []rawCase) {
	t.Helper()
	for _, tt := range cases {
		w.up.take()
		replies := wire(t, w.public, tt.raw)
		seen := w.up.take()
		got := statuses(replies)
		if len(got) != len(tt.statuses) || len(seen) != tt.upstream {
			t.Errorf("%s: answers %v and %d requests upstream, want %v and %d", tt.name, got, len(seen), tt.statuses, tt.upstream)
			continue
		}
		for i, want := range tt.statuses {
			if got[i] != want {
				t.Errorf("%s: answers %v, want %v", tt.name, got, tt.statuses)
			}
		}
		for _, a := range seen {
			if strings.Contains(a.target, "hidden") {
				t.Errorf("%s: the hidden request was forwarded", tt.name)
			}
		}
	}
}

// Requests that two servers could read differently, at the real listener.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	post := "POST /pub/x HTTP/1.1\r\n" + host
	key := apiKeyLine(w) // who is nobody is asked for a credential first
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n" }
	w.play(t, []rawCase{
		{"a sound connection", get("/pub/x") + get("/pub/y") + last, []int{200, 200, 401}, 2},
		{"refusals keep the connection", get("/orders/1") + last, []int{401, 401}, 0},

		// Framing.
		{"length and chunked", strings.Replace(post, "POST", "GET", 1) + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []int{200}, 1},
		{"chunked and length", strings.Replace(post, "POST", "GET", 1) + "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n" + hidden, []int{200}, 1},
		{"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, []int{501}, 0},
		{"another coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, []int{501}, 0},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok1", []int{400}, 0},
		{"a length with a sign", post + "Content-Length: +2\r\n\r\nok", []int{400}, 0},
		{"a refusal before the body", "POST /orders/1 HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 400\r\n\r\n" + hidden, []int{401}, 0},
		{"a refusal before the chunks", "POST /orders/1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + hidden, []int{401}, 0},
		{"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}, 0},
		{"no version", "GET /pub/x\r\n\r\n", []int{400}, 0},
		{"another version", "GET /pub/x HTTP/2.0\r\n" + host + "\r\n", []int{505}, 0},
		{"two hosts", "GET /pub/x HTTP/1.1\r\n" + host + "Host: b\r\n\r\n", []int{400}, 0},
		{"no host", "GET /pub/x HTTP/1.1\r\n\r\n", []int{400}, 0},
		{"a host that nobody named", "GET /pub/x HTTP/1.1\r\nHost: rebound.test\r\n\r\nGET /sallyport/ HTTP/1.1\r\nHost: rebound.test:80\r\n\r\n" + last, []int{421, 421, 401}, 0},
		{"a host that nobody named, in the target", "GET http://rebound.test/pub/x HTTP/1.1\r\n" + host + "\r\n" + last, []int{421, 401}, 0},
		{"no host in HTTP/1.0", "GET /pub/x HTTP/1.0\r\n\r\n", []int{400}, 0},
		{"a blank before the colon", "GET /pub/x HTTP/1.1\r\nHost : api.test\r\n\r\n", []int{400}, 0},
		{"NUL in a header", "GET /pub/x HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n\r\n", []int{400}, 0},
		{"an attempt to upgrade to h2c", "GET /pub/x HTTP/1.1\r\n" + host + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + last, []int{200, 401}, 1},
		{"methods that are not for a gateway", "TRACE /pub/x HTTP/1.1\r\n" + host + "\r\n" + "CONNECT /pub/x HTTP/1.1\r\n" + host + "\r\n" + last, []int{405, 405, 401}, 0},
		{"methods that the route does not have", "PROPFIND /pub/x HTTP/1.1\r\n" + key + host + "\r\nget /pub/x HTTP/1.1\r\n" + key + host + "\r\n" + last, []int{405, 405, 401}, 0},
		{"asterisks", "OPTIONS * HTTP/1.1\r\n" + host + "\r\nGET * HTTP/1.1\r\n" + host + "\r\n" + last, []int{400, 400, 401}, 0},
		{"another method by header", "GET /pub/x HTTP/1.1\r\n" + host + "X-HTTP-Method-Override: DELETE\r\n\r\n" + last, []int{200, 401}, 1},

		// Limits.
		{"as many headers as there may be", "GET /pub/x HTTP/1.1\r\n" + host + strings.Repeat("X-A: 1\r\n", 99) + "\r\n" + last, []int{200, 401}, 1},
		{"too many headers", "GET /pub/x HTTP/1.1\r\n" + strings.Repeat("X-A: 1\r\n", 101) + host + "\r\n", []int{431}, 0},
		{"a long target", get("/pub/"+strings.Repeat("a", 9000)) + last, []int{414, 401}, 0},

		// Targets.
		{"an absolute target decides the host", "GET http://api.test/pub/x HTTP/1.1\r\n" + host + "\r\n" + last, []int{200, 401}, 1},
		{"a user in the target", "GET http://u:p@api.test/pub/x HTTP/1.1\r\n" + host + "\r\n" + last, []int{400, 401}, 0},
	})
}

// Paths that a server behind the gateway could read as another one reach nobody,
// whatever the client may.
func TestRawPaths(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	for _, path := range []string{
		"/pub/../admin/x", "/pub/%2e%2e/admin/x", "/pub/.%2e/admin/x", "/pub/%2E./admin/x", "/pub/./x", "/pub/%252e%252e/admin",
		`/pub/..\admin`, "/pub/..%5cadmin", "/pub%5c..%5cadmin", "//pub/x", "/pub//x", "///admin", "/pub//../admin",
		"/admin#/pub", "/pub/x#", "/pub/%23", "/admin%3f/pub", "/pub%3f", "/pub/x%00", "/pub%0a/x", "/pub/%0d%0aX:1", "/pub/%09",
		"/pub/adm\xc4\xb1n", "/pub/%ff", "/pub/%c0%af", "/pub;/x", "/pub/..;/admin", "/pub/%2fx", "/pub%2fx", "/pub/%zz", "/pub/%", "/pub/%4",
		"pub/x", "http:/pub/x",
	} {
		replies := wire(t, in.public, "GET "+path+" HTTP/1.1\r\nConnection: close\r\n"+apiKeyLine(w)+host+"\r\n")
		if got := statuses(replies); len(got) != 1 || got[0] != 400 {
			t.Errorf("%q: %v, want 400", path, got)
		}
		if seen := w.up.take(); len(seen) != 0 {
			t.Errorf("%q reached the upstream as %q", path, seen[0].target)
		}
	}
	for path, want := range map[string]string{
		"/pub/%61bc": "/pub/abc", "/%70ub/x": "/pub/x", "/pub/a%20b": "/pub/a%20b", "/pub/x?a=%2e%2e/": "/pub/x?a=%2e%2e/", "/pub/%e4%bd%a0": "",
	} {
		replies := wire(t, in.public, "GET "+path+" HTTP/1.1\r\nConnection: close\r\n"+host+"\r\n")
		seen := w.up.take()
		if got := statuses(replies); len(got) != 1 || got[0] != 200 || len(seen) != 1 || want != "" && seen[0].target != want {
			t.Errorf("%q: %v %v, want %q upstream", path, got, seen, want)
		}
	}
	// What is not exactly the route of a public path needs a right.
	for _, path := range []string{"/admin/x", "/%61dmin/x", "/admin/", "/admin/x?/pub/", "/admin/%20", "/admin/x.css", "/orders/1/../2x"} {
		replies := wire(t, in.public, "GET "+path+" HTTP/1.1\r\nConnection: close\r\n"+host+"\r\n")
		if got := statuses(replies); len(got) != 1 || got[0] != 401 && got[0] != 400 {
			t.Errorf("%q without a credential: %v", path, got)
		}
		if n := len(w.up.take()); n != 0 {
			t.Errorf("%q reached the upstream", path)
		}
	}
}

func apiKeyLine(w *world) string { return apiKey(w.key) + "\r\n" }

// What a client says about who he is is worth nothing, in any spelling.
func TestRawHeaders(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	forged := []string{
		"X-Sallyport-User: root", "X-SALLYPORT-USER: root", "X_Sallyport_User: root", "X-Sallyport_User: root", "x.sallyport.user: root",
		"X-Sallyport-Assertion: root", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9",
		"X-Client-IP: 203.0.113.9", "True-Client-IP: 203.0.113.9", "CF-Connecting-IP: 203.0.113.9",
		"X-Original-URL: /admin/root", "X-Rewrite-URL: /admin/root", "X-Forwarded-Prefix: /root", "X-Forwarded-Uri: /root",
		"X-HTTP-Method-Override: ROOT", "Connection: close, X-Sallyport-User, X-Forwarded-For, Authorization, X-API-Key",
	}
	for _, tt := range []struct{ path, credential, user string }{
		{"/pub/x", "", ""},
		{"/orders/1", bearer(w.token), "jo"},
		{"/orders/1", apiKey(w.key), "api_key:conveyor"},
	} {
		head := "GET " + tt.path + " HTTP/1.1\r\n" + host + strings.Join(forged, "\r\n") + "\r\n"
		if tt.credential != "" {
			head += tt.credential + "\r\n"
		}
		replies := wire(t, in.public, head+"\r\n")
		seen := w.up.take()
		if got := statuses(replies); len(got) != 1 || got[0] != 200 || len(seen) != 1 {
			t.Errorf("%s with %s: %v, %d requests upstream", tt.path, tt.credential, got, len(seen))
			continue
		}
		for name, values := range seen[0].header {
			all := strings.Join(values, " ")
			if strings.Contains(strings.ToLower(all), "root") || strings.Contains(all, "203.0.113.9") {
				t.Errorf("%s: the upstream got %s: %s", tt.path, name, all)
			}
		}
		if tt.user != "" {
			checkIdentity(t, tt.path, seen[0], tt.user)
		}
	}
}

// Who does not finish the head of his request is hung up on, and nobody else is
// kept waiting by him.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM", "SALLYPORT_PUBLIC_READ_HEADER_TIMEOUT=500ms")
	w := in.furnish()
	var slow []net.Conn
	for _, said := range []string{"", "GET /pub/x HT", "GET /pub/x HTTP/1.1\r\nHost: a\r\nX"} {
		for range 20 {
			conn, err := net.Dial("tcp", in.public)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(conn, said)
			slow = append(slow, conn)
		}
	}
	if got := statusOf(t, in.url("/pub/x")); got != 200 {
		t.Errorf("another client: %d", got)
	}
	for _, conn := range slow {
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatal("a client that says nothing more was not hung up on")
		}
	}
	if n := len(w.up.take()); n != 1 {
		t.Errorf("%d requests reached the upstream, want that of the other client", n)
	}
}

// A body may be as long as the API says.
func TestLongBody(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	api := orders(w.up.URL)
	api["name"], api["base_path"] = "small", "/small"
	api["upstream"].(map[string]any)["body_limit"] = 1000
	api["routes"] = []map[string]any{{"id": "post", "methods": []string{"POST"}, "path": "/{rest...}", "public": true}}
	w.admin.must(http.MethodPost, "/apis", api)
	for length, want := range map[int]int{1000: 200, 1001: 413, 100_000: 413} {
		if res := ask(t, http.MethodPost, in.url("/small/x"), strings.Repeat("x", length)); res.status != want {
			t.Errorf("a body of %d bytes: %d %s, want %d", length, res.status, res.body, want)
		}
	}
	big := `{"login":"` + strings.Repeat("x", 2<<20) + `"}`
	if res := ask(t, http.MethodPost, in.url("/sallyport/api/v1/session"), big, "Content-Type: application/json", "Origin: "+in.url("")); res.status != 413 {
		t.Errorf("a huge sign-in: %d %s", res.status, res.body)
	}
}
