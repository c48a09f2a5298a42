// Package truesight imitates the REST interface of a network automation
// product under /bca-networks/api: devices and groups of them, partitioned
// into realms, and jobs that run actions. Four versions of the interface are
// served side by side.
package truesight

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// Options are what the service needs beside its database.
type Options struct {
	Now func() time.Time
	Log *slog.Logger
}

// A Service answers the paths under /bca-networks. It is safe for concurrent
// use.
type Service struct {
	db  *sql.DB
	now func() time.Time
	mux *web.Mux
}

// versions are the supported versions, oldest first.
var versions = []string{"v1.0", "v2.0", "v3.0", "v4.0"}

// New makes the tables, fills them on the first start, and returns the
// service.
func New(ctx context.Context, db *sql.DB, o Options) (*Service, error) {
	if err := storage.Apply(ctx, db, schema); err != nil {
		return nil, err
	}
	fill := func(tx *sql.Tx) error { return seed(ctx, tx, o.Now()) }
	if err := storage.Seed(ctx, db, "truesight", o.Now(), fill); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, mux: web.NewMux(o.Log, refuse)}
	// The documentation of the product calls the same paths /apidocs.
	for _, base := range []string{"/bca-networks/api", "/bca-networks/apidocs"} {
		s.mux.Handle("GET "+base+"/about", s.about)
		s.mux.Handle("GET "+base+"/about/login_information", s.loginInformation)
		for _, r := range s.routes() {
			s.mux.Handle(r.method+" "+base+"/{version}"+r.path, versioned(r))
		}
	}
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type route struct {
	method, path string
	since        string // the first version that has it
	serve        func(http.ResponseWriter, *http.Request) error
}

// routes are the versioned endpoints. A test keeps them equal to the Swagger
// documents.
func (s *Service) routes() []route {
	return []route{
		{"GET", "/swagger.json", "v1.0", s.swagger},
		{"GET", "/groups", "v1.0", s.listGroups},
		{"POST", "/groups", "v1.0", s.createGroup},
		{"GET", "/groups/{id}", "v1.0", s.getGroup},
		{"PUT", "/groups/{id}", "v1.0", s.replaceGroup},
		{"DELETE", "/groups/{id}", "v1.0", s.deleteGroup},
		{"GET", "/devices", "v1.0", s.listDevices},
		{"POST", "/devices", "v1.0", s.createDevice},
		{"GET", "/devices/{id}", "v1.0", s.getDevice},
		{"DELETE", "/devices/{id}", "v1.0", s.deleteDevice},
		{"GET", "/jobs", "v1.0", s.listJobs},
		{"POST", "/jobs", "v1.0", s.createJob},
		{"GET", "/jobs/{id}", "v1.0", s.getJob},
		{"POST", "/jobs/{id}/submission", "v1.0", s.submitJob},
		{"GET", "/realms", "v1.0", s.listRealms},
		{"GET", "/realms/{id}", "v1.0", s.getRealm},
		{"POST", "/realms", "v3.0", s.createRealm},
	}
}

// versioned refuses versions that do not exist or do not have the route yet.
func versioned(r route) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, req *http.Request) error {
		v := req.PathValue("version")
		if !slices.Contains(versions, v) {
			return notFound("no version %s of this interface; there are %s", v, strings.Join(versions, ", "))
		}
		if v < r.since {
			return notFound("%s %s came with version %s", r.method, r.path, r.since)
		}
		return r.serve(w, req)
	}
}

func notFound(format string, args ...any) error {
	e := web.NotFound(format, args...)
	e.Message = "Not found: " + e.Message
	return e
}

// invalid gives cause, a fault of something new, the product's one text for
// all of them. What exactly is wrong stands beside it.
func invalid(what string, cause error) error {
	var e *web.Error
	if !errors.As(cause, &e) || e.Status != http.StatusBadRequest {
		return cause
	}
	return &web.Error{
		Status:  http.StatusBadRequest,
		Message: "Bad request: Input " + what + " DTO is missing or new " + what + " is invalid",
		Field:   e.Message,
	}
}

func refuse(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	if e.Status == http.StatusInternalServerError {
		e.Message = "Internal server error: Unexpected exception occurred"
	}
	if e.Status == http.StatusBadRequest && !strings.HasPrefix(e.Message, "Bad request: ") {
		e.Message = "Bad request: " + e.Message
	}
	detail := ""
	if strings.HasPrefix(e.Message, "Bad request: Input ") {
		detail = e.Field
	}
	_ = web.JSON(w, e.Status, struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
		Detail  string `json:"detail,omitempty"`
	}{e.Status, e.Message, detail})
}

// missing turns the absence of a row into a 404.
func missing(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound("%s %s does not exist", what, id)
	}
	return err
}

func isMissing(err error) bool {
	var e *web.Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// page reads offset, which here is the number of the page counted from 1, and
// limit. It returns the rows to skip.
func page(r *http.Request) (limit, skip int, err error) {
	if limit, err = web.Int(r, "limit", 25, 1, 1000); err != nil {
		return 0, 0, err
	}
	number, err := web.Int(r, "offset", 1, 1, 1_000_000)
	return limit, (number - 1) * limit, err
}

// order reads orderBy. An unescaped + arrives as a blank and is accepted.
func order(r *http.Request, columns map[string]string) (string, error) {
	by := r.URL.Query().Get("orderBy")
	if by == "" {
		by = "+name"
	}
	direction := map[byte]string{'+': "", ' ': "", '-': " DESC"}
	suffix, ok := direction[by[0]]
	name := by[1:]
	if !ok {
		name = by
	}
	column := columns[name]
	if column == "" {
		return "", web.BadField("orderBy", "%q is not one of the orders of this list", by)
	}
	return column + suffix + ", seq", nil
}

func (s *Service) loginInformation(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, struct {
		Banner string `json:"loginBanner"`
	}{"Devices of the demonstration. Nothing here is real."})
}

func (s *Service) about(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, struct {
		Name     string   `json:"productName"`
		Version  string   `json:"productVersion"`
		Versions []string `json:"apiVersions"`
	}{"TrueSight Network Automation (stand-in)", "8.9.04", versions})
}
