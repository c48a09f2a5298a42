package console

import (
	"net/netip"
	"strings"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// contentSecurity allows our stylesheet, our script and what it asks of
// ourselves, and forms to ourselves: nothing that stands in a page, and nothing
// else.
const contentSecurity = "default-src 'none'; script-src 'self'; connect-src 'self'; object-src 'none'; style-src 'self'; img-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// setHeaders says to the browser what it may do with the answer. Assets replace
// what is said about caches.
func (v *visit) setHeaders() {
	h := v.w.Header()
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", referrerPolicy(v.request.Scheme, v.r.Host))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie")
	if v.request.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// referrerPolicy keeps our addresses to ourselves.
//
// Browsers say Sec-Fetch-Site over https and to loopback addresses only. To any
// other place the Origin of a form is the one proof of where it comes from, and
// under "no-referrer" it would be "null"; there, other sites alone are told
// nothing.
func referrerPolicy(scheme, host string) string {
	if scheme == "https" || isLoopback(host) {
		return "no-referrer"
	}
	return "same-origin"
}

func isLoopback(host string) bool {
	canonical, fault := target.CanonicalHost(host, "http")
	if fault != target.OK {
		return false
	}
	if i := strings.LastIndexByte(canonical, ':'); i > strings.LastIndexByte(canonical, ']') {
		canonical = canonical[:i]
	}
	if canonical == "localhost" || strings.HasSuffix(canonical, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(canonical, "[]"))
	return err == nil && addr.IsLoopback()
}
