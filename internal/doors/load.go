package doors

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// leeway is how far the clock of another node that signs may be ahead.
const leeway = 5 * time.Second

// loadPrincipal reads a user or an API key with what is bound to it and
// compiles it.
func (d *Doors) loadPrincipal(ctx context.Context, id sallyport.PrincipalID) (*policy.Principal, error) {
	var record policy.Record
	err := d.store.Read(ctx, func(tx *store.Tx) (err error) {
		record, err = policy.LoadPrincipal(ctx, &tx.Reader, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	p, err := d.compiler.Principal(record)
	if err != nil {
		d.log.WarnContext(ctx, "a principal has bindings that give nothing", "principal", id, "error", err)
	}
	return p, nil
}

// loadPolicy reads and compiles what changed of the policy and puts it in force.
func (d *Doors) loadPolicy(ctx context.Context) error {
	var source policy.Source
	err := d.store.Read(ctx, func(tx *store.Tx) (err error) {
		source, err = d.loader.Load(ctx, &tx.Reader)
		return err
	})
	if err != nil {
		return err
	}
	snapshot, err := d.compiler.Compile(source)
	if err != nil {
		// What is faulty denies; the rest of the policy is sound.
		d.log.ErrorContext(ctx, "the stored policy has faults; what they touch is refused", "error", err)
	}
	d.policy.Store(newInForce(snapshot))
	if d.loaded != nil {
		d.loaded(snapshot)
	}
	return nil
}

// loadKeys reads and opens the signing keys and puts them in force.
func (d *Doors) loadKeys(ctx context.Context) error {
	keys, err := authn.LoadKeys(ctx, &d.store.Reader, d.sealer)
	if err != nil {
		return err
	}
	set, err := token.NewKeySet(d.issuer, leeway, keys...)
	if err != nil {
		return fmt.Errorf("make the key set: %w", err)
	}
	d.keys.Store(set)
	return nil
}
