package inventory

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sallyport/sallyport/demo/platform/platformtest"
	"github.com/sallyport/sallyport/demo/platform/storage"
)

func open(t *testing.T, path string) *Service {
	t.Helper()
	db, err := storage.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := New(t.Context(), db, Options{Now: func() time.Time { return platformtest.Start }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestItemLife(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	w := platformtest.Do(t, s, "POST", "/inventory/items", `{"sku":"CBL-CAT6A-10","name":"Patch cable, 10 m","warehouse_id":"wh-ber","quantity":40,"price_cents":1190}`)
	if w.Code != http.StatusCreated {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	it := platformtest.Decode[Item](t, w)
	path := w.Header().Get("Location")
	if path != "/inventory/items/"+it.ID || it.Editor != "jane" || !it.Created.Equal(platformtest.Start) || it.Category != "general" {
		t.Errorf("created %+v at %q", it, path)
	}
	w = platformtest.Do(t, s, "PATCH", path, `{"name":"Patch cable 10 m","price_cents":0}`, "If-Match", `"1"`)
	if got := platformtest.Decode[Item](t, w); w.Code != 200 || got.Name != "Patch cable 10 m" || got.Price != 0 || got.Quantity != 40 || got.Version != 2 {
		t.Errorf("patch: %d %+v", w.Code, got)
	}
	if w = platformtest.Do(t, s, "PUT", path, `{"sku":"CBL-CAT6A-10","name":"X","warehouse_id":"wh-ber"}`, "If-Match", `"1"`); w.Code != http.StatusPreconditionFailed {
		t.Errorf("stale put: %d", w.Code)
	}
	w = platformtest.Do(t, s, "PUT", path, `{"sku":"CBL-CAT6A-10","name":"X","warehouse_id":"wh-lyo"}`)
	if got := platformtest.Decode[Item](t, w); got.Quantity != 0 || got.Warehouse != "wh-lyo" {
		t.Errorf("put left %+v", got)
	}
	if w = platformtest.Do(t, s, "GET", path, "", "If-None-Match", `"3"`); w.Code != http.StatusNotModified {
		t.Errorf("get unchanged: %d", w.Code)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != http.StatusNoContent {
		t.Errorf("delete: %d", w.Code)
	}
	for _, m := range []string{"GET", "DELETE"} {
		if w = platformtest.Do(t, s, m, path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s after delete: %d", m, w.Code)
		}
	}
}

func TestListItems(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	for _, tt := range []struct {
		query string
		total int
		first string // sku
	}{
		{"", 30, "PDU-16A-C13"},
		{"?category=optics&sort=-quantity", 3, "SFP-10G-SR"},
		{"?q=cable&sort=sku", 3, "CBL-CAT6A-2"},
		{"?q=100%25", 0, ""},
		{"?q=_", 0, ""},
		{"?warehouse_id=wh-aus&max_quantity=4&sort=name", 2, "RACK-48U-750"},
		{"?limit=2&offset=28", 30, "TOOL-LIFT-200"},
		{"?offset=30", 30, ""},
	} {
		w := platformtest.Do(t, s, "GET", "/inventory/items"+tt.query, "")
		got := platformtest.Decode[list[Item]](t, w)
		first := ""
		if len(got.Items) > 0 {
			first = got.Items[0].SKU
		}
		if w.Code != 200 || got.Total != tt.total || first != tt.first || got.Items == nil {
			t.Errorf("%q: %d, total %d, first %q; want %d, %q", tt.query, w.Code, got.Total, first, tt.total, tt.first)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	platformtest.Refuse(t, s, "application/problem+json", []platformtest.Refusal{
		{Method: "GET", Path: "/inventory/items?limit=0", Status: 400, Want: "limit"},
		{Method: "GET", Path: "/inventory/items?limit=999", Status: 400, Want: "limit"},
		{Method: "GET", Path: "/inventory/items?sort=colour", Status: 400, Want: "sort"},
		{Method: "GET", Path: "/inventory/items/none", Status: 404, Want: "none"},
		{Method: "POST", Path: "/inventory/items", Status: 400, Want: "empty"},
		{Method: "POST", Path: "/inventory/items", Body: "{", Status: 400, Want: "too early"},
		{Method: "POST", Path: "/inventory/items", Body: "{} {}", Status: 400, Want: "more than one"},
		{Method: "POST", Path: "/inventory/items", Body: "\"\xff\"", Status: 400, Want: "UTF-8"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":1}`, Status: 400, Want: "sku: a JSON number"},
		{Method: "POST", Path: "/inventory/items", Body: `{"colour":"red"}`, Status: 400, Want: "colour: no such field"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"AB","name":"x"}`, Status: 400, Want: "warehouse_id: is required"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"a b","name":"x","warehouse_id":"wh-ber"}`, Status: 400, Want: "sku: must be"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"AB","name":"x","warehouse_id":"wh-no"}`, Status: 400, Want: "no warehouse"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"PDU-16A-C13","name":"x","warehouse_id":"wh-ber"}`, Status: 409, Want: "sku"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"AB","name":"x\u0000","warehouse_id":"wh-ber"}`, Status: 400, Want: "control"},
		{Method: "POST", Path: "/inventory/items", Body: `{"sku":"AB","name":"x","warehouse_id":"wh-ber","quantity":-1}`, Status: 400, Want: "quantity"},
		{Method: "POST", Path: "/inventory/items", Body: `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, Status: 413, Want: "longer"},
		{Method: "PATCH", Path: "/inventory/items/itm-0001", Body: `{"name":null}`, Status: 400, Want: "name: cannot be removed"},
		{Method: "PATCH", Path: "/inventory/items/itm-0001", Body: `{"sku":"PDU-32A-C19"}`, Status: 409, Want: "sku"},
		{Method: "POST", Path: "/inventory/items/itm-0001/movements", Body: `{"delta":-43}`, Status: 409, Want: "only 42"},
		{Method: "POST", Path: "/inventory/items/itm-0001/movements", Body: `{"delta":0}`, Status: 400, Want: "delta"},
		{Method: "POST", Path: "/inventory/items/none/movements", Body: `{"delta":1}`, Status: 404, Want: "none"},
		{Method: "DELETE", Path: "/inventory/warehouses/wh-ber", Status: 409, Want: "still keeps"},
		{Method: "PUT", Path: "/inventory/warehouses/none", Body: `{"name":"N","city":"C","country":"DE","capacity":1}`, Status: 404, Want: "none"},
		{Method: "POST", Path: "/inventory/warehouses", Body: `{"name":"N","city":"C","country":"Germany","capacity":1}`, Status: 400, Want: "country"},
		{Method: "POST", Path: "/inventory/warehouses", Body: `{"name":"Austin North","city":"C","country":"US","capacity":1}`, Status: 409, Want: "name"},
		{Method: "PUT", Path: "/inventory/items", Status: 405, Want: "GET"},
		{Method: "GET", Path: "/inventory/nothing", Status: 404, Want: "no such resource"},
		{Method: "GET", Path: "/inventory/events?count=0", Status: 400, Want: "count"},
		{Method: "GET", Path: "/inventory/events?after=x", Status: 400, Want: "after"},
		{Method: "GET", Path: "/inventory/ws", Status: 426, Want: "WebSocket"},
	})
}

func TestMovements(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "platform.db"))
	var wg sync.WaitGroup
	codes := make([]int, 50)
	for i := range codes {
		wg.Go(func() {
			codes[i] = platformtest.Do(t, s, "POST", "/inventory/items/itm-0001/movements", `{"delta":-1,"note":"picked"}`).Code
		})
	}
	wg.Wait()
	made := 0
	for _, c := range codes {
		switch c {
		case http.StatusCreated:
			made++
		case http.StatusConflict:
		default:
			t.Errorf("status %d", c)
		}
	}
	it := platformtest.Decode[Item](t, platformtest.Do(t, s, "GET", "/inventory/items/itm-0001", ""))
	ms := platformtest.Decode[list[Movement]](t, platformtest.Do(t, s, "GET", "/inventory/items/itm-0001/movements?limit=1", ""))
	if made != 42 || it.Quantity != 0 || ms.Total != 43 || ms.Items[0].Who != "jane" || ms.Items[0].Note != "picked" {
		t.Errorf("%d moved, %d left, %d movements, last %+v", made, it.Quantity, ms.Total, ms.Items)
	}
}

// TestConcurrentChange lets two callers read one version of an item before one
// of them changes it.
func TestConcurrentChange(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	codes := make([]int, 2)
	platformtest.Meet(t, s.db, 2, func(i int) {
		codes[i] = platformtest.Do(t, s, "PATCH", "/inventory/items/itm-0001", `{"name":"mine"}`).Code
	})
	slices.Sort(codes)
	if want := []int{http.StatusOK, http.StatusConflict}; !slices.Equal(codes, want) {
		t.Errorf("statuses %v, want %v", codes, want)
	}
}

func TestWarehouseLife(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	w := platformtest.Do(t, s, "POST", "/inventory/warehouses", `{"name":"Oslo","city":"Oslo","country":"NO","capacity":10}`)
	path := w.Header().Get("Location")
	if w.Code != 201 || path == "" {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	if w = platformtest.Do(t, s, "PUT", path, `{"name":"Oslo Sentrum","city":"Oslo","country":"NO","capacity":12}`); w.Code != 200 {
		t.Errorf("put: %d %s", w.Code, w.Body)
	}
	if got := platformtest.Decode[Warehouse](t, platformtest.Do(t, s, "GET", path, "")); got.Name != "Oslo Sentrum" || got.Capacity != 12 {
		t.Errorf("stored %+v", got)
	}
	if got := platformtest.Decode[list[Warehouse]](t, platformtest.Do(t, s, "GET", "/inventory/warehouses", "")); got.Total != 4 {
		t.Errorf("total %d", got.Total)
	}
	if w = platformtest.Do(t, s, "DELETE", path, ""); w.Code != 204 {
		t.Errorf("delete: %d", w.Code)
	}
}

func TestSurvivesRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a %41?b.db")
	s := open(t, path)
	if w := platformtest.Do(t, s, "DELETE", "/inventory/items/itm-0002", ""); w.Code != 204 {
		t.Fatal(w.Code)
	}
	if w := platformtest.Do(t, open(t, path), "GET", "/inventory/items", ""); platformtest.Decode[list[Item]](t, w).Total != 29 {
		t.Errorf("seeded again: %s", w.Body)
	}
}

func TestWhoami(t *testing.T) {
	t.Parallel()
	w := platformtest.Do(t, open(t, storage.Memory), "GET", "/inventory/whoami?api_key=secret", "", "X-Sallyport-Tenant", "-", "Authorization", "Bearer secret")
	body := w.Body.String()
	if !strings.Contains(body, `"login":"jane"`) || !strings.Contains(body, `"tenant":""`) ||
		!strings.Contains(body, `["Authorization"]`) || !strings.Contains(body, `["api_key"]`) || strings.Contains(body, "secret") {
		t.Errorf("whoami: %s", body)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(open(t, storage.Memory))
	defer srv.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/inventory/events?count=3&interval_ms=1", nil)
	req.Header.Set("Last-Event-ID", "29")
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got []string
	for sc := bufio.NewScanner(res.Body); sc.Scan(); {
		if name, ok := strings.CutPrefix(sc.Text(), "event: "); ok {
			got = append(got, name)
		}
	}
	if want := []string{"movement", "stock", "stock", "end"}; !slices.Equal(got, want) || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(open(t, storage.Memory))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, srv.URL+"/inventory/ws", &websocket.DialOptions{HTTPHeader: http.Header{"X-Sallyport-User": {"jane"}, "Origin": {"https://elsewhere.example"}}}) //nolint:bodyclose // the connection owns the body
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	read := func() string {
		_, msg, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return string(msg)
	}
	if got := read(); got != "hello jane" {
		t.Errorf("greeting %q", got)
	}
	for i := range 3 {
		want := fmt.Sprint("message ", i)
		if err := c.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != want {
			t.Errorf("echo %q, want %q", got, want)
		}
	}
}

// TestDocument keeps the OpenAPI document valid and equal to the routes.
func TestDocument(t *testing.T) {
	t.Parallel()
	s := open(t, storage.Memory)
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("document is not valid: %v", err)
	}
	var documented, served []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented = append(documented, method+" "+path)
			if op.Summary == "" || len(op.Tags) == 0 || op.OperationID == "" {
				t.Errorf("%s %s lacks a summary, tag or id", method, path)
			}
		}
	}
	for _, r := range s.routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q\nserved     %q", documented, served)
	}
	w := platformtest.Do(t, s, "GET", "/inventory/openapi.json", "")
	if w.Body.String() != string(document) {
		t.Error("another document is served than embedded")
	}
}
