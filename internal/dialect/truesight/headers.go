package truesight

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// productHeaders are those that answers of the product were seen to have. One is
// for https alone (RFC 6797 section 7.2). Keep-Alive is not among them: it is about
// the connection, which is ours.
var productHeaders = [...]struct {
	name, value string
	secure      bool
}{
	{"Server", "TrueSight Network Automation Server", false},
	{"X-Frame-Options", "SAMEORIGIN", false},
	{"X-Xss-Protection", "1; mode=block", false},
	{"Strict-Transport-Security", "max-age=31536000", true},
}

// Dress gives an answer the headers of the product, if the API asks for them. What
// the upstream says itself stands.
func (d *dialect) Dress(h http.Header, _ *http.Request, x *surface.Exchange) {
	if wire.SettingOf(x, headers) != yes {
		return
	}
	for _, p := range productHeaders {
		if h.Get(p.name) == "" && (!p.secure || d.Secure()) {
			h.Set(p.name, p.value)
		}
	}
}
