// Package dialect lists the dialects: ways in which credentials arrive and
// answers look that clients of known systems are used to. Each has a package of
// its own below this one.
//
// A dialect is two things: what the policy must know of it when a document is
// compiled ([Specs]), and what answers requests ([New]).
package dialect

import (
	"github.com/sallyport/sallyport/internal/dialect/edgeintel"
	"github.com/sallyport/sallyport/internal/dialect/itadvisor"
	"github.com/sallyport/sallyport/internal/dialect/itop"
	"github.com/sallyport/sallyport/internal/dialect/orchestrator"
	"github.com/sallyport/sallyport/internal/dialect/truesight"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/policy"
)

// Specs returns what the policy must know of the dialects, by name.
func Specs() map[string]policy.Dialect {
	return map[string]policy.Dialect{
		"edgeintel":    edgeintel.Spec(),
		"itadvisor":    itadvisor.Spec(),
		"orchestrator": orchestrator.Spec(),
		"truesight":    truesight.Spec(),
		"itop":         itop.Spec(),
	}
}

// New returns the dialects ready to answer, by name.
func New(c wire.Config) (map[string]surface.Dialect, error) {
	all := map[string]surface.Dialect{}
	for name, dialect := range map[string]func(wire.Config) (surface.Dialect, error){
		"edgeintel":    edgeintel.New,
		"itadvisor":    itadvisor.New,
		"orchestrator": orchestrator.New,
		"truesight":    truesight.New,
		"itop":         itop.New,
	} {
		var err error
		if all[name], err = dialect(c); err != nil {
			return nil, err
		}
	}
	return all, nil
}
