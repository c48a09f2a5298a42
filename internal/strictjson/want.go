package strictjson

import (
	"encoding"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A form is a form of JSON.
type form int

const (
	whatever form = iota // anything at all
	text
	numeral
	boolean
	object
	array
)

// A want is what a type takes.
type want struct {
	t    reflect.Type // what the pointers lead to
	form form
	null bool   // null is taken as well
	self bool   // the type reads itself from text
	noun string // what to send
}

// The nouns of types that read themselves from text, with an example each.
var nouns = map[reflect.Type]string{
	reflect.TypeFor[time.Time]():    `a time such as "2030-01-31T12:00:00Z"`,
	reflect.TypeFor[netip.Prefix](): `a network such as "10.0.0.0/8"`,
	reflect.TypeFor[netip.Addr]():   `an address such as "10.0.0.7"`,

	reflect.TypeFor[sallyport.Duration](): `a duration such as "30s", "5m" or "12h"`,
}

// textual is implemented by types that read themselves from text.
var textual = reflect.TypeFor[encoding.TextUnmarshaler]()

// nullable is implemented by types that take null.
var nullable = reflect.TypeFor[interface{ IsNull() bool }]()

// wants returns what a type takes.
func wants(t reflect.Type) want {
	null := false
	for {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
			continue
		}
		inner, ok := innerOf(t)
		if !ok {
			break
		}
		t, null = inner, true
	}
	w := want{t: t, null: null}
	switch {
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		w.form = whatever
	case reflect.PointerTo(t).Implements(textual):
		w.form, w.self, w.noun = text, true, nouns[t]
		if w.noun == "" {
			w.noun = "text of the form that is documented"
		}
	default:
		w.form, w.noun = formOf(t.Kind())
	}
	return w
}

// innerOf returns what a type that takes null takes besides.
func innerOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct || !t.Implements(nullable) {
		return nil, false
	}
	f, ok := t.FieldByName("Value")
	return f.Type, ok
}

func formOf(k reflect.Kind) (form, string) {
	switch k { //nolint:exhaustive // JSON has no more than these
	case reflect.String:
		return text, "a string"
	case reflect.Bool:
		return boolean, "true or false"
	case reflect.Struct, reflect.Map:
		return object, "an object"
	case reflect.Slice, reflect.Array:
		return array, "an array"
	case reflect.Float32, reflect.Float64:
		return numeral, "a number"
	default:
		return numeral, "a whole number"
	}
}

// is notes a fault if the value is of another form.
func (w want) is(r *reader, path string, f form) bool {
	if w.form == whatever || w.form == f {
		return true
	}
	r.fault(path, "is not "+w.noun)
	return false
}

func (w want) text(r *reader, path, s string) {
	if !w.is(r, path, text) || !w.self {
		return
	}
	v, ok := reflect.New(w.t).Interface().(encoding.TextUnmarshaler)
	if !ok || v.UnmarshalText([]byte(s)) != nil {
		r.fault(path, "is not "+w.noun)
	}
}

func (w want) number(r *reader, path, digits string) {
	if !w.is(r, path, numeral) || w.form == whatever {
		return
	}
	var err error
	switch v := reflect.New(w.t).Elem(); {
	case v.CanInt():
		_, err = strconv.ParseInt(digits, 10, w.t.Bits())
	case v.CanUint():
		_, err = strconv.ParseUint(digits, 10, w.t.Bits())
	default:
		_, err = strconv.ParseFloat(digits, w.t.Bits())
	}
	if err != nil {
		r.fault(path, "is not "+w.noun+" within bounds")
	}
}

// element returns what the elements of an array are to become.
func (w want) element() reflect.Type {
	if w.form == array {
		return w.t.Elem()
	}
	return anything
}

// member returns what a member of an object is to become, and notes a fault if
// there is none of this name.
func (w want) member(r *reader, path, name string) reflect.Type {
	switch {
	case w.form != object:
		return anything
	case w.t.Kind() == reflect.Map:
		return w.t.Elem()
	}
	names := members(w.t)
	for _, m := range names {
		if m.name == name {
			return m.t
		}
	}
	message := "is not a field here"
	if near := nearest(name, names); near != "" {
		message += "; did you mean " + near + "?"
	} else {
		message += "; leave it out"
	}
	r.fault(path, message)
	return anything
}

// A member is a field of a struct as JSON names it.
type member struct {
	name string
	t    reflect.Type
}

// members returns the fields of a struct, those of embedded ones included.
func members(t reflect.Type) []member {
	var all []member
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			all = append(all, members(f.Type)...)
		case !f.IsExported() || name == "-":
		case name == "":
			all = append(all, member{f.Name, f.Type})
		default:
			all = append(all, member{name, f.Type})
		}
	}
	return all
}

// nearest returns the name that was probably meant: one that differs in case,
// dashes or a letter.
func nearest(name string, names []member) string {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
	}
	i := slices.IndexFunc(names, func(m member) bool {
		a, b := plain(name), plain(m.name)
		return a == b || oneOff(a, b) || oneOff(b, a)
	})
	if i < 0 {
		return ""
	}
	return names[i].name
}

// oneOff reports whether a is b with one letter more or one letter changed.
func oneOff(a, b string) bool {
	if len(b) < 3 || len(a) != len(b) && len(a) != len(b)+1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	return a[i:] != "" && (a[i+1:] == b[i:] || i < len(b) && a[i+1:] == b[i+1:])
}
