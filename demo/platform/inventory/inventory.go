// Package inventory is the ordinary REST API of the stand-in platform: stock
// items in warehouses, with paging, partial updates, entity tags, a stream of
// events and a WebSocket. It stands for the API that most users will put
// behind the gateway: it has an OpenAPI document and no security of its own.
package inventory

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

//go:embed openapi.json
var document []byte

// OpenAPI is a copy of the API's OpenAPI 3.1 document, in JSON.
func OpenAPI() []byte { return slices.Clone(document) }

// Options are what the service needs beside its database.
type Options struct {
	Now func() time.Time
	Log *slog.Logger
}

// A Service answers the paths under /inventory. It is safe for concurrent use.
type Service struct {
	db  *sql.DB
	now func() time.Time
	log *slog.Logger
	mux *web.Mux
}

// New makes the tables, fills them on the first start, and returns the
// service.
func New(ctx context.Context, db *sql.DB, o Options) (*Service, error) {
	if err := storage.Apply(ctx, db, schema); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, log: o.Log}
	fill := func(tx *sql.Tx) error { return seed(ctx, tx, o.Now()) }
	if err := storage.Seed(ctx, db, "inventory", o.Now(), fill); err != nil {
		return nil, err
	}
	s.mux = web.NewMux(o.Log, problem)
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+r.path, r.serve)
	}
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type route struct {
	method, path string
	serve        func(http.ResponseWriter, *http.Request) error
}

// routes is the API. A test keeps it equal to the OpenAPI document.
func (s *Service) routes() []route {
	return []route{
		{"GET", "/inventory/items", s.listItems},
		{"POST", "/inventory/items", s.createItem},
		{"GET", "/inventory/items/{id}", s.getItem},
		{"PUT", "/inventory/items/{id}", s.replaceItem},
		{"PATCH", "/inventory/items/{id}", s.patchItem},
		{"DELETE", "/inventory/items/{id}", s.deleteItem},
		{"GET", "/inventory/items/{id}/movements", s.listMovements},
		{"POST", "/inventory/items/{id}/movements", s.move},
		{"GET", "/inventory/warehouses", s.listWarehouses},
		{"POST", "/inventory/warehouses", s.createWarehouse},
		{"GET", "/inventory/warehouses/{id}", s.getWarehouse},
		{"PUT", "/inventory/warehouses/{id}", s.replaceWarehouse},
		{"DELETE", "/inventory/warehouses/{id}", s.deleteWarehouse},
		{"GET", "/inventory/events", s.events},
		{"GET", "/inventory/ws", s.socket},
		{"GET", "/inventory/whoami", s.whoami},
		{"GET", "/inventory/public/status", s.status},
		{"GET", "/inventory/openapi.json", s.openAPI},
	}
}

// problem writes a refusal as an RFC 9457 problem document.
func problem(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	_ = web.JSON(w, e.Status, struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Field  string `json:"field,omitempty"`
	}{"about:blank", http.StatusText(e.Status), e.Status, e.Message, e.Field})
}

func (s *Service) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
	return nil
}

func (s *Service) status(w http.ResponseWriter, r *http.Request) error {
	items, err := storage.Count(r.Context(), s.db, `SELECT count(*) FROM inv_item`)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		Status string    `json:"status"`
		Items  int       `json:"items"`
		Time   time.Time `json:"time"`
	}{"ok", items, s.now().UTC()})
}

// whoami shows what reached this API about the caller: the identity that the
// gateway set, and the names (never the values) of headers and parameters
// that usually carry a secret. Behind a gateway the last two lists are empty.
func (s *Service) whoami(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r)
	seen := []string{}
	for _, name := range []string{"Authorization", "Auth-Token", "X-Api-Key", "X-Access-Token", "Cookie", "Proxy-Authorization"} {
		if r.Header.Get(name) != "" {
			seen = append(seen, name)
		}
	}
	params := []string{}
	for name := range r.URL.Query() {
		params = append(params, name)
	}
	slices.Sort(params)
	return web.JSON(w, http.StatusOK, struct {
		Login             string   `json:"login"`
		UserID            string   `json:"user_id"`
		Tenant            string   `json:"tenant"`
		Realm             string   `json:"realm"`
		Assertion         bool     `json:"assertion"`
		CredentialHeaders []string `json:"credential_headers"`
		QueryParameters   []string `json:"query_parameters"`
	}{c.Login, c.UserID, c.Tenant, c.Realm, r.Header.Get("X-Sallyport-Assertion") != "", seen, params})
}

// page reads limit and offset.
func page(r *http.Request) (limit, offset int, err error) {
	if limit, err = web.Int(r, "limit", 25, 1, 200); err != nil {
		return 0, 0, err
	}
	offset, err = web.Int(r, "offset", 0, 0, 1_000_000)
	return limit, offset, err
}

// A list is one page of a collection.
type list[T any] struct {
	Items  []T `json:"items"`
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// missing turns the absence of a row into a 404.
func missing(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return web.NotFound("no %s %q", what, id)
	}
	return err
}
