package decide

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/policy"
)

// A trim says what the upstream of an API must not see of a request, as at the
// gateway. It never changes.
type trim struct {
	cut   surface.Cuts
	strip target.StripOptions // for a peer that nobody trusts
}

// trims are those of the policy in force. They are made when they are first needed; a
// look-up takes no lock. The zero trims is ready for use.
type trims struct{ book atomic.Pointer[trimBook] }

type trimBook struct {
	policy *policy.Snapshot
	trims  sync.Map // of *policy.API to *trim
}

func (t *trims) of(p *policy.Snapshot, api *policy.API) *trim {
	b := t.book.Load()
	if b == nil || b.policy != p {
		b = &trimBook{policy: p}
		t.book.Store(b)
	}
	known, _ := b.trims.Load(api)
	if there, ok := known.(*trim); ok {
		return there
	}
	made := &trim{cut: surface.NewCuts(api.Document)}
	made.strip.Guarded = append(surface.ReadHeaders(api), made.cut.Headers...)
	b.trims.Store(api, made)
	return made
}

// remove notes a header to be removed, unless an identity header takes its place:
// what is removed is removed after everything was set.
func (c *Check) remove(name string) {
	if !slices.Contains(doors.IdentityHeaders[:], name) {
		c.Remove = append(c.Remove, name)
	}
}

// trim notes what the proxy must take out of a request that may pass: credentials,
// and what a client may not say. Credentials are named whether they are there or not:
// the proxy may be told not to show every header.
func (h *Handler) trim(header http.Header, v *visit) {
	c, q := v.check, &v.request
	t := h.trims.of(h.doors.Policy(), q.API)
	c.Remove = append(c.Remove, t.cut.Headers...)
	strip := t.strip
	strip.TrustedPeer = h.hops.trusts(c.Peer)
	for name := range header {
		if strip.Forbids(name) && !ofEnvoy(name) {
			c.remove(name)
		}
	}
	c.trimCookies(header["Cookie"], &t.cut)
	if len(t.cut.Query) > 0 && q.Canonical.RawQuery != "" {
		c.trimQuery(q.Canonical.RawQuery, t.cut.Query)
	}
}

// ofEnvoy reports whether Envoy says this header itself by the time it asks, in place
// of what a client from outside says.
func ofEnvoy(name string) bool {
	switch name {
	case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Client-Cert":
		return true
	case "X-Envoy-Original-Path": // it says that later, if at all
		return false
	}
	return strings.HasPrefix(name, "X-Envoy-")
}

func (c *Check) trimCookies(lines []string, cut *surface.Cuts) {
	if len(lines) == 0 {
		return
	}
	kept := cut.CutCookies(lines)
	if slices.Equal(kept, lines) {
		return
	}
	c.Cookie = strings.Join(kept, "; ")
	if !utf8.ValidString(c.Cookie) { // which the message cannot hold
		c.Cookie = ""
	}
	if c.Cookie == "" {
		c.Remove = append(c.Remove, "Cookie")
	}
}

// trimQuery notes the parameters to be removed in the client's spelling, which is
// how Envoy looks for them.
func (c *Check) trimQuery(raw string, names []string) {
	for pair := range strings.SplitSeq(raw, "&") {
		if name, _, _ := strings.Cut(pair, "="); name != "" && carrier.CutQuery(name, names...) != name {
			c.RemoveQuery = append(c.RemoveQuery, name)
		}
	}
}

// trusts reports whether a peer is a proxy that is believed.
func (p hops) trusts(peer netip.Addr) bool {
	peer = peer.Unmap().WithZone("")
	return slices.ContainsFunc(p.trusted, func(n netip.Prefix) bool { return n.Contains(peer) })
}
