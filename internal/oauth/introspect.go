package oauth

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/token"
)

// A token's state, as the introspection endpoint tells it (RFC 7662 section 2.2).
// Of what is not active, or not for the caller to know, it says nothing else.
type state struct {
	Active    bool    `json:"active"`
	Scope     *string `json:"scope,omitempty"`
	ClientID  string  `json:"client_id,omitempty"`
	Username  string  `json:"username,omitempty"`
	TokenType string  `json:"token_type,omitempty"`
	Expires   int64   `json:"exp,omitempty"`
	Issued    int64   `json:"iat,omitempty"`
	Subject   string  `json:"sub,omitempty"`
	Audience  string  `json:"aud,omitempty"`
	Issuer    string  `json:"iss,omitempty"`
	ID        string  `json:"jti,omitempty"`
	Tenant    string  `json:"tenant,omitempty"`

	owner  sallyport.PrincipalID
	tenant sallyport.TenantID // in which the caller must have a right
}

// introspect is the introspection endpoint.
func (s *Surface) introspect(ctx context.Context, x *exchange) (any, *fault) {
	c, err := x.caller(ctx)
	if err != nil {
		return nil, err
	}
	if c.holder == nil {
		return nil, x.unknownCaller(sallyport.CredentialMissing)
	}
	text := x.form["token"]
	if text == "" {
		return nil, invalidRequest("token is missing")
	}
	st, reason := x.examine(ctx, text)
	if reason != "" && reason.Status() >= http.StatusInternalServerError {
		return nil, unavailable(reason, 0)
	}
	if reason != "" {
		return state{}, nil
	}
	// A client may ask about its own tokens, whosoever they are for.
	if c.client == "" || c.client != st.ClientID {
		if err := s.c.Admin.MayInspect(ctx, c.actor(x), st.tenant, st.owner); err != nil {
			f := failed(err, invalidGrant)
			if f.status >= http.StatusInternalServerError {
				return nil, f
			}
			x.log(f)
			return state{}, nil
		}
	}
	return st, nil
}

// examine returns what there is to know about a token, or the reason why it is
// not active.
func (x *exchange) examine(ctx context.Context, text string) (state, sallyport.Reason) {
	kind, opaque := token.Inspect(text)
	switch {
	case opaque && kind == sallyport.RefreshToken:
		return x.examineRefresh(ctx, text)
	case token.IsJWT(text):
		return x.examineAccess(ctx, text)
	}
	// A session is between a browser and us; nobody else is to be shown one.
	h, reason := x.s.c.Doors.Holder(ctx, doors.Shown{
		Secret:    text,
		Kinds:     []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey},
		Inspected: true,
	})
	if reason != "" {
		return state{}, reason
	}
	st := x.stateOf(&h)
	if h.Kind == sallyport.APIKey {
		st.ClientID = string(h.Principal.ID)
	}
	return st, ""
}

// stateOf tells what is to be told of every secret.
func (x *exchange) stateOf(h *doors.Holder) state {
	st := state{
		Active: true, TokenType: "Bearer", Issuer: x.s.c.Issuer,
		Username: h.Principal.Login, Subject: string(h.Principal.ID), Tenant: string(h.Tenant),
		owner: h.Principal.ID, tenant: h.Tenant,
	}
	if h.Limited {
		st.Scope = new(joined(h.Scopes))
	}
	if !h.Expires.IsZero() {
		st.Expires = h.Expires.Unix()
	}
	if st.tenant == "" {
		st.tenant = h.Principal.Home
	}
	return st
}

func joined(scopes []string) string { return strings.Join(scopes, " ") }

func (x *exchange) examineAccess(ctx context.Context, text string) (state, sallyport.Reason) {
	h, claims, reason := x.access(ctx, text)
	if reason != "" {
		return state{}, reason
	}
	st := x.stateOf(&h)
	st.ClientID, st.ID, st.Issued = claims.Client, claims.ID, claims.Issued.Unix()
	st.Audience = claims.Audience[0]
	return st, ""
}

func (x *exchange) examineRefresh(ctx context.Context, text string) (state, sallyport.Reason) {
	in, err := x.s.c.Admin.Peek(ctx, admin.Presented{Secret: sallyport.Secret(text), Address: x.client(), RequestID: x.id})
	if err != nil {
		return state{}, cmp.Or(failed(err, invalidGrant).reason, sallyport.CredentialUnknown)
	}
	f := &in.Family
	st := state{
		Active: true, Issuer: x.s.c.Issuer, ClientID: f.Client, Username: in.Principal.Login, Subject: string(f.Principal),
		Expires: f.Expires.Unix(), Issued: f.Created.Unix(), Audience: string(f.API),
		owner: f.Principal, tenant: f.Tenant,
	}
	if f.Scopes != nil {
		st.Scope = new(joined(f.Scopes))
	}
	if f.Tenant == sallyport.EveryTenant {
		st.tenant = in.Principal.Home
	} else {
		st.Tenant = string(f.Tenant)
	}
	return st, ""
}
