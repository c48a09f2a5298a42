// Package itadvisor speaks as a data-centre infrastructure manager of the IT
// Advisor kind does under /api/current: Basic, a JWT or a session cookie; errors
// with a number and a sentence in which the user has another name; and a page to
// sign in at and try the calls from.
//
// The page makes its calls through both doors like anybody else's, so it can do
// what the API can, and nothing more.
package itadvisor

import (
	"net/http"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// A dialect answers for all APIs of the dialect. It is safe for concurrent use.
type dialect struct {
	wire.Config
	views  *views
	serve  map[string]func(*call) error
	denied atomic.Uint64 // numbers the lines of the log
}

// New returns the dialect ready to answer.
func New(c wire.Config) (surface.Dialect, error) {
	v, err := newViews()
	if err != nil {
		return nil, err
	}
	return &dialect{Config: c, views: v, serve: endpoints()}, nil
}

// A call is a request to one of the endpoints.
type call struct {
	*dialect
	*surface.Exchange
	w     http.ResponseWriter
	r     *http.Request
	actor admin.Actor
}

// Names of endpoints that Deny must know: what they answer is for people.
const (
	pageEndpoint = "page"
	tryEndpoint  = "page.try"
	outEndpoint  = "page.sign-out"
)

// endpoints are what the dialect answers itself.
func endpoints() map[string]func(*call) error {
	return map[string]func(*call) error{
		"login":        (*call).login,
		"refresh":      (*call).refresh,
		"logout":       (*call).logout,
		pageEndpoint:   (*call).page,
		"page.style":   (*call).style,
		"page.sign-in": (*call).signIn,
		outEndpoint:    (*call).signOut,
		tryEndpoint:    (*call).try,
	}
}

// Serve answers a call to one of the endpoints.
func (d *dialect) Serve(w http.ResponseWriter, r *http.Request, x *surface.Exchange) {
	c := &call{dialect: d, Exchange: x, w: w, r: r, actor: wire.Actor(x)}
	wire.Run(d.serve, x, c, c.fail)
}

// cookieName returns the name of the session cookie of the API.
func cookieName(x *surface.Exchange) string { return wire.SettingOf(x, sessionCookie) }
