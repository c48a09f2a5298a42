package openapi

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// A Change is how an API's routes and a document differ in one place.
type Change struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Title  string `json:"title,omitempty"`
	Route  string `json:"route,omitempty"` // id of the route, of one that is gone from the document
}

// Drift compares the routes of an API with a document: operations that no route
// is for, which are refused, and routes that are for no operation any more.
func Drift(api *sallyport.API, d *Document) (appeared, gone []Change) {
	used := make([]bool, len(api.Routes))
	below := d.Below(api.BasePath)
	for i := range d.Operations {
		op := &d.Operations[i]
		path, _ := Pattern(below.Operations[i].Path)
		if op.Method == "TRACE" || path == "" {
			continue
		}
		found := false
		for j := range api.Routes {
			r := &api.Routes[j]
			if Shape(r.Path) == Shape(path) && takes(r.Methods, op.Method) {
				used[j], found = true, true
			}
		}
		if !found {
			appeared = append(appeared, Change{Method: op.Method, Path: op.Path, Title: op.Summary})
		}
	}
	for j, r := range api.Routes {
		if !used[j] {
			gone = append(gone, Change{Method: strings.Join(r.Methods, ","), Path: r.Path, Title: r.Title, Route: r.ID})
		}
	}
	return appeared, gone
}

// Below returns the document with its paths as an API at this base path has them: if
// they are whole, without the base path.
func (d *Document) Below(basePath string) *Document {
	base := d.within(basePath)
	if base == "" {
		return d
	}
	below := *d
	below.Operations = slices.Clone(d.Operations)
	for i := range below.Operations {
		op := &below.Operations[i]
		op.Path = cmp.Or(strings.TrimPrefix(op.Path, base), "/")
	}
	return &below
}

// within returns what all paths of the document begin with before the routes of an
// API at this base path begin: the base path, where the document names no server
// and its paths are whole.
func (d *Document) within(basePath string) string {
	base := strings.TrimSuffix(basePath, "/")
	if d.BasePath != "/" {
		return ""
	}
	for _, op := range d.Operations {
		if op.Path != base && !strings.HasPrefix(op.Path, base+"/") {
			return ""
		}
	}
	return base
}

// takes reports whether a route with these methods is for one.
func takes(methods []string, method string) bool {
	return slices.Contains(methods, method) || slices.Contains(methods, "*") || method == "HEAD" && slices.Contains(methods, "GET")
}

// Merge brings an API that there is to a document that was made into fresh. What
// people chose stays: where it is, how it is reached, the permissions that it
// declares, and what a route that stays needs. It returns what has changed.
func Merge(there, fresh sallyport.API) (merged sallyport.API, added, removed []Change) {
	merged = there
	merged.Routes, merged.Permissions = nil, slices.Clone(there.Permissions)
	kept := make([]bool, len(there.Routes))
	for _, r := range fresh.Routes {
		at := slices.IndexFunc(there.Routes, func(old sallyport.Route) bool {
			return Shape(old.Path) == Shape(r.Path) && takes(old.Methods, r.Methods[0])
		})
		switch {
		case at < 0:
			merged.Routes = append(merged.Routes, r)
			added = append(added, Change{Method: r.Methods[0], Path: r.Path, Title: r.Title})
		case !kept[at]:
			merged.Routes = append(merged.Routes, there.Routes[at])
		}
		// A route that looks at a parameter has others of its path beside it.
		for j, old := range there.Routes {
			if Shape(old.Path) != Shape(r.Path) || !takes(old.Methods, r.Methods[0]) || kept[j] {
				continue
			}
			if j != at {
				merged.Routes = append(merged.Routes, old)
			}
			kept[j] = true
		}
	}
	for j, r := range there.Routes {
		if !kept[j] {
			removed = append(removed, Change{Method: strings.Join(r.Methods, ","), Path: r.Path, Title: r.Title, Route: r.ID})
		}
	}
	for _, p := range fresh.Permissions {
		has := func(old sallyport.PermissionSpec) bool { return old.Name == p.Name }
		if needed(merged.Routes, p.Name) && !slices.ContainsFunc(merged.Permissions, has) {
			merged.Permissions = append(merged.Permissions, p)
		}
	}
	return merged, added, removed
}

func needed(routes []sallyport.Route, name string) bool {
	return slices.ContainsFunc(routes, func(r sallyport.Route) bool {
		return slices.Contains(r.AllOf, name) || slices.Contains(r.AnyOf, name)
	})
}
