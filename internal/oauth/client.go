package oauth

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/oauth/wire"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/token"
)

// A caller is who makes a request to an endpoint.
type caller struct {
	client string        // client id; [PublicClient] if it has none, empty for a person with a token
	holder *doors.Holder // nil: nobody in particular
}

// is reports whether the caller proved to be this principal.
func (c *caller) is(id sallyport.PrincipalID) bool {
	return c.holder != nil && c.holder.Principal.ID == id
}

// actor returns the caller for the admin floor.
func (c *caller) actor(x *exchange) admin.Actor {
	h := c.holder
	a := admin.Actor{
		Principal: h.Principal.Principal, CredentialKind: h.Kind, Credential: h.Credential, Tenant: h.Tenant,
		RequestID: x.id, Address: x.client(),
	}
	if h.Limited {
		a.Scopes = append([]string{}, h.Scopes...)
	}
	return a
}

// A claim is what a request says of its client, in one of the ways of RFC 6749
// section 2.3.1.
type claim struct {
	id, secret string
	bearer     string // RFC 7662 section 2.1: an access token in place of a client
}

// claimed reads who the client says it is. Two ways in one request are refused
// (RFC 6749 section 2.3).
func (x *exchange) claimed() (claim, *fault) {
	c := claim{id: x.form["client_id"], secret: x.form["client_secret"]}
	headers := x.r.Header.Values("Authorization")
	if x.form["client_assertion"] != "" || x.form["client_assertion_type"] != "" {
		return c, invalidClient(sallyport.CredentialNotAccepted)
	}
	switch {
	case len(headers) == 0:
		return c, nil
	case len(headers) > 1 || c.secret != "":
		return c, invalidRequest("authenticate the client in one way only").of(sallyport.CredentialsAmbiguous)
	}
	scheme, rest, _ := strings.Cut(headers[0], " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		id, secret, ok := wire.DecodeBasic(rest)
		if !ok {
			return c, invalidClient(sallyport.CredentialMalformed)
		}
		if c.id != "" && c.id != id {
			return c, invalidRequest("two client ids are there").of(sallyport.CredentialsAmbiguous)
		}
		return claim{id: id, secret: secret}, nil
	case strings.EqualFold(scheme, "Bearer") && c.id == "":
		return claim{bearer: rest}, nil
	default:
		return c, invalidClient(sallyport.CredentialNotAccepted)
	}
}

// caller makes sure of the client. A bearer token will do only where the
// endpoint says so.
func (x *exchange) caller(ctx context.Context) (caller, *fault) {
	c, err := x.claimed()
	switch {
	case err != nil:
		return caller{}, err
	case c.bearer != "" && x.endpoint == "token":
		return caller{}, invalidClient(sallyport.CredentialNotAccepted)
	case c.bearer != "":
		return x.bearer(ctx, c.bearer)
	case c.secret == "" && (c.id == "" || c.id == PublicClient):
		return caller{client: PublicClient}, nil
	case c.secret == "":
		f := invalidClient(sallyport.CredentialMissing)
		f.text = "the client's secret is missing; a client without one has the client_id " + PublicClient
		return caller{}, f
	case c.id == "":
		return caller{}, invalidClient(sallyport.CredentialMissing)
	}
	h, reason := x.s.c.Doors.Holder(ctx, doors.Shown{
		Secret: c.secret, Kinds: []sallyport.CredentialKind{sallyport.APIKey}, Client: x.address, Agent: x.agent(),
	})
	switch {
	case reason.Status() >= http.StatusInternalServerError && reason != "":
		return caller{}, unavailable(reason, 0)
	case reason != "":
		return caller{}, invalidClient(reason)
	case !sameText(c.id, string(h.Principal.ID)) && !sameText(c.id, h.Principal.Login):
		return caller{}, invalidClient(sallyport.CredentialUnknown)
	}
	x.acts(&h)
	return caller{client: string(h.Principal.ID), holder: &h}, nil
}

func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// bearer makes sure of a caller who comes with a token for the management API.
func (x *exchange) bearer(ctx context.Context, secret string) (caller, *fault) {
	kinds := []sallyport.CredentialKind{sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey, sallyport.AccessToken}
	reason := sallyport.CredentialMalformed
	var h doors.Holder
	if len(secret) <= token.MaxJWTLen {
		h, reason = x.s.c.Doors.Holder(ctx, doors.Shown{
			Secret: secret, Kinds: kinds, API: admin.ManagementAPI, Client: x.address, Agent: x.agent(),
		})
	}
	if reason != "" && reason.Status() >= http.StatusInternalServerError {
		return caller{}, unavailable(reason, 0)
	}
	if reason != "" {
		return caller{}, x.unknownCaller(reason)
	}
	x.acts(&h)
	c := caller{holder: &h}
	if h.Kind == sallyport.APIKey {
		c.client = string(h.Principal.ID)
	}
	return c, nil
}

// unknownCaller is the 401 of an endpoint that takes clients and bearer tokens
// (RFC 7662 section 2.3, RFC 6750 section 3).
func (x *exchange) unknownCaller(reason sallyport.Reason) *fault {
	f := invalidClient(reason)
	try := respond.Try{Reason: reason}
	if reason != sallyport.CredentialMissing {
		f.code, f.text = "invalid_token", "the access token is not valid"
		try.Sent = sallyport.CarrierBearer
	}
	f.challenge = respond.Challenges([]sallyport.Accept{{In: sallyport.CarrierBasic}, {In: sallyport.CarrierBearer}}, "", try)
	return f
}

// acts notes for the log who acts.
func (x *exchange) acts(h *doors.Holder) {
	x.decision.Principal = &h.Principal.Principal
	x.decision.Credential, x.decision.CredentialKind = h.Credential, h.Kind
}
