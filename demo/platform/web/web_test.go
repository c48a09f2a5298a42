package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCallerOf(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Sallyport-User", "jane")
	r.Header.Set("X-Sallyport-User-Id", strings.Repeat("x", 300))
	r.Header.Set("X-Sallyport-Tenant", "-")
	r.Header.Set("X-Sallyport-Realm", "Lab")
	if got, want := CallerOf(r), (Caller{Login: "jane", Realm: "Lab", Realms: []string{"Lab"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("caller %+v, want %+v", got, want)
	}
	for text, want := range map[string][]string{
		"": nil, "-": nil, "Lab": {"Lab"}, "Lab,De%2Cfault": {"Lab", "De,fault"}, "%zz": {"%zz"}, strings.Repeat("x", 300): {strings.Repeat("x", 300)},
	} {
		r.Header.Set("X-Sallyport-Realm", text)
		if got := CallerOf(r).Realms; !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%.20s: realms %q, want %q", text, got, want)
		}
	}
	if got := (Caller{}).Name(); got != "anonymous" {
		t.Errorf("nobody is called %q", got)
	}
}

func TestMuxRefuses(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	m := NewMux(slog.New(slog.NewTextHandler(&log, nil)), func(w http.ResponseWriter, _ *http.Request, e *Error) {
		w.WriteHeader(e.Status)
		fmt.Fprint(w, e.Message)
	})
	m.Handle("GET /wrapped", func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("while reading: %w", Conflict("taken"))
	})
	m.Handle("GET /broken", func(http.ResponseWriter, *http.Request) error { return errors.New("secret detail") })
	m.Handle("GET /fine/{id}", func(w http.ResponseWriter, r *http.Request) error {
		return JSON(w, http.StatusOK, r.PathValue("id"))
	})
	for _, tt := range []struct {
		method, path string
		status       int
		body, allow  string
	}{
		{"GET", "/wrapped", 409, "taken", ""},
		{"GET", "/broken", 500, "internal error", ""},
		{"GET", "/fine/a%2Fb", 200, "\"a/b\"\n", ""},
		{"DELETE", "/fine/1", 405, "method DELETE is not supported here; use GET, HEAD", "GET, HEAD"},
		{"GET", "/none", 404, "no such resource: /none", ""},
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d %q, allow %q", tt.method, tt.path, w.Code, w.Body, w.Header().Get("Allow"))
		}
	}
	if !strings.Contains(log.String(), "secret detail") || strings.Contains(log.String(), "taken") {
		t.Errorf("log: %s", &log)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"name":"x","extra":1}`:            "",
		` `:                                 "the body is empty; send JSON",
		`{"name":`:                          "the body is not valid JSON: it ends too early",
		`{name}`:                            "the body is not valid JSON, at byte 2",
		`{"name":{}}`:                       "name: a JSON object does not fit here",
		`[]`:                                "a JSON array does not fit here",
		`{}{}`:                              "the body holds more than one JSON value",
		"{\"name\":\"\xc3\x28\"}":           "the body is not valid UTF-8",
		strings.Repeat(" ", MaxBody) + "{}": "the body is longer than 1048576 bytes",
	} {
		var v struct {
			Name string `json:"name"`
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		err := Decode(httptest.NewRecorder(), r, &v)
		if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%.40q: %v, want %q", body, err, want)
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"extra":1}`))
	if err := DecodeStrict(httptest.NewRecorder(), r, &struct{}{}); err == nil || err.Error() != "extra: no such field" {
		t.Errorf("strict: %v", err)
	}
	r = httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{"), failing{}))
	if err := Decode(httptest.NewRecorder(), r, &struct{}{}); err == nil || err.Error() != "the body could not be read" {
		t.Errorf("broken body: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in       string
		min, max int
		want, no string
	}{
		{"  naïve ", 1, 5, "naïve", ""},
		{"a\nb", 1, 5, "a\nb", ""},
		{"", 0, 5, "", ""},
		{" ", 1, 5, "", "x: is required"},
		{"abcdef", 1, 5, "", "x: must have between 1 and 5 characters"},
		{"a", 2, 5, "", "x: must have between 2 and 5 characters"},
		{"a\x1bb", 1, 5, "", "x: holds a control character"},
		{"\xff", 1, 5, "", "x: is not valid UTF-8"},
	} {
		got, err := Text("x", tt.in, tt.min, tt.max)
		if got != tt.want || tt.no != "" && fmt.Sprint(err) != tt.no || tt.no == "" && err != nil {
			t.Errorf("%q: %q, %v", tt.in, got, err)
		}
	}
}

func TestQueryParameters(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/?n=7&big=99&word=x&yes=TRUE&maybe=2", nil)
	for name, want := range map[string]int{"n": 7, "absent": 3, "big": -1, "word": -1} {
		got, err := Int(r, name, 3, 0, 10)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("Int %s: %d, want %d", name, got, want)
		}
	}
	if yes, err := Bool(r, "yes"); !yes || err != nil {
		t.Errorf("Bool yes: %v %v", yes, err)
	}
	if no, err := Bool(r, "absent"); no || err != nil {
		t.Errorf("Bool absent: %v %v", no, err)
	}
	if _, err := Bool(r, "maybe"); err == nil {
		t.Error("Bool accepts 2")
	}
}
