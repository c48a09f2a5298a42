package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile  = 4 << 20 // bytes of one file
	maxDepth = 32      // of a document; API documents have 6

	maxFaults = 100 // that are told of one file; who mends these will see the others
)

// A walker reads a YAML document by its shape and collects what is wrong.
type walker struct {
	file   string
	root   *shape
	lines  map[string]int // of the keys that were there
	faults Faults
	most   int // bytes of the text; 0: maxFile
}

func (w *walker) fault(line int, key, format string, args ...any) {
	if len(w.faults) == maxFaults {
		return
	}
	w.faults = append(w.faults, Fault{File: w.file, Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
}

// read reads a whole document. The result holds only keys and types of the
// shape; it is nil if there was no document.
func (w *walker) read(data []byte) map[string]any {
	if most := cmp.Or(w.most, maxFile); len(data) > most {
		w.fault(0, "", "the file is larger than %d MiB", most>>20)
		return nil
	}
	dec := yaml.NewDecoder(strings.NewReader(spaced(data)))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		w.syntax(data, err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		w.fault(more.Line, "", "there is more than one document in the file")
	}
	if len(doc.Content) != 1 || isNull(doc.Content[0]) {
		return nil
	}
	m, _ := w.node(doc.Content[0], w.root, "", 0).(map[string]any)
	return m
}

// spaced returns the text of a document, with spaces for the tabs of a JSON
// one: YAML takes JSON as it is but for those. JSON has no tabs inside strings.
func spaced(data []byte) string {
	s := strings.TrimPrefix(string(data), "\ufeff")
	if strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{") {
		return strings.ReplaceAll(s, "\t", " ")
	}
	return s
}

var (
	yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)
	// fromZero matches what the library says with a line that is counted from 0.
	fromZero = regexp.MustCompile(`^did not find expected (<document start>|node content|'-' indicator|key|',' or)`)
	tabLine  = regexp.MustCompile(`^ *\t`)
)

// syntax reports what the parser says, and the usual cause of it.
func (w *walker) syntax(data []byte, err error) {
	before := len(w.faults)
	for i, line := range strings.Split(string(data), "\n") {
		if tabLine.MatchString(line) && strings.TrimSpace(line) != "" {
			w.fault(i+1, "", "the line is indented with a tab; YAML wants spaces")
		}
	}
	if len(w.faults) > before {
		return
	}
	message, line := err.Error(), 0
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	message = strings.TrimPrefix(message, "yaml: ")
	if fromZero.MatchString(message) {
		line++
	}
	// The parser quotes nothing from the file but names of anchors and tags.
	w.fault(line, "", "not YAML: %s", message)
}

// node reads one node. It returns nil after a fault.
func (w *walker) node(n *yaml.Node, s *shape, key string, depth int) any {
	switch {
	case depth > maxDepth:
		w.fault(n.Line, key, "nested too deep")
		return nil
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.fault(n.Line, key, "anchors and aliases are not read; write the value out")
		return nil
	case isNull(n):
		w.fault(n.Line, key, "has no value; give it one or remove the key")
		return nil
	}
	switch s.kind { //nolint:exhaustive // the rest is scalars
	case object:
		return w.object(n, s, key, depth)
	case list:
		return w.list(n, s, key, depth)
	case texts:
		return w.texts(n, key)
	default:
		return w.scalar(n, s, key)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (w *walker) object(n *yaml.Node, s *shape, key string, depth int) any {
	if n.Kind != yaml.MappingNode {
		w.fault(n.Line, key, "must be keys with values (%s), not %s", few(s.keys), kindName(n))
		return nil
	}
	m := map[string]any{}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := join(key, name.Value)
		child, ok := s.fields[name.Value]
		switch line, twice := first[name.Value]; {
		case name.Kind != yaml.ScalarNode:
			w.fault(name.Line, key, "has a key that is not a word")
		case twice:
			w.fault(name.Line, path, "is there already, in line %d", line)
		case !ok:
			first[name.Value] = name.Line
			w.fault(name.Line, shownKey(key, name.Value), "unknown key; %s", w.hint(name.Value, s))
		default:
			first[name.Value] = name.Line
			w.lines[path] = name.Line
			if v := w.node(value, child, path, depth+1); v != nil {
				m[name.Value] = v
			}
		}
	}
	return m
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// shownKey returns a key that is not one of ours for a message: nobody knows
// what was written there.
func shownKey(key, name string) string {
	if quoted := shorten(name); quoted != `"`+name+`"` {
		name = quoted
	}
	return join(key, name)
}

// hint says which key was probably meant: a near one in the same object, the
// same one in another, or which there are.
func (w *walker) hint(name string, s *shape) string {
	if len(w.faults) == maxFaults {
		return ""
	}
	if near := Nearest(name, s.keys); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	for _, l := range w.root.leaves("") {
		if l.path == name || strings.HasSuffix(l.path, "."+name) {
			return fmt.Sprintf("did you mean %s?", l.path)
		}
	}
	return "known keys are " + few(s.keys)
}

// few lists keys, but not too many.
func few(keys []string) string {
	const most = 12
	if len(keys) > most {
		return strings.Join(keys[:most], ", ") + " and others"
	}
	return strings.Join(keys, ", ")
}

func (w *walker) list(n *yaml.Node, s *shape, key string, depth int) any {
	if n.Kind != yaml.SequenceNode {
		w.fault(n.Line, key, "must be a list, such as [a, b], not %s", kindName(n))
		return nil
	}
	all := []any{}
	for i, item := range n.Content {
		path := fmt.Sprintf("%s[%d]", key, i)
		w.lines[path] = item.Line
		all = append(all, w.node(item, s.elem, path, depth+1)) // nil after a fault, so that the places stay right
	}
	return all
}

// texts reads keys of any name. What is written as a number or as true is text
// here, too.
func (w *walker) texts(n *yaml.Node, key string) any {
	if n.Kind != yaml.MappingNode {
		w.fault(n.Line, key, "must be keys with values, not %s", kindName(n))
		return nil
	}
	m := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := join(key, name.Value)
		_, twice := m[name.Value]
		switch {
		case name.Kind != yaml.ScalarNode || name.Anchor != "":
			w.fault(name.Line, key, "has a key that is not a word")
		case twice:
			w.fault(name.Line, path, "is there already")
		case value.Kind != yaml.ScalarNode || value.Anchor != "" || isNull(value):
			w.fault(value.Line, path, "must be a single value")
		default:
			w.lines[path] = name.Line
			m[name.Value] = value.Value
		}
	}
	return m
}

func (w *walker) scalar(n *yaml.Node, s *shape, key string) any {
	if n.Kind != yaml.ScalarNode {
		w.fault(n.Line, key, "must be %s, not %s", s.noun(), kindName(n))
		return nil
	}
	isText := slices.Contains([]string{"!!str", "!!timestamp"}, n.Tag)
	switch {
	case strings.ContainsRune(n.Value, 0):
		w.fault(n.Line, key, "has a NUL character")
		return nil
	case (s.kind == text || s.kind == secret) && !isText:
		w.fault(n.Line, key, "must be text; put it in quotes")
		return nil
	case (s.kind == number || s.kind == boolean) && isText && !isReference(n.Value):
		w.fault(n.Line, key, "must be %s, not text", s.noun())
		return nil
	}
	v, err := s.value(n.Value)
	if err != nil {
		w.fault(n.Line, key, "%s", err)
		return nil
	}
	return v
}

// noun says what a value of this shape is.
func (s *shape) noun() string {
	switch s.kind {
	case boolean:
		return "true or false"
	case number:
		return "a whole number"
	case duration:
		return "a duration such as 30s"
	case list:
		return "a list"
	case object, texts:
		return "keys with values"
	case text, secret, parsed:
		return "text"
	default:
		return "a value"
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind { //nolint:exhaustive // the rest is scalars
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
