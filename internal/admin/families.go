package admin

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// DefaultFamily is how long a sign-in lasts, unless the caller says otherwise.
const DefaultFamily = 30 * 24 * time.Hour

// A NewFamily is a sign-in to be begun, for a principal who was just verified.
type NewFamily struct {
	Principal  sallyport.PrincipalID
	Epoch      int64                  // as in [NewSession]
	Credential sallyport.CredentialID // what he was verified by; empty: a password
	Tenant     sallyport.TenantID     // the one tenant its tokens act in; empty: wherever the principal may
	Client     string                 // client id; refresh tokens are bound to it
	API        sallyport.APIName      // empty: not limited to one
	Scopes     []string               // nil: not limited
	Lifetime   time.Duration          // until its absolute end; [DefaultFamily] when 0
	Refresh    bool                   // with a refresh token
	Address    string
	RequestID  string
}

// A SignIn is a sign-in with what its tokens are made of.
type SignIn struct {
	Family    store.Family
	Principal sallyport.Principal
	Refresh   sallyport.Secret // empty: none
	Expires   time.Time        // of Refresh
	Replayed  bool             // Refresh was given out a moment ago already
	NotBefore time.Time        // tokens of the principal that were issued earlier are dead; zero: none
}

// StartFamily begins a sign-in. Whether the principal, and the credential he
// came with, are still good is looked at in the transaction; what that
// credential is limited to, the sign-in must be too.
func (s *Service) StartFamily(ctx context.Context, in NewFamily) (signIn SignIn, err error) {
	a := Actor{
		Principal: sallyport.Principal{ID: in.Principal}, CredentialKind: sallyport.Password,
		RequestID: in.RequestID, Address: in.Address,
	}
	err = s.change(ctx, a, func(w *work) (err error) {
		if err := w.sameEpoch(in.Epoch); err != nil {
			return err
		}
		if err := w.comesWith(ctx, in.Credential); err != nil {
			return err
		}
		f := store.Family{
			Tenant: in.Tenant, Principal: in.Principal, Credential: in.Credential, Client: in.Client, API: in.API,
			Scopes: in.Scopes, State: sallyport.Active, Expires: w.now.Add(in.Lifetime),
		}
		if f.Tenant == "" {
			f.Tenant = sallyport.EveryTenant
		}
		if in.Lifetime <= 0 {
			f.Expires = w.now.Add(DefaultFamily)
		}
		if err := w.checkFamily(ctx, &f); err != nil {
			return err
		}
		if err := w.tx.InsertFamily(ctx, &f); err != nil {
			return err
		}
		signIn = SignIn{Family: f, Principal: w.actor.Principal, NotBefore: w.principal.NotBefore}
		if in.Refresh {
			if err := w.firstRefresh(ctx, &signIn); err != nil {
				return err
			}
		}
		if w.actor.Principal.Kind != sallyport.PrincipalAPIKey {
			if err := w.tx.TouchLogin(ctx, in.Principal, w.now); err != nil {
				return err
			}
		}
		w.tx.Note(sallyport.ChangeCredential, string(f.ID))
		return w.write(ctx, w.actor.Principal.Home, "sign_in.start", familyThing(f), nil, familyView(f))
	})
	return signIn, err
}

func familyThing(f store.Family) thing { return thing{"sign_in", string(f.ID), f.Client} }

func familyView(f store.Family) any {
	view := map[string]any{"principal": f.Principal, "client": f.Client, "api": f.API, "state": f.State, "expires": f.Expires}
	if f.Scopes != nil {
		view["scopes"] = f.Scopes
	}
	if f.Tenant != sallyport.EveryTenant {
		view["tenant"] = f.Tenant
	}
	return view
}

// comesWith narrows the actor to the credential that a sign-in is begun with.
func (w *work) comesWith(ctx context.Context, id sallyport.CredentialID) error {
	if id == "" {
		return nil
	}
	c, err := w.tx.CredentialByID(ctx, id)
	if sallyport.KindOf(err) == sallyport.NotFound {
		return refused(sallyport.CredentialRevoked)
	}
	if err != nil {
		return err
	}
	u, ok := sallyport.ParseUUID(string(id))
	if !ok {
		return refused(sallyport.CredentialRevoked)
	}
	w.actor.CredentialKind, w.actor.Credential = c.Kind, u
	return w.credential(ctx)
}

func (w *work) checkFamily(ctx context.Context, f *store.Family) error {
	id, err := newID()
	if err != nil {
		return err
	}
	f.ID = sallyport.FamilyID(id)
	if f.Client, err = text("client_id", f.Client, maxName); err != nil {
		return err
	}
	if err := w.checkScopes(f.Scopes); err != nil {
		return err
	}
	if f.API != "" && w.snapshot.API(f.API) == nil {
		return sallyport.ErrInvalid("resource", "there is no such API")
	}
	if f.Tenant != sallyport.EveryTenant {
		if err := w.memberOf(ctx, f.Principal, f.Tenant); err != nil {
			return err
		}
	}
	if !w.until.IsZero() && f.Expires.After(w.until) {
		f.Expires = w.until
	}
	return w.within(f.Scopes, f.Tenant)
}

// firstRefresh makes the first refresh token of a sign-in.
func (w *work) firstRefresh(ctx context.Context, signIn *SignIn) error {
	secret, record, err := w.mint(sallyport.RefreshToken, ShapeStandard)
	if err != nil {
		return err
	}
	signIn.Refresh, signIn.Expires = secret, signIn.Family.Expires
	return w.tx.InsertRefreshToken(ctx, &store.RefreshToken{
		Digest: record.Digest, Family: signIn.Family.ID, Pepper: record.Pepper, Expires: signIn.Family.Expires,
	})
}

// RevokeByToken ends what a secret stands for, on behalf of whoever holds it
// (RFC 7009): of a refresh token its sign-in, otherwise the token or session
// itself. A secret that is unknown or dead already is no error (section 2.2), one
// that was issued to another client is Refused. API keys are not ended this way.
func (s *Service) RevokeByToken(ctx context.Context, in Presented) error {
	revision, err := s.c.Store.WriteReserved(ctx, func(tx *store.Tx) error {
		if err := tx.Exclusive(ctx); err != nil {
			return err
		}
		w := &work{Service: s, tx: tx, actor: Actor{RequestID: in.RequestID, Address: in.Address}, now: s.c.Now(), snapshot: s.c.Policy()}
		_, family, err := w.refreshToken(ctx, in.Secret)
		switch {
		case sallyport.KindOf(err) == sallyport.NotFound:
			return w.revokeBySecret(ctx, in.Secret)
		case err != nil:
			return err
		case family.Client != in.Client:
			return refused(sallyport.ClaimsInvalid)
		}
		record, err := w.record(ctx, family.Principal)
		if err != nil && sallyport.KindOf(err) != sallyport.Refused {
			return err
		}
		w.holder(record, sallyport.RefreshToken, string(family.ID))
		return w.endFamily(ctx, family, "revoked by its client")
	})
	if err != nil {
		return err
	}
	return s.inForce(ctx, revision)
}

// holder makes the owner of a secret the actor.
func (w *work) holder(record *policy.Record, kind sallyport.CredentialKind, id string) {
	w.actor.CredentialKind = kind
	w.actor.Credential, _ = sallyport.ParseUUID(id)
	if record != nil {
		w.actor.Principal = record.Principal
	}
}

func (w *work) revokeBySecret(ctx context.Context, secret sallyport.Secret) error {
	for _, version := range w.c.Secrets.Versions() {
		digest, _ := w.c.Secrets.DigestAt(version, secret.Reveal())
		c, _, err := w.tx.CredentialByDigest(ctx, digest)
		if sallyport.KindOf(err) == sallyport.NotFound {
			continue
		}
		if err != nil || c.Kind == sallyport.APIKey {
			return err
		}
		record, err := w.record(ctx, c.Owner)
		if err != nil && sallyport.KindOf(err) != sallyport.Refused {
			return err
		}
		home, err := w.homeOf(ctx, c)
		if err != nil {
			return err
		}
		w.holder(record, c.Kind, string(c.ID))
		return w.revoke(ctx, c, home, "token.revoke")
	}
	return nil
}

// endFamily ends a sign-in. To be ended already is no error, and no change.
func (w *work) endFamily(ctx context.Context, f store.Family, reason string) error {
	ended, err := w.tx.EndFamily(ctx, f.Tenant, f.ID, reason)
	if err != nil || !ended {
		return err
	}
	home := f.Tenant
	if owner, err := w.tx.UserByID(ctx, f.Principal); err == nil {
		home = owner.Tenant
	}
	w.tx.Note(sallyport.ChangeCredential, string(f.ID))
	return w.write(ctx, home, "sign_in.end", familyThing(f), familyView(f), nil)
}

// Families returns the sign-ins of a principal that were not ended, oldest
// first. Those of others need [SessionsRead] where they are administered.
func (s *Service) Families(ctx context.Context, a Actor, tenant sallyport.TenantID, owner sallyport.PrincipalID, p Page) (list List[store.Family], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.ownedIn(ctx, tenant, owner, SessionsRead); err != nil {
			return err
		}
		list, err = pages(w, p, []string{"families", string(tenant), string(owner)}, func(p store.Page) ([]store.Family, string, error) {
			return w.tx.FamiliesOf(ctx, owner, sallyport.Active, p)
		})
		return err
	})
	return list, err
}

// RevokeFamily ends a sign-in with all its tokens. One of another principal
// needs [SessionsRevoke] where he is administered.
func (s *Service) RevokeFamily(ctx context.Context, a Actor, id sallyport.FamilyID) error {
	none := sallyport.ErrNotFound("no such sign-in")
	return s.takeAway(ctx, a, func(w *work) error {
		f, err := w.tx.FamilyByID(ctx, id)
		if sallyport.KindOf(err) == sallyport.NotFound {
			return none
		}
		if err != nil {
			return err
		}
		home := f.Tenant
		if record, err := w.record(ctx, f.Principal); err == nil {
			home = record.Principal.Home
		}
		err = w.itselfOr(f.Principal, home, SessionsRevoke)
		if w.actor.is(f.Principal) && w.actor.Credential.String() == string(id) {
			err = nil // one can always sign out
		}
		if sallyport.KindOf(err) == sallyport.NotFound {
			return none
		}
		if err != nil {
			return err
		}
		return w.endFamily(ctx, f, "ended")
	})
}

// Record writes an event without a change to the audit trail, such as a sign-in
// that failed.
func (s *Service) Record(ctx context.Context, e audit.Entry) error {
	_, err := s.c.Store.Write(ctx, func(tx *store.Tx) error { return audit.Append(ctx, tx, e) })
	return err
}
