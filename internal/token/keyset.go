package token

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport"
)

// MaxLeeway is the most that clocks of nodes may be taken to differ.
const MaxLeeway = time.Minute

// A KeySet is the signing keys in force. It is immutable: a rotation makes a new
// set, and who held the old one goes on with it undisturbed.
type KeySet struct {
	issuer  string
	leeway  time.Duration
	keys    map[string]*SigningKey
	signers map[signerKey]jose.Signer
}

type signerKey struct {
	kind      JWTKind
	algorithm Algorithm
}

// NewKeySet returns the set of the given keys. The issuer is the URL that
// signed tokens name. Leeway, at most [MaxLeeway], is how far in the future the
// issue of a token may seem to lie; expiry has none.
//
// It fails if two keys have the same id, or if two active keys would sign the
// same kind of token with the same algorithm.
func NewKeySet(issuer string, leeway time.Duration, keys ...*SigningKey) (*KeySet, error) {
	if issuer == "" {
		return nil, errors.New("key set: no issuer")
	}
	if leeway < 0 || leeway > MaxLeeway {
		return nil, fmt.Errorf("key set: leeway %s is not between 0 and %s", leeway, MaxLeeway)
	}
	set := &KeySet{issuer, leeway, map[string]*SigningKey{}, map[signerKey]jose.Signer{}}
	for _, k := range keys {
		if _, twice := set.keys[k.ID]; twice {
			return nil, fmt.Errorf("key set: two keys have the id %.16q", k.ID)
		}
		set.keys[k.ID] = k
		if k.State != KeyActive {
			continue
		}
		rule, err := ruleOf(k.Kind)
		if err != nil {
			return nil, err
		}
		slot := signerKey{k.Kind, k.Algorithm}
		if set.signers[slot] != nil {
			return nil, fmt.Errorf("key set: two active %s keys for %s tokens", k.Algorithm, k.Kind)
		}
		if set.signers[slot], err = k.signer(rule.typ); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Issuer returns the issuer that the set's tokens name.
func (s *KeySet) Issuer() string { return s.issuer }

// CanSign reports whether there is an active key for the kind and algorithm, the
// kind's default if empty.
func (s *KeySet) CanSign(kind JWTKind, algorithm Algorithm) bool {
	_, ok := s.signerFor(kind, algorithm)
	return ok
}

func (s *KeySet) signerFor(kind JWTKind, algorithm Algorithm) (jose.Signer, bool) {
	if algorithm == "" {
		rule, err := ruleOf(kind)
		if err != nil {
			return nil, false
		}
		algorithm = rule.algorithms[0]
	}
	signer, ok := s.signers[signerKey{kind, algorithm}]
	return signer, ok
}

// Sign returns a signed token of the kind. The algorithm is the one that the API
// asks for, or empty for the kind's default. The issuer is the set's own, and a
// missing ID is drawn. It refuses to sign what [KeySet.Verify] would refuse.
func (s *KeySet) Sign(kind JWTKind, algorithm Algorithm, claims Claims) (sallyport.Secret, error) {
	signer, ok := s.signerFor(kind, algorithm)
	if !ok {
		return "", fmt.Errorf("sign: no active key for %s tokens with %s", kind, cmp.Or(algorithm, "the default algorithm"))
	}
	claims.Issuer = s.issuer
	if claims.ID == "" {
		id := make([]byte, 24)
		if err := randomText(rand.Reader, alphabet, id); err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
		claims.ID = string(id)
	}
	payload, err := s.payload(kind, &claims)
	if err != nil {
		return "", fmt.Errorf("sign a token of kind %s: %w", kind, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign a token of kind %s: %w", kind, err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("sign a token of kind %s: %w", kind, err)
	}
	if len(text) > MaxJWTLen {
		return "", fmt.Errorf("sign a token of kind %s: %d bytes are more than the %d that are accepted", kind, len(text), MaxJWTLen)
	}
	return sallyport.Secret(text), nil
}

// payload encodes claims and reads them back, so that what is signed is what
// will verify.
func (s *KeySet) payload(kind JWTKind, claims *Claims) ([]byte, error) {
	rule, err := ruleOf(kind)
	if err != nil {
		return nil, err
	}
	if len(claims.Audience) == 0 {
		return nil, ClaimsMissing
	}
	payload, err := claims.marshal()
	if err != nil {
		return nil, err
	}
	back, err := parseClaims(string(payload), rule.required)
	if err != nil {
		return nil, err
	}
	return payload, s.check(rule, &back, Expect{Audience: claims.Audience[0], Now: claims.Issued})
}

// An Expect says what a token must be good for.
type Expect struct {
	Audience string    // who asks; must be one of the token's audiences
	Now      time.Time // the time of the question
}

// Verify returns the claims of a token of the given kind, if it is one, its
// signature is good, and it is valid for what is expected. Otherwise the claims
// are zero and errors.Is(err, fault) says for which [Fault]. It asks nobody:
// whether the token was revoked is not known here.
func (s *KeySet) Verify(kind JWTKind, text string, expect Expect) (Claims, error) {
	rule, err := ruleOf(kind)
	if err != nil {
		return Claims{}, err
	}
	t, err := parseJWS(text)
	if err != nil {
		return Claims{}, err
	}
	key, ok := s.keys[t.header.kid]
	switch {
	case !ok || key.Kind != kind || !key.accepts(expect.Now):
		return Claims{}, UnknownKey
	case !rule.hasType(t.header.typ):
		return Claims{}, WrongType
	}
	if err := key.verify(&t); err != nil {
		return Claims{}, err
	}
	claims, err := parseClaims(t.payload, rule.required)
	if err != nil {
		return Claims{}, err
	}
	if err := s.check(rule, &claims, expect); err != nil {
		return Claims{}, err
	}
	claims.KeyID = key.ID
	return claims, nil
}

// Recheck repeats what can change about claims that [KeySet.Verify] returned,
// perhaps of an older set, perhaps for another audience: key, issuer, audience
// and times. A cache of verified tokens calls it at each use; only the signature
// stays proven. It does not allocate when all is well.
func (s *KeySet) Recheck(kind JWTKind, claims *Claims, expect Expect) error {
	rule, err := ruleOf(kind)
	if err != nil {
		return err
	}
	key, ok := s.keys[claims.KeyID]
	if !ok || key.Kind != kind || !key.accepts(expect.Now) {
		return UnknownKey
	}
	return s.check(rule, claims, expect)
}

// check compares claims with the rule and the expectation.
func (s *KeySet) check(rule *jwtRule, c *Claims, expect Expect) error {
	latest := expect.Now.Add(s.leeway)
	switch {
	case c.Issuer != s.issuer:
		return WrongIssuer
	case expect.Audience == "" || !slices.Contains(c.Audience, expect.Audience):
		return WrongAudience
	case !expect.Now.Before(c.Expires): // RFC 7519 section 4.1.4: "on or after"
		return Expired
	case c.Issued.After(latest) || c.NotBefore.After(latest):
		return NotYetValid
	case c.Expires.Sub(c.Issued) > rule.lifetime:
		return LivesTooLong
	}
	return nil
}

// JWKS returns the JSON of the public keys that others may need to verify our
// tokens with (RFC 7517 section 5): those that sign, will sign, or signed what
// is still accepted. Symmetric keys are never in it.
func (s *KeySet) JWKS(now time.Time) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range s.keys {
		if jwk, ok := k.jwk(); ok && k.accepts(now) {
			set.Keys = append(set.Keys, jwk)
		}
	}
	slices.SortFunc(set.Keys, func(a, b jose.JSONWebKey) int { return cmp.Compare(a.KeyID, b.KeyID) })
	out, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode JWKS: %w", err)
	}
	return out, nil
}
