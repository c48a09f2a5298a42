package target

import (
	"net/netip"
	"strings"
)

// Limits of a host name (RFC 1035 §2.3.4, without the root's dot).
const (
	maxHostName = 253
	maxLabel    = 63
)

// CanonicalHost returns the one spelling of a host with an optional port: lower
// case, without a trailing dot, and without the default port of scheme ("http"
// or "https"; another scheme has none). IPv6 addresses keep their brackets and
// get their shortest form (RFC 5952). It does not allocate if host is canonical.
//
// It answers [HostMissing] for an empty host and [HostMalformed] for anything
// that is not labels of letters, digits, hyphens and underscores, or an address:
// internationalised names must come in their ASCII form ("xn--...").
func CanonicalHost(host, scheme string) (string, Fault) {
	if host == "" {
		return "", HostMissing
	}
	if isCanonicalName(host) {
		return host, OK
	}
	name, port, ok := splitHost(host)
	if !ok {
		return "", HostMalformed
	}
	if name[0] == '[' {
		if name, ok = canonicalIPv6(name); !ok {
			return "", HostMalformed
		}
	} else {
		name = strings.TrimSuffix(name, ".")
		if !validName(name) {
			return "", HostMalformed
		}
		name = strings.ToLower(name)
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return name, OK
	}
	if len(name)+1+len(port) == len(host) && strings.HasPrefix(host, name) {
		return host, OK
	}
	return name + ":" + port, OK
}

// isCanonicalName reports that host is a name in its one spelling, without a port
// and so short that no label can be too long. Nearly all hosts are.
func isCanonicalName(host string) bool {
	if len(host) > maxLabel {
		return false
	}
	inLabel := false
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_':
			inLabel = true
		case c == '.' && inLabel:
			inLabel = false
		default:
			return false
		}
	}
	return inLabel
}

// splitHost parts the port from the host and checks it. A port that is empty
// counts as none (RFC 3986 §6.2.3).
func splitHost(host string) (name, port string, ok bool) {
	end := strings.IndexByte(host, ':')
	if host[0] == '[' {
		if end = strings.IndexByte(host, ']'); end < 0 {
			return "", "", false
		}
		end++
	}
	switch {
	case end < 0 || end == len(host):
		return host, "", true
	case end == 0 || host[end] != ':':
		return "", "", false
	}
	name, port = host[:end], host[end+1:]
	return name, port, port == "" || validPort(port)
}

// validPort reports whether port is a number from 1 to 65535, spelt without
// leading zeros.
func validPort(port string) bool {
	if len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
		n = n*10 + int(port[i]-'0')
	}
	return n <= 65535
}

// validName reports whether name is labels joined by dots.
func validName(name string) bool {
	if name == "" || len(name) > maxHostName {
		return false
	}
	label := 0
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case !isAlnum(c) && c != '-' && c != '_':
			return false
		}
		if label++; label > maxLabel {
			return false
		}
	}
	return label > 0
}

// canonicalIPv6 checks and shortens an address in brackets. Zones have no
// meaning beyond the sender's machine and are refused.
func canonicalIPv6(bracketed string) (string, bool) {
	inner := bracketed[1 : len(bracketed)-1]
	addr, err := netip.ParseAddr(inner)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	var scratch [64]byte
	if string(addr.AppendTo(scratch[:0])) == inner {
		return bracketed, true
	}
	return "[" + addr.String() + "]", true
}
