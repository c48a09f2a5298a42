package target

import (
	"strings"
	"unicode/utf8"
)

// A byteClass says what a raw byte of a path means.
type byteClass uint8

const (
	control   byteClass = iota // C0, blank, DEL
	plain                      // stands for itself
	percent                    // starts an escape
	foreign                    // visible, but must be escaped in a path
	number                     // "#"
	backslash                  // "\"
	semicolon                  // ";"
	high                       // above 0x7F
)

// Characters of a path segment besides letters and digits (RFC 3986 §3.3,
// pchar), without the semicolon.
const (
	unreservedMarks = "-._~"
	segmentMarks    = "!$&'()*,=:@"
)

// classes maps each byte to its class.
var classes = byteClasses()

func byteClasses() (t [256]byteClass) {
	for c := range t {
		switch b := byte(c); {
		case b <= ' ' || b == 0x7F:
			t[c] = control
		case b > 0x7F:
			t[c] = high
		case isAlnum(b) || strings.IndexByte(unreservedMarks+segmentMarks+"/+", b) >= 0:
			t[c] = plain
		default:
			t[c] = foreign
		}
	}
	t['%'], t['#'], t['\\'], t[';'] = percent, number, backslash, semicolon
	return t
}

// canonicalPath returns the one spelling of raw, which starts with "/" and has
// no "?". It returns raw itself if that is the one.
func canonicalPath(raw string, opt Options) (string, Fault) {
	if isCanonical(raw) {
		return raw, OK
	}
	if len(raw) > MaxPath {
		return "", PathTooLong
	}
	canonical, fault := respell(raw, opt)
	if fault != OK {
		return "", fault
	}
	if len(canonical) > MaxPath {
		return "", PathTooLong
	}
	if fault := checkSegments(canonical, opt); fault != OK {
		return "", fault
	}
	return canonical, OK
}

// isCanonical reports that raw is the one spelling of itself and breaks no rule,
// whatever the options. It reads each byte once, and leaves it to the long way to
// judge what is uncommon: a segment that is empty or begins with a dot, and a path
// so long that its segments might be too many.
func isCanonical(raw string) bool {
	if len(raw) > MaxSegments {
		return false
	}
	before := byte(0)
	for i := range len(raw) {
		c := raw[i]
		if classes[c] != plain || before == '/' && (c == '/' || c == '.') {
			return false
		}
		before = c
	}
	return true
}

// respell decodes, encodes and upper-cases until every character is spelt in
// its one way. It copies from the first difference on.
func respell(raw string, opt Options) (string, Fault) {
	var out []byte // nil as long as there is no difference
	for i := 0; ; {
		start := i
		for i < len(raw) && classes[raw[i]] == plain {
			i++
		}
		if out != nil {
			out = append(out, raw[start:i]...)
		}
		if i == len(raw) {
			break
		}
		var scratch [3 * utf8.UTFMax]byte
		unit, width, fault := appendUnit(scratch[:0], raw[i:], opt)
		if fault != OK {
			return "", fault
		}
		if out == nil && string(unit) != raw[i:i+width] {
			out = append(make([]byte, 0, len(raw)+16), raw[:i]...)
		}
		if out != nil {
			out = append(out, unit...)
		}
		i += width
	}
	if out == nil {
		return raw, OK
	}
	return string(out), OK
}

// appendUnit appends the canonical spelling of the first character of s, which
// is not plain, and returns how many bytes of s it took.
func appendUnit(dst []byte, s string, opt Options) (unit []byte, width int, fault Fault) {
	switch classes[s[0]] {
	case percent:
		return appendEscape(dst, s, opt)
	case foreign:
		return appendHex(dst, s[0]), 1, OK
	case semicolon:
		if opt.AllowSemicolon {
			return append(dst, ';'), 1, OK
		}
		return nil, 0, Semicolon
	case number:
		return nil, 0, Fragment
	case backslash:
		return nil, 0, Backslash
	case high:
		return nil, 0, NonASCII
	case plain:
		return append(dst, s[0]), 1, OK
	case control:
	}
	return nil, 0, ControlCharacter
}

// appendEscape is appendUnit for an escape.
func appendEscape(dst []byte, s string, opt Options) (unit []byte, width int, fault Fault) {
	c, ok := unhex(s)
	if !ok {
		return nil, 0, BadEscape
	}
	switch {
	case c == '/':
		fault = faultUnless(opt.AllowEncodedSlash, EncodedSlash)
	case c == ';':
		fault = faultUnless(opt.AllowSemicolon, Semicolon)
	case c == '%':
		fault = EncodedPercent
	case c == '?' || c == '#':
		fault = EncodedDelimiter
	case c == '\\':
		fault = Backslash
	case c < ' ' || c == 0x7F:
		fault = ControlCharacter
	case c > 0x7F:
		return appendRune(dst, s)
	case c != '+' && classes[c] == plain:
		return append(dst, c), 3, OK
	}
	if fault != OK {
		return nil, 0, fault
	}
	return appendHex(dst, c), 3, OK
}

// faultUnless returns fault if the rule was not opened.
func faultUnless(opened bool, fault Fault) Fault { //nolint:revive // it is the option itself
	if opened {
		return OK
	}
	return fault
}

// appendRune appends the escapes of one character beyond ASCII. Raw bytes
// beyond ASCII are refused, so the whole character is escaped or it is not
// UTF-8.
func appendRune(dst []byte, s string) (unit []byte, width int, fault Fault) {
	var encoded [utf8.UTFMax]byte
	n := 0
	for n < len(encoded) {
		c, ok := unhex(s[3*n:])
		if !ok || c < utf8.RuneSelf {
			break
		}
		encoded[n] = c
		n++
	}
	r, size := utf8.DecodeRune(encoded[:n])
	if r == utf8.RuneError && size <= 1 {
		return nil, 0, InvalidUTF8
	}
	if r < 0xA0 { // U+0080 to U+009F are controls too.
		return nil, 0, ControlCharacter
	}
	for _, c := range encoded[:size] {
		dst = appendHex(dst, c)
	}
	return dst, 3 * size, OK
}

// checkSegments looks at each segment of a respelt path. An encoded slash,
// which is there only if it was allowed, counts as a slash: the next server may
// decode it.
func checkSegments(canonical string, opt Options) Fault {
	// Most paths have neither; their segments need not be searched for them.
	escapes := strings.IndexByte(canonical, '%') >= 0
	semicolons := escapes || strings.IndexByte(canonical, ';') >= 0
	rest := canonical[1:]
	for n := 1; ; n++ {
		if n > MaxSegments {
			return TooManySegments
		}
		segment, tail, more := strings.Cut(rest, "/")
		if escapes {
			segment, tail, more = cutSegment(rest)
		}
		name := segment
		if semicolons {
			name = withoutParameters(segment)
		}
		switch {
		case isDots(name):
			return DotSegment
		case name != "", segment == "" && !more: // the latter is a trailing slash
		case n == 1, !opt.AllowEmptySegments:
			return EmptySegment
		}
		if !more {
			return OK
		}
		rest = tail
	}
}

// cutSegment splits s at its first slash, plain or encoded.
func cutSegment(s string) (segment, tail string, more bool) {
	segment, tail, more = strings.Cut(s, "/")
	if i := strings.Index(segment, "%2F"); i >= 0 {
		return s[:i], s[i+len("%2F"):], true
	}
	return segment, tail, more
}

// withoutParameters cuts a segment at its first semicolon, plain or encoded.
func withoutParameters(segment string) string {
	if i := strings.IndexByte(segment, ';'); i >= 0 {
		segment = segment[:i]
	}
	if i := strings.Index(segment, "%3B"); i >= 0 {
		segment = segment[:i]
	}
	return segment
}

// isDots reports whether a segment is "." or "..", or would be once a file
// system that ignores trailing blanks has seen it.
func isDots(segment string) bool {
	if segment == "" || segment[0] != '.' {
		return false
	}
	for strings.HasSuffix(segment, "%20") {
		segment = segment[:len(segment)-3]
	}
	return segment == "." || segment == ".."
}

// unhex decodes the escape at the start of s.
func unhex(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	hi, lo := hexValue(s[1]), hexValue(s[2])
	return hi<<4 | lo&0xF, hi < 16 && lo < 16
}

// hexValue returns the value of a hexadecimal digit, and 16 for another byte.
func hexValue(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// appendHex appends the escape of c.
func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[c>>4], digits[c&0xF])
}
