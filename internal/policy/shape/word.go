package shape

import (
	"strings"

	"github.com/sallyport/sallyport/internal/telemetry"
)

// Bounds of a word. They are wide enough for the names that people give to
// things, and too narrow for what programs draw at random.
const (
	maxWord   = 48 // bytes
	maxDigits = 4
	maxPart   = 24 // bytes between two separators
	longPart  = 12 // bytes; a longer part must look more like language
)

// isWord reports whether a segment is a word that can be kept and shown. In
// doubt it is not: a number, an address, a date, a hash, and whatever may be a
// secret.
func isWord(s string) bool {
	if len(s) > maxWord {
		return false
	}
	if isFrame(s) {
		return true
	}
	letters, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c):
			letters++
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("-_.~:,!$()", c) < 0:
			return false
		}
	}
	if letters == 0 || digits > maxDigits || digits > letters {
		return false
	}
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return strings.ContainsRune("-_.~:,!$()", c) }) {
		if !readable(part, len(part) == len(s)) {
			return false
		}
	}
	return telemetry.Scrub(s) == s
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }

// A look is what there is to see of a part.
type look struct {
	upper, lower, vowels int
	rare                 int  // letters that hardly any word has two of
	hex                  bool // nothing but hexadecimal digits
	digit                bool
	turns                int // from letters to digits and back
	lone                 int // small letters between two capitals
	run                  int // the most consonants in a row, within one hump
}

func lookAt(part string) look {
	l := look{hex: true}
	run := 0
	for i := range len(part) {
		c := part[i]
		lower := c | 0x20
		if i > 0 && isLetter(c) != isLetter(part[i-1]) {
			l.turns++
		}
		if !isLetter(c) {
			l.digit, run = true, 0
			continue
		}
		l.hex = l.hex && lower <= 'f'
		if isUpper(c) {
			l.upper++
			if i > 0 && !isUpper(part[i-1]) {
				run = 0 // another word begins
				if i > 1 && isUpper(part[i-2]) {
					l.lone++
				}
			}
		} else {
			l.lower++
		}
		if strings.IndexByte("jqxz", lower) >= 0 {
			l.rare++
		}
		if strings.IndexByte("aeiouy", lower) >= 0 {
			l.vowels++
			run = 0
			continue
		}
		run++
		l.run = max(l.run, run)
	}
	return l
}

// readable reports whether a part of a segment looks as if somebody had named
// something. Who puts words together by capitals does not do so by separators as
// well, so with others beside it a part has a capital in front, if at all.
func readable(part string, alone bool) bool {
	l, n := lookAt(part), len(part)
	mixed := l.upper > 0 && l.lower > 0
	switch {
	case n > maxPart, l.turns > 1:
		return false
	case l.hex && (n >= 8 || l.digit && n >= 5):
		return false
	case mixed && (3*l.upper > n || !alone && (l.upper > 1 || !isUpper(part[0]))):
		return false
	case n > longPart && l.lone > 0:
		return false
	case n > longPart:
		return l.run <= 4 && l.rare <= 1 && 6*l.vowels >= n
	}
	return l.run <= 6 && (n < 8 || l.vowels > 0)
}
