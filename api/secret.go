package api

import "log/slog"

const redacted = "[redacted]"

// A Secret is text that is sent or answered once and must not be shown
// otherwise. JSON has it as it is; printed or logged it is "[redacted]".
type Secret string

// Reveal returns the secret text.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
