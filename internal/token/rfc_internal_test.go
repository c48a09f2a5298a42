package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
)

const (
	rfc7515A1Key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

	rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

	rfc7515A1 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc7515Payload +
		".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

	rfc7515A2N = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR" +
		"T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV" +
		"MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
	rfc7515A2 = "eyJhbGciOiJSUzI1NiJ9." + rfc7515Payload +
		".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn" +
		"RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv" +
		"Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

	rfc7515A3X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	rfc7515A3Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	rfc7515A3  = "eyJhbGciOiJFUzI1NiJ9." + rfc7515Payload +
		".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

	rfc7515A4 = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7Xdt" +
		"AG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"

	rfc8037X  = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	rfc8037A4 = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc" +
		".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

func b64(t testing.TB, text string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// verifyText takes apart and verifies, as [KeySet.Verify] does, but with a key
// at hand and without a look at type and claims.
func verifyText(v verifier, text string) (string, error) {
	t, err := parseJWS(text)
	if err != nil {
		return "", err
	}
	if err := v.verify(&t); err != nil {
		return "", err
	}
	return t.payload, nil
}

// JW-25: the examples of RFC 7515 appendix A.1 to A.3 and of RFC 8037 appendix
// A.4 and A.5 verify as published, and do not when one bit of the signature
// differs.
func TestRFCExamples(t *testing.T) {
	t.Parallel()
	big65537 := 65537
	ec := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(b64(t, rfc7515A3X)), Y: new(big.Int).SetBytes(b64(t, rfc7515A3Y))}
	for _, tt := range []struct {
		name, text string
		key        verifier
		payload    string
	}{
		{"RFC 7515 A.1", rfc7515A1, verifier{HS256, b64(t, rfc7515A1Key)}, "joe"},
		{"RFC 7515 A.2", rfc7515A2, verifier{RS256, &rsa.PublicKey{N: new(big.Int).SetBytes(b64(t, rfc7515A2N)), E: big65537}}, "joe"},
		{"RFC 7515 A.3", rfc7515A3, verifier{ES256, ec}, "joe"},
		{"RFC 8037 A.4", rfc8037A4, verifier{EdDSA, ed25519.PublicKey(b64(t, rfc8037X))}, "Example of Ed25519 signing"},
	} {
		payload, err := verifyText(tt.key, tt.text)
		if err != nil || !strings.Contains(payload, tt.payload) {
			t.Errorf("%s: %q, %v", tt.name, payload, err)
		}
		dot := strings.LastIndexByte(tt.text, '.')
		sig := b64(t, tt.text[dot+1:])
		sig[7] ^= 1
		bad := tt.text[:dot+1] + base64.RawURLEncoding.EncodeToString(sig)
		if payload, err := verifyText(tt.key, bad); !errors.Is(err, BadSignature) || payload != "" {
			t.Errorf("%s with a bit flipped: %q, %v", tt.name, payload, err)
		}
	}
}

// RFC 7515 appendix A.4 is ES512, which we do not offer: it is taken apart and
// then refused under every key.
func TestES512IsNotOffered(t *testing.T) {
	t.Parallel()
	parsed, err := parseJWS(rfc7515A4)
	if err != nil || parsed.payload != "Payload" || parsed.header.alg != "ES512" {
		t.Fatalf("parseJWS: %v", err)
	}
	for _, algorithm := range []Algorithm{EdDSA, ES256, RS256, HS256} {
		if err := (&verifier{algorithm, b64(t, rfc7515A1Key)}).verify(&parsed); !errors.Is(err, BadSignature) {
			t.Errorf("under a key for %s: %v", algorithm, err)
		}
	}
}
