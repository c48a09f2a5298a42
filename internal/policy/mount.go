package policy

import (
	"fmt"
	"slices"
	"strings"
)

// A mountTable finds the API with the longest base path.
type mountTable struct {
	bases map[string]*API // "" for "/"

	// root and below are the same, made by index for the search: what is at "/",
	// and by their first segment the others, longest first.
	root  *API
	below map[string][]mounted
}

// A mounted API has its base path beside it.
type mounted struct {
	base string
	api  *API
}

// index prepares the search.
func (t *mountTable) index() {
	t.root, t.below = t.bases[""], map[string][]mounted{}
	for base, api := range t.bases {
		if base != "" {
			first := firstSegment(base)
			t.below[first] = append(t.below[first], mounted{base, api})
		}
	}
	for _, list := range t.below {
		slices.SortFunc(list, func(a, b mounted) int { return len(b.base) - len(a.base) })
	}
}

// firstSegment returns a path up to its second slash.
func firstSegment(path string) string {
	if end := strings.IndexByte(path[1:], '/'); end >= 0 {
		return path[:1+end]
	}
	return path
}

// find returns the API and the path below its base path.
func (t *mountTable) find(path string) (*API, string) {
	for _, m := range t.below[firstSegment(path)] {
		if n := len(m.base); len(path) >= n && path[:n] == m.base && (len(path) == n || path[n] == '/') {
			return m.api, path[n:]
		}
	}
	if t.root == nil {
		return nil, ""
	}
	return t.root, path
}

// Find returns the API that a request is for and the path below its base path,
// which is empty or begins with a slash. An API that names the host comes before
// one that does not, then the longest base path counts. A host of an API without
// a port stands for every port.
//
// Host and path are canonical, and the path begins with a slash. The API may be
// disabled; then nothing matches. It is nil if there is none.
func (s *Snapshot) Find(host, path string) (api *API, rest string) {
	if path == "" || path[0] != '/' {
		return nil, ""
	}
	if len(s.hosts) > 0 {
		if t := s.hosts[host]; t != nil {
			if api, rest = t.find(path); api != nil {
				return api, rest
			}
		}
		if name := withoutPort(host); name != host && s.hosts[name] != nil {
			if api, rest = s.hosts[name].find(path); api != nil {
				return api, rest
			}
		}
	}
	return s.anywhere.find(path)
}

// NamesHost reports whether an API names the canonical host as its own, with this
// port or for every port.
func (s *Snapshot) NamesHost(host string) bool {
	return s.hosts[host] != nil || s.hosts[withoutPort(host)] != nil
}

// mountAll puts the APIs where they are found. Where two claim one place neither
// answers: the place matches nothing.
func (s *Snapshot) mountAll() []error {
	var faults []error
	s.hosts, s.anywhere = map[string]*mountTable{}, newMountTable()
	for i, a := range s.apis {
		for _, m := range mounts(a.Document) {
			t := s.anywhere
			if m.host != "" {
				if s.hosts[m.host] == nil {
					s.hosts[m.host] = newMountTable()
				}
				t = s.hosts[m.host]
			}
			if m.base == "" || m.base[0] != '/' {
				continue // a fault of the document that was told already
			}
			base := strings.TrimRight(m.base, "/")
			if other := t.bases[base]; other != nil {
				faults = append(faults, fmt.Errorf("API %q: %s: %s is where the API %q is already; mount one of them elsewhere",
					a.Name, m.field, m, other.Name))
				t.bases[base] = other.closed()
				continue
			}
			t.bases[base] = s.apis[i]
		}
	}
	s.anywhere.index()
	for _, t := range s.hosts {
		t.index()
	}
	return faults
}

func newMountTable() *mountTable { return &mountTable{bases: map[string]*API{}} }
