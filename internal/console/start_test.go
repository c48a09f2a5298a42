package console

import (
	"bytes"
	"crypto/rand"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
)

// asked has the doors decide on a request with a token.
func (w *world) asked(method, path, secret string) sallyport.Decision {
	w.t.Helper()
	header := http.Header{}
	if secret != "" {
		header.Set("Authorization", "Bearer "+secret)
	}
	return w.node.Doors.Decide(w.t.Context(), &doors.Request{
		ID: rand.Text(), Method: method, Target: path, Host: "sallyport.test", Scheme: "https", Header: header,
	})
}

var pastedPattern = regexp.MustCompile(`(?s)<pre class="secret take"[^>]*>(.*?)</pre>`)

// From nothing to a request that is let in, with the pages alone.
func TestStart(t *testing.T) {
	w := newWorld(t)
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	b := w.boss()
	b.get("/apis").want(t, 200).has(t, `href="/sallyport/start"`)
	b.get("/start").want(t, 200).has(t, `enctype="multipart/form-data"`, `value="api"`, `value="standard" selected`)
	b.post("/start", "upstream", upstream.URL, "name", "api", "dialect", "standard").leads(t, Base+"/start/api?done=start")
	b.get("/start/api?done=start").want(t, 200).has(t, "The API is guarded.", `value="api/read"`, "https://sallyport.test/")
	b.post("/start/api", "name", "", "right", "api/read").want(t, 422).has(t, "Give the token a name.", `value="api/read" checked`)
	b.post("/start/api", "name", "curl", "right", "sallyport").want(t, 422).has(t, "Choose what the token may do.", `value="curl"`)

	made := b.post("/start/api", "name", "curl", "right", "api/read").want(t, 201)
	secret := made.part(t, secretPattern)
	if pasted := html.UnescapeString(made.part(t, pastedPattern)); !strings.Contains(pasted, "Bearer "+secret) || !strings.HasSuffix(pasted, "'https://sallyport.test/'") {
		t.Errorf("to be pasted: %s", pasted)
	}
	again := html.UnescapeString(made.part(t, regexp.MustCompile(`data-from="/sallyport([^"]+)"`)))
	b.get(again).want(t, 200).has(t, "Nothing came yet.").hasNot(t, secret)

	w.asked("GET", "/orders", "")
	w.asked("DELETE", "/orders", secret)
	got := b.get(again).want(t, 200).has(t, "DELETE /orders", "scope_insufficient", "GET /orders", "credential_missing", "/sallyport/why/")
	got.hasNot(t, "A request was let in", "Nothing came yet.")
	if d := w.asked("GET", "/orders", secret); !d.Allowed {
		t.Fatalf("the token is refused: %s", d.Reason)
	}
	got = b.get(again).want(t, 200).has(t, "A request was let in", "DELETE /orders")
	for _, page := range []answer{made, got} {
		for _, fault := range append(wellMade(page.text), guarded(page.Header)) {
			if fault != "" {
				t.Errorf("%s\n%s", fault, page.text)
			}
		}
	}
}

// Where there is no tenant, the way to a first request is the same.
func TestStartWithoutTenants(t *testing.T) {
	w := bareWorld(t)
	_, err := w.node.Admin.FirstAdministrator(t.Context(), system, admin.NewUser{Login: "keeper", Password: password, KeepPassword: true})
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	b := w.signedIn("keeper")
	b.post("/start", "upstream", upstream.URL, "name", "api", "dialect", "standard", "base_path", "/api").leads(t, Base+"/start/api?done=start")
	made := b.post("/start/api", "name", "curl", "right", "api/read").want(t, 201)
	secret := made.part(t, secretPattern)
	if pasted := html.UnescapeString(made.part(t, pastedPattern)); !strings.Contains(pasted, "Bearer "+secret) {
		t.Errorf("to be pasted: %s", pasted)
	}
	if d := w.asked("GET", "/api/orders", secret); !d.Allowed {
		t.Errorf("the token is refused: %s", d.Reason)
	}
	for _, page := range []string{"/account", "/access", "/access/all/users", "/overview", "/apis/api", "/apis/api/routes", "/apis/api/explore", "/why", "/advise", "/audit"} {
		b.get(page).want(t, 200)
	}
}

const petsDocument = `openapi: 3.1.0
info: {title: Pets, version: "1"}
servers: [{url: /pets}]
paths:
  /all: {get: {operationId: all, tags: [pets]}}
  /all/{id}: {delete: {operationId: remove, tags: [pets]}}
`

// What is wrong is said beside its field, with all that was typed still there.
func TestStartRefused(t *testing.T) {
	w := newWorld(t)
	w.orders()
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	encrypted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(encrypted.Close)
	b := w.boss()
	for name, tt := range map[string]struct {
		form []string
		id   string
		says string
	}{
		"no URL":                {[]string{"upstream", ""}, "upstream-fault", "Enter the URL"},
		"not a URL":             {[]string{"upstream", "here and there"}, "upstream-fault", ""},
		"another scheme":        {[]string{"upstream", "ftp://127.0.0.1"}, "upstream-fault", ""},
		"nothing listens":       {[]string{"upstream", gone.URL}, "upstream-fault", "Nothing listens at"},
		"an unknown authority":  {[]string{"upstream", encrypted.URL}, "upstream-fault", "an authority that this machine does not know"},
		"not TLS":               {[]string{"upstream", "https" + strings.TrimPrefix(upstream.URL, "http")}, "upstream-fault", "does not speak TLS"},
		"Sallyport itself":      {[]string{"upstream", site}, "upstream-fault", "This is Sallyport"},
		"no name":               {[]string{"name", " "}, "name-fault", "Choose a name."},
		"a bad name":            {[]string{"name", "My API"}, "name-fault", ""},
		"a name that is taken":  {[]string{"name", "orders", "base_path", "/x"}, "", ""},
		"a bad base path":       {[]string{"base_path", "no/slash"}, "base_path-fault", ""},
		"an unknown dialect":    {[]string{"dialect", "klingon", "document", ""}, "dialect-fault", "klingon"},
		"a document that isn't": {[]string{"document", "hello: {"}, "document-fault", "neither YAML nor JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			form := map[string]string{"upstream": upstream.URL, "name": "pets", "dialect": "standard", "document": petsDocument, "strip": "yes"}
			for i := 0; i < len(tt.form); i += 2 {
				form[tt.form[i]] = tt.form[i+1]
			}
			var pairs []string
			for field, value := range form {
				pairs = append(pairs, field, value)
			}
			got := b.post("/start", pairs...)
			if got.StatusCode != 422 && got.StatusCode != 409 {
				t.Fatalf("status %d\n%s", got.StatusCode, got.text)
			}
			got.has(t, tt.says, html.EscapeString(form["upstream"]), html.EscapeString(strings.TrimSpace(form["name"])), html.EscapeString(form["document"]), `name="strip" value="yes" checked`)
			if tt.id != "" {
				got.has(t, `id="`+tt.id+`"`)
			}
			if faults := wellMade(got.text); len(faults) > 0 {
				t.Errorf("%v\n%s", faults, got.text)
			}
		})
	}
	// Who knows that nothing answers yet goes on all the same.
	b.post("/start", "upstream", gone.URL, "name", "pets", "dialect", "standard", "document", petsDocument, "anyway", "yes").
		leads(t, Base+"/start/pets?done=start")
	routes := w.node.Doors.Policy().API("pets").Routes
	if len(routes) != 2 || w.node.Doors.Policy().API("pets").Document.BasePath != "/pets" {
		t.Errorf("%d routes were made of the document", len(routes))
	}
}

// A document comes as a file, too, and is not read for just anybody.
func TestStartUpload(t *testing.T) {
	w := newWorld(t)
	upstream := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(upstream.Close)
	b := w.boss()
	upload := func(session, document string) answer {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for _, field := range [][2]string{{"upstream", upstream.URL}, {"name", "pets"}, {"dialect", "standard"}, {"document", ""}} {
			if err := form.WriteField(field[0], field[1]); err != nil {
				t.Fatal(err)
			}
		}
		file, err := form.CreateFormFile("file", "openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.WriteString(file, document); err != nil || form.Close() != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", site+Base+"/start", &body)
		r.RequestURI = Base + "/start"
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Cookie", cookie+"="+session)
		rec := httptest.NewRecorder()
		w.console.ServeHTTP(rec, r)
		return answer{rec.Result(), rec.Body.String()}
	}
	large := petsDocument + "# " + strings.Repeat("x", 100_000)
	upload("", large).leads(t, Base+"/sign-in?done=ended")
	upload(b.session, petsDocument+strings.Repeat("# x\n", maxUpload/4)).want(t, 413)
	upload(b.session, large).leads(t, Base+"/start/pets?done=start")
	b.get("/apis/pets/explore").want(t, 200).has(t, "/pets/all")
	if got := len(w.node.Doors.Policy().API("pets").Routes); got != 2 {
		t.Errorf("%d routes", got)
	}
}

// Who may not mount APIs has nothing done for him, no knock at an address either.
func TestStartIsForWhoMay(t *testing.T) {
	w := newWorld(t)
	knocked := make(chan struct{}, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { knocked <- struct{}{} }))
	t.Cleanup(upstream.Close)
	b := w.reader("jo")
	b.get("/apis").want(t, 200).hasNot(t, `href="/sallyport/start"`)
	b.post("/start", "upstream", upstream.URL, "name", "api", "dialect", "standard").want(t, 403)
	w.user("di", "Di")
	w.signedIn("di").get("/start").want(t, 403)
	select {
	case <-knocked:
		t.Error("a request was sent for somebody who may not mount APIs")
	case <-time.After(0):
	}
}
