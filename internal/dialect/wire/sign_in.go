package wire

import (
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

// NewFamily returns a sign-in to the API of a request, as it is before it is known
// whose it is and how long it lasts.
func NewFamily(x *surface.Exchange) admin.NewFamily {
	name := x.Request.API.Name
	return admin.NewFamily{Client: string(name), API: name, Address: Address(x), RequestID: x.Decision.RequestID}
}

// ByHolder makes a sign-in that of who showed a token or a key: it has the limits
// of the credential, and ends with it. The lifetime must be set before.
func (c *Config) ByHolder(x *surface.Exchange, in *admin.NewFamily, h *doors.Holder) {
	in.Principal, in.Credential, in.Tenant = h.Principal.ID, sallyport.CredentialID(h.Credential.String()), h.Tenant
	if h.Limited {
		in.Scopes = h.Scopes
	}
	if left := h.Expires.Sub(c.Now()); !h.Expires.IsZero() {
		in.Lifetime = min(in.Lifetime, left)
	}
	x.Decision.Principal, x.Decision.CredentialKind, x.Decision.Credential = &h.Principal.Principal, h.Kind, h.Credential
}

// Renew exchanges a refresh token for its successor, and notes whose it is.
func (c *Config) Renew(r *http.Request, x *surface.Exchange, secret sallyport.Secret) (admin.SignIn, error) {
	in, err := c.Admin.Rotate(r.Context(), admin.Presented{
		Secret: secret, Client: string(x.Request.API.Name), Address: Address(x), RequestID: x.Decision.RequestID,
	})
	if err != nil {
		return in, err
	}
	x.Decision.Principal, x.Decision.CredentialKind = &in.Principal, sallyport.RefreshToken
	return in, nil
}
