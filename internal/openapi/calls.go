package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Bounds of what is told of a call.
const (
	maxLong       = 2000 // bytes of a description
	maxParameters = 60
	maxChoices    = 60
)

// A Call is an operation as somebody needs it who wants to make it.
type Call struct {
	Method      string // in upper case
	Path        string // as written, below the base path
	ID          string
	Summary     string
	Description string
	Tag         string // the first one; empty: none
	Deprecated  bool
	Parameters  []Parameter
	Body        *Body // nil: it has none
}

// A Parameter is one value that a call takes.
type Parameter struct {
	Name        string
	In          string // "path", "query", "header" or "form"
	Description string
	Type        string // such as "string" or "integer"; may be empty
	Required    bool
	Many        bool     // there may be several values
	Rest        bool     // of a path: the value may have slashes in it
	Example     string   // empty: none is given
	Choices     []string // the values that there are; none: any
}

// A Body is what a call sends, where that is not fields of a form.
type Body struct {
	Types       []string // content types, JSON first
	Required    bool
	Description string

	tree  *Tree
	media map[string]map[string]any // by content type
}

// Calls lists the operations of the document, by path.
func (t *Tree) Calls() []Call {
	var list []Call
	paths := asObject(t.root["paths"])
	for path := range paths {
		item := t.follow(paths[path])
		for _, method := range methods {
			if op := asObject(item[method]); op != nil && method != "trace" {
				list = append(list, t.call(strings.ToUpper(method), path, item, op))
			}
		}
	}
	slices.SortFunc(list, func(a, b Call) int {
		if a.Path != b.Path {
			return strings.Compare(a.Path, b.Path)
		}
		return slices.Index(methods, strings.ToLower(a.Method)) - slices.Index(methods, strings.ToLower(b.Method))
	})
	return list
}

func (t *Tree) call(method, path string, item, op map[string]any) Call {
	deprecated, _ := op["deprecated"].(bool)
	c := Call{
		Method: method, Path: path, ID: oneLine(asText(op["operationId"])), Summary: oneLine(asText(op["summary"])),
		Description: long(asText(op["description"])), Deprecated: deprecated,
	}
	if tags := asTexts(op["tags"]); len(tags) > 0 {
		c.Tag = oneLine(tags[0])
	}
	own, _ := op["parameters"].([]any)
	shared, _ := item["parameters"].([]any)
	for _, v := range slices.Concat(own, shared) {
		p := t.follow(v)
		if p == nil || len(c.Parameters) == maxParameters {
			continue
		}
		if asText(p["in"]) == "body" {
			c.Body = t.swaggerBody(p, op)
			continue
		}
		made := t.parameter(p)
		if made.Name == "" || slices.ContainsFunc(c.Parameters, func(o Parameter) bool { return o.Name == made.Name && o.In == made.In }) {
			continue
		}
		c.Parameters = append(c.Parameters, made)
	}
	if body := t.follow(op["requestBody"]); body != nil {
		t.body(&c, body)
	}
	return c
}

// parameter reads a parameter, whose type stands in a schema, or in Swagger 2.0
// beside it. Of a place that is not filled in here it has no name.
func (t *Tree) parameter(p map[string]any) Parameter {
	in := strings.Replace(asText(p["in"]), "formData", "form", 1)
	if !slices.Contains([]string{"path", "query", "header", "form"}, in) {
		return Parameter{}
	}
	schema := p
	if s := t.follow(p["schema"]); s != nil {
		schema = s
	}
	required, _ := p["required"].(bool)
	made := Parameter{
		Name: asText(p["name"]), In: in, Description: long(asText(p["description"])), Required: required || in == "path",
	}
	t.typed(&made, schema)
	if example := p["example"]; example != nil {
		made.Example = plainText(example)
	}
	return made
}

// typed notes what a schema says of a parameter.
func (t *Tree) typed(p *Parameter, schema map[string]any) {
	p.Type = typeOf(schema)
	if p.Type == "array" {
		p.Many = true
		schema = t.follow(schema["items"])
		p.Type = typeOf(schema)
	}
	if list, ok := schema["enum"].([]any); ok && len(list) <= maxChoices {
		for _, v := range list {
			p.Choices = append(p.Choices, plainText(v))
		}
	}
	if p.Type == "boolean" && len(p.Choices) == 0 {
		p.Choices = []string{"true", "false"}
	}
	if v := schema["example"]; v != nil {
		p.Example = plainText(v)
	}
}

// typeOf is the type of a schema; of several the first that is not null.
func typeOf(schema map[string]any) string {
	if list := asTexts(schema["type"]); len(list) > 0 {
		if i := slices.IndexFunc(list, func(s string) bool { return s != "null" }); i >= 0 {
			return list[i]
		}
	}
	return asText(schema["type"])
}

// body reads a request body. One that is a form alone becomes parameters.
func (t *Tree) body(c *Call, body map[string]any) {
	content := asObject(body["content"])
	required, _ := body["required"].(bool)
	if form := asObject(content[formType]); form != nil && len(content) == 1 {
		schema := t.follow(form["schema"])
		must := asTexts(schema["required"])
		properties := asObject(schema["properties"])
		for _, name := range sortedKeys(properties) {
			p := Parameter{Name: name, In: "form", Required: slices.Contains(must, name)}
			property := t.follow(properties[name])
			t.typed(&p, property)
			p.Description = long(asText(property["description"]))
			c.Parameters = append(c.Parameters, p)
		}
		return
	}
	b := &Body{Required: required, Description: long(asText(body["description"])), tree: t, media: map[string]map[string]any{}}
	for _, kind := range sortedKeys(content) {
		b.add(kind, asObject(content[kind]))
	}
	c.Body = b
}

// formType is the content type of forms without files.
const formType = "application/x-www-form-urlencoded"

// add notes a content type; JSON comes first.
func (b *Body) add(kind string, media map[string]any) {
	if len(b.Types) == maxChoices {
		return
	}
	if b.media[kind] = media; strings.Contains(kind, "json") {
		b.Types = slices.Insert(b.Types, 0, kind)
	} else {
		b.Types = append(b.Types, kind)
	}
}

func (t *Tree) swaggerBody(p, op map[string]any) *Body {
	required, _ := p["required"].(bool)
	b := &Body{Required: required, Description: long(asText(p["description"])), tree: t, media: map[string]map[string]any{}}
	types := asTexts(op["consumes"])
	if len(types) == 0 {
		types = asTexts(t.root["consumes"])
	}
	if len(types) == 0 {
		types = []string{"application/json"}
	}
	for _, kind := range types {
		b.add(kind, p)
	}
	return b
}

// maxExample bounds a body to begin with, in bytes.
const maxExample = 16 << 10

// Bounds of a sample; schemas may contain themselves, in more than one place.
const (
	sampleDepth = 6
	maxSampled  = 500
)

// plainText writes a value as it stands in a URL.
func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	case map[string]any, []any:
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(v)
}

// long returns a description, bounded.
func long(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if len(s) <= maxLong {
		return s
	}
	return strings.ToValidUTF8(s[:maxLong], "") + " …"
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// basePathOf is the path of a server's URL, "/" if it has none.
func basePathOf(server string) string {
	if u, err := url.Parse(server); err == nil && strings.HasPrefix(u.Path, "/") {
		return "/" + strings.Trim(u.Path, "/")
	}
	return "/"
}
