package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document that is kept, to be shown.
const (
	MaxKept   = 4 << 20 // bytes of its JSON
	maxValues = 400_000
	maxDepth  = 200
)

// Keep checks a document, in YAML or JSON, as [Read] does, and returns it as
// compact JSON, which [ReadTree] reads.
func Keep(data []byte) ([]byte, error) {
	if _, err := Read(data); err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(spaced(data), &node); err != nil {
		return nil, fmt.Errorf("the document is neither YAML nor JSON: %w", err)
	}
	c := converter{}
	value, err := c.value(node.Content[0], 0)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write the document as JSON: %w", err)
	}
	if len(text) > MaxKept {
		return nil, fmt.Errorf("the document is larger than %d MiB", MaxKept>>20)
	}
	return text, nil
}

// A converter makes values of JSON of nodes of YAML. Aliases are written out, so
// it counts.
type converter struct{ values int }

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	n = resolved(n)
	if c.values++; c.values > maxValues || depth > maxDepth {
		return nil, fmt.Errorf("line %d: the document has too many values, or too many within each other", n.Line)
	}
	switch n.Kind { //nolint:exhaustive // of the others nothing is made but null
	case yaml.MappingNode:
		return c.object(n, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := c.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		return scalar(n), nil
	}
	return nil, nil //nolint:nilnil // JSON has a null, too
}

func (c *converter) object(n *yaml.Node, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			merged = append(merged, n.Content[i+1])
			continue
		}
		v, err := c.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		object[key.Value] = v
	}
	for _, m := range merged {
		v, err := c.value(m, depth+1)
		if err != nil {
			return nil, err
		}
		inherited, _ := v.(map[string]any)
		for key, value := range inherited {
			if _, there := object[key]; !there {
				object[key] = value
			}
		}
	}
	return object, nil
}

// scalar is a scalar of YAML as JSON has it. What JSON has no word for, such as a
// date, is text.
func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return b
		}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}

// A Tree is a document that is shown: the whole of it, to be cut down to what
// somebody may see. It is not safe for concurrent use.
type Tree struct{ root map[string]any }

// ReadTree reads what [Keep] returned.
func ReadTree(text []byte) (*Tree, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	t := &Tree{}
	if err := d.Decode(&t.root); err != nil {
		return nil, fmt.Errorf("read a kept OpenAPI document: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || t.root == nil {
		return nil, errors.New("read a kept OpenAPI document: it is no object")
	}
	return t, nil
}

// JSON returns the document.
func (t *Tree) JSON() ([]byte, error) { return json.MarshalIndent(t.root, "", " ") }

// Swagger reports whether it is of version 2.0.
func (t *Tree) Swagger() bool { return t.root["swagger"] != nil }

// BasePath is the path of the first server, "/" if it has none.
func (t *Tree) BasePath() string {
	server := asText(t.root["basePath"])
	if list, _ := t.root["servers"].([]any); len(list) > 0 {
		server = asText(asObject(list[0])["url"])
	}
	return basePathOf(server)
}

// Move says where the API is: at a base URL without a slash at the end.
func (t *Tree) Move(url string) {
	if !t.Swagger() {
		t.root["servers"] = []any{map[string]any{"url": url}}
		return
	}
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	t.root["schemes"], t.root["host"], t.root["basePath"] = []any{scheme}, host, "/"+path
}

// A Scheme is one way in which an API takes credentials.
type Scheme struct {
	ID   string
	In   string // "bearer", "basic", "header", "query" or "cookie"
	Name string // of the header, parameter or cookie
}

// Secure replaces what the document says about security by what really is asked
// for: any one of the schemes.
func (t *Tree) Secure(schemes []Scheme) {
	all, anyOf := map[string]any{}, []any{}
	for _, s := range schemes {
		if t.Swagger() && s.In == "cookie" {
			continue // it has no word for one
		}
		all[s.ID] = t.scheme(s)
		anyOf = append(anyOf, map[string]any{s.ID: []any{}})
	}
	t.root["security"] = anyOf
	if t.Swagger() {
		t.root["securityDefinitions"] = all
		return
	}
	components := asObject(t.root["components"])
	if components == nil {
		components = map[string]any{}
		t.root["components"] = components
	}
	components["securitySchemes"] = all
}

func (t *Tree) scheme(s Scheme) map[string]any {
	switch {
	case s.In == "basic" && t.Swagger():
		return map[string]any{"type": "basic"}
	case s.In == "bearer" && t.Swagger():
		return map[string]any{"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer and the credential."}
	case s.In == "basic", s.In == "bearer":
		return map[string]any{"type": "http", "scheme": s.In}
	}
	return map[string]any{"type": "apiKey", "in": s.In, "name": s.Name}
}

// Shown says of an operation whether it is shown, and what is said of it.
type Shown struct {
	Keep bool
	Open bool           // no credential is needed
	Note map[string]any // "x-sallyport"; nil: nothing
}

// Cut keeps the operations that f wants, in place of what they say about servers
// and security, and what these refer to.
func (t *Tree) Cut(f func(method, path string) Shown) {
	paths := asObject(t.root["paths"])
	for path := range paths {
		item := t.item(paths[path])
		delete(item, "servers")
		left := false
		for _, method := range methods {
			op := asObject(item[method])
			if op == nil {
				continue
			}
			shown := f(strings.ToUpper(method), path)
			if !shown.Keep {
				delete(item, method)
				continue
			}
			left = true
			delete(op, "servers")
			delete(op, "security")
			delete(op, "callbacks")
			if shown.Open {
				op["security"] = []any{}
			}
			if shown.Note != nil {
				op["x-sallyport"] = shown.Note
			}
		}
		if paths[path] = item; !left {
			delete(paths, path)
		}
	}
	for _, name := range []string{"webhooks", "externalDocs"} {
		delete(t.root, name)
	}
	t.prune()
}

// item is a path item, of which a reference is followed; a copy, so that a place
// that is referred to twice can be cut in two ways.
func (t *Tree) item(v any) map[string]any {
	return maps.Clone(t.follow(v))
}

// follow returns an object, which may be a reference to another place of the
// document; nil if it is none.
func (t *Tree) follow(v any) map[string]any {
	for range maxRefs {
		o := asObject(v)
		ref, refers := o["$ref"].(string)
		if !refers {
			return o
		}
		pointer, local := strings.CutPrefix(ref, "#/")
		if !local {
			return nil
		}
		v = t.at(pointer)
	}
	return nil
}

func (t *Tree) at(pointer string) any {
	var v any = t.root
	for part := range strings.SplitSeq(pointer, "/") {
		v = asObject(v)[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return v
}

// shelves are where parts are kept that others refer to.
func (t *Tree) shelves() map[string]map[string]any {
	all := map[string]map[string]any{}
	if t.Swagger() {
		for _, name := range []string{"definitions", "parameters", "responses"} {
			all[name] = asObject(t.root[name])
		}
		return all
	}
	for name, v := range asObject(t.root["components"]) {
		if shelf := asObject(v); shelf != nil && name != "securitySchemes" {
			all["components/"+name] = shelf
		}
	}
	return all
}

// prune removes what nothing that is left refers to: it would tell of operations
// that are not shown.
func (t *Tree) prune() {
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && !used[ref] {
				used[ref] = true
				walk(t.at(strings.TrimPrefix(ref, "#/")))
			}
			for _, name := range asObject(asObject(v["discriminator"])["mapping"]) {
				walk(map[string]any{"$ref": name})
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(t.root["paths"])
	for place, shelf := range t.shelves() {
		for name := range shelf {
			if !used["#/"+place+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name)] {
				delete(shelf, name)
			}
		}
	}
	t.pruneTags()
}

func (t *Tree) pruneTags() {
	used := map[string]bool{}
	for _, item := range asObject(t.root["paths"]) {
		for _, op := range asObject(item) {
			for _, tag := range asTexts(asObject(op)["tags"]) {
				used[tag] = true
			}
		}
	}
	if tags, ok := t.root["tags"].([]any); ok {
		t.root["tags"] = slices.DeleteFunc(tags, func(tag any) bool { return !used[asText(asObject(tag)["name"])] })
	}
}

func asObject(v any) map[string]any { o, _ := v.(map[string]any); return o }

func asText(v any) string { s, _ := v.(string); return s }

func asTexts(v any) []string {
	var list []string
	items, _ := v.([]any)
	for _, item := range items {
		if s := asText(item); s != "" {
			list = append(list, s)
		}
	}
	return list
}
