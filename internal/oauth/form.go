package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
)

const (
	maxBody       = 32 << 10 // bytes; an access token has 8 KiB at most
	maxParameters = 32
)

// A form has the parameters of a request that were sent with a value.
type form map[string]string

// resources is the one parameter that may be there several times.
const resourceParameter = "resource"

// readForm reads the body of a request.
func readForm(w http.ResponseWriter, r *http.Request) (form, *fault) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, invalidRequest("the body is too large").with(http.StatusRequestEntityTooLarge).of(sallyport.BodyTooLarge)
	}
	if err != nil {
		return nil, invalidRequest("the body could not be read").of(sallyport.BodyMalformed).because(err)
	}
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return nil, wrongType()
	}
	return parseForm(types[0], string(body))
}

func wrongType() *fault {
	return invalidRequest("the body must be application/x-www-form-urlencoded, in UTF-8").of(sallyport.BodyMalformed)
}

// parseForm reads a body strictly: what two programs could read differently is
// refused. RFC 6749 section 3.1: a parameter without a value counts as not sent,
// and none is sent twice.
func parseForm(contentType, body string) (form, *fault) {
	media, options, err := mime.ParseMediaType(contentType)
	charset, said := options["charset"]
	if err != nil || media != "application/x-www-form-urlencoded" || said && !strings.EqualFold(charset, "utf-8") {
		return nil, wrongType()
	}
	malformed := invalidRequest("the body is not a well-formed form").of(sallyport.BodyMalformed)
	values, err := url.ParseQuery(body)
	if err != nil { // also for a semicolon, which some take for a separator
		return nil, malformed
	}
	if len(values) > maxParameters {
		return nil, invalidRequest("there are too many parameters").of(sallyport.BodyMalformed)
	}
	f := form{}
	for name, list := range values {
		// RFC 8707 section 2 allows several resources; one token for several is
		// not to be had here.
		if len(list) > 1 && name == resourceParameter {
			return nil, invalidTarget("ask for a token for one resource at a time")
		}
		if len(list) > 1 {
			return nil, invalidRequest("a parameter is there more than once").of(sallyport.BodyMalformed)
		}
		if !printable(name) || !printable(list[0]) {
			return nil, malformed
		}
		if list[0] != "" {
			f[name] = list[0]
		}
	}
	return f, nil
}

// printable reports whether text is UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
