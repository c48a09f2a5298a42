// Package gatewaytest puts a gateway between a client and an upstream that both
// speak raw bytes, so that a test sees what is on the wire.
package gatewaytest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/logtest"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A Kit is a running gateway.
type Kit struct {
	*doorstest.Kit
	Gateway *gateway.Gateway
	Server  *http.Server
	Limiter *gateway.Limiter
	Metrics *telemetry.Metrics
	Addr    string
	URL     string
	Log     *logtest.Log
}

// Options change what [Start] makes.
type Options struct {
	Gateway   gateway.Config       // what it lacks is filled in
	Server    gateway.ServerConfig // the same
	Doors     *doorstest.Kit       // made of the APIs when nil
	PerSource int                  // connections; 10,000 when 0
}

// Start starts a gateway in front of the given APIs. It ends with the test.
func Start(t testing.TB, o Options, apis ...sallyport.API) *Kit {
	t.Helper()
	k := &Kit{Kit: o.Doors, Metrics: telemetry.NewMetrics(telemetry.Build{}), Log: &logtest.Log{}}
	log := slog.New(slog.NewTextHandler(k.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if k.Kit == nil {
		k.Kit = doorstest.New(t, apis...)
	}
	c := o.Gateway
	c.Doors, c.Now, c.Log, c.Metrics = k.Doors, k.Clock.Now, log, k.Metrics
	k.Gateway = gateway.New(c)
	if o.Server.Log == nil {
		o.Server.Log = log
	}
	k.Server = gateway.Server(k.Gateway, o.Server)
	k.Server.RegisterOnShutdown(k.Gateway.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.PerSource == 0 {
		o.PerSource = 10_000
	}
	k.Limiter = gateway.Limit(l, 10_000, o.PerSource)
	k.Addr, k.URL = l.Addr().String(), "http://"+l.Addr().String()
	if o.Server.TLS != nil {
		k.URL = "https://" + k.Addr
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- serve(ctx, k.Server, k.Limiter, patience) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving: %v", err)
		}
		k.Gateway.Close()
	})
	return k
}

// serve serves on a listener until ctx ends, then stops taking requests and
// gives those in flight the time of grace.
func serve(ctx context.Context, s *http.Server, l net.Listener, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() {
		if s.TLSConfig != nil {
			failed <- s.ServeTLS(l, "", "")
			return
		}
		failed <- s.Serve(l)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		_ = s.Close() // the time is over
		return err
	}
	return nil
}
