package console

import (
	"fmt"
	"html"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/config"
)

// The whole document of an API is edited in a form, which says all that is wrong
// with it, and an API is unmounted.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	b.get("/apis/orders").want(t, 200).has(t, "/sallyport/apis/orders/document", "/sallyport/apis/orders/delete")
	b.get("/apis/sallyport").want(t, 200).hasNot(t, "/sallyport/apis/sallyport/document", "/sallyport/apis/sallyport/delete")
	page := b.get("/apis/orders/document").want(t, 200)
	for _, fault := range wellMade(page.text) {
		t.Error(fault)
	}
	version := page.part(t, versionPattern)
	_, text, _ := strings.Cut(page.text, "<textarea")
	_, text, _ = strings.Cut(text, ">")
	text, _, _ = strings.Cut(text, "</textarea>")
	text = html.UnescapeString(text)
	for wrong, says := range map[string]string{
		"{":      "line",
		"nme: x": "nme",
		strings.Replace(text, `"any_of": [`, `"any_of": ["fly", `, 1):          "fly",
		strings.Replace(text, `"name": "orders"`, `"name": "other"`, 1):        "name",
		strings.Replace(text, `"base_path": "/orders"`, `"base_path": "x"`, 1): "base_path",
	} {
		got := b.post("/apis/orders/document", "version", version, "document", wrong)
		if got.StatusCode != 422 && got.StatusCode != 409 {
			t.Fatalf("%s: status %d\n%s", says, got.StatusCode, got.text)
		}
		_, fault, _ := strings.Cut(got.text, `id="document-fault"`)
		if fault, _, _ = strings.Cut(fault, "</p>"); !strings.Contains(fault, says) {
			t.Errorf("%q is said, want %q", fault, says)
		}
		got.has(t, html.EscapeString(wrong))
	}
	text = strings.Replace(text, `"title": "Orders"`, `"title": "Purchases"`, 1)
	b.post("/apis/orders/document", "version", version, "document", text).leads(t, "/sallyport/apis/orders?done=api.document")
	b.get("/apis/orders").has(t, "Purchases")
	b.post("/apis/orders/document", "version", version, "document", text).want(t, 412).has(t, "Purchases")
	w.reader("jo").post("/apis/orders/document", "version", version, "document", text).want(t, 403)
	b.post("/apis/orders/document", "version", version, "document", " ").want(t, 422).has(t, "Give the whole document.")
	file := b.get("/apis/orders/document/file").want(t, 200).has(t, `"title": "Purchases"`)
	if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="orders.json"` {
		t.Errorf("the file is %q", got)
	}

	ask := b.get("/apis/orders/delete").want(t, 200).has(t, "Unmount Purchases?", "No request to it is kept.", "cannot be undone")
	b.post("/apis/orders/delete", "version", ask.part(t, versionPattern)).leads(t, "/sallyport/apis?done=api.deleted")
	b.get("/apis?done=api.deleted").has(t, "The API is unmounted.").hasNot(t, "/sallyport/apis/orders\"")
}

// A document that is too long for a field comes and goes as a file.
func TestLargeDocument(t *testing.T) {
	w := newWorld(t)
	w.orders()
	b := w.boss()
	text := b.get("/apis/orders/document/file").want(t, 200).text
	doc, err := config.DecodeAPI([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		doc.Routes = append(doc.Routes, sallyport.Route{ID: fmt.Sprint("r", i), Methods: []string{"GET"}, Path: fmt.Sprintf("/things/%d/of/{owner}", i), AnyOf: []string{"read"}})
	}
	there, err := w.node.Admin.API(t.Context(), system, "orders")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.node.Admin.ReplaceAPI(t.Context(), system, "orders", there.Version, doc); err != nil {
		t.Fatal(err)
	}
	page := b.get("/apis/orders/document").want(t, 200).has(t, `type="file"`, "too large to be edited here", "/apis/orders/document/file").hasNot(t, "<textarea")
	version := page.part(t, versionPattern)
	text = b.get("/apis/orders/document/file").want(t, 200).text
	if len(text) < maxTyped {
		t.Fatalf("it has %d bytes", len(text))
	}
	b.post("/apis/orders/document", "version", version, "file", strings.Replace(text, `"any_of": [`, `"any_of": ["fly", `, 1)).
		want(t, 422).has(t, `id="file-fault"`, "fly").hasNot(t, "<textarea")
	b.post("/apis/orders/document", "version", version).want(t, 422).has(t, `id="file-fault"`, "Give the whole document.")
	b.post("/apis/orders/document", "version", version, "file", strings.Replace(text, `"title": "Orders"`, `"title": "Very many orders"`, 1)).
		leads(t, "/sallyport/apis/orders?done=api.document")
	b.get("/apis/orders").has(t, "Very many orders")
}

// An API that is left out of Explore is explored by nobody, and only who may read
// the APIs sees that it is there.
func TestLeftOutOfExplore(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.user("jo", "Jo", "orders/read")
	jo, b := w.signedIn("jo"), w.boss()
	jo.get("/apis").want(t, 200).has(t, "/sallyport/apis/orders/explore")
	d, err := w.node.Admin.API(t.Context(), system, "orders")
	if err != nil {
		t.Fatal(err)
	}
	d.API.Explore = "nobody"
	if _, err := w.node.Admin.ReplaceAPI(t.Context(), system, "orders", d.Version, d.API); err == nil || admin.Faults(err)[0].Field != "explore" {
		t.Errorf("%v", err)
	}
	d.API.Explore = "none"
	if _, err := w.node.Admin.ReplaceAPI(t.Context(), system, "orders", d.Version, d.API); err != nil {
		t.Fatal(err)
	}
	jo.get("/apis").want(t, 200).hasNot(t, "orders")
	for _, who := range []*browser{jo, b} {
		for _, path := range []string{"/apis/orders/explore", "/apis/orders/openapi.json"} {
			who.get(path).want(t, 404)
		}
	}
	b.get("/apis").want(t, 200).has(t, "/sallyport/apis/orders\"").hasNot(t, "/sallyport/apis/orders/explore")
	b.get("/apis/orders").want(t, 200).has(t, "left out").hasNot(t, "/sallyport/apis/orders/explore")
}

const knottyDocument = `openapi: 3.1.0
info: {title: Knots, version: "1"}
servers: [{url: /knots}]
paths:
  /all: {get: {operationId: all, tags: [knots]}, trace: {operationId: path}}
  /all/{id}.json: {get: {operationId: one, tags: [knots]}}
  /}{: {get: {operationId: odd}}
  /health: {get: {operationId: health, tags: [knots], security: []}}
`

// What could not be made of an OpenAPI document as it says is told when the API is
// mounted, and on its page from then on.
func TestImportNotes(t *testing.T) {
	w := newWorld(t)
	upstream := httptest.NewServer(nil)
	t.Cleanup(upstream.Close)
	b := w.boss()
	b.post("/start", "upstream", upstream.URL, "name", "knots", "dialect", "standard", "document", knottyDocument).leads(t, Base+"/start/knots?done=start")
	b.post("/start", "upstream", upstream.URL, "name", "pets", "dialect", "standard", "document", petsDocument).leads(t, Base+"/start/pets?done=start")
	b.post("/start", "upstream", upstream.URL, "name", "plain", "dialect", "standard", "base_path", "/plain").leads(t, Base+"/start/plain?done=start")
	for _, page := range []string{"/start/knots", "/apis/knots"} {
		got := b.get(page).want(t, 200).has(t, "This is not as the OpenAPI document says:",
			"<code>TRACE /all</code> Left out: TRACE is never served.",
			"<code>GET /}{</code> Left out: the path has braces",
			"<code>GET /all/{id}.json</code> A route", "/all/{id}.",
			"<code>GET /health</code> It is open to everybody in the document, and here it is not.")
		for _, fault := range wellMade(got.text) {
			t.Error(fault)
		}
	}
	b.get("/start/pets").want(t, 200).has(t, "Each operation of the OpenAPI document has its route, as it says.")
	b.get("/start/plain").want(t, 200).hasNot(t, "OpenAPI document")

	// What was opened since is as the document says.
	d, err := w.node.Admin.API(t.Context(), system, "knots")
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.API.Routes {
		if r := &d.API.Routes[i]; r.Path == "/health" {
			r.Public, r.AllOf, r.AnyOf = true, nil, nil
		}
	}
	if _, err := w.node.Admin.ReplaceAPI(t.Context(), system, "knots", d.Version, d.API); err != nil {
		t.Fatal(err)
	}
	b.get("/apis/knots").want(t, 200).has(t, "TRACE /all").hasNot(t, "It is open to everybody in the document")
}

// An API is brought up to date with another document, after what that changes was
// seen.
func TestImportAgain(t *testing.T) {
	w := newWorld(t)
	w.orders()
	upstream := httptest.NewServer(nil)
	t.Cleanup(upstream.Close)
	b := w.boss()
	b.post("/start", "upstream", upstream.URL, "name", "pets", "dialect", "standard", "document", petsDocument).leads(t, Base+"/start/pets?done=start")
	b.get("/apis/pets").want(t, 200).has(t, "/sallyport/apis/pets/import")
	version := b.get("/apis/pets/import").want(t, 200).part(t, versionPattern)
	routes := func() string {
		var list []string
		for _, r := range w.node.Doors.Policy().API("pets").Document.Routes {
			list = append(list, r.Methods[0]+r.Path)
		}
		return strings.Join(list, " ")
	}
	before := routes()
	for wrong, says := range map[string]string{" ": "Paste the document here", "hello: {": "neither YAML nor JSON"} {
		b.post("/apis/pets/import", "version", version, "document", wrong).want(t, 422).has(t, `id="document-fault"`, says)
	}
	fresh := strings.Replace(petsDocument, "/all/{id}: {delete: {operationId: remove", "/some: {get: {operationId: some", 1)
	page := b.post("/apis/pets/import", "version", version, "document", fresh).want(t, 200).
		has(t, "What would change", "<code>GET /some</code>", "<code>DELETE /all/{id}</code>", html.EscapeString(fresh))
	for _, fault := range wellMade(page.text) {
		t.Error(fault)
	}
	sure := page.part(t, regexp.MustCompile(`name="sure" value="([0-9a-f]+)"`))
	// Paths may be whole, where the document names no server.
	whole := strings.NewReplacer("servers: [{url: /pets}]\n", "", "  /all", "  /pets/all").Replace(petsDocument)
	b.post("/apis/pets/import", "version", version, "document", whole).want(t, 200).has(t, "No route comes and none goes.")
	// Another document than the one whose changes were seen is looked at first.
	b.post("/apis/pets/import", "version", version, "document", petsDocument, "sure", sure).want(t, 200).has(t, "No route comes and none goes.")
	if got := routes(); got != before {
		t.Errorf("it was done already: %s", got)
	}
	b.post("/apis/pets/import", "version", version, "document", fresh, "sure", sure).leads(t, "/sallyport/apis/pets?done=api.imported")
	if got := routes(); got != "GET/all GET/some" {
		t.Errorf("the routes are %s", got)
	}
	b.get("/apis/pets").want(t, 200).has(t, "The routes and the OpenAPI document fit each other.")
	b.post("/apis/pets/import", "version", version, "document", petsDocument, "sure", sure).want(t, 200) // not this one
	b.post("/apis/pets/import", "version", version, "document", fresh, "sure", sure).want(t, 412)
	w.reader("jo").post("/apis/pets/import", "version", version, "document", fresh, "sure", sure).want(t, 403)
	b.get("/apis/sallyport/import").want(t, 404)
}
