package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep values may be nested.
const MaxDepth = 32

// maxFaults bounds how much is told about one text.
const maxFaults = 20

// A Fault is one thing that is wrong with a text.
type Fault struct {
	Path    string // such as "roles[0].name"; empty: the text as a whole
	Message string // what is wrong and the cure
}

// An Error is all that is wrong with a text, at least one fault.
type Error struct {
	Faults []Fault
}

// Error lists the faults.
func (e *Error) Error() string {
	var b strings.Builder
	for i, f := range e.Faults {
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Path != "" {
			b.WriteString(f.Path + " ")
		}
		b.WriteString(f.Message)
	}
	return b.String()
}

// Unmarshal reads text as exactly one JSON value (RFC 8259) into v, a pointer to
// a value of a type that encoding/json takes. If it fails, v is unchanged and
// the error is an [*Error].
//
// Names are those of the tags "json". A struct type that has a method IsNull and
// a field Value takes null, or what the field takes. Types that read themselves
// from text are asked; what they say is not shown.
func Unmarshal(text []byte, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("strictjson: cannot read into a %T", v)
	}
	if !utf8.Valid(text) {
		return &Error{[]Fault{{"", "is not valid UTF-8"}}}
	}
	r := reader{text: text}
	r.document(target.Type().Elem())
	if len(r.faults) > 0 {
		return &Error{r.faults}
	}
	// Names are exact and single now, so the lenient reader has no choice left.
	fresh := reflect.New(target.Type().Elem())
	if err := json.Unmarshal(text, fresh.Interface()); err != nil {
		return &Error{[]Fault{{"", "has a value that cannot be taken"}}}
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

// fault notes what is wrong at a path.
func (r *reader) fault(path, message string) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, Fault{path, message})
	}
}
