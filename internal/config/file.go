package config

import (
	"encoding/json"
	"reflect"
)

// A Decoded is a document that was read from a file.
type Decoded[T any] struct {
	Value T
	Lines map[string]int // of each key that was there, such as "roles[2].name"
}

// DecodeFile reads one document of the shape T, whose keys are its JSON names, in
// YAML or JSON, as strictly as [Load]: its error is of type [Faults]. The file's
// name is for the faults; the text may have so many bytes at most. An empty one
// is the zero T.
func DecodeFile[T any](file string, data []byte, most int) (Decoded[T], error) {
	w := &walker{file: file, root: shapeOf(reflect.TypeFor[T](), "json"), lines: map[string]int{}, most: most}
	out := Decoded[T]{Lines: w.lines}
	m := w.read(data)
	if err := w.faults.err(); err != nil || m == nil {
		return out, err
	}
	// m holds only keys and types of the shape.
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &out.Value)
	}
	if err != nil {
		w.fault(0, "", "%s", err)
	}
	return out, w.faults.err()
}
