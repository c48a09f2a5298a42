package extauthz

import (
	"bytes"
	"net/http"
	"slices"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/doors"
)

// An answer is the writer that the decision service gets. It keeps all until the
// answer is made into a message. It is used again.
type answer struct {
	header http.Header
	lines  []byte // of a head, beside those of header, each with its CRLF
	status int    // 0: not said yet
	body   []byte
}

// Header returns the headers of the answer.
func (a *answer) Header() http.Header { return a.header }

// Lines adds lines to the head, each with its CRLF, in place of those that were added
// before.
func (a *answer) Lines(lines []byte) { a.lines = append(a.lines[:0], lines...) }

// Line adds one line to those of [answer.Lines].
func (a *answer) Line(name, value string) {
	a.lines = append(a.lines, name...)
	a.lines = append(a.lines, ": "...)
	a.lines = append(a.lines, value...)
	a.lines = append(a.lines, "\r\n"...)
}

// WriteHeader says the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}

// WriteString is [answer.Write] for a text.
func (a *answer) WriteString(s string) (int, error) {
	a.body = append(a.body, s...)
	return len(s), nil
}

// reset makes the answer ready for another request.
func (a *answer) reset() {
	clear(a.header)
	a.lines, a.status, a.body = a.lines[:0], 0, a.body[:0]
}

// each calls f with all headers of the answer, those of one name together.
func (a *answer) each(f func(name, value []byte)) {
	for lines := a.lines; ; {
		line, rest, found := bytes.Cut(lines, []byte("\r\n"))
		if !found {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		f(name, value)
		lines = rest
	}
	for name, values := range a.header {
		for _, value := range values {
			f([]byte(name), []byte(value))
		}
	}
}

// Numbers of the fields of external_auth.proto and what it refers to.
const (
	responseStatus = 1 // of CheckResponse: google.rpc.Status, whose first field is its code
	responseDenied = 2
	responseOK     = 3

	deniedStatus  = 1 // of DeniedHttpResponse: HttpStatus, whose first field is its code
	deniedHeaders = 2
	deniedBody    = 3

	okHeaders       = 2 // of OkHttpResponse
	okRemove        = 5
	okAnswerHeaders = 6
	okRemoveQuery   = 8

	optionHeader = 1 // of HeaderValueOption: HeaderValue, with key and value
	optionAction = 3
	headerKey    = 1
	headerValue  = 2
)

// overwrite is OVERWRITE_IF_EXISTS_OR_ADD. Versions of Envoy that know no actions
// overwrite without being told.
const overwrite = 2

// appendAllowed appends the CheckResponse that lets a request pass.
func (a *answer) appendAllowed(b []byte, c *decide.Check, scratch *[]byte) []byte {
	in := (*scratch)[:0]
	a.each(func(name, value []byte) {
		if isIdentity(name) {
			in = appendOption(in, okHeaders, name, value, overwrite)
		} else {
			in = appendOption(in, okAnswerHeaders, name, value, overwrite)
		}
		if s := string(name); s == doors.HeaderRequestID || s == doors.HeaderRevision {
			in = appendOption(in, okAnswerHeaders, name, value, overwrite) // every answer has them
		}
	})
	if c.Cookie != "" {
		in = appendOption(in, okHeaders, []byte("cookie"), []byte(c.Cookie), overwrite)
	}
	for _, name := range c.Remove {
		in = protowire.AppendTag(in, okRemove, protowire.BytesType)
		in = appendLower(protowire.AppendVarint(in, uint64(len(name))), name)
	}
	for _, name := range c.RemoveQuery {
		in = protowire.AppendString(protowire.AppendTag(in, okRemoveQuery, protowire.BytesType), name)
	}
	*scratch = in
	return appendResponse(b, codes.OK, responseOK, in)
}

// appendDenied appends the CheckResponse that refuses a request.
func (a *answer) appendDenied(b []byte, scratch *[]byte) []byte {
	in := (*scratch)[:0]
	in = protowire.AppendTag(in, deniedStatus, protowire.BytesType)
	in = protowire.AppendVarint(in, uint64(1+protowire.SizeVarint(uint64(a.status)))) //nolint:gosec // a status
	in = protowire.AppendVarint(append(in, 1<<3), uint64(a.status))                   //nolint:gosec // the same
	var before []byte
	a.each(func(name, value []byte) {
		if s := string(name); s == "Content-Length" { // Envoy tells it
			return
		}
		action := uint64(overwrite)
		if before != nil && bytes.Equal(name, before) {
			action = 0 // one more of it
		}
		before = name
		in = appendOption(in, deniedHeaders, name, value, action)
	})
	body := a.body
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD")) // a message with anything else is none
	}
	in = protowire.AppendBytes(protowire.AppendTag(in, deniedBody, protowire.BytesType), body)
	*scratch = in
	return appendResponse(b, codeOf(a.status), responseDenied, in)
}

func appendResponse(b []byte, code codes.Code, number protowire.Number, in []byte) []byte {
	b = protowire.AppendTag(b, responseStatus, protowire.BytesType)
	if code == codes.OK {
		b = append(b, 0) // the zero Status
	} else {
		b = append(b, 2, 1<<3, byte(code)) // all codes are small
	}
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), in)
}

// codeOf returns the code that stands for a status. For Envoy anything but OK is a
// refusal.
func codeOf(status int) codes.Code {
	switch {
	case status == http.StatusUnauthorized:
		return codes.Unauthenticated
	case status == http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case status >= http.StatusInternalServerError:
		return codes.Unavailable
	}
	return codes.PermissionDenied
}

// appendOption appends a HeaderValueOption. HTTP/2 has names in small letters.
func appendOption(b []byte, number protowire.Number, name, value []byte, action uint64) []byte {
	header := 2 + protowire.SizeBytes(len(name)) + protowire.SizeBytes(len(value))
	option := 1 + protowire.SizeBytes(header)
	if action != 0 {
		option += 1 + protowire.SizeVarint(action)
	}
	b = protowire.AppendTag(b, number, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(option)) //nolint:gosec // a length
	b = protowire.AppendTag(b, optionHeader, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(header)) //nolint:gosec // the same
	b = protowire.AppendTag(b, headerKey, protowire.BytesType)
	b = appendLower(protowire.AppendVarint(b, uint64(len(name))), string(name))
	b = protowire.AppendBytes(protowire.AppendTag(b, headerValue, protowire.BytesType), value)
	if action != 0 {
		b = protowire.AppendTag(b, optionAction, protowire.VarintType)
		b = protowire.AppendVarint(b, action)
	}
	return b
}

// appendLower appends a name in small letters.
func appendLower(b []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// isIdentity reports whether a header of an answer that allows is for the upstream.
// The others are for the client.
func isIdentity(name []byte) bool { return slices.Contains(doors.IdentityHeaders[:], string(name)) }
