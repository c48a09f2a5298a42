package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/token"
)

// Config says what a guard is made of. What is not required may be empty.
type Config struct {
	// Storage is where everything is kept: "sqlite:PATH" or "postgres://...".
	// Required.
	Storage sallyport.Secret
	// MasterKey is the text of 32 random bytes, in hexadecimal or base64, such as
	// [NewMasterKey] returns. Whoever loses it loses every credential in the
	// store. Required.
	MasterKey sallyport.Secret
	// APIs are the protected APIs. They are written to the store, where they
	// replace what was there under their names. Their upstream may be empty.
	APIs []sallyport.API
	// APIFiles are files with further documents, in YAML or JSON.
	APIFiles []string

	// URL is the public URL, the issuer of access tokens;
	// "http://localhost" when empty.
	URL string
	// TrustedProxies are the networks of proxies in front, whose X-Forwarded-For
	// is believed. When empty nobody is believed.
	TrustedProxies []netip.Prefix
	// ProxyDepth is how many of them a request passes; 1 when 0.
	ProxyDepth int
	// MaxStaleness is for how long decisions are taken when the store does not
	// answer; 5 s when 0.
	MaxStaleness time.Duration
	// Poll is how often the store is asked for changes that others made; 250 ms
	// when 0.
	Poll time.Duration
	// Log gets what is worth telling. When nil nothing is told.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// NewMasterKey returns the text of a new random master key.
func NewMasterKey() (sallyport.Secret, error) {
	key, err := token.NewMasterKey()
	if err != nil {
		return "", err
	}
	return sallyport.Secret(key.Text()), nil
}

// A Guard decides on requests. Make it with [New] and end it with [Guard.Close].
// It is safe for concurrent use.
type Guard struct {
	doors *doors.Doors
	desk  surface.Desk

	node       *node.Node
	management http.Handler
	stop       func()
	loops      sync.WaitGroup
}

// New opens the store, brings its schema up to date, writes the API documents and
// puts the policy in force. An error about a document joins all that is wrong
// with it.
func New(ctx context.Context, c Config) (*Guard, error) {
	c.fill()
	master, err := token.ParseMasterKey([]byte(c.MasterKey.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	apis, err := c.documents()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	cookie := httpapi.CookieName(c.URL)
	n, err := node.Open(ctx, node.Config{
		StorageURL: c.Storage, MasterKey: master, Issuer: c.URL, Log: c.Log, Now: c.Now,
		ManagementAPI: httpapi.Document(cookie), MaxStaleness: c.MaxStaleness, Dialects: dialect.Specs(),
	})
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if _, err := n.Admin.ApplyAPIs(ctx, admin.System("guard"), apis); err != nil {
		return nil, errors.Join(fmt.Errorf("guard: write the API documents: %w", err), n.Close(ctx))
	}
	management, err := httpapi.New(httpapi.Config{
		Doors: n.Doors, Admin: n.Admin, Master: master, Cookie: cookie, Now: c.Now, Log: c.Log,
		Trusted: c.TrustedProxies, Depth: c.ProxyDepth,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("guard: %w", err), n.Close(ctx))
	}
	g := before(n.Doors, &c)
	g.node, g.management = n, management
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.stop = stop
	g.loops.Go(func() { n.Run(running, c.Poll) })
	return g, nil
}

// before returns a guard that stands before the doors.
func before(d *doors.Doors, c *Config) *Guard {
	return &Guard{doors: d, desk: surface.Desk{Trusted: c.TrustedProxies, Depth: c.ProxyDepth, Now: c.Now, Repair: d.Repair}}
}

func (c *Config) fill() {
	if c.URL == "" {
		c.URL = "http://localhost"
	}
	if c.ProxyDepth == 0 {
		c.ProxyDepth = 1
	}
	if c.Poll == 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // here the clock comes into the house
	}
}

// documents returns all API documents, those of files too.
func (c *Config) documents() ([]sallyport.API, error) {
	apis := append([]sallyport.API(nil), c.APIs...)
	for _, path := range c.APIFiles {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the API document: %w", err)
		}
		api, err := config.DecodeAPIFile(path, text)
		if err != nil {
			return nil, err
		}
		apis = append(apis, api)
	}
	return apis, nil
}

// Handler returns the management API, to be mounted at /sallyport/api/v1/. It is
// guarded by itself and needs no [Guard.Middleware] around it.
func (g *Guard) Handler() http.Handler { return g.management }

// Close ends what runs in the background, writes down what was counted and closes
// the store. Handlers behind the guard must have ended before.
func (g *Guard) Close() error {
	g.stop()
	g.loops.Wait()
	return g.node.Close(context.Background())
}
