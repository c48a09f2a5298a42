package password

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/sallyport/sallyport"
)

// readable is Crockford's alphabet in lower case: no i, l, o or u, so nothing
// that looks like something else. It has 32 characters, so a byte's low five
// bits choose one without favour.
const readable = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	groups   = 6
	groupLen = 4
)

// Generate returns a random password for a first sign-in, such as
// "7k2m-x9qd-0vbn-h4tz-c8rw-5jpe". It has 120 random bits.
func Generate() (sallyport.Secret, error) { return generate(rand.Reader) }

func generate(random io.Reader) (sallyport.Secret, error) {
	var raw [groups * groupLen]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("generate a password: read random bytes: %w", err)
	}
	out := make([]byte, 0, len(raw)+groups)
	for i, b := range raw {
		if i > 0 && i%groupLen == 0 {
			out = append(out, '-')
		}
		out = append(out, readable[b&31])
	}
	return sallyport.Secret(out), nil
}
