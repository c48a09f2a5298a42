// Package orchestrator speaks as a file-transfer orchestrator of the Aspera kind
// does below /aspera/orchestrator: Basic, keys and passwords in the URL, a cookie
// that is asked for once, or a JWT; XML unless JSON is asked for; and errors that
// look like exceptions.
//
// A secret in a URL goes no further than door one: it is in no log, and neither it
// nor the login beside it is passed on.
package orchestrator

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// A dialect answers for all APIs of the dialect. It is safe for concurrent use.
type dialect struct {
	wire.Config
	serve map[string]func(*call) error
}

// New returns the dialect ready to answer.
func New(c wire.Config) (surface.Dialect, error) {
	return &dialect{Config: c, serve: endpoints()}, nil
}

// A call is a request to one of the endpoints.
type call struct {
	*dialect
	*surface.Exchange
	w     http.ResponseWriter
	r     *http.Request
	actor admin.Actor
}

// Names of endpoints whose failures have a form of their own.
const (
	authenticateEndpoint = "authenticate"
	loginEndpoint        = "login"
)

// endpoints are what the dialect answers itself.
func endpoints() map[string]func(*call) error {
	return map[string]func(*call) error{
		authenticateEndpoint: (*call).authenticate,
		loginEndpoint:        (*call).login,
		"logoff":             (*call).logoff,
		"options":            (*call).options,
		"secrets":            (*call).secrets,
		"secret.api-key":     (*call).newKey,
		"secret.scrambled":   (*call).newScrambled,
		"secret.remove":      (*call).removeSecret,
	}
}

// Serve answers a call to one of the endpoints.
func (d *dialect) Serve(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	d.Dress(w.Header(), r, x)
	c := &call{dialect: d, Exchange: x, w: w, r: r, actor: wire.Actor(x)}
	wire.Run(d.serve, x, c, c.fail)
}
