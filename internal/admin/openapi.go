package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// OpenAPI returns the document that describes an API; NotFound if none is kept.
// It needs [APIsRead] in every tenant.
func (s *Service) OpenAPI(ctx context.Context, a Actor, name sallyport.APIName) (o store.OpenAPI, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayAPIs(APIsRead); err != nil {
			return err
		}
		if _, err := w.tx.API(ctx, name); err != nil {
			return err
		}
		o, err = w.tx.OpenAPI(ctx, name)
		return err
	})
	return o, err
}

// KeepOpenAPI keeps the OpenAPI document, in YAML or JSON, that describes an API
// to people. Nothing is decided by it. It needs [APIsWrite] in every tenant.
func (s *Service) KeepOpenAPI(ctx context.Context, a Actor, name sallyport.APIName, text []byte) error {
	kept, fault := openapi.Keep(text)
	return s.describeAPI(ctx, a, name, func(w *work) error {
		if fault != nil {
			return sallyport.ErrInvalid("text", "text is no OpenAPI document that can be kept: "+fault.Error())
		}
		if err := w.tx.KeepOpenAPI(ctx, name, kept); err != nil {
			return err
		}
		return w.write(ctx, sallyport.EveryTenant, "api.describe", apiThing(name), nil, map[string]any{"bytes": len(kept)})
	})
}

// DropOpenAPI forgets the document that describes an API, if there is one. It
// needs [APIsWrite] in every tenant.
func (s *Service) DropOpenAPI(ctx context.Context, a Actor, name sallyport.APIName) error {
	return s.describeAPI(ctx, a, name, func(w *work) error {
		if err := w.tx.DropOpenAPI(ctx, name); err != nil {
			return err
		}
		return w.write(ctx, sallyport.EveryTenant, "api.describe", apiThing(name), nil, nil)
	})
}

func (s *Service) describeAPI(ctx context.Context, a Actor, name sallyport.APIName, change func(*work) error) error {
	return s.change(ctx, a, func(w *work) error {
		if err := w.mayAPIs(APIsWrite); err != nil {
			return err
		}
		if _, err := w.tx.API(ctx, name); err != nil {
			return err
		}
		if name == ManagementAPI {
			return builtInAPI()
		}
		return change(w)
	})
}

// A Sight says how much of an API somebody is shown.
type Sight int

// What somebody is shown of an API: what its refusals would tell him if he tried.
const (
	SightOwn     Sight = iota // what he may call
	SightAll                  // that there is more, which he may not call
	SightMissing              // and what he lacks for it
)

// An Exploration is what somebody may look at of an API.
type Exploration struct {
	Sight   Sight
	Off     bool   // its calls are not to be offered (see [sallyport.API.Explore])
	OpenAPI []byte // the document that is kept, in JSON; nil: none
}

// Explore returns what the actor may look at of an API. Everybody may, as far as
// the API would tell him by refusing him (see [sallyport.Explain]); who has
// [APIsRead] in every tenant sees all of it. One that is left out of Explore is
// there for nobody else. The document is as it was given:
// whoever shows it leaves out what is not for the actor.
func (s *Service) Explore(ctx context.Context, a Actor, name sallyport.APIName) (e Exploration, err error) {
	err = s.look(ctx, a, func(w *work) error {
		if w.principal == nil {
			return w.itself()
		}
		api := w.snapshot.API(name)
		if api == nil {
			return sallyport.ErrNotFound("there is no such API")
		}
		if e.Off = api.Document.Explore == policy.ExploreNone; e.Off && w.mayAPIs(APIsRead) != nil {
			return sallyport.ErrNotFound("there is no such API")
		}
		e.Sight = w.sight(api)
		o, err := w.tx.OpenAPI(ctx, name)
		e.OpenAPI = o.Text
		return unlessNotFound(err)
	})
	return e, err
}

func (w *work) sight(api *policy.API) Sight {
	switch {
	case w.mayAPIs(APIsRead) == nil, api.Document.Explain == sallyport.ExplainFull:
		return SightMissing
	case api.Document.Explain == sallyport.ExplainNone:
		return SightOwn
	}
	return SightAll
}

// ReadsAPIs reports whether the actor may see how APIs are mounted: whether he has
// [APIsRead] in every tenant.
func (s *Service) ReadsAPIs(ctx context.Context, a Actor) (reads bool, err error) {
	err = s.look(ctx, a, func(w *work) error {
		reads = w.mayAPIs(APIsRead) == nil
		return nil
	})
	return reads, err
}
