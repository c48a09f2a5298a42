package token

import (
	"encoding/json"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/go-jose/go-jose/v4"
)

// wycheproofDeviations lists the vectors on which we disagree, and why. A vector
// that is here and passes is a failure too, so the list cannot grow stale.
var wycheproofDeviations = map[int]string{
	367: "marked invalid, but byte for byte the valid vector 357: its padding got lost",
	370: "marked invalid, but byte for byte the valid vector 357: its padding got lost",
	372: "marked valid with a stray character in the header; we take strict base64url only",
	373: "marked valid with a stray character in the payload; we take strict base64url only",
}

// notOffered are algorithms for which no key of ours can exist. All their vectors
// must be refused, the valid ones included.
var notOffered = []string{"RS384", "RS512", "PS256", "PS384", "PS512", "ES521"}

type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []wycheproofGroup
}

type wycheproofGroup struct {
	Private, Public json.RawMessage
	Tests           []struct {
		TCID    int `json:"tcId"`
		Comment string
		JWS     string
		Result  string
	}
}

// JW-24: every vector of Wycheproof's json_web_signature_test.json, with the
// algorithm pinned to the key.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(wycheproof.TestVectors, "json_web_signature_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file wycheproofFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	ran, accepted := 0, 0
	for _, group := range file.TestGroups {
		key, offered := wycheproofKey(t, group)
		for _, tc := range group.Tests {
			ran++
			_, err := verifyText(key, tc.JWS)
			good := err == nil
			if good {
				accepted++
			}
			want := tc.Result == "valid" && offered
			if _, deviates := wycheproofDeviations[tc.TCID]; deviates {
				want = !want
			}
			if good != want {
				t.Errorf("vector %d (%s): accepted %v, want %v", tc.TCID, tc.Comment, good, want)
			}
		}
	}
	if ran != file.NumberOfTests || ran < 400 || accepted < 15 {
		t.Errorf("ran %d of %d vectors and accepted %d", ran, file.NumberOfTests, accepted)
	}
}

// wycheproofKey returns what verifies a group's vectors, and whether its key is
// one that we could have. A key for another use than verifying verifies nothing.
func wycheproofKey(t *testing.T, group wycheproofGroup) (verifier, bool) {
	raw := group.Public
	if raw == nil {
		raw = group.Private // symmetric
	}
	var use struct {
		Use, Alg string
		KeyOps   []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &use); err != nil {
		t.Fatal(err)
	}
	if use.Use == "enc" || use.KeyOps != nil && !slices.Contains(use.KeyOps, "verify") {
		return verifier{}, false
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return verifier{Algorithm(use.Alg), jwk.Key}, !slices.Contains(notOffered, use.Alg)
}
