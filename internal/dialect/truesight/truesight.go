// Package truesight speaks as a network automation product of the TrueSight kind
// does under /bca-networks/api: the token is a decimal number that ends when it is
// not used for a while, rights are held in realms, and an error is one sentence.
//
// It answers the calls that are about signing in and, if the API asks for it, those
// that administrate users and roles, which do what package admin does. All others
// go to the product.
package truesight

import (
	"net/http"

	"github.com/sallyport/sallyport"
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

// issueEndpoint is the one whose refusals are about the right to use web services.
const issueEndpoint = "token.issue"

// endpoints are what the dialect answers itself.
func endpoints() map[string]func(*call) error {
	all := map[string]func(*call) error{
		issueEndpoint: (*call).issue,
		"token.keep":  (*call).keep,
		"token.end":   (*call).end,
	}
	for name, f := range map[string]func(*call) error{
		"users":           (*call).users,
		"users.signed-in": (*call).signedIn,
		"user":            (*call).user,
		"user.add":        (*call).addUser,
		"user.change":     (*call).changeUser,
		"user.remove":     (*call).removeUser,
		"roles":           (*call).roles,
		"role":            (*call).role,
		"role.add":        (*call).addRole,
		"role.change":     (*call).changeRole,
		"role.remove":     (*call).removeRole,
	} {
		all[name] = newer(f)
	}
	return all
}

// newer is for what older versions of the interface do not have.
func newer(f func(*call) error) func(*call) error {
	return func(c *call) error {
		if version, _ := c.Request.Match.Value("version"); version != "v3.0" && version != "v4.0" {
			return sallyport.ErrNotFound("users and roles are in the versions v3.0 and v4.0")
		}
		return f(c)
	}
}

// Serve answers a call to one of the endpoints.
func (d *dialect) Serve(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	d.Dress(w.Header(), r, x)
	c := &call{dialect: d, Exchange: x, w: w, r: r, actor: wire.Actor(x)}
	wire.Run(d.serve, x, c, c.fail)
}
