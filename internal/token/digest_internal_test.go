package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
)

func testMaster(t testing.TB, fill string) MasterKey {
	t.Helper()
	sum := sha256.Sum256([]byte(fill))
	m := MasterKey{set: true, key: sum}
	return m
}

func testPepper(t testing.TB, version int) Pepper {
	t.Helper()
	p, err := testMaster(t, "pepper").Pepper(version)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testDigester(t testing.TB, use Use, current Pepper, older ...Pepper) *Digester {
	t.Helper()
	d, err := NewDigester(use, current, older...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDigestIsHMAC(t *testing.T) {
	t.Parallel()
	p := testPepper(t, 1)
	d := testDigester(t, UseSecret, p)
	key, err := p.keyFor(UseSecret)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1200 {
		text := strings.Repeat("aé\x00z", n/4+1)[:n]
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		if got := d.Digest(text); !slices.Equal(got[:], mac.Sum(nil)) {
			t.Fatalf("Digest of %d bytes is not HMAC-SHA-256", n)
		}
	}
}

func TestDigestSeparation(t *testing.T) {
	t.Parallel()
	one, two := testPepper(t, 1), testPepper(t, 2)
	seen := map[[32]byte]string{}
	for _, d := range []struct {
		name string
		d    *Digester
	}{
		{"secret 1", testDigester(t, UseSecret, one)},
		{"secret 2", testDigester(t, UseSecret, two)},
		{"throttle 1", testDigester(t, UseThrottle, one)},
	} {
		sum := d.d.Digest("text")
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s give the same digest", d.name, other)
		}
		seen[sum] = d.name
	}
}

func TestDigestVersions(t *testing.T) {
	t.Parallel()
	old := testDigester(t, UseSecret, testPepper(t, 1))
	both := testDigester(t, UseSecret, testPepper(t, 2), testPepper(t, 1))
	if got := both.Versions(); !slices.Equal(got, []int{2, 1}) || both.Version() != 2 {
		t.Errorf("Versions = %v, Version = %d", got, both.Version())
	}
	if got, ok := both.DigestAt(1, "text"); !ok || got != old.Digest("text") {
		t.Error("what the old pepper stored is not found any more")
	}
	if got, ok := both.DigestAt(2, "text"); !ok || got != both.Digest("text") {
		t.Error("DigestAt of the current version is not Digest")
	}
	if got, ok := both.DigestAt(3, "text"); ok || got != [32]byte{} {
		t.Error("DigestAt of an unknown version gave a digest")
	}
}

func TestDigesterRefuses(t *testing.T) {
	t.Parallel()
	p := testPepper(t, 1)
	if _, err := NewDigester("", p); err == nil {
		t.Error("no use: accepted")
	}
	if _, err := NewDigester(UseSecret, p, p); err == nil {
		t.Error("the same version twice: accepted")
	}
	if _, err := NewDigester(UseSecret, Pepper{}); err == nil {
		t.Error("pepper without key: accepted")
	}
	if _, err := NewPepper(1, make([]byte, 31)); err == nil {
		t.Error("31 bytes: accepted")
	}
	if _, err := NewPepper(0, make([]byte, 32)); err == nil {
		t.Error("version 0: accepted")
	}
	if _, err := (MasterKey{}).Pepper(1); err == nil {
		t.Error("zero master key: accepted")
	}
}

// TestDigestPair: what belongs to the first text cannot move to the second.
func TestDigestPair(t *testing.T) {
	d := testDigester(t, UseThrottle, testPepper(t, 1))
	seen := map[[32]byte]string{}
	for _, pair := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"abc", ""}} {
		sum := d.DigestPair(pair[0], pair[1])
		if other, ok := seen[sum]; ok {
			t.Errorf("%q has the digest of %s", pair, other)
		}
		seen[sum] = pair[0] + "|" + pair[1]
	}
}

func TestDigestDoesNotAllocate(t *testing.T) {
	d := testDigester(t, UseSecret, testPepper(t, 1))
	for _, n := range []int{19, 40, 800, MaxJWTLen} {
		text := strings.Repeat("t", n)
		if got := testing.AllocsPerRun(100, func() { d.Digest(text) }); got != 0 {
			t.Errorf("%v allocations for %d bytes", got, n)
		}
	}
}

func TestPseudonym(t *testing.T) {
	t.Parallel()
	key, err := testMaster(t, "a").PseudonymKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := testMaster(t, "b").PseudonymKey()
	if err != nil {
		t.Fatal(err)
	}
	p := Pseudonym(key, "alice")
	if len(p) != 12 || strings.Trim(p, "0123456789abcdef") != "" {
		t.Errorf("Pseudonym = %q", p)
	}
	if p != Pseudonym(key, "alice") || p == Pseudonym(key, "bob") || p == Pseudonym(other, "alice") {
		t.Error("a pseudonym must depend on key and login, and on nothing else")
	}
	if _, err := (MasterKey{}).PseudonymKey(); err == nil {
		t.Error("zero master key: accepted")
	}
	if got := Pseudonym(PseudonymKey{}, "alice"); got != Pseudonym(PseudonymKey{}, "bob") {
		t.Error("without a key, pseudonyms tell logins apart, so anyone could compute them")
	}
}

func BenchmarkDigest(b *testing.B) {
	d := testDigester(b, UseSecret, testPepper(b, 1))
	for _, tt := range []struct {
		name string
		n    int
	}{{"token40", 40}, {"jwt800", 800}} {
		text := strings.Repeat("t", tt.n)
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Digest(text)
			}
		})
	}
}
