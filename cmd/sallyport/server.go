package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/console"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/wire"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/oauth"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// A server is a node with its surfaces on its listeners.
type server struct {
	config *config.Config
	node   *node.Node
	voice  *voice

	gateway   *gateway.Gateway
	decide    *decide.Handler
	front     *front
	listeners []listener
	leaving   atomic.Bool // it was told to end
}

// A listener is a server on its socket.
type listener struct {
	name   string
	server socketServer
	socket net.Listener
	tls    bool
}

// A socketServer is a server of net/http, or one that is used alike.
type socketServer interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// newServer puts the surfaces in front of a node.
func newServer(c *config.Config, n *node.Node, v *voice, open sockets) (*server, error) {
	s := &server{config: c, node: n, voice: v}
	if err := v.watch(n); err != nil {
		return nil, err
	}
	tokens, err := oauth.New(oauth.Config{
		Doors: n.Doors, Admin: n.Admin, Issuer: c.Public.URL, Log: v.log, Now: time.Now, Metrics: v.metrics, Access: v.access,
		Trusted: c.Public.TrustedProxies, Depth: c.Public.ProxyDepth,
	})
	if err != nil {
		return nil, err
	}
	dialects, err := newDialects(c, n, v)
	if err != nil {
		return nil, err
	}
	s.gateway = gateway.New(gateway.Config{
		Doors: n.Doors, Now: time.Now, Log: v.log, TrustedProxies: c.Public.TrustedProxies, ProxyDepth: c.Public.ProxyDepth,
		FormLimit: int64(c.Limits.Body), Metrics: v.metrics, Access: v.access, Metadata: tokens.Metadata,
		Dialects: dialects,
	})
	s.decide = decide.New(decide.Config{
		Doors: n.Doors, Metrics: v.metrics, Log: v.log, Now: time.Now, Access: v.access,
		Callers: c.Decide.Callers, Secret: c.Decide.Secret, Trusted: c.Public.TrustedProxies, Depth: c.Public.ProxyDepth,
		Metadata: tokens.Metadata, FormLimit: int(c.Limits.Body),
	})
	master, err := masterKey(c)
	if err != nil {
		return nil, err
	}
	management, err := httpapi.New(httpapi.Config{
		Doors: n.Doors, Admin: n.Admin, Master: master, Cookie: httpapi.CookieName(c.Public.URL), URL: c.Public.URL, Now: time.Now, Log: v.log,
		Trusted: c.Public.TrustedProxies, Depth: c.Public.ProxyDepth, Metrics: v.metrics, Access: v.access,
	})
	if err != nil {
		return nil, err
	}
	pages, err := s.newConsole(master, management)
	if err != nil {
		return nil, err
	}
	reasons, err := respond.ReasonsPage()
	if err != nil {
		return nil, err
	}
	s.front = &front{
		own: []ownSurface{
			{managementBase, management},
			{"/sallyport/docs/reasons", reasons},
			{console.Base, pages},
			{"/oauth2", tokens},
			{"/.well-known", tokens},
		},
		gateway: s.gateway,
		hosts:   newHosts(c),
		policy:  n.Doors.Policy,
		access:  v.access,
	}
	return s, s.listen(open)
}

// newConsole makes the pages for people. Calls that somebody tries on them go the
// way of any other request to the management API or the gateway.
func (s *server) newConsole(master token.MasterKey, management *httpapi.Handler) (*console.Console, error) {
	c, n, v := s.config, s.node, s.voice
	tickets, err := token.NewSealer(token.SealSignIn, master)
	if err != nil {
		return nil, fmt.Errorf("derive the key of sign-ins: %w", err)
	}
	return console.New(console.Config{
		Doors: n.Doors, Admin: n.Admin, Tickets: tickets, Cookie: httpapi.CookieName(c.Public.URL), URL: c.Public.URL, Now: time.Now, Log: v.log,
		SessionIdle: c.Sessions.Idle, SessionLife: c.Sessions.Absolute, Demonstration: c.Demonstration, History: v.history,
		Trusted: c.Public.TrustedProxies, Depth: c.Public.ProxyDepth, Metrics: v.metrics, Access: v.access,
		Node: n.ID(), Described: management.Described,
		Call: func(w http.ResponseWriter, r *http.Request, session string) sallyport.Decision {
			if strings.HasPrefix(r.URL.Path, managementBase+"/") {
				return management.ServeAs(w, r, session)
			}
			return s.gateway.ServeAs(w, r, session)
		},
	})
}

// managementBase is where the management API is.
const managementBase = "/sallyport/api/v1"

// sockets are what a server listens on. They are opened before anything else,
// so that an address that is taken is found at once, and the port is known when
// the system chose it.
type sockets struct{ public, internal, unix, grpc, grpcUnix net.Listener }

func openSockets(ctx context.Context, c *config.Config) (o sockets, err error) {
	var l net.ListenConfig
	if o.public, err = l.Listen(ctx, "tcp", c.Public.Listen); err != nil {
		return o, withHint(fmt.Errorf("open the public listener: %w", err), "choose another address with public.listen")
	}
	if o.internal, err = l.Listen(ctx, "tcp", c.Internal.Listen); err != nil {
		return o, errors.Join(withHint(fmt.Errorf("open the internal listener: %w", err), "choose another address with internal.listen"), o.close())
	}
	if path := c.Decide.UnixSocket; path != "" {
		if o.unix, err = openUnix(ctx, path); err != nil {
			return o, errors.Join(err, o.close())
		}
	}
	if err := o.openGRPC(ctx, &c.Decide.GRPC); err != nil {
		return o, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *sockets) close() error {
	var errs []error
	for _, l := range []net.Listener{o.public, o.internal, o.unix, o.grpc, o.grpcUnix} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// openUnix opens the socket for proxies of this machine, in place of what a
// process that was killed has left.
func openUnix(ctx context.Context, path string) (net.Listener, error) {
	if err := removeUnix(ctx, path); err != nil {
		return nil, err
	}
	var l net.ListenConfig
	socket, err := l.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the unix socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, fmt.Errorf("set the mode of the unix socket: %w", err)
	}
	return socket, nil
}

// removeUnix removes a socket on which nobody listens any more. Anything else that
// has its name belongs to somebody.
func removeUnix(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the old unix socket: %w", err)
	case info.Mode().Type() != os.ModeSocket:
		return withHint(fmt.Errorf("the unix socket cannot be opened: %s is there and is no socket; nothing was removed", path), "choose another path")
	}
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "unix", path); err == nil {
		_ = conn.Close()
		return withHint(fmt.Errorf("the unix socket cannot be opened: another process listens on %s", path), "stop it, or choose another path")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the old unix socket: %w", err)
	}
	return nil
}

// listen puts servers onto the sockets.
func (s *server) listen(open sockets) error {
	c := s.config
	public := gateway.ServerConfig{
		HeaderBytes: int(c.Limits.HeaderBytes), Headers: c.Limits.Headers, Log: s.voice.log,
		ReadHeaderTimeout: c.Public.ReadHeaderTimeout, IdleTimeout: c.Public.IdleTimeout,
	}
	if c.Public.TLS.CertFile != "" {
		cert, err := newCertificate(c.Public.TLS, s.voice.log, time.Now)
		if err != nil {
			return err
		}
		public.TLS = cert.config()
	}
	outside := gateway.Server(s.front, public)
	outside.RegisterOnShutdown(s.gateway.Close)
	limited := gateway.Limit(open.public, c.Limits.Connections, c.Limits.ConnectionsPerAddress, c.Public.TrustedProxies...)
	inside := &http.Server{
		Handler: s.inside(), ReadHeaderTimeout: c.Public.ReadHeaderTimeout, IdleTimeout: c.Public.IdleTimeout,
		MaxHeaderBytes: int(c.Limits.HeaderBytes), // Its own complaints are mostly about clients.
		ErrorLog:       slog.NewLogLogger(s.voice.log.Handler(), slog.LevelDebug),
	}
	if public.TLS != nil {
		s.listeners = []listener{{"public", overTLS{outside}, limited, true}}
	} else {
		s.listeners = []listener{{"public", outside, limited, false}}
	}
	asked := s.asked(inside)
	s.listeners = append(s.listeners, listener{"internal", asked, open.internal, false})
	if open.unix != nil {
		s.listeners = append(s.listeners, listener{"unix", asked, open.unix, false})
	}
	return s.listenGRPC(open)
}

// asked is the server that proxies ask: inside, behind the lean parser unless the
// configuration wants it alone.
func (s *server) asked(inside *http.Server) socketServer {
	if s.config.Decide.Parser == config.ParserStandard {
		return inside
	}
	return wire.New(wire.Config{Prefix: decidePath, Handler: s.decide, Rest: inside, Now: time.Now, Log: s.voice.log})
}

// decidePath is what the paths of all decision endpoints begin with.
const decidePath = "/decide/"

// overTLS serves with the certificate of its configuration.
type overTLS struct{ *http.Server }

// Serve serves on a listener.
func (s overTLS) Serve(l net.Listener) error { return s.ServeTLS(l, "", "") }

// inside is what the internal listener serves.
func (s *server) inside() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/healthz", telemetry.Healthz())
	mux.Handle("/readyz", telemetry.Readyz(s.checks()...))
	mux.Handle("/metrics", s.voice.metrics.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The decision endpoints read the target of somebody else's request from
		// headers; a mux must not clean or redirect anything before them.
		if strings.HasPrefix(r.URL.Path, decidePath) {
			s.decide.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// checks are what makes this node ready.
func (s *server) checks() []telemetry.Check {
	return []telemetry.Check{
		{Name: "store", Run: s.node.Store.Ping},
		{Name: "revision", Run: s.current},
		{Name: "clock", Run: synchronous(s.node.Store.Clock, time.Now)},
		{Name: "running", Run: s.staying},
	}
}

// staying is the check that this node was not told to end.
func (s *server) staying(context.Context) error {
	if s.leaving.Load() {
		return errLeaving
	}
	return nil
}

var errLeaving = &sallyport.Error{Kind: sallyport.Unavailable, Message: "this node is shutting down"}

// current is the check that this node decides on the newest policy.
func (s *server) current(context.Context) error {
	if lag := s.node.Doors.Lag(); lag > s.config.MaxStaleness {
		return fmt.Errorf("the newest revision was last confirmed %s ago", lag.Round(time.Millisecond))
	}
	return nil
}

// run serves until ctx ends, and then lets requests in flight end.
func (s *server) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var kept sync.WaitGroup
	kept.Go(func() { s.node.Run(background, s.config.Poll) })
	kept.Go(func() { s.voice.history.Run(background) })
	for _, l := range s.listeners {
		s.voice.log.InfoContext(ctx, "listening", "listener", l.name, "address", l.socket.Addr().String(), "tls", l.tls)
		group.Go(func() error {
			err := l.server.Serve(l.socket)
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return fmt.Errorf("serve on the %s listener: %w", l.name, err)
		})
	}
	// The first password hash, which is made ahead, and reading what is built in took
	// more memory than the program needs from now on.
	debug.FreeOSMemory()
	giveBackPages()
	defer node.CollectRarely(time.Now)()
	defer node.ShareCore()()
	<-ctx.Done()
	s.linger(ctx)
	s.shutdown(ctx)
	err := group.Wait()
	// Decisions end before the loops that keep them current do.
	stop()
	kept.Wait()
	return errors.Join(err, s.node.Close(context.WithoutCancel(ctx)))
}

// linger goes on serving for as long as the configuration says, and says that nothing
// more should be sent here.
func (s *server) linger(ctx context.Context) {
	s.leaving.Store(true)
	if delay := s.config.ShutdownDelay; delay > 0 {
		s.voice.log.InfoContext(ctx, "shutting down; not ready any more, and still serving", "for", delay.String())
		time.Sleep(delay)
	}
}

// shutdown stops accepting and waits for what is in flight, for as long as the
// configuration says; then it cuts the rest off. All listeners have the same time.
func (s *server) shutdown(ctx context.Context) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownTimeout)
	defer cancel()
	s.voice.log.InfoContext(ctx, "shutting down; requests in flight may end", "within", s.config.ShutdownTimeout.String())
	var closing sync.WaitGroup
	for _, l := range s.listeners {
		closing.Go(func() {
			if err := l.server.Shutdown(limit); err != nil {
				s.voice.log.WarnContext(ctx, "requests were cut off", "listener", l.name, "error", err)
				_ = l.server.Close()
			}
		})
	}
	closing.Wait()
}
