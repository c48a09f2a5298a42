package strictjson_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/strictjson"
)

type inner struct {
	Deep string `json:"deep"`
}

type document struct {
	inner
	Name     string                           `json:"name"`
	Roles    []string                         `json:"roles,omitempty"`
	Count    int8                             `json:"count"`
	Share    float64                          `json:"share"`
	On       *bool                            `json:"on"`
	At       time.Time                        `json:"at"`
	Networks []netip.Prefix                   `json:"networks"`
	Lasts    sallyport.Duration               `json:"lasts"`
	Scopes   api.Nullable[[]string]           `json:"scopes,omitzero"`
	Until    api.Nullable[time.Time]          `json:"until,omitzero"`
	Parts    []inner                          `json:"parts"`
	Labels   map[string]inner                 `json:"labels"`
	Raw      json.RawMessage                  `json:"raw"`
	Hidden   string                           `json:"-"`
	Sub      *document                        `json:"sub"`
	Max      api.Nullable[sallyport.Duration] `json:"max,omitzero"`
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	text := ` {"name":"a\u00e9\ud83d\ude00","deep":"d","roles":["x"],"count":-128,"share":1.5e3,"on":true,
		"at":"2030-01-31T12:00:00Z","networks":["10.0.0.0/8"],"lasts":"5m","scopes":null,"until":"2030-01-31T12:00:00Z",
		"parts":[{"deep":"1"}],"labels":{"any name":{"deep":"2"}},"raw":{"Anything":[1,null]},"sub":{"name":"b"}}
	`
	var got, want document
	if err := strictjson.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || !got.Scopes.IsNull() || got.Name != "aé😀" || got.Sub.Name != "b" || !got.Max.IsZero() {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	const secret = "spp_secret"
	for _, tt := range []struct{ text, path, message string }{
		{``, "", "empty"},
		{` `, "", "empty"},
		{`x`, "", "not JSON"},
		{`"s"`, "", "not an object"},
		{`[]`, "", "not an object"},
		{`null`, "", "null"},
		{`{}{}`, "", "data after its end"},
		{`{} x`, "", "data after its end"},
		{"{}\x00", "", "data after its end"},
		{"\ufeff{}", "", "not JSON"},
		{`{"name":"a",}`, "", "not JSON"},
		{`{"name" "a"}`, "", "not JSON"},
		{`{name:"a"}`, "", "not JSON"},
		{`{"name":'a'}`, "name", "not JSON"},
		{`{"name":"a"`, "", "not JSON"},
		{`{"roles":["a",]}`, "roles[1]", "not JSON"},
		{`{"roles":["a"`, "roles", "not JSON"},
		{"{\"name\":\"\xff\"}", "", "UTF-8"},
		{"{\"name\":\"\n\"}", "name", "control character"},
		{`{"name":"\x41"}`, "name", "not JSON"},
		{`{"name":"\ud800"}`, "name", "not JSON"},
		{`{"name":"\ud800\u0041"}`, "name", "not JSON"},
		{`{"name":"\ud800\ue000"}`, "name", "not JSON"},
		{`{"name":"\udc00\ud800"}`, "name", "not JSON"},
		{`{"name":"a\u0000"}`, "name", "has a NUL character"},
		{`{"name":"\u12g4"}`, "name", "not JSON"},
		{`{"name":"` + secret + `","name":"b"}`, "name", "is there twice"},
		{`{"name":"a","n\u0061me":"b"}`, "name", "is there twice"},
		{`{"labels":{"a":{},"a":{}}}`, "labels.a", "is there twice"},
		{`{"raw":{"a":1,"a":2}}`, "raw.a", "is there twice"},
		{`{"nosuch":{"a":1,"a":2},"x":1}`, "nosuch", "is not a field here"},
		{`{"ROLES":["admin"]}`, "ROLES", "did you mean roles?"},
		{`{"role":["admin"]}`, "role", "did you mean roles?"},
		{`{"rolles":["admin"]}`, "rolles", "did you mean roles?"},
		{`{"is_system":true}`, "is_system", "is not a field here; leave it out"},
		{`{"Hidden":"a"}`, "Hidden", "is not a field here"},
		{`{"-":"a"}`, "-", "is not a field here"},
		{`{"inner":{"deep":"a"}}`, "inner", "is not a field here"},
		{`{"` + strings.Repeat("n", 65) + `":1}`, "?", "is not a field here"},
		{`{"a\nb":1}`, "?", "is not a field here"},
		{`{"sub":{"sub":{"Name":"a"}}}`, "sub.sub.Name", "did you mean name?"},
		{`{"parts":[{},{"depp":"a"}]}`, "parts[1].depp", "did you mean deep?"},
		{`{"name":1}`, "name", "is not a string"},
		{`{"name":null}`, "name", "is null; leave it out, or send a string"},
		{`{"on":null}`, "on", "is null"},
		{`{"on":"true"}`, "on", "is not true or false"},
		{`{"roles":"` + secret + `"}`, "roles", "is not an array"},
		{`{"roles":{}}`, "roles", "is not an array"},
		{`{"roles":[1]}`, "roles[0]", "is not a string"},
		{`{"count":128}`, "count", "is not a whole number within bounds"},
		{`{"count":1.0}`, "count", "is not a whole number within bounds"},
		{`{"count":1e1}`, "count", "is not a whole number within bounds"},
		{`{"count":"1"}`, "count", "is not a whole number"},
		{`{"count":01}`, "", "not JSON"},
		{`{"count":+1}`, "count", "not JSON"},
		{`{"count":-}`, "count", "not JSON"},
		{`{"share":1.}`, "share", "not JSON"},
		{`{"share":1e}`, "share", "not JSON"},
		{`{"share":1e999}`, "share", "is not a number within bounds"},
		{`{"share":NaN}`, "share", "not JSON"},
		{`{"at":"` + secret + `"}`, "at", "is not a time such as"},
		{`{"at":5}`, "at", "is not a time such as"},
		{`{"networks":["` + secret + `"]}`, "networks[0]", "is not a network such as"},
		{`{"lasts":"` + secret + `"}`, "lasts", "is not a duration such as"},
		{`{"lasts":"-5m"}`, "lasts", "is not a duration such as"},
		{`{"scopes":[null]}`, "scopes[0]", "is null"},
		{`{"scopes":"` + secret + `"}`, "scopes", "is not an array"},
		{`{"until":"soon"}`, "until", "is not a time"},
		{`{"raw":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, "raw" + strings.Repeat("[0]", 30), ""},
		{`{"raw":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "raw" + strings.Repeat("[0]", 31), "nested too deeply"},
		{strings.Repeat("[", 1<<20), "[0]", "nested too deeply"},
	} {
		before := document{Name: "untouched"}
		got := before
		err := strictjson.Unmarshal([]byte(tt.text), &got)
		faulty, ok := errors.AsType[*strictjson.Error](err)
		if tt.message == "" {
			if err != nil {
				t.Errorf("%.60s: %v", tt.text, err)
			}
			continue
		}
		if !ok || len(faulty.Faults) == 0 {
			t.Errorf("%.60s: %v", tt.text, err)
			continue
		}
		f := faulty.Faults[len(faulty.Faults)-1]
		if tt.path != f.Path && faulty.Faults[0].Path == tt.path {
			f = faulty.Faults[0]
		}
		if !strings.HasPrefix(f.Path, tt.path) || !strings.Contains(f.Message, tt.message) {
			t.Errorf("%.60s: %+v, want %q %q", tt.text, faulty.Faults, tt.path, tt.message)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%.60s: the error quotes a value: %v", tt.text, err)
		}
		if !reflect.DeepEqual(got, before) {
			t.Errorf("%.60s: something was written: %+v", tt.text, got)
		}
	}
}

func TestUnmarshalTellsAllFaults(t *testing.T) {
	t.Parallel()
	var d document
	err := strictjson.Unmarshal([]byte(`{"name":1,"nosuch":2,"roles":[3],"on":4}`), &d)
	if faulty, ok := errors.AsType[*strictjson.Error](err); !ok || len(faulty.Faults) != 4 {
		t.Errorf("%v; want 4 faults", err)
	}
	err = strictjson.Unmarshal([]byte(`{"roles":[`+strings.Repeat("1,", 1000)+`1]}`), &d)
	if faulty, ok := errors.AsType[*strictjson.Error](err); !ok || len(faulty.Faults) != 20 {
		t.Errorf("%d faults; want 20", len(faulty.Faults))
	}
}

func TestUnmarshalIntoNothing(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, document{}, (*document)(nil)} {
		if err := strictjson.Unmarshal([]byte(`{}`), v); err == nil {
			t.Errorf("reading into %T succeeded", v)
		}
	}
}

// Whatever is taken here, encoding/json takes as well, without unknown fields,
// and it makes the same of it.
func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"name":"a","roles":["b"],"parts":[{"deep":"c"}]}`, `{"raw":[1,2.5e-3,{"b":"\u00e9\ud83d\ude00"}]}`,
		`{"scopes":null,"until":"2030-01-31T12:00:00Z"}`, `{"name":"a","name":"b"}`, `{"NAME":"a"}`, `[`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want document
		if err := strictjson.Unmarshal(text, &got); err != nil {
			if faulty, ok := errors.AsType[*strictjson.Error](err); !ok || len(faulty.Faults) == 0 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("took %q, encoding/json says: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %+v, encoding/json says %+v", text, got, want)
		}
	})
}
