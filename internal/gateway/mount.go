package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// A mount is an API as the gateway needs it. It never changes.
type mount struct {
	scheme, host string // of the upstream
	base         string // in front of the path below the API's base path
	path         target.Options
	preserveHost bool
	bodyLimit    int64 // negative: none
	retries      int

	transport *http.Transport
	upgrades  *http.Transport // for WebSockets, which need HTTP/1.1

	read  []string // headers that the decision depends on and a client may set
	strip target.StripOptions
	cut   surface.Cuts

	vary     []string
	varyLine []string // the same as a header that has nothing else in it; never changed
}

// newMount makes the mount of an API; transports come from links.
func newMount(api *policy.API, l *links) (*mount, error) {
	doc := api.Document
	u, err := url.Parse(doc.Upstream.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the API %s has no upstream", api.Name)
	}
	m := &mount{
		scheme: u.Scheme, host: u.Host, base: strings.TrimRight(u.EscapedPath(), "/"),
		preserveHost: doc.Upstream.PreserveHost, bodyLimit: doc.Upstream.BodyLimit, retries: doc.Upstream.Retries,
		path: target.Options{
			AllowEncodedSlash: doc.Path.AllowEncodedSlash, AllowSemicolon: doc.Path.AllowSemicolon,
			AllowEmptySegments: doc.Path.AllowEmptySegments,
		},
		cut: surface.NewCuts(doc),
	}
	if m.base != "" {
		t, fault := target.Parse(http.MethodGet, m.base, "upstream", target.Options{})
		if fault != target.OK || t.Path != m.base {
			return nil, fmt.Errorf("the path of the upstream of %s is ambiguous or not in canonical form", api.Name)
		}
	}
	if !doc.Upstream.StripBasePath {
		m.base += strings.TrimRight(doc.BasePath, "/")
	}
	if m.transport, m.upgrades, err = l.to(u, &doc.Upstream); err != nil {
		return nil, fmt.Errorf("reach the upstream of %s: %w", api.Name, err)
	}
	m.read = surface.ReadHeaders(api)
	m.strip = target.StripOptions{Guarded: append(slices.Clone(m.read), m.cut.Headers...)}
	m.read = slices.DeleteFunc(m.read, m.strip.Forbids)
	m.vary = varyOf(api)
	m.varyLine = []string{strings.Join(m.vary, ", ")}
	return m, nil
}

// varyOf returns the headers on which any answer of the API depends.
func varyOf(api *policy.API) []string {
	var selectors []*sallyport.Selector
	for _, r := range api.Routes {
		selectors = append(selectors, r.Tenant, r.Realm)
	}
	return respond.Vary(api.Accept, selectors...)
}

// restore brings back what the client listed in its Connection header although
// the decision depends on it: the upstream must see the request that was decided
// on.
func (m *mount) restore(out, in http.Header) {
	for _, name := range m.read {
		if values := in[name]; len(values) > 0 {
			out[name] = values
		}
	}
}

// brokenFor is how long an API whose mount cannot be made is not tried again.
const brokenFor = 5 * time.Second

// mounts are the mounts of the policy in force. An API is mounted when it is
// first asked for; a look-up takes no lock.
type mounts struct {
	doors *doors.Doors
	now   func() time.Time
	made  atomic.Pointer[map[*policy.API]*mounted]

	// mu is held while made is replaced. It guards links.
	mu    sync.Mutex
	links links
}

// mounted is a mount, or why there is none.
type mounted struct {
	*mount
	err   error
	until time.Time // for err
}

// of returns the mount of an API.
func (s *mounts) of(api *policy.API) (*mount, error) {
	if all := s.made.Load(); all != nil {
		if m := (*all)[api]; m != nil && (m.err == nil || s.now().Before(m.until)) {
			return m.mount, m.err
		}
	}
	return s.add(api)
}

// add mounts an API and forgets those that are not in force any more.
func (s *mounts) add(api *policy.API) (*mount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[*policy.API]*mounted{}
	if all := s.made.Load(); all != nil {
		if m := (*all)[api]; m != nil && m.err == nil {
			return m.mount, nil // somebody else was faster
		}
		maps.Copy(next, *all)
		inForce := s.doors.Policy().APIs()
		maps.DeleteFunc(next, func(a *policy.API, _ *mounted) bool { return !slices.Contains(inForce, a) })
	}
	m, err := newMount(api, &s.links)
	next[api] = &mounted{mount: m, err: err, until: s.now().Add(brokenFor)}
	s.made.Store(&next)
	s.links.keep(next)
	return m, err
}

func (s *mounts) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links.keep(nil)
	s.made.Store(nil)
}
