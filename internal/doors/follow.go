package doors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// changesAtOnce bounds how many changes are read in one query.
const changesAtOnce = 1000

// Apply brings this node up to the newest revision and returns it. When it
// returns without an error, every decision that starts from now on is taken
// under that revision or a later one. The admin floor calls it after each
// commit, before the caller is answered.
func (d *Doors) Apply(ctx context.Context) (sallyport.Revision, error) {
	d.applying.Lock()
	defer d.applying.Unlock()
	for {
		// The lease counts from before the question: what is committed after
		// this moment may be missing in the answer.
		asked := d.now()
		changes, err := d.store.Changes(ctx, d.applied, changesAtOnce)
		if errors.Is(err, store.ErrGap) {
			changes, err = d.everything(ctx)
		}
		switch {
		case err != nil:
			return d.applied, fmt.Errorf("read the change log after revision %d: %w", d.applied, err)
		case len(changes) == 0:
			d.lease.confirm(asked)
			return d.applied, nil
		}
		if err := d.apply(ctx, changes); err != nil {
			return d.applied, err
		}
	}
}

// everything stands for the changes of a node that slept for longer than the
// log reaches back.
func (d *Doors) everything(ctx context.Context) ([]sallyport.Change, error) {
	newest, err := d.store.Revision(ctx)
	return []sallyport.Change{{Revision: newest, Kind: sallyport.ChangeEverything}}, err
}

// apply forgets what the changes made old and then moves on to their revision.
// If the new policy cannot be read nothing moves, and the lease runs out.
func (d *Doors) apply(ctx context.Context, changes []sallyport.Change) error {
	recompile, rekey := false, false
	for _, c := range changes {
		switch c.Kind {
		case sallyport.ChangePolicy:
			recompile = true
		case sallyport.ChangePrincipal:
			d.principals.forget(sallyport.PrincipalID(c.ID))
		case sallyport.ChangeCredential:
			d.authn.Forget(c.ID)
		case sallyport.ChangeKeys:
			// What is remembered of access tokens was verified with the old keys.
			rekey = true
			d.authn.ForgetAll()
		case sallyport.ChangeEverything:
			recompile, rekey = true, true
			d.loader.Forget()
			d.principals.forgetAll()
			d.authn.ForgetAll()
		}
	}
	if rekey {
		if err := d.loadKeys(ctx); err != nil {
			return err
		}
	}
	if recompile {
		if err := d.loadPolicy(ctx); err != nil {
			return err
		}
	}
	d.applied = changes[len(changes)-1].Revision
	d.revision.Store(uint64(d.applied))
	d.authn.Advance(d.applied)
	return nil
}

// Follow applies the changes of other nodes until ctx ends, asking every
// interval. Trouble is logged once when it begins and once when it is over.
func (d *Doors) Follow(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		revision, err := d.Apply(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			failing = true
			d.log.ErrorContext(ctx, "cannot confirm the newest revision", "revision", revision, "error", err)
		case err == nil && failing:
			failing = false
			d.log.InfoContext(ctx, "the newest revision is confirmed again", "revision", revision)
		}
	}
}
