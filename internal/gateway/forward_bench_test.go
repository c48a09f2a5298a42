package gateway_test

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/gateway/gatewaytest"
)

// A browser's request with a credential.
const browser = "GET %s HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer %s\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.8,de;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: https://api.example.com/app/orders?page=2\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\nDnt: 1\r\n\r\n"

var kilobyte = []byte(strings.Repeat("x", 1<<10))

// BenchmarkForward is the whole gateway, with an authenticated user, beside a bare
// httputil.ReverseProxy before the same upstream. Client and upstream are in the same
// process, and do no more than to move bytes. The ratio of CPU times counts.
func BenchmarkForward(b *testing.B) {
	upstream := mute(b)
	b.Run("gateway", func(b *testing.B) {
		k := gatewaytest.Start(b, gatewaytest.Options{}, orders("http://"+upstream))
		_, token := reader(k)
		repeat(b, k.Addr, fmt.Appendf(nil, browser, "/orders/items", token))
	})
	b.Run("bare", func(b *testing.B) {
		transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}
		s := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, BufferPool: lender{}, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: upstream})
			r.SetXForwarded()
		}})
		b.Cleanup(s.Close)
		b.Cleanup(transport.CloseIdleConnections)
		repeat(b, s.Listener.Addr().String(), fmt.Appendf(nil, browser, "/orders/items", "x"))
	})
}

// A lender lends the same buffer over and over, to who asks once at a time.
type lender struct{}

var lent = make([]byte, 32<<10)

func (lender) Get() []byte { return lent }
func (lender) Put([]byte)  {}

// mute answers 1 KiB to whatever comes, which must come in one piece, and returns its
// address.
func mute(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(kilobyte), kilobyte)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in := make([]byte, 16<<10)
				for {
					if n, err := c.Read(in); err != nil || !bytes.HasSuffix(in[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// repeat sends the same request over and over on one connection.
func repeat(b *testing.B, address string, request []byte) {
	b.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	in := make([]byte, 16<<10)
	b.ReportAllocs()
	least, began := time.Duration(math.MaxInt64), ownCPU(b)
	for i := 1; b.Loop(); i++ {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		n := 0
		for !bytes.HasSuffix(in[:n], kilobyte) {
			more, err := c.Read(in[n:])
			if n += more; err != nil {
				b.Fatal(err, string(in[:n]))
			}
		}
		if !bytes.HasPrefix(in[:n], []byte("HTTP/1.1 200 ")) {
			b.Fatal(string(in[:n]))
		}
		if i%turn == 0 {
			now := ownCPU(b)
			least, began = min(least, now-began), now
		}
	}
	b.ReportMetric(float64(least)/turn, "cpu-ns/op")
}

// turn is how many exchanges are measured together. The least of all turns is what
// is told: what else happens on the machine only ever adds to it.
const turn = 20

// ownCPU returns the CPU time that this process took so far.
func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
