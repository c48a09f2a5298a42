package docs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	wire "github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/node"
)

// TestDocuments: every document of an API on a page would be taken, and every
// piece of a configuration has only keys that there are.
func TestDocuments(t *testing.T) {
	t.Parallel()
	var schema object
	text, err := os.ReadFile(filepath.Join(root, "docs/reference/config.schema.json"))
	if err == nil {
		err = json.Unmarshal(text, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	apis, policies, configurations := 0, 0, 0
	for _, p := range readPages(t) {
		for _, b := range p.blocks {
			if b.language != "yaml" {
				continue
			}
			var m map[string]any
			if err := yaml.Unmarshal([]byte(b.text), &m); err != nil {
				t.Errorf("%s:%d: %v", p.path, b.line, err)
				continue
			}
			// A dialect can say itself where an API is.
			if m["base_path"] != nil || m["dialect"] != nil {
				apis++
				checkAPI(t, p, b)
				continue
			}
			if _, isOpenAPI := m["openapi"]; isOpenAPI {
				continue // somebody else's
			}
			if m["policy"] != nil || m["tests"] != nil {
				if _, err := config.DecodeFile[wire.Policy](p.path, []byte(b.text), 1<<20); err != nil {
					t.Errorf("%s:%d: %v", p.path, b.line, err)
				}
				policies++
				continue
			}
			configurations++
			for _, key := range schema.strangers("", m) {
				t.Errorf("%s:%d: the configuration has no key %s", p.path, b.line, key)
			}
		}
	}
	if apis < 2 || policies < 1 || configurations < 3 {
		t.Errorf("found %d documents, %d policies and %d configurations only", apis, policies, configurations)
	}
}

func checkAPI(t *testing.T, p page, b block) {
	t.Helper()
	api, err := config.DecodeAPI([]byte(b.text))
	if err != nil {
		t.Errorf("%s:%d: %v", p.path, b.line, err)
		return
	}
	for _, fault := range node.Rules(dialect.Specs()).Check(&api) {
		t.Errorf("%s:%d: %v", p.path, b.line, fault)
	}
}

// An object is the part of a JSON Schema that names keys.
type object struct {
	Properties map[string]object `json:"properties"`
}

// strangers returns the keys of a mapping that the schema does not name.
func (o object) strangers(above string, m map[string]any) []string {
	var out []string
	for key, value := range m {
		known, ok := o.Properties[key]
		name := strings.TrimPrefix(above+"."+key, ".")
		if !ok {
			out = append(out, name)
		} else if below, isMap := value.(map[string]any); isMap {
			out = append(out, known.strangers(name, below)...)
		}
	}
	return out
}

// TestStrangers: the law above finds what is wrong.
func TestStrangers(t *testing.T) {
	t.Parallel()
	o := object{Properties: map[string]object{"public": {Properties: map[string]object{"listen": {}}}}}
	got := o.strangers("", map[string]any{"public": map[string]any{"listen": "", "port": 1}, "log": 1})
	if len(got) != 2 || !strings.Contains(strings.Join(got, " "), "public.port") || !strings.Contains(strings.Join(got, " "), "log") {
		t.Errorf("strangers are %v, want public.port and log", got)
	}
}
