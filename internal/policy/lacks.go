package policy

import (
	"slices"

	sallyport "github.com/sallyport/sallyport"
)

// Lacks returns what who holds these permissions lacks for the route: each of
// all, and one of some. Nothing of both lets him in, as far as permissions go.
func (r *Route) Lacks(held []sallyport.Permission) (all, some []sallyport.Permission) {
	has := func(p sallyport.Permission) bool { return slices.Contains(held, p) }
	for _, p := range r.AllOf {
		if !has(p) {
			all = append(all, p)
		}
	}
	if len(r.AnyOf) > 0 && !slices.ContainsFunc(r.AnyOf, has) {
		some = r.AnyOf
	}
	return all, some
}
