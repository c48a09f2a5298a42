package strictjson

import (
	"reflect"
	"strconv"
)

// A reader walks once over a text, beside the type that it is read into.
type reader struct {
	text   []byte
	pos    int
	faults []Fault
}

// anything is the type of values that nothing is asked of.
var anything = reflect.TypeFor[any]()

// document reads the whole text.
func (r *reader) document(t reflect.Type) {
	r.space()
	if r.pos == len(r.text) {
		r.fault("", "is empty; send a JSON object")
		return
	}
	if !r.value(t, "", 1) {
		return
	}
	r.space()
	if r.pos != len(r.text) {
		r.fault("", "has data after its end, at byte "+strconv.Itoa(r.pos))
	}
}

// value reads a value that is to become a t. It reports whether the walk can go
// on: a text that is not JSON has no rest.
func (r *reader) value(t reflect.Type, path string, depth int) bool {
	if depth > MaxDepth {
		r.fault(path, "is nested too deeply; at most "+strconv.Itoa(MaxDepth)+" levels")
		return false
	}
	w := wants(t)
	switch c := r.peek(); {
	case c == '{':
		return r.object(w, path, depth)
	case c == '[':
		return r.array(w, path, depth)
	case c == '"':
		s, ok := r.str(path)
		if ok {
			w.text(r, path, s)
		}
		return ok
	case c == '-' || '0' <= c && c <= '9':
		from := r.pos
		if !r.number(path) {
			return false
		}
		w.number(r, path, string(r.text[from:r.pos]))
		return true
	case r.word("true"), r.word("false"):
		w.is(r, path, boolean)
		return true
	case r.word("null"):
		if !w.null && w.form != whatever {
			r.fault(path, "is null; leave it out, or send "+w.noun)
		}
		return true
	}
	return r.notJSON(path)
}

func (r *reader) notJSON(path string) bool {
	r.fault(path, "is not JSON, at byte "+strconv.Itoa(r.pos))
	return false
}

// object reads an object, of which the brace is next.
func (r *reader) object(w want, path string, depth int) bool {
	w.is(r, path, object)
	r.pos++
	r.space()
	if r.peek() == '}' {
		r.pos++
		return true
	}
	seen := map[string]bool{}
	for {
		name, ok := r.str(path)
		if !ok {
			return false
		}
		at := join(path, shown(name))
		if seen[name] {
			r.fault(at, "is there twice; send it once")
		}
		seen[name] = true
		r.space()
		if r.peek() != ':' {
			return r.notJSON(path)
		}
		r.pos++
		r.space()
		if !r.value(w.member(r, at, name), at, depth+1) {
			return false
		}
		r.space()
		switch r.peek() {
		case ',':
			r.pos++
			r.space()
		case '}':
			r.pos++
			return true
		default:
			return r.notJSON(path)
		}
	}
}

// array reads an array, of which the bracket is next.
func (r *reader) array(w want, path string, depth int) bool {
	w.is(r, path, array)
	r.pos++
	r.space()
	if r.peek() == ']' {
		r.pos++
		return true
	}
	for i := 0; ; i++ {
		if !r.value(w.element(), path+"["+strconv.Itoa(i)+"]", depth+1) {
			return false
		}
		r.space()
		switch r.peek() {
		case ',':
			r.pos++
			r.space()
		case ']':
			r.pos++
			return true
		default:
			return r.notJSON(path)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is a name as it may be repeated: names come from outside as well.
func shown(name string) string {
	const longest = 64
	if len(name) > longest || name == "" {
		return "?"
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return "?"
		}
	}
	return name
}
