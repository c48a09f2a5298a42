package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/respond"
)

func TestNullable(t *testing.T) {
	t.Parallel()
	type change struct {
		Scopes api.Nullable[[]string]  `json:"scopes,omitzero"`
		At     api.Nullable[time.Time] `json:"at,omitzero"`
	}
	at := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]change{
		`{}`:              {},
		`{"scopes":null}`: {Scopes: api.Null[[]string]()},
		`{"scopes":["a"],"at":"2030-01-31T12:00:00Z"}`: {Scopes: api.To([]string{"a"}), At: api.To(at)},
		`{"scopes":[]}`: {Scopes: api.To([]string{})},
	} {
		var got change
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("%+v is written %s, %v", want, back, err)
		}
	}
	var n api.Nullable[time.Time]
	if err := json.Unmarshal([]byte(`"soon"`), &n); err == nil || !n.IsZero() {
		t.Errorf("a bad value: %v, %+v", err, n)
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	s := api.Secret("canary")
	in := api.NewUser{Login: "jo", Password: s}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", in, in, in, s, s), slog.AnyValue(s).Resolve().String()} {
		if strings.Contains(text, "canary") {
			t.Errorf("printed: %s", text)
		}
	}
	if text, err := json.Marshal(in); err != nil || !strings.Contains(string(text), `"password":"canary"`) || s.Reveal() != "canary" {
		t.Errorf("%s, %v", text, err)
	}
}

// What is documented as the answer to a failure is what is sent.
func TestProblemIsWhatIsSent(t *testing.T) {
	t.Parallel()
	shape := func(v any) map[string]string {
		fields := map[string]string{}
		for f := range reflect.TypeOf(v).Fields() {
			fields[f.Tag.Get("json")] = f.Type.Kind().String()
		}
		return fields
	}
	for _, pair := range [][2]any{{api.Problem{}, respond.Problem{}}, {api.FieldError{}, respond.FieldError{}}} {
		if got, want := shape(pair[0]), shape(pair[1]); !reflect.DeepEqual(got, want) {
			t.Errorf("%T has %v\n%T has %v", pair[0], got, pair[1], want)
		}
	}
}
