package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestStoreOpenKey(t *testing.T) {
	t.Parallel()
	s := testSealer(t, SealSigningKey, testMaster(t, "a"))
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		k := k.Retire(testNow.Add(time.Hour))
		stored, err := k.Store(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := OpenKey(s, stored)
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if !reflect.DeepEqual(k, back) {
			t.Errorf("%s came back as %s", k, back)
		}
		if (stored.PublicJWK == nil) != (k.Algorithm == HS256) || bytes.Contains(stored.PublicJWK, []byte(`"d"`)) {
			t.Errorf("%s: public part is %s", k, stored.PublicJWK)
		}
	}
}

func TestOpenKeyRefuses(t *testing.T) {
	t.Parallel()
	m := testMaster(t, "a")
	s := testSealer(t, SealSigningKey, m)
	stored, err := testKey(t, AccessJWT, EdDSA).Store(s)
	if err != nil {
		t.Fatal(err)
	}
	other, err := testKey(t, AssertionJWT, EdDSA).Store(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*StoredKey){
		"id":          func(k *StoredKey) { k.ID = "other" },
		"kind":        func(k *StoredKey) { k.Kind = AssertionJWT },
		"algorithm":   func(k *StoredKey) { k.Algorithm = HS256 },
		"private":     func(k *StoredKey) { k.Private = bytes.Clone(k.Private); k.Private[40] ^= 1 },
		"no private":  func(k *StoredKey) { k.Private = nil },
		"another's":   func(k *StoredKey) { k.Private = other.Private },
		"all of them": func(k *StoredKey) { *k = StoredKey{} },
	} {
		changed := stored
		change(&changed)
		if k, err := OpenKey(s, changed); !errors.Is(err, ErrSealed) || k != nil {
			t.Errorf("%s changed: %v, %v", name, k, err)
		}
	}
	if _, err := OpenKey(testSealer(t, SealSigningKey, testMaster(t, "b")), stored); !errors.Is(err, ErrSealedElsewhere) {
		t.Errorf("other master key: %v", err)
	}
	if _, err := OpenKey(testSealer(t, SealSuccessor, m), stored); !errors.Is(err, ErrSealed) {
		t.Errorf("other purpose: %v", err)
	}
	garbage := stored
	if garbage.Private, err = s.Seal([]byte("garbage"), garbage.ID, string(garbage.Kind), string(garbage.Algorithm)); err != nil {
		t.Fatal(err)
	}
	if k, err := OpenKey(s, garbage); err == nil || k != nil {
		t.Error("garbage, sealed properly: opened")
	}
}

func TestKeyMustFit(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak := *testKey(t, AccessJWT, RS256).private.(*rsa.PrivateKey)
	weak.E = 3
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Logf("no 1024-bit key to try: %v", err)
		short = &weak
	}
	for _, tt := range []struct {
		name string
		key  SigningKey
		priv any
		ok   bool
	}{
		{"Ed25519", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: EdDSA}, ed, true},
		{"P-256", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: ES256}, p256, true},
		{"P-384", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: ES256}, p384, false},
		{"exponent 3", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: RS256}, &weak, false},
		{"1024 bits", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: RS256}, short, false},
		{"Ed25519 for ES256", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: ES256}, ed, false},
		{"P-256 for RS256", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: RS256}, p256, false},
		{"P-256 for HS256", SigningKey{ID: "a", Kind: RefreshJWT, Algorithm: HS256}, p256, false},
		{"symmetric for EdDSA", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: EdDSA}, testMasterBytes(32), false},
		{"symmetric for access", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: HS256}, testMasterBytes(32), false},
		{"cut Ed25519", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: EdDSA}, ed[:32], false},
		{"no id", SigningKey{Kind: AccessJWT, Algorithm: EdDSA}, ed, false},
		{"long id", SigningKey{ID: strings.Repeat("i", 65), Kind: AccessJWT, Algorithm: EdDSA}, ed, false},
		{"no kind", SigningKey{ID: "a", Algorithm: EdDSA}, ed, false},
		{"nothing", SigningKey{ID: "a", Kind: AccessJWT, Algorithm: EdDSA}, nil, false},
	} {
		if k, err := tt.key.with(tt.priv); (err == nil) != tt.ok || (k != nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, a := range []Algorithm{"none", "HS512", HS256} {
		if k, err := NewSigningKey(AccessJWT, a, testNow); err == nil || k != nil {
			t.Errorf("drew a key for access tokens with %s", a)
		}
	}
}

func TestSigningKeyIsNotShown(t *testing.T) {
	t.Parallel()
	k := testKey(t, RefreshJWT, HS256)
	secret := k.private.([]byte)
	shown := fmt.Sprintf("%v %+v %#v %s", k, k, k, k)
	if strings.Contains(shown, fmt.Sprint(secret[0], " ", secret[1])) || strings.Contains(shown, fmt.Sprintf("%#v", secret)[8:20]) {
		t.Errorf("shown: %s", shown)
	}
	if out, err := json.Marshal(k); err == nil {
		t.Errorf("marshaled: %s", out)
	}
}
