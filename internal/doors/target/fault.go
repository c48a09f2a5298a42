package target

import "net/http"

// A Fault says why a request target was refused. The zero Fault is [OK].
type Fault uint8

// The faults of a request target. They are compared, counted and shown to
// operators by [Fault.String], and told to callers by [Fault.Text].
const (
	// OK is no fault.
	OK Fault = iota
	// MethodMalformed: the method is no token of at most [MaxMethod] bytes.
	MethodMalformed
	// MethodForbidden: CONNECT, TRACE, TRACK and PRI are never served.
	MethodForbidden
	// TargetMissing: the request target is empty.
	TargetMissing
	// AsteriskForm: the target is "*".
	AsteriskForm
	// AuthorityForm: the target is a host and a port.
	AuthorityForm
	// NoLeadingSlash: the target is neither a path nor an absolute http URI.
	NoLeadingSlash
	// Userinfo: an absolute target carries a user name or password.
	Userinfo
	// TargetTooLong: the target has more than [MaxTarget] bytes.
	TargetTooLong
	// PathTooLong: the path has more than [MaxPath] bytes.
	PathTooLong
	// QueryTooLong: the query has more than [MaxQuery] bytes.
	QueryTooLong
	// TooManySegments: the path has more than [MaxSegments] segments.
	TooManySegments
	// Fragment: a raw "#".
	Fragment
	// DotSegment: a segment "." or "..", however it is spelt.
	DotSegment
	// EmptySegment: "//", or a segment with nothing but parameters.
	EmptySegment
	// Backslash: "\" or "%5C".
	Backslash
	// Semicolon: ";" or "%3B".
	Semicolon
	// EncodedSlash: "%2F".
	EncodedSlash
	// EncodedPercent: "%25", which a second decoding would open.
	EncodedPercent
	// EncodedDelimiter: "%3F" or "%23".
	EncodedDelimiter
	// ControlCharacter: a blank or control character, or an escape of a control
	// character.
	ControlCharacter
	// BadEscape: a "%" without two hexadecimal digits.
	BadEscape
	// NonASCII: a raw byte above 0x7E.
	NonASCII
	// InvalidUTF8: escapes that are not UTF-8, overlong forms and surrogates
	// among them.
	InvalidUTF8
	// HostMissing: no host was named.
	HostMissing
	// HostMalformed: the host is not a name or address with an optional port.
	HostMalformed
)

// faults tells each fault's name, its public wording and the status that fits.
var faults = [...]struct {
	code   string
	text   string
	status int
}{
	OK:               {"ok", "", http.StatusOK},
	MethodMalformed:  {"method_malformed", "The method is not a valid HTTP token.", http.StatusBadRequest},
	MethodForbidden:  {"method_forbidden", "This method is not served.", http.StatusMethodNotAllowed},
	TargetMissing:    {"target_missing", "The request target is empty.", http.StatusBadRequest},
	AsteriskForm:     {"asterisk_form", "The target \"*\" is not served.", http.StatusBadRequest},
	AuthorityForm:    {"authority_form", "A host and port is not a target that is served.", http.StatusBadRequest},
	NoLeadingSlash:   {"no_leading_slash", "The path must start with a slash.", http.StatusBadRequest},
	Userinfo:         {"userinfo", "The target must not contain a user name or password.", http.StatusBadRequest},
	TargetTooLong:    {"target_too_long", "The request target is too long.", http.StatusRequestURITooLong},
	PathTooLong:      {"path_too_long", "The path is too long.", http.StatusRequestURITooLong},
	QueryTooLong:     {"query_too_long", "The query is too long.", http.StatusRequestURITooLong},
	TooManySegments:  {"too_many_segments", "The path has too many segments.", http.StatusBadRequest},
	Fragment:         {"fragment", "The target contains a raw number sign.", http.StatusBadRequest},
	DotSegment:       {"dot_segment", "The path contains a dot segment.", http.StatusBadRequest},
	EmptySegment:     {"empty_segment", "The path contains an empty segment.", http.StatusBadRequest},
	Backslash:        {"backslash", "The path contains a backslash.", http.StatusBadRequest},
	Semicolon:        {"semicolon", "The path contains a semicolon.", http.StatusBadRequest},
	EncodedSlash:     {"encoded_slash", "The path contains an encoded slash.", http.StatusBadRequest},
	EncodedPercent:   {"encoded_percent", "The path contains an encoded percent sign.", http.StatusBadRequest},
	EncodedDelimiter: {"encoded_delimiter", "The path contains an encoded question mark or number sign.", http.StatusBadRequest},
	ControlCharacter: {"control_character", "The target contains a blank or control character.", http.StatusBadRequest},
	BadEscape:        {"bad_escape", "The path contains an invalid percent escape.", http.StatusBadRequest},
	NonASCII:         {"non_ascii", "The target contains raw bytes outside ASCII; escape them.", http.StatusBadRequest},
	InvalidUTF8:      {"invalid_utf8", "The escapes in the path are not valid UTF-8.", http.StatusBadRequest},
	HostMissing:      {"host_missing", "The request names no host.", http.StatusBadRequest},
	HostMalformed:    {"host_malformed", "The host is not valid.", http.StatusBadRequest},
}

// String returns the fault's stable name, for logs and counters.
func (f Fault) String() string {
	if int(f) >= len(faults) {
		return "unknown"
	}
	return faults[f].code
}

// Text returns a sentence that a caller may read. It repeats nothing of what
// the caller sent. It is empty for [OK].
func (f Fault) Text() string {
	if int(f) >= len(faults) {
		return "The request target is not valid."
	}
	return faults[f].text
}

// Status returns the HTTP status that fits the fault: 400, 405 or 414, and 400
// for a fault it does not know. For [OK] it is 200.
func (f Fault) Status() int {
	if int(f) >= len(faults) {
		return http.StatusBadRequest
	}
	return faults[f].status
}
