package token

import (
	"fmt"
	"slices"
	"time"
)

// A JWTKind is a kind of signed token. Each kind has keys of its own, so that no
// token of one kind ever verifies as another.
type JWTKind string

// Kinds of signed token.
const (
	// AccessJWT is an access token (RFC 9068).
	AccessJWT JWTKind = "access"
	// AssertionJWT tells an upstream who a forwarded request acts as, and what
	// was decided. Its audience is the API; it is never accepted from a client.
	AssertionJWT JWTKind = "assertion"
	// RefreshJWT is a refresh token for clients that insist on a JWT. Only we
	// read it, so its key is symmetric and published nowhere.
	RefreshJWT JWTKind = "refresh"
)

// A jwtRule is all that makes a kind. What is not in the table does not sign and
// does not verify.
type jwtRule struct {
	kind       JWTKind
	typ        string        // RFC 8725 section 3.11: explicit typing
	algorithms []Algorithm   // the first is the default
	lifetime   time.Duration // exp minus iat, at most
	required   []string      // claims
}

var jwtRules = [...]jwtRule{
	{
		kind: AccessJWT, typ: "at+jwt",
		algorithms: []Algorithm{EdDSA, ES256, RS256}, lifetime: 15 * time.Minute,
		required: []string{"iss", "exp", "iat", "aud", "sub", "client_id", "jti", "sid"}, // RFC 9068 section 2.2, and sid
	},
	{
		kind: AssertionJWT, typ: "sallyport-assertion+jwt",
		algorithms: []Algorithm{EdDSA, ES256, RS256}, lifetime: 5 * time.Minute,
		required: []string{"iss", "exp", "iat", "aud", "sub", "jti", "tenant"},
	},
	{
		kind: RefreshJWT, typ: "sallyport-refresh+jwt",
		algorithms: []Algorithm{HS256}, lifetime: 90 * 24 * time.Hour,
		required: []string{"iss", "exp", "iat", "aud", "sub", "client_id", "jti", "sid"},
	},
}

func ruleOf(kind JWTKind) (*jwtRule, error) {
	for i := range jwtRules {
		if jwtRules[i].kind == kind {
			return &jwtRules[i], nil
		}
	}
	return nil, fmt.Errorf("jwt: there is no kind %q", kind)
}

func (r *jwtRule) allows(a Algorithm) bool { return slices.Contains(r.algorithms, a) }

// hasType compares a typ header with the rule's, as media types: without regard
// to case, and with or without "application/" (RFC 7515 section 4.1.9).
func (r *jwtRule) hasType(typ string) bool {
	const prefix = "application/"
	if len(typ) > len(prefix) && equalASCII(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return equalASCII(typ, r.typ)
}

// equalASCII compares without regard to the case of ASCII letters.
// strings.EqualFold would let a long s pass for an s.
func equalASCII(s, t string) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != lower(t[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
