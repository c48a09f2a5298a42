package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// How permissions are made of operations.
const (
	ByTag       = "tag"       // TAG.read and TAG.write
	ByOperation = "operation" // one for each operation
	ByScope     = "scope"     // the scopes of its security
)

// Options say what is made of a document.
type Options struct {
	Permissions string // [ByTag] when empty; x-permission counts before it
	Open        bool   // what the document calls open becomes public
}

// A Note tells what could not be carried over as it was.
type Note struct {
	Operation string // such as "GET /items"
	Text      string
	Open      bool // the document lets everybody in, and the route does not
}

// API returns an API with the permissions, scopes and routes of a document, and
// what is to be known about them. Where the API is and how it is reached is left
// to be filled in.
func (d *Document) API(o Options) (sallyport.API, []Note) {
	m := &maker{options: o, taken: map[string]string{}, ids: map[string]bool{}, declared: map[string]string{}}
	for i := range d.Operations {
		m.add(&d.Operations[i], d.has("GET", d.Operations[i].Path))
	}
	slices.SortFunc(m.api.Permissions, func(a, b sallyport.PermissionSpec) int { return strings.Compare(a.Name, b.Name) })
	m.scopes()
	m.api.Title = d.Title
	return m.api, m.notes
}

func (d *Document) has(method, path string) bool {
	return slices.ContainsFunc(d.Operations, func(op Operation) bool { return op.Method == method && op.Path == path })
}

type maker struct {
	options  Options
	api      sallyport.API
	notes    []Note
	taken    map[string]string // operations by the shape of their routes
	ids      map[string]bool
	declared map[string]string // titles of permissions
}

func (m *maker) note(op *Operation, format string, args ...any) {
	m.notes = append(m.notes, Note{Operation: op.Method + " " + op.Path, Text: fmt.Sprintf(format, args...)})
}

func (m *maker) add(op *Operation, hasGet bool) {
	switch {
	case op.Method == "TRACE":
		m.note(op, "left out: TRACE is never served")
		return
	case op.Method == "HEAD" && hasGet:
		return // the route of GET takes it
	}
	path, exact := Pattern(op.Path)
	if path == "" {
		m.note(op, "left out: the path has braces that are not around a name")
		return
	}
	shape := op.Method + " " + Shape(path)
	if other, there := m.taken[shape]; there {
		m.note(op, "left out: no request can tell it from %s", other)
		return
	}
	m.taken[shape] = op.Method + " " + op.Path
	if !exact {
		m.note(op, "a route's name stands for a whole segment, so it also takes what the document does not say: %s", path)
	}
	route := sallyport.Route{Title: op.Summary, Methods: []string{op.Method}, Path: path}
	if op.ID != "" && !m.ids[op.ID] && len(op.ID) <= maxText {
		route.ID = op.ID
		m.ids[op.ID] = true
	}
	m.need(op, &route)
	m.api.Routes = append(m.api.Routes, route)
}

// need says who may pass: what the document says of permissions, or else what
// the options make of it. Nothing becomes public by itself.
func (m *maker) need(op *Operation, route *sallyport.Route) {
	switch {
	case len(op.Permissions) > 0:
		for _, p := range op.Permissions {
			_, local, qualified := strings.Cut(p, "/")
			if !qualified {
				local = p
			}
			route.AllOf = append(route.AllOf, m.permission(local, op.Summary))
		}
	case op.Open && m.options.Open:
		route.Public = true
	case m.options.Permissions == ByScope && len(op.Scopes) > 0:
		for _, s := range op.Scopes {
			route.AnyOf = append(route.AnyOf, m.permission(s, ""))
		}
	case m.options.Permissions == ByScope:
		route.AllOf = []string{m.permission("unscoped", "Operations for which the document names no scope")}
	case m.options.Permissions == ByOperation && op.ID != "":
		route.AllOf = []string{m.permission(op.ID, op.Summary)}
	case m.options.Permissions == ByOperation:
		route.AllOf = []string{m.permission(strings.ToLower(op.Method)+"-"+op.Path, op.Summary)}
	default:
		m.byTag(op, route)
	}
	if op.Open && !route.Public && !m.options.Open {
		m.note(op, "the document calls it open, and here it needs %s", strings.Join(slices.Concat(route.AllOf, route.AnyOf), ", "))
		m.notes[len(m.notes)-1].Open = true
	}
	slices.Sort(route.AllOf)
	slices.Sort(route.AnyOf)
	route.AllOf, route.AnyOf = slices.Compact(route.AllOf), slices.Compact(route.AnyOf)
}

func (m *maker) byTag(op *Operation, route *sallyport.Route) {
	group := "api"
	if len(op.Tags) > 0 {
		group = op.Tags[0]
	} else {
		for part := range strings.SplitSeq(op.Path, "/") {
			if part != "" && !strings.Contains(part, "{") {
				group = part
				break
			}
		}
	}
	if slices.Contains([]string{"GET", "HEAD", "OPTIONS", "QUERY"}, op.Method) {
		route.AllOf = []string{m.permission(group+".read", "See "+group)}
		return
	}
	route.AllOf = []string{m.permission(group+".write", "Change "+group)}
}

// permission declares a permission and returns its name.
func (m *maker) permission(written, title string) string {
	name := localName(written)
	if _, there := m.declared[name]; !there {
		m.declared[name] = title
		m.api.Permissions = append(m.api.Permissions, sallyport.PermissionSpec{Name: name, Title: oneLine(title)})
	}
	return name
}

// scopes makes scopes for tokens: one for what only reads, where permissions
// tell, and one for everything.
func (m *maker) scopes() {
	var reads []string
	for _, p := range m.api.Permissions {
		if strings.HasSuffix(p.Name, ".read") {
			reads = append(reads, p.Name)
		}
	}
	if len(reads) > 0 {
		m.api.Scopes = append(m.api.Scopes, sallyport.ScopeSpec{Name: "read", Title: "Look only", Permissions: reads})
	}
	if len(m.api.Permissions) > 0 {
		m.api.Scopes = append(m.api.Scopes, sallyport.ScopeSpec{Name: "write", Title: "Everything", Permissions: []string{"*"}})
	}
}

// localName makes the name of a permission of what was written: letters, digits,
// and . _ : - between them.
func localName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < 120; i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		switch {
		case letter || c >= '0' && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0 && strings.IndexByte("._:", c) >= 0:
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.TrimRight(strings.ReplaceAll(b.String(), "-.", "."), "-._:")
	if name == "" {
		return "unnamed"
	}
	return name
}

// Pattern returns a path of a document as a route writes it. It is not exact if
// a name stands beside other text in its segment; then the route takes the whole
// segment. A path that cannot be a route is empty.
func Pattern(path string) (pattern string, exact bool) {
	if path == "/" {
		return path, true
	}
	exact = true
	used := map[string]bool{}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		if !strings.ContainsAny(part, "{}") {
			if part == "" && i+1 < len(parts) {
				return "", false
			}
			continue
		}
		open, end := strings.IndexByte(part, '{'), strings.LastIndexByte(part, '}')
		if open < 0 || end < open || strings.Count(part, "{") != strings.Count(part, "}") {
			return "", false
		}
		inner := part[open+1 : end]
		if len(inner) != len(part)-2 || strings.ContainsAny(inner, "{}") {
			exact = false
		}
		parts[i] = "{" + valueName(inner, i, used) + "}"
	}
	return "/" + strings.Join(parts, "/"), exact
}

// valueName makes a name of a path value that the path has once.
func valueName(s string, place int, used map[string]bool) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < 48; i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		switch {
		case letter || b.Len() > 0 && c >= '0' && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0:
			b.WriteByte('_')
		}
	}
	name := strings.TrimRight(b.String(), "_")
	if name == "" || used[name] {
		name = fmt.Sprintf("%s%d", strings.TrimSpace("v"+name), place)
	}
	used[name] = true
	return name
}

// Shape returns a pattern without the names in it: patterns of one shape take
// the same paths.
func Shape(pattern string) string {
	var b strings.Builder
	depth := 0
	for _, c := range pattern {
		switch {
		case c == '{':
			depth++
			b.WriteString("{}")
		case c == '}':
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	if s := strings.TrimSuffix(b.String(), "/"); s != "" {
		return s
	}
	return "/"
}
