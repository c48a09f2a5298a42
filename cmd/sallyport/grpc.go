package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/decide/extauthz"
	"github.com/sallyport/sallyport/internal/gateway"
)

// openGRPC opens what Envoy asks on, if the configuration has it.
func (o *sockets) openGRPC(ctx context.Context, c *config.GRPC) (err error) {
	if c.Listen != "" {
		var l net.ListenConfig
		if o.grpc, err = l.Listen(ctx, "tcp", c.Listen); err != nil {
			return withHint(fmt.Errorf("open the listener for gRPC: %w", err), "choose another address with decide.grpc.listen")
		}
	}
	if c.UnixSocket != "" {
		o.grpcUnix, err = openUnix(ctx, c.UnixSocket)
	}
	return err
}

// listenGRPC puts servers onto these sockets.
func (s *server) listenGRPC(open sockets) error {
	c := s.config
	if open.grpc != nil {
		var secured *tls.Config
		if c.Decide.GRPC.TLS.CertFile != "" {
			cert, err := newCertificate(c.Decide.GRPC.TLS, s.voice.log, time.Now)
			if err != nil {
				return err
			}
			secured = cert.config()
		}
		limited := gateway.Limit(open.grpc, c.Limits.Connections, c.Limits.ConnectionsPerAddress)
		s.listeners = append(s.listeners, listener{"grpc", s.overGRPC(secured), limited, secured != nil})
	}
	if open.grpcUnix != nil {
		s.listeners = append(s.listeners, listener{"grpc-unix", s.overGRPC(nil), open.grpcUnix, false})
	}
	return nil
}

// beside is what Envoy may say beside the head and the body of a request: addresses,
// certificates, metadata of its filters.
const beside = 64 << 10

func (s *server) overGRPC(secured *tls.Config) *extauthz.Server {
	c := s.config
	return extauthz.New(extauthz.Config{
		Checker: s.decide, Log: s.voice.log, Ready: s.ready, TLS: secured,
		MessageBytes:     int(c.Limits.HeaderBytes) + int(c.Limits.Body) + beside,
		HandshakeTimeout: c.Public.ReadHeaderTimeout, IdleTimeout: c.Public.IdleTimeout,
	})
}

// ready returns why this node should not be asked.
func (s *server) ready(ctx context.Context) error {
	for _, check := range s.checks() {
		if err := check.Run(ctx); err != nil {
			return fmt.Errorf("%s: %w", check.Name, err)
		}
	}
	return nil
}
