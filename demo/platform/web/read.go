package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Body reads the whole request body, at most [MaxBody] bytes of valid UTF-8.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Message: "the body is longer than " + strconv.Itoa(MaxBody) + " bytes"}
		}
		return nil, Bad("the body could not be read")
	}
	if !utf8.Valid(b) {
		return nil, Bad("the body is not valid UTF-8")
	}
	return b, nil
}

// Decode reads the body as one JSON value into v and tolerates members that
// it does not know, as the imitated products do.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	return decode(w, r, v, func(*json.Decoder) {})
}

// DecodeStrict is [Decode] but refuses members that v does not have.
func DecodeStrict(w http.ResponseWriter, r *http.Request, v any) error {
	return decode(w, r, v, (*json.Decoder).DisallowUnknownFields)
}

func decode(w http.ResponseWriter, r *http.Request, v any, set func(*json.Decoder)) error {
	b, err := Body(w, r)
	if err != nil {
		return err
	}
	return unmarshal(b, v, set)
}

// Unmarshal is [Decode] for a body that was read already.
func Unmarshal(b []byte, v any) error {
	return unmarshal(b, v, func(*json.Decoder) {})
}

// UnmarshalStrict is [DecodeStrict] for a body that was read already.
func UnmarshalStrict(b []byte, v any) error {
	return unmarshal(b, v, (*json.Decoder).DisallowUnknownFields)
}

func unmarshal(b []byte, v any, set func(*json.Decoder)) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return Bad("the body is empty; send JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	set(dec)
	if err := dec.Decode(v); err != nil {
		return explain(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Bad("the body holds more than one JSON value")
	}
	return nil
}

// explain turns an error of the JSON decoder into words without Go types.
func explain(err error) error {
	var typ *json.UnmarshalTypeError
	var syn *json.SyntaxError
	switch {
	case errors.As(err, &typ) && typ.Field != "":
		return BadField(typ.Field, "a JSON %s does not fit here", typ.Value)
	case errors.As(err, &typ):
		return Bad("a JSON %s does not fit here", typ.Value)
	case errors.As(err, &syn):
		return Bad("the body is not valid JSON, at byte %d", syn.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Bad("the body is not valid JSON: it ends too early")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return BadField(strings.Trim(name, `"`), "no such field")
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Bad("the body is not valid JSON")
}

// Text checks one text field: valid, without control characters, between least
// and most characters long. Surrounding blanks are removed first.
func Text(field, value string, least, most int) (string, error) {
	value = strings.TrimSpace(value)
	if !utf8.ValidString(value) {
		return "", BadField(field, "is not valid UTF-8")
	}
	n := utf8.RuneCountInString(value)
	if n < least && n == 0 {
		return "", BadField(field, "is required")
	}
	if n < least || n > most {
		return "", BadField(field, "must have between %d and %d characters", least, most)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		return "", BadField(field, "holds a control character")
	}
	return value, nil
}

// Int reads the query parameter name: fallback when it is absent, an error
// when it is not an integer between least and most.
func Int(r *http.Request, name string, fallback, least, most int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, BadField(name, "must be an integer between %d and %d", least, most)
	}
	return n, nil
}

// Bool reads the query parameter name, false when it is absent.
func Bool(r *http.Request, name string) (bool, error) {
	switch strings.ToLower(r.URL.Query().Get(name)) {
	case "", "false", "0", "no", "off":
		return false, nil
	case "true", "1", "yes", "on":
		return true, nil
	}
	return false, BadField(name, "must be true or false")
}
