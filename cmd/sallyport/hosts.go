package main

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/doors/target"
)

// anyHost is the entry of public.hosts that takes every host.
const anyHost = "*"

// hosts are the names under which an installation is meant to be reached. Ports
// do not count: what lies between a client and the listener changes them.
type hosts struct {
	names map[string]bool // canonical, without a port
	any   bool
}

func newHosts(c *config.Config) hosts {
	h := hosts{names: map[string]bool{}}
	if u, err := url.Parse(c.Public.URL); err == nil {
		h.add(u.Host)
	}
	for _, name := range c.Public.Hosts {
		if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
			name = "[" + name + "]"
		}
		h.any = h.any || name == anyHost
		h.add(name)
	}
	return h
}

func (h *hosts) add(host string) {
	if canonical, fault := target.CanonicalHost(host, ""); fault == target.OK {
		h.names[withoutPort(canonical)] = true
	}
}

// own reports whether the canonical host is one of the installation's own. The
// names of this machine are: nobody else can point them here.
func (h *hosts) own(host string) bool {
	if h.any || h.names[withoutPort(host)] {
		return true
	}
	name := withoutPort(host)
	a, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return name == "localhost" || err == nil && a.IsLoopback()
}

func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}
