package kafka

import "log/slog"

// redacted stands wherever a secret would be printed.
const redacted = "[redacted]"

// Secret is a string that is never printed: not by fmt, slog or an encoder.
type Secret string

// String returns a fixed mark, empty for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString keeps %#v from printing the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps slog from printing the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps encoders from writing the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// reveal returns the secret for use in a handshake.
func (s Secret) reveal() string { return string(s) }
