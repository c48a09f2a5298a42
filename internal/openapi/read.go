package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document.
const (
	MaxSize       = 16 << 20 // bytes
	maxOperations = 10_000
	maxPathLength = 2048
	maxRefs       = 16 // one behind the other
	maxAliases    = 16
	maxText       = 200 // bytes of a summary that are kept
)

// A Document is what is known of an API.
type Document struct {
	Version    string // of OpenAPI, such as "3.1.0" or "2.0"
	Title      string
	Server     string // URL of the first server, as written; empty: none
	BasePath   string // path of the first server, "/" if it has none
	Operations []Operation
}

// An Operation is one method of one path.
type Operation struct {
	Method      string // in upper case
	Path        string // as written, below the base path
	ID          string // operationId; may be empty
	Summary     string
	Tags        []string
	Permissions []string // x-permission
	Scopes      []string // that any of its security requirements names
	Open        bool     // the document says that no credential is needed
	Deprecated  bool
}

// methods are the keys of a path item that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// Read reads a document in YAML or JSON.
func Read(data []byte) (*Document, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the document is larger than %d MiB", MaxSize>>20)
	}
	var node yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(spaced(data)))
	if err := dec.Decode(&node); errors.Is(err, io.EOF) {
		return nil, errors.New("there is nothing in the document")
	} else if err != nil {
		return nil, fmt.Errorf("the document is neither YAML nor JSON: %w", err)
	}
	if node.Kind != yaml.DocumentNode || len(node.Content) != 1 || resolved(node.Content[0]).Kind != yaml.MappingNode {
		return nil, errors.New("the document is not an object")
	}
	r := &reader{root: resolved(node.Content[0]), doc: &Document{BasePath: "/"}}
	return r.doc, r.read()
}

// spaced returns the text with spaces for the tabs of JSON, which YAML does not
// take.
func spaced(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) > 0 && t[0] == '{' {
		return bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	}
	return data
}

// resolved follows the aliases of YAML. What leads nowhere is an empty node.
func resolved(n *yaml.Node) *yaml.Node {
	for range maxAliases {
		if n == nil {
			break
		}
		if n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return &yaml.Node{}
}

// child returns the value of a key, an empty node if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	n = resolved(n)
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return resolved(n.Content[i+1])
			}
		}
	}
	return &yaml.Node{}
}

// text returns a scalar, empty if it is none.
func text(n *yaml.Node) string {
	if n = resolved(n); n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// texts returns the scalars of a list, or the one that there is.
func texts(n *yaml.Node) []string {
	n = resolved(n)
	if n.Kind == yaml.ScalarNode {
		if s := text(n); s != "" {
			return []string{s}
		}
		return nil
	}
	var list []string
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			if s := text(item); s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}

type reader struct {
	root *yaml.Node
	doc  *Document
}

func (r *reader) read() error {
	d := r.doc
	switch v3, v2 := text(child(r.root, "openapi")), text(child(r.root, "swagger")); {
	case strings.HasPrefix(v3, "3.0"), strings.HasPrefix(v3, "3.1"), strings.HasPrefix(v3, "3.2"):
		d.Version = v3
		d.Server = text(child(first(child(r.root, "servers")), "url"))
	case strings.HasPrefix(v2, "2"):
		d.Version = v2
		d.Server = text(child(r.root, "basePath"))
		if host := text(child(r.root, "host")); host != "" {
			scheme := "https"
			if list := texts(child(r.root, "schemes")); len(list) > 0 {
				scheme = list[0]
			}
			d.Server = scheme + "://" + host + d.Server
		}
	case v3 != "" || v2 != "":
		return errors.New("the document is of a version that is not read; OpenAPI 3.0 and 3.1 and Swagger 2.0 are")
	default:
		return errors.New(`the document says neither "openapi" nor "swagger", so it is none of OpenAPI`)
	}
	d.Title = oneLine(text(child(child(r.root, "info"), "title")))
	d.BasePath = basePathOf(d.Server)
	return r.paths()
}

func first(n *yaml.Node) *yaml.Node {
	if n = resolved(n); n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		return resolved(n.Content[0])
	}
	return &yaml.Node{}
}

func (r *reader) paths() error {
	paths := child(r.root, "paths")
	if paths.Kind != yaml.MappingNode {
		return errors.New("the document has no paths")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(paths.Content); i += 2 {
		path := paths.Content[i].Value
		switch {
		case strings.HasPrefix(path, "x-"):
			continue
		case !strings.HasPrefix(path, "/") || len(path) > maxPathLength:
			return fmt.Errorf("line %d: a path does not begin with a slash, or is longer than %d bytes", paths.Content[i].Line, maxPathLength)
		case seen[path]:
			return fmt.Errorf("line %d: the path is there twice", paths.Content[i].Line)
		}
		seen[path] = true
		item, err := r.item(paths.Content[i+1])
		if err != nil {
			return fmt.Errorf("line %d: %w", paths.Content[i].Line, err)
		}
		if err := r.operations(path, item); err != nil {
			return err
		}
	}
	return nil
}

// item returns a path item, which can be a reference to another place of the
// document.
func (r *reader) item(n *yaml.Node) (*yaml.Node, error) {
	for range maxRefs {
		n = resolved(n)
		ref := text(child(n, "$ref"))
		if ref == "" {
			return n, nil
		}
		pointer, local := strings.CutPrefix(ref, "#/")
		if !local {
			return nil, errors.New("the path is in another file; bundle the document into one file first")
		}
		n = r.root
		for part := range strings.SplitSeq(pointer, "/") {
			if unescaped, err := url.PathUnescape(part); err == nil {
				part = unescaped
			}
			n = child(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
		if n.Kind == 0 {
			return nil, errors.New("the path refers to something that is not there")
		}
	}
	return nil, errors.New("the path refers to something that refers to something else, and so on")
}

func (r *reader) operations(path string, item *yaml.Node) error {
	for _, method := range methods {
		n := child(item, method)
		if n.Kind != yaml.MappingNode {
			continue
		}
		if len(r.doc.Operations) == maxOperations {
			return fmt.Errorf("there are more than %d operations", maxOperations)
		}
		op := Operation{
			Method: strings.ToUpper(method), Path: path, ID: oneLine(text(child(n, "operationId"))),
			Summary: oneLine(text(child(n, "summary"))), Tags: texts(child(n, "tags")),
			Permissions: texts(child(n, "x-permission")), Deprecated: text(child(n, "deprecated")) == "true",
		}
		if len(op.Permissions) == 0 {
			op.Permissions = texts(child(n, "x-permissions"))
		}
		security := child(n, "security")
		if security.Kind == 0 {
			security = child(r.root, "security")
			op.Scopes, _ = requirements(security) // what is left out is not open
		} else {
			op.Scopes, op.Open = requirements(security)
		}
		r.doc.Operations = append(r.doc.Operations, op)
	}
	return nil
}

// requirements returns the scopes of a list of security requirements, and
// whether it can be met without a credential.
func requirements(n *yaml.Node) (scopes []string, open bool) {
	if n.Kind != yaml.SequenceNode {
		return nil, false
	}
	open = len(n.Content) == 0
	for _, item := range n.Content {
		item = resolved(item)
		if item.Kind != yaml.MappingNode {
			continue
		}
		open = open || len(item.Content) == 0
		for i := 1; i < len(item.Content); i += 2 {
			for _, scope := range texts(item.Content[i]) {
				if !slices.Contains(scopes, scope) {
					scopes = append(scopes, scope)
				}
			}
		}
	}
	return scopes, open
}

// oneLine returns text as it can stand in a title.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxText {
		return s
	}
	return strings.TrimSpace(strings.ToValidUTF8(s[:maxText], ""))
}
