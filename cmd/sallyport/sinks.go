package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/sallyport/sallyport/internal/audit/stream"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/store"
)

// sinksOf makes what a configuration hands the audit trail on to.
func sinksOf(c *config.Config) ([]stream.Target, error) {
	host := "-"
	if u, err := url.Parse(c.Public.URL); err == nil {
		host = u.Hostname()
	}
	var targets []stream.Target
	for i := range c.Audit.Sinks {
		s := &c.Audit.Sinks[i]
		sink, err := sinkOf(s, host)
		if err != nil {
			return nil, fmt.Errorf("audit sink %s: %w", s.Name, err)
		}
		targets = append(targets, stream.Target{Name: s.Name, Actions: s.Actions, Whole: s.Whole, Sink: sink})
	}
	return targets, nil
}

func sinkOf(s *config.Sink, host string) (stream.Sink, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, errors.New("its URL makes no sense")
	}
	t, err := sinkTLS(s, u.Hostname())
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case config.SyslogTLS:
		return &stream.Syslog{Address: u.Host, Host: host, TLS: t}, nil
	case config.SyslogTCP:
		return &stream.Syslog{Address: u.Host, Host: host}, nil
	default:
		return stream.NewWebhook(s.URL, s.Secret, t, time.Now)
	}
}

// sinkTLS returns how a sink speaks TLS.
func sinkTLS(s *config.Sink, server string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: server}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in it", s.CAFile)
		}
	}
	if s.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// examineSinks tells whether the sinks can be reached, and how far they are.
func examineSinks(ctx context.Context, c *config.Config, s *store.Store) (findings []finding) {
	if _, err := sinksOf(c); err != nil {
		return []finding{{"audit sinks", trouble, err.Error()}}
	}
	head, _, err := s.AuditHead(ctx)
	if err != nil {
		return []finding{{"audit sinks", trouble, err.Error()}}
	}
	kept, err := s.Sinks(ctx)
	if err != nil {
		return []finding{{"audit sinks", trouble, err.Error()}}
	}
	for i := range c.Audit.Sinks {
		sink := &c.Audit.Sinks[i]
		f := finding{"audit sink " + sink.Name, fine, "nothing was handed on yet"}
		for _, k := range kept {
			if k.Name == sink.Name {
				f.detail = fmt.Sprintf("%d entries wait", head-k.Seq)
				if k.Failures > 0 {
					f.state, f.detail = doubt, fmt.Sprintf("%s; it failed %d times in a row: %s", f.detail, k.Failures, k.Fault)
				}
			}
		}
		if err := reach(ctx, sink); err != nil {
			f.state, f.detail = trouble, err.Error()
		}
		findings = append(findings, f)
	}
	return findings
}

// reach reports whether somebody listens where a sink should be.
func reach(ctx context.Context, s *config.Sink) error {
	u, err := url.Parse(s.URL)
	if err != nil {
		return errors.New("its URL makes no sense")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	d := net.Dialer{Timeout: 3 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	return conn.Close()
}
