// Package totp makes and compares the codes that authenticator apps show: RFC
// 6238 with what every app understands, HMAC-SHA-1, six digits and steps of 30
// seconds.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 4226 has no other that all apps know; HMAC does not rest on collisions
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

const (
	step      = 30 // seconds
	digits    = 6
	secretLen = 20 // bytes, as RFC 4226 section 4 recommends
	drift     = 1  // steps by which clocks may differ, either way
)

// NewSecret draws a secret.
func NewSecret() ([]byte, error) {
	secret := make([]byte, secretLen)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("draw a secret: %w", err)
	}
	return secret, nil
}

// Text returns a secret as people type it into an app: base32 without padding.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// URI returns what apps read from a QR code. issuer and account are what they
// show the code under.
func URI(secret []byte, issuer, account string) string {
	q := url.Values{"secret": {Text(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + q.Encode()
}

// Match returns the time step that a code is of: the present one or a neighbour,
// after the step used. It is 0 if the code is of none. It compares with all of
// them, in constant time.
func Match(secret []byte, code string, now time.Time, used int64) (found int64) {
	at := now.Unix() / step
	for s := at - drift; s <= at+drift; s++ {
		same := subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(code)) == 1
		if same && s > used && found == 0 {
			found = s
		}
	}
	return found
}

// Code returns the code of a time step (RFC 4226 section 5.3).
func Code(secret []byte, s int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, s)
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", digits, n%1_000_000)
}

// StepAt returns the time step of a moment.
func StepAt(now time.Time) int64 { return now.Unix() / step }
