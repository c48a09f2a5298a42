package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a pattern.
const (
	maxPattern  = 2048 // bytes
	maxSegments = 64
	maxValues   = 16 // names in a pattern, and so path values of a request
)

// A segmentKind says what one segment of a pattern takes.
type segmentKind uint8

const (
	literal segmentKind = iota
	oneSegment
	restOfPath
)

// A segment is one part of a pattern between slashes.
type segment struct {
	kind segmentKind
	text string // of a literal: canonical escaped text; else the name
}

// parsePattern reads a path pattern below a base path. The pattern "/" has no
// segments; a trailing slash elsewhere is one more, empty, literal segment.
func parsePattern(pattern string) ([]segment, error) {
	switch {
	case pattern == "":
		return nil, errors.New(`the path is missing; write "/" for the base path itself`)
	case len(pattern) > maxPattern:
		return nil, fmt.Errorf("the path is longer than %d bytes", maxPattern)
	case pattern[0] != '/':
		return nil, fmt.Errorf("the path %q does not begin with a slash; write %q", pattern, "/"+pattern)
	case pattern == "/":
		return nil, nil
	}
	parts := strings.Split(pattern[1:], "/")
	if len(parts) > maxSegments {
		return nil, fmt.Errorf("the path %q has more than %d segments", pattern, maxSegments)
	}
	segments := make([]segment, 0, len(parts))
	names := map[string]bool{}
	for i, part := range parts {
		s, err := parseSegment(part, len(parts)-1-i)
		if err != nil {
			return nil, fmt.Errorf("the path %q: %w", pattern, err)
		}
		if s.kind != literal {
			if names[s.text] {
				return nil, fmt.Errorf("the path %q has the name %q twice; give each segment a name of its own", pattern, s.text)
			}
			names[s.text] = true
		}
		segments = append(segments, s)
	}
	if len(names) > maxValues {
		return nil, fmt.Errorf("the path %q has more than %d names", pattern, maxValues)
	}
	return segments, nil
}

// parseSegment reads one segment that has so many others after it.
func parseSegment(part string, after int) (segment, error) {
	if part == "" {
		if after == 0 {
			return segment{}, nil
		}
		return segment{}, errors.New(`has an empty segment ("//"); take one of the slashes out`)
	}
	if !strings.ContainsAny(part, "{}") {
		text, err := canonicalSegment(part)
		return segment{kind: literal, text: text}, err
	}
	name, ok := strings.CutPrefix(part, "{")
	if ok {
		name, ok = strings.CutSuffix(name, "}")
	}
	if !ok || strings.ContainsAny(name, "{}") {
		return segment{}, fmt.Errorf("the segment %q is neither literal nor one whole {name}; a name stands for a whole segment", part)
	}
	kind := oneSegment
	if before, isRest := strings.CutSuffix(name, "..."); isRest {
		if after > 0 {
			return segment{}, fmt.Errorf("%q takes the rest of the path, so it must be the last segment", part)
		}
		name, kind = before, restOfPath
	}
	if !isValueName(name) {
		return segment{}, fmt.Errorf("%q is not a name: use letters, digits and underscores, with a letter first", part)
	}
	return segment{kind: kind, text: name}, nil
}

// isValueName reports whether a path value can have this name.
func isValueName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !isLetter(c) && (i == 0 || !isDigit(c) && c != '_') {
			return false
		}
	}
	return true
}

// canonicalSegment returns a literal segment as it looks in a canonical request
// path: what may stand raw in a segment is raw (RFC 3986 section 3.3), all else
// is escaped in upper case, and an escaped plus or semicolon stays as it is. What can never be
// in a canonical path is an error, because a route with it would silently never
// match.
func canonicalSegment(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("the segment %q is not UTF-8", s)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, escaped := s[i], false
		if c == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", fmt.Errorf("the segment %q has a percent sign without two hexadecimal digits after it", s)
			}
			c, escaped = unhex(s[i+1])<<4|unhex(s[i+2]), true
			i += 2
		}
		switch {
		case c == '\\' || c == '%' || c < ' ' || c == 0x7f:
			return "", fmt.Errorf("the segment %q has a backslash, a percent sign or a control character, which no path may have", s)
		case c == '?' || c == '#':
			return "", fmt.Errorf("the segment %q has a %q, which ends a path; a query is matched with a parameter", s, c)
		case isPlain(c) || !escaped && (c == '+' || c == ';'):
			b.WriteByte(c)
		default:
			writeEscaped(&b, c)
		}
	}
	text := b.String()
	if text == "." || text == ".." {
		return "", fmt.Errorf("%q is a dot segment, which no path may have", s)
	}
	if !utf8.ValidString(unescape(text)) {
		return "", fmt.Errorf("the segment %q is not UTF-8 when its escapes are decoded", s)
	}
	return text, nil
}

// isPlain reports whether c always stands raw in a canonical segment.
func isPlain(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*,=:@", c) >= 0
}

func writeEscaped(b *strings.Builder, c byte) {
	const hex = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// unescape decodes a segment of a canonical path. It allocates only if there
// is something to decode.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
