package stream_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/audit/stream"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// A receiver is a syslog server that can be told to break off.
type receiver struct {
	t        *testing.T
	listener net.Listener

	mu       sync.Mutex
	messages []string
	breakAt  int // the connection ends after so many messages, once; 0: never
}

// listen starts a receiver; with a certificate it speaks TLS.
func listen(t *testing.T, cert *tls.Certificate) *receiver {
	t.Helper()
	var l net.ListenConfig
	socket, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if cert != nil {
		socket = tls.NewListener(socket, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	}
	r := &receiver{t: t, listener: socket}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = socket.Close()
		serving.Wait()
	})
	return r
}

func (r *receiver) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || n <= 0 || n > 64<<10 {
			r.t.Errorf("a frame of length %q", length)
			return
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		if r.keep(string(message)) {
			return
		}
	}
}

// keep remembers a message and reports whether the connection is to end. The one
// at which it ends was received, and is lost.
func (r *receiver) keep(message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.breakAt > 0 && len(r.messages) == r.breakAt-1 {
		r.breakAt = 0
		return true
	}
	r.messages = append(r.messages, message)
	return false
}

var messageForm = regexp.MustCompile(`^<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z api\.example\.com sallyport - ([!-~]{1,32}) \[meta sequenceId="(\d+)"\] (\{.*\})$`)

// seqs returns the numbers of the entries that arrived, each once, in the order in
// which they first did.
func (r *receiver) seqs() (list []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		parts := messageForm.FindStringSubmatch(m)
		if parts == nil {
			r.t.Fatalf("not a message of RFC 5424: %q", m)
		}
		var e api.AuditEntry
		if err := json.Unmarshal([]byte(parts[3]), &e); err != nil || fmt.Sprint(e.Seq) != parts[2] || !strings.HasPrefix(e.Action, parts[1]) {
			r.t.Fatalf("%v: %q", err, m)
		}
		if !slices.Contains(list, e.Seq) {
			list = append(list, e.Seq)
		}
	}
	return list
}

// certificate makes one for 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "syslog"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

const moment = 30 * time.Millisecond // that the syslog sink waits in these tests

// TestSyslog: a server that breaks off in the middle of a batch, over TCP and over
// TLS, and a process that starts anew, lose nothing.
func TestSyslog(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	for name, tt := range map[string]struct {
		cert   *tls.Certificate
		config *tls.Config
	}{
		"tcp": {nil, nil},
		"tls": {cert, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			r := listen(t, tt.cert)
			r.breakAt = 7
			sink := func() stream.Sink {
				return &stream.Syslog{Address: r.listener.Addr().String(), Host: "api.example.com", TLS: tt.config, Settle: moment}
			}
			write(t, s, "role.create", 20)
			run(t, stream.Config{Store: s, Node: "first", Targets: one("siem", sink())}, func(w []time.Duration) bool { return len(w) >= 1 })
			write(t, s, "an.action.with.a.name.that.is.longer.than.a.msgid", 5)
			run(t, stream.Config{Store: s, Node: "second", Targets: one("siem", sink())}, func(w []time.Duration) bool { return len(r.seqs()) == 25 && idle(w) })
			if got := r.seqs(); !slices.Equal(got, upTo(25)) {
				t.Errorf("arrived: %v", got)
			}
		})
	}
}

func TestSyslogTrustsNobodyUnknown(t *testing.T) {
	t.Parallel()
	cert, _ := certificate(t)
	r := listen(t, cert)
	sink := &stream.Syslog{Address: r.listener.Addr().String(), Host: "h", TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Settle: moment}
	if err := sink.Deliver(t.Context(), []api.AuditEntry{{Seq: 1}}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Deliver: %v", err)
	}
	if got := r.seqs(); len(got) != 0 {
		t.Errorf("it got %v", got)
	}
}

func TestSyslogMessageIsBounded(t *testing.T) {
	t.Parallel()
	r := listen(t, nil)
	sink := &stream.Syslog{Address: r.listener.Addr().String(), Host: "api.example.com", Settle: moment}
	long := json.RawMessage(`"` + strings.Repeat("x", audit.MaxState-2) + `"`)
	if err := sink.Deliver(t.Context(), []api.AuditEntry{{Seq: 1, Action: "a b\n\x00", Before: long, After: long}, {Seq: 2147483648, Action: "last"}}); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) != 2 || len(r.messages[0]) > 1024 || !strings.Contains(r.messages[0], `"left_out":true`) || !strings.Contains(r.messages[0], " - ab [") {
		t.Errorf("%d messages, the first %.300q", len(r.messages), r.messages)
	}
	if !strings.Contains(r.messages[1], `sequenceId="1"`) {
		t.Errorf("a number beyond the bound: %q", r.messages[1])
	}
}

const webhookSecret = "a-secret-of-32-characters-or-so!"

// A hook is a webhook that fails when it is told to.
type hook struct {
	t *testing.T
	*httptest.Server

	mu    sync.Mutex
	calls int
	seqs  []int64
	fail  func(n int, w http.ResponseWriter) bool
}

func newHook(t *testing.T, fail func(n int, w http.ResponseWriter) bool) *hook {
	h := &hook{t: t, fail: fail}
	h.Server = httptest.NewServer(h)
	h.Config.SetKeepAlivesEnabled(true)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	body, err := io.ReadAll(r.Body)
	id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	if want := stream.Sign([]byte(webhookSecret), id, at, body); err != nil || r.Header.Get("Webhook-Signature") != want || id == "" {
		h.t.Errorf("the signature of %q is not that of its body: %v", id, err)
	}
	if h.fail != nil && h.fail(h.calls, w) {
		return
	}
	var events api.AuditEvents
	if err := json.Unmarshal(body, &events); err != nil {
		h.t.Error(err)
	}
	for _, e := range events.Entries {
		if !slices.Contains(h.seqs, e.Seq) { // as a receiver does that has an entry already
			h.seqs = append(h.seqs, e.Seq)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func newWebhook(t *testing.T, url string) stream.Sink {
	t.Helper()
	w, err := stream.NewWebhook(url, webhookSecret, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestWebhook: one that is down, one that fails after it took the entries, one that
// redirects, and a process that starts anew, lose nothing and keep the order.
func TestWebhook(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	h := newHook(t, func(n int, w http.ResponseWriter) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			http.Redirect(w, httptest.NewRequest(http.MethodPost, "/", nil), "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
		case 3:
			panic(http.ErrAbortHandler) // the answer does not come
		default:
			return false
		}
		return true
	})
	write(t, s, "role.create", 250)
	var first []time.Duration
	run(t, stream.Config{Store: s, Node: "first", Targets: one("hook", newWebhook(t, h.URL))}, func(w []time.Duration) bool {
		first = w
		return h.calls == 4
	})
	if !slices.Equal(first, []time.Duration{7 * time.Second, 2 * time.Second, 4 * time.Second}) {
		t.Errorf("waited %v", first)
	}
	write(t, s, "role.update", 1)
	run(t, stream.Config{Store: s, Node: "second", Targets: one("hook", newWebhook(t, h.URL))}, idle)
	if !slices.Equal(h.seqs, upTo(251)) {
		t.Errorf("arrived: %d entries", len(h.seqs))
	}
}

func TestWebhookSecret(t *testing.T) {
	t.Parallel()
	for secret, good := range map[sallyport.Secret]bool{
		webhookSecret:                            true,
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": true,
		"whsec_not base64":                       false,
		"short":                                  false,
		"":                                       false,
		"whsec_c2hvcnQ=":                         false,
	} {
		if _, err := stream.NewWebhook("http://127.0.0.1:1", secret, nil, time.Now); (err == nil) != good || err != nil && secret != "" && strings.Contains(err.Error(), secret.Reveal()) {
			t.Errorf("%q: %v", secret.Reveal(), err)
		}
	}
}

// TestWebhookSignature is the example of the Standard Webhooks specification.
func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	key := []byte{0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab, 0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0}
	got := stream.Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

// TestErrorsHoldNoSecret: the URL of a webhook may be one.
func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := newWebhook(t, "http://127.0.0.1:1/hooks/canary-1?token=canary-2")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.Deliver(ctx, []api.AuditEntry{{Seq: 1}}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("Deliver: %v", err)
	}
}
