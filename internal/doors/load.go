package doors

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
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

// loadPolicy reads and compiles the policy and puts it in force.
func (d *Doors) loadPolicy(ctx context.Context) error {
	var source policy.Source
	err := d.store.Read(ctx, func(tx *store.Tx) (err error) {
		source, err = policy.Load(ctx, &tx.Reader)
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
	return nil
}

// loadKeys reads and opens the signing keys and puts them in force.
func (d *Doors) loadKeys(ctx context.Context) error {
	stored, err := d.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the signing keys: %w", err)
	}
	var keys []*token.SigningKey
	for i := range stored {
		key, err := openKey(d.sealer, &stored[i])
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	set, err := token.NewKeySet(d.issuer, leeway, keys...)
	if err != nil {
		return fmt.Errorf("make the key set: %w", err)
	}
	d.keys.Store(set)
	return nil
}

func openKey(sealer *token.Sealer, k *store.SigningKey) (*token.SigningKey, error) {
	key, err := token.OpenKey(sealer, token.StoredKey{
		ID: k.ID, Kind: token.JWTKind(k.Use), Algorithm: token.Algorithm(k.Algorithm), State: token.KeyState(k.State),
		Private: k.Sealed, PublicJWK: k.Public,
		Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.Ends,
	})
	if err != nil {
		return nil, fmt.Errorf("open the signing key %s; is it the right master key?: %w", k.ID, err)
	}
	return key, nil
}
