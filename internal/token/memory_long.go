package token

import (
	"encoding/binary"
	"math/bits"
)

// Texts from this length on are reduced before they are digested, in blocks.
// What is shorter is digested as fast in one step.
const (
	longText   = 128
	blockWords = 128
	blockBytes = 8 * blockWords
)

// A blockKey reduces blocks of a text to 32 bytes each, with NH (Black, Halevi,
// Krawczyk, Krovetz and Rogaway: UMAC, 1999), once from the first word of the key on
// and once from the third. Of two different texts of the same length one block at
// least differs, and its sums agree with a chance of 2^-128, whatever the texts are,
// for who does not know the key. So it takes nothing from the digest that is made of
// the sums, and a text of 700 bytes, as an access token is, costs a quarter.
type blockKey [blockWords + 2]uint64

func newBlockKey(random []byte) *blockKey {
	k := &blockKey{}
	for i := range k {
		k[i] = binary.LittleEndian.Uint64(random[8*i:])
	}
	return k
}

// absorbLong mixes in the sums of a text's blocks and its length.
func (s *sip) absorbLong(k *blockKey, text string) {
	v, length := *s, uint64(len(text))
	for len(text) > 0 {
		part := text[:min(len(text), blockBytes)]
		text = text[len(part):]
		sums := k.reduce(part)
		v = v.mixed(sums.a0).mixed(sums.a1).mixed(sums.b0).mixed(sums.b1)
	}
	*s = v.mixed(length)
}

// nhSums are two sums of 128 bits.
type nhSums struct{ a0, a1, b0, b1 uint64 }

// reduce returns the sums of a block. The last sixteen bytes of a short one are
// filled up with zeros.
func (k *blockKey) reduce(part string) nhSums {
	whole := len(part) &^ 15
	s := nhSums{}.add(k[:], part[:whole])
	if whole < len(part) {
		var last [16]byte
		copy(last[:], part[whole:])
		s = s.add(k[whole/8:], string(last[:]))
	}
	return s
}

// add adds the words of a text, two at a time, that stand where the key begins.
func (s nhSums) add(key []uint64, text string) nhSums {
	var carry uint64
	for len(text) >= 16 && len(key) >= 4 {
		first, second := word(text), word(text[8:])
		hi, lo := bits.Mul64(first+key[0], second+key[1])
		s.a0, carry = bits.Add64(s.a0, lo, 0)
		s.a1, _ = bits.Add64(s.a1, hi, carry)
		hi, lo = bits.Mul64(first+key[2], second+key[3])
		s.b0, carry = bits.Add64(s.b0, lo, 0)
		s.b1, _ = bits.Add64(s.b1, hi, carry)
		text, key = text[16:], key[2:]
	}
	return s
}

// word reads the first eight bytes of a text.
func word(text string) uint64 {
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}
