//nolint:errname // faults are values of a closed list, as reasons are, and named like them
package token

import "github.com/sallyport/sallyport"

// A Fault says why a JWT was refused. It is an error; compare with errors.Is.
type Fault string

// Faults of a JWT. None of their texts contains a part of the token.
const (
	Malformed     Fault = "malformed"      // not a compact JWS of our strict form
	UnknownKey    Fault = "unknown_key"    // no key of this kind has the key id, or its time is over
	BadSignature  Fault = "bad_signature"  // does not verify, or the algorithm is not the key's
	WrongType     Fault = "wrong_type"     // the typ header is of another kind of token
	ClaimsMissing Fault = "claims_missing" // a required claim is absent
	WrongIssuer   Fault = "wrong_issuer"
	WrongAudience Fault = "wrong_audience"
	Expired       Fault = "expired"
	NotYetValid   Fault = "not_yet_valid"
	LivesTooLong  Fault = "lives_too_long" // exp is further from iat than the kind allows
)

// Error returns the fault's name.
func (f Fault) Error() string { return "jwt: " + string(f) }

// Reason returns the reason of the denial that the fault leads to.
func (f Fault) Reason() sallyport.Reason {
	switch f {
	case Malformed:
		return sallyport.CredentialMalformed
	case UnknownKey, BadSignature:
		return sallyport.SignatureInvalid
	case Expired:
		return sallyport.CredentialExpired
	case WrongType, ClaimsMissing, WrongIssuer, WrongAudience, NotYetValid, LivesTooLong:
		return sallyport.ClaimsInvalid
	}
	return sallyport.ClaimsInvalid
}

// A faultError is a fault with a detail for the operator. The detail is always
// a constant of this package.
type faultError struct {
	fault  Fault
	detail string
}

func (e *faultError) Error() string { return e.fault.Error() + ": " + e.detail }

func (e *faultError) Unwrap() error { return e.fault }

func malformed(detail string) error { return &faultError{Malformed, detail} }
