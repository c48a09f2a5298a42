package surface

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A Desk receives requests and answers denials. Its fields are not changed once
// it is in use; it is then safe for concurrent use.
type Desk struct {
	Trusted []netip.Prefix   // proxies in front, whose X-Forwarded-For and -Proto are believed
	Depth   int              // how many of them a request passes
	Now     func() time.Time // the clock of sockets

	// FormLimit bounds the body of a form in which a credential or an operation
	// is looked for; 0 is [carrier.DefaultMaxBody].
	FormLimit int64
	// Docs is where problem documents point; empty is [respond.DefaultDocs].
	Docs respond.Docs
	// Metadata returns the URL of an API's protected resource metadata (RFC 9728)
	// for its challenges. Nil: not said.
	Metadata func(*policy.API) string
	// Repair returns what would make a refused request pass; it is asked of
	// [doors.Doors.Repair]. Nil: not said.
	Repair func(context.Context, *doors.Request, *sallyport.Decision) []respond.Grant

	// Dialects answer in the manner of systems, by the name of the dialect.
	Dialects map[string]Dialect
	// Again is what [Exchange.Again] is for their endpoints.
	Again http.Handler

	IDs telemetry.RequestIDs
}

// Peer returns the address at the other end of the connection; it is not valid
// for one that has none, such as a unix socket.
func Peer(r *http.Request) netip.Addr {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// Trusts reports whether the peer is a proxy that is believed.
func (d *Desk) Trusts(peer netip.Addr) bool {
	for _, network := range d.Trusted {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}

// Read fills the first part of a request to the doors. The body is read, into
// memory, when the doors ask for it; it stays where it was if they do not.
func (d *Desk) Read(r *http.Request, body *Body, into *doors.Request) {
	peer := Peer(r)
	into.ID, into.Scheme = "", schemeOf(r)
	if d.Trusts(peer) {
		into.ID, into.Scheme = d.IDs.Keep(r.Header), toldScheme(r.Header, into.Scheme)
	}
	if into.ID == "" {
		into.ID = d.IDs.New()
	}
	into.Method, into.Target, into.Host, into.Header = r.Method, r.RequestURI, r.Host, r.Header
	if into.Method == "" {
		into.Method = http.MethodGet
	}
	if into.Target == "" { // not from a server: a request that a program made
		into.Target = r.URL.RequestURI()
	}
	into.Client = target.ClientIP(peer, r.Header["X-Forwarded-For"], d.Trusted, d.Depth)
	body.of(r, d.formLimit())
	if into.Body = nil; r.Body != nil && r.Body != http.NoBody {
		into.Body = body.Bytes
	}
	into.Endpoints = len(d.Dialects) > 0
}

// schemeOf returns how the other end of the connection came.
func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// toldScheme returns how the client came to a trusted proxy, as that one says.
func toldScheme(h http.Header, seen string) string {
	if told := h["X-Forwarded-Proto"]; len(told) == 1 {
		for _, known := range [...]string{"http", "https"} {
			if strings.EqualFold(told[0], known) {
				return known
			}
		}
	}
	return seen
}

func (d *Desk) formLimit() int64 {
	if d.FormLimit > 0 {
		return d.FormLimit
	}
	return carrier.DefaultMaxBody
}
