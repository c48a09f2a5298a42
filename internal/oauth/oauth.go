package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/oauth/wire"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// PublicClient is the client id of those who have no credential of their own,
// such as a program on a person's machine. It need not be sent.
const PublicClient = "sallyport"

// Paths of the endpoints and documents.
const (
	TokenPath      = "/oauth2/token"
	RevokePath     = "/oauth2/revoke"
	IntrospectPath = "/oauth2/introspect"
	ServerPath     = "/.well-known/oauth-authorization-server"
	ResourcePath   = "/.well-known/oauth-protected-resource"
	KeysPath       = "/.well-known/jwks.json"
)

// Config is what a [Surface] needs. The first five fields are required.
type Config struct {
	Doors  *doors.Doors
	Admin  *admin.Service
	Issuer string // the public URL, as the doors have it; no request changes it
	Now    func() time.Time
	Log    *slog.Logger

	Trusted []netip.Prefix // proxies in front, whose X-Forwarded-For is believed
	Depth   int            // how many of them a request passes
	Metrics *telemetry.Metrics
	Access  *telemetry.AccessLog
}

// A Surface serves the endpoints. It is safe for concurrent use.
type Surface struct {
	c      Config
	issuer *url.URL
	counts *counts
	desk   surface.Desk
}

// New returns the surface.
func New(c Config) (*Surface, error) {
	if c.Doors == nil || c.Admin == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("oauth: doors, admin, clock and log are needed")
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" {
		// RFC 8414 section 2: no query and no fragment.
		return nil, fmt.Errorf("oauth: the issuer must be a URL such as https://api.example.com")
	}
	if c.Issuer != c.Doors.Keys().Issuer() {
		return nil, errors.New("oauth: the issuer is not the one that signs")
	}
	s := &Surface{
		c: c, issuer: issuer, desk: surface.Desk{Trusted: c.Trusted, Depth: c.Depth, Now: c.Now, FormLimit: maxBody},
	}
	if s.counts, err = newCounts(c.Metrics); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers requests for the paths of this package; others are not found.
func (s *Surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.begin(w, r)
	defer x.end()
	path := r.URL.EscapedPath()
	switch path {
	case TokenPath:
		x.exchange("token", s.token)
		return
	case RevokePath:
		x.exchange("revoke", s.revoke)
		return
	case IntrospectPath:
		x.exchange("introspect", s.introspect)
		return
	case KeysPath:
		x.document("jwks", s.keys)
		return
	case ServerPath, ServerPath + s.issuer.Path:
		x.document("server", s.server)
		return
	}
	if rest, ok := strings.CutPrefix(path, ResourcePath); ok && (rest == "" || rest[0] == '/') {
		x.document("resource", func(x *exchange) ([]byte, error) { return s.resource(x, rest) })
		return
	}
	x.fail(sallyport.ErrNotFound("there is nothing here"))
}

// An exchange is one request and its answer.
type exchange struct {
	s       *Surface
	w       http.ResponseWriter
	r       *http.Request
	body    surface.Body
	id      string
	address netip.Addr
	began   time.Time

	endpoint string // for counters and the log; one of a few
	grant    string // the same
	form     wire.Form
	status   int
	outcome  string // "ok", "not_modified" or the code of a fault
	decision sallyport.Decision
}

func (s *Surface) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{s: s, w: w, r: r, began: s.c.Now(), endpoint: "other", status: http.StatusOK, outcome: "ok"}
	var from doors.Request
	s.desk.Read(r, &x.body, &from)
	x.id, x.address = from.ID, from.Client
	x.decision = sallyport.Decision{Allowed: true, RequestID: x.id, Revision: s.c.Doors.Revision()}
	w.Header().Set(respond.HeaderRequestID, x.id)
	return x
}

// client returns the address as the audit trail has it.
func (x *exchange) client() string {
	if !x.address.IsValid() {
		return ""
	}
	return x.address.String()
}

func (x *exchange) agent() string { return x.r.UserAgent() }

// exchange answers a POST with a form by what f returns as a JSON object.
func (x *exchange) exchange(endpoint string, f func(context.Context, *exchange) (any, *fault)) {
	x.endpoint = endpoint
	h := x.w.Header()
	h.Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	h.Set("Pragma", "no-cache")
	answer, err := x.run(f)
	if err != nil {
		x.refuse(err)
		return
	}
	x.json(http.StatusOK, answer)
}

func (x *exchange) run(f func(context.Context, *exchange) (any, *fault)) (any, *fault) {
	if x.r.Method != http.MethodPost {
		x.w.Header().Set("Allow", http.MethodPost)
		return nil, invalidRequest("the method must be POST").with(http.StatusMethodNotAllowed)
	}
	// RFC 6749 section 2.3.1: never in the URI, where it would be logged.
	if x.r.URL.RawQuery != "" || x.r.URL.ForceQuery {
		return nil, invalidRequest("parameters belong into the body, not into the URL")
	}
	var err *fault
	if x.form, err = x.readForm(); err != nil {
		return nil, err
	}
	return f(x.r.Context(), x)
}
