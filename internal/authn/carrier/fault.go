package carrier

import "github.com/sallyport/sallyport"

// A Fault says why no credential could be taken from a request. The zero Fault
// is [OK].
type Fault uint8

// The faults. The first group is about the credential, the second about the
// request that should have carried it.
const (
	// OK is no fault.
	OK Fault = iota
	// Malformed: a credential that does not follow the grammar of its place, or
	// an empty one.
	Malformed
	// TooLong: a credential beyond the length its place allows.
	TooLong
	// NotASCII: a token or key with bytes beyond visible ASCII.
	NotASCII
	// SchemeNotAccepted: an Authorization header with a scheme that the API does
	// not accept.
	SchemeNotAccepted
	// LocationForbidden: a credential at a place where the API forbids it.
	LocationForbidden
	// Ambiguous: more than one credential.
	Ambiguous

	// QueryMalformed: a ";" in a query or form that may carry a credential. Some
	// servers separate parameters with it and some do not.
	QueryMalformed
	// TooManyParameters: more parameters than [MaxParameters], or more form
	// fields than [MaxFields].
	TooManyParameters
	// BodyMalformed: a form that cannot be read.
	BodyMalformed
	// BodyTooLarge: a form beyond the size that is searched.
	BodyTooLarge
	// BodyUnreadable: the client did not send the body it announced.
	BodyUnreadable
)

// faultNames are what [Fault.String] answers.
var faultNames = [...]string{
	OK:                "ok",
	Malformed:         "malformed",
	TooLong:           "too_long",
	NotASCII:          "not_ascii",
	SchemeNotAccepted: "scheme_not_accepted",
	LocationForbidden: "location_forbidden",
	Ambiguous:         "ambiguous",
	QueryMalformed:    "query_malformed",
	TooManyParameters: "too_many_parameters",
	BodyMalformed:     "body_malformed",
	BodyTooLarge:      "body_too_large",
	BodyUnreadable:    "body_unreadable",
}

// String returns the fault's stable name, for logs and counters.
func (f Fault) String() string {
	if int(f) >= len(faultNames) {
		return "unknown"
	}
	return faultNames[f]
}

// Reason returns why a request with the fault is refused; empty for [OK].
func (f Fault) Reason() sallyport.Reason {
	switch f {
	case OK:
		return ""
	case Malformed, TooLong, NotASCII:
		return sallyport.CredentialMalformed
	case SchemeNotAccepted:
		return sallyport.CredentialNotAccepted
	case LocationForbidden:
		return sallyport.CredentialMisplaced
	case Ambiguous:
		return sallyport.CredentialsAmbiguous
	case QueryMalformed, TooManyParameters:
		return sallyport.QueryMalformed
	case BodyTooLarge:
		return sallyport.BodyTooLarge
	case BodyMalformed, BodyUnreadable:
		return sallyport.BodyMalformed
	}
	return sallyport.CredentialMalformed
}
