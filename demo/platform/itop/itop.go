// Package itop imitates the REST interface of a CMDB and service desk at
// /itop/webservices/rest.php: one path, whose operation travels in a
// parameter, over objects of a small data model that can be asked for with
// the object query language. It answers in the product's own shape: always
// with status 200, the outcome in a code.
package itop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/demo/platform/oql"
	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// Options are what the service needs beside its database.
type Options struct {
	Now func() time.Time
	Log *slog.Logger
}

// A Service answers the path of the REST interface. It is safe for concurrent
// use.
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
	fill := func(tx *sql.Tx) error { return seed(ctx, tx, o.Now()) }
	if err := storage.Seed(ctx, db, "itop", o.Now(), fill); err != nil {
		return nil, err
	}
	s := &Service{db: db, now: o.Now, log: o.Log}
	s.mux = web.NewMux(o.Log, func(w http.ResponseWriter, _ *http.Request, e *web.Error) {
		_ = web.JSON(w, e.Status, struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}{codeInternal, "Error: " + e.Message})
	})
	s.mux.Handle("GET /itop/webservices/rest.php", s.rest)
	s.mux.Handle("POST /itop/webservices/rest.php", s.rest)
	s.exchanges()
	return s, nil
}

// ServeHTTP answers r.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// A call is one request whose parameters are in order.
type call struct {
	version   string
	operation string
	class     class
	input     map[string]json.RawMessage
}

// rest answers every request. What goes wrong in here is a code, not a status.
func (s *Service) rest(w http.ResponseWriter, r *http.Request) error {
	p, err := params(w, r)
	var answer dict
	if err == nil {
		answer, err = s.answer(r.Context(), p)
	}
	var f *fault
	switch {
	case errors.As(err, &f):
		answer = dict{{"code", f.code}, {"message", f.message}}
	case err != nil:
		s.log.ErrorContext(r.Context(), "request failed", "system", "itop", "error", err)
		answer = dict{{"code", codeInternal}, {"message", "Error: internal error"}}
	}
	return write(w, answer, p["callback"])
}

// An operation carries out one verb on the objects of one class. One that
// only reads gets no transaction.
type operation struct {
	verb, description string
	writes            bool
	run               func(*Service, context.Context, *sql.Tx, *base, call) (dict, error)
}

var operations = []operation{
	{"core/create", "Create an object", true, (*Service).create},
	{"core/update", "Update an object", true, (*Service).update},
	{"core/get", "Search for objects", false, (*Service).get},
	{"core/apply_stimulus", "Move an object to another state", true, (*Service).stimulate},
	{"core/delete", "Delete objects", true, (*Service).remove},
	{"core/get_related", "Find what objects depend on, or what depends on them", false, (*Service).related},
	{"core/check_credentials", "Check a user and password", false, (*Service).credentials},
}

// answer checks the parameters in the order in which the product does, since
// the order decides which of several faults is told.
func (s *Service) answer(ctx context.Context, p map[string]string) (dict, error) {
	version, ok := p["version"]
	if !ok {
		return nil, &fault{codeMissingVersion, "Error: Missing parameter 'version' (e.g. '1.0')"}
	}
	text, ok := p["json_data"]
	if !ok {
		return nil, &fault{codeMissingJSON, "Error: Missing parameter 'json_data'"}
	}
	c := call{version: version}
	if !readJSON(text, &c.input) {
		return nil, &fault{codeInvalidJSON, "Error: Parameter json_data is not a valid JSON structure"}
	}
	if !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3", "1.4"}, version) {
		return nil, &fault{codeUnsupportedVersion, "Error: There is no service available for version '" + version + "'"}
	}
	if c.operation, ok = c.text("operation"); !ok {
		return nil, missingParameter("operation")
	}
	if c.operation == "list_operations" {
		return listOperations(version), nil
	}
	i := slices.IndexFunc(operations, func(o operation) bool { return o.verb == c.operation })
	if i < 0 {
		return nil, &fault{codeUnknownOperation, "Error: Unknown verb '" + c.operation + "' in version '" + version + "'"}
	}
	name, ok := c.text("class")
	if !ok && c.operation == "core/check_credentials" {
		return s.credentials(ctx, nil, nil, c)
	}
	if !ok {
		return nil, missingParameter("class")
	}
	if c.class, ok = findClass(name); !ok {
		return nil, internal("class: '%s' is not a valid class'", name)
	}
	return s.run(ctx, operations[i], c)
}

// run carries out an operation, in one transaction if it writes.
func (s *Service) run(ctx context.Context, o operation, c call) (dict, error) {
	if !o.writes {
		b, err := load(ctx, s.db)
		if err != nil {
			return nil, err
		}
		return o.run(s, ctx, nil, b, c)
	}
	var out dict
	err := storage.Tx(ctx, s.db, func(tx *sql.Tx) error {
		b, err := load(ctx, tx)
		if err != nil {
			return err
		}
		out, err = o.run(s, ctx, tx, b, c)
		return err
	})
	return out, err
}

func listOperations(version string) dict {
	all := []dict{}
	for _, o := range operations {
		all = append(all, dict{{"verb", o.verb}, {"description", o.description}, {"extension", "CoreServices"}})
	}
	return dict{
		{"version", version},
		{"operations", all},
		{"code", codeOK},
		{"message", "Operations: " + strconv.Itoa(len(all))},
	}
}

func missingParameter(name string) *fault { return internal("Missing parameter '%s'", name) }

// readJSON reads json_data. The product takes every value that equals null
// loosely for a fault; a value that is no object has no members.
func readJSON(text string, into *map[string]json.RawMessage) bool {
	if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return false
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return false
	}
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	return json.Unmarshal([]byte(text), into) == nil
}

// text is a member of the input that is a text or a number.
func (c call) text(name string) (string, bool) {
	raw := bytes.TrimSpace(c.input[name])
	var s string
	if json.Unmarshal(raw, &s) == nil && len(raw) > 0 && raw[0] == '"' {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && n != "" {
		return n.String(), true
	}
	return "", false
}

// query reads a key: an id, a query, or an object of criteria that must all
// hold exactly.
func query(b *base, c class, raw json.RawMessage) (*oql.Query, error) {
	text, ok := call{input: map[string]json.RawMessage{"key": raw}}.text("key")
	if !ok {
		return criteria(b, c, raw)
	}
	text = strings.TrimSpace(text)
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return &oql.Query{Class: c.name, Where: oql.Equal("id", text)}, nil
	}
	q, err := oql.Parse(text)
	if err != nil {
		return nil, internal("key: %v", err)
	}
	return q, nil
}

func criteria(b *base, c class, raw json.RawMessage) (*oql.Query, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, internal("key: must be an id, a query or an object of criteria")
	}
	if len(members) == 0 {
		return nil, internal("key: the criteria are empty")
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []oql.Expr
	for _, name := range names {
		if !c.readable(name) {
			return nil, internal("key: unknown attribute '%s' of class '%s'", name, c.name)
		}
		value, err := b.scalar(c, name, members[name])
		if err != nil {
			return nil, err
		}
		all = append(all, oql.Equal(name, value))
	}
	return &oql.Query{Class: c.name, Where: oql.All(all...)}, nil
}
