package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/config"
)

// certificateCheck is how often the files of the certificate are looked at.
const certificateCheck = 10 * time.Second

// A certificate is read again when its files change. If the new files are no
// pair, the old certificate stays in use.
type certificate struct {
	files config.TLS
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex // guards all below
	current *tls.Certificate
	changed [2]time.Time // when the files in use were modified, certificate and key
	looked  time.Time
}

// newCertificate reads the files once, so that a mistake is found at the start.
func newCertificate(files config.TLS, log *slog.Logger, now func() time.Time) (*certificate, error) {
	c := &certificate{files: files, log: log, now: now}
	changed, err := c.modified()
	if err != nil {
		return nil, err
	}
	return c, c.load(changed)
}

// modified looks at both files: one that is replaced can still be the older of them.
func (c *certificate) modified() (at [2]time.Time, err error) {
	for i, path := range []string{c.files.CertFile, c.files.KeyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return at, fmt.Errorf("look at the certificate: %w", err)
		}
		at[i] = info.ModTime()
	}
	return at, nil
}

func (c *certificate) load(changed [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return fmt.Errorf("read the certificate %s and its key: %w", c.files.CertFile, err)
	}
	c.current, c.changed = &pair, changed
	return nil
}

// get is [tls.Config.GetCertificate].
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < certificateCheck {
		return c.current, nil
	}
	c.looked = now
	changed, err := c.modified()
	if err == nil && changed != c.changed {
		if err = c.load(changed); err == nil {
			c.log.Info("the certificate was read again", "file", c.files.CertFile)
		}
	}
	if err != nil {
		c.log.Error("the certificate could not be read again; the old one stays in use", "error", err)
	}
	return c.current, nil
}

// config returns what the public listener offers: TLS 1.2 with forward secrecy
// and authenticated encryption, and TLS 1.3.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: c.get,
		NextProtos:     []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}
