package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/openapi"
)

// An apiImport is what api import was asked for.
type apiImport struct {
	name, basePath, upstream string
	permissions              *choice
	open, dry, yes           bool
}

func newAPIImport() *cobra.Command {
	in := apiImport{permissions: newChoice(openapi.ByTag, openapi.ByOperation, openapi.ByScope)}
	c := &cobra.Command{
		Use: "import FILE", Short: "Make routes and permissions of an OpenAPI document",
		Long: `Make routes and permissions of an OpenAPI document (3.0, 3.1 or Swagger 2.0, YAML or JSON),
and mount the API with them, or bring one that is mounted up to date. What would be made is
shown first.

Each operation becomes a route; what is not in the document stays refused. A route needs the
permissions of x-permission, if the operation has it, or else what --permissions says: TAG.read
and TAG.write by its first tag, one permission for each operation, or the scopes of its
security. Nothing becomes public by itself.

Of an API that is mounted stays what you chose: where it is, how it is reached, its
permissions, and what routes need that stay. The document is kept, for Explore in the console.`,
		Example: `  sallyport api import openapi.yaml --name pets --upstream http://127.0.0.1:3000 --dry-run
  sallyport api import openapi.yaml --name pets --upstream http://127.0.0.1:3000 --yes
  sallyport api import openapi.yaml --name pets --permissions operation -o yaml --dry-run`,
		Args: needs("FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error { return m.importAPI(ctx, args[0], &in) }),
	}
	c.Flags().StringVar(&in.name, "name", "", "`NAME` of the API: lower-case letters, digits and dashes (required)")
	c.Flags().StringVar(&in.basePath, "base-path", "", "`PATH` that it is mounted at (default: that of the document's server)")
	c.Flags().StringVar(&in.upstream, "upstream", "", "`URL` that requests are sent to (default: the document's server)")
	c.Flags().Var(in.permissions, "permissions", "what permissions are made of")
	c.Flags().BoolVar(&in.open, "public", false, "make public what the document says needs no credential")
	c.Flags().BoolVar(&in.dry, "dry-run", false, "only show what would be made (with -o yaml the whole document of the API)")
	c.Flags().BoolVarP(&in.yes, "yes", "y", false, "do not ask")
	return c
}

// openAPI reads an OpenAPI document from a file or from standard input.
func (m *manager) openAPI(name string) ([]byte, *openapi.Document, error) {
	data, shown, err := readInput(m.in, name, openapi.MaxSize)
	if err != nil {
		return nil, nil, err
	}
	d, err := openapi.Read(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", shown, err)
	}
	return data, d, nil
}

func (m *manager) importAPI(ctx context.Context, file string, in *apiImport) error {
	if in.name == "" {
		return &usageError{withHint(errors.New("the API has no name"), "choose one with --name NAME")}
	}
	data, document, err := m.openAPI(file)
	if err != nil {
		return err
	}
	there, err := m.APIs().Get(ctx, sallyport.APIName(in.name))
	exists := err == nil
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return err
	}
	fresh, notes := document.Below(cmp.Or(in.basePath, there.Document.BasePath)).API(openapi.Options{Permissions: in.permissions.String(), Open: in.open})
	merged, added, removed := openapi.Merge(there.Document, fresh)
	if !exists {
		merged = fresh
	}
	if err := in.place(&merged, document, exists); err != nil {
		return err
	}
	switch {
	case m.format != formatTable:
	case exists:
		m.showMerge(&merged, added, removed)
	default:
		m.showMount(&merged)
	}
	for _, n := range notes {
		fmt.Fprintf(m.errOut, "note: %s: %s\n", printable(n.Operation), printable(n.Text))
	}
	if err := m.checkAPI(ctx, &merged); err != nil {
		return err
	}
	switch {
	case in.dry && m.format != formatTable:
		return m.encode(merged)
	case in.dry:
		return nil
	case !in.yes:
		if _, err := m.agree("Mount this?"); err != nil {
			return err
		}
	}
	if exists {
		return m.remount(ctx, merged, there, data)
	}
	a, err := m.APIs().Create(ctx, merged)
	if err != nil {
		return err
	}
	m.keepDocument(ctx, merged.Name, data)
	return m.told(a, "Mounted the API %s with %s.", apiName(a), counted(len(a.Document.Routes), "route", "routes"))
}

// checkAPI has a document looked at, and tells what is wrong with it.
func (m *manager) checkAPI(ctx context.Context, a *sallyport.API) error {
	check, err := m.APIs().Check(ctx, *a)
	switch {
	case err != nil:
		return err
	case check.OK:
		return nil
	}
	if err := showTable(m.errOut, faults, check.Faults); err != nil {
		return err
	}
	return errFaulty
}

// place fills in where the API is and where its requests go.
func (in *apiImport) place(a *sallyport.API, d *openapi.Document, exists bool) error {
	a.Name = sallyport.APIName(in.name)
	switch {
	case in.basePath != "":
		a.BasePath = in.basePath
	case !exists:
		a.BasePath = d.BasePath
	}
	switch {
	case in.upstream != "":
		a.Upstream.URL = in.upstream
	case !exists && strings.Contains(d.Server, "://"):
		a.Upstream.URL = strings.TrimSuffix(strings.TrimSuffix(d.Server, "/"), d.BasePath)
	case !exists:
		return &usageError{withHint(errors.New("the document does not say where the API is"), "say it with --upstream URL")}
	}
	return nil
}

func (m *manager) remount(ctx context.Context, doc sallyport.API, there api.API, data []byte) error {
	a, err := m.APIs().Replace(ctx, doc.Name, there.Version, doc)
	if err != nil {
		return err
	}
	m.keepDocument(ctx, doc.Name, data)
	return m.told(a, "Changed the API %s; it has %s.", apiName(a), counted(len(a.Document.Routes), "route", "routes"))
}

// showMerge tells what an import changes of an API that is mounted.
func (m *manager) showMerge(a *sallyport.API, added, removed []openapi.Change) {
	for _, c := range added {
		fmt.Fprintf(m.out, "+ %s %s\n", c.Method, printable(c.Path))
	}
	for _, c := range removed {
		fmt.Fprintf(m.out, "- %s %s\n", c.Method, printable(c.Path))
	}
	fmt.Fprintf(m.out, "%d new, %d gone, %s in all.\n", len(added), len(removed), counted(len(a.Routes), "route", "routes"))
}

// showMount tells what an import makes.
func (m *manager) showMount(a *sallyport.API) {
	_ = showTable(m.out, routeView(), a.Routes) // nobody reads what cannot be printed
	fmt.Fprintf(m.out, "\nThe API %s at %s, to %s: %s, %s.\n", a.Name, a.BasePath, a.Upstream.URL,
		counted(len(a.Routes), "route", "routes"), counted(len(a.Permissions), "permission", "permissions"))
}

func driftView() view[openapi.Change] {
	return view[openapi.Change]{
		{name: "method", text: func(c openapi.Change) string { return c.Method }},
		{name: "path", text: func(c openapi.Change) string { return c.Path }},
		{name: "title", text: func(c openapi.Change) string { return c.Title }},
	}
}

// A drift is how an API and a document differ.
type drift struct {
	Appeared []openapi.Change `json:"appeared"`
	Gone     []openapi.Change `json:"gone"`
}

func newAPIDrift() *cobra.Command {
	var status bool
	c := &cobra.Command{
		Use: "drift NAME FILE", Short: "Compare an API with an OpenAPI document",
		Long: `Compare the routes of an API with an OpenAPI document: operations that appeared, which are
refused until there is a route for them, and routes whose operations are gone.
sallyport api import brings the API up to date.

Exit status: 0 done. With --exit-code also 3: they differ.`,
		Example: "  sallyport api drift inventory openapi.yaml\n  sallyport api drift inventory openapi.yaml -o json",
		Args:    needs("NAME", "FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			a, err := m.api(ctx, args[0])
			if err != nil {
				return err
			}
			_, document, err := m.openAPI(args[1])
			if err != nil {
				return err
			}
			d := drift{Appeared: []openapi.Change{}, Gone: []openapi.Change{}}
			appeared, gone := openapi.Drift(&a.Document, document)
			d.Appeared, d.Gone = append(d.Appeared, appeared...), append(d.Gone, gone...)
			if err := m.showDrift(d); err != nil {
				return err
			}
			if status && len(appeared)+len(gone) > 0 {
				return errChanges
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&status, "exit-code", false, "exit with 3 if they differ")
	return c
}

func (m *manager) showDrift(d drift) error {
	if m.format != formatTable {
		return m.encode(d)
	}
	for _, part := range []struct {
		title string
		list  []openapi.Change
	}{{"Appeared, and refused until there are routes for them:", d.Appeared}, {"Routes whose operations are gone:", d.Gone}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(m.out, part.title)
		if err := showTable(m.out, driftView(), part.list); err != nil {
			return err
		}
	}
	if len(d.Appeared)+len(d.Gone) == 0 {
		fmt.Fprintln(m.out, "Nothing differs.")
	}
	return nil
}
