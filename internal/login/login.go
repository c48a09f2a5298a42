// Package login has the one canonical form of login names. Whoever looks a user
// up, counts failures, remembers a success or writes a login down does it with
// this form, so that no spelling of a name is a way around any of them.
package login

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport"
)

// MaxLen is the length of the longest login in canonical form, in bytes.
const MaxLen = 128

// Canonical returns the canonical form of a login: Unicode normalization form C
// in lower case. It is idempotent. Spaces are not trimmed; a login has none.
//
// The error is of kind [sallyport.Invalid], says what no login can have, and does
// not quote the login, which may be a password typed into the wrong field. At a
// door it means: no user has this login.
func Canonical(login string) (string, error) {
	switch {
	case login == "":
		return "", invalid("must not be empty")
	case len(login) > 2*MaxLen: // a bound on the work below
		return "", invalid("is too long: at most 128 bytes")
	case !utf8.ValidString(login):
		return "", invalid("is not valid UTF-8")
	}
	canonical := norm.NFC.String(login)
	for range 4 { // lower case can undo NFC, and NFC lower case
		next := norm.NFC.String(strings.ToLower(canonical))
		if next == canonical {
			return check(canonical)
		}
		canonical = next
	}
	return "", invalid("has no canonical form: use simpler characters")
}

// check refuses what cannot be told from something else by eye or by another
// program: a colon ends the user name in Basic (RFC 7617 section 2), and slashes
// separate a realm from it.
func check(canonical string) (string, error) {
	if len(canonical) > MaxLen {
		return "", invalid("is too long: at most 128 bytes")
	}
	for _, r := range canonical {
		switch {
		case r == ':' || r == '/' || r == '\\':
			return "", invalid("must not contain a colon or a slash")
		case unicode.IsSpace(r):
			return "", invalid("must not contain spaces")
		case !unicode.IsPrint(r):
			return "", invalid("must not contain control or invisible characters")
		}
	}
	if first, _ := utf8.DecodeRuneInString(canonical); unicode.Is(unicode.M, first) {
		return "", invalid("must not begin with a combining character")
	}
	return canonical, nil
}

func invalid(what string) error { return sallyport.ErrInvalid("login", "the login "+what) }
