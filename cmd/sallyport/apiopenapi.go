package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/openapi"
)

func newAPIOpenAPI() *cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use: "openapi NAME [FILE]", Short: "Show, keep or forget the OpenAPI document of an API",
		Long: `Show the OpenAPI document that is kept of an API, or keep another one (3.0, 3.1 or Swagger
2.0, YAML or JSON). People see it in Explore, where they try calls. Nothing is decided by it:
routes are made by sallyport api import, which keeps the document by itself.`,
		Example: `  sallyport api openapi inventory openapi.yaml
  sallyport api openapi inventory > openapi.json
  sallyport api openapi inventory --remove`,
		Args: needs("NAME", "[FILE]"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			name := sallyport.APIName(args[0])
			switch {
			case remove && len(args) > 1:
				return &usageError{errors.New("there is a FILE to keep, and --remove")}
			case remove:
				if err := m.APIs().Undescribe(ctx, name); err != nil {
					return err
				}
				fmt.Fprintf(m.errOut, "The API %s has no OpenAPI document any more; Explore shows its routes.\n", name)
				return nil
			case len(args) == 1:
				return m.showOpenAPI(ctx, name)
			}
			data, _, err := m.openAPI(args[1])
			if err != nil {
				return err
			}
			if err := m.APIs().Describe(ctx, name, string(data)); err != nil {
				return err
			}
			fmt.Fprintf(m.errOut, "Explore shows the API %s by this document.\n", name)
			return nil
		}),
	}
	c.Flags().BoolVar(&remove, "remove", false, "forget the document")
	return c
}

func (m *manager) showOpenAPI(ctx context.Context, name sallyport.APIName) error {
	text, err := m.APIs().OpenAPI(ctx, name)
	if err != nil {
		return err
	}
	if m.format == formatYAML {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("read the document: %w", err)
		}
		return m.encode(v)
	}
	_, err = fmt.Fprintf(m.out, "%s\n", text)
	return err
}

// keepDocument keeps the document that routes were made of, for Explore. That it
// cannot be kept does not undo what was made.
func (m *manager) keepDocument(ctx context.Context, name sallyport.APIName, data []byte) {
	err := m.APIs().Describe(ctx, name, string(data))
	if err == nil {
		return
	}
	if len(data) > openapi.MaxKept {
		err = fmt.Errorf("it is larger than %d MiB", openapi.MaxKept>>20)
	}
	fmt.Fprintf(m.errOut, "note: the document itself was not kept, so Explore shows the routes alone: %v\n", err)
}
