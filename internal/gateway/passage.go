package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
)

// A passage is one request's way through the gateway. It is used again for
// others, with the proxy for upgrades, whose hooks are its methods.
type passage struct {
	gateway *Gateway
	proxy   httputil.ReverseProxy

	in       *http.Request
	out      recorder
	request  doors.Request
	body     surface.Body
	decision sallyport.Decision
	began    time.Time
	took     time.Duration // from then until the decision

	mount    *mount
	target   target.Target // what the upstream is asked for
	upload   *upload       // nil: no body, or one that was read
	upgrade  bool          // to a WebSocket
	rewrote  bool          // we got as far as the outgoing request
	fault    error         // ours, found while the request was written
	tunnel   *tunnel
	sent     time.Time
	headTook time.Duration // from sent to the head of the answer

	asked       bool // the upstream was
	answered    int  // its status; 0: it did not
	clientFault bool // it is not the upstream that failed
}

func newPassage(g *Gateway) *passage {
	p := &passage{gateway: g}
	p.proxy = httputil.ReverseProxy{
		Rewrite: p.rewrite, Transport: p, ModifyResponse: p.answer,
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { p.fail(err) },
		BufferPool:   &g.buffers, ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
	return p
}

func (p *passage) begin(w http.ResponseWriter, r *http.Request) {
	p.in, p.began = r, p.gateway.now()
	p.out = recorder{ResponseWriter: w, passage: p}
}

// end leaves nothing of the request behind.
func (p *passage) end() {
	p.tunnel.end()
	g, proxy := p.gateway, p.proxy
	*p = passage{gateway: g, proxy: proxy}
}

func (p *passage) decide(ctx context.Context) {
	p.gateway.desk.Read(p.in, &p.body, &p.request)
	p.request.Now = p.began
	p.decision = p.gateway.doors.Decide(ctx, &p.request)
}

// misdirected reports whether the request is for another host than its TLS
// connection (RFC 9110 section 7.4). Behind a trusted proxy the name on the
// connection is the proxy's affair.
func (p *passage) misdirected() bool {
	if p.in.TLS == nil || p.in.TLS.ServerName == "" || p.request.Canonical.Host == "" {
		return false
	}
	host := p.request.Canonical.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return !strings.EqualFold(strings.TrimSuffix(p.in.TLS.ServerName, "."), host) &&
		!p.gateway.desk.Trusts(surface.Peer(p.in))
}

// forward carries an allowed request out.
func (p *passage) forward() {
	m, err := p.gateway.mounts.of(p.request.API)
	if err != nil {
		p.gateway.log.ErrorContext(p.in.Context(), "the upstream cannot be used",
			"request_id", p.request.ID, "api", p.decision.API, "error", err)
		p.problem(http.StatusBadGateway, upstreamFailed)
		return
	}
	p.mount = m
	if reason := p.aim(); reason != "" {
		p.refuse(reason)
		return
	}
	if reason := p.load(); reason != "" {
		p.refuse(reason)
		return
	}
	if !p.upgradeIsText() {
		p.clientFault = true
		p.refuse(sallyport.HeaderMalformed)
		return
	}
	if p.upgrade = p.wantsWebSocket(); p.upgrade || p.gateway.library {
		p.proxy.ServeHTTP(&p.out, p.in)
	} else {
		p.exchange()
	}
}

// refuse denies what the doors had let in.
func (p *passage) refuse(reason sallyport.Reason) {
	p.decision.Allowed, p.decision.Reason = false, reason
	p.gateway.desk.Deny(&p.out, p.in, &p.request, &p.decision)
}

// aim finds what the upstream is asked for: the path that was matched, with the
// base path that the upstream knows, and the query without the credential.
//
// A path that was put together anew is read anew. What then differs, or is
// refused, was never matched and is not forwarded.
func (p *passage) aim() sallyport.Reason {
	t, m := p.request.Canonical, p.mount
	if p.request.BasePath != m.base {
		t.Path = m.base + t.Path[len(p.request.BasePath):]
		if t.Path == "" {
			t.Path = "/"
		}
		again, fault := target.Parse(http.MethodGet, t.Path, "upstream", m.path)
		if fault != target.OK || again.Path != t.Path {
			return sallyport.PathAmbiguous
		}
	}
	t.RawQuery = m.cutQuery(t.RawQuery)
	p.target = t
	return ""
}

// load prepares the body: bounded, and without the credential.
func (p *passage) load() sallyport.Reason {
	r, limit := p.in, p.mount.bodyLimit
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return ""
	}
	if limit >= 0 && r.ContentLength > limit {
		return sallyport.BodyTooLarge
	}
	if reason := p.cutForm(); reason != "" {
		return reason
	}
	if _, read := p.body.Buffered(); !read {
		p.upload = &upload{from: r.Body, left: limit, limit: limit}
		r.Body = p.upload
		// Else net/http would swallow what is left of the body as soon as the
		// answer begins, and an upstream that answers while it reads would get
		// half of it. HTTP/2 needs no leave for that.
		_ = http.NewResponseController(p.out.ResponseWriter).EnableFullDuplex()
	}
	return ""
}

// wantsWebSocket reports whether the client asks for a WebSocket, in the only
// form of it (RFC 6455 section 4.1), and the route has one.
func (p *passage) wantsWebSocket() bool {
	r := p.in
	upgrade := r.Header["Upgrade"]
	return p.request.Match.Route.WebSocket && r.ProtoMajor == 1 && r.ProtoMinor == 1 &&
		r.Method == http.MethodGet && r.ContentLength == 0 &&
		len(upgrade) == 1 && strings.EqualFold(upgrade[0], websocket) && hasToken(r.Header["Connection"], "upgrade")
}

// upgradeIsText reports whether what the client wants to upgrade to, if anything,
// is text.
func (p *passage) upgradeIsText() bool {
	upgrade := p.in.Header["Upgrade"]
	return len(upgrade) == 0 || !hasToken(p.in.Header["Connection"], "upgrade") ||
		!strings.ContainsFunc(upgrade[0], func(c rune) bool { return c < ' ' || c > '~' })
}

// hasToken reports whether a comma-separated list has a token, in any case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(one, " \t"), token) {
				return true
			}
		}
	}
	return false
}

const websocket = "websocket"

// rewrite makes the outgoing request of an upgrade.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	out, m := pr.Out, p.mount
	*out.URL = url.URL{Scheme: m.scheme, Host: m.host}
	p.target.SetURL(out.URL)
	out.Host = ""
	if m.preserveHost {
		out.Host = p.request.Canonical.Host
	}
	out.Trailer = nil // announced by the client, and never sent on
	target.StripManaged(out.Header, m.strip)
	p.dress(out.Header)
}

// dress makes the client's headers those that the upstream gets. The hop-by-hop
// headers, and those that a client may not set, were removed by now, so nothing that
// the client lists in Connection can take away what is set here.
func (p *passage) dress(h http.Header) {
	p.rewrote = true
	m := p.mount
	m.restore(h, p.in.Header)
	m.cutHeaders(h)
	delete(h, "Expect") // the body is on its way; there is nothing to wait for
	delete(h, "Http2-Settings")
	if p.upgrade {
		h["Upgrade"] = []string{websocket}
	} else {
		delete(h, "Upgrade")
		delete(h, "Connection")
	}
	p.setForwarded(h)
	p.fault = p.gateway.identities.Set(p.gateway.doors, &p.decision, p.request.Now, h)
}

// setForwarded tells the upstream how the client came. Only addresses that this
// node knows itself, or from a proxy that it trusts, are named.
func (p *passage) setForwarded(h http.Header) {
	values := [...]string{p.request.Canonical.Host, p.request.Scheme, ""}
	h["X-Forwarded-Host"], h["X-Forwarded-Proto"] = values[0:1:1], values[1:2:2]
	if !p.request.Client.IsValid() {
		return // a unix socket; the proxy behind it was not asked to tell more
	}
	chain := p.request.Client.String()
	if peer := surface.Peer(p.in); peer != p.request.Client && peer.IsValid() {
		chain += ", " + peer.String()
	}
	values[2] = chain
	h["X-Forwarded-For"] = values[2:3:3]
}
