package node

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/token"
)

// derived is what is made from the master key. Each has its own purpose, so
// that none can stand in for another.
type derived struct {
	secrets, verified                *token.Digester
	signingKeys, successors, cursors *token.Sealer
}

// pepperVersion is the version of the pepper that new digests are made with.
const pepperVersion = 1

func derive(m token.MasterKey) (derived, error) {
	pepper, err := m.Pepper(pepperVersion)
	if err != nil {
		return derived{}, fmt.Errorf("derive the pepper: %w", err)
	}
	var d derived
	for _, make := range []func() error{
		func() (err error) { d.secrets, err = token.NewDigester(token.UseSecret, pepper); return err },
		func() (err error) { d.verified, err = token.NewDigester(token.UseVerified, pepper); return err },
		func() (err error) { d.signingKeys, err = token.NewSealer(token.SealSigningKey, m); return err },
		func() (err error) { d.successors, err = token.NewSealer(token.SealSuccessor, m); return err },
		func() (err error) { d.cursors, err = token.NewSealer(token.SealCursor, m); return err },
	} {
		if err := make(); err != nil {
			return derived{}, fmt.Errorf("derive the keys: %w", err)
		}
	}
	return d, nil
}
