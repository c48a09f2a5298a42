package oauth

import (
	"context"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/oauth/wire"
	"github.com/sallyport/sallyport/internal/token"
)

// revoke is the revocation endpoint (RFC 7009). Who has no client credentials
// may end what he holds. token_type_hint is not needed, since a token tells its
// kind, and so a wrong one does no harm. Clients ignore what is in the answer
// (section 2.2); some fail if it is not JSON.
func (s *Surface) revoke(ctx context.Context, x *exchange) (any, *fault) {
	c, err := x.caller(ctx)
	if err != nil {
		return nil, err
	}
	text := x.form["token"]
	if text == "" {
		return nil, invalidRequest("token is missing")
	}
	kind, opaque := token.Inspect(text)
	switch {
	case kind == sallyport.APIKey:
		return nil, unsupportedToken()
	case opaque && kind == sallyport.RefreshToken:
		err = x.revokeRefresh(ctx, c, text)
	case token.IsJWT(text):
		err = x.revokeAccess(ctx, c, text)
	default:
		err = x.revokeOpaque(ctx, c, text)
	}
	return struct{}{}, err
}

// unsupportedToken is for API keys: to end one is not its client's to do (RFC
// 7009 section 2.2.1).
func unsupportedToken() *fault {
	return bad("unsupported_token_type", "API keys are not revoked here")
}

// revokeRefresh ends the sign-in of a refresh token. That of another client
// stays, and the answer is the same (RFC 7009 section 2.2).
func (x *exchange) revokeRefresh(ctx context.Context, c caller, text string) *fault {
	in := admin.Presented{Secret: sallyport.Secret(text), Client: c.client, Address: x.client(), RequestID: x.id}
	if c.holder != nil && c.holder.Kind != sallyport.APIKey {
		// A person with a token of his own may end his own sign-ins.
		there, err := x.s.c.Admin.Peek(ctx, in)
		if err == nil && c.is(there.Family.Principal) {
			in.Client = there.Family.Client
		}
	}
	return x.quietly(x.s.c.Admin.RevokeByToken(ctx, in))
}

// quietly hides from the caller why nothing was ended.
func (x *exchange) quietly(err error) *fault {
	if err == nil {
		return nil
	}
	f := failed(err, invalidGrant)
	if f.status >= http.StatusInternalServerError {
		return f
	}
	x.log(f)
	return nil
}

// revokeOpaque ends a stored secret: for who holds it, or for its owner.
func (x *exchange) revokeOpaque(ctx context.Context, c caller, text string) *fault {
	if c.holder != nil {
		h, reason := x.s.c.Doors.Holder(ctx, doors.Shown{Secret: text, Inspected: true})
		switch {
		case reason != "" && reason.Status() >= http.StatusInternalServerError:
			return unavailable(reason, 0)
		case reason != "" || !c.is(h.Principal.ID):
			return nil
		}
	}
	return x.quietly(x.s.c.Admin.RevokeByToken(ctx, admin.Presented{
		Secret: sallyport.Secret(text), Client: c.client, Address: x.client(), RequestID: x.id,
	}))
}

// revokeAccess ends the sign-in that an access token stems from.
func (x *exchange) revokeAccess(ctx context.Context, c caller, text string) *fault {
	h, claims, reason := x.access(ctx, text)
	switch {
	case reason != "" && reason.Status() >= http.StatusInternalServerError:
		return unavailable(reason, 0)
	case reason != "":
		return nil // dead already, or never alive
	case claims.Client != c.client && !c.is(h.Principal.ID):
		return nil
	}
	who := admin.Actor{
		Principal: h.Principal.Principal, CredentialKind: sallyport.AccessToken, Credential: h.Credential,
		RequestID: x.id, Address: x.client(),
	}
	if claims.Client == string(claims.Session) {
		// There is no sign-in behind it, only the key, which is to go on.
		return x.quietly(x.s.c.Admin.RevokeExchanged(ctx, who, sallyport.FamilyID(claims.ID), claims.Expires))
	}
	return x.quietly(x.s.c.Admin.RevokeFamily(ctx, who, claims.Session))
}

// access verifies an access token that somebody shows, for whichever API it is.
func (x *exchange) access(ctx context.Context, text string) (doors.Holder, token.Claims, sallyport.Reason) {
	audience := wire.AudienceOf(text)
	api := sallyport.APIName(audience)
	if audience == x.s.c.Issuer {
		api = ""
	}
	h, reason := x.s.c.Doors.Holder(ctx, doors.Shown{
		Secret: text, Kinds: []sallyport.CredentialKind{sallyport.AccessToken}, API: api, Inspected: true,
	})
	if reason != "" {
		return h, token.Claims{}, reason
	}
	claims, err := x.s.c.Doors.Keys().Verify(token.AccessJWT, text, token.Expect{Audience: audience, Now: x.s.c.Now()})
	if err != nil {
		return h, claims, sallyport.ClaimsInvalid
	}
	return h, claims, ""
}
