package carrier

import (
	"strings"
	"unicode/utf8"
)

// checkText checks a key or token that stands alone: visible ASCII, at least one
// byte and at most limit.
func checkText(value string, limit int) Fault {
	switch {
	case value == "":
		return Malformed
	case len(value) > limit:
		return TooLong
	}
	fault := OK
	for i := range len(value) {
		switch c := value[i]; {
		case c >= utf8.RuneSelf:
			return NotASCII
		case c <= ' ' || c == 0x7F:
			fault = Malformed
		}
	}
	return fault
}

// checkHeader is checkText for a header's value, where a comma joins two values
// (RFC 9110 §5.3).
func checkHeader(value string, limit int) Fault {
	if len(value) <= limit && strings.IndexByte(value, ',') >= 0 {
		return Ambiguous
	}
	return checkText(value, limit)
}

// checkLogin checks a user name and password: neither empty nor too long, UTF-8,
// and without control characters (RFC 7617 §2; Unicode's C1 controls count too).
func checkLogin[T string | []byte](login, password T) Fault {
	switch {
	case len(login) > MaxLogin || len(password) > MaxPassword:
		return TooLong
	case len(login) == 0 || len(password) == 0:
		return Malformed
	case !isPrintable(login) || !isPrintable(password):
		return Malformed
	}
	return OK
}

// isPrintable reports whether text is UTF-8 without control characters.
func isPrintable[T string | []byte](text T) bool {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7F {
				return false
			}
			i++
			continue
		}
		var encoded [utf8.UTFMax]byte
		n := copy(encoded[:], text[i:min(len(text), i+utf8.UTFMax)])
		r, size := utf8.DecodeRune(encoded[:n])
		if r == utf8.RuneError && size <= 1 || r < 0xA0 {
			return false
		}
		i += size
	}
	return true
}

// decodeKey decodes and checks a parameter that is a key.
func decodeKey(raw encoded, limit int) (string, Fault) {
	if raw.len() > limit {
		return "", TooLong
	}
	key := raw.text()
	return key, checkText(key, limit)
}

// decodePassword decodes and checks a login and its password. The login may be
// missing: some APIs have passwords that name their user.
func decodePassword(rawLogin, rawPassword encoded) (login, password string, fault Fault) {
	if rawLogin.len() > MaxLogin || rawPassword.len() > MaxPassword {
		return "", "", TooLong
	}
	login, password = rawLogin.text(), rawPassword.text()
	switch {
	case password == "" || !isPrintable(login) || !isPrintable(password):
		return "", "", Malformed
	}
	return login, password, OK
}
