package extauthz

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/sallyport/sallyport/internal/decide"
)

// A Checker decides. It is [decide.Handler].
type Checker interface {
	Check(ctx context.Context, w http.ResponseWriter, r *http.Request, c *decide.Check) bool
}

// Config is what a [Server] is made of. The fields up to IdleTimeout are required.
type Config struct {
	Checker Checker
	Log     *slog.Logger
	// Ready returns why this node should not be asked at the moment, for health
	// checks; nil: it may be.
	Ready func(context.Context) error

	MessageBytes     int           // of a question at most; one that has more is an error of the call
	HandshakeTimeout time.Duration // for a connection to begin
	IdleTimeout      time.Duration // for a connection without a question

	TLS *tls.Config // nil: in the clear
}

// A Server serves Envoy over gRPC. Make it with [New]; it is used as an [http.Server]
// is.
type Server struct {
	grpc    *grpc.Server
	checker Checker
	log     *slog.Logger
	ready   func(context.Context) error
	pool    sync.Pool // of *exchange
}

const (
	// streams is how many questions one connection may have open. Envoy waits with
	// more, or opens another connection.
	streams = 1000
	// headBytes bounds the head of a question, in which there is the shared secret and
	// little else.
	headBytes = 16 << 10
	// window is how many bytes of questions a connection may be ahead. It is fixed: to
	// adapt it would cost a ping for nearly every question.
	window = 1 << 20

	// workers are goroutines that answer, for each thread of Go. A fresh one for every
	// question would have to make its stack large enough first, which takes longer than
	// the decision: 3 to 5 µs of the 45 to 50 that a call takes on both sides. With all
	// of them busy a fresh one it is.
	workers = 16

	pingAfter = 30 * time.Second // without a sign of the other side
	pingWait  = 10 * time.Second // for its answer
	// pingLeast is how long Envoy must wait between pings of its own, which its
	// connection_keepalive sends.
	pingLeast = 5 * time.Second
)

// service is the name of what Envoy asks.
const service = "envoy.service.auth.v3.Authorization"

// New returns a server.
func New(c Config) *Server {
	s := &Server{checker: c.Checker, log: c.Log, ready: c.Ready}
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{}),
		grpc.MaxRecvMsgSize(c.MessageBytes),
		grpc.MaxConcurrentStreams(streams),
		grpc.MaxHeaderListSize(headBytes),
		grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
		grpc.ConnectionTimeout(c.HandshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: c.IdleTimeout, Time: pingAfter, Timeout: pingWait}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingLeast, PermitWithoutStream: true}),
		grpc.NumStreamWorkers(uint32(workers * runtime.GOMAXPROCS(0))), //nolint:gosec // a small number
		grpc.WaitForHandlers(true),
	}
	if c.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(c.TLS)))
	}
	s.grpc = grpc.NewServer(options...)
	s.grpc.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		Methods:     []grpc.MethodDesc{{MethodName: "Check", Handler: s.check}},
	}, nil)
	s.grpc.RegisterService(s.health(), nil)
	return s
}

// Serve accepts connections until the listener fails or the server ends; then it
// returns [http.ErrServerClosed].
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return http.ErrServerClosed
}

// Shutdown stops accepting, tells Envoy to send its questions elsewhere, and waits
// for those that are open until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.grpc.GracefulStop()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close closes all listeners and connections at once.
func (s *Server) Close() error {
	s.grpc.Stop()
	return nil
}

// callerKey is the name of [decide.HeaderCaller] among the metadata of a call.
var callerKey = strings.ToLower(decide.HeaderCaller)

// check answers a question.
func (s *Server) check(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (reply any, err error) { //nolint:revive // the order is gRPC's
	x, _ := s.pool.Get().(*exchange)
	if x == nil {
		x = &exchange{request: http.Request{Header: http.Header{}}, answer: answer{header: http.Header{}}, home: &s.pool}
	}
	if err := decode(x); err != nil {
		return nil, err
	}
	defer func() {
		// The decision service answers its own panics; here one would end the process.
		if recover() != nil {
			s.log.ErrorContext(ctx, "a question over gRPC failed", "stack", string(debug.Stack()))
			reply, err = nil, status.Error(codes.Internal, "the question failed")
		}
	}()
	x.question.into(&x.request, &x.check, &x.room)
	if x.fault != nil {
		x.check.Fault = decide.Fault{Header: "message", What: noMessage}
	}
	x.check.Caller = callerOf(ctx)
	x.allowed = s.checker.Check(ctx, &x.answer, &x.request, &x.check)
	return x, nil
}

// callerOf returns who asks.
func callerOf(ctx context.Context) (c decide.Caller) {
	c.Secret = metadata.ValueFromIncomingContext(ctx, callerKey)
	from, ok := peer.FromContext(ctx)
	if !ok {
		return c
	}
	switch at := from.Addr.(type) {
	case *net.TCPAddr:
		c.Addr = at.AddrPort().Addr()
	case *net.UnixAddr:
		c.Socket = true
	default:
		if at, err := netip.ParseAddrPort(from.Addr.String()); err == nil {
			c.Addr = at.Addr()
		}
	}
	return c
}
