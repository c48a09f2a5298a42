package authn

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/login"
	"github.com/sallyport/sallyport/internal/store"
)

// A Claim is what a credential that was refused said of itself: enough to find
// out later what it was, and nothing that it could be used with.
type Claim struct {
	Kind   sallyport.CredentialKind // from its form; empty: the form does not tell
	login  string                   // of a password
	digest [32]byte                 // of a stored secret
	stored bool
}

// Claim returns what a presented credential says of itself. [Verifier.Verify] may
// have found it out already.
func (v *Verifier) Claim(p *Presented) Claim {
	if p.isPassword() {
		canonical, err := login.Canonical(p.Login)
		if err != nil {
			canonical = "" // it may be a password in the wrong field
		}
		return Claim{Kind: sallyport.Password, login: canonical}
	}
	f, kind := formOf(p.Secret)
	return v.claim(f, kind, p.Secret)
}

// nothing is the claim of what has the form of no credential. It is never changed.
var nothing Claim

// claim is Claim for a secret whose form is known.
func (v *Verifier) claim(f form, kind sallyport.CredentialKind, secret string) Claim {
	switch f {
	case formOpaque, formForeign:
		return Claim{Kind: kind, digest: v.Secrets.Digest(secret), stored: true}
	case formJWT:
		return Claim{Kind: kind}
	case formMalformed:
	}
	return nothing
}

// A Claimed is whose a refused credential is. Both are nil when nobody here has
// such a one.
type Claimed struct {
	Credential *sallyport.Credential
	Secret     *sallyport.CredentialSecret // the one of its secrets that was shown
	User       *sallyport.User             // of a password, or the credential's owner
	// Removed says that the record is not there any more, and Credential is what its
	// tombstone tells.
	Removed bool
}

// Deleted is the state of a user in [Claimed] of whom only the name is left.
const Deleted sallyport.State = "deleted"

// Trace finds whose a refused credential is. An error says that the store did
// not answer.
func (v *Verifier) Trace(ctx context.Context, c Claim) (Claimed, error) {
	var out Claimed
	owner := sallyport.PrincipalID("")
	switch {
	case c.stored:
		credential, secret, err := v.Store.CredentialByDigest(ctx, c.digest)
		if sallyport.KindOf(err) == sallyport.NotFound {
			credential, secret, err = v.fromTombstone(ctx, c.digest)
			out.Removed = err == nil
		}
		if err != nil {
			return out, unlessMissing(err)
		}
		out.Credential, out.Secret, owner = &credential, &secret, credential.Owner
	case c.login != "":
		user, err := v.Store.UserByLogin(ctx, c.login)
		if err != nil {
			return out, unlessMissing(err)
		}
		out.User = &user
		return out, nil
	default:
		return out, nil
	}
	if out.Credential.Kind == sallyport.APIKey {
		return out, nil
	}
	user, err := v.Store.UserByID(ctx, owner)
	if sallyport.KindOf(err) == sallyport.NotFound {
		user = sallyport.User{ID: owner, State: Deleted}
		user.Login, err = v.Store.LastName(ctx, string(owner))
	}
	if err == nil {
		out.User = &user
	}
	return out, unlessMissing(err)
}

// fromTombstone returns what is left of a credential that was removed.
func (v *Verifier) fromTombstone(ctx context.Context, digest [32]byte) (c sallyport.Credential, s sallyport.CredentialSecret, err error) {
	stone, err := v.Store.TombstoneByDigest(ctx, digest)
	if err != nil {
		return c, s, err
	}
	c = sallyport.Credential{
		ID: stone.Credential, Tenant: stone.Tenant, Kind: stone.Kind, Owner: stone.Owner, Name: stone.Name, Hint: stone.Hint,
		Created: stone.Created, State: sallyport.Active,
	}
	s = sallyport.CredentialSecret{Credential: stone.Credential, Hint: stone.Hint}
	switch stone.Cause {
	case store.CauseExpired:
		c.Expires = stone.Ended
	case store.CauseReplaced:
		s.Expires = stone.Ended
	case store.CauseRevoked:
		c.State, c.Updated = sallyport.Revoked, stone.Ended
	}
	return c, s, nil
}

// Named reports whether credentials of a kind are stored under a name of their own,
// which [Verifier.Stored] finds: passwords and access tokens are not.
func Named(kind sallyport.CredentialKind) bool {
	switch kind {
	case sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.Session:
		return true
	case sallyport.Password, sallyport.AccessToken, sallyport.RefreshToken:
	}
	return false
}

// Stored returns what is stored of credentials that were good, by their ids. Those
// that are gone are missing. An error says that the store did not answer.
func (v *Verifier) Stored(ctx context.Context, ids []sallyport.UUID) (map[sallyport.UUID]Claimed, error) {
	texts := make([]sallyport.CredentialID, len(ids))
	for i, id := range ids {
		texts[i] = sallyport.CredentialID(id.String())
	}
	found, err := v.Store.CredentialsByID(ctx, texts)
	if err != nil {
		return nil, err
	}
	byID := make(map[sallyport.CredentialID]*sallyport.Credential, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	all := make(map[sallyport.UUID]Claimed, len(found))
	for i, id := range ids {
		if c := byID[texts[i]]; c != nil {
			all[id] = Claimed{Credential: c}
		}
	}
	return all, nil
}

// unlessMissing drops the error that there is no such thing.
func unlessMissing(err error) error {
	if err != nil && sallyport.KindOf(err) == sallyport.NotFound {
		return nil
	}
	return err
}
