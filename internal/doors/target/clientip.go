package target

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds the walk through X-Forwarded-For, whatever depth says.
const maxHops = 32

// ErrTrustsEverybody is returned by [ParseTrusted] for a network of all
// addresses.
var ErrTrustsEverybody = errors.New("the network holds every address, so every client could name its own")

// ParseTrusted reads the networks whose members are trusted to name the client:
// addresses and CIDR prefixes without host bits. All faults are returned at
// once; one wraps [ErrTrustsEverybody] for a prefix of length 0.
func ParseTrusted(networks []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(networks))
	var faults []error
	for _, network := range networks {
		prefix, err := parseNetwork(network)
		if err != nil {
			faults = append(faults, fmt.Errorf("trusted network %q: %w", network, err))
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return prefixes, nil
}

// parseNetwork reads one address or prefix.
func parseNetwork(network string) (netip.Prefix, error) {
	if !strings.Contains(network, "/") {
		addr, err := netip.ParseAddr(network)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("neither an address nor a prefix such as 10.0.0.0/8: %w", err)
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(network)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("read prefix: %w", err)
	case prefix.Bits() == 0:
		return netip.Prefix{}, ErrTrustsEverybody
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, errors.New("an IPv4 network must be written as one")
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("has bits beyond its length; write %s", prefix.Masked())
	}
	return prefix, nil
}

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
