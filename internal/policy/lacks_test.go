package policy_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
)

func TestLacks(t *testing.T) {
	t.Parallel()
	type list = []sallyport.Permission
	route := policy.Route{AllOf: list{"a/x", "a/y"}, AnyOf: list{"a/1", "a/2"}}
	for _, c := range []struct {
		name            string
		route           policy.Route
		held, all, some list
	}{
		{"nothing is needed", policy.Route{}, nil, nil, nil},
		{"nothing is held", route, nil, list{"a/x", "a/y"}, list{"a/1", "a/2"}},
		{"one of all", route, list{"a/x"}, list{"a/y"}, list{"a/1", "a/2"}},
		{"one of some", route, list{"a/2"}, list{"a/x", "a/y"}, nil},
		{"enough", route, list{"a/2", "a/x", "a/y", "b/1"}, nil, nil},
	} {
		all, some := c.route.Lacks(c.held)
		if !slices.Equal(all, c.all) || !slices.Equal(some, c.some) {
			t.Errorf("%s: %v and one of %v, want %v and one of %v", c.name, all, some, c.all, c.some)
		}
	}
}
