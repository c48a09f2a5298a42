package policy

import (
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// A ParameterSource gives [API.Match] the parameters of a request. It is asked
// only where a route of the path looks at one, so a body need not be read before.
// Each method reports false if there is no such parameter. A request that has one
// of [API.Parameters] more than once must be refused before it is matched, unless
// that one may be.
type ParameterSource interface {
	Query(name string) (string, bool)
	// QueryAll returns each value of a query parameter that may be there more than
	// once; none if there is none, or if another spelling of the name is beside it.
	QueryAll(name string) []string
	Form(name string) (string, bool)
	Header(name string) (string, bool)
}

// A RealmSource is what a dialect finds the realm of a request in, once its route
// is known.
type RealmSource interface {
	ParameterSource
	// PathValue returns a value of the route's pattern, decoded.
	PathValue(name string) (string, bool)
	// Names calls f with the name of each parameter of the query, and of the body
	// if that is a form, until f returns false.
	Names(f func(name string) bool)
	// Content returns the type of the body and the body, both empty if there is
	// none. It reports false if there may be one that cannot be seen.
	Content() (contentType string, body []byte, seen bool)
}

// A Match is the answer of [API.Match]. It can be used again and again; it
// belongs to one request at a time.
type Match struct {
	Route  *Route           // nil: none
	Reason sallyport.Reason // why there is none: RouteUnknown or MethodNotAllowed
	Allow  []string         // for MethodNotAllowed: the methods of the path; not to be changed

	count  int
	values [maxValues]string
}

// Names returns the names of the path values, in the order of the pattern.
// They are not to be changed.
func (m *Match) Names() []string {
	if m.Route == nil {
		return nil
	}
	return m.Route.Names
}

// Values returns the path values, decoded, in the order of the pattern. They are
// good until the match is used again.
func (m *Match) Values() []string { return m.values[:m.count] }

// Value returns the path value of a name, and whether the pattern has it.
func (m *Match) Value(name string) (string, bool) {
	for i, n := range m.Names() {
		if n == name {
			return m.values[i], true
		}
	}
	return "", false
}

// Match finds the route of a request below the base path and puts the answer
// into m. The path is what [Snapshot.Find] left, in canonical escaped form; the
// host is canonical, with its port if it has one. params may be nil for a request
// without parameters.
//
// It allocates nothing, unless a path value has an escape to decode, a parameter
// is looked for inside JSON, or an Allow list was not prepared.
func (a *API) Match(method, host, path string, params ParameterSource, m *Match) {
	s := search{bit: a.table.bit(method), params: params, values: &m.values}
	found := false
	if len(a.hosts) > 0 {
		if t := a.hosts[host]; t != nil {
			s.tree = t
			found = s.walk(0, path)
		}
		if name := withoutPort(host); !found && name != host {
			if t := a.hosts[name]; t != nil {
				s.tree = t
				found = s.walk(0, path)
			}
		}
	}
	if !found && a.everyHost != nil {
		s.tree = a.everyHost
		found = s.walk(0, path)
	}
	m.Route, m.Reason, m.Allow, m.count = s.route, "", nil, 0
	switch {
	case s.route != nil:
		m.count = s.count
		for i := range s.count {
			m.values[i] = unescape(m.values[i])
		}
	case found, s.fits, s.seen == nil:
		m.Reason = sallyport.RouteUnknown
	default:
		m.Reason = sallyport.MethodNotAllowed
		m.Allow = s.seen.allow
		if s.taken != s.seen.methods.taken() {
			m.Allow = a.table.names(s.taken)
		}
	}
}

// A search is one walk through a tree, from the more specific branches to the
// less specific ones.
type search struct {
	tree   *tree
	bit    methodSet
	params ParameterSource

	count  int
	values *[maxValues]string // still escaped; of the match

	route *Route    // what was found
	fits  bool      // some route of the path takes the method
	seen  *leaf     // the last leaf that the path led to
	taken methodSet // what all such leaves take
}

// walk goes on from a node with the rest of the path, which is empty or begins
// with a slash. It reports true when the search is over: a route was found, or
// a parameter cannot be read and nothing may match.
//
// Each node is visited at most once, since only one path leads to it.
func (s *search) walk(at int32, path string) bool {
	n := &s.tree.nodes[at]
	if path == "" {
		return n.end != nil && s.try(n.end) || n.rest != nil && s.tryRest(n.rest, "")
	}
	text, tail := path[1:], ""
	if i := strings.IndexByte(text, '/'); i >= 0 {
		text, tail = text[:i], text[i:]
	}
	if child := s.tree.child(n, at, text); child != 0 && s.walk(child, tail) {
		return true
	}
	if text == "" && tail == "" { // a trailing slash that no route asks for
		if n.end != nil && s.try(n.end) {
			return true
		}
	} else if text != "" && n.one != 0 {
		s.values[s.count] = text
		s.count++
		if s.walk(n.one, tail) {
			return true
		}
		s.count--
	}
	return n.rest != nil && s.tryRest(n.rest, path[1:])
}

// tryRest tries the routes that take the rest of the path.
func (s *search) tryRest(l *leaf, rest string) bool {
	s.values[s.count] = rest
	s.count++
	if s.try(l) {
		return true
	}
	s.count--
	return false
}

// try looks for the route of a leaf that fits best. It reports whether the
// search is over.
func (s *search) try(l *leaf) bool {
	s.seen = l
	s.taken |= l.methods.taken()
	if l.methods.fit(s.bit) == 0 {
		return false
	}
	s.fits = true
	var best *Route
	rank := 0
	for i := range l.groups {
		g := &l.groups[i]
		if g.methods.fit(s.bit) == 0 {
			continue
		}
		routes, state := g.find(s.params)
		if state == unreadable {
			s.route = l.answered(s.bit)
			return true
		}
		for _, r := range routes {
			// A parameter outweighs any fit; where the two disagree the policy
			// was refused.
			if fit := r.methods.fit(s.bit); fit > 0 && fit+fitNamed > rank {
				best, rank = r, fit+fitNamed
			}
		}
	}
	for _, r := range l.plain {
		if fit := r.methods.fit(s.bit); fit > rank {
			best, rank = r, fit
		}
	}
	s.route = best
	return best != nil
}

// answered returns the route without a parameter that the dialect answers itself.
// What it is given leads to no upstream that could read it in another way.
func (l *leaf) answered(bit methodSet) *Route {
	for _, r := range l.plain {
		if r.Endpoint != "" && r.methods.fit(bit) > 0 {
			return r
		}
	}
	return nil
}

// withoutPort cuts the port off a canonical host.
func withoutPort(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host[i:], ']') >= 0 {
		return host
	}
	return host[:i]
}
