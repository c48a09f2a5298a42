package strictjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// peek returns the next byte, or 0 at the end. (A NUL in the text is refused by
// every caller just as the end is.)
func (r *reader) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return
		}
	}
}

func (r *reader) word(w string) bool {
	if !bytes.HasPrefix(r.text[r.pos:], []byte(w)) {
		return false
	}
	r.pos += len(w)
	return true
}

// number reads a number (RFC 8259 section 6).
func (r *reader) number(path string) bool {
	if r.peek() == '-' {
		r.pos++
	}
	if r.peek() == '0' {
		r.pos++
	} else if !r.digits() {
		return r.notJSON(path)
	}
	if r.peek() == '.' {
		r.pos++
		if !r.digits() {
			return r.notJSON(path)
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.pos++
		if c := r.peek(); c == '+' || c == '-' {
			r.pos++
		}
		if !r.digits() {
			return r.notJSON(path)
		}
	}
	return true
}

func (r *reader) digits() bool {
	from := r.pos
	for '0' <= r.peek() && r.peek() <= '9' {
		r.pos++
	}
	return r.pos > from
}

// str reads a string and returns what it means (RFC 8259 section 7).
func (r *reader) str(path string) (string, bool) {
	if r.peek() != '"' {
		return "", r.notJSON(path)
	}
	r.pos++
	var out []byte
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			if bytes.IndexByte(out, 0) >= 0 { // some stores and programs end a text there
				r.fault(path, "has a NUL character")
			}
			return string(out), true
		case c < ' ':
			r.fault(path, "has a control character in a string, at byte "+strconv.Itoa(r.pos))
			return "", false
		case c == '\\':
			r.pos++
			var ok bool
			if out, ok = r.escape(out); !ok {
				return "", r.notJSON(path)
			}
		default:
			out = append(out, c)
			r.pos++
		}
	}
	return "", r.notJSON(path)
}

// escapes are the characters that may follow a backslash, but u.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash and appends what it means.
func (r *reader) escape(out []byte) ([]byte, bool) {
	c := r.peek()
	r.pos++
	if plain, ok := escapes[c]; ok {
		return append(out, plain), true
	}
	if c != 'u' {
		return nil, false
	}
	hi, ok := r.hex()
	switch {
	case !ok:
		return nil, false
	case hi < 0xd800 || hi > 0xdfff:
		return utf8.AppendRune(out, hi), true
	case hi > 0xdbff || !r.word(`\u`):
		return nil, false // a lone surrogate is no character
	}
	lo, ok := r.hex()
	if !ok || lo < 0xdc00 || lo > 0xdfff {
		return nil, false
	}
	return utf8.AppendRune(out, (hi-0xd800)<<10+(lo-0xdc00)+0x10000), true
}

// hex reads four hexadecimal digits.
func (r *reader) hex() (v rune, ok bool) {
	if len(r.text)-r.pos < 4 {
		return 0, false
	}
	for range 4 {
		c := r.text[r.pos]
		switch {
		case '0' <= c && c <= '9':
			v = v<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
		r.pos++
	}
	return v, true
}
