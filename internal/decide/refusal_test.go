package decide_test

import (
	"bufio"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/decide"
)

// A lined recorder takes lines of a head, as the parser of questions does.
type lined struct {
	*httptest.ResponseRecorder
	lines string
}

func (w *lined) Lines(lines []byte) { w.lines = string(lines) }

func (w *lined) Line(name, value string) { w.lines += name + ": " + value + "\r\n" }

// TestFormsAreNotMixedUp: an answer to a denial that is made of one that others got
// is the one that the request would have got alone.
func TestFormsAreNotMixedUp(t *testing.T) {
	t.Parallel()
	var config decide.Config
	s := newService(t, func(c *decide.Config) { config = *c })
	_, limited := s.Token(s.User("bob", "", s.Role("writer", "shop/write", "hosted/read")), "shop/reading")
	_, powerless := s.Token(s.User("carol", "", s.Role("guest")))
	const unknown = "sp_pat_unknown"
	questions := map[string]http.Header{}
	each(t, func(_ *testing.T, family string) {
		for name, h := range map[string]http.Header{
			"nothing":            get("/shop/orders").in(family),
			"unknown bearer":     with(get("/shop/orders").in(family), "Authorization", "Bearer "+unknown),
			"unknown key":        with(get("/shop/orders").in(family), "X-Api-Key", unknown),
			"unknown cookie":     with(get("/shop/orders").in(family), "Cookie", "sp_session="+unknown),
			"malformed":          with(get("/shop/orders").in(family), "Authorization", "Basic malformed"),
			"two":                with(get("/shop/orders").in(family), "Authorization", "Bearer "+unknown, "X-Api-Key", unknown),
			"no permission":      with(get("/shop/orders").in(family), "Authorization", "Bearer "+powerless),
			"no permission, put": with(original{"PUT", "/shop/orders/1", "api.test", "http", client}.in(family), "Authorization", "Bearer "+s.token),
			"no scope":           with(original{"PUT", "/shop/orders/1", "api.test", "http", client}.in(family), "Authorization", "Bearer "+limited),
			"no route":           with(get("/shop/nowhere").in(family), "Authorization", "Bearer "+s.token),
			"no method":          with(original{"DELETE", "/shop/orders", "api.test", "http", client}.in(family), "Authorization", "Bearer "+s.token),
			"no tenant":          with(get("/shop/orders").in(family), "Authorization", "Bearer "+s.token, "X-Tenant-Id", "11111111-1111-4111-8111-111111111111"),
			"no API":             get("/elsewhere").in(family),
			"odd path":           get("/shop/%2e%2e/x").in(family),
			"forms":              get("/forms/do").in(family),
			"explained":          with(original{"GET", "/x", "orders.test", "http", client}.in(family), "Authorization", "Bearer "+powerless),
			"explained, unknown": with(original{"GET", "/x", "orders.test", "http", client}.in(family), "Authorization", "Bearer "+unknown),
			"unreadable":         {},
		} {
			questions[family+" "+name] = h
		}
	})
	// ask returns the answer of a handler without what is of the request.
	ask := func(h *decide.Handler, w http.ResponseWriter, got func() (int, http.Header, string), name, method string) (int, http.Header, string) {
		t.Helper()
		family, _, _ := strings.Cut(name, " ")
		r := httptest.NewRequest(method, "/decide/"+family, nil)
		r.RemoteAddr, r.Header = proxy, questions[name].Clone()
		h.ServeHTTP(w, r)
		status, header, body := got()
		id := header.Get("X-Request-Id")
		if id == "" || body != "" && strings.Count(body, id) != 1 {
			t.Errorf("%s: the id %q is not in %s", name, id, body)
		}
		header.Del("X-Request-Id")
		header.Del("Content-Length")
		return status, header, strings.ReplaceAll(body, id, "ID")
	}
	compare := func(round string) {
		t.Helper()
		for _, name := range slices.Sorted(maps.Keys(questions)) {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				alone, made, line := httptest.NewRecorder(), httptest.NewRecorder(), &lined{ResponseRecorder: httptest.NewRecorder()}
				status, header, body := ask(decide.New(config), alone, func() (int, http.Header, string) { return alone.Code, alone.Header(), alone.Body.String() }, name, method)
				if status == http.StatusOK {
					t.Fatalf("%s: %s was let in", round, name)
				}
				check := func(how string, gotStatus int, gotHeader http.Header, gotBody string) {
					t.Helper()
					if gotStatus != status || gotBody != body || !maps.EqualFunc(gotHeader, header, slices.Equal) {
						t.Errorf("%s: %s %s, %s: %d %v %q\nwant %d %v %q", round, method, name, how, gotStatus, gotHeader, gotBody, status, header, body)
					}
				}
				gotStatus, gotHeader, gotBody := ask(s.Handler, made, func() (int, http.Header, string) { return made.Code, made.Header(), made.Body.String() }, name, method)
				check("as headers", gotStatus, gotHeader, gotBody)
				gotStatus, gotHeader, gotBody = ask(s.Handler, line, func() (int, http.Header, string) {
					all, err := textproto.NewReader(bufio.NewReader(strings.NewReader(line.lines + "\r\n"))).ReadMIMEHeader()
					if err != nil {
						t.Fatal(err)
					}
					maps.Copy(all, line.Header())
					return line.Code, http.Header(all), line.Body.String()
				}, name, method)
				check("as lines", gotStatus, gotHeader, gotBody)
			}
		}
	}
	compare("first")
	compare("again")
	api := shop()
	api.Accept, api.Explain = api.Accept[:2], sallyport.ExplainNone
	s.ReplaceAPI(api)
	compare("under another policy")
}
