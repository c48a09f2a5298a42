package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/goldentest"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
)

func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	text, err := httpapitest.New(t, httpapitest.Options{Cookie: httpapi.CookieSecure}).Handler.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Check(t, "../../api/openapi.yaml", text)
}

// The document that is served is valid, and says for each operation what a
// newcomer asks first.
func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document
	count := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			count++
			where := method + " " + path
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") || len(op.Summary) > 70 {
				t.Errorf("%s: summary %q", where, op.Summary)
			}
			if len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil || doc.Tags.Get(op.Tags[0]).Description == "" {
				t.Errorf("%s: tags %q", where, op.Tags)
			}
			if !strings.HasSuffix(op.Description, ".") {
				t.Errorf("%s: description %q", where, op.Description)
			}
			public := op.Security != nil && len(*op.Security) == 1 && len((*op.Security)[0]) == 0
			if _, scoped := op.Extensions["x-scopes"]; scoped == public {
				t.Errorf("%s: public %t, scopes %v", where, public, op.Extensions["x-scopes"])
			}
			for status, response := range op.Responses.Map() {
				if status[0] == '2' {
					continue
				}
				content := response.Value.Content["application/problem+json"]
				if content == nil || content.Example == nil {
					t.Errorf("%s: no example of status %s", where, status)
				}
			}
			for _, p := range op.Parameters {
				if p.Value.Description == "" {
					t.Errorf("%s: parameter %s has no description", where, p.Value.Name)
				}
			}
		}
	}
	if want := len(slices.Collect(operationIDs(httpapi.Document(httpapi.CookiePlain)))); count != want {
		t.Errorf("%d operations are documented, %d are served", count, want)
	}
}

// operationIDs yields the operations behind routes, each once.
func operationIDs(a sallyport.API) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, r := range a.Routes {
			if !strings.HasSuffix(r.ID, "@installation") && !yield(r.ID) {
				return
			}
		}
	}
}

// What the doors know of the API has no fault, and every route is an operation
// of the document.
func TestDocumentCompiles(t *testing.T) {
	t.Parallel()
	for _, cookie := range []string{httpapi.CookiePlain, httpapi.CookieSecure} {
		doc := httpapi.Document(cookie)
		for _, err := range node.Rules(nil).Check(&doc) {
			t.Error(err)
		}
		compiler, err := policy.NewCompiler(node.Rules(nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := compiler.Compile(policy.Source{APIs: []sallyport.API{doc}}); err != nil {
			t.Error(err)
		}
		for _, r := range doc.Routes {
			if r.Public && !slices.Contains([]string{"session.start", "openapi", "audit.key", "leaked.revoke"}, r.ID) {
				t.Errorf("route %s is public", r.ID)
			}
		}
	}
}

func TestCookieName(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://sallyport.example.com": httpapi.CookieSecure,
		"http://127.0.0.1:8080":         httpapi.CookiePlain,
		"":                              httpapi.CookieSecure,
	} {
		if got := httpapi.CookieName(url); got != want {
			t.Errorf("%q: %s", url, got)
		}
	}
}

// The document has what the wire types say, and descriptions for all of it.
func TestSchemas(t *testing.T) {
	t.Parallel()
	doc := newWorld(t).document
	for name, schema := range doc.Components.Schemas {
		// The document of an API is a file format, described in its own place.
		if isDocumentPart(doc, name) {
			continue
		}
		for field, s := range schema.Value.Properties {
			if s.Value.Description == "" && s.Ref == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
	change := doc.Components.Schemas["TokenChange"].Value.Properties
	if !change["scopes"].Value.Type.Includes("null") || !change["expires_at"].Value.Type.Includes("null") || change["name"].Value.Type.Includes("null") {
		t.Errorf("TokenChange: what can be null is documented wrongly: %v", change)
	}
	if doc.Components.Schemas["Credential"].Value.Properties["scopes"].Value.Type.Includes("null") {
		t.Error("Credential.scopes is never null")
	}
}

func isDocumentPart(_ *openapi3.T, name string) bool {
	return slices.Contains([]string{
		"APIDocument", "Accept", "KindNeed", "LearnSpec", "Parameter", "PathSpec", "PermissionSpec", "Route", "ScopeSpec", "Selector", "TokenSpec", "Upstream",
	}, name)
}

func TestOpenAPIIsPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.send(t, request{method: http.MethodGet, path: "/openapi.json", token: "garbage"})
	if got.status != http.StatusOK || !strings.Contains(got.body, `"openapi":"3.1.0"`) {
		t.Errorf("%d %.80s", got.status, got.body)
	}
}
