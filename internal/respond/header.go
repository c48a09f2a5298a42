package respond

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// Names of the headers that tell a caller about the decision.
const (
	HeaderRequestID = "X-Request-Id"
	HeaderRevision  = "X-Sallyport-Revision"
	HeaderStatus    = "X-Sallyport-Status" // see [ForNginx]
)

// longestID bounds a request id that is repeated in an answer.
const longestID = 128

// Vary returns the names of the request headers on which an answer to an API
// with this accept list depends, for the Vary header (RFC 9110 section 12.5.5):
// those that carry credentials and those that choose the tenant or realm.
func Vary(accept []sallyport.Accept, selectors ...*sallyport.Selector) []string {
	names := []string{"Authorization", "Cookie"}
	add := func(name string) {
		name = http.CanonicalHeaderKey(name)
		if isToken(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, a := range accept {
		if a.In == sallyport.CarrierHeader {
			add(a.Name)
		}
	}
	for _, s := range selectors {
		if s != nil && s.From == "header" {
			add(s.Name)
		}
	}
	return names
}

// setVary adds names to the Vary header, without saying one twice.
func setVary(h http.Header, names []string) {
	var said []string
	for _, line := range h.Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				said = append(said, name)
			}
		}
	}
	for _, name := range names {
		same := func(s string) bool { return strings.EqualFold(s, name) }
		if isToken(name) && !slices.ContainsFunc(said, same) {
			said = append(said, name)
		}
	}
	h.Set("Vary", strings.Join(said, ", "))
}

// cleanID returns id if it can stand in a header and a log as it is, else "".
func cleanID(id string) string {
	if len(id) > longestID {
		return ""
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return ""
		}
	}
	return id
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2), as names of
// headers and methods are.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// quote returns s as a quoted-string (RFC 9110 section 5.6.4). Bytes that are
// not visible ASCII or a space become a question mark: some clients cannot read
// them, and a line break must never get this far.
func quote(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = append(b, '?')
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
