package gateway_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// kibibyte answers 1 KiB.
func kibibyte(b *testing.B) *httptest.Server {
	b.Helper()
	body := []byte(strings.Repeat("x", 1<<10))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(body)
	}))
	b.Cleanup(s.Close)
	return s
}

// ask sends the same request over and over on one connection.
func ask(b *testing.B, client *http.Client, method, address, token string, body func() io.Reader) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequestWithContext(b.Context(), method, address, body())
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res.StatusCode, err)
		}
		_ = res.Body.Close()
	}
}

// BenchmarkChunked tells what it costs to end a connection after a request in
// the chunked coding (docs/adr/0007): the same upload in chunks, with the
// connection kept as a bare net/http server would keep it, and ended.
func BenchmarkChunked(b *testing.B) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	b.Cleanup(cert.Close)
	upstream := kibibyte(b)
	for _, tt := range []struct {
		name   string
		config *tls.Config
	}{
		{"http", nil},
		{"https", &tls.Config{Certificates: cert.TLS.Certificates, MinVersion: tls.VersionTLS13}},
	} {
		for _, size := range []int{1 << 10, 1 << 20} {
			body := strings.Repeat("x", size)
			for _, ends := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/ends=%v", tt.name, sizeName(size), ends), func(b *testing.B) {
					k := gatewaytest.Start(b, gatewaytest.Options{Server: gateway.ServerConfig{TLS: tt.config}}, everything(upstream.URL))
					if !ends {
						k.Server.Handler = k.Gateway // without the threshold
					}
					client := &http.Client{Transport: &http.Transport{
						TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(8)},
					}}
					b.Cleanup(client.CloseIdleConnections)
					ask(b, client, "POST", k.URL+"/x", "x", func() io.Reader { return io.MultiReader(strings.NewReader(body)) })
				})
			}
		}
	}
}

func sizeName(n int) string {
	if n >= 1<<20 {
		return "1MiB"
	}
	return "1KiB"
}
