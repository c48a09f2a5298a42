package wire

import (
	"mime"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxParameters is how many parameters a form may have.
const MaxParameters = 32

// Resource is the one parameter that a standard allows to be there several times
// (RFC 8707 section 2).
const Resource = "resource"

// A Fault says why a form is refused.
type Fault uint8

// Faults of a form. The zero Fault is none.
const (
	OK Fault = iota
	WrongType
	Malformed
	TooMany
	Twice        // a parameter that must be there once
	TwoResources // several of Resource
)

// A Form has the parameters that were sent with a value, each once.
type Form map[string]string

// ParseForm reads a body. RFC 6749 section 3.1: a parameter without a value counts
// as not sent, and none is sent twice. A refused form is nil.
func ParseForm(contentType, body string) (Form, Fault) {
	media, options, err := mime.ParseMediaType(contentType)
	charset, said := options["charset"]
	if err != nil || media != "application/x-www-form-urlencoded" || said && !strings.EqualFold(charset, "utf-8") {
		return nil, WrongType
	}
	values, err := url.ParseQuery(body)
	if err != nil { // also for a semicolon, which some take for a separator
		return nil, Malformed
	}
	if len(values) > MaxParameters {
		return nil, TooMany
	}
	f := Form{}
	for name, list := range values {
		switch {
		case len(list) > 1 && name == Resource:
			return nil, TwoResources
		case len(list) > 1:
			return nil, Twice
		case !printable(name) || !printable(list[0]):
			return nil, Malformed
		case list[0] != "":
			f[name] = list[0]
		}
	}
	return f, OK
}

// printable reports whether text is UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
