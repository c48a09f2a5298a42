// Package demo is the demonstration: six APIs, a cast of users and credentials
// with freshly drawn secrets, and examples to paste. The upstream behind the
// APIs is package platform; the program starts both.
package demo

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
)

//go:embed apis/*.yaml
var documents embed.FS

// names are the APIs, in the order in which they are shown.
var names = []string{"inventory", "itadvisor", "truesight", "orchestrator", "itop", "edgeintel"}

// APIs returns the protected APIs in front of the platform at upstream. session
// is the name of the session cookie.
func APIs(upstream, session string) ([]sallyport.API, error) {
	var out []sallyport.API
	fill := strings.NewReplacer("UPSTREAM", upstream, "SESSION", session)
	for _, name := range names {
		text, err := documents.ReadFile("apis/" + name + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("read the document of %s: %w", name, err)
		}
		api, err := config.DecodeAPIFile(name+".yaml", []byte(fill.Replace(string(text))))
		if err != nil {
			return nil, err
		}
		out = append(out, api)
	}
	return out, nil
}

// Options say where things are.
type Options struct {
	Admin    *admin.Service
	URL      string // of the public listener
	Internal string // URL of the internal listener
	Upstream string // URL of the platform
	Session  string // name of the session cookie
	Now      func() time.Time
}

// Fill sets up the APIs, the cast and their credentials, and returns the
// manifest. What is there already from an earlier start is kept, but all
// secrets are drawn anew.
func Fill(ctx context.Context, o Options) (*Manifest, error) {
	apis, err := APIs(o.Upstream, o.Session)
	if err != nil {
		return nil, err
	}
	if _, err := o.Admin.ApplyAPIs(ctx, actor, apis); err != nil {
		return nil, fmt.Errorf("set up the APIs of the demonstration: %w", err)
	}
	s := &stage{Options: o, ctx: ctx, manifest: &Manifest{URL: o.URL, InternalURL: o.Internal, UpstreamURL: o.Upstream}}
	for i := range apis {
		api, _ := node.Rules(dialect.Specs()).Complete(&apis[i]) // with the base path that its dialect has
		spoken := cmp.Or(api.Dialect, policy.DefaultDialect)
		s.manifest.APIs = append(s.manifest.APIs, ManifestAPI{Name: string(api.Name), Dialect: spoken, BaseURL: o.URL + api.BasePath})
	}
	for _, step := range []func() error{s.documents, s.tenants, s.roles, s.users, s.credentials, s.draft} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("set up the demonstration: %w", err)
		}
	}
	s.manifest.Examples = s.examples()
	return s.manifest, nil
}

// actor is who sets the stage.
var actor = admin.System("demo")
