package telemetry

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	redacted   = "[redacted]"
	maxText    = 8 << 10 // bytes of one logged value
	truncation = "…"
)

// secretNames are the ends of names whose values are secrets, in lower case and
// without separators: "auth_token" and "X-Auth-Token" end in "token".
var secretNames = []string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "authorization", "cookie",
	"privatekey", "masterkey", "pepper", "assertion", "codeverifier", "devicecode", "usercode", "jwt",
}

// secretParameters are whole names that are secrets in a query, but may be
// harmless words in a log.
var secretParameters = []string{"code", "key", "pass", "auth", "sig", "signature", "state", "nonce", "ticket", "session", "login"}

// isSecretName reports whether values of this name are kept out of logs.
func isSecretName(name string) bool {
	name = foldName(name)
	return slices.ContainsFunc(secretNames, func(end string) bool { return strings.HasSuffix(name, end) })
}

// foldName lowers letters and leaves out what separates words.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// RedactQuery returns a raw query for the log: the values of parameters that
// carry credentials are replaced, and so are those whose name or value cannot
// be read. Everything else keeps its bytes.
func RedactQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var b strings.Builder
	for {
		i := strings.IndexAny(raw, "&;")
		pair := raw
		if i >= 0 {
			pair = raw[:i]
		}
		b.WriteString(redactPair(pair))
		if i < 0 {
			return Scrub(b.String())
		}
		b.WriteByte(raw[i])
		raw = raw[i+1:]
	}
}

func redactPair(pair string) string {
	name, value, found := strings.Cut(pair, "=")
	if !found || value == "" {
		return pair
	}
	plain, err := url.QueryUnescape(name)
	if err != nil || isSecretName(plain) || slices.Contains(secretParameters, foldName(plain)) {
		return name + "=" + redacted
	}
	if text, err := url.QueryUnescape(value); err != nil || Scrub(text) != text {
		return name + "=" + redacted
	}
	return pair
}

// RedactURL returns u for the log: without its password, and with its query as
// [RedactQuery] leaves it. The text of a URL that cannot be parsed is not
// shown.
func RedactURL(u string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		return redacted
	}
	parsed.RawQuery = RedactQuery(parsed.RawQuery)
	parsed.Fragment, parsed.RawFragment = "", ""
	return Scrub(parsed.Redacted())
}

// Text that looks like a credential: the shapes of our own secrets, tokens of
// RFC 7519, what follows a scheme of RFC 9110, name=value with a telling name,
// and the password of a URL.
var (
	opaqueText = regexp.MustCompile(`\b(sp[pnkars]_)[0-9A-Za-z]{16,}`)
	jwtText    = regexp.MustCompile(`\beyJ[0-9A-Za-z_-]{8,}(\.[0-9A-Za-z_-]*){1,4}`)
	schemeText = regexp.MustCompile(`(?i)\b(?:bearer|basic|apikey) +[0-9A-Za-z_~+/.=-]{8,}`)
	pairText   = regexp.MustCompile(`(?i)\b([a-z_.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|authorization|cookie)(?:"? *= *"?|" *: *"))[^\s&;"',]+`)
	fieldText  = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|auth-token)(: ?)[^\r\n]+`)
	urlText    = regexp.MustCompile(`(://[^\s/:@]*:)[^\s/@]+@`)
)

// Scrub returns s with everything replaced that looks like a credential, with
// characters that could disturb a terminal (DEL, C1 controls, line and
// paragraph separators, changes of direction) replaced, and cut to 8 KiB.
// The escaping of other control characters is left to the log's format.
func Scrub(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + truncation
	}
	if strings.Contains(s, "sp") && strings.Contains(s, "_") {
		s = opaqueText.ReplaceAllString(s, "${1}"+redacted)
	}
	if strings.Contains(s, "eyJ") {
		s = jwtText.ReplaceAllString(s, redacted)
	}
	if strings.Contains(s, " ") {
		s = schemeText.ReplaceAllStringFunc(s, redactScheme)
	}
	if strings.ContainsAny(s, "=:") {
		s = pairText.ReplaceAllString(s, "${1}"+redacted)
		s = fieldText.ReplaceAllString(s, "${1}${2}"+redacted)
		s = urlText.ReplaceAllString(s, "${1}"+redacted+"@")
	}
	if strings.IndexFunc(s, disturbs) >= 0 {
		s = strings.Map(func(r rune) rune {
			if disturbs(r) {
				return unicode.ReplacementChar
			}
			return r
		}, s)
	}
	return s
}

// redactScheme hides what follows the name of a scheme, unless it is an
// ordinary word, as in "basic authentication".
func redactScheme(s string) string {
	scheme, rest, _ := strings.Cut(s, " ")
	word := strings.TrimLeft(rest, " ")
	if strings.IndexFunc(word[1:], func(r rune) bool { return r < 'a' || r > 'z' }) < 0 {
		return s
	}
	return scheme + " " + redacted
}

// disturbs reports whether a character that JSON leaves as it is could deceive
// whoever reads the log on a terminal.
func disturbs(r rune) bool {
	switch {
	case r < 0x7f:
		return false
	case r <= 0x9f, r == 0x2028, r == 0x2029:
		return true
	default:
		return unicode.Is(unicode.Bidi_Control, r)
	}
}
