package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func quote(s string) string { return strconv.Quote(s) }

// isAPIName reports whether s can be the name of an API.
func isAPIName(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

const localNameRule = "use letters, digits, and . _ : - / between them, at most 128"

// isLocalName reports whether s can be the name of a permission or scope inside
// its API. It is also a scope token of OAuth (RFC 6749 section 3.3).
func isLocalName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	between := true // so that none comes first
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c) || isDigit(c):
			between = false
		case c == '.' || c == '_' || c == ':' || c == '-':
			if i == 0 {
				return false
			}
			between = false
		case c == '/' && !between:
			between = true
		default:
			return false
		}
	}
	return !between
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2), such as the
// name of a header.
func isToken(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

// isOwnHeader reports whether name, in any spelling that some server folds onto
// it, is one by which only Sallyport speaks: X-Sallyport-* and X-Request-Id.
func isOwnHeader(name string) bool {
	folded := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (isLetter(byte(r)) || isDigit(byte(r))) {
			return unicode.ToLower(r)
		}
		return '-'
	}, name)
	return strings.HasPrefix(folded, "x-sallyport-") || folded == "x-request-id"
}

// isText reports whether s is text on one line.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// checkHost checks that a host, if there is one, is in the form that requests
// are brought into.
func checkHost(where, host string, f *faults) {
	if host == "" {
		return
	}
	name, port := withoutPort(host), ""
	if len(name) < len(host) {
		port = host[len(name)+1:]
	}
	switch n, err := strconv.Atoi(port); {
	case strings.Contains(host, "//"):
		f.add(where, "%q is a URL; write the host alone", host)
	case host != strings.ToLower(host):
		f.add(where, "the host %q has upper-case letters; write %q", host, strings.ToLower(host))
	case len(name) < len(host) && (err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port):
		f.add(where, "the host %q has a port that is no number from 1 to 65535", host)
	case port == "80" || port == "443":
		f.add(where, "the host %q names a default port, which requests are stripped of; leave it out", host)
	case !isHostName(name):
		f.add(where, "%q is not a host such as api.example.com, 10.0.0.5 or [2001:db8::5]", host)
	}
}

func isHostName(name string) bool {
	if strings.HasPrefix(name, "[") {
		addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && name == "["+addr.String()+"]"
	}
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// nearest returns the known name that is most like the given one, empty if none
// is like it at all.
func nearest(name string, known []string) string {
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to change, insert or leave out to make b of a. It
// gives up at the bound.
func distance(a, b string, bound int) int {
	if len(a)-len(b) >= bound || len(b)-len(a) >= bound || len(a) > 256 {
		return bound
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
