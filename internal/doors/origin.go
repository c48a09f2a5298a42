package doors

import (
	"net/http"
	"net/url"
	"strings"
)

// sameOrigin reports whether a request that carries a cookie proves that it
// comes from a page of the same origin, or is of a method that changes nothing.
//
// A browser adds the cookie to requests that other sites make. Sec-Fetch-Site
// and Origin cannot be set by a page, so one of them is asked for; a request
// with neither is refused, unless programs, which send neither, are to be let in:
// then the cookie must be one that browsers send to pages of the same site alone.
// The API is one of those whose GET can change something, too, so the pages of
// other hosts of the site do not get that far. "none" is what a browser sends when
// a person typed the address.
func sameOrigin(method, host string, h http.Header, programs bool) bool { //nolint:revive // not a switch: what the API lets in
	upgrade := h["Upgrade"] != nil
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if !upgrade && !programs {
			return true
		}
		if site := h["Sec-Fetch-Site"]; !upgrade && site == nil {
			return true // an old browser; it sends no cookie to other sites
		}
	}
	if site := h["Sec-Fetch-Site"]; len(site) == 1 {
		return site[0] == "same-origin" || (site[0] == "none" && !upgrade)
	}
	origin := h["Origin"]
	if len(origin) != 1 {
		return programs && len(origin) == 0 && h["Sec-Fetch-Site"] == nil && !upgrade
	}
	u, err := url.Parse(origin[0])
	return err == nil && u.Scheme != "" && strings.EqualFold(hostWithoutDefaultPort(u), host)
}

// hostWithoutDefaultPort is the host as a request's canonical host has it.
func hostWithoutDefaultPort(u *url.URL) string {
	if port := u.Port(); (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		return u.Hostname()
	}
	return u.Host
}
