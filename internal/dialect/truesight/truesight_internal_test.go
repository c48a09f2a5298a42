package truesight

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/respond"
)

// TestComplete: a document of a name, the dialect and an upstream is whole, and
// settings that make no sense are refused by name.
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings map[string]string
		wrong    string
	}{
		{nil, ""},
		{map[string]string{"idle": "1s", "lifetime": "1h", "logout_status": "200", "cookie": "no", "interactive_user": "true", "about": "token", "realms": "upstream", "actions": "a=b"}, ""},
		{map[string]string{"idle": "0s"}, "settings.idle"},
		{map[string]string{"idle": "25h"}, "settings.idle"},
		{map[string]string{"lifetime": "59m"}, "settings.lifetime"},
		{map[string]string{"logout_status": "205"}, "settings.logout_status"},
		{map[string]string{"cookie": "maybe"}, "settings.cookie"},
		{map[string]string{"interactive_user": "yes"}, "settings.interactive_user"},
		{map[string]string{"about": "closed"}, "settings.about"},
		{map[string]string{"realms": "all"}, "settings.realms"},
		{map[string]string{"actions": "a"}, "settings.actions"},
		{map[string]string{"timeout": "1m"}, "settings.timeout"},
	} {
		api := sallyport.API{Name: "x", Dialect: "truesight", Settings: tt.settings}
		wrong := Spec().Complete(&api)
		if tt.wrong == "" && len(wrong) > 0 || tt.wrong != "" && (len(wrong) != 1 || wrong[0].(*sallyport.Error).Field != tt.wrong) { //nolint:errorlint,forcetypeassert // it is one
			t.Errorf("%v: faults %v, want %q", tt.settings, wrong, tt.wrong)
		}
		if api.BasePath != base || !slices.Equal(api.Aliases, []string{baseDocs}) || len(api.Routes) == 0 || len(api.Permissions) == 0 || api.Explain != sallyport.ExplainFull {
			t.Errorf("%v: not complete: %+v", tt.settings, api)
		}
	}
	own := sallyport.API{
		Name: "x", BasePath: "/b", Accept: []sallyport.Accept{{In: sallyport.CarrierBasic}}, Explain: sallyport.ExplainNone,
		Permissions: []sallyport.PermissionSpec{{Name: "p"}}, Scopes: []sallyport.ScopeSpec{{Name: "s"}}, Routes: []sallyport.Route{{Path: "/r"}},
	}
	Spec().Complete(&own)
	if own.BasePath != "/b" || own.Aliases != nil || len(own.Accept) != 1 || own.Explain != sallyport.ExplainNone || len(own.Permissions) != 1 ||
		len(own.Scopes) != 2 || own.Scopes[1].Name != browser || len(own.Routes) != 1 {
		t.Errorf("what the document says was changed: %+v", own)
	}
}

// TestNeeds: each route needs something, or is open on purpose.
func TestNeeds(t *testing.T) {
	t.Parallel()
	api := sallyport.API{Name: "x"}
	Spec().Complete(&api)
	for _, r := range api.Routes {
		open := r.Public || r.ID == "end token"
		if open != (len(r.AllOf) == 0) || !open && r.AllOf[0] != webServices || !r.Public && r.Title == "" && r.ID != "end token" {
			t.Errorf("%s %v %s: needs %v, title %q", r.ID, r.Methods, r.Path, r.AllOf, r.Title)
		}
	}
}

func TestParseActions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "[]", " , ": "[]", "a=b": "[{a b}]", " {6F96-D0} = edit-groups ,x.y_z:1=p": "[{{6F96-D0} edit-groups} {x.y_z:1 p}]",
		"a": "error", "a=": "error", "=b": "error", "a=b=c": "error", "a=b,a=c": "error", "a b=c": "error", "a=b;c": "error", "ä=b": "error",
		strings.Repeat("a", 64) + "=b": "[{" + strings.Repeat("a", 64) + " b}]", strings.Repeat("a", 65) + "=b": "error",
	} {
		list, err := parseActions(text)
		got := fmt.Sprint(list)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", text, got, err, want)
		}
	}
	var many []string
	for i := range maxActions + 1 {
		many = append(many, fmt.Sprintf("a%d=b", i))
	}
	if _, err := parseActions(strings.Join(many[1:], ",")); err != nil {
		t.Errorf("as many as there may be: %v", err)
	}
	if _, err := parseActions(strings.Join(many, ",")); err == nil {
		t.Error("more were read than there may be")
	}
}

func FuzzActions(f *testing.F) {
	f.Add("6F9619FF-8B86-D011-B42D-00C04FC964FF=edit-groups, x=y")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseActions(text)
		if err != nil {
			return
		}
		var parts []string
		for _, a := range list {
			parts = append(parts, a.id+"="+a.permission)
		}
		again, err := parseActions(strings.Join(parts, ","))
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%q: %v became %v, %v", text, list, again, err)
		}
	})
}

// TestLoginOf: a name of a directory is the same login in both ways to write it.
func TestLoginOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"jane": "jane", `ACME\jane`: "jane@ACME", "jane@acme.example": "jane@acme.example", `acme.example\jane`: "jane@acme.example",
		`\jane`: `\jane`, `ACME\`: `ACME\`, `A\B\jane`: `A\B\jane`, `ACME\jane@other`: `ACME\jane@other`, "": "",
	} {
		if got := loginOf(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// FuzzForm: what is read of a form is what another reader finds there, once.
func FuzzForm(f *testing.F) {
	f.Add("grant_type=password&username=jane&password=s3cret")
	f.Add("grant_type=password&username=ja%6ee&password=%2B+x&password")
	f.Fuzz(func(t *testing.T, body string) {
		in, err := parseForm([]byte(body))
		if err != nil {
			return
		}
		other, err := url.ParseQuery(body)
		if err != nil {
			return // it is stricter about what does not matter here
		}
		for name, value := range map[string]string{"grant_type": "password", "username": in.username, "password": in.password} {
			if got := other[name]; len(got) != 1 || got[0] != value {
				t.Errorf("%q: %s is %q, another reader finds %q", body, name, value, got)
			}
		}
	})
}

func TestCookiePath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		base    string
		aliases []string
		want    string
	}{
		{base, []string{baseDocs}, "/bca-networks"},
		{"/a/b", nil, "/a/b"},
		{"/a/b", []string{"/a/b/c"}, "/a/b"},
		{"/a/b", []string{"/a/bc", "/a/d"}, "/a"},
		{"/a", []string{"/b"}, "/"},
		{"/", []string{"/b"}, "/"},
	} {
		if got := cookiePath(&sallyport.API{BasePath: tt.base, Aliases: tt.aliases}); got != tt.want {
			t.Errorf("%s and %v: %s, want %s", tt.base, tt.aliases, got, tt.want)
		}
	}
}

// TestSentence: a status that has a sentence of its own is told in it, whatever is
// wrong.
func TestSentence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status              int
		title, detail, want string
	}{
		{500, "Internal error", "a table is missing", unexpected},
		{503, "Temporarily unavailable", "Try again in a moment.", "Service unavailable: Try again in a moment."},
		{429, "Too many attempts", "", "Too many requests: Too many attempts"},
		{404, "Not found", "There is nothing here.", "Not found: There is nothing here."},
		{599, "Odd", "", ": Odd"},
	} {
		if got := sentence(tt.status, tt.title, tt.detail); got != tt.want {
			t.Errorf("%d: %q, want %q", tt.status, got, tt.want)
		}
	}
}

// TestFailure: what goes wrong on our side is told in the product's sentence, and
// nothing of it.
func TestFailure(t *testing.T) {
	t.Parallel()
	x := &surface.Exchange{
		Request:  &doors.Request{API: &policy.API{Document: &sallyport.API{Name: "x"}}},
		Decision: &sallyport.Decision{RequestID: "r", Reason: sallyport.InternalFault},
		Answer:   respond.Answer{Decision: sallyport.Decision{RequestID: "r", Reason: sallyport.InternalFault}},
		Docs:     respond.DefaultDocs,
	}
	var log strings.Builder
	d := &dialect{Config: wire.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"denied": func(w http.ResponseWriter, r *http.Request) { d.Deny(w, r, x) },
		"failed": func(w http.ResponseWriter, r *http.Request) {
			(&call{dialect: d, Exchange: x, w: w, r: r}).fail(errors.New("table users is gone"))
		},
	} {
		w := httptest.NewRecorder()
		answer(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `{"status":500,"message":"`+unexpected+`"`) || strings.Contains(w.Body.String(), "users") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "table users is gone") {
		t.Errorf("the log says %q", log.String())
	}
}
