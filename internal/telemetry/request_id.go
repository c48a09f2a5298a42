package telemetry

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
)

// Sizes of a request id: 128 random bits in the URL-safe alphabet of base64
// (RFC 4648 section 5), without padding.
const (
	idBytes = 16
	idChars = 22
)

// RequestIDs makes request ids. The zero value is ready for use, and safe for
// use by many goroutines at once.
//
// Random bytes are drawn for many ids at a time, because a system call for each
// would cost more than a decision.
type RequestIDs struct {
	pool sync.Pool // of *idBlock
}

type idBlock struct {
	random [64 * idBytes]byte
	used   int // bytes given out; a new block counts as used up
	fresh  bool
}

// New returns a new request id: 22 characters of A-Z, a-z, 0-9, "-" and "_", of
// which the first is no "-": people paste ids behind commands, which would take
// them for an option. Ids are unique and cannot be guessed.
func (g *RequestIDs) New() string {
	b, _ := g.pool.Get().(*idBlock)
	if b == nil {
		b = new(idBlock)
	}
	if !b.fresh || b.used == len(b.random) {
		_, _ = rand.Read(b.random[:]) // never fails: the program ends first
		b.used, b.fresh = 0, true
	}
	var text [idChars]byte
	base64.RawURLEncoding.Encode(text[:], b.random[b.used:b.used+idBytes])
	if text[0] == '-' {
		text[0] = 'e'
	}
	b.used += idBytes
	g.pool.Put(b)
	return string(text[:])
}

// Keep returns the id that a trusted caller, such as a proxy in front, gave the
// request already in X-Request-Id, if it is there once and is 8 to 64 letters,
// digits and "-", "_", ".", "~"; else a new one. The requests of everybody else
// get an id from [RequestIDs.New], so that nobody can make two look like one.
func (g *RequestIDs) Keep(h http.Header) string {
	if said := h["X-Request-Id"]; len(said) == 1 && isID(said[0]) {
		return said[0]
	}
	return g.New()
}

func isID(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '~' {
			return false
		}
	}
	return len(s) >= 8 && len(s) <= 64
}
