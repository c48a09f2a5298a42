package node

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// derived is what is made from the master key. Each has its own purpose, so
// that none can stand in for another.
type derived struct {
	secrets, throttle                *token.Digester
	signingKeys, successors, cursors *token.Sealer
	factors                          *token.Sealer
	pseudonyms                       token.PseudonymKey
	checkpoints                      *audit.Signer
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
		func() (err error) { d.throttle, err = token.NewDigester(token.UseThrottle, pepper); return err },
		func() (err error) { d.signingKeys, err = token.NewSealer(token.SealSigningKey, m); return err },
		func() (err error) { d.successors, err = token.NewSealer(token.SealSuccessor, m); return err },
		func() (err error) { d.factors, err = token.NewSealer(token.SealFactor, m); return err },
		func() (err error) { d.pseudonyms, err = m.PseudonymKey(); return err },
		func() error {
			key, err := m.AuditKey()
			if err == nil {
				d.checkpoints, err = audit.NewSigner(key)
			}
			return err
		},
		func() (err error) { d.cursors, err = token.NewSealer(token.SealCursor, m); return err },
	} {
		if err := make(); err != nil {
			return derived{}, fmt.Errorf("derive the keys: %w", err)
		}
	}
	return d, nil
}

// OpenKeys reads and opens all signing keys with a master key, as a check, and
// returns how many there are.
func OpenKeys(ctx context.Context, s *store.Store, m token.MasterKey) (int, error) {
	sealer, err := token.NewSealer(token.SealSigningKey, m)
	if err != nil {
		return 0, fmt.Errorf("derive the key of signing keys: %w", err)
	}
	keys, err := authn.LoadKeys(ctx, &s.Reader, sealer)
	return len(keys), err
}
