package policy

import (
	"fmt"
	"strings"
)

// A mountTable finds the API with the longest base path.
type mountTable struct {
	bases map[string]*API // "" for "/"
	depth int             // segments of the longest base path
}

// find returns the API and the path below its base path.
func (t *mountTable) find(path string) (*API, string) {
	end := 0
	for range t.depth {
		if end == len(path) {
			break
		}
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			end = len(path)
			break
		}
		end += 1 + next
	}
	for {
		if a := t.bases[path[:end]]; a != nil {
			return a, path[end:]
		}
		if end == 0 {
			return nil, ""
		}
		end = strings.LastIndexByte(path[:end], '/')
	}
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
			t.depth = max(t.depth, strings.Count(base, "/"))
		}
	}
	return faults
}

func newMountTable() *mountTable { return &mountTable{bases: map[string]*API{}} }
