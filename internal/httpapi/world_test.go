package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/httpapi/httpapitest"
)

const base = "/sallyport/api/v1"

// A world is an installation of which every answer is held against the OpenAPI
// document.
type world struct {
	*httpapitest.World
	document *openapi3.T
	router   routers.Router

	mu      sync.Mutex // guards answers
	answers []string   // bodies of all answers, for canaries
}

// The document is the same for all worlds, and preparing it takes long.
var (
	prepare    sync.Once
	errPrepare error
	document   *openapi3.T
	router     routers.Router
)

func load(text []byte) (*openapi3.T, routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, nil, fmt.Errorf("load the document: %w", err)
	}
	r, err := legacy.NewRouter(doc, openapi3.IsOpenAPI31OrLater()) // validates as well
	return doc, r, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.World = httpapitest.New(t, httpapitest.Options{Around: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.witness(rw, r, next) })
	}})
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, base+"/openapi.json", nil))
	prepare.Do(func() { document, router, errPrepare = load(rec.Body.Bytes()) })
	if errPrepare != nil {
		t.Fatal(errPrepare)
	}
	w.document, w.router = document, router
	return w
}

// witness passes a request on and checks the answer.
func (w *world) witness(rw http.ResponseWriter, r *http.Request, next http.Handler) {
	t := w.T
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	res := rec.Result()
	text := rec.Body.Bytes()
	w.mu.Lock()
	w.answers = append(w.answers, string(text))
	w.mu.Unlock()
	where := r.Method + " " + r.URL.Path + " " + res.Status
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q", where, name, got)
		}
	}
	if len(res.Header.Get("X-Request-Id")) != 22 {
		t.Errorf("%s: no request id", where)
	}
	if res.StatusCode >= 400 {
		var p api.Problem
		if err := json.Unmarshal(text, &p); r.Method != http.MethodHead && (err != nil || p.Status != res.StatusCode || p.RequestID != res.Header.Get("X-Request-Id")) {
			t.Errorf("%s: not a problem document: %s", where, text)
		}
	}
	w.check(t, where, r, res, text)
	maps.Copy(rw.Header(), res.Header)
	rw.WriteHeader(res.StatusCode)
	_, _ = rw.Write(text)
}

// check holds an answer against the document. Refusals of what is no operation
// are not in it.
func (w *world) check(t testing.TB, where string, r *http.Request, res *http.Response, text []byte) {
	if w.router == nil || r.Method == http.MethodHead {
		return
	}
	find := r.Clone(r.Context())
	find.URL.Path, find.URL.RawPath = r.URL.EscapedPath(), ""
	route, params, err := w.router.FindRoute(find)
	if err != nil {
		if res.StatusCode < 400 {
			t.Errorf("%s: succeeded, and is not in the document: %v", where, err)
		}
		return
	}
	if route.Operation.Responses.Status(res.StatusCode) == nil {
		t.Errorf("%s: the document does not know this status", where)
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(text)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		t.Errorf("%s: not as the document says: %v\n%s", where, err, text)
	}
}

// client returns a client that acts with a token.
func (w *world) client(t testing.TB, token string) *client.Client {
	t.Helper()
	c, err := client.New(w.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A request is a request as a test wants it, a client's help apart.
type request struct {
	method, path string
	body         string
	token        string
	header       map[string]string
}

// An answer is what came of it.
type answer struct {
	status int
	header http.Header
	body   string
	api.Problem
}

// send sends a request. With a body it is JSON, unless the header says otherwise.
func (w *world) send(t testing.TB, q request) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, w.URL+base+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	res, err := (&http.Client{}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{status: res.StatusCode, header: res.Header, body: string(text)}
	if got.status >= 400 {
		_ = json.Unmarshal(text, &got.Problem)
	}
	return got
}
