package gateway

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// Limits of a public listener, where [ServerConfig] does not say otherwise.
const (
	DefaultHeaderBytes       = 32 << 10
	DefaultHeaders           = 100
	DefaultReadHeaderTimeout = 5 * time.Second
	DefaultIdleTimeout       = 2 * time.Minute
)

const (
	streams       = 100              // requests at a time on an HTTP/2 connection
	silence       = 15 * time.Second // on an HTTP/2 connection, before it is asked whether it lives
	writeStall    = 30 * time.Second // of an HTTP/2 connection whose client does not read
	headerSlop    = 4 << 10          // that net/http allows on top of its limit
	perHeaderLine = len(": \r\n")
)

// ServerConfig bounds what clients of the public listener can take. A limit of 0
// is the default.
type ServerConfig struct {
	HeaderBytes       int // largest head of a request
	Headers           int // most fields in it
	ReadHeaderTimeout time.Duration
	IdleTimeout       time.Duration
	TLS               *tls.Config // for ServeTLS; nil: plain HTTP/1.1 is spoken
	Log               *slog.Logger
}

func (c *ServerConfig) fill() {
	setDefault(&c.HeaderBytes, DefaultHeaderBytes)
	setDefault(&c.Headers, DefaultHeaders)
	setDefault(&c.ReadHeaderTimeout, DefaultReadHeaderTimeout)
	setDefault(&c.IdleTimeout, DefaultIdleTimeout)
}

func setDefault[T comparable](value *T, unsaid T) {
	var zero T
	if *value == zero {
		*value = unsaid
	}
}

// Server returns the server of the public listener. It speaks HTTP/1.1, and
// HTTP/2 over TLS; HTTP/2 in the clear is not offered, nor an upgrade to it.
//
// It puts a guard of its own in front of handler: a request with too many
// headers is answered 431, and after a request in the chunked coding the
// connection ends (docs/adr/0007). There is no limit on how long a body or an
// answer may take, as both may be streams; [Limit] bounds how many a client can
// have.
func Server(handler http.Handler, c ServerConfig) *http.Server {
	c.fill()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:                      &threshold{next: handler, headers: c.Headers, bytes: c.HeaderBytes},
		TLSConfig:                    c.TLS,
		ReadHeaderTimeout:            c.ReadHeaderTimeout,
		IdleTimeout:                  c.IdleTimeout,
		MaxHeaderBytes:               max(c.HeaderBytes-headerSlop, headerSlop),
		DisableGeneralOptionsHandler: true, // OPTIONS * is a request like any other
		Protocols:                    &protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: streams, SendPingTimeout: silence, PingTimeout: silence, WriteByteTimeout: writeStall,
		},
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
}

// A threshold stands in front of every handler of the public listener.
type threshold struct {
	next    http.Handler
	headers int
	bytes   int
}

// ServeHTTP refuses a head that is too large, and has the connection end behind a
// chunked request.
func (t *threshold) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := t.refuses(r); status != 0 {
		if r.ProtoMajor == 1 || r.Method == preface {
			w.Header().Set("Connection", "close")
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// Beside it there may have been a Content-Length, which net/http has
		// dropped without a word (RFC 9112 section 6.1).
		w.Header().Set("Connection", "close")
		w = &lastAnswer{ResponseWriter: w}
	}
	t.next.ServeHTTP(w, r)
}

// preface is the method with which HTTP/2 begins. net/http gives it to the handler
// when HTTP/2 is not spoken on the connection.
const preface = "PRI"

// refuses returns the status with which a request is refused for its head, 0 if
// it is not.
func (t *threshold) refuses(r *http.Request) int {
	if r.Method == preface {
		return http.StatusBadRequest
	}
	fields, size := 0, len(r.Method)+len(r.RequestURI)+len(r.Host)
	for name, values := range r.Header {
		fields += len(values)
		for _, v := range values {
			size += len(name) + len(v) + perHeaderLine
		}
	}
	if fields > t.headers || size > t.bytes {
		return http.StatusRequestHeaderFieldsTooLarge
	}
	return 0
}

// A lastAnswer is the last one on its connection, whatever the handler does to
// the headers before it sends them.
type lastAnswer struct{ http.ResponseWriter }

// WriteHeader sends the head of an answer.
func (w *lastAnswer) WriteHeader(status int) {
	if status >= 200 {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (w *lastAnswer) Write(b []byte) (int, error) {
	w.Header().Set("Connection", "close") // without effect once the head is out
	return w.ResponseWriter.Write(b)
}

// Flush sends what was written so far.
func (w *lastAnswer) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap returns the writer beneath, for [http.ResponseController].
func (w *lastAnswer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
