package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sallyport/sallyport"
)

// An OpenAPI is the document that describes a protected API to people.
type OpenAPI struct {
	Text    []byte // JSON
	Updated time.Time
}

// maxOpenAPI bounds what a document is unpacked to, in bytes.
const maxOpenAPI = 32 << 20

const selectOpenAPI = `
	SELECT api, document, updated FROM api_openapi WHERE api = $1`

func scanOpenAPI(r row) (o OpenAPI, err error) {
	var api string
	var packed []byte
	var updated int64
	if err := r.Scan(&api, &packed, &updated); err != nil {
		return o, err
	}
	o.Updated = moment(updated)
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		o.Text, err = io.ReadAll(io.LimitReader(unpacked, maxOpenAPI))
	}
	if err != nil {
		return o, damaged("OpenAPI document", api, err.Error())
	}
	return o, nil
}

// OpenAPI returns the document that describes an API; NotFound if none is kept.
func (r *Reader) OpenAPI(ctx context.Context, api sallyport.APIName) (OpenAPI, error) {
	return one(ctx, r, "OpenAPI document", selectOpenAPI, scanOpenAPI, string(api))
}

const upsertOpenAPI = `
	INSERT INTO api_openapi (api, document, updated) VALUES ($1, $2, $3)
	ON CONFLICT (api) DO UPDATE SET document = excluded.document, updated = excluded.updated`

// KeepOpenAPI keeps the document that describes an API, in place of the one that
// there is.
func (t *Tx) KeepOpenAPI(ctx context.Context, api sallyport.APIName, text []byte) error {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("pack an OpenAPI document: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("pack an OpenAPI document: %w", err)
	}
	_, err := t.exec(ctx, "OpenAPI document", upsertOpenAPI, string(api), packed.Bytes(), micros(t.now()))
	return err
}

const deleteOpenAPI = `
	DELETE FROM api_openapi WHERE api = $1`

// DropOpenAPI removes the document that describes an API, if there is one.
func (t *Tx) DropOpenAPI(ctx context.Context, api sallyport.APIName) error {
	_, err := t.exec(ctx, "OpenAPI document", deleteOpenAPI, string(api))
	return err
}
