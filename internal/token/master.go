package token

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

const (
	masterKeyLen = 32
	// maxKeyText is how long the text of a key may be.
	maxKeyText = 1024
)

// A MasterKey is the one secret that an installation must keep outside its
// store. All other keys are derived from it by purpose (HKDF-SHA-256, RFC 5869).
// It prints as "[redacted]". The zero MasterKey is of no use; functions that
// take one refuse it.
type MasterKey struct {
	key [masterKeyLen]byte
	set bool
}

// NewMasterKey returns a new random key.
func NewMasterKey() (MasterKey, error) { return newMasterKey(rand.Reader) }

func newMasterKey(random io.Reader) (MasterKey, error) {
	m := MasterKey{set: true}
	if _, err := io.ReadFull(random, m.key[:]); err != nil {
		return MasterKey{}, fmt.Errorf("make a master key: read random bytes: %w", err)
	}
	return m, nil
}

// ParseMasterKey reads a key from text: at least 32 random bytes in hexadecimal
// or base64 (either alphabet, with or without padding). White space around it is
// ignored. It refuses what was evidently not drawn at random: a pattern, a
// passphrase, an example from a document. The error says what to do and never
// quotes the text.
func ParseMasterKey(text []byte) (MasterKey, error) {
	raw, err := decodeKey(text)
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	if err := checkRandom(raw); err != nil {
		return MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	m := MasterKey{set: true}
	if len(raw) == masterKeyLen {
		copy(m.key[:], raw)
		return m, nil
	}
	// Longer material is condensed, all of it.
	derived, err := hkdf.Key(sha256.New, raw, nil, "sallyport/master/v1", masterKeyLen)
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key: condense: %w", err)
	}
	copy(m.key[:], derived)
	return m, nil
}

// Text returns the key as [ParseMasterKey] reads it, in base64. It is for
// writing a new key to the operator's key file, once.
func (m MasterKey) Text() string { return base64.StdEncoding.EncodeToString(m.key[:]) }

// Fingerprint returns 16 hexadecimal digits that name the key without telling
// anything about it. Nodes of one installation compare them.
func (m MasterKey) Fingerprint() string {
	return hex.EncodeToString(m.derive("fingerprint", 8))
}

// id is what a sealed value carries to say which key sealed it.
func (m MasterKey) id() uint32 {
	return binary.BigEndian.Uint32(m.derive("key id", 4))
}

// derive returns n <= 8160 bytes for a purpose. Different purposes give
// independent bytes.
func (m MasterKey) derive(purpose string, n int) []byte {
	out, err := hkdf.Expand(sha256.New, m.key[:], "sallyport/v1/"+purpose, n)
	if err != nil {
		// unreachable: n is a small constant at every call. Were it ever reached,
		// empty output fails loudly where it is used as a key.
		return nil
	}
	return out
}

// String returns "[redacted]".
func (MasterKey) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (MasterKey) GoString() string { return "[redacted]" }

// LogValue returns "[redacted]".
func (MasterKey) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText refuses, so that a key cannot become part of an answer.
func (MasterKey) MarshalText() ([]byte, error) {
	return nil, errors.New("a master key must not be marshaled")
}

var errNoMasterKey = errors.New("no master key")

// decodeKey reads hexadecimal or base64. Text that could be either is
// hexadecimal: base64 of random bytes never looks so.
func decodeKey(text []byte) ([]byte, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("the text is longer than %d bytes", maxKeyText)
	}
	s := strings.TrimSpace(string(text))
	if s == "" {
		return nil, errors.New("it is empty; make one with: openssl rand -base64 32")
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		b64 := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
		if strings.ContainsAny(b64, "\r\n") {
			return nil, errors.New("it must be one line")
		}
		if raw, err = base64.RawStdEncoding.DecodeString(b64); err != nil {
			return nil, errors.New("it is neither hexadecimal nor base64; make one with: openssl rand -base64 32")
		}
	}
	if len(raw) < masterKeyLen {
		return nil, fmt.Errorf("it has %d bytes and needs %d; make one with: openssl rand -base64 32", len(raw), masterKeyLen)
	}
	return raw, nil
}

// checkRandom refuses keys that nobody drew at random. It cannot prove that a
// key is good; each rule has a chance below 1 in 10^9 to refuse a good one.
func checkRandom(raw []byte) error {
	const cure = "; make one with: openssl rand -base64 32"
	seen := map[byte]bool{}
	printable, steps := true, map[byte]int{}
	for i, b := range raw {
		seen[b] = true
		printable = printable && (b >= 0x20 && b < 0x7f || b == '\n' || b == '\t')
		if i > 0 {
			steps[b-raw[i-1]]++
		}
	}
	switch {
	case printable:
		return errors.New("it is encoded text, not random bytes" + cure)
	case len(seen) < 16:
		return errors.New("it repeats itself" + cure)
	}
	for _, n := range steps {
		if n > len(raw)/2 {
			return errors.New("it is a pattern, not random bytes" + cure)
		}
	}
	half := len(raw) / 2
	if bytes.Equal(raw[:half], raw[half:2*half]) {
		return errors.New("its halves are equal" + cure)
	}
	sum := sha256.Sum256(raw)
	if slices.Contains(publishedKeys(), hex.EncodeToString(sum[:8])) {
		return errors.New("it is an example that everyone can read" + cure)
	}
	return nil
}
