package target

import (
	"net/http"
	"slices"
	"strings"
)

// StripOptions says which of the client's headers may stay. The zero
// StripOptions is the strictest.
type StripOptions struct {
	// TrustedPeer is set if the connection comes from a trusted proxy. Headers
	// that tell the client's address and the original request (X-Forwarded-*,
	// Forwarded, X-Real-IP and their kin) then stay.
	TrustedPeer bool
	// Guarded names further headers that the two doors read, such as the tenant
	// header and an API key header. Their own spelling stays; every other one
	// that folds onto it goes.
	Guarded []string
	// AllowUnderscore names the headers with an underscore that stay, compared
	// without regard to case. Servers that turn a header into a variable cannot
	// tell X_Y from X-Y, so without mention here each one goes. A name that
	// folds onto a managed or guarded one goes all the same.
	AllowUnderscore []string
}

// StripManaged removes from h what a client may not say, and returns how many
// names it removed:
//
//   - managed identity headers, see [ManagedHeader];
//   - headers that make an upstream see another request than the one decided
//     on: X-HTTP-Method-Override, X-HTTP-Method, X-Method-Override, X-Method,
//     X-Original-{URL,URI,Path,Method}, X-Rewrite-URL, Proxy and their kin; even
//     from a trusted proxy, since proxies pass these on unread;
//   - unless the peer is trusted, headers that tell an address or the original
//     request: Forwarded, X-Forwarded-*, X-Real-IP, True-Client-IP,
//     CF-Connecting-IP, X-Original-*, X-Envoy-* and their kin;
//   - headers with an underscore, and other spellings of a guarded name.
//
// It serves for header fields and trailers alike. A name listed in Guarded is
// not removed in its own spelling, so that an operator can pass one of the above
// on; X-Sallyport-* goes even then. With nothing to remove it does not allocate.
func StripManaged(h http.Header, opt StripOptions) (removed int) {
	for name := range h {
		if forbidden(name, &opt) {
			delete(h, name)
			removed++
		}
	}
	return removed
}

// Forbids reports whether [StripManaged] removes a header of this name.
func (opt *StripOptions) Forbids(name string) bool { return forbidden(name, opt) }

// forbidden reports whether the header must go.
func forbidden(name string, opt *StripOptions) bool {
	for _, guarded := range opt.Guarded {
		if len(name) != len(guarded) {
			continue // names are ASCII, so a fold is as long
		}
		if strings.EqualFold(name, guarded) {
			return OwnHeader(name)
		}
		if equalFolded(name, guarded) {
			return true
		}
	}
	switch classify(name) {
	case identity, override:
		return true
	case address:
		if !opt.TrustedPeer {
			return true
		}
	case ordinary:
	}
	return strings.IndexByte(name, '_') >= 0 && !slices.ContainsFunc(opt.AllowUnderscore,
		func(allowed string) bool { return strings.EqualFold(allowed, name) })
}

// equalFolded reports whether a server may take a and b for the same header.
func equalFolded(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if isAlnum(x) != isAlnum(y) || isAlnum(x) && x|0x20 != y|0x20 {
			return false
		}
	}
	return true
}
