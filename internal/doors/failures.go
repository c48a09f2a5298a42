package doors

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// actionFailed is what the audit trail calls sign-ins that failed.
const actionFailed = "sign_in.failed"

// flushFailures writes down the sign-ins that failed, in the trail of the tenant
// that administers the user, or in the installation's. What could not be written
// is kept for the next time.
func (d *Doors) flushFailures(ctx context.Context, everything bool) error {
	if d.pseudonyms == nil {
		return nil
	}
	list := d.authn.TakeFailures(everything)
	if len(list) == 0 {
		return nil
	}
	now := d.now()
	_, err := d.store.Write(ctx, func(tx *store.Tx) error {
		for i := range list {
			if err := audit.Append(ctx, tx, failureEntry(&list[i], d.pseudonyms, now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.authn.GiveBackFailures(list)
		return fmt.Errorf("write %d failed sign-ins: %w", len(list), err)
	}
	return nil
}

// failureEntry is the entry of sign-ins that failed. Whoever tried is a stranger,
// whatever login he tried. A login that nobody has is not written down: it may be
// a password in the wrong field.
func failureEntry(f *authn.Failure, pseudonyms *token.PseudonymKey, now time.Time) audit.Entry {
	e := audit.Entry{
		At: now, Tenant: f.User.Tenant, Action: actionFailed, Actor: audit.Actor{Kind: audit.KindStranger},
		After: map[string]any{
			"attempts": f.Attempts, "throttled": f.Throttled, "reason": string(f.Reason), "minute": f.Began.UTC().Format(time.RFC3339),
		},
	}
	switch {
	case f.User.ID != "":
		e.Target = audit.Target{Kind: "user", ID: string(f.User.ID), Name: f.User.Login}
	case f.Source.IsValid():
		e.Actor = audit.Stranger(*pseudonyms, f.Login)
		e.Target = audit.Target{Kind: "login", Name: e.Actor.Name}
	default:
		e.Target = audit.Target{Kind: "login", Name: "several"}
	}
	switch {
	case f.Source.IsSingleIP():
		e.Address = f.Source.Addr().String()
	case f.Source.IsValid():
		e.Address = f.Source.String()
	}
	return e
}
