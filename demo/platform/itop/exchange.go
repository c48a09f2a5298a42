package itop

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/oql"
	"github.com/sallyport/sallyport/demo/platform/storage"
)

// exchanges are the calls beside the REST interface: exports, imports, and the
// synchronisation with data sources, of which there are none.
func (s *Service) exchanges() {
	for path, h := range map[string]func(context.Context, map[string]string) (string, string, error){
		"/itop/webservices/export-v2.php":  s.export,
		"/itop/webservices/export.php":     s.export,
		"/itop/webservices/import.php":     s.importCSV,
		"/itop/synchro/synchro_exec.php":   synchronise,
		"/itop/synchro/synchro_import.php": loadSource,
	} {
		answer := func(w http.ResponseWriter, r *http.Request) error {
			p, err := params(w, r)
			var kind, text string
			if err == nil {
				kind, text, err = h(r.Context(), p)
			}
			var f *fault
			switch {
			case errors.As(err, &f):
				kind, text = "text/plain", f.message
			case err != nil:
				s.log.ErrorContext(r.Context(), "request failed", "system", "itop", "error", err)
				kind, text = "text/plain", "ERROR: internal error"
			}
			w.Header().Set("Content-Type", kind+"; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write([]byte(text))
			return nil
		}
		s.mux.Handle("GET "+path, answer)
		s.mux.Handle("POST "+path, answer)
	}
}

// export writes the objects of a query as CSV.
func (s *Service) export(ctx context.Context, p map[string]string) (kind, text string, err error) {
	const page = "text/html"
	if p["expression"] == "" {
		return page, "<p>ERROR: Missing parameter. The parameter 'expression' or 'query' must be specified.</p>", nil
	}
	q, err := oql.Parse(p["expression"])
	if err != nil {
		return page, "<p>ERROR: " + html.EscapeString(err.Error()) + "</p>", nil
	}
	b, err := load(ctx, s.db)
	if err != nil {
		return "", "", err
	}
	c, ok := findClass(q.Class)
	if !ok {
		return page, "<p>ERROR: Unknown class '" + html.EscapeString(q.Class) + "'</p>", nil
	}
	codes := c.codes()
	if p["fields"] != "" {
		codes = strings.Split(strings.ReplaceAll(p["fields"], " ", ""), ",")
	}
	for _, code := range codes {
		if !c.readable(code) {
			return page, "<p>ERROR: Unknown field '" + html.EscapeString(code) + "'</p>", nil
		}
	}
	found, err := b.search(c, q)
	if err != nil {
		return "", "", err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(codes) // to memory
	for _, o := range found {
		row := make([]string, len(codes))
		for i, code := range codes {
			row[i] = b.value(o, code)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return "text/csv", out.String(), nil
}

// importCSV makes objects of the lines of a table, all or none.
func (s *Service) importCSV(ctx context.Context, p map[string]string) (kind, text string, err error) {
	const plain = "text/plain"
	if p["class"] == "" {
		return plain, "ERROR: Missing argument 'class'", nil
	}
	c, ok := findClass(p["class"])
	if !ok || c.abstract {
		return plain, "ERROR: Unknown class '" + p["class"] + "'", nil
	}
	r := csv.NewReader(strings.NewReader(p["csvdata"]))
	if p["separator"] != "," {
		r.Comma = ';'
	}
	table, err := r.ReadAll()
	if err != nil || len(table) == 0 {
		return plain, "ERROR: Missing or unreadable argument 'csvdata'", nil //nolint:nilerr // it is told
	}
	err = storage.Tx(ctx, s.db, func(tx *sql.Tx) error {
		for i, line := range table[1:] {
			b, err := load(ctx, tx)
			if err != nil {
				return err
			}
			fields := map[string]string{}
			for j, code := range table[0] {
				fields[code] = line[j]
			}
			raw, err := json.Marshal(fields)
			if err != nil {
				return err
			}
			call := call{version: "1.3", class: c, input: map[string]json.RawMessage{"fields": raw}}
			if _, err := s.create(ctx, tx, b, call); err != nil {
				var f *fault
				if errors.As(err, &f) {
					return &fault{f.code, fmt.Sprintf("ERROR: line %d: %s", i+2, strings.TrimPrefix(f.message, "Error: "))}
				}
				return err
			}
		}
		return nil
	})
	return plain, "#Created: " + strconv.Itoa(max(0, len(table)-1)), err
}

func synchronise(_ context.Context, p map[string]string) (kind, text string, err error) { //nolint:unparam // one of the exchanges
	if p["data_sources"] == "" {
		return "text/html", "<p>ERROR: The parameter 'data_sources' is mandatory</p>", nil
	}
	return "text/html", "<p>ERROR: there is no data source '" + html.EscapeString(p["data_sources"]) + "'</p>", nil
}

func loadSource(_ context.Context, p map[string]string) (kind, text string, err error) { //nolint:unparam // one of the exchanges
	if p["data_source_id"] == "" {
		return "text/html", "<p>ERROR: Missing argument 'data_source_id'</p>", nil
	}
	return "text/html", "<p>ERROR: there is no data source '" + html.EscapeString(p["data_source_id"]) + "'</p>", nil
}
