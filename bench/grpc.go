package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/sallyport/sallyport/internal/decide/extauthz"
)

// grpcTurns are about Envoy's gRPC. Each message goes to the bare server byte for byte
// as it goes to the decision service.
func grpcTurns() []turn {
	return []turn{
		{name: grpcTurn, server: "grpcbare", kind: byToken, most: inTurn, grpc: true, careless: true},
		{name: "gRPC ext_authz, " + byToken, server: "grpc", baseline: grpcTurn, goal: grpcGoal, kind: byToken, most: inTurn, grpc: true, careless: true},
		{name: "gRPC ext_authz, " + noToken, server: "grpc", baseline: grpcTurn, goal: grpcGoal, kind: noToken, most: inTurn, grpc: true, careless: true, want: denied(noToken)},
		{name: "bare HTTP/2 of net/http with gRPC's framing", server: "grpchttp", baseline: grpcTurn, kind: byToken, most: inTurn, grpc: true, careless: true},
	}
}

const (
	grpcTurn = "bare grpc-go call, 16 headers"
	grpcGoal = 1.3
)

// checkRequest is what Envoy asks about the request of an asker.
func checkRequest(a asker, client [][2]string) []byte {
	target := a.Path + "?fields=id"
	fields := append([][2]string{
		{":authority", "api.example.com"},
		{":path", target},
		{":method", http.MethodGet},
		{":scheme", "https"},
		{"x-forwarded-proto", "https"},
		{"x-forwarded-for", "192.0.2.7"},
	}, client...)
	h := &authv3.AttributeContext_HttpRequest{
		Id: "1234567890123456789", Method: http.MethodGet, Path: target, Host: "api.example.com", Scheme: "https", Protocol: "HTTP/1.1",
		HeaderMap: &corev3.HeaderMap{},
	}
	for _, f := range append(fields, a.Header) {
		h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: strings.ToLower(f[0]), RawValue: []byte(f[1])})
	}
	peer := func(address string, port uint32) *authv3.AttributeContext_Peer {
		return &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: address, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
		}}}}
	}
	message, _ := proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: peer("192.0.2.7", 40001), Destination: peer("10.0.0.1", 443), Request: &authv3.AttributeContext_Request{Http: h},
	}}) // all of it is ASCII, which is all that could be wrong
	return message
}

// questionWindow is that of the decision service: without it, each call costs a ping.
const questionWindow = 1 << 20

// overGRPC makes a server of grpc-go be one of this program.
type overGRPC struct{ *grpc.Server }

func (s overGRPC) Close() error {
	s.Stop()
	return nil
}

// bareAuthorization lets everybody in.
type bareAuthorization struct {
	authv3.UnimplementedAuthorizationServer
}

func (bareAuthorization) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return &authv3.CheckResponse{Status: &status.Status{}}, nil
}

// serveGRPCBare is the baseline: a call that reads the question with the generated
// types and answers that it is well.
func serveGRPCBare(context.Context, serveOrder) (*serving, error) {
	s := grpc.NewServer(grpc.StaticStreamWindowSize(questionWindow), grpc.StaticConnWindowSize(questionWindow))
	authv3.RegisterAuthorizationServer(s, bareAuthorization{})
	return &serving{server: overGRPC{s}}, nil
}

// serveGRPC is the decision service as `sallyport serve` has it.
func serveGRPC(ctx context.Context, o serveOrder) (*serving, error) {
	h, w, end, err := decision(ctx, o)
	if err != nil {
		return nil, err
	}
	s := extauthz.New(extauthz.Config{
		Checker: h, Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return nil },
		MessageBytes: 1 << 20, HandshakeTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
	})
	return &serving{server: s, askers: w.askers, end: end}, nil
}

// serveGRPCOverHTTP answers that it is well without having read the question, from
// net/http: what was weighed against grpc-go.
func serveGRPCOverHTTP(context.Context, serveOrder) (*serving, error) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s := inside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h["Content-Type"] = []string{"application/grpc"}
		h["Trailer"] = []string{"Grpc-Status"}
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 0x0a, 0})
		h["Grpc-Status"] = []string{"0"}
	}))
	s.Protocols = &protocols
	return &serving{server: s}, nil
}

// grpcConnections is how many connections share the questions that are open: Envoy
// has one for each of its threads.
const grpcConnections = 4

const checkMethod = "/envoy.service.auth.v3.Authorization/Check"

// driveGRPC asks over gRPC until ctx ends, with as many questions open as there would
// be connections over HTTP.
func (l *loader) driveGRPC(ctx context.Context) error {
	var conns []*grpc.ClientConn
	defer func() {
		for _, c := range conns {
			_ = c.Close() // nothing is left on it
		}
	}()
	for range grpcConnections {
		c, err := dialGRPC(l.order.Address)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	var askers sync.WaitGroup
	for i := range l.order.Connections {
		askers.Go(func() {
			var reply []byte
			for ctx.Err() == nil {
				question := l.order.Requests[int(l.next.Add(1))%len(l.order.Requests)]
				if err := askGRPC(ctx, conns[i%len(conns)], question, &reply, l.order.Want); err != nil {
					if ctx.Err() == nil {
						l.fault.CompareAndSwap(nil, &err)
					}
					return
				}
				l.answers.Add(1)
			}
		})
	}
	askers.Wait()
	return nil
}

func dialGRPC(address string) (*grpc.ClientConn, error) {
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStaticStreamWindowSize(questionWindow), grpc.WithStaticConnWindowSize(questionWindow),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asIs{})))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// askGRPC asks once. Whether it was let in stands in the first bytes of an answer: a
// status without a code is well.
func askGRPC(ctx context.Context, c *grpc.ClientConn, question []byte, reply *[]byte, want int) error {
	if err := c.Invoke(ctx, checkMethod, question, reply); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	if len(*reply) < 2 || (*reply)[0] != 1<<3|2 {
		return fmt.Errorf("an answer begins with %q", (*reply)[:min(len(*reply), 20)])
	}
	if allowed := (*reply)[1] == 0; allowed != (want == http.StatusOK) {
		return fmt.Errorf("let in: %v, and the status should be %d", allowed, want)
	}
	return nil
}

// checkGRPC asks a server once.
func checkGRPC(address string, question []byte, want int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := dialGRPC(address)
	if err != nil {
		return err
	}
	var reply []byte
	return errors.Join(askGRPC(ctx, c, question, &reply, want), c.Close())
}

// asIs is the codec of a load that has its messages ready.
type asIs struct{}

var errForeign = errors.New("not a message that is ready")

func (asIs) Name() string { return "proto" }

func (asIs) Marshal(v any) (mem.BufferSlice, error) {
	message, ok := v.([]byte)
	if !ok {
		return nil, errForeign
	}
	return mem.BufferSlice{mem.SliceBuffer(message)}, nil
}

func (asIs) Unmarshal(data mem.BufferSlice, v any) error {
	into, ok := v.(*[]byte)
	if !ok {
		return errForeign
	}
	*into = append((*into)[:0], make([]byte, data.Len())...)
	data.CopyTo(*into)
	return nil
}
