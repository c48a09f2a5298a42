package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/token"
)

// unseenGoal is how much more than its signature an access token that was not seen
// before may take to be read, in microseconds.
const unseenGoal = 1.5

// An unseen pair measures what an access token takes that was not seen before, and
// what its signature takes alone.
type unseen struct {
	algorithm token.Algorithm
	whole     *sample
	signature *sample
}

// unseenTokens makes the pairs, one for each algorithm.
func unseenTokens() (all []unseen, err error) {
	now := time.Now()
	for _, algorithm := range []token.Algorithm{token.EdDSA, token.ES256, token.RS256} {
		key, err := token.NewSigningKey(token.AccessJWT, algorithm, now.Add(-time.Hour))
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		keys, err := token.NewKeySet("http://sallyport.test", time.Minute, key.Activate(now))
		if err != nil {
			return nil, fmt.Errorf("make a key set: %w", err)
		}
		text, err := keys.Sign(token.AccessJWT, algorithm, token.Claims{
			Audience: []string{string(apiName)}, Issued: now, Expires: now.Add(5 * time.Minute), Subject: "7f3a0c52-5b0e-4c7e-9a55-7d1b8a3a9c11",
			Client: "bench", Session: "0b3f6c1e-8d8a-4f0c-b1f5-2c9f6f0f7a10", Scopes: []string{string(apiName) + "/use"},
		})
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		jwt := text.Reveal()
		read := func() error {
			_, err := keys.Verify(token.AccessJWT, jwt, token.Expect{Audience: string(apiName), Now: now})
			return err
		}
		verify, err := bare(algorithm, jwt[:strings.LastIndexByte(jwt, '.')])
		if err != nil {
			return nil, err
		}
		all = append(all, unseen{algorithm, repeating("unseen "+string(algorithm), read), repeating("signature "+string(algorithm), verify)})
	}
	return all, nil
}

// repeating is a sample of something that may fail.
func repeating(name string, f func() error) *sample {
	return &sample{name: name, check: f, bench: func(b *testing.B) {
		loop(b, func() {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		})
	}}
}

var errForged = errors.New("a good signature was refused")

// bare signs a text and returns the verification of that by the standard library.
func bare(algorithm token.Algorithm, text string) (func() error, error) {
	input := []byte(text)
	switch algorithm { //nolint:exhaustive // HS256 signs no access tokens
	case token.EdDSA:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		signature := ed25519.Sign(private, input)
		return func() error { return unless(ed25519.Verify(public, input, signature)) }, nil
	case token.ES256:
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		sum := sha256.Sum256(input)
		signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		return func() error {
			sum := sha256.Sum256(input)
			return unless(ecdsa.VerifyASN1(&private.PublicKey, sum[:], signature))
		}, err
	default:
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
		return func() error {
			sum := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, sum[:], signature)
		}, err
	}
}

func unless(good bool) error { //nolint:revive // not a switch: the answer of a verification
	if good {
		return nil
	}
	return errForged
}

// unseenResults lists what there is on top of the signatures.
func unseenResults(pairs []unseen) (out []result) {
	for _, p := range pairs {
		whole, signature := p.whole.ns()/1e3, p.signature.ns()/1e3
		out = append(out, figure("access token not seen before, beside its signature, "+string(p.algorithm), whole-signature, "µs").
			goal(unseenGoal).note("%.1f µs, of which %.1f for the signature, %d allocations", whole, signature, p.whole.allocs))
	}
	return out
}
