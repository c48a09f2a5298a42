package console

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/gateway"
	"github.com/sallyport/sallyport/internal/openapi"
	"github.com/sallyport/sallyport/internal/policy"
)

// A shelf is an upstream that notes what it was asked.
type shelf struct {
	asked []*http.Request
	body  string // of the last request
	kind  string // content type of the answer
	text  string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	s.asked, s.body = append(s.asked, r), string(text)
	w.Header().Set("Content-Type", s.kind)
	w.Header().Set("X-Shelf", "oak")
	w.Header().Set("Set-Cookie", "shelf=secret; Path=/")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, s.text)
}

// explorable mounts an API with an upstream, and has the console call it.
func (w *world) explorable(explain sallyport.Explain) *shelf {
	w.t.Helper()
	s := &shelf{kind: "application/json", text: `{"a":{"b":1}}`}
	upstream := httptest.NewServer(s)
	w.t.Cleanup(upstream.Close)
	_, err := w.node.Admin.CreateAPI(w.t.Context(), system, sallyport.API{
		Name: "lib", Title: "Library", BasePath: "/lib", Upstream: sallyport.Upstream{URL: upstream.URL}, Explain: explain,
		Accept:      []sallyport.Accept{{In: sallyport.CarrierHeader, Name: "X-Key"}},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant", Required: true},
		Permissions: []sallyport.PermissionSpec{{Name: "see"}, {Name: "lend"}},
		Routes: []sallyport.Route{
			{ID: "books", Methods: []string{"GET"}, Path: "/books", AllOf: []string{"see"}},
			{ID: "book", Methods: []string{"GET"}, Path: "/books/{id}", AllOf: []string{"see"}},
			{ID: "lend", Title: "Lend a book", Methods: []string{"POST"}, Path: "/books/{id}", AllOf: []string{"lend"}},
			{ID: "hours", Methods: []string{"GET"}, Path: "/hours", Public: true},
			{ID: "own", Methods: []string{"GET"}, Path: "/own", Authenticated: true, ByKind: []sallyport.KindNeed{{Kinds: []sallyport.CredentialKind{sallyport.Session}}}},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	g := gateway.New(gateway.Config{Doors: w.node.Doors, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	w.t.Cleanup(g.Close)
	w.console.Call = g.ServeAs
	return s
}

const libraryDocument = `
openapi: 3.1.0
info: {title: Library, version: "1"}
servers: [{url: https://old.example/lib}]
paths:
  /books:
    get:
      tags: [books]
      summary: List the books
      parameters: [{name: limit, in: query, schema: {type: integer, example: 5}}, {name: sort, in: query, schema: {enum: [title, -title]}}]
      responses: {"200": {description: Books, content: {application/json: {schema: {$ref: "#/components/schemas/Book"}}}}}
  /books/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post:
      tags: [lending]
      summary: Lend it
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Loan"}}}}
      responses: {"204": {description: Lent}}
  /vault: {get: {summary: Not mounted, responses: {"200": {description: Gold}}}}
components:
  schemas:
    Book: {type: object, properties: {title: {type: string}}}
    Loan: {type: object, properties: {days: {type: integer, minimum: 1}, to: {type: string, example: ann}}}
  securitySchemes: {old: {type: http, scheme: digest}}
`

func op(key string) string { return "/apis/lib/explore?op=" + url.QueryEscape(key) }

// The page lists what may be called and what is lacking, as far as refusals would
// tell it.
func TestExploreSight(t *testing.T) {
	for explain, want := range map[sallyport.Explain][2][]string{
		sallyport.ExplainFull: {{"GET /lib/books<", "Lend a book", "lib/lend", "badge refused"}, nil},
		sallyport.ExplainCode: {{"GET /lib/books<", "Lend a book", "badge refused"}, {"lib/lend"}},
		sallyport.ExplainNone: {{"GET /lib/books<", "are not listed"}, {"Lend a book", "lib/lend", "badge refused"}},
	} {
		w := newWorld(t)
		w.explorable(explain)
		w.user("ann", "Ann", "lib/see")
		page := w.signedIn("ann").get("/apis/lib/explore").want(t, 200)
		page.has(t, want[0]...).hasNot(t, want[1]...)
		for _, fault := range wellMade(page.text) {
			t.Errorf("%s: %s", explain, fault)
		}
		ann := w.signedIn("ann")
		ann.get("/apis").want(t, 200).has(t, "/sallyport/apis/lib/explore").hasNot(t, "/sallyport/apis/lib\"")
		ann.get("/apis/lib").want(t, 403)
		ann.get("/apis/none/explore").want(t, 404)
		lend := ann.get(op("POST /lib/books/{id}"))
		if explain == sallyport.ExplainNone {
			lend.want(t, 404)
		} else {
			lend.want(t, 200).has(t, "Lend a book", "X-Tenant", string(w.tenant.ID))
		}
	}
	w := newWorld(t)
	w.explorable(sallyport.ExplainNone)
	w.reader("jo").get("/apis/lib/explore").want(t, 200).has(t, "Lend a book", "lib/lend")
	w.browser().get("/apis/lib/explore").leads(t, "/sallyport/sign-in?next=%2Fsallyport%2Fapis%2Flib%2Fexplore")
}

// A call is made as who is signed in: through both doors, with no credential of
// his, and its answer is text.
func TestExploreCall(t *testing.T) {
	w := newWorld(t)
	upstream := w.explorable(sallyport.ExplainFull)
	w.user("ann", "Ann", "lib/see", admin.DecisionsExplain)
	ann := w.signedIn("ann")
	tenant := string(w.tenant.ID)

	got := ann.post(op("GET /lib/books"), "header.X-Tenant", tenant, "query", "limit=5&sort=name").want(t, 200)
	got.has(t, "badge allowed\">200 OK", "&#34;b&#34;: 1", "GET https://sallyport.test/lib/books?limit=5&amp;sort=name", "X-Shelf", "oak", "shelf=…",
		"--header &#39;X-Key: &#39;&#34;$TOKEN&#34;", "--header &#39;X-Tenant: "+tenant).hasNot(t, "shelf=secret", ann.session)
	if len(upstream.asked) != 1 {
		t.Fatalf("the upstream was asked %d times", len(upstream.asked))
	}
	r := upstream.asked[0]
	if r.Header.Get("X-Sallyport-User") != "ann" || r.Header.Get("X-Sallyport-Tenant") != tenant || r.RequestURI != "/lib/books?limit=5&sort=name" {
		t.Errorf("the upstream was asked %s with %s", r.RequestURI, r.Header)
	}
	if text := strings.Join(append(r.Header["Cookie"], r.Header["Authorization"]...), ""); text != "" {
		t.Errorf("the upstream saw %q", text)
	}
	id := got.part(t, whyPattern)
	if err := w.node.Doors.FlushDecisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann.get("/why/"+id).want(t, 200).has(t, "lib")

	refused := ann.post(op("POST /lib/books/{id}"), "path.id", "a b", "header.X-Tenant", tenant, "type", "application/json", "body", `{"days":3}`).want(t, 200)
	refused.has(t, "Sallyport refused the call", "permission_missing", "/sallyport/why/", "{&#34;days&#34;:3}")
	if len(upstream.asked) != 1 {
		t.Error("a refused call came to the upstream")
	}

	upstream.kind, upstream.text = "text/html", hostile
	ann.post(op("GET /lib/books"), "header.X-Tenant", tenant).want(t, 200).has(t, "text/html").hasNot(t, "<img src=x")
	upstream.kind, upstream.text = "application/xml", "<a><b x='1'>text</b><c/></a>"
	ann.post(op("GET /lib/books"), "header.X-Tenant", tenant).want(t, 200).has(t, "&lt;a&gt;\n  &lt;b x=&#39;1&#39;&gt;text&lt;/b&gt;\n  &lt;c/&gt;\n&lt;/a&gt;")
	upstream.kind, upstream.text = "image/png", "\x89PNG\x00"
	ann.post(op("GET /lib/books"), "header.X-Tenant", tenant).want(t, 200).has(t, "is not text")
	upstream.text, upstream.kind = strings.Repeat("ä", 100_000), "text/plain"
	if page := ann.post(op("GET /lib/books"), "header.X-Tenant", tenant).want(t, 200).has(t, "only the beginning"); len(page.text) > 160_000 {
		t.Errorf("the page has %d bytes", len(page.text))
	}
}

// What cannot be sent comes back with what was typed, and what did not come from
// the page is not sent.
func TestExploreCallFaults(t *testing.T) {
	w := newWorld(t)
	upstream := w.explorable(sallyport.ExplainFull)
	if err := w.node.Admin.KeepOpenAPI(t.Context(), system, "lib", []byte(libraryDocument)); err != nil {
		t.Fatal(err)
	}
	w.user("ann", "Ann", "lib/see", "lib/lend")
	ann := w.signedIn("ann")
	ann.get(op("POST /lib/books/{id}")).want(t, 200).has(t, "Lend it", "&#34;days&#34;: 1", "&#34;to&#34;: &#34;ann&#34;")
	ann.get(op("GET /lib/books")).want(t, 200).has(t, `<option value="-title">`, "Such as 5.")
	for _, c := range []struct {
		what  string
		key   string
		form  []string
		wants []string
	}{
		{"a missing value", "POST /lib/books/{id}", []string{"type", "application/json", "body", `{"days":1}`}, []string{"path.id-fault", "header.X-Tenant-fault", "{&#34;days&#34;:1}"}},
		{"a body that is none", "POST /lib/books/{id}", []string{"path.id", "7", "header.X-Tenant", "x", "type", "application/json", "body", `{"days"`}, []string{"not well-formed JSON", "value=\"7\""}},
		{"no body", "POST /lib/books/{id}", []string{"path.id", "7", "header.X-Tenant", "x", "type", "application/json"}, []string{"body-fault"}},
		{"another kind", "POST /lib/books/{id}", []string{"path.id", "7", "header.X-Tenant", "x", "type", "text/html", "body", "x"}, []string{"Choose a kind"}},
		{"a query with blanks", "GET /lib/books", []string{"header.X-Tenant", "x", "query", "a=b c"}, []string{"query-fault", "a=b c"}},
		{"a line break in a header", "GET /lib/books", []string{"header.X-Tenant", "x\r\nX-Evil: 1"}, []string{"header.X-Tenant-fault"}},
	} {
		page := ann.post(op(c.key), c.form...).want(t, 422).has(t, c.wants...)
		for _, fault := range wellMade(page.text) {
			t.Errorf("%s: %s", c.what, fault)
		}
	}
	ann.post(op("GET /lib/none")).want(t, 404)
	ann.post(op("GET /lib/own"), "header.X-Tenant", string(w.tenant.ID)).want(t, 404)
	ann.get(op("GET /lib/own")).want(t, 200).has(t, "It does not take a session")
	ann.header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.test"}}
	ann.post(op("GET /lib/hours")).want(t, 403)
	if len(upstream.asked) != 0 {
		t.Errorf("the upstream was asked %s", upstream.asked[0].RequestURI)
	}
}

// The document says where the API is and what it takes, and of the operations
// those that are shown.
func TestAPIDocument(t *testing.T) {
	w := newWorld(t)
	w.explorable(sallyport.ExplainNone)
	w.user("ann", "Ann", "lib/see")
	ann := w.signedIn("ann")
	var made map[string]any
	if err := json.Unmarshal([]byte(ann.get("/apis/lib/openapi.json").want(t, 200).text), &made); err != nil {
		t.Fatal(err)
	}
	paths, _ := made["paths"].(map[string]any)
	if len(paths) != 4 || paths["/hours"] == nil || paths["/books/{id}"] == nil {
		t.Errorf("made of the routes: %v", paths)
	}
	if err := w.node.Admin.KeepOpenAPI(t.Context(), system, "lib", []byte(libraryDocument)); err != nil {
		t.Fatal(err)
	}
	text := ann.get("/apis/lib/openapi.json").want(t, 200).
		has(t, "https://sallyport.test/lib", "X-Key", `"Book"`, `"allowed": true`, "List the books").
		hasNot(t, "old.example", "digest", "Loan", "vault", "Lend it", "lending")
	if text.Header.Get("Content-Type") != "application/json" || text.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %s", text.Header)
	}
	w.reader("jo").get("/apis/lib/openapi.json").want(t, 200).has(t, "Lend it", "Loan", `"missing": [`, "lib/lend").hasNot(t, "vault")
	w.browser().get("/apis/lib/openapi.json").want(t, 303)
}

func TestIndentXML(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`<?xml version="1.0"?><a><b>1</b><!-- x --><c d="&lt;"/></a>`: "<?xml version=\"1.0\"?>\n<a>\n  <b>1</b>\n  <!-- x -->\n  <c d=\"&lt;\"/>\n</a>",
		`<s:a xmlns:s="u"><s:b/></s:a>`:                               "<s:a xmlns:s=\"u\">\n  <s:b/>\n</s:a>",
		`<a><b></a>`:                                                  "", `<a>`: "", ``: "", `text`: "", `<a>` + strings.Repeat("<b>", 100): "",
	} {
		got, ok := indentXML([]byte(body))
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %t, want %q", body, got, ok, want)
		}
	}
}

// Operations that differ in the method alone share a row; each is led to.
func TestExploreRows(t *testing.T) {
	t.Parallel()
	one, two := &policy.Route{}, &policy.Route{}
	op := func(r *policy.Route, method, path string) operation {
		return operation{Call: openapi.Call{Method: method}, Route: r, Full: path, Title: "run"}
	}
	rows := exploreRows([]operation{op(one, "GET", "/a"), op(one, "POST", "/a"), op(one, "GET", "/b"), op(two, "PUT", "/b")})
	var got []string
	for _, row := range rows {
		methods := []string{row.Method}
		for _, other := range row.Others {
			methods = append(methods, other.Method)
		}
		got = append(got, strings.Join(methods, ",")+" "+row.Full)
	}
	if want := "GET,POST /a; GET /b; PUT /b"; strings.Join(got, "; ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
