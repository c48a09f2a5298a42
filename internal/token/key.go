package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A KeyState says what a signing key is used for.
type KeyState string

// States of a signing key, in the order in which a key goes through them.
const (
	KeyNext    KeyState = "next"    // published and accepted, does not sign yet
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // accepted until its overlap ends
)

const (
	minRSABits = 2048
	maxRSABits = 4096
	hmacKeyLen = 32 // RFC 7518 section 3.2
	maxKeyID   = 64
)

// A SigningKey signs and verifies one kind of token with one algorithm. It is
// immutable.
type SigningKey struct {
	ID        string
	Kind      JWTKind
	Algorithm Algorithm
	State     KeyState
	Created   time.Time
	Activated time.Time // zero: not yet
	Retired   time.Time // zero: not yet
	// AcceptUntil is when a retired key's tokens cease to be accepted.
	AcceptUntil time.Time

	private any // crypto.Signer, or []byte for HS256
	verifier
}

// A StoredKey is a signing key as a store keeps it: everything in the clear but
// the private part.
type StoredKey struct {
	ID        string
	Kind      JWTKind
	Algorithm Algorithm
	State     KeyState
	Private   []byte // sealed
	PublicJWK []byte // JSON (RFC 7517); nil for a symmetric key
	Created   time.Time
	Activated time.Time
	Retired   time.Time
	// AcceptUntil is as in [SigningKey].
	AcceptUntil time.Time
}

// NewSigningKey draws a key in state [KeyNext]. With an empty algorithm it takes
// the kind's default. RSA keys have 2048 bits.
func NewSigningKey(kind JWTKind, algorithm Algorithm, now time.Time) (*SigningKey, error) {
	rule, err := ruleOf(kind)
	if err != nil {
		return nil, err
	}
	if algorithm == "" {
		algorithm = rule.algorithms[0]
	}
	private, err := drawKey(algorithm)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	id := make([]byte, 16)
	if err := randomText(rand.Reader, alphabet, id); err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	k := &SigningKey{ID: string(id), Kind: kind, Algorithm: algorithm, State: KeyNext, Created: now}
	return k.with(private)
}

func drawKey(algorithm Algorithm) (any, error) {
	switch algorithm {
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, minRSABits)
	case HS256:
		key := make([]byte, hmacKeyLen)
		_, err := rand.Read(key)
		return key, err
	}
	return nil, fmt.Errorf("unknown algorithm %q", algorithm)
}

// with returns a copy of k that holds the private key, after checking that all
// of it fits together.
func (k *SigningKey) with(private any) (*SigningKey, error) {
	rule, err := ruleOf(k.Kind)
	if err != nil {
		return nil, err
	}
	if !rule.allows(k.Algorithm) {
		return nil, fmt.Errorf("signing key %.16q: %s tokens are not signed with %q", k.ID, k.Kind, k.Algorithm)
	}
	if k.ID == "" || len(k.ID) > maxKeyID {
		return nil, errors.New("signing key: its id is empty or too long")
	}
	public, err := publicOf(k.Algorithm, private)
	if err != nil {
		return nil, fmt.Errorf("signing key %.16q: %w", k.ID, err)
	}
	c := *k
	c.private, c.verifier = private, verifier{k.Algorithm, public}
	return &c, nil
}

// publicOf returns what verifies, if the private key is good for the algorithm.
func publicOf(algorithm Algorithm, private any) (any, error) {
	switch key := private.(type) {
	case ed25519.PrivateKey:
		if algorithm == EdDSA && len(key) == ed25519.PrivateKeySize {
			return key.Public(), nil
		}
	case *ecdsa.PrivateKey:
		if algorithm == ES256 && key.Curve == elliptic.P256() {
			return &key.PublicKey, nil
		}
	case *rsa.PrivateKey:
		if algorithm != RS256 {
			break
		}
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits || key.E < 65537 {
			return nil, fmt.Errorf("an RSA key needs %d to %d bits and an exponent of 65537 or more", minRSABits, maxRSABits)
		}
		return &key.PublicKey, nil
	case []byte:
		if algorithm != HS256 {
			break
		}
		if len(key) < hmacKeyLen {
			return nil, fmt.Errorf("an HMAC key needs %d bytes or more", hmacKeyLen)
		}
		if err := checkRandom(key); err != nil {
			return nil, err
		}
		return key, nil
	}
	return nil, fmt.Errorf("the key is not one for %q", algorithm)
}

// Activate returns a copy of the key that signs from now on.
func (k *SigningKey) Activate(now time.Time) *SigningKey {
	c := *k
	c.State, c.Activated = KeyActive, now
	return &c
}

// Retire returns a copy of the key that does not sign any more. What it signed
// is accepted for as long as the longest-lived token of its kind can live.
func (k *SigningKey) Retire(now time.Time) *SigningKey {
	c := *k
	c.State, c.Retired = KeyRetired, now
	if rule, err := ruleOf(k.Kind); err == nil {
		c.AcceptUntil = now.Add(rule.lifetime)
	}
	return &c
}

// accepts reports whether tokens under this key may be accepted. An unknown
// state accepts nothing.
func (k *SigningKey) accepts(now time.Time) bool {
	switch k.State {
	case KeyNext, KeyActive:
		return true
	case KeyRetired:
		return now.Before(k.AcceptUntil)
	}
	return false
}

// jwk returns the public key for publishing. It reports false for a symmetric
// key, which has no public part.
func (k *SigningKey) jwk() (jose.JSONWebKey, bool) {
	if _, symmetric := k.public.([]byte); symmetric {
		return jose.JSONWebKey{}, false
	}
	return jose.JSONWebKey{Key: k.public, KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig"}, true
}

// Store returns the key as it is stored, the private part sealed. The sealer's
// purpose is [SealSigningKey].
func (k *SigningKey) Store(s *Sealer) (StoredKey, error) {
	out := StoredKey{
		ID: k.ID, Kind: k.Kind, Algorithm: k.Algorithm, State: k.State,
		Created: k.Created, Activated: k.Activated, Retired: k.Retired, AcceptUntil: k.AcceptUntil,
	}
	plain, ok := k.private.([]byte)
	if !ok {
		var err error
		if plain, err = x509.MarshalPKCS8PrivateKey(k.private); err != nil {
			return StoredKey{}, fmt.Errorf("store signing key %s: %w", k.ID, err)
		}
	}
	var err error
	if out.Private, err = s.Seal(plain, k.place()...); err != nil {
		return StoredKey{}, fmt.Errorf("store signing key %s: %w", k.ID, err)
	}
	if jwk, ok := k.jwk(); ok {
		if out.PublicJWK, err = jwk.MarshalJSON(); err != nil {
			return StoredKey{}, fmt.Errorf("store signing key %s: %w", k.ID, err)
		}
	}
	return out, nil
}

// place binds the sealed key to what it may be used for.
func (k *SigningKey) place() []string {
	return []string{k.ID, string(k.Kind), string(k.Algorithm)}
}

// OpenKey is the inverse of [SigningKey.Store]. It fails if anything about the
// key was changed that its use depends on, with the error of [Sealer.Open].
func OpenKey(s *Sealer, stored StoredKey) (*SigningKey, error) {
	k := &SigningKey{
		ID: stored.ID, Kind: stored.Kind, Algorithm: stored.Algorithm, State: stored.State,
		Created: stored.Created, Activated: stored.Activated, Retired: stored.Retired, AcceptUntil: stored.AcceptUntil,
	}
	plain, err := s.Open(stored.Private, k.place()...)
	if err != nil {
		return nil, fmt.Errorf("open signing key %.16q: %w", k.ID, err)
	}
	var private any = plain
	if k.Algorithm != HS256 {
		if private, err = x509.ParsePKCS8PrivateKey(plain); err != nil {
			return nil, fmt.Errorf("open signing key %.16q: not a PKCS #8 key", k.ID)
		}
	}
	return k.with(private)
}

// signer makes the object that signs tokens of this key.
func (k *SigningKey) signer(typ string) (jose.Signer, error) {
	if _, ok := k.private.(crypto.Signer); !ok && k.Algorithm != HS256 {
		return nil, fmt.Errorf("signing key %.16q has no private part", k.ID)
	}
	// go-jose writes the id of a symmetric key only when it is told to.
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", k.ID)
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Algorithm), Key: k.private}
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		return nil, fmt.Errorf("signing key %.16q: %w", k.ID, err)
	}
	return signer, nil
}

// String names the key without showing it.
func (k *SigningKey) String() string {
	return fmt.Sprintf("signing key %s (%s, %s, %s)", k.ID, k.Kind, k.Algorithm, k.State)
}

// GoString is String.
func (k *SigningKey) GoString() string { return k.String() }

// MarshalJSON refuses: a signing key is never an answer.
func (*SigningKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a signing key must not be marshaled")
}
