package itop

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/doors"
)

// Parameters of a request to the REST interface.
const (
	versionParameter  = "version"
	dataParameter     = "json_data"
	callbackParameter = "callback"
)

// versions of the REST interface.
var versions = []string{"1.0", "1.1", "1.2", "1.3", "1.4"}

// An input is what an operation is given: the members of json_data.
type input map[string]json.RawMessage

// maxNesting is how deep JSON may be nested; the product reads no deeper.
const maxNesting = 512

// jsonSpace is what JSON takes for space (RFC 8259 section 2): less than Go does.
const jsonSpace = " \t\r\n"

// readInput reads json_data as the product does. Everything that equals nothing
// there (null, false, 0, an empty text or list) is as good as no JSON. What is not
// an object has no members.
func readInput(text string) (input, bool) {
	raw := bytes.Trim([]byte(text), jsonSpace)
	if !utf8.Valid(raw) || tooDeep(raw) || !json.Valid(raw) {
		return nil, false
	}
	if raw[0] == '{' {
		var in input
		return in, json.Unmarshal(raw, &in) == nil
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil, false
	}
	switch v := v.(type) {
	case bool:
		return nil, v
	case float64:
		return nil, v != 0
	case string:
		return nil, v != ""
	case []any:
		return nil, len(v) > 0
	}
	return nil, false
}

// tooDeep reports whether brackets are nested deeper than [maxNesting]. It is
// asked before anything is made of them.
func tooDeep(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// text returns a member that is text or a number, as text.
func (in input) text(name string) (string, bool) {
	raw := in[name]
	if len(raw) == 0 {
		return "", false
	}
	if raw[0] == '"' {
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	}
	var n json.Number
	if json.Unmarshal(raw, &n) != nil || n == "" {
		return "", false
	}
	return n.String(), true
}

// has reports whether a member is there and not null.
func (in input) has(name string) bool {
	raw, there := in[name]
	return there && string(raw) != "null"
}

// requestFault finds what is wrong with a request to the REST interface before it
// comes to its operation, in the order in which the product looks. nil: nothing.
func requestFault(r *doors.Request) (input, *outcome) {
	version, _ := r.Form(versionParameter)
	if version == "" {
		return nil, failed(codeMissingVersion, "Missing parameter 'version' (e.g. '1.0')")
	}
	data, _ := r.Form(dataParameter)
	if data == "" {
		return nil, failed(codeMissingJSON, "Missing parameter 'json_data'")
	}
	in, ok := readInput(data)
	if !ok {
		return nil, failed(codeInvalidJSON, "Parameter json_data is not a valid JSON structure")
	}
	if !slices.Contains(versions, version) {
		return nil, failed(codeUnsupportedVersion, "There is no service available for version '"+version+"'")
	}
	operation, ok := in.text("operation")
	if !ok {
		return nil, missing("operation")
	}
	if operation == opList || operation == opCheck || deedOf(operation) != nil {
		return in, nil
	}
	return nil, failed(codeUnknownOperation, "Unknown verb '"+operation+"' in version '"+version+"'")
}

// faultOf is requestFault and goes on to what the operation must be given.
func faultOf(r *doors.Request) (input, *outcome) {
	in, fault := requestFault(r)
	if fault != nil {
		return nil, fault
	}
	operation, _ := in.text("operation")
	if d := deedOf(operation); d != nil {
		for _, name := range d.must {
			if !in.has(name) {
				return nil, missing(name)
			}
		}
	}
	return in, nil
}

// foldName returns the name under which the product's language sees a parameter:
// it ends at a null byte and where an index begins; blanks in front are gone, and
// other blanks, dots and lone brackets become underscores.
func foldName(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.TrimLeft(name, " ")
	if i := strings.IndexByte(name, '['); i >= 0 && strings.IndexByte(name[i:], ']') >= 0 {
		name = name[:i]
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '.', '[':
			return '_'
		}
		return r
	}, name)
}
