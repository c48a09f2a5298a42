package config

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

// A shape is what a document may look like, made from a Go type: keys come from
// struct tags.
type shape struct {
	kind   shapeKind
	typ    reflect.Type
	keys   []string          // of an object, in the order of the fields
	fields map[string]*shape // of an object
	elem   *shape            // of a list, or of texts
	enum   []string          // of a text; empty: any
	min    string            // of a number, duration or size, as written; empty: none
	max    string
	is     string // what a text is beyond its type: "path" or "address"
	field  string // name of the struct field, for its comment
	parent string // name of the struct type
}

type shapeKind int

const (
	text     shapeKind = iota
	secret             // text that is not shown
	boolean            // true or false
	number             // a whole number
	duration           // text that is a time.Duration
	parsed             // text that its type can read, such as a Size or a netip.Prefix
	list
	object
	texts // keys of any name, with texts as values
)

// shapeOf returns the shape of a type whose keys are in the struct tag of this
// name. Types are of this program, never from outside, and not recursive.
func shapeOf(t reflect.Type, tag string) *shape {
	s := &shape{typ: t}
	switch {
	case t.Kind() == reflect.Pointer:
		return shapeOf(t.Elem(), tag)
	case t == reflect.TypeFor[time.Duration]():
		s.kind = duration
	case t == reflect.TypeFor[sallyport.Secret]():
		s.kind = secret
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		s.kind = parsed
	case t.Kind() == reflect.Bool:
		s.kind = boolean
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		s.kind = number
	case t.Kind() == reflect.Slice:
		s.kind, s.elem = list, shapeOf(t.Elem(), tag)
		if t.Elem() == reflect.TypeFor[sallyport.API]() {
			s.elem = shapeOf(t.Elem(), "json")
		}
	case t.Kind() == reflect.Map: // of text to text, the only sort there is
		s.kind, s.elem = texts, shapeOf(t.Elem(), tag)
	case t.Kind() == reflect.Struct:
		s.kind, s.fields = object, map[string]*shape{}
		for f := range t.Fields() {
			s.add(t, f, tag)
		}
	default:
		s.enum = words(t)
	}
	return s
}

// add adds the field f of the struct t.
func (s *shape) add(t reflect.Type, f reflect.StructField, tag string) {
	key, _, _ := strings.Cut(f.Tag.Get(tag), ",")
	if key == "" || key == "-" {
		return
	}
	child := shapeOf(f.Type, tag)
	child.field, child.parent = f.Name, t.Name()
	child.min, child.max, child.is = f.Tag.Get("min"), f.Tag.Get("max"), f.Tag.Get("kind")
	if e := f.Tag.Get("enum"); e != "" {
		child.enum = strings.Split(e, ",")
	}
	s.keys = append(s.keys, key)
	s.fields[key] = child
}

// words returns the values that a text of this type can have; nil: any.
func words(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[sallyport.Explain]():
		return []string{string(sallyport.ExplainNone), string(sallyport.ExplainCode), string(sallyport.ExplainFull)}
	case reflect.TypeFor[sallyport.Carrier]():
		return []string{
			string(sallyport.CarrierBasic), string(sallyport.CarrierBearer), string(sallyport.CarrierHeader),
			string(sallyport.CarrierQuery), string(sallyport.CarrierForm), string(sallyport.CarrierCookie),
		}
	case reflect.TypeFor[sallyport.CredentialKind]():
		return []string{
			string(sallyport.Password), string(sallyport.Session), string(sallyport.PersonalToken), string(sallyport.ApplicationToken),
			string(sallyport.APIKey), string(sallyport.AccessToken), string(sallyport.RefreshToken),
		}
	default:
		return nil
	}
}

// A leaf is a key with a value of its own.
type leaf struct {
	path  string
	shape *shape
}

// leaves returns the leaves of an object, in order, with their whole keys.
// Lists of objects count as leaves.
func (s *shape) leaves(prefix string) []leaf {
	var all []leaf
	for _, key := range s.keys {
		if c := s.fields[key]; c.kind == object {
			all = append(all, c.leaves(prefix+key+".")...)
		} else {
			all = append(all, leaf{prefix + key, c})
		}
	}
	return all
}

// variable returns the name of the variable that overrides a key.
func variable(path string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}
