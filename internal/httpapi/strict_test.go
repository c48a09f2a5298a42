package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/httpapi"
)

// What is sent is taken as it is documented, or refused with the field and the
// cure, and then nothing has happened.
func TestStrictBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	users := "/tenants/" + string(w.T1.ID) + "/users"
	before := len(all(t, w.client(t, token).EveryUser(), api.UserFilter{}))
	for _, tt := range []struct {
		body, contentType string
		status            int
		field             string // of the first error; "-": there is none
	}{
		{`{"login":"x","ROLES":["administrator"]}`, "", 400, "ROLES"},
		{`{"login":"x","roles":[],"Roles":["administrator"]}`, "", 400, "Roles"},
		{`{"login":"x","roles":["administrator"]}`, "", 422, "roles[0].role"},
		{`{"login":"x","roles":["` + someID + `"]}`, "", 422, "roles[0].role"},
		{`{"login":"x","groups":["` + someID + `"]}`, "", 422, "groups[0]"},
		{`{"login":"x","Login":"y"}`, "", 400, "Login"},
		{`{"login":"x","login":"y"}`, "", 400, "login"},
		{`{"login":"x","l\u006fgin":"y"}`, "", 400, "login"},
		{`{"login":"x","is_system":true}`, "", 400, "is_system"},
		{`{"login":"x","tenant":"` + string(w.T2.ID) + `"}`, "", 400, "tenant"},
		{`{"login":"x","id":"` + someID + `"}`, "", 400, "id"},
		{`{"login":"x","state":"active","version":1}`, "", 400, "version"},
		{`{"login":"x","state":"locked"}`, "", 422, "state"},
		{`{"login":null}`, "", 400, "login"},
		{`{"login":5}`, "", 400, "login"},
		{`{"login":"x"}{}`, "", 400, ""},
		{`{"login":"x"`, "", 400, ""},
		{"{\"login\":\"x\xff\"}", "", 400, ""},
		{`{"login":"x\u0000"}`, "", 400, "login"},
		{`[{"login":"x"}]`, "", 400, ""},
		{`null`, "", 400, ""},
		{strings.Repeat("[", 100000), "", 400, ""},
		{`{"login":"` + strings.Repeat("x", 1<<20) + `"}`, "", 413, "-"},
		{`{"login":"x y"}`, "", 422, "login"},
		{`{"login":"x","email":"nobody"}`, "", 422, "email"},
		{`{"login":"x","kind":"robot"}`, "", 422, "kind"},
		{`{"login":"root"}`, "", 409, "login"},
		{`{"login":"x"}`, "text/plain", 415, "-"},
		{`{"login":"x"}`, "application/x-www-form-urlencoded", 415, "-"},
		{`{"login":"x"}`, "multipart/form-data; boundary=x", 415, "-"},
		{`{"login":"x"}`, "application/json, text/plain", 415, "-"},
		{`{"login":"x"}`, "application/jsonp", 415, "-"},
		{`{"login":"x"}`, "application/merge-patch+json", 415, "-"},
	} {
		header := map[string]string{}
		if tt.contentType != "" {
			header["Content-Type"] = tt.contentType
		}
		got := w.send(t, request{method: http.MethodPost, path: users, body: tt.body, token: token, header: header})
		field := "-"
		if len(got.Errors) > 0 {
			field = got.Errors[0].Field
		}
		if got.status != tt.status || field != tt.field {
			t.Errorf("%.60s %s: %d %s, want %d and field %q", tt.body, tt.contentType, got.status, got.body, tt.status, tt.field)
		}
		if len(got.Errors) > 0 && got.Errors[0].Message == "" {
			t.Errorf("%.60s: no cure in %s", tt.body, got.body)
		}
	}
	got := w.send(t, request{method: http.MethodPost, path: users, body: `{"login":"x"}`, token: token, header: map[string]string{"Content-Encoding": "gzip"}})
	if got.status != http.StatusUnsupportedMediaType || got.header.Get("Accept") != "application/json" {
		t.Errorf("a content coding: %d %s", got.status, got.body)
	}
	if after := len(all(t, w.client(t, token).EveryUser(), api.UserFilter{})); after != before {
		t.Errorf("there are %d users now, there were %d", after, before)
	}
	got = w.send(t, request{method: http.MethodPost, path: users, body: `{"login":"x"}`, token: token, header: map[string]string{"Content-Type": "application/json; charset=utf-8"}})
	if got.status != http.StatusCreated {
		t.Errorf("with charset: %d %s", got.status, got.body)
	}
}

// Nothing that was sent as a secret comes back in an error.
func TestErrorsDoNotQuoteSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	const canary = "canary-4711"
	users := "/tenants/" + string(w.T1.ID) + "/users"
	for _, tt := range []struct{ path, body string }{
		{users, `{"login":"x","password":"` + canary + `","password_hash":"` + canary + `"}`},
		{users, `{"login":"x","password_hash":"$argon2id$` + canary + `"}`},
		{users, `{"login":"` + canary + ` x"}`},
		{users, `{"password":["` + canary + `"]}`},
		{"/me/password", `{"present":"` + canary + `","password":"` + canary + `"}`},
		{"/session", `{"login":"root","password":"` + canary + `"}`},
		{"/session", `{"login":"` + canary + `","password":"x","extra":"` + canary + `"}`},
		{"/me/tokens", `{"name":"x","expires_at":"` + canary + `"}`},
		{"/me/tokens", `{"name":"x","networks":["` + canary + `"]}`},
	} {
		got := w.send(t, request{method: http.MethodPost, path: tt.path, body: tt.body, token: token})
		if got.status < 400 || got.status >= 500 || strings.Contains(got.body, canary) {
			t.Errorf("%s %s: %d %s", tt.path, tt.body, got.status, got.body)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	for range 5 {
		w.User(w.T1.ID, sallyport.Person)
	}
	for _, tt := range []struct{ query, field string }{
		{"limit=0", "limit"},
		{"limit=-1", "limit"},
		{"limit=201", "limit"},
		{"limit=x", "limit"},
		{"limit=1&limit=2", "limit"},
		{"LIMIT=1", "LIMIT"},
		{"nosuch=1", "nosuch"},
		{"cursor=garbage", "cursor"},
		{"state=asleep", "state"},
		{"kind=Person", "kind"},
		{"search=%FF", "search"},
		{"search=%00", "search"},
		{"search=" + strings.Repeat("x", 129), "search"},
		{strings.Repeat("x", 100) + "=1", "?"},
	} {
		got := w.send(t, request{method: http.MethodGet, path: "/users?" + tt.query, token: token})
		if got.status != http.StatusBadRequest || len(got.Errors) != 1 || got.Errors[0].Field != tt.field {
			t.Errorf("%s: %d %s", tt.query, got.status, got.body)
		}
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/users?a=%zz", token: token}); got.status != http.StatusBadRequest {
		t.Errorf("a broken escape: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: http.MethodGet, path: "/users/lookup", token: token}); got.status != http.StatusBadRequest || got.Errors[0].Field != "login" {
		t.Errorf("no login: %d %s", got.status, got.body)
	}
	if got := w.send(t, request{method: http.MethodPost, path: "/me/tokens?tenant=x", body: `{"name":"x"}`, token: token}); got.status != http.StatusBadRequest {
		t.Errorf("a query where none is: %d %s", got.status, got.body)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	for range 7 {
		w.User(w.T1.ID, sallyport.Person)
	}
	var seen []string
	path, cursor := "/users?limit=3&kind=person", ""
	for pages := 0; path != ""; pages++ {
		got := w.send(t, request{method: http.MethodGet, path: path, token: token})
		if got.status != http.StatusOK || pages > 3 {
			t.Fatalf("page %d: %d %s", pages, got.status, got.body)
		}
		for part := range strings.SplitSeq(got.body, `"login":"`) {
			if login, _, found := strings.Cut(part, `"`); found && !strings.HasPrefix(part, "{") {
				seen = append(seen, login)
			}
		}
		path = ""
		if link := got.header.Get("Link"); link != "" {
			target, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
			path = strings.TrimPrefix(target, base)
			u, err := url.Parse(path)
			if err != nil || !strings.HasSuffix(link, `>; rel="next"`) {
				t.Fatalf("Link %q", link)
			}
			cursor = u.Query().Get("cursor")
		}
	}
	if len(seen) != 8 {
		t.Errorf("saw %q", seen)
	}
	// A cursor is for one caller, one list and one filter.
	_, other := w.Person(sallyport.EveryTenant, permissions()...)
	for name, q := range map[string]request{
		"another caller": {path: "/users?limit=3&kind=person&cursor=" + cursor, token: other},
		"another filter": {path: "/users?limit=3&cursor=" + cursor, token: token},
		"another list":   {path: "/tenants/" + string(w.T1.ID) + "/users?kind=person&cursor=" + cursor, token: token},
		"tampered":       {path: "/users?limit=3&kind=person&cursor=" + altered(cursor), token: token},
	} {
		q.method = http.MethodGet
		if got := w.send(t, q); got.status != http.StatusBadRequest || len(got.Errors) != 1 || got.Errors[0].Field != "cursor" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	path := "/tenants/" + string(w.T1.ID)
	got := w.send(t, request{method: http.MethodGet, path: path, token: token})
	etag := got.header.Get("ETag")
	if etag != `"1"` {
		t.Fatalf("ETag %q", etag)
	}
	for match, status := range map[string]int{
		"": 428, `"2"`: 412, `W/"1"`: 400, `1`: 400, `"1`: 400, `"x"`: 400, `"1", "2"`: 400, `"0"`: 400, `"-1"`: 400, `"+1"`: 400,
		`"99999999999999999999"`: 400,
	} {
		header := map[string]string{"If-Match": match}
		if match == "" {
			header = nil
		}
		got := w.send(t, request{method: http.MethodPatch, path: path, body: `{"name":"t9"}`, token: token, header: header})
		if got.status != status {
			t.Errorf("If-Match %s: %d %s, want %d", match, got.status, got.body, status)
		}
	}
	got = w.send(t, request{method: http.MethodPatch, path: path, body: `{"name":"t9"}`, token: token, header: map[string]string{"If-Match": etag}})
	if got.status != http.StatusOK || got.header.Get("ETag") != `"2"` {
		t.Errorf("%d %s %s", got.status, got.header.Get("ETag"), got.body)
	}
}

// Every operation that changes a thing asks for the version that was read; what
// does not is written down here with its reason.
func TestChangesAreVersioned(t *testing.T) {
	t.Parallel()
	overwritesNothing := map[string]bool{
		"groups.add_member": true, "groups.remove_member": true, // an element of a set
		"sessions.end": true, "sessions.end_sign_in": true, "me.end_session": true, "me.end_sign_in": true, "session.end": true, // an end
		"me.remove_factor": true, "users.reset_factors": true, "apis.forget_learned": true, // an end
		"me.rename_factor": true,                          // what its owner calls it
		"apis.describe":    true, "apis.undescribe": true, // by which nothing is decided
	}
	for _, r := range httpapi.Rows() {
		changes := r.Method == http.MethodPut || r.Method == http.MethodPatch || r.Method == http.MethodDelete
		if changes != (r.Versioned || overwritesNothing[r.ID]) && r.Method != http.MethodPost {
			t.Errorf("%s: versioned is %t", r.ID, r.Versioned)
		}
		if r.Once != (r.Status == http.StatusCreated && r.ID != "session.start") {
			t.Errorf("%s: once is %t", r.ID, r.Once)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodHead, "/me", 200, ""},
		{http.MethodHead, "/tenants/" + string(w.T1.ID) + "/users", 200, ""},
		{http.MethodOptions, "/me", 405, "GET, HEAD, PATCH"},
		{http.MethodDelete, "/me", 405, "GET, HEAD, PATCH"},
		{"TRACE", "/me", 405, ""},
		{"get", "/me", 405, "GET, HEAD, PATCH"},
		{http.MethodGet, "/nosuch", 404, ""},
		{http.MethodGet, "/me/", 200, ""}, // a trailing slash never leads elsewhere
		{http.MethodGet, "", 404, ""},
		{http.MethodGet, "/me%2F", 400, ""},
		{http.MethodGet, "/tenants/../me", 400, ""},
		{http.MethodGet, "/ME", 404, ""},
	} {
		got := w.send(t, request{method: tt.method, path: tt.path, token: token})
		if got.status != tt.status || tt.allow != "" && got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d %s, Allow %q", tt.method, tt.path, got.status, got.body, got.header.Get("Allow"))
		}
	}
	got := w.send(t, request{method: http.MethodGet, path: "/me", token: token, header: map[string]string{"Accept": "text/xml"}})
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("Accept text/xml: %d %s", got.status, got.header.Get("Content-Type"))
	}
}

// Text that means something to a store is text.
func TestInjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token(w.Root)
	for i, text := range []string{`' OR '1'='1`, `'; DROP TABLE users; --`, `$1`, `%`, `_`, `\`, `"`, "a;b", "{{x}}", "${X}"} {
		body := fmt.Sprintf(`{"name":%q,"title":%q}`, text, text)
		got := w.send(t, request{method: http.MethodPost, path: "/tenants/" + string(w.T1.ID) + "/groups", body: body, token: token})
		if got.status != http.StatusCreated {
			t.Errorf("%d %s: %d %s", i, text, got.status, got.body)
		}
		list := all(t, w.client(t, token).Groups(w.T1.ID).Listing, api.Search{Search: text})
		if len(list) != 1 || list[0].Name != text {
			t.Errorf("%s: found %+v", text, list)
		}
	}
}

// Headers that other products listen to mean nothing here.
func TestUnknownHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.Person(w.T1.ID)
	for _, name := range []string{"X-Admin", "X-Tenant-Id", "X-Sallyport-User", "X-Original-Url", "X-HTTP-Method-Override", "Is-Multi-Tenant-Query"} {
		got := w.send(t, request{method: http.MethodGet, path: "/users", token: token, header: map[string]string{name: "1"}})
		if got.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// altered is a text with another first character.
func altered(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}
