package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/config"
)

// writePair writes a self-signed certificate with a serial number.
func writePair(t *testing.T, files config.TLS, serial int64, modified time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		files.CertFile: {Type: "CERTIFICATE", Bytes: der},
		files.KeyFile:  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := config.TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	writePair(t, files, 1, now)
	c, err := newCertificate(files, slog.New(slog.DiscardHandler), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Fatalf("serial %d, want 1", got)
	}
	writePair(t, files, 2, now.Add(time.Second))
	now = now.Add(certificateCheck)
	if got := serial(); got != 2 {
		t.Errorf("after the change: serial %d, want 2", got)
	}
	// The one that is replaced may be the older of the two.
	writePair(t, files, 3, now.Add(time.Second))
	if err := os.Chtimes(files.CertFile, now, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateCheck)
	if got := serial(); got != 3 {
		t.Fatalf("serial %d, want 3", got)
	}
	writePair(t, files, 4, now.Add(time.Second))
	for path, at := range map[string]time.Time{files.CertFile: now.Add(-time.Minute), files.KeyFile: now.Add(time.Second - certificateCheck)} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(certificateCheck)
	if got := serial(); got != 4 {
		t.Errorf("after a change of the older file: serial %d, want 4", got)
	}
	if err := os.WriteFile(files.KeyFile, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateCheck)
	if got := serial(); got != 4 {
		t.Errorf("with a broken key: serial %d, want the old one, 4", got)
	}
}

func TestCertificateMustBeReadableAtTheStart(t *testing.T) {
	t.Parallel()
	files := config.TLS{CertFile: filepath.Join(t.TempDir(), "none.pem"), KeyFile: filepath.Join(t.TempDir(), "none.pem")}
	if _, err := newCertificate(files, slog.New(slog.DiscardHandler), time.Now); err == nil {
		t.Error("a missing certificate is no error")
	}
}
