package orchestrator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// Dress tells browsers whether a page of another site may read an answer: that of
// an origin that is listed may. Where none is listed, the upstream's own word
// stands.
func (d *dialect) Dress(h http.Header, r *http.Request, x *surface.Exchange) {
	origins := wire.SettingOf(x, corsOrigins)
	if origins == "" {
		return
	}
	for _, name := range [...]string{"Origin", "Credentials", "Methods", "Headers"} {
		h.Del("Access-Control-Allow-" + name)
	}
	h.Del("Access-Control-Expose-Headers")
	if !slices.ContainsFunc(h.Values("Vary"), func(line string) bool { return strings.Contains(line, "Origin") }) {
		h.Add("Vary", "Origin")
	}
	if origin := r.Header.Get("Origin"); origin != "" && has(origins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, WWW-Authenticate")
	}
}

// options answers what a browser asks before a request that a page of another site
// makes. It says nothing about what is there, and needs nobody.
func (c *call) options() error {
	h := c.w.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", strings.Join(anyMethod(), ", "))
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	h.Set("X-Request-Id", c.Decision.RequestID)
	h.Set("Allow", strings.Join(append(anyMethod(), "HEAD", "OPTIONS"), ", "))
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
