package wire

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// A verdict says what is to be done with a request.
type verdict int

const (
	serve      verdict = iota
	hand               // to net/http
	incomplete         // more has to be read
	malformed          // 400
)

// A scan looks for the end of a head as its bytes come in. Each is looked at
// once, however small the pieces are.
type scan struct {
	line int // where the present line starts
	seen int // bytes that were looked at
}

// end returns the length of the head with the empty line that ends it. A head
// must not begin with an empty line, and each line must end in CRLF: where a bare
// LF ends a line for one program and not for another, they see different headers.
func (s *scan) end(b []byte) (n int, v verdict) {
	for {
		i := bytes.IndexByte(b[s.seen:], '\n')
		if i < 0 {
			s.seen = len(b)
			return 0, incomplete
		}
		i += s.seen
		if i == s.line || b[i-1] != '\r' || i == 1 {
			return 0, malformed
		}
		if i-1 == s.line {
			return i + 1, serve
		}
		s.line, s.seen = i+1, i+1
	}
}

// ours reports whether a head begins with a request line that is served here:
// METHOD SP PREFIX... SP HTTP/1.1. It looks at the first line alone, which may
// not be whole yet; then it reports false.
func ours(b []byte, prefix string) bool {
	line, _, whole := bytes.Cut(b, []byte("\r\n"))
	if !whole {
		return false
	}
	method, rest, ok := bytes.Cut(line, []byte{' '})
	return ok && isToken(string(method)) && string(method) != http.MethodConnect &&
		len(rest) > len(prefix)+len(version) && string(rest[:len(prefix)]) == prefix && bytes.HasSuffix(rest, []byte(version))
}

const version = " HTTP/1.1"

// read makes a request of a head that is ours, with its empty line. Names and
// values are parts of it. The header of the request must be empty; its values are
// kept in room.
func read(head string, r *http.Request, room *[]string) verdict {
	line, rest, _ := strings.Cut(head, "\r\n")
	method, target, _ := strings.Cut(line, " ")
	target = target[:len(target)-len(version)]
	r.Method, r.RequestURI = method, target
	if v := readTarget(target, r); v != serve {
		return v
	}
	return readFields(rest, r, room)
}

// readTarget sets the URL.
func readTarget(target string, r *http.Request) verdict {
	plain := true
	for i := range len(target) {
		c := target[i]
		if c <= ' ' || c >= 0x7f {
			return malformed
		}
		plain = plain && kinds[c]&pathByte != 0
	}
	if plain {
		*r.URL = url.URL{Path: target}
		return serve
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return malformed
	}
	r.URL = u
	return serve
}

// readFields reads the header lines and what they say about the framing.
func readFields(rest string, r *http.Request, room *[]string) verdict {
	values := (*room)[:0]
	hosts, lengths, marks := 0, 0, uint64(0)
	v := serve
	for rest != "\r\n" {
		end := strings.IndexByte(rest, '\n')
		line := rest[:end-1]
		rest = rest[end+1:]
		colon := strings.IndexByte(line, ':')
		if colon <= 0 { // a folded line begins with a blank
			return malformed
		}
		name, ok := FieldName(line[:colon])
		if !ok {
			return malformed
		}
		value := trim(line[colon+1:])
		if !IsValue(value) {
			return malformed
		}
		switch name {
		case "Host":
			hosts++
			r.Host = value
			continue
		case "Transfer-Encoding":
			return malformed
		case "Content-Length":
			if lengths++; lengths > 1 || !isNumber(value) {
				return malformed
			}
			if value != "0" {
				v = hand
			}
		case "Expect":
			v = hand
		case "Connection":
			r.Close = r.Close || hasToken(value, "close")
		}
		// A look-up in the map for each name, only to find that it is not there yet,
		// costs as much as all else that is done with a line. So names are marked
		// by length and two letters, and only one that may be there is looked up.
		mark := uint64(1) << ((7*len(name) + int(name[len(name)-1]) + 3*int(name[len(name)/2])) % 64)
		if marks&mark != 0 {
			if before := r.Header[name]; before != nil {
				r.Header[name] = append(before, value)
				continue
			}
		}
		marks |= mark
		values = append(values, value)
		r.Header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	*room = values
	if hosts != 1 {
		return malformed
	}
	if !isHost(r.Host) {
		return hand
	}
	fixCacheControl(r.Header)
	return v
}

// FieldName returns the canonical form of a field's name, and whether it is one.
// Proxies write most names in that form, which is then seen in the pass that
// checks the letters.
func FieldName(name string) (string, bool) {
	common, canonical, first := tokenByte, true, true
	for i := range len(name) {
		c := name[i]
		common &= kinds[c]
		if first {
			canonical = canonical && (c < 'a' || c > 'z')
		} else {
			canonical = canonical && (c < 'A' || c > 'Z')
		}
		first = c == '-'
	}
	switch {
	case common == 0:
		return "", false
	case canonical:
		return name, true
	}
	if known, ok := spellings[name]; ok {
		return known, true
	}
	return textproto.CanonicalMIMEHeaderKey(name), true
}

// fixCacheControl reads the Pragma of HTTP/1.0 as net/http does.
func fixCacheControl(h http.Header) {
	if pragma := h["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" && h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"}
	}
}

// Kinds of bytes.
const (
	tokenByte uint8 = 1 << iota // RFC 9110 section 5.6.2
	valueByte                   // of a field (RFC 9110 section 5.5)
	hostByte                    // of a host with its port
	pathByte                    // that stands for itself in a path and needs no thought
)

// kinds is the table of all bytes. It is never changed.
var kinds = kindsOfBytes()

func kindsOfBytes() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if alnum || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 {
			t[i] |= tokenByte
		}
		if c >= ' ' && c != 0x7f || c == '\t' {
			t[i] |= valueByte
		}
		if alnum || strings.IndexByte("-._:[]", c) >= 0 {
			t[i] |= hostByte
		}
		if alnum || strings.IndexByte("-._~/", c) >= 0 {
			t[i] |= pathByte
		}
	}
	return t
}

func isToken(s string) bool { return s != "" && all(s, tokenByte) }
func isHost(s string) bool  { return s != "" && all(s, hostByte) }

// IsValue reports whether s may be the value of a field. It looks at eight bytes
// at a time for one below a blank or a DEL; where there may be one, at each.
func IsValue(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	rest := s
	for ; len(rest) >= 8; rest = rest[8:] {
		w := uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24 |
			uint64(rest[4])<<32 | uint64(rest[5])<<40 | uint64(rest[6])<<48 | uint64(rest[7])<<56
		del := w ^ 0x7f*ones
		if ((w-' '*ones)&^w|(del-ones)&^del)&highs != 0 {
			return all(rest, valueByte)
		}
	}
	return rest == "" || all(rest, valueByte)
}

// all reports whether all bytes are of a kind. It does not stop at the first that
// is not, since nearly all heads are sound.
func all(s string, kind uint8) bool {
	common := kind
	for i := range len(s) {
		common &= kinds[s[i]]
	}
	return common != 0
}

// trim cuts off blanks and tabs at both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// isNumber reports whether s is a length; one that is too large is for net/http
// to refuse.
func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// hasToken reports whether a comma-separated list has a token, in any case.
func hasToken(list, token string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(trim(one), token) {
			return true
		}
	}
	return false
}
