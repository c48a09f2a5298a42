package token

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// A Pepper is a version of the key behind digests. It stands outside the store,
// so that a stolen database alone allows no guessing.
type Pepper struct {
	version int
	key     [32]byte
}

// NewPepper makes a pepper from at least 32 random bytes. Versions count from 1.
func NewPepper(version int, material []byte) (Pepper, error) {
	switch {
	case version < 1:
		return Pepper{}, fmt.Errorf("pepper: version %d: versions count from 1", version)
	case len(material) < 32:
		return Pepper{}, fmt.Errorf("pepper %d: %d bytes of key material, at least 32 are needed", version, len(material))
	}
	key, err := hkdf.Key(sha256.New, material, nil, "sallyport/pepper/v1", 32)
	if err != nil {
		return Pepper{}, fmt.Errorf("pepper %d: derive: %w", version, err)
	}
	p := Pepper{version: version}
	copy(p.key[:], key)
	return p, nil
}

// Pepper returns the pepper of a version, derived from the master key.
func (m MasterKey) Pepper(version int) (Pepper, error) {
	if !m.set {
		return Pepper{}, errNoMasterKey
	}
	return NewPepper(version, m.derive("pepper/"+strconv.Itoa(version), 32))
}

// Version returns the pepper's version.
func (p Pepper) Version() int { return p.version }

// String returns the version alone.
func (p Pepper) String() string { return "pepper " + strconv.Itoa(p.version) }

// GoString returns the version alone.
func (p Pepper) GoString() string { return p.String() }

// A Use says what digests are for. The digest of a text under one use tells
// nothing about its digest under another.
type Use string

// Uses of digests.
const (
	UseSecret   Use = "secret"   // look-up of stored credentials; the only use that is stored
	UseThrottle Use = "throttle" // counters of failures, by account and address
)

// A Digester makes keyed digests for one use: HMAC-SHA-256 (RFC 2104) under a
// key of that use and pepper.
type Digester struct {
	keys     []digestKey // newest first
	versions []int
}

// A digestKey holds the states of SHA-256 after the inner and the outer padded
// key, which are the same for every text.
type digestKey struct {
	inner, outer []byte
}

// NewDigester returns a digester for a use. New digests are made with current;
// older peppers are for looking up what was stored before.
func NewDigester(use Use, current Pepper, older ...Pepper) (*Digester, error) {
	if use == "" {
		return nil, errors.New("digester: no use")
	}
	d := &Digester{}
	for _, p := range append([]Pepper{current}, older...) {
		if p.version < 1 {
			return nil, errors.New("digester: a pepper without key material")
		}
		for _, v := range d.versions {
			if v == p.version {
				return nil, fmt.Errorf("digester: two peppers of version %d", v)
			}
		}
		key, err := p.keyFor(use)
		if err != nil {
			return nil, err
		}
		k, err := newDigestKey(key)
		if err != nil {
			return nil, err
		}
		d.keys, d.versions = append(d.keys, k), append(d.versions, p.version)
	}
	return d, nil
}

func (p Pepper) keyFor(use Use) ([]byte, error) {
	key, err := hkdf.Expand(sha256.New, p.key[:], "sallyport/digest/v1/"+string(use), 32)
	if err != nil {
		return nil, fmt.Errorf("pepper %d: derive for %s: %w", p.version, use, err)
	}
	return key, nil
}

func newDigestKey(key []byte) (digestKey, error) {
	inner, err := keyedState(key, 0x36)
	if err != nil {
		return digestKey{}, err
	}
	outer, err := keyedState(key, 0x5c)
	if err != nil {
		return digestKey{}, err
	}
	return digestKey{inner, outer}, nil
}

// keyedState returns SHA-256's state after the key, padded to a block and
// combined with pad (RFC 2104 section 2).
func keyedState(key []byte, pad byte) ([]byte, error) {
	var block [sha256.BlockSize]byte
	copy(block[:], key)
	for i := range block {
		block[i] ^= pad
	}
	h := sha256.New()
	h.Write(block[:])
	saver, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return nil, errors.New("digester: this SHA-256 cannot save its state")
	}
	state, err := saver.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("digester: save state: %w", err)
	}
	return state, nil
}

// Digest returns the digest of text under the current pepper. It does not
// allocate.
func (d *Digester) Digest(text string) [32]byte { return d.keys[0].sum(text) }

// DigestPair returns the digest of two texts under the current pepper. The length
// of the first goes with them, so that no other pair reads the same. It does not
// allocate.
func (d *Digester) DigestPair(first, second string) [32]byte {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(first)))
	return d.keys[0].sum(string(n[:]), first, second)
}

// Version returns the version of the current pepper.
func (d *Digester) Version() int { return d.versions[0] }

// Versions returns the versions of all peppers, the current one first. The
// caller must not change the slice.
func (d *Digester) Versions() []int { return d.versions }

// DigestAt returns the digest of text under the pepper of a version. It reports
// false if there is no such pepper.
func (d *Digester) DigestAt(version int, text string) ([32]byte, bool) {
	for i, v := range d.versions {
		if v == version {
			return d.keys[i].sum(text), true
		}
	}
	return [32]byte{}, false
}

// sum is HMAC with the first block of both hashes already done. Compared with
// hmac.New on each call this halves the work, and the states live on the stack;
// a benchmark and a test for allocations guard both.
func (k *digestKey) sum(texts ...string) (out [32]byte) {
	var chunk [256]byte
	h := sha256.New()
	state, ok := h.(encoding.BinaryUnmarshaler)
	if !ok || state.UnmarshalBinary(k.inner) != nil {
		return unusable()
	}
	for _, text := range texts {
		for len(text) > 0 {
			n := copy(chunk[:], text)
			h.Write(chunk[:n])
			text = text[n:]
		}
	}
	h.Sum(out[:0])
	if state.UnmarshalBinary(k.outer) != nil {
		return unusable()
	}
	h.Write(out[:])
	h.Sum(out[:0])
	return out
}

// unusable is the digest under a key that was never made: random, so that it
// matches nothing. (States that newDigestKey made can always be restored.)
func unusable() (out [32]byte) {
	if _, err := rand.Read(out[:]); err != nil {
		return [32]byte{} // unreachable: rand.Read does not fail
	}
	return out
}

// A PseudonymKey turns logins into pseudonyms.
type PseudonymKey struct{ key digestKey }

// PseudonymKey returns the key of the installation's pseudonyms. It does not
// change when peppers do, so that old logs can still be resolved.
func (m MasterKey) PseudonymKey() (PseudonymKey, error) {
	if !m.set {
		return PseudonymKey{}, errNoMasterKey
	}
	key, err := newDigestKey(m.derive("pseudonym", 32))
	if err != nil {
		return PseudonymKey{}, err
	}
	return PseudonymKey{key}, nil
}

// Pseudonym returns the 12 hexadecimal digits that stand for a login in access
// logs. The login must be in its canonical form. Without the key, nobody can
// tell whose pseudonym it is by trying names; the zero key therefore gives
// everyone the same one.
func Pseudonym(key PseudonymKey, login string) string {
	if key.key.inner == nil {
		return "000000000000"
	}
	sum := key.key.sum(login)
	return hex.EncodeToString(sum[:6])
}
