package totp_test

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authn/totp"
)

var rfc = []byte("12345678901234567890")

// RFC 6238 appendix B, cut to six digits.
func TestRFC6238(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp.Code(rfc, totp.StepAt(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	now := time.Unix(1111111111, 0)
	at := totp.StepAt(now)
	for _, tt := range []struct {
		name string
		code string
		used int64
		want int64
	}{
		{"now", totp.Code(rfc, at), 0, at},
		{"a step ago", totp.Code(rfc, at-1), 0, at - 1},
		{"the next", totp.Code(rfc, at+1), 0, at + 1},
		{"two steps ago", totp.Code(rfc, at-2), 0, 0},
		{"in two steps", totp.Code(rfc, at+2), 0, 0},
		{"used", totp.Code(rfc, at), at, 0},
		{"older than the one used", totp.Code(rfc, at-1), at, 0},
		{"after the one used", totp.Code(rfc, at+1), at, at + 1},
		{"cut", totp.Code(rfc, at)[:5], 0, 0},
		{"empty", "", 0, 0},
		{"more", totp.Code(rfc, at) + "0", 0, 0},
	} {
		if got := totp.Match(rfc, tt.code, now, tt.used); got != tt.want {
			t.Errorf("%s: step %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestURI(t *testing.T) {
	t.Parallel()
	secret, err := totp.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(totp.URI(secret, "api.example.com", "jo@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	back, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil || string(back) != string(secret) || len(secret) != 20 {
		t.Errorf("the secret %x comes back as %x, %v", secret, back, err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/api.example.com:jo@example.com" || u.Query().Get("issuer") != "api.example.com" {
		t.Errorf("URI %s", u)
	}
	if other, _ := totp.NewSecret(); string(other) == string(secret) {
		t.Error("two secrets are the same")
	}
	if strings.Contains(totp.Text(secret), "=") {
		t.Error("padding is nothing to type")
	}
}
