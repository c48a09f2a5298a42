package itop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The result codes of the product that this stand-in can give. Those about
// authentication and rights are given by whoever decides about them.
const (
	codeOK                 = 0
	codeMissingVersion     = 2
	codeMissingJSON        = 3
	codeInvalidJSON        = 4
	codeUnsupportedVersion = 10
	codeUnknownOperation   = 11
	codeUnsafe             = 12
	codeInvalidPage        = 13
	codeInternal           = 100
)

// A fault ends a request with a bare code and message.
type fault struct {
	code    int
	message string
}

func (f *fault) Error() string { return f.message }

func internal(format string, args ...any) *fault {
	return &fault{codeInternal, "Error: " + fmt.Sprintf(format, args...)}
}

// A dict is a JSON object whose members keep their order. The product's
// language writes an empty one as an empty array.
type dict []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (d dict) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("[]"), nil
	}
	var b bytes.Buffer
	for i, m := range d {
		b.WriteByte("{,"[min(i, 1)])
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// result is the answer of an operation. The message is nil for none, the
// objects are null when there are none.
func result(objects dict, code int, message any) dict {
	var o any
	if len(objects) > 0 {
		o = objects
	}
	return dict{{"objects", o}, {"code", code}, {"message", message}}
}

// entry is one object of an answer.
func (b *base) entry(o *object, version, message string, codes []string) member {
	fields := dict{}
	for _, code := range codes {
		fields = append(fields, member{code, b.value(o, code)})
	}
	e := dict{{"code", codeOK}, {"message", message}, {"class", o.class.name}}
	if version != "1.0" {
		e = append(e, member{"key", o.key()})
	}
	return member{o.class.name + "::" + o.key(), append(e, member{"fields", fields})}
}

var callbackPattern = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.]{0,99}$`)

// write sends an answer: always with status 200, and as a script that calls
// callback when one is named.
func write(w http.ResponseWriter, answer dict, callback string) error {
	b, err := marshal(answer)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	b = escape(b)
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "application/json")
	if callbackPattern.MatchString(callback) {
		h.Set("Content-Type", "application/javascript")
		b = []byte(callback + "(" + string(b) + ");")
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(b)
	return nil
}

// escape writes JSON as the product's language does: with \/ for a slash and
// \uXXXX for everything outside ASCII. Both stand only inside strings.
func escape(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		switch {
		case r == '/':
			out = append(out, `\/`...)
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				digits := "000" + strconv.FormatUint(uint64(unit), 16)
				out = append(out, `\u`+digits[len(digits)-4:]...)
			}
		}
	}
	return out
}
