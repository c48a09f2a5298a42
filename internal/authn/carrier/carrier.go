package carrier

import (
	"log/slog"

	"github.com/sallyport/sallyport"
)

// Limits of credentials, in bytes.
const (
	// MaxLogin is the longest user name.
	MaxLogin = 256
	// MaxPassword is the longest password.
	MaxPassword = 1024
	// MaxKey is the longest key in a header, parameter or field, unless its
	// carrier says otherwise.
	MaxKey = 256
	// MaxBearer is the longest bearer token, unless its carrier says otherwise.
	MaxBearer = 8 << 10
	// MaxCookie is the longest cookie value, unless its carrier says otherwise.
	MaxCookie = 512
)

// An In names a sort of place for a credential.
type In uint8

// The places. The zero In is none of them.
const (
	None   In = iota
	Basic     // Authorization: Basic (RFC 7617)
	Bearer    // Authorization: Bearer (RFC 6750), or another scheme with a token
	Header    // a header of the API's own
	Query     // a query parameter
	Form      // a field of an urlencoded or multipart body
	Cookie    // a cookie
	Other     // Authorization with a scheme that is not accepted
)

// inNames are what [In.String] answers.
var inNames = [...]string{
	None: "none", Basic: "basic", Bearer: "bearer", Header: "header",
	Query: "query", Form: "form", Cookie: "cookie", Other: "other",
}

// String returns the place's stable name, for traces and counters.
func (in In) String() string {
	if int(in) >= len(inNames) {
		return "unknown"
	}
	return inNames[in]
}

// Carrier returns the place in the words of documents; empty for no place, or for
// one that nothing accepts.
func (in In) Carrier() sallyport.Carrier {
	switch in {
	case Basic:
		return sallyport.CarrierBasic
	case Bearer:
		return sallyport.CarrierBearer
	case Header:
		return sallyport.CarrierHeader
	case Query:
		return sallyport.CarrierQuery
	case Form:
		return sallyport.CarrierForm
	case Cookie:
		return sallyport.CarrierCookie
	case None, Other:
	}
	return ""
}

// A Carrier is one place where an API accepts a credential.
type Carrier struct {
	In In
	// Name is the name of the header, parameter, field or cookie; of a header in
	// canonical form ([http.CanonicalHeaderKey]), so that no request has to
	// convert it. For Bearer it is the scheme's word, "Bearer" if empty. For Basic
	// it has no meaning.
	Name string
	// Login names the parameter or field beside Name that carries the user name,
	// if there is one. The value of Name is then a password and follows its
	// rules rather than those of a key. Only for Query and Form.
	Login string
	// Max is the longest value in bytes; 0 is the default of the place.
	Max int
	// Refused marks a place that clients of the API know, but must not use here.
	// A credential found there is a [LocationForbidden]. Only for Header, Query
	// and Form; a body is read only if some other field of it is accepted.
	Refused bool
	// EmptyAbsent takes an empty value for no credential. Only for Header, Query
	// and Form.
	EmptyAbsent bool
	// LenientBasic accepts Basic without the blank behind the word.
	LenientBasic bool
	// FilePart lets a file part of a multipart body stand for the field.
	FilePart bool
}

// max returns the longest value of the carrier.
func (c *Carrier) max() int {
	switch {
	case c.Max > 0:
		return c.Max
	case c.In == Bearer:
		return MaxBearer
	case c.In == Cookie:
		return MaxCookie
	}
	return MaxKey
}

// Found is a credential as it was presented.
type Found struct {
	// In is where it was, and None if there was none.
	In In
	// Name is the Name of its carrier.
	Name string
	// Login is the user name that came with it: always for Basic, otherwise if
	// the carrier has a Login and the request had it.
	Login string
	// Secret is the password, token or key. It is not empty.
	Secret string
	// Seen tells every place where a credential stood, the ignored cookie
	// included. It is set beside a Fault too.
	Seen Seen
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (Found) String() string { return redacted }

// GoString returns "[redacted]".
func (Found) GoString() string { return redacted }

// LogValue tells where the credential was, and nothing of it.
func (f Found) LogValue() slog.Value { return slog.StringValue(f.In.String()) }

// MarshalText returns "[redacted]".
func (Found) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Seen is a set of places.
type Seen uint8

// Has reports whether in is in the set.
func (s Seen) Has(in In) bool { return s&(1<<in) != 0 }
