package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/sallyport/sallyport"
)

// An APIDocument is a protected API as it is kept: its document, and when it
// was changed.
type APIDocument struct {
	API     sallyport.API
	Created time.Time
	Updated time.Time
	Version int64
}

const apiColumns = `
	SELECT name, document, created, updated, version
	FROM api `

// scanAPI is strict: a field that this program does not know may be a
// restriction that a newer one has written.
func scanAPI(r row) (a APIDocument, err error) {
	var name, document string
	var created, updated int64
	if err := r.Scan(&name, &document, &created, &updated, &a.Version); err != nil {
		return a, err
	}
	a.Created, a.Updated = moment(created), moment(updated)
	d := json.NewDecoder(bytes.NewReader([]byte(document)))
	d.DisallowUnknownFields()
	if err := d.Decode(&a.API); err != nil {
		return a, damaged("API", name, err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return a, damaged("API", name, "something follows the document")
	}
	if string(a.API.Name) != name {
		return a, damaged("API", name, "the document has another name")
	}
	return a, nil
}

const selectAPI = apiColumns + `WHERE name = $1`

// API returns a protected API.
func (r *Reader) API(ctx context.Context, name sallyport.APIName) (APIDocument, error) {
	return one(ctx, r, "API", selectAPI, scanAPI, string(name))
}

const selectAPIs = apiColumns + `WHERE name > $1 ORDER BY name LIMIT $2`

// APIs returns the protected APIs by name.
func (r *Reader) APIs(ctx context.Context, p Page) ([]APIDocument, string, error) {
	all, err := list(ctx, r, "API", selectAPIs, scanAPI, p.After, p.more())
	return cut(p, all, err, func(a APIDocument) string { return string(a.API.Name) })
}

const insertAPI = `
	INSERT INTO api (name, document, created, updated, version) VALUES ($1, $2, $3, $4, $5)`

// InsertAPI makes a protected API.
func (t *Tx) InsertAPI(ctx context.Context, a *APIDocument) error {
	document, err := encode(a.API)
	if err != nil {
		return err
	}
	t.stamp(&a.Created, &a.Updated, &a.Version)
	return t.insert(ctx, "API", "name", "there is an API of this name already; choose another", insertAPI,
		string(a.API.Name), document, micros(a.Created), micros(a.Updated), a.Version)
}

const (
	updateAPI = `
	UPDATE api SET document = $1, updated = $2, version = version + 1
	WHERE name = $3 AND (version = $4 OR $4 = -1)
	RETURNING version`
	apiVersion = `
	SELECT version FROM api WHERE name = $1`
)

// UpdateAPI writes the document of a protected API.
func (t *Tx) UpdateAPI(ctx context.Context, a *APIDocument, ifVersion int64) error {
	document, err := encode(a.API)
	if err != nil {
		return err
	}
	a.Updated = trim(t.now())
	err = t.update(ctx, "API", &a.Version, updateAPI,
		[]any{document, micros(a.Updated), string(a.API.Name), ifVersion}, apiVersion, string(a.API.Name))
	return err
}

const deleteAPI = `
	DELETE FROM api WHERE name = $1 AND (version = $2 OR $2 = -1) RETURNING version`

// DeleteAPI removes a protected API with the document that describes it. Roles
// keep the names of its permissions.
func (t *Tx) DeleteAPI(ctx context.Context, name sallyport.APIName, ifVersion int64) error {
	if err := t.DropOpenAPI(ctx, name); err != nil {
		return err
	}
	err := t.update(ctx, "API", nil, deleteAPI, []any{string(name), ifVersion}, apiVersion, string(name))
	return err
}
