// Package edgeintel imitates the north-bound interface of an edge computing
// product under /nbapi/ei/v1: the agents that run at the edge and the types
// of assets they read. All data belongs to one tenant, which the gateway
// states for each request; tenants never see each other's.
package edgeintel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// Options are what the service needs beside its database.
type Options struct {
	Now func() time.Time
	Log *slog.Logger
}

// A Service answers the paths under /nbapi/ei/v1. It is safe for concurrent
// use.
type Service struct {
	db  *sql.DB
	now func() time.Time
	mux *web.Mux
}

// New makes the tables and returns the service. A tenant's sample data is
// made at its first visit, or by [Service.SeedTenant].
func New(ctx context.Context, db *sql.DB, o Options) (*Service, error) {
	if err := storage.Apply(ctx, db, schema); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, mux: web.NewMux(o.Log, refuse)}
	const base = "/nbapi/ei/v1"
	s.handle("GET "+base+"/agents", s.listAgents)
	s.handle("GET "+base+"/agents/{id}", s.getAgent)
	s.handle("GET "+base+"/assetTypes", s.listTypes)
	s.handle("POST "+base+"/assetTypes", s.createType)
	// The documents of the product use both nouns for a single one.
	for _, noun := range []string{"/assetTypes/{id}", "/assetType/{id}"} {
		s.handle("GET "+base+noun, s.getType)
		s.handle("PUT "+base+noun, s.replaceType)
		s.handle("PATCH "+base+noun, s.patchType)
		s.handle("DELETE "+base+noun, s.deleteType)
	}
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// handle registers a handler that is told the tenant of the request, whose
// data exists by then.
func (s *Service) handle(pattern string, h func(w http.ResponseWriter, r *http.Request, tenant string) error) {
	s.mux.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error {
		c := web.CallerOf(r)
		if c.Tenant == "" {
			return web.Bad("the request names no tenant; send its id in the header x-tenant-id")
		}
		tenant, err := parseTenant(c.Tenant)
		if err != nil {
			return err
		}
		if err := s.SeedTenant(r.Context(), tenant, ""); err != nil {
			return err
		}
		return h(w, r, tenant)
	})
}

func parseTenant(text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", web.Bad("the tenant id is not a UUID")
	}
	return id.String(), nil
}

// SeedTenant makes the sample data of the tenant with the given id, a UUID,
// unless it was made before. The name goes into the labels of its agents and
// may be empty.
func (s *Service) SeedTenant(ctx context.Context, id, name string) error {
	tenant, err := parseTenant(id)
	if err != nil {
		return err
	}
	known, err := storage.Count(ctx, s.db, `SELECT count(*) FROM ei_tenant WHERE id = $1`, tenant)
	if err != nil || known > 0 {
		return err
	}
	if name == "" {
		name = "site-" + tenant[:4]
	}
	now := s.now()
	err = storage.Tx(ctx, s.db, func(tx *sql.Tx) error {
		// Another request may have been faster since the look above.
		first, err := storage.Changed(tx.ExecContext(ctx, insertTenant, tenant, storage.Micros(now)))
		if err != nil || !first {
			return err
		}
		return seed(ctx, tx, tenant, name, now)
	})
	if err != nil {
		return fmt.Errorf("seed tenant %s: %w", tenant, err)
	}
	return nil
}

const insertTenant = `INSERT INTO ei_tenant (id, created) VALUES ($1, $2) ON CONFLICT DO NOTHING`

// refuse writes the product's error body.
func refuse(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.JSON(w, e.Status, struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{e.Status, e.Message})
}

// pageInfo says which part of a list an answer holds. The first page is 1.
type pageInfo struct {
	Total int `json:"totalCount"`
	Page  int `json:"page"`
	Size  int `json:"size"`
	Count int `json:"count"`
}

// skip is how many rows lie before the page.
func (p pageInfo) skip() int { return (p.Page - 1) * p.Size }

func readPage(r *http.Request) (pageInfo, error) {
	page, err := web.Int(r, "page", 1, 1, 1_000_000)
	if err != nil {
		return pageInfo{}, err
	}
	size, err := web.Int(r, "size", 10, 1, 200)
	return pageInfo{Page: page, Size: size}, err
}

// missing turns the absence of a row into a 404.
func missing(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return web.NotFound("no %s %q in this tenant", what, id)
	}
	return err
}
