package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// Many clients at once, through one pool of connections that the upstream keeps
// breaking: each gets its own answer and is never taken for another.
func TestResponsePinning(t *testing.T) {
	t.Parallel()
	const users, each = 200, 20
	var n atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%7 == 0 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Echo", r.Header.Get("X-Echo"))
		fmt.Fprintf(w, "%s %s %s", r.Header.Get("X-Sallyport-User"), r.Header.Get("X-Echo"), body)
	}))
	t.Cleanup(upstream.Close)
	k := gatewaytest.Start(t, gatewaytest.Options{}, orders(upstream.URL))
	role := k.Role("reader", ordersRead)
	var tokens [users]string
	for i := range tokens {
		_, tokens[i] = k.Token(k.User(fmt.Sprintf("user%d", i), "", role))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: users}}
	t.Cleanup(client.CloseIdleConnections)
	var answered, broken atomic.Int64
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() {
			for j := range each {
				want := fmt.Sprintf("user%d %d-%d b%d", i, i, j, i)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.URL+"/orders/items/1", strings.NewReader(fmt.Sprintf("b%d", i)))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+tokens[i])
				req.Header.Set("X-Echo", fmt.Sprintf("%d-%d", i, j))
				res, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				switch {
				case err != nil:
					t.Error(err)
				case res.StatusCode == http.StatusBadGateway:
					broken.Add(1)
				case string(body) != want || res.Header.Get("X-Echo") != fmt.Sprintf("%d-%d", i, j):
					t.Errorf("got %d %q, want %q", res.StatusCode, body, want)
				default:
					answered.Add(1)
				}
			}
		})
	}
	all.Wait()
	if answered.Load() < users*each/2 || answered.Load()+broken.Load() != users*each {
		t.Errorf("%d answers and %d failures of %d requests", answered.Load(), broken.Load(), users*each)
	}
	if broken.Load() == 0 {
		t.Error("the upstream never broke a connection, so nothing was tried")
	}
}

// Requests sent ahead on one connection are answered in their order.
func TestPipelining(t *testing.T) {
	t.Parallel()
	k, u := start(t, everything)
	u.Answer = func(s gatewaytest.Seen) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(s.Target()), s.Target())
	}
	c := gatewaytest.Dial(t, k.Addr)
	const ahead = 20
	for i := range ahead {
		fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
	}
	r := bufio.NewReader(c)
	for i := range ahead {
		if reply, err := gatewaytest.ReadReply(r, "GET"); err != nil || reply.Body != fmt.Sprintf("/%d", i) {
			t.Fatalf("answer %d is %v, %v", i, reply, err)
		}
	}
}
