package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sallyport/sallyport"
)

func opaqueKinds() map[sallyport.CredentialKind]string {
	return map[sallyport.CredentialKind]string{
		sallyport.PersonalToken:    "spp_",
		sallyport.ApplicationToken: "spn_",
		sallyport.APIKey:           "spk_",
		sallyport.AccessToken:      "spa_",
		sallyport.RefreshToken:     "spr_",
		sallyport.Session:          "sps_",
	}
}

func TestMintInspect(t *testing.T) {
	t.Parallel()
	for kind, prefix := range opaqueKinds() {
		secret, err := Mint(kind)
		if err != nil {
			t.Fatalf("Mint(%s): %v", kind, err)
		}
		text := secret.Reveal()
		if len(text) != OpaqueLen || !strings.HasPrefix(text, prefix) {
			t.Errorf("Mint(%s) has length %d and prefix %q", kind, len(text), text[:4])
		}
		if got, ok := Inspect(text); !ok || got != kind {
			t.Errorf("Inspect of a fresh %s = %q, %v", kind, got, ok)
		}
		if again, _ := Mint(kind); again == secret {
			t.Errorf("two secrets of kind %s are the same", kind)
		}
	}
	if _, err := Mint(sallyport.Password); err == nil {
		t.Error("Mint(password) succeeded")
	}
}

// The checksum is CRC-32 as everyone computes it, so that scanners can verify it.
func TestChecksum(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "spp_" + strings.Repeat("x", randomLen)} {
		got, n := checksum(text), uint64(0)
		for _, c := range got {
			n = n*62 + uint64(strings.IndexByte(alphabet, c))
		}
		if want := crc32.ChecksumIEEE([]byte(text)); n != uint64(want) {
			t.Errorf("checksum(%q) = %s = %d, want %d", text, got, n, want)
		}
	}
}

// AK-13, AK-14: everything near a real key is not a key.
func TestInspectRefuses(t *testing.T) {
	t.Parallel()
	a, b := mustMint(t, sallyport.APIKey), mustMint(t, sallyport.APIKey)
	bad := map[string]string{
		"last removed":       a[:len(a)-1],
		"one added":          a + "0",
		"prefix only":        a[:4],
		"empty":              "",
		"other kind":         "spp_" + a[4:],
		"unknown kind":       "spx_" + a[4:],
		"upper prefix":       "SPK_" + a[4:],
		"halves of two keys": a[:20] + b[20:],
		"checksum of other":  a[:bodyLen] + b[bodyLen:],
		"non-ASCII":          a[:10] + "é" + a[12:],
		"bytes":              a[:10] + "\xff\xfe" + a[12:],
		"space":              a[:10] + " " + a[11:],
		"long":               strings.Repeat("a", 9000),
		"reference":          "$secret://spk_" + a[4:30],
	}
	for i := prefixLen; i < len(a); i++ {
		if f := flipCase(a[i]); f != a[i] {
			bad[fmt.Sprintf("case of %d", i)] = a[:i] + string(f) + a[i+1:]
		}
	}
	for name, text := range bad {
		if text == a || text == b {
			continue // chance made the halves alike
		}
		if kind, ok := Inspect(text); ok {
			t.Errorf("%s: Inspect took it as %s", name, kind)
		}
	}
}

func flipCase(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return c - 'a' + 'A'
	case 'A' <= c && c <= 'Z':
		return c - 'A' + 'a'
	}
	return c
}

func mustMint(t testing.TB, kind sallyport.CredentialKind) string {
	t.Helper()
	secret, err := Mint(kind)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

func TestHint(t *testing.T) {
	t.Parallel()
	secret := mustMint(t, sallyport.PersonalToken)
	for _, tt := range []struct{ in, want string }{
		{secret, "spp_…" + secret[len(secret)-4:]},
		{"4747653682905491905", "…1905"},
		{"short", "…"},
		{"spp_notasecret12", "…et12"},
		{"_P__agx825xg1h10p0h7jzn04b03748jhkoi773850547abcd", "_P__…abcd"},
		{"_P__short", "…"},
	} {
		if got := Hint(tt.in); got != tt.want {
			t.Errorf("Hint(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// SE-13: when the random source fails, nothing is issued.
func TestMintWithoutRandomness(t *testing.T) {
	t.Parallel()
	broken := iotest.ErrReader(errors.New("no entropy"))
	if s, err := mint(broken, sallyport.APIKey); err == nil || s != "" {
		t.Errorf("mint = %d bytes, %v", len(s), err)
	}
	if s, err := mintNumber(broken); err == nil || s != "" {
		t.Errorf("mintNumber = %d bytes, %v", len(s), err)
	}
	if _, err := newMasterKey(broken); err == nil {
		t.Error("newMasterKey succeeded")
	}
	short := bytes.NewReader(make([]byte, 10))
	if s, err := mint(short, sallyport.APIKey); err == nil || s != "" {
		t.Errorf("mint with ten random bytes = %d bytes, %v", len(s), err)
	}
}

// Bytes above the largest multiple of 62 are drawn again, so that all characters
// are equally likely.
func TestRandomTextIsUnbiased(t *testing.T) {
	t.Parallel()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for letters, each := range map[string]int{alphabet: 4, lowerAlphabet: 7} {
		out := make([]byte, each*len(letters))
		if err := randomText(bytes.NewReader(all), letters, out); err != nil {
			t.Fatal(err)
		}
		for _, c := range []byte(letters) {
			if n := bytes.Count(out, []byte{c}); n != each {
				t.Errorf("of %d letters %c comes %d times, want %d", len(letters), c, n, each)
			}
		}
		limit := byte(len(out)) // the first that is thrown away
		high := append(bytes.Repeat([]byte{limit, 255}, 31), byte(len(letters)-1), limit-1)
		if err := randomText(bytes.NewReader(high), letters, out[:2]); err != nil || string(out[:2]) != "zz" {
			t.Errorf("of %d letters, after bytes to throw away: %s, %v; want zz", len(letters), out[:2], err)
		}
	}
}

func TestBase64(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		s, err := MintBase64()
		if err != nil {
			t.Fatal(err)
		}
		text := s.Reveal()
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(text) != 120 || len(raw) != 90 || seen[text] {
			t.Fatalf("MintBase64 = %q, %v", text, err)
		}
		if strings.IndexFunc(text, func(r rune) bool { return r > 'z' || !isAlphanumeric(byte(r)) }) >= 0 {
			t.Errorf("%q has a character that a URL would have to escape", text)
		}
		if _, ours := Inspect(text); ours {
			t.Errorf("%q is taken for one with a prefix", text)
		}
		seen[text] = true
	}
}

func TestScrambled(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		s, err := MintScrambled()
		if err != nil {
			t.Fatal(err)
		}
		text := s.Reveal()
		if !IsScrambled(text) || len(text) != scrambledLen || seen[text] {
			t.Fatalf("MintScrambled = %q", text)
		}
		if strings.Trim(text[len(scrambledPrefix):], "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q has a character that a URL would have to escape", text)
		}
		seen[text] = true
	}
	if err := randomText(bytes.NewReader(nil), lowerAlphabet, make([]byte, 1)); err == nil {
		t.Error("no random source, and no error")
	}
	for text, want := range map[string]bool{"": false, "_P_": false, "_P__": true, "x_P__": false, "_p__a": false} {
		if IsScrambled(text) != want {
			t.Errorf("IsScrambled(%q) = %t", text, !want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for range 200 {
		s, err := MintNumber()
		if err != nil {
			t.Fatal(err)
		}
		if !IsNumber(s.Reveal()) {
			t.Fatalf("IsNumber(%s) = false", s.Reveal())
		}
	}
	// Too small numbers are drawn again.
	random := bytes.NewReader([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff"))
	if s, err := mintNumber(random); err != nil || s.Reveal() != "9223372036854775807" {
		t.Errorf("mintNumber = %s, %v", s.Reveal(), err)
	}
	for text, want := range map[string]bool{
		"4747653682905491905":  true,
		"100000000000000000":   true,
		"9223372036854775807":  true,
		"9223372036854775808":  false, // above int64
		"18446744073709551617": false,
		"99999999999999999":    false, // 17 digits
		"0747653682905491905":  false,
		"-474765368290549190":  false,
		"+474765368290549190":  false,
		"474765368290549190a":  false,
		"":                     false,
	} {
		if got := IsNumber(text); got != want {
			t.Errorf("IsNumber(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestInspectDoesNotAllocate(t *testing.T) {
	text, number := mustMint(t, sallyport.PersonalToken), "4747653682905491905"
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := Inspect(text); !ok {
			t.Error("refused")
		}
		if !IsNumber(number) || IsJWT(text) {
			t.Error("wrong shape")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzInspect(f *testing.F) {
	for kind := range opaqueKinds() {
		f.Add(mustMint(f, kind))
	}
	f.Add("4747653682905491905")
	f.Fuzz(func(t *testing.T, text string) {
		kind, ok := Inspect(text)
		if ok != (kind != "") {
			t.Fatalf("Inspect = %q, %v", kind, ok)
		}
		if ok {
			sum := checksum(text[:bodyLen])
			if text[:4] != prefixOf(kind) || text[bodyLen:] != string(sum[:]) {
				t.Fatalf("accepted %q", text)
			}
		}
		if hint := Hint(text); len(hint) > len("spp_…")+4 {
			t.Fatalf("Hint shows %q", hint)
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	text := mustMint(b, sallyport.PersonalToken)
	b.ReportAllocs()
	for b.Loop() {
		Inspect(text)
	}
}
