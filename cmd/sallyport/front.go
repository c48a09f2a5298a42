package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
)

// A front stands at the public listener and shows each request its way: to one
// of Sallyport's own surfaces, or to the gateway. It reads the path with the
// parser that everything else uses, so that no spelling leads elsewhere than the
// doors believe. What cannot be read goes to the gateway, which refuses it. A
// request for a host that nobody here answers to goes nowhere.
type front struct {
	own     []ownSurface // longest prefix first
	gateway http.Handler
	hosts   hosts
	policy  func() *policy.Snapshot

	ids    telemetry.RequestIDs
	access *telemetry.AccessLog // nil: nothing is written
}

// An ownSurface serves a path and everything below it.
type ownSurface struct {
	prefix  string // without a slash at the end
	handler http.Handler
}

// ServeHTTP passes the request on. An own surface gets the canonical path.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, fault := target.Parse(r.Method, r.RequestURI, r.Host, target.Options{})
	if fault == target.OK {
		if !f.hosts.own(t.Host) && !f.policy().NamesHost(t.Host) {
			f.misdirected(w, r, t.Path)
			return
		}
		for _, s := range f.own {
			if rest, ok := strings.CutPrefix(t.Path, s.prefix); ok && (rest == "" || rest[0] == '/') {
				t.SetURL(r.URL)
				s.handler.ServeHTTP(w, r)
				return
			}
		}
	}
	f.gateway.ServeHTTP(w, r)
}

// misdirected refuses a request for a host that is nobody's here (RFC 9110
// section 15.5.20). Which hosts there are is not told.
func (f *front) misdirected(w http.ResponseWriter, r *http.Request, path string) {
	began, id := time.Now(), f.ids.New()
	w.Header().Set(respond.HeaderRequestID, id)
	respond.Problem{
		Type: "about:blank", Title: http.StatusText(http.StatusMisdirectedRequest), Status: http.StatusMisdirectedRequest,
		Detail:    "Nothing is served under this host name. If something is meant to be, the configuration has to name it in public.hosts.",
		RequestID: id,
	}.Write(w, r)
	if f.access != nil {
		f.access.Write(&telemetry.Access{
			Decision: &sallyport.Decision{RequestID: id}, Time: began, Took: time.Since(began),
			Method: r.Method, Path: path, Status: http.StatusMisdirectedRequest, Client: surface.Peer(r),
		})
	}
}
