package authn

import "net/netip"

// SourceOf returns what a client is counted by: its IPv4 address, or the /64 that
// one subscriber of IPv6 has to himself. Without an address it is the zero prefix,
// so that all who have none share one budget.
func SourceOf(client netip.Addr) netip.Prefix {
	client = client.Unmap()
	bits := 32
	if client.Is6() {
		bits = 64
	}
	source, err := client.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address
	}
	return source
}
