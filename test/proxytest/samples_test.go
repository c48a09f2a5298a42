package proxytest_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/test/proxytest"
)

// samples are the shipped files that hand the identity to the API. Some are
// for proxies that cannot be run here; what can be read from them is checked.
var samples = []string{
	"nginx/sallyport.conf", "haproxy/sallyport.lua", "caddy/Caddyfile", "apache/sallyport.lua",
	"traefik/dynamic.yaml", "envoy/envoy.yaml",
}

func TestSamplesNameEveryIdentityHeader(t *testing.T) {
	t.Parallel()
	for _, sample := range samples {
		text := strings.ToLower(proxytest.Sample(t, sample))
		for name := range identity {
			if !strings.Contains(text, strings.ToLower(name)) {
				t.Errorf("%s does not mention %s", sample, name)
			}
		}
	}
}

// A proxy that cannot be run here says so, lest its sample be taken for tested.
func TestSamplesSayWhatWasNotRun(t *testing.T) {
	t.Parallel()
	for _, sample := range samples {
		_, untested := map[string]bool{"traefik/dynamic.yaml": true, "envoy/envoy.yaml": true}[sample]
		if got := strings.Contains(proxytest.Sample(t, sample), "Not run by this project's tests"); got != untested {
			t.Errorf("%s says that it was not run: %v, want %v", sample, got, untested)
		}
	}
}

// In nginx, return and rewrite come before the question (they run in an
// earlier phase), so a location that asks must not contain them.
func TestNginxSampleAnswersNothingUnasked(t *testing.T) {
	t.Parallel()
	locations := strings.Split(proxytest.Sample(t, "nginx/sallyport.conf"), "\n    location ")[1:]
	asked, internal := 0, 0
	for _, location := range locations {
		name, _, _ := strings.Cut(location, " {")
		switch {
		case strings.Contains(location, "auth_request /"):
			asked++
			for _, word := range []string{"return ", "rewrite ", "if (", "satisfy "} {
				if strings.Contains(location, word) {
					t.Errorf("location %s asks and contains %q", name, word)
				}
			}
		case strings.Contains(location, "internal;"):
			internal++
		default:
			t.Errorf("location %s is open to clients and does not ask", name)
		}
	}
	if asked != 1 || internal != 4 {
		t.Errorf("found %d locations that ask and %d internal ones, want 1 and 4", asked, internal)
	}
}

func TestTraefikSampleFailsClosed(t *testing.T) {
	t.Parallel()
	var c struct {
		HTTP struct {
			Routers map[string]struct {
				Middlewares []string
			}
			Middlewares map[string]struct {
				Headers struct {
					CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
				}
				ForwardAuth struct {
					Address             string
					TrustForwardHeader  *bool    `yaml:"trustForwardHeader"`
					AuthResponseHeaders []string `yaml:"authResponseHeaders"`
				} `yaml:"forwardAuth"`
			}
		}
	}
	parse(t, "traefik/dynamic.yaml", &c)
	if got := strings.Join(c.HTTP.Routers["api"].Middlewares, " "); got != "sallyport-clean sallyport sallyport-secrets" {
		t.Errorf("middlewares are %q", got)
	}
	auth := c.HTTP.Middlewares["sallyport"].ForwardAuth
	if auth.Address != "http://127.0.0.1:9090/decide/traefik" || auth.TrustForwardHeader == nil || *auth.TrustForwardHeader {
		t.Errorf("forwardAuth is %+v", auth)
	}
	copied := map[string]bool{}
	for _, name := range auth.AuthResponseHeaders {
		copied[name] = true
	}
	cleaned := c.HTTP.Middlewares["sallyport-clean"].Headers.CustomRequestHeaders
	for name := range identity {
		if value, ok := cleaned[name]; !ok || value != "" || !copied[name] {
			t.Errorf("%s: cleaned %v, copied %v", name, ok && value == "", copied[name])
		}
	}
}

func TestEnvoySampleFailsClosed(t *testing.T) {
	t.Parallel()
	var c any
	parse(t, "envoy/envoy.yaml", &c)
	found := map[string][]any{}
	collect(c, found)
	for key, want := range map[string]any{
		"failure_mode_allow": false, "headers_with_underscores_action": "REJECT_REQUEST",
		"normalize_path": false, "merge_slashes": false, "path_prefix": "/decide/envoy",
	} {
		if got := found[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v, want once %v", key, got, want)
		}
	}
	removed, copied := map[any]bool{}, map[any]bool{}
	for _, name := range found["remove"] {
		removed[name] = true
	}
	for _, name := range found["exact"] {
		copied[name] = true
	}
	for name := range identity {
		if name = strings.ToLower(name); !removed[name] || !copied[name] {
			t.Errorf("%s: removed %v, copied %v", name, removed[name], copied[name])
		}
	}
}

// collect gathers the values of every key anywhere in a YAML document.
func collect(node any, found map[string][]any) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			found[key] = append(found[key], value)
			collect(value, found)
		}
	case []any:
		for _, value := range node {
			collect(value, found)
		}
	}
}

func parse(t *testing.T, sample string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(proxytest.Sample(t, sample)), into); err != nil {
		t.Fatalf("%s: %v", sample, err)
	}
}
