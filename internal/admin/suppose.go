package admin

import (
	"context"

	"github.com/sallyport/sallyport"
)

// A Supposed is whom a question is about what would be decided.
type Supposed struct {
	Principal sallyport.PrincipalID
	Tenant    sallyport.TenantID // the one that the credential is limited to; empty: not limited
	Limited   bool               // whether Scopes applies
	Scopes    []string
	Refused   sallyport.Reason // why the credential would not do

	Credential *sallyport.Credential // that was named; nil: none was
	Own        bool                  // the actor asks about himself, and may not ask about others
}

// Suppose checks that the actor may ask what would be decided on a request of a
// principal, himself when it is empty, with one of the principal's tokens or
// keys, or with all of his rights. About oneself everybody may ask; without a
// credential that is about the one that the actor came with. About others it
// needs [DecisionsExplain] where they are at home, and in the tenant that the
// question is about if it names one.
func (s *Service) Suppose(ctx context.Context, a Actor, id sallyport.PrincipalID, credential sallyport.CredentialID, tenant sallyport.TenantID) (who Supposed, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		self := id == "" || w.actor.is(id)
		if self {
			if w.principal == nil {
				return w.itself()
			}
			if err := w.history(); err != nil {
				return err
			}
			id = w.actor.Principal.ID
			who.Own = w.may(w.principal.Home, DecisionsExplain) != nil
		}
		who.Principal = id
		if !self {
			if err := w.mayExplain(ctx, id, tenant); err != nil {
				return err
			}
		}
		if credential == "" {
			if self {
				who.Scopes, who.Limited = w.actor.Scopes, w.actor.Scopes != nil
				if w.actor.Tenant != sallyport.EveryTenant {
					who.Tenant = w.actor.Tenant
				}
			}
			return nil
		}
		return w.supposeWith(ctx, credential, &who)
	})
	return who, err
}

// mayExplain checks that the actor may ask about somebody else. Who may not is
// told the same as when there is nobody.
func (w *work) mayExplain(ctx context.Context, id sallyport.PrincipalID, tenant sallyport.TenantID) error {
	gone := sallyport.ErrNotFound("there is no such user or API key that you may ask about; it needs the permission " + string(DecisionsExplain))
	record, err := w.record(ctx, id)
	switch {
	case sallyport.KindOf(err) == sallyport.Refused:
		return gone
	case err != nil:
		return err
	case w.may(record.Principal.Home, DecisionsExplain) != nil:
		return gone
	case tenant != "":
		return w.may(tenant, DecisionsExplain)
	}
	return nil
}

// supposeWith narrows to a credential of the principal.
func (w *work) supposeWith(ctx context.Context, id sallyport.CredentialID, who *Supposed) error {
	c, err := w.tx.CredentialByID(ctx, id)
	if sallyport.KindOf(err) == sallyport.NotFound || err == nil && c.Owner != who.Principal {
		return sallyport.ErrNotFound("the principal has no token of this id")
	}
	if err != nil {
		return err
	}
	who.Credential, who.Scopes, who.Limited = &c, c.Scopes, c.Scopes != nil
	if c.Tenant != sallyport.EveryTenant {
		who.Tenant = c.Tenant
	}
	switch {
	case c.State != sallyport.Active:
		who.Refused = sallyport.CredentialRevoked
	case !c.Expires.IsZero() && !c.Expires.After(w.now):
		who.Refused = sallyport.CredentialExpired
	}
	return nil
}
