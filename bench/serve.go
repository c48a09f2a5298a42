package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/wire"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A serveOrder says what a server needs to know.
type serveOrder struct {
	Upstream string // address, for those that forward
	Access   bool   // write the access log, to /dev/null

	Many manyOrder // what to measure before, and how many tokens there are; zero: as usual

	Folder string  // for the configuration of a peer
	Tokens []asker // whom it lets in
}

// A serveAnswer says where the server is, and who may ask what there.
type serveAnswer struct {
	Address string
	Askers  map[string][]asker
	Helpers []int    // other processes that take a part in answering
	Results []result // of what was measured before
}

// servers are the parts that serve. Each has limits like those of the listener
// that it stands for.
var servers = map[string]func(context.Context, serveOrder) (*serving, error){
	"bare":     serveBare,
	"decide":   serveDecide,
	"changing": serveChanging,
	"million":  serveMillion,
	redisPart:  serveRedis,
	"standard": serveDecideStandard,
	"upstream": serveUpstream,
	"proxy":    serveProxy,
	"gateway":  serveGateway,
	"grpc":     serveGRPC,
	"grpcbare": serveGRPCBare,
	"grpchttp": serveGRPCOverHTTP,
}

// A serving is what a server serves, and how it ends.
type serving struct {
	server
	askers  map[string][]asker
	helpers []int
	results []result
	end     func() error
}

// A server is one of net/http, or one that is used alike.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// serve serves on a loopback port until the orders end.
func serve(open func(context.Context, serveOrder) (*serving, error)) func(context.Context, *json.Decoder, *json.Encoder) error {
	return func(ctx context.Context, orders *json.Decoder, answers *json.Encoder) (err error) {
		var o serveOrder
		if err := orders.Decode(&o); err != nil {
			return fmt.Errorf("read the orders: %w", err)
		}
		s, err := open(ctx, o)
		if err != nil {
			return err
		}
		defer func() {
			if s.end != nil {
				err = errors.Join(err, s.end())
			}
		}()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		go func() { _ = s.Serve(l) }() // it ends with the server
		if err := answers.Encode(serveAnswer{l.Addr().String(), s.askers, s.helpers, s.results}); err != nil {
			return err
		}
		var nothing json.RawMessage
		for orders.Decode(&nothing) == nil {
			if err := answers.Encode(ownCollection()); err != nil {
				return err
			}
		}
		return s.Close()
	}
}

// ownCollection is what this process has used so far. The runtime brings its figures
// up to date at each collection.
func ownCollection() collection {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	return collection{CPU: ownCPU().Seconds(), Collecting: samples[0].Value.Float64()}
}

// inside has the limits of the internal listener.
func inside(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
}

// serveBare is the baseline of decisions: a handler that does nothing at all.
func serveBare(context.Context, serveOrder) (*serving, error) {
	return &serving{server: inside(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))}, nil
}

// opened opens a world for a server in a folder of its own.
func opened(ctx context.Context, upstream string) (*world, func() error, error) {
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder: %w", err)
	}
	w, err := newWorld(ctx, folder, middleWorld, upstream)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	stop := w.run(ctx)
	asTheProgram()
	return w, func() error { return errors.Join(stop(), os.RemoveAll(folder)) }, nil
}

// asTheProgram has the runtime do as the program has it, until the process ends.
func asTheProgram() {
	runtime.GC() // what filling the store left
	node.CollectRarely(time.Now)
	node.ShareCore()
}

// logs returns the access log if it is wanted. It is written as `sallyport serve`
// does, but for what the disk or the reader of the pipe would cost.
func logs(o serveOrder) (*telemetry.AccessLog, error) {
	if !o.Access {
		return nil, nil
	}
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open the access log: %w", err)
	}
	return telemetry.NewAccessLog(telemetry.NewAsync(out, 0), func(string) string { return "0123456789ab" }), nil
}

// serveDecide is the decision service as `sallyport serve` has it.
func serveDecide(ctx context.Context, o serveOrder) (*serving, error) {
	h, w, end, err := decision(ctx, o)
	if err != nil {
		return nil, err
	}
	return &serving{server: questions(h), askers: w.askers, end: end}, nil
}

// questions is the listener for what proxies ask.
func questions(h http.Handler) server {
	return wire.New(wire.Config{
		Prefix: "/decide/", Handler: h, Rest: inside(h), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
}

// serveChanging is the decision service while the policy changes all the time.
func serveChanging(ctx context.Context, o serveOrder) (*serving, error) {
	h, w, end, err := decision(ctx, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.change(ctx, time.Second/changesPerSec) }()
	return &serving{server: questions(h), askers: w.askers, end: func() error {
		cancel()
		return errors.Join(<-done, end())
	}}, nil
}

// change takes a permission from a role and gives it back, from one role after the
// other, again and again. Each change is in force before the next one is made, as
// when an administrator makes it.
func (w *world) change(ctx context.Context, every time.Duration) error {
	var roles []sallyport.Role
	for _, r := range w.node.Doors.Policy().RoleList() {
		if !r.BuiltIn {
			roles = append(roles, r.Role)
		}
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		role := roles[i/2%len(roles)]
		if i%2 == 0 {
			role.Permissions = withoutSpare(role)
		}
		_, err := w.node.Store.Write(ctx, func(tx *store.Tx) error {
			tx.Note(sallyport.ChangePolicy, policy.RolePart(role.Tenant, role.ID))
			return tx.UpdateRole(ctx, &role, store.AnyVersion)
		})
		if err == nil {
			_, err = w.node.Doors.Apply(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("change the policy: %w", err)
		}
	}
}

// withoutSpare returns the permissions of a role without one that its askers do not
// need; see [world.insertRoles].
func withoutSpare(role sallyport.Role) []sallyport.Permission {
	needed := sallyport.Permission(string(apiName) + "/p" + strings.TrimPrefix(role.Name, "role "))
	spare := slices.IndexFunc(role.Permissions, func(p sallyport.Permission) bool { return p != needed })
	return slices.Delete(slices.Clone(role.Permissions), spare, spare+1)
}

// serveDecideStandard is the same on the listener of net/http.
func serveDecideStandard(ctx context.Context, o serveOrder) (*serving, error) {
	h, w, end, err := decision(ctx, o)
	if err != nil {
		return nil, err
	}
	return &serving{server: inside(h), askers: w.askers, end: end}, nil
}

// decision is the handler of decisions in a world of its own.
func decision(ctx context.Context, o serveOrder) (*decide.Handler, *world, func() error, error) {
	access, err := logs(o)
	if err != nil {
		return nil, nil, nil, err
	}
	w, end, err := opened(ctx, "")
	if err != nil {
		return nil, nil, nil, err
	}
	return w.handler(access), w, end, nil
}

// handler decides about what proxies ask.
func (w *world) handler(access *telemetry.AccessLog) *decide.Handler {
	counters := telemetry.NewMetrics(telemetry.Build{Version: "bench"})
	counters.Know(apiName)
	return decide.New(decide.Config{
		Doors: w.node.Doors, Metrics: counters, Log: slog.New(slog.DiscardHandler), Now: time.Now, Access: access,
		Callers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
}

// answerSize is the size of what the upstream answers.
const answerSize = 1 << 10

// serveUpstream is what both proxies forward to.
func serveUpstream(context.Context, serveOrder) (*serving, error) {
	body := bytes.Repeat([]byte("x"), answerSize)
	length := []string{strconv.Itoa(answerSize)}
	return &serving{server: inside(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Length"] = length
		_, _ = w.Write(body)
	}))}, nil
}

// copies lends buffers to the bare proxy, as the gateway does to its own.
type copies struct{ pool sync.Pool }

const copySize = 32 << 10

func (c *copies) Get() []byte {
	if b, ok := c.pool.Get().(*[copySize]byte); ok {
		return b[:]
	}
	return make([]byte, copySize)
}

func (c *copies) Put(b []byte) { c.pool.Put((*[copySize]byte)(b)) }

// serveProxy is the baseline of the gateway: the same proxy of the standard
// library, with a transport of the same settings, and with no doors before it.
func serveProxy(_ context.Context, o serveOrder) (*serving, error) {
	upstream := &url.URL{Scheme: "http", Host: o.Upstream}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:        (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: 256 << 10,
		},
		BufferPool: &copies{},
		ErrorLog:   slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // the load hangs up in the middle
	}
	return &serving{server: inside(proxy)}, nil
}

// serveGateway is the gateway as `sallyport serve` has it.
func serveGateway(ctx context.Context, o serveOrder) (*serving, error) {
	access, err := logs(o)
	if err != nil {
		return nil, err
	}
	w, end, err := opened(ctx, o.Upstream)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	counters := telemetry.NewMetrics(telemetry.Build{Version: "bench"})
	counters.Know(apiName)
	g := gateway.New(gateway.Config{Doors: w.node.Doors, Now: time.Now, Log: log, Metrics: counters, Access: access})
	s := gateway.Server(g, gateway.ServerConfig{Log: log})
	s.RegisterOnShutdown(g.Close)
	return &serving{server: s, askers: w.askers, end: end}, nil
}
