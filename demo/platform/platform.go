// Package platform is the upstream of the demonstration: stand-ins for five
// management products and one ordinary REST API, with real data in a SQLite
// database of its own. It knows neither passwords nor tokens. It stands
// behind the gateway and believes the identity headers that the gateway sets,
// so it must never be reachable but through it.
package platform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/demo/platform/edgeintel"
	"github.com/sallyport/sallyport/demo/platform/inventory"
	"github.com/sallyport/sallyport/demo/platform/itadvisor"
	"github.com/sallyport/sallyport/demo/platform/itop"
	"github.com/sallyport/sallyport/demo/platform/orchestrator"
	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/truesight"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// Memory is the path for [Open] of a database that is gone when it is closed.
const Memory = storage.Memory

// Options are what a platform may be given. The zero Options work.
type Options struct {
	Now func() time.Time // the clock; time.Now when nil
	Log *slog.Logger     // where failures go; nowhere when nil
}

// A Platform is the opened upstream. It is safe for concurrent use.
type Platform struct {
	db   *sql.DB
	mux  *web.Mux
	edge *edgeintel.Service
}

// Open opens the database at path, or one in memory for [Memory], fills it
// with sample data the first time, and returns the platform. The caller
// closes it.
func Open(ctx context.Context, path string, o Options) (*Platform, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := storage.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	p := &Platform{db: db, mux: web.NewMux(o.Log, refuse)}
	if err := p.build(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open platform: %w", err), db.Close())
	}
	return p, nil
}

// build makes the systems and mounts each at its own base path.
func (p *Platform) build(ctx context.Context, o Options) error {
	inv, err := inventory.New(ctx, p.db, inventory.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	ita, err := itadvisor.New(ctx, p.db, itadvisor.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	tsna, err := truesight.New(ctx, p.db, truesight.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	cmdb, err := itop.New(ctx, p.db, itop.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	orc, err := orchestrator.New(ctx, p.db, orchestrator.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	if p.edge, err = edgeintel.New(ctx, p.db, edgeintel.Options{Now: o.Now, Log: o.Log}); err != nil {
		return err
	}
	p.mount("/inventory/", inv)
	p.mount("/api/current/", ita)
	p.mount("/bca-networks/", tsna)
	p.mount("/aspera/orchestrator/", orc)
	p.mount("/itop/", cmdb)
	p.mount("/nbapi/ei/v1/", p.edge)
	return nil
}

func (p *Platform) mount(prefix string, h http.Handler) {
	p.mux.Handle(prefix, func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	})
}

// Handler answers the requests that the gateway forwards, at the same paths
// at which clients send them.
func (p *Platform) Handler() http.Handler { return p.mux }

// Close closes the database. No request may be in flight.
func (p *Platform) Close() error { return p.db.Close() }

// SeedTenant makes the sample data of one tenant of the edge product, whose
// data is kept apart by tenant. The id is a UUID. A tenant that was not seeded
// gets its data at its first visit; the name, which may be empty, goes into
// the labels of its agents.
func (p *Platform) SeedTenant(ctx context.Context, id, name string) error {
	return p.edge.SeedTenant(ctx, id, name)
}

// InventoryOpenAPI is a copy of the OpenAPI 3.1 document of the inventory API,
// in JSON.
func InventoryOpenAPI() []byte { return inventory.OpenAPI() }

// SampleIDs are the ids of things that every fresh platform holds, for examples that are to
// work when they are pasted.
type SampleIDs struct {
	Rack      string // IT Advisor: PATCH /api/current/assets/{id}
	Customer  string // IT Advisor: GET /api/current/customers/{id}
	Group     string // TrueSight, realm Default: GET /bca-networks/api/v1.0/groups/{id}
	Workflow  int64  // Orchestrator: a workflow that needs no parameters
	Person    string // iTop: the key of a Person
	Item      string // inventory: GET /inventory/items/{id}
	Warehouse string // inventory: GET /inventory/warehouses/{id}
}

// Samples returns the ids of the sample data.
func Samples() SampleIDs {
	return SampleIDs{
		Rack:      itadvisor.SampleRack(),
		Customer:  itadvisor.SampleCustomer(),
		Group:     truesight.SampleGroup,
		Workflow:  orchestrator.SampleWorkflow,
		Person:    itop.SamplePerson,
		Item:      inventory.SampleItem,
		Warehouse: inventory.SampleWarehouse,
	}
}

func refuse(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.JSON(w, e.Status, struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{e.Status, e.Message})
}
