package wire

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// maxBasic is as long as Basic credentials may be, in base64.
const maxBasic = 4 << 10

// DecodeBasic reads the client id and secret of the Basic scheme, from the base64
// behind the word. Both were encoded as in a form before (RFC 6749 section 2.3.1).
// The id is never empty; the secret may be.
func DecodeBasic(text string) (id, secret string, ok bool) {
	if len(text) > maxBasic || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return "", "", false
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", "", false
	}
	first, second, ok := strings.Cut(string(plain), ":")
	if !ok {
		return "", "", false
	}
	id, err = url.QueryUnescape(first)
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(second)
	if err != nil || id == "" || !printable(id) || !printable(secret) {
		return "", "", false
	}
	return id, secret, true
}

// AudienceOf reads for whom a JWT says it is; empty if it names nobody or several.
// It believes nothing: the answer only tells which question to ask about the
// token.
func AudienceOf(jwt string) string {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Audience json.RawMessage `json:"aud"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	var one string
	if json.Unmarshal(claims.Audience, &one) != nil {
		return ""
	}
	return one
}
