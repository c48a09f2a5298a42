package admin

import (
	"crypto/rand"
	"fmt"

	"github.com/sallyport/sallyport"
)

// orNewID returns an id that was drawn before, or else a new one.
func orNewID(id string) (string, error) {
	if id != "" {
		return id, nil
	}
	return newID()
}

// newID draws a random UUID (RFC 9562 section 5.4).
func newID() (string, error) {
	var u sallyport.UUID
	if _, err := rand.Read(u[:]); err != nil {
		return "", fmt.Errorf("draw an id: %w", err)
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u.String(), nil
}
