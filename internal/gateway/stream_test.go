package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// exchange sends raw bytes on an open connection and reads one answer.
func exchange(t testing.TB, c net.Conn, raw, method string) gatewaytest.Reply {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	reply, err := gatewaytest.ReadReply(bufio.NewReader(c), method)
	if err != nil {
		t.Fatalf("reading the answer to %.100q: %v", raw, err)
	}
	return reply
}

// A piece of a stream arrives before the next one is sent.
func TestStreaming(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"text/event-stream", "application/x-ndjson"} {
		next := make(chan struct{})
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			for i := range 3 {
				fmt.Fprintf(w, "data: %d\n\n", i)
				_ = http.NewResponseController(w).Flush()
				<-next
			}
		}))
		t.Cleanup(upstream.Close)
		k := gatewaytest.Start(t, gatewaytest.Options{}, everything(upstream.URL))
		res, err := http.Get(k.URL + "/x")
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(res.Body)
		for i := range 3 {
			line, err := r.ReadString('\n')
			if err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("%s: read %q, %v", contentType, line, err)
			}
			if _, err := r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			next <- struct{}{}
		}
		_ = res.Body.Close()
	}
}

// A body goes up while it is being made, without an end in sight.
func TestStreamingUp(t *testing.T) {
	t.Parallel()
	got := make(chan string)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			got <- lines.Text()
		}
	}))
	t.Cleanup(upstream.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything(upstream.URL))
	body, feed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		res, err := http.Post(k.URL+"/x", "text/plain", body)
		if err == nil {
			_ = res.Body.Close()
		}
		done <- err
	}()
	for i := range 3 {
		fmt.Fprintf(feed, "%d\n", i)
		if line := <-got; line != fmt.Sprint(i) {
			t.Fatalf("the upstream read %q", line)
		}
	}
	_ = feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// An upstream may answer while it still reads.
func TestBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		piece := make([]byte, 4096)
		for {
			n, err := r.Body.Read(piece)
			_, _ = w.Write(piece[:n])
			_ = control.Flush()
			if err != nil {
				return
			}
		}
	}))
	t.Cleanup(upstream.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything(upstream.URL))
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.URL+"/x", body)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	res, err := client.Do(req) // before the first byte of the body
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	piece := strings.Repeat("x", 100<<10)
	for range 5 {
		if _, err := io.WriteString(feed, piece); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, len(piece))); err != nil {
			t.Fatal(err)
		}
	}
	_ = feed.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 {
		t.Errorf("behind the end: %d bytes, %v", len(rest), err)
	}
}

// An upstream may answer without having read everything; its answer arrives.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "not now")
	}))
	t.Cleanup(upstream.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, everything(upstream.URL))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	for _, size := range []int{10, 100 << 10, 5 << 20} {
		res, err := client.Post(k.URL+"/x", "text/plain", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusConflict || string(body) != "not now" || err != nil {
			t.Errorf("%d bytes: %d %q, %v", size, res.StatusCode, body, err)
		}
	}
}

// echo answers on a WebSocket what it hears.
func echo(t testing.TB, seen *atomic.Pointer[http.Header]) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header.Clone()
		seen.Store(&h)
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, data) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func dialSocket(t testing.TB, k *gatewaytest.Kit, path, token string) (*websocket.Conn, int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, k.URL+path, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}, "X-Sallyport-User": {"root"}},
	})
	if res == nil {
		return nil, 0, err
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	return c, res.StatusCode, err
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		var seen atomic.Pointer[http.Header]
		s := echo(t, &seen)
		k := gatewaytest.Start(t, gatewaytest.Options{}, func() sallyport.API {
			api := orders(s.URL)
			api.Upstream.HTTP2 = http2 // an upgrade needs HTTP/1.1 all the same
			return api
		}())
		_, token := reader(k)
		c, _, err := dialSocket(t, k, "/orders/socket", token)
		if err != nil {
			t.Fatalf("http2 %v: %v", http2, err)
		}
		for _, text := range []string{"one", strings.Repeat("two", 5000)} {
			if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(t.Context()); err != nil || string(got) != text {
				t.Fatalf("the echo of %.10q is %.10q, %v", text, got, err)
			}
		}
		if h := *seen.Load(); h.Get("X-Sallyport-User") != "alice" || h.Get("Authorization") != "" {
			t.Errorf("the upstream got %v", h)
		}
		_ = c.CloseNow()
		if _, _, err := dialSocket(t, k, "/orders/socket", "spp_wrong"); err == nil {
			t.Error("a socket was opened without a credential")
		}
		if _, status, err := dialSocket(t, k, "/orders/items", token); err == nil || status == 101 || status == 0 {
			t.Errorf("a socket was opened on a route that has none: %d", status)
		}
	}
}

// A tunnel ends when whoever opened it may not any more.
func TestTunnelEnds(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Header]
	s := echo(t, &seen)
	k := gatewaytest.Start(t, gatewaytest.Options{}, orders(s.URL))
	user, _ := reader(k)
	open := func() (*websocket.Conn, sallyport.Credential) {
		credential, token := k.Token(user)
		c, _, err := dialSocket(t, k, "/orders/socket", token)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		return c, credential
	}
	ended := func(c *websocket.Conn) bool {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, _, err := c.Read(ctx)
		return err != nil && ctx.Err() == nil
	}

	revoked, credential := open()
	kept, _ := open()
	k.Revoke(credential)
	if !ended(revoked) {
		t.Error("the tunnel of a revoked token goes on")
	}
	if err := kept.Write(t.Context(), websocket.MessageText, []byte("x")); err != nil {
		t.Errorf("writing on a tunnel that stays: %v", err)
	} else if _, _, err := kept.Read(t.Context()); err != nil {
		t.Errorf("a tunnel of another token ended too: %v", err)
	}
	k.Deactivate(user)
	if !ended(kept) {
		t.Error("the tunnel of a deactivated user goes on")
	}
}

func TestTunnelEndsWithTheGateway(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Header]
	s := echo(t, &seen)
	k := gatewaytest.Start(t, gatewaytest.Options{}, orders(s.URL))
	_, token := reader(k)
	c, _, err := dialSocket(t, k, "/orders/socket", token)
	if err != nil {
		t.Fatal(err)
	}
	k.Gateway.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, _, err := c.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the tunnel went on: %v", err)
	}
}

// What an upstream switches to without having been asked is no answer.
func TestUnexpectedSwitch(t *testing.T) {
	t.Parallel()
	const wanted = "GET /orders/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	k, u := start(t, orders)
	_, token := reader(k)
	for _, tt := range []struct{ name, raw, answer string }{
		{"nobody asked", "GET /orders/pub/x HTTP/1.1\r\nHost: a\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
		{"nobody asked and it does not say what", "GET /orders/pub/x HTTP/1.1\r\nHost: a\r\n", ""},
		{"not on this route", "GET /orders/items HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
		{"to something else", wanted + "Upgrade: websocket\r\n", "Upgrade: h2c\r\nConnection: Upgrade\r\n"},
		{"something else was asked for", wanted + "Upgrade: h2c\r\n", "Upgrade: h2c\r\nConnection: Upgrade\r\n"},
		{"two things were asked for", wanted + "Upgrade: websocket, h2c\r\n", "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"},
		{"it came with a body", wanted + "Upgrade: websocket\r\nContent-Length: 1\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
	} {
		u.Answer = func(gatewaytest.Seen) string { return "HTTP/1.1 101 Switching Protocols\r\n" + tt.answer + "\r\n" }
		raw := tt.raw + "Authorization: Bearer " + token + "\r\n\r\n"
		if strings.Contains(tt.raw, "Content-Length") {
			raw += "a"
		}
		if reply := one(t, k, raw); reply.Status != 502 {
			t.Errorf("%s: answered %d, want 502", tt.name, reply.Status)
		}
		if s := sole(t, u); tt.name != "to something else" && len(s.Header("Upgrade")) != 0 {
			t.Errorf("%s: the upstream was asked to upgrade: %q", tt.name, s.Headers)
		}
	}
}

// An Upgrade that is no text is the client's fault.
func TestUpgradeThatIsNoText(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	if reply := get(t, k, "/x", "Connection: Upgrade", "Upgrade: \xff\xfe"); reply.Status != 400 || len(u.Take()) != 0 {
		t.Errorf("answered %d %s, want 400", reply.Status, reply.Body)
	}
}

// An upstream that speaks HTTP/2 in the clear, with trailers, as gRPC has them.
func TestHTTP2Upstream(t *testing.T) {
	t.Parallel()
	var proto atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(int64(r.ProtoMajor))
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"X-Sallyport-User", "root")
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, func() sallyport.API {
		api := everything(s.URL)
		api.Upstream.HTTP2 = true
		return api
	}())
	reply := one(t, k, "POST /x HTTP/1.1\r\nHost: a\r\nTe: trailers\r\nContent-Length: 4\r\n\r\nbody")
	if reply.Status != 200 || reply.Body != "body" || reply.Trailer.Get("Grpc-Status") != "0" || len(reply.Trailer) != 1 {
		t.Errorf("the answer is %v", reply)
	}
	if proto.Load() != 2 {
		t.Errorf("the upstream was spoken to in HTTP/%d", proto.Load())
	}
}
