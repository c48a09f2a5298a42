package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

const reference = "../../docs/reference"

// TestReference keeps docs/reference/config.md and config.schema.json equal to
// what the struct and its comments say; SALLYPORT_UPDATE=1 rewrites them.
func TestReference(t *testing.T) {
	t.Parallel()
	c := readComments(t, "config.go", "../../api.go")
	root := shapeOf(reflect.TypeFor[Config](), "koanf")
	checkGolden(t, "config.md", manual(t, c, root))
	checkGolden(t, "config.schema.json", schemaFile(t, c, root))
	checkGolden(t, "policy.schema.json", policySchema(t, c))
}

// policySchema is the schema of policy files, in the words of the wire types.
func policySchema(t *testing.T, c comments) []byte {
	t.Helper()
	root := shapeOf(reflect.TypeFor[api.Policy](), "json")
	required := map[string][]string{}
	var words func(reflect.Type)
	words = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.PkgPath() != reflect.TypeFor[api.Policy]().PkgPath() {
			return
		}
		for f := range typ.Fields() {
			c[typ.Name()+"."+f.Name] = f.Tag.Get("doc")
			if key, options, _ := strings.Cut(f.Tag.Get("json"), ","); options == "" {
				required[typ.Name()] = append(required[typ.Name()], key)
			}
			words(f.Type)
		}
	}
	words(root.typ)
	s := schemaOf(c, root)
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "Sallyport policy"
	for key, list := range root.fields {
		if names := required[elemName(list)]; len(names) > 0 {
			s["properties"].(map[string]any)[key].(map[string]any)["items"].(map[string]any)["required"] = names
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func elemName(s *shape) string {
	if s.elem == nil {
		return ""
	}
	return s.elem.typ.Name()
}

func checkGolden(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(reference, name)
	if os.Getenv("SALLYPORT_UPDATE") != "" {
		if err := os.MkdirAll(reference, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/reference/%s is not what config.go says; run SALLYPORT_UPDATE=1 go test ./internal/config", name)
	}
}

// comments are the comments of types and, as "Type.Field", of their fields.
type comments map[string]string

func readComments(t *testing.T, files ...string) comments {
	t.Helper()
	c := comments{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				typ, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				c[typ.Name.Name] = strings.TrimSpace(typ.Doc.Text() + g.Doc.Text())
				if st, ok := typ.Type.(*ast.StructType); ok {
					for _, f := range st.Fields.List {
						for _, n := range f.Names {
							c[typ.Name.Name+"."+n.Name] = strings.TrimSpace(f.Doc.Text() + f.Comment.Text())
						}
					}
				}
			}
		}
	}
	return c
}

// of returns the comment on the field of a shape, on one line, or the comment
// on its type.
func (c comments) of(s *shape) string {
	if text := c[s.parent+"."+s.field]; text != "" {
		return strings.Join(strings.Fields(text), " ")
	}
	return strings.Join(strings.Fields(c[s.typ.Name()]), " ")
}

func manual(t *testing.T, c comments, root *shape) []byte {
	var b bytes.Buffer
	b.WriteString("# Configuration\n\n<!-- Generated from internal/config/config.go by SALLYPORT_UPDATE=1 go test ./internal/config. Do not edit. -->\n\n")
	b.WriteString(strings.TrimPrefix(c["Config"], "A Config is the configuration of a node. "))
	b.WriteString(`

An unknown key, a key that is there twice, a value of the wrong type and a
reference that nobody resolved (such as ` + "`${X}`" + `) are errors. All errors are
reported at once, each with its line, and the program ends with exit code 78.
The smallest file:

` + "```yaml" + `
# yaml-language-server: $schema=config.schema.json
storage:
  url: sqlite:sallyport.db
keys:
  master_key_file: master.key
` + "```\n")
	defaults := leafDefaults(t, root)
	section(&b, c, root, "", defaults)
	for _, key := range root.keys {
		if s := root.fields[key]; s.kind == object {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", key, c[s.typ.Name()])
			section(&b, c, s, key+".", defaults)
		}
	}
	b.WriteString("\n## API documents\n\nA list item of `apis`, and each file in `apis_dir`, has these keys. `name`,\n`base_path` and `upstream.url` are required.\n")
	for _, typ := range []reflect.Type{
		reflect.TypeFor[sallyport.API](), reflect.TypeFor[sallyport.Upstream](), reflect.TypeFor[sallyport.Accept](),
		reflect.TypeFor[sallyport.Selector](), reflect.TypeFor[sallyport.PermissionSpec](), reflect.TypeFor[sallyport.ScopeSpec](),
		reflect.TypeFor[sallyport.Route](), reflect.TypeFor[sallyport.Parameter](), reflect.TypeFor[sallyport.TokenSpec](), reflect.TypeFor[sallyport.PathSpec](),
		reflect.TypeFor[sallyport.LearnSpec](),
	} {
		s := shapeOf(typ, "json")
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| key | is | meaning |\n|---|---|---|\n", typ.Name(), plain(c[typ.Name()]))
		for _, key := range s.keys {
			f := s.fields[key]
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, typeName(f), plain(c.of(f)))
		}
	}
	return b.Bytes()
}

// section writes the keys of an object that have values of their own.
func section(b *bytes.Buffer, c comments, s *shape, prefix string, defaults map[string]string) {
	for _, key := range s.keys {
		f, path := s.fields[key], prefix+key
		if f.kind == object {
			if prefix != "" {
				fmt.Fprintf(b, "\n### %s\n\n%s\n", path, c[f.typ.Name()])
				section(b, c, f, path+".", defaults)
			}
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\n%s\n\n- is: %s\n", path, c[f.parent+"."+f.field], typeName(f))
		if d := defaults[path]; d != "" {
			fmt.Fprintf(b, "- default: `%s`\n", d)
		}
		switch {
		case f.kind != list || f.elem.kind != object:
			fmt.Fprintf(b, "- variable: `%s`\n", variable(path))
		case f.elem.typ.PkgPath() == reflect.TypeFor[Config]().PkgPath():
			b.WriteString("\n| key | is | meaning |\n|---|---|---|\n")
			for _, key := range f.elem.keys {
				of := f.elem.fields[key]
				fmt.Fprintf(b, "| `%s` | %s | %s |\n", key, typeName(of), plain(c.of(of)))
			}
		}
	}
}

// plain turns the links of a comment into words.
func plain(s string) string {
	s = strings.NewReplacer("[", "", "]", "", "|", "\\|").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

func typeName(s *shape) string {
	switch s.kind {
	case boolean:
		return "`true` or `false`"
	case number, duration, parsed:
		name := map[shapeKind]string{number: "whole number", duration: "duration"}[s.kind]
		switch s.typ {
		case reflect.TypeFor[Size]():
			name = "size"
		case reflect.TypeFor[sallyport.Duration]():
			name = "duration"
		case reflect.TypeFor[time.Time]():
			name = "time"
		}
		if name == "" {
			name = "network"
		}
		if s.min != "" {
			name += ", " + s.min + " to " + s.max
		}
		return name
	case list:
		return "list of " + strings.TrimPrefix(typeName(s.elem), "a ")
	case object:
		return s.typ.Name()
	case texts:
		return "keys with values"
	case secret:
		return "text, secret"
	default:
		if len(s.enum) > 0 {
			return "`" + strings.Join(s.enum, "`, `") + "`"
		}
		if s.is != "" {
			return s.is
		}
		return "text"
	}
}

// leafDefaults returns the defaults that are not empty, as they are written.
func leafDefaults(t *testing.T, root *shape) map[string]string {
	t.Helper()
	v := reflect.ValueOf(Default())
	d := map[string]string{}
	for _, l := range root.leaves("") {
		f := fieldAt(v, root, l.path)
		switch {
		case l.shape.kind == boolean || l.shape.kind == number:
			d[l.path] = fmt.Sprint(f.Interface())
		case f.IsZero():
		case l.shape.kind == list:
			d[l.path] = strings.Join(strings.Fields(strings.ReplaceAll(fmt.Sprint(f.Interface()), " ", ", ")), " ")
		case l.shape.kind == duration:
			d[l.path] = shortDuration(f.Interface().(time.Duration))
		default:
			d[l.path] = fmt.Sprint(f.Interface())
		}
	}
	return d
}

// shortDuration writes 30m for 30m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func schemaFile(t *testing.T, c comments, root *shape) []byte {
	t.Helper()
	s := schemaOf(c, root)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Sallyport configuration"
	delete(s, "description")
	for path, d := range leafDefaults(t, root) {
		at := s
		for key := range strings.SplitSeq(path, ".") {
			at = at["properties"].(map[string]any)[key].(map[string]any)
		}
		if at["type"] != "array" {
			at["default"] = d
			if at["type"] != "string" {
				at["default"] = json.RawMessage(d)
			}
			if _, two := at["type"].([]string); two {
				at["default"] = d
			}
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func schemaOf(c comments, s *shape) map[string]any {
	m := map[string]any{}
	if d := plain(c.of(s)); d != "" {
		m["description"] = d
	}
	switch s.kind {
	case boolean:
		m["type"] = "boolean"
	case number:
		m["type"] = "integer"
		if s.min != "" {
			m["minimum"], m["maximum"] = json.RawMessage(s.min), json.RawMessage(s.max)
		}
	case list:
		m["type"], m["items"] = "array", schemaOf(c, s.elem)
	case object:
		properties := map[string]any{}
		for key, f := range s.fields {
			properties[key] = schemaOf(c, f)
		}
		m["type"], m["properties"], m["additionalProperties"] = "object", properties, false
		if s.typ == reflect.TypeFor[sallyport.API]() {
			m["required"] = []string{"name", "upstream"}
		}
	case texts:
		m["type"], m["additionalProperties"] = "object", schemaOf(c, s.elem)
	case duration, parsed, text, secret:
		m["type"] = "string"
		switch {
		case s.typ == reflect.TypeFor[Size]():
			m["type"], m["pattern"] = []string{"string", "integer"}, `^[0-9]+ ?(KiB|MiB|GiB)?$`
		case s.kind == duration || s.typ == reflect.TypeFor[sallyport.Duration]():
			m["pattern"] = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
		case s.typ == reflect.TypeFor[time.Time]():
			m["format"] = "date-time"
		case len(s.enum) > 0:
			m["enum"] = s.enum
		}
	}
	return m
}

// Every key is explained, has a variable of its own, and there is a floor and a
// ceiling for every number.
func TestKeys(t *testing.T) {
	t.Parallel()
	c := readComments(t, "config.go", "../../api.go")
	root := shapeOf(reflect.TypeFor[Config](), "koanf")
	variables := map[string]string{}
	leaves := root.leaves("")
	if len(leaves) < 40 {
		t.Errorf("found %d keys only", len(leaves))
	}
	for _, l := range leaves {
		if c[l.shape.parent+"."+l.shape.field] == "" {
			t.Errorf("%s is not explained", l.path)
		}
		v := variable(l.path)
		if other := variables[v]; other != "" {
			t.Errorf("%s and %s have the same variable %s", l.path, other, v)
		}
		variables[v] = l.path
		if notOurs(v) {
			t.Errorf("%s: the variable %s is taken for something else", l.path, v)
		}
		bounded := l.shape.kind == number || l.shape.kind == duration || l.shape.typ == reflect.TypeFor[Size]()
		if bounded && (l.shape.min == "" || l.shape.max == "") {
			t.Errorf("%s has no bounds", l.path)
		}
	}
	v := reflect.ValueOf(Default())
	for _, l := range leaves {
		if l.shape.kind == list || l.shape.is != "" || l.shape.kind == secret || l.path == "public.url" {
			continue
		}
		if _, err := l.shape.value(fmt.Sprint(fieldAt(v, root, l.path).Interface())); err != nil {
			t.Errorf("the default of %s: %v", l.path, err)
		}
	}
}

// Every field of a document can be written in a file: a field without a key
// would be lost in silence.
func TestEveryFieldHasAKey(t *testing.T) {
	t.Parallel()
	var walk func(reflect.Type, string)
	walk = func(typ reflect.Type, tag string) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ == reflect.TypeFor[sallyport.API]() {
			tag = "json"
		}
		if typ.Kind() != reflect.Struct || shapeOf(typ, tag).kind != object {
			return
		}
		for f := range typ.Fields() {
			if f.Tag.Get(tag) == "" {
				t.Errorf("%s.%s has no %s tag", typ, f.Name, tag)
			}
			walk(f.Type, tag)
		}
	}
	walk(reflect.TypeFor[Config](), "koanf")
}
