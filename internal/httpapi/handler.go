package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// Names of the session cookie. The first is for https; browsers take it from
// this host alone, and never over plain http.
const (
	CookieSecure = "__Host-sp_session"
	CookiePlain  = "sp_session"
)

// CookieName returns the name of the session cookie for an installation's
// public URL.
func CookieName(publicURL string) string {
	if strings.HasPrefix(publicURL, "http://") {
		return CookiePlain
	}
	return CookieSecure
}

// Config is what a [Handler] needs. All of the first group is required.
type Config struct {
	Doors  *doors.Doors
	Admin  *admin.Service
	Master token.MasterKey // for digests of requests with an Idempotency-Key
	Cookie string          // [CookieSecure] or [CookiePlain]
	URL    string          // public; apps that show codes show them under its host
	Now    func() time.Time
	Log    *slog.Logger

	Trusted []netip.Prefix       // proxies that may name the client
	Depth   int                  // how many of them there are in a row
	Metrics *telemetry.Metrics   // nil: none
	Access  *telemetry.AccessLog // nil: none
}

// A Handler serves the management API. It is safe for concurrent use.
type Handler struct {
	Config
	desk     surface.Desk
	requests *token.Digester
	leaks    quota

	crossOrigin *http.CrossOriginProtection

	prepared sync.Once // guards the making of what follows; see prepare
	mux      *http.ServeMux
	api      huma.API
	document []byte // the OpenAPI document
	fault    error  // why there is none
}

// useRequest keeps the digests of requests apart from all others: some requests
// have passwords in them.
const useRequest token.Use = "request"

// New returns the handler. Its paths begin with [admin.BuiltInAPI]'s base path,
// and it serves nothing below another.
func New(c Config) (*Handler, error) {
	switch {
	case c.Doors == nil || c.Admin == nil || c.Now == nil || c.Log == nil:
		return nil, errors.New("httpapi: no doors, admin, clock or log")
	case c.Cookie != CookieSecure && c.Cookie != CookiePlain:
		return nil, errors.New("httpapi: the cookie has another name than the two there are")
	}
	pepper, err := c.Master.Pepper(1)
	if err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	h := &Handler{Config: c, desk: surface.Desk{Trusted: c.Trusted, Depth: c.Depth, Now: c.Now, Repair: c.Doors.Repair}}
	if h.crossOrigin, err = newCrossOrigin(c.URL); err != nil {
		return nil, err
	}
	if h.requests, err = token.NewDigester(useRequest, pepper); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	return h, nil
}

// prepare makes the operations with all that is said about them, when the first of
// them is asked for: they take memory and time, and many programs are never asked.
func (h *Handler) prepare() {
	h.prepared.Do(func() {
		h.mux = http.NewServeMux()
		h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			respond.Failed(w, r, sallyport.ErrNotFound("there is nothing here"))
		})
		h.api = newAPI(h.mux, h.Cookie)
		for _, op := range operations() {
			h.register(op)
		}
		if h.document, h.fault = h.api.OpenAPI().MarshalJSON(); h.fault != nil {
			h.fault = fmt.Errorf("httpapi: write the OpenAPI document: %w", h.fault)
		}
	})
}

// Described returns the OpenAPI document as it is served, in JSON. It is not to be
// changed.
func (h *Handler) Described() ([]byte, error) {
	h.prepare()
	return h.document, h.fault
}

// OpenAPI returns the OpenAPI document of the API, in YAML.
func (h *Handler) OpenAPI() ([]byte, error) {
	h.prepare()
	return h.api.OpenAPI().YAML()
}
