package doors

import (
	"context"
	"net/netip"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// actionRegressed is what the audit trail calls a passkey whose counter of signatures
// did not grow.
const actionRegressed = "passkey.regressed"

// AskPasskey asks for a passkey of a user, or with "" of anybody; see
// [authn.Verifier.AskPasskey].
func (d *Doors) AskPasskey(ctx context.Context, id sallyport.PrincipalID, place string) (authn.PasskeyQuestion, error) {
	return d.authn.AskPasskey(ctx, id, place)
}

// Passkey checks the answer of a passkey to a question that was asked in this place,
// as [Doors.SecondFactor] does a code. The device has verified who holds it, so it
// stands for the password as well.
func (d *Doors) Passkey(ctx context.Context, p *policy.Principal, a authn.PasskeyAnswer, place string, client netip.Addr) (sallyport.Reason, int) {
	reason, retryAfter, regressed := d.authn.Passkey(ctx, &p.Principal, a, place, client)
	if regressed != "" {
		d.noteRegressed(ctx, &p.Principal, regressed, client)
	}
	if reason == "" {
		reason = d.fresh()
	}
	return reason, retryAfter
}

// PasskeyHolder returns who an answer says that it is of, if he may sign in. It
// proves nothing before [Doors.Passkey] has said yes.
func (d *Doors) PasskeyHolder(ctx context.Context, answer string) (*policy.Principal, sallyport.Reason) {
	id, err := passkey.Whose([]byte(answer))
	if err != nil || !sallyport.IsUUID(string(id)) {
		return nil, sallyport.CredentialMalformed
	}
	// A stranger may name anybody: who is nobody must not get a place in memory.
	_, err = d.store.UserByID(ctx, id)
	switch {
	case sallyport.KindOf(err) == sallyport.NotFound && err != nil:
		return nil, sallyport.OwnerInactive
	case err != nil:
		return nil, sallyport.StoreUnavailable
	}
	return d.Alive(ctx, id)
}

// noteRegressed writes down that there may be a copy of a passkey. It is refused
// whether or not that can be written.
func (d *Doors) noteRegressed(ctx context.Context, p *sallyport.Principal, factor string, client netip.Addr) {
	e := audit.Entry{
		At: d.now(), Tenant: p.Home, Action: actionRegressed, Actor: audit.Actor{Kind: audit.KindStranger},
		Target: audit.Target{Kind: "user", ID: string(p.ID), Name: p.Login}, After: map[string]any{"passkey": factor},
	}
	if client.IsValid() {
		e.Address = client.String()
	}
	_, err := d.store.Write(ctx, func(tx *store.Tx) error { return audit.Append(ctx, tx, e) })
	if err != nil {
		d.log.ErrorContext(ctx, "a passkey whose counter did not grow could not be written down", "user", p.ID, "factor", factor, "error", err)
	}
}
