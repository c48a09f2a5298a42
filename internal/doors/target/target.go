package target

import (
	"net/url"
	"strings"
)

// Limits of a request target, in bytes unless said otherwise.
const (
	// MaxMethod is the longest method.
	MaxMethod = 32
	// MaxTarget is the longest request target, authority and query included.
	MaxTarget = 16 << 10
	// MaxPath is the longest path, before and after it was made canonical.
	MaxPath = 8 << 10
	// MaxQuery is the longest query.
	MaxQuery = 8 << 10
	// MaxSegments is the largest number of path segments.
	MaxSegments = 256
)

// Options opens single rules for one API. The zero Options opens none.
type Options struct {
	// Scheme is "http" or "https": what the client used to get here. Its
	// default port is taken off the host. With another value no port is.
	// An absolute target names its own.
	Scheme string
	// AllowEncodedSlash lets "%2F" pass, as "%2F". Between encoded slashes the
	// rules for segments hold as between plain ones.
	AllowEncodedSlash bool
	// AllowSemicolon lets ";" and "%3B" pass, each as it came. A segment is
	// still refused when it is empty or a dot segment up to the semicolon.
	AllowSemicolon bool
	// AllowEmptySegments lets "//" pass, except at the very start, where it
	// reads as the beginning of a host.
	AllowEmptySegments bool
}

// A Target says what a request is aimed at. The same strings are matched and
// forwarded.
type Target struct {
	// Path is the canonical, escaped path; it starts with "/".
	Path string
	// RawQuery is the query as it was sent, without the question mark.
	RawQuery string
	// ForceQuery is set if there was a question mark with nothing behind it.
	ForceQuery bool
	// Host is the canonical host, with its port if that is not the default.
	Host string
	// Absolute is set if the target was an absolute URI. Its authority is then
	// the Host, and the Host header was ignored (RFC 9112 §3.2.2).
	Absolute bool
	// Rewritten is set if Path differs from the bytes that were sent. A surface
	// that cannot change what its proxy forwards may want to know.
	Rewritten bool
}

// Parse reads a request target.
//
// rawTarget is the second word of the request line, or :path in HTTP/2; host is
// the Host header or :authority. Nothing is allocated for a target that is
// canonical already: the results are substrings of the arguments. With a Fault
// other than [OK] the Target is zero.
func Parse(method, rawTarget, host string, opt Options) (Target, Fault) {
	if fault := CheckMethod(method); fault != OK {
		return Target{}, fault
	}
	if len(rawTarget) > MaxTarget {
		return Target{}, TargetTooLong
	}
	var t Target
	rest := rawTarget
	if rest == "" || rest[0] != '/' {
		scheme, authority, tail, fault := splitAbsolute(rawTarget)
		if fault != OK {
			return Target{}, fault
		}
		// RFC 9112 §3.2.2: the authority of an absolute target replaces Host.
		t.Absolute, rest, host, opt.Scheme = true, tail, authority, scheme
	}
	rawPath, query, hasQuery := strings.Cut(rest, "?")
	if rawPath == "" {
		rawPath = "/" // RFC 9110 §4.2.3: an empty path is "/".
	}
	var fault Fault
	if t.Path, fault = canonicalPath(rawPath, opt); fault != OK {
		return Target{}, fault
	}
	if fault = checkQuery(query); fault != OK {
		return Target{}, fault
	}
	if t.Host, fault = CanonicalHost(host, opt.Scheme); fault != OK {
		return Target{}, fault
	}
	t.RawQuery, t.ForceQuery = query, hasQuery && query == ""
	t.Rewritten = t.Path != rawPath
	return t, OK
}

// splitAbsolute takes apart a target that does not start with a slash. The
// tail is what follows the authority: empty, or from "/" or "?" on.
func splitAbsolute(raw string) (scheme, authority, tail string, fault Fault) {
	switch {
	case raw == "":
		return "", "", "", TargetMissing
	case raw == "*":
		return "", "", "", AsteriskForm
	case hasPrefixFold(raw, "http://"):
		scheme = "http"
	case hasPrefixFold(raw, "https://"):
		scheme = "https"
	case strings.IndexByte(raw, '/') < 0 && strings.IndexByte(raw, ':') > 0:
		return "", "", "", AuthorityForm
	default:
		return "", "", "", NoLeadingSlash
	}
	authority = raw[len(scheme)+len("://"):]
	if i := strings.IndexAny(authority, "/?#\\"); i >= 0 {
		authority, tail = authority[:i], authority[i:]
	}
	if strings.IndexByte(authority, '@') >= 0 {
		return "", "", "", Userinfo
	}
	if tail != "" && tail[0] == '#' {
		return "", "", "", Fragment
	}
	if tail != "" && tail[0] == '\\' {
		return "", "", "", Backslash
	}
	return scheme, authority, tail, OK
}

// hasPrefixFold reports whether s starts with prefix, which is lower case, in
// any case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// checkQuery refuses what may not stand in a request line.
func checkQuery(query string) Fault {
	if len(query) > MaxQuery {
		return QueryTooLong
	}
	for i := range len(query) {
		if fault := queryFaults[query[i]]; fault != OK {
			return fault
		}
	}
	return OK
}

// queryFaults is what is wrong with each byte in a query. It is never changed.
var queryFaults = faultsOfQuery()

func faultsOfQuery() (t [256]Fault) {
	for i := range t {
		switch c := byte(i); {
		case c <= ' ' || c == 0x7F:
			t[i] = ControlCharacter
		case c > 0x7F:
			t[i] = NonASCII
		case c == '#':
			t[i] = Fragment
		}
	}
	return t
}

// RequestURI returns the target in origin form, as it goes on the wire. It
// allocates nothing if there is no query.
func (t Target) RequestURI() string {
	if t.RawQuery == "" && !t.ForceQuery {
		return t.Path
	}
	return t.Path + "?" + t.RawQuery
}

// SetURL puts path and query into u so that u.RequestURI sends exactly t. It
// leaves scheme and host alone.
func (t Target) SetURL(u *url.URL) {
	u.Opaque = ""
	u.Path = Unescape(t.Path)
	u.RawPath = t.Path
	u.RawQuery, u.ForceQuery = t.RawQuery, t.ForceQuery
	u.Fragment, u.RawFragment = "", ""
}
