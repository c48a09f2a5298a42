package wire

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/token"
)

// Access signs an access token of a sign-in for an API, and returns it with its
// life in whole seconds. It does not outlive the sign-in.
func (c *Config) Access(api *policy.API, in *admin.SignIn) (sallyport.Secret, int64, error) {
	f, spec, now := &in.Family, api.Document.Token, c.Now()
	claims := token.Claims{
		Audience: []string{string(api.Name)}, ID: uuid.NewString(),
		Subject: in.Principal.ID, Client: f.Client, Session: f.ID, Scopes: f.Scopes,
		Issued: issuedAt(now, in.NotBefore),
	}
	if f.Tenant != sallyport.EveryTenant {
		claims.Tenant = f.Tenant
	}
	claims.Expires = claims.Issued.Add(time.Duration(spec.Lifetime)).Truncate(time.Second)
	if f.Expires.Before(claims.Expires) {
		claims.Expires = f.Expires.Truncate(time.Second)
	}
	left := int64(claims.Expires.Sub(claims.Issued) / time.Second)
	if left <= 0 {
		return "", 0, &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.CredentialExpired, Message: "the sign-in is over"}
	}
	signed, err := c.Doors.Keys().Sign(token.AccessJWT, token.Algorithm(spec.Algorithm), claims)
	if err != nil {
		return "", 0, fmt.Errorf("sign an access token for %s: %w", api.Name, err)
	}
	return signed, left, nil
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
