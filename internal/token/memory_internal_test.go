package token

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
	if n := testing.AllocsPerRun(10, func() { k.DigestPair("a", "b"); k.Digest("c"); k.Digest(long) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, fmt.Sprint(k.texts.k0)) || !strings.Contains(s, "redacted") {
		t.Errorf("it prints as %q", s)
	}
}

// TestLongTexts: a change of any one byte, of the length, or a swap of parts of a
// long text makes another digest, and the sums are what they are defined to be.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	k, err := NewMemoryKey()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[16]byte]string{}
	add := func(what, text string) {
		t.Helper()
		d := k.Digest(text)
		if twin, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same digest", what, twin)
		}
		seen[d] = what
	}
	for _, n := range []int{longText, longText + 1, longText + 15, 777, blockBytes - 1, blockBytes, blockBytes + 1, 2*blockBytes + 8, 8 << 10} {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte('a' + i%23)
		}
		add(fmt.Sprint(n, " bytes"), string(text))
		add(fmt.Sprint(n, " zeros"), strings.Repeat("\x00", n))
		for i := range text {
			text[i] ^= 1
			add(fmt.Sprint(n, " bytes, changed at ", i), string(text))
			text[i] ^= 1
		}
		copy(text, text[16:32])
		copy(text[16:], "abcdefghijklmnop")
		add(fmt.Sprint(n, " bytes, swapped"), string(text))
	}
}

// TestReduce compares the sums with the definition of NH, written with big numbers.
func TestReduce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := newBlockKey(rapid.SliceOfN(rapid.Byte(), 8*len(blockKey{}), 8*len(blockKey{})).Draw(t, "key"))
		part := rapid.SliceOfN(rapid.Byte(), 1, blockBytes).Draw(t, "part")
		padded := append(slices.Clone(part), make([]byte, 16)...)
		nh := func(key []uint64) *big.Int {
			sum := new(big.Int)
			for i := 0; 8*i < len(part); i += 2 {
				a := binary.LittleEndian.Uint64(padded[8*i:]) + key[i]
				b := binary.LittleEndian.Uint64(padded[8*i+8:]) + key[i+1]
				sum.Add(sum, new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)))
			}
			return sum.And(sum, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
		}
		of := func(hi, lo uint64) *big.Int {
			n := new(big.Int).SetUint64(hi)
			return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(lo))
		}
		got := k.reduce(string(part))
		if a, b := nh(k[:]), nh(k[2:]); of(got.a1, got.a0).Cmp(a) != 0 || of(got.b1, got.b0).Cmp(b) != 0 {
			t.Fatalf("%d bytes: %x, want %x and %x", len(part), got, a, b)
		}
	})
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
