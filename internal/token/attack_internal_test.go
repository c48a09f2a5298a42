package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// rawSignature signs text as the key's algorithm says, without go-jose.
func rawSignature(t testing.TB, k *SigningKey, text string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(text))
	var out []byte
	var err error
	switch private := k.private.(type) {
	case ed25519.PrivateKey:
		out = ed25519.Sign(private, []byte(text))
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, private, digest[:])
		out = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case *rsa.PrivateKey:
		out, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	case []byte:
		mac := hmac.New(sha256.New, private)
		mac.Write([]byte(text))
		out = mac.Sum(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refused checks that a text is refused with the fault, that nothing of it shows
// in the error, and that no claims stand beside the error (JW-35, JW-38).
func refused(t *testing.T, set *KeySet, name, text string, want Fault) {
	t.Helper()
	c, err := set.Verify(AccessJWT, text, expectNow())
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", name, err, want)
	}
	if !reflect.DeepEqual(c, Claims{}) {
		t.Errorf("%s: claims beside an error", name)
	}
	if err == nil {
		return
	}
	for part := range strings.SplitSeq(text, ".") {
		if len(part) > 6 && strings.Contains(err.Error(), part[:6]) {
			t.Errorf("%s: the error quotes the token: %v", name, err)
		}
	}
}

func goodPayload(t testing.TB) string { return claimsJSON(t, func(*Claims) {}) }

func headerText(alg, kid, typ string) string {
	return fmt.Sprintf(`{"alg":%s,"kid":%q,"typ":%q}`, alg, kid, typ)
}

// The positive twin of all that follows: the same hands make a token that
// verifies.
func TestHandSignedTokenVerifies(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for _, algorithm := range []Algorithm{EdDSA, ES256, RS256} {
		text := handSign(t, AccessJWT, algorithm, "at+jwt", goodPayload(t))
		if _, err := set.Verify(AccessJWT, text, expectNow()); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// JW-01: no signature, or an algorithm that is none.
func TestAlgorithmNone(t *testing.T) {
	t.Parallel()
	set, k := testKeySet(t), testKey(t, AccessJWT, EdDSA)
	for alg, want := range map[string]Fault{
		`"none"`: BadSignature, `"None"`: BadSignature, `"NONE"`: BadSignature, `"nOnE"`: BadSignature, `"noNe"`: BadSignature,
		`"eddsa"`: BadSignature, `"EdDSA "`: BadSignature, `"Ed25519"`: BadSignature,
		`""`: Malformed, `null`: Malformed, `0`: Malformed, `["HS256"]`: Malformed, `{"EdDSA":1}`: Malformed,
	} {
		signed := handSignRaw(t, k, headerText(alg, k.ID, "at+jwt"), goodPayload(t))
		refused(t, set, "alg "+alg, signed, want)
		refused(t, set, "alg "+alg+", no signature", signed[:strings.LastIndexByte(signed, '.')+1], Malformed)
	}
	refused(t, set, "no alg", handSignRaw(t, k, fmt.Sprintf(`{"kid":%q,"typ":"at+jwt"}`, k.ID), goodPayload(t)), Malformed)
}

// JW-02: a public key used as the secret of an HMAC, in every spelling.
func TestAlgorithmConfusion(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for _, algorithm := range []Algorithm{EdDSA, ES256, RS256} {
		k := testKey(t, AccessJWT, algorithm)
		der, err := x509.MarshalPKIXPublicKey(k.public)
		if err != nil {
			t.Fatal(err)
		}
		jwk, _ := k.jwk()
		jwkText, err := jwk.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string][]byte{
			"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "DER": der, "JWK": jwkText, "empty": {},
		}
		if pub, ok := k.public.(*rsa.PublicKey); ok {
			secrets["modulus"] = pub.N.Bytes()
		}
		for name, secret := range secrets {
			forged := &SigningKey{private: secret}
			refused(t, set, string(algorithm)+" as HMAC with "+name, handSignRaw(t, forged, headerText(`"HS256"`, k.ID, "at+jwt"), goodPayload(t)), BadSignature)
		}
	}
}

// JW-04: a token that brings its own key. Nothing is fetched, since there is no
// code that could.
func TestOwnKey(t *testing.T) {
	t.Parallel()
	set, k := testKeySet(t), testKey(t, AccessJWT, EdDSA)
	for _, extra := range []string{
		`"jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		`"jku":"http://127.0.0.1:1/jwks"`, `"x5u":"http://127.0.0.1:1/x"`, `"x5c":["MIIB"]`, `"x5t":"AA"`, `"x5t#S256":"AA"`,
		`"crit":["exp"]`, `"crit":[]`, `"b64":false`, `"zip":"DEF"`, `"enc":"A256GCM"`, `"\u006aku":"http://127.0.0.1:1"`,
	} {
		head := strings.TrimSuffix(headerText(`"EdDSA"`, k.ID, "at+jwt"), "}") + "," + extra + "}"
		refused(t, set, extra, handSignRaw(t, k, head, goodPayload(t)), Malformed)
	}
	head := strings.TrimSuffix(headerText(`"EdDSA"`, k.ID, "at+jwt"), "}") + `,"cty":"x","JWK":1}`
	if _, err := set.Verify(AccessJWT, handSignRaw(t, k, head, goodPayload(t)), expectNow()); err != nil {
		t.Errorf("a header member that means nothing to us: %v", err)
	}
}

// JW-05: the key id is looked up in a table and used for nothing else.
func TestKeyID(t *testing.T) {
	t.Parallel()
	set, k := testKeySet(t), testKey(t, AccessJWT, EdDSA)
	for _, kid := range []string{"../../dev/null", "' OR 1=1--", "", "\x00", k.ID + "\x00", k.ID[:8], strings.ToLower(k.ID) + "x", strings.Repeat("k", 5000)} {
		raw, err := json.Marshal(kid)
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf(`{"alg":"EdDSA","kid":%s,"typ":"at+jwt"}`, raw)
		refused(t, set, "kid", handSignRaw(t, k, head, goodPayload(t)), UnknownKey)
	}
	refused(t, set, "kid is an object", handSignRaw(t, k, `{"alg":"EdDSA","kid":{"a":1},"typ":"at+jwt"}`, goodPayload(t)), Malformed)
	refused(t, set, "kid of 10 kB", handSignRaw(t, k, `{"alg":"EdDSA","kid":"`+strings.Repeat("k", 10_000)+`"}`, goodPayload(t)), Malformed)
	refused(t, set, "no kid", handSignRaw(t, k, `{"alg":"EdDSA","typ":"at+jwt"}`, goodPayload(t)), UnknownKey)
	other := testKey(t, AccessJWT, RS256)
	refused(t, set, "id of another key", handSignRaw(t, k, headerText(`"RS256"`, other.ID, "at+jwt"), goodPayload(t)), BadSignature)
}

// JW-07: explicit typing (RFC 9068 section 2.1, RFC 8725 section 3.11).
func TestType(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"} {
		if _, err := set.Verify(AccessJWT, handSign(t, AccessJWT, EdDSA, typ, goodPayload(t)), expectNow()); err != nil {
			t.Errorf("typ %q: %v", typ, err)
		}
	}
	for _, typ := range []string{
		"", "JWT", "at+jwt ", " at+jwt", "at+JWT\x00", "application/", "application/application/at+jwt", "text/at+jwt",
		"id_token", "refresh", "sallyport-assertion+jwt", "sallyport-refresh+jwt", "at\u2215jwt",
	} {
		refused(t, set, "typ "+typ, handSign(t, AccessJWT, EdDSA, typ, goodPayload(t)), WrongType)
	}
	// ſ folds to s in Unicode, but not here.
	if (&jwtRule{typ: "sallyport-assertion+jwt"}).hasType("ſallyport-assertion+jwt") {
		t.Error("a long s passed for an s")
	}
	k := testKey(t, AccessJWT, EdDSA)
	refused(t, set, "no typ", handSignRaw(t, k, fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, k.ID), goodPayload(t)), WrongType)
	refused(t, set, "typ is an array", handSignRaw(t, k, fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"typ":["at+jwt"]}`, k.ID), goodPayload(t)), Malformed)
}

// JW-10, JW-11, JW-13, JW-14: claims that two parsers could read differently, or
// that are not of their type.
func TestClaimSpellings(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	good := goodPayload(t)
	iat := testNow.Unix()
	exp := fmt.Sprintf(`"exp":%d`, testNow.Add(5*time.Minute).Unix())
	iss, sub, aud := fmt.Sprintf(`"iss":%q`, testIssuer), `"sub":"9a3c"`, `"aud":"orders"`
	for _, tt := range []struct {
		from, to string
		want     Fault
	}{
		{iss, `"iss":["https://evil.example","` + testIssuer + `"]`, Malformed},
		{iss, `"iss":"` + testIssuer + `/"`, WrongIssuer},
		{iss, `"iss":"https://sallyport.exampl"`, WrongIssuer},
		{iss, `"iss":null`, Malformed},
		{exp, `"x":1`, ClaimsMissing},
		{exp, `"exp":0`, Expired},
		{exp, `"exp":-1`, Malformed},
		{exp, `"exp":1e400`, Malformed},
		{exp, `"exp":"9999999999"`, Malformed},
		{exp, `"exp":null`, Malformed},
		{exp, `"exp":9223372036854775808`, Malformed},
		{exp, `"exp":1e18`, Malformed},
		{exp, exp + ".0", Malformed},
		{exp, `"exp":999999999999999`, Malformed},
		{exp, `"exp":253402300799`, LivesTooLong},
		{exp, fmt.Sprintf(`"exp":%d`, iat+15*60+1), LivesTooLong},
		{exp, `"EXP":99999999999`, ClaimsMissing},
		{fmt.Sprintf(`"iat":%d`, iat), `"iat":true`, Malformed},
		{fmt.Sprintf(`"iat":%d`, iat), `"x":true`, ClaimsMissing},
		{sub, `"sub":"alice","sub":"root"`, Malformed},
		{sub, `"sub":"alice","s\u0075b":"root"`, Malformed},
		{sub, `"SUB":"root"`, ClaimsMissing},
		{sub, `"\u017fub":"root"`, ClaimsMissing},
		{sub, `"sub":["9a3c"]`, Malformed},
		{sub, `"sub":""`, ClaimsMissing},
		{sub, `"sub":7`, Malformed},
		{aud, `"aud":{}`, Malformed},
		{aud, `"aud":["orders",1]`, Malformed},
		{aud, `"aud":[["orders"]]`, Malformed},
		{aud, `"aud":[ ]`, WrongAudience},
		{aud, `"aud":"orders "`, WrongAudience},
		{`"jti":"id"`, `"x":""`, ClaimsMissing},
		{`"sid":"f4a1"`, `"x":""`, ClaimsMissing},
		{`"client_id":"cli"`, `"x":""`, ClaimsMissing},
		{`"tenant":"t1"`, `"tenant":["t1"]`, Malformed},
		{`"scope":"read write"`, `"scope":["read","write"]`, Malformed},
		{sub, sub + `,"nbf":"0"`, Malformed},
	} {
		if !strings.Contains(good, tt.from) {
			t.Fatalf("%s is not in %s", tt.from, good)
		}
		payload := strings.Replace(good, tt.from, tt.to, 1)
		refused(t, set, tt.to, handSign(t, AccessJWT, EdDSA, "at+jwt", payload), tt.want)
	}
	k := testKey(t, AccessJWT, EdDSA)
	head := strings.Replace(headerText(`"EdDSA"`, k.ID, "at+jwt"), "{", `{"alg":"none",`, 1)
	refused(t, set, "alg twice", handSignRaw(t, k, head, good), Malformed)
	for _, extra := range []string{`"SUB":"root"`, `"\u017fub":"root"`, `"\u212Aid":"x"`} {
		text := handSign(t, AccessJWT, EdDSA, "at+jwt", strings.Replace(good, sub, sub+","+extra, 1))
		if c, err := set.Verify(AccessJWT, text, expectNow()); err != nil || c.Subject != "9a3c" {
			t.Errorf("beside %s: subject %q, %v", extra, c.Subject, err)
		}
	}
}

// JW-16, JW-17: size, depth and parts are limits, found before any work.
func TestHostileShapes(t *testing.T) {
	t.Parallel()
	set, k := testKeySet(t), testKey(t, AccessJWT, EdDSA)
	deep := strings.Replace(goodPayload(t), "{", `{"x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+",", 1)
	jwe := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RSA1_5","enc":"A128CBC-HS256","zip":"DEF"}`)) + ".a.b.c.d"
	for name, text := range map[string]string{
		"empty": "", "dots": "..", "a million dots": strings.Repeat(".", 1_000_000), "one megabyte": strings.Repeat("a", 1<<20),
		"one byte too long": strings.Repeat("a", MaxJWTLen-2) + "...", "deep": handSignRaw(t, k, headerText(`"EdDSA"`, k.ID, "at+jwt"), deep),
		"JWE": jwe, "JSON serialization": `{"payload":"Zm9v","signatures":[]}`, "two parts": "e30.e30", "four parts": "e30.e30.e30.e30",
		"empty header": ".e30.AAAA", "emoji": "e30.e30.😀", "odd length": "e30.e30.AAAAA",
	} {
		refused(t, set, name, text, Malformed)
	}
}

func TestHostileShapesAreCheap(t *testing.T) {
	set, big := testKeySet(t), strings.Repeat(".", 1_000_000)
	if n := testing.AllocsPerRun(10, func() { _, _ = set.Verify(AccessJWT, big, expectNow()) }); n > 2 {
		t.Errorf("a million dots cost %v allocations", n)
	}
}

// JW-19, JW-40: one token, one spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	good := handSign(t, AccessJWT, EdDSA, "at+jwt", goodPayload(t))
	if _, err := set.Verify(AccessJWT, good, expectNow()); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for i := range parts {
		for name, change := range map[string]func(string) string{
			"padding":       func(s string) string { return s + "=" },
			"more padding":  func(s string) string { return s + "==" },
			"space":         func(s string) string { return s + " " },
			"CR LF":         func(s string) string { return s[:4] + "\r\n" + s[4:] },
			"line feed end": func(s string) string { return s + "\n" },
			"plus":          func(s string) string { return "+" + s[1:] },
			"slash":         func(s string) string { return "/" + s[1:] },
			"NUL":           func(s string) string { return s + "\x00" },
			"percent":       func(s string) string { return s + "%3D" },
			"odd length":    func(s string) string { return s[:len(s)/4*4] + "A" },
		} {
			changed := append([]string(nil), parts...)
			changed[i] = change(parts[i])
			refused(t, set, fmt.Sprintf("%s in part %d", name, i), strings.Join(changed, "."), Malformed)
		}
	}
	// The signature's 64 bytes leave four bits of the last character unused.
	for c := range strings.SplitSeq("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", "") {
		other := good[:len(good)-1] + c
		if _, err := set.Verify(AccessJWT, other, expectNow()); (err == nil) != (other == good) {
			t.Errorf("with the last character %s: %v", c, err)
		}
	}
}

// JW-20: signatures of ECDSA in other forms, and of nothing.
func TestES256Forms(t *testing.T) {
	t.Parallel()
	set, k := testKeySet(t), testKey(t, AccessJWT, ES256)
	signed := handSign(t, AccessJWT, ES256, "at+jwt", goodPayload(t))
	input := signed[:strings.LastIndexByte(signed, '.')]
	digest := sha256.Sum256([]byte(input))
	der, err := k.private.(*ecdsa.PrivateKey).Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	raw := rawSignature(t, k, input)
	order := k.public.(*ecdsa.PublicKey).Params().N
	rPlusN := new(big.Int).Add(new(big.Int).SetBytes(raw[:32]), order)
	for name, sig := range map[string][]byte{
		"zero": make([]byte, 64), "DER": der, "short": raw[:63], "long": append(append([]byte(nil), raw...), 0),
		"65 bytes": append([]byte{0}, raw...), "r + n": append(rPlusN.Bytes(), raw[32:]...),
		"r = n, s = n": append(order.Bytes(), order.Bytes()...), "r = 0": append(make([]byte, 32), raw[32:]...),
	} {
		refused(t, set, name, input+"."+base64.RawURLEncoding.EncodeToString(sig), BadSignature)
	}
	refused(t, set, "header says ES384", handSignRaw(t, k, headerText(`"ES384"`, k.ID, "at+jwt"), goodPayload(t)), BadSignature)
}

// JW-23: HMAC keys that are short or known are refused, and the error has the
// key's id only.
func TestWeakHMACKeys(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string][]byte{
		"short": testMasterBytes(31), "secret": []byte("secret"), "32 times a": []byte(strings.Repeat("a", 32)),
		"phrase": []byte("your-256-bit-secret-your-256-bit-secret"), "zero": make([]byte, 32), "RFC 7515": b64(t, rfc7515A1Key),
	} {
		_, err := (&SigningKey{ID: "the-id", Kind: RefreshJWT, Algorithm: HS256}).with(secret)
		if err == nil || !strings.Contains(err.Error(), "the-id") || strings.Contains(err.Error(), string(secret[:4])) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&SigningKey{ID: "the-id", Kind: RefreshJWT, Algorithm: HS256}).with(testMasterBytes(32)); err != nil {
		t.Errorf("a good key: %v", err)
	}
}

func testMasterBytes(n int) []byte {
	sum := sha256.Sum256([]byte("bytes"))
	return sum[:n]
}

func TestFaultReasons(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{Malformed, UnknownKey, BadSignature, WrongType, ClaimsMissing, WrongIssuer, WrongAudience, Expired, NotYetValid, LivesTooLong, "new"} {
		if got := f.Reason(); got.Status() != 401 {
			t.Errorf("%s leads to %s, status %d", f, got, got.Status())
		}
	}
}
