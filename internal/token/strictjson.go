package token

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of the JSON in a token. The text is at most 8 KiB, so these only keep
// hostile input cheap.
const (
	maxDepth   = 8
	maxMembers = 64 // of one object; names are compared one by one

	usualMembers = 12 // more than a header has, and most payloads
)

// A member is one member of a JSON object.
type member struct {
	name  string
	value string // raw JSON
}

// parseObject reads text as exactly one JSON object (RFC 8259). It is stricter
// than encoding/json where tokens need it to be: names are compared exactly, no
// object at any depth has a name twice however it is written (RFC 7515 section 4,
// RFC 7519 section 4), the text is UTF-8 without lone surrogates, and nothing
// follows.
func parseObject(text string) ([]member, error) {
	if !utf8.ValidString(text) {
		return nil, malformed("not UTF-8")
	}
	s := scanner{text: text}
	s.space()
	if s.peek() != '{' {
		return nil, malformed("not a JSON object")
	}
	members, err := s.object(1)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(text) {
		return nil, malformed("data after the JSON object")
	}
	return members, nil
}

// A scanner walks once over JSON text.
type scanner struct {
	text string
	pos  int
}

// peek returns the next byte, or 0 at the end. (A NUL in the text is refused by
// every caller just as the end is.)
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// object reads an object, of which the brace is next.
func (s *scanner) object(depth int) ([]member, error) {
	if depth > maxDepth {
		return nil, malformed("JSON nested too deeply")
	}
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return nil, nil
	}
	var members []member
	if depth == 1 {
		members = make([]member, 0, usualMembers)
	}
	for {
		m, err := s.member(depth)
		if err != nil {
			return nil, err
		}
		for _, other := range members {
			if other.name == m.name {
				return nil, malformed("duplicate member")
			}
		}
		if len(members) == maxMembers {
			return nil, malformed("too many members")
		}
		members = append(members, m)
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case '}':
			s.pos++
			return members, nil
		default:
			return nil, malformed("not JSON")
		}
	}
}

func (s *scanner) member(depth int) (member, error) {
	name, err := s.str()
	if err != nil {
		return member{}, err
	}
	s.space()
	if s.peek() != ':' {
		return member{}, malformed("not JSON")
	}
	s.pos++
	s.space()
	start := s.pos
	if err := s.value(depth); err != nil {
		return member{}, err
	}
	return member{name, s.text[start:s.pos]}, nil
}

// value reads any value at the given depth.
func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '{':
		_, err := s.object(depth + 1)
		return err
	case c == '[':
		return s.array(depth + 1)
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return nil
		}
	}
	return malformed("not JSON")
}

// array reads an array, of which the bracket is next.
func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return malformed("JSON nested too deeply")
	}
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.value(depth); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case ']':
			s.pos++
			return nil
		default:
			return malformed("not JSON")
		}
	}
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return malformed("not a JSON number")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return malformed("not a JSON number")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return malformed("not a JSON number")
		}
	}
	return nil
}

func (s *scanner) digits() (n int) {
	for '0' <= s.peek() && s.peek() <= '9' {
		s.pos++
		n++
	}
	return n
}

// str reads a string and returns what it means. Without escapes it is a part of
// the text and costs nothing.
func (s *scanner) str() (string, error) {
	if s.peek() != '"' {
		return "", malformed("not JSON")
	}
	s.pos++
	start := s.pos
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return s.text[start : s.pos-1], nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return "", malformed("control character in a JSON string")
		}
		s.pos++
	}
	return "", malformed("JSON string without end")
}

// escaped reads the rest of a string from its first escape.
func (s *scanner) escaped(start int) (string, error) {
	out := []byte(s.text[start:s.pos])
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return string(out), nil
		case c < 0x20:
			return "", malformed("control character in a JSON string")
		case c != '\\':
			out = append(out, c)
			s.pos++
		default:
			s.pos++
			var err error
			if out, err = s.escape(out); err != nil {
				return "", err
			}
		}
	}
	return "", malformed("JSON string without end")
}

// escape reads what follows a backslash and appends what it means.
func (s *scanner) escape(out []byte) ([]byte, error) {
	c := s.peek()
	s.pos++
	switch c {
	case '"', '\\', '/':
		return append(out, c), nil
	case 'b':
		return append(out, '\b'), nil
	case 'f':
		return append(out, '\f'), nil
	case 'n':
		return append(out, '\n'), nil
	case 'r':
		return append(out, '\r'), nil
	case 't':
		return append(out, '\t'), nil
	case 'u':
		r, err := s.unicode()
		if err != nil {
			return nil, err
		}
		return utf8.AppendRune(out, r), nil
	}
	return nil, malformed("unknown escape in a JSON string")
}

// unicode reads the digits after \u, and the low surrogate after a high one.
func (s *scanner) unicode() (rune, error) {
	hi, err := s.hex4()
	if err != nil || hi < 0xd800 || hi > 0xdfff {
		return hi, err
	}
	if hi > 0xdbff || !strings.HasPrefix(s.text[s.pos:], `\u`) {
		return 0, malformed("lone surrogate in a JSON string")
	}
	s.pos += 2
	lo, err := s.hex4()
	if err != nil {
		return 0, err
	}
	if lo < 0xdc00 || lo > 0xdfff {
		return 0, malformed("lone surrogate in a JSON string")
	}
	return (hi-0xd800)<<10 + (lo - 0xdc00) + 0x10000, nil
}

func (s *scanner) hex4() (rune, error) {
	if len(s.text)-s.pos < 4 {
		return 0, malformed("unknown escape in a JSON string")
	}
	digits := s.text[s.pos : s.pos+4]
	s.pos += 4
	for i := range 4 { // ParseUint would take signs and underscores
		if c := lower(digits[i]); (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0, malformed("unknown escape in a JSON string")
		}
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	return rune(v), err
}

// The readers below take a raw value that parseObject has checked.

// readString returns a value that is a string.
func readString(raw string) (string, error) {
	if raw == "" || raw[0] != '"' {
		return "", malformed("not a string")
	}
	s := scanner{text: raw}
	return s.str()
}

// readStrings returns a value that is a string or an array of strings, of which
// it takes up to maxMembers.
func readStrings(raw string) ([]string, error) {
	if raw != "" && raw[0] == '"' {
		one, err := readString(raw)
		return []string{one}, err
	}
	return readArray(raw)
}

func readArray(raw string) ([]string, error) {
	if raw == "" || raw[0] != '[' {
		return nil, malformed("not an array of strings")
	}
	s := scanner{text: raw, pos: 1}
	s.space()
	var out []string
	for s.peek() != ']' {
		one, err := s.str()
		if err != nil {
			return nil, malformed("not an array of strings")
		}
		out = append(out, one)
		s.space()
		if s.peek() == ',' {
			s.pos++
			s.space()
		}
	}
	return out, nil
}

// readInteger returns a value that is a non-negative integer written as digits
// alone: no sign, fraction or exponent, and below 10^15.
func readInteger(raw string) (int64, error) {
	if raw == "" || len(raw) > 15 {
		return 0, malformed("not an integer")
	}
	for i := range len(raw) {
		if raw[i] < '0' || raw[i] > '9' {
			return 0, malformed("not an integer")
		}
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return 0, malformed("not an integer")
	}
	return n, nil
}
