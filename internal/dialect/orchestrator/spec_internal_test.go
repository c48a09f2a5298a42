package orchestrator

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/doors/target"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		good        bool
	}{
		{"jwt", "no", true},
		{"jwt", "off", false},
		{"url_password", "scrambled", true},
		{"url_password", "yes", false},
		{"session_cookie", "__Host-x", true},
		{"session_cookie", "a b", false},
		{"session_cookie", "", false},
		{"session_idle", "1m", true},
		{"session_idle", "30s", false},
		{"session_lifetime", "8784h", true},
		{"session_lifetime", "8785h", false},
		{"error_bodies", "exact", true},
		{"error_bodies", "raw", false},
		{"authenticate_status", "401", true},
		{"authenticate_status", "500", false},
		{"denied_status", "404", true},
		{"denied_status", "503", false},
		{"cors_origins", "", true},
		{"cors_origins", "https://a.example http://localhost:3000", true},
		{"cors_origins", "*", false},
		{"cors_origins", "https://a.example/", false},
		{"cors_origins", "https://A.example", false},
		{"cors_origins", "a.example", false},
		{"cors_origins", "ftp://a.example", false},
		{"cors_origins", strings.Repeat("https://a.example ", 51), false},
		{"magic", "yes", false},
	} {
		api := sallyport.API{Name: "o", Settings: map[string]string{tt.name: tt.value}}
		if wrong := Spec().Complete(&api); (len(wrong) == 0) != tt.good {
			t.Errorf("%s=%q: %v", tt.name, tt.value, wrong)
		}
	}
}

// What the document says stays as it is.
func TestDocumentWins(t *testing.T) {
	t.Parallel()
	accept := []sallyport.Accept{{In: sallyport.CarrierBearer}}
	routes := []sallyport.Route{{ID: "x", Methods: []string{"GET"}, Path: "/x", Public: true}}
	api := sallyport.API{Name: "o", BasePath: "/o", Accept: accept, Routes: routes}
	if wrong := Spec().Complete(&api); wrong != nil {
		t.Fatal(wrong)
	}
	if api.BasePath != "/o" || len(api.Accept) != 1 || len(api.Routes) != 1 || len(api.Permissions) == 0 || len(api.Scopes) == 0 {
		t.Errorf("became %+v", api)
	}
}

func TestUpward(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		runWorkflow: "Aspera:Orchestrator:Workflow:run Aspera:Orchestrator:Workflow Aspera:Orchestrator",
		workflow:    "Aspera:Orchestrator:Workflow Aspera:Orchestrator",
		product:     "Aspera:Orchestrator",
	} {
		if got := strings.Join(upward(path), " "); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func exchange(path, query string, accept ...string) *surface.Exchange {
	return &surface.Exchange{Request: &doors.Request{
		Canonical: target.Target{Path: base + path, RawQuery: query}, BasePath: base, Header: http.Header{"Accept": accept},
	}}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	const j = "application/json"
	for _, tt := range []struct {
		path, query string
		accept      []string
		want        string
	}{
		{"/api/initiate/124", "", nil, "xml"},
		{"/api/initiate/124.json", "", nil, "json"},
		{"/api/initiate/124/json", "", nil, "json"},
		{"/api/initiate/json", "", nil, "json"},
		{"/api/initiate.json", "", nil, "json"},
		{"/api/initiate.json/124.xml", "", nil, "xml"},
		{"/api/initiate/124.xml", "format=json", []string{j}, "xml"},
		{"/api/initiate/124", "format=json", nil, "json"},
		{"/api/initiate/124", "format=xml", []string{j}, "xml"},
		{"/api/initiate/124", "format=yaml", []string{j}, "json"},
		{"/api/initiate/124", "%66ormat=json", nil, "json"},
		{"/api/initiate/124", "a;b&format=json", nil, "xml"},
		{"/api/initiate/124", "", []string{j}, "json"},
		{"/api/initiate/124", "", []string{"APPLICATION/JSON; charset=utf-8"}, "json"},
		{"/api/initiate/124", "", []string{"image/png"}, "xml"},
		{"/api/initiate/124", "", []string{"text/html, application/xml;q=0.9, */*;q=0.8"}, "xml"},
		{"/api/initiate/124", "", []string{"application/json, */*"}, "json"},
		{"/api/initiate/124", "", []string{"*/*, application/json"}, "xml"},
		{"/api/initiate/124", "", []string{"application/json;q=0.5, text/xml"}, "xml"},
		{"/api/initiate/124", "", []string{"text/xml;q=0.5", j}, "json"},
		{"/api/initiate/124", "", []string{"application/json;q=0"}, "xml"},
		{"/api/initiate/124", "", []string{"application/json;q=nan, text/xml;q=0.1"}, "xml"},
		{"/api/processes_status", "format=json", []string{j}, "xml"},
		{"/api/processes_status.json", "", nil, "xml"},
		{"/api/plugin_version", "", []string{j}, "xml"},
		{"/api/plugin_version", "format=json", nil, "json"},
		{"/api/plugin_version.json", "", nil, "json"},
		{"/users/logoff/xml", "", []string{j}, "xml"},
		{"/users/logoff.json", "", nil, "json"},
		{"/api/json", "", nil, "xml"},
		{"", "", nil, "xml"},
	} {
		if got := formatOf(exchange(tt.path, tt.query, tt.accept...)); got != tt.want {
			t.Errorf("%s?%s %q: %s, want %s", tt.path, tt.query, tt.accept, got, tt.want)
		}
	}
}

// FuzzFormat: whatever is asked for, there are two formats; and what an element
// holds comes out as it went in, as far as XML can hold it.
func FuzzFormat(f *testing.F) {
	f.Add("/api/initiate/124.json", "format=xml", "application/json;q=0.5, */*")
	f.Add("/users/logoff/xml", "", "text/xml")
	f.Add("//..//.json", "&&=", ",;q=,")
	f.Fuzz(func(t *testing.T, path, query, accept string) {
		if got := formatOf(exchange(path, query, accept)); got != formatJSON && got != formatXML {
			t.Errorf("format %q", got)
		}
		e := element{name: "error", attrs: []string{"login", query}, text: path, children: []element{{name: "x", text: accept}}}
		var back struct {
			Login string `xml:"login,attr"`
			Text  string `xml:",chardata"`
			X     string `xml:"x"`
		}
		if err := xml.Unmarshal(e.document(), &back); err != nil {
			t.Fatalf("%s: %v", e.document(), err)
		}
		plain := func(s string) bool {
			return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
		}
		if plain(path) && back.Text != path || plain(query) && back.Login != query || plain(accept) && back.X != accept {
			t.Errorf("%q %q %q came back as %+v", path, query, accept, back)
		}
	})
}

func TestNumberOf(t *testing.T) {
	t.Parallel()
	seen := []int64{}
	for _, id := range []sallyport.PrincipalID{"", "a", "b", "0197a1b2-0000-7000-8000-000000000001"} {
		n := numberOf(id)
		if n < 1 || n > 1<<31 || n != numberOf(id) || slices.Contains(seen, n) {
			t.Errorf("%q: %d", id, n)
		}
		seen = append(seen, n)
	}
}
