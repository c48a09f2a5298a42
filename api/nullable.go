package api

import (
	"bytes"
	"encoding/json"
)

// A Nullable is a field of a change: left out (the zero Nullable), null, or a
// value.
type Nullable[T any] struct {
	Value T
	state nullableState
}

type nullableState int

const (
	absent nullableState = iota
	null
	present
)

// To returns a field that is set to v.
func To[T any](v T) Nullable[T] { return Nullable[T]{v, present} }

// Null returns a field that is null.
func Null[T any]() Nullable[T] { return Nullable[T]{state: null} }

// IsZero reports whether the field is left out.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// IsNull reports whether the field is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// MarshalJSON writes null or the value. A field that is left out is kept out by
// its tag "omitzero".
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON reads null or a value.
func (n *Nullable[T]) UnmarshalJSON(text []byte) error {
	var v T
	if bytes.Equal(text, []byte("null")) {
		*n = Null[T]()
		return nil
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*n = To(v)
	return nil
}
