package token

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// A MemoryKey makes the digests under which this process remembers what it has
// verified. They are never stored, and mean nothing to another process.
//
// They are made with SipHash-2-4 (Aumasson and Bernstein, 2012), with 128 bits:
// a function built for exactly this, keyed look-ups of short texts that others
// choose. Without the key nobody can tell which texts agree. HMAC-SHA-256, which
// the store's digests need, because they must outlive a stolen database, takes
// six times as long; for every request that was most of what door one cost.
//
// Of a long text sums are digested in its place, see [blockKey].
type MemoryKey struct {
	texts, longs, pairs sipKey
	blocks              *blockKey
}

// A sipKey is a key of SipHash. Single texts, long ones and pairs have one each, so
// that none of the ones reads like one of the others.
type sipKey struct{ k0, k1 uint64 }

// NewMemoryKey draws a key.
func NewMemoryKey() (MemoryKey, error) {
	var random [3*16 + 8*len(blockKey{})]byte
	if _, err := rand.Read(random[:]); err != nil {
		return MemoryKey{}, fmt.Errorf("draw a key: %w", err)
	}
	return MemoryKey{
		texts: newSipKey(random[:16]), longs: newSipKey(random[16:32]), pairs: newSipKey(random[32:48]),
		blocks: newBlockKey(random[48:]),
	}, nil
}

func newSipKey(key []byte) sipKey {
	return sipKey{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])}
}

// String returns nothing of the key.
func (MemoryKey) String() string { return "[redacted]" }

// GoString returns nothing of the key.
func (MemoryKey) GoString() string { return "[redacted]" }

// Digest returns the digest of a text. It does not allocate.
func (k MemoryKey) Digest(text string) [16]byte {
	if len(text) >= longText {
		s := k.longs.state()
		s.absorbLong(k.blocks, text)
		return s.sum()
	}
	s := k.texts.state()
	s.absorb(text)
	return s.sum()
}

// DigestPair returns the digest of two texts. The length of the first goes with
// them, so that no other pair reads the same. It does not allocate.
func (k MemoryKey) DigestPair(first, second string) [16]byte {
	s := k.pairs.state()
	s = s.mixed(uint64(len(first)))
	s.absorb(first)
	s.absorb(second)
	return s.sum()
}

// A sip is the state of SipHash.
type sip struct{ v0, v1, v2, v3 uint64 }

// state begins a digest of 128 bits: v1 is then another one than for 64.
func (k sipKey) state() sip {
	return sip{
		k.k0 ^ 0x736f6d6570736575, k.k1 ^ 0x646f72616e646f6d ^ 0xee,
		k.k0 ^ 0x6c7967656e657261, k.k1 ^ 0x7465646279746573,
	}
}

// absorb mixes in a text and, in the last word, its length.
func (s *sip) absorb(text string) {
	v := *s // in registers
	last := uint64(len(text)) << 56
	for ; len(text) >= 8; text = text[8:] {
		v = v.mixed(word(text))
	}
	for i := range len(text) {
		last |= uint64(text[i]) << (8 * i)
	}
	*s = v.mixed(last)
}

// mixed returns the state with one more word taken in.
func (s sip) mixed(m uint64) sip {
	s.v3 ^= m
	s = s.round().round()
	s.v0 ^= m
	return s
}

func (s sip) sum() (out [16]byte) {
	s.v2 ^= 0xee
	s = s.round().round().round().round()
	binary.LittleEndian.PutUint64(out[:8], s.v0^s.v1^s.v2^s.v3)
	s.v1 ^= 0xdd
	s = s.round().round().round().round()
	binary.LittleEndian.PutUint64(out[8:], s.v0^s.v1^s.v2^s.v3)
	return out
}

// round is one SipRound.
func (s sip) round() sip {
	s.v0 += s.v1
	s.v2 += s.v3
	s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
	s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
	s.v0 = bits.RotateLeft64(s.v0, 32) + s.v3
	s.v2 += s.v1
	s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
	s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
	s.v2 = bits.RotateLeft64(s.v2, 32)
	return s
}
