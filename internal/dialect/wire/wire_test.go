package wire_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

func TestFillSettings(t *testing.T) {
	t.Parallel()
	known := []wire.Setting{
		{Name: "method", Default: "both", Values: []string{"both", "basic"}},
		{Name: "idle", Default: "30m", Check: wire.Within(time.Minute, time.Hour)},
	}
	for _, tt := range []struct {
		in, want map[string]string
		wrong    string // field of the one fault
	}{
		{nil, map[string]string{"method": "both", "idle": "30m"}, ""},
		{map[string]string{"method": "basic", "idle": "1h"}, map[string]string{"method": "basic", "idle": "1h"}, ""},
		{map[string]string{"method": "magic"}, map[string]string{"method": "both", "idle": "30m"}, "settings.method"},
		{map[string]string{"idle": "2h"}, map[string]string{"method": "both", "idle": "30m"}, "settings.idle"},
		{map[string]string{"idle": "soon"}, map[string]string{"method": "both", "idle": "30m"}, "settings.idle"},
		{map[string]string{"methods": "basic"}, map[string]string{"method": "both", "idle": "30m"}, "settings.methods"},
	} {
		before := maps.Clone(tt.in)
		api := sallyport.API{Settings: tt.in}
		wrong := wire.FillSettings(&api, known...)
		if !maps.Equal(api.Settings, tt.want) || !maps.Equal(tt.in, before) {
			t.Errorf("%v: became %v, want %v; the document has %v", before, api.Settings, tt.want, tt.in)
		}
		if tt.wrong == "" && len(wrong) > 0 || tt.wrong != "" && (len(wrong) != 1 || wrong[0].(*sallyport.Error).Field != tt.wrong) { //nolint:errorlint,forcetypeassert // it is one
			t.Errorf("%v: faults %v, want %q", before, wrong, tt.wrong)
		}
	}
}

func TestReadFields(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"a":"x","b":[1]}`: "x", `{"a":null}`: "", `{}`: "", `{"a":1}`: "error", `[]`: "error", ``: "error", `{"a":"x","a":"y"}`: "error",
		`{"a":"x"} {}`: "error", strings.Repeat(`{"a":`, 1000): "error",
	} {
		x := &surface.Exchange{Request: &doors.Request{Body: func() ([]byte, error) { return []byte(body), nil }}}
		got := ""
		f, err := wire.ReadFields(x)
		if err == nil {
			got, err = f.Text("a")
		}
		if err != nil {
			got = "error"
			if sallyport.KindOf(err) != sallyport.Invalid {
				t.Errorf("%.40s: %v is no fault of the input", body, err)
			}
		}
		if got != want {
			t.Errorf("%.40s: %q, want %q (%v)", body, got, want, err)
		}
	}
}

// FuzzReadFields: what is read as text is what any other reader finds there.
func FuzzReadFields(f *testing.F) {
	for _, seed := range []string{`{"username":"x","password":"y"}`, `{"username":"\u0041"}`, `{"username":`, `[]`, "{\"username\":\"\xff\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		x := &surface.Exchange{Request: &doors.Request{Body: func() ([]byte, error) { return []byte(body), nil }}}
		fields, err := wire.ReadFields(x)
		if err != nil {
			return
		}
		got, err := fields.Text("username")
		if err != nil {
			return
		}
		var other map[string]any
		if err := json.Unmarshal([]byte(body), &other); err != nil {
			t.Fatalf("%q was read, and is not JSON: %v", body, err)
		}
		if text, _ := other["username"].(string); text != got {
			t.Errorf("%q: %q, others read %q", body, got, text)
		}
	})
}

// TestComplete: what a document says stays, and what it leaves open is filled in;
// aliases come with the base path alone.
func TestComplete(t *testing.T) {
	t.Parallel()
	whole := sallyport.API{
		BasePath: "/a", Aliases: []string{"/b"}, Explain: sallyport.ExplainFull, Token: sallyport.TokenSpec{Algorithm: "RS256", Lifetime: 5},
		Routes: []sallyport.Route{{ID: "x"}}, Upstream: sallyport.Upstream{URL: "http://never"},
	}
	var open sallyport.API
	wire.Complete(&open, whole)
	if open.BasePath != "/a" || len(open.Aliases) != 1 || open.Explain != sallyport.ExplainFull || open.Token != whole.Token || len(open.Routes) != 1 || open.Upstream.URL != "" {
		t.Errorf("an open document became %+v", open)
	}
	said := sallyport.API{BasePath: "/c", Explain: sallyport.ExplainNone, Token: sallyport.TokenSpec{Lifetime: 7}, Routes: []sallyport.Route{{ID: "y"}, {ID: "z"}}}
	wire.Complete(&said, whole)
	if said.BasePath != "/c" || said.Aliases != nil || said.Explain != sallyport.ExplainNone || said.Token.Lifetime != 7 || said.Token.Algorithm != "RS256" || len(said.Routes) != 2 {
		t.Errorf("a document that says something became %+v", said)
	}
}
