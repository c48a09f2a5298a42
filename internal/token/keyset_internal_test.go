package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport"
)

const testIssuer = "https://sallyport.example"

// testNow has a fraction, which no token can carry.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 900_000_000, time.UTC)

// testKeys draws one active key for every kind and algorithm, once, since RSA
// keys are slow to draw.
var testKeys = sync.OnceValues(func() ([]*SigningKey, error) {
	var keys []*SigningKey
	for _, rule := range jwtRules {
		for _, algorithm := range rule.algorithms {
			k, err := NewSigningKey(rule.kind, algorithm, testNow)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k.Activate(testNow))
		}
	}
	return keys, nil
})

func testKey(t testing.TB, kind JWTKind, algorithm Algorithm) *SigningKey {
	t.Helper()
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Kind == kind && k.Algorithm == algorithm {
			return k
		}
	}
	t.Fatalf("no key for %s with %s", kind, algorithm)
	return nil
}

func testKeySet(t testing.TB) *KeySet {
	t.Helper()
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	set, err := NewKeySet(testIssuer, 30*time.Second, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func testClaims() Claims {
	return Claims{
		Audience: []string{"orders"}, Issued: testNow, Expires: testNow.Add(5 * time.Minute),
		Subject: "9a3c", Client: "cli", Session: "f4a1", Tenant: "t1", Scopes: []string{"read", "write"},
	}
}

func expectNow() Expect { return Expect{Audience: "orders", Now: testNow.Add(time.Second)} }

func mustSign(t testing.TB, s *KeySet, kind JWTKind, algorithm Algorithm, c Claims) string {
	t.Helper()
	text, err := s.Sign(kind, algorithm, c)
	if err != nil {
		t.Fatalf("Sign(%s, %s): %v", kind, algorithm, err)
	}
	return text.Reveal()
}

func TestSignVerify(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for _, rule := range jwtRules {
		for _, algorithm := range rule.algorithms {
			text := mustSign(t, set, rule.kind, algorithm, testClaims())
			got, err := set.Verify(rule.kind, text, expectNow())
			if err != nil {
				t.Errorf("%s, %s: %v", rule.kind, algorithm, err)
				continue
			}
			want := testClaims()
			want.Issuer, want.ID, want.KeyID = testIssuer, got.ID, testKey(t, rule.kind, algorithm).ID
			want.Issued, want.Expires = want.Issued.Truncate(time.Second), want.Expires.Truncate(time.Second)
			if len(got.ID) != 24 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: claims\n got %+v\nwant %+v", rule.kind, algorithm, got, want)
			}
			if !IsJWT(text) || !set.CanSign(rule.kind, algorithm) || !set.CanSign(rule.kind, "") {
				t.Errorf("%s, %s: IsJWT or CanSign says no", rule.kind, algorithm)
			}
		}
	}
	if set.CanSign(AccessJWT, HS256) || set.CanSign(RefreshJWT, EdDSA) || set.CanSign("other", "") {
		t.Error("CanSign of what the table does not have")
	}
}

func TestAssertionClaims(t *testing.T) {
	t.Parallel()
	set, c := testKeySet(t), testClaims()
	c.Login, c.Principal, c.Credential, c.Via = `al"ice <é>`, sallyport.PrincipalPerson, "c1", sallyport.PersonalToken
	c.Realm, c.Roles, c.Permissions = "lab", []string{"reader", "writer"}, []string{"orders/read"}
	c.Request, c.Revision, c.Method, c.ID = "req-1", 4711, "GET", "given"
	c.Audience, c.NotBefore, c.Scopes = []string{"orders", "stock"}, testNow, []string{}
	got, err := set.Verify(AssertionJWT, mustSign(t, set, AssertionJWT, "", c), expectNow())
	if err != nil {
		t.Fatal(err)
	}
	c.Issuer, c.KeyID = testIssuer, got.KeyID
	c.Issued, c.Expires, c.NotBefore = c.Issued.Truncate(time.Second), c.Expires.Truncate(time.Second), c.NotBefore.Truncate(time.Second)
	if !reflect.DeepEqual(got, c) {
		t.Errorf("claims\n got %+v\nwant %+v", got, c)
	}
}

// JW-08: no token of one kind is any other kind, not even when the key, the
// claims and the audience would do.
func TestEveryPairOfKinds(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for _, from := range jwtRules {
		for _, to := range jwtRules {
			for _, algorithm := range from.algorithms {
				text := mustSign(t, set, from.kind, algorithm, testClaims())
				got, err := set.Verify(to.kind, text, expectNow())
				switch {
				case from.kind == to.kind && err != nil:
					t.Errorf("%s with %s as itself: %v", from.kind, algorithm, err)
				case from.kind != to.kind && (!errors.Is(err, UnknownKey) || !reflect.DeepEqual(got, Claims{})):
					t.Errorf("%s with %s as %s: %v", from.kind, algorithm, to.kind, err)
				}
				if from.kind != to.kind && from.typ == to.typ {
					t.Errorf("%s and %s have the same type", from.kind, to.kind)
				}
			}
		}
	}
	if _, err := set.Verify("other", mustSign(t, set, AccessJWT, "", testClaims()), expectNow()); err == nil {
		t.Error("a kind outside the table verified")
	}
}

func TestVerifyExpectations(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	base := testNow.Truncate(time.Second)
	end := base.Add(5 * time.Minute)
	text := mustSign(t, set, AccessJWT, "", testClaims())
	nbfText := handSign(t, AccessJWT, EdDSA, "at+jwt", claimsJSON(t, func(c *Claims) { c.NotBefore = base.Add(2 * time.Minute) }))
	two := handSign(t, AccessJWT, EdDSA, "at+jwt", claimsJSON(t, func(c *Claims) { c.Audience = []string{"", "orders"} }))
	for _, tt := range []struct {
		name   string
		text   string
		expect Expect
		want   error
	}{
		{"second audience", two, Expect{"orders", base}, nil},
		{"no audience expected, one is empty", two, Expect{"", base}, WrongAudience},
		{"now", text, Expect{"orders", base}, nil},
		{"last moment", text, Expect{"orders", end.Add(-time.Nanosecond)}, nil},
		{"at expiry", text, Expect{"orders", end}, Expired},
		{"after expiry", text, Expect{"orders", end.Add(time.Second)}, Expired},
		{"other clock is 30 s ahead", text, Expect{"orders", base.Add(-30 * time.Second)}, nil},
		{"issued in the future", text, Expect{"orders", base.Add(-31 * time.Second)}, NotYetValid},
		{"other audience", text, Expect{"stock", base}, WrongAudience},
		{"prefix of the audience", text, Expect{"order", base}, WrongAudience},
		{"no audience expected", text, Expect{"", base}, WrongAudience},
		{"not before, early", nbfText, Expect{"orders", base.Add(time.Minute)}, NotYetValid},
		{"not before, in time", nbfText, Expect{"orders", base.Add(2 * time.Minute)}, nil},
	} {
		c, err := set.Verify(AccessJWT, tt.text, tt.expect)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && !reflect.DeepEqual(c, Claims{}) {
			t.Errorf("%s: claims beside an error", tt.name)
		}
	}
	other, err := NewKeySet(testIssuer+"/", 0, testKey(t, AccessJWT, EdDSA))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Verify(AccessJWT, text, expectNow()); !errors.Is(err, WrongIssuer) {
		t.Errorf("other issuer: %v", err)
	}
}

// JW-37: what was verified once is compared anew with each question.
func TestRecheck(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	c, err := set.Verify(AccessJWT, mustSign(t, set, AccessJWT, "", testClaims()), expectNow())
	if err != nil {
		t.Fatal(err)
	}
	without, err := NewKeySet(testIssuer, 0, testKey(t, AccessJWT, RS256))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := NewKeySet("https://elsewhere.example", 0, testKey(t, AccessJWT, EdDSA))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		set    *KeySet
		kind   JWTKind
		expect Expect
		want   error
	}{
		{"same question", set, AccessJWT, expectNow(), nil},
		{"other audience", set, AccessJWT, Expect{"stock", testNow}, WrongAudience},
		{"later", set, AccessJWT, Expect{"orders", testNow.Add(time.Hour)}, Expired},
		{"other kind", set, AssertionJWT, expectNow(), UnknownKey},
		{"key is gone", without, AccessJWT, expectNow(), UnknownKey},
		{"other issuer", moved, AccessJWT, expectNow(), WrongIssuer},
	} {
		if err := tt.set.Recheck(tt.kind, &c, tt.expect); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestRecheckDoesNotAllocate(t *testing.T) {
	set := testKeySet(t)
	c, err := set.Verify(AccessJWT, mustSign(t, set, AccessJWT, "", testClaims()), expectNow())
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = set.Recheck(AccessJWT, &c, expectNow()) }); n != 0 {
		t.Errorf("Recheck: %v allocations", n)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	for name, change := range map[string]func(*Claims){
		"no audience":    func(c *Claims) { c.Audience = nil },
		"empty audience": func(c *Claims) { c.Audience = []string{""} },
		"no subject":     func(c *Claims) { c.Subject = "" },
		"no session":     func(c *Claims) { c.Session = "" },
		"no client":      func(c *Claims) { c.Client = "" },
		"born dead":      func(c *Claims) { c.Expires = c.Issued },
		"no times":       func(c *Claims) { c.Issued, c.Expires = time.Time{}, time.Time{} },
		"too long-lived": func(c *Claims) { c.Expires = c.Issued.Add(15*time.Minute + time.Second) },
		"too large":      func(c *Claims) { c.Login = strings.Repeat("x", MaxJWTLen) },
		"not valid yet":  func(c *Claims) { c.NotBefore = c.Issued.Add(time.Hour) },
	} {
		c := testClaims()
		change(&c)
		if text, err := set.Sign(AccessJWT, "", c); err == nil || text != "" {
			t.Errorf("%s: signed", name)
		}
	}
	for _, tt := range []struct {
		kind      JWTKind
		algorithm Algorithm
	}{{AccessJWT, HS256}, {RefreshJWT, EdDSA}, {AccessJWT, "none"}, {"other", ""}, {"", ""}} {
		if text, err := set.Sign(tt.kind, tt.algorithm, testClaims()); err == nil || text != "" {
			t.Errorf("Sign(%q, %q) signed", tt.kind, tt.algorithm)
		}
	}
}

func TestKeyStates(t *testing.T) {
	t.Parallel()
	drawn, err := NewSigningKey(AccessJWT, "", testNow)
	if err != nil {
		t.Fatal(err)
	}
	active := drawn.Activate(testNow)
	signer, err := NewKeySet(testIssuer, 0, active)
	if err != nil {
		t.Fatal(err)
	}
	text := mustSign(t, signer, AccessJWT, "", testClaims())
	retired := active.Retire(testNow)
	over := *retired
	over.AcceptUntil = testNow.Add(time.Second)
	damaged := *active
	damaged.State = "ACTIVE"
	for _, tt := range []struct {
		name      string
		key       *SigningKey
		want      error
		published bool
	}{
		{"next", drawn, nil, true},
		{"active", active, nil, true},
		{"retired, in its overlap", retired, nil, true},
		{"retired, at the end of its overlap", &over, UnknownKey, false}, // JW-27
		{"unknown state", &damaged, UnknownKey, false},
	} {
		set, err := NewKeySet(testIssuer, 0, tt.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Verify(AccessJWT, text, expectNow()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if set.CanSign(AccessJWT, "") != (tt.key.State == KeyActive) {
			t.Errorf("%s: CanSign is wrong", tt.name)
		}
		jwks, err := set.JWKS(expectNow().Now)
		if err != nil || strings.Contains(string(jwks), tt.key.ID) != tt.published {
			t.Errorf("%s: JWKS is %s, %v", tt.name, jwks, err)
		}
	}
	if retired.AcceptUntil.Before(testNow.Add(15 * time.Minute)) {
		t.Error("the overlap is shorter than the life of a token")
	}
}

func TestKeySetRefuses(t *testing.T) {
	t.Parallel()
	key := testKey(t, AccessJWT, EdDSA)
	second, err := NewSigningKey(AccessJWT, EdDSA, testNow)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func() (*KeySet, error){
		"no issuer":       func() (*KeySet, error) { return NewKeySet("", 0, key) },
		"leeway":          func() (*KeySet, error) { return NewKeySet(testIssuer, 61*time.Second, key) },
		"negative leeway": func() (*KeySet, error) { return NewKeySet(testIssuer, -time.Second, key) },
		"same id":         func() (*KeySet, error) { return NewKeySet(testIssuer, 0, key, key) },
		"two active":      func() (*KeySet, error) { return NewKeySet(testIssuer, 0, key, second.Activate(testNow)) },
		"empty key": func() (*KeySet, error) {
			return NewKeySet(testIssuer, 0, &SigningKey{State: KeyActive, Kind: AccessJWT})
		},
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// JW-28: only public members, and nothing symmetric.
func TestJWKS(t *testing.T) {
	t.Parallel()
	set := testKeySet(t)
	text, err := set.JWKS(testNow)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Keys []map[string]string }
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	public := map[string]bool{"kty": true, "kid": true, "use": true, "alg": true, "crv": true, "x": true, "y": true, "n": true, "e": true}
	for _, k := range doc.Keys {
		for name := range k {
			if !public[name] {
				t.Errorf("key %s publishes %q", k["kid"], name)
			}
		}
		if k["kty"] == "oct" || k["alg"] == string(HS256) || k["use"] != "sig" || k["kid"] == "" {
			t.Errorf("published: %v", k)
		}
	}
	if len(doc.Keys) != 6 {
		t.Errorf("%d keys, want 6", len(doc.Keys))
	}
	// What others verify with this document is what we signed.
	var jwks jose.JSONWebKeySet
	if err := json.Unmarshal(text, &jwks); err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(mustSign(t, set, AssertionJWT, ES256, testClaims()), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	keys := jwks.Key(signed.Signatures[0].Header.KeyID)
	if len(keys) != 1 {
		t.Fatalf("%d keys with the token's id", len(keys))
	}
	if _, err := signed.Verify(keys[0]); err != nil {
		t.Errorf("go-jose does not verify with the published key: %v", err)
	}
	empty, err := NewKeySet(testIssuer, 0)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := empty.JWKS(testNow); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("empty set: %s, %v", text, err)
	}
}

// claimsJSON is the payload of valid claims after a change.
func claimsJSON(t testing.TB, change func(*Claims)) string {
	t.Helper()
	c := testClaims()
	c.Issuer, c.ID = testIssuer, "id"
	change(&c)
	out, err := c.marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// handSign signs any payload with a real key, as no Sign would.
func handSign(t testing.TB, kind JWTKind, algorithm Algorithm, typ, payload string) string {
	t.Helper()
	k := testKey(t, kind, algorithm)
	header, err := json.Marshal(map[string]string{"alg": string(algorithm), "kid": k.ID, "typ": typ})
	if err != nil {
		t.Fatal(err)
	}
	return handSignRaw(t, k, string(header), payload)
}

// handSignRaw signs any header too. It uses the primitive of go-jose with a
// detached view of our own signing input.
func handSignRaw(t testing.TB, k *SigningKey, header, payload string) string {
	t.Helper()
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return signed + "." + base64.RawURLEncoding.EncodeToString(rawSignature(t, k, signed))
}
