package oauth

import (
	"errors"
	"net/http"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/oauth/wire"
)

// maxBody is the longest body, in bytes. An access token has 8 KiB at most.
const maxBody = 32 << 10

// readForm reads the body of a request.
func (x *exchange) readForm() (wire.Form, *fault) {
	body, err := x.body.Bytes()
	if errors.Is(err, surface.ErrCoded) {
		return nil, invalidRequest("send the body without a content coding").of(sallyport.BodyMalformed)
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, invalidRequest("the body is too large").with(http.StatusRequestEntityTooLarge).of(sallyport.BodyTooLarge)
	}
	if err != nil {
		return nil, invalidRequest("the body could not be read").of(sallyport.BodyMalformed).because(err)
	}
	contentType := ""
	if types := x.r.Header.Values("Content-Type"); len(types) == 1 {
		contentType = types[0]
	}
	f, wrong := wire.ParseForm(contentType, string(body))
	return f, formFault(wrong)
}

// formFault says what is wrong with a form; nil if nothing is.
func formFault(wrong wire.Fault) *fault {
	text := "the body is not a well-formed form"
	switch wrong {
	case wire.OK:
		return nil
	case wire.TwoResources:
		// RFC 8707 section 2 allows it; one token for several is not to be had.
		return invalidTarget("ask for a token for one resource at a time")
	case wire.WrongType:
		text = "the body must be application/x-www-form-urlencoded, in UTF-8"
	case wire.TooMany:
		text = "there are too many parameters"
	case wire.Twice:
		text = "a parameter is there more than once"
	case wire.Malformed:
	}
	return invalidRequest(text).of(sallyport.BodyMalformed)
}
