package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// MaxBytes is the length of the longest password, in bytes. A longer one is
// wrong without being looked at.
const MaxBytes = 1024

// Errors of hashing.
var (
	// ErrTooLong says that a password has more than [MaxBytes] bytes.
	ErrTooLong = errors.New("the password is too long")
	// ErrUnknownHash says that a stored hash is of no known form, or of a cost
	// outside the bounds. Nobody can sign in with it.
	ErrUnknownHash = errors.New("the stored hash cannot be used")
)

// maxHashText is how long the text of a hash may be.
const maxHashText = 512

// A scheme is a parsed hash.
type scheme interface {
	// matches reports whether the hash is of the password. It compares in
	// constant time and does the same work for every password of a length.
	matches(password string) bool
}

// parse reads a hash of any known form, which its beginning tells.
func parse(text string) (scheme, error) {
	switch {
	case len(text) > maxHashText:
		return nil, errors.New("too long for a hash")
	case strings.HasPrefix(text, "$argon2id$"):
		return parseArgon(text)
	case strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"), strings.HasPrefix(text, "$2y$"):
		return parseBcrypt(text)
	case strings.HasPrefix(text, "$pbkdf2-"):
		return parsePBKDF2(text)
	case strings.HasPrefix(text, "pbkdf2_"):
		return parseDjango(text)
	case strings.HasPrefix(text, "{"):
		return parseSHA(text)
	case strings.HasPrefix(text, apr1Prefix):
		return parseAPR1(text)
	}
	return nil, errors.New("not the hash of a known scheme (argon2id, bcrypt, pbkdf2, {SSHA}, apr1)")
}

// CheckHash says whether a hash that another system made can be taken over: its
// form is known, its cost is within bounds, and it is not plainly that of the
// empty password. The error says what is wrong, without the hash.
func CheckHash(text string) error {
	s, err := parse(text)
	if err != nil {
		return fmt.Errorf("password hash: %w", err)
	}
	// For slow schemes this is left out: it would take an import hours, and
	// nobody can sign in with the empty password anyway.
	if isFast(s) && s.matches("") {
		return errors.New("password hash: it is that of the empty password")
	}
	return nil
}

// isFast reports whether a scheme costs next to nothing.
func isFast(s scheme) bool {
	switch s.(type) {
	case *shaHash, *apr1Hash:
		return true
	}
	return false
}

// A Hasher makes and checks hashes. All its work passes one [Gate].
type Hasher struct {
	params Params
	gate   *Gate
	random io.Reader
	// dummy looks like a hash of the current cost, and is one of no password. It
	// stands in for the hash of a user who is not there.
	dummy *argonHash
}

// NewHasher returns a hasher that makes argon2id hashes with the given cost.
func NewHasher(params Params, gate *Gate) (*Hasher, error) {
	if err := params.validate(); err != nil {
		return nil, fmt.Errorf("password hasher: %w", err)
	}
	return newHasher(params, gate)
}

// NewCheapHasher returns a hasher whose hashes cost a fortieth of the usual, for
// tests of something else: they protect nobody. That production code does not
// call it is a law of internal/floors.
func NewCheapHasher(gate *Gate) (*Hasher, error) {
	return newHasher(Params{Memory: minForeignMemory, Time: 1, Threads: 1}, gate)
}

func newHasher(params Params, gate *Gate) (*Hasher, error) {
	h := &Hasher{params: params, gate: gate, random: rand.Reader}
	var noise [saltLen + keyLen]byte // to compare with it takes as long as with a real one
	if _, err := io.ReadFull(h.random, noise[:]); err != nil {
		return nil, fmt.Errorf("password hasher: read random bytes: %w", err)
	}
	h.dummy = &argonHash{params, noise[:saltLen], noise[saltLen:]}
	return h, nil
}

func (h *Hasher) make(password string) (*argonHash, error) {
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	p := h.params
	return &argonHash{p, salt, argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, keyLen)}, nil
}

// Hash returns the hash of a password. Whether the password is a good one is
// asked of a [Policy] before. Errors: [ErrTooLong], [ErrBusy], the context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxBytes {
		return "", ErrTooLong
	}
	if password == "" {
		return "", errors.New("the password is empty")
	}
	var made *argonHash
	var err error
	if busy := h.gate.Do(ctx, func() { made, err = h.make(password) }); busy != nil {
		return "", busy
	}
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return made.String(), nil
}

// Verify reports whether a hash is of the password. An empty or overlong
// password is not, and costs nothing. An empty hash means that the user has no
// password: that is no error, and costs what a wrong password does.
//
// Errors say that the question was not answered: [ErrBusy] and the context's,
// where trying again may help, and [ErrUnknownHash], where it does not; that one
// also costs what a wrong password does, and the caller answers as to a wrong
// password.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if password == "" || len(password) > MaxBytes {
		return false, nil
	}
	if hash == "" {
		return false, h.VerifyUnknown(ctx, password)
	}
	s, bad := parse(hash)
	if bad != nil {
		if err := h.VerifyUnknown(ctx, password); err != nil {
			return false, err
		}
		return false, fmt.Errorf("%w: %w", ErrUnknownHash, bad)
	}
	good := false
	err := h.gate.Do(ctx, func() {
		// No password has a NUL in it. HMAC and some crypts take one at the end
		// for nothing, so that "secret" and "secret\x00" would be the same.
		good = s.matches(password) && !strings.Contains(password, "\x00")
		if !good && isFast(s) {
			// Without this, a quick refusal would tell who still has an old hash,
			// and so that he exists.
			h.dummy.matches(password)
		}
	})
	return good && err == nil, err
}

// VerifyUnknown does the work of [Hasher.Verify] for a user who does not exist,
// so that the time of the answer does not tell. Its errors are [ErrBusy] and the
// context's.
func (h *Hasher) VerifyUnknown(ctx context.Context, password string) error {
	if password == "" || len(password) > MaxBytes {
		return nil
	}
	return h.gate.Do(ctx, func() { h.dummy.matches(password) })
}

// NeedsUpgrade reports whether a hash should be replaced at the next good
// sign-in, because it is of another scheme or cheaper than new ones are.
func (h *Hasher) NeedsUpgrade(hash string) bool {
	s, err := parse(hash)
	if err != nil {
		return true
	}
	a, ok := s.(*argonHash)
	return !ok || a.Memory < h.params.Memory || a.Time < h.params.Time ||
		len(a.salt) < saltLen || len(a.key) < keyLen
}
