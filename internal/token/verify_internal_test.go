package token

import (
	"errors"
	"reflect"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The parser never panics; an error means zero claims; and nothing that we take
// is refused by go-jose.
func FuzzVerify(f *testing.F) {
	set := testKeySet(f)
	for _, kind := range []JWTKind{AccessJWT, AssertionJWT, RefreshJWT} {
		f.Add(mustSign(f, set, kind, "", testClaims()))
	}
	for _, text := range []string{"", "..", "e30.e30.e30", rfc7515A1, rfc7515A3, rfc7515A4, rfc8037A4} {
		f.Add(text)
	}
	algorithms := []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.RS256, jose.HS256}
	f.Fuzz(func(t *testing.T, text string) {
		for _, rule := range jwtRules {
			c, err := set.Verify(rule.kind, text, expectNow())
			if err != nil {
				if !reflect.DeepEqual(c, Claims{}) {
					t.Fatal("claims beside an error")
				}
				var fault Fault
				if !errors.As(err, &fault) {
					t.Fatalf("no fault in %v", err)
				}
				continue
			}
			parsed, err := jose.ParseSignedCompact(text, algorithms)
			if err != nil {
				t.Fatalf("accepted what go-jose does not parse: %v", err)
			}
			if _, err := parsed.Verify(set.keys[c.KeyID].public); err != nil {
				t.Fatalf("accepted what go-jose does not verify: %v", err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	set := testKeySet(b)
	for _, algorithm := range []Algorithm{EdDSA, ES256, RS256} {
		text := mustSign(b, set, AccessJWT, algorithm, testClaims())
		b.Run(string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := set.Verify(AccessJWT, text, expectNow()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	text := mustSign(b, testKeySet(b), AccessJWT, "", testClaims())
	rule, err := ruleOf(AccessJWT)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		parsed, err := parseJWS(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := parseClaims(parsed.payload, rule.required); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	set := testKeySet(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := set.Sign(AssertionJWT, "", testClaims()); err != nil {
			b.Fatal(err)
		}
	}
}
