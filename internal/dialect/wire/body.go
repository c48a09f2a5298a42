package wire

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/strictjson"
)

// ReadJSON reads the body of a request as one JSON value. What is wrong with it
// is a [sallyport.Error] that names the field.
func ReadJSON(x *surface.Exchange, into any) error {
	body, err := Body(x)
	if err != nil {
		return err
	}
	err = strictjson.Unmarshal(body, into)
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	f := wrong.Faults[0]
	if f.Path == "" {
		return sallyport.ErrInvalid("", "the body "+f.Message)
	}
	return sallyport.ErrInvalid(f.Path, f.Path+" "+f.Message)
}

// Body returns the body of a request, nil if there is none. One that is too large or cannot be read is a
// [sallyport.Error] that says so.
func Body(x *surface.Exchange) ([]byte, error) {
	if x.Request.Body == nil {
		return nil, nil
	}
	body, err := x.Request.Body()
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.BodyTooLarge, Err: err}
	}
	if err != nil {
		return nil, &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.BodyMalformed, Err: err}
	}
	return body, nil
}

// Fields are the members of a JSON object whose other members do not matter.
type Fields map[string]json.RawMessage

// ReadFields reads the body of a request as one JSON object.
func ReadFields(x *surface.Exchange) (Fields, error) {
	var f Fields
	if err := ReadJSON(x, &f); err != nil {
		return nil, err
	}
	return f, nil
}

// Text returns a member that is text; empty if there is none.
func (f Fields) Text(name string) (string, error) {
	raw, there := f[name]
	if !there || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", sallyport.ErrInvalid(name, name+" is not a string")
	}
	return text, nil
}
