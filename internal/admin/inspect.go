package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// Peek returns the sign-in of a refresh token as it is now, and does not use the
// token up. It is Refused for the reasons of [Service.Rotate], but for
// [sallyport.ClaimsInvalid], as it does not ask who the client is; the family is
// there even so, unless the token is unknown. A token that was exchanged already
// is Refused with [sallyport.CredentialReplaced], without consequence.
func (s *Service) Peek(ctx context.Context, in Presented) (signIn SignIn, err error) {
	var verdict error
	err = s.c.Store.Read(ctx, func(tx *store.Tx) error {
		r := &rotation{
			work: &work{Service: s, tx: tx, actor: Actor{RequestID: in.RequestID, Address: in.Address}, now: s.c.Now(), snapshot: s.c.Policy()},
			in:   in,
		}
		found, err := r.find(ctx)
		if found {
			signIn.Family = r.family
			err = r.peek(ctx)
		}
		if r.signIn.Family.ID != "" {
			signIn = r.signIn
		}
		verdict = r.verdict
		return err
	})
	if err == nil {
		err = verdict
	}
	return signIn, err
}

// peek judges a refresh token that was found.
func (r *rotation) peek(ctx context.Context) error {
	switch f := &r.family; {
	case f.State != sallyport.Active:
		r.verdict = refused(sallyport.CredentialRevoked)
	case !f.Expires.After(r.now), !r.token.Expires.After(r.now):
		r.verdict = refused(sallyport.CredentialExpired)
	default:
		good, err := r.owner(ctx)
		if err == nil && good && !r.token.Used.IsZero() {
			r.verdict = refused(sallyport.CredentialReplaced)
		}
		return err
	}
	return nil
}

// MayInspect checks that the actor may learn what a credential is good for that
// somebody shows him: it is his own, or he holds [TokensRead] in the tenant that
// it acts in.
func (s *Service) MayInspect(ctx context.Context, a Actor, tenant sallyport.TenantID, owner sallyport.PrincipalID) error {
	return s.look(ctx, a, func(w *work) error {
		if w.actor.is(owner) {
			return nil
		}
		return w.may(tenant, TokensRead)
	})
}

// RevokeExchanged ends one access token that an API key, the actor, was exchanged
// for. Nothing is stored of such a token while it lives; once it is ended it
// stands in the store, under its own id (jti), as a sign-in that is over, until
// it has expired. The key and its other tokens go on.
func (s *Service) RevokeExchanged(ctx context.Context, a Actor, id sallyport.FamilyID, expires time.Time) error {
	return s.change(ctx, a, func(w *work) error {
		p := w.actor.Principal
		if p.Kind != sallyport.PrincipalAPIKey {
			return refused(sallyport.ClaimsInvalid)
		}
		_, err := w.tx.FamilyByID(ctx, id)
		if err == nil || sallyport.KindOf(err) != sallyport.NotFound {
			return err
		}
		f := store.Family{
			ID: id, Tenant: p.Home, Principal: p.ID, Credential: sallyport.CredentialID(p.ID), Client: string(p.ID),
			State: sallyport.Revoked, EndReason: "revoked by its client", Expires: expires, Ended: w.now,
		}
		if err := w.tx.InsertFamily(ctx, &f); err != nil {
			return err
		}
		w.tx.Note(sallyport.ChangeCredential, string(p.ID))
		return w.write(ctx, p.Home, "sign_in.end", familyThing(f), familyView(f), nil)
	})
}
