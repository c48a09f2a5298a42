package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/telemetry"
	"github.com/sallyport/sallyport/internal/token"
)

// Base is the path that all pages are below.
const Base = "/sallyport"

// home is the page that one comes to without naming another.
const home = Base + "/"

// known is what the console is called in logs and counters, where protected APIs
// have their names.
const known sallyport.APIName = "console"

// Config is what a [Console] needs. All of the first group is required.
type Config struct {
	Doors  *doors.Doors
	Admin  *admin.Service
	Cookie string // name of the session cookie; one that begins with "__Host-" is sent over https alone
	URL    string // the installation's public URL, without a slash at the end

	Tickets *token.Sealer // of [token.SealSignIn]
	Now     func() time.Time
	Log     *slog.Logger

	// Described returns the OpenAPI document of the management API, in JSON. Nil: it is
	// shown by its routes.
	Described func() ([]byte, error)

	Node string // id of this node, as it tells of itself

	// Call makes a request in the name of a session, through both doors, and returns
	// what was decided. Nil: calls cannot be tried.
	Call func(w http.ResponseWriter, r *http.Request, session string) sallyport.Decision

	Demonstration bool // pages for who builds the console are served as well

	SessionIdle time.Duration // [admin.DefaultIdle] when 0
	SessionLife time.Duration // [admin.DefaultSession] when 0

	Trusted []netip.Prefix       // proxies that may name the client
	Depth   int                  // how many of them there are in a row
	Metrics *telemetry.Metrics   // nil: none
	Access  *telemetry.AccessLog // nil: none
	History *telemetry.History   // nil: none
}

// A Console serves the pages. It is safe for concurrent use.
type Console struct {
	Config
	desk        surface.Desk
	crossOrigin *http.CrossOriginProtection
	origin      string // of the public URL
	languages   map[string]*catalogue
	pages       map[string]pages // by language
	assets      assets
	packers     packers
	mux         *http.ServeMux
	begun       atomic.Bool // there is an administrator, as there always is from then on
}

// New returns the console. It serves nothing that is not below [Base].
func New(c Config) (*Console, error) {
	if c.Doors == nil || c.Admin == nil || c.Now == nil || c.Log == nil || c.Cookie == "" {
		return nil, errors.New("console: no doors, admin, clock, log or cookie")
	}
	public, err := url.Parse(c.URL)
	if err != nil || public.Host == "" {
		return nil, fmt.Errorf("console: %q is not a public URL", c.URL)
	}
	k := &Console{
		Config: c, desk: surface.Desk{Trusted: c.Trusted, Depth: c.Depth, Now: c.Now, FormLimit: maxForm},
		origin: public.Scheme + "://" + public.Host, crossOrigin: http.NewCrossOriginProtection(),
	}
	// A proxy in front may have changed the Host that the browser meant.
	if err := k.crossOrigin.AddTrustedOrigin(k.origin); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if k.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if k.languages, err = loadTexts(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	k.pages = map[string]pages{}
	for lang, texts := range k.languages {
		if k.pages[lang], err = loadPages(texts); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	k.mux = k.routed()
	return k, nil
}

// A visit is one request and its answer.
type visit struct {
	*Console
	w        *surface.Recorder
	r        *http.Request
	request  doors.Request // where it came from; the doors were not asked
	body     surface.Body
	decision sallyport.Decision
	actor    admin.Actor
	self     *admin.Self // nil: nobody, or not known yet
	form     url.Values  // what was sent
	now      time.Time
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// ServeHTTP answers a request for a page.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := c.receive(w, r)
	defer func() {
		if fault := recover(); fault != nil {
			c.Log.ErrorContext(r.Context(), "a page of the console failed badly",
				"request_id", v.decision.RequestID, "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			if v.w.Status == 0 {
				v.fail(&sallyport.Error{Kind: sallyport.Internal})
			}
		}
		v.tell()
	}()
	v.setHeaders()
	t, fault := target.Parse(r.Method, v.request.Target, r.Host, target.Options{Scheme: v.request.Scheme})
	if fault != target.OK {
		v.decision.Reason = sallyport.PathAmbiguous
		v.fail(&sallyport.Error{Kind: sallyport.Refused, Reason: v.decision.Reason})
		return
	}
	where := *r.URL
	t.SetURL(&where) // what was checked is what is served
	v.r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	v.r.URL = &where
	c.mux.ServeHTTP(v.w, v.r)
}

// receive finds out where a request comes from.
func (c *Console) receive(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{Console: c, w: &surface.Recorder{ResponseWriter: w}, r: r, now: c.Now()}
	c.desk.Read(r, &v.body, &v.request)
	v.decision = sallyport.Decision{
		API: known, Reason: sallyport.RouteUnknown, Revision: c.Doors.Revision(), RequestID: v.request.ID,
	}
	v.w.Header().Set(respond.HeaderRequestID, v.request.ID)
	return v
}

// address is the client's, as it is written down.
func (v *visit) address() string {
	if !v.request.Client.IsValid() {
		return ""
	}
	return v.request.Client.String()
}

// tell counts and logs a request that was answered.
func (v *visit) tell() {
	took := v.Now().Sub(v.now)
	if v.Metrics != nil {
		m := v.Metrics.API(known)
		m.Decided(&v.decision)
		m.Took(took)
	}
	if v.Access != nil {
		v.Access.Write(&telemetry.Access{
			Decision: &v.decision, Time: v.now, Took: took, Method: v.r.Method, Path: v.r.URL.Path,
			Status: v.w.Status, Client: v.request.Client,
		})
	}
}
