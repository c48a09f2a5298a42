package gateway

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/respond"
)

// answer prepares the upstream's answer for the client.
func (p *passage) answer(res *http.Response) error {
	if res.StatusCode == http.StatusSwitchingProtocols && !p.upgrade {
		return errNotAsked
	}
	h := res.Header
	removeOwn(h)
	removeSessions(h, p.mount.cut.Cookies)
	own := [...]string{p.request.ID, strconv.FormatUint(uint64(p.decision.Revision), 10)}
	h[respond.HeaderRequestID], h[respond.HeaderRevision] = own[0:1:1], own[1:2:2]
	route := p.request.Match.Route
	if !route.IgnoreCredentials {
		p.mount.addVary(h)
	}
	if p.decision.Principal != nil {
		keepPrivate(h)
	}
	p.gateway.desk.Dress(h, p.in, &p.request, &p.decision)
	if res.StatusCode != http.StatusSwitchingProtocols {
		cleanTrailers(res)
	}
	return nil
}

// removeSessions removes cookies by which an upstream would end, or fix, a
// session with Sallyport: ours, and those in which clients of the API have their
// credentials. The upstream never sees what comes in them, so it has nothing to say
// there; the product behind a dialect may set one of the same name all the same.
func removeSessions(h http.Header, credentials []string) {
	lines := h["Set-Cookie"]
	if len(lines) == 0 {
		return
	}
	ours := func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		name = strings.Trim(name, " \t")
		return strings.EqualFold(name, SessionCookie) || strings.EqualFold(name, InsecureSessionCookie) ||
			slices.ContainsFunc(credentials, func(c string) bool { return strings.EqualFold(name, c) })
	}
	if kept := slices.DeleteFunc(slices.Clone(lines), ours); len(kept) == 0 {
		delete(h, "Set-Cookie")
	} else {
		h["Set-Cookie"] = kept
	}
}

// addVary adds the names on which answers of the API depend to the Vary header,
// unless that says "*" already.
func (m *mount) addVary(h http.Header) {
	lines := h["Vary"]
	if len(lines) == 0 {
		if len(m.vary) > 0 {
			h["Vary"] = m.varyLine
		}
		return
	}
	var missing []string
	for _, name := range m.vary {
		if !hasToken(lines, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && !hasToken(lines, "*") {
		h["Vary"] = append(slices.Clone(lines), strings.Join(missing, ", "))
	}
}

// sharedOnly are directives that speak to shared caches alone; they have no
// business beside "private".
var sharedOnly = [...]string{"public", "s-maxage", "proxy-revalidate", "must-understand"}

// targeted are headers that tell one sort of shared cache more than
// Cache-Control does (RFC 9213).
var targeted = [...]string{"Cdn-Cache-Control", "Surrogate-Control", "X-Accel-Expires"}

var privately = []string{"private"} // never changed

// keepPrivate keeps the answer to a known principal out of shared caches. An
// upstream that said private or no-store itself is left alone.
func keepPrivate(h http.Header) {
	for _, name := range targeted {
		delete(h, name)
	}
	if len(h["Cache-Control"]) == 0 {
		h["Cache-Control"] = privately
		return
	}
	kept := []string{"private"}
	for _, line := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.Trim(directive, " \t")
			name, _, _ := strings.Cut(directive, "=")
			switch {
			case strings.EqualFold(directive, "private"), strings.EqualFold(directive, "no-store"):
				return
			case directive == "", slices.ContainsFunc(sharedOnly[:], func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(name)) }):
			default:
				kept = append(kept, directive)
			}
		}
	}
	h["Cache-Control"] = []string{strings.Join(kept, ", ")}
}

// cleanTrailers has the trailers cleaned when they are there: they come behind
// the body, announced or not.
func cleanTrailers(res *http.Response) {
	if res.ContentLength >= 0 && len(res.Trailer) == 0 && res.ProtoMajor < 2 {
		return // HTTP/1 has trailers in the chunked coding alone
	}
	removeManaged(res.Trailer)
	res.Body = &trailed{ReadCloser: res.Body, response: res}
}

func removeManaged(h http.Header) {
	for name := range h {
		if target.ManagedHeader(name) || strings.EqualFold(name, respond.HeaderRequestID) {
			delete(h, name)
		}
	}
}

// A trailed is the body of an answer that may have trailers.
type trailed struct {
	io.ReadCloser
	response *http.Response
}

// Read reads on; behind the end it cleans the trailers.
func (b *trailed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		removeManaged(b.response.Trailer)
	}
	return n, err
}

// Close closes the body, after which there may be trailers too.
func (b *trailed) Close() error {
	err := b.ReadCloser.Close()
	removeManaged(b.response.Trailer)
	return err
}
