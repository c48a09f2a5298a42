package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// The document of an API is kept, replaced, and gone with the API.
func testOpenAPI(ctx context.Context, t *testing.T, s *store.Store) {
	api := store.APIDocument{API: sallyport.API{Name: "described", BasePath: "/described"}}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.InsertAPI(ctx, &api) })
	_, err := s.OpenAPI(ctx, "described")
	kinds(t, "a document that was never kept", err, sallyport.NotFound)
	long := `{"openapi":"` + strings.Repeat("3.1.0 ", 20_000) + `"}`
	for _, text := range []string{`{"openapi":"3.1.0"}`, long} {
		write(ctx, t, s, func(tx *store.Tx) error { return tx.KeepOpenAPI(ctx, "described", []byte(text)) })
		if got, err := s.OpenAPI(ctx, "described"); err != nil || string(got.Text) != text || got.Updated.IsZero() {
			t.Errorf("OpenAPI = %d bytes of %s, %v; want %d", len(got.Text), got.Updated, err, len(text))
		}
	}
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DeleteAPI(ctx, "described", store.AnyVersion) })
	_, err = s.OpenAPI(ctx, "described")
	kinds(t, "the document of an API that is gone", err, sallyport.NotFound)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.DropOpenAPI(ctx, "described") })
}
