package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// MaxJWTLen is the length of the longest JWT that is looked at, in bytes.
const MaxJWTLen = 8 << 10

// IsJWT reports whether text is shaped like a JWT: three parts between dots, and
// not too long. It is for telling kinds of credential apart, not for trusting
// one. It does not allocate.
func IsJWT(text string) bool {
	return len(text) <= MaxJWTLen && strings.Count(text, ".") == 2
}

// A jws is a JWS in compact serialization (RFC 7515 section 7.1), taken apart.
// Nothing in it is to be believed before its signature was verified.
type jws struct {
	header    header
	payload   string
	signature []byte
	signed    string // what the signature is over: first two parts, as sent
}

// A header is what we read of a JOSE header.
type header struct{ alg, kid, typ string }

// parseJWS takes text apart. There is no JSON serialization, no encryption
// (RFC 7516), no detached or unencoded payload, and no second way to write the
// same token.
func parseJWS(text string) (jws, error) {
	switch {
	case len(text) > MaxJWTLen:
		return jws{}, malformed("too long")
	case strings.Count(text, ".") != 2:
		return jws{}, malformed("not three parts")
	}
	first, last := strings.IndexByte(text, '.'), strings.LastIndexByte(text, '.')
	head, ok := decodeText(text[:first])
	if !ok {
		return jws{}, malformed("header is not base64url")
	}
	payload, ok := decodeText(text[first+1 : last])
	if !ok {
		return jws{}, malformed("payload is not base64url")
	}
	signature, ok := decodeSegment(nil, text[last+1:])
	if !ok || len(signature) == 0 {
		return jws{}, malformed("signature is not base64url")
	}
	h, err := parseHeader(head)
	if err != nil {
		return jws{}, err
	}
	return jws{header: h, payload: payload, signature: signature, signed: text[:last]}, nil
}

// base64url is without padding (RFC 7515 section 2), and unused bits are zero.
var base64url = base64.RawURLEncoding.Strict()

// decodeSegment decodes base64url. Each byte string has exactly one text: there are
// no line breaks, which encoding/base64 would skip.
func decodeSegment(into []byte, text string) ([]byte, bool) {
	if strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, '\n') >= 0 {
		return nil, false
	}
	if n := base64url.DecodedLen(len(text)); n > len(into) {
		into = make([]byte, n)
	}
	n, err := base64url.Decode(into, []byte(text))
	return into[:n], err == nil
}

// decodeText is [decodeSegment] for what is a text. The usual ones are decoded on the
// stack and copied once.
func decodeText(text string) (string, bool) {
	var usual [1 << 10]byte
	out, ok := decodeSegment(usual[:], text)
	return string(out), ok
}

// parseHeader reads a JOSE header. A member that would change how the token is
// verified is refused; others are ignored (RFC 7515 section 4).
func parseHeader(text string) (header, error) {
	members, err := parseObject(text)
	if err != nil {
		return header{}, err
	}
	var h header
	for _, m := range members {
		switch m.name {
		case "alg":
			h.alg, err = readString(m.value)
		case "kid":
			h.kid, err = readString(m.value)
		case "typ":
			h.typ, err = readString(m.value)
		case "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256":
			// RFC 8725 section 3.10: the token does not say which key verifies it.
			return header{}, malformed("header brings its own key")
		case "crit", "b64", "enc", "zip":
			return header{}, malformed("header asks for an extension")
		}
		if err != nil {
			return header{}, err
		}
	}
	if h.alg == "" {
		return header{}, malformed("header without algorithm")
	}
	return h, nil
}

// An Algorithm is a JWS algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
type Algorithm string

// Algorithms that we sign and verify with. There are no others.
const (
	EdDSA Algorithm = "EdDSA" // Ed25519
	ES256 Algorithm = "ES256" // ECDSA, P-256, SHA-256
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5, SHA-256
	HS256 Algorithm = "HS256" // HMAC-SHA-256; for tokens that only we read
)

// A verifier is the part of a key that verifies. Its algorithm decides; that in
// a token's header must be the same.
type verifier struct {
	algorithm Algorithm
	public    any // ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey or []byte
}

// verify checks the signature of a token under this key.
func (v *verifier) verify(t *jws) error {
	// RFC 8725 section 3.1: algorithm and key are pinned together.
	if t.header.alg != string(v.algorithm) {
		return &faultError{BadSignature, "the algorithm is not the key's"}
	}
	good := false
	switch v.algorithm {
	case EdDSA:
		key, ok := v.public.(ed25519.PublicKey)
		good = ok && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(t.signed), t.signature)
	case ES256:
		key, ok := v.public.(*ecdsa.PublicKey)
		good = ok && verifyES256(key, t)
	case RS256:
		key, ok := v.public.(*rsa.PublicKey)
		digest := sha256.Sum256([]byte(t.signed))
		good = ok && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], t.signature) == nil
	case HS256:
		key, ok := v.public.([]byte)
		good = ok && verifyHS256(key, t)
	}
	if !good {
		return BadSignature
	}
	return nil
}

func verifyHS256(key []byte, t *jws) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(t.signed))
	return hmac.Equal(mac.Sum(nil), t.signature)
}

// verifyES256 takes the signature as r and s of 32 bytes each and in no other
// form (RFC 7518 section 3.4).
func verifyES256(key *ecdsa.PublicKey, t *jws) bool {
	if len(t.signature) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(t.signed))
	// As crypto/ecdsa wants them (RFC 3279 section 2.2.3); it refuses r = 0 and s = 0.
	var der [2 + 2*(2+33)]byte
	out := append(der[:0], 0x30, 0)
	out = appendInteger(out, t.signature[:32])
	out = appendInteger(out, t.signature[32:])
	out[1] = byte(len(out) - 2) //nolint:gosec // 70 at most
	return ecdsa.VerifyASN1(key, digest[:], out)
}

// appendInteger appends a number of at most 32 bytes as an INTEGER of DER: with as few
// bytes as there can be, and a zero before a first bit that would be a sign.
func appendInteger(out, number []byte) []byte {
	for len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	sign := number[0] >> 7
	out = append(out, 0x02, byte(len(number))+sign) //nolint:gosec // 33 at most
	if sign == 1 {
		out = append(out, 0)
	}
	return append(out, number...)
}
