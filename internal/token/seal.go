package token

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// A Purpose says what a [Sealer] seals. What is sealed for one purpose cannot be
// opened for another.
type Purpose string

// Purposes of sealing.
const (
	SealSigningKey Purpose = "signing-key" // private keys at rest
	SealSuccessor  Purpose = "successor"   // a refresh token's successor, kept for the retry window
	SealCursor     Purpose = "cursor"      // page cursors in the hands of clients
	SealFactor     Purpose = "factor"      // secrets of second factors at rest
	SealSignIn     Purpose = "sign-in"     // the first half of a sign-in, in the hands of a browser
)

// Errors of opening.
var (
	// ErrSealed says that a sealed value was changed, cut, moved from another
	// place or sealed for something else.
	ErrSealed = errors.New("sealed value does not open")
	// ErrSealedElsewhere says that a value was sealed under a master key that
	// this process does not have.
	ErrSealedElsewhere = errors.New("sealed under another master key")
)

// A Sealer encrypts and authenticates small values with XChaCha20-Poly1305. Its
// nonces are long enough to be drawn at random without counting them.
//
// A sealed value is: one byte format, four bytes naming the master key, nonce,
// ciphertext with tag.
type Sealer struct {
	purpose Purpose
	random  io.Reader
	keys    []sealKey // the first seals, all open
}

type sealKey struct {
	id   uint32
	aead cipher.AEAD
}

const (
	sealFormat    = 1
	sealHeaderLen = 1 + 4
	sealOverhead  = sealHeaderLen + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// NewSealer returns a sealer for a purpose. It seals under current and opens
// what current or an older master key sealed.
func NewSealer(purpose Purpose, current MasterKey, older ...MasterKey) (*Sealer, error) {
	if purpose == "" {
		return nil, errors.New("sealer: no purpose")
	}
	s := &Sealer{purpose: purpose, random: rand.Reader}
	for _, m := range append([]MasterKey{current}, older...) {
		if !m.set {
			return nil, fmt.Errorf("sealer: %w", errNoMasterKey)
		}
		aead, err := chacha20poly1305.NewX(m.derive("seal/"+string(purpose), chacha20poly1305.KeySize))
		if err != nil {
			return nil, fmt.Errorf("sealer: %w", err)
		}
		s.keys = append(s.keys, sealKey{m.id(), aead})
	}
	return s, nil
}

// Seal encrypts plain. The value opens only with the same place: strings that
// say where it belongs, such as a row's id, so that nobody can move it to
// another row.
func (s *Sealer) Seal(plain []byte, place ...string) ([]byte, error) {
	key := s.keys[0]
	out := make([]byte, sealHeaderLen+chacha20poly1305.NonceSizeX, sealOverhead+len(plain))
	out[0] = sealFormat
	binary.BigEndian.PutUint32(out[1:], key.id)
	nonce := out[sealHeaderLen:]
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("seal: read random bytes: %w", err)
	}
	return key.aead.Seal(out, nonce, plain, s.bind(out[:sealHeaderLen], place)), nil
}

// Open returns what was sealed. Its errors are [ErrSealed] and
// [ErrSealedElsewhere].
func (s *Sealer) Open(sealed []byte, place ...string) ([]byte, error) {
	if len(sealed) < sealOverhead || sealed[0] != sealFormat {
		return nil, ErrSealed
	}
	header, rest := sealed[:sealHeaderLen], sealed[sealHeaderLen:]
	nonce, ciphertext := rest[:chacha20poly1305.NonceSizeX], rest[chacha20poly1305.NonceSizeX:]
	id := binary.BigEndian.Uint32(header[1:])
	for _, key := range s.keys {
		if key.id != id {
			continue
		}
		plain, err := key.aead.Open(nil, nonce, ciphertext, s.bind(header, place))
		if err != nil {
			return nil, ErrSealed
		}
		return plain, nil
	}
	return nil, ErrSealedElsewhere
}

// bind returns the associated data: header, purpose and place, each part with
// its length, so that ("ab", "c") and ("a", "bc") are different places.
func (s *Sealer) bind(header []byte, place []string) []byte {
	ad := append([]byte(nil), header...)
	for _, part := range append([]string{string(s.purpose)}, place...) {
		ad = binary.BigEndian.AppendUint32(ad, uint32(len(part)))
		ad = append(ad, part...)
	}
	return ad
}

// MaxCursorLen is the length of the longest cursor, in bytes.
const MaxCursorLen = 1024

// EncodeCursor seals a position in a list into text for a client. The cursor
// opens only for the same place, such as tenant, user and query, so that it
// cannot be carried to another list. The sealer's purpose is [SealCursor].
func EncodeCursor(s *Sealer, position []byte, place ...string) (string, error) {
	if n := base64.RawURLEncoding.EncodedLen(len(position) + sealOverhead); n > MaxCursorLen {
		return "", fmt.Errorf("cursor: a position of %d bytes is too long", len(position))
	}
	sealed, err := s.Seal(position, place...)
	if err != nil {
		return "", fmt.Errorf("cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// OpenCursor returns the position in a cursor. Its errors are [ErrSealed] and
// [ErrSealedElsewhere]; both mean: start again from the first page.
func OpenCursor(s *Sealer, cursor string, place ...string) ([]byte, error) {
	if len(cursor) > MaxCursorLen {
		return nil, ErrSealed
	}
	sealed, ok := decodeSegment(nil, cursor)
	if !ok {
		return nil, ErrSealed
	}
	return s.Open(sealed, place...)
}
