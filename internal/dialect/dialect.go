// Package dialect lists the dialects: ways in which credentials arrive and
// answers look that clients of known systems are used to. Each has a package of
// its own below this one.
//
// A dialect is two things: what the policy must know of it when a document is
// compiled ([Specs]), and what answers requests ([New]).
package dialect

import (
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
)

// Specs returns what the policy must know of the dialects, by name.
func Specs() map[string]policy.Dialect {
	return map[string]policy.Dialect{}
}

// New returns the dialects ready to answer, by name.
func New(wire.Config) (map[string]surface.Dialect, error) {
	return map[string]surface.Dialect{}, nil
}
