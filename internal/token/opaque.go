package token

import (
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport"
)

// An opaque secret is a prefix that names its kind, random characters, and a
// checksum over both, so that a typing error or a truncated paste is refused
// without asking the store, and a scanner can tell a leaked secret from noise:
//
//	spp_ 9x2…30 characters…Qf 1bT0aZ
//
// 30 characters out of 62 are 178 random bits.
const (
	prefixLen   = 4
	randomLen   = 30
	checksumLen = 6
	bodyLen     = prefixLen + randomLen

	// OpaqueLen is the length of every opaque secret, in bytes.
	OpaqueLen = bodyLen + checksumLen

	// MaxOpaqueLen is how long a text may be and still be looked at as an opaque
	// secret of any shape, in bytes. Surfaces refuse longer ones unread.
	MaxOpaqueLen = 256
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// prefixOf returns the prefix of a kind, or "" if no opaque secret is of it.
func prefixOf(kind sallyport.CredentialKind) string {
	switch kind {
	case sallyport.PersonalToken:
		return "spp_"
	case sallyport.ApplicationToken:
		return "spn_"
	case sallyport.APIKey:
		return "spk_"
	case sallyport.AccessToken:
		return "spa_"
	case sallyport.RefreshToken:
		return "spr_"
	case sallyport.Session:
		return "sps_"
	case sallyport.Password: // a person makes it up
	}
	return ""
}

// kindOf is the inverse of prefixOf. It takes the letter that tells the
// prefixes apart.
func kindOf(letter byte) (sallyport.CredentialKind, bool) {
	switch letter {
	case 'p':
		return sallyport.PersonalToken, true
	case 'n':
		return sallyport.ApplicationToken, true
	case 'k':
		return sallyport.APIKey, true
	case 'a':
		return sallyport.AccessToken, true
	case 'r':
		return sallyport.RefreshToken, true
	case 's':
		return sallyport.Session, true
	}
	return "", false
}

// Mint returns a new opaque secret of the kind. It fails if the kind has no
// opaque form or if the system's random source fails.
func Mint(kind sallyport.CredentialKind) (sallyport.Secret, error) {
	return mint(rand.Reader, kind)
}

func mint(random io.Reader, kind sallyport.CredentialKind) (sallyport.Secret, error) {
	prefix := prefixOf(kind)
	if prefix == "" {
		return "", fmt.Errorf("mint: a %q has no opaque form", kind)
	}
	text := make([]byte, OpaqueLen)
	copy(text, prefix)
	if err := randomText(random, alphabet, text[prefixLen:bodyLen]); err != nil {
		return "", fmt.Errorf("mint a %s: %w", kind, err)
	}
	sum := checksum(string(text[:bodyLen]))
	copy(text[bodyLen:], sum[:])
	return sallyport.Secret(text), nil
}

// randomText fills dst with characters of letters, at most 256 of them in ASCII,
// each equally likely.
func randomText(random io.Reader, letters string, dst []byte) error {
	// Bytes above the largest multiple of the number of letters are thrown away,
	// since folding them would favour the first letters.
	limit := 256 - 256%len(letters)
	var pool [64]byte
	for n := 0; n < len(dst); {
		if _, err := io.ReadFull(random, pool[:]); err != nil {
			return fmt.Errorf("read random bytes: %w", err)
		}
		for _, b := range pool {
			if int(b) < limit && n < len(dst) {
				dst[n] = letters[int(b)%len(letters)]
				n++
			}
		}
	}
	return nil
}

// checksum returns the CRC-32 (IEEE) of text as six characters of the alphabet,
// most significant first. crc32.ChecksumIEEE would move text to the heap.
func checksum(text string) (sum [checksumLen]byte) {
	crc := ^uint32(0)
	for i := range len(text) {
		crc = crc32.IEEETable[byte(crc)^text[i]] ^ crc>>8
	}
	crc = ^crc
	for i := checksumLen - 1; i >= 0; i-- {
		sum[i] = alphabet[crc%62]
		crc /= 62
	}
	return sum
}

// Inspect reports whether text has the form and the checksum of an opaque
// secret, and of which kind. It says nothing about whether such a secret was
// ever issued. It does not allocate and takes the same time for every checksum.
func Inspect(text string) (sallyport.CredentialKind, bool) {
	if len(text) != OpaqueLen || text[0] != 's' || text[1] != 'p' || text[3] != '_' {
		return "", false
	}
	kind, ok := kindOf(text[2])
	if !ok {
		return "", false
	}
	for i := prefixLen; i < bodyLen; i++ {
		if !isAlphanumeric(text[i]) {
			return "", false
		}
	}
	sum := checksum(text[:bodyLen])
	var diff byte
	for i := range checksumLen {
		diff |= sum[i] ^ text[bodyLen+i]
	}
	if diff != 0 {
		return "", false
	}
	return kind, true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// Hint returns what may be shown of a secret for ever, so that its owner can
// recognise it: the prefix and the last four characters, such as "spp_…aZ3k".
// Of a shape without prefix it shows the last four only, and of a text shorter
// than 16 bytes nothing. [IsScrambled] tells the hint of a scrambled password too.
func Hint(text string) string {
	if len(text) < 16 {
		return "…"
	}
	last := text[len(text)-4:]
	if _, ok := Inspect(text); ok || IsScrambled(text) {
		return text[:prefixLen] + "…" + last
	}
	return "…" + last
}

// scrambledPrefix begins what some clients send in the place of a password.
const (
	scrambledPrefix = "_P__"
	lowerAlphabet   = "0123456789abcdefghijklmnopqrstuvwxyz"
	scrambledLen    = len(scrambledPrefix) + 45
)

// MintScrambled returns a secret in the shape of a scrambled password, which some
// clients send in the place of a password: "_P__" and 45 lower-case letters and
// digits, of 232 random bits. Nothing of a password is in it.
func MintScrambled() (sallyport.Secret, error) {
	text := make([]byte, scrambledLen)
	copy(text, scrambledPrefix)
	if err := randomText(rand.Reader, lowerAlphabet, text[len(scrambledPrefix):]); err != nil {
		return "", fmt.Errorf("mint a scrambled password: %w", err)
	}
	return sallyport.Secret(text), nil
}

// IsScrambled reports whether text begins like a scrambled password. It says
// nothing about whether such a secret was ever issued. It does not allocate.
func IsScrambled(text string) bool { return strings.HasPrefix(text, scrambledPrefix) }

const (
	numberMin    = int64(1e17) // the least of 18 digits
	numberMinLen = 18
	numberMaxLen = 19
)

// base64Len is how long a secret of [MintBase64] is: 90 bytes in base64.
const base64Len = 120

// MintBase64 returns a secret in the shape of 90 random bytes in base64, for
// clients that know their tokens by that look. It is of letters and digits alone,
// so that it needs no escapes in a URL; these are 714 random bits.
func MintBase64() (sallyport.Secret, error) {
	text := make([]byte, base64Len)
	if err := randomText(rand.Reader, alphabet, text); err != nil {
		return "", fmt.Errorf("mint a secret in base64: %w", err)
	}
	return sallyport.Secret(text), nil
}

// MintNumber returns a secret in the shape that some clients insist on: a
// positive decimal int64 of 18 or 19 digits. It has 63 random bits, no kind and
// no checksum: guessing must be throttled, and only the API whose dialect needs
// the shape may accept it.
func MintNumber() (sallyport.Secret, error) {
	return mintNumber(rand.Reader)
}

func mintNumber(random io.Reader) (sallyport.Secret, error) {
	var b [8]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("mint a number: read random bytes: %w", err)
		}
		var n uint64
		for _, c := range b {
			n = n<<8 | uint64(c)
		}
		// Redrawing what is too short, instead of adding to it, keeps every
		// number equally likely. About one in ninety is redrawn.
		if v := int64(n & math.MaxInt64); v >= numberMin {
			return sallyport.Secret(strconv.FormatInt(v, 10)), nil
		}
	}
}

// IsNumber reports whether text has the shape of [MintNumber]. It does not
// allocate.
func IsNumber(text string) bool {
	if len(text) < numberMinLen || len(text) > numberMaxLen || text[0] == '0' {
		return false
	}
	var n uint64
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + uint64(c-'0')
	}
	// 19 digits are below 2^64, so n did not wrap around.
	return n <= math.MaxInt64
}
