package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/config"
)

func newAPI() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "api",
		Short: "Manage the protected APIs",
		Long: `Manage the protected APIs. Each is a document in YAML or JSON: where the API is, how
credentials arrive, which permissions it has and what each route needs. Its keys are
in docs/reference/api-document.md.

To change one:  sallyport api get NAME --document > api.yaml, edit it, then
                sallyport api check api.yaml and sallyport api apply api.yaml`,
	}, newAPIList(), newAPIGet(), newAPICheck(), newAPICreate(), newAPIUpdate(), newAPIApply(), newAPIDelete(), newAPIImport(), newAPIDrift(), newAPILearn(), newAPIOpenAPI())
}

var apis = sort{"API", "APIs"}

func apiName(a api.API) string { return string(a.Document.Name) }

// fromDialect stands for what a document leaves out and its dialect fills in.
const fromDialect = "the dialect's"

func apiView(p *printer) view[api.API] {
	return view[api.API]{
		{name: "name", text: apiName},
		{name: "title", text: func(a api.API) string { return a.Document.Title }, detail: true},
		{name: "host", text: func(a api.API) string { return orAny(a.Document.Host) }, detail: true},
		{name: "base path", text: func(a api.API) string {
			if a.Document.Dialect != "" && a.Document.BasePath == "" {
				return fromDialect
			}
			return a.Document.BasePath
		}},
		{name: "upstream", text: func(a api.API) string { return a.Document.Upstream.URL }},
		{name: "dialect", text: func(a api.API) string { return a.Document.Dialect }, detail: true},
		{name: "state", text: func(a api.API) string {
			switch l := a.Document.Learn; {
			case a.Document.Disabled:
				return "disabled"
			case !p.now.Before(l.From) && p.now.Before(l.Until):
				return "learns, enforces nothing"
			}
			return "enabled"
		}},
		{name: "routes", text: func(a api.API) string {
			if a.Document.Dialect != "" && len(a.Document.Routes) == 0 {
				return fromDialect
			}
			return fmt.Sprint(len(a.Document.Routes))
		}},
		{name: "permissions", text: func(a api.API) string {
			var names []string
			for _, s := range a.Document.Permissions {
				names = append(names, s.Name)
			}
			return strings.Join(names, ", ")
		}, detail: true},
		{name: "created", text: func(a api.API) string { return p.when(a.CreatedAt) }, detail: true},
		{name: "updated", text: func(a api.API) string { return p.when(a.UpdatedAt) }},
	}
}

// routeView shows what the routes of an API need.
func routeView() view[sallyport.Route] {
	return view[sallyport.Route]{
		{name: "methods", text: func(r sallyport.Route) string { return strings.Join(r.Methods, ",") }},
		{name: "path", text: func(r sallyport.Route) string {
			if r.Parameter != nil {
				return fmt.Sprintf("%s (%s: %s)", r.Path, strings.Trim(r.Parameter.Name+"."+r.Parameter.Field, "."), r.Parameter.Wanted())
			}
			return r.Path
		}},
		{name: "needs", text: needed},
	}
}

// needed says what a route asks of its caller.
func needed(r sallyport.Route) string {
	var parts []string
	if len(r.AllOf) > 0 {
		parts = append(parts, strings.Join(r.AllOf, " and "))
	}
	if len(r.AnyOf) > 0 {
		parts = append(parts, strings.Join(r.AnyOf, " or "))
	}
	switch {
	case r.Public:
		return "nothing"
	case len(parts) == 0:
		return "a credential"
	case len(parts) == 2 && len(r.AnyOf) > 1:
		return parts[0] + " and (" + parts[1] + ")"
	}
	return strings.Join(parts, " and ")
}

// api returns the API of a name.
func (m *manager) api(ctx context.Context, name string) (api.API, error) {
	a, err := m.APIs().Get(ctx, sallyport.APIName(name))
	if isStatus(err, http.StatusNotFound) {
		err = unknown("API", name, "sallyport api list shows them", m.APIs().All(ctx, struct{}{}), apiName)
	}
	return a, err
}

// document reads an API document from a file, or from standard input.
func (m *manager) document(path string) (sallyport.API, error) {
	const most = 4 << 20 // bytes, as config reads
	var data []byte
	var err error
	name := path
	if path == "-" {
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(m.in, most+1))
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return sallyport.API{}, fmt.Errorf("read the document: %w", err)
	}
	doc, err := config.DecodeAPIFile(name, data)
	if err != nil {
		// Not the installation's configuration, so not its exit status.
		return doc, fmt.Errorf("the document makes no sense:\n%v", err) //nolint:errorlint // on purpose, see above
	}
	return doc, nil
}

func newAPIList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the protected APIs",
		Example: "  sallyport api list",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			return showList(&m.printer, apis, apiView(&m.printer), m.APIs().All(ctx, struct{}{}), limit)
		}),
	}
	addLimit(c, &limit, 0)
	return c
}

func newAPIGet() *cobra.Command {
	var document bool
	c := &cobra.Command{
		Use: "get NAME", Short: "Show a protected API and what its routes need",
		Example: "  sallyport api get inventory\n  sallyport api get inventory --document > inventory.yaml",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			a, err := m.api(ctx, args[0])
			switch {
			case err != nil:
				return err
			case document:
				if m.format == formatTable {
					m.format = formatYAML
				}
				return m.encode(a.Document)
			}
			if err := show(&m.printer, apiView(&m.printer), a, ""); err != nil || m.format != formatTable {
				return err
			}
			fmt.Fprintln(m.out)
			return showTable(m.out, routeView(), a.Document.Routes)
		}),
	}
	c.Flags().BoolVar(&document, "document", false, "only the document, to be edited and applied (YAML, or JSON with -o json)")
	return c
}

var faults = view[api.FieldError]{
	{name: "field", text: func(f api.FieldError) string { return f.Field }},
	{name: "what is wrong", text: func(f api.FieldError) string { return f.Message }},
}

// errFaulty is what a check ends with when something is wrong.
var errFaulty = errors.New("the document would not be taken")

func newAPICheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Try a document without changing anything",
		Long: `Try a document without changing anything: whether it makes sense by itself, and beside
the other APIs. Everything that is wrong is told. FILE can be - for standard input.`,
		Example: "  sallyport api check inventory.yaml",
		Args:    needs("FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			doc, err := m.document(args[0])
			if err != nil {
				return err
			}
			check, err := m.APIs().Check(ctx, doc)
			switch {
			case err != nil:
				return err
			case m.format != formatTable:
				err = m.encode(check)
			case check.OK:
				return m.told(check, "The document of the API %s makes sense.", doc.Name)
			default:
				err = showTable(m.out, faults, check.Faults)
			}
			if err == nil && !check.OK {
				err = errFaulty
			}
			return err
		}),
	}
}

func newAPICreate() *cobra.Command {
	return &cobra.Command{
		Use: "create FILE", Short: "Mount a protected API that is not there yet",
		Example: "  sallyport api create orders.yaml",
		Args:    needs("FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			doc, err := m.document(args[0])
			if err != nil {
				return err
			}
			a, err := m.APIs().Create(ctx, doc)
			if err != nil {
				return err
			}
			return show(&m.printer, apiView(&m.printer), a, "Mounted the API %s.", apiName(a))
		}),
	}
}

func newAPIUpdate() *cobra.Command {
	var version versionFlag
	c := &cobra.Command{
		Use: "update FILE", Short: "Put another document in place of an API's",
		Example: "  sallyport api update orders.yaml",
		Args:    needs("FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			doc, err := m.document(args[0])
			if err != nil {
				return err
			}
			a, err := m.api(ctx, string(doc.Name))
			if err != nil {
				return err
			}
			a, err = m.APIs().Replace(ctx, doc.Name, version.or(a.Version), doc)
			if err != nil {
				return err
			}
			return show(&m.printer, apiView(&m.printer), a, "Changed the API %s.", apiName(a))
		}),
	}
	version.add(c)
	return c
}

func newAPIApply() *cobra.Command {
	return &cobra.Command{
		Use: "apply FILE...", Short: "Mount or change APIs, all or none of them",
		Long: `Mount or change APIs, one a file, all or none of them. What is so already stays as it is,
and so do the APIs that are not named. FILE can be - for standard input.`,
		Example: "  sallyport api apply inventory.yaml orders.yaml",
		Args:    needs("FILE..."),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			var docs []sallyport.API
			for _, path := range args {
				doc, err := m.document(path)
				if err != nil {
					return err
				}
				docs = append(docs, doc)
			}
			changed, err := m.APIs().Apply(ctx, docs)
			if err != nil {
				return err
			}
			text := "Nothing was different."
			if len(changed) > 0 {
				text = "New or changed: " + joined(changed) + "."
			}
			return m.told(api.Applied{Changed: changed}, "%s", text)
		}),
	}
}

func newAPIDelete() *cobra.Command {
	var version versionFlag
	c := &cobra.Command{
		Use: "delete NAME", Short: "Unmount a protected API",
		Example: "  sallyport api delete orders",
		Args:    needs("NAME"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			a, err := m.api(ctx, args[0])
			if err == nil {
				err = m.APIs().Delete(ctx, a.Document.Name, version.or(a.Version))
			}
			if err != nil {
				return err
			}
			return m.told(a, "Unmounted the API %s.", apiName(a))
		}),
	}
	version.add(c)
	return c
}
