package extauthz

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// offline returns a server that is asked without a network, as from this machine, and
// the token of somebody who may read.
func offline(t testing.TB) (ask func([]byte) []byte, token string) {
	t.Helper()
	k := doorstest.New(t, sallyport.API{
		Name: "shop", BasePath: "/shop", Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"},
		Permissions: []sallyport.PermissionSpec{{Name: "read"}},
		Routes: []sallyport.Route{
			{ID: "get", Methods: []string{"GET"}, Path: "/orders/{id}", AnyOf: []string{"read"}},
			{ID: "health", Methods: []string{"GET"}, Path: "/health", Public: true},
		},
	})
	_, token = k.Token(k.User("alice", "", k.Role("reader", "shop/read")))
	metrics := telemetry.NewMetrics(telemetry.Build{})
	metrics.Know("shop")
	s := New(Config{
		Checker: decide.New(decide.Config{
			Doors: k.Doors, Metrics: metrics, Now: k.Clock.Now, Log: slog.New(slog.DiscardHandler),
			Callers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}),
		Log: slog.New(slog.DiscardHandler), MessageBytes: 1 << 20, HandshakeTimeout: time.Minute, IdleTimeout: time.Minute,
	})
	t.Cleanup(func() { _ = s.Close() })
	ctx := peer.NewContext(t.Context(), &peer.Peer{Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000}})
	var in mem.BufferSlice
	decode := func(v any) error { return codec{}.Unmarshal(in, v) }
	out := make([]byte, 16<<10)
	return func(message []byte) []byte {
		in = append(in[:0], mem.SliceBuffer(message))
		reply, err := s.check(nil, ctx, decode, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := codec{}.Marshal(reply)
		if err != nil {
			t.Fatal(err)
		}
		n := data.CopyTo(out)
		data.Free()
		return out[:n]
	}, token
}

// TestCheckAllocates: a question about a known credential costs the text of the
// message, the id of the request, the context of the decision, and what gRPC wants for
// the bytes of both messages.
func TestCheckAllocates(t *testing.T) {
	ask, token := offline(t)
	message := bytes.Replace(question16(t), []byte("0123456789012345678901234567890123456789"), []byte(token), 1)
	if len(token) != 40 {
		t.Fatalf("a token has %d characters; the message must be made anew", len(token))
	}
	var res authv3.CheckResponse
	if err := proto.Unmarshal(ask(message), &res); err != nil || res.GetStatus().GetCode() != 0 {
		t.Fatalf("refused: %v, %v", &res, err)
	}
	const want = 5
	least := testing.AllocsPerRun(100, func() { ask(message) })
	for range 100 { // one by one, as the race detector empties pools at random
		least = min(least, testing.AllocsPerRun(1, func() { ask(message) }))
	}
	if least > want {
		t.Errorf("%v allocations, want %d", least, want)
	}
}

// BenchmarkCheck measures what is done for a question but for the network: one that is
// let in, and one that is not.
func BenchmarkCheck(b *testing.B) {
	ask, token := offline(b)
	message := question16(b)
	for name, m := range map[string][]byte{
		"pass": bytes.Replace(message, []byte("0123456789012345678901234567890123456789"), []byte(token), 1), "unknown": message,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(m)
			}
		})
	}
}

// FuzzCheck: whatever a message says, nobody passes to a protected route without a
// credential that is good, and the answer is always one that Envoy reads.
func FuzzCheck(f *testing.F) {
	whole := question16(f)
	f.Add(whole)
	f.Add(bytes.ReplaceAll(whole, []byte("/shop/orders/17?fields=id"), []byte("/shop/health?fields=ident")))
	f.Add(bytes.ReplaceAll(whole, []byte("/shop/orders/17?fields=id"), []byte("/shop/health/%2e%2e/order")))
	f.Add(append(slices.Clone(whole), whole...))
	f.Add(marshal(f, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
		Method: "GET", Path: "/shop/health", Host: "a", Headers: map[string]string{"x-forwarded-proto": "http", "cookie": "a=b", "x_sallyport_user": "root"},
	}}, Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{Address: "::1"}}}}}}))
	ask, token := offline(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		if bytes.Contains(message, []byte(token)) {
			return // a good credential was guessed
		}
		var res authv3.CheckResponse
		if err := proto.Unmarshal(ask(message), &res); err != nil {
			t.Fatal(err)
		}
		if res.GetStatus().GetCode() != 0 {
			if d := res.GetDeniedResponse(); d.GetStatus().GetCode() < 400 || d.GetStatus().GetCode() > 499 || len(d.GetBody()) > 4<<10 {
				t.Errorf("%v", &res)
			}
			return
		}
		set := map[string]string{}
		for _, o := range res.GetOkResponse().GetHeaders() {
			set[o.GetHeader().GetKey()] = o.GetHeader().GetValue()
		}
		if route := set[strings.ToLower(doors.HeaderRoute)]; route != "health" {
			t.Errorf("route %q was allowed to %q", route, message)
		}
		for _, name := range doors.IdentityHeaders {
			if set[strings.ToLower(name)] == "" {
				t.Errorf("allowed without %s", name)
			}
			if slices.Contains(res.GetOkResponse().GetHeadersToRemove(), strings.ToLower(name)) {
				t.Errorf("%s is set and then removed", name)
			}
		}
	})
}
