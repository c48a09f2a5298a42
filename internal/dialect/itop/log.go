package itop

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// longestLogged is how much of a text of the client is written into a line.
const longestLogged = 200

// Dress writes a line about a call to the REST interface that the upstream has
// answered. Its answer goes through unread, so the line has no code; what it says
// in the headers is its own affair.
func (d *dialect) Dress(_ http.Header, r *http.Request, x *surface.Exchange) {
	if strings.HasSuffix(x.Request.Canonical.Path, restPath) {
		d.logCall(r, x)
	}
}

// logCall writes what the product writes about a call to its REST interface, if
// the API asks for it: who it was and what he asked for. The objects and the
// values that he sent are left out, as secrets can be among them.
func (d *dialect) logCall(r *http.Request, x *surface.Exchange, result ...any) {
	if wire.SettingOf(x, logREST) != yes {
		return
	}
	version, _ := x.Request.Form(versionParameter)
	data, _ := x.Request.Form(dataParameter)
	in, _ := readInput(data)
	operation, _ := in.text("operation")
	user := ""
	if p := x.Decision.Principal; p != nil {
		user = p.Login
	}
	d.Log.InfoContext(r.Context(), "REST call", append([]any{
		"request_id", x.Decision.RequestID, "api", x.Decision.API, "userinfo", user, "provider", x.Decision.CredentialKind,
		"version", begin(version), "operation", begin(operation), "class", begin(classNamed(in)), "reason", x.Decision.Reason,
	}, result...)...)
}

// begin is the beginning of a text.
func begin(text string) string { return text[:min(len(text), longestLogged)] }
