package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // verifies what others stored; never makes a new hash
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Bounds of cost for hashes that other systems made.
const (
	maxBcryptCost = 14 // about a second
	bcryptMaxLen  = 72 // bytes of a password that bcrypt looks at

	minIterations = 1_000
	maxIterations = 2_000_000
)

// A bcryptHash is a hash of the form $2b$12$… (also 2a and 2y, which differ in
// how old programs erred, not in what they should compute).
type bcryptHash struct{ text string }

func parseBcrypt(text string) (*bcryptHash, error) {
	if len(text) != 60 {
		return nil, errors.New("bcrypt: not 60 characters long")
	}
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil {
		return nil, errors.New("bcrypt: not a hash")
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("bcrypt: cost %d is above %d", cost, maxBcryptCost)
	}
	return &bcryptHash{text}, nil
}

// matches never takes a password of which bcrypt would see a part only. It does
// the same work all the same.
func (h *bcryptHash) matches(password string) bool {
	whole := len(password) <= bcryptMaxLen
	seen := password[:min(len(password), bcryptMaxLen)]
	return bcrypt.CompareHashAndPassword([]byte(h.text), []byte(seen)) == nil && whole
}

// A pbkdf2Hash is PBKDF2 with HMAC (RFC 8018 section 5.2).
type pbkdf2Hash struct {
	new        func() hash.Hash
	iterations int
	salt, key  []byte
}

func (h *pbkdf2Hash) matches(password string) bool {
	got, err := pbkdf2.Key(h.new, password, h.salt, h.iterations, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(got, h.key) == 1
}

// parsePBKDF2 reads $pbkdf2-sha256$i=600000$salt$hash, also with further
// parameters or with the bare number (and "." for "+") as passlib writes it.
func parsePBKDF2(text string) (*pbkdf2Hash, error) {
	fields := strings.Split(strings.ReplaceAll(text, ".", "+"), "$")
	if len(fields) != 5 {
		return nil, errors.New("pbkdf2: not of the form $pbkdf2-sha256$i=$salt$hash")
	}
	iterations := fields[2]
	if strings.Contains(iterations, "=") {
		first, _, _ := strings.Cut(iterations, ",")
		var ok bool
		if iterations, ok = strings.CutPrefix(first, "i="); !ok {
			return nil, errors.New("pbkdf2: not of the form i=")
		}
	}
	salt, err := decodeField(fields[3], 8, 128)
	if err != nil {
		return nil, fmt.Errorf("pbkdf2: salt: %w", err)
	}
	return newPBKDF2(strings.TrimPrefix(fields[1], "pbkdf2-"), iterations, salt, fields[4])
}

// parseDjango reads pbkdf2_sha256$600000$salt$hash, where the salt is text.
func parseDjango(text string) (*pbkdf2Hash, error) {
	fields := strings.Split(text, "$")
	if len(fields) != 4 || len(fields[2]) < 8 || len(fields[2]) > 128 {
		return nil, errors.New("pbkdf2: not of the form pbkdf2_sha256$iterations$salt$hash")
	}
	return newPBKDF2(strings.TrimPrefix(fields[0], "pbkdf2_"), fields[1], []byte(fields[2]), strings.TrimRight(fields[3], "="))
}

func newPBKDF2(algorithm, iterations string, salt []byte, key string) (*pbkdf2Hash, error) {
	h := &pbkdf2Hash{salt: salt}
	switch algorithm {
	case "sha256":
		h.new = sha256.New
	case "sha512":
		h.new = sha512.New
	default:
		return nil, errors.New("pbkdf2: only sha256 and sha512 are known")
	}
	var err error
	if h.iterations, err = strconv.Atoi(iterations); err != nil || h.iterations < minIterations || h.iterations > maxIterations {
		return nil, fmt.Errorf("pbkdf2: iterations must be between %d and %d", minIterations, maxIterations)
	}
	// Some programs derive more than a hash's length, whichever hash they use.
	if h.key, err = decodeField(key, 16, sha512.Size); err != nil {
		return nil, fmt.Errorf("pbkdf2: hash: %w", err)
	}
	return h, nil
}

// A shaHash is a single SHA over password and salt, as LDAP directories and
// htpasswd files have it: {SSHA}base64(digest, salt), or {SHA} without salt.
type shaHash struct {
	new          func() hash.Hash
	digest, salt []byte
}

func (h *shaHash) matches(password string) bool {
	sum := h.new()
	sum.Write([]byte(password))
	sum.Write(h.salt)
	return subtle.ConstantTimeCompare(sum.Sum(nil), h.digest) == 1
}

func parseSHA(text string) (*shaHash, error) {
	scheme, encoded, ok := strings.Cut(strings.TrimPrefix(text, "{"), "}")
	if !ok {
		return nil, errors.New("sha: not of the form {SSHA}hash")
	}
	h := &shaHash{}
	scheme = strings.ToUpper(scheme)
	salted := strings.HasPrefix(scheme, "SSHA")
	switch scheme {
	case "SHA", "SSHA":
		h.new = sha1.New
	case "SHA256", "SSHA256":
		h.new = sha256.New
	case "SHA512", "SSHA512":
		h.new = sha512.New
	default:
		return nil, errors.New("sha: the scheme in braces is not known")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errors.New("sha: not base64")
	}
	size := h.new().Size()
	if len(raw) < size || len(raw) > size+64 || salted == (len(raw) == size) {
		return nil, errors.New("sha: the hash has the wrong length")
	}
	h.digest, h.salt = raw[:size], raw[size:]
	return h, nil
}
