// Package itop speaks as a service management product of the iTop kind does with
// its token extension: one path for all operations of its REST interface, always
// status 200 with a code in the body, tokens in Auth-Token or auth_token, and a
// page on which people manage their personal tokens.
//
// Operations on objects go on to the upstream. What the dialect answers itself is
// what concerns users and tokens, and requests that name no operation.
package itop

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
	forms   *token.Sealer // one-time ids of forms
	secrets *token.Sealer // a new secret on its way to the next page
	views   *views
	serve   map[string]func(*call) error
}

// New returns the dialect ready to answer.
func New(c wire.Config) (surface.Dialect, error) {
	forms, err := token.NewSealer("itop/form", c.Master)
	if err != nil {
		return nil, fmt.Errorf("itop: %w", err)
	}
	secrets, err := token.NewSealer("itop/new-secret", c.Master)
	if err != nil {
		return nil, fmt.Errorf("itop: %w", err)
	}
	v, err := newViews()
	if err != nil {
		return nil, err
	}
	return &dialect{Config: c, forms: forms, secrets: secrets, views: v, serve: endpoints()}, nil
}

// A call is a request to one of the endpoints.
type call struct {
	*dialect
	*surface.Exchange
	w     http.ResponseWriter
	r     *http.Request
	actor admin.Actor
}

// Names of endpoints.
const (
	faultEndpoint = "rest.fault"
	checkEndpoint = "rest.check"

	accountEndpoint = "account"
	signOutEndpoint = "account.sign-out"
	styleEndpoint   = "account.style"
	refreshEndpoint = "token.refresh"
	deleteEndpoint  = "token.delete"
	editEndpoint    = "token.edit"
	addEndpoint     = "token.add"
	changeEndpoint  = "token.change"
)

// endpoints are what the dialect answers itself.
func endpoints() map[string]func(*call) error {
	return map[string]func(*call) error{
		faultEndpoint:   (*call).fault,
		checkEndpoint:   (*call).checkCredentials,
		accountEndpoint: (*call).account,
		signOutEndpoint: (*call).signOut,
		styleEndpoint:   (*call).style,
		refreshEndpoint: (*call).refreshToken,
		deleteEndpoint:  (*call).deleteToken,
		editEndpoint:    (*call).editToken,
		addEndpoint:     (*call).addToken,
		changeEndpoint:  (*call).changeToken,
	}
}

// Serve answers a call to one of the endpoints.
func (d *dialect) Serve(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	c := &call{dialect: d, Exchange: x, w: w, r: r, actor: wire.Actor(x)}
	wire.Run(d.serve, x, c, c.fail)
}

// cookieName returns the name of the session cookie of the API.
func cookieName(x *surface.Exchange) string { return wire.SettingOf(x, sessionCookie) }
