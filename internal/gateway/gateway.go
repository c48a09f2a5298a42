package gateway

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// Names of the session cookies that a browser may have for the host that an API
// shares with Sallyport itself. No upstream sees or sets them.
const (
	SessionCookie         = surface.SessionCookie
	InsecureSessionCookie = surface.InsecureSessionCookie // over plain http, on one's own machine
)

// Config is what a gateway is made of.
type Config struct {
	Doors *doors.Doors
	Now   func() time.Time
	Log   *slog.Logger

	TrustedProxies []netip.Prefix // in front, whose X-Forwarded-For and -Proto are believed
	ProxyDepth     int            // how many of them a request passes

	FormLimit int64                    // largest form in which a credential is looked for; 1 MiB when 0
	Docs      respond.Docs             // where problem documents point; [respond.DefaultDocs] when empty
	Metadata  func(*policy.API) string // URL of an API's resource metadata (RFC 9728); nil: not said

	// Dialects answer in the manner of systems, by the name of the dialect.
	Dialects map[string]surface.Dialect

	Metrics *telemetry.Metrics   // nil: nothing is counted
	Access  *telemetry.AccessLog // nil: nothing is written
}

// A Gateway forwards what the doors let in. Make it with [New] and end it with
// [Gateway.Close]. It is safe for concurrent use.
type Gateway struct {
	doors   *doors.Doors
	desk    surface.Desk
	now     func() time.Time
	log     *slog.Logger
	metrics *telemetry.Metrics
	access  *telemetry.AccessLog

	mounts     mounts
	identities surface.Identities
	passages   sync.Pool // of *passage
	buffers    buffers
	library    bool // have httputil.ReverseProxy forward everything, which a test compares with

	closing   chan struct{} // closed by Close
	closeOnce sync.Once
}

// New returns a gateway.
func New(c Config) *Gateway {
	g := &Gateway{
		doors: c.Doors, now: c.Now, log: c.Log, metrics: c.Metrics, access: c.Access,
		desk: surface.Desk{
			Trusted: c.TrustedProxies, Depth: c.ProxyDepth, Now: c.Now,
			FormLimit: c.FormLimit, Docs: c.Docs, Metadata: c.Metadata, Repair: c.Doors.Repair, Dialects: c.Dialects,
		},
		closing: make(chan struct{}),
	}
	g.desk.Again = g
	g.mounts.doors, g.mounts.now = c.Doors, c.Now
	g.passages.New = func() any { return newPassage(g) }
	return g
}

// Close ends open tunnels and gives back idle connections to upstreams. Other
// requests in flight go on. [http.Server.RegisterOnShutdown] is its place, since
// a server does not know of tunnels once they are open.
func (g *Gateway) Close() {
	g.closeOnce.Do(func() { close(g.closing) })
	g.mounts.close()
}

// ServeHTTP decides on a request and forwards or answers it.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.ServeAs(w, r, "") }

// ServeAs is ServeHTTP for a request that a page of this program makes in the name
// of a session, "" for one that came by itself; see [doors.Request]. It returns
// what was decided.
func (g *Gateway) ServeAs(w http.ResponseWriter, r *http.Request, session string) (decided sallyport.Decision) {
	p, ok := g.passages.Get().(*passage)
	if !ok {
		return decided // unreachable: the pool holds nothing else
	}
	p.begin(w, r)
	p.request.Session = session
	defer g.passages.Put(p)
	defer p.end()
	defer g.account(p) // also when the answer breaks off, which is a panic
	p.decide(r.Context())
	p.took = g.now().Sub(p.began)
	g.doors.Announce(&p.decision, w.Header())
	switch {
	case p.misdirected():
		p.problem(http.StatusMisdirectedRequest, "The connection was made for another host.")
	case !p.decision.Allowed:
		g.desk.Deny(&p.out, r, &p.request, &p.decision)
	case !g.desk.Serve(&p.out, r, &p.request, &p.decision):
		p.forward()
	}
	return p.decision
}

// account counts and logs what happened.
func (g *Gateway) account(p *passage) {
	if g.metrics != nil {
		m := g.metrics.API(p.decision.API)
		m.Decided(&p.decision)
		m.Took(p.took)
		if p.asked && !p.clientFault {
			m.Upstream(p.answered, p.headTook)
		}
	}
	if !p.decision.Learning.IsZero() && p.answered > 0 {
		g.doors.Answered(&p.request, &p.decision, p.answered)
	}
	if g.access != nil {
		g.access.Write(&telemetry.Access{
			Decision: &p.decision, Time: p.began, Took: g.now().Sub(p.began),
			Method: p.request.Method, Path: p.request.Canonical.Path,
			Status: p.out.status, Client: p.request.Client,
		})
	}
}

// buffers are what answers are copied through.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

// Get returns a buffer.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer back.
func (b *buffers) Put(buffer []byte) {
	if len(buffer) == bufferSize {
		b.pool.Put((*[bufferSize]byte)(buffer))
	}
}
