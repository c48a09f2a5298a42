package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

var noon = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func TestMoment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		past bool
		want time.Time
	}{
		{"2031-02-03", false, time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)},
		{"2031-02-03T04:05:06+02:00", false, time.Date(2031, 2, 3, 2, 5, 6, 0, time.UTC)},
		{"90m", false, noon.Add(90 * time.Minute)},
		{"30d", false, noon.Add(30 * day)},
		{"30d", true, noon.Add(-30 * day)},
		{"2031-02-03", true, time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)},
		{"none", false, time.Time{}},
	} {
		m := moment{past: tt.past}
		if err := m.Set(tt.text); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		if got := m.value(noon); !got.Equal(tt.want) {
			t.Errorf("%s (past: %v) is %v; want %v", tt.text, tt.past, got, tt.want)
		}
	}
	for _, text := range []string{"", "tomorrow", "-1h", "-3d", "1.5d", "2031-02-30", "2031-02-03 04:05", "99999999d", "d", "None"} {
		var m moment
		if err := m.Set(text); err == nil {
			t.Errorf("%q was taken as %v", text, m.value(noon))
		}
	}
}

// In a change, what is not given is left out and "none" is null.
func TestChangesOfFlags(t *testing.T) {
	t.Parallel()
	wire := func(given ...string) string {
		var expires moment
		var age spanOrNone
		for _, text := range given {
			if err := errors.Join(expires.Set(text), age.Set(text)); err != nil {
				t.Fatal(err)
			}
		}
		text, err := json.Marshal(struct {
			Token  api.TokenChange
			Tenant api.TenantChange
		}{
			api.TokenChange{ExpiresAt: expires.change(noon), Scopes: nullableList(len(given) > 0, given)},
			api.TenantChange{TokenMaxAge: age.change()},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for given, want := range map[string]string{
		"":     `{"Token":{},"Tenant":{}}`,
		"none": `{"Token":{"scopes":null,"expires_at":null},"Tenant":{"token_max_age":null}}`,
		"2d":   `{"Token":{"scopes":["2d"],"expires_at":"2030-05-03T12:00:00Z"},"Tenant":{"token_max_age":"48h0m0s"}}`,
	} {
		if got := wire(strings.Fields(given)...); got != want {
			t.Errorf("%q: %s; want %s", given, got, want)
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	var n networksFlag
	for _, text := range []string{"10.0.0.0/8, 192.0.2.7", "2001:db8::/32", "::1"} {
		if err := n.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got, want := n.String(), "10.0.0.0/8,192.0.2.7/32,2001:db8::/32,::1/128"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if err := n.Set("none"); err != nil || len(n.list) != 0 || !n.given {
		t.Errorf("none: %v, %v", n.list, err)
	}
	for _, text := range []string{"", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "10.0.0.1,", "example.com"} {
		if err := n.Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "now", time.Second: "now", -90 * time.Second: "90s ago", 5*time.Minute + 40*time.Second: "in 6m",
		-3 * time.Hour: "3h ago", 30*day - time.Second: "in 30d", 800 * day: "in 2y",
	} {
		if got := distance(d); got != want {
			t.Errorf("%v is %q; want %q", d, got, want)
		}
	}
}

// What others have put into a name or a user agent does not reach the terminal
// as something that it obeys, and cannot shift a table.
func TestTableIsPrintable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	v := view[string]{{name: "name", text: func(s string) string { return s }}, {name: "b", text: func(string) string { return "x" }}}
	for _, evil := range []string{"a\x1b[2Jb", "a\u009b31mb", "a\tb", "a\nb", "a\u202eb", "a\x00b", "a\u200bb"} {
		out.Reset()
		if err := showTable(&out, v, []string{evil}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[1], `a\u00`) && !strings.HasPrefix(lines[1], `a\u20`) || len(strings.Fields(lines[1])) != 2 {
			t.Errorf("%q is shown as %q", evil, out.String())
		}
	}
	out.Reset()
	if err := showTable(&out, v, []string{"Größe 7 – 日本"}); err != nil || !strings.Contains(out.String(), "Größe 7 – 日本  x") {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// YAML has what JSON has, and text that looks like something else stays text.
func TestYAML(t *testing.T) {
	t.Parallel()
	in := `{"z":"no","a":"1234","b":1,"c":true,"d":"2030-01-31","e":[],"f":{},"g":"","h":"a: b # c","i":"two\nlines","j":null,"k":[{"x":"y"}],"l":"\u009b","m":"~"}`
	text, err := yamlOf([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	var fromYAML, fromJSON map[string]any
	if err := errors.Join(yaml.Unmarshal(text, &fromYAML), json.Unmarshal([]byte(in), &fromJSON)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got, err := json.Marshal(fromYAML)
	want, err2 := json.Marshal(fromJSON)
	if string(got) != string(want) || err != nil || err2 != nil {
		t.Errorf("%s\nwant %s\n%s", got, want, text)
	}
	if !strings.HasPrefix(string(text), "z: \"no\"\na: \"1234\"\nb: 1\n") {
		t.Errorf("the keys are not as they were, or not plain:\n%s", text)
	}
}

// An answer whose secret was lost is a failure for people, who would not notice
// otherwise.
func TestLostSecret(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := &printer{out: &out, format: formatTable, now: noon}
	if err := p.showSecret(&api.Issued{Credential: api.Credential{Name: "x"}}, "Made."); err == nil {
		t.Errorf("nothing was said:\n%s", out.String())
	}
	out.Reset()
	if err := p.showSecret(&api.Issued{Credential: api.Credential{Name: "x"}, Secret: "spp_1"}, "Made."); err != nil || !strings.HasSuffix(out.String(), ":\n\nspp_1\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestNeeded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		route sallyport.Route
		want  string
	}{
		{sallyport.Route{Public: true}, "nothing"},
		{sallyport.Route{Authenticated: true}, "a credential"},
		{sallyport.Route{AnyOf: []string{"a", "b"}}, "a or b"},
		{sallyport.Route{AllOf: []string{"a", "b"}}, "a and b"},
		{sallyport.Route{AllOf: []string{"a"}, AnyOf: []string{"b", "c"}}, "a and (b or c)"},
	} {
		if got := needed(tt.route); got != tt.want {
			t.Errorf("%+v needs %q; want %q", tt.route, got, tt.want)
		}
	}
}
