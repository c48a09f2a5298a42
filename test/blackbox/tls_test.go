package blackbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a certificate for api.test with its key.
func writeCertificate(t testing.TB, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "api.test"}, DNSNames: []string{"api.test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		// Renamed into place, as whoever renews certificates does it.
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// trusting returns a TLS configuration that believes the certificate in a file.
func trusting(t testing.TB, certFile string) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(read(t, certFile))) {
		t.Fatal("no certificate in", certFile)
	}
	return &tls.Config{RootCAs: roots, ServerName: "api.test"}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	certFile, keyFile := filepath.Join(in.dir, "cert.pem"), filepath.Join(in.dir, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	in.serve("TERM") // in the clear first, so that something can be made
	w := in.furnish()
	other := in.another() // the same database, with TLS
	other.env = append(other.env, "SALLYPORT_PUBLIC_URL=https://api.test",
		"SALLYPORT_PUBLIC_TLS_CERT_FILE="+certFile, "SALLYPORT_PUBLIC_TLS_KEY_FILE="+keyFile)
	p := other.serve("TERM")
	checkVersions(t, other, w, certFile)
	checkOldTLS(t, other, certFile)

	// The certificate is renewed while the node runs.
	writeCertificate(t, certFile, keyFile, 2)
	config := trusting(t, certFile)
	p.await("the new certificate is shown", func() bool {
		conn, err := tls.Dial("tcp", other.public, config)
		if err != nil {
			return false // the old one is not believed any more
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 2
	})

	// A broken one is not taken; the node goes on with what it has.
	if err := os.WriteFile(certFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.await("the broken certificate was looked at", func() bool {
		conn, err := tls.Dial("tcp", other.public, config)
		if err != nil {
			t.Fatalf("with a broken file the node serves nobody: %v", err)
		}
		conn.Close()
		return strings.Contains(p.errors(), "the old one stays in use")
	})
}

// checkVersions speaks HTTP/1.1 and HTTP/2.
func checkVersions(t *testing.T, in *installation, w *world, certFile string) {
	t.Helper()
	for _, two := range []bool{false, true} {
		var protocols http.Protocols
		protocols.SetHTTP1(!two)
		protocols.SetHTTP2(two)
		transport := &http.Transport{Protocols: &protocols, TLSClientConfig: trusting(t, certFile)}
		client := &http.Client{Timeout: patience, Transport: transport}
		url := "https://" + in.public
		for _, tt := range []struct {
			target  string
			status  int
			headers []string
		}{
			{"/orders/1", 401, []string{"Host: api.test"}},
			{"/orders/1", 200, []string{"Host: api.test", apiKey(w.key)}},
			{"/orders/1", 200, []string{"Host: API.test:443", apiKey(w.key)}},
			{"/orders/1", 421, []string{"Host: other.test", apiKey(w.key)}},
			{"/orders/%2e%2e/admin/x", 400, []string{"Host: api.test", apiKey(w.key)}},
			{"/pub//x", 400, []string{"Host: api.test"}},
			{"/pub/x", 200, []string{"Host: api.test", "X-Sallyport-User: root", "X_Sallyport_User: root"}},
		} {
			w.up.take()
			res := askWith(t, client, http.MethodGet, url+tt.target, "", tt.headers...)
			seen := w.up.take()
			if res.status != tt.status || (len(seen) == 1) != (tt.status == 200) {
				t.Errorf("HTTP/2 %v, %s %v: %d %s %v, %d upstream; want %d", two, tt.target, tt.headers, res.status, res.body, res.err, len(seen), tt.status)
				continue
			}
			for _, a := range seen {
				if a.header.Get("X-Forwarded-Proto") != "https" || strings.Contains(strings.Join(a.header.Values("X-Sallyport-User"), " "), "root") || a.header.Get("X_sallyport_user") != "" {
					t.Errorf("the upstream got %v", a.header)
				}
			}
		}
		// A cookie of a TLS installation is bound to it.
		body := `{"login":"` + in.login + `","password":"` + in.password + `"}`
		res := askWith(t, client, http.MethodPost, url+"/sallyport/api/v1/session", body, "Host: api.test", "Content-Type: application/json", "Origin: https://api.test")
		cookie := res.header.Get("Set-Cookie")
		for _, part := range []string{"__Host-sp_session=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(cookie, part) || strings.Contains(cookie, "Domain") {
				t.Errorf("signed in with %d; the cookie is %q, want %s", res.status, cookie, part)
			}
		}
		transport.CloseIdleConnections()
	}
}

// checkOldTLS wants no handshake with what is not safe any more.
func checkOldTLS(t *testing.T, in *installation, certFile string) {
	t.Helper()
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.0": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"TLS 1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"CBC": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		},
	} {
		config := trusting(t, certFile)
		change(config)
		if conn, err := tls.Dial("tcp", in.public, config); err == nil {
			conn.Close()
			t.Errorf("%s was accepted", name)
		}
	}
	conn, err := tls.Dial("tcp", in.public, trusting(t, certFile))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if v := conn.ConnectionState().Version; v != tls.VersionTLS13 {
		t.Errorf("version %x, want TLS 1.3", v)
	}
}
