// Package itadvisor imitates the REST interface of a data-centre
// infrastructure manager under /api/current: a tree of assets (locations,
// rooms, racks and equipment), the customers who rent them, and a trail of
// what was changed through it and by whom. A request that the gateway states a
// realm for sees the equipment of that location alone.
package itadvisor

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"strings"
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

// A Service answers the paths under /api/current. It is safe for concurrent
// use.
type Service struct {
	db  *sql.DB
	now func() time.Time
	mux *web.Mux
}

// New makes the tables, fills them on the first start, and returns the
// service.
func New(ctx context.Context, db *sql.DB, o Options) (*Service, error) {
	if err := storage.Apply(ctx, db, schema); err != nil {
		return nil, err
	}
	fill := func(tx *sql.Tx) error { return seed(ctx, tx, o.Now()) }
	if err := storage.Seed(ctx, db, "itadvisor", o.Now(), fill); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, mux: web.NewMux(o.Log, refuse)}
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /assets":                  s.listAssets,
		"POST /assets":                 s.createAsset,
		"PATCH /assets":                s.patchAssets,
		"GET /assets/search":           s.searchAssets,
		"GET /assets/types":            s.listTypes,
		"GET /assets/{id}":             s.getAsset,
		"POST /assets/{id}":            s.createAsset,
		"PATCH /assets/{id}":           s.patchAsset,
		"DELETE /assets/{id}":          s.deleteAsset,
		"GET /assets/{id}/customer":    s.getAssetCustomer,
		"PUT /assets/{id}/customer":    s.putAssetCustomer,
		"DELETE /assets/{id}/customer": s.deleteAssetCustomer,
		"GET /locations":               s.listLocations,
		"GET /locations/{id}":          s.getAsset,
		"GET /customers":               s.listCustomers,
		"POST /customers":              s.createCustomer,
		"GET /customers/{id}":          s.getCustomer,
		"PUT /customers/{id}":          s.putCustomer,
		"PATCH /customers/{id}":        s.patchCustomer,
		"DELETE /customers/{id}":       s.deleteCustomer,
		"GET /customers-count":         s.countCustomers,
		"GET /users":                   s.listUsers,
		"GET /users/{id}":              s.getUser,
		"GET /audit-trail-entries":     s.listEntries,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		s.mux.Handle(method+" /api/current"+path, s.located(h))
	}
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// refuse writes a refusal. The imitated product numbers its errors; 100001 is
// "Invalid access" and belongs to whoever decides about access, so the
// numbers here are 100000 plus the status.
func refuse(w http.ResponseWriter, r *http.Request, e *web.Error) {
	_ = web.JSON(w, e.Status, struct {
		Code      int    `json:"errorCode"`
		Message   string `json:"message"`
		RequestID string `json:"requestId,omitempty"`
	}{100000 + e.Status, e.Message, r.Header.Get("X-Request-Id")})
}

// A list is one page of a collection.
type list[T any] struct {
	Total int `json:"total"`
	Items []T `json:"items"`
}

// page reads limit and offset, both counted in rows.
func page(r *http.Request, fallback int) (limit, offset int, err error) {
	if limit, err = web.Int(r, "limit", fallback, 1, 500); err != nil {
		return 0, 0, err
	}
	offset, err = web.Int(r, "offset", 0, 0, 1_000_000)
	return limit, offset, err
}

// parseID reads a UUID of the path or a body.
func parseID(field, text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", web.BadField(field, "%q is not a UUID", text)
	}
	return id.String(), nil
}

func pathID(r *http.Request) (string, error) { return parseID("id", r.PathValue("id")) }

// missing turns the absence of a row into a 404.
func missing(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return web.NotFound("no %s %s", what, id)
	}
	return err
}
