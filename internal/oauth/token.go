package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/token"
)

// Grants that the token endpoint knows.
const (
	grantClient   = "client_credentials"
	grantRefresh  = "refresh_token"
	grantPassword = "password"
)

const (
	defaultLifetime = 5 * time.Minute
	longestLifetime = 15 * time.Minute
)

// An answer is a successful answer of the token endpoint (RFC 6749 section 5.1).
type answer struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int64   `json:"expires_in"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	Scope        *string `json:"scope,omitempty"`
}

// token is the token endpoint.
func (s *Surface) token(ctx context.Context, x *exchange) (any, *fault) {
	switch grant := x.form["grant_type"]; grant {
	case grantClient, grantRefresh, grantPassword:
		x.grant = grant
	case "":
		return nil, invalidRequest("grant_type is missing")
	default:
		return nil, unsupportedGrant()
	}
	c, err := x.caller(ctx)
	if err != nil {
		return nil, err
	}
	w, err := x.wish()
	if err != nil {
		return nil, err
	}
	switch x.grant {
	case grantClient:
		return x.clientCredentials(c, w)
	case grantPassword:
		return x.password(ctx, c, w)
	default:
		return x.refresh(ctx, c, w)
	}
}

func unsupportedGrant() *fault {
	return bad("unsupported_grant_type", "the grant type is not supported here")
}

// clientCredentials gives an API key a token in its own name (RFC 6749 section
// 4.4). There is no sign-in behind it: the key itself is, and ends it.
func (x *exchange) clientCredentials(c caller, w wish) (any, *fault) {
	if c.holder == nil {
		return nil, invalidClient(sallyport.CredentialMissing)
	}
	h := c.holder
	var have []string
	if h.Limited {
		have = append([]string{}, h.Scopes...)
	}
	scopes, err := w.narrow(have)
	if err != nil {
		return nil, err
	}
	return x.issue(w.api, token.Claims{
		Subject: h.Principal.ID, Client: c.client, Session: sallyport.FamilyID(c.client), Tenant: h.Tenant, Scopes: scopes,
	}, h.Expires, h.Made)
}

// password exchanges a login and password (RFC 6749 section 4.3). It is there
// for clients of APIs that always worked so, and only for these.
func (x *exchange) password(ctx context.Context, c caller, w wish) (any, *fault) {
	if w.api == nil || !w.api.Document.Token.Password {
		return nil, unsupportedGrant()
	}
	login, secret := x.form["username"], x.form["password"]
	switch {
	case login == "" || secret == "":
		return nil, invalidRequest("username or password is missing")
	case len(login) > carrier.MaxLogin || len(secret) > carrier.MaxPassword:
		return nil, invalidRequest("username or password is too long")
	}
	p, reason, retry := x.s.c.Doors.Authenticate(ctx, login, secret, x.address)
	switch {
	case reason == sallyport.Overdone:
		f := unavailable(reason, retry)
		f.text = "too many failed attempts; wait before the next one"
		return nil, f
	case reason != "" && reason.Status() >= http.StatusInternalServerError:
		return nil, unavailable(reason, retry)
	case reason != "":
		return nil, invalidGrant(reason)
	}
	x.decision.Principal, x.decision.CredentialKind = &p.Principal, sallyport.Password
	if p.MustChange {
		return nil, bad("invalid_grant", "the password was set by somebody else; change it first, at /sallyport/ in a browser").
			of(sallyport.PasswordChangeRequired)
	}
	in, err := x.s.c.Admin.StartFamily(ctx, admin.NewFamily{
		Principal: p.ID, Epoch: p.Epoch, Client: c.client, API: w.api.Name, Scopes: w.scopes,
		Lifetime: time.Duration(w.api.Document.Token.Refresh), Refresh: true,
		Address: x.client(), RequestID: x.id,
	})
	if err != nil {
		return nil, failed(err, invalidGrant)
	}
	return x.issueOf(w.api, in, in.Family.Scopes)
}

// refresh exchanges a refresh token (RFC 6749 section 6).
func (x *exchange) refresh(ctx context.Context, c caller, w wish) (any, *fault) {
	text := x.form["refresh_token"]
	if text == "" {
		return nil, invalidRequest("refresh_token is missing")
	}
	presented := admin.Presented{Secret: sallyport.Secret(text), Client: c.client, Address: x.client(), RequestID: x.id}
	if w.scopes != nil || w.api != nil {
		// A wish that cannot be granted should not cost the client its token.
		// What Peek refuses, Rotate refuses with its consequences.
		if in, err := x.s.c.Admin.Peek(ctx, presented); err == nil && in.Family.Client == c.client {
			if _, _, f := x.granted(in, w); f != nil {
				return nil, f
			}
		}
	}
	in, err := x.s.c.Admin.Rotate(ctx, presented)
	if err != nil {
		return nil, failed(err, invalidGrant)
	}
	x.decision.Principal, x.decision.CredentialKind = &in.Principal, sallyport.RefreshToken
	api, scopes, f := x.granted(in, w)
	if f != nil {
		return nil, f
	}
	return x.issueOf(api, in, scopes)
}

// granted returns the API and the scopes of an access token that is asked for
// with a sign-in's refresh token. Neither goes beyond the sign-in.
func (x *exchange) granted(in admin.SignIn, w wish) (*policy.API, []string, *fault) {
	f := &in.Family
	if f.API != "" {
		if w.api != nil && w.api.Name != f.API {
			return nil, nil, invalidTarget("the sign-in is for another resource")
		}
		if w.api = x.s.apiOf(string(f.API)); w.api == nil {
			return nil, nil, invalidTarget("the resource is not there any more")
		}
	}
	scopes, err := w.narrow(f.Scopes)
	return w.api, scopes, err
}

// issueOf answers with an access token of a sign-in.
func (x *exchange) issueOf(api *policy.API, in admin.SignIn, scopes []string) (any, *fault) {
	f := &in.Family
	claims := token.Claims{Subject: in.Principal.ID, Client: f.Client, Session: f.ID, Scopes: scopes}
	if f.Tenant != sallyport.EveryTenant {
		claims.Tenant = f.Tenant
	}
	x.decision.Credential, _ = sallyport.ParseUUID(string(f.ID))
	out, err := x.issue(api, claims, f.Expires, in.NotBefore)
	if err != nil {
		return nil, err
	}
	out.RefreshToken = in.Refresh.Reveal()
	return out, nil
}

// issue signs an access token for an API, or for all of them. It does not live
// longer than what it stems from.
func (x *exchange) issue(api *policy.API, claims token.Claims, end, notBefore time.Time) (*answer, *fault) {
	now := x.s.c.Now()
	algorithm, lifetime := token.Algorithm(""), defaultLifetime
	claims.Audience = []string{x.s.c.Issuer}
	if api != nil {
		claims.Audience = []string{string(api.Name)}
		x.decision.API = api.Name
		spec := api.Document.Token
		algorithm = token.Algorithm(spec.Algorithm)
		if spec.Lifetime > 0 {
			lifetime = min(time.Duration(spec.Lifetime), longestLifetime)
		}
	}
	claims.Issued = issuedAt(now, notBefore)
	claims.Expires = claims.Issued.Add(lifetime).Truncate(time.Second)
	if !end.IsZero() && end.Before(claims.Expires) {
		claims.Expires = end.Truncate(time.Second)
	}
	left := int64(claims.Expires.Sub(claims.Issued) / time.Second)
	if left <= 0 {
		return nil, invalidGrant(sallyport.CredentialExpired)
	}
	claims.ID = uuid.NewString()
	signed, err := x.s.c.Doors.Keys().Sign(token.AccessJWT, algorithm, claims)
	if err != nil {
		return nil, unavailable(sallyport.InternalFault, 0).because(err)
	}
	out := &answer{AccessToken: signed.Reveal(), TokenType: "Bearer", ExpiresIn: left}
	if claims.Scopes != nil {
		out.Scope = new(joined(claims.Scopes))
	}
	return out, nil
}

// issuedAt is the time of issue in whole seconds. It is before now, so that
// whatever ends all tokens from now on ends this one too; but one that was issued
// in the second in which all earlier ones were ended is not among these.
func issuedAt(now, notBefore time.Time) time.Time {
	issued := now.Truncate(time.Second)
	if issued.Before(notBefore) && !now.Before(notBefore) {
		issued = issued.Add(time.Second)
	}
	return issued
}
