package decide

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
)

// HeaderCaller is the header in which a proxy sends the shared secret.
const HeaderCaller = "X-Sallyport-Caller"

// callers says who may ask.
type callers struct {
	networks []netip.Prefix
	secret   []byte // empty: none is asked for
}

// What is wrong with a caller, and what to do about it; for the operator's log.
const (
	foreignAddress = "the address is in no network of decide.callers; add it there, if it is your proxy"
	secretMissing  = "the header " + HeaderCaller + " is missing or there twice; have the proxy send decide.secret in it"
	secretWrong    = "the header " + HeaderCaller + " does not hold decide.secret; bring the proxy up to date"
)

// A Caller is who asks.
type Caller struct {
	Addr   netip.Addr // not valid: the connection has none
	Socket bool       // he came over the unix socket; who can open it is believed
	Secret []string   // what he sent in [HeaderCaller]
}

// callerOf returns who asks over HTTP.
func callerOf(r *http.Request) Caller {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return Caller{Socket: overSocket(r)}
	}
	return Caller{Addr: peer.Addr(), Secret: r.Header[HeaderCaller]}
}

// refuses returns what is wrong with the caller, or "" if he may ask. The scratch
// space is for the comparison; it comes back, perhaps grown.
func (c *callers) refuses(from *Caller, scratch []byte) (string, []byte) {
	if from.Socket {
		return "", scratch
	}
	if !from.Addr.IsValid() || !c.has(from.Addr.Unmap().WithZone("")) {
		return foreignAddress, scratch
	}
	if len(c.secret) == 0 {
		return "", scratch
	}
	if len(from.Secret) != 1 {
		return secretMissing, scratch
	}
	scratch = append(scratch[:0], from.Secret[0]...)
	if subtle.ConstantTimeCompare(scratch, c.secret) != 1 {
		return secretWrong, scratch
	}
	return "", scratch
}

func (c *callers) has(addr netip.Addr) bool {
	for _, network := range c.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// overSocket reports whether the request came over a unix socket. The listener
// says so; the remote address, which is a text, would not be enough.
func overSocket(r *http.Request) bool {
	_, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr)
	return ok
}
