package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// A Presented is a refresh token, or another secret, in the hands of a client.
type Presented struct {
	Secret    sallyport.Secret
	Client    string // client id, as far as the client proved it; empty if there is none
	Address   string
	RequestID string
}

// Rotate exchanges a refresh token for its successor (RFC 9700 section 4.14.2).
// Of any number of exchanges of the same token at once, all get the same
// successor; so does a client that repeats the exchange within the retry window
// because the answer was lost, as long as it has not used the successor. After
// that, or by anybody who does not come first, a used token ends the whole
// sign-in: it has got into wrong hands, and nobody can tell whose are wrong.
//
// Rotation moves no expiry, and is not written to the audit trail; the sign-in's
// beginning and end are. Refused with the reasons [sallyport.CredentialUnknown],
// [sallyport.CredentialExpired], [sallyport.CredentialRevoked],
// [sallyport.CredentialReplaced] (used again; the sign-in has been ended),
// [sallyport.OwnerInactive], [sallyport.TenantInactive] or
// [sallyport.ClaimsInvalid] (another client's; nothing was ended).
func (s *Service) Rotate(ctx context.Context, in Presented) (signIn SignIn, err error) {
	secret, record, err := s.mint(sallyport.RefreshToken, ShapeStandard)
	if err != nil {
		return signIn, err
	}
	var verdict error // committed beside what it ended
	revision, err := s.c.Store.Write(ctx, func(tx *store.Tx) error {
		signIn, verdict = SignIn{}, nil
		if err := tx.Exclusive(ctx); err != nil {
			return err
		}
		r := &rotation{
			work: &work{Service: s, tx: tx, actor: Actor{RequestID: in.RequestID, Address: in.Address}, now: s.c.Now(), snapshot: s.c.Policy()},
			in:   in, secret: secret, record: record,
		}
		err := r.run(ctx)
		signIn, verdict = r.signIn, r.verdict
		return err
	})
	if err == nil {
		err = s.inForce(ctx, revision)
	}
	if err == nil {
		err = verdict
	}
	if err != nil {
		return SignIn{}, err
	}
	return signIn, nil
}

// A rotation is one exchange of a refresh token.
type rotation struct {
	*work
	in     Presented
	secret sallyport.Secret            // of the successor
	record *sallyport.CredentialSecret // of it

	token   store.RefreshToken
	family  store.Family
	signIn  SignIn
	verdict error
}

func (r *rotation) run(ctx context.Context) error {
	found, err := r.find(ctx)
	if err != nil || !found {
		return err
	}
	switch f := &r.family; {
	case f.Client != r.in.Client:
		return r.stranger(ctx)
	case f.State != sallyport.Active:
		r.verdict = refused(sallyport.CredentialRevoked)
		return nil
	case !f.Expires.After(r.now), !r.token.Expires.After(r.now):
		r.verdict = refused(sallyport.CredentialExpired)
		return nil
	}
	if good, err := r.owner(ctx); err != nil || !good {
		return err
	}
	if r.token.Used.IsZero() {
		return r.exchange(ctx)
	}
	return r.again(ctx)
}

// find looks the token up, under the present pepper and under older ones.
func (r *rotation) find(ctx context.Context) (bool, error) {
	var err error
	if r.token, r.family, err = r.refreshToken(ctx, r.in.Secret); sallyport.KindOf(err) == sallyport.NotFound {
		r.verdict = refused(sallyport.CredentialUnknown)
		return false, nil
	}
	return err == nil, err
}

func (w *work) refreshToken(ctx context.Context, secret sallyport.Secret) (t store.RefreshToken, f store.Family, err error) {
	err = sallyport.ErrNotFound("no such refresh token")
	if kind, ok := token.Inspect(secret.Reveal()); !ok || kind != sallyport.RefreshToken {
		return t, f, err
	}
	for _, version := range w.c.Secrets.Versions() {
		digest, _ := w.c.Secrets.DigestAt(version, secret.Reveal())
		t, f, err = w.tx.RefreshTokenByDigest(ctx, digest)
		if sallyport.KindOf(err) != sallyport.NotFound {
			break
		}
	}
	return t, f, err
}

// stranger refuses a token that was issued to another client. It ends nothing,
// so that nobody can end a sign-in by showing what he found.
func (r *rotation) stranger(ctx context.Context) error {
	r.verdict = refused(sallyport.ClaimsInvalid)
	r.actor.Principal.Login = r.in.Client
	view := map[string]any{"client": r.family.Client, "by": r.in.Client}
	return r.write(ctx, r.home(ctx), "sign_in.wrong_client", familyThing(r.family), nil, view)
}

// owner looks at the principal as he is now.
func (r *rotation) owner(ctx context.Context) (bool, error) {
	record, err := r.work.record(ctx, r.family.Principal)
	if err == nil && record.State != sallyport.Active {
		err = refused(sallyport.OwnerInactive)
	}
	if err == nil && r.family.Created.Before(record.NotBefore) {
		err = refused(sallyport.CredentialRevoked)
	}
	if err == nil {
		err = r.tenantActive(ctx, record.Principal.Home)
	}
	if err == nil {
		err = r.tenantActive(ctx, r.family.Tenant)
	}
	if sallyport.KindOf(err) == sallyport.Refused {
		r.verdict = err
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.actor.Principal, r.actor.CredentialKind = record.Principal, sallyport.RefreshToken
	r.actor.Credential, _ = sallyport.ParseUUID(string(r.family.ID))
	r.signIn = SignIn{Family: r.family, Principal: record.Principal, Expires: r.family.Expires, NotBefore: record.NotBefore}
	return true, nil
}

// exchange makes the successor, and keeps it sealed for the retry window.
func (r *rotation) exchange(ctx context.Context) error {
	sealed, err := r.c.Successors.Seal([]byte(r.secret.Reveal()), r.place()...)
	if err != nil {
		return err
	}
	next := &store.RefreshToken{Digest: r.record.Digest, Pepper: r.record.Pepper, Expires: r.family.Expires}
	made, err := r.tx.RotateRefreshToken(ctx, r.token.Digest, next, sealed)
	if err != nil {
		return err
	}
	if !made {
		// Somebody else was quicker, which Exclusive does not allow to happen.
		return &sallyport.Error{Kind: sallyport.Unavailable, Reason: sallyport.StoreUnavailable, Message: "try again"}
	}
	r.signIn.Refresh = r.secret
	return nil
}

// place binds a sealed successor to its predecessor.
func (r *rotation) place() []string { return []string{string(r.family.ID), string(r.token.Digest[:])} }

// again answers a token that was exchanged before.
func (r *rotation) again(ctx context.Context) error {
	newest, err := r.tx.NewestRefreshToken(ctx, r.family.ID)
	if err != nil {
		return err
	}
	if newest == r.token.Number+1 && len(r.token.Successor) > 0 && r.now.Sub(r.token.Used) <= r.c.RetryWindow {
		plain, err := r.c.Successors.Open(r.token.Successor, r.place()...)
		if err != nil {
			return err
		}
		r.signIn.Refresh, r.signIn.Replayed = sallyport.Secret(plain), true
		return nil
	}
	r.verdict = refused(sallyport.CredentialReplaced)
	if _, err := r.tx.EndFamily(ctx, r.family.Tenant, r.family.ID, "refresh_reuse"); err != nil {
		return err
	}
	r.tx.Note(sallyport.ChangeCredential, string(r.family.ID))
	return r.write(ctx, r.home(ctx), "sign_in.reuse", familyThing(r.family), familyView(r.family), nil)
}

// home is the tenant in whose trail an event of the sign-in belongs.
func (r *rotation) home(ctx context.Context) sallyport.TenantID {
	if record, err := r.work.record(ctx, r.family.Principal); err == nil {
		return record.Principal.Home
	}
	return r.family.Tenant
}
