package token

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"reflect"
	"strings"
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

// Numbers of a signature are written as DER has them: short, and never negative.
func TestAppendInteger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ number, want string }{
		{"00", "020100"},
		{"0000", "020100"},
		{"7f", "02017f"},
		{"80", "02020080"},
		{"0080", "02020080"},
		{"00007f01", "02027f01"},
		{strings.Repeat("ff", 32), "022100" + strings.Repeat("ff", 32)},
		{"00" + strings.Repeat("ff", 31), "022000" + strings.Repeat("ff", 31)},
		{"00" + strings.Repeat("7f", 31), "021f" + strings.Repeat("7f", 31)},
	} {
		number, err := hex.DecodeString(c.number)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(appendInteger(nil, number)); got != c.want {
			t.Errorf("%s is %s, want %s", c.number, got, c.want)
		}
		want, err := asn1.Marshal(new(big.Int).SetBytes(number))
		if err != nil || hex.EncodeToString(want) != c.want {
			t.Errorf("encoding/asn1 makes %x of %s, %v", want, c.number, err)
		}
	}
}
