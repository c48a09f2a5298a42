package sallyport

import "errors"

// A Kind says what sort of failure an [Error] is. Internal is the zero value,
// so a forgotten kind is hidden from callers rather than shown to them.
type Kind int

// Kinds of failure.
const (
	Internal     Kind = iota // ours; the caller sees only a request id
	Invalid                  // the request makes no sense as written
	NotFound                 // no such thing in this tenant
	Conflict                 // it exists already, or something stands in the way
	Changed                  // it changed since the caller read it (RFC 9110 section 15.5.13)
	MissingMatch             // the caller must say which version he read (RFC 6585 section 3)
	Refused                  // the caller may not; Reason says why
	Unavailable              // try again later
	Throttled                // too many; try again later
)

// An Error is a failure whose Message is safe to show to the caller.
type Error struct {
	Kind    Kind
	Message string // what is wrong and what to do; no secret, no internals
	Field   string // the field of the input that is wrong, if one is
	Reason  Reason // for Refused and Unavailable
	Missing []Permission
	Err     error // for the log alone
}

// Error returns the message, and the cause if there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first [Error] in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// ErrInvalid returns an Invalid error about one field of the input.
func ErrInvalid(field, message string) error {
	return &Error{Kind: Invalid, Field: field, Message: message}
}

// ErrNotFound returns a NotFound error, such as `no role "x" in this tenant`.
func ErrNotFound(message string) error { return &Error{Kind: NotFound, Message: message} }

// ErrConflict returns a Conflict error about one field of the input.
func ErrConflict(field, message string) error {
	return &Error{Kind: Conflict, Field: field, Message: message}
}

// ErrUnavailable wraps a failure of the store that may pass.
func ErrUnavailable(err error) error {
	return &Error{Kind: Unavailable, Reason: StoreUnavailable, Message: "the store does not answer; try again", Err: err}
}
