package sallyport

import (
	"errors"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is text that must not be shown. However it is printed, logged or
// marshaled, "[redacted]" comes out; [Secret.Reveal] is the one way to the text.
type Secret string

// Reveal returns the secret text.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses, so that a secret cannot become part of an answer by
// accident.
func (Secret) MarshalText() ([]byte, error) {
	return nil, errors.New("a secret must not be marshaled")
}
