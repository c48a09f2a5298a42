package gateway_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
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
// httputil.ReverseProxy before the same upstream, and beside no proxy at all: client
// and upstream are in the same process, and do no more than to move bytes. The three
// take turns of twenty exchanges, and the CPU time of each turn is compared with that of
// its neighbours, as the speed of a machine that others use changes from one second to
// the next.
//
// It reports the microseconds that each proxy adds, and the ratio.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			upstream := mute(b)
			k := gatewaytest.Start(b, gatewaytest.Options{}, orders("http://"+upstream))
			role := k.Role("reader", ordersRead)
			var requests [][]byte
			for len(requests) < n {
				_, token := k.Token(k.User(fmt.Sprint("alice", len(requests)), "", role))
				requests = append(requests, fmt.Appendf(nil, browser, "/orders/items", token))
			}
			var turns [3]func() time.Duration
			for i, address := range []string{k.Addr, bare(b, upstream), upstream} {
				turns[i] = repeat(b, address, requests)
			}
			for range n / turn { // what is measured is known
				turns[0]()
			}
			var micros [3][]float64
			var ratios []float64
			for b.Loop() {
				var took [3]float64
				for i := range turns {
					took[i] = turns[i]().Seconds() * 1e6 / turn
				}
				ratios = append(ratios, (took[0]-took[2])/(took[1]-took[2]))
				for i, t := range took {
					micros[i] = append(micros[i], t)
				}
			}
			none := median(micros[2])
			b.ReportMetric(median(micros[0])-none, "gateway-µs")
			b.ReportMetric(median(micros[1])-none, "bare-µs")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(0, "ns/op") // of three turns; it says nothing
		})
	}
}

// turn is how many exchanges are measured together.
const turn = 20

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// bare starts a proxy without doors, and returns its address.
func bare(b *testing.B, upstream string) string {
	b.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}
	s := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, BufferPool: lender{}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: upstream})
		r.SetXForwarded()
	}})
	b.Cleanup(s.Close)
	b.Cleanup(transport.CloseIdleConnections)
	return s.Listener.Addr().String()
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

// repeat returns a function that takes a turn: it sends the next requests over one
// connection, and returns the CPU time that this process took for them.
func repeat(b *testing.B, address string, requests [][]byte) func() time.Duration {
	b.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	in, next := make([]byte, 16<<10), 0
	return func() time.Duration {
		began := ownCPU(b)
		for range turn {
			if _, err := c.Write(requests[next]); err != nil {
				b.Fatal(err)
			}
			next = (next + 1) % len(requests)
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
		}
		return ownCPU(b) - began
	}
}

// ownCPU returns the CPU time that this process took so far.
func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
