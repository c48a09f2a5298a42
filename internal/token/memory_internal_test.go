package token

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// TestSipHash: the digests are those of the published function with the key 00
// to 0f, for texts 00, 01, … of several lengths.
func TestSipHash(t *testing.T) {
	t.Parallel()
	text := make([]byte, 64)
	for i := range text {
		text[i] = byte(i)
	}
	k := MemoryKey{texts: newSipKey(text[:16])}
	for n, want := range map[int]string{
		0:  "a3817f04ba25a8e66df67214c7550293",
		1:  "da87c1d86b99af44347659119b22fc45",
		8:  "3b62a9ba6258f5610f83e264f31497b4",
		15: "5493e99933b0a8117e08ec0f97cfc3d9",
		16: "6ee2a4ca67b054bbfd3315bf85230577",
		40: "df6a301e95c95dad97ae0cc8c6913bd8",
	} {
		digest := k.Digest(string(text[:n]))
		if got := hex.EncodeToString(digest[:]); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestMemoryKey(t *testing.T) {
	k, err := NewMemoryKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewMemoryKey()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 256)
	seen := map[[16]byte]string{}
	for what, digest := range map[string][16]byte{
		"ab, c": k.DigestPair("ab", "c"), "a, bc": k.DigestPair("a", "bc"), "abc,": k.DigestPair("abc", ""),
		", abc": k.DigestPair("", "abc"), "abc": k.Digest("abc"), "ab": k.Digest("ab"), "another key": other.Digest("abc"),
		"long, a": k.DigestPair(long, "a"), ", a": k.DigestPair("", "a"), "long and a": k.Digest(long + "a"),
		"another key's pair": other.DigestPair("ab", "c"),
	} {
		if twin, ok := seen[digest]; ok {
			t.Errorf("%q and %q have the same digest", what, twin)
		}
		seen[digest] = what
	}
	one, pair := k.Digest("abc"), k.DigestPair("ab", "c")
	if k.Digest("abc") != one || k.DigestPair("ab", "c") != pair {
		t.Error("a digest is not the same twice")
	}
	if n := testing.AllocsPerRun(10, func() { k.DigestPair("a", "b"); k.Digest("c") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, fmt.Sprint(k.texts.k0)) || !strings.Contains(s, "redacted") {
		t.Errorf("it prints as %q", s)
	}
}

func BenchmarkMemoryDigest(b *testing.B) {
	k, err := NewMemoryKey()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{37, 520, 771} {
		text := strings.Repeat("x", n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				k.Digest(text)
			}
		})
	}
}
