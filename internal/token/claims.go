package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// Claims are what a signed token says. Times have a resolution of one second.
// Which claims must be there depends on the kind; see [JWTKind].
type Claims struct {
	Issuer   string   // iss; set by [KeySet.Sign]
	Audience []string // aud
	ID       string   // jti; drawn by [KeySet.Sign] when empty
	Issued   time.Time
	Expires  time.Time
	// NotBefore is optional, also in its effect.
	NotBefore time.Time

	Subject sallyport.PrincipalID // sub
	Client  string                // client_id
	Session sallyport.FamilyID    // sid
	Tenant  sallyport.TenantID    // tenant; empty: the token is not limited to one
	Scopes  []string              // scope, RFC 8693 section 4.2; nil: none was said

	// What follows is for assertions.

	Login       string                   // preferred_username
	Principal   sallyport.PrincipalKind  // principal_kind
	Credential  sallyport.CredentialID   // credential_id
	Realm       string                   // realm
	Realms      []string                 // realms: those to keep to where the request named none
	Roles       []string                 // roles, RFC 9068 section 2.2.3.1
	Permissions []string                 // permissions: those that the request needed
	Request     string                   // request_id
	Revision    sallyport.Revision       // revision of the policy that decided
	Method      string                   // method of the request
	Via         sallyport.CredentialKind // credential_kind

	// KeyID is the key that signed; set by [KeySet.Verify].
	KeyID string
}

// A wireClaims is the JSON of Claims.
type wireClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub,omitempty"`
	Audience  json.RawMessage `json:"aud,omitempty"`
	Expires   int64           `json:"exp"`
	NotBefore int64           `json:"nbf,omitempty"`
	Issued    int64           `json:"iat"`
	ID        string          `json:"jti"`
	Client    string          `json:"client_id,omitempty"`
	Session   string          `json:"sid,omitempty"`
	Tenant    string          `json:"tenant,omitempty"`
	Scope     *string         `json:"scope,omitempty"`

	Login       string   `json:"preferred_username,omitempty"`
	Principal   string   `json:"principal_kind,omitempty"`
	Credential  string   `json:"credential_id,omitempty"`
	Via         string   `json:"credential_kind,omitempty"`
	Realm       string   `json:"realm,omitempty"`
	Realms      []string `json:"realms,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
	Request     string   `json:"request_id,omitempty"`
	Revision    uint64   `json:"revision,omitempty"`
	Method      string   `json:"method,omitempty"`
}

// marshal returns the JSON of the claims.
func (c *Claims) marshal() ([]byte, error) {
	w := wireClaims{
		Issuer: c.Issuer, Subject: string(c.Subject), ID: c.ID, Client: c.Client,
		Expires: c.Expires.Unix(), Issued: c.Issued.Unix(),
		Session: string(c.Session), Tenant: string(c.Tenant),
		Login: c.Login, Principal: string(c.Principal), Credential: string(c.Credential), Via: string(c.Via),
		Realm: c.Realm, Realms: c.Realms, Roles: c.Roles, Permissions: c.Permissions, Request: c.Request,
		Revision: uint64(c.Revision), Method: c.Method,
	}
	if !c.NotBefore.IsZero() {
		w.NotBefore = c.NotBefore.Unix()
	}
	if c.Scopes != nil {
		scope := strings.Join(c.Scopes, " ")
		w.Scope = &scope
	}
	var aud any = c.Audience
	if len(c.Audience) == 1 {
		aud = c.Audience[0] // RFC 7519 section 4.1.3
	}
	raw, err := json.Marshal(aud)
	if err != nil {
		return nil, fmt.Errorf("encode audience: %w", err)
	}
	w.Audience = raw
	out, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode claims: %w", err)
	}
	return out, nil
}

// parseClaims reads a payload. Claims that we do not know are ignored; names are
// exact, so "SUB" is one of those.
func parseClaims(payload string, required []string) (Claims, error) {
	members, err := parseObject(payload)
	if err != nil {
		return Claims{}, err
	}
	var c Claims
	for _, m := range members {
		if err := c.set(m); err != nil {
			return Claims{}, err
		}
	}
	for _, name := range required {
		i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
		if i < 0 || members[i].value == `""` || members[i].value == "[]" {
			return Claims{}, ClaimsMissing
		}
	}
	return c, nil
}

// set reads one claim.
func (c *Claims) set(m member) (err error) {
	switch m.name {
	case "iss":
		c.Issuer, err = readString(m.value)
	case "aud":
		c.Audience, err = readStrings(m.value)
	case "jti":
		c.ID, err = readString(m.value)
	case "iat":
		c.Issued, err = readTime(m.value)
	case "exp":
		c.Expires, err = readTime(m.value)
	case "nbf":
		c.NotBefore, err = readTime(m.value)
	case "sub":
		c.Subject, err = readText[sallyport.PrincipalID](m.value)
	case "client_id":
		c.Client, err = readString(m.value)
	case "sid":
		c.Session, err = readText[sallyport.FamilyID](m.value)
	case "tenant":
		c.Tenant, err = readText[sallyport.TenantID](m.value)
	case "scope":
		c.Scopes, err = readScope(m.value)
	default:
		return c.setAsserted(m)
	}
	return err
}

// setAsserted reads one claim of those that only assertions have.
func (c *Claims) setAsserted(m member) (err error) {
	switch m.name {
	case "preferred_username":
		c.Login, err = readString(m.value)
	case "principal_kind":
		c.Principal, err = readText[sallyport.PrincipalKind](m.value)
	case "credential_id":
		c.Credential, err = readText[sallyport.CredentialID](m.value)
	case "credential_kind":
		c.Via, err = readText[sallyport.CredentialKind](m.value)
	case "realm":
		c.Realm, err = readString(m.value)
	case "realms":
		c.Realms, err = readArray(m.value)
	case "roles":
		c.Roles, err = readArray(m.value)
	case "permissions":
		c.Permissions, err = readArray(m.value)
	case "request_id":
		c.Request, err = readString(m.value)
	case "revision":
		var n int64
		n, err = readInteger(m.value)
		c.Revision = sallyport.Revision(n)
	case "method":
		c.Method, err = readString(m.value)
	}
	return err
}

func readText[T ~string](raw string) (T, error) {
	s, err := readString(raw)
	return T(s), err
}

// readTime reads a NumericDate (RFC 7519 section 2), which we write and take as
// whole seconds only.
func readTime(raw string) (time.Time, error) {
	n, err := readInteger(raw)
	if err != nil || n > 253402300799 { // the year 9999
		return time.Time{}, malformed("not a date")
	}
	return time.Unix(n, 0).UTC(), nil
}

// readScope reads space-separated scopes. An empty text is no scope at all,
// which is not the same as a token without the claim.
func readScope(raw string) ([]string, error) {
	s, err := readString(raw)
	if err != nil {
		return nil, err
	}
	scopes := strings.Fields(s)
	if scopes == nil {
		scopes = []string{}
	}
	return scopes, nil
}
