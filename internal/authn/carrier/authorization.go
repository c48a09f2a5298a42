package carrier

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// MaxBasic is the longest user name, colon and password, decoded. A buffer of
// this size lets [DecodeBasic] do without allocating.
const MaxBasic = MaxLogin + 1 + MaxPassword

// maxBasicText is MaxBasic in base64. It decodes to no more than MaxBasic bytes,
// since that is a multiple of three.
const maxBasicText = (MaxBasic + 2) / 3 * 4

// strictBase64 refuses bits that encode nothing, so that one credential has one
// spelling.
var strictBase64 = base64.StdEncoding.Strict()

// scheme returns the word of a Bearer carrier.
func (c *Carrier) scheme() string {
	if c.Name == "" {
		return "Bearer"
	}
	return c.Name
}

// hasScheme reports whether an Authorization value has this scheme, in any case
// (RFC 9110 §11.1). glued also takes a value that goes on behind the word.
func hasScheme(value, scheme string, glued bool) bool {
	n := len(scheme)
	if len(value) < n || value[:n] != scheme && !strings.EqualFold(value[:n], scheme) {
		return false
	}
	return glued || len(value) == n || value[n] == ' ' || !isTokenByte(value[n])
}

// isTokenByte reports whether c may stand in a scheme's word (RFC 9110 §5.6.2).
func isTokenByte(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// parseBearer reads what follows the word: one blank and a token, of which no
// character is looked at.
func parseBearer(rest string, limit int) (token string, fault Fault) {
	switch {
	case len(rest) < 2 || rest[0] != ' ':
		return "", Malformed
	case len(rest)-1 > limit:
		return "", TooLong
	}
	return rest[1:], OK
}

// CheckBearer checks a token against RFC 6750 §2.1: b64token = 1*( ALPHA /
// DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=". A comma means that a second
// credential follows.
func CheckBearer(token string) Fault {
	n := len(token)
	for n > 0 && token[n-1] == '=' {
		n--
	}
	foreign := uint8(0)
	body := token[:n]
	t := &foreignToBearer
	for ; len(body) >= 8; body = body[8:] { // every byte of every token: a quarter faster than one at a time
		foreign |= t[body[0]] | t[body[1]] | t[body[2]] | t[body[3]] | t[body[4]] | t[body[5]] | t[body[6]] | t[body[7]]
	}
	for i := range len(body) {
		foreign |= t[body[i]]
	}
	if n > 0 && foreign == 0 {
		return OK
	}
	switch {
	case strings.IndexByte(token, ',') >= 0:
		return Ambiguous
	case strings.IndexFunc(token, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return NotASCII
	}
	return Malformed
}

// foreignToBearer is 1 for each byte that cannot be in a bearer token before its
// padding. The table is never changed.
var foreignToBearer = bytesForeignToBearer()

func bytesForeignToBearer() (t [256]uint8) {
	for i := range t {
		if !isAlnum(byte(i)) && strings.IndexByte("-._~+/", byte(i)) < 0 {
			t[i] = 1
		}
	}
	return t
}

// parseBasic reads what follows the word: one blank, which lenient makes
// optional, and the base64 text.
func parseBasic(rest string, lenient bool) (login, password string, fault Fault) { //nolint:revive // it is the carrier's option itself
	if text, ok := strings.CutPrefix(rest, " "); ok {
		rest = text
	} else if !lenient {
		return "", "", Malformed
	}
	var scratch [MaxBasic]byte
	loginBytes, passwordBytes, fault := DecodeBasic(scratch[:0], rest)
	if fault != OK {
		return "", "", fault
	}
	// One string for both, so that there is one allocation.
	both := string(scratch[:len(loginBytes)+1+len(passwordBytes)])
	return both[:len(loginBytes)], both[len(loginBytes)+1:], OK
}

// DecodeBasic decodes the credentials of the Basic scheme (RFC 7617 §2), that is
// the base64 text behind the word, into buf from its start. The results are parts
// of buf: user name, colon, password. It allocates only if buf has less capacity
// than [MaxBasic].
//
// The base64 is strict: with padding, without unused bits. The first colon parts
// name and password; both must be there, UTF-8 and without control characters.
func DecodeBasic(buf []byte, text string) (login, password []byte, fault Fault) {
	switch {
	case text == "":
		return nil, nil, Malformed
	case strings.IndexByte(text, ',') >= 0:
		return nil, nil, Ambiguous // a list of credentials
	case len(text) > maxBasicText:
		return nil, nil, TooLong
	case len(text)%4 != 0 || strings.ContainsAny(text, "\r\n"): // the decoder skips line ends
		return nil, nil, Malformed
	}
	var encoded [maxBasicText]byte
	n := copy(encoded[:], text)
	if cap(buf) < MaxBasic {
		buf = make([]byte, MaxBasic)
	}
	buf = buf[:cap(buf)]
	n, err := strictBase64.Decode(buf, encoded[:n])
	if err != nil {
		return nil, nil, Malformed
	}
	login, password, ok := bytes.Cut(buf[:n], []byte{':'})
	if !ok {
		return nil, nil, Malformed
	}
	return login, password, checkLogin(login, password)
}
