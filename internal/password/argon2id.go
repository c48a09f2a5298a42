package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are the cost of argon2id (RFC 9106 section 3.1).
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8  // lanes
}

// DefaultParams returns 19 MiB, two passes, one lane: OWASP's recommendation
// with the least memory that still resists well.
func DefaultParams() Params { return Params{Memory: 19456, Time: 2, Threads: 1} }

const (
	saltLen = 16
	keyLen  = 32

	// Ceilings for every argon2id hash, ours or imported: whoever can write a
	// hash must not thereby choose how much memory a sign-in takes.
	maxMemory  = 128 << 10 // KiB
	maxWork    = 512 << 10 // memory times passes: about half a second
	maxThreads = 16

	// Floors for new hashes. OWASP's cheapest variants have this product.
	minMemory = 7 << 10
	minWork   = 5 * minMemory

	// Floors for verifying, below which an imported hash protects nobody.
	minForeignMemory = 1 << 10
)

// validate says whether new hashes may be made with p.
func (p Params) validate() error {
	if p.Memory < minMemory || uint64(p.Memory)*uint64(p.Time) < minWork {
		return fmt.Errorf("argon2id with %d KiB and %d passes is too cheap: at least %d KiB, and memory times passes at least %d",
			p.Memory, p.Time, minMemory, minWork)
	}
	return p.bounded()
}

// bounded says whether a hash with p may be verified.
func (p Params) bounded() error {
	switch {
	case p.Time < 1 || p.Threads < 1 || p.Memory < minForeignMemory:
		return fmt.Errorf("argon2id: at least %d KiB, one pass and one lane are needed", minForeignMemory)
	case p.Memory > maxMemory || p.Threads > maxThreads || uint64(p.Memory)*uint64(p.Time) > maxWork:
		return fmt.Errorf("argon2id: at most %d KiB, %d lanes, and memory times passes %d are allowed", maxMemory, maxThreads, maxWork)
	}
	return nil
}

// An argonHash is a parsed hash in PHC string format:
// $argon2id$v=19$m=19456,t=2,p=1$salt$key.
type argonHash struct {
	Params
	salt, key []byte
}

func (h *argonHash) matches(password string) bool {
	got := argon2.IDKey([]byte(password), h.salt, h.Time, h.Memory, h.Threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(got, h.key) == 1
}

func (h *argonHash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.Memory, h.Time, h.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

func parseArgon(hash string) (*argonHash, error) {
	fields := strings.Split(hash, "$")
	if len(fields) != 6 || fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return nil, errors.New("argon2id: not of the form $argon2id$v=19$m=,t=,p=$salt$hash")
	}
	h := &argonHash{}
	costs := strings.Split(fields[3], ",")
	if len(costs) != 3 {
		return nil, errors.New("argon2id: not of the form m=,t=,p=")
	}
	m, err1 := phcNumber(costs[0], "m=", 32)
	t, err2 := phcNumber(costs[1], "t=", 32)
	p, err3 := phcNumber(costs[2], "p=", 8)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, errors.New("argon2id: not of the form m=,t=,p=")
	}
	h.Params = Params{uint32(m), uint32(t), uint8(p)}
	if err := h.bounded(); err != nil {
		return nil, err
	}
	var err error
	if h.salt, err = decodeField(fields[4], 8, 64); err != nil {
		return nil, fmt.Errorf("argon2id: salt: %w", err)
	}
	if h.key, err = decodeField(fields[5], 16, 64); err != nil {
		return nil, fmt.Errorf("argon2id: hash: %w", err)
	}
	return h, nil
}

// phcNumber reads a number after its name.
func phcNumber(text, name string, bits int) (uint64, error) {
	digits, ok := strings.CutPrefix(text, name)
	if !ok || digits == "" || len(digits) > 1 && digits[0] == '0' {
		return 0, errors.New("not a number")
	}
	return strconv.ParseUint(digits, 10, bits)
}

// decodeField decodes base64 without padding, of a length within bounds.
func decodeField(text string, shortest, longest int) ([]byte, error) {
	out, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("not base64")
	}
	if len(out) < shortest || len(out) > longest {
		return nil, fmt.Errorf("%d bytes; %d to %d are allowed", len(out), shortest, longest)
	}
	return out, nil
}
