package target

import (
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds the walk through X-Forwarded-For, whatever depth says.
const maxHops = 32

// ClientIP returns the address that a request comes from.
//
// peer is the other end of the connection; forwardedFor holds the values of all
// X-Forwarded-For fields, in order. The walk goes from the right: as long as the
// address it stands on is trusted, it takes the next one, at most depth times. A
// token that is not an address stops it there. With no trusted networks, or a
// depth below 1, the answer is peer. No other header is ever read.
//
// IPv4 addresses in IPv6 form are turned back into IPv4.
func ClientIP(peer netip.Addr, forwardedFor []string, trusted []netip.Prefix, depth int) netip.Addr {
	client := peer.Unmap().WithZone("")
	depth = min(depth, maxHops)
	for _, rest := range slices.Backward(forwardedFor) {
		for more := true; more; {
			if depth < 1 || !contains(trusted, client) {
				return client
			}
			depth--
			token := rest
			if i := strings.LastIndexByte(rest, ','); i >= 0 {
				rest, token = rest[:i], rest[i+1:]
			} else {
				more = false
			}
			next, ok := parseHop(token)
			if !ok {
				return client
			}
			client = next
		}
	}
	return client
}

// parseHop reads one token of X-Forwarded-For: an address, with a port perhaps.
func parseHop(token string) (netip.Addr, bool) {
	token = strings.Trim(token, " \t")
	// The longest: an IPv6 address with an IPv4 tail, in brackets, with a port.
	if token == "" || len(token) > len("[0000:0000:0000:0000:0000:0000:255.255.255.255]:65535") {
		return netip.Addr{}, false
	}
	if addr, err := netip.ParseAddr(token); err == nil {
		return addr.Unmap(), addr.Zone() == ""
	}
	if withPort, err := netip.ParseAddrPort(token); err == nil {
		return withPort.Addr().Unmap(), withPort.Addr().Zone() == ""
	}
	if token[0] == '[' && token[len(token)-1] == ']' {
		addr, err := netip.ParseAddr(token[1 : len(token)-1])
		return addr.Unmap(), err == nil && addr.Is6() && addr.Zone() == ""
	}
	return netip.Addr{}, false
}

// contains reports whether one of the networks holds addr.
func contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}
