// Package edgeintel speaks as an edge computing product of the IoT Operations
// Dashboard kind does: a token endpoint that takes JSON, a tenant in the header
// x-tenant-id of every call, and errors of status and message.
//
// Beside the business calls it answers the calls to its identity service: tokens,
// who one is, tenants, roles and API keys. They are at the aliases /iam and
// /nbapi/iam/v1 of the API, and do what package admin does.
package edgeintel

import (
	"fmt"
	"net/http"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/token"
)

// A dialect answers for all APIs of the dialect. It is safe for concurrent use.
type dialect struct {
	wire.Config
	refresh *token.KeySet // of the envelopes of refresh tokens
	serve   map[string]func(*call) error
}

// New returns the dialect ready to answer.
func New(c wire.Config) (surface.Dialect, error) {
	refresh, err := c.Master.RefreshKeys(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("edgeintel: %w", err)
	}
	return &dialect{Config: c, refresh: refresh, serve: endpoints()}, nil
}

// A call is a request to one of the endpoints.
type call struct {
	*dialect
	*surface.Exchange
	w     http.ResponseWriter
	r     *http.Request
	actor admin.Actor
}

// endpoints are what the dialect answers itself.
func endpoints() map[string]func(*call) error {
	return map[string]func(*call) error{
		"token":       (*call).token,
		"me":          (*call).me,
		"tenants":     (*call).tenants,
		"tenant.add":  (*call).addTenant,
		"roles":       (*call).roles,
		"role.add":    (*call).addRole,
		"role":        (*call).role,
		"role.change": (*call).changeRole,
		"role.remove": (*call).removeRole,
		"keys":        (*call).keys,
		"key.add":     (*call).addKey,
		"key.renew":   (*call).renewKey,
		"key.remove":  (*call).removeKey,
	}
}

// Serve answers a call to the identity service.
func (d *dialect) Serve(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	c := &call{dialect: d, Exchange: x, w: w, r: r, actor: wire.Actor(x)}
	wire.Run(d.serve, x, c, c.fail)
}

// send answers with a value as JSON.
func (c *call) send(status int, value any) error {
	wire.SendJSON(c.w, c.r, c.Exchange, status, value)
	return nil
}
