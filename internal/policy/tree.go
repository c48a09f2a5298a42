package policy

import (
	"hash/maphash"
	"slices"
	"strings"
)

// A tree is a segment trie of patterns, in arrays. A node with one literal child
// has it at hand; the literal children of all others are in one hash table, so a
// step costs the same whether a node has two children or ten thousand.
type tree struct {
	nodes []node // the first is the root
	seed  maphash.Seed
	mask  uint32
	edges []edge // open addressing, at most half full
}

// A node is a place in the trie. 0 stands for no child, since the root is
// nobody's child.
type node struct {
	one  int32  // child for {name}
	only int32  // the only literal child
	many bool   // whether the literal children are in the table
	text string // the literal of the only child
	end  *leaf  // routes that end here
	rest *leaf  // routes that go on with {rest...}
}

// An edge leads from a node along a literal to a child; child 0 is a free slot.
type edge struct {
	parent, child int32
	text          string
}

// child returns the child of a node along a literal, 0 if there is none.
func (t *tree) child(n *node, parent int32, text string) int32 {
	if !n.many {
		if n.only != 0 && n.text == text {
			return n.only
		}
		return 0
	}
	for i := t.slot(parent, text); ; i = (i + 1) & t.mask {
		e := &t.edges[i]
		if e.child == 0 || e.parent == parent && e.text == text {
			return e.child
		}
	}
}

// slot is where the search for an edge begins.
func (t *tree) slot(parent int32, text string) uint32 {
	h := maphash.String(t.seed, text) + uint64(parent)*0x9e3779b97f4a7c15
	return uint32(h^h>>32) & t.mask
}

// A leaf has the routes of one pattern.
type leaf struct {
	methods methods  // what any of the routes takes
	allow   []string // the same, for an Allow header
	plain   []*Route // without a parameter
	groups  []group  // with one, by where it is
}

// A group has the routes of one pattern that look at the same parameter.
type group struct {
	in, name, field string
	many            bool // the parameter may be there more than once
	methods         methods
	routes          map[string][]*Route // by the value of the parameter
	sets            []*Route            // if many: the routes, those for fewer values first
}

// A builder makes a tree out of routes.
type builder struct {
	nodes    []node
	children []map[string]int32
}

func newBuilder() *builder {
	return &builder{nodes: make([]node, 1), children: make([]map[string]int32, 1)}
}

// add puts a route into the tree and returns the other routes that some request
// matches with equal right.
func (b *builder) add(r *Route) []*Route {
	at, rest := int32(0), false
	for _, s := range r.segments {
		switch s.kind {
		case literal:
			next, ok := b.children[at][s.text]
			if !ok {
				next = b.node()
				if b.children[at] == nil {
					b.children[at] = map[string]int32{}
				}
				b.children[at][s.text] = next
			}
			at = next
		case oneSegment:
			if b.nodes[at].one == 0 {
				next := b.node()
				b.nodes[at].one = next
			}
			at = b.nodes[at].one
		case restOfPath:
			rest = true
		}
	}
	where := &b.nodes[at].end
	if rest {
		where = &b.nodes[at].rest
	}
	if *where == nil {
		*where = &leaf{}
	}
	return (*where).add(r)
}

func (b *builder) node() int32 {
	b.nodes = append(b.nodes, node{})
	b.children = append(b.children, nil)
	return int32(len(b.nodes) - 1) //nolint:gosec // bounded by the number of routes
}

// tree returns the finished tree, nil if it has no routes.
func (b *builder) tree(table *methodTable) *tree {
	size, count := 8, 0
	for _, c := range b.children {
		if len(c) > 1 {
			count += len(c)
		}
	}
	for size < 2*count {
		size *= 2
	}
	t := &tree{nodes: b.nodes, seed: maphash.MakeSeed(), mask: uint32(size - 1), edges: make([]edge, size)} //nolint:gosec // a power of two
	empty := true
	for i := range b.nodes {
		n := &b.nodes[i]
		n.many = len(b.children[i]) > 1
		for text, child := range b.children[i] {
			if !n.many {
				n.only, n.text = child, text
				continue
			}
			t.insert(edge{int32(i), child, text}) //nolint:gosec // bounded by the number of routes
		}
		for _, l := range []*leaf{n.end, n.rest} {
			if l != nil {
				l.allow = table.names(l.methods.taken())
				empty = false
			}
		}
	}
	if empty {
		return nil
	}
	return t
}

func (t *tree) insert(e edge) {
	i := t.slot(e.parent, e.text)
	for t.edges[i].child != 0 {
		i = (i + 1) & t.mask
	}
	t.edges[i] = e
}

// add puts a route to those of its pattern and returns the ones that some
// request matches with equal right.
func (l *leaf) add(r *Route) []*Route {
	clashes := l.clashes(r)
	l.methods = l.methods.and(r.methods)
	p := r.Parameter
	if p == nil {
		l.plain = append(l.plain, r)
		return clashes
	}
	i := slices.IndexFunc(l.groups, func(g group) bool { return g.holds(r) })
	if i < 0 {
		i = len(l.groups)
		l.groups = append(l.groups, group{in: p.In, name: r.parameterName, field: p.Field, many: r.many(), routes: map[string][]*Route{}})
	}
	g := &l.groups[i]
	g.methods = g.methods.and(r.methods)
	if g.many {
		g.sets = append(g.sets, r)
		slices.SortStableFunc(g.sets, func(a, b *Route) int { return len(a.Parameter.Values) - len(b.Parameter.Values) })
		return clashes
	}
	g.routes[p.Value] = append(g.routes[p.Value], r)
	return clashes
}

func (l *leaf) clashes(r *Route) []*Route {
	var found []*Route
	look := func(others []*Route) {
		for _, other := range others {
			if equalRight(r, other) {
				found = append(found, other)
			}
		}
	}
	look(l.plain)
	for i := range l.groups {
		g := &l.groups[i]
		if r.Parameter != nil && g.holds(r) {
			look(g.routes[r.Parameter.Value]) // no request has two values
			look(g.overlapping(r))
			continue
		}
		for _, others := range g.routes {
			look(others)
		}
		look(g.sets)
	}
	slices.SortFunc(found, func(a, b *Route) int { return strings.Compare(a.ID, b.ID) })
	return found
}

// holds reports whether the route's parameter is the one of the group.
func (g *group) holds(r *Route) bool {
	return g.in == r.Parameter.In && g.name == r.parameterName && g.field == r.Parameter.Field && g.many == r.many()
}

// overlapping returns the routes of the group that share a value with a route.
func (g *group) overlapping(r *Route) []*Route {
	var found []*Route
	for _, other := range g.sets {
		if slices.ContainsFunc(r.Parameter.Values, func(value string) bool { return slices.Contains(other.Parameter.Values, value) }) {
			found = append(found, other)
		}
	}
	return found
}

// narrower reports whether the parameter of one route makes it more specific than
// another, which has none or takes more values.
func narrower(a, b *Route) bool {
	switch {
	case a.Parameter == nil:
		return false
	case b.Parameter == nil:
		return true
	}
	return a.many() && b.many() && len(a.Parameter.Values) < len(b.Parameter.Values) && subset(a.Parameter.Values, b.Parameter.Values)
}

// equalRight reports whether some request matches both routes, which have the
// same host, pattern and parameter value as far as they name one, and neither is
// the more specific one in every respect.
func equalRight(a, b *Route) bool {
	// named is above 0 where a's parameter makes it the more specific one.
	named := 0
	switch {
	case narrower(a, b):
		named = 1
	case narrower(b, a):
		named = -1
	}
	either := a.methods.taken() | b.methods.taken()
	for bit := methodSet(1); bit != 0 && bit <= either; bit <<= 1 {
		fitA, fitB := a.methods.fit(bit), b.methods.fit(bit)
		if either&bit == 0 || fitA == 0 || fitB == 0 {
			continue
		}
		better := fitA - fitB
		if better == 0 && named == 0 || better > 0 && named < 0 || better < 0 && named > 0 {
			return true
		}
	}
	return false
}
