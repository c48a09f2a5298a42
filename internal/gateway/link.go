package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

// Bounds of connections to upstreams.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	idlePerUpstream  = 256
	maxAnswerHead    = 256 << 10
	pingAfter        = 15 * time.Second // of silence on an HTTP/2 connection
)

// A link is a pool of connections to an upstream.
type link struct {
	transport *http.Transport
	upgrades  *http.Transport // the same one if it speaks HTTP/1.1
}

// A linkKey is what a pool depends on. An API whose document changes elsewhere
// keeps its connections.
type linkKey struct {
	scheme, host string
	http2        bool
	caFile       string
}

// links are the pools of all upstreams. They are not safe for concurrent use.
type links struct {
	pools map[linkKey]link
}

// to returns the transports to an upstream.
func (l *links) to(u *url.URL, spec *sallyport.Upstream) (transport, upgrades *http.Transport, err error) {
	key := linkKey{u.Scheme, u.Host, spec.HTTP2, spec.CAFile}
	if pool, ok := l.pools[key]; ok {
		return pool.transport, pool.upgrades, nil
	}
	pool, err := newLink(key)
	if err != nil {
		return nil, nil, err
	}
	if l.pools == nil {
		l.pools = map[linkKey]link{}
	}
	l.pools[key] = pool
	return pool.transport, pool.upgrades, nil
}

// keep closes the idle connections of all pools that none of the mounts uses,
// and forgets them.
func (l *links) keep(used map[*policy.API]*mounted) {
	inUse := map[*http.Transport]bool{}
	for _, m := range used {
		if m.mount != nil {
			inUse[m.transport] = true
		}
	}
	for key, pool := range l.pools {
		if !inUse[pool.transport] {
			pool.transport.CloseIdleConnections()
			pool.upgrades.CloseIdleConnections()
			delete(l.pools, key)
		}
	}
}

func newLink(key linkKey) (link, error) {
	var roots *x509.CertPool
	if key.caFile != "" {
		pem, err := os.ReadFile(key.caFile)
		if err != nil {
			return link{}, fmt.Errorf("read the roots: %w", err)
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return link{}, errors.New("the file of roots has no certificate in PEM form")
		}
	}
	var protocols http.Protocols
	switch {
	case key.http2 && key.scheme == "http":
		protocols.SetUnencryptedHTTP2(true) // prior knowledge (RFC 9113 section 3.3)
		var one http.Protocols
		one.SetHTTP1(true)
		return link{newTransport(&protocols, roots), newTransport(&one, roots)}, nil
	case key.http2:
		protocols.SetHTTP2(true)
	}
	protocols.SetHTTP1(true)
	t := newTransport(&protocols, roots)
	return link{t, t}, nil
}

// newTransport returns a transport that adds nothing to what it is given: no
// proxy from the environment, no compression of its own.
func newTransport(protocols *http.Protocols, roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    handshakeTimeout,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    idlePerUpstream,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHead,
		Protocols:              protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: handshakeTimeout},
	}
}
