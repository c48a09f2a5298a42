package gateway

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// exchange forwards a request that is answered and nothing more, which is every
// request but an upgrade. It does what httputil.ReverseProxy does, which a test
// holds it to; but as it knows from the outset what the upstream gets, it writes
// that down once, where ReverseProxy copies everything and has us take things out
// again (docs/adr/0020).
func (p *passage) exchange() {
	ctx, cancel := context.WithCancelCause(p.in.Context())
	early := &earlyHints{to: &p.out}
	early.trace.Got1xxResponse = early.pass
	out := p.outgoing(httptrace.WithClientTrace(ctx, &early.trace))
	if out.Body != nil {
		defer func() { _ = out.Body.Close() }()
	}
	if p.fault != nil {
		cancel(p.fault)
		p.fail(p.fault)
		return
	}
	res, err := p.ask(out, cancel)
	early.end()
	if err != nil {
		p.fail(err)
		return
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		removeHopByHop(res.Header)
	}
	if err := p.answer(res); err != nil {
		_ = res.Body.Close()
		p.fail(err)
		return
	}
	p.pass(res)
}

// outgoing makes the request to the upstream.
func (p *passage) outgoing(ctx context.Context) *http.Request {
	in, m := p.in, p.mount
	h := make(http.Header, len(in.Header)+headersOfOurs)
	for name, values := range in.Header {
		if !hopByHop(name) && !forwarding(name) && !m.strip.Forbids(name) {
			h[name] = values
		}
	}
	removeListed(h, in.Header["Connection"])
	if hasToken(in.Header["Te"], "trailers") {
		h["Te"] = teTrailers
	}
	p.dress(h)
	if _, told := h["User-Agent"]; !told {
		h["User-Agent"] = nothing // or the transport would tell its own
	}
	out := &http.Request{
		Method: in.Method, URL: &url.URL{Scheme: m.scheme, Host: m.host}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: in.ContentLength, TransferEncoding: in.TransferEncoding,
	}
	p.target.SetURL(out.URL)
	if m.preserveHost {
		out.Host = p.request.Canonical.Host
	}
	if in.ContentLength != 0 && in.Body != nil { // with a body of no bytes, the transport would not repeat a request
		out.Body = &lent{from: in.Body}
	}
	return out.WithContext(ctx)
}

// Values of headers that never change.
var (
	teTrailers = []string{"trailers"}
	nothing    = []string{""}
)

// headersOfOurs is how many headers we set, at most.
const headersOfOurs = 16

// hopByHop reports whether a header is about one connection (RFC 9110 section
// 7.6.1), or is taken for that by some program. The name is in canonical form.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// forwarding reports whether a header tells how a request came, which is ours to
// say.
func forwarding(name string) bool {
	switch name {
	case "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return true
	}
	return false
}

// removeHopByHop removes what an answer says about its connection.
func removeHopByHop(h http.Header) {
	removeListed(h, h["Connection"])
	for name := range h {
		if hopByHop(name) {
			delete(h, name)
		}
	}
}

// removeListed removes the headers that are listed in Connection.
func removeListed(h http.Header, connection []string) {
	for _, line := range connection {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.TrimString(name); name != "" {
				h.Del(name)
			}
		}
	}
}

// A lent body is the client's while the passage lasts: the transport may hold on to
// it for longer, and must not close what it could be given again.
type lent struct {
	from io.Reader
	over atomic.Bool
}

var errOver = errors.New("the request is over")

// Read reads on, until the body is closed.
func (b *lent) Read(to []byte) (int, error) {
	if b.over.Load() {
		return 0, errOver
	}
	return b.from.Read(to)
}

// Close ends reading. The body itself is closed by the server.
func (b *lent) Close() error {
	b.over.Store(true)
	return nil
}

// earlyHints passes interim answers on (RFC 9110 section 15.2) while the final one
// is waited for. The transport may hold on to it for longer, so it is not used
// again.
type earlyHints struct {
	trace httptrace.ClientTrace

	mu sync.Mutex // guards what follows
	to http.ResponseWriter
}

func (e *earlyHints) pass(status int, header textproto.MIMEHeader) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.to == nil {
		return nil
	}
	h := e.to.Header()
	before := h.Clone()
	add(h, http.Header(header))
	e.to.WriteHeader(status)
	clear(h) // which net/http leaves as it was, after an interim answer
	add(h, before)
	return nil
}

// end has nothing passed on any more.
func (e *earlyHints) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = nil
}

// add adds headers to others. Values are shared between them.
func add(h, more http.Header) {
	for name, values := range more {
		if there := h[name]; len(there) > 0 {
			values = append(there[:len(there):len(there)], values...)
		}
		h[name] = values
	}
}

// pass passes the answer of the upstream on to the client. If it breaks off, so
// does that to the client: there is no other way to say so.
func (p *passage) pass(res *http.Response) {
	h := p.out.Header()
	add(h, res.Header)
	if _, told := h["Content-Type"]; !told {
		h["Content-Type"] = nil // net/http would guess one
	}
	announced := len(res.Trailer)
	if announced > 0 {
		names := make([]string, 0, announced)
		for name := range res.Trailer {
			names = append(names, name)
		}
		h["Trailer"] = append(h["Trailer"], strings.Join(names, ", "))
	}
	p.out.WriteHeader(res.StatusCode)
	err := p.pour(res)
	_ = res.Body.Close() // behind which there are trailers
	if err != nil {
		p.gateway.log.DebugContext(p.in.Context(), "an answer broke off", "request_id", p.request.ID, "error", err)
		if p.in.Context().Value(http.ServerContextKey) != nil {
			panic(http.ErrAbortHandler) //nolint:forbidigo // it is how net/http is told to end the connection
		}
		return // no server would recover
	}
	if len(res.Trailer) == 0 {
		return
	}
	// Or net/http would count a short body and say its length, with which there
	// can be no trailers.
	_ = http.NewResponseController(&p.out).Flush()
	if len(res.Trailer) == announced {
		add(h, res.Trailer)
		return
	}
	for name, values := range res.Trailer {
		h[http.TrailerPrefix+name] = values
	}
}

// pour copies the body of an answer.
func (p *passage) pour(res *http.Response) error {
	if res.Body == http.NoBody {
		return nil
	}
	buffer := p.gateway.buffers.Get()
	defer p.gateway.buffers.Put(buffer)
	if !inPieces(res) {
		return copyAll(&p.out, res.Body, buffer)
	}
	s := &stream{to: &p.out}
	s.timer = time.AfterFunc(0, s.begin)
	defer s.end()
	return copyAll(s, res.Body, buffer)
}

// inPieces reports whether an answer is to be passed on piece by piece: it does not
// say how long it is, or it is made of events.
func inPieces(res *http.Response) bool {
	if res.ContentLength < 0 {
		return true
	}
	values := res.Header["Content-Type"]
	if len(values) == 0 || len(values[0]) < len(events) || !strings.EqualFold(values[0][:1], events[:1]) {
		return false
	}
	media, _, _ := mime.ParseMediaType(values[0])
	return media == events
}

const events = "text/event-stream"

// copyAll is io.Copy without looking for shorter ways, which would go past what
// the ends note.
func copyAll(to io.Writer, from io.Reader, buffer []byte) error {
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				return failed
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// A stream sends each piece at once, and the head of the answer without waiting
// for the first of them.
type stream struct {
	to    *recorder
	timer *time.Timer

	mu    sync.Mutex // guards to, and what follows
	begun bool
}

// Write sends a piece.
func (s *stream) Write(piece []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	n, err := s.to.Write(piece)
	_ = http.NewResponseController(s.to).Flush() // what could not be sent, the next piece will tell
	return n, err
}

// begin sends the head, unless a piece was faster.
func (s *stream) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		_ = http.NewResponseController(s.to).Flush()
	}
}

func (s *stream) end() {
	s.timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
}
