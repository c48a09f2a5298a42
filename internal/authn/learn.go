package authn

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/known"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// attempts is how often a credential is learnt anew because something was
// forgotten meanwhile. Changes that come faster than that are an overload.
const attempts = 3

// learn asks about a credential that is not known, or remembers that it was
// refused a moment ago. Its form is looked at only here: what is known had a good
// one, and so had what the store was asked about.
func (v *Verifier) learn(ctx context.Context, p *Presented, digest known.Digest) (Known, sallyport.Reason) {
	revision := sallyport.Revision(v.revision.Load())
	if n := v.negative.get(&digest, revision); n != nil {
		p.Claim = &n.claim
		if !p.mayBe(n.claim.Kind) {
			return Known{}, sallyport.CredentialNotAccepted
		}
		return Known{}, n.reason
	}
	f, kind := formOf(p.Secret)
	if f == formMalformed {
		p.Claim = &nothing
		return Known{}, sallyport.CredentialMalformed
	}
	if !p.mayBe(kind) {
		return Known{}, sallyport.CredentialNotAccepted
	}
	for range attempts {
		before := v.forgets.Load()
		record, limits, used, reason := v.ask(ctx, f, p)
		if reason != "" {
			if reason.Status() < 500 {
				p.Claim = v.negative.put(&negative{digest, revision, reason, v.claim(f, kind, p.Secret)})
			}
			return Known{}, reason
		}
		record.Digest = digest
		if k, ok := v.remember(record, limits, used, before); ok {
			return k, ""
		}
	}
	return Known{}, sallyport.Overloaded
}

// mayBe reports whether a credential of a kind is accepted; empty: its form does
// not tell.
func (p *Presented) mayBe(kind sallyport.CredentialKind) bool {
	return kind == "" || accepts(p.Kinds, kind)
}

func (v *Verifier) ask(ctx context.Context, f form, p *Presented) (known.Record, Limits, int64, sallyport.Reason) {
	if f == formJWT {
		return v.askToken(ctx, p)
	}
	return v.askStored(ctx, p)
}

// askStored looks a secret up in the store, under the present pepper first and
// under older ones after.
func (v *Verifier) askStored(ctx context.Context, p *Presented) (r known.Record, l Limits, used int64, reason sallyport.Reason) {
	c, s, err := v.find(ctx, p.Secret)
	if err != nil {
		return r, l, 0, v.buried(ctx, p.Secret, err)
	}
	expires := earlier(c.Expires, s.Expires)
	id, ok := sallyport.ParseUUID(string(c.ID))
	switch kind := numberOf(c.Kind); {
	case !ok || kind == 0:
		v.Log.ErrorContext(ctx, "a stored credential is damaged", "credential", c.ID, "kind", c.Kind)
		return r, l, 0, sallyport.InternalFault
	case c.State != sallyport.Active:
		return r, l, 0, sallyport.CredentialRevoked
	case !s.Expires.IsZero() && !p.Now.Before(s.Expires):
		return r, l, 0, sallyport.CredentialReplaced
	case !expires.IsZero() && !p.Now.Before(expires):
		return r, l, 0, sallyport.CredentialExpired
	default:
		r = known.Record{
			ID:        known.ID(id),
			Expires:   micros(expires),
			Stamp:     s.Created.UnixMicro(),
			Principal: v.Number(c.Owner),
			Kind:      kind,
		}
	}
	l = Limits{Limited: c.Scopes != nil, Scopes: c.Scopes, Networks: c.Networks, Idle: c.Idle}
	if c.Brownout.At(p.Now) > 0 {
		l.Brownout = c.Brownout
	}
	if c.Tenant != sallyport.EveryTenant {
		l.Tenant = c.Tenant
	}
	used = max(c.LastUsed.Unix(), c.Created.Unix())
	if c.Idle != 0 && p.Now.Unix()-used >= int64(c.Idle/time.Second) {
		return r, l, 0, sallyport.CredentialIdle
	}
	return r, l, used, ""
}

// buried returns why a secret that was not found is not good. One that is known
// from its tombstone is told from one that never was; the caller is told the same
// of both.
func (v *Verifier) buried(ctx context.Context, secret string, err error) sallyport.Reason {
	if sallyport.KindOf(err) != sallyport.NotFound {
		return reasonOf(err, sallyport.CredentialUnknown)
	}
	for _, version := range v.Secrets.Versions() {
		digest, ok := v.Secrets.DigestAt(version, secret)
		if !ok {
			continue
		}
		stone, err := v.Store.TombstoneByDigest(ctx, digest)
		switch {
		case err == nil:
			return reasonOfCause(stone.Cause)
		case sallyport.KindOf(err) != sallyport.NotFound:
			return reasonOf(err, sallyport.CredentialUnknown)
		}
	}
	return sallyport.CredentialUnknown
}

func reasonOfCause(c store.Cause) sallyport.Reason {
	switch c {
	case store.CauseExpired:
		return sallyport.CredentialExpired
	case store.CauseReplaced:
		return sallyport.CredentialReplaced
	case store.CauseRevoked:
	}
	return sallyport.CredentialRevoked
}

func (v *Verifier) find(ctx context.Context, secret string) (sallyport.Credential, sallyport.CredentialSecret, error) {
	var c sallyport.Credential
	var s sallyport.CredentialSecret
	var err error
	for _, version := range v.Secrets.Versions() {
		digest, ok := v.Secrets.DigestAt(version, secret)
		if !ok {
			continue
		}
		if c, s, err = v.Store.CredentialByDigest(ctx, digest); sallyport.KindOf(err) != sallyport.NotFound {
			break
		}
	}
	return c, s, err
}

// askToken verifies an access token's signature and claims, and asks the store
// whether the sign-in, or the API key, that it stems from is still good.
func (v *Verifier) askToken(ctx context.Context, p *Presented) (r known.Record, l Limits, used int64, reason sallyport.Reason) {
	keys := v.Keys()
	claims, err := keys.Verify(token.AccessJWT, p.Secret, token.Expect{Audience: string(p.API), Now: p.Now})
	if errors.Is(err, token.WrongAudience) {
		// A token for the issuer itself is for every API of the installation.
		claims, err = keys.Verify(token.AccessJWT, p.Secret, token.Expect{Audience: keys.Issuer(), Now: p.Now})
	}
	if err != nil {
		var fault token.Fault
		if errors.As(err, &fault) {
			return r, l, 0, fault.Reason()
		}
		return r, l, 0, sallyport.CredentialMalformed
	}
	session, ok := sallyport.ParseUUID(string(claims.Session))
	if !ok {
		return r, l, 0, sallyport.ClaimsInvalid
	}
	networks, reason := v.askSignIn(ctx, &claims, p.Now)
	if reason != "" {
		return r, l, 0, reason
	}
	r = known.Record{
		ID:        known.ID(session),
		Expires:   micros(claims.Expires),
		Stamp:     claims.Issued.UnixMicro(),
		Principal: v.Number(claims.Subject),
		Kind:      numberOf(sallyport.AccessToken),
	}
	l = Limits{Tenant: claims.Tenant, Limited: claims.Scopes != nil, Scopes: claims.Scopes, Networks: networks}
	if !slices.Contains(claims.Audience, keys.Issuer()) {
		for _, a := range claims.Audience {
			l.Audience = append(l.Audience, sallyport.APIName(a))
		}
	}
	return r, l, p.Now.Unix(), ""
}

// askSignIn looks at what an access token stems from, and returns where that may
// be used from. A token that an API key was exchanged for has the key's id as its
// client and its session.
func (v *Verifier) askSignIn(ctx context.Context, claims *token.Claims, now time.Time) ([]netip.Prefix, sallyport.Reason) {
	if claims.Client == string(claims.Session) {
		return v.askExchanged(ctx, claims, now)
	}
	family, err := v.Store.FamilyByID(ctx, claims.Session)
	switch {
	case err != nil:
		return nil, reasonOf(err, sallyport.CredentialRevoked)
	case family.State != sallyport.Active:
		return nil, sallyport.CredentialRevoked
	case !now.Before(family.Expires):
		return nil, sallyport.CredentialExpired
	case family.Credential == "":
		return nil, ""
	}
	// What a credential was exchanged for may be used where that may.
	c, err := v.Store.CredentialByID(ctx, family.Credential)
	switch {
	case err != nil:
		return nil, reasonOf(err, sallyport.CredentialRevoked)
	case c.State != sallyport.Active:
		return nil, sallyport.CredentialRevoked
	}
	return c.Networks, ""
}

// askExchanged looks at the API key behind an access token: whether it still has the
// secret that the token was exchanged for and reaches as far, and whether the token
// itself was revoked. Then there is a sign-in of its own id.
func (v *Verifier) askExchanged(ctx context.Context, claims *token.Claims, now time.Time) ([]netip.Prefix, sallyport.Reason) {
	c, err := v.Store.CredentialByID(ctx, sallyport.CredentialID(claims.Client))
	switch {
	case err != nil:
		return nil, reasonOf(err, sallyport.CredentialRevoked)
	case c.State != sallyport.Active:
		return nil, sallyport.CredentialRevoked
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return nil, sallyport.CredentialExpired
	case !within(claims.Scopes, c.Scopes):
		return nil, sallyport.CredentialRevoked
	}
	switch good, err := v.Store.HasSecretSince(ctx, c.ID, claims.Issued, now); {
	case err != nil:
		return nil, reasonOf(err, sallyport.CredentialReplaced)
	case !good:
		return nil, sallyport.CredentialReplaced
	}
	_, err = v.Store.FamilyByID(ctx, sallyport.FamilyID(claims.ID))
	switch {
	case err == nil:
		return nil, sallyport.CredentialRevoked
	case sallyport.KindOf(err) != sallyport.NotFound:
		return nil, reasonOf(err, sallyport.CredentialRevoked)
	}
	return c.Networks, ""
}

// within reports whether scopes are among others, which may stand for a whole API;
// nil is not limited.
func within(scopes, among []string) bool {
	if among == nil || scopes == nil {
		return among == nil
	}
	return !slices.ContainsFunc(scopes, func(s string) bool {
		api, _, _ := strings.Cut(s, "/")
		return !slices.Contains(among, s) && !slices.Contains(among, api)
	})
}

// reasonOf tells "there is none" from "the store did not answer". Only the
// first one is a verdict on the credential.
func reasonOf(err error, none sallyport.Reason) sallyport.Reason {
	kind := sallyport.KindOf(err)
	if kind == sallyport.NotFound {
		return none
	}
	if kind == sallyport.Internal {
		return sallyport.InternalFault
	}
	return sallyport.StoreUnavailable
}

// earlier returns the earlier of two times, where the zero time is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// micros is the time as the table of known credentials has it.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
